"""The node h_t = w h_{t-1} against a loop, its closed form and its regimes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from rhythmic.theory import (
    FirstOrderRegime,
    first_order_closed_form,
    first_order_regime,
    first_order_trajectory,
)

PROPERTY = settings(max_examples=100, derandomize=True, deadline=None)


def loop(w, h0, num_steps):
    states = [h0]
    for _ in range(num_steps):
        states.append(w * states[-1])
    return np.array(states)


@PROPERTY
@given(
    w=st.floats(-1.5, 1.5, allow_subnormal=False),
    h0=st.floats(-5, 5, allow_subnormal=False),
    num_steps=st.integers(0, 60),
)
def test_closed_form_is_the_loop(w, h0, num_steps):
    expected = loop(w, h0, num_steps)
    result = first_order_closed_form(w, h0, num_steps)
    assert result.shape == (num_steps + 1,)
    np.testing.assert_allclose(result, expected, rtol=1e-13, atol=1e-290)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scan_is_the_closed_form(dtype, x64):
    w = np.array([[-1.1], [-1.0], [-0.5], [0.0], [0.5], [1.0], [1.1]], dtype)
    h0 = np.array([0.3, -2.0, 0.0], dtype)
    scan = first_order_trajectory(w, h0, 40)
    assert scan.shape == (41, 7, 3)
    assert scan.dtype == dtype
    exact = first_order_closed_form(w, h0, 40)  # NumPy in: float64
    np.testing.assert_allclose(scan, exact, rtol=50 * np.finfo(dtype).eps)
    same_dtype = first_order_closed_form(jnp.asarray(w), jnp.asarray(h0), 40)
    np.testing.assert_allclose(same_dtype, exact, rtol=50 * np.finfo(dtype).eps)


def test_zero_weight_keeps_the_start_and_nothing_else():
    for w in (0.0, jnp.float32(0.0)):
        np.testing.assert_array_equal(first_order_closed_form(w, 3.0, 2), [3.0, 0.0, 0.0])
    np.testing.assert_array_equal(first_order_trajectory(0.0, 3.0, 2), [3.0, 0.0, 0.0])


def test_a_node_at_zero_stays_there_even_if_its_power_overflows():
    for w, h0 in ((-2.0, 0.0), (jnp.float32(-2.0), jnp.float32(0.0))):
        np.testing.assert_array_equal(first_order_closed_form(w, h0, 2000), np.zeros(2001))
    assert np.isinf(first_order_closed_form(2.0, 1.0, 2000)[-1])


@pytest.mark.parametrize("function", [first_order_closed_form, first_order_trajectory])
def test_gradients_are_finite_differences(function, x64):
    w = jnp.array([-1.2, -0.3, 0.4, 1.1])
    h0 = jnp.array([0.5, -1.0, 0.0, 2.0])
    check_grads(jax.jit(lambda w, h0: function(w, h0, 9)), (w, h0), order=1)


def test_gradient_at_zero_weight_and_zero_start(x64):
    # d(w^t h)/dw = t w^{t-1} h and d(w^t h)/dh = w^t, with 0^0 = 1.
    slope = jax.jacfwd(lambda w: first_order_closed_form(w, 3.0, 3))(jnp.array(0.0))
    np.testing.assert_array_equal(slope, [0.0, 3.0, 0.0, 0.0])
    slope = jax.jacfwd(lambda h: first_order_closed_form(2.0, h, 3))(jnp.array(0.0))
    np.testing.assert_array_equal(slope, [1.0, 2.0, 4.0, 8.0])


REGIMES = [
    (-np.inf, FirstOrderRegime.FLICKERS_AND_EXPLODES),
    (np.nextafter(-1, -2), FirstOrderRegime.FLICKERS_AND_EXPLODES),
    (-1.0, FirstOrderRegime.FLICKERS),
    (np.nextafter(-1, 0), FirstOrderRegime.FLICKERS_AND_DISAPPEARS),
    (-1e-300, FirstOrderRegime.FLICKERS_AND_DISAPPEARS),
    (-0.0, FirstOrderRegime.GONE),
    (0.0, FirstOrderRegime.GONE),
    (1e-300, FirstOrderRegime.DISAPPEARS),
    (np.nextafter(1, 0), FirstOrderRegime.DISAPPEARS),
    (1.0, FirstOrderRegime.EQUILIBRIUM),
    (np.nextafter(1, 2), FirstOrderRegime.EXPLODES),
    (np.inf, FirstOrderRegime.EXPLODES),
    (np.nan, FirstOrderRegime.UNDEFINED),
]


def test_regimes_at_their_boundaries(x64):
    weights, expected = np.array([w for w, _ in REGIMES]), [code for _, code in REGIMES]
    codes = first_order_regime(weights)
    assert codes.dtype == np.int32
    np.testing.assert_array_equal(codes, expected)
    jitted = jax.jit(first_order_regime)(jnp.asarray(weights))
    assert jitted.dtype == jnp.int32
    np.testing.assert_array_equal(jitted, expected)
    assert {FirstOrderRegime(int(code)) for code in codes} == set(FirstOrderRegime)


@PROPERTY
@given(w=st.floats(-2, 2).filter(lambda w: abs(abs(w) - 1) > 0.01 and abs(w) > 0.01))
def test_regimes_say_what_the_loop_does(w):
    states = loop(w, 1.0, 100)
    flickers = np.all(np.sign(states[1:]) == -np.sign(states[:-1]))
    name = FirstOrderRegime(int(first_order_regime(w))).name
    assert name.startswith("FLICKERS") == flickers
    assert name.endswith("EXPLODES") == (abs(states[-1]) > abs(states[0]))
