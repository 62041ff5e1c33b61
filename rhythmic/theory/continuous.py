"""The oscillator x'' + 2 beta x' + omega^2 x = F itself, in continuous time.

The reference for the node of `oscillator`: free motion, response to a sinusoidal force, resonance,
and the response of the sampled node to the samples of such a force; and the same by a general ODE
solver, independent of nodes and roots.

Source: lecture, "Rhythmic RNN"; its solution is textbook.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import numpy as np
import scipy
from jaxtyping import Complex, Float, Real

from rhythmic.arguments import checked
from rhythmic.checks import is_real, shown
from rhythmic.theory._arrays import RealLike, common_arrays, common_shape, ieee_arithmetic
from rhythmic.theory._damped_motion import damped_motion
from rhythmic.theory.oscillator import Scheme, forcing_weights, weights_from_oscillator
from rhythmic.theory.second_order import frequency_response
from rhythmic.typing import AnyArray

Force = Callable[[float], float]

_MOST_RADIANS = 1e6
_MOST_EVALUATIONS = 150_000  # of the equation: some seconds, 2,500 radians


@checked(finite=True)
def solved_oscillator(
    angular_frequency: float,
    damping: float,
    times: Float[np.ndarray, " time"],
    *,
    force: Force | None = None,
    jumps: Sequence[float] = (),
    position: float = 0.0,
    velocity: float = 0.0,
    tolerance: float = 1e-12,
) -> Float[np.ndarray, " time"]:
    """Integrate x'' + 2 beta x' + omega^2 x = F(t) numerically, in float64.

    Runge-Kutta of order 8 (DOP853) with step control; it starts anew wherever the force jumps, as
    no step may cross a jump unnoticed.

    Args:
        angular_frequency: omega in rad/s.
        damping: beta in 1/s.
        times: where the position is wanted, in s; from 0 on, increasing.
        force: F at a time in s, in units of x per s^2; none by default. Between two jumps it must
            be smooth; the value just after a jump is the one that counts there.
        jumps: times at which the force jumps, in s.
        position: x at time 0.
        velocity: its derivative at time 0, in units of x per s.
        tolerance: relative error allowed in a step; the absolute one is a thousandth of it.

    Returns:
        The positions.

    Raises:
        ValueError: if times are negative or do not increase, `tolerance` is not in (0, 1), the
            force is no finite number, or frequency, damping and force are too fast to be followed
            so far.
        RuntimeError: if the solver gives up.

    Source: lecture, "Rhythmic RNN"; Dormand and Prince's method in SciPy.
    """
    times = _increasing(times)
    radians = (abs(angular_frequency) + abs(damping)) * times[-1]
    if not radians <= _MOST_RADIANS:  # so that squares are finite; evaluations end long before
        raise ValueError(
            f"angular_frequency is {angular_frequency} and damping {damping}; over {times[-1]} s "
            f"they must make at most {_MOST_RADIANS:g} radians together"
        )
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance is {tolerance}; it must lie between 0 and 1")
    equation = f"angular_frequency {angular_frequency:g} and damping {damping:g}"
    pushed = _counted(force, equation, times[-1])
    inside = sorted(jump for jump in jumps if 0 < jump < times[-1])
    edges = [0.0, *inside, float(times[-1])]
    state, positions = np.array([position, velocity], dtype=float), np.empty_like(times)
    for begin, end in itertools.pairwise(edges):
        # Stages of the last step reach the jump itself, where the force must still be the old one.
        last = np.nextafter(end, begin)

        def derivative(time: float, state: np.ndarray, last: float = last) -> list[float]:
            pull = 2 * damping * state[1] + angular_frequency * angular_frequency * state[0]
            return [state[1], pushed(min(time, last)) - pull]

        chosen = (times >= begin) & (times <= end)
        if begin == end:
            positions[chosen] = state[0]
            continue
        solution = scipy.integrate.solve_ivp(
            derivative,
            (begin, end),
            state,
            method="DOP853",
            t_eval=np.union1d(times[chosen], [end]),
            rtol=tolerance,
            atol=tolerance * 1e-3,
        )
        if not solution.success:
            reached = solution.t[-1] if len(solution.t) else begin
            raise RuntimeError(f"the solver stopped at {reached} s: {solution.message}")
        positions[chosen] = solution.y[0][np.isin(solution.t, times[chosen])]
        state = solution.y[:, -1]
    return positions


def _increasing(times: Float[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
    """Return times in float64, or raise a ValueError unless they increase from 0 or later."""
    times = np.asarray(times, dtype=float)
    if not np.all(np.isfinite(times)):
        raise ValueError("times holds NaN or infinity; it must hold finite numbers")
    if not times.size or times[0] < 0 or np.any(np.diff(times) <= 0):
        raise ValueError(f"times is {shown(times)}; it must increase from 0 or later")
    return times


def _counted(force: Force | None, equation: str, end: float) -> Force:
    """Return a force that must be a finite number, and ends a solver that asks too often."""
    asked = itertools.count(1)

    def pushed(time: float) -> float:
        push = 0.0 if force is None else force(time)
        if not is_real(push) or np.ndim(push) or not np.isfinite(push):
            raise ValueError(f"force gives {shown(push)} at {time:g} s; it must give one number")
        if next(asked) > _MOST_EVALUATIONS:
            raise ValueError(
                f"times end at {end:g} s; with {equation} {_MOST_EVALUATIONS} evaluations reach "
                f"{time:g} s"
            )
        return push

    return pushed


class OscillatorMotion(NamedTuple):
    """Position, in units of x, and velocity, in units of x per s; time first."""

    position: Float[AnyArray, "time *nodes"]
    velocity: Float[AnyArray, "time *nodes"]


class Resonance(NamedTuple):
    """Resonance of an oscillator: frequency, gain and quality factor.

    Attributes:
        frequency: of the largest gain, sqrt(omega^2 - 2 beta^2) / (2 pi), in Hz; 0 where the
            damping is too strong for a peak.
        gain: |x| over |F| at that frequency, in s^2.
        quality: Q = omega / (2 beta), no unit.
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
    """Return the free motion from position x_0 and velocity v_0 at time 0.

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

    A force e^{i w t} ends in x = H e^{i w t}. The transient decays only for a damped oscillator;
    for beta <= 0 H is the formula and no limit.

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
    """Return frequency, gain and quality of the resonance.

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
    """Return the frequency response of the node to the samples of a force e^{i w t}.

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
    """Append an axis of length one to the times for each axis of the nodes."""
    array = times if isinstance(times, jax.Array) else np.asarray(times)
    return array.reshape(-1, *(1,) * num_axes)
