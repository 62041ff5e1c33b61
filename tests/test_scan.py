"""Without compilation (``JAX_DISABLE_JIT``) the same functions run step by step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic._scan import scan
from rhythmic.cells.registry import make_cell
from rhythmic.fast.ways import mean_with_adjoint
from rhythmic.simulate import time_mean
from tests.marks import rest_slow


@pytest.fixture
def step_by_step():
    with jax.disable_jit():
        yield


@pytest.mark.parametrize("reverse", [False, True])
def test_no_step_is_no_step(step_by_step, reverse):
    def body(carry, sample):
        return carry + sample, {"seen": jnp.stack([carry, carry])}

    carry, seen = scan(body, jnp.float32(3), jnp.zeros(0), reverse=reverse)
    assert carry == 3
    assert seen["seen"].shape == (0, 2)


@pytest.mark.parametrize("name", rest_slow(["rnn", "lstm"], "rnn"))
def test_adjoints_of_a_short_sequence(step_by_step, name):
    cell, inputs = make_cell(name, 1, 2, key=jax.random.key(0)), jnp.ones((3, 1, 2))

    def score(function):
        return jax.grad(lambda inputs: jnp.sum(function(cell, inputs) ** 2))(inputs)

    by_hand = score(mean_with_adjoint(cell, "output"))
    plain = score(lambda cell, inputs: time_mean(cell, inputs).mean)
    np.testing.assert_allclose(by_hand, plain, rtol=1e-5, atol=1e-7)
