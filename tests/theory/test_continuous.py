"""The continuous oscillator against expm, scipy's filters and numerical maxima."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import scipy.signal

from rhythmic.theory import weights_from_oscillator
from rhythmic.theory.continuous import (
    oscillator_motion,
    oscillator_resonance,
    oscillator_response,
    sampled_oscillator_response,
)
from rhythmic.theory.oscillator import forcing_weights

# omega, beta: undamped, underdamped, critical, overdamped, growing, free particle.
OSCILLATORS = [(60.0, 0.0), (60.0, 5.0), (20.0, 20.0), (5.0, 30.0), (60.0, -3.0), (0.0, 4.0)]


@pytest.mark.parametrize(("omega", "beta"), OSCILLATORS)
def test_motion_is_that_of_expm(omega, beta):
    times = np.array([0.0, 1e-3, 0.013, 0.2, 0.5])
    matrix = np.array([[0.0, 1.0], [-(omega**2), -2 * beta]])
    expected = np.array([scipy.linalg.expm(matrix * t) @ [0.7, -30.0] for t in times])
    position, velocity = oscillator_motion(omega, beta, times, 0.7, -30.0)
    np.testing.assert_allclose(position, expected[:, 0], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(velocity, expected[:, 1], rtol=1e-10, atol=1e-10)


def test_motion_outside_its_domain(x64):
    assert np.all(np.isnan(oscillator_motion(-1.0, 0.0, [0.0, 1.0]).position))
    assert np.isnan(oscillator_motion(1.0, 0.0, [-0.1, 1.0]).position).tolist() == [True, False]
    with pytest.raises(ValueError, match=r"times is 0.5; it must be an array"):
        oscillator_motion(1.0, 0.0, 0.5)
    slope = jax.grad(lambda beta: oscillator_motion(20.0, beta, jnp.array([0.1])).position[0])
    step = 1e-5
    for beta in (0.0, 5.0, 20.0, 40.0):
        ends = (oscillator_motion(20.0, beta + d, [0.1]).position[0] for d in (step, -step))
        low = np.subtract(*ends) / (2 * step)
        assert slope(beta) == pytest.approx(low, rel=1e-5)


@pytest.mark.parametrize(("omega", "beta"), OSCILLATORS[1:])
def test_response_is_that_of_an_analogue_filter(omega, beta):
    frequency = np.array([0.3, 4.0, 9.5, 40.0])
    _, expected = scipy.signal.freqs([1.0], [1.0, 2 * beta, omega**2], 2 * np.pi * frequency)
    np.testing.assert_allclose(oscillator_response(omega, beta, frequency), expected, rtol=1e-10)


def test_response_outside_its_domain():
    assert np.isnan(oscillator_response(2 * np.pi, 0.0, 1.0))
    assert np.isnan(oscillator_response(-1.0, 1.0, 1.0))
    assert oscillator_response(2.0, 1.0, 0.0) == pytest.approx(0.25)


@pytest.mark.parametrize(("omega", "beta"), [(60.0, 5.0), (60.0, 40.0), (60.0, 50.0)])
def test_resonance_is_the_largest_gain(omega, beta):
    found = scipy.optimize.minimize_scalar(
        lambda f: -np.abs(oscillator_response(omega, beta, f)), bounds=(0, 20), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    resonance = oscillator_resonance(omega, beta)
    assert resonance.gain == pytest.approx(-found.fun, rel=1e-9)
    assert resonance.frequency == pytest.approx(found.x, abs=1e-5)
    assert resonance.quality == pytest.approx(omega / (2 * beta))


def test_resonance_outside_its_domain():
    beta = np.array([0.0, -1.0, np.nan])
    assert np.all(np.isnan(oscillator_resonance(60.0, beta)))
    assert np.all(np.isnan(oscillator_resonance(0.0, 1.0)))
    slope = jax.grad(lambda beta: oscillator_resonance(60.0, beta).frequency)
    assert np.isfinite(slope(5.0))
    assert slope(50.0) == 0


@pytest.mark.parametrize("scheme", ["backward_difference", "exact"])
def test_sampled_response_is_that_of_a_digital_filter(scheme):
    omega, beta, dt = 60.0, 5.0, 4e-3
    frequency = np.linspace(1.0, 120.0, 7)
    w1, w2 = weights_from_oscillator(omega, beta, dt, scheme)
    taps = forcing_weights(omega, beta, dt, scheme)
    angle = 2 * np.pi * frequency * dt
    _, expected = scipy.signal.freqz([float(tap) for tap in taps], [1.0, -w1, -w2], angle)
    result = sampled_oscillator_response(omega, beta, frequency, dt, scheme)
    np.testing.assert_allclose(result, expected, rtol=1e-10)
