"""HORN against its equations in NumPy and torch, its rhythms against eigenvalues."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from rhythmic.cells import HornCell, HornState, trainable
from rhythmic.simulate import trajectory
from rhythmic.theory import decay_time, node_frequency

KEY = jax.random.key(11)
WEIGHTS = ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
ALPHA, OMEGA, GAMMA = np.array([0.3, 0.8, 0.5]), np.array([0.2, 0.9, 1.3]), np.array([0.01, 0.2, 0])


def inputs_of(time=25, seed=2):
    return np.random.default_rng(seed).normal(size=(time, 2))


def by_numpy(w_ih, b_ih, w_hh, b_hh, alpha, omega, gamma, inputs):
    """Positions and velocities, one example, as the paper writes the step; also for complex."""
    x = y = np.zeros(len(b_hh))
    positions, velocities = [], []
    for u in inputs:
        drive = w_ih @ u + b_ih + (w_hh @ y + b_hh) / np.sqrt(len(b_hh))
        y = y + alpha * np.tanh(drive) - omega**2 * x - 2 * gamma * y
        x = x + y
        positions.append(x)
        velocities.append(y)
    return np.array(positions), np.array(velocities)


def custom(**options):
    options = {"excitability": ALPHA, "angular_frequency": OMEGA, "damping": GAMMA} | options
    return HornCell(2, 3, key=KEY, **options)


def weights_of(cell):
    return [np.asarray(getattr(cell, name)) for name in WEIGHTS]


@pytest.mark.usefixtures("x64")
def test_the_cell_is_the_loop_of_the_equations():
    cell, inputs = custom(), inputs_of()
    expected = by_numpy(*weights_of(cell), ALPHA, OMEGA, GAMMA, inputs)
    found = trajectory(cell, jnp.asarray(inputs), observe=lambda state: tuple(state)).observed
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)
    energy = expected[0] ** 2 + (expected[1] / OMEGA) ** 2
    state = HornState(*(jnp.asarray(x).T for x in expected))
    np.testing.assert_allclose(cell.squared_amplitude(state).T, energy, rtol=1e-12)
    np.testing.assert_array_equal(cell.output(state), state.position)


@pytest.mark.usefixtures("x64")
def test_heterogeneous_rhythms_by_the_loop():
    cell, inputs = HornCell(2, 3, key=KEY, heterogeneous=True), inputs_of()
    omega, gamma = np.asarray(cell.angular_frequency.values), np.asarray(cell.damping.values)
    expected, _ = by_numpy(*weights_of(cell), 0.04, omega, gamma, inputs)
    np.testing.assert_allclose(trajectory(cell, jnp.asarray(inputs)).observed, expected, rtol=1e-10)


@pytest.mark.usefixtures("x64")
def test_gradients_by_the_complex_step():
    start = {"angular_frequency": OMEGA, "damping": np.array([0.01, 0.2, 0.1])}
    cell, inputs = custom(**start, rhythms="learned"), inputs_of(12)
    readout = np.random.default_rng(4).normal(size=(12, 3))

    def score(raw_omega, raw_gamma, w_hh):
        omega = np.pi / 2 / (1 + np.exp(-raw_omega))
        gamma = 0.375 / (1 + np.exp(-raw_gamma))
        w_ih, b_ih, _, b_hh = weights_of(cell)
        return np.sum(by_numpy(w_ih, b_ih, w_hh, b_hh, ALPHA, omega, gamma, inputs)[0] * readout)

    gradient = eqx.filter_jit(
        eqx.filter_grad(lambda c: jnp.sum(trajectory(c, jnp.asarray(inputs)).observed * readout))
    )(cell)
    point = [cell.angular_frequency.raw, cell.damping.raw, cell.weight_hh]
    point = [np.asarray(x, complex) for x in point]
    found = [gradient.angular_frequency.raw, gradient.damping.raw, gradient.weight_hh]
    for which, place in [(0, 0), (0, 2), (1, 1), (1, 2), (2, (0, 1)), (2, (2, 2))]:
        moved = [x.copy() for x in point]
        moved[which][place] += 1e-30j
        np.testing.assert_allclose(found[which][place], score(*moved).imag / 1e-30, rtol=1e-10)


class TorchHorn(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.input_layer = torch.nn.Linear(2, 5)
        self.recurrent_layer = torch.nn.Linear(5, 5)

    def forward(self, inputs):
        x = y = torch.zeros(inputs.shape[1], 5, dtype=torch.float64)
        for u in inputs:
            drive = self.input_layer(u) + self.recurrent_layer(y) / 5**0.5
            y = y + 0.04 * torch.tanh(drive) - 0.224**2 * x - 0.02 * y
            x = x + y
        return x


@pytest.mark.usefixtures("x64")
def test_gradients_are_those_of_torch():
    model = TorchHorn().double()
    inputs = np.random.default_rng(0).normal(size=(40, 2, 4))
    readout = np.random.default_rng(1).normal(size=(5, 4))
    arrays = dict(zip(WEIGHTS, model.parameters(), strict=True))
    cell = eqx.tree_at(
        lambda c: [getattr(c, name) for name in WEIGHTS],
        HornCell(2, 5, key=KEY),
        [jnp.asarray(array.detach().numpy()) for array in arrays.values()],
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
    for name, array in arrays.items():
        np.testing.assert_allclose(getattr(gradient, name), array.grad.numpy(), rtol=1e-9)


@pytest.mark.usefixtures("x64")
def test_free_nodes_ring_as_their_poles_say():
    cell = eqx.tree_at(
        lambda c: [getattr(c, name) for name in WEIGHTS],
        custom(),
        replace_fn=jnp.zeros_like,
    )
    start = HornState(jnp.ones(3), jnp.zeros(3))
    run = trajectory(cell, jnp.zeros((60, 2)), initial_state=start).observed
    x = np.concatenate([np.ones((1, 3)), run])
    w1, w2 = cell.node_weights()
    np.testing.assert_allclose(x[2:], w1 * x[1:-1] + w2 * x[:-2], rtol=1e-8, atol=1e-14)
    matrices = [[[1 - w**2, 1 - 2 * g], [-(w**2), 1 - 2 * g]] for w, g in zip(OMEGA, GAMMA)]  # noqa: B905
    eigenvalues = np.linalg.eigvals(np.array(matrices))
    np.testing.assert_allclose(cell.pole_radius(), np.max(np.abs(eigenvalues), axis=1), rtol=1e-10)
    np.testing.assert_allclose(cell.pole_radius(), np.sqrt(1 - 2 * GAMMA), rtol=1e-10)
    cycles = np.max(np.angle(eigenvalues), axis=1) / (2 * np.pi)
    np.testing.assert_allclose(node_frequency(w1, w2, 1.0), cycles, rtol=1e-9)
    np.testing.assert_allclose(cycles[2], np.arcsin(OMEGA[2] / 2) / np.pi, rtol=1e-9)


def test_the_published_network():
    cell = HornCell(1, 4, key=KEY)
    assert cell.excitability.values.shape == (4,)
    np.testing.assert_allclose(cell.excitability.values, 0.04)
    np.testing.assert_allclose(cell.angular_frequency.values, 0.224)
    np.testing.assert_allclose(cell.damping.values, 0.01)
    np.testing.assert_allclose(2 * np.pi / 28, 0.224, atol=5e-4)
    np.testing.assert_allclose(cell.pole_radius(), np.sqrt(0.98), rtol=1e-6)
    np.testing.assert_allclose(decay_time(*cell.node_weights(), 1.0), 99, rtol=1e-2)


def test_start_values_are_those_of_torch():
    cell = HornCell(4, 400, key=KEY)
    for name, bound in zip(WEIGHTS, (0.5, 0.5, 0.05, 0.05), strict=True):
        values = np.ravel(getattr(cell, name))
        assert 0.9 * bound < np.max(values) <= bound
        assert -0.9 * bound > np.min(values) >= -bound
        assert abs(np.mean(values)) < 5 * bound / np.sqrt(3 * len(values))


@pytest.mark.parametrize("rhythms", ["fixed", "learned"])
def test_heterogeneous_rhythms_lie_between_half_and_twice(rhythms):
    cell = HornCell(1, 500, key=KEY, heterogeneous=True, rhythms=rhythms)
    for found, middle in ((cell.angular_frequency, 0.224), (cell.damping, 0.01)):
        ratio = np.asarray(found.values) / middle
        assert 0.5 - 1e-5 <= np.min(ratio) < 0.52
        assert 1.98 < np.max(ratio) <= 2 + 1e-5
        assert abs(np.mean(ratio) - 1.25) < 5 * 1.5 / np.sqrt(12 * 500)
    correlation = np.corrcoef(cell.angular_frequency.values, cell.damping.values)[0, 1]
    assert abs(correlation) < 0.2
    plain = HornCell(1, 500, key=KEY)
    np.testing.assert_array_equal(plain.weight_hh, cell.weight_hh)


def test_learned_rhythms_start_where_they_are_told_and_resolve_to_them():
    frequencies = np.array([4.0, 20.0, 80.0]) / 1000 * 2 * np.pi
    cell = HornCell(1, 3, key=KEY, angular_frequency=frequencies, damping=0.02, rhythms="learned")
    np.testing.assert_allclose(cell.angular_frequency.values, frequencies, rtol=1e-5)
    np.testing.assert_allclose(cell.damping.values, 0.02, rtol=1e-5)
    marks = trainable(cell)
    assert marks.angular_frequency.raw
    assert marks.damping.raw
    assert not marks.excitability.values
    resolved = cell.resolved()
    np.testing.assert_array_equal(resolved.angular_frequency.values, cell.angular_frequency.values)
    assert not trainable(resolved).angular_frequency.values


def test_squared_amplitude_of_a_slow_free_node_hardly_moves():
    cell = HornCell(1, 1, key=KEY, angular_frequency=0.02, damping=0.0, excitability=1e-9)
    start = HornState(jnp.ones(1), jnp.zeros(1))
    observe = cell.squared_amplitude
    found = trajectory(cell, jnp.zeros((400, 1)), initial_state=start, observe=observe).observed
    np.testing.assert_allclose(found, 1.0, atol=0.021)


def horn(hidden_size=3, **options):
    return HornCell(1, hidden_size, key=KEY, **options)


BAD = {
    "input_size is 0": lambda: HornCell(0, 3, key=KEY),
    "hidden_size is 0": lambda: horn(0),
    "rhythms is 'free'; choose from fixed, learned": lambda: horn(rhythms="free"),
    "excitability holds 0": lambda: horn(excitability=0.0),
    "excitability holds nan": lambda: horn(excitability=[0.1, np.nan, 0.1]),
    r"excitability has shape \(2,\)": lambda: horn(excitability=np.ones(2)),
    r"angular_frequency has shape \(4,\); expected a number or \(3,\)": lambda: horn(
        angular_frequency=np.ones(4)
    ),
    "angular_frequency holds 0; each must lie between 0 and 1.98": lambda: horn(
        angular_frequency=0.0
    ),
    "angular_frequency holds 1.99; each must lie between 0 and 1.98": lambda: horn(
        angular_frequency=[0.1, 1.99, 0.1]
    ),
    "angular_frequency holds 1.6; each must lie between 0 and 1.57": lambda: horn(
        angular_frequency=1.6, rhythms="learned"
    ),
    "damping holds -0.1; each must lie from 0 to below 1": lambda: horn(damping=-0.1),
    "damping holds 1": lambda: horn(damping=1.0),
    "damping holds 0; each must lie between 0 and 0.375": lambda: horn(
        damping=0.0, rhythms="learned"
    ),
    r"angular_frequency, doubled \(heterogeneous\), holds 2": lambda: horn(
        angular_frequency=1.0, heterogeneous=True
    ),
    r"damping, doubled \(heterogeneous\), holds 0.4": lambda: horn(
        damping=0.2, heterogeneous=True, rhythms="learned"
    ),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_options_are_named_in_one_line(message):
    with pytest.raises(ValueError, match=message) as caught:
        BAD[message]()
    assert "\n" not in str(caught.value)
