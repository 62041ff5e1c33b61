"""Rank of a network among random draws, and the peak of a curve over a parameter.

Source: B. Phipson and G. K. Smyth, Statistical Applications in Genetics and Molecular Biology 9, 39
(2010); the mean and its peak are textbook definitions; the intervals are of B. Efron and R. J.
Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from rhythmic.arguments import checked
from rhythmic.statistics.summaries import bootstrap_over_seeds, rounding, varies
from rhythmic.typing import AnyArray

MIN_NULL_DRAWS = 19
"""Fewest draws with which a p-value can be as small as 1/20."""


class NullRank(NamedTuple):
    """The rank of one value among random draws.

    Attributes:
        num_draws: number of draws.
        p_value: one-sided, of a draw as high as the value; not corrected (``holm``).
        quantile: fraction of draws below the value, ties counting half.
        distance: value minus the mean of the draws, in their standard deviations.
        quantile_low: lower end of the quantile's 95 % interval over seeds; NaN without seeds.
        quantile_high: upper end.
    """

    num_draws: int
    p_value: float
    quantile: float
    distance: float
    quantile_low: float = math.nan
    quantile_high: float = math.nan


@checked
def rank_in_null(value: float, null_values: Sequence[float]) -> NullRank:
    """Rank a value among those of random draws, higher being better.

        p = (1 + number of draws that are as high) / (1 + number of draws)

    Under the null hypothesis that the value is one more draw, p is 0.05 or less with a chance of
    5 % at most, whatever the distribution. The distance resolves what p cannot, for the smallest p
    is 1 / (1 + number of draws). Draws that differ from the value by rounding alone tie with it.

    Args:
        value: of the network in question, such as its mean over seeds.
        null_values: the same of each draw, measured with as many seeds.

    Returns:
        The rank. The p-value is NaN for fewer than ``MIN_NULL_DRAWS`` draws, the distance where
        the draws do not vary but by rounding, and all of it where a value is not finite.

    Raises:
        ValueError: for no draws, or more than one axis.

    Source: B. Phipson and G. K. Smyth, Statistical Applications in Genetics and Molecular Biology
    9, 39 (2010), for the ones that are added.
    """
    draws = np.asarray(null_values, np.float64)
    own = np.asarray(value, np.float64)
    if draws.ndim != 1 or not draws.size:
        raise ValueError(f"null_values must be one number a draw, got shape {draws.shape}")
    return _rank(own[None], draws[:, None])


def _rank(values: np.ndarray, null_values: np.ndarray) -> NullRank:
    """Rank the mean of ``values``, (seed,), among those of ``null_values``, (draw, seed)."""
    number = len(null_values)
    if not np.isfinite(values).all() or not np.isfinite(null_values).all():
        return NullRank(number, math.nan, math.nan, math.nan)
    # Of the numbers before they are averaged: means of single precision are no longer in it.
    limit = rounding(values, null_values)
    own, draws = np.mean(values), np.mean(null_values, axis=1)
    p_value = (1 + int(np.sum(draws >= own - limit))) / (1 + number)
    deviation = np.std(draws, ddof=1) if varies(draws, limit=rounding(null_values)) else math.nan
    return NullRank(
        num_draws=number,
        p_value=p_value if number >= MIN_NULL_DRAWS else math.nan,
        quantile=float(_share_below(own, draws, limit)),
        distance=float((own - np.mean(draws)) / deviation),
    )


@checked
def rank_in_null_over_seeds(
    values: Float[AnyArray, " seed"],
    null_values: Float[AnyArray, "draw null_seed"],
    *,
    paired: bool,
    bootstrap_seed: int,
    num_resamples: int = 9999,
) -> NullRank:
    """Rank a mean over seeds among the means of random draws, with the noise of all seeds.

    Rank, p-value and distance are those of the means (``rank_in_null``). The interval of the
    quantile is the percentile bootstrap: in each resample the seeds of the network and of every
    draw are drawn again. It holds for these draws: that others could have been drawn is what the
    p-value is for. Resampled means carry the noise of seeds twice, once from the measurement and
    once from the resampling, so the interval is biased towards one half where that noise is as
    large as the spread of the draws.

    Args:
        values: one number per seed of the network, two or more.
        null_values: the same of each draw, as many seeds for all of them.
        paired: whether a column of ``null_values`` and the entry of ``values`` in its place belong
            to the same seed; seeds are then drawn for all together.
        bootstrap_seed: of NumPy's generator of the resamples.
        num_resamples: number of resamples.

    Returns:
        The rank, NaN as in ``rank_in_null``; the interval is, too, for fewer than two seeds and
        where no seed differs from another but by rounding.

    Raises:
        ValueError: for shapes that are not as above.

    Source: as ``rank_in_null``; B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap
    (1993), section 13.3.
    """
    own, draws = np.asarray(values, np.float64), np.asarray(null_values, np.float64)
    if not own.size or not draws.size:
        raise ValueError(
            f"values has shape {own.shape} and null_values {draws.shape}; no axis may be empty"
        )
    if paired and len(own) != draws.shape[1]:
        raise ValueError(f"null_values must have {len(own)} seeds a draw, got {draws.shape[1]}")
    rank = _rank(own, draws)
    if np.isnan(rank.quantile) or min(len(own), draws.shape[1]) < 2:
        return rank
    limit = rounding(own, draws)
    quantiles = bootstrap_over_seeds(
        [own, *draws],
        lambda means: _share_below(means[0], means[1:], limit),
        paired=paired,
        bootstrap_seed=bootstrap_seed,
        num_resamples=num_resamples,
    )
    low, high = map(float, np.quantile(quantiles, (0.025, 0.975)))
    return rank._replace(quantile_low=low, quantile_high=high)


def _share_below(value: np.ndarray, draws: np.ndarray, limit: float) -> np.ndarray:
    """Return the fraction of draws, along the first axis, below the value, ties counting half.

    Draws that differ from the value by the ``limit`` of rounding or less tie with it.
    """
    return np.mean(0.5 * (draws < value - limit) + 0.5 * (draws <= value + limit), axis=0)


class Peak(NamedTuple):
    """The peak of a curve of means over seeds.

    Attributes:
        x: position of the largest mean.
        mean: that mean. As the largest of several it is biased upwards.
        low: lower end of the 95 % interval of ``x``, one of the points.
        high: upper end, one of the points.
        at_edge: whether ``x`` is the smallest or largest point, so that the peak may lie beyond.
        edge_share: fraction of resamples in which it is.
    """

    x: float
    mean: float
    low: float
    high: float
    at_edge: bool
    edge_share: float


@checked
def peak_of_curve(
    x: Float[AnyArray, " point"],
    values: Float[AnyArray, "point seed"],
    *,
    paired: bool,
    bootstrap_seed: int,
    num_resamples: int = 9999,
) -> Peak:
    """Find the point of the largest mean over seeds, with an interval by bootstrap over seeds.

    In each resample the seeds of every point are drawn again and the largest mean found again; the
    interval holds the middle 95 % of these points. Between points nothing is interpolated, so it
    is never finer than they are. Of several largest means, equal up to rounding, the first one
    counts. A flat curve shows
    itself by a wide interval. Two errors pull either way: the grid makes the interval hold too
    much; few seeds make it hold too little, as resampled means spread only sqrt((n - 1) / n) times
    as much as measured ones.

    Args:
        x: parameter values, all different, in any order.
        values: one number per point and seed, higher being better.
        paired: whether a column is one seed at all points, with its split and initial values; seeds
            are then drawn for all points together.
        bootstrap_seed: of NumPy's generator of the resamples.
        num_resamples: number of resamples.

    Returns:
        The peak; interval and ``edge_share`` are NaN for one seed and where no seed differs from
        another but by rounding. If a value is not finite there is no peak: all are NaN and
        ``at_edge`` is False.

    Raises:
        ValueError: for shapes that are not as above, or points that are not finite and different.

    Source: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
    """
    points, table = np.asarray(x, np.float64), np.asarray(values, np.float64)
    if not table.size:
        raise ValueError(f"values has shape {table.shape}; no axis may be empty")
    if not np.isfinite(points).all() or len(np.unique(points)) < len(points):
        raise ValueError(f"x must be finite and all different, got {points.tolist()}")
    if not np.isfinite(table).all():
        return Peak(math.nan, math.nan, math.nan, math.nan, False, math.nan)
    limit = rounding(table)

    def largest(means: np.ndarray) -> np.ndarray:
        return np.argmax(means >= np.max(means, axis=0) - limit, axis=0)

    means = np.mean(table, axis=1)
    edges = [np.argmin(points), np.argmax(points)]
    best = int(largest(means))
    peak = Peak(
        x=float(points[best]),
        mean=float(means[best]),
        low=math.nan,
        high=math.nan,
        at_edge=best in edges,
        edge_share=math.nan,
    )
    if table.shape[1] < 2 or not varies(*table):
        return peak
    peaks = bootstrap_over_seeds(
        list(table),
        lambda resampled: largest(resampled).astype(float),
        paired=paired,
        bootstrap_seed=bootstrap_seed,
        num_resamples=num_resamples,
    ).astype(int)
    low, high = np.quantile(points[peaks], (0.025, 0.975), method="inverted_cdf")
    share = float(np.mean(np.isin(peaks, edges)))
    return peak._replace(low=float(low), high=float(high), edge_share=share)
