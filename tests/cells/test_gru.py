"""The GRU against torch and against its equations in NumPy."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from rhythmic.cells import GRUCell
from rhythmic.simulate import trajectory

KEY = jax.random.key(13)
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


@pytest.mark.usefixtures("x64")
def test_values_and_gradients_are_those_of_torch():
    model = torch.nn.GRU(2, 4).double()
    arrays = {name: getattr(model, f"{name}_l0") for name in NAMES}
    cell = eqx.tree_at(
        lambda c: [getattr(c, name) for name in NAMES],
        GRUCell(2, 4, key=KEY),
        [jnp.asarray(array.detach().numpy()) for array in arrays.values()],
    )
    rng = np.random.default_rng(0)
    inputs, readout = rng.normal(size=(20, 2, 3)), rng.normal(size=(20, 4, 3))
    theirs = torch.tensor(np.moveaxis(inputs, 2, 1), requires_grad=True)
    shown, _ = model(theirs)
    torch.sum(shown * torch.tensor(np.moveaxis(readout, 2, 1))).backward()

    def score(cell, inputs):
        observed = trajectory(cell, inputs).observed
        return jnp.sum(observed * readout), observed

    (by_cell, by_inputs), observed = jax.jit(jax.grad(score, argnums=(0, 1), has_aux=True))(
        cell, jnp.asarray(inputs)
    )
    np.testing.assert_allclose(observed, np.moveaxis(shown.detach().numpy(), 1, 2), rtol=1e-10)
    for name, array in arrays.items():
        np.testing.assert_allclose(getattr(by_cell, name), array.grad.numpy(), rtol=1e-10)
    np.testing.assert_allclose(by_inputs, np.moveaxis(theirs.grad.numpy(), 1, 2), rtol=1e-10)


@pytest.mark.usefixtures("x64")
def test_the_cell_is_the_loop_of_the_equations():
    cell = GRUCell(2, 3, key=KEY, update_bias=0.7)
    rng = np.random.default_rng(1)
    bias_hh, inputs = rng.normal(size=9), rng.normal(size=(25, 2))
    cell = eqx.tree_at(lambda c: c.bias_hh, cell, jnp.asarray(bias_hh))
    (w_r, w_z, w_n), (v_r, v_z, v_n) = (
        np.split(np.asarray(w), 3) for w in (cell.weight_ih, cell.weight_hh)
    )
    (a_r, a_z, a_n), (b_r, b_z, b_n) = (np.split(np.asarray(b), 3) for b in (cell.bias_ih, bias_hh))
    h, expected = np.zeros(3), []
    for u in inputs:
        r = 1 / (1 + np.exp(-(w_r @ u + a_r + v_r @ h + b_r)))
        z = 1 / (1 + np.exp(-(w_z @ u + a_z + v_z @ h + b_z)))
        n = np.tanh(w_n @ u + a_n + r * (v_n @ h + b_n))
        h = (1 - z) * n + z * h
        expected.append(h)
    np.testing.assert_allclose(trajectory(cell, jnp.asarray(inputs)).observed, expected, rtol=1e-10)
    np.testing.assert_array_equal(a_z, 0.7)


def test_start_values():
    cell = GRUCell(1, 60, key=KEY)
    bound = np.sqrt(6 / 181)
    values = np.ravel(cell.weight_ih)
    assert 0.95 * bound < np.max(np.abs(values)) <= bound
    assert abs(np.mean(values**2) - bound**2 / 3) < 5 * bound**2 * np.sqrt(4 / 45 / 180)
    np.testing.assert_allclose(cell.weight_hh.T @ cell.weight_hh, np.eye(60), atol=1e-5)
    assert cell.weight_hh.shape == (180, 60)
    assert not np.any(cell.bias_ih)
    assert not np.any(cell.bias_hh)
    blocks = np.zeros((3, 60))
    blocks[1] = 2.5  # r, z, n
    np.testing.assert_array_equal(GRUCell(1, 60, key=KEY, update_bias=2.5).bias_ih, blocks.ravel())


def test_an_open_update_gate_keeps_the_state():
    cell = GRUCell(1, 3, key=KEY, update_bias=50.0)
    start = jnp.array([0.3, -0.2, 0.9])
    last = trajectory(cell, jnp.ones((30, 1)), initial_state=start).final_state
    np.testing.assert_allclose(last, start, rtol=1e-6)


BAD = {
    "input_size is 0": lambda: GRUCell(0, 3, key=KEY),
    "hidden_size is -2": lambda: GRUCell(1, -2, key=KEY),
    "update_bias is inf; it must be finite": lambda: GRUCell(1, 3, key=KEY, update_bias=np.inf),
    "update_bias is nan": lambda: GRUCell(1, 3, key=KEY, update_bias=np.nan),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_options_are_named_in_one_line(message):
    with pytest.raises(ValueError, match=message) as caught:
        BAD[message]()
    assert "\n" not in str(caught.value)
