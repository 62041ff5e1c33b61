"""What a network makes of examples that it does not learn from, summed batch by batch."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap

from rhythmic.cells.interface import weigh
from rhythmic.fast import Method
from rhythmic.networks.network import Network
from rhythmic.training.batches import Batch, gathered, in_batches
from rhythmic.training.features import Tables, features_of
from rhythmic.training.objectives import added_up
from rhythmic.training.problem import Problem
from rhythmic.training.state import Data
from rhythmic.typing import AnyArray, Array, Float, Int, PyTree


def sum_over(
    look: Callable[[Array, Array, Batch], PyTree],
    model: Network,
    examples: Int[AnyArray, " example"],
    data: Data,
    problem: Problem,
    *,
    batch_size: int,
    method: Method,
    tables: Tables | None = None,
    one_by_one: bool = False,
) -> PyTree:
    """Sum what ``look(outputs, features, batch)`` sees over batches of examples.

    Sequences of like length share a batch, so that little is computed of padding.
    """
    number = examples.shape[0]
    size = min(batch_size, number)
    if data.lengths is not None:
        examples = jnp.asarray(examples)[jnp.argsort(jnp.asarray(data.lengths)[examples])]
    batches, weights = in_batches(examples, -(-number // size), size)
    arrays, functions = eqx.partition(model, eqx.is_array)

    def seen(
        arrays: PyTree, data: Data, tables: Tables | None, examples: Array, weights: Array
    ) -> tuple:
        model = eqx.combine(arrays, functions)
        features = features_of(model, data, examples, method=method, tables=tables)
        return features, gathered(data, examples, weights, problem)

    def body(carry: None, batch: tuple[Array, Array]) -> tuple[None, PyTree]:
        alone = sequential_vmap(seen) if one_by_one else seen
        features, gathered_batch = alone(arrays, data, tables, *batch)
        return carry, look(model.read_out(features), features, gathered_batch)

    _, found = jax.lax.scan(body, None, (batches, weights))
    return added_up(found)


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
