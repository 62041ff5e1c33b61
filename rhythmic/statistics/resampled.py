"""Scores of repeated splits of one set of trials: intervals and tests corrected for overlap.

Source: C. Nadeau and Y. Bengio, Machine Learning 52, 239 (2003), the corrected resampled t-test;
R. R. Bouckaert and E. Frank, PAKDD 2004, for repeated cross-validation.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.stats

from rhythmic.arguments import checked
from rhythmic.checks import checked_real
from rhythmic.statistics.comparison import MIN_SEEDS_FOR_TEST
from rhythmic.statistics.summaries import one_per_seed, rounding, varies


class ResampledDifference(NamedTuple):
    """Difference between two networks over divisions that share trials.

    Attributes:
        num_runs: divisions.
        difference: of the mean scores, network minus reference.
        low: lower end of its 95 % interval.
        high: upper end.
        p_value: two-sided, of no difference; not corrected for other questions.
        equivalence_p_value: of a difference of the margin or more, likewise.
    """

    num_runs: int
    difference: float
    low: float
    high: float
    p_value: float
    equivalence_p_value: float


@checked
def resampled_difference(
    values: Sequence[float],
    reference: Sequence[float],
    *,
    test_fraction: float,
    margin: float,
) -> ResampledDifference:
    """Compare two networks that were trained and tested on the same divisions of one set of trials.

    Training sets of different divisions share most of their trials, so that their scores are not
    independent and the usual paired t-test finds differences far too often. The variance of the
    mean difference is taken to be

        s^2 (1 / J + test_fraction / (1 - test_fraction))

    for J divisions with the sample variance s^2 of their differences, and t has J - 1 degrees of
    freedom. The interval covers other trials of the same kind as well as other divisions.

    Args:
        values: one score per division of the network, higher being better.
        reference: the same of the other.
        test_fraction: of the trials that test in each division, in (0, 1).
        margin: the smallest difference that matters, for the test of equivalence.

    Returns:
        The difference; its interval is NaN for fewer than two divisions, the p-values for fewer
        than ``MIN_SEEDS_FOR_TEST``, all three where nothing varies but by rounding or a score is
        not finite.

    Raises:
        ValueError: for no scores, sides of different length, or a value outside its range.

    Source: C. Nadeau and Y. Bengio, Machine Learning 52, 239 (2003), section 3.1.
    """
    checked_real("margin", margin, above=0.0)
    own, other = one_per_seed("values", values), one_per_seed("reference", reference)
    if len(own) != len(other):
        raise ValueError(f"reference holds {len(other)} scores; it must hold {len(own)}")
    mean, error, degrees = _error_of(own - other, test_fraction, rounding(own, other))
    nan = math.nan
    if math.isnan(error):
        return ResampledDifference(len(own), mean, nan, nan, nan, nan)
    half = float(scipy.stats.t.ppf(0.975, degrees)) * error
    p_value = equivalence = nan
    if len(own) >= MIN_SEEDS_FOR_TEST:
        p_value = 2 * float(scipy.stats.t.sf(abs(mean) / error, degrees))
        equivalence = float(scipy.stats.t.sf((margin - abs(mean)) / error, degrees))
    return ResampledDifference(len(own), mean, mean - half, mean + half, p_value, equivalence)


class ResampledMean(NamedTuple):
    """Mean of ``num_runs`` scores over divisions, its 95 % interval ``low`` to ``high``."""

    num_runs: int
    mean: float
    low: float
    high: float


@checked
def resampled_mean(
    values: Sequence[float],
    *,
    test_fraction: float,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> ResampledMean:
    """Return the mean score over divisions with the interval of ``resampled_difference``.

    Args:
        values: one score per division.
        test_fraction: of the trials that test in each division, in (0, 1).
        within: what a score can be; the interval is cut there.
    """
    numbers = one_per_seed("values", values)
    mean, error, degrees = _error_of(numbers, test_fraction, rounding(numbers))
    if math.isnan(error):
        return ResampledMean(len(numbers), mean, math.nan, math.nan)
    half = float(scipy.stats.t.ppf(0.975, degrees)) * error
    low, high = max(mean - half, within[0]), min(mean + half, within[1])
    return ResampledMean(len(numbers), mean, low, high)


def _error_of(numbers: np.ndarray, test_fraction: float, limit: float) -> tuple[float, float, int]:
    """Return the mean, its corrected standard error, and degrees of freedom."""
    checked_real("test_fraction", test_fraction, above=0.0, below=1.0)
    mean = float(np.mean(numbers))
    if len(numbers) < 2 or not np.isfinite(mean) or not varies(numbers, limit=limit):
        return mean, math.nan, len(numbers) - 1
    factor = 1 / len(numbers) + test_fraction / (1 - test_fraction)
    return mean, math.sqrt(float(np.var(numbers, ddof=1)) * factor), len(numbers) - 1
