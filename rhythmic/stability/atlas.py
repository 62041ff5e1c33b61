"""The chart of the node h_t = w1 h_{t-1} + w2 h_{t-2}: one point of its plane in closed form.

What a run of the node shows, and where it may differ from this, is in `atlas_simulation`.

Source: lecture, "Rhythmic RNN"; the regimes are worked out here.
"""

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.theory.roots import decay_time, discriminant, is_stable, second_order_regime
from rhythmic.typing import Array, Float, Int

_EDGE = math.tan(math.pi / 8)
_DECAY = math.tan(math.pi / 16)
# Terms after which the rest of the series is below rounding, by bytes of the number.
_NUM_TERMS = {4: 6, 8: 12}


# XLA on a CPU calls a library for every single arc tangent. A series of Chebyshev polynomials runs
# through the vector unit, some ten times as fast and a few units in the last place off.
def upper_angle(x: Float[Array, "*points"], y: Float[Array, "*points"]) -> Float[Array, "*points"]:
    """Return the angle of x + i y for y >= 0, in rad between 0 and pi; NaN at the origin.

    The ratio of the smaller to the larger coordinate is turned by 45 degrees where it exceeds
    a = tan(pi / 8). Then, with |s| <= 1 and q = tan(pi / 16),

        arctan(a s) = 2 (q T_1(s) - q^3 T_3(s) / 3 + q^5 T_5(s) / 5 - ...),

    summed by Clenshaw's recurrence. Each term is a factor q^2 = 0.04 below the one before.

    Args:
        x: real parts, float32 or float64.
        y: imaginary parts, 0 or more, of the same dtype.
    """
    size = jnp.abs(x)
    low, high = jnp.minimum(size, y), jnp.maximum(size, y)
    turned = low > _EDGE * high
    ratio = jnp.where(turned, low - high, low) / jnp.where(turned, low + high, high)
    place = ratio * (1 / _EDGE)
    twice = 4 * place * place - 2  # 2 T_2(s), with which odd polynomials follow each other
    now, before = jnp.zeros_like(place), jnp.zeros_like(place)
    for term in reversed(range(_NUM_TERMS[x.dtype.itemsize])):
        order = 2 * term + 1
        coefficient = 2 * (-1) ** term * _DECAY**order / order
        now, before = (twice * now - before) + coefficient, now
    angle = place * (now - before) + jnp.where(turned, np.pi / 4, 0.0)
    angle = jnp.where(y > size, np.pi / 2 - angle, angle)
    return jnp.where(x < 0, np.pi - angle, angle)


def single_or_double(values: Float[Array, "*points"]) -> Float[Array, "*points"]:
    """Return real numbers in their own precision: integers in JAX's, half precision in single."""
    dtype = jnp.promote_types(jnp.result_type(values, float), jnp.float32)
    return jnp.asarray(values, dtype)  # from the values: JAX's own integers may be too narrow


class NodeChart(NamedTuple):
    """Properties of points (w1, w2) of the atlas, one entry for each.

    Attributes:
        regime: int8 code of `SecondOrderRegime`.
        frequency: damped frequency in Hz; NaN where the roots are real.
        decay_time: time in s in which the envelope falls to 1 / e: infinite where it stays,
            negative where it grows.
        growth_rate: ln(pole radius) / dt in 1/s, negative where the envelope falls.
        amplification: largest gain of a sinusoidal drive over all frequencies, in units of h per
            unit of drive; infinite on the edges of the stability triangle and outside.
    """

    regime: Int[Array, "*points"]
    frequency: Float[Array, "*points"]
    decay_time: Float[Array, "*points"]
    growth_rate: Float[Array, "*points"]
    amplification: Float[Array, "*points"]


@checked
def node_chart(
    w1: Float[Array, "*#points"], w2: Float[Array, "*#points"], dt: Float[Array, "*#points"] | float
) -> NodeChart:
    """Chart points in closed form, elementwise: arrays and ``jax.vmap`` both serve.

    Args:
        w1: weight on the state one step back, no unit. Results have its precision: double for
            float64, else single.
        w2: weight on the state two steps back, no unit.
        dt: time step in s.

    Returns:
        The chart. Frequency, decay and growth are NaN for `dt` <= 0, and everything but the
        regime is NaN where a weight is.

    Source: lecture, "Rhythmic RNN".
    """
    w1, w2 = single_or_double(w1), single_or_double(w2)
    dt = jnp.asarray(dt, w1.dtype)
    time = jnp.asarray(decay_time(w1, w2, dt))
    return NodeChart(
        regime=regime_code(w1, w2),
        frequency=chart_frequency(w1, w2, dt),
        decay_time=time,
        growth_rate=-1 / time,
        amplification=peak_gain(w1, w2),
    )


def regime_code(w1: Float[Array, "*points"], w2: Float[Array, "*points"]) -> Int[Array, "*points"]:
    """Return the codes of `second_order_regime` in one byte each."""
    return jnp.asarray(second_order_regime(w1, w2), jnp.int8)


def chart_frequency(
    w1: Float[Array, "*points"], w2: Float[Array, "*points"], dt: Float[Array, "*points"]
) -> Float[Array, "*points"]:
    """Return `node_frequency` with an arc tangent made for many points (see `upper_angle`).

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.
        dt: time step in s.

    Returns:
        Frequency in Hz, between 0 and 1 / (2 dt), within four units in the last place of
        `node_frequency`. NaN where the roots are real and where `dt` <= 0.

    Source: lecture, "Rhythmic RNN".
    """
    inside = discriminant(jnp, w1, w2)
    valid = (inside < 0) & (dt > 0)
    angle = upper_angle(w1, jnp.sqrt(jnp.where(valid, -inside, 1.0)))
    return jnp.where(valid, angle / (2 * np.pi * jnp.where(valid, dt, 1.0)), np.nan)


def peak_gain(w1: Float[Array, "*points"], w2: Float[Array, "*points"]) -> Float[Array, "*points"]:
    """Return the largest modulus of the frequency response over all frequencies.

    With theta = 2 pi f dt the response is H = 1 / (1 - w1 e^{-i theta} - w2 e^{-2 i theta}), and
    1 / |H|^2 is quadratic in cos(theta). Its least value is at

        cos(theta) = w1 (w2 - 1) / (4 w2), where |H| = 2 sqrt(-w2) / ((1 + w2) sqrt(-w1^2 - 4 w2)),

    if w2 < 0 and that cosine lies between -1 and 1: a resonance. Elsewhere it is at 0 Hz (w1 > 0)
    or at the Nyquist frequency (w1 < 0), where |H| = 1 / (1 - |w1| - w2).

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.

    Returns:
        The gain in units of h per unit of drive: 1 at the origin, infinite on the edges of the
        stability triangle and outside, where the response to a drive is unbounded. NaN where a
        weight is.

    Source: lecture, "Rhythmic RNN"; the maximum follows from `frequency_response`.
    """
    stable = is_stable(w1, w2)
    size = jnp.abs(w1)
    resonant = stable & (size * (1 - w2) < -4 * w2)
    inside = discriminant(jnp, w1, w2)
    # A resonance has complex roots: the square roots are taken where they are defined.
    quotient = jnp.where(resonant, w2, -1.0) / jnp.where(resonant, inside, -1.0)
    peak = 2 * jnp.sqrt(quotient) / jnp.where(resonant, 1 + w2, 1.0)
    end = 1 / jnp.where(stable, (1 - size) - w2, 1.0)
    gain = jnp.where(stable, jnp.where(resonant, peak, end), jnp.inf)
    return jnp.where(jnp.isnan(w1) | jnp.isnan(w2), np.nan, gain)
