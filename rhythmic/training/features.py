"""What the layer makes of examples, by the fastest way that the data and the layer allow."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import sequential_vmap

from rhythmic.adjoints import (
    FreeMotion,
    free_motion,
    is_free_between_events,
    mean_squared_amplitude_of_events,
    mean_with_adjoint,
    on_processor,
)
from rhythmic.cells import ResonantCell, trainable
from rhythmic.cells.resonant_nodes import NodeConstants
from rhythmic.events import find_events
from rhythmic.networks.network import Method, Network
from rhythmic.training.batches import event_batch, in_batches, sequences
from rhythmic.training.state import Data
from rhythmic.typing import AnyArray, Array, Float, Int, PyTree

# Above this share of nonzero samples in the longest sequence, a step a sample is as fast.
SPARSE = 0.6

# Decay over angle of one step. Of slower, more strongly damped nodes the constants of free motion
# cancel in float32: their error grows as the square of this ratio.
MOST_DAMPED = 10.0


class InputNoise(NamedTuple):
    """White Gaussian noise for one batch: its standard deviation, 0 for none, and its key."""

    level: float
    key: jax.Array


def features_of(
    model: Network,
    data: Data,
    examples: Int[AnyArray, " batch"],
    *,
    method: Method,
    noise: InputNoise | None = None,
    key: jax.Array | None = None,
) -> Float[Array, "*time hidden batch"]:
    """Return the features of examples, as ``Network.features`` returns them.

    Args:
        model: the network.
        data: the pool of examples.
        examples: which of them.
        method: ``fastest``: from what ``precomputed`` added to ``data``, if anything, else as in
            ``Network.features``; ``scan``: from the inputs, by the plain scan.
        noise: added to the inputs, if its level is above 0.
        key: of the layers' dropout, for training alone.
    """
    inputs, _ = sequences(data, examples)
    lengths = None if data.lengths is None else jnp.asarray(data.lengths)[examples]
    if noise is not None and noise.level > 0:
        drawn = jax.random.normal(noise.key, inputs.shape, inputs.dtype)
        return model.features(inputs + noise.level * drawn, lengths, method=method, key=key)
    if method == "fastest" and data.features is not None:
        return jnp.asarray(data.features)[examples].T
    cell = model.sole_cell
    if method == "fastest" and data.sparse is not None and isinstance(cell, ResonantCell):
        events, motion = data.sparse
        weights, input_weights = cell.effective_weights(), cell.input_weights
        batch = event_batch(events, examples)
        return mean_squared_amplitude_of_events(weights, motion, *batch, input_weights)
    return model.features(inputs, lengths, method=method, key=key)


def one_by_one(
    function: Callable[..., PyTree], model: Network, method: Method, *, of_lengths: bool
) -> Callable[..., PyTree]:
    """Return ``function`` for one member, to be mapped over members with ``jax.vmap``.

    Where a hand-written adjoint runs on a processor, members run one after the other: what one
    keeps for its reverse pass fills a core's cache, and from event to event each takes its own
    number of steps; so it does where sequences differ in length (``of_lengths``).
    """
    bare = bool(model.layers) and model.layers[-1].is_bare and model.pooling == "mean"
    by_hand = bare and mean_with_adjoint(model.layers[-1].cell, model.feature) is not None
    sequential = on_processor() and ((method == "fastest" and by_hand) or of_lengths)
    return sequential_vmap(function) if sequential else function


def precomputed(model: Network, data: Data, batch_size: int) -> Data:
    """Return ``data`` with what can be computed once, before training.

    A layer that nobody trains has features once for all members, updates and epochs. A resonant
    layer goes from one nonzero pixel to the next, if the images are sparse and the backend is
    a processor; on others it is faster to take every step. For arrays that are known: not inside
    ``jax.jit``.

    Args:
        model: the network, at any parameters.
        data: the pool of examples.
        batch_size: examples at a time while features are computed; bounds the memory.

    Returns:
        The same data where that was done before.
    """
    if data.features is not None or data.sparse is not None:
        return data
    if data.lengths is not None or model.pooling == "every" or model.input_scaling is not None:
        return data
    if has_fixed_features(model):
        return jax.jit(lambda data: with_features(model, data, batch_size))(data)
    if not on_processor() or model.pooling != "mean":
        return data
    cell = model.sole_cell
    if cell is not None and is_free_between_events(cell, model.feature):
        return with_events(cell, data)
    return data


def with_events(cell: ResonantCell, data: Data) -> Data:
    """Write the images down as events, where all of them are sparse and the nodes ring."""
    images = np.asarray(data.inputs)
    if images.ndim != 2 or images.dtype != np.uint8:
        return data
    num_steps = images.shape[1]
    # One dense image is enough: it sets the steps of every batch that it is in, and the memory.
    sparse = np.max(np.count_nonzero(images, axis=1)) <= SPARSE * num_steps
    motion = tabulated_motion(cell.constants(), num_steps) if sparse else None
    return data if motion is None else data._replace(sparse=(find_events(images), motion))


def tabulated_motion(nodes: NodeConstants, num_steps: int) -> FreeMotion | None:
    """Return the free motion of nodes, or None where its tables would lose digits in float32."""
    w1, w2 = (np.asarray(x, np.float64) for x in (nodes.w1, nodes.w2))
    decay, angle = -np.log(-w2) / 2, np.arccos(np.minimum(w1 / 2 / np.sqrt(-w2), 1.0))
    alike = np.all(w2 == w2[0])
    fits = alike and np.all(decay <= MOST_DAMPED * angle) and np.all(angle > 0)
    return free_motion(nodes, num_steps) if fits else None


def has_fixed_features(model: Network) -> bool:
    """Tell whether the layer holds nothing that training changes."""
    return not any(jax.tree.leaves(trainable((model.encoder, model.layers))))


def with_features(model: Network, data: Data, batch_size: int) -> Data:
    """Compute the features of every example, once for all members, updates and epochs.

    Exact where the layer has no trained weights: its features then depend on the example alone.

    Args:
        model: a network whose layer is not trained.
        data: the pool of examples.
        batch_size: examples at a time; bounds the memory.

    Raises:
        ValueError: for a network whose layer is trained.
    """
    if not has_fixed_features(model):
        raise ValueError("model has a layer that is trained; its features change from step to step")
    num_examples = len(data.targets)
    size = min(batch_size, num_examples)
    batches, _ = in_batches(jnp.arange(num_examples), -(-num_examples // size), size)

    def body(carry: None, examples: Array) -> tuple[None, Array]:
        return carry, features_of(model, data, examples, method="scan").T

    _, features = jax.lax.scan(body, None, batches)
    return data._replace(features=features.reshape(-1, features.shape[-1])[:num_examples])
