"""Values of the host as JAX may take them: lists, and integers wider than its own."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

WIDEST = 2**31 - 1  # of JAX's integers, but for double precision


def is_too_wide(value: Any) -> bool:
    """Return whether integers of the host are wider than JAX's, which would drop their digits."""
    double = jax.config.jax_enable_x64  # type: ignore[attr-defined]
    if isinstance(value, int):
        return abs(value) > (2**63 - 1 if double else WIDEST)
    if double or isinstance(value, jax.Array):
        return False
    dtype = getattr(value, "dtype", None)
    if isinstance(value, list | tuple) and not holds_traced(value) and np.size(value):
        dtype = np.asarray(value).dtype
    if dtype is None or not jnp.issubdtype(dtype, np.integer) or np.dtype(dtype).itemsize < 4:
        return False
    return bool(np.size(value) and (np.max(value) > WIDEST or np.min(value) < -WIDEST - 1))


def holds_traced(value: Any) -> bool:
    """Return whether a list holds a traced number, which NumPy cannot make an array of."""
    return isinstance(value, list | tuple) and any(
        isinstance(one, jax.core.Tracer) for one in value
    )


def as_floating(value: Any) -> Any:
    """Return an array of integers or truths as floating-point numbers, anything else as it is."""
    dtype = getattr(value, "dtype", None)
    if dtype is None or (not jnp.issubdtype(dtype, np.integer) and dtype != np.bool_):
        return value
    return value.astype(float) if isinstance(value, jax.Array) else np.asarray(value, float)


def as_array(value: Any) -> Any:
    """Return a list of known numbers as an array, anything else as it is."""
    known = isinstance(value, list | tuple) and not holds_traced(value)
    return np.asarray(value) if known else value
