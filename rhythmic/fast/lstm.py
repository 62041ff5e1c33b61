"""The mean output of an LSTM, its adjoint equations solved backwards in time.

Source: backpropagation through time (lecture, "RNN additional notes"); Hochreiter and Schmidhuber,
Neural Computation 9 (1997).
"""

import math

import jax
import jax.numpy as jnp

from rhythmic._scan import scan
from rhythmic._sums import added, empty_sum, mean_of
from rhythmic.cells import LSTMCell
from rhythmic.cells.interface import weigh_few
from rhythmic.cells.lstm import LSTMState
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

# Steps recomputed together: what the adjoint needs of them stays in a core's cache.
BLOCK_SIZE = 14


def mean_output(
    cell: LSTMCell, inputs: Sequence, lengths: Int[Array, "*batch"] | None = None
) -> NodeArray:
    """Return each cell's mean of ``h_t`` over a sequence, from rest.

    Equals ``time_mean(cell, inputs).mean``. In reverse mode it keeps one state a block of steps,
    takes the steps of a block again, and solves backwards in time, with ``i, f, g, o`` the gates
    after their nonlinearities, ``s_t = tanh(c_t)``, ``m`` the gradient of ``L`` by the mean
    divided by the number of steps, and ``z_t`` the four rows that the gates are functions of:

    ``dL/dh_t = m + W_hh^T dL/dz_{t+1}``
    ``dL/dc_t = f_{t+1} dL/dc_{t+1} + o (1 - s^2) dL/dh_t``
    ``dL/dz_t = (g i (1 - i) dL/dc, c_{t-1} f (1 - f) dL/dc, i (1 - g^2) dL/dc, s o (1 - o) dL/dh)``

    (all at ``t`` where no index stands). The gradients are ``sum_t dL/dz_t h_{t-1}^T`` by
    ``W_hh``, ``sum_t dL/dz_t I_t^T`` by ``W_ih``, ``sum_t dL/dz_t`` by each bias, and
    ``W_ih^T dL/dz_t`` by the input. Exact for every array of the cell and for the inputs. Forward
    mode is not defined; take ``time_mean`` there. Source: backpropagation through time, applied
    to the equations of ``LSTMCell``.

    Args:
        cell: the layer.
        inputs: ``(time, feature, *batch)``, cast to the dtype of the cell.
        lengths: samples of each sequence that count, ``(*batch,)``; all of them by default.

    Returns:
        ``(hidden, *batch)``.

    Raises:
        ValueError: for inputs that do not fit the cell.
    """
    check_sequence(cell, inputs, None, 0, None)
    rest = start(cell, inputs, None)
    batch_shape = inputs.shape[2:]
    flat = inputs.reshape(*inputs.shape[:2], math.prod(batch_shape)).astype(rest.hidden.dtype)
    flat, counted = counted_inputs(flat, None if lengths is None else lengths.reshape(-1))
    return mean_from_rest(cell, flat, counted).reshape(cell.hidden_size, *batch_shape)


@jax.custom_vjp
def mean_from_rest(cell: LSTMCell, inputs: Sequence, counted: Array | None) -> NodeArray:
    """Return the mean; ``forward`` and ``backward`` are its derivative."""
    return forward(cell, inputs, counted)[0]


def forward(cell: LSTMCell, inputs: Sequence, counted: Array | None) -> tuple[NodeArray, PyTree]:
    """Take the cell's steps, and keep the state before each block of them."""
    rest = cell.initial_state(inputs.shape[2:])

    def step(carry: PyTree, sample: tuple) -> tuple[PyTree, None]:
        state, total = carry
        inputs, counts = sample
        state = cell.step(state, inputs)
        return (state, added(total, if_counted(counts, state.hidden))), None

    def block(carry: PyTree, samples: tuple) -> tuple[PyTree, LSTMState]:
        return scan(step, carry, samples)[0], carry[0]

    blocks, remainder = split((inputs, counted), BLOCK_SIZE)
    start_of = (rest, empty_sum(rest.hidden, len(inputs)))
    carry, starts = scan_counted(block, start_of, blocks, counted, block_size=BLOCK_SIZE)
    (_, total), last_start = block(carry, remainder)
    mean = mean_of(total, number_counted(inputs, counted), rest.hidden.dtype)
    return mean, (cell, inputs, counted, (starts, last_start))


def backward(kept: PyTree, cotangent: NodeArray) -> tuple[LSTMCell, Sequence, None]:
    """Run the adjoint equations from the last step to the first."""
    cell, inputs, counted, starts = kept
    by_mean = cotangent / number_counted(inputs, counted)
    transposed = cell.weight_hh.T
    rows = cell.weight_hh.shape[0]

    def adjoint_step(carry: PyTree, factors: PyTree) -> tuple[PyTree, Array]:
        by_rows, by_memory = carry  # dL/dz_{t+1} and f_{t+1} dL/dc_{t+1}
        (*slopes, output_slope, by_output, forget), counts = factors
        m = if_counted(counts, by_mean)
        by_hidden = written_once(m + weigh_few(transposed, by_rows))
        by_memory = by_memory + by_output * by_hidden
        terms = [slope * by_memory for slope in slopes]
        by_rows = jnp.concatenate([*terms, output_slope * by_hidden])
        return (by_rows, forget * by_memory), by_rows

    def adjoint_block(carry: PyTree, block: PyTree) -> tuple[PyTree, Array]:
        *adjoint, gradient = carry
        (samples, counted), state = block
        _, (hidden, factors) = scan(
            lambda state, sample: with_factors(cell, state, sample), state, samples
        )
        adjoint, by_rows = scan(adjoint_step, tuple(adjoint), (factors, counted), reverse=True)
        added, by_samples = affine_gradients(cell, by_rows, hidden, samples)
        return (*adjoint, gradient + added), by_samples

    zero = jnp.zeros_like(by_mean)
    gradient = jnp.zeros((rows, cell.hidden_size + cell.input_size + 1), zero.dtype)
    carry = (jnp.zeros((rows, *zero.shape[1:]), zero.dtype), zero, gradient)
    blocks, remainder = split((inputs, counted), BLOCK_SIZE)
    carry, by_remainder = adjoint_block(carry, (remainder, starts[1]))
    samples = (blocks, starts[0])
    carry, by_blocks = scan_counted(
        adjoint_block, carry, samples, counted, block_size=BLOCK_SIZE, reverse=True
    )
    return with_affine_gradient(cell, carry[2]), join(by_blocks, by_remainder), None


def with_factors(cell: LSTMCell, state: LSTMState, sample: Array) -> tuple[LSTMState, PyTree]:
    """Take one step, and return ``h_{t-1}`` and the factors of the adjoint equations."""
    after, (i, f, g, o) = cell.step_and_gates(state, sample)
    s = jnp.tanh(after.memory)
    slopes = (g * i * (1 - i), state.memory * f * (1 - f), i * (1 - g**2), s * o * (1 - o))
    return after, (state.hidden, (*slopes, o * (1 - s**2), f))


mean_from_rest.defvjp(forward, backward)
