"""Means, intervals and tests over seeds."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import scipy.stats

MIN_SEEDS_FOR_TEST = 5


class Summary(NamedTuple):
    """Mean over seeds with its standard error and 95 % interval (Student's t, n - 1)."""

    num_seeds: int
    mean: float
    standard_error: float
    low: float
    high: float


class Comparison(NamedTuple):
    """Difference of means (rival minus reference), Welch's p-value, and the same after Holm.

    Both are NaN where fewer than five seeds stand on a side: a test would say little.
    """

    difference: float
    p_value: float
    corrected_p_value: float


class Agreement(NamedTuple):
    """A measured mean beside a published one: do they differ by more than twice their error?"""

    difference: float
    bound: float
    agrees: bool


def summarise(values: Sequence[float]) -> Summary:
    """Summarise one number a seed; with one seed the errors are NaN.

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


def compare(
    reference: Sequence[float], rivals: Mapping[str, Sequence[float]]
) -> dict[str, Comparison]:
    """Test each rival against the reference by Welch's t, corrected for their number by Holm.

    Seeds are taken as independent samples: start values differ between architectures. Variances
    are not pooled, since they differ a lot between them.
    """
    # Here and not above: it takes a second to import and belongs to the extra `experiments`.
    from statsmodels.stats.multitest import multipletests

    p_values = {}
    for name, values in rivals.items():
        if min(len(values), len(reference)) >= MIN_SEEDS_FOR_TEST:
            test = scipy.stats.ttest_ind(values, reference, equal_var=False)
            p_values[name] = float(test.pvalue)
    corrected = {}
    if p_values:
        adjusted = multipletests(list(p_values.values()), method="holm")[1]
        corrected = dict(zip(p_values, map(float, adjusted), strict=True))
    return {
        name: Comparison(
            float(np.mean(values) - np.mean(reference)),
            p_values.get(name, math.nan),
            corrected.get(name, math.nan),
        )
        for name, values in rivals.items()
    }


def agreement(summary: Summary, published_mean: float, published_error: float) -> Agreement:
    """Compare with a published mean: ``|difference| <= 2 sqrt(SEM^2 + published SEM^2)``."""
    bound = 2 * math.hypot(summary.standard_error, published_error)
    difference = summary.mean - published_mean
    return Agreement(difference, bound, abs(difference) <= bound)
