"""Plain baselines for sequences, without any dynamics: fixed features and a linear readout.

``features``  powers at given frequencies in windows, random features, one number and a threshold
``readout``   logistic regression for tens of thousands of examples, its strength validated
"""

from rhythmic.baselines.features import fourier_power
from rhythmic.baselines.readout import logistic_regression_accuracy

__all__ = [
    "fourier_power",
    "logistic_regression_accuracy",
]
