"""Period concatenation: cycles of two rhythms in turn make a third, slower one.

One cycle of gamma (25 ms), then one of beta2 (40 ms), and again: the whole repeats every 65 ms,
which is beta1. On a ladder of constant ratio the joined period is a rung only for some ratios.

Source: lecture, "Golden rhythms"; Roopun et al., Front Cell Neurosci 2008; Kramer et al., PLoS
Comput Biol 2008. The distances are the project's own.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from rhythmic._scan import scan
from rhythmic._sums import Sum, added, compensated, total_of
from rhythmic.arguments import checked
from rhythmic.rhythms.spacing import rung_offset
from rhythmic.theory.roots import safe_sqrt


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
    """Give how long each run of the pattern lasted, in s: the periods of the joined rhythm.

    Args:
        cycles: of `concatenate_periods`.
        pattern_size: number of periods in the pattern; static.
    """
    whole = cycles.duration.size // pattern_size * pattern_size
    return jnp.sum(cycles.duration[:whole].reshape(-1, pattern_size), axis=1)


@checked
@partial(jax.jit, static_argnames="steps")
def joined_distance(ratio: Float[Array, "*shape"], steps: int = 1) -> Float[Array, "*shape"]:
    """Give the distance of T + r^steps T from the nearest rung of the ladder r^k T, in rungs.

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
    """Give the same distance for neighbours from the mean period of simulated cycles.

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
