"""The node as a damped harmonic oscillator: x'' + 2 beta x' + omega^2 x = F and its weights.

Two schemes turn the oscillator into h_t = w1 h_{t-1} + w2 h_{t-2}: the lecture's backward
differences and the exact map, whose node passes through the oscillator's own samples.

How samples of the force F enter the node, and how backward differences distort the intended
oscillator, is here as well.

Source: lecture, "Rhythmic RNN"; what backward differences distort is worked out here.
"""

from typing import Any, Literal, NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Real

from rhythmic.arguments import checked
from rhythmic.theory._arrays import RealLike, common_arrays, common_shape, ieee_arithmetic
from rhythmic.theory._damped_motion import damped_motion, held_force_gains
from rhythmic.theory.precision import lowest_computed_cycles
from rhythmic.theory.roots import discriminant, node_frequency, pole_radius, safe_sqrt
from rhythmic.typing import AnyArray

Scheme = Literal["backward_difference", "exact"]
"""How an oscillator becomes weights: the lecture's backward differences, or exactly."""


class NodeWeights(NamedTuple):
    """Weights of h_t = w1 h_{t-1} + w2 h_{t-2}, no unit."""

    w1: Float[AnyArray, "*nodes"]
    w2: Float[AnyArray, "*nodes"]


class OscillatorParameters(NamedTuple):
    """Natural angular frequency omega in rad/s and damping beta in 1/s."""

    angular_frequency: Float[AnyArray, "*nodes"]
    damping: Float[AnyArray, "*nodes"]


class NodePoles(NamedTuple):
    """Frequency in Hz and pole radius (no unit) of a complex pair of roots."""

    frequency: Float[AnyArray, "*nodes"]
    pole_radius: Float[AnyArray, "*nodes"]


@checked
@ieee_arithmetic
def weights_from_oscillator(
    angular_frequency: Real[RealLike, "*#nodes"],
    damping: Real[RealLike, "*#nodes"],
    dt: Real[RealLike, "*#nodes"],
    scheme: Scheme = "backward_difference",
) -> NodeWeights:
    """Turn an oscillator into the weights of a node.

    "backward_difference": with D = 1 + 2 beta dt + omega^2 dt^2,

        w1 = 2 (1 + beta dt) / D,  w2 = -1 / D.

    "exact": with omega_d^2 = omega^2 - beta^2,

        w1 = 2 e^{-beta dt} cos(omega_d dt),  w2 = -e^{-2 beta dt},

    a hyperbolic cosine when overdamped. Above the Nyquist frequency (omega_d dt > pi) the node
    still passes through the samples, but oscillates at an alias.

    Args:
        angular_frequency: omega >= 0 in rad/s.
        damping: beta in 1/s; negative for growth.
        dt: time step in s.
        scheme: how to discretise.

    Returns:
        The weights. NaN where omega < 0, where `dt` <= 0 and, for backward differences, where
        D = 0. JAX arrays are computed in their own precision: NaN where that loses the rhythm of
        an underdamped node, as in `weights_from_poles`; of an overdamped one it may lose the
        slower decay. Numbers and NumPy arrays are computed in float64.

    Raises:
        ValueError: for an unknown scheme or shapes that do not broadcast.

    Source: lecture, "Rhythmic RNN" (backward differences); the exact map is textbook.
    """
    xp, omega, beta, dt = common_arrays(angular_frequency=angular_frequency, damping=damping, dt=dt)
    decay, angle = beta * dt, omega * dt
    valid = (omega >= 0) & (dt > 0)
    if scheme == "exact":
        w1, w2 = 2 * damped_motion(xp, decay, angle)[0], -xp.exp(-2 * decay)
    else:
        denominator = 1 + 2 * decay + angle * angle
        valid = valid & (denominator != 0)
        denominator = xp.where(valid, denominator, 1.0)
        w1, w2 = 2 * (1 + decay) / denominator, -1 / denominator
    if xp is not np:
        # Of the damped motion: its angle, or the tangent of it, in radians per step.
        scale = 1.0 if scheme == "exact" else xp.abs(1 + decay)
        turn = safe_sqrt(xp, angle * angle - decay * decay)
        lowest = 2 * np.pi * lowest_computed_cycles(turn.dtype)
        valid = valid & ((turn == 0) | (turn >= lowest * scale))
    return NodeWeights(xp.where(valid, w1, np.nan), xp.where(valid, w2, np.nan))


@checked
@ieee_arithmetic
def oscillator_from_weights(
    w1: Real[RealLike, "*#nodes"],
    w2: Real[RealLike, "*#nodes"],
    dt: Real[RealLike, "*#nodes"],
    scheme: Scheme = "backward_difference",
) -> OscillatorParameters:
    """Turn the weights of a node into the oscillator that the scheme maps to them.

    "backward_difference":

        omega = sqrt((w1 + w2 - 1) / (w2 dt^2)),  beta = -(w1 + 2 w2) / (2 w2 dt).

    "exact": beta = -ln(-w2) / (2 dt). Complex roots of angle theta in (0, pi) give
    omega = sqrt((theta / dt)^2 + beta^2), the branch below the Nyquist frequency. Two positive
    roots z give omega^2 = ln(z_1) ln(z_2) / dt^2.

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.
        dt: time step in s.
        scheme: how the weights were made.

    Returns:
        omega >= 0 in rad/s and beta in 1/s, which may be negative. Both are NaN where `dt` <= 0,
        where omega^2 would be negative, for backward differences where w2 = 0, and for the
        exact scheme where w2 >= 0 or a real root is negative. For omega = 0 the rounding of the
        weights decides between a tiny omega and NaN.

    Raises:
        ValueError: for an unknown scheme or shapes that do not broadcast.

    Source: lecture, "Rhythmic RNN", solved for omega and beta.
    """
    xp, w1, w2, dt = common_arrays(w1=w1, w2=w2, dt=dt)
    dt = xp.where(dt > 0, dt, np.nan)
    if scheme == "exact":
        angle_squared, decay = _exact_inverse(xp, w1, w2)
    else:
        safe = xp.where(w2 == 0, np.nan, w2)
        # For w2 near -1 and w1 near 2 this order of subtraction has no rounding error.
        angle_squared, decay = -((1 - w1) - w2) / safe, -(w1 + 2 * w2) / (2 * safe)
    valid = angle_squared >= 0
    omega, beta = safe_sqrt(xp, angle_squared) / dt, decay / dt
    return OscillatorParameters(xp.where(valid, omega, np.nan), xp.where(valid, beta, np.nan))


def _exact_inverse(xp: Any, w1: Any, w2: Any) -> tuple[Any, Any]:
    """Give (omega dt)^2 and beta dt of the exact map; NaN where no oscillator has the weights."""
    inside = discriminant(xp, w1, w2)
    pair = inside < 0
    valid = (w2 < 0) & (pair | (w1 > 0))
    decay = -0.5 * xp.log(xp.where(valid, -w2, 1.0))
    angle = xp.arctan2(xp.sqrt(xp.where(pair, -inside, 1.0)), w1)
    larger = xp.where(valid & ~pair, 0.5 * (w1 + safe_sqrt(xp, inside)), 1.0)
    slow = -xp.log(larger)
    of_real_roots = slow * (2 * decay - slow)
    angle_squared = xp.where(pair, angle * angle + decay * decay, of_real_roots)
    return xp.where(valid, angle_squared, np.nan), decay


@checked
@ieee_arithmetic
def weights_from_poles(
    frequency: Real[RealLike, "*#nodes"],
    pole_radius: Real[RealLike, "*#nodes"],
    dt: Real[RealLike, "*#nodes"],
) -> NodeWeights:
    """Put the two roots of the node at r e^{+-2 pi i f dt}: w1 = 2 r cos(2 pi f dt), w2 = -r^2.

    Args:
        frequency: f in Hz, from 0 to the Nyquist frequency 1 / (2 dt).
        pole_radius: r >= 0, no unit; above 1 the node grows.
        dt: time step in s.

    Returns:
        The weights. NaN for a frequency outside [0, 1 / (2 dt)], r < 0 or `dt` <= 0. (Networks
        ask for f < 1 / (4 dt), so that w1 > 0; that limit is checked by `validate_ladder`.) JAX
        arrays are computed in their own precision: NaN where that loses the rhythm, at
        frequencies above 0 and below `lowest_computed_cycles(dtype) / dt`, 0.95 Hz in float32 at
        1000 steps per second. Numbers and NumPy arrays are computed in float64.

    Source: lecture, "Rhythmic RNN in practice" (M. A. Kramer, arXiv:2506.17083).
    """
    xp, f, r, dt = common_arrays(frequency=frequency, pole_radius=pole_radius, dt=dt)
    cycles = f * dt
    valid = (cycles >= 0) & (cycles <= 0.5) & (r >= 0) & (dt > 0)
    if xp is not np:
        valid = valid & ((cycles == 0) | (cycles >= lowest_computed_cycles(cycles.dtype)))
    w1, w2 = 2 * r * xp.cos(2 * np.pi * cycles), -r * r
    return NodeWeights(xp.where(valid, w1, np.nan), xp.where(valid, w2, np.nan))


@checked
@ieee_arithmetic
def poles_from_weights(
    w1: Real[RealLike, "*#nodes"], w2: Real[RealLike, "*#nodes"], dt: Real[RealLike, "*#nodes"]
) -> NodePoles:
    """Return frequency and radius of a complex pair of roots; inverse of `weights_from_poles`.

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.
        dt: time step in s.

    Returns:
        Frequency in Hz and pole radius; both NaN where the roots are real or `dt` <= 0.

    Source: lecture, "Rhythmic RNN in practice".
    """
    xp, w1, w2, dt = common_arrays(w1=w1, w2=w2, dt=dt)
    frequency = node_frequency(w1, w2, dt)
    return NodePoles(frequency, xp.where(xp.isnan(frequency), np.nan, pole_radius(w1, w2)))


class ForcingTaps(NamedTuple):
    """Weights, in s^2, of the force samples: drive_t = sum over j of lag_j F_{t-j}.

    Attributes:
        lag0: weight of the present sample F_t.
        lag1: weight of F_{t-1}.
        lag2: weight of F_{t-2}.
    """

    lag0: Float[AnyArray, "*nodes"]
    lag1: Float[AnyArray, "*nodes"]
    lag2: Float[AnyArray, "*nodes"]


@checked
@ieee_arithmetic
def forcing_weights(
    angular_frequency: Real[RealLike, "*#nodes"],
    damping: Real[RealLike, "*#nodes"],
    dt: Real[RealLike, "*#nodes"],
    scheme: Scheme = "backward_difference",
) -> ForcingTaps:
    """Return the taps of h_t = w1 h_{t-1} + w2 h_{t-2} + lag0 F_t + lag1 F_{t-1} + lag2 F_{t-2}.

    "backward_difference": the equation is taken at time t, so the present force acts at once:
    lag0 = dt^2 / D with D = 1 + 2 beta dt + omega^2 dt^2, and the other two are 0.

    "exact": zero-order hold. F_k is held from t_k = k dt up to t_{k+1}; h_t is the position at
    t_t = t dt. A force that starts at t_k moves nothing at t_k itself, so lag0 = 0 and F_{t-1}
    and F_{t-2} act. With (x, v) -> Phi (x, v) + Gamma F the exact step over dt,
    lag1 = Gamma_1 and lag2 = Phi_12 Gamma_2 - Phi_22 Gamma_1. They stay accurate as
    omega -> 0 and beta -> 0, where both become dt^2 / 2. Exact for a force that is held; a smooth
    force, sampled and held, acts half a step late (dt / 2).

    Args:
        angular_frequency: omega >= 0 in rad/s.
        damping: beta in 1/s; negative for growth.
        dt: time step in s.
        scheme: how to discretise; the same as for the weights.

    Returns:
        The taps in s^2. NaN where omega < 0, where `dt` <= 0 and, for backward differences, where
        D = 0.

    Raises:
        ValueError: for an unknown scheme or shapes that do not broadcast.

    Source: lecture, "Rhythmic RNN" (the forcing that it sets aside).
    """
    xp, omega, beta, dt = common_arrays(angular_frequency=angular_frequency, damping=damping, dt=dt)
    decay, angle = beta * dt, omega * dt
    valid = (omega >= 0) & (dt > 0)
    zero = xp.zeros_like(dt)
    if scheme == "exact":
        gains = (zero, *held_force_gains(xp, decay, angle))
    else:
        denominator = 1 + 2 * decay + angle * angle
        valid = valid & (denominator != 0)
        gains = (1 / xp.where(valid, denominator, 1.0), zero, zero)
    return ForcingTaps(*(xp.where(valid, dt * dt * gain, np.nan) for gain in gains))


@checked
def forced_drive(
    taps: ForcingTaps, forcing: Real[RealLike, "time *#nodes"]
) -> Float[AnyArray, "time *nodes"]:
    """Turn samples of the force into the drive of `second_order_trajectory`.

        drive_t = lag0 F_t + lag1 F_{t-1} + lag2 F_{t-2},  with F = 0 before time 0.

    An oscillator at rest at time 0 follows with h_0 = drive[0] and h_1 = w1 h_0 + drive[1]. From
    any other start h_1 must already hold what F_0 has done, as the trajectory takes it as given.

    Args:
        taps: from `forcing_weights`; broadcast against one row of `forcing`.
        forcing: F_0, F_1, ..., time first, in units of h per s^2.

    Returns:
        drive_0, drive_1, ..., as many rows as `forcing`, in units of h.

    Raises:
        ValueError: if `forcing` has no time axis or no row, or if shapes do not broadcast.
    """
    force = forcing if isinstance(forcing, jax.Array) else np.asarray(forcing)
    if force.ndim == 0 or len(force) == 0:
        raise ValueError(f"forcing must have one row per time or more, got shape {force.shape}")
    shape = common_shape(lag0=taps.lag0, lag1=taps.lag1, lag2=taps.lag2, forcing_row=force[0])
    force = force.reshape(len(force), *(1,) * (len(shape) + 1 - force.ndim), *force.shape[1:])
    xp, lag0, lag1, lag2, force = common_arrays(**taps._asdict(), forcing=force)
    padded = xp.concatenate([xp.zeros((2, *force.shape[1:]), force.dtype), force])
    return lag0 * padded[2:] + lag1 * padded[1:-1] + lag2 * padded[:-2]


class BackwardDifferenceDistortion(NamedTuple):
    """An underdamped oscillator under backward differences, beside the intended one.

    Attributes:
        pole_radius: of the node, 1 / sqrt(D).
        pole_radius_asked: e^{-beta dt}.
        frequency: damped frequency of the node, in Hz.
        frequency_asked: damped frequency of the oscillator, sqrt(omega^2 - beta^2) / (2 pi), in Hz.
        damping: that the roots of the node have, ln(D) / (2 dt), in 1/s.
        damping_asked: beta in 1/s.
    """

    pole_radius: Float[AnyArray, "*nodes"]
    pole_radius_asked: Float[AnyArray, "*nodes"]
    frequency: Float[AnyArray, "*nodes"]
    frequency_asked: Float[AnyArray, "*nodes"]
    damping: Float[AnyArray, "*nodes"]
    damping_asked: Float[AnyArray, "*nodes"]


@checked
@ieee_arithmetic
def backward_difference_distortion(
    angular_frequency: Real[RealLike, "*#nodes"],
    damping: Real[RealLike, "*#nodes"],
    dt: Real[RealLike, "*#nodes"],
) -> BackwardDifferenceDistortion:
    """Compare the node of backward differences with the intended oscillator.

    With D = 1 + 2 beta dt + omega^2 dt^2 and omega_d^2 = omega^2 - beta^2 the roots of the node are
    (1 + beta dt +- i omega_d dt) / D. Their radius is 1 / sqrt(D): the scheme adds numerical
    damping, even at beta = 0, the more so the faster the oscillator. Their angle
    arctan(omega_d dt / (1 + beta dt)) is smaller than omega_d dt for beta >= 0: the node is too
    slow.

    Args:
        angular_frequency: omega in rad/s.
        damping: beta in 1/s; negative for growth.
        dt: time step in s.

    Returns:
        Radius, frequency and damping, each beside the intended one. NaN throughout where the
        oscillator is not underdamped (omega > |beta|) and where `dt` <= 0.

    Raises:
        ValueError: if shapes do not broadcast.

    Source: lecture, "Rhythmic RNN" (the scheme; its roots are worked out here).
    """
    xp, omega, beta, dt = common_arrays(angular_frequency=angular_frequency, damping=damping, dt=dt)
    valid = (omega > xp.abs(beta)) & (dt > 0)
    dt = xp.where(valid, dt, 1.0)
    decay = beta * dt
    omega_d = safe_sqrt(xp, (omega - beta) * (omega + beta))
    log_denominator = xp.log1p(xp.where(valid, 2 * decay + (omega * dt) ** 2, 0.0))
    angle = xp.arctan2(omega_d * dt, 1 + decay)
    values = (
        xp.exp(-0.5 * log_denominator),
        xp.exp(-decay),
        angle / (2 * np.pi * dt),
        omega_d / (2 * np.pi),
        log_denominator / (2 * dt),
        beta,
    )
    return BackwardDifferenceDistortion(*(xp.where(valid, value, np.nan) for value in values))
