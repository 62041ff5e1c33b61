"""Singular values of products against NumPy's and against products built to have known ones."""

import equinox as eqx
import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.sensitivity import state_sensitivity
from rhythmic.stability import finite_time_exponents
from rhythmic.stability.gradients import log_singular_values

compiled = jax.jit(log_singular_values, static_argnames="every")
compiled_windows = eqx.filter_jit(finite_time_exponents)


def orthogonal(rng, size):
    return np.linalg.qr(rng.normal(size=(size, size)))[0]


@pytest.mark.parametrize("size", [1, 2, 7])
def test_short_products_are_those_of_numpy(x64, size):
    matrices = np.random.default_rng(size).normal(size=(8, size, size))
    found, product = np.asarray(compiled(matrices)), np.eye(size)
    for row, matrix in zip(found, matrices, strict=True):
        product = matrix @ product
        expected = np.linalg.svd(product, compute_uv=False)
        np.testing.assert_allclose(np.exp(row), expected, rtol=1e-9, atol=1e-13 * expected[0])


@pytest.mark.slow
def test_long_products_keep_every_scale(x64):
    rng, size, steps = np.random.default_rng(0), 7, 784
    frames = [orthogonal(rng, size) for _ in range(steps + 1)]
    rates = np.array([1.2, 0.4, 0.4, 0.0, -0.3, -1.0, -1.5])
    logs = rates + 0.01 * rng.normal(size=(steps, size))
    matrices = np.stack(
        [
            after @ np.diag(np.exp(log)) @ before.T
            for before, log, after in zip(frames[:-1], logs, frames[1:], strict=True)
        ]
    )
    expected = -np.sort(-logs.sum(axis=0))
    assert expected[0] - expected[-1] > 2000  # far beyond the range of float64
    found = np.asarray(compiled(matrices, every=steps))
    assert found.shape == (1, size)
    np.testing.assert_allclose(found[0], expected, atol=1e-8)
    single = compiled(jnp.asarray(matrices, jnp.float32), every=steps)[0]
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, expected, rtol=1e-3, atol=0.5)


@hypothesis.given(st.integers(0, 2**31), st.sampled_from([1, 5]))
@hypothesis.settings(max_examples=20, deadline=None)
def test_their_sum_is_the_logarithm_of_the_determinant(seed, every):
    with jax.enable_x64(True):
        matrices = np.random.default_rng(seed).normal(size=(12, 4, 4))
        found = np.asarray(compiled(matrices, every=every))
        assert found.shape == (12 // every, 4)
        determinants = np.cumsum(np.linalg.slogdet(matrices)[1])[every - 1 :: every]
        np.testing.assert_allclose(found.sum(axis=1), determinants, atol=1e-7)
        assert (np.diff(found, axis=1) <= 0).all()


def test_lost_directions_and_infinite_factors(x64):
    rng = np.random.default_rng(1)
    matrices = rng.normal(size=(4, 3, 3))
    matrices[1] = np.diag([1.0, 1.0, 0.0])
    found = np.asarray(compiled(matrices))
    assert np.isfinite(found[0]).all()
    assert (found[1:, 2] < found[1:, 1] - 30).all()
    np.testing.assert_array_equal(compiled(np.zeros((2, 3, 3))), np.full((2, 3), -np.inf))
    matrices[2, 0, 0] = np.inf
    bad = np.isnan(np.asarray(compiled(matrices)))
    np.testing.assert_array_equal(bad.all(axis=1), [False, False, True, True])


@pytest.mark.slow
def test_windows_of_a_run_are_products_of_its_jacobians(driven_cell):
    cell = driven_cell
    inputs = jnp.asarray(np.random.default_rng(2).normal(size=(11, cell.input_size)))
    found = compiled_windows(cell.step, cell.initial_state(), inputs, window=5, dt=0.1)
    state = cell.initial_state()
    for window in range(2):
        part = inputs[5 * window : 5 * window + 5]
        product = np.asarray(state_sensitivity(cell, part, initial_state=state)[-1])
        expected = np.linalg.svd(product, compute_uv=False)
        np.testing.assert_allclose(
            np.exp(5 * found.per_step[window]), expected, rtol=1e-8, atol=1e-14 * expected[0]
        )
        for sample in part:
            state = cell.step(state, sample)
    np.testing.assert_allclose(found.per_second, found.per_step / 0.1)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), found.final_state, state
    )
    assert not found.diverged


def test_diverging_orbits_are_labelled(x64):
    found = compiled_windows(lambda x, _: x * x, jnp.array([2.0]), window=4, dt=1.0, num_steps=12)
    assert found.diverged
    assert np.isfinite(found.per_step[0]).all()
    assert np.isfinite(found.per_second[0]).all()
    assert np.isnan(found.per_step[-1]).all()


def test_bad_input():
    with pytest.raises(ValueError, match=r"matrices has shape \(2, 3\)"):
        log_singular_values(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="every is 5; it must lie between 1 and 4"):
        log_singular_values(np.zeros((4, 3, 3)), every=5)
    with pytest.raises(ValueError, match="window is 0; it must lie between 1 and 9"):
        finite_time_exponents(lambda x, _: x, jnp.ones(2), window=0, dt=1.0, num_steps=9)
    with pytest.raises(ValueError, match="num_steps is None"):
        finite_time_exponents(lambda x, _: x, jnp.ones(2), window=1, dt=1.0)
    with pytest.raises(ValueError, match=r"step turns a state float32\[2\] into float32\[1\]"):
        finite_time_exponents(lambda x, _: x[:1], jnp.ones(2), window=1, dt=1.0, num_steps=2)
    with pytest.raises(ValueError, match="state holds int32"):
        finite_time_exponents(lambda x, _: x, jnp.arange(2), window=1, dt=1.0, num_steps=2)


def test_a_long_product_keeps_its_digits_in_single_precision():
    factor, steps = np.float32(1.1), 200_000
    found = compiled(np.full((steps, 1, 1), factor), every=steps)
    assert float(found[0, 0]) == pytest.approx(steps * np.log(np.float64(factor)), rel=1e-6)
