"""Responses against scipy.signal, numerical integration and a long simulation's own formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.signal
from jax.test_util import check_grads

from rhythmic.theory import (
    frequency_response,
    second_order_trajectory,
    stationary_variance,
    weights_from_poles,
)
from rhythmic.theory.second_order import impulse_response

NODES = [(1.2, -0.72), (1.1, -0.24), (0.5, 0.24), (-1.2, -0.72), (0.0, 0.0), (0.6, 0.0)]
DT = 2e-3


@pytest.mark.parametrize(("w1", "w2"), [*NODES, (1.0, -0.25), (2.1, -1.05)])
def test_impulse_response_is_that_of_a_filter(w1, w2):
    impulse = np.eye(1, 41)[0]
    expected = scipy.signal.lfilter([1.0], [1.0, -w1, -w2], impulse)
    result = impulse_response(w1, w2, 40)
    np.testing.assert_allclose(result, expected, rtol=1e-11, atol=1e-15)
    driven = second_order_trajectory(w1, w2, impulse[0], w1, 40, impulse)
    np.testing.assert_allclose(result, driven, rtol=2e-4, atol=1e-6)


def test_impulse_response_has_one_row_at_least():
    assert impulse_response(np.ones(3), -0.5, 0).tolist() == [[1.0, 1.0, 1.0]]


@pytest.mark.parametrize(("w1", "w2"), NODES)
def test_frequency_response_is_freqz(w1, w2):
    frequency = np.linspace(-400.0, 700.0, 51)  # beyond the Nyquist frequency of 250 Hz too
    _, expected = scipy.signal.freqz([1.0], [1.0, -w1, -w2], 2 * np.pi * frequency * DT)
    result = frequency_response(w1, w2, frequency, DT)
    np.testing.assert_allclose(result, expected, rtol=1e-12)


@pytest.mark.parametrize("frequency", [2.0, 40.0, 245.9, 480.0])
def test_float32_resonance_keeps_its_peak(frequency):
    weights = [np.float32(w) for w in weights_from_poles(frequency, 0.999, 1e-3)]
    around = np.float32(frequency) + np.linspace(-1, 1, 9, dtype=np.float32)
    exact = frequency_response(*weights, around, np.float32(1e-3))
    result = frequency_response(*map(jnp.asarray, weights), jnp.asarray(around), np.float32(1e-3))
    assert result.dtype == jnp.complex64
    assert np.max(np.abs(result - exact) / np.abs(exact)) < 5e-4


def test_frequency_response_is_nan_at_a_root_on_the_circle():
    for namespace in (np, jnp):
        response = frequency_response(namespace.asarray(1.0), 0.0, 0.0, DT)
        assert np.isnan(response.real)
        assert np.isnan(response.imag)
    assert np.isnan(frequency_response(0.5, 0.0, 10.0, 0.0))


@pytest.mark.parametrize(("w1", "w2"), NODES)
def test_the_spectrum_of_noise_integrates_to_the_variance(w1, w2):
    frequency = (np.arange(4096) / 4096 - 0.5) / DT
    _, response = scipy.signal.freqz([1.0], [1.0, -w1, -w2], 2 * np.pi * frequency * DT)
    spectrum = 0.3**2 * DT * np.abs(response) ** 2
    # The rectangle rule is exact, to rounding, for a smooth periodic function.
    integral = spectrum.sum() / (4096 * DT)
    assert stationary_variance(w1, w2, 0.3) == pytest.approx(integral, rel=1e-11)


def test_no_stationary_spectrum_outside_the_triangle():
    w1, w2 = np.array([1.5, 1.0, 1.2, np.nan]), np.array([0.5, 0.0, -1.0, 0.0])
    for namespace in (np, jnp):
        weights = namespace.asarray(w1), namespace.asarray(w2)
        assert np.isnan(stationary_variance(*weights, 1.0)).all()


def test_gradients_are_finite_differences(x64):
    w1, w2 = jnp.array([1.2, 1.1, 0.5, -1.2]), jnp.array([-0.72, -0.24, 0.24, -0.72])
    frequency = jnp.array([10.0, 100.0, 200.0, 240.0])

    def parts(w1, w2, frequency):
        response = frequency_response(w1, w2, frequency, DT)
        return response.real, response.imag

    check_grads(jax.jit(parts), (w1, w2, frequency), order=1, atol=1e-5, rtol=1e-5)

    def moments(w1, w2):
        return stationary_variance(w1, w2, 1.0), impulse_response(w1, w2, 9)

    check_grads(jax.jit(moments), (w1, w2), order=1, atol=1e-4, rtol=1e-5)
