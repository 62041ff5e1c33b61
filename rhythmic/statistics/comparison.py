"""Is one network better than another over seeds, by how much, and among how many questions?

Are two the same within a margin, what is the verdict of a comparison, and how do groups differ from
a reference by least squares, as in the published comparison?

Source: B. L. Welch, Biometrika 34, 28 (1947); S. Holm, Scandinavian Journal of Statistics 6, 65
(1979); D. J. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 657 (1987); textbook
least squares, compared as by M. A. Kramer, arXiv:2506.17083. The rule of the verdict is the
project's own.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import scipy.special
import scipy.stats
from jaxtyping import Float

from rhythmic.arguments import checked
from rhythmic.statistics.summaries import mean_difference, one_per_seed, t_test, two_sides, varies

MIN_SEEDS_FOR_TEST = 5
"""Fewer seeds than this on either side are not tested."""


class Comparison(NamedTuple):
    """Difference of means (baseline minus reference), Welch's p-value, and the same after Holm.

    ``p_value`` and ``corrected_p_value`` are NaN where there are fewer than five seeds on a side,
    as a test would have little power, and where nothing varies but by rounding or a value is not
    finite.
    """

    difference: float
    p_value: float
    corrected_p_value: float


class Difference(NamedTuple):
    """Difference between two networks, with its errors.

    Attributes:
        num_values: seeds of the network.
        num_reference: seeds of the other.
        difference: of the means, network minus reference.
        low: lower end of its 95 % interval.
        high: upper end.
        p_value: two-sided, of no difference; not corrected (``holm``).
        effect_size: Hedges' g.
        effect_low: lower end of the 95 % interval of the effect.
        effect_high: upper end.
    """

    num_values: int
    num_reference: int
    difference: float
    low: float
    high: float
    p_value: float
    effect_size: float
    effect_low: float
    effect_high: float


@checked
def compare(
    reference: Sequence[float], rivals: Mapping[str, Sequence[float]]
) -> dict[str, Comparison]:
    """Test each baseline against the reference by Welch's t, corrected for their number by Holm.

    Seeds are taken as independent samples: initial values differ between architectures. Variances
    are not pooled, since they differ a lot between them.

    Args:
        reference: one number per seed.
        rivals: the same of each baseline, by its name.

    Returns:
        One comparison per baseline, by its name.

    Raises:
        ValueError: for no values on a side, or more than one axis.
    """
    own = one_per_seed("reference", reference)
    sides = {name: one_per_seed(f"rivals[{name!r}]", values) for name, values in rivals.items()}
    p_values = []
    for values in sides.values():
        enough = min(len(values), len(own)) >= MIN_SEEDS_FOR_TEST
        test = t_test(values, own, paired=False) if enough else None
        p_values.append(math.nan if test is None else float(test.pvalue))
    return {
        name: Comparison(mean_difference(values, own), p_value, float(corrected))
        for (name, values), p_value, corrected in zip(
            sides.items(), p_values, holm(p_values), strict=True
        )
    }


@checked
def holm(p_values: Sequence[float]) -> Float[np.ndarray, " question"]:
    """Correct p-values for their number by Holm's step-down method.

    A corrected value of 0.05 or less rejects; the chance of one false rejection or more among all
    questions is then 5 % at most, however they depend on one another. Pass all tests of a family at
    once: baselines, equivalences and ranks alike.

    Args:
        p_values: one per question. NaN, a test that was not made, stays NaN and is not counted.

    Returns:
        The corrected p-values in the same order.

    Raises:
        ValueError: for more than one axis, or a value outside [0, 1].

    Source: S. Holm, Scandinavian Journal of Statistics 6, 65 (1979).
    """
    given = np.asarray(p_values, np.float64)
    outside = given[(given < 0) | (given > 1)]
    if outside.size:
        raise ValueError(f"p_values must be in [0, 1] or NaN, got {outside[0]}")
    corrected = np.full(given.shape, np.nan)
    # Three lines, as a library's version collects garbage at every call: seconds in a process that
    # holds many compiled programs. NaN is sorted to the end.
    order = np.argsort(given, kind="stable")[: np.count_nonzero(~np.isnan(given))]
    steps = given[order] * np.arange(order.size, 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


@checked
def difference(values: Sequence[float], reference: Sequence[float], *, paired: bool) -> Difference:
    """Return the difference of two means over seeds with its interval, p-value and effect size.

    Independent seeds: Welch's t, as variances differ between architectures, and

        g = J(n + m - 2) d,  d = (mean - reference mean) / pooled standard deviation.

    Paired ones, of networks that share each seed's split, start or noise: the paired t and

        g = J(n - 1) d,  d = mean of the differences / standard deviation of the differences.

    The factor J, of the degrees of freedom, takes away the bias of d in small samples. The paired g
    counts in standard deviations of the difference between two runs of one seed, which is small
    where seeds affect both alike: do not compare it with a g of independent seeds. Intervals of the
    effect invert the noncentral t distribution. They are exact for normal values, and for
    independent seeds of equal variance; Welch's p-value does not assume that, so near 5 % the two
    may disagree.

    Args:
        values: one number per seed of the network, higher being better.
        reference: the same of the network that it is held against.
        paired: whether ``values[i]`` and ``reference[i]`` belong to the same seed.

    Returns:
        The difference. Its interval is NaN for fewer than two seeds on a side; p-value and effect
        are, too, for fewer than ``MIN_SEEDS_FOR_TEST``. All but the difference itself are NaN
        where nothing varies but by rounding, or a value is not finite.

    Raises:
        ValueError: for no values on a side, more than one axis, or pairs that are not complete.

    Source: B. L. Welch, Biometrika 34, 28 (1947); L. V. Hedges, Journal of Educational Statistics
    6, 107 (1981), equation 6; for the intervals G. Cumming and S. Finch, Educational and
    Psychological Measurement 61, 532 (2001).
    """
    sides = two_sides(values, reference, paired)
    low = high = p_value = math.nan
    effect = (math.nan, math.nan, math.nan)
    test = t_test(*sides, paired=paired)
    if test is not None:
        low, high = map(float, test.confidence_interval(0.95))
        if min(map(len, sides)) >= MIN_SEEDS_FOR_TEST:
            p_value = float(test.pvalue)
            effect = _hedges_g(*sides, paired=paired)
    numbers = len(sides[0]), len(sides[1])
    return Difference(*numbers, mean_difference(*sides), low, high, p_value, *effect)


def _hedges_g(
    values: Float[np.ndarray, " seed"], reference: Float[np.ndarray, " other"], *, paired: bool
) -> tuple[float, float, float]:
    """Return Hedges' g and the 95 % interval of the standardised difference."""
    test = t_test(values, reference, paired=paired, pooled=True)
    if test is None:
        return math.nan, math.nan, math.nan
    statistic, degrees = float(test.statistic), float(test.df)
    # t = d / scale, and t follows the noncentral t distribution about the true d / scale.
    scale = math.sqrt(1 / len(values) + (0 if paired else 1 / len(reference)))
    bias = float(scipy.stats.nct.mean(degrees, 1.0))
    low, high = (
        scale * float(scipy.special.nctdtrinc(degrees, share, statistic))
        for share in (0.975, 0.025)
    )
    return statistic * scale / bias, low, high


Verdict = Literal["better", "worse", "equivalent", "undecided"]
"""The outcome of a claim that was stated beforehand, see ``verdict``."""


class Equivalence(NamedTuple):
    """Whether a difference is smaller than what matters.

    Attributes:
        margin: the smallest difference that matters, either way.
        p_value: of a difference of the margin or more; not corrected (``holm``).
        low: lower end of the 90 % interval of the difference.
        high: upper end. The p-value is below 0.05 just where this interval lies within the margin.
    """

    margin: float
    p_value: float
    low: float
    high: float


@checked
def equivalence(
    values: Sequence[float], reference: Sequence[float], margin: float, *, paired: bool
) -> Equivalence:
    """Test that two means differ by less than a margin: two one-sided t-tests.

        p = max(p of difference <= -margin, p of difference >= margin)

    A small p shows that there is no difference that matters; a large p of ``difference`` does not,
    as it may be due to few seeds. Welch's degrees of freedom for independent seeds.

    Args:
        values: one number per seed of the network.
        reference: the same of the network that it is held against.
        margin: the smallest difference that matters, in units of the values, stated before the
            values are known.
        paired: whether ``values[i]`` and ``reference[i]`` belong to the same seed.

    Returns:
        The test; its p-value is NaN for fewer than ``MIN_SEEDS_FOR_TEST`` seeds on a side, all
        but the margin for fewer than two, where nothing varies but by rounding, or for a value
        that is not finite.

    Raises:
        ValueError: for a margin that is not positive and finite, no values on a side, more than
            one axis, or pairs that are not complete.

    Source: D. J. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 657 (1987).
    """
    if not 0 < margin < math.inf:
        raise ValueError(f"margin must be positive and finite, got {margin}")
    sides = two_sides(values, reference, paired)
    test = t_test(*sides, paired=paired)
    if test is None:
        return Equivalence(margin, math.nan, math.nan, math.nan)
    low, high = map(float, test.confidence_interval(0.90))
    if min(map(len, sides)) < MIN_SEEDS_FOR_TEST:
        return Equivalence(margin, math.nan, low, high)
    # Here and not above: it takes a second to import and belongs to the extra `experiments`.
    from statsmodels.stats.weightstats import ttost_ind, ttost_paired

    if paired:
        p_value = ttost_paired(*sides, -margin, margin)[0]
    else:
        p_value = ttost_ind(*sides, -margin, margin, usevar="unequal")[0]
    return Equivalence(margin, float(p_value), low, high)


@checked
def verdict(
    found: Difference,
    *,
    corrected_p_value: float,
    corrected_equivalence_p_value: float,
    level: float = 0.05,
) -> Verdict:
    """Return the verdict of a comparison, by a rule that is fixed before the values are known.

    1. "equivalent" if the equivalence holds at the level: the difference is smaller than what
       matters, even if it is surely not zero.
    2. Otherwise "better" or "worse", by the sign, if the difference holds at the level.
    3. Otherwise "undecided": more seeds are needed. So it is where a p-value is NaN and the other
       one is above the level.

    Args:
        found: the difference, higher values being better.
        corrected_p_value: of the difference.
        corrected_equivalence_p_value: of the equivalence. Both kinds of all claims of a family
            belong into one call of ``holm``; then the chance that one verdict or more of it is
            "equivalent" wrongly, or finds a difference where there is none, is the level at most.
        level: of the corrected p-values, in (0, 1).

    Returns:
        The verdict.

    Raises:
        ValueError: for a level out of range.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    if corrected_equivalence_p_value <= level:
        return "equivalent"
    if corrected_p_value <= level:
        return "better" if found.difference > 0 else "worse"
    return "undecided"


class Coefficient(NamedTuple):
    """A group's mean less that of the reference, with its 95 % interval and its t-test.

    Interval and tests are NaN where no residual has a degree of freedom, nothing varies but by
    rounding or a value is not finite; the tests are, too, for fewer than ``MIN_SEEDS_FOR_TEST``
    values of the group or of the reference.
    """

    difference: float
    low: float
    high: float
    t_statistic: float
    degrees: int
    p_value: float


def least_squares_differences(
    values: Mapping[str, Sequence[float]], reference: str
) -> dict[str, Coefficient]:
    """Regress values on groups, one group being the reference.

        value = mean of reference + sum_group difference[group] [value is of group] + error

    by ordinary least squares: the variance of the error is pooled over all groups, unlike in
    ``difference``. Where groups differ in variance, as accuracies of architectures do, its tests
    are the published ones and not the ones to be trusted.

    Args:
        values: one number per seed, by group.
        reference: name of one group.

    Returns:
        One coefficient for every other group, in their order; p-values are not corrected.

    Raises:
        ValueError: for a reference that is not among the groups, or a group without values.
    """
    if reference not in values:
        raise ValueError(f"reference is {reference!r}; choose from {', '.join(values)}")
    for name, own in values.items():
        if not len(own):
            raise ValueError(f"values of {name} is empty; a mean needs at least one")
    # Here and not above: it takes a second to import and belongs to the extra `experiments`.
    from statsmodels.regression.linear_model import OLS

    others = [name for name in values if name != reference]
    groups = [name for name, own in values.items() for _ in own]
    observed = np.concatenate([np.asarray(own, np.float64) for own in values.values()])
    design = np.array([[1.0, *(group == name for name in others)] for group in groups])
    degrees = len(observed) - design.shape[1]
    means = {name: float(np.mean(own)) for name, own in values.items()}
    if degrees < 1 or not varies(*(np.asarray(own, np.float64) for own in values.values())):
        nan = math.nan
        return {
            name: Coefficient(means[name] - means[reference], nan, nan, nan, degrees, nan)
            for name in others
        }
    fitted = OLS(observed, design).fit()
    intervals = fitted.conf_int(0.05)
    found = {}
    for place, name in enumerate(others, start=1):
        tested = min(len(values[name]), len(values[reference])) >= MIN_SEEDS_FOR_TEST
        found[name] = Coefficient(
            float(fitted.params[place]),
            float(intervals[place, 0]),
            float(intervals[place, 1]),
            float(fitted.tvalues[place]) if tested else math.nan,
            degrees,
            float(fitted.pvalues[place]) if tested else math.nan,
        )
    return found
