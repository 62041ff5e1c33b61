"""The mean over seeds with its error, and whether it is a published one.

Also the common parts of comparisons: their two sides, whether anything varies, and the bootstrap.

Source: textbook definitions (standard error, Student's t interval, binomial variance); the rule of
agreement is the project's own.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.stats
from jaxtyping import Float

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer, shown

_BATCH_VALUES = 4_000_000


def two_sides(
    values: Sequence[float], reference: Sequence[float], paired: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return both sides as float64, or raise a ValueError that names the one that is wrong."""
    sides = one_per_seed("values", values), one_per_seed("reference", reference)
    if paired and len(sides[0]) != len(sides[1]):
        raise ValueError(f"reference must have {len(sides[0])} pairs, got {len(sides[1])}")
    return sides


def one_per_seed(name: str, values: Sequence[float]) -> np.ndarray:
    """Return numbers as float64, or raise a ValueError unless they are one per seed."""
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1 or not numbers.size:
        raise ValueError(f"{name} must be one number a seed, got shape {numbers.shape}")
    return numbers


def _numbers(samples: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """Return arrays that hold real numbers, or raise a ValueError."""
    arrays = [np.asarray(sample) for sample in samples]
    wrong = [array for array in arrays if array.dtype.kind not in "biuf" or not array.size]
    if wrong or not arrays:
        first = shown(wrong[0]) if wrong else "nothing"
        raise ValueError(f"samples holds {first}; it must hold arrays of real numbers")
    return arrays


def rounding(*samples: np.ndarray) -> float:
    """Return how far numbers may lie apart that are equal but for rounding.

    Eight units in the last place of the largest one: what two or three operations and a mean can
    leave behind. The place is that of float32 where float32 holds every number exactly, as it does
    results that were computed in it; whole numbers do not indicate that and are exact anyway.

    Args:
        samples: the numbers, in one or several arrays.

    Raises:
        ValueError: for no samples, an empty one, or one that holds no real numbers.
    """
    numbers = np.concatenate([np.ravel(sample) for sample in _numbers(samples)])
    with np.errstate(over="ignore"):
        single = np.array_equal(numbers, numbers.astype(np.float32))
    whole = np.array_equal(numbers, np.rint(numbers))
    precision = np.finfo(np.float32 if single and not whole else np.float64)
    return 8 * float(precision.eps) * float(np.max(np.abs(numbers)))


@checked(finite=True)
def varies(*samples: np.ndarray, limit: float | None = None) -> bool:
    """Return whether numbers are finite and any of the samples varies by more than rounding.

    Every test asks this first. Where nothing varies a spread of rounding errors would make any
    difference significant, at p = 0, and any interval as narrow as a point.

    Args:
        samples: numbers that should vary, in one or several samples of any shape.
        limit: what rounding may leave, if the samples were computed from larger numbers.

    Raises:
        ValueError: for no samples, an empty one, or one that holds no real numbers.
    """
    samples = tuple(_numbers(samples))
    if not all(np.isfinite(sample).all() for sample in samples):
        return False
    limit = rounding(*samples) if limit is None else limit
    return any(float(np.ptp(sample)) > limit for sample in samples)


def mean_difference(values: np.ndarray, reference: np.ndarray) -> float:
    """Return the difference of the means, NaN where it has none."""
    with np.errstate(invalid="ignore"):
        return float(np.mean(values) - np.mean(reference))


def t_test(
    values: np.ndarray, reference: np.ndarray, *, paired: bool, pooled: bool = False
) -> Any | None:
    """Return SciPy's paired or independent t-test, or None where there is nothing to test.

    That is so for fewer than two seeds on a side, where nothing varies but by rounding, and where
    a number is not finite.
    """
    if min(len(values), len(reference)) < 2 or not np.isfinite([*values, *reference]).all():
        return None
    parts = (values - reference,) if paired else (values, reference)
    # Rounding of a difference is that of its terms.
    if not varies(*parts, limit=rounding(values, reference)):
        return None
    with warnings.catch_warnings():
        # One side that never varies is no loss of precision.
        warnings.filterwarnings("ignore", "Precision loss occurred", RuntimeWarning)
        if paired:
            return scipy.stats.ttest_rel(values, reference)
        return scipy.stats.ttest_ind(values, reference, equal_var=pooled)


def bootstrap_over_seeds(
    rows: Sequence[np.ndarray],
    statistic: Callable[[Float[np.ndarray, "row *resample"]], np.ndarray],
    *,
    paired: bool,
    bootstrap_seed: int,
    num_resamples: int,
) -> Float[np.ndarray, " resample"]:
    """Return a statistic of the means of rows over resamples of their seeds.

    Args:
        rows: one number per seed each, two seeds or more.
        statistic: of the means, ``(row, *resample)``.
        paired: whether a column is one seed, to be drawn for all rows together.
        bootstrap_seed: of the generator that draws.
        num_resamples: number of resamples.

    Returns:
        The statistic of every resample; NaN where no row varies but by rounding, which says
        nothing of how far other seeds would lie off.

    Source: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
    """

    def of_means(*samples: np.ndarray, axis: int = -1) -> np.ndarray:
        return statistic(np.stack([np.mean(sample, axis=axis) for sample in samples]))

    num_resamples = checked_integer("num_resamples", num_resamples, 1)
    bootstrap_seed = checked_integer("bootstrap_seed", bootstrap_seed, 0, 2**32 - 1)
    if not varies(*rows):
        return np.full(num_resamples, np.nan)
    result = scipy.stats.bootstrap(
        tuple(rows),
        of_means,
        paired=paired,
        vectorized=True,
        method="percentile",
        n_resamples=num_resamples,
        batch=max(1, _BATCH_VALUES // sum(map(len, rows))),
        rng=np.random.default_rng(bootstrap_seed),
    )
    return result.bootstrap_distribution


ACCURACY = (0.0, 1.0)
"""The range of an accuracy, and of any other fraction."""


class Summary(NamedTuple):
    """Mean over seeds with its standard error and 95 % interval (Student's t, n - 1).

    ``num_seeds`` is n; the interval goes from ``low`` to ``high``, cut at the ends of what the
    quantity can be. It is NaN where nothing varies but by rounding: seeds that agree by chance do
    not show how much others would differ.
    """

    num_seeds: int
    mean: float
    standard_error: float
    low: float
    high: float


class Agreement(NamedTuple):
    """A measured mean beside a published one: do they differ by more than twice their error?

    ``difference`` is measured less published; ``agrees`` is whether its size is at most ``bound``,
    up to rounding. With one seed there is no error: ``bound`` is NaN, and nothing agrees.
    """

    difference: float
    bound: float
    agrees: bool


@checked
def summarise(
    values: Sequence[float], *, within: tuple[float, float] = (-math.inf, math.inf)
) -> Summary:
    """Summarise one number per seed; with one seed the errors are NaN.

    Args:
        values: one number per seed.
        within: what the quantity can be, ``ACCURACY`` for an accuracy. The interval is cut there:
            where seeds spread near an end, Student's would extend to values that are no mean.

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
    """Add to a mean accuracy the sampling error of the test examples, which all seeds share.

        error = sqrt(SEM^2 + p (1 - p) / N)

    for the mean accuracy ``p`` of ``N`` examples. The error over seeds is that of networks with
    further seeds on these same examples; the second, binomial one that of all of them on other
    examples of the same kind. The interval is that of Student's t with n - 1 degrees of freedom, as
    for the seeds alone, so that it is the wider of the two. It is cut at 0 and 1.

    Args:
        summary: of accuracies in [0, 1], one per seed.
        num_examples: ``N``, test examples that every seed was tested on, 1 or more.

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
