"""One scan for every loop over steps, also where JAX runs it step by step to be looked into."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from rhythmic.typing import Array, Int, PyTree


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


def scan_first(
    body: Callable[[PyTree, PyTree], tuple[PyTree, PyTree]],
    carry: PyTree,
    samples: PyTree,
    number: Int[Array, ""],
    *,
    reverse: bool = False,
) -> tuple[PyTree, PyTree]:
    """Scan ``body`` over the first ``number`` samples, which is known when the program runs.

    What is seen of later samples is zero. For loops whose derivative is written by hand: JAX takes
    none of a loop whose length it does not know.

    Args:
        body: ``body(carry, sample) -> (carry, seen)``, as of ``jax.lax.scan``.
        carry: what it starts from.
        samples: arrays with the steps first.
        number: of samples, at most as many as there are.
        reverse: whether the last of them comes first.
    """
    first = jax.tree.map(lambda x: x[0], samples)
    shapes = jax.eval_shape(body, carry, first)[1]
    length = jax.tree.leaves(samples)[0].shape[0]
    nothing = jax.tree.map(lambda one: jnp.zeros((length, *one.shape), one.dtype), shapes)

    def step(count: Array, carried: PyTree) -> PyTree:
        carry, seen = carried
        place = number - 1 - count if reverse else count
        sample = jax.tree.map(
            lambda x: jax.lax.dynamic_index_in_dim(x, place, 0, keepdims=False), samples
        )
        carry, now = body(carry, sample)
        put = jax.lax.dynamic_update_index_in_dim
        return carry, jax.tree.map(lambda whole, one: put(whole, one, place, 0), seen, now)

    return jax.lax.fori_loop(0, number, step, (carry, nothing))
