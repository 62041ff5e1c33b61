"""Every cell that can be trained, swept, analysed and compared by name.

A new cell is one file with its step and one line here: everything else takes it from this table.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from rhythmic.cells.cornn import CoupledOscillatoryCell
from rhythmic.cells.elman import ElmanCell
from rhythmic.cells.gru import GRUCell
from rhythmic.cells.horn import HornCell
from rhythmic.cells.interface import AbstractCell
from rhythmic.cells.linoss import LinOSSCell
from rhythmic.cells.lstm import LSTMCell
from rhythmic.cells.resonant import ResonantCell
from rhythmic.theory import span_ladder

# make(input_size, hidden_size, *, key, **options) -> cell
MakeCell = Callable[..., AbstractCell]


def resonant(
    input_size: int,
    hidden_size: int,
    *,
    key: jax.Array,
    frequencies: tuple[float, ...] = (),
    **options: Any,
) -> ResonantCell:
    """Make a resonant layer, by default on a geometric ladder from 2 to 245.9 Hz.

    With ``hidden_size = 10 m + 1`` nodes its ratio is ``phi^(1/m)``: eleven nodes are the golden
    ladder. Several features of an input come through learned weights.

    Args:
        input_size: components of one input sample.
        hidden_size: number of nodes.
        key: source of the weights.
        frequencies: node frequencies in Hz, instead of the geometric ladder.
        options: further options of ``ResonantCell``.

    Raises:
        ValueError: for a number of frequencies that is not ``hidden_size``.
    """
    if frequencies and len(frequencies) != hidden_size:
        raise ValueError(f"frequencies holds {len(frequencies)}; hidden_size is {hidden_size}")
    ladder = np.asarray(frequencies) if frequencies else span_ladder(hidden_size)
    if input_size > 1:
        options = {"input_weights": "learned"} | options
    return ResonantCell(ladder, key=key, input_size=input_size, **options)


CELLS: dict[str, MakeCell] = {
    "rrn": resonant,
    "rnn": ElmanCell,
    "lstm": LSTMCell,
    "gru": GRUCell,
    "horn": HornCell,
    "cornn": CoupledOscillatoryCell,
    "linoss": LinOSSCell,
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
        ValueError: for an unknown name, or what the cell itself refuses.
    """
    if name not in CELLS:
        raise ValueError(f"cell is {name!r}; choose from {', '.join(CELLS)}")
    return CELLS[name](input_size, hidden_size, key=key, **options)
