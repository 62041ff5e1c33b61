"""Distance of a geometric ladder from bands.

A ladder is f_k = start ratio^k for every integer k. Distances are taken in units of its own rung
spacing, log(ratio), so that a dense ladder gains nothing by its density: where a band falls between
two rungs by chance alone, its distance is uniform in [0, 0.5] and the root mean square is
1/sqrt(12) = 0.289 for every ratio. A start that is fitted lowers that, the more the fewer bands
there are. Null distributions of random bands and ladders are fitted in the same way.

Distances are pure JAX; use double precision where ladders climb far (36 rungs from a day).

Source: lecture, "Brain rhythms", "(My favorite) hypothesis" and "Golden rhythms" (constant ratios);
the distance and the null distributions are the project's own, the fit of all bands textbook least
squares.
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
from rhythmic.theory.roots import safe_sqrt
from rhythmic.typing import AnyArray

CHANCE_DISTANCE = 12**-0.5
"""Root mean square distance to the nearest rung, in rungs, of a band that falls anywhere."""


class LadderFit(NamedTuple):
    """The best ladder of a given ratio for some bands.

    Attributes:
        start: frequency in Hz of the highest rung that is not above the slowest band.
        distance: root mean square distance to the nearest rung, in units of the spacing; times
            log(ratio) it is the error in log-frequency.
    """

    start: Float[Array, ""]
    distance: Float[Array, ""]


class ConsecutiveFit(NamedTuple):
    """Least squares of log-frequency on the number of the band: one band per rung, none left out.

    Attributes:
        ratio: f_k / f_{k-1} that fits best.
        start: fitted frequency of the slowest band in Hz.
        error: root mean square error in log-frequency.
    """

    ratio: Float[Array, ""]
    start: Float[Array, ""]
    error: Float[Array, ""]


@checked
@jax.jit
def rung_offset(
    frequency: Float[Array, "*shape"],
    start: Float[Array, "*#shape"],
    ratio: Float[Array, "*#shape"],
) -> Float[Array, "*shape"]:
    """Return the signed distance to the nearest rung, u - round(u), u = log(f/start) / log(ratio).

    Args:
        frequency: in Hz.
        start: frequency of any rung in Hz.
        ratio: above 1; NaN comes back elsewhere.

    Returns:
        Rungs in [-0.5, 0.5], positive where the frequency lies above its rung.
    """
    spacing = jnp.log(jnp.where(ratio > 1, ratio, jnp.nan))
    rungs = jnp.log(frequency / start) / spacing
    return rungs - jnp.round(rungs)


@checked
@jax.jit
def ladder_distance(
    centres: Float[Array, " band"], start: Float[Array, ""], ratio: Float[Array, ""]
) -> Float[Array, ""]:
    """Return the root mean square distance of bands from the nearest rungs, in rungs.

    Args:
        centres: in Hz.
        start: frequency of any rung in Hz.
        ratio: of neighbouring rungs, above 1; NaN elsewhere.
    """
    return safe_sqrt(jnp, jnp.mean(rung_offset(centres, start, ratio) ** 2))


@checked
@jax.jit
def fit_start(centres: Float[Array, " band"], ratio: Float[Array, ""]) -> LadderFit:
    """Find the start of the ladder of a given ratio that is nearest to the bands.

    On the circle of one rung spacing the bands are points. Cut between two of them, the circle is
    a line, the best rung the mean and the error the variance; the best of all cuts is the exact
    minimum of the wrapped squared distance.

    Args:
        centres: in Hz, two or more, in any order.
        ratio: of neighbouring rungs, above 1; NaN elsewhere.

    Returns:
        Start, at or less than one spacing below the slowest band, and distance.

    Raises:
        ValueError: for no bands.
    """
    if not centres.size:
        raise ValueError("centres holds 0; two or more make a ladder")
    spacing = jnp.log(jnp.where(ratio > 1, ratio, jnp.nan))
    slowest = jnp.min(centres)
    rungs = jnp.log(centres / slowest) / spacing
    phase = rungs - jnp.floor(rungs)
    unrolled = phase + (phase < phase[:, None])  # row j: cut before point j, the rest goes round
    variance = jnp.var(unrolled, axis=1)
    best = jnp.argmin(variance)
    turn = jnp.mean(unrolled[best])
    turn = turn - jnp.ceil(turn)
    return LadderFit(slowest * jnp.exp(turn * spacing), safe_sqrt(jnp, variance[best]))


@checked
@jax.jit
def fit_consecutive(centres: Float[Array, " band"]) -> ConsecutiveFit:
    """Fit log f_k = log start + k log ratio by least squares, the bands taken in rising order.

    Args:
        centres: in Hz, two or more.

    Returns:
        Ratio, start and error. This takes for granted that no rung is left empty.

    Raises:
        ValueError: for fewer centres.
    """
    if centres.size < 2:
        raise ValueError(f"centres holds {centres.size}; two or more make a ladder")
    logs = jnp.sort(jnp.log(centres))
    number = jnp.arange(logs.size) - (logs.size - 1) / 2
    slope = jnp.sum(number * logs) / jnp.sum(number**2)
    middle = jnp.mean(logs)
    error = safe_sqrt(jnp, jnp.mean((logs - middle - slope * number) ** 2))
    return ConsecutiveFit(jnp.exp(slope), jnp.exp(middle + slope * number[0]), error)


@checked
@jax.jit
def scan_ratios(
    centres: Float[Array, " band"], ratios: Float[Array, " ratio"]
) -> Float[Array, " ratio"]:
    """Return the distances in rungs of ``centres`` (Hz) for many ratios, each at its best start."""
    return jax.vmap(lambda ratio: fit_start(centres, ratio).distance)(ratios)


@checked
def check_ratios(ratios: Sequence[float], lowest_ratio: float, highest_ratio: float) -> None:
    """Check ratios to try, and the range of ratios that they are compared with.

    Args:
        ratios: one or more, each above 1 and finite.
        lowest_ratio: above 1.
        highest_ratio: above `lowest_ratio` and finite.

    Raises:
        ValueError: naming the one that is out of range.
    """
    _check_above_one("ratios", ratios)
    if not 1 < lowest_ratio < math.inf:
        raise ValueError(f"lowest_ratio must be above 1 and finite, got {lowest_ratio}")
    if not lowest_ratio < highest_ratio < math.inf:
        allowed = f"above lowest_ratio = {lowest_ratio:g} and finite"
        raise ValueError(f"highest_ratio must be {allowed}, got {highest_ratio}")


def _check_above_one(name: str, ratios: Sequence[float] | Float[AnyArray, " ratio"]) -> None:
    """Raise a ValueError unless there are ratios, each above 1 and finite."""
    if not len(ratios):
        raise ValueError(f"{name} must hold one or more ratios above 1, got none")
    for ratio in ratios:
        if not 1 < ratio < math.inf:
            raise ValueError(f"{name} must all be above 1 and finite, got {ratio}")


_QUANTILES = (0.05, 0.5, 0.95)


class SpacingEvidence(NamedTuple):
    """How several ratios do on one list of bands, with the start of each ladder fitted.

    Attributes:
        distance: root mean square distance from the nearest rung, in rungs.
        band_share: fraction of random lists of bands that the same ratio fits at least as well.
        ratio_share: fraction of the scanned ratios that fit the bands at least as well.
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
        ladder_share: fraction of ladders of random ratio and start that fit at least as well.
        start_share: fraction of ladders of the same ratio, with a random start, that do.
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
    """Return the distances of random ladders: random ratio, random start.

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
        The fraction; NaN if a distance is NaN, which is no evidence of anything.
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

    Distances are in rungs, so that ratios compare fairly; the fractions say how rare one is. Random
    bands may lie close together, which real ones by definition do not; the fraction of ratios keeps
    the real bands and is free of that. Computed in double precision.

    Args:
        centres: observed bands in Hz, two or more.
        ratios: proposed, above 1.
        scanned: all the others, even in the logarithm.
        num_random: random lists of bands for each ratio.
        key: split once per ratio.

    Returns:
        Distances and fractions for every ratio, see ``SpacingEvidence``.

    Raises:
        ValueError: for fewer than two bands, a frequency that is not positive and finite, or a
            ratio that is not above 1 and finite.

    Source: lecture, "Brain rhythms" (different proposals for rhythm spacing).
    """
    check_positive("centres", centres, "Hz")
    if len(np.unique(centres)) < 2:
        raise ValueError(f"centres must be 2 or more different ones (Hz), got {list(centres)}")
    _check_above_one("ratios", ratios)
    _check_above_one("scanned", scanned)
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
    """Compare ladders built on given days with random ladders.

    Computed in double precision: single precision loses a thousandth of a rung on the way up.

    Args:
        centres: observed bands in Hz.
        days: periods of rung 0 in s.
        ratios: above 1.
        ratio_range: lowest and highest ratio of the random ladders.
        num_random: number of random ladders, and of random starts for each ratio.
        key: split once for the null and once per ratio.

    Returns:
        Distances and fractions for every day and ratio, see ``DayEvidence``.

    Raises:
        ValueError: for a frequency or day that is not positive and finite, or a ratio that is not
            above 1 and finite.

    Source: lecture, "My favorite idea" and "(My favorite) hypothesis".
    """
    check_positive("centres", centres, "Hz")
    check_positive("days", days, "s")
    _check_above_one("ratios", ratios)
    _check_above_one("ratio_range", ratio_range)
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
