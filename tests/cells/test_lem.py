"""The long expressive memory against its equations in torch, value and gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells.registry import make_cell
from rhythmic.simulate import trajectory

pytestmark = pytest.mark.usefixtures("x64")
KEY = jax.random.key(41)


def test_states_and_gradients_are_those_of_the_equations():
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    cell = make_cell("lem", 2, 3, key=KEY, dt=0.7)
    rng = np.random.default_rng(0)
    inputs, readout = rng.normal(size=(40, 2)), rng.normal(size=(40, 2, 3))

    def score(cell, inputs):
        found = trajectory(cell, inputs, observe=jnp.stack).observed
        return jnp.sum(found * readout), found

    gradient, found = jax.jit(jax.grad(score, argnums=(0, 1), has_aux=True))(
        cell, jnp.asarray(inputs)
    )
    names = ("weight_ih", "weight_hh", "weight_slow", "bias")
    arrays = [*(getattr(cell, name) for name in names), inputs]
    tensors = [torch.tensor(np.array(x), requires_grad=True) for x in arrays]
    of_input, of_shown, of_slow, bias, samples = tensors
    (v1, v2, vz, vy), (b1, b2, bz, by) = of_input.chunk(4), bias.chunk(4)
    w1, w2, wz = of_shown.chunk(3)
    z = y = torch.zeros(3, dtype=torch.float64)
    expected = []
    for u in samples:
        first = 0.7 * torch.sigmoid(w1 @ y + v1 @ u + b1)
        second = 0.7 * torch.sigmoid(w2 @ y + v2 @ u + b2)
        z = (1 - first) * z + first * torch.tanh(wz @ y + vz @ u + bz)
        y = (1 - second) * y + second * torch.tanh(of_slow @ z + vy @ u + by)
        expected.append(torch.stack([z, y]))
    expected = torch.stack(expected)
    np.testing.assert_allclose(found, expected.detach(), rtol=1e-10, atol=1e-13)
    torch.sum(expected * torch.tensor(readout)).backward()
    slopes = [*(getattr(gradient[0], name) for name in names), gradient[1]]
    for array, tensor in zip(slopes, tensors, strict=True):
        np.testing.assert_allclose(array, tensor.grad, rtol=1e-8, atol=1e-11)


def test_a_short_step_makes_a_long_memory_and_states_stay_bounded():
    rng = np.random.default_rng(1)
    loud = jnp.asarray(rng.normal(size=(300, 2)) * 30)
    for dt in (0.01, 1.0):
        cell = make_cell("lem", 2, 5, key=KEY, dt=dt)
        found = trajectory(cell, loud, observe=jnp.stack).observed
        assert np.max(np.abs(found)) <= 1
    # With nothing but the leak a state shrinks by no more than 1 - dt a step.
    cell = jax.tree.map(jnp.zeros_like, make_cell("lem", 2, 5, key=KEY, dt=0.01))
    state = cell.initial_state()._replace(slow=jnp.ones(5), shown=jnp.ones(5))
    left = trajectory(cell, jnp.zeros((100, 2)), initial_state=state).observed[-1]
    np.testing.assert_allclose(left, (1 - 0.005) ** 100, rtol=1e-12)
