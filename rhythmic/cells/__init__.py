"""Recurrent layers: one pure step each."""

from rhythmic.cells.adapter import EquinoxCell
from rhythmic.cells.elman import ElmanCell
from rhythmic.cells.interface import AbstractCell, FixedParameters, trainable
from rhythmic.cells.lstm import LSTMCell, LSTMState
from rhythmic.cells.reservoir import ResonantReservoirCell
from rhythmic.cells.resonant import ResonantCell, ResonantNodes, ResonantState, resonant_nodes

__all__ = [
    "AbstractCell",
    "ElmanCell",
    "EquinoxCell",
    "FixedParameters",
    "LSTMCell",
    "LSTMState",
    "ResonantCell",
    "ResonantNodes",
    "ResonantReservoirCell",
    "ResonantState",
    "resonant_nodes",
    "trainable",
]
