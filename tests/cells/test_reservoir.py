"""The resonant reservoir against its equations in NumPy, its weights against eigenvalues."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ResonantReservoirCell, trainable
from rhythmic.cells.reservoir import perron_root, sparse_weights, with_spectral_radius
from rhythmic.cells.resonant_nodes import ResonantState
from rhythmic.networks import Network
from rhythmic.networks.layers import Layer
from rhythmic.networks.readouts import BatchNormReadout
from rhythmic.simulate import trajectory
from tests.marks import rest_slow

FREQUENCIES = np.array([3.0, 12.0, 40.0, 41.0, 120.0, 250.0])
KEYS = [jax.random.fold_in(jax.random.key(7), i) for i in range(12)]


def radius_of(weights):
    return np.max(np.abs(np.linalg.eigvals(np.asarray(weights, np.float64))))


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
