"""Taps of the force against expm, forced motion against an ODE solver, and distortion."""

from decimal import Decimal, localcontext

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
from jax.test_util import check_grads

from rhythmic.theory import (
    decay_time,
    node_frequency,
    pole_radius,
    second_order_trajectory,
    weights_from_oscillator,
)
from rhythmic.theory.oscillator import (
    ForcingTaps,
    backward_difference_distortion,
    forced_drive,
    forcing_weights,
)

DT = 1e-3
# Decay beta dt and angle omega dt of one step, in every regime and branch.
STEPS = [
    (0.0, 0.3),
    (0.01, 0.3),
    (0.3, 0.3),
    (0.3, 0.299999),
    (2.0, 0.1),
    (2.0, 1.99),
    (2.0, 2.0),
    (0.1, 2.5),
    (30.0, 0.5),
    (30.0, 29.9),
    (5.0, 4.95),
    (-0.2, 0.4),
    (-2.0, 0.3),
    (-2.0, 1.9),
    (-1.5, 1.5),
    (0.9, 1e-3),
    (1.2, 0.0),
    (-1.2, 0.0),
    (0.999, 1.001),
]


def taps_by_expm(decay, angle):
    """Hold a unit force over one step of unit length: the augmented matrix exponential."""
    matrix = np.array([[0.0, 1.0, 0.0], [-(angle**2), -2 * decay, 1.0], [0.0, 0.0, 0.0]])
    step = scipy.linalg.expm(matrix)
    return step[0, 2], step[0, 1] * step[1, 2] - step[1, 1] * step[0, 2]


@pytest.mark.parametrize(("decay", "angle"), STEPS)
def test_exact_taps_are_those_of_expm(decay, angle):
    taps = forcing_weights(angle / DT, decay / DT, DT, "exact")
    lag1, lag2 = taps_by_expm(decay, angle)
    assert taps.lag0 == 0
    assert taps.lag1 == pytest.approx(lag1 * DT**2, rel=1e-11)
    size = abs(lag2) + 1e-3 * abs(lag1)  # the oracle itself cancels where little remains
    assert abs(taps.lag2 / DT**2 - lag2) <= 1e-11 * size


@pytest.mark.parametrize("scale", [1e-9, 1e-5, 1e-2, 0.3])
@pytest.mark.parametrize("ratio", [0.0, 0.3, 1.0, 3.0, -0.5])
def test_small_steps_keep_their_digits(scale, ratio):
    # The Taylor series of the impulse response, summed in fifty digits.
    with localcontext() as context:
        context.prec = 50
        decay, angle = Decimal(scale * ratio), Decimal(scale)
        derivative, before, factorial = Decimal(1), Decimal(0), Decimal(1)
        expected = Decimal(0)
        for order in range(1, 60):
            factorial *= order + 1
            expected += derivative / factorial
            derivative, before = -2 * decay * derivative - angle**2 * before, derivative
    taps = forcing_weights(scale, scale * ratio, 1.0, "exact")
    assert taps.lag1 == pytest.approx(float(expected), rel=2e-15)
    w1, w2 = weights_from_oscillator(scale, scale * ratio, 1.0, "exact")
    if scale > 0.1:  # a constant force ends at F / omega^2, which fixes the sum of the taps
        assert taps.lag1 + taps.lag2 == pytest.approx((1 - w1 - w2) / scale**2, rel=1e-12)


def test_free_particle():
    taps = forcing_weights(0.0, 0.0, DT, "exact")
    np.testing.assert_allclose(taps, (0.0, DT**2 / 2, DT**2 / 2), rtol=1e-15)
    taps = forcing_weights(0.0, 0.0, DT, "backward_difference")
    np.testing.assert_allclose(taps, (DT**2, 0.0, 0.0), rtol=1e-15)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_taps_in_both_precisions(dtype, x64):
    decay, angle = (jnp.asarray(values, dtype) for values in zip(*STEPS, strict=True))
    taps = forcing_weights(angle, decay, dtype(1.0), "exact")
    exact = forcing_weights(np.asarray(angle), np.asarray(decay), 1.0, "exact")
    for tap, expected in zip(taps, exact, strict=True):
        assert tap.dtype == dtype
        assert np.all(np.abs(tap - expected) <= 40 * jnp.finfo(dtype).eps * np.abs(exact.lag1))


def forced_by_solver(omega, beta, force, dt):
    """Integrate the oscillator from rest, with the force held over each step."""
    state, states = np.zeros(2), [0.0]
    for value in force[:-1]:
        solution = scipy.integrate.solve_ivp(
            lambda _, y, value=value: [y[1], value - 2 * beta * y[1] - omega**2 * y[0]],
            (0.0, dt),
            state,
            method="DOP853",
            rtol=1e-11,
            atol=1e-16,
        )
        state = solution.y[:, -1]
        states.append(state[0])
    return np.array(states)


@pytest.mark.parametrize(("omega", "beta"), [(250.0, 20.0), (250.0, 250.0), (250.0, 600.0)])
def test_forced_motion_is_that_of_an_ode_solver(omega, beta, x64):
    force = np.random.default_rng(1).normal(size=40) * 1e3
    expected = forced_by_solver(omega, beta, force, DT)
    w1, w2 = weights_from_oscillator(omega, beta, DT, "exact")
    drive = forced_drive(forcing_weights(omega, beta, DT, "exact"), force)
    states = second_order_trajectory(w1, w2, drive[0], w1 * drive[0] + drive[1], 39, drive)
    np.testing.assert_allclose(states, expected, atol=1e-9 * np.abs(expected).max())


def test_backward_differences_with_force_solve_their_own_equation(x64):
    omega, beta = 250.0, 20.0
    force = np.random.default_rng(2).normal(size=30)
    w1, w2 = weights_from_oscillator(omega, beta, DT)
    drive = forced_drive(forcing_weights(omega, beta, DT), force)
    x = np.asarray(second_order_trajectory(w1, w2, 0.0, 0.0, 29, drive))
    acceleration = (x[2:] - 2 * x[1:-1] + x[:-2]) / DT**2
    velocity = (x[2:] - x[1:-1]) / DT
    left = acceleration + 2 * beta * velocity + omega**2 * x[2:]
    np.testing.assert_allclose(left, force[2:], rtol=1e-8)


def test_drive_by_hand_and_its_shapes():
    taps = ForcingTaps(np.array([1.0, 0.0]), np.array([10.0, 0.0]), np.array([100.0, 1.0]))
    drive = forced_drive(taps, np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(drive, [[1, 0], [12, 0], [123, 1]])
    both = forced_drive(taps, jnp.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]]))
    np.testing.assert_array_equal(both, [[1, 0], [12, 0], [123, 5]])
    with pytest.raises(ValueError, match=r"lag0 \(2,\).*forcing_row \(3,\)"):
        forced_drive(taps, np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"^forcing must have one row per time or more"):
        forced_drive(taps, np.zeros(0))
    with pytest.raises(ValueError, match=r"^forcing has shape \(\); expected \(time, "):
        forced_drive(taps, np.zeros(()))


def test_domains_of_the_taps():
    for scheme in ("backward_difference", "exact"):
        for arguments in ((-1.0, 0.0, DT), (1.0, 0.0, 0.0), (np.nan, 0.0, DT), (1.0, np.nan, DT)):
            assert np.isnan(forcing_weights(*arguments, scheme)[:2]).any()
            assert np.isnan(forcing_weights(*map(jnp.asarray, arguments), scheme)[:2]).any()
    assert np.isnan(forcing_weights(0.0, -0.5, 1.0)).all()
    with pytest.raises(ValueError, match=r"^scheme is 'tustin'; choose from .*"):
        forcing_weights(1.0, 0.0, DT, "tustin")


@pytest.mark.parametrize("scheme", ["backward_difference", "exact"])
def test_gradients_of_the_taps_are_finite_differences(scheme, x64):
    inside = [step for step in STEPS if 0 < step[1] < 20 and abs(max(map(abs, step)) - 1) > 0.01]
    decay, angle = (jnp.array(values) for values in zip(*inside, strict=True))
    check_grads(
        jax.jit(lambda angle, decay: forcing_weights(angle, decay, 1.0, scheme)),
        (angle, decay),
        order=1,
        atol=1e-5,
        rtol=1e-5,
    )


@pytest.mark.slow
def test_gradients_of_the_taps_stay_finite_in_float32():
    decay = jnp.array([0.0, 0.0, 1.2, 1e4, -1.0, 2.0])
    angle = jnp.array([0.0, 1e-20, 0.0, 0.1, 40.0, 2.0])
    total = lambda *a: sum(tap.sum() for tap in forcing_weights(*a, 1.0, "exact"))  # noqa: E731
    assert np.isfinite(jax.grad(total, argnums=(0, 1))(angle, decay)).all()


def test_distortion_is_read_off_the_weights():
    omega, beta = np.array([60.0, 250.0, 1500.0, 250.0]), np.array([0.0, 20.0, -30.0, 249.0])
    weights = weights_from_oscillator(omega, beta, DT)
    result = backward_difference_distortion(omega, beta, DT)
    np.testing.assert_allclose(result.pole_radius, pole_radius(*weights), rtol=1e-13)
    np.testing.assert_allclose(result.frequency, node_frequency(*weights, DT), rtol=1e-9)
    np.testing.assert_allclose(1 / result.damping, decay_time(*weights, DT), rtol=1e-9)
    exact = weights_from_oscillator(omega, beta, DT, "exact")
    np.testing.assert_allclose(result.pole_radius_asked, pole_radius(*exact), rtol=1e-13)
    np.testing.assert_allclose(result.frequency_asked, node_frequency(*exact, DT), rtol=1e-9)
    np.testing.assert_array_equal(result.damping_asked, beta)


def test_distortion_is_nan_unless_underdamped():
    for arguments in ((10.0, 10.0, DT), (10.0, 20.0, DT), (10.0, -20.0, DT), (10.0, 1.0, 0.0)):
        assert np.isnan(backward_difference_distortion(*arguments)).all()
        assert np.isnan(backward_difference_distortion(*map(jnp.asarray, arguments))).all()


def test_gradient_of_the_distortion(x64):
    omega, beta = jnp.array([0.1, 1.0]), jnp.array([0.02, -0.3])
    check_grads(
        jax.jit(lambda omega, beta: backward_difference_distortion(omega, beta, 1.0)),
        (omega, beta),
        order=1,
        atol=1e-5,
    )
