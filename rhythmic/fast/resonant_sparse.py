"""The mean squared amplitude of resonant nodes from event to event, in a program that finds them.

Of sequences that turn out not to be sparse, and for gradients by anything but the weights, one step
per sample: the choice is made while the program runs.

Source: lecture, "Rhythmic RNN", and M. A. Kramer, arXiv:2506.17083; the equations stand in
``rhythmic.fast.resonant`` and ``rhythmic.fast.resonant_events``.
"""

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.cells import ResonantCell
from rhythmic.cells.resonant import without_diagonal
from rhythmic.fast import resonant, resonant_events
from rhythmic.fast.resonant_events import SPARSE, FreeMotion, free_motions
from rhythmic.typing import Array, Float, Int, Matrix, NodeArray, PyTree


def mean_squared_amplitude_if_sparse(
    cell: ResonantCell, inputs: Float[Array, "time 1 batch"], motion: FreeMotion
) -> NodeArray:
    """Return each node's mean of ``A_t^2`` over sequences of one scalar per step, from rest.

    The same as ``mean_squared_amplitude``. Where the gradient by the recurrent weights alone is
    asked for, or none, and at most ``SPARSE`` of the samples of the longest sequence are nonzero,
    one step per nonzero sample is taken. Reverse mode once.

    Args:
        cell: a layer with recurrent weights, whose input drives all nodes alike.
        inputs: the sequences.
        motion: ``free_motion`` of its nodes, as long as the sequences.

    Returns:
        ``(hidden, batch)``.
    """
    return _mean(cell.resolved(), inputs, motion)


@jax.custom_vjp
def _mean(cell: ResonantCell, inputs: Array, motion: FreeMotion) -> NodeArray:
    return _forward(cell, inputs, motion)[0]


def _forward(cell: ResonantCell, inputs: Array, motion: FreeMotion) -> tuple[NodeArray, PyTree]:
    """Go from event to event, or from sample to sample; keep what the way back reads of either."""
    num_steps, _, batch = inputs.shape
    # At least half of the steps, so that the positions of all fill two histories at most.
    most = max(int(SPARSE * num_steps), (num_steps + 1) // 2)
    values, gaps, num_events = sparse_events(inputs[:, 0], most)
    # Where there are too many events nobody reads the motions, so that none is looked up.
    motions = free_motions(motion, gaps, jnp.where(num_events <= most, num_events, 0))
    events = (motion, values, motions, num_events)

    def by_events() -> tuple[NodeArray, PyTree]:
        mean, kept = resonant_events.forward((cell.effective_weights(), None), *events)
        return mean, (kept[-1], cell.initial_state((batch,)))

    def by_samples() -> tuple[NodeArray, PyTree]:
        mean, (*_, positions, end) = resonant.forward(cell, inputs, None)
        later = jnp.pad(positions[most:], ((0, 2 * most - num_steps), (0, 0), (0, 0)))
        return mean, ((positions[:most], later), end)

    mean, kept = jax.lax.cond(num_events <= most, by_events, by_samples)
    return mean, (cell, inputs, events, kept)


def _forward_rule(
    cell: PyTree, inputs: PyTree, motion: PyTree
) -> tuple[NodeArray, tuple[PyTree, PyTree]]:
    """Go forward, by every sample where more than a gradient by the weights is asked for."""
    others = (eqx.tree_at(lambda c: c.recurrent_weights, cell, None), inputs)
    is_primal = lambda x: hasattr(x, "perturbed")  # noqa: E731
    every_sample = any(x.perturbed for x in jax.tree.leaves(others, is_leaf=is_primal))
    cell, inputs, motion = jax.tree.map(
        lambda x: x.value, (cell, inputs, motion), is_leaf=is_primal
    )
    if every_sample:
        mean, kept = resonant.forward(cell, inputs, None)
        return mean, (kept, None)
    mean, kept = _forward(cell, inputs, motion)
    return mean, (None, kept)


def _backward_rule(
    kept: tuple[PyTree, PyTree], cotangent: NodeArray
) -> tuple[ResonantCell, Array | None, None]:
    """Return the gradients by all arguments."""
    kept_of_samples, kept_of_either = kept
    if kept_of_samples is not None:
        by_cell, by_inputs, _ = resonant.backward(kept_of_samples, cotangent)
        return by_cell, by_inputs, None
    cell, inputs, events, (histories, end) = kept_of_either
    num_events, most = events[-1], len(histories[0])

    def by_events() -> Matrix:
        kept = ((cell.effective_weights(), None), *events, histories)
        by_weights = resonant_events.backward(kept, cotangent)[0]
        return without_diagonal(by_weights) if cell.diagonal == "masked" else by_weights

    def by_samples() -> Matrix:
        positions = jnp.concatenate(histories)[: len(inputs)]
        by_cell, *_ = resonant.backward((cell, inputs, None, positions, end), cotangent)
        assert by_cell.recurrent_weights is not None
        return by_cell.recurrent_weights

    by_weights = jax.lax.cond(num_events <= most, by_events, by_samples)
    nothing = jax.tree.map(lambda _: None, cell)
    return (
        eqx.tree_at(
            lambda c: c.recurrent_weights, nothing, by_weights, is_leaf=lambda x: x is None
        ),
        None,
        None,
    )


_mean.defvjp(_forward_rule, _backward_rule, symbolic_zeros=True)


def sparse_events(
    sequences: Float[Array, "time batch"], most: int
) -> tuple[Float[Array, "event batch"], Int[Array, "event batch"], Int[Array, ""]]:
    """Return the nonzero samples of sequences, the gaps after them, and how many the longest has.

    As ``find_events``, in a program; of a sequence with more than ``most`` the first of them.

    Args:
        sequences: the samples.
        most: events that there is room for.
    """
    num_steps, batch = sequences.shape
    nonzero = sequences != 0
    steps = jnp.arange(num_steps, dtype=jnp.int32)
    nowhere = jnp.full(batch, num_steps, jnp.int32)

    def earlier(following: Array, sample: tuple[Array, Array]) -> tuple[Array, Array]:
        step, is_event = sample
        following = jnp.where(is_event, step, following)
        return following, following

    _, following = jax.lax.scan(earlier, nowhere, (steps, nonzero), reverse=True)
    following = jnp.concatenate([following, nowhere[None], nowhere[None]])
    num_events = jnp.max(jnp.sum(nonzero, axis=0), initial=0)

    def hop(event: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        step, found = carry
        found = jax.lax.dynamic_update_index_in_dim(found, step, event, 0)
        return jnp.take_along_axis(following, step[None] + 1, axis=0)[0], found

    found = jnp.broadcast_to(nowhere, (most + 1, batch))
    carry = (following[0], found)
    _, found = jax.lax.fori_loop(0, jnp.minimum(num_events, most + 1), hop, carry)
    where = found[:-1]
    values = jnp.take_along_axis(sequences, jnp.minimum(where, num_steps - 1), axis=0)
    return jnp.where(where < num_steps, values, 0), found[1:] - where, num_events
