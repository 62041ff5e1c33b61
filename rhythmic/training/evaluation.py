"""Evaluation of a network on examples that it is not trained on, summed batch by batch."""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap

from rhythmic.cells.interface import weigh
from rhythmic.fast import Method
from rhythmic.networks.network import Network
from rhythmic.training.batches import gathered, held_out, in_batches, where_known
from rhythmic.training.configuration import Members
from rhythmic.training.features import Tables, features_of
from rhythmic.training.objectives import Objective, added_up
from rhythmic.training.state import Batch, Data, TestRecord
from rhythmic.typing import Array, Float, PyTree


def evaluated(
    objective: Objective,
    model: Network,
    part: Literal["validation", "test"],
    member: Members,
    data: Data | None,
    tables: Tables | None,
    *,
    batch_size: int,
    method: Method,
    one_by_one: bool = False,
    with_classes: bool = False,
) -> TestRecord:
    """Return what a network scores over a part of the split; NaN where an example is none.

    Sequences of similar length share a batch, so that little is computed of padding.

    Args:
        objective: loss and score.
        model: the network.
        part: of the split.
        member: one of them, with smoothing and weights of classes.
        data: the pool; None where the member has a task.
        tables: what the way through time reads.
        batch_size: examples at a time.
        method: the way through time.
        one_by_one: whether ``jax.vmap`` maps networks one after the other.
        with_classes: whether classes are counted and their features averaged, if there are any.
    """
    problem = objective.problem
    examples, pool = held_out(part, member, data)
    with_features = with_classes and problem.is_class and not problem.per_step
    number = examples.shape[0]
    size = min(batch_size, number)
    ordered = examples
    if pool.lengths is not None:
        ordered = jnp.asarray(examples)[jnp.argsort(jnp.asarray(pool.lengths)[examples])]
    batches = in_batches(ordered, -(-number // size), size)
    arrays, functions = eqx.partition(model, eqx.is_array)

    def seen(
        arrays: PyTree, pool: Data, tables: Tables | None, examples: Array, weights: Array
    ) -> tuple[Array, Batch]:
        model = eqx.combine(arrays, functions)
        features = features_of(model, pool, examples, method=method, tables=tables)
        return features, gathered(pool, examples, weights, problem)

    def body(carry: None, batch: tuple[Array, Array]) -> tuple[None, PyTree]:
        alone = sequential_vmap(seen) if one_by_one else seen
        features, found = alone(arrays, pool, tables, *batch)
        outputs = model.read_out(features)
        counted = with_classes and problem.is_class
        sums = objective.of_test(model, outputs, found, member.known, with_confusion=counted)
        of_classes = class_sums(features, found, problem.num_outputs) if with_features else None
        return carry, (sums, of_classes)

    sums, of_classes = added_up(jax.lax.scan(body, None, batches)[1])
    loss, score = where_known(objective.means(sums), examples, pool, problem)
    features = jnp.zeros((0, 0)) if of_classes is None else of_classes[0] / of_classes[1][:, None]
    return TestRecord(loss, score, jnp.round(sums.confusion).astype(int), features)


def class_sums(
    features: Float[Array, "hidden batch"], batch: Batch, num_classes: int
) -> tuple[Array, Array]:
    """Return the sums of the features of each class, and its examples.

    A feature that is not finite leaves NaN to the sum of its own class alone.
    """
    true = jax.nn.one_hot(batch.targets, num_classes) * batch.weights[:, None]
    finite = jnp.isfinite(features)
    sums = weigh(true.T, jnp.where(finite, features, 0).T)
    spoilt = weigh(true.T, 1.0 * ~finite.T) > 0
    return jnp.where(spoilt, jnp.nan, sums), jnp.sum(true, axis=0)
