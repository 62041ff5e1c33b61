"""Gradients against the lag, by theory: against loops, closed forms and complex steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from rhythmic.theory import (
    first_order_closed_form,
    first_order_trajectory,
    second_order_roots,
    second_order_trajectory,
)
from rhythmic.theory.backpropagation import (
    lagged_products,
    largest_singular_value,
    linear_gradient_norm,
    lstm_rest_jacobian,
    spectral_radius,
    tanh_jacobians,
    transient_growth,
)
from rhythmic.theory.second_order import impulse_response


def complex_step_jacobian(function, point):
    """Differentiate without cancellation: the imaginary part of f(x + i 1e-30) is 1e-30 f'(x)."""
    steps = 1e-30j * np.eye(len(point))
    return np.transpose([function(point + step).imag / 1e-30 for step in steps])


def test_first_order_gradient_is_the_power_of_the_weight(x64):
    w = np.array([-1.2, 0.0, 0.5, 1.0, 1.3])
    slopes = jax.jacfwd(lambda h: first_order_trajectory(w, h, 40))(0.7)
    np.testing.assert_allclose(slopes, first_order_closed_form(w, 1.0, 40), rtol=1e-13)


@pytest.mark.parametrize(("w1", "w2"), [(1.7, -0.95), (0.3, 0.9), (1.2, -0.36)])
def test_second_order_gradient_is_the_impulse_response(w1, w2, x64):
    slopes = jax.jacrev(lambda h: second_order_trajectory(w1, w2, 0.3, h, 41)[1:])(0.7)
    found = impulse_response(w1, w2, 40)
    np.testing.assert_allclose(slopes, found, rtol=1e-11, atol=1e-14)
    lags = np.arange(41)
    first, second = second_order_roots(w1, w2)
    if abs(first - second) < 1e-6:
        expected = (lags + 1) * first.real**lags
    elif first.imag == 0:
        powers = [root.real ** (lags + 1) for root in (first, second)]
        expected = (powers[0] - powers[1]) / (first - second).real
    else:
        radius, angle = abs(first), np.angle(first)
        expected = radius**lags * np.sin((lags + 1) * angle) / np.sin(angle)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("namespace", [np, jnp])
def test_products_run_backwards_from_the_last_step(namespace, x64):
    steps = np.random.default_rng(0).normal(size=(6, 3, 3))
    found = lagged_products(namespace.asarray(steps))
    assert isinstance(found, np.ndarray if namespace is np else jax.Array)
    assert found.shape == (7, 3, 3)
    for lag in range(7):
        expected = np.eye(3)
        for step in steps[6 - lag :]:
            expected = step @ expected
        np.testing.assert_allclose(found[lag], expected, rtol=1e-12)
    assert lagged_products(namespace.zeros((0, 2, 2))).tolist() == [[[1.0, 0.0], [0.0, 1.0]]]


@pytest.mark.parametrize("namespace", [np, jnp])
def test_linear_gradient_norm_is_the_norm_of_the_power(namespace, x64):
    weights = np.random.default_rng(1).normal(size=(5, 5)) / 2
    found = linear_gradient_norm(namespace.asarray(weights), 12)
    powers = [scipy.linalg.norm(np.linalg.matrix_power(weights, n), 2) for n in range(13)]
    np.testing.assert_allclose(found, powers, rtol=1e-12)


def test_a_normal_matrix_follows_its_radius_and_a_chain_first_grows():
    rotation, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))
    np.testing.assert_allclose(
        linear_gradient_norm(0.9 * rotation, 50), 0.9 ** np.arange(51), rtol=1e-12
    )
    assert spectral_radius(0.9 * rotation) == pytest.approx(0.9, rel=1e-14)
    assert transient_growth(0.9 * rotation, 50) == (1.0, 0)

    # [[r, 0], [c, r]]^n = [[r^n, 0], [n c r^{n-1}, r^n]]: nearly n c r^{n-1} for a large c.
    chain = np.array([[0.8, 0.0], [100.0, 0.8]])
    assert spectral_radius(chain) == pytest.approx(0.8)
    largest, lag = transient_growth(chain, 100)
    lags = np.arange(101)
    assert lag in (4, 5)  # n 0.8^{n-1} is the same at both
    assert largest == pytest.approx(100 * np.max(lags * 0.8 ** (lags - 1.0)), rel=1e-4)
    norms = linear_gradient_norm(chain, 2000)
    assert norms[2000] / norms[1999] == pytest.approx(spectral_radius(chain), rel=1e-3)


def test_batches_of_matrices_and_what_is_not_finite(x64):
    matrices = np.random.default_rng(3).normal(size=(2, 3, 4, 4))
    matrices[0, 1, 2, 2] = np.nan
    matrices[1, 2, 0, 0] = np.inf
    for namespace in (np, jnp):
        norms = largest_singular_value(namespace.asarray(matrices))
        radii = spectral_radius(namespace.asarray(matrices))
        assert np.argwhere(np.isnan(norms)).tolist() == [[0, 1], [1, 2]]
        assert np.argwhere(np.isnan(radii)).tolist() == [[0, 1], [1, 2]]
        assert norms[0, 0] == pytest.approx(scipy.linalg.svdvals(matrices[0, 0])[0], rel=1e-13)
        eigenvalues = scipy.linalg.eigvals(matrices[0, 0])
        assert radii[0, 0] == pytest.approx(np.abs(eigenvalues).max(), rel=1e-13)
    assert largest_singular_value(np.ones((2, 8))) == pytest.approx(4.0)


def test_tanh_network_against_complex_steps():
    rng = np.random.default_rng(4)
    weights, drive = rng.normal(size=(4, 4)), rng.normal(size=(7, 4))

    def run(state, first):
        states = [state]
        for row in drive[first:]:
            states.append(np.tanh(row + weights @ states[-1]))
        return np.array(states)

    states = run(np.zeros(4), 0)
    products = lagged_products(tanh_jacobians(weights, states[1:]))
    for lag in range(8):
        expected = complex_step_jacobian(
            lambda state, first=7 - lag: run(state, first)[-1], states[7 - lag]
        )
        np.testing.assert_allclose(products[lag], expected, rtol=1e-10, atol=1e-15)


def test_lstm_at_rest_against_complex_steps():
    rng = np.random.default_rng(5)
    weights, bias = rng.normal(size=(12, 3)), rng.normal(size=12)
    bias[6:9] = 0.0

    def step(state):
        i, f, g, o = np.split(weights @ state[:3] + bias, 4)
        memory = state[3:] / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        return np.concatenate([np.tanh(memory) / (1 + np.exp(-o)), memory])

    assert not step(np.zeros(6)).any()
    expected = complex_step_jacobian(step, np.zeros(6))
    np.testing.assert_allclose(lstm_rest_jacobian(weights, bias), expected, rtol=1e-13)
    bias[7] = 0.1
    assert np.all(np.isnan(lstm_rest_jacobian(weights, bias)))


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=r"jacobians has shape \(3, 2\)"):
        lagged_products(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"matrices has shape \(3,\)"):
        largest_singular_value(np.zeros(3))
    with pytest.raises(ValueError, match=r"matrix has shape \(2, 3\); .* both of one size, state"):
        spectral_radius(np.zeros((2, 3)))
    for shape in ((2, 3), (4, 2, 2)):
        with pytest.raises(ValueError, match="recurrent_weights has shape"):
            linear_gradient_norm(np.zeros(shape), 3)
    with pytest.raises(ValueError, match="num_lags must be 0 or more"):
        linear_gradient_norm(np.zeros((2, 2)), -1)
    with pytest.raises(
        ValueError, match=r"^recurrent_weights has shape \(2, 3\); .* both of one size, hidden$"
    ):
        tanh_jacobians(np.zeros((2, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"^bias has shape \(7,\); .* with rows = 8"):
        lstm_rest_jacobian(np.zeros((8, 2)), np.zeros(7))
