"""Which constant ratios let bands sum: r^a + r^b = r^c on a ladder of ratio r.

Relations are NumPy float64, searched once.

And period concatenation: cycles of two rhythms in turn make a third, slower one.

One cycle of gamma (25 ms), then one of beta2 (40 ms), and again: the whole repeats every 65 ms,
which is beta1. On a ladder of constant ratio the joined period is a rung only for some ratios.

Source: lecture, "Golden rhythms"; Roopun et al., Front Cell Neurosci 2008; Kramer et al., PLoS
Comput Biol 2008. The distances are the project's own.
"""

import math
from collections.abc import Iterator
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from rhythmic._scan import scan
from rhythmic._sums import Sum, added, compensated, total_of
from rhythmic.arguments import checked
from rhythmic.rhythms.bands import check_positive
from rhythmic.rhythms.spacing import rung_offset
from rhythmic.theory.roots import safe_sqrt

SumKind = Literal["neighbours", "root", "itself", "wider"]
"""How rungs of a ladder sum to another, see ``SumRelation``."""

_SAME_RATIO = 1e-11  # distinct ratios up to exponent 24 differ by more than 1e-6
_LARGEST_EXPONENT = 24
_NAMES = {(1, 2): "golden", (1, 3): "plastic", (2, 3): "supergolden", (0, 1): "doubling"}


class SumRelation(NamedTuple):
    """A ratio whose ladder has bands that sum to another.

    Attributes:
        ratio: r > 1, no unit.
        exponents: every (m, n) with 1 + r^m = r^n, m < n, within the exponents that were tried.
        name: "golden", "supergolden", "plastic", "doubling", a root of one of them such as
            "golden^(1/2)", or "".
        kind: "neighbours" if two adjacent rungs sum to the next one (m, n = 1, 2); "root" if the
            relation is that of a ladder with fewer rungs (r^d has it, d > 1); "itself" for
            m = 0; "wider" for all others.
    """

    ratio: float
    exponents: tuple[tuple[int, int], ...]
    name: str
    kind: SumKind


@checked
def sum_ratio(m: int, n: int) -> float:
    """Return the only real r > 1 with 1 + r^m = r^n.

    r^n - r^m - 1 changes sign once among its coefficients, so by Descartes' rule it has one
    positive root; it is -1 at r = 1, so the root lies above. Found among the eigenvalues of the
    companion matrix, then polished by Newton's method.

    Args:
        m: 0 or more. 0: a band with itself, 2 = r^n.
        n: above m.

    Returns:
        The ratio, to float64's precision.

    Raises:
        ValueError: if not 0 <= m < n <= 24.

    Source: lecture, "Golden rhythms" (15 Hz + 25 Hz = 40 Hz; golden ratio for m, n = 1, 2).
    """
    if not 0 <= m < n <= _LARGEST_EXPONENT:
        allowed = f"m, n must satisfy 0 <= m < n <= {_LARGEST_EXPONENT}"
        raise ValueError(f"{allowed}, got m = {m}, n = {n}")
    coefficients = np.zeros(n + 1)
    coefficients[0] = 1.0
    coefficients[n - m] -= 1.0
    coefficients[n] -= 1.0
    roots = np.roots(coefficients)
    ratio = float(np.max(roots.real[np.abs(roots.imag) < 1e-8]))
    for _ in range(3):
        slope = n * ratio ** (n - 1) - (m * ratio ** (m - 1) if m else 0.0)
        ratio -= (ratio**n - ratio**m - 1.0) / slope
    return ratio


@checked
def sum_relations(max_exponent: int, *, with_itself: bool = False) -> tuple[SumRelation, ...]:
    """List every ratio r > 1 with 1 + r^m = r^n, 1 <= m < n <= max_exponent, falling.

    Any r^a + r^b = r^c of three rungs is one of these once divided by its lowest term. The
    same ratios let periods join: 1/f_a + 1/f_b = 1/f_c is r^-a + r^-b = r^-c, again one of these
    once divided by its smallest term. Above the golden ratio there is none:
    r^n - r^m >= r^m (r - 1) >= r (r - 1) > 1.

    Args:
        max_exponent: largest n, 2 to 24.
        with_itself: also m = 0: a band with itself sums to its octave, r^n = 2.

    Returns:
        Relations from the largest ratio to the smallest; a ratio with several (m, n) is one.

    Raises:
        ValueError: if `max_exponent` is out of range.

    Source: lecture, "Golden rhythms"; the plastic number satisfies r + 1 = r^3.
    """
    if not 2 <= max_exponent <= _LARGEST_EXPONENT:
        allowed = f"2 to {_LARGEST_EXPONENT}"
        raise ValueError(f"max_exponent must be {allowed}, got {max_exponent}")
    lowest = 0 if with_itself else 1
    pairs = [(m, n) for n in range(1, max_exponent + 1) for m in range(lowest, n)]
    found = sorted(((sum_ratio(m, n), (m, n)) for m, n in pairs), reverse=True)
    return tuple(_relation(ratio, exponents) for ratio, exponents in _grouped(found))


@checked
def frequency_sum(first: float, second: float) -> float:
    """Return f1 + f2 in Hz: 15 Hz + 25 Hz = 40 Hz.

    Args:
        first: f1 in Hz.
        second: f2 in Hz.

    Raises:
        ValueError: for a frequency that is not positive and finite.

    Source: lecture, "Golden rhythms".
    """
    check_positive("frequencies", [first, second], "Hz")
    return first + second


@checked
def joined_frequency(first: float, second: float) -> float:
    """Return the frequency of the joined periods, 1/(1/f1 + 1/f2), in Hz.

    One cycle of 40 Hz (25 ms) and one of 25 Hz (40 ms) last 65 ms: 15.4 Hz.

    Args:
        first: f1 in Hz.
        second: f2 in Hz.

    Raises:
        ValueError: for a frequency that is not positive and finite.

    Source: lecture, "Golden rhythms" (period concatenation: Roopun et al., 2008; Kramer et al.,
    PLoS Comput Biol 2008).
    """
    check_positive("frequencies", [first, second], "Hz")
    return 1.0 / (1.0 / first + 1.0 / second)


def _grouped(
    found: list[tuple[float, tuple[int, int]]],
) -> Iterator[tuple[float, list[tuple[int, int]]]]:
    """Put together what has the same ratio; `found` is sorted by ratio."""
    start = 0
    for stop in range(1, len(found) + 1):
        if stop == len(found) or found[start][0] - found[stop][0] > _SAME_RATIO:
            yield found[start][0], sorted(pair for _, pair in found[start:stop])
            start = stop


def _relation(ratio: float, exponents: list[tuple[int, int]]) -> SumRelation:
    m, n = exponents[0]
    divisor = math.gcd(m, n)
    base = _NAMES.get((m // divisor, n // divisor), "")
    name = base if divisor == 1 or not base else f"{base}^(1/{divisor})"
    kind: SumKind
    if m == 0:
        kind = "itself"
    elif divisor > 1:
        kind = "root"
    else:
        kind = "neighbours" if (m, n) == (1, 2) else "wider"
    return SumRelation(ratio, tuple(exponents), name, kind)


class Cycles(NamedTuple):
    """Cycles one after the other.

    Attributes:
        time: when each cycle starts, in s, and at last when the last one ends.
        member: which period of the pattern each cycle has.
        duration: how long each cycle lasts, in s, with digits that late times no longer hold.
    """

    time: Float[Array, " boundary"]
    member: Int[Array, " cycle"]
    duration: Float[Array, " cycle"]


@checked
def concatenate_periods(
    pattern: Float[Array, " pattern"],
    num_repeats: int,
    *,
    jitter: float | Float[Array, ""] = 0.0,
    key: PRNGKeyArray | None = None,
) -> Cycles:
    """Run t_{i+1} = t_i + T_{i mod p} J_i: the cycles of a pattern of periods, again and again.

    J_i is log-normal with mean 1 and standard deviation `jitter`, drawn for every cycle, so that
    no cycle lasts less than nothing.

    Args:
        pattern: periods in s, in the order in which they follow; (fast, slow) joins two rhythms.
            All above 0; NaN times otherwise.
        num_repeats: how often the pattern is run, 1 or more; static.
        jitter: coefficient of variation of every period, 0 or more; NaN times otherwise.
        key: of the jitter; None for none.

    Returns:
        `p num_repeats + 1` times from 0 s on, exact to rounding however many they are, and the
        member and duration of each cycle.

    Raises:
        ValueError: if `num_repeats` is below 1, `pattern` has not one non-empty axis, or
            `jitter` is given without a key.

    Source: lecture, "Golden rhythms" (65 ms = 40 ms + 25 ms); Roopun et al., Front Cell Neurosci
    2008; Kramer et al., PLoS Comput Biol 2008. Theirs are networks of neurons; here only the
    timing of their cycles is kept.
    """
    if num_repeats < 1:
        raise ValueError(f"num_repeats must be 1 or more, got {num_repeats}")
    if pattern.size == 0:
        raise ValueError("pattern holds 0 periods; it must hold one or more")
    pattern = jnp.where(pattern > 0, pattern, jnp.nan)
    member = jnp.tile(jnp.arange(pattern.size), num_repeats)
    factor = jnp.ones(member.shape, pattern.dtype)
    if key is not None:
        spread = jnp.asarray(jitter, pattern.dtype)
        variance = jnp.log1p(jnp.where(spread >= 0, spread, jnp.nan) ** 2)
        normal = jax.random.normal(key, member.shape, pattern.dtype)
        factor = jnp.exp(safe_sqrt(jnp, variance) * normal - variance / 2)
    elif isinstance(jitter, jax.Array) or jitter != 0:  # given, perhaps under a transformation
        raise ValueError("jitter needs a key, got None")
    duration = pattern[member] * factor

    def cycle(time: Sum, lasting: Array) -> tuple[Sum, Array]:
        time = added(time, lasting)
        return time, total_of(time).astype(pattern.dtype)

    start = jnp.zeros((), pattern.dtype)
    _, ends = scan(cycle, compensated(start), duration)
    return Cycles(jnp.concatenate([start[None], ends]), member, duration)


@checked(least=1)
@partial(jax.jit, static_argnames="pattern_size")
def joined_periods(cycles: Cycles, pattern_size: int) -> Float[Array, " repeat"]:
    """Return how long each run of the pattern lasted, in s: the periods of the joined rhythm.

    Args:
        cycles: of `concatenate_periods`.
        pattern_size: number of periods in the pattern; static.
    """
    whole = cycles.duration.size // pattern_size * pattern_size
    return jnp.sum(cycles.duration[:whole].reshape(-1, pattern_size), axis=1)


@checked
@partial(jax.jit, static_argnames="steps")
def joined_distance(ratio: Float[Array, "*shape"], steps: int = 1) -> Float[Array, "*shape"]:
    """Return the distance of T + r^steps T from the nearest rung of the ladder r^k T, in rungs.

    |u - round(u)| with u = log(1 + r^steps) / log r, between 0 and 0.5. It is 0 exactly at the
    ratios with 1 + r^steps = r^n: for neighbours (steps = 1) the golden ratio (n = 2), the
    plastic number (n = 3) and so on down. It also falls to 0 slowly as r grows without limit,
    where the joined period is little but the slower one.

    Args:
        ratio: above 1; NaN elsewhere.
        steps: rungs between the two rhythms, 1 for neighbours.

    Source: lecture, "Golden rhythms".
    """
    return jnp.abs(rung_offset(1 + ratio**steps, jnp.ones_like(ratio), ratio))


@checked(least=1)
@partial(jax.jit, static_argnames="num_repeats")
def simulated_joined_distance(
    ratios: Float[Array, " ratio"],
    num_repeats: int,
    *,
    jitter: float | Float[Array, ""],
    key: PRNGKeyArray,
) -> Float[Array, " ratio"]:
    """Return the same distance for neighbours from the mean period of simulated cycles.

    Args:
        ratios: of ladders, each simulated by itself, side by side.
        num_repeats: joined cycles of each; static.
        jitter: coefficient of variation of every period.
        key: split once per ratio.
    """

    def distance(ratio: Array, own_key: PRNGKeyArray) -> Array:
        pattern = jnp.stack([jnp.ones_like(ratio), ratio])
        cycles = concatenate_periods(pattern, num_repeats, jitter=jitter, key=own_key)
        period = jnp.mean(joined_periods(cycles, 2))
        return jnp.abs(rung_offset(period, jnp.ones_like(ratio), ratio))

    return jax.vmap(distance)(ratios, jax.random.split(key, ratios.size))
