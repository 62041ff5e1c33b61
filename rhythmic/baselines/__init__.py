"""Plain baselines for sequences, without any dynamics: fixed features and a linear readout.

``features``  powers at given frequencies in windows, and as many random features
``readout``   logistic regression for tens of thousands of examples, its strength validated
``threshold`` one number an example, split at the best place
"""

from rhythmic.baselines.features import FeatureKind, fourier_power, random_features
from rhythmic.baselines.readout import (
    LogisticAccuracy,
    fit_large_logistic_regression,
    logistic_regression_accuracy,
)
from rhythmic.baselines.threshold import threshold_accuracy

__all__ = [
    "FeatureKind",
    "LogisticAccuracy",
    "fit_large_logistic_regression",
    "fourier_power",
    "logistic_regression_accuracy",
    "random_features",
    "threshold_accuracy",
]
