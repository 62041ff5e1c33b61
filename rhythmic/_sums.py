"""Compensated sums over time, accurate for any values and any number of terms.

Booleans, integers and half precision are added in single precision or better. A float32 sum of a
million equal numbers is off by 1 %, since what is added falls below the sum's last digit; a long
sum carries the rounding error of its last addition.

Source: W. Kahan, Communications of the ACM 8 (1965) 40; D. E. Knuth, The Art of Computer
Programming 2 (3rd ed.), section 4.2.2, theorem B (the rounding error of an addition is a number).
"""

from typing import NamedTuple, TypeAlias, overload

import jax
import jax.numpy as jnp

from rhythmic.typing import Array, Float

# Up to so many steps a float32 sum is added as it is: at worst 6e-5 of it is lost.
LONGEST_PLAIN_SUM = 2048


class CompensatedSum(NamedTuple):
    """A sum and the rounding error of its last addition, in arrays of one shape."""

    total: Float[Array, "*shape"]
    lost: Float[Array, "*shape"]


Sum: TypeAlias = Array | CompensatedSum


def widened(values: Array) -> Array:
    """Return ``values``, of any shape, in a type that can be summed: float32 or wider."""
    values = jnp.asarray(values)
    return values.astype(wide_dtype(values.dtype))


def wide_dtype(dtype: jnp.dtype) -> jnp.dtype:
    """Return the type in which numbers of ``dtype`` are summed."""
    if jnp.issubdtype(dtype, jnp.inexact):
        return jnp.promote_types(dtype, jnp.float32)
    return jnp.zeros(()).dtype


def empty_sum(like: Array | jax.ShapeDtypeStruct, num_steps: int) -> Sum:
    """Return a sum of nothing, to which ``num_steps`` arrays are going to be added.

    Short sums are plain arrays, long ones compensated.

    Args:
        like: what will be added, of any shape.
        num_steps: how often.
    """
    zero = jnp.zeros(like.shape, wide_dtype(like.dtype))
    return zero if num_steps <= LONGEST_PLAIN_SUM else CompensatedSum(zero, zero)


def compensated(first: Array) -> CompensatedSum:
    """Return a compensated sum that begins with ``first``, of any shape."""
    first = widened(first)
    return CompensatedSum(first, jnp.zeros_like(first))


@overload
def added(carried: CompensatedSum, values: Array) -> CompensatedSum: ...


@overload
def added(carried: Sum, values: Array) -> Sum: ...


def added(carried: Sum, values: Array) -> Sum:
    """Return the sum with ``values``, of its shape, added to it.

    What was lost before is added first. The rounding error of ``t = s + x`` is
    ``(s - (t - b)) + (x - b)`` with ``b = t - s``, without an error of its own. It is no function
    of what is added: derivatives do not pass through it.
    """
    values = widened(values)
    if not isinstance(carried, CompensatedSum):
        return carried + values
    values = values + jax.lax.stop_gradient(carried.lost)
    total = carried.total + values
    before, summand, after = map(jax.lax.stop_gradient, (carried.total, values, total))
    part = after - before
    error = (before - (after - part)) + (summand - part)
    # Of an infinite sum nothing else is known: its error would be NaN.
    return CompensatedSum(total, jnp.where(jnp.abs(total) < jnp.inf, error, 0))


def mean_of(carried: Sum, count: int | Array, dtype: jnp.dtype) -> Array:
    """Return the mean of ``count`` arrays whose sum is ``carried``, of its shape, as ``dtype``."""
    return (total_of(carried) / count).astype(dtype)


def total_of(carried: Sum) -> Array:
    """Return the value of a sum, of its shape."""
    return carried.total + carried.lost if isinstance(carried, CompensatedSum) else carried
