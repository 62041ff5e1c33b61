"""One choice of array namespace for every closed form: NumPy in, NumPy out; JAX in, JAX out.

Weights of nodes near the unit circle lose digits in single precision, so a design must be
computed once in float64 and only then be cast. That is why arguments without any JAX array are
computed by NumPy in float64, whatever JAX's own precision is set to.
"""

import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

RealLike = int | float | np.integer | np.floating | np.ndarray | Array

# NaN, infinity and zero follow IEEE arithmetic silently, in NumPy as in JAX.
ieee_arithmetic = np.errstate(all="ignore")


def common_arrays(**arguments: RealLike) -> tuple[Any, ...]:
    """Put real arguments into one namespace, one floating dtype and one shape.

    Lists and tuples of numbers are taken as NumPy arrays.
    If any argument is a `jax.Array` (tracers included) the namespace is `jax.numpy` and the dtype
    is the promoted dtype of the JAX arguments alone; Python and NumPy numbers follow. Otherwise
    the namespace is NumPy and the dtype float64.

    Args:
        **arguments: the values under the names that an error shall print.

    Returns:
        The namespace, followed by the arguments, broadcast, in the order in which they were given.

    Raises:
        ValueError: if the shapes do not broadcast, or an argument is complex.
    """
    arguments = {name: listed(value) for name, value in arguments.items()}
    jax_values = [value for value in arguments.values() if isinstance(value, jax.Array)]
    if not jax_values:
        return np, *_broadcast(np, {k: _as_real(np, k, v) for k, v in arguments.items()})
    dtype = _floating_dtype(*jax_values)
    arrays = {name: _as_real(jnp, name, value, dtype) for name, value in arguments.items()}
    return jnp, *_broadcast(jnp, arrays)


def scan_arrays(**arguments: RealLike) -> tuple[Any, ...]:
    """Turn real arguments into JAX arrays of their promoted floating dtype, each with its shape.

    Args:
        **arguments: the values under the names that an error shall print.

    Returns:
        The arguments as JAX arrays; float32 at most unless x64 is enabled.

    Raises:
        ValueError: if an argument is complex.
    """
    arguments = {name: listed(value) for name, value in arguments.items()}
    dtype = _floating_dtype(*arguments.values())
    return tuple(_as_real(jnp, name, value, dtype) for name, value in arguments.items())


def listed(value: Any) -> Any:
    """Return lists and tuples as arrays, which JAX would not take, and all else as it is."""
    return np.asarray(value) if isinstance(value, list | tuple) else value


def common_shape(**arguments: Any) -> tuple[int, ...]:
    """Return the shape that the arguments broadcast to, or raise a ValueError naming them."""
    try:
        return np.broadcast_shapes(*(np.shape(value) for value in arguments.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {np.shape(value)}" for name, value in arguments.items())
        raise ValueError(f"shapes must broadcast against each other, got {shapes}") from None


def checked_count(name: str, value: int) -> int:
    """Return `value` as a non-negative Python integer, or raise a ValueError naming the field."""
    count = operator.index(value)
    if count < 0:
        raise ValueError(f"{name} must be 0 or more, got {count}")
    return count


def select_code(namespace: Any, default: int, *cases: tuple[Any, int]) -> Any:
    """Return the int32 code of the first condition that holds, elementwise, else `default`."""
    chosen: Any = np.int32(default)
    # Nested choices stay elementwise in XLA, unlike `select`, which stacks the conditions.
    for condition, code in reversed(cases):
        chosen = namespace.where(condition, np.int32(code), chosen)
    return chosen


def _broadcast(namespace: Any, arrays: dict[str, Any]) -> tuple[Any, ...]:
    shape = common_shape(**arrays)
    return tuple(namespace.broadcast_to(array, shape) for array in arrays.values())


def _floating_dtype(*values: RealLike) -> Any:
    dtype = jnp.result_type(*values)
    return dtype if jnp.issubdtype(dtype, jnp.inexact) else jnp.result_type(dtype, float)


def _as_real(namespace: Any, name: str, value: RealLike, dtype: Any = np.float64) -> Any:
    if np.issubdtype(jnp.result_type(value), np.complexfloating):
        raise ValueError(f"{name} is of type {jnp.result_type(value)}; it must be real")
    return namespace.asarray(value, dtype=dtype)
