"""Gradients against the lag: backpropagation by autodiff, norms of powers and their bounds."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from rhythmic.cells import ElmanCell
from rhythmic.sensitivity import state_sensitivity
from rhythmic.simulate import trajectory
from rhythmic.stability import gradient_against_lag
from rhythmic.stability.gradients import _log_norms
from rhythmic.theory.backpropagation import largest_singular_value

compiled = eqx.filter_jit(gradient_against_lag)
compiled_products = eqx.filter_jit(state_sensitivity)
DT = 1e-3


def test_gradients_are_those_of_backpropagation(driven_cell):
    cell = driven_cell
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(6, cell.input_size)))
    found = compiled(cell, inputs, dt=DT)

    def seen(first):
        return cell.output(trajectory(cell, inputs, initial_state=first).final_state).sum()

    whole = ravel_pytree(jax.jit(jax.grad(seen))(cell.initial_state()))[0]
    products = np.asarray(compiled_products(cell, inputs))
    last = ravel_pytree(jax.grad(lambda s: cell.output(s).sum())(cell.initial_state()))[0]
    norms = np.linalg.norm(last @ products, axis=1) / np.linalg.norm(last)
    np.testing.assert_allclose(np.exp(found.log_gradient), norms, rtol=1e-9)
    np.testing.assert_allclose(
        np.exp(found.log_gradient[-1]), np.linalg.norm(whole) / np.linalg.norm(last), rtol=1e-9
    )
    largest = largest_singular_value(products)
    np.testing.assert_allclose(np.exp(found.log_singular_values[:, 0]), largest, rtol=1e-9)
    assert (found.log_gradient <= found.log_singular_values[:, 0] + 1e-9).all()
    assert (found.log_gradient >= found.log_singular_values[:, -1] - 1e-9).all()
    np.testing.assert_array_equal(found.lag, np.arange(7))
    np.testing.assert_allclose(found.time, np.arange(7) * DT)


@pytest.mark.slow
def test_options_are_used(x64):
    cell = ElmanCell(1, 3, key=jax.random.key(2))
    inputs = jnp.asarray(np.random.default_rng(2).normal(size=(8, 1)))
    plain = compiled(cell, inputs, dt=DT)
    start = jnp.array([0.5, -0.5, 0.9])
    chosen = compiled(
        cell,
        inputs,
        dt=DT,
        initial_state=start,
        cotangent=jnp.array([0.0, 3.0, 0.0]),
        reference=0.5 * jnp.eye(3),
    )
    products = np.asarray(compiled_products(cell, inputs, initial_state=start))
    np.testing.assert_allclose(
        np.exp(chosen.log_gradient), np.linalg.norm(products[:, 1], axis=1), rtol=1e-9
    )
    assert not np.allclose(plain.log_singular_values, chosen.log_singular_values)
    np.testing.assert_allclose(chosen.log_radius_power, np.log(0.5) * np.arange(9))
    np.testing.assert_allclose(chosen.log_power_bound, np.log(0.5) * np.arange(9))
    examples = jnp.stack([inputs, -0.3 * inputs])
    mapped = jax.jit(jax.vmap(lambda x: gradient_against_lag(cell, x, dt=DT)))(examples)
    np.testing.assert_allclose(mapped.log_gradient[0], plain.log_gradient, rtol=1e-10)


def test_bad_input():
    cell = ElmanCell(1, 3, key=jax.random.key(2))
    inputs = jnp.zeros((8, 1))
    with pytest.raises(ValueError, match=r"cotangent has shape \(2,\); the state needs \(3,\)"):
        gradient_against_lag(cell, inputs, dt=DT, cotangent=jnp.ones(2))
    with pytest.raises(ValueError, match=r"reference has shape \(2, 2\); the state needs \(3, 3\)"):
        gradient_against_lag(cell, inputs, dt=DT, reference=jnp.eye(2))
    with pytest.raises(ValueError, match="every is 9; it must lie between 1 and 8"):
        gradient_against_lag(cell, inputs, dt=DT, every=9)
    with pytest.raises(ValueError, match="inputs has shape"):
        gradient_against_lag(cell, jnp.zeros((8, 1, 2)), dt=DT)


def test_many_lags_keep_their_digits_in_single_precision():
    factor, steps = np.float32(1.1), 200_000
    found = jax.jit(_log_norms)(jnp.full((steps, 1, 1), factor), jnp.ones(1))
    exact = np.arange(steps + 1) * np.log(np.float64(factor))
    np.testing.assert_allclose(found, exact, rtol=1e-6)
