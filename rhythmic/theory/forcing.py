"""The force F in x'' + 2 beta x' + omega^2 x = F: how its samples enter the node.

Also what backward differences do to the oscillator that was asked for.

Source: lecture, "Rhythmic RNN"; what backward differences distort is worked out here.
"""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Real

from rhythmic.arguments import checked
from rhythmic.theory._arrays import RealLike, common_arrays, common_shape, ieee_arithmetic
from rhythmic.theory._damped_motion import held_force_gains
from rhythmic.theory.oscillator import Scheme
from rhythmic.theory.roots import safe_sqrt
from rhythmic.typing import AnyArray


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
    """Give the taps on F in h_t = w1 h_{t-1} + w2 h_{t-2} + lag0 F_t + lag1 F_{t-1} + lag2 F_{t-2}.

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
    """What an underdamped oscillator becomes under backward differences, beside what was asked.

    Attributes:
        pole_radius: of the node, 1 / sqrt(D).
        pole_radius_asked: e^{-beta dt}.
        frequency: at which the node rings, in Hz.
        frequency_asked: at which the oscillator rings, sqrt(omega^2 - beta^2) / (2 pi), in Hz.
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
    """Compare the node that backward differences make with the oscillator that was asked for.

    With D = 1 + 2 beta dt + omega^2 dt^2 and omega_d^2 = omega^2 - beta^2 the roots of the node
    are (1 + beta dt +- i omega_d dt) / D. Their radius is 1 / sqrt(D): the scheme damps by itself,
    even at beta = 0, the more so the faster the oscillator. Their angle
    arctan(omega_d dt / (1 + beta dt)) is smaller than omega_d dt for beta >= 0: the node is slow.

    Args:
        angular_frequency: omega in rad/s.
        damping: beta in 1/s; negative for growth.
        dt: time step in s.

    Returns:
        Radius, frequency and damping, each beside the one that was asked. NaN throughout where
        the oscillator is not underdamped (omega > |beta|) and where `dt` <= 0.

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
