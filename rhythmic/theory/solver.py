"""The driven oscillator by a general ODE solver: a voice that knows nothing of nodes or roots."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import scipy
from jaxtyping import Float

from rhythmic.arguments import checked
from rhythmic.checks import is_real, shown

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
