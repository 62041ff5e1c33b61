"""coRNN against its equations in NumPy and torch, its rhythms against eigenvalues."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from rhythmic.cells import CoupledOscillatoryCell, CoupledOscillatoryState, trainable
from rhythmic.simulate import trajectory

KEY = jax.random.key(12)
WEIGHTS = ("weight_ih", "weight_velocity", "weight_position", "bias")
DT, STIFFNESS, DAMPING = 0.2, np.array([1.5, 9.0, 30.0]), np.array([0.5, 0.0, 1.2])


def inputs_of(time=25, seed=2):
    return np.random.default_rng(seed).normal(size=(time, 2))


def by_numpy(w_input, w_velocity, w_position, bias, stiffness, damping, inputs, dt=DT):
    """Positions and velocities, one example; also for complex numbers."""
    y = z = np.zeros(len(bias))
    positions, velocities = [], []
    for u in inputs:
        force = np.tanh(w_position @ y + w_velocity @ z + w_input @ u + bias)
        z = z + dt * (force - stiffness * y - damping * z)
        y = y + dt * z
        positions.append(y)
        velocities.append(z)
    return np.array(positions), np.array(velocities)


def custom(**options):
    options = {"dt": DT, "stiffness": STIFFNESS, "damping": DAMPING} | options
    return CoupledOscillatoryCell(2, 3, key=KEY, **options)


def weights_of(cell):
    return [np.asarray(getattr(cell, name)) for name in WEIGHTS]


@pytest.mark.usefixtures("x64")
def test_the_cell_is_the_loop_of_the_equations():
    cell, inputs = custom(), inputs_of()
    expected = by_numpy(*weights_of(cell), STIFFNESS, DAMPING, inputs)
    found = trajectory(cell, jnp.asarray(inputs), observe=lambda state: tuple(state)).observed
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)
    energy = expected[0] ** 2 + expected[1] ** 2 / STIFFNESS
    state = CoupledOscillatoryState(*(jnp.asarray(x).T for x in expected))
    np.testing.assert_allclose(cell.squared_amplitude(state).T, energy, rtol=1e-12)
    np.testing.assert_array_equal(cell.output(state), state.position)


@pytest.mark.usefixtures("x64")
def test_gradients_by_the_complex_step():
    damping = np.array([0.5, 0.1, 1.2])
    cell, inputs = custom(damping=damping, rhythms="learned"), inputs_of(12)
    readout = np.random.default_rng(4).normal(size=(12, 3))

    def score(raw_stiffness, raw_damping, w_velocity):
        stiffness = (np.pi / 2 / DT) ** 2 / (1 + np.exp(-raw_stiffness))
        damping = 0.75 / DT / (1 + np.exp(-raw_damping))
        w_input, _, w_position, bias = weights_of(cell)
        run = by_numpy(w_input, w_velocity, w_position, bias, stiffness, damping, inputs)
        return np.sum(run[0] * readout)

    gradient = eqx.filter_jit(
        eqx.filter_grad(lambda c: jnp.sum(trajectory(c, jnp.asarray(inputs)).observed * readout))
    )(cell)
    point = [cell.stiffness.raw, cell.damping.raw, cell.weight_velocity]
    point = [np.asarray(x, complex) for x in point]
    found = [gradient.stiffness.raw, gradient.damping.raw, gradient.weight_velocity]
    for which, place in [(0, 0), (0, 2), (1, 1), (1, 2), (2, (0, 1)), (2, (2, 2))]:
        moved = [x.copy() for x in point]
        moved[which][place] += 1e-30j
        np.testing.assert_allclose(found[which][place], score(*moved).imag / 1e-30, rtol=1e-10)


class TorchCell(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2 + 2 * 5, 5)

    def forward(self, inputs):
        y = z = torch.zeros(inputs.shape[1], 5, dtype=torch.float64)
        for u in inputs:
            force = torch.tanh(self.layer(torch.cat([u, z, y], dim=1)))
            z = z + 0.042 * (force - 2.7 * y - 4.7 * z)
            y = y + 0.042 * z
        return y


@pytest.mark.usefixtures("x64")
def test_gradients_are_those_of_torch():
    model = TorchCell().double()
    inputs = np.random.default_rng(0).normal(size=(40, 2, 4))
    readout = np.random.default_rng(1).normal(size=(5, 4))
    columns = np.cumsum([2, 5])
    parts = np.split(model.layer.weight.detach().numpy(), columns, axis=1)
    cell = eqx.tree_at(
        lambda c: [getattr(c, name) for name in WEIGHTS],
        CoupledOscillatoryCell(2, 5, key=KEY),
        [jnp.asarray(array) for array in (*parts, model.layer.bias.detach().numpy())],
    )
    last = model(torch.tensor(np.moveaxis(inputs, 2, 1)))
    torch.sum(last * torch.tensor(readout.T)).backward()

    @eqx.filter_jit
    @eqx.filter_grad(has_aux=True)
    def score(cell, inputs):
        position = trajectory(cell, inputs, every=40).observed[0]
        return jnp.sum(position * readout), position

    gradient, position = score(cell, jnp.asarray(inputs))
    np.testing.assert_allclose(position, last.detach().numpy().T, rtol=1e-10)
    expected = np.split(model.layer.weight.grad.numpy(), columns, axis=1)
    for name, array in zip(WEIGHTS, (*expected, model.layer.bias.grad.numpy()), strict=True):
        np.testing.assert_allclose(getattr(gradient, name), array, rtol=1e-9)


@pytest.mark.usefixtures("x64")
def test_free_nodes_ring_as_their_poles_say():
    cell = custom()
    drift, kicks = np.array([[1, DT], [0, 1]]), np.zeros((3, 2, 2))
    kicks[:, 0, 0] = 1
    kicks[:, 1, 0] = -DT * STIFFNESS
    kicks[:, 1, 1] = 1 - DT * DAMPING
    eigenvalues = np.linalg.eigvals(drift @ kicks)
    np.testing.assert_allclose(cell.pole_radius(), np.max(np.abs(eigenvalues), axis=1), rtol=1e-10)
    w1, w2 = cell.node_weights()
    np.testing.assert_allclose(w1, np.sum(eigenvalues, axis=1).real, rtol=1e-10)
    np.testing.assert_allclose(w2, -np.prod(eigenvalues, axis=1).real, rtol=1e-10)


def test_published_settings_are_stable_and_can_be_learned():
    # (dt, stiffness, damping) published for sequential MNIST and its permuted form.
    for dt, stiffness, damping in ((0.042, 2.7, 4.7), (0.076, 0.4, 8.0)):
        options = {"dt": dt, "stiffness": stiffness, "damping": damping}
        fixed = CoupledOscillatoryCell(1, 2, key=KEY, **options)
        learned = CoupledOscillatoryCell(1, 2, key=KEY, rhythms="learned", **options)
        assert np.all(fixed.pole_radius() < 1)
        np.testing.assert_allclose(learned.stiffness.values, stiffness, rtol=1e-5)
        np.testing.assert_allclose(learned.damping.values, damping, rtol=1e-5)
        assert np.all(np.asarray(trainable(learned).stiffness.raw))
        assert not trainable(fixed).stiffness.values
    default = CoupledOscillatoryCell(1, 2, key=KEY)
    assert default.dt == 0.042
    np.testing.assert_allclose(default.stiffness.values, 2.7, rtol=1e-6)
    np.testing.assert_allclose(default.damping.values, 4.7, rtol=1e-6)
    # Both poles are real: the larger eigenvalue of the overdamped node.
    matrix = np.array([[1, 0.042], [0, 1]]) @ np.array([[1, 0], [-0.042 * 2.7, 1 - 0.042 * 4.7]])
    roots = np.linalg.eigvals(matrix)
    assert np.isrealobj(roots)
    np.testing.assert_allclose(default.pole_radius(), np.max(roots), rtol=1e-5)


def test_start_values_are_those_of_one_torch_layer():
    cell = CoupledOscillatoryCell(4, 198, key=KEY)
    for name in WEIGHTS:
        values = np.ravel(getattr(cell, name))
        assert 0.045 < np.max(values) <= 0.05
        assert -0.045 > np.min(values) >= -0.05
        assert abs(np.mean(values)) < 5 * 0.05 / np.sqrt(3 * len(values))
    assert np.all(cell.weight_position != cell.weight_velocity)


def test_resolving_works_the_learned_values_out():
    cell = custom(damping=1.0, rhythms="learned")
    np.testing.assert_array_equal(cell.resolved().stiffness.values, cell.stiffness.values)
    assert not trainable(cell.resolved()).damping.values


def cornn(hidden_size=3, **options):
    return CoupledOscillatoryCell(1, hidden_size, key=KEY, **options)


BAD = {
    "input_size is 0": lambda: CoupledOscillatoryCell(0, 3, key=KEY),
    "hidden_size is 0": lambda: cornn(0),
    "rhythms is 'free'; choose from fixed, learned": lambda: cornn(rhythms="free"),
    "dt is 0.0; it must be above 0 and finite": lambda: cornn(dt=0.0),
    "dt is nan": lambda: cornn(dt=np.nan),
    r"stiffness has shape \(2,\); expected a number or \(3,\)": lambda: cornn(stiffness=[1.0, 2.0]),
    "stiffness holds 0; each must lie between 0 and 306": lambda: cornn(dt=0.1, stiffness=0.0),
    "stiffness holds 310; each must lie between 0 and 306": lambda: cornn(dt=0.1, stiffness=310.0),
    "stiffness holds 250; each must lie between 0 and 246.74": lambda: cornn(
        dt=0.1, stiffness=250.0, rhythms="learned"
    ),
    "damping holds 20; each must lie from 0 to below 20": lambda: cornn(dt=0.1, damping=20.0),
    "damping holds 7.5; each must lie between 0 and 7.5": lambda: cornn(
        dt=0.1, damping=7.5, rhythms="learned"
    ),
    "damping holds inf": lambda: cornn(damping=np.inf),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_options_are_named_in_one_line(message):
    with pytest.raises(ValueError, match=message) as caught:
        BAD[message]()
    assert "\n" not in str(caught.value)
