"""What a network makes of examples that it does not learn from, summed batch by batch."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.cells.interface import weigh
from rhythmic.networks.network import Method, Network
from rhythmic.networks.readouts import RunningStatistics
from rhythmic.training.batches import in_batches
from rhythmic.training.features import labelled_features, one_by_one
from rhythmic.training.losses import cross_entropy, is_correct
from rhythmic.training.state import Data
from rhythmic.typing import AnyArray, Array, Float, Int, PyTree


def sum_over(
    look: Callable[[Array, Array, Array, Array], PyTree],
    model: Network,
    statistics: RunningStatistics,
    examples: Int[AnyArray, " example"],
    data: Data,
    *,
    batch_size: int,
    method: Method,
) -> PyTree:
    """Sum what ``look(logits, features, labels, weights)`` sees over batches of examples."""
    size = min(batch_size, examples.shape[0])
    batches, weights = in_batches(examples, -(-examples.shape[0] // size), size)
    arrays, functions = eqx.partition(model, eqx.is_array)

    def features_of(arrays: PyTree, data: Data, examples: Array) -> tuple[Array, Array]:
        model = eqx.combine(arrays, functions)
        return labelled_features(model, data, examples, method=method)

    def body(carry: None, batch: tuple[Array, Array]) -> tuple[None, PyTree]:
        features, labels = one_by_one(features_of, model, method)(arrays, data, batch[0])
        logits = model.readout.predict(features, statistics)
        return carry, look(logits, features, labels, batch[1])

    _, seen = jax.lax.scan(body, None, (batches, weights))
    return jax.tree.map(lambda x: jnp.sum(x, axis=0), seen)


def loss_and_hits(
    logits: Array, features: Array, labels: Array, weights: Array, *, smoothing: Float[AnyArray, ""]
) -> tuple[Array, Array]:
    """Return the summed loss of a batch and the number of examples that are told rightly."""
    del features
    losses = cross_entropy(logits, labels, smoothing)
    return jnp.sum(losses * weights), jnp.sum(is_correct(logits, labels) * weights)


def confusion_and_features(
    logits: Array,
    features: Array,
    labels: Array,
    weights: Array,
    *,
    smoothing: Float[AnyArray, ""],
    num_classes: int,
) -> tuple[Array, Array, Array, Array, Array]:
    """Return summed loss, hits, confusion (true, predicted), features and examples a class.

    A feature that is not finite leaves NaN to the sum of its own class alone.
    """
    true = jax.nn.one_hot(labels, num_classes) * weights[:, None]
    finite = jnp.isfinite(features)
    sums = weigh(true.T, jnp.where(finite, features, 0).T)
    predicted = jax.nn.one_hot(jnp.argmax(logits, axis=0), num_classes)
    return (
        *loss_and_hits(logits, features, labels, weights, smoothing=smoothing),
        weigh(true.T, predicted),
        jnp.where(weigh(true.T, 1.0 * ~finite.T) > 0, jnp.nan, sums),
        jnp.sum(true, axis=0),
    )
