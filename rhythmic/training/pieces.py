"""Long recordings in pieces of one length: truncated back-propagation through time.

Source: Williams and Peng, Neural Computation 2 (1990).
"""

import jax
import jax.numpy as jnp

from rhythmic.training.batches import Batch
from rhythmic.training.problem import Problem
from rhythmic.typing import Array, PyTree


def in_pieces(batch: Batch, length: int, problem: Problem) -> Batch:
    """Return a batch whose arrays have a leading axis ``piece``, the last one padded.

    Args:
        batch: of targets at every step.
        length: samples of a piece.
        problem: what is trained for.
    """
    num_steps = batch.inputs.shape[0]
    number = -(-num_steps // length)

    def cut(x: Array, filler: float = 0) -> Array:
        shortage = number * length - num_steps
        widths = [(0, shortage), *[(0, 0)] * (x.ndim - 1)]
        return jnp.pad(x, widths, constant_values=filler).reshape(number, length, *x.shape[1:])

    lengths = batch.lengths
    if lengths is None:
        lengths = jnp.full(batch.inputs.shape[2], num_steps)
    left = lengths - length * jnp.arange(number)[:, None]
    return Batch(
        cut(batch.inputs),
        cut(batch.targets, -1 if problem.is_class else 0),
        cut(batch.weights),
        jnp.clip(left, 0, length),
    )


def rest_of(states: PyTree) -> PyTree:
    """Return states that are carried to the next piece, through which no gradient passes."""
    return jax.lax.stop_gradient(states)
