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
from rhythmic.adjoints.blocks import (
    affine_gradients,
    join,
    split,
    with_affine_gradient,
    written_once,
)
from rhythmic.cells import AbstractCell, ElmanCell
from rhythmic.cells.interface import weigh_few
from rhythmic.simulate import check_sequence, start
from rhythmic.typing import Array, NodeArray, PyTree, Sequence

# Steps whose weight gradients are summed together, from a core's cache.
BLOCK_SIZE = 14


def mean_output(cell: ElmanCell, inputs: Sequence) -> NodeArray:
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
    return mean_from_rest(cell, flat).reshape(cell.hidden_size, *batch_shape)


def feeds_back_tanh(cell: AbstractCell) -> TypeGuard[ElmanCell]:
    """Tell whether the adjoint of this module is the one of this cell."""
    if not isinstance(cell, ElmanCell):
        return False
    return cell.feedback == "output" and cell.activation == importable(jnp.tanh)


@jax.custom_vjp
def mean_from_rest(cell: ElmanCell, inputs: Sequence) -> NodeArray:
    """Return the mean; ``forward`` and ``backward`` are its derivative."""
    return forward(cell, inputs)[0]


def forward(cell: ElmanCell, inputs: Sequence) -> tuple[NodeArray, PyTree]:
    """Take the cell's steps, and keep the output before each of them and the last."""
    rest = cell.initial_state(inputs.shape[2:])

    def step(carry: PyTree, sample: Array) -> tuple[PyTree, NodeArray]:
        output, total = carry
        after = cell.step(output, sample)
        return (after, added(total, after)), output

    carry = (rest, empty_sum(rest, len(inputs)))
    (end, total), outputs = scan(step, carry, inputs)
    return mean_of(total, len(inputs), rest.dtype), (cell, inputs, outputs, end)


def backward(kept: PyTree, cotangent: NodeArray) -> tuple[ElmanCell, Sequence]:
    """Run the adjoint equations from the last step to the first."""
    cell, inputs, outputs, end = kept
    m = cotangent / inputs.shape[0]
    transposed = cell.weight_hh.T

    def adjoint_step(carry: PyTree, previous: NodeArray) -> tuple[PyTree, NodeArray]:
        adjoint, output = carry  # dL/dz_{t+1} and H_t
        adjoint = (1 - output**2) * (m + weigh_few(transposed, adjoint))
        adjoint = written_once(adjoint)
        return (adjoint, previous), adjoint

    def adjoint_block(carry: PyTree, block: tuple[Array, Array]) -> tuple[PyTree, Array]:
        adjoint, gradient = carry
        samples, outputs = block
        adjoint, adjoints = scan(adjoint_step, adjoint, outputs, reverse=True)
        added, by_samples = affine_gradients(cell, adjoints, outputs, samples)
        return (adjoint, gradient + added), by_samples

    gradient = jnp.zeros((cell.hidden_size, cell.hidden_size + cell.input_size + 1), m.dtype)
    carry = ((jnp.zeros_like(m), end), gradient)
    blocks, remainder = split((inputs, outputs), BLOCK_SIZE)
    carry, by_remainder = adjoint_block(carry, remainder)
    carry, by_blocks = scan(adjoint_block, carry, blocks, reverse=True)
    return with_affine_gradient(cell, carry[1]), join(by_blocks, by_remainder)


mean_from_rest.defvjp(forward, backward)
