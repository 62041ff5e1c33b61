"""The mean over seeds with its error, and whether it is a published one.

Source: textbook definitions (standard error, Student's t interval, binomial variance); the rule of
agreement is the project's own.
"""

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


def with_sampling_error(summary: Summary, num_examples: int) -> Summary:
    """Add to a mean accuracy the error of the test examples, which all seeds read alike.

        error = sqrt(SEM^2 + p (1 - p) / N)

    for the mean accuracy ``p`` of ``N`` examples. The error over seeds says how far networks of
    further seeds would lie off on these same examples; the second, binomial one how far all of
    them would on others of their kind. The interval is that of Student's t with n - 1 degrees of
    freedom, as for the seeds alone, so that it is the wider of the two.

    Args:
        summary: of accuracies in [0, 1], one a seed.
        num_examples: ``N``, test examples that every seed read, 1 or more.

    Returns:
        The summary with the joined error; with one seed the errors stay NaN.

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
    half = error * float(scipy.stats.t.ppf(0.975, summary.num_seeds - 1))
    return summary._replace(standard_error=error, low=summary.mean - half, high=summary.mean + half)


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
