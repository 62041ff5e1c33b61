"""How the node h_t = w1 h_{t-1} + w2 h_{t-2} + drive_t answers an impulse, a sine and noise."""

from typing import Any

import jax
import numpy as np
from jaxtyping import Complex, Float, Real

from rhythmic.arguments import checked
from rhythmic.theory._arrays import (
    RealLike,
    checked_count,
    common_arrays,
    ieee_arithmetic,
)
from rhythmic.theory.roots import is_stable
from rhythmic.theory.second_order import root_powers
from rhythmic.typing import AnyArray


@checked
@ieee_arithmetic
def impulse_response(
    w1: Real[RealLike, "*#nodes"], w2: Real[RealLike, "*#nodes"], num_steps: int
) -> Float[AnyArray, "time *nodes"]:
    """Give the answer of a node at rest to drive_0 = 1: g_0 = 1, g_1 = w1, g_2 = w1^2 + w2, ...

    For complex roots r e^{+-i theta} it is g_t = r^t sin((t + 1) theta) / sin(theta), for a
    repeated root r it is g_t = (t + 1) r^t. It is computed as in `second_order_closed_form`.

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.
        num_steps: last time, 0 or more; static.

    Returns:
        g_0 ... g_num_steps, time first, in units of h per unit of drive.

    Raises:
        ValueError: if shapes do not broadcast or `num_steps` is negative.

    Source: lecture, "Rhythmic RNN".
    """
    xp, w1, w2 = common_arrays(w1=w1, w2=w2)
    times = np.arange(1, checked_count("num_steps", num_steps) + 2)
    return root_powers(xp, w1, w2, times)[1]


@checked
@ieee_arithmetic
def frequency_response(
    w1: Real[RealLike, "*#nodes"],
    w2: Real[RealLike, "*#nodes"],
    frequency: Real[RealLike, "*#nodes"],
    dt: Real[RealLike, "*#nodes"],
) -> Complex[AnyArray, "*nodes"]:
    """Give H(f) = 1 / (1 - w1 e^{-i theta} - w2 e^{-2 i theta}), theta = 2 pi f dt.

    A drive e^{i theta t} ends in h_t = H e^{i theta t}. The modulus is the gain and the angle the
    lead of h over the drive. Only a stable node forgets its start; outside the stability triangle
    H is the formula and no limit.

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.
        frequency: f in Hz. H has period 1 / dt in f and H(-f) is its conjugate.
        dt: time step in s.

    Returns:
        H, complex, in units of h per unit of drive. All arguments broadcast elementwise: give
        the frequencies an axis of their own. NaN at a root on the unit circle and for `dt` <= 0.

    Source: lecture, "Rhythmic RNN".
    """
    xp, w1, w2, frequency, dt = common_arrays(w1=w1, w2=w2, frequency=frequency, dt=dt)
    angle = 2 * np.pi * (frequency * dt)
    real, imaginary = _rotated_polynomial(xp, w1, w2, angle)
    power = real * real + imaginary * imaginary
    valid = (power > 0) & (dt > 0)
    gain = xp.where(valid, 1 / xp.where(valid, power, 1.0), np.nan)
    cosine, sine = xp.cos(angle), xp.sin(angle)
    in_phase = gain * (real * cosine + imaginary * sine)
    quadrature = gain * (real * sine - imaginary * cosine)
    if xp is np:
        return in_phase + 1j * quadrature
    return jax.lax.complex(in_phase, quadrature)


@checked
@ieee_arithmetic
def stationary_variance(
    w1: Real[RealLike, "*#nodes"],
    w2: Real[RealLike, "*#nodes"],
    noise_std: Real[RealLike, "*#nodes"],
) -> Float[AnyArray, "*nodes"]:
    """Give the variance of a node driven by white noise for ever.

        noise_std^2 (1 - w2) / ((1 + w2) (1 - w2 - w1) (1 - w2 + w1))

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.
        noise_std: standard deviation of the drive in one step, in units of h.

    Returns:
        Variance in units of h squared. NaN where the node is not stable or `noise_std` < 0.

    Source: textbook definition (the variance of an autoregressive process of order two, after
    Yule and Walker).
    """
    xp, w1, w2, noise_std = common_arrays(w1=w1, w2=w2, noise_std=noise_std)
    valid = is_stable(w1, w2) & (noise_std >= 0)
    # The order of subtraction keeps the digits of a node close to an edge of the triangle.
    edges = (1 + w2) * ((1 - w1) - w2) * ((1 + w1) - w2)
    variance = noise_std**2 * (1 - w2) / xp.where(valid, edges, 1.0)
    return xp.where(valid, variance, np.nan)


def _rotated_polynomial(xp: Any, w1: Any, w2: Any, angle: Any) -> tuple[Any, Any]:
    """Give 1 / H turned by the angle: ((1 - w2) cos(angle) - w1, (1 + w2) sin(angle)).

    Near a resonance both terms nearly vanish. Towards 0 Hz and the Nyquist frequency the first is
    therefore summed from small numbers, with cos(angle) = 1 - 2 sin^2(angle / 2).
    """
    cosine = xp.cos(angle)
    near_zero = ((1 - w1) - w2) - 2 * (1 - w2) * xp.sin(0.5 * angle) ** 2
    near_nyquist = 2 * (1 - w2) * xp.cos(0.5 * angle) ** 2 - ((1 + w1) - w2)
    real = xp.where(cosine < -0.5, near_nyquist, (1 - w2) * cosine - w1)
    return xp.where(cosine > 0.5, near_zero, real), (1 + w2) * xp.sin(angle)
