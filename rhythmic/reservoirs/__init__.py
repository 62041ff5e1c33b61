"""Reservoirs: fixed recurrent layers of which a readout alone is fitted, without back-propagation.

``noise``                noise drawn step by step, from one key an example
``response``             what a layer answers to sequences: features, power, frequency
``logistic_regression``  multinomial logistic regression by Newton's method
``readout``              such a readout of a reservoir's features, and its accuracy
``growth``               does a reservoir forget its start?
``weight_grid``          one point over pole radius, ladder ratio, gain and input scale
``weight_sweep``         the grid of them, as a sweep

The cell is ``rhythmic.cells.ResonantReservoirCell``.
"""

from rhythmic.reservoirs.readout import ReservoirData, read_out
from rhythmic.reservoirs.weight_grid import ReservoirGrid
from rhythmic.reservoirs.weight_sweep import weight_grid_sweep

__all__ = [
    "ReservoirData",
    "ReservoirGrid",
    "read_out",
    "weight_grid_sweep",
]
