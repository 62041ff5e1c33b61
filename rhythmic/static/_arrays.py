"""Arrays at the entrance of the networks without time."""

from typing import Any

import jax.numpy as jnp


def as_array(values: Any) -> Any:
    """Return nested lists and tuples as an array, and all else as it is.

    Arrays are left alone so that their integers go to floating point without a narrower stop.
    """
    return jnp.asarray(values) if isinstance(values, list | tuple) else values
