"""Recurrent layers: one pure step each.

The numbers that a cell is built with may be traced: by ``jax.vmap`` over many values, ``jax.jit``,
``jax.grad`` or a sweep. One program then makes the cells of all values. For every cell:

- Known values are looked at: out of range they raise a ValueError. Traced ones have no value yet:
  those out of range become NaN, and with them what the cell shows.
- Shapes are always known, and checked.
- Known rhythms of resonant nodes are worked out in NumPy's float64; traced ones in JAX's default
  precision, and float32 knows ``1 - pole_radius`` in steps of 6e-8.
- What decides shapes, or which program it is, cannot be traced: sizes, names, switches. Nor can
  what sets the range of learned rhythms: ``dt`` of the coRNN, ``sample_rate`` of a resonant layer.
"""

from rhythmic.cells.adapter import EquinoxCell
from rhythmic.cells.cornn import CoupledOscillatoryCell
from rhythmic.cells.elman import ElmanCell
from rhythmic.cells.free import AbstractFreeCell
from rhythmic.cells.gated import GatedCell
from rhythmic.cells.gru import GRUCell
from rhythmic.cells.hopf import HopfCell
from rhythmic.cells.horn import HornCell
from rhythmic.cells.interface import AbstractCell, FixedParameters, constrained, trainable
from rhythmic.cells.lem import LEMCell
from rhythmic.cells.linoss import LinOSSCell
from rhythmic.cells.lru import LRUCell
from rhythmic.cells.lstm import LSTMCell
from rhythmic.cells.reservoir import ResonantReservoirCell
from rhythmic.cells.resonant import ResonantCell
from rhythmic.cells.resonant_nodes import ResonantNodes, resonant_nodes
from rhythmic.cells.resonate_fire import ResonateAndFireCell
from rhythmic.cells.s5 import S5Cell

__all__ = [
    "AbstractCell",
    "AbstractFreeCell",
    "CoupledOscillatoryCell",
    "ElmanCell",
    "EquinoxCell",
    "FixedParameters",
    "GRUCell",
    "GatedCell",
    "HopfCell",
    "HornCell",
    "LEMCell",
    "LRUCell",
    "LSTMCell",
    "LinOSSCell",
    "ResonantCell",
    "ResonantNodes",
    "ResonantReservoirCell",
    "ResonateAndFireCell",
    "S5Cell",
    "constrained",
    "resonant_nodes",
    "trainable",
]
