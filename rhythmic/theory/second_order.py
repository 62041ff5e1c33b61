"""The node that remembers two steps, h_t = w1 h_{t-1} + w2 h_{t-2} + drive_t, in time.

Its trajectory, and its responses to an impulse, a sine and noise. What follows from its roots
(regime, frequency, decay) is in `roots`.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Real

from rhythmic._scan import scan
from rhythmic.arguments import checked
from rhythmic.theory._arrays import (
    RealLike,
    checked_count,
    common_arrays,
    common_shape,
    ieee_arithmetic,
    scan_arrays,
)
from rhythmic.theory.precision import check_held
from rhythmic.theory.roots import discriminant, is_stable
from rhythmic.typing import AnyArray


@checked
def second_order_trajectory(
    w1: Real[RealLike, "*#nodes"],
    w2: Real[RealLike, "*#nodes"],
    h0: Real[RealLike, "*#nodes"],
    h1: Real[RealLike, "*#nodes"],
    num_steps: int,
    drive: Real[RealLike, "time *#nodes"] | None = None,
) -> Float[Array, "time *nodes"]:
    """Run h_t = w1 h_{t-1} + w2 h_{t-2} + drive_t from h_0 and h_1 by a scan.

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.
        h0: state at time 0.
        h1: state at time 1. It is taken as given, so the drive does not enter it.
        num_steps: last time, 0 or more; static.
        drive: added input in the unit of h, time first, with `num_steps + 1` rows: `drive[t]`
            enters h_t, for t >= 2. Rows 0 and 1 are not used, as h_0 and h_1 are given; a node
            at rest before time 0 has h_0 = drive[0] and h_1 = w1 h_0 + drive[1]. None is silence.

    Returns:
        h_0 ... h_num_steps, time first (`num_steps + 1` rows), as a JAX array. All arguments
        broadcast over the node axes.

    Raises:
        ValueError: if shapes do not broadcast, `num_steps` is negative, `drive` has not
            `num_steps + 1` rows, or the precision of the scan loses the rhythm of known weights.

    Source: lecture, "Rhythmic RNN".
    """
    count = checked_count("num_steps", num_steps)
    if drive is not None and np.shape(drive)[:1] != (count + 1,):
        rows = f"num_steps + 1 = {count + 1} rows"
        raise ValueError(f"drive must have {rows}, got shape {np.shape(drive)}")
    silence = 0.0 if drive is None else drive
    recent, older, start, second, inputs = scan_arrays(w1=w1, w2=w2, h0=h0, h1=h1, drive=silence)
    check_held(w1, w2, recent.dtype)
    inputs = jnp.zeros(count + 1, inputs.dtype) if drive is None else inputs
    shape = common_shape(w1=w1, w2=w2, h0=h0, h1=h1, drive_row=inputs[0])
    first_two = jnp.broadcast_to(start, shape), jnp.broadcast_to(second, shape)

    def step(state: tuple[Array, Array], drive_now: Array) -> tuple[tuple[Array, Array], Array]:
        two_back, one_back = state
        now = recent * one_back + older * two_back + drive_now
        return (one_back, now), now

    _, later = scan(step, first_two, inputs[2:])
    return jnp.concatenate([jnp.stack(first_two), later])[: count + 1]


@checked
@ieee_arithmetic
def second_order_closed_form(
    w1: Real[RealLike, "*#nodes"],
    w2: Real[RealLike, "*#nodes"],
    h0: Real[RealLike, "*#nodes"],
    h1: Real[RealLike, "*#nodes"],
    num_steps: int,
) -> Float[AnyArray, "time *nodes"]:
    """Return the free motion of the node from the powers of its roots.

    The roots of z^2 - w1 z - w2 are c +- e, with c = w1 / 2 and e^2 = c^2 + w2, and their powers
    are (c +- e)^t = a_t +- b_t e. Then

        h_t = a_t h_0 + b_t (h_1 - c h_0).

    One formula serves distinct, repeated (e = 0, h_t = c^t h_0 + t c^{t-1} (h_1 - c h_0)) and
    complex roots (e imaginary). a_t and b_t are real and polynomial in c and e^2, so that no
    digit is lost and no gradient is singular where the roots meet. The powers are taken by
    repeated squaring: about log2(num_steps) products for all times together. The rounding error
    grows no faster than t machine epsilons.

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.
        h0: state at time 0.
        h1: state at time 1.
        num_steps: last time, 0 or more; static.

    Returns:
        h_0 ... h_num_steps, time first. NumPy float64 unless an argument is a JAX array. Where
        the powers of an unstable node overflow the dtype the result is infinite or NaN.

    Raises:
        ValueError: if shapes do not broadcast or `num_steps` is negative.

    Source: lecture, "Rhythmic RNN".
    """
    xp, w1, w2, h0, h1 = common_arrays(w1=w1, w2=w2, h0=h0, h1=h1)
    times = np.arange(checked_count("num_steps", num_steps) + 1)
    rational, radical = _root_powers(xp, w1, w2, times)
    return rational * h0 + radical * (h1 - 0.5 * w1 * h0)


def _root_powers(xp: Any, w1: Any, w2: Any, times: np.ndarray) -> tuple[Any, Any]:
    """Return a_t and b_t of (c + e)^t = a_t + b_t e, with c = w1 / 2 and e^2 = c^2 + w2.

    b_t is the difference of the roots' powers over the difference of the roots: the impulse
    response of the node, one step late (b_0 = 0, b_1 = 1).

    Args:
        xp: array namespace of the weights.
        w1: weights, broadcast and of one dtype.
        w2: weights, broadcast and of one dtype.
        times: non-negative integers, one axis.

    Returns:
        a_t and b_t, time first.
    """
    times = times.reshape(-1, *(1,) * w1.ndim)
    square = 0.25 * discriminant(xp, w1, w2)
    factor = 0.5 * w1, xp.ones_like(w1)  # (c + e) to the powers 1, 2, 4, ...
    power = xp.ones(times.shape, w1.dtype) + 0 * w1, xp.zeros(times.shape, w1.dtype) + 0 * w1
    num_bits = int(times.max()).bit_length()
    for bit in range(num_bits):
        chosen = (times >> bit) & 1 == 1
        product = _product(power, factor, square)
        power = xp.where(chosen, product[0], power[0]), xp.where(chosen, product[1], power[1])
        if bit + 1 < num_bits:
            factor = _product(factor, factor, square)
    return power


def _product(left: tuple[Any, Any], right: tuple[Any, Any], square: Any) -> tuple[Any, Any]:
    """Multiply a + b e by a' + b' e, where e^2 = square."""
    rational = left[0] * right[0] + left[1] * right[1] * square
    return rational, left[0] * right[1] + left[1] * right[0]


@checked
@ieee_arithmetic
def impulse_response(
    w1: Real[RealLike, "*#nodes"], w2: Real[RealLike, "*#nodes"], num_steps: int
) -> Float[AnyArray, "time *nodes"]:
    """Return the impulse response of a node at rest: g_0 = 1, g_1 = w1, g_2 = w1^2 + w2, ...

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
    return _root_powers(xp, w1, w2, times)[1]


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
    lead of h over the drive. The transient decays only for a stable node; outside the stability
    triangle H is the formula and no limit.

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
    """Return the stationary variance of a node driven by white noise.

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
