"""Is a fit of a ladder to bands surprising? Null distributions of what nobody proposed.

Source: lecture, "Brain rhythms" and "(My favorite) hypothesis"; the null distributions are the
project's own.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from rhythmic.arguments import checked
from rhythmic.rhythms.bands import check_positive
from rhythmic.rhythms.spacing import check_above_one, fit_start, ladder_distance, scan_ratios
from rhythmic.typing import AnyArray

_QUANTILES = (0.05, 0.5, 0.95)


class SpacingEvidence(NamedTuple):
    """How several ratios do on one list of bands, with the start of each ladder fitted.

    Attributes:
        distance: root mean square distance from the nearest rung, in rungs.
        band_share: share of random lists of bands that the same ratio fits at least as well.
        ratio_share: share of the scanned ratios that fit the bands at least as well.
        null: 5, 50 and 95 % quantiles of the distance over random lists of bands.
        scan: distance at each of the scanned ratios.
    """

    distance: Float[np.ndarray, " ratio"]
    band_share: Float[np.ndarray, " ratio"]
    ratio_share: Float[np.ndarray, " ratio"]
    null: Float[np.ndarray, "ratio 3"]
    scan: Float[np.ndarray, " scanned"]


class DayEvidence(NamedTuple):
    """How ladders that start from given days do on one list of bands; nothing is fitted.

    Attributes:
        distance: root mean square distance from the nearest rung, in rungs.
        ladder_share: share of ladders of random ratio and start that fit at least as well.
        start_share: share of ladders of the same ratio, with a random start, that do.
        null: distances of the ladders of random ratio and start.
    """

    distance: Float[np.ndarray, "day ratio"]
    ladder_share: Float[np.ndarray, "day ratio"]
    start_share: Float[np.ndarray, "day ratio"]
    null: Float[np.ndarray, " random"]


@checked(least=1)
@partial(jax.jit, static_argnames="num_random")
def random_band_distances(
    centres: Float[Array, " band"],
    ratio: Float[Array, ""],
    num_random: int,
    *,
    key: PRNGKeyArray,
) -> Float[Array, " random"]:
    """Fit the ladder to bands that have nothing to do with it: the null of `fit_start`.

    As many bands as there are, uniform in log-frequency over (n + 1) / (n - 1) times the observed
    span, about its middle: n uniform bands then span, on average, what the observed ones do. Each
    draw gets its own best start.

    Args:
        centres: observed bands in Hz, two or more.
        ratio: of neighbouring rungs.
        num_random: number of draws; static.
        key: of the draws.

    Returns:
        Distances in rungs.

    Raises:
        ValueError: for fewer than two bands.
    """
    number = centres.size
    if number < 2:
        raise ValueError(f"centres holds {number}; it must hold two or more")
    low, high = jnp.log(jnp.min(centres)), jnp.log(jnp.max(centres))
    margin = (high - low) / (number - 1)
    shape = (num_random, number)
    draws = jax.random.uniform(key, shape, centres.dtype, low - margin, high + margin)
    return jax.vmap(lambda logs: fit_start(jnp.exp(logs), ratio).distance)(draws)


@checked(least=1)
@partial(jax.jit, static_argnames="num_random")
def random_ladder_distances(
    centres: Float[Array, " band"],
    lowest_ratio: Float[Array, ""],
    highest_ratio: Float[Array, ""],
    num_random: int,
    *,
    key: PRNGKeyArray,
) -> Float[Array, " random"]:
    """Give the distances of ladders that nobody proposed: random ratio, random start.

    The ratio is uniform in its logarithm; the start is uniform in log-frequency over one spacing,
    which is all that a start can do. With both limits equal the ratio is fixed.

    Args:
        centres: observed bands in Hz.
        lowest_ratio: above 1.
        highest_ratio: `lowest_ratio` or more.
        num_random: number of ladders; static.
        key: of the draws.

    Returns:
        Distances in rungs.
    """
    ratio_key, start_key = jax.random.split(key)
    shape = (num_random,)
    share = jax.random.uniform(ratio_key, shape, centres.dtype)
    ratios = lowest_ratio * (highest_ratio / lowest_ratio) ** share
    starts = ratios ** jax.random.uniform(start_key, shape, centres.dtype)
    return jax.vmap(ladder_distance, (None, 0, 0))(centres, starts, ratios)


@checked
def share_at_least_as_good(random: Float[AnyArray, " random"], observed: float) -> float:
    """Give (1 + number of random distances <= observed) / (1 + number): like a p-value.

    Small is surprising. It is never 0, for the observed case counts as one of the draws. Computed
    on the host.

    Args:
        random: distances of the null.
        observed: distance that is tried.

    Returns:
        The share; NaN if a distance is NaN, which is no evidence of anything.
    """
    if np.isnan(observed) or np.isnan(random).any():
        return math.nan
    return float((1 + np.count_nonzero(np.asarray(random) <= observed)) / (1 + len(random)))


@checked(least=1)
def spacing_evidence(
    centres: Float[AnyArray, " band"],
    ratios: Sequence[float] | Float[AnyArray, " ratio"],
    scanned: Float[AnyArray, " scanned"],
    num_random: int,
    *,
    key: PRNGKeyArray,
) -> SpacingEvidence:
    """Compare ladders of some ratios with ladders of all ratios, and with random bands.

    Distances are in rungs, so that ratios compare fairly; the shares say how rare a distance is.
    Random bands may lie close together, which real ones by definition do not; the share of ratios
    keeps the real bands and is free of that. Computed in double precision.

    Args:
        centres: observed bands in Hz, two or more.
        ratios: proposed, above 1.
        scanned: all the others, even in the logarithm.
        num_random: random lists of bands for each ratio.
        key: split once per ratio.

    Returns:
        Distances and shares for every ratio, see ``SpacingEvidence``.

    Raises:
        ValueError: for fewer than two bands, a frequency that is not positive and finite, or a
            ratio that is not above 1 and finite.

    Source: lecture, "Brain rhythms" (different proposals for rhythm spacing).
    """
    check_positive("centres", centres, "Hz")
    if len(np.unique(centres)) < 2:
        raise ValueError(f"centres must be 2 or more different ones (Hz), got {list(centres)}")
    check_above_one("ratios", ratios)
    check_above_one("scanned", scanned)
    with jax.enable_x64(True):
        bands, proposed = jnp.asarray(centres), jnp.asarray(ratios)
        keys = jax.random.split(key, len(ratios))
        distance = np.asarray(scan_ratios(bands, proposed))
        scan = np.asarray(scan_ratios(bands, jnp.asarray(scanned)))
        # One after the other: vmapped keys take three times as long to compile.
        null = np.stack(
            [
                random_band_distances(bands, ratio, num_random, key=own)
                for ratio, own in zip(proposed, keys, strict=True)
            ]
        )
    pairs = list(zip(null, distance, strict=True))
    return SpacingEvidence(
        distance,
        np.array([share_at_least_as_good(draws, value) for draws, value in pairs]),
        np.array([np.mean(scan <= value) for value in distance]),
        np.quantile(null, _QUANTILES, axis=1).T,
        scan,
    )


@checked(least=1)
def day_evidence(
    centres: Float[AnyArray, " band"],
    days: Sequence[float] | Float[AnyArray, " day"],
    ratios: Sequence[float] | Float[AnyArray, " ratio"],
    ratio_range: tuple[float, float],
    num_random: int,
    *,
    key: PRNGKeyArray,
) -> DayEvidence:
    """Compare ladders built on given days with ladders that nobody proposed.

    Computed in double precision: single precision loses a thousandth of a rung on the way up.

    Args:
        centres: observed bands in Hz.
        days: periods of rung 0 in s.
        ratios: above 1.
        ratio_range: lowest and highest ratio of the random ladders.
        num_random: number of random ladders, and of random starts for each ratio.
        key: split once for the null and once per ratio.

    Returns:
        Distances and shares for every day and ratio, see ``DayEvidence``.

    Raises:
        ValueError: for a frequency or day that is not positive and finite, or a ratio that is not
            above 1 and finite.

    Source: lecture, "My favorite idea" and "(My favorite) hypothesis".
    """
    check_positive("centres", centres, "Hz")
    check_positive("days", days, "s")
    check_above_one("ratios", ratios)
    check_above_one("ratio_range", ratio_range)
    with jax.enable_x64(True):
        bands, proposed = jnp.asarray(centres), jnp.asarray(ratios)
        ladder_key, start_key = jax.random.split(key)
        starts = 1 / jnp.asarray(days)
        over_ratios = jax.vmap(ladder_distance, (None, None, 0))
        distance = jax.vmap(over_ratios, (None, 0, None))(bands, starts, proposed)
        low, high = map(jnp.asarray, ratio_range)
        null = random_ladder_distances(bands, low, high, num_random, key=ladder_key)
        keys = jax.random.split(start_key, len(ratios))
        given = [
            random_ladder_distances(bands, ratio, ratio, num_random, key=own)
            for ratio, own in zip(proposed, keys, strict=True)
        ]
    values, draws = np.asarray(distance), np.asarray(null)
    columns = [np.asarray(draw) for draw in given]
    return DayEvidence(
        values,
        np.array([[share_at_least_as_good(draws, value) for value in row] for row in values]),
        np.array([list(map(share_at_least_as_good, columns, row)) for row in values]),
        draws,
    )
