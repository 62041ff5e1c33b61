"""One scan for every loop over steps, also where JAX runs it step by step to be looked into."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from rhythmic.typing import PyTree


def scan(
    body: Callable[[PyTree, PyTree], tuple[PyTree, PyTree]],
    carry: PyTree,
    samples: PyTree = None,
    *,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[PyTree, PyTree]:
    """Scan as ``jax.lax.scan`` does, over no step too where ``JAX_DISABLE_JIT`` is set.

    JAX then calls ``body`` step by step, and of no step does not know what it would return.

    Args:
        body: ``body(carry, sample) -> (carry, seen)``.
        carry: what it starts from.
        samples: arrays with the steps first; None for a body without.
        length: number of steps, where there are no samples.
        reverse: whether the last step comes first.

    Returns:
        The last carry, and what was seen, steps first.
    """
    leaves = jax.tree.leaves(samples)
    if (len(leaves[0]) if leaves else length) or not jax.config.jax_disable_jit:  # type: ignore[attr-defined]
        return jax.lax.scan(body, carry, samples, length=length, reverse=reverse)
    sample = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), samples)
    _, seen = jax.eval_shape(body, carry, sample)
    return carry, jax.tree.map(lambda x: jnp.zeros((0, *x.shape), x.dtype), seen)
