"""Where the mean over seeds is largest along a parameter.

Source: the mean and its peak are textbook definitions; the interval is of B. Efron and R. J.
Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from rhythmic.arguments import checked
from rhythmic.statistics._seeds import bootstrap_over_seeds, rounding, varies
from rhythmic.typing import AnyArray


class Peak(NamedTuple):
    """The peak of a curve of means over seeds.

    Attributes:
        x: where the largest mean stands.
        mean: that mean. As the largest of several it is biased upwards.
        low: lower end of the 95 % interval of ``x``, one of the points.
        high: upper end, one of the points.
        at_edge: whether ``x`` is the smallest or largest point, so that the peak may lie beyond.
        edge_share: share of resamples in which it is.
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
        values: one number a point and seed, higher being better.
        paired: whether a column is one seed at all points, with its split and start values; seeds
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
