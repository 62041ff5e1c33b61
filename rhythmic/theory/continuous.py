"""The oscillator x'' + 2 beta x' + omega^2 x = F itself, in continuous time.

What the node of `oscillator` and `forcing` stands beside: its free motion, its answer to a
sinusoidal force, its resonance, and the answer of the sampled node to the samples of such a force.

Source: lecture, "Rhythmic RNN"; its solution is textbook.
"""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Complex, Float, Real

from rhythmic.arguments import checked
from rhythmic.theory._arrays import RealLike, common_arrays, common_shape, ieee_arithmetic
from rhythmic.theory._damped_motion import damped_motion
from rhythmic.theory.forcing import forcing_weights
from rhythmic.theory.oscillator import Scheme, weights_from_oscillator
from rhythmic.theory.response import frequency_response
from rhythmic.typing import AnyArray


class OscillatorMotion(NamedTuple):
    """Position, in units of x, and velocity, in units of x per s; time first."""

    position: Float[AnyArray, "time *nodes"]
    velocity: Float[AnyArray, "time *nodes"]


class Resonance(NamedTuple):
    """Where and how strongly an oscillator answers.

    Attributes:
        frequency: of the largest gain, sqrt(omega^2 - 2 beta^2) / (2 pi), in Hz; 0 where the
            damping is too strong for a peak.
        gain: |x| over |F| at that frequency, in s^2.
        quality: omega / (2 beta), no unit.
    """

    frequency: Float[AnyArray, "*nodes"]
    gain: Float[AnyArray, "*nodes"]
    quality: Float[AnyArray, "*nodes"]


@checked
@ieee_arithmetic
def oscillator_motion(
    angular_frequency: Real[RealLike, "*#nodes"],
    damping: Real[RealLike, "*#nodes"],
    times: Real[RealLike, " time"],
    position: Real[RealLike, "*#nodes"] = 1.0,
    velocity: Real[RealLike, "*#nodes"] = 0.0,
) -> OscillatorMotion:
    """Give the free motion from position x_0 and velocity v_0 at time 0.

    With omega_d^2 = omega^2 - beta^2, C = e^{-beta t} cos(omega_d t) and
    S = e^{-beta t} sin(omega_d t) / omega_d (hyperbolic when overdamped),

        x = x_0 (C + beta S) + v_0 S,  v = v_0 (C - beta S) - x_0 omega^2 S.

    Args:
        angular_frequency: omega >= 0 in rad/s.
        damping: beta in 1/s; negative for growth.
        times: t >= 0 in s, one axis.
        position: x_0.
        velocity: v_0, in units of x per s.

    Returns:
        Position and velocity, time first. NaN where omega < 0 and at negative times.

    Raises:
        ValueError: if `times` has not one axis or shapes do not broadcast.

    Source: lecture, "Rhythmic RNN" (the equation); its solution is textbook.
    """
    if np.ndim(times) != 1:
        raise ValueError(f"times must have one axis, got shape {np.shape(times)}")
    nodes = {"angular_frequency": angular_frequency, "damping": damping}
    shape = common_shape(**nodes, position=position, velocity=velocity)
    xp, omega, beta, x0, v0, t = common_arrays(
        **nodes,
        position=position,
        velocity=velocity,
        times=_along_time(times, len(shape)),
    )
    valid = (omega >= 0) & (t >= 0)
    decay, angle = beta * t, omega * t
    cosine, sine = damped_motion(xp, decay, angle)
    x = x0 * (cosine + decay * sine) + v0 * t * sine
    v = v0 * (cosine - decay * sine) - x0 * omega * angle * sine
    return OscillatorMotion(xp.where(valid, x, np.nan), xp.where(valid, v, np.nan))


@checked
@ieee_arithmetic
def oscillator_response(
    angular_frequency: Real[RealLike, "*#nodes"],
    damping: Real[RealLike, "*#nodes"],
    frequency: Real[RealLike, "*#nodes"],
) -> Complex[AnyArray, "*nodes"]:
    """Give H(f) = 1 / (omega^2 - w^2 + 2 i beta w) with w = 2 pi f.

    A force e^{i w t} ends in x = H e^{i w t}. Only a damped oscillator forgets its start; for
    beta <= 0 H is the formula and no limit.

    Args:
        angular_frequency: omega >= 0 in rad/s.
        damping: beta in 1/s.
        frequency: f of the force in Hz; any sign.

    Returns:
        H, complex, in s^2. All arguments broadcast elementwise. NaN where omega < 0 and at the
        pole of an undamped oscillator.

    Raises:
        ValueError: if shapes do not broadcast.

    Source: lecture, "Rhythmic RNN" (the forcing that it sets aside).
    """
    xp, omega, beta, f = common_arrays(
        angular_frequency=angular_frequency, damping=damping, frequency=frequency
    )
    w = 2 * np.pi * f
    real, imaginary = (omega - w) * (omega + w), 2 * beta * w
    power = real * real + imaginary * imaginary
    gain = xp.where((omega >= 0) & (power > 0), 1 / xp.where(power > 0, power, 1.0), np.nan)
    return gain * (real - 1j * imaginary)


@checked
@ieee_arithmetic
def oscillator_resonance(
    angular_frequency: Real[RealLike, "*#nodes"], damping: Real[RealLike, "*#nodes"]
) -> Resonance:
    """Give frequency, gain and quality of the resonance.

    |H| is largest at w^2 = omega^2 - 2 beta^2, where it is 1 / (2 beta sqrt(omega^2 - beta^2)); for
    2 beta^2 >= omega^2 it is largest at 0, where it is 1 / omega^2.

    Args:
        angular_frequency: omega > 0 in rad/s.
        damping: beta > 0 in 1/s.

    Returns:
        NaN where omega or beta is not positive.

    Raises:
        ValueError: if shapes do not broadcast.

    Source: lecture, "Rhythmic RNN" (the equation); its resonance is textbook.
    """
    xp, omega, beta = common_arrays(angular_frequency=angular_frequency, damping=damping)
    valid = (omega > 0) & (beta > 0)
    ratio = xp.where(valid, beta / xp.where(valid, omega, 1.0), 0.1)
    # In the ratio of damping to omega nothing overflows; the branch not taken stays finite.
    peaks = 2 * ratio * ratio < 1
    inside = xp.where(peaks, ratio, 0.1)
    frequency = xp.where(peaks, omega / (2 * np.pi) * xp.sqrt(1 - 2 * inside * inside), 0.0)
    relative = xp.where(peaks, 0.5 / (inside * xp.sqrt((1 - inside) * (1 + inside))), 1.0)
    values = frequency, relative / xp.where(valid, omega * omega, 1.0), 0.5 / ratio
    return Resonance(*(xp.where(valid, value, np.nan) for value in values))


@checked
@ieee_arithmetic
def sampled_oscillator_response(
    angular_frequency: Real[RealLike, "*#nodes"],
    damping: Real[RealLike, "*#nodes"],
    frequency: Real[RealLike, "*#nodes"],
    dt: Real[RealLike, "*#nodes"],
    scheme: Scheme = "backward_difference",
) -> Complex[AnyArray, "*nodes"]:
    """Give the answer of the node to the samples of a force e^{i w t}.

        (lag0 + lag1 e^{-i theta} + lag2 e^{-2 i theta}) / (1 - w1 e^{-i theta} - w2 e^{-2 i theta})

    with theta = w dt = 2 pi f dt, and weights and taps of the same scheme. As dt -> 0 it becomes
    `oscillator_response`: both schemes deviate in proportion to dt, backward differences by their
    own damping, the exact map by the half step that a held force lags.

    Args:
        angular_frequency: omega >= 0 in rad/s.
        damping: beta in 1/s.
        frequency: f of the force in Hz; the response has period 1 / dt.
        dt: time step in s.
        scheme: how to discretise.

    Returns:
        Complex, in s^2. All arguments broadcast elementwise. NaN where weights or taps are, and
        at a root on the unit circle.

    Raises:
        ValueError: for an unknown scheme or shapes that do not broadcast.

    Source: lecture, "Rhythmic RNN" (the forcing that it sets aside).
    """
    xp, omega, beta, f, step = common_arrays(
        angular_frequency=angular_frequency, damping=damping, frequency=frequency, dt=dt
    )
    taps = forcing_weights(omega, beta, step, scheme)
    back = xp.exp(-2j * np.pi * (f * step))
    numerator = taps.lag0 + back * (taps.lag1 + back * taps.lag2)
    w1, w2 = weights_from_oscillator(omega, beta, step, scheme)
    return numerator * frequency_response(w1, w2, f, step)


def _along_time(times: RealLike, num_axes: int) -> AnyArray:
    """Give times an axis of length one for each axis of the nodes."""
    array = times if isinstance(times, jax.Array) else np.asarray(times)
    return array.reshape(-1, *(1,) * num_axes)
