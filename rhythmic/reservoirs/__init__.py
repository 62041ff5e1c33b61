"""Reservoirs: fixed recurrent layers of which a readout alone is fitted, without back-propagation.

``response``     responses of a layer to sequences: features, power, frequency; its noise, drawn
                 step by step from one key per example; does it forget its start?
``readout``      multinomial logistic regression of a reservoir's features, and its accuracy
``weight_grid``  a sweep over pole radius, ladder ratio, gain and input scale

The cell is ``rhythmic.cells.ResonantReservoirCell``.
"""

from rhythmic.reservoirs.readout import ReservoirData, read_out
from rhythmic.reservoirs.weight_grid import ReservoirGrid, weight_grid_sweep

__all__ = [
    "ReservoirData",
    "ReservoirGrid",
    "read_out",
    "weight_grid_sweep",
]
