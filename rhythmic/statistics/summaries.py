"""The mean over seeds with its error, and whether it is a published one.

Source: textbook definitions (standard error, Student's t interval, binomial variance); the rule of
agreement is the project's own.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.stats

from rhythmic.arguments import checked
from rhythmic.statistics._seeds import one_per_seed, rounding, varies

ACCURACY = (0.0, 1.0)
"""What an accuracy can be, and any other share."""


class Summary(NamedTuple):
    """Mean over seeds with its standard error and 95 % interval (Student's t, n - 1).

    ``num_seeds`` is n; the interval goes from ``low`` to ``high``, cut at the ends of what the
    quantity can be. It is NaN where nothing varies but by rounding: seeds that agree by chance do
    not say how far others would lie off.
    """

    num_seeds: int
    mean: float
    standard_error: float
    low: float
    high: float


class Agreement(NamedTuple):
    """A measured mean beside a published one: do they differ by more than twice their error?

    ``difference`` is measured less published; ``agrees`` says that its size is at most ``bound``,
    up to rounding. With one seed there is no error: ``bound`` is NaN, and nothing agrees.
    """

    difference: float
    bound: float
    agrees: bool


@checked
def summarise(
    values: Sequence[float], *, within: tuple[float, float] = (-math.inf, math.inf)
) -> Summary:
    """Summarise one number a seed; with one seed the errors are NaN.

    Args:
        values: one number a seed.
        within: what the quantity can be, ``ACCURACY`` for an accuracy. The interval is cut there:
            where seeds spread near an end, Student's would go on to what is no mean.

    Returns:
        Number, mean, standard error and 95 % interval.

    Raises:
        ValueError: for no values, more than one axis, or a value that is not ``within``.
    """
    if not len(values):
        raise ValueError("values is empty; a summary needs at least one")
    numbers = one_per_seed("values", values)
    low, high = within
    outside = numbers[(numbers < low) | (numbers > high)]
    if outside.size:
        raise ValueError(f"values holds {outside[0]}; it must lie in {low:g} to {high:g}")
    number, mean = len(numbers), float(np.mean(numbers))
    if number == 1 or not np.isfinite(numbers).all():
        return Summary(number, mean, math.nan, math.nan, math.nan)
    if not varies(numbers):
        return Summary(number, mean, 0.0, math.nan, math.nan)
    return _interval(Summary(number, mean, float(scipy.stats.sem(numbers)), low, high))


def _interval(summary: Summary) -> Summary:
    """Return a summary with Student's interval in the place of the range that cuts it."""
    half = summary.standard_error * float(scipy.stats.t.ppf(0.975, summary.num_seeds - 1))
    low, high = summary.mean - half, summary.mean + half
    return summary._replace(low=max(low, summary.low), high=min(high, summary.high))


@checked
def with_sampling_error(summary: Summary, num_examples: int) -> Summary:
    """Add to a mean accuracy the error of the test examples, which all seeds read alike.

        error = sqrt(SEM^2 + p (1 - p) / N)

    for the mean accuracy ``p`` of ``N`` examples. The error over seeds says how far networks of
    further seeds would lie off on these same examples; the second, binomial one how far all of
    them would on others of their kind. The interval is that of Student's t with n - 1 degrees of
    freedom, as for the seeds alone, so that it is the wider of the two. It is cut at 0 and 1.

    Args:
        summary: of accuracies in [0, 1], one a seed.
        num_examples: ``N``, test examples that every seed read, 1 or more.

    Returns:
        The summary with the joined error; with one seed the errors stay NaN, and so does the
        interval where every seed classifies all examples correctly, or none.

    Raises:
        ValueError: for no examples, or a mean outside [0, 1].
    """
    if num_examples < 1:
        raise ValueError(f"num_examples is {num_examples}; it must be at least 1")
    if not 0.0 <= summary.mean <= 1.0:
        raise ValueError(f"mean is {summary.mean}; an accuracy lies in 0 to 1")
    if summary.num_seeds == 1:
        return summary
    sampling = math.sqrt(summary.mean * (1 - summary.mean) / num_examples)
    error = math.hypot(summary.standard_error, sampling)
    if not error > 0:
        return summary._replace(standard_error=error, low=math.nan, high=math.nan)
    return _interval(summary._replace(standard_error=error, low=ACCURACY[0], high=ACCURACY[1]))


@checked
def agreement(summary: Summary, published_mean: float, published_error: float) -> Agreement:
    """Compare with a published mean: ``|difference| <= 2 sqrt(SEM^2 + published SEM^2)``.

    Args:
        summary: what was measured.
        published_mean: the mean to compare with.
        published_error: its standard error, 0 or more.

    Raises:
        ValueError: for a published mean that is not finite, or an error below 0.
    """
    if not math.isfinite(published_mean):
        raise ValueError(f"published_mean is {published_mean}; it must be finite")
    if not 0 <= published_error < math.inf:
        raise ValueError(f"published_error is {published_error}; it must be 0 or more and finite")
    bound = 2 * math.hypot(summary.standard_error, published_error)
    difference = summary.mean - published_mean
    limit = rounding(np.array([summary.mean, published_mean]))
    return Agreement(difference, bound, abs(difference) <= bound + limit)
