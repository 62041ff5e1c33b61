"""The mean squared amplitude of resonant nodes, its adjoint equations solved backwards in time.

Source: backpropagation through time (lecture, "RNN additional notes"); the amplitude is that of M.
A. Kramer, arXiv:2506.17083.
"""

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic._sums import added, empty_sum, mean_of
from rhythmic.arguments import checked
from rhythmic.cells import ResonantCell
from rhythmic.cells.interface import along_nodes, weigh
from rhythmic.cells.resonant import without_diagonal
from rhythmic.fast._counted import counted_inputs, if_counted, number_counted, scan_counted
from rhythmic.simulate import check_sequence, start
from rhythmic.typing import Array, Int, NodeArray, PyTree, Sequence


@checked
def mean_squared_amplitude(
    cell: ResonantCell, inputs: Sequence, lengths: Int[Array, "*batch"] | None = None
) -> NodeArray:
    """Return each node's mean of ``A_t^2`` over a sequence, from rest.

    Equals ``time_mean(cell, inputs, observe=cell.squared_amplitude).mean``. In reverse mode it
    keeps one position a node and step, and solves for ``lambda_t = dL/dx_t`` backwards in time:

    ``lambda_t = g (x_t + (a + b) q_t) - g a q_{t+1} + w1 lambda_{t+1} + w2 lambda_{t+2}
    + d_{t+1} (1 - tanh^2(x_t d_{t+1})) W^T lambda_{t+1}``

    with ``q_t = a (x_t - x_{t-1}) + b x_t``, ``a`` the velocity scale, ``b`` the damping ratio and
    ``g`` twice the gradient of ``L`` by the mean, divided by the number of steps. The gradient by
    ``W`` is ``sum_t lambda_t tanh(x_{t-1} d_t)^T``, with the drive ``d_t`` of the cell. Exact for
    every array of the cell and for the inputs. Forward mode (``jax.jvp``, ``jax.hessian``) is not
    defined; take ``time_mean`` there.

    Args:
        cell: a layer with recurrent weights.
        inputs: ``(time, feature, *batch)``, cast to the dtype of the cell.
        lengths: samples of each sequence that count, ``(*batch,)``; all of them by default.

    Returns:
        ``(hidden, *batch)``.

    Raises:
        ValueError: for inputs that do not fit the cell, or a cell without recurrent weights.
    """
    check_sequence(cell, inputs, None, 0, None)
    if cell.recurrent_weights is None:
        raise ValueError("recurrent_weights is None; the hand-written adjoint is for a matrix")
    rest = start(cell, inputs, None)
    cell = cell.resolved()
    inputs, counted = counted_inputs(inputs.astype(rest.position.dtype), lengths)
    drives = jax.vmap(cell.drive)(inputs)
    # What follows knows drives alone; JAX carries their gradient on to input weights and inputs.
    return mean_from_rest(eqx.tree_at(lambda c: c.input_weights, cell, None), drives, counted)


@jax.custom_vjp
def mean_from_rest(cell: ResonantCell, drives: Array, counted: Array | None) -> NodeArray:
    """Return the mean; ``forward`` and ``backward`` are its derivative."""
    return forward(cell, drives, counted)[0]


def forward(cell: ResonantCell, drives: Array, counted: Array | None) -> tuple[NodeArray, PyTree]:
    """Take the cell's steps, and keep the position before each of them."""
    rest = cell.initial_state(drives.shape[2:])

    def body(carry: PyTree, sample: tuple[Array, Array | None]) -> tuple[PyTree, NodeArray]:
        state, total = carry
        drive, counts = sample
        after = cell.driven_step(state, drive)
        return (after, added(total, if_counted(counts, cell.squared_amplitude(after)))), (
            state.position
        )

    carry = (rest, empty_sum(rest.position, len(drives)))
    (end, total), positions = scan_counted(body, carry, (drives, counted), counted)
    mean = mean_of(total, number_counted(drives, counted), rest.position.dtype)
    return mean, (cell, drives, counted, positions, end)


def backward(kept: PyTree, cotangent: NodeArray) -> tuple[ResonantCell, Array, None]:
    """Run the adjoint equations from the last step to the first."""
    cell, drives, counted, positions, end = kept
    weights = cell.effective_weights()
    w1, w2, a, b = (along_nodes(x, end.position) for x in jax.tree.leaves(cell.nodes))
    by_mean = 2 * cotangent / number_counted(drives, counted)
    batch = tuple(range(1, end.position.ndim))

    def body(carry: PyTree, sample: tuple) -> tuple[PyTree, Array]:
        onward, following, position, by_weights, by_nodes = carry
        # d_t and x_{t-1}; the carry holds lambda_{t+1} and x_t
        drive, previous, counts = sample
        g = if_counted(counts, by_mean)
        difference = position - previous
        q = a * difference + b * position
        adjoint = onward + g * (position + (a + b) * q)
        activity = jnp.tanh(previous * drive)
        slope = (1 - activity**2) * weigh(weights.T, adjoint)
        onward = w1 * adjoint + w2 * following + drive * slope - g * a * q
        by_weights += jnp.tensordot(
            adjoint, activity, axes=(batch, batch), precision=jax.lax.Precision.HIGHEST
        )
        terms = (adjoint * previous, following * previous, g * q * difference, g * q * position)
        by_nodes = tuple(map(jnp.add, by_nodes, terms))
        by_drive = adjoint + previous * slope
        if len(drive) == 1:  # one drive for all nodes
            by_drive = jnp.sum(by_drive, axis=0, keepdims=True)
        return (onward, adjoint, previous, by_weights, by_nodes), by_drive

    # What nobody asks for, the gradient by a fixed rhythm or by the input, the compiler removes.
    zero = jnp.zeros_like(end.position)
    carry = (zero, zero, end.position, jnp.zeros_like(weights), (zero,) * 4)
    samples = (drives, positions, counted)
    carry, by_drives = scan_counted(body, carry, samples, counted, reverse=True)
    by_weights, by_nodes = carry[3:]
    if cell.diagonal == "masked":
        by_weights = without_diagonal(by_weights)
    nodes = type(cell.nodes)(*(jnp.sum(values, axis=batch) for values in by_nodes))
    gradient = (nodes, by_weights)
    by_cell = eqx.tree_at(lambda c: (c.nodes, c.recurrent_weights), cell, gradient)
    return by_cell, by_drives, None


mean_from_rest.defvjp(forward, backward)
