"""The resonant reservoir against its equations in NumPy, its weights against eigenvalues."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ResonantCell, ResonantReservoirCell, ResonantState, trainable
from rhythmic.cells.reservoir import perron_root, sparse_weights, with_spectral_radius
from rhythmic.networks import BatchNormReadout, Layer, Network
from rhythmic.simulate import trajectory
from tests.marks import rest_slow

FREQUENCIES = np.array([3.0, 12.0, 40.0, 41.0, 120.0, 250.0])
KEYS = [jax.random.fold_in(jax.random.key(7), i) for i in range(12)]


def radius_of(weights):
    return np.max(np.abs(np.linalg.eigvals(np.asarray(weights, np.float64))))


def by_numpy(weights, inputs, noise, *, radius=0.93004, sample_rate=1000.0, scale=1.0):
    """The equations as they are written: one example, phases by the arc tangent."""
    dt = 1 / sample_rate
    w1, w2 = 2 * radius * np.cos(2 * np.pi * FREQUENCIES * dt), -(radius**2)
    omega = np.sqrt((w1 + w2 - 1) / (w2 * dt**2))
    beta = -(w1 + 2 * w2) / (2 * w2 * dt)
    x = previous = np.zeros(len(FREQUENCIES))
    phase = np.zeros(len(FREQUENCIES))
    positions, amplitudes = [], []
    for u, xi in zip(inputs, noise, strict=True):
        drive = weights @ (1 / (1 + np.exp(-np.cos(phase))))
        x, previous = scale * u + w1 * x + w2 * previous + drive + xi, x
        velocity = (x - previous) * sample_rate
        phase = np.arctan2(velocity + beta * x, omega * x)
        positions.append(x)
        amplitudes.append(x**2 + ((velocity + beta * x) / omega) ** 2 + 1e-12)
    return np.array(positions), np.array(amplitudes)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("noise", [0.0, 0.00538])
def test_the_cell_is_the_loop_of_the_equations(noise):
    cell = ResonantReservoirCell(FREQUENCIES, key=KEYS[0], noise=noise, input_scale=0.7)
    rng = np.random.default_rng(3)
    inputs = rng.uniform(size=(60, 2)) * (rng.uniform(size=(60, 2)) < 0.4)
    drawn = rng.normal(size=(60, 6, 2))
    sequence = inputs[:, None] if noise == 0 else np.concatenate([inputs[:, None], drawn], axis=1)
    observe = lambda state: (state.position, cell.squared_amplitude(state))  # noqa: E731
    positions, amplitudes = trajectory(cell, jnp.asarray(sequence), observe=observe).observed
    weights = np.asarray(cell.recurrent_weights)
    assert np.any(weights)
    for example in range(2):
        expected = by_numpy(weights, inputs[:, example], noise * drawn[..., example], scale=0.7)
        np.testing.assert_allclose(positions[..., example], expected[0], rtol=1e-9)
        np.testing.assert_allclose(amplitudes[..., example], expected[1], rtol=1e-9)


@pytest.mark.usefixtures("x64")
def test_the_first_recurrent_drive_is_that_of_phase_zero():
    cell = ResonantReservoirCell(FREQUENCIES, key=KEYS[0], noise=0.0)
    state = cell.step(cell.initial_state(), jnp.zeros(1))
    expected = np.sum(np.asarray(cell.recurrent_weights), axis=1) / (1 + np.exp(-1))
    np.testing.assert_allclose(state.position, expected, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1e-30, 1e-20, 1.0, 1e20, 1e37])
def test_a_phase_has_no_size_and_its_derivative_stays_finite(size):
    cell = ResonantReservoirCell(FREQUENCIES, key=KEYS[0])
    rng = np.random.default_rng(0)
    position, previous = rng.normal(size=(2, 6))
    plain = cell.phase_cosine(ResonantState(jnp.asarray(position), jnp.asarray(previous)))

    def cosine(scale):
        state = ResonantState(*(jnp.asarray(scale * x, jnp.float32) for x in (position, previous)))
        return cell.phase_cosine(state)

    np.testing.assert_allclose(cosine(jnp.float32(size)), plain, rtol=1e-4, atol=1e-5)
    slope = jax.jacfwd(cosine)(jnp.float32(size))
    assert np.all(np.isfinite(slope))
    np.testing.assert_allclose(slope * size, 0.0, atol=1e-5)  # along its own direction


def test_at_rest_the_phase_is_zero_and_flat():
    cell = ResonantReservoirCell(FREQUENCIES, key=KEYS[0])
    np.testing.assert_array_equal(cell.phase_cosine(cell.initial_state()), 1.0)
    slopes = jax.jacfwd(cell.phase_cosine)(cell.initial_state())
    assert not any(np.any(slope) for slope in jax.tree.leaves(slopes))
    broken = ResonantState(jnp.full(6, jnp.nan), jnp.zeros(6))
    assert np.all(np.isnan(cell.phase_cosine(broken)))


@pytest.mark.usefixtures("x64")
def test_input_and_weights_scaled_alike_scale_the_states():
    cell = ResonantReservoirCell(FREQUENCIES, key=KEYS[0], noise=0.0)
    larger = ResonantReservoirCell(
        FREQUENCIES, key=KEYS[0], noise=0.0, input_scale=8.0, spectral_radius=8 * 0.426
    )
    inputs = jnp.asarray(np.random.default_rng(1).uniform(size=(50, 1)))
    once, eightfold = (trajectory(c, inputs).observed for c in (cell, larger))
    np.testing.assert_allclose(8 * once, eightfold, rtol=1e-9)


@pytest.mark.usefixtures("x64")
def test_without_weights_it_is_the_unconnected_resonant_layer():
    inputs = jnp.asarray(np.random.default_rng(1).uniform(size=(50, 1)))
    frequencies = FREQUENCIES[:-1]
    cell = ResonantReservoirCell(frequencies, key=KEYS[0], noise=0.0, spectral_radius=0.0)
    free = ResonantCell(frequencies, key=KEYS[0], recurrence=False, pole_radius=0.93004)
    np.testing.assert_allclose(
        trajectory(cell, inputs).observed, trajectory(free, inputs).observed, rtol=1e-12
    )


def test_noise_is_what_it_costs():
    quiet = ResonantReservoirCell(FREQUENCIES, key=KEYS[0], noise=0.0)
    noisy = ResonantReservoirCell(FREQUENCIES, key=KEYS[0])
    assert (quiet.input_size, noisy.input_size) == (1, 7)
    inputs = jnp.ones((20, 1))
    silent = jnp.concatenate([inputs, jnp.zeros((20, 6))], axis=1)
    np.testing.assert_allclose(
        trajectory(quiet, inputs).observed, trajectory(noisy, silent).observed, rtol=1e-6
    )

    def operations(cell, sample):
        return len(jax.make_jaxpr(cell.step)(cell.initial_state(), sample).jaxpr.eqns)

    assert operations(quiet, inputs[0]) < operations(noisy, silent[0])


@pytest.mark.parametrize("size", rest_slow([2, 5, 11, 60], 2, 11))
@pytest.mark.parametrize("density", [0.2, 0.354, 1.0])
def test_weights_are_sparse_inhibitory_and_of_the_radius_asked_for(size, density):
    for key in KEYS[:4]:
        weights = sparse_weights(size, density=density, key=key)
        assert np.all(np.diag(weights) == 0)
        assert np.all((weights <= 0) & (weights >= -1))
        count = round(density * size**2)
        assert count - size <= np.count_nonzero(weights) <= count
        radius = radius_of(weights)
        np.testing.assert_allclose(perron_root(weights), radius, rtol=2e-6, atol=1e-12)
        wanted = 0.426 if radius > 0 else 0.0
        scaled = with_spectral_radius(weights, 0.426)
        np.testing.assert_allclose(radius_of(scaled), wanted, rtol=2e-6)


def test_entries_are_uniform_over_minus_one_to_zero():
    drawn = np.concatenate([np.ravel(sparse_weights(60, density=0.3, key=key)) for key in KEYS])
    drawn = drawn[drawn != 0]
    assert drawn.min() < -0.99
    assert drawn.max() > -0.01
    # The mean of U(-1, 0) is -1/2, its variance 1/12; five standard errors.
    assert abs(drawn.mean() + 0.5) < 5 / np.sqrt(12 * len(drawn))
    assert abs(np.var(drawn) - 1 / 12) < 5 * np.sqrt(1 / 180 / len(drawn))


@pytest.mark.usefixtures("x64")
def test_perron_root_of_matrices_that_are_hard_to_iterate():
    ring = np.roll(np.diag([0.5, 2.0, 3.0, 0.1]), 1, axis=0)  # every eigenvalue as large
    np.testing.assert_allclose(perron_root(jnp.asarray(ring)), 0.3**0.25, rtol=1e-7)
    blocks = np.triu(np.ones((4, 4)))  # a Jordan-like block: no eigenvectors to span the space
    np.testing.assert_allclose(perron_root(jnp.asarray(blocks)), 1.0, rtol=1e-5)
    assert perron_root(jnp.asarray(np.triu(np.ones((9, 9)), 1))) == 0  # no cycle
    assert perron_root(jnp.zeros((3, 3))) == 0


def test_weights_without_a_cycle_become_zero():
    weights = -jnp.triu(jnp.ones((5, 5)), 1)
    np.testing.assert_array_equal(with_spectral_radius(weights, 0.426), 0.0)


def test_the_published_reservoir():
    cell = ResonantReservoirCell.published(key=KEYS[0])
    assert cell.hidden_size == 246
    assert cell.input_size == 247
    angle = 2 * np.pi * np.arange(5, 251) / 1000
    np.testing.assert_allclose(cell.nodes.w1, 2 * 0.93004 * np.cos(angle), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(cell.nodes.w2, -(0.93004**2), rtol=1e-6)
    weights = np.asarray(cell.recurrent_weights)
    off = ~np.eye(246, dtype=bool)
    assert abs(np.mean(weights[off] != 0) - 0.354) < 0.002
    np.testing.assert_allclose(radius_of(weights), 0.426, rtol=1e-5)
    assert cell.noise == np.float32(0.00538)
    assert ResonantReservoirCell.published(key=KEYS[0], noise=0.0).input_size == 1


def test_nothing_is_trained_and_a_readout_can_stand_on_it():
    cell = ResonantReservoirCell(FREQUENCIES, key=KEYS[0], noise=0.0)
    assert not any(jax.tree.leaves(trainable(cell)))
    readout = BatchNormReadout(6, 10, key=KEYS[1])
    layers = (Layer(cell, None, None, None, "squared_amplitude"),)
    statistics = readout.initial_statistics()
    network = Network(None, layers, readout, statistics, None, None, "mean", 1, 10)
    assert network.features(jnp.ones((20, 1, 3)), method="fastest").shape == (6, 3)
    assert network(np.ones((3, 20, 1))).shape == (3, 10)


@pytest.mark.slow
def test_members_are_built_and_run_side_by_side():
    def build(key):
        return ResonantReservoirCell(FREQUENCIES, key=key, noise=0.0)

    inputs = jnp.asarray(np.random.default_rng(2).uniform(size=(30, 1, 4)), jnp.float32)
    members = eqx.filter_vmap(build)(jnp.stack(KEYS[:3]))
    found = eqx.filter_vmap(lambda cell: trajectory(cell, inputs).observed)(members)
    for number, key in enumerate(KEYS[:3]):
        alone = trajectory(build(key), inputs).observed
        np.testing.assert_allclose(found[number], alone, rtol=2e-4, atol=2e-5)


def test_start_values_follow_the_key():
    first, again, other = (
        ResonantReservoirCell(FREQUENCIES, key=key).recurrent_weights
        for key in (KEYS[0], KEYS[0], KEYS[1])
    )
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


BAD = {
    "frequencies holds 500; .* 500 Hz, sample_rate / 2": {"frequencies": np.array([2.0, 500.0])},
    "frequencies holds nan": {"frequencies": np.array([np.nan])},
    "frequencies has shape": {"frequencies": np.ones((2, 2))},
    "sample_rate is 0.0": {"sample_rate": 0.0},
    "spectral_radius is -1.0": {"spectral_radius": -1.0},
    "density is 0.0": {"density": 0.0},
    "density is 1.5": {"density": 1.5},
    "noise is -0.1": {"noise": -0.1},
    "noise is nan": {"noise": np.nan},
    "input_scale is 0.0": {"input_scale": 0.0},
    "pole_radius is 1.0": {"pole_radius": 1.0},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_options_are_named_in_one_line(message):
    with pytest.raises(ValueError, match=message) as caught:
        ResonantReservoirCell(**{"frequencies": FREQUENCIES, "key": KEYS[0]} | BAD[message])
    assert "\n" not in str(caught.value)
