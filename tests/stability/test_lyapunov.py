"""Lyapunov exponents against values known from the literature and sum rules."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.sensitivity import step_jacobians
from rhythmic.simulate import trajectory
from rhythmic.stability import lyapunov_exponents
from rhythmic.stability.lyapunov import kaplan_yorke_dimension
from rhythmic.stability.mean_field import random_network_mean_field

compiled = eqx.filter_jit(lyapunov_exponents)
CAT = (3 + 5**0.5) / 2


def logistic(x, _):
    return 4 * x * (1 - x)


def henon(state, _):
    return jnp.array([1 - 1.4 * state[0] ** 2 + state[1], 0.3 * state[0]])


def cat(state, _):
    return jnp.array([2 * state[0] + state[1], state[0] + state[1]]) % 1.0


def linear(matrix):
    return lambda state, _: matrix @ state


def test_logistic_map(x64):
    found = compiled(
        logistic,
        jnp.asarray(0.3),
        num_exponents=1,
        dt=0.5,
        key=jax.random.key(0),
        num_steps=20_100,
        transient=100,
        num_blocks=20,
    )
    error = abs(float(found.per_step[0]) - np.log(2))
    assert error < 4 * found.standard_error[0] < 2e-3
    np.testing.assert_allclose(found.per_second, found.per_step / 0.5)
    assert bool(found.diverged) is False


def test_henon_map(x64):
    found = compiled(
        henon,
        jnp.array([0.1, 0.1]),
        num_exponents=2,
        dt=1.0,
        key=jax.random.key(0),
        num_steps=40_100,
        transient=100,
        num_blocks=20,
    )
    error = np.abs(found.per_step - np.array([0.4192, np.log(0.3) - 0.4192]))
    assert (error < 3 * found.standard_error).all()
    assert (found.standard_error < 3e-3).all()
    np.testing.assert_allclose(found.per_step.sum(), np.log(0.3), rtol=1e-12)
    # 1 + 0.4192 / 1.6232
    np.testing.assert_allclose(kaplan_yorke_dimension(found.per_step), 1.2583, atol=3e-3)


@pytest.mark.parametrize("every", [1, 10])
def test_cat_map(x64, every):
    found = compiled(
        cat,
        jnp.array([0.1, 0.2]),
        num_exponents=2,
        dt=1.0,
        key=jax.random.key(0),
        num_steps=157,
        transient=37,
        orthonormalize_every=every,
    )
    expected = np.log(CAT) * np.array([1, -1])
    np.testing.assert_allclose(found.per_step, expected, atol=1e-13 if every == 1 else 1e-6)
    assert found.history.shape == found.local.shape == (120 // every, 2)


def test_linear_map_has_the_logarithms_of_its_moduli(x64):
    rng = np.random.default_rng(0)
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    blocks = np.zeros((5, 5))
    blocks[:2, :2], blocks[2, 2], blocks[3:, 3:] = 1.3 * turn, -0.9, np.diag([0.5, 0.1])
    basis = rng.normal(size=(5, 5))
    matrix = jnp.asarray(basis @ blocks @ np.linalg.inv(basis))
    run = functools.partial(compiled, linear(matrix), jnp.zeros(5), dt=1.0, num_steps=3300)
    found = run(num_exponents=5, key=jax.random.key(1), transient=300)
    expected = np.log([1.3, 1.3, 0.9, 0.5, 0.1])
    np.testing.assert_allclose(found.per_step, expected, atol=1e-3)  # a pair turns: error 1 / time
    np.testing.assert_allclose(found.per_step[2:], expected[2:], atol=1e-12)
    np.testing.assert_allclose(found.per_step.sum(), expected.sum(), rtol=1e-12)
    assert not found.diverged


@pytest.mark.slow
def test_sum_of_all_is_the_mean_log_determinant_of_a_cell(driven_cell):
    cell = driven_cell
    inputs = jnp.asarray(np.random.default_rng(3).normal(size=(40, cell.input_size)))
    size = sum(x.size for x in jax.tree.leaves(cell.initial_state()))
    found = compiled(
        cell.step,
        cell.initial_state(),
        inputs,
        num_exponents=size,
        dt=1e-3,
        key=jax.random.key(0),
        transient=10,
    )
    volume = np.linalg.slogdet(np.asarray(step_jacobians(cell, inputs)))[1]
    np.testing.assert_allclose(found.per_step.sum(), volume[10:].mean(), rtol=1e-9)
    np.testing.assert_allclose(found.local.sum(axis=1), volume[10:], rtol=1e-7)
    np.testing.assert_allclose(found.history[-1], found.per_step)
    last = trajectory(cell, inputs).final_state
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-12), found.final_state, last)


@pytest.mark.slow
def test_random_network_is_that_of_mean_field():
    size, gain = 1000, 2.0
    weight_key, start_key, key = jax.random.split(jax.random.key(0), 3)
    weights = gain / size**0.5 * jax.random.normal(weight_key, (size, size))
    start = jax.random.normal(start_key, (size,))
    found = compiled(
        lambda h, _: weights @ jnp.tanh(h),
        start,
        num_exponents=1,
        dt=1.0,
        key=key,
        num_steps=1300,
        transient=300,
    )
    theory = random_network_mean_field(gain)
    # At N = 1000 networks lie about 0.002 below the limit, the mean over 1000 steps within 0.002.
    assert found.standard_error[0] < 0.003
    assert abs(found.per_step[0] - theory.lyapunov_exponent) < 0.007
    np.testing.assert_allclose(np.var(found.final_state), theory.variance, rtol=0.2)


def test_standard_error_is_that_of_block_means(x64):
    found = compiled(
        logistic,
        jnp.asarray(0.3),
        num_exponents=1,
        dt=1.0,
        key=jax.random.key(0),
        num_steps=103,
        num_blocks=4,
    )
    blocks = np.asarray(found.local)[3:, 0].reshape(4, 25).mean(axis=1)
    np.testing.assert_allclose(found.standard_error[0], blocks.std(ddof=1) / 2, rtol=1e-10)
    np.testing.assert_allclose(found.per_step, found.local.mean(axis=0), rtol=1e-12)
    x = 0.3
    for local in found.local[:20, 0]:
        np.testing.assert_allclose(local, np.log(abs(4 - 8 * x)), rtol=1e-6)
        x = 4 * x * (1 - x)


def test_diverging_and_superstable_orbits(x64):
    run = functools.partial(compiled, num_exponents=1, dt=1.0, key=jax.random.key(0))
    away = run(henon, jnp.array([5.0, 5.0]), num_steps=40)
    assert away.diverged
    assert np.isnan(away.per_step).all()
    assert np.isfinite(away.history[0]).all()
    dead = run(logistic, jnp.asarray(0.5), num_steps=40)
    assert dead.per_step[0] == -np.inf
    assert not dead.diverged


def test_maps_and_derivatives(x64):
    def exponent(rate, start):
        def step(x, _):
            return rate * x * (1 - x)

        return lyapunov_exponents(
            step, start, num_exponents=1, dt=1.0, key=jax.random.key(0), num_steps=60, transient=40
        ).per_step[0]

    # Up to r = 3 the fixed point 1 - 1 / r has the slope 2 - r.
    rates, start = jnp.array([2.3, 2.6, 2.8]), jnp.asarray(0.4)
    found = jax.jit(jax.vmap(exponent, in_axes=(0, None)))(rates, start)
    np.testing.assert_allclose(found, np.log(np.abs(2 - rates)), atol=1e-3)
    slope = jax.jit(jax.grad(exponent))(rates[0], start)
    np.testing.assert_allclose(slope, 1 / (rates[0] - 2), rtol=1e-6)


@pytest.mark.parametrize(
    ("exponents", "expected"),
    [
        ([0.4192, -1.6232], 1 + 0.4192 / 1.6232),
        ([-14.57, 0.0, 0.906], 2 + 0.906 / 14.57),  # Lorenz, in any order
        ([-0.1, -0.2], 0.0),
        ([0.0, -1.0], 1.0),
        ([0.3, -0.1], 2.0),
        ([0.5, -np.inf], 1.0),
    ],
)
def test_kaplan_yorke_dimension(exponents, expected):
    np.testing.assert_allclose(kaplan_yorke_dimension(np.array(exponents)), expected, rtol=1e-6)


def test_kaplan_yorke_dimension_outside_its_domain():
    assert np.isnan(kaplan_yorke_dimension(jnp.array([np.nan, -1.0])))
    with pytest.raises(ValueError, match="exponents has shape"):
        kaplan_yorke_dimension(jnp.zeros((2, 2)))


def test_bad_input():
    run = functools.partial(
        lyapunov_exponents, cat, jnp.zeros(2), dt=1.0, key=jax.random.key(0), num_steps=100
    )
    for wrong, message in (
        ({"num_exponents": 3}, "num_exponents is 3; it must lie between 1 and 2"),
        ({"transient": 100}, "transient is 100; it must lie between 0 and 99"),
        ({"orthonormalize_every": 7}, "orthonormalize_every is 7; it must divide the 100 steps"),
        ({"orthonormalize_every": 0}, "orthonormalize_every is 0; it must be at least 1"),
        ({"num_blocks": 1}, "num_blocks is 1; it must be at least 2"),
        ({"num_blocks": 101}, "num_blocks is 101; it must be at most the 100 intervals"),
        ({"num_steps": 0}, "num_steps is 0; it must be at least 1"),
        ({"inputs": jnp.zeros((9, 1))}, "num_steps is 100; the inputs have 9 samples"),
    ):
        with pytest.raises(ValueError, match=message):
            run(**{"num_exponents": 1, **wrong})
