"""Participation against SciPy's left and right eigenvectors and networks of known parts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from rhythmic.stability import mode_participation
from rhythmic.theory.backpropagation import linear_gradient_norm

DT = 1e-3
compiled = jax.jit(mode_participation, static_argnums=1, static_argnames="num_nodes")


def test_shares_are_those_of_scipy():
    matrix = np.random.default_rng(0).normal(size=(6, 6))
    found = mode_participation(matrix, DT)
    values, left, right = scipy.linalg.eig(matrix, left=True, right=True)
    for mode, value in enumerate(found.modes.eigenvalue):
        same = np.argmin(np.abs(values - value))
        row, column = left[:, same].conj(), right[:, same]
        share = np.abs(row * column)
        np.testing.assert_allclose(found.share[mode], share / share.sum(), rtol=1e-8)
        expected = 1 / np.abs(row @ column)  # both of length 1
        np.testing.assert_allclose(found.sensitivity[mode], expected, rtol=1e-8)
    rebuilt = found.right @ np.diag(found.modes.eigenvalue) @ found.left
    np.testing.assert_allclose(rebuilt, matrix, atol=1e-10)
    np.testing.assert_allclose(np.linalg.cond(found.right), found.condition, rtol=1e-10)


@pytest.mark.parametrize("angle", [0.05, 0.3, 1.0])
def test_condition_bounds_the_powers_of_a_companion_matrix(angle):
    radius = 1 - 1e-9
    companion = np.array([[2 * radius * np.cos(angle), -(radius**2)], [1, 0]])
    condition = mode_participation(companion, DT).condition
    np.testing.assert_allclose(condition, 1 / np.tan(angle / 2), rtol=1e-6)
    largest = linear_gradient_norm(companion, 200).max()
    assert 0.99 * condition < largest <= condition * (1 + 1e-6)


def test_defective_and_infinite_matrices_are_labelled():
    repeated = np.array([[1.8, -0.81], [1.0, 0.0]])
    jordan = np.array([[1.0, 1.0], [0.0, 1.0]])
    bad = np.array([[np.nan, 0.0], [0.0, 1.0]])
    matrices = np.stack([jordan, bad])
    for function in (mode_participation, compiled):
        found = function(matrices, DT)
        assert found.condition[0] == np.inf
        assert np.isnan(found.condition[1])
        assert np.isnan(found.share).all()
        assert np.isnan(found.left).all()
        np.testing.assert_array_equal(found.modes.modulus[0], [1, 1])
    assert mode_participation(repeated, DT).condition > 1e7


def test_maps_and_batches():
    matrices = np.random.default_rng(2).normal(size=(3, 4, 4))
    batch = mode_participation(matrices, DT, num_nodes=2)
    assert batch.share.shape == (3, 4, 2)
    np.testing.assert_allclose(batch.share.sum(axis=-1), 1)
    for one, matrix in zip(batch.share, matrices, strict=True):
        np.testing.assert_allclose(one, mode_participation(matrix, DT, num_nodes=2).share)
    mapped = jax.vmap(lambda m: compiled(m, DT, num_nodes=2))(jnp.asarray(matrices, jnp.float32))
    np.testing.assert_allclose(mapped.share, batch.share, rtol=1e-3, atol=1e-4)


def test_bad_input():
    with pytest.raises(ValueError, match="num_nodes is 3; it must divide the 4 states"):
        mode_participation(np.eye(4), DT, num_nodes=3)
    with pytest.raises(ValueError, match="num_nodes is 0"):
        mode_participation(np.eye(4), DT, num_nodes=0)
    with pytest.raises(ValueError, match="matrix has shape"):
        mode_participation(np.zeros(4), DT)
