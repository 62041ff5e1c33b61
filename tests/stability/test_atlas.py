"""The chart of the two-step node against theory in float64, NumPy's angle and dense grids."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.stability.atlas import chart_frequency, node_chart, peak_gain, upper_angle
from rhythmic.theory import (
    SecondOrderRegime,
    decay_time,
    frequency_response,
    node_frequency,
    pole_radius,
    second_order_regime,
)

DT = 0.004
W1, W2 = np.meshgrid(np.linspace(-3, 3, 121), np.linspace(-2, 2, 81), indexing="ij")


@jax.jit
def charted(w1, w2, dt=DT):
    return node_chart(w1, w2, dt)


def points(number, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-3, 3, number), rng.uniform(-2, 2, number)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_angle_is_that_of_numpy(dtype, x64):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 20_000)).astype(dtype)
    y = np.abs(y) * (10.0 ** rng.uniform(-8, 8, y.shape)).astype(dtype)
    x[:4], y[:4] = [1, -1, 0, 2], [0, 0, 3, 2]
    expected = np.arctan2(y.astype(np.longdouble), x.astype(np.longdouble))
    found = np.asarray(jax.jit(upper_angle)(x, y))
    assert found.dtype == dtype
    error = np.abs(found - expected) / np.spacing(expected.astype(dtype))
    assert error.max() < 5
    assert np.isnan(upper_angle(jnp.zeros(1, dtype), jnp.zeros(1, dtype)))


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-6), (np.float64, 2e-15)])
def test_chart_is_theory(dtype, tolerance, x64):
    w1, w2 = (x.astype(dtype) for x in points(4000))
    chart = charted(w1, w2)
    wide = w1.astype(np.float64), w2.astype(np.float64)
    assert chart.regime.dtype == np.int8
    assert all(x.dtype == dtype for x in chart[1:])
    np.testing.assert_array_equal(chart.regime, second_order_regime(*wide))
    frequency = node_frequency(*wide, DT)
    np.testing.assert_array_equal(np.isnan(chart.frequency), np.isnan(frequency))
    np.testing.assert_allclose(chart.frequency, frequency, rtol=10 * tolerance)
    rate = np.log(pole_radius(*wide)) / DT
    np.testing.assert_allclose(chart.growth_rate, rate, atol=tolerance / DT, rtol=1e-6)
    apart = np.abs(rate * DT) > 1e-2
    time = decay_time(*wide, DT)
    np.testing.assert_allclose(chart.decay_time[apart], time[apart], rtol=200 * tolerance)


def test_edges_and_bad_values(x64):
    w1 = jnp.array([0.0, 0.0, 1.0, 2.0, np.nan, 0.5])
    w2 = jnp.array([0.0, -1.0, 0.0, -1.0, 0.5, np.inf])
    chart = charted(w1, w2)
    code = SecondOrderRegime
    expected = [code.GONE, code.OSCILLATES, code.EQUILIBRIUM, code.EXPLODES] + [code.UNDEFINED] * 2
    np.testing.assert_array_equal(chart.regime, expected)
    np.testing.assert_array_equal(chart.decay_time[:4], [0.0, np.inf, np.inf, np.inf])
    np.testing.assert_array_equal(chart.growth_rate[:4], [-np.inf, 0.0, 0.0, 0.0])
    np.testing.assert_array_equal(chart.amplification[:5], [1.0, np.inf, np.inf, np.inf, np.nan])
    wrong = charted(0.5, -0.5, 0.0)
    assert np.isnan([wrong.frequency, wrong.decay_time, wrong.growth_rate]).all()


@pytest.mark.slow
@settings(max_examples=100, derandomize=True, deadline=None)
@given(w1=st.floats(-2, 2), w2=st.floats(-0.98, 0.98))
def test_amplification_is_the_peak_of_the_frequency_response(w1, w2):
    with jax.enable_x64(True):
        gain = float(peak_gain(jnp.array(w1), jnp.array(w2)))
    if abs(w1) >= 1 - w2:
        assert gain == np.inf
        return
    frequency = np.linspace(0, 0.5, 20_001)
    response = np.abs(frequency_response(w1, w2, frequency, 1.0))
    around = np.linspace(-1, 1, 2001) / 40_000 + frequency[np.argmax(response)]
    finer = np.abs(frequency_response(w1, w2, around, 1.0))
    assert gain == pytest.approx(max(response.max(), finer.max()), rel=1e-5)
    assert gain >= response.max() * (1 - 1e-9)


def test_gain_at_0_hz_and_at_nyquist(x64):
    # A leaky sum adds up 1 + 0.9 + 0.81 + ...; its mirror image does so with signs.
    gain = peak_gain(jnp.array([0.9, -0.9]), jnp.zeros(2))
    np.testing.assert_allclose(gain, 10.0, rtol=1e-14)
    # w1 = 0: the resonance is at a quarter of the sample rate.
    assert float(peak_gain(jnp.array(0.0), jnp.array(-0.99))) == pytest.approx(100.0)


def test_chart_is_elementwise_and_differentiable(x64):
    shaped = charted(W1, W2)
    mapped = jax.jit(jax.vmap(jax.vmap(lambda a, b: node_chart(a, b, DT))))(W1, W2)
    for one, other in zip(shaped, mapped, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    slope = jax.grad(lambda a: chart_frequency(a, jnp.array(-0.9), DT))(0.3)
    step = 1e-5
    ends = node_frequency(np.array([0.3 - step, 0.3 + step]), -0.9, DT)
    assert float(slope) == pytest.approx(np.diff(ends)[0] / (2 * step), rel=1e-6)
    assert np.isfinite(jax.grad(lambda a: peak_gain(a, jnp.array(-0.9)))(0.3))
