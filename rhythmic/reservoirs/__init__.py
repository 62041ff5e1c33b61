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

from rhythmic.reservoirs.growth import growth_factor
from rhythmic.reservoirs.logistic_regression import (
    LogisticRegression,
    fit_logistic_regression,
    standardise,
)
from rhythmic.reservoirs.noise import NoiseDrawn, example_keys, with_noise
from rhythmic.reservoirs.readout import Readout, ReservoirData, read_out
from rhythmic.reservoirs.response import (
    FrequencyContent,
    Response,
    frequency_content,
    mean_frequency,
    reservoir_response,
)
from rhythmic.reservoirs.weight_grid import ReservoirGrid
from rhythmic.reservoirs.weight_sweep import weight_grid_sweep

__all__ = [
    "FrequencyContent",
    "LogisticRegression",
    "NoiseDrawn",
    "Readout",
    "ReservoirData",
    "ReservoirGrid",
    "Response",
    "example_keys",
    "fit_logistic_regression",
    "frequency_content",
    "growth_factor",
    "mean_frequency",
    "read_out",
    "reservoir_response",
    "standardise",
    "weight_grid_sweep",
    "with_noise",
]
