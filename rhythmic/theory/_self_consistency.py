"""Solutions of h = phi(w h) and of its 2-cycles, by halving brackets in NumPy float64."""

from collections.abc import Callable

import numpy as np
import scipy

Values = np.ndarray


def tanh_activity(growth: Values) -> Values:
    """Solve x = growth tanh(x) for x > 0; NaN where growth <= 1 has no such solution.

    The equation is x coth(x) - 1 = growth - 1. Its left side lies between sqrt(1 + 2 x^2 / 3) - 1
    and x^2 / 3, and above x - 1, which brackets x so tightly that near growth = 1 no digit is lost.
    """
    exists = growth > 1
    growth = np.where(exists, growth, 2.0)
    excess = growth - 1
    upper = np.minimum(growth, np.sqrt(1.5 * excess) * np.sqrt(growth + 1))
    lower = np.minimum(np.sqrt(3 * excess), upper)
    activity = halve(lambda x: coth_excess(x) < excess, lower, upper)
    return np.where(exists, activity, np.nan)


def coth_excess(x: Values) -> Values:
    """Give x coth(x) - 1 without cancellation, by Lambert's continued fraction up to x = 1."""
    square, fraction = np.minimum(x, 1.0) ** 2, np.zeros_like(x)
    for odd in range(21, 1, -2):
        fraction = square / (odd + fraction)
    return np.where(x <= 1, fraction, x / np.tanh(x) - 1)


def expit(x: Values) -> Values:
    """Return 1 / (1 + exp(-x)), without overflow."""
    return scipy.special.expit(x)


def sigmoid_rest(weight: Values) -> Values:
    """Solve h = sigmoid(weight h), which has one solution for every weight."""
    # For weight < 0 the unknown is v = -weight h, v (1 + e^v) = -weight, as h itself may be tiny.
    zero, strength = 0 * weight, np.maximum(-weight, 0)
    inverted = halve(lambda v: v * (1 + np.exp(v)) < strength, zero, np.log1p(strength))
    direct = halve(lambda h: expit(weight * h) > h, zero + 0.5, zero + 1)
    return np.where(weight < 0, expit(-inverted), direct)


def sigmoid_cycle(weight: Values, rest: Values) -> tuple[Values, Values]:
    """Solve a = sigmoid(weight b), b = sigmoid(weight a) for a < rest < b.

    The second map has a negative Schwarzian derivative, so there is one such pair where the slope
    at ``rest`` is below -1, and none elsewhere; b lies between ``rest`` and 1/2.
    """
    half = 0 * weight + 0.5
    high = halve(lambda b: expit(weight * expit(weight * b)) > b, rest, half)
    return expit(weight * high), high


def sigmoid_slope(weight: Values, state: Values) -> Values:
    """Give weight phi'(weight state)."""
    return weight * expit(weight * state) * expit(-weight * state)


def halve(lies_above: Callable[[Values], Values], lower: Values, upper: Values) -> Values:
    """Halve brackets until they are as narrow as their floating-point numbers allow."""
    for _ in range(64):
        middle = lower + 0.5 * (upper - lower)
        above = lies_above(middle)
        lower, upper = np.where(above, middle, lower), np.where(above, upper, middle)
    return lower + 0.5 * (upper - lower)
