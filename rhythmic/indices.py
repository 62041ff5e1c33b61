"""Indices and labels, checked where they meet what they count.

JAX clamps an index out of range to the last entry, wraps a negative one and drops a label that is
no class: the result looks right and is not.
"""

import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.typing import Array, Bool, Int


def check_indices(name: str, indices: object, count: int, what: str) -> None:
    """Check indices into ``count`` things; of traced ones the type alone is known.

    Args:
        name: of the indices, for the error.
        indices: one, or an array of any shape.
        count: number of things that are counted from 0.
        what: their name in the plural.

    Raises:
        ValueError: for anything but whole numbers in 0 to ``count - 1``.
    """
    allowed = f"in 0 to {count - 1}, as there are {count} {what}"
    values = indices if isinstance(indices, jax.core.Tracer) else np.asarray(indices)
    if values.dtype.kind not in "iu":
        raise ValueError(f"{name} is of type {values.dtype}; it must hold whole numbers {allowed}")
    if not isinstance(values, np.ndarray) or not values.size:
        return
    if values.min() < 0 or values.max() >= count:
        outside = values[(values < 0) | (values >= count)].flat[0]
        raise ValueError(f"{name} holds {outside}; it must lie {allowed}")


def check_labels(name: str, labels: object, num_classes: int) -> None:
    """Check known class labels; see ``check_indices``.

    Raises:
        ValueError: for anything but whole numbers in 0 to ``num_classes - 1``.
    """
    check_indices(name, labels, num_classes, "classes")


def are_indices(indices: Int[Array, "..."], count: int) -> Bool[Array, ""]:
    """Return whether all ``indices``, which may be traced, lie in 0 to ``count - 1``."""
    # As JAX casts ``count`` to the type of the indices, 256 would be 0 beside bytes.
    most = jnp.iinfo(indices.dtype).max
    return jnp.all((indices >= 0) & (indices <= min(count - 1, most)))
