"""Stacked layers piece by piece of time: all layers of a few steps, then of the next.

Source: recomputing what a gradient needs from kept states, Griewank and Walther, ACM TOMS 26 (2000)
19; that pieces are as short as a processor's cache asks for is worked out here.
"""

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from rhythmic._scan import scan
from rhythmic._sums import Sum, added, empty_sum, mean_of
from rhythmic.cells.free import AbstractFreeCell
from rhythmic.fast import Way
from rhythmic.fast.ways import GPU_PLATFORMS
from rhythmic.networks.layers import Layer, Lengths
from rhythmic.simulate import mask_from_lengths
from rhythmic.typing import Array, Float, PyTree, Sequence

if TYPE_CHECKING:
    from rhythmic.networks.network import Network

Carried = tuple[PyTree, Any]  # states of the cells before a piece, and what is pooled so far

# Numbers of one array of a piece: some twenty of them lie in a core's second-level cache.
NUMBERS = 2**15


def ways_of_stack(layers: tuple[Layer, ...]) -> tuple[Way, ...]:
    """Return the ways of layers that are read otherwise than by the mean of the last cell."""
    one_way = all(layer.backward is None for layer in layers)
    pieces: tuple[Way, ...] = ()
    if one_way and not all(layer.is_bare for layer in layers):
        pieces = ("pieces",)
    free = any(isinstance(layer.cell, AbstractFreeCell) for layer in layers)
    return ("scan", *pieces, "adjoint", "parallel") if free else ("scan", *pieces)


def fastest_of_stack(layers: tuple[Layer, ...], platform: str) -> Way:
    """Return the fastest of ``ways_of_stack`` on a platform, as far as it has been measured."""
    fast: tuple[Way, ...] = ("parallel",) if platform in GPU_PLATFORMS else ()
    if platform == "cpu":
        fast = ("pieces", "adjoint")
    return next((way for way in fast if way in ways_of_stack(layers)), "scan")


def features_by_pieces(
    network: "Network", inputs: Sequence, lengths: Lengths | None, *, key: jax.Array | None
) -> Float[Array, "*time hidden batch"]:
    """Return what ``Network.features`` returns, for layers of one direction.

    A gradient keeps the states of the cells before each piece and what comes in; what happened
    inside is computed anew: a third more arithmetic, on arrays that stay in the cache.

    Args:
        network: of stacked layers.
        inputs: ``(time, channel, batch)``.
        lengths: samples of each sequence; all of them by default.
        key: of the layers' dropout, for training alone.
    """
    num_steps, _, batch = inputs.shape
    size = piece_length(num_steps, batch * max(one.cell.hidden_size for one in network.layers))
    states = tuple(layer.cell.initial_state((batch,)) for layer in network.layers)
    width, dtype = _shown_by(network, inputs, states)

    def piece(carried: Carried, sample: tuple[Sequence, Array]) -> tuple[Carried, Sequence | None]:
        (states, pooled), (own, first) = carried, sample
        left = None if lengths is None else jnp.clip(lengths - first, 0, len(own))
        seen, states = network.continued(own, left, states, method="adjoint", key=key, first=first)
        if network.pooling == "every":
            return (states, None), seen
        pool = _added if network.pooling == "mean" else _last
        return (states, pool(pooled, seen, lengths, first)), None

    nothing = {
        "mean": empty_sum(jax.ShapeDtypeStruct((width, batch), dtype), num_steps),
        "last": jnp.zeros((width, batch), dtype),
        "every": None,
    }
    whole = num_steps // size * size
    pieces = inputs[:whole].reshape(-1, size, *inputs.shape[1:])
    body = jax.checkpoint(piece)
    carried: Any = (states, nothing[network.pooling])
    carried, seen = scan(body, carried, (pieces, jnp.arange(0, whole, size)))
    parts = [] if seen is None else [seen.reshape(whole, width, batch)]
    if whole < num_steps:
        carried, seen = body(carried, (inputs[whole:], jnp.asarray(whole)))
        parts += [] if seen is None else [seen]
    if network.pooling == "every":
        return jnp.concatenate(parts)
    if network.pooling == "last":
        return carried[1]
    return mean_of(carried[1], num_steps if lengths is None else lengths, dtype)


def piece_length(num_steps: int, numbers_per_step: int) -> int:
    """Return the steps of a piece: as many as fit, or a few less that leave no rest."""
    most = min(num_steps, max(1, NUMBERS // numbers_per_step))
    even = (size for size in range(most, most // 2, -1) if num_steps % size == 0)
    return next(even, most)


def _shown_by(network: "Network", inputs: Sequence, states: PyTree) -> tuple[int, jnp.dtype]:
    """Return how many features the last layer shows, and their type."""
    seen, _ = jax.eval_shape(lambda x: network.continued(x, None, states), inputs[:1])
    return seen.shape[1], seen.dtype


def _added(total: Sum, seen: Sequence, lengths: Lengths | None, first: Array) -> Sum:
    """Return the sum over steps with those of a piece that count."""
    if lengths is not None:
        inside = mask_from_lengths(lengths - first, len(seen))
        seen = jnp.where(inside[:, None], seen, 0)
    return added(total, jnp.sum(seen, axis=0))


def _last(last: Array, seen: Sequence, lengths: Lengths | None, first: Array) -> Array:
    """Return the last step of each sequence, of this piece if it ends there."""
    if lengths is None:
        return seen[-1]
    place = lengths - 1 - first
    found = jnp.take_along_axis(seen, jnp.clip(place, 0, len(seen) - 1)[None, None], axis=0)[0]
    return jnp.where((place >= 0) & (place < len(seen)), found, last)
