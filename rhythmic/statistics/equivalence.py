"""Are two networks the same within a margin, and what a comparison comes to.

Source: D. J. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 657 (1987); the rule
of the verdict is the project's own.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from rhythmic.arguments import checked
from rhythmic.statistics._seeds import t_test, two_sides
from rhythmic.statistics.comparison import MIN_SEEDS_FOR_TEST, Difference

Verdict = Literal["better", "worse", "equivalent", "undecided"]
"""What the data say of a claim that was stated beforehand, see ``verdict``."""


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

    A small p says that there is no difference that matters; a large p of ``difference`` does not,
    as it may come from few seeds. Welch's degrees of freedom for independent seeds.

    Args:
        values: one number a seed of the network.
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
    """Say what a comparison comes to, by a rule that is fixed before the values are known.

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
