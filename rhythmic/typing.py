"""Names of the axes, shared by every annotation of the package.

``time``     steps of a sequence, always the first axis of a sequence
``feature``  components of one input sample
``hidden``   nodes (units) of a recurrent layer, the first axis of a state
``class_``   classes of a classifier
``batch``    examples, always the last axis inside a recurrence, so that each node's row is
             one contiguous vector
``member``   networks trained in parallel, added in front by ``jax.vmap``
"""

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Int, UInt8

PyTree: TypeAlias = Any
"""Arrays in tuples, dictionaries and modules, as JAX maps over them."""

# An array on a device, or NumPy's on the host.
if TYPE_CHECKING:
    AnyArray: TypeAlias = Array | np.ndarray
else:  # NumPy hands back its scalars (np.float64) where every argument was a scalar
    AnyArray = Array | np.ndarray | np.generic

Vector: TypeAlias = Float[Array, " hidden"]
"""One number per node."""
Matrix: TypeAlias = Float[Array, "post pre"]
"""Weights: rows receive, columns send."""
NodeArray: TypeAlias = Float[Array, "hidden *batch"]
"""A state, nodes first."""
InputArray: TypeAlias = Float[Array, "feature *batch"]
"""One input sample, features first."""
Sequence: TypeAlias = Float[Array, "time feature *batch"]
"""A sequence of input samples, time first."""

__all__ = [
    "AnyArray",
    "Array",
    "Bool",
    "Complex",
    "Float",
    "InputArray",
    "Int",
    "Matrix",
    "NodeArray",
    "PyTree",
    "Sequence",
    "UInt8",
    "Vector",
]
