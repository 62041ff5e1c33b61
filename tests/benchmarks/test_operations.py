"""The arithmetic of a step against what XLA counts in the same equations."""

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from benchmarks.operations import STEPS, operations, operations_at_events
from benchmarks.problem import Problem
from rhythmic.cells import ElmanCell, HornCell, LSTMCell, ResonantCell

KEY = jax.random.key(0)
BATCH = 32
CELLS = {
    "rrn-golden": ResonantCell(2.0 * 1.618 ** jnp.arange(11), key=KEY),
    "rnn": ElmanCell(1, 11, key=KEY),
    "lstm": LSTMCell(1, 6, key=KEY),
    "horn-like": HornCell(1, 256, key=KEY),
}


def traced_operations(cell):
    """Floating-point operations of one step and its gradient; XLA counts a tanh apart."""

    def loss(cell, state, sample):
        state = cell.step(state, sample)
        shown = (
            cell.squared_amplitude(state)
            if hasattr(cell, "squared_amplitude")
            else (cell.output(state))
        )
        return jnp.sum(shown) + sum(jnp.sum(x**2) for x in jax.tree.leaves(state))

    state = jax.tree.map(lambda x: x + 0.1, cell.initial_state((BATCH,)))
    function = eqx.filter_jit(eqx.filter_grad(lambda both, sample: loss(*both, sample)))
    lowered = function.lower((cell, state), jnp.ones((1, BATCH)))
    return lowered.lowered.cost_analysis()["flops"] / BATCH


@pytest.mark.parametrize("model", CELLS)
def test_the_count_is_near_that_of_xla_and_not_above_it(model):
    count = 2 * STEPS[model].multiply_adds
    found = traced_operations(CELLS[model])
    assert 0.8 * found < count <= found


def test_operations_grow_with_batch_and_steps():
    assert operations(Problem("lstm", 4, 20)) == 2 * operations(Problem("lstm", 4, 10))
    assert operations(Problem("lstm", 8, 10)) == 2 * operations(Problem("lstm", 4, 10))


def test_events_are_fewer_than_pixels_and_cost_more_each():
    problem = Problem("rrn-golden", 128, 784)
    ratio = operations(problem) / operations_at_events(problem)
    assert 784 / 150 * 0.5 < ratio < 784 / 150
    assert operations_at_events(Problem("rnn", 128, 784)) is None
