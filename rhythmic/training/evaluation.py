"""What a network makes of examples that it does not learn from, summed batch by batch."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.models import Classifier, Method
from rhythmic.readouts import RunningStatistics
from rhythmic.training.batches import in_batches
from rhythmic.training.features import labelled_features, one_by_one
from rhythmic.training.state import Data
from rhythmic.typing import AnyArray, Array, Int, PyTree


def sum_over(
    look: Callable[[Array, Array, Array, Array], PyTree],
    model: Classifier,
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
