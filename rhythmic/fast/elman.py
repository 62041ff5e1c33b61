"""The mean output of an Elman RNN, its adjoint equations solved backwards in time.

Source: backpropagation through time (lecture, "RNN additional notes").
"""

import math
from typing import TypeGuard

import jax
import jax.numpy as jnp

from rhythmic._scan import scan
from rhythmic._sums import added, empty_sum, mean_of
from rhythmic.activations import importable
from rhythmic.cells import AbstractCell, ElmanCell
from rhythmic.cells.interface import weigh_few
from rhythmic.fast._blocks import (
    affine_gradients,
    join,
    split,
    with_affine_gradient,
    written_once,
)
from rhythmic.fast._counted import counted_inputs, if_counted, number_counted, scan_counted
from rhythmic.simulate import check_sequence, start
from rhythmic.typing import Array, Int, NodeArray, PyTree, Sequence

# Steps whose weight gradients are summed together, from a core's cache.
BLOCK_SIZE = 14


def mean_output(
    cell: ElmanCell, inputs: Sequence, lengths: Int[Array, "*batch"] | None = None
) -> NodeArray:
    """Return each node's mean of ``H_t`` over a sequence, from rest.

    Equals ``time_mean(cell, inputs).mean``. In reverse mode it keeps one output a node and step,
    and solves backwards in time, with ``m`` the gradient of ``L`` by the mean divided by the
    number of steps and ``z_t`` what the hyperbolic tangent is taken of:

    ``dL/dz_t = (1 - H_t^2) (m + W_hh^T dL/dz_{t+1})``

    The gradients are ``sum_t dL/dz_t H_{t-1}^T`` by ``W_hh``, ``sum_t dL/dz_t I_t^T`` by ``W_ih``,
    ``sum_t dL/dz_t`` by each bias, and ``W_ih^T dL/dz_t`` by the input. Exact for every array of
    the cell and for the inputs. Forward mode is not defined; take ``time_mean`` there.
    Source: backpropagation through time (lecture, "RNN additional notes").

    Args:
        cell: a layer that feeds back its output, the hyperbolic tangent.
        inputs: ``(time, feature, *batch)``, cast to the dtype of the cell.
        lengths: samples of each sequence that count, ``(*batch,)``; all of them by default.

    Returns:
        ``(hidden, *batch)``.

    Raises:
        ValueError: for inputs that do not fit the cell, or a cell of another kind.
    """
    check_sequence(cell, inputs, None, 0, None)
    if not feeds_back_tanh(cell):
        raise ValueError(
            f"feedback is {cell.feedback!r} and activation {cell.activation!r}; the hand-written "
            "adjoint is for output and jnp.tanh"
        )
    rest = start(cell, inputs, None)
    batch_shape = inputs.shape[2:]
    flat = inputs.reshape(*inputs.shape[:2], math.prod(batch_shape)).astype(rest.dtype)
    flat, counted = counted_inputs(flat, None if lengths is None else lengths.reshape(-1))
    return mean_from_rest(cell, flat, counted).reshape(cell.hidden_size, *batch_shape)


def feeds_back_tanh(cell: AbstractCell) -> TypeGuard[ElmanCell]:
    """Tell whether the adjoint of this module is the one of this cell."""
    if not isinstance(cell, ElmanCell):
        return False
    return cell.feedback == "output" and cell.activation == importable(jnp.tanh)


@jax.custom_vjp
def mean_from_rest(cell: ElmanCell, inputs: Sequence, counted: Array | None) -> NodeArray:
    """Return the mean; ``forward`` and ``backward`` are its derivative."""
    return forward(cell, inputs, counted)[0]


def forward(cell: ElmanCell, inputs: Sequence, counted: Array | None) -> tuple[NodeArray, PyTree]:
    """Take the cell's steps, and keep the output before each of them and the last."""
    rest = cell.initial_state(inputs.shape[2:])

    def step(carry: PyTree, sample: tuple) -> tuple[PyTree, NodeArray]:
        output, total = carry
        inputs, counts = sample
        after = cell.step(output, inputs)
        return (after, added(total, if_counted(counts, after))), output

    carry = (rest, empty_sum(rest, len(inputs)))
    (end, total), outputs = scan_counted(step, carry, (inputs, counted), counted)
    if counted is not None:  # the output after the last step that was taken stands before the next
        last = jnp.max(jnp.sum(counted, axis=0), initial=0)
        outputs = jnp.where(jnp.arange(len(outputs))[:, None, None] == last, end, outputs)
    mean = mean_of(total, number_counted(inputs, counted), rest.dtype)
    return mean, (cell, inputs, counted, outputs, end)


def backward(kept: PyTree, cotangent: NodeArray) -> tuple[ElmanCell, Sequence, None]:
    """Run the adjoint equations from the last step to the first."""
    cell, inputs, counted, outputs, end = kept
    by_mean = cotangent / number_counted(inputs, counted)
    transposed = cell.weight_hh.T

    def adjoint_step(carry: PyTree, sample: tuple) -> tuple[PyTree, NodeArray]:
        adjoint, output = carry  # dL/dz_{t+1} and H_t
        previous, counts = sample
        m = if_counted(counts, by_mean)
        adjoint = (1 - output**2) * (m + weigh_few(transposed, adjoint))
        adjoint = written_once(adjoint)
        return (adjoint, previous), adjoint

    def adjoint_block(carry: PyTree, block: tuple[Array, Array, Array]) -> tuple[PyTree, Array]:
        adjoint, gradient = carry
        samples, outputs, counted = block
        adjoint, adjoints = scan(adjoint_step, adjoint, (outputs, counted), reverse=True)
        added, by_samples = affine_gradients(cell, adjoints, outputs, samples)
        return (adjoint, gradient + added), by_samples

    gradient = jnp.zeros((cell.hidden_size, cell.hidden_size + cell.input_size + 1), by_mean.dtype)
    carry = ((jnp.zeros_like(by_mean), end), gradient)
    blocks, remainder = split((inputs, outputs, counted), BLOCK_SIZE)
    carry, by_remainder = adjoint_block(carry, remainder)
    carry, by_blocks = scan_counted(
        adjoint_block, carry, blocks, counted, block_size=BLOCK_SIZE, reverse=True
    )
    return with_affine_gradient(cell, carry[1]), join(by_blocks, by_remainder), None


mean_from_rest.defvjp(forward, backward)
