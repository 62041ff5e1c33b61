"""Eigenvalues, random networks and free runs against NumPy loops and known results."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.network_rhythms import (
    companion_weights,
    free_run,
    leading_mode,
    probability_all_real,
    random_recurrent_weights,
    rotation_weights,
    sequence_network,
)
from rhythmic.static.hopfield import synchronous_trajectory
from rhythmic.static.hopfield_storage import random_patterns
from rhythmic.theory import second_order_roots

DT = 1e-3


def test_leading_mode_of_known_matrices():
    turn = np.asarray(rotation_weights(40.0, 0.9, DT), float)
    matrices = np.stack([np.diag([0.5, 0.2]), np.diag([-0.8, 0.3]), np.zeros((2, 2)), turn])
    mode = leading_mode(matrices, DT)
    np.testing.assert_allclose(mode.frequency, [np.nan, 500.0, np.nan, 40.0], rtol=1e-5)
    np.testing.assert_allclose(mode.modulus, [0.5, 0.8, 0.0, 0.9], rtol=1e-6)
    np.testing.assert_allclose(mode.growth_rate[[0, 1, 3]], np.log([0.5, 0.8, 0.9]) / DT, rtol=1e-6)
    assert mode.growth_rate[2] == -np.inf
    assert mode.is_complex.tolist() == [False, False, False, True]


def test_leading_mode_of_jax_arrays_is_that_of_numpy(x64):
    weights = np.random.default_rng(0).normal(size=(3, 4, 5, 5))
    for one, other in zip(
        leading_mode(jnp.asarray(weights), DT), leading_mode(weights, DT), strict=True
    ):
        assert isinstance(one, jax.Array)
        np.testing.assert_allclose(one, other, rtol=1e-10)
    with pytest.raises(ValueError, match=r"weights has shape \(3, 2\)"):
        leading_mode(np.zeros((3, 2)), DT)


def test_companion_and_rotation_have_their_eigenvalues(x64):
    w1, w2 = np.array([1.2, 0.5, -1.0]), np.array([-0.9, 0.24, -0.5])
    eigenvalues = np.linalg.eigvals(np.asarray(companion_weights(w1, w2)))
    expected = second_order_roots(w1, w2)
    np.testing.assert_allclose(np.sort_complex(eigenvalues), np.sort_complex(expected), rtol=1e-12)
    weights = rotation_weights(np.array([10.0, 250.0]), 1.1, DT)
    angle = 2 * np.pi * np.array([10.0, 250.0]) * DT
    expected = 1.1 * np.exp(1j * np.stack([-angle, angle], -1))
    eigenvalues = np.linalg.eigvals(np.asarray(weights))
    np.testing.assert_allclose(np.sort_complex(eigenvalues), np.sort_complex(expected), atol=1e-12)


def test_random_weights_have_the_spectral_radius_asked_for(x64):
    keys = jax.random.split(jax.random.key(3), 5)
    weights = jax.vmap(lambda key: random_recurrent_weights(7, 1.3, key=key))(keys)
    radius = np.abs(np.linalg.eigvals(np.asarray(weights))).max(axis=-1)
    np.testing.assert_allclose(radius, 1.3, rtol=1e-12)
    assert len(np.unique(np.asarray(weights))) == weights.size
    with pytest.raises(ValueError, match="size is 0; it must be at least 1"):
        random_recurrent_weights(0, 1.0, key=keys[0])


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_share_of_real_spectra_is_edelmans(size):
    count = 4000
    weights = np.random.default_rng(size).normal(size=(count, size, size))
    eigenvalues = np.linalg.eigvals(weights)
    share = np.mean(np.all(eigenvalues.imag == 0, axis=-1))
    expected = probability_all_real(size)
    assert abs(share - expected) <= 4 * np.sqrt(expected * (1 - expected) / count)
    if size == 2:  # the only pair leads
        assert np.mean(leading_mode(weights, DT).is_complex) == pytest.approx(1 - share)


@pytest.mark.parametrize("feedback", ["output", "activity"])
def test_free_run_is_a_loop(feedback, x64):
    generator = np.random.default_rng(4)
    weights, state = generator.normal(size=(4, 4)), generator.normal(size=(4, 3))
    result = free_run(jnp.asarray(weights), jnp.asarray(state), 12, feedback=feedback)
    assert result.shape == (13, 4, 3)
    for row in np.asarray(result):
        np.testing.assert_allclose(row, state, rtol=1e-10)
        state = weights @ state if feedback == "activity" else np.tanh(weights @ state)
    part = free_run(jnp.asarray(weights), result[0], 12, feedback=feedback, num_observed=2)
    np.testing.assert_array_equal(part, result[:, :2])


@pytest.mark.slow
def test_a_stored_cycle_runs_through_its_patterns():
    patterns = random_patterns(64, 3, key=jax.random.key(5))
    network = sequence_network(patterns)
    states = synchronous_trajectory(network, patterns[:, 0], 9)
    np.testing.assert_array_equal(states.T, jnp.tile(patterns, (1, 4))[:, :10])
    assert np.all(np.diagonal(network.weights) == 0)
    signs = 2 * np.asarray(patterns) - 1
    expected = sum(np.outer(signs[:, (s + 1) % 3], signs[:, s]) for s in range(3))
    np.testing.assert_array_equal(network.weights, expected * (1 - np.eye(64)))


@pytest.mark.parametrize("namespace", [np, jnp])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_diverged_network_spoils_no_other(namespace, bad):
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    mode = leading_mode(namespace.asarray([turn, np.full((2, 2), bad)]), 1e-3)
    np.testing.assert_allclose(mode.frequency, [250.0, np.nan], rtol=1e-6)
    np.testing.assert_allclose(mode.modulus, [1.0, np.nan], rtol=1e-6)
    assert np.isnan(mode.growth_rate).tolist() == [False, True]
    assert mode.is_complex.tolist() == [True, False]
    for dt in (0, -1e-3):
        mode = leading_mode(namespace.asarray(turn), dt)
        assert np.isnan([mode.frequency, mode.growth_rate]).all()
        assert np.all(np.isnan(rotation_weights(40.0, 0.9, dt)))
    with pytest.raises(ValueError, match="dt is nan; it must be a finite number"):
        leading_mode(namespace.asarray(turn), np.nan)
    assert np.all(np.isnan(rotation_weights(40.0, 0.9, np.nan)))
    assert leading_mode(namespace.asarray(turn), np.int64(1)).frequency == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("weights", "start", "message"),
    [
        (
            jnp.ones((2, 3)),
            jnp.ones(2),
            r"^weights has shape \(2, 3\); expected",
        ),
        (jnp.ones((2, 2)), jnp.ones(3), r"^start has shape \(3,\); expected \(2, \*batch\)"),
        (
            jnp.ones((2, 2)),
            jnp.ones(2, jnp.float16),
            "^start has dtype float16; the weights have float32",
        ),
    ],
)
def test_free_runs_name_what_does_not_fit(weights, start, message):
    with pytest.raises(ValueError, match=message):
        free_run(weights, start, 3)
    with pytest.raises(ValueError, match=r"^num_steps is 0; it must be at least 1"):
        free_run(jnp.eye(2), jnp.ones(2), 0)
