"""The mean over seeds with its error, and whether it is a published one."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.stats


class Summary(NamedTuple):
    """Mean over seeds with its standard error and 95 % interval (Student's t, n - 1).

    ``num_seeds`` is n; the interval goes from ``low`` to ``high``.
    """

    num_seeds: int
    mean: float
    standard_error: float
    low: float
    high: float


class Agreement(NamedTuple):
    """A measured mean beside a published one: do they differ by more than twice their error?

    ``difference`` is measured less published; ``agrees`` says that its size is at most ``bound``.
    """

    difference: float
    bound: float
    agrees: bool


def summarise(values: Sequence[float]) -> Summary:
    """Summarise one number a seed; with one seed the errors are NaN.

    Returns:
        Number, mean, standard error and 95 % interval.

    Raises:
        ValueError: for no values.
    """
    if not len(values):
        raise ValueError("values is empty; a summary needs at least one")
    mean = float(np.mean(values))
    if len(values) == 1:
        return Summary(1, mean, math.nan, math.nan, math.nan)
    error = float(scipy.stats.sem(values))
    half = error * float(scipy.stats.t.ppf(0.975, len(values) - 1))
    return Summary(len(values), mean, error, mean - half, mean + half)


def agreement(summary: Summary, published_mean: float, published_error: float) -> Agreement:
    """Compare with a published mean: ``|difference| <= 2 sqrt(SEM^2 + published SEM^2)``.

    Args:
        summary: what was measured.
        published_mean: the mean to compare with.
        published_error: its standard error.
    """
    bound = 2 * math.hypot(summary.standard_error, published_error)
    difference = summary.mean - published_mean
    return Agreement(difference, bound, abs(difference) <= bound)
