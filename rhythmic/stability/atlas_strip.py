"""Where a simulated atlas may differ from theory: a strip along the edges between regimes.

A run of T steps cannot tell a root at distance 1 / T of the unit circle from one on it, nor a pair
that has not yet turned half a turn from two real roots. Outside the strip, simulation and theory
agree on the regime of every point; inside it they may differ.

Source: lecture, "Rhythmic RNN"; the limits are worked out here.
"""

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.stability.atlas import single_or_double
from rhythmic.stability.atlas_simulation import LARGEST_WEIGHTS, OVERFLOW_THRESHOLD
from rhythmic.theory.roots import discriminant, pole_radius
from rhythmic.typing import Array, Bool, Float

GROWTH_LIMIT = 2.0
"""|ln r| T below which the size may be told wrongly: 1 by which a node that stays is defined, and
1 by which the smaller real root, where it is close to the larger, still adds to the growth."""

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
