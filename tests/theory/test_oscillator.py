"""Oscillator and weights: round trips, free motion, and the numbers of the published network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from rhythmic.theory import (
    NodeWeights,
    is_oscillatory,
    is_stable,
    oscillator_from_weights,
    pole_radius,
    poles_from_weights,
    weights_from_oscillator,
    weights_from_poles,
)
from rhythmic.theory.second_order import second_order_closed_form

SCHEMES = ["backward_difference", "exact"]
DT = 1e-3
PROPERTY = settings(max_examples=150, derandomize=True, deadline=None)
# Underdamped, nearly critical, critical, overdamped, growing; angular frequency and damping.
OSCILLATORS = [
    (250.0, 10.0),
    (250.0, 0.0),
    (1500.0, 400.0),
    (250.0, 249.999),
    (250.0, 250.0),
    (250.0, 250.001),
    (250.0, 400.0),
    (250.0, 3000.0),
    (250.0, -30.0),
    (250.0, -400.0),
]


def step_matrix(omega, beta, dt):
    return scipy.linalg.expm(np.array([[0.0, 1.0], [-(omega**2), -2 * beta]]) * dt)


@pytest.mark.parametrize("scheme", SCHEMES)
@PROPERTY
@given(
    omega=st.floats(10.0, 3000.0),
    beta=st.floats(-300.0, 300.0),
    dt=st.sampled_from([2e-4, 1e-3]),
)
def test_round_trip(scheme, omega, beta, dt):
    weights = weights_from_oscillator(omega, beta, dt, scheme)
    angular_frequency, damping = oscillator_from_weights(*weights, dt, scheme)
    assert angular_frequency == pytest.approx(omega, rel=1e-9)
    assert damping == pytest.approx(beta, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("omega", "beta"), OSCILLATORS)
def test_round_trip_near_and_beyond_critical_damping(scheme, omega, beta):
    weights = weights_from_oscillator(omega, beta, DT, scheme)
    result = oscillator_from_weights(*weights, DT, scheme)
    np.testing.assert_allclose(result, (omega, beta), rtol=1e-9, atol=1e-9)


def test_backward_differences_by_substitution():
    # The lecture's discretised equation, with a sequence that the weights produce put into it.
    omega, beta, dt = 300.0, 20.0, 1e-3
    x = second_order_closed_form(*weights_from_oscillator(omega, beta, dt), 1.0, 0.9, 50)
    acceleration = (x[2:] - 2 * x[1:-1] + x[:-2]) / dt**2
    velocity = (x[2:] - x[1:-1]) / dt
    residual = acceleration + 2 * beta * velocity + omega**2 * x[2:]
    assert np.max(np.abs(residual)) < 1e-9 * omega**2


@pytest.mark.parametrize(("omega", "beta"), OSCILLATORS)
def test_exact_weights_are_trace_and_determinant_of_the_step(omega, beta):
    matrix = step_matrix(omega, beta, DT)
    w1, w2 = weights_from_oscillator(omega, beta, DT, "exact")
    assert w1 == pytest.approx(np.trace(matrix), rel=1e-12)
    assert w2 == pytest.approx(-np.exp(-2 * beta * DT), rel=1e-14)


def test_strong_overdamping_neither_overflows_nor_loses_the_slow_root():
    # beta dt = 1e4: the slow rate is omega^2 / (2 beta), the fast mode is gone in one step.
    for dtype in (np.float64, jnp.float32):
        omega, beta, dt = dtype(100.0), dtype(1e7), dtype(1e-3)
        w1, w2 = weights_from_oscillator(omega, beta, dt, "exact")
        np.testing.assert_allclose(w1, np.exp(-(100.0**2) / 2e7 * 1e-3), rtol=2e-7)
        assert w2 == 0
    w1, _ = weights_from_oscillator(100.0, 1e7, 1e-3, "exact")
    assert 1 - w1 == pytest.approx(5e-7, rel=1e-8)


@PROPERTY
@given(omega=st.floats(0.1, 5000.0), beta=st.floats(1e-3, 5000.0))
def test_any_damped_oscillator_gives_a_stable_node(omega, beta):
    assert is_stable(*weights_from_oscillator(omega, beta, DT))
    # The exact slow root e^{-omega^2 dt / (2 beta)} must differ from 1 in double precision.
    assert is_stable(*weights_from_oscillator(omega, beta, DT, "exact")) or omega**2 < 1e-9 * beta


def test_alias_of_the_exact_scheme_lies_below_nyquist():
    weights = weights_from_oscillator(2 * np.pi * 700.0, 0.0, DT, "exact")
    omega, beta = oscillator_from_weights(*weights, DT, "exact")
    assert omega / (2 * np.pi) == pytest.approx(300.0, rel=1e-12)
    assert beta == pytest.approx(0.0, abs=1e-12)


def test_domains():
    nan_pair = [np.nan, np.nan]
    for scheme in SCHEMES:
        for arguments in ((-1.0, 0.0, DT), (1.0, 0.0, 0.0), (1.0, 0.0, -DT), (np.nan, 0.0, DT)):
            np.testing.assert_array_equal(weights_from_oscillator(*arguments, scheme), nan_pair)
        np.testing.assert_array_equal(oscillator_from_weights(1.2, -0.7, 0.0, scheme), nan_pair)
    # D = 1 + 2 beta dt = 0.
    np.testing.assert_array_equal(weights_from_oscillator(0.0, -0.5, 1.0), nan_pair)
    # w2 = 0, and a negative omega^2.
    np.testing.assert_array_equal(oscillator_from_weights(0.5, 0.0, DT), nan_pair)
    np.testing.assert_array_equal(oscillator_from_weights(2.5, -1.0, DT), nan_pair)
    # w2 >= 0, negative real roots, roots on both sides of 1 (omega^2 < 0).
    for weights in ((0.5, 0.0), (0.5, 0.2), (-1.1, -0.24), (-1.0, -0.25), (1.7, -0.6)):
        np.testing.assert_array_equal(oscillator_from_weights(*weights, DT, "exact"), nan_pair)
        jax_weights = map(jnp.asarray, weights)
        np.testing.assert_array_equal(oscillator_from_weights(*jax_weights, DT, "exact"), nan_pair)


def test_unknown_scheme_is_refused():
    message = "^scheme is 'euler'; choose from backward_difference, exact$"
    with pytest.raises(ValueError, match=message):
        weights_from_oscillator(1.0, 0.0, DT, "euler")
    with pytest.raises(ValueError, match=message):
        oscillator_from_weights(1.0, -0.5, DT, "euler")


@PROPERTY
@given(frequency=st.floats(0.5, 499.5), radius=st.floats(0.01, 1.5))
def test_poles_round_trip(frequency, radius):
    weights = weights_from_poles(frequency, radius, DT)
    assert is_oscillatory(*weights)
    assert pole_radius(*weights) == pytest.approx(radius, rel=1e-14)
    poles = poles_from_weights(*weights, DT)
    np.testing.assert_allclose(poles, (frequency, radius), rtol=1e-9)


def test_limits_of_the_poles():
    assert isinstance(weights_from_poles(0.0, 0.5, DT), NodeWeights)
    assert weights_from_poles(0.0, 0.5, DT) == (1.0, -0.25)
    assert weights_from_poles(500.0, 0.5, DT) == (-1.0, -0.25)
    assert weights_from_poles(100.0, 0.0, DT) == (0.0, 0.0)
    for arguments in ((-1.0, 0.9, DT), (500.1, 0.9, DT), (10.0, -0.1, DT), (10.0, 0.9, 0.0)):
        assert np.isnan(weights_from_poles(*arguments)).all()
    assert np.isnan(poles_from_weights(0.5, 0.2, DT)).all()
    assert np.isnan(poles_from_weights(0.5, -0.9, 0.0)).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_gradients_are_finite_differences(scheme, x64):
    omega, beta = (jnp.array(values) for values in zip(*OSCILLATORS, strict=True))
    dt = 1e-3

    def there(angle, decay):
        return weights_from_oscillator(angle / dt, decay / dt, dt, scheme)

    check_grads(jax.jit(there), (omega * dt, beta * dt), order=1, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_gradient_of_the_inverse_is_the_inverse_of_the_gradient(scheme, x64):
    def matrices(function, arguments):
        jacobian = jax.jit(jax.vmap(jax.jacfwd(function, argnums=(0, 1))))(*arguments)
        return np.moveaxis(np.array(jacobian), -1, 0)

    # At critical damping the inverse is not smooth.
    steps = np.array([pair for pair in OSCILLATORS if pair[0] != abs(pair[1])]).T * DT
    there = matrices(lambda *a: weights_from_oscillator(*a, 1.0, scheme), jnp.asarray(steps))
    weights = jnp.stack(weights_from_oscillator(*steps, 1.0, scheme))
    back = matrices(lambda *w: oscillator_from_weights(*w, 1.0, scheme), weights)
    np.testing.assert_allclose(back @ there, np.tile(np.eye(2), (len(back), 1, 1)), atol=1e-6)


def test_gradient_of_the_exact_weights_at_critical_damping(x64):
    # w1 = 2 e^{-a} cos(sqrt(b^2 - a^2)): d/db = -2 e^{-a} b and d/da = 2 e^{-a} (a - 1) at a = b.
    gradient = jax.grad(lambda b, a: weights_from_oscillator(b, a, 1.0, "exact").w1, (0, 1))(
        jnp.array(0.3), jnp.array(0.3)
    )
    expected = -0.6 * np.exp(-0.3), 2 * np.exp(-0.3) * (0.3 - 1)
    np.testing.assert_allclose(gradient, expected, rtol=1e-12)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_gradients_stay_finite_across_all_branches(scheme):
    omega = jnp.array([0.0, 1e-3, 250.0, 250.0, 250.0, 40000.0, 250.0])
    beta = jnp.array([0.0, 1e-3, 250.0, 1e7, -250.0, -1000.0, 0.0])
    total = lambda *arguments: sum(w.sum() for w in weights_from_oscillator(*arguments, DT, scheme))  # noqa: E731
    assert np.isfinite(jax.grad(total, argnums=(0, 1))(omega, beta)).all()
    w1, w2 = jnp.array([1.2, -1.2, 1.1]), jnp.array([-0.72, -0.72, -0.24])
    back = lambda *w: sum(v.sum() for v in oscillator_from_weights(*w, DT, scheme))  # noqa: E731
    assert np.isfinite(jax.grad(back, argnums=(0, 1))(w1, w2)).all()
