"""One point of the atlas by simulation: run the node, and measure everything from the run.

The node starts from an impulse, h_{-1} = 0 and h_0 = 1. Whatever the weights, that excites every
root that is not zero: with roots p and q, h_t = (p^{t+1} - q^{t+1}) / (p - q). No trajectory is
kept. What the run determines, with the numbers that are measured:

- The area of two neighbouring states (h_{t-1}, h_t) and (h_t, h_{t+1}), h_t^2 - h_{t+1} h_{t-1}, is
  multiplied by -w2 in each step. If its sign changes in the first step, the state alternates: the
  roots are real and of opposite sign, the node flickers.
- Otherwise the state keeps turning the same way. Real roots bring it to rest on a line: h never
  changes its sign, or changes it in every step (flickers). A complex pair turns it for ever: h
  changes its sign in some steps and not in others, once for every half turn.
- The area of a complex pair is its envelope, since it is r^(2t). For real roots the length of the
  state over two steps, as in power iteration, gives the larger root at the end of the run.
- A complex pair has turned by pi for every change of sign, and by what is left at the end, given by
  the angle of the last state in coordinates in which the node turns evenly.

A node counts as staying if its envelope changes by less than a factor e in the run.

Simulation may differ from theory in a strip along the edges between regimes. A run of T steps
cannot distinguish a root at distance 1 / T of the unit circle from one on it, nor a pair that has
not yet turned half a turn from two real roots. Outside the strip, simulation and theory agree on
the regime of every point; inside it they may differ.

Source: lecture, "Rhythmic RNN"; how a run is evaluated, and the limits of the strip, are worked out
here.
"""

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from rhythmic._scan import scan
from rhythmic.arguments import checked
from rhythmic.stability.atlas import single_or_double, upper_angle
from rhythmic.theory._arrays import checked_count
from rhythmic.theory.roots import SecondOrderRegime, discriminant, pole_radius
from rhythmic.typing import Array, Bool, Float, Int

OVERFLOW_THRESHOLD = 2.0**60
"""Default size of the state at which a run stops, in units of the start."""

LARGEST_WEIGHTS = 256.0
"""Largest |w1| + |w2|: so that the steps between two checks of the size stay finite in float32."""

# Steps between two checks of the size of the state. They are written out one after the other, so
# that the state stays in registers; a frozen node may have overshot by as many.
_STEPS_AT_ONCE = 8
# A state below the inverse of this is multiplied by it, so that nothing is lost to underflow.
_RESCALING = 2.0**60
_NEWTON_STEPS = 3


class SimulatedNode(NamedTuple):
    """Results of a run of one node; see the module for how they are measured.

    Attributes:
        regime: int8 code of `SecondOrderRegime`, UNDEFINED for weights that cannot be run.
        frequency: of the turning state in Hz; NaN unless the node oscillates.
        decay_time: time in s in which the envelope falls to 1 / e, negative where it grows.
        growth_rate: slope of the logarithm of the envelope in 1/s.
        overflow_step: first t with |h_t| beyond the threshold, -1 if there is none. The node is
            stopped within 8 steps after it.
        steps_run: steps that the node was run.
        sign_changes: of h in these steps.
    """

    regime: Int[Array, ""]
    frequency: Float[Array, ""]
    decay_time: Float[Array, ""]
    growth_rate: Float[Array, ""]
    overflow_step: Int[Array, ""]
    steps_run: Int[Array, ""]
    sign_changes: Int[Array, ""]


class _Run(NamedTuple):
    """What the loop carries: h_t, h_{t-1} up to a power of two, and counts."""

    now: Array
    before: Array
    sign_changes: Array
    steps_below: Array
    rescalings: Array


@checked
def simulated_node(
    w1: Float[Array, ""],
    w2: Float[Array, ""],
    num_steps: int,
    dt: Float[Array, ""] | float,
    *,
    overflow_threshold: float = OVERFLOW_THRESHOLD,
) -> SimulatedNode:
    """Run h_t = w1 h_{t-1} + w2 h_{t-2} from h_{-1} = 0, h_0 = 1 and classify its behaviour.

    The run stops at the overflow threshold: the numbers then refer to the steps up to there. All of
    them are finite, except for the frequency of a node that does not oscillate (NaN) and the decay
    of one that does not change its size or is gone at once. One scan, for ``jax.vmap``.

    Args:
        w1: weight on the state one step back, no unit; float32 or float64, the dtype of the run.
        w2: weight on the state two steps back, no unit.
        num_steps: T, 2 or more; static.
        dt: time step in s.
        overflow_threshold: size at which a run stops, 2^20 to 2^60; static.

    Returns:
        The results. Regime UNDEFINED and NaN for weights that are not finite or
        |w1| + |w2| > 256; NaN times and rates for `dt` <= 0.

    Raises:
        ValueError: if `num_steps` or `overflow_threshold` is out of range.

    Source: lecture, "Rhythmic RNN".
    """
    if checked_count("num_steps", num_steps) < 2:
        raise ValueError(f"num_steps must be 2 or more, got {num_steps}")
    if not 2.0**20 <= overflow_threshold <= OVERFLOW_THRESHOLD:
        raise ValueError(f"overflow_threshold must be 2^20 to 2^60, got {overflow_threshold:g}")
    w1, w2 = single_or_double(w1), single_or_double(w2)
    dt = jnp.asarray(dt, w1.dtype)
    usable = jnp.abs(w1) + jnp.abs(w2) <= LARGEST_WEIGHTS
    w1, w2 = jnp.where(usable, w1, 0.0), jnp.where(usable, w2, 0.0)
    run = _run(w1, w2, num_steps, overflow_threshold)
    return _read(run, w1, w2, num_steps, dt, usable)


def _run(w1: Array, w2: Array, num_steps: int, threshold: float) -> _Run:
    """Run the node; the loop holds additions, products and comparisons alone."""
    zero = jnp.zeros((), jnp.int32)
    start = _Run(jnp.ones((), w1.dtype), jnp.zeros((), w1.dtype), zero, zero, zero)
    rest = num_steps % _STEPS_AT_ONCE

    def some_steps(run: _Run, first_step: Array) -> tuple[_Run, None]:
        return _advance(run, first_step, _STEPS_AT_ONCE, w1, w2, threshold), None

    firsts = jnp.arange(0, num_steps - rest, _STEPS_AT_ONCE, dtype=jnp.int32)
    run, _ = scan(some_steps, start, firsts)
    last = jnp.int32(num_steps - rest)
    return _advance(run, last, rest, w1, w2, threshold) if rest else run


def _advance(
    run: _Run, first_step: Array, count: int, w1: Array, w2: Array, threshold: float
) -> _Run:
    """Run some steps, unless the node overflowed in those before: then it is frozen.

    Whether it is frozen is asked of the state that comes in: XLA computes every part of the carry
    by itself, and would run the steps once more for each part that asks how they end.
    """
    running = run.steps_below == first_step
    tiny = jnp.maximum(jnp.abs(run.now), jnp.abs(run.before)) < 1 / _RESCALING
    scale = jnp.where(tiny, _RESCALING, 1.0).astype(w1.dtype)
    now, before = run.now * scale, run.before * scale
    changes, below, steps_below = run.sign_changes, running, run.steps_below
    for _ in range(count):
        later = w1 * now + w2 * before
        changes = changes + ((later < 0) != (now < 0))
        below = below & (jnp.abs(later) <= threshold)
        steps_below = steps_below + below
        now, before = later, now
    return _Run(
        now=jnp.where(running, now, run.now),
        before=jnp.where(running, before, run.before),
        sign_changes=jnp.where(running, changes, run.sign_changes),
        steps_below=steps_below,
        rescalings=run.rescalings + (tiny & running),
    )


def _read(
    run: _Run, w1: Array, w2: Array, num_steps: int, dt: Array, usable: Array
) -> SimulatedNode:
    """Compute regime, frequency and growth from the ends of a run."""
    overflowed = run.steps_below < num_steps
    stopped = jnp.minimum((run.steps_below // _STEPS_AT_ONCE + 1) * _STEPS_AT_ONCE, num_steps)
    steps = jnp.where(overflowed, stopped, num_steps)
    first, second = w1, w1 * w1 + w2  # h_1 and h_2
    gone = (first == 0) & (second == 0)
    # The first area is 1, the second h_1^2 - h_2 h_0: below zero, the state alternates.
    rounding = 2 * jnp.finfo(w1.dtype).eps * first * first
    swings = first * first - second < -rounding
    oscillates = ~swings & (run.sign_changes > 0) & (run.sign_changes < steps)
    flickers = swings | (run.sign_changes == steps)
    size = jnp.maximum(jnp.abs(run.now), jnp.abs(run.before))
    scaled = jnp.where(size > 0, size, 1.0)
    state = run.now / scaled, run.before / scaled
    log_size = jnp.log(scaled) - run.rescalings * math.log(_RESCALING)
    of_pair = _rate_from_area(state, log_size, w1, w2, steps)
    rate = jnp.where(oscillates, of_pair, _rate_at_the_end(state, w1, w2))
    rate = jnp.where(gone | (size == 0), -jnp.inf, rate)
    angle = _angle_a_step(state, run.sign_changes, steps, jnp.exp(of_pair))
    code = SecondOrderRegime
    kind = jnp.where(flickers, code.FLICKERS_AND_DISAPPEARS, code.DISAPPEARS)
    kind = jnp.where(oscillates, code.OSCILLATES_AND_DISAPPEARS, kind)
    change = rate * steps
    stage = jnp.where(overflowed | (change >= 1), 2, jnp.where(change <= -1, 0, 1))
    regime = jnp.where(gone, code.GONE, kind + stage)
    valid = usable & (dt > 0)
    return SimulatedNode(
        regime=jnp.where(usable, regime, code.UNDEFINED).astype(jnp.int8),
        frequency=jnp.where(valid & oscillates, angle / (2 * np.pi * dt), np.nan),
        decay_time=jnp.where(valid, jnp.where(rate == 0, jnp.inf, -dt / rate), np.nan),
        growth_rate=jnp.where(valid, rate / dt, np.nan),
        overflow_step=jnp.where(overflowed & usable, run.steps_below + 1, -1),
        steps_run=jnp.where(usable, steps, 0),
        sign_changes=jnp.where(usable, run.sign_changes, 0),
    )


def _rate_from_area(
    state: tuple[Array, Array], log_size: Array, w1: Array, w2: Array, steps: Array
) -> Array:
    """Return ln(r) from the area of two neighbouring states at the end; it was 1 at the start."""
    now, before = state
    area = now * now - (w1 * now + w2 * before) * before
    return (log_size + 0.5 * jnp.log(jnp.where(area > 0, area, 1.0))) / steps


def _rate_at_the_end(state: tuple[Array, Array], w1: Array, w2: Array) -> Array:
    """Return the logarithm of the growth factor of the state per step, from two more steps."""
    now, before = state
    first = w1 * now + w2 * before
    second = w1 * first + w2 * now
    factor = (second * second + first * first) / (now * now + before * before)
    return 0.25 * jnp.log(factor)


def _angle_a_step(state: tuple[Array, Array], changes: Array, steps: Array, radius: Array) -> Array:
    """Return the angle per step, in rad, of a pair that made steps + 1 such turns since h_{-1} = 0.

    With h_t = c r^t sin(x_t) the whole angle x is pi times the changes of sign and a rest with
    tangent h_t sin(a) / (h_t cos(a) - r h_{t-1}), where a is the angle per step: Newton's method
    solves that for a. It starts within a quarter of a turn over all steps.
    """
    now, before = state
    total = (steps + 1).astype(now.dtype)
    sign = jnp.where(now < 0, -1.0, 1.0).astype(now.dtype)
    turned = np.pi * changes.astype(now.dtype)
    angle = (turned + 0.5 * np.pi) / total
    for _ in range(_NEWTON_STEPS):
        sine, cosine = jnp.sin(angle), jnp.cos(angle)
        height, base = jnp.abs(now) * sine, sign * (now * cosine - radius * before)
        rest = upper_angle(base, height)
        slope = (jnp.abs(now) * cosine * base + height * height) / (base * base + height * height)
        angle = angle + (turned + rest - total * angle) / (total - slope)
    return angle


GROWTH_LIMIT = 2.0
"""|ln r| T below which growth may be misclassified: 1 by which a node that stays is defined, and 1
by which the smaller real root, where it is close to the larger, still adds to the growth."""

PHASE_LIMIT = math.pi
"""Phase turned in T + 1 steps, in rad, below which a pair has not changed its sign for the first
time: the node, from its impulse on, does just what one with real roots does. Near the Nyquist
frequency, the phase by which the pair falls behind a change of sign in each step."""

ROUNDING_LIMIT = 8.0
"""|w1^2 + 4 w2| and, for w1 > 0, |w2|, in units of eps w1^2, below which rounding decides whether
roots are complex, and whether the smaller one is negative."""

SMALLEST_RADIUS = 2.0**-7
"""Pole radius below which eight steps may shrink the state by more than a float32 holds."""


class StripDistance(NamedTuple):
    """How far a point is from where simulation and theory may differ.

    Attributes:
        growth: |ln r| T, no unit; infinite for a node that is gone at once.
        phase: phase turned in T + 1 steps in rad, away from 0 Hz or, if that is less, from the
            Nyquist frequency; infinite for real roots, which simulation never takes for a pair.
        rounding: the least of the distances that only the dtype sets, in units of its limit; 1
            and more is outside.
        inside: whether the point lies in the strip.
    """

    growth: Float[Array, "*points"]
    phase: Float[Array, "*points"]
    rounding: Float[Array, "*points"]
    inside: Bool[Array, "*points"]


@checked
def strip_distance(
    w1: Float[Array, "*#points"],
    w2: Float[Array, "*#points"],
    num_steps: int,
    *,
    precision: Any = np.float32,
    overflow_threshold: float = OVERFLOW_THRESHOLD,
) -> StripDistance:
    """Measure the distance of points from the strip in closed form, elementwise.

    T is the number of steps that are run: those asked for or, for an unstable node, those before
    its overflow, of which |ln r| T <= ln(threshold) is known without a run.

    Args:
        w1: weight on the state one step back, no unit; float64 is best, whatever the precision.
        w2: weight on the state two steps back, no unit.
        num_steps: steps asked for, 2 or more.
        precision: dtype of the simulation, float32 or float64.
        overflow_threshold: size at which it stops.

    Returns:
        The distances. Points that cannot be run (weights not finite or too large) count as inside.
    """
    w1, w2 = single_or_double(w1), single_or_double(w2)
    inside = discriminant(jnp, w1, w2)
    radius = pole_radius(w1, w2)
    rate = jnp.log(radius)
    # h_t may be up to t + 1 times r^t, and a run ends earlier by that.
    reach = math.log(overflow_threshold / (num_steps + 1))
    steps = jnp.where(rate > 0, jnp.minimum(num_steps, reach / rate), num_steps)
    growth = jnp.abs(rate) * steps
    pair = inside < 0
    turn = jnp.arctan2(jnp.sqrt(jnp.where(pair, -inside, 1.0)), jnp.abs(w1))
    phase = jnp.where(pair, turn * (steps + 1), jnp.inf)
    unit = ROUNDING_LIMIT * float(np.finfo(precision).eps) * w1 * w1
    unit = jnp.where(unit > 0, unit, jnp.finfo(w1.dtype).tiny)
    smaller_root = jnp.where((w1 > 0) & (w2 != 0), jnp.abs(w2) / unit, jnp.inf)
    rounding = jnp.minimum(jnp.abs(inside) / unit, smaller_root)
    rounding = jnp.minimum(rounding, jnp.where(radius > 0, radius / SMALLEST_RADIUS, jnp.inf))
    told = (growth >= GROWTH_LIMIT) & (phase >= PHASE_LIMIT) & (rounding >= 1)
    told = told & (jnp.abs(w1) + jnp.abs(w2) <= LARGEST_WEIGHTS)
    return StripDistance(growth, phase, rounding, ~told)
