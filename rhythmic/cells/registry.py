"""Every cell that can be trained, swept, analysed and compared by name.

A new cell is one file with its step, and here its import and one line: everything else takes it
from this table.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from rhythmic.cells.cornn import CoupledOscillatoryCell
from rhythmic.cells.elman import ElmanCell
from rhythmic.cells.gated import GatedCell
from rhythmic.cells.gru import GRUCell
from rhythmic.cells.hopf import HopfCell
from rhythmic.cells.horn import HornCell
from rhythmic.cells.interface import AbstractCell
from rhythmic.cells.lem import LEMCell
from rhythmic.cells.linoss import LinOSSCell
from rhythmic.cells.lru import LRUCell
from rhythmic.cells.lstm import LSTMCell
from rhythmic.cells.options import Number, PerNode, check_known, check_sizes
from rhythmic.cells.resonant import ResonantCell
from rhythmic.cells.resonate_fire import ResonateAndFireCell
from rhythmic.cells.s5 import S5Cell
from rhythmic.checks import checked_real
from rhythmic.theory import span_ladder
from rhythmic.typing import AnyArray, Float

# What everything in the table takes.
OF_ALL = ("input_size", "hidden_size", "key")
# make(input_size, hidden_size, *, key, **options) -> cell
MakeCell = Callable[..., AbstractCell]


def resonant(
    input_size: int,
    hidden_size: int,
    *,
    key: jax.Array,
    frequencies: Sequence[float] | Float[AnyArray, " hidden"] = (),
    sample_rate: Number = 1000.0,
    duration: float | None = None,
    **options: Any,
) -> ResonantCell:
    """Make a resonant layer, by default on a geometric ladder that fits the recordings.

    Without a duration the ladder is the published one in units of the sample rate: from
    ``Fs / 500`` to ``Fs / 4.07``, 2 to 245.9 Hz at 1000 Hz, with the published pole radius. With
    ``hidden_size = 10 m + 1`` nodes its ratio is ``phi^(1/m)``: eleven nodes are the golden ladder.

    With a duration ``T`` it spans what such recordings show, from ``1 / T``, at least ``Fs / 500``,
    to ``0.4 Fs``; the pole radius is ``exp(-10 / (T Fs))``, at least 0.67, a memory of a tenth of
    ``T``.

    Args:
        input_size: components of one input sample; several come through learned weights.
        hidden_size: number of nodes.
        key: source of the weights.
        frequencies: node frequencies in Hz, instead of the geometric ladder.
        sample_rate: Fs in Hz.
        duration: of the recordings in s.
        options: further options of ``ResonantCell``.

    Raises:
        ValueError: for a number of frequencies that is not ``hidden_size``, or recordings too short
            for a ladder.
    """
    input_size, hidden_size = check_sizes(input_size, hidden_size)
    if len(frequencies) not in (0, hidden_size):
        raise ValueError(f"frequencies holds {len(frequencies)}; hidden_size is {hidden_size}")
    ladder: Any = frequencies
    if not len(frequencies):
        check_known("sample_rate", sample_rate, "where no frequencies are given")
        ladder = _spanned(hidden_size, float(sample_rate), duration)
    fitting: dict[str, Any] = {} if input_size == 1 else {"input_weights": "learned"}
    if duration is not None:
        fitting["pole_radius"] = float(np.exp(-min(10 / (duration * sample_rate), 0.4)))
    options = fitting | options
    return ResonantCell(ladder, key=key, input_size=input_size, sample_rate=sample_rate, **options)


def _spanned(
    hidden_size: int, sample_rate: float, duration: float | None
) -> Float[np.ndarray, " hidden"]:
    """Return the default ladder in Hz; see ``resonant``."""
    if duration is None:
        return span_ladder(hidden_size) * (sample_rate / 1000.0)
    checked_real("duration", duration, above=0.0)
    low, high = max(1 / duration, sample_rate / 500), 0.4 * sample_rate
    if not low < high:
        raise ValueError(
            f"duration is {duration:g}; it must be above {1 / high:.3g} s at {sample_rate:g} Hz"
        )
    if hidden_size == 1:
        return np.array([np.sqrt(low * high)])
    return np.geomspace(low, high, hidden_size)


def gated(
    input_size: int,
    hidden_size: int,
    *,
    key: jax.Array,
    cell: str = "rf",
    cell_options: Any = (),
    period: PerNode = 10.0,
    off_fraction: PerNode = 0.5,
    phase: PerNode | None = None,
) -> GatedCell:
    """Make a layer whose nodes a square wave switches on and off; see ``GatedCell``.

    Args:
        input_size: components of one input sample.
        hidden_size: number of nodes.
        key: of the start values.
        cell: name in ``CELLS`` of the cell whose nodes are switched.
        cell_options: further options of that cell, by name.
        period: of the wave in samples.
        off_fraction: of a period in which a node is off.
        phase: where in its period a node starts, spread evenly by default.

    Raises:
        ValueError: for an unknown cell or option, or what either of both refuses.
    """
    inner = make_cell(cell, input_size, hidden_size, key=key, **dict(cell_options))
    return GatedCell(inner, period=period, off_fraction=off_fraction, phase=phase)


CELLS: dict[str, MakeCell] = {
    "rrn": resonant,
    "rnn": ElmanCell,
    "lstm": LSTMCell,
    "gru": GRUCell,
    "horn": HornCell,
    "cornn": CoupledOscillatoryCell,
    "linoss": LinOSSCell,
    "lru": LRUCell,
    "s5": S5Cell,
    "rf": ResonateAndFireCell,
    "lem": LEMCell,
    "hopf": HopfCell,
    "gated": gated,
}
"""What makes each cell, by the name that architectures, sweeps and experiments use."""


def make_cell(
    name: str, input_size: int, hidden_size: int, *, key: jax.Array, **options: Any
) -> AbstractCell:
    """Make a cell by its name in ``CELLS``.

    Args:
        name: of the cell.
        input_size: components of one input sample.
        hidden_size: number of nodes.
        key: of the start values.
        **options: further options of the cell.

    Raises:
        ValueError: for an unknown name or option, or what the cell itself refuses.
    """
    if name not in CELLS:
        raise ValueError(f"cell is {name!r}; choose from {', '.join(CELLS)}")
    input_size, hidden_size = check_sizes(input_size, hidden_size)
    known = options_of(CELLS[name])
    unknown = [] if known is None else [option for option in options if option not in known]
    if unknown:
        choices = f"choose from {', '.join(known)}" if known else "it has none"
        raise ValueError(f"options of {name} holds {unknown[0]!r}; {choices}")
    return CELLS[name](input_size, hidden_size, key=key, **options)


def options_of(make: MakeCell) -> list[str] | None:
    """Return the names of the options of what makes a cell; None where it does not say them.

    ``**options`` are those of the class of cells that it is said to return.
    """
    signature = inspect.signature(make)
    parameters, kind = signature.parameters.values(), signature.return_annotation
    named = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD and p.name not in OF_ALL]
    if all(p.kind is not p.VAR_KEYWORD for p in parameters):
        return named
    if not isinstance(kind, type) or not issubclass(kind, AbstractCell) or kind is AbstractCell:
        return None
    further = options_of(kind)
    return None if further is None else list(dict.fromkeys([*named, *further]))
