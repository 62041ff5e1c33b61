"""From a pool of images to batches of sequences, all of one shape."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from rhythmic.events import Events
from rhythmic.training.state import Data
from rhythmic.typing import AnyArray, Array, Float, Int


def sequences(
    data: Data, examples: Int[AnyArray, " batch"]
) -> tuple[Float[Array, "time 1 batch"], Int[Array, " batch"]]:
    """Gather images as sequences of one pixel a step, scaled to [0, 1], and their labels."""
    pixels = jnp.asarray(data.images)[examples].T[:, None, :]
    labels = jnp.asarray(data.labels)[examples]
    return pixels.astype(jnp.zeros(()).dtype) / 255, labels.astype(jnp.int32)


class EventBatch(NamedTuple):
    """A batch of sequences as their events; see ``rhythmic.events``."""

    values: Float[Array, "event batch"]
    gaps: Int[Array, "event batch"]
    num_events: Int[Array, ""]


def event_batch(events: Events, examples: Int[AnyArray, " batch"]) -> EventBatch:
    """Gather the events of images, scaled to [0, 1], and count those of the longest sequence."""
    values = jnp.asarray(events.values)[examples].T.astype(jnp.zeros(()).dtype) / 255
    gaps = jnp.asarray(events.gaps)[examples].T.astype(jnp.int32)
    return EventBatch(values, gaps, jnp.max(jnp.asarray(events.counts)[examples]))


def epoch_batches(
    examples: Int[AnyArray, " example"], num_batches: int, batch_size: int, *, key: jax.Array
) -> tuple[Int[Array, "num_batches batch"], Float[Array, "num_batches batch"]]:
    """Shuffle ``examples`` and cut them into batches; see ``in_batches``."""
    return in_batches(jax.random.permutation(key, examples), num_batches, batch_size)


def in_batches(
    examples: Int[AnyArray, " example"], num_batches: int, batch_size: int
) -> tuple[Int[Array, "num_batches batch"], Float[Array, "num_batches batch"]]:
    """Cut ``examples`` into batches of one shape; weights are 1, and 0 for padding at the end."""
    num_examples = examples.shape[0]
    position = jnp.arange(num_batches * batch_size)
    padded = examples[jnp.minimum(position, num_examples - 1)]
    weights = (position < num_examples).astype(jnp.zeros(()).dtype)
    return padded.reshape(num_batches, batch_size), weights.reshape(num_batches, batch_size)
