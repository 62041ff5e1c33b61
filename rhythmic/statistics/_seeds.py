"""The two sides of a comparison, whether anything varies, their t-test, and the bootstrap."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

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
    """Return numbers as float64, or raise a ValueError unless they are one a seed, one or more."""
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
    results that were computed in it; whole numbers tell nothing about that and are exact anyway.

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
    """Tell whether numbers are finite and any of the samples varies by more than rounding.

    Every test asks this first. Where nothing varies a spread of rounding errors would make any
    difference significant, at p = 0, and any interval as narrow as a point.

    Args:
        samples: numbers that should vary, in one or several samples.
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
    """Give a statistic of the means of rows over resamples of their seeds.

    Args:
        rows: one number a seed each, two seeds or more.
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
