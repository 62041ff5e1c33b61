"""The node h_t = w1 h_{t-1} + w2 h_{t-2}: scan, closed form, and a loop in sixty digits."""

from decimal import Decimal, localcontext

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from rhythmic.theory import second_order_trajectory, weights_from_poles
from rhythmic.theory.second_order import second_order_closed_form

PROPERTY = settings(max_examples=150, derandomize=True, deadline=None)
WEIGHT = st.floats(-2.2, 2.2, allow_subnormal=False)
STATE = st.floats(-3, 3, allow_subnormal=False)


def loop(w1, w2, h0, h1, num_steps, drive=None):
    states = [h0, h1]
    for t in range(2, num_steps + 1):
        states.append(w1 * states[-1] + w2 * states[-2] + (0 if drive is None else drive[t]))
    return np.array(states[: num_steps + 1])


def exact_loop(w1, w2, h0, h1, num_steps):
    """The same in sixty decimal digits, for the doubles as they are."""
    with localcontext() as context:
        context.prec = 60
        values = [Decimal(float(value)) for value in (w1, w2, h0, h1)]
        return loop(*values, num_steps).astype(np.float64)


@PROPERTY
@given(w1=WEIGHT, w2=WEIGHT, h0=STATE, h1=STATE, num_steps=st.integers(0, 50))
def test_closed_form_is_the_exact_loop_over_the_plane(w1, w2, h0, h1, num_steps):
    result = second_order_closed_form(w1, w2, h0, h1, num_steps)
    expected = exact_loop(w1, w2, h0, h1, num_steps)
    assert result.shape == (num_steps + 1,)
    # Compared with the growth that the weights allow, as a start may excite the small root alone.
    larger = max(np.abs(np.roots([1, -w1, -w2])), default=0.0)
    scale = (abs(h0) + abs(h1)) * (1 + np.arange(num_steps + 1)) * max(larger, 1e-3) ** np.arange(
        num_steps + 1
    ) * 3 + 1e-250
    assert np.all(np.abs(result - expected) <= 1e-12 * scale / min(1.0, max(larger, 1e-3)))


@pytest.mark.parametrize(
    ("w1", "w2"),
    [
        (1.6, -0.64),  # repeated root 0.8
        (-1.6, -0.64),  # repeated root -0.8
        (2.0, -1.0),  # repeated root 1: linear growth
        (0.0, 0.0),
        (0.9, 0.0),
        (0.0, 0.81),
        (0.0, -0.81),
        (1.1, -0.24),  # 0.8 and 0.3
        (0.5, 0.24),  # 0.8 and -0.3
        (1.2, -0.72),  # complex
    ],
)
def test_closed_form_in_each_case(w1, w2):
    expected = exact_loop(w1, w2, 0.7, -1.3, 80)
    result = second_order_closed_form(w1, w2, 0.7, -1.3, 80)
    np.testing.assert_allclose(result, expected, rtol=1e-11, atol=1e-16)


@pytest.mark.parametrize("frequency", [1e-6, 1e-3, 2.0, 40.0, 245.9, 499.999])
@pytest.mark.parametrize("radius", [0.9, 0.99999, 1.0])
def test_no_digits_are_lost_near_repeated_roots(frequency, radius):
    w1, w2 = weights_from_poles(frequency, radius, 1e-3)
    expected = exact_loop(w1, w2, 0.3, 0.5, 1000)
    result = second_order_closed_form(w1, w2, 0.3, 0.5, 1000)
    envelope = np.maximum.accumulate(np.abs(expected)[::-1])[::-1]
    # 1000 steps of one rounding error each would be 2e-13.
    assert np.all(np.abs(result - expected) <= 4e-13 * np.maximum(envelope, 1e-300))


def test_float32_keeps_its_digits_near_the_unit_circle():
    w1, w2 = (np.float32(w) for w in weights_from_poles(2.0, 0.99999, 1e-3))
    expected = exact_loop(w1, w2, 0.25, 0.5, 784)
    form = jax.jit(second_order_closed_form, static_argnums=4)
    result = form(jnp.array(w1), jnp.array(w2), jnp.float32(0.25), jnp.float32(0.5), 784)
    assert result.dtype == jnp.float32
    assert np.max(np.abs(result - expected)) < 5e-5 * np.max(np.abs(expected))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scan_is_the_loop_and_the_closed_form(dtype, x64):
    w1 = np.array([[1.5], [-1.5], [0.3], [1.0]], dtype)
    w2 = np.array([-0.9, 0.1, -0.2], dtype)
    h0, h1 = dtype(0.5), np.array([1.0, -1.0, 0.0], dtype)
    scan = second_order_trajectory(w1, w2, h0, h1, 30)
    assert scan.shape == (31, 4, 3)
    assert scan.dtype == dtype
    start = np.full((4, 3), h0, np.float64), np.broadcast_to(h1, (4, 3)).astype(np.float64)
    expected = loop(w1.astype(np.float64), w2.astype(np.float64), *start, 30)
    scale = np.max(np.abs(expected), axis=0)
    assert np.all(np.abs(scan - expected) <= 300 * np.finfo(dtype).eps * scale)
    closed = second_order_closed_form(w1, w2, h0, h1, 30)
    np.testing.assert_allclose(closed, expected, rtol=1e-9, atol=1e-12)


def test_drive_enters_the_step_of_its_own_row(x64):
    drive = np.zeros((6, 1))
    drive[3] = 2.0
    result = second_order_trajectory(0.5, np.array([0.25, 0.0]), 0.0, 0.0, 5, drive)
    np.testing.assert_allclose(result[:, 0], [0, 0, 0, 2, 1, 1.0])
    np.testing.assert_allclose(result[:, 1], [0, 0, 0, 2, 1, 0.5])
    drive = np.random.default_rng(0).normal(size=(21, 2))
    result = second_order_trajectory(1.2, -0.7, 0.1, 0.2, 20, drive)
    expected = loop(1.2, -0.7, np.full(2, 0.1), np.full(2, 0.2), 20, drive)
    np.testing.assert_allclose(result, expected, rtol=1e-12)


def test_drive_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"^drive must have num_steps \+ 1 = 5 .* \(4,\)$"):
        second_order_trajectory(0.5, 0.2, 1.0, 2.0, 4, np.zeros(4))
    with pytest.raises(ValueError, match=r"^drive has shape \(\); expected \(time, "):
        second_order_trajectory(0.5, 0.2, 1.0, 2.0, 4, np.zeros(()))
    with pytest.raises(ValueError, match=r"^drive has shape \(5, 3\); .* with nodes = \(2,\)"):
        second_order_trajectory(np.ones(2), 0.2, 1.0, 2.0, 4, np.zeros((5, 3)))


@pytest.mark.parametrize("num_steps", [0, 1, 2])
def test_short_runs(num_steps):
    expected = [3.0, 4.0, 0.5 * 4 + 0.25 * 3][: num_steps + 1]
    assert second_order_trajectory(0.5, 0.25, 3.0, 4.0, num_steps).tolist() == expected
    assert second_order_closed_form(0.5, 0.25, 3.0, 4.0, num_steps).tolist() == expected


@pytest.mark.parametrize("function", [second_order_closed_form, second_order_trajectory])
def test_gradients_are_finite_differences_also_at_a_repeated_root(function, x64):
    w1 = jnp.array([1.2, 1.6, 0.9, 0.0, 0.5])
    w2 = jnp.array([-0.72, -0.64, 0.0, 0.0, 0.24])
    h0, h1 = jnp.full(5, 0.7), jnp.full(5, -0.4)
    run = jax.jit(lambda *arguments: function(*arguments, 12))
    check_grads(run, (w1, w2, h0, h1), order=1, atol=1e-5)
