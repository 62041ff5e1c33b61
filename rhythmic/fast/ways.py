"""Which way through time computes the mean of what a cell shows: a value, resolved once.

Every way gives the same numbers up to rounding:

``scan``         the plain scan, with derivatives of every mode and order; every cell has it
``adjoint``      the scan, its reverse pass written by hand (CPU)
``pieces``       stacked layers piece by piece of time, by their adjoint where they have one (CPU)
``events``       one step per nonzero sample (CPU), see ``rhythmic.fast.resonant_events``
``parallel``     a parallel scan of a linear cell
``kernel``       one GPU kernel over time
``precomputed``  features computed once, of a layer that nobody trains

``fastest`` stands for the fastest of them. Where data are known it is resolved before anything is
compiled (``MemberTraining.resolved``); elsewhere the platform that a program is lowered for decides
between ``adjoint``, ``kernel`` and ``scan``; or ``events``, where the free motion is given.
"""

from collections.abc import Callable
from typing import Literal, TypeGuard

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.cells import AbstractCell, LSTMCell, ResonantCell, ResonantNodes
from rhythmic.cells.free import AbstractFreeCell
from rhythmic.fast import elman, lstm
from rhythmic.fast.free import FreeWay, free_trajectory
from rhythmic.fast.kernel import has_kernel, time_mean_by_kernel
from rhythmic.fast.resonant import mean_squared_amplitude
from rhythmic.fast.resonant_events import FreeMotion
from rhythmic.fast.resonant_sparse import mean_squared_amplitude_if_sparse
from rhythmic.simulate import mask_from_lengths, time_mean
from rhythmic.typing import AnyArray, Int, NodeArray, PyTree, Sequence

Way = Literal["scan", "adjoint", "pieces", "events", "parallel", "kernel", "precomputed"]
Method = Literal[
    "fastest", "scan", "adjoint", "pieces", "events", "parallel", "kernel", "precomputed"
]
"""A way, or ``fastest``."""

# Of a program as it is lowered; JAX calls the device of a "cuda" program "gpu".
GPU_PLATFORMS = ("cuda", "rocm")


@checked
def platform_of(device: jax.Device) -> str:
    """Return the platform that programs for a ``device`` are lowered for: cpu, cuda, rocm, tpu."""
    if device.platform != "gpu":
        return device.platform
    return "rocm" if "rocm" in device.client.platform_version.lower() else "cuda"


@checked
def ways_of(cell: AbstractCell, feature: str) -> tuple[Way, ...]:
    """Return the ways to the time mean that need nothing but the cell and its inputs.

    Args:
        cell: the layer.
        feature: what is averaged, a method of the cell: ``output`` or ``squared_amplitude``.
    """
    is_free = isinstance(cell, AbstractFreeCell)
    known: tuple[tuple[Way, bool], ...] = (
        ("scan", True),
        ("adjoint", is_free or mean_with_adjoint(cell, feature) is not None),
        ("parallel", is_free),
        ("kernel", has_kernel(cell, feature)),
    )
    return tuple(way for way, there in known if there)


@checked
def fastest_way(cell: AbstractCell, feature: str, platform: str) -> Way:
    """Return the fastest of ``ways_of`` on a platform, as far as it has been measured.

    Args:
        cell: the layer.
        feature: what is averaged, see ``ways_of``.
        platform: that a program is lowered for, see ``platform_of``.
    """
    known = ways_of(cell, feature)
    if platform in GPU_PLATFORMS:
        return next((way for way in ("kernel", "parallel") if way in known), "scan")
    # A mean of free nodes needs no states: the scan stays in the cache, three times as fast.
    is_slower = isinstance(cell, AbstractFreeCell)
    return "adjoint" if platform == "cpu" and "adjoint" in known and not is_slower else "scan"


@checked
def time_mean_by(
    method: Method,
    cell: AbstractCell,
    feature: str,
    inputs: Sequence,
    lengths: Int[AnyArray, "*batch"] | None = None,
    motion: FreeMotion | None = None,
) -> NodeArray:
    """Return the time mean of ``feature`` of ``cell`` over sequences from rest.

    Args:
        method: one of ``ways_of``, or ``fastest``: that of the platform for which the program is
            lowered.
        cell: the layer.
        feature: what is averaged, see ``ways_of``.
        inputs: ``(time, feature, *batch)``.
        lengths: samples of each sequence that count; all of them by default.
        motion: free motion of the cell's nodes, where it is known: ``fastest`` then goes from event
            to event on a CPU where the sequences are sparse.

    Returns:
        ``(hidden, *batch)``.

    Raises:
        ValueError: for a way that the cell does not have, or inputs that do not fit it.
    """
    if method != "fastest":
        return _mean(method, feature, cell, inputs, lengths)
    by_platform = {name: fastest_way(cell, feature, name) for name in ("cpu", *GPU_PLATFORMS)}
    if set(by_platform.values()) == {"scan"}:
        return _mean("scan", feature, cell, inputs, lengths)
    arrays, functions = eqx.partition((cell, inputs, lengths), eqx.is_array)

    def by(way: Way) -> Callable[[PyTree], NodeArray]:
        return lambda arrays: _mean(way, feature, *eqx.combine(arrays, functions))

    ways = {name: by(way) for name, way in by_platform.items() if way != "scan"}
    if motion is not None and len(motion.duration) - 1 != inputs.shape[0]:
        steps = len(motion.duration) - 1
        raise ValueError(f"motion is of {steps} steps; it must be of {inputs.shape[0]}")
    if motion is not None and lengths is None and _is_driven_alike(cell, feature, inputs):

        def if_sparse(arrays: PyTree) -> NodeArray:
            cell, inputs, _ = eqx.combine(arrays, functions)
            return mean_squared_amplitude_if_sparse(cell, inputs, motion)

        ways["cpu"] = if_sparse
    return jax.lax.platform_dependent(arrays, default=by("scan"), **ways)


def _is_driven_alike(cell: AbstractCell, feature: str, inputs: Sequence) -> bool:
    """Tell whether one scalar per step drives all nodes of a connected resonant layer alike."""
    if not is_connected_resonance(cell, feature):
        return False
    return cell.input_weights is None and cell.input_size == 1 and inputs.ndim == 3


def _mean(
    way: Way,
    feature: str,
    cell: AbstractCell,
    inputs: Sequence,
    lengths: Int[AnyArray, "*batch"] | None,
) -> NodeArray:
    """Return the time mean by one way."""
    if way not in ways_of(cell, feature):
        known = ", ".join(repr(name) for name in ways_of(cell, feature))
        name = type(cell).__name__
        raise ValueError(f"method is {way!r}; the mean of {feature} of {name} has {known}")
    if way in ("adjoint", "parallel") and isinstance(cell, AbstractFreeCell):
        return _mean_of_free(way, feature, cell, inputs, lengths)
    if way == "adjoint":
        mean = mean_with_adjoint(cell, feature)
        assert mean is not None
        return mean(cell, inputs, lengths)
    if way == "kernel":
        return time_mean_by_kernel(cell, inputs, feature, lengths=lengths)
    mask = None if lengths is None else mask_from_lengths(jnp.asarray(lengths), inputs.shape[0])
    return time_mean(cell, inputs, observe=getattr(cell, feature), mask=mask).mean


def _mean_of_free(
    way: FreeWay,
    feature: str,
    cell: AbstractFreeCell,
    inputs: Sequence,
    lengths: Int[AnyArray, "*batch"] | None,
) -> NodeArray:
    """Return the time mean of what free nodes show."""
    seen = free_trajectory(cell, inputs, way=way, feature=feature, lengths=lengths).observed
    if lengths is None:
        return jnp.mean(seen, axis=0)
    counted = mask_from_lengths(jnp.asarray(lengths), len(seen))
    return jnp.sum(jnp.where(counted[:, None], seen, 0), axis=0) / jnp.asarray(lengths)


@checked
def mean_with_adjoint(cell: AbstractCell, feature: str) -> Callable[..., NodeArray] | None:
    """Return ``mean(cell, inputs, lengths)`` of ``feature`` with a hand-written adjoint, or None.

    Args:
        cell: the layer.
        feature: what is averaged, see ``ways_of``.
    """
    if is_connected_resonance(cell, feature):
        return mean_squared_amplitude  # type: ignore[return-value]
    if feature == "output" and isinstance(cell, LSTMCell):
        return lstm.mean_output  # type: ignore[return-value]
    if feature == "output" and elman.feeds_back_tanh(cell):
        return elman.mean_output  # type: ignore[return-value]
    return None


@checked
def is_connected_resonance(cell: AbstractCell, feature: str) -> TypeGuard[ResonantCell]:
    """Tell whether ``feature`` of ``cell`` is the amplitude of nodes with recurrent weights.

    Args:
        cell: any layer; true for a resonant one with recurrence alone.
        feature: what is averaged, see ``ways_of``.
    """
    resonant = isinstance(cell, ResonantCell) and cell.recurrent_weights is not None
    return resonant and feature == "squared_amplitude"


@checked
def is_free_between_events(cell: AbstractCell, feature: str) -> TypeGuard[ResonantCell]:
    """Tell whether these amplitudes also go from one nonzero sample to the next.

    The rhythms must be fixed, since their free motion is tabulated, and the input a scalar.

    Args:
        cell: any layer, see ``is_connected_resonance``.
        feature: what is averaged.
    """
    if not is_connected_resonance(cell, feature):
        return False
    return isinstance(cell.nodes, ResonantNodes) and cell.input_size == 1
