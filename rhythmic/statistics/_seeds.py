"""The two sides of a comparison, their t-test, and the bootstrap over seeds."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.stats
from jaxtyping import Float

_BATCH_VALUES = 4_000_000


def two_sides(
    values: Sequence[float], reference: Sequence[float], paired: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return both sides as float64, or raise a ValueError that names the one that is wrong."""
    sides = np.asarray(values, np.float64), np.asarray(reference, np.float64)
    for name, side in zip(("values", "reference"), sides, strict=True):
        if side.ndim != 1 or not side.size:
            raise ValueError(f"{name} must be one number a seed, got shape {side.shape}")
    if paired and len(sides[0]) != len(sides[1]):
        raise ValueError(f"reference must have {len(sides[0])} pairs, got {len(sides[1])}")
    return sides


def mean_difference(values: np.ndarray, reference: np.ndarray) -> float:
    """Return the difference of the means."""
    return float(np.mean(values) - np.mean(reference))


def t_test(
    values: np.ndarray, reference: np.ndarray, *, paired: bool, pooled: bool = False
) -> Any | None:
    """Return SciPy's paired or independent t-test, or None where there is nothing to test.

    That is so for fewer than two seeds on a side, and where nothing varies but by rounding: a
    spread of rounding errors would make any difference significant.
    """
    parts = (values - reference,) if paired else (values, reference)
    # Rounding of a difference is that of its terms.
    rounding = 8 * np.finfo(np.float64).eps * max(np.abs(values).max(), np.abs(reference).max())
    if min(map(len, parts)) < 2 or all(np.ptp(part) <= rounding for part in parts):
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

    Source: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
    """

    def of_means(*samples: np.ndarray, axis: int = -1) -> np.ndarray:
        return statistic(np.stack([np.mean(sample, axis=axis) for sample in samples]))

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
