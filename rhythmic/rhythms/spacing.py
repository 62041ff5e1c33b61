"""How near a geometric ladder lands to bands.

A ladder is f_k = start ratio^k for every integer k. Distances are taken in units of its own rung
spacing, log(ratio), so that a dense ladder gains nothing by its density: where a band falls
between two rungs by chance alone, its distance is uniform in [0, 0.5] and the root mean square
is 1/sqrt(12) = 0.289 for every ratio. A start that is fitted lowers that, the more the fewer
bands there are; `rhythmic.rhythms.evidence` compares with chance fitted in the same way.

Distances are pure JAX; use double precision where ladders climb far (36 rungs from a day).

Source: lecture, "Brain rhythms" and "Golden rhythms" (constant ratios); the distance is the
project's own, the fit of all bands textbook least squares.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from rhythmic.arguments import checked
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
    """Least squares of log-frequency on the number of the band: one band a rung, none left out.

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
    """Give the signed distance to the nearest rung, u - round(u), u = log(f/start) / log(ratio).

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
    """Give the root mean square distance of bands from the nearest rungs, in rungs.

    Args:
        centres: in Hz.
        start: frequency of any rung in Hz.
        ratio: of neighbouring rungs, above 1; NaN elsewhere.
    """
    return safe_sqrt(jnp, jnp.mean(rung_offset(centres, start, ratio) ** 2))


@checked
@jax.jit
def fit_start(centres: Float[Array, " band"], ratio: Float[Array, ""]) -> LadderFit:
    """Find the start of the ladder of a given ratio that lands nearest to the bands.

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
    """Give the distance in rungs, best start each, of ``centres`` (Hz) for many ratios at once."""
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
    check_above_one("ratios", ratios)
    if not 1 < lowest_ratio < math.inf:
        raise ValueError(f"lowest_ratio must be above 1 and finite, got {lowest_ratio}")
    if not lowest_ratio < highest_ratio < math.inf:
        allowed = f"above lowest_ratio = {lowest_ratio:g} and finite"
        raise ValueError(f"highest_ratio must be {allowed}, got {highest_ratio}")


def check_above_one(name: str, ratios: Sequence[float] | Float[AnyArray, " ratio"]) -> None:
    """Raise a ValueError unless there are ratios, each above 1 and finite."""
    if not len(ratios):
        raise ValueError(f"{name} must hold one or more ratios above 1, got none")
    for ratio in ratios:
        if not 1 < ratio < math.inf:
            raise ValueError(f"{name} must all be above 1 and finite, got {ratio}")
