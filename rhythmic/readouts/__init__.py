"""From features to logits: a normalisation and a linear map, with their running statistics.

A readout never asks in which mode it is: ``train`` uses the batch and returns new statistics,
``predict`` uses the statistics that it is given.
"""

from rhythmic.readouts.interface import AbstractReadout, RunningStatistics
from rhythmic.readouts.maps import HiddenActivation, HiddenReadout, LinearReadout
from rhythmic.readouts.normalised import BatchNormReadout, LayerNormReadout

__all__ = [
    "AbstractReadout",
    "BatchNormReadout",
    "HiddenActivation",
    "HiddenReadout",
    "LayerNormReadout",
    "LinearReadout",
    "RunningStatistics",
]
