"""Which steps of a batch of sequences count in a mean, for adjoints written by hand."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from rhythmic._scan import scan, scan_first
from rhythmic.simulate import mask_from_lengths
from rhythmic.typing import Array, Bool, Int, NodeArray, PyTree, Sequence


def counted_inputs(
    inputs: Sequence, lengths: Int[Array, "*batch"] | None
) -> tuple[Sequence, Bool[Array, "time *batch"] | None]:
    """Return inputs that are zero behind the end of each sequence, and which steps count.

    Args:
        inputs: ``(time, feature, *batch)``.
        lengths: samples of each sequence; None counts all.
    """
    if lengths is None:
        return inputs, None
    counted = mask_from_lengths(lengths, inputs.shape[0])
    return jnp.where(counted[:, None], inputs, 0), counted


def if_counted(counts: Bool[Array, "*batch"] | None, values: NodeArray) -> NodeArray:
    """Return ``values`` of the sequences in which a step ``counts``, 0 of the others."""
    return values if counts is None else jnp.where(counts, values, 0)


def scan_counted(
    body: Callable[[PyTree, PyTree], tuple[PyTree, PyTree]],
    carry: PyTree,
    samples: PyTree,
    counted: Bool[Array, "time *batch"] | None,
    *,
    block_size: int = 1,
    reverse: bool = False,
) -> tuple[PyTree, PyTree]:
    """Scan ``body`` over samples, or blocks of them, up to the last step that counts.

    Args:
        body: as of ``jax.lax.scan``.
        carry: what it starts from.
        samples: arrays with the steps, or whole blocks of them, first.
        counted: which steps count; None for all.
        block_size: steps of a block.
        reverse: whether the last sample comes first.
    """
    blocks = jax.tree.leaves(samples)[0].shape[0]
    if counted is None or not blocks:  # sequences may be shorter than a block
        return scan(body, carry, samples, reverse=reverse)
    longest = jnp.max(jnp.sum(counted, axis=0), initial=0)
    number = jnp.minimum(-(-longest // block_size), blocks)
    return scan_first(body, carry, samples, number, reverse=reverse)


def number_counted(
    inputs: Sequence, counted: Bool[Array, "time *batch"] | None
) -> int | Int[Array, "*batch"]:
    """Return how many steps of ``inputs`` are ``counted``."""
    return len(inputs) if counted is None else jnp.sum(counted, axis=0)
