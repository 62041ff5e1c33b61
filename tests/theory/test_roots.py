"""Roots, stability, radius, frequency and decay against numpy.roots and exact fractions."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from rhythmic.theory import (
    decay_time,
    is_oscillatory,
    is_stable,
    node_frequency,
    pole_radius,
    second_order_roots,
    weights_from_poles,
)

PROPERTY = settings(max_examples=200, derandomize=True, deadline=None)
WEIGHT = st.floats(-3, 3, allow_subnormal=False)


def exact_discriminant(w1, w2):
    return Fraction(float(w1)) ** 2 + 4 * Fraction(float(w2))


@PROPERTY
@given(w1=WEIGHT, w2=WEIGHT)
def test_roots_are_those_of_numpy(w1, w2):
    roots = second_order_roots(w1, w2)
    assert roots.dtype == np.complex128
    assert abs(roots.sum() - w1) <= 1e-14 * (1 + abs(w1))
    assert abs(roots.prod() + w2) <= 1e-14 * (1 + abs(w2))
    expected = np.roots([1, -w1, -w2])
    distance = min(np.abs(roots - expected).max(), np.abs(roots - expected[::-1]).max())
    # numpy.roots itself is good to the square root of epsilon where the roots meet.
    gap = np.sqrt(abs(float(exact_discriminant(w1, w2))))
    assert distance <= 1e-13 / max(gap, 1e-6)


@PROPERTY
@given(w1=WEIGHT, w2=WEIGHT)
def test_order_of_the_roots(w1, w2):
    first, second = second_order_roots(w1, w2)
    if exact_discriminant(w1, w2) < 0:
        assert first.imag > 0
        assert second == first.conjugate()
    else:
        assert first.imag == second.imag == 0
        assert abs(first) >= abs(second) * (1 - 1e-15)


def test_small_real_root_does_not_cancel():
    # z^2 = 1e8 z + 1: the roots are 1e8 + 1e-8 and -1 over that.
    np.testing.assert_allclose(second_order_roots(1e8, 1.0)[1], -1e-8, rtol=1e-15)
    np.testing.assert_allclose(second_order_roots(-1e8, 1.0)[1], 1e-8, rtol=1e-15)


def test_roots_at_special_points():
    np.testing.assert_array_equal(second_order_roots(0.0, 0.25), [0.5, -0.5])
    np.testing.assert_array_equal(second_order_roots(0.0, 0.0), [0, 0])
    np.testing.assert_array_equal(second_order_roots(1.0, -0.25), [0.5, 0.5])
    np.testing.assert_array_equal(second_order_roots(-0.5, 0.0), [-0.5, 0])
    np.testing.assert_array_equal(second_order_roots(0.0, -0.25), [0.5j, -0.5j])
    for namespace in (np, jnp):
        for weights in ((namespace.nan, 0.5), (0.5, namespace.nan)):
            roots = second_order_roots(*map(namespace.asarray, weights))
            assert np.all(np.isnan(roots.real) & np.isnan(roots.imag))


@PROPERTY
@given(w1=st.floats(-2.5, 2.5), w2=st.floats(-1.5, 1.5))
def test_triangle_is_the_unit_circle(w1, w2):
    radius = np.abs(np.roots([1, -w1, -w2])).max(initial=0.0)
    assume(abs(radius - 1) > 1e-7)
    assert is_stable(w1, w2) == (radius < 1)
    assert pole_radius(w1, w2) == pytest.approx(radius, rel=1e-7, abs=1e-150)


def test_edges_of_the_triangle_are_not_stable():
    edges = np.array([(0.5, 0.5), (-0.5, 0.5), (0.0, -1.0), (2.0, -1.0), (-2.0, -1.0), (0.0, 1.0)])
    assert not is_stable(*edges.T).any()
    assert is_stable(*(edges * 0.999).T).all()
    np.testing.assert_allclose(pole_radius(*edges.T), 1.0, rtol=1e-15)
    assert not is_stable(np.nan, 0.0)
    assert not is_oscillatory(np.nan, 0.0)


@PROPERTY
@given(w1=st.floats(-2, 2, allow_subnormal=False), digits=st.integers(-40, 40))
def test_the_sign_of_the_discriminant_is_exact(w1, digits):
    # Weights a few units in the last place from the parabola w2 = -w1^2 / 4.
    assume(abs(w1) > 1e-3)
    w2 = -(w1**2) / 4
    w2 += digits * np.spacing(w2)
    assert is_oscillatory(w1, w2) == (exact_discriminant(w1, w2) < 0)


@pytest.mark.parametrize("jit", [False, True])
def test_frequency_of_float32_weights_is_exact_for_those_weights(jit):
    # A plain w1^2 + 4 w2 in float32 would be wrong by a part in a thousand here.
    w1, w2 = (np.float32(w) for w in weights_from_poles(2.0, 0.99999, 1e-3))
    expected = node_frequency(np.float64(w1), np.float64(w2), 1e-3)
    function = jax.jit(node_frequency) if jit else node_frequency
    result = function(jnp.asarray(w1), jnp.asarray(w2), 1e-3)
    np.testing.assert_allclose(result, expected, rtol=1e-6)


@pytest.mark.parametrize("frequency", [1e-4, 1e-2, 2.0, 249.0, 250.0, 499.9])
def test_frequency_is_the_exact_angle(frequency):
    w1, w2 = weights_from_poles(frequency, 0.99999, 1e-3)
    gap = -exact_discriminant(w1, w2)
    expected = np.arctan2(np.sqrt(float(gap)), w1) / (2e-3 * np.pi)
    np.testing.assert_allclose(node_frequency(w1, w2, 1e-3), expected, rtol=1e-10)


def test_frequency_is_nan_without_a_rhythm():
    w1, w2 = np.array([0.5, -0.5, 1.0, 0.0]), np.array([0.1, 0.1, -0.25, 0.0])
    for namespace in (np, jnp):
        result = node_frequency(namespace.asarray(w1), namespace.asarray(w2), 1e-3)
        assert np.isnan(result).all()
    assert np.isnan(node_frequency(0.0, -0.5, 0.0))
    assert np.isnan(node_frequency(0.0, -0.5, -1.0))
    assert node_frequency(0.0, -0.5, 1e-3) == pytest.approx(250.0)


def test_decay_time():
    dt = 2e-3
    for radius in (0.3, 0.99, 0.99999, 1.02):
        w1, w2 = weights_from_poles(20.0, radius, dt)
        assert decay_time(w1, w2, dt) == pytest.approx(-dt / np.log(radius), rel=1e-10)
        assert decay_time(radius, 0.0, dt) == pytest.approx(-dt / np.log(radius), rel=1e-10)
        assert decay_time(-radius, 0.0, dt) == pytest.approx(-dt / np.log(radius), rel=1e-10)
    assert decay_time(1.02, 0.0, dt) < 0
    assert decay_time(1.2, -1.0, dt) == np.inf
    assert decay_time(0.25, 0.75, dt) == np.inf
    assert decay_time(0.0, 0.0, dt) == 0.0
    assert np.isnan(decay_time(0.5, -0.9, 0.0))
    assert np.isnan(decay_time(jnp.nan, 0.2, dt))


@pytest.mark.parametrize(
    "function",
    [
        pole_radius,
        lambda w1, w2: decay_time(w1, w2, 1.0),
        lambda w1, w2: second_order_roots(w1, w2).real,
        lambda w1, w2: second_order_roots(w1, w2).imag,
    ],
)
def test_gradients_are_finite_differences(function, x64):
    w1 = jnp.array([1.2, -1.2, 1.1, -1.1, 0.5, -0.5])
    w2 = jnp.array([-0.72, -0.72, -0.24, -0.24, 0.24, 0.24])
    check_grads(jax.jit(function), (w1, w2), order=1, atol=1e-5, rtol=1e-5)


def test_gradient_of_the_frequency(x64):
    w1, w2 = jnp.array([1.9, -1.2, 0.0]), jnp.array([-0.95, -0.72, -0.3])
    check_grads(jax.jit(node_frequency), (w1, w2, jnp.full(3, 0.5)), order=1)


def test_gradients_stay_finite_at_a_repeated_root():
    for function in (pole_radius, lambda *w: second_order_roots(*w).real.sum()):
        gradient = jax.grad(function, argnums=(0, 1))(jnp.array(1.0), jnp.array(-0.25))
        assert np.isfinite(gradient).all()
