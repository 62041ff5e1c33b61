"""The exact motion of x'' + 2 beta x' + omega^2 x = F over one step, accurate everywhere.

All is written in the step's own units: decay a = beta dt (any sign) and angle b = omega dt >= 0.
With s = b^2 - a^2 the free motion is made of e^{-a} cos(sqrt s) and e^{-a} sin(sqrt s) / sqrt s,
both entire in s, so underdamped, critical and overdamped oscillators are one case.
"""

from typing import Any, NamedTuple

# Below this size of s the power series of cos(sqrt s) in s takes over, for the gradient's sake.
_SERIES_LIMIT = 0.01


class OverdampedRates(NamedTuple):
    """Decay per step of the two real modes, a -+ sqrt(a^2 - b^2); placeholders where complex."""

    slow: Any
    fast: Any
    half_gap: Any


def _overdamped_rates(xp: Any, decay: Any, angle: Any) -> OverdampedRates:
    """Return both rates without cancellation: their product is b^2."""
    excess = (decay - angle) * (decay + angle)
    overdamped = excess > _SERIES_LIMIT
    # Placeholders keep the branch that is not taken, and its gradient, finite.
    decay, angle = xp.where(overdamped, decay, 1.0), xp.where(overdamped, angle, 0.0)
    half_gap = xp.sqrt(xp.where(overdamped, excess, 1.0))
    larger = xp.abs(decay) + half_gap
    smaller = angle * (angle / larger)
    forward = decay >= 0
    slow, fast = xp.where(forward, smaller, -larger), xp.where(forward, larger, -smaller)
    return OverdampedRates(slow, fast, half_gap)


def damped_motion(xp: Any, decay: Any, angle: Any) -> tuple[Any, Any]:
    """Return e^{-a} cos(sqrt s) and e^{-a} sin(sqrt s) / sqrt s; hyperbolic where s < 0.

    Overdamped, the exponents are combined before they are raised, so that neither overflows.
    """
    square = (angle - decay) * (angle + decay)
    rates = _overdamped_rates(xp, decay, angle)
    slow, fast = xp.exp(-rates.slow), xp.exp(-rates.fast)
    gap = 2 * rates.half_gap
    cosine, sine = 0.5 * (slow + fast), slow * -xp.expm1(-gap) / gap

    complex_pair = square > _SERIES_LIMIT
    root = xp.sqrt(xp.where(complex_pair, square, 1.0))
    envelope = xp.exp(-decay)
    cosine = xp.where(complex_pair, envelope * xp.cos(root), cosine)
    sine = xp.where(complex_pair, envelope * xp.sin(root) / root, sine)

    critical = ~(xp.abs(square) > _SERIES_LIMIT)
    small = xp.where(critical, square, 0.0)
    cosine_series = sine_series = 1.0
    for order in range(6, 0, -1):
        cosine_series = 1 - small * cosine_series / ((2 * order - 1) * (2 * order))
        sine_series = 1 - small * sine_series / ((2 * order) * (2 * order + 1))
    cosine = xp.where(critical, envelope * cosine_series, cosine)
    return cosine, xp.where(critical, envelope * sine_series, sine)


def held_force_gains(xp: Any, decay: Any, angle: Any) -> tuple[Any, Any]:
    """Return what a unit force, held over one step of unit length, adds to h one and two steps on.

    With g(u) = e^{-a u} sin(sqrt s u) / sqrt s the two gains are the integrals over 0 <= u <= 1
    of g(u) and of e^{-2 a} e^{a u} sin(sqrt s u) / sqrt s (the second is what remains of
    g(1 + u) when w1 g(u) is taken away). No single formula keeps its digits everywhere:
    small steps use the Taylor series of the motion, well separated real rates the difference
    quotient of (1 - e^{-rate}) / rate, everything else (1 - motion) / b^2.
    """
    small = xp.maximum(xp.abs(decay), angle) <= 1
    a, b = xp.where(small, decay, 0.0), xp.where(small, angle, 0.0)
    first, second = _taylor_gain(a, b), xp.exp(-2 * a) * _taylor_gain(-a, b)

    rates = _overdamped_rates(xp, decay, angle)
    separated = ((decay - angle) * (decay + angle) >= 0.25) & ~small
    slow, fast = (xp.where(separated, rate, 1.0) for rate in (rates.slow, rates.fast))
    slow_mean, fast_mean = _mean_of_decay(xp, slow), _mean_of_decay(xp, fast)
    gap = 2 * rates.half_gap
    by_rates = separated & (slow < 1), separated & (fast > -1)
    first = xp.where(by_rates[0], (slow_mean - fast_mean) / gap, first)
    lost = xp.exp(-slow) * fast_mean - xp.exp(-fast) * slow_mean
    second = xp.where(by_rates[1], lost / gap, second)

    cosine, sine = damped_motion(xp, decay, angle)
    by_motion = ~small & ~by_rates[0], ~small & ~by_rates[1]
    moved = 1 - (cosine + decay * sine), xp.exp(-2 * decay) - (cosine - decay * sine)
    first = xp.where(by_motion[0], moved[0] / xp.where(by_motion[0], angle * angle, 1.0), first)
    second = xp.where(by_motion[1], moved[1] / xp.where(by_motion[1], angle * angle, 1.0), second)
    return first, second


def _mean_of_decay(xp: Any, rate: Any) -> Any:
    """Give (1 - e^{-rate}) / rate, which is 1 at rate 0."""
    nonzero = rate != 0
    safe = xp.where(nonzero, rate, 1.0)
    return xp.where(nonzero, -xp.expm1(-safe) / safe, 1.0)


def _taylor_gain(decay: Any, angle: Any) -> Any:
    """Sum the integral of g over the step from the derivatives of g at 0; for a and b up to 1."""
    previous, derivative, factorial, total = 0.0, 1.0, 1.0, 0.0
    for order in range(1, 28):
        factorial *= order + 1
        total = total + derivative / factorial
        previous, derivative = derivative, -2 * decay * derivative - angle * angle * previous
    return total
