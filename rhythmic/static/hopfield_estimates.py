"""From what came back to a capacity with its interval, and to its limit in large networks.

Source: textbook definitions (bootstrap, linear interpolation, least squares); resampled as in B.
Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer


class LoadEstimate(NamedTuple):
    """A load, ``value``, in patterns per unit, with its 95 % interval from ``low`` to ``high``.

    The interval is over resampled pattern sets.
    """

    value: float
    low: float
    high: float


class CapacityEstimates(NamedTuple):
    """Loads at which the recalled share crosses a level, at every size.

    Attributes:
        values: from all pattern sets, patterns per unit.
        resampled: from sets drawn with replacement, resamples first.
    """

    values: Float[np.ndarray, "*condition size"]
    resampled: Float[np.ndarray, "resample *condition size"]


@checked(finite=True)
def capacity_estimates(
    loads: Sequence[Float[np.ndarray, " load"]],
    recalled: Sequence[Float[np.ndarray, "set load *condition"]],
    level: float,
    num_resamples: int,
    *,
    seed: int,
) -> CapacityEstimates:
    """Find the load at which half, or another share, of the patterns is recalled.

    The sets are resampled at each size on their own, as each size has its own patterns; a set is
    kept whole, since what becomes of the patterns of one network is not independent.

    Args:
        loads: patterns per unit, rising, one array a size.
        recalled: share of patterns recalled in each set, one array a size.
        level: share of patterns that defines the capacity, in (0, 1).
        num_resamples: of the pattern sets.
        seed: of the draws.

    Returns:
        The crossings by `crossing_load`, NaN where the share does not cross the level.

    Raises:
        ValueError: for no loads, another number of shares, or shapes that do not fit.
    """
    if not len(loads) or len(loads) != len(recalled):
        raise ValueError(
            f"loads holds {len(loads)} and recalled {len(recalled)} sizes; expected as many, one "
            "or more"
        )
    values, resampled = [], []
    for number, (load, share) in enumerate(zip(loads, recalled, strict=True)):
        means = bootstrap_means(share, num_resamples, seed=(seed, number))
        values.append(crossing_load(load, share.mean(axis=0), level))
        resampled.append(crossing_load(load, np.moveaxis(means, 0, 1), level))
    return CapacityEstimates(np.stack(values, axis=-1), np.stack(resampled, axis=-1))


@checked
def bootstrap_means(
    values: Float[np.ndarray, "set *rest"], num_resamples: int, *, seed: int | Sequence[int]
) -> Float[np.ndarray, "resample *rest"]:
    """Average over pattern sets drawn with replacement, again and again.

    Args:
        values: a number for each pattern set, first axis.
        num_resamples: how often.
        seed: of the draws.

    Returns:
        The mean of each resample, resamples first.

    Raises:
        ValueError: for no pattern sets.
    """
    if not len(values):
        raise ValueError(f"values has shape {np.shape(values)}; it must hold one set or more")
    num_resamples = checked_integer("num_resamples", num_resamples, 1)
    for one in seed if isinstance(seed, Sequence) else [seed]:
        checked_integer("seed", one, 0, 2**32 - 1)
    num_sets = len(values)
    draws = np.random.default_rng(seed).multinomial(
        num_sets, np.full(num_sets, 1 / num_sets), size=num_resamples
    )
    return np.tensordot(draws / num_sets, values, axes=1)


@checked(finite=True)
def crossing_load(
    loads: Float[np.ndarray, " load"], share: Float[np.ndarray, "load *rest"], level: float
) -> Float[np.ndarray, "*rest"]:
    """Give the first load at which a share falls below a level, linearly between the loads.

    Args:
        loads: rising.
        share: at each load, first axis.
        level: of the share.

    Returns:
        The load; NaN where the share is below the level from the start or never falls below it.

    Raises:
        ValueError: for fewer than two loads or a share at other loads.
    """
    if len(loads) < 2:
        raise ValueError(f"loads holds {len(loads)}; it must hold two or more")
    loads, share = np.asarray(loads, float), np.asarray(share, float)
    below = share < level
    first = np.argmax(below, axis=0)
    after = np.maximum(first, 1)
    high = np.take_along_axis(share, after[None] - 1, axis=0)[0]
    low = np.take_along_axis(share, after[None], axis=0)[0]
    crosses = below.any(axis=0) & (first > 0)
    # Where nothing crosses, the division may be by 0 and its result is not used.
    part = (high - level) / np.where(crosses, high - low, 1)
    crossing = loads[after - 1] + part * (loads[after] - loads[after - 1])
    return np.where(crosses, crossing, np.nan)


@checked(finite=True)
def limit_load(
    sizes: Int[np.ndarray, " size"], loads: Float[np.ndarray, "*rest size"], power: float
) -> Float[np.ndarray, "*rest"]:
    """Extrapolate loads to N without end along the least-squares line in N^-power.

    Args:
        sizes: N, two different ones or more.
        loads: at each size, last axis.
        power: above 0; the line is a description, its power an assumption.

    Returns:
        The load at N^-power = 0; NaN where a load is NaN.

    Raises:
        ValueError: for fewer than two different sizes or a power that is not above 0.
    """
    if not power > 0:
        raise ValueError(f"power is {power}; it must be above 0")
    if len(np.unique(sizes)) < 2:
        raise ValueError(f"sizes holds {np.unique(sizes)}; a line needs two different ones")
    along = np.asarray(sizes, float) ** -power
    away = along - along.mean()
    slope = (loads * away).sum(axis=-1) / (away**2).sum()
    return np.asarray(loads).mean(axis=-1) - slope * along.mean()


@checked
def load_estimate(value: float, resampled: Float[np.ndarray, " resample"]) -> LoadEstimate:
    """Give a load with the range of the middle 95 % of its resamples.

    The range is NaN if a resample is, and if none differs from another but by rounding: sets that
    agree, or a single one, do not say how far others would lie off.

    Args:
        value: the load itself, patterns per unit.
        resampled: the same of sets drawn with replacement.
    """
    # Here and not above: SciPy's statistics take half a second to import.
    from rhythmic.statistics import varies

    low, high = np.percentile(resampled, [2.5, 97.5]) if varies(resampled) else (np.nan, np.nan)
    return LoadEstimate(float(value), float(low), float(high))
