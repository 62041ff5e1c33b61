"""What hand-written adjoints share: blocks of steps, and products that are worked out once."""

from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.cells import ElmanCell, LSTMCell
from rhythmic.simulate import in_groups, take
from rhythmic.typing import Array, PyTree

Cell = TypeVar("Cell", ElmanCell, LSTMCell)


def split(samples: PyTree, block_size: int) -> tuple[PyTree, PyTree]:
    """Cut the leading axis into whole blocks, ``(block, step, ...)``, and the steps left over."""
    num_steps = jax.tree.leaves(samples)[0].shape[0]
    whole = num_steps // block_size * block_size
    return in_groups(samples, 0, whole, block_size), take(samples, whole, num_steps)


def join(blocks: Array, rest: Array) -> Array:
    """Undo ``split`` for one array."""
    whole = blocks.shape[0] * blocks.shape[1]
    return jnp.concatenate([blocks.reshape(whole, *rest.shape[1:]), rest])


def written_once(x: Array) -> Array:
    """Return ``x``, so that XLA stores it for its readers.

    XLA puts sums and products into each fusion that reads them and works them out there again; a
    division it works out once. It does not see that the divisor is one.
    """
    return x / jax.lax.optimization_barrier(jnp.ones((), x.dtype))


def outer_products(left: Array, right: Array) -> Array:
    """Return ``sum_k left_k right_k^T`` for ``(step, i, batch)`` and ``(step, j, batch)``.

    One small product a step needs no transposed copy, which a product over both axes makes.
    """
    highest = jax.lax.Precision.HIGHEST
    return jnp.sum(jnp.einsum("kib,kjb->kij", left, right, precision=highest), axis=0)


def affine_gradients(
    cell: ElmanCell | LSTMCell, by_rows: Array, previous: Array, samples: Array
) -> tuple[Array, Array]:
    """Return what a block of steps adds to the gradient of ``z = W_hh h + W_ih I + b``.

    Args:
        cell: the layer.
        by_rows: ``dL/dz_t``, ``(step, row, batch)``.
        previous: ``h_{t-1}``, ``(step, hidden, batch)``.
        samples: ``I_t``, ``(step, feature, batch)``.

    Returns:
        The gradients by ``W_hh``, ``W_ih`` and ``b`` side by side, ``(row, hidden + feature + 1)``,
        and the gradient by the samples.
    """
    ones = jnp.ones((samples.shape[0], 1, samples.shape[2]), samples.dtype)
    before = jnp.concatenate([previous, samples, ones], axis=1)
    by_samples = jnp.einsum("if,kib->kfb", cell.weight_ih, by_rows, precision="highest")
    return outer_products(by_rows, before), by_samples


def with_affine_gradient(cell: Cell, gradient: Array) -> Cell:
    """Return gradients that lie side by side in the structure of the cell."""
    by_hidden, by_inputs, by_bias = jnp.split(
        gradient, [cell.hidden_size, cell.hidden_size + cell.input_size], axis=1
    )
    arrays = (by_inputs, by_hidden, by_bias[:, 0], by_bias[:, 0])
    return eqx.tree_at(lambda c: (c.weight_ih, c.weight_hh, c.bias_ih, c.bias_hh), cell, arrays)
