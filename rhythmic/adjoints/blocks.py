"""What hand-written adjoints share: blocks of steps, and products that are worked out once."""

import jax
import jax.numpy as jnp

from rhythmic.typing import Array, PyTree


def split(samples: PyTree, block_size: int) -> tuple[PyTree, PyTree]:
    """Cut the leading axis into whole blocks, ``(block, step, ...)``, and the steps left over."""
    num_steps = jax.tree.leaves(samples)[0].shape[0]
    whole = num_steps // block_size * block_size

    def blocks(x: Array) -> Array:
        return x[:whole].reshape(-1, block_size, *x.shape[1:])

    return jax.tree.map(blocks, samples), jax.tree.map(lambda x: x[whole:], samples)


def join(blocks: Array, rest: Array) -> Array:
    """Undo ``split`` for one array."""
    return jnp.concatenate([blocks.reshape(-1, *rest.shape[1:]), rest])


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
