"""Groups against a reference group by least squares, as the published comparison has them.

Source: textbook least squares; the comparison is that of M. A. Kramer, arXiv:2506.17083.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rhythmic.statistics._seeds import varies
from rhythmic.statistics.comparison import MIN_SEEDS_FOR_TEST


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
        values: one number a seed, by group.
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
