"""h_t = phi(w h_{t-1}) against loops, root finders and long iterations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, lambertw

from rhythmic.theory.activation import (
    NODE_ACTIVATIONS,
    activation_trajectory,
    limit_states,
    node_equilibria,
)

PROPERTY = settings(max_examples=60, derandomize=True, deadline=None)
PHI = {
    "tanh": np.tanh,
    "sigmoid": expit,
    "relu": lambda x: np.maximum(x, 0.0),
    "identity": lambda x: x,
}
# u sigmoid(u) = 1 at the slope -1: u = 1 + W(1/e), w = -u (1 + e^u).
LAMBERT = float(lambertw(np.exp(-1)).real)
FLICKER_WEIGHT = -((1 + LAMBERT) ** 2) / LAMBERT


def loop(name, w, h0, num_steps):
    states = [h0]
    for _ in range(num_steps):
        states.append(PHI[name](w * states[-1]))
    return np.array(states)


@pytest.mark.parametrize("name", NODE_ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scan_is_the_loop(name, dtype, x64):
    w, h0 = np.array([[-2.5], [-1.0], [0.0], [0.7], [2.0]], dtype), np.array([0.3, -1.5], dtype)
    states = activation_trajectory(name, w, h0, 25)
    assert states.shape == (26, 5, 2)
    assert states.dtype == dtype
    expected = loop(name, w.astype(float), h0.astype(float) + 0 * w, 25)
    np.testing.assert_allclose(states, expected, rtol=2e4 * np.finfo(dtype).eps, atol=1e-30)


def test_integers_no_steps_and_differentiation(x64):
    assert activation_trajectory("tanh", 2, 1, 0).tolist() == [1.0]
    assert activation_trajectory("relu", 2, 1, 3).tolist() == [1.0, 2.0, 4.0, 8.0]
    gradient = jax.grad(lambda w: activation_trajectory("tanh", w, 0.3, 5)[-1])(1.4)
    up, down = (loop("tanh", 1.4 + e, 0.3, 5)[-1] for e in (1e-6, -1e-6))
    assert gradient == pytest.approx((up - down) / 2e-6, rel=1e-7)


@PROPERTY
@given(excess=st.floats(1e-9, 60.0))
def test_tanh_equilibria_solve_their_equation(excess):
    w = 1 + excess
    outer = brentq(lambda x: x / np.tanh(x) - w, 1e-9, w, xtol=1e-300, rtol=1e-15)
    found = node_equilibria("tanh", np.array([w, -w]))
    # The right-hand side of the equation brentq solves is known only to the rounding of 1 + excess.
    np.testing.assert_allclose(
        found.fixed_point[0], [-np.tanh(outer), 0, np.tanh(outer)], rtol=1e-15 * (1 + 1 / excess)
    )
    np.testing.assert_array_equal(found.cycle[1], found.fixed_point[0, [0, 2]])
    assert np.all(np.isnan(found.cycle[0]))
    np.testing.assert_array_equal(found.fixed_point[1], [np.nan, 0, np.nan])


def test_tanh_close_to_the_bifurcation_keeps_its_digits():
    # x coth(x) = 1 + x^2/3 - x^4/45 + ... solved for x, then tanh(x) = x - x^3/3 + ...
    excess = 2.0 ** -np.arange(20, 53)
    square = 3 * excess + 0.6 * excess**2
    series = np.sqrt(square) * (1 - square / 3 + 2 * square**2 / 15)
    found = node_equilibria("tanh", 1 + excess).fixed_point[:, 2]
    np.testing.assert_allclose(found[8:], series[8:], rtol=3e-15)
    np.testing.assert_allclose(found, series, rtol=1e-11)


@pytest.mark.parametrize("w", [-1e4, -40.0, -5.87, -5.8, -1.0, -1e-8, 0.0, 0.5, 4.0, 30.0, 1e4])
def test_sigmoid_equilibria_solve_their_equations(w):
    rest = brentq(lambda h: expit(w * h) - h, 0, 1, xtol=1e-300, rtol=1e-15)
    found = node_equilibria("sigmoid", w)
    np.testing.assert_allclose(found.fixed_point, [rest], rtol=1e-14)
    np.testing.assert_allclose(found.fixed_point_slope, [w * rest * (1 - rest)], atol=1e-14)
    flickers = w < FLICKER_WEIGHT
    assert found.fixed_point_is_stable.item() == (not flickers)
    assert np.all(np.isfinite(found.cycle)) == flickers
    if flickers:
        low, high = found.cycle
        twice = brentq(lambda h: expit(w * expit(w * h)) - h, rest * (1 + 1e-5), 0.5, rtol=1e-15)
        np.testing.assert_allclose(high, twice, rtol=1e-11)
        np.testing.assert_allclose(low, expit(w * twice), rtol=1e-10, atol=1e-300)
        assert found.cycle_is_stable


def test_the_sigmoid_starts_to_flicker_where_lambert_says():
    assert pytest.approx(-5.8695, abs=1e-4) == FLICKER_WEIGHT
    found = node_equilibria("sigmoid", FLICKER_WEIGHT * np.array([1 - 1e-9, 1 + 1e-9]))
    assert np.isfinite(found.cycle[:, 0]).tolist() == [False, True]


@pytest.mark.parametrize("name", NODE_ACTIVATIONS)
def test_slopes_are_derivatives(name, x64):
    w = np.array([-7.0, -1.5, -0.6, 0.6, 1.7, 3.0])
    found = node_equilibria(name, w)

    @jax.jit
    @jnp.vectorize
    @jax.grad
    def slope(state, weight):
        on_the_right = state + (1e-9 if name == "relu" else 0.0)
        return NODE_ACTIVATIONS[name](weight * on_the_right)

    expected = slope(found.fixed_point, w[:, None])
    np.testing.assert_allclose(found.fixed_point_slope, expected, rtol=1e-12)
    exists = np.isfinite(found.cycle_slope)
    flickers = {"tanh": [-7.0, -1.5], "sigmoid": [-7.0]}.get(name, [])
    assert w[exists].tolist() == flickers
    low, high = found.cycle[exists].T
    product = slope(low, w[exists]) * slope(high, w[exists])
    np.testing.assert_allclose(found.cycle_slope[exists], product, rtol=1e-8)
    swapped = PHI[name](w[exists, None] * found.cycle[exists])
    np.testing.assert_allclose(swapped, found.cycle[exists, ::-1], rtol=1e-13)


@pytest.mark.parametrize("name", NODE_ACTIVATIONS)
@pytest.mark.parametrize("h0", [0.4, -0.4, 0.0])
def test_limits_are_where_the_loop_ends(name, h0):
    weights = np.array([-20.0, -7.0, -1.6, -1.0, -0.7, 0.0, 0.7, 1.0, 1.6, 20.0])
    if name == "tanh":
        weights = weights[np.abs(weights) != 1]  # settles more slowly than this loop is long
    with np.errstate(over="ignore"):
        ends = np.sort([loop(name, w, h0, 1999)[-2:] for w in weights], axis=1)
    ends[ends > 1e90], ends[ends < -1e90] = np.inf, -np.inf
    np.testing.assert_allclose(limit_states(name, weights, h0), ends, rtol=1e-12, atol=1e-90)


def test_tanh_at_the_bifurcation_settles_at_zero_by_a_power_law():
    assert limit_states("tanh", 1.0, 0.4).tolist() == [0.0, 0.0]
    # 1 / h^2 grows by 2/3 a step.
    assert loop("tanh", 1.0, 0.4, 20_000)[-1] == pytest.approx(np.sqrt(1.5 / 20_000), rel=1e-2)
    assert node_equilibria("tanh", 1.0).settling_factor == 1.0


@pytest.mark.parametrize(("name", "w"), [("tanh", 1.4), ("tanh", -1.4), ("sigmoid", -9.0)])
def test_settling_factor_is_the_measured_rate(name, w):
    states = loop(name, w, 0.35, 61)
    target = limit_states(name, w, 0.35)
    distance = np.abs(states[:, None] - target).min(axis=1)
    late = slice(10, 20)
    measured = (distance[late] / distance[8:18]) ** 0.5
    np.testing.assert_allclose(measured, node_equilibria(name, w).settling_factor, rtol=0.05)


def test_outside_the_domain():
    for name in NODE_ACTIVATIONS:
        for w in (np.nan, np.inf, -np.inf):
            assert all(np.all(np.isnan(x)) for x in node_equilibria(name, w))
            assert np.all(np.isnan(limit_states(name, w, 0.1)))
        assert np.all(np.isnan(limit_states(name, 0.5, np.nan)))
    assert node_equilibria("tanh", np.ones((2, 3))).fixed_point.shape == (2, 3, 3)
    assert limit_states("relu", np.ones((2, 1)), np.ones(3)).shape == (2, 3, 2)
    for call in (
        lambda: activation_trajectory("softmax", 1.0, 1.0, 1),
        lambda: node_equilibria("softmax", 1.0),
        lambda: limit_states("softmax", 1.0, 1.0),
    ):
        with pytest.raises(ValueError, match="activation is 'softmax'; choose from tanh"):
            call()
    with pytest.raises(ValueError, match="num_steps must be 0 or more"):
        activation_trajectory("tanh", 1.0, 1.0, -1)
    with pytest.raises(ValueError, match=r"h0 has shape \(3,\); .* with nodes = \(2,\)"):
        activation_trajectory("tanh", jnp.ones(2), jnp.ones(3), 1)
