"""Resonate-and-fire nodes: torch in the units of the paper, closed forms of the plain one."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from rhythmic.cells.registry import make_cell
from rhythmic.cells.resonate_fire import spike
from rhythmic.simulate import trajectory
from rhythmic.theory import decay_time, node_frequency

pytestmark = pytest.mark.usefixtures("x64")
KEY = jax.random.key(31)
DT = 0.01
OMEGA, OFFSET = np.array([15.0, 30.0, 50.0]), np.array([0.1, 0.5, 1.0])  # per second
INPUTS = np.random.default_rng(4).normal(size=(120, 2)) * 60 + 10
READOUT = np.random.default_rng(5).normal(size=(120, 3))


def surrogate(x):
    return 0.5 * (1.15 * norm.pdf(x, scale=0.5) - 2 * 0.15 * norm.pdf(x, scale=3.0))


def balanced_in_torch(torch, weights, omega, offset, inputs):
    """The loop of the paper: ``b = p(omega) - b' - q`` per second, spikes beside the input."""

    class Spike(torch.autograd.Function):
        @staticmethod
        def forward(context, excess):
            context.save_for_backward(excess)
            return (excess > 0).double()

        @staticmethod
        def backward(context, gradient):
            return gradient * torch.tensor(surrogate(context.saved_tensors[0].numpy()))

    u = v = q = z = torch.zeros(3, dtype=torch.float64)
    boundary = (-1 + torch.sqrt(1 - (DT * omega) ** 2)) / DT
    seen = []
    for sample in inputs:
        drive = weights @ torch.cat([sample, z])
        b = boundary - offset - q
        u, v = u + DT * (b * u - omega * v + drive), v + DT * (omega * u + b * v)
        z = Spike.apply(u - 1.0 - q)
        q = 0.9 * q + z
        seen.append(torch.stack([u, v, q, z]))
    return torch.stack(seen)


def test_balanced_nodes_and_their_gradients_are_those_of_the_paper():
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    start = make_cell("rf", 2, 3, key=KEY)
    weights = np.concatenate([start.weight_ih, 20 * start.weight_hh], axis=1)

    def seen(weights, omega, offset, inputs):
        rhythms = {"angular_frequency": DT * omega, "damping": DT * offset, "rhythms": "fixed"}
        cell = make_cell("rf", 2, 3, key=KEY, dt=DT, **rhythms)
        parts = weights[:, :2], weights[:, 2:]
        cell = eqx.tree_at(lambda cell: (cell.weight_ih, cell.weight_hh), cell, parts)
        found = trajectory(cell, inputs, observe=jnp.stack).observed
        return jnp.sum(READOUT * (found[:, 3] + 0.1 * found[:, 0] ** 2)), found

    point = (weights, OMEGA, OFFSET, INPUTS)
    differentiated = jax.jit(jax.grad(seen, argnums=(0, 1, 2, 3), has_aux=True))
    gradient, found = differentiated(*map(jnp.asarray, point))
    tensors = [torch.tensor(np.array(x), requires_grad=True) for x in point]
    expected = balanced_in_torch(torch, *tensors)
    assert np.all(np.sum(np.asarray(found[:, 3]), axis=0) >= 5)
    np.testing.assert_array_equal(found[:, 3], expected[:, 3].detach())
    np.testing.assert_allclose(found, expected.detach(), rtol=1e-9, atol=1e-9)
    torch.sum(torch.tensor(READOUT) * (expected[:, 3] + 0.1 * expected[:, 0] ** 2)).backward()
    for array, tensor in zip(gradient, tensors, strict=True):
        scale = float(tensor.grad.abs().max())
        assert scale > 0
        np.testing.assert_allclose(array, tensor.grad, rtol=1e-7, atol=1e-9 * scale)


def test_a_spike_is_a_step_with_the_slope_of_two_gaussians():
    x = np.linspace(-6, 6, 25)
    np.testing.assert_array_equal(spike(jnp.asarray(x)), x > 0)
    slopes = jax.vmap(jax.grad(spike))(jnp.asarray(x))
    np.testing.assert_allclose(slopes, surrogate(x), rtol=1e-12)


def test_plain_nodes_without_recurrence_answer_by_their_impulse_response():
    rhythms = {"angular_frequency": [0.2, 0.7, 2.8], "damping": [0.01, 0.1, 0.3]}
    cell = make_cell("rf", 1, 3, key=KEY, form="plain", dt=2.0, **rhythms)
    cell = eqx.tree_at(lambda cell: cell.weight_hh, cell, jnp.zeros((3, 3)))
    pole = np.exp(-np.array(rhythms["damping"]) + 1j * np.array(rhythms["angular_frequency"]))
    inputs = np.random.default_rng(2).normal(size=(50, 1))
    drive = 2.0 * inputs @ np.asarray(cell.weight_ih).T
    expected = np.array(
        [sum(pole**lag * drive[time - lag] for lag in range(time + 1)) for time in range(50)]
    )
    found = trajectory(
        cell, jnp.asarray(inputs), observe=lambda s: (s.real, s.imaginary, s.spikes)
    ).observed
    np.testing.assert_allclose(found[0], expected.real, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[1], expected.imag, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(found[2], expected.real > 1)
    assert np.any(found[2])


def test_free_rhythms_and_the_divergence_boundary():
    omega = np.array([0.15, 0.5, 0.9])
    rhythms = {"angular_frequency": omega, "rhythms": "fixed"}
    edge = make_cell("rf", 1, 3, key=KEY, damping=1e-12, **rhythms)
    np.testing.assert_allclose(edge.pole_radius(), 1.0, rtol=1e-11)
    found = node_frequency(*edge.node_weights(), 1e-3)
    np.testing.assert_allclose(found, np.arcsin(omega) / (2 * np.pi * 1e-3), rtol=1e-9)
    inside = make_cell("rf", 1, 3, key=KEY, damping=0.49, **rhythms)
    assert np.all(inside.pole_radius() < 1)
    plain = make_cell("rf", 1, 3, key=KEY, form="plain", damping=0.02, **rhythms)
    weights = plain.node_weights()
    np.testing.assert_allclose(node_frequency(*weights, 1.0), omega / (2 * np.pi), rtol=1e-9)
    np.testing.assert_allclose(decay_time(*weights, 1.0), 50, rtol=1e-9)


@pytest.mark.parametrize(
    ("option", "values", "outside"),
    [
        ("angular_frequency", (0.1, 0.9), 0.95),
        ("damping", (0.01, 0.4), 0.5),
        ("dt", (0.5, 2.0), 0.0),
    ],
)
def test_traced_options_make_the_cells_of_each_value(option, values, outside):
    inputs = jnp.ones((20, 1))

    def seen(value):
        cell = make_cell("rf", 1, 3, key=KEY, **({"dt": 2.0} | {option: value}))
        return trajectory(cell, inputs, observe=cell.squared_amplitude).observed

    found = jax.jit(jax.vmap(seen))(jnp.array([*values, outside]))
    for row, value in zip(found, values, strict=False):
        np.testing.assert_allclose(row, seen(value), rtol=1e-8)
    assert np.all(np.isnan(found[2]))
