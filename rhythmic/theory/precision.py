"""Frequencies that a precision can represent, with weights rounded near w1 = 2.

The rhythm of a node with roots r e^{+-i theta} is in cos(theta) = w1 / (2 sqrt(-w2)). Relative
errors d1 and d2 of the weights change theta by cos(theta) (d1 + d2 / 2) / sin(theta), so that slow
rhythms are lost first: in float32 those below about 0.5 Hz at 1000 steps per second.

Source: textbook error propagation; the tolerances are the project's own.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Real

from rhythmic.arguments import checked
from rhythmic.checks import checked_real
from rhythmic.theory._arrays import RealLike

FREQUENCY_TOLERANCE = 0.012
"""Relative error of a node's frequency that weights rounded once may have."""
COMPUTED_TOLERANCE = 0.005
"""Relative error of a node's frequency that weights computed in a precision may have."""
DECAY_TOLERANCE = 0.2
"""Relative error of a node's decay time that a rounded w2 may have; it is then of hours."""

# Of weights that are computed in a precision themselves, in units of half an epsilon: one each for
# the cosine and its product with r, and half of the two that the square r r and r have in w2.
_COMPUTED = 3.0


@checked
def lowest_frequency(
    pole_radius: float | Float[np.ndarray, "*nodes"], dt: float, dtype: Any = np.float32
) -> Float[np.ndarray, "*nodes"]:
    """Return the lowest frequency that a node keeps to 1.2 % if its weights are rounded once.

    That is what happens to weights computed in float64 and cast; all higher frequencies are kept
    too, lower ones only by chance.

    Args:
        pole_radius: r of the node, above 0 and finite, no unit.
        dt: time step in s, above 0.
        dtype: of the rounded weights.

    Returns:
        Frequency in Hz.

    Raises:
        ValueError: for a radius or time step outside its range.
    """
    checked_real("dt", dt, above=0.0)
    radius = np.asarray(pole_radius, np.float64)
    outside = radius[~((radius > 0) & (radius < np.inf))]
    if outside.size:
        raise ValueError(f"pole_radius holds {outside[0]:g}; each must be above 0 and finite")
    error = _half_spacing(2 * radius, dtype) + _half_spacing(radius**2, dtype) / 2
    return np.sqrt(error / FREQUENCY_TOLERANCE) / (2 * np.pi * dt)


@checked
def lowest_computed_cycles(dtype: Any) -> float:
    """Return the fewest cycles per step that a node keeps to 0.5 % with weights of ``dtype``.

    Args:
        dtype: of frequency, radius and time step, and of all that comes of them.
    """
    error = _COMPUTED * float(jnp.finfo(dtype).eps) / 2
    return float(np.sqrt(error / COMPUTED_TOLERANCE) / (2 * np.pi))


@checked
def largest_radius(dtype: Any = np.float32) -> float:
    """Return the largest pole radius below 1 whose decay time a rounded w2 = -r^2 keeps to 20 %.

    So slow a decay is one of hours at 1000 steps per second; one of 17 minutes, r = 1 - 1e-6, is
    kept to 1.5 %, that of the published r = 1 - 1e-5 to 0.15 %.

    Args:
        dtype: of w2.
    """
    return 1 - float(jnp.finfo(dtype).eps) / 8 / DECAY_TOLERANCE


def check_held(w1: Real[RealLike, "*#nodes"], w2: Real[RealLike, "*#nodes"], dtype: Any) -> None:
    """Raise a ValueError for known weights whose rhythm is another one, or none, in ``dtype``.

    Weights that are JAX arrays are as they are: what they were rounded from is not known here.
    """
    if isinstance(w1, jax.Array) or isinstance(w2, jax.Array):
        return
    weights = np.broadcast_arrays(np.asarray(w1, np.float64), np.asarray(w2, np.float64))
    rounded = [np.asarray(jnp.asarray(x, dtype), np.float64) for x in weights]
    asked, found = _angle(*weights), _angle(*rounded)
    with np.errstate(invalid="ignore"):
        lost = (asked > 0) & ~(np.abs(found - asked) <= FREQUENCY_TOLERANCE * asked)
    if np.any(lost):
        first, second = (x[lost].flat[0] for x in weights)
        turn = asked[lost].flat[0] / (2 * np.pi)
        raise ValueError(
            f"w1 is {first:.10g} and w2 {second:.10g}, a rhythm of {turn:.3g} cycles a step; it "
            f"must not be lost in {jnp.dtype(dtype).name}: compute in float64 (jax.enable_x64)"
        )


def _half_spacing(values: np.ndarray, dtype: Any) -> np.ndarray:
    """Return half the distance of numbers just below ``values``, relative to them."""
    return float(jnp.finfo(dtype).eps) / 4 / np.frexp(np.nextafter(values, 0))[0]


def _angle(w1: np.ndarray, w2: np.ndarray) -> np.ndarray:
    """Return the angle of a complex pair of roots, 0 for real ones or a pair by rounding alone."""
    inside = -(w1 * w1 / 4 + w2)
    rounding = 8 * np.finfo(np.float64).eps * np.abs(w2)
    return np.where(inside > rounding, np.arctan2(np.sqrt(np.maximum(inside, 0.0)), w1 / 2), 0.0)
