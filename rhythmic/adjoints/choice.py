"""Which way to the time mean of a cell is the fastest on the device at hand."""

from collections.abc import Callable
from functools import partial
from typing import Literal, TypeGuard

import jax

from rhythmic.adjoints import elman, lstm
from rhythmic.adjoints.resonant import mean_squared_amplitude
from rhythmic.arguments import checked
from rhythmic.cells import AbstractCell, LSTMCell, ResonantCell, ResonantNodes
from rhythmic.kernels import has_kernel, time_mean_by_kernel
from rhythmic.typing import NodeArray

Method = Literal["scan", "fastest"]
"""How a mean over time is computed: the plain scan, or the fastest way there is."""

Mean = Callable[..., NodeArray]


@checked
def fastest_mean(cell: AbstractCell, feature: str, *, of_lengths: bool = False) -> Mean | None:
    """Return ``function(cell, inputs)``, the time mean of a feature from rest; None for the scan.

    On a processor, a scan with an adjoint written by hand; on a GPU, one kernel over time.

    Args:
        cell: the layer.
        feature: what is averaged, a method of the cell: ``output`` or ``squared_amplitude``.
        of_lengths: whether the function also takes ``lengths``, which a kernel does not.
    """
    if on_processor():
        return mean_with_adjoint(cell, feature)
    if jax.default_backend() == "gpu" and not of_lengths and has_kernel(cell, feature):
        return partial(time_mean_by_kernel, observe_name=feature)
    return None


def on_processor() -> bool:
    """Tell whether programs run on a processor unless they are placed elsewhere."""
    return jax.default_backend() == "cpu"


@checked
def mean_with_adjoint(cell: AbstractCell, feature: str) -> Mean | None:
    """Return the time mean of ``feature`` of ``cell`` with an adjoint of its own, or None.

    Args:
        cell: the layer.
        feature: what is averaged, see ``fastest_mean``.
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
        feature: what is averaged, see ``fastest_mean``.
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
