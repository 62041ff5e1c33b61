"""The random network's theory against SciPy's quadrature and root finder."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from rhythmic.stability.mean_field import random_network_mean_field

compiled = jax.jit(random_network_mean_field)


def gaussian_mean(function):
    return quad(
        lambda z: function(z) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi),
        -12,
        12,
        points=[-1, -0.1, 0, 0.1, 1],
        epsabs=1e-13,
        limit=400,
    )[0]


@pytest.mark.parametrize("gain", [1.05, 1.5, 2.0, 5.0, 30.0])
def test_variance_and_exponent_solve_their_equations(x64, gain):
    def excess(variance):
        return gain**2 * gaussian_mean(lambda z: np.tanh(variance**0.5 * z) ** 2) - variance

    variance = brentq(excess, 1e-3, gain**2, xtol=1e-13)
    fourth = gaussian_mean(lambda z: np.cosh(np.minimum(abs(variance**0.5 * z), 300)) ** -4.0)
    found = compiled(jnp.asarray(gain))
    np.testing.assert_allclose(found.variance, variance, rtol=1e-9)
    expected = 0.5 * np.log(gain**2 * fourth)
    np.testing.assert_allclose(found.lyapunov_exponent, expected, atol=1e-9)
    single = compiled(jnp.asarray(gain, jnp.float32))
    np.testing.assert_allclose(single.lyapunov_exponent, expected, atol=2e-5)


def test_published_value():
    assert compiled(2.0).lyapunov_exponent == pytest.approx(0.155, abs=5e-4)


def test_silent_networks_and_bad_gains(x64):
    gains = jnp.array([0.0, 0.3, 1.0, -1.0, jnp.inf, jnp.nan])
    found = compiled(gains)
    np.testing.assert_array_equal(found.variance, [0, 0, 0, np.nan, np.nan, np.nan])
    expected = [-np.inf, np.log(0.3), 0.0, np.nan, np.nan, np.nan]
    np.testing.assert_allclose(found.lyapunov_exponent, expected)


def test_near_the_onset_of_chaos(x64):
    # To first order in e = g - 1 the variance is e, and the exponent is of second order.
    small = np.array([1e-3, 1e-4, 1e-5])
    found = compiled(jnp.asarray(1 + small))
    np.testing.assert_allclose(found.variance, small, rtol=5e-3)
    assert (found.lyapunov_exponent > 0).all()
    assert (found.lyapunov_exponent < small**2).all()


@pytest.mark.slow
def test_derivatives_are_finite_differences(x64):
    for field in ("variance", "lyapunov_exponent"):
        value = jax.jit(lambda g, field=field: getattr(random_network_mean_field(g), field))
        slopes = jax.vmap(jax.grad(value))(jnp.array([0.6, 1.4, 2.0]))
        for gain, slope in zip((0.6, 1.4, 2.0), slopes, strict=True):
            difference = (value(gain + 1e-5) - value(gain - 1e-5)) / 2e-5
            np.testing.assert_allclose(slope, difference, rtol=1e-7, atol=1e-9)
