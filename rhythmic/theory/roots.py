"""The roots of z^2 - w1 z - w2 and the dynamics of h_t = w1 h_{t-1} + w2 h_{t-2}.

Where they lie, whether the node is stable, whether it oscillates, how fast and for how long; and
the regimes over the plane of the two weights.

Source: lecture, "RNN dynamics (simplified)" and "Rhythmic RNN".
"""

from enum import IntEnum
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, Complex, Float, Int, Real

from rhythmic.arguments import checked
from rhythmic.theory._arrays import RealLike, common_arrays, ieee_arithmetic, select_code
from rhythmic.typing import AnyArray


def discriminant(xp: Any, w1: Any, w2: Any) -> Any:
    """Return w1^2 + 4 w2, keeping the digits that cancel where the two roots nearly meet.

    With u the leading half of the digits of w1, w1^2 = u^2 + (w1 + u) (w1 - u). The square of u
    has no rounding error, so the large terms cancel exactly and the small one is added last.

    Args:
        xp: array namespace of the weights.
        w1: weights, of one dtype.
        w2: weights, of the same dtype.

    Returns:
        The discriminant; negative where the roots are complex.
    """
    if xp is np:
        mask = np.uint64(2**64 - 2**27)  # the sign, the exponent and 26 of the 53 digits
        upper = (w1.view(np.uint64) & mask).view(np.float64)
    else:
        information = xp.finfo(w1.dtype)
        kept = (information.nmant + 1) // 2 - 1
        upper = jax.lax.stop_gradient(jax.lax.reduce_precision(w1, information.nexp, kept))
    return (upper * upper + 4 * w2) + (w1 + upper) * (w1 - upper)


def safe_sqrt(xp: Any, value: Any) -> Any:
    """Return the square root where `value` > 0 and 0 below, with a finite gradient; NaN of NaN."""
    below = value <= 0
    return xp.where(below, 0.0, xp.sqrt(xp.where(below, 1.0, value)))


def _radius_of_real_roots(xp: Any, w1: Any, inside: Any) -> Any:
    """Return the larger modulus of two real roots, NaN where the discriminant `inside` is."""
    radius = 0.5 * (xp.abs(w1) + safe_sqrt(xp, inside))
    return xp.where(xp.isnan(inside), np.nan, radius)


@checked
@ieee_arithmetic
def second_order_roots(
    w1: Real[RealLike, "*#nodes"], w2: Real[RealLike, "*#nodes"]
) -> Complex[AnyArray, "*nodes 2"]:
    """Solve z^2 = w1 z + w2.

    The larger real root adds two numbers of one sign and the smaller one is -w2 over the larger,
    so neither suffers from cancellation.

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.

    Returns:
        Both roots on a new last axis, complex. Of a complex pair the one with positive imaginary
        part comes first, of two real roots the one of larger modulus (of z and -z the positive).
        Both are NaN where a weight is NaN.

    Source: lecture, "Rhythmic RNN".
    """
    xp, w1, w2 = common_arrays(w1=w1, w2=w2)
    inside = discriminant(xp, w1, w2)
    half_gap = xp.where(xp.isnan(inside), np.nan, 0.5 * safe_sqrt(xp, xp.abs(inside)))
    larger = 0.5 * w1 + xp.where(w1 < 0, -half_gap, half_gap)
    smaller = xp.where(larger == 0, 0.0, -w2 / xp.where(larger == 0, 1.0, larger))
    pair = inside < 0
    imaginary = xp.where(pair | xp.isnan(inside), half_gap, 0.0)
    real = xp.stack([xp.where(pair, 0.5 * w1, larger), xp.where(pair, 0.5 * w1, smaller)], -1)
    imaginary = xp.stack([imaginary, -imaginary], -1)
    if xp is not np:
        return jax.lax.complex(real, imaginary)
    roots = np.empty(real.shape, np.complex128)
    roots.real, roots.imag = real, imaginary
    return roots


@checked
@ieee_arithmetic
def is_stable(
    w1: Real[RealLike, "*#nodes"], w2: Real[RealLike, "*#nodes"]
) -> Bool[AnyArray, "*nodes"]:
    """Return whether both roots lie inside the unit circle: |w2| < 1 and |w1| < 1 - w2.

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.

    Returns:
        True inside the stability triangle, False on its edges, outside and for NaN.

    Source: lecture, "Rhythmic RNN"; the conditions are Jury's for a polynomial of degree two.
    """
    xp, w1, w2 = common_arrays(w1=w1, w2=w2)
    return (xp.abs(w2) < 1) & (xp.abs(w1) < 1 - w2)


@checked
@ieee_arithmetic
def is_oscillatory(
    w1: Real[RealLike, "*#nodes"], w2: Real[RealLike, "*#nodes"]
) -> Bool[AnyArray, "*nodes"]:
    """Return whether the roots are a complex pair: w1^2 + 4 w2 < 0.

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.

    Returns:
        True for a complex pair, False for real roots and for NaN. A node with a negative real
        root flickers from step to step, but that is not counted here.

    Source: lecture, "Rhythmic RNN".
    """
    xp, w1, w2 = common_arrays(w1=w1, w2=w2)
    return discriminant(xp, w1, w2) < 0


@checked
@ieee_arithmetic
def pole_radius(
    w1: Real[RealLike, "*#nodes"], w2: Real[RealLike, "*#nodes"]
) -> Float[AnyArray, "*nodes"]:
    """Return the larger modulus of the two roots; sqrt(-w2) for a complex pair.

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.

    Returns:
        The radius, 0 or more, no unit: the factor by which the envelope changes in one step.

    Source: lecture, "Rhythmic RNN".
    """
    xp, w1, w2 = common_arrays(w1=w1, w2=w2)
    inside = discriminant(xp, w1, w2)
    pair = inside < 0
    of_pair = xp.sqrt(xp.where(pair, -w2, 1.0))
    return xp.where(pair, of_pair, _radius_of_real_roots(xp, w1, inside))


@checked
@ieee_arithmetic
def node_frequency(
    w1: Real[RealLike, "*#nodes"], w2: Real[RealLike, "*#nodes"], dt: Real[RealLike, "*#nodes"]
) -> Float[AnyArray, "*nodes"]:
    """Return the damped frequency of the node: the angle of its complex root / (2 pi dt).

    The natural frequency of the oscillator behind the weights, omega / (2 pi), is a little higher
    and comes from `oscillator_from_weights`.

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.
        dt: time step in s.

    Returns:
        Frequency in Hz, between 0 and the Nyquist frequency 1 / (2 dt). NaN where the roots are
        real (neither 0 Hz nor the Nyquist frequency would be a rhythm) and where `dt` <= 0.

    Source: lecture, "Rhythmic RNN".
    """
    xp, w1, w2, dt = common_arrays(w1=w1, w2=w2, dt=dt)
    inside = discriminant(xp, w1, w2)
    valid = (inside < 0) & (dt > 0)
    angle = xp.arctan2(xp.sqrt(xp.where(valid, -inside, 1.0)), w1)
    return xp.where(valid, angle / (2 * np.pi * xp.where(valid, dt, 1.0)), np.nan)


@checked
@ieee_arithmetic
def decay_time(
    w1: Real[RealLike, "*#nodes"], w2: Real[RealLike, "*#nodes"], dt: Real[RealLike, "*#nodes"]
) -> Float[AnyArray, "*nodes"]:
    """Return the time in which the envelope falls to 1 / e: -dt / ln(pole radius).

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.
        dt: time step in s.

    Returns:
        Time in s: positive for a stable node, 0 if both weights are 0, infinite where the pole
        radius is 1, and negative where it is larger: then minus the time in which the envelope
        grows e-fold. NaN where a weight is NaN or `dt` <= 0.

    Source: lecture, "Rhythmic RNN".
    """
    xp, w1, w2, dt = common_arrays(w1=w1, w2=w2, dt=dt)
    inside = discriminant(xp, w1, w2)
    pair = inside < 0
    radius = _radius_of_real_roots(xp, w1, inside)
    gone = (radius == 0) & ~pair
    # The modulus of a pair is a root of -w2, whose logarithm needs no square root to be taken.
    logarithm = xp.where(pair, 0.5, 1.0) * xp.log(xp.where(pair, -w2, xp.where(gone, 1.0, radius)))
    lasting = logarithm == 0
    time = xp.where(lasting, np.inf, -dt / xp.where(lasting, 1.0, logarithm))
    return xp.where(dt > 0, xp.where(gone, 0.0, time), np.nan)


class SecondOrderRegime(IntEnum):
    """What the node does: the kind of its roots crossed with their larger modulus.

    The kind is "oscillates" for a complex pair, "flickers" for two real roots of which at least one
    is negative, and neither for real roots that are not negative. The size disappears if the larger
    modulus is below 1 and explodes if it is above 1 (or if a repeated root is 1 or -1, where the
    size grows in proportion to t). Otherwise it settles: the corner and edge cases of the stability
    triangle. The name refers to the roots; a given start may excite only one.

    Attributes:
        UNDEFINED: a weight is NaN or infinite.
        GONE: both weights are 0; nothing is left after two steps.
        DISAPPEARS: roots in [0, 1), not both 0.
        EQUILIBRIUM: roots in [0, 1], one of them 1; settles at a constant.
        EXPLODES: roots not negative, one above 1 or both 1.
        FLICKERS_AND_DISAPPEARS: real roots in (-1, 1), one negative.
        FLICKERS: real roots in [-1, 1], one negative, one of modulus 1.
        FLICKERS_AND_EXPLODES: real roots, one negative, one beyond 1 or -1, or both -1.
        OSCILLATES_AND_DISAPPEARS: complex pair inside the unit circle.
        OSCILLATES: complex pair on the unit circle (w2 = -1), for ever.
        OSCILLATES_AND_EXPLODES: complex pair outside the unit circle.
    """

    UNDEFINED = 0
    GONE = 1
    DISAPPEARS = 2
    EQUILIBRIUM = 3
    EXPLODES = 4
    FLICKERS_AND_DISAPPEARS = 5
    FLICKERS = 6
    FLICKERS_AND_EXPLODES = 7
    OSCILLATES_AND_DISAPPEARS = 8
    OSCILLATES = 9
    OSCILLATES_AND_EXPLODES = 10


@checked
@ieee_arithmetic
def second_order_regime(
    w1: Real[RealLike, "*#nodes"], w2: Real[RealLike, "*#nodes"]
) -> Int[AnyArray, "*nodes"]:
    """Classify the long-term behaviour of h_t = w1 h_{t-1} + w2 h_{t-2}.

    Only comparisons of the weights decide, no root is computed: the stability triangle |w2| < 1,
    |w1| < 1 - w2, its edges, the parabola w1^2 + 4 w2 = 0 and the signs of the weights.

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.

    Returns:
        int32 codes of `SecondOrderRegime`; UNDEFINED where a weight is NaN or infinite.

    Source: lecture, "RNN dynamics (simplified)" and "Rhythmic RNN".
    """
    xp, w1, w2 = common_arrays(w1=w1, w2=w2)
    undefined = ~(xp.isfinite(w1) & xp.isfinite(w2))
    size = xp.abs(w1)
    shrinks = is_stable(w1, w2)
    # On an edge, but not at (w1, w2) = (+-2, -1), where a repeated root has modulus 1.
    settles = ((w2 == -1) & (size < 2)) | ((xp.abs(w2) <= 1) & (size == 1 - w2) & (size < 2))
    complex_pair = discriminant(xp, w1, w2) < 0
    flickers = ~complex_pair & ((w2 > 0) | (w1 < 0))
    code = SecondOrderRegime
    return select_code(
        xp,
        code.EXPLODES,
        (undefined, code.UNDEFINED),
        ((w1 == 0) & (w2 == 0), code.GONE),
        (complex_pair & shrinks, code.OSCILLATES_AND_DISAPPEARS),
        (complex_pair & settles, code.OSCILLATES),
        (complex_pair, code.OSCILLATES_AND_EXPLODES),
        (flickers & shrinks, code.FLICKERS_AND_DISAPPEARS),
        (flickers & settles, code.FLICKERS),
        (flickers, code.FLICKERS_AND_EXPLODES),
        (shrinks, code.DISAPPEARS),
        (settles, code.EQUILIBRIUM),
    )
