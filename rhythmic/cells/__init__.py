"""Recurrent layers: one pure step each."""

from rhythmic.cells.adapter import EquinoxCell
from rhythmic.cells.cornn import CoupledOscillatoryCell, CoupledOscillatoryState
from rhythmic.cells.elman import ElmanCell
from rhythmic.cells.gru import GRUCell
from rhythmic.cells.horn import HornCell, HornState
from rhythmic.cells.interface import AbstractCell, FixedParameters, trainable
from rhythmic.cells.linoss import LinOSSCell, LinOSSState
from rhythmic.cells.lstm import LSTMCell, LSTMState
from rhythmic.cells.projection import ProjectionCell, ProjectionState
from rhythmic.cells.reservoir import ResonantReservoirCell
from rhythmic.cells.resonant import ResonantCell
from rhythmic.cells.resonant_nodes import (
    LearnedRhythms,
    ResonantNodes,
    ResonantState,
    resonant_nodes,
)

__all__ = [
    "AbstractCell",
    "CoupledOscillatoryCell",
    "CoupledOscillatoryState",
    "ElmanCell",
    "EquinoxCell",
    "FixedParameters",
    "GRUCell",
    "HornCell",
    "HornState",
    "LSTMCell",
    "LSTMState",
    "LearnedRhythms",
    "LinOSSCell",
    "LinOSSState",
    "ProjectionCell",
    "ProjectionState",
    "ResonantCell",
    "ResonantNodes",
    "ResonantReservoirCell",
    "ResonantState",
    "resonant_nodes",
    "trainable",
]
