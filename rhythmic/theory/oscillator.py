"""The node as a damped harmonic oscillator: x'' + 2 beta x' + omega^2 x = F and its weights.

Two schemes turn the oscillator into h_t = w1 h_{t-1} + w2 h_{t-2}: the lecture's backward
differences and the exact map, whose node passes through the oscillator's own samples.

Source: lecture, "Rhythmic RNN".
"""

from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Real

from rhythmic.arguments import checked
from rhythmic.theory._arrays import RealLike, common_arrays, ieee_arithmetic
from rhythmic.theory._damped_motion import damped_motion
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
    still passes through the samples, but rings at an alias.

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
        # Of the damped motion: its angle, or the tangent of it, in radians a step.
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
        1000 steps a second. Numbers and NumPy arrays are computed in float64.

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
    """Give frequency and radius of a complex pair of roots; inverse of `weights_from_poles`.

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
