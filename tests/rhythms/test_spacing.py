"""Distances to ladders against brute force and least squares in NumPy."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.rhythms import CHANCE_DISTANCE, check_ratios, fit_consecutive
from rhythmic.rhythms.bands import band_centres
from rhythmic.rhythms.spacing import fit_start, ladder_distance, rung_offset

pytestmark = pytest.mark.usefixtures("x64")


def brute_offset(frequency, start, ratio):
    """Signed distance to the nearest of many rungs, in rungs."""
    rungs = start * ratio ** np.arange(-200.0, 201.0)
    offsets = np.log(frequency / rungs) / math.log(ratio)
    return offsets[np.argmin(np.abs(offsets))]


@pytest.mark.parametrize("ratio", [1.2, 1.618, 2.0, math.e])
def test_offsets(ratio):
    frequencies = np.array([0.03, 1.0, 9.7, 40.0, 512.3])
    expected = [brute_offset(f, 7.3, ratio) for f in frequencies]
    offsets = rung_offset(jnp.asarray(frequencies), jnp.asarray(7.3), jnp.asarray(ratio))
    np.testing.assert_allclose(offsets, expected, atol=1e-12)
    distance = ladder_distance(jnp.asarray(frequencies), jnp.asarray(7.3), jnp.asarray(ratio))
    assert float(distance) == pytest.approx(np.sqrt(np.mean(np.square(expected))), rel=1e-12)


def test_a_ratio_of_one_or_less_has_no_ladder():
    for ratio in (1.0, 0.5, -2.0):
        assert np.isnan(rung_offset(jnp.asarray(3.0), jnp.asarray(1.0), jnp.asarray(ratio)))
        assert np.isnan(fit_start(jnp.array([1.0, 3.0]), jnp.asarray(ratio)).distance)


@pytest.mark.parametrize("name", ["lecture", "eeg", "measured"])
@pytest.mark.parametrize("ratio", [1.3, 1.618, 2.0, math.e])
def test_no_other_start_fits_better(name, ratio):
    centres = band_centres(name)
    fit = fit_start(jnp.asarray(centres), jnp.asarray(ratio))
    starts = ratio ** np.linspace(0, 1, 2001)
    rungs = np.log(centres / starts[:, None]) / math.log(ratio)
    brute = np.sqrt(np.mean((rungs - np.round(rungs)) ** 2, axis=1))
    assert brute.min() == pytest.approx(float(fit.distance), abs=1e-5)
    assert float(fit.distance) <= brute.min() + 1e-12
    # The reported start has the reported distance, and lies just below the slowest band.
    again = ladder_distance(jnp.asarray(centres), fit.start, jnp.asarray(ratio))
    assert float(again) == pytest.approx(float(fit.distance), rel=1e-10)
    assert centres[0] / ratio < float(fit.start) <= centres[0] * (1 + 1e-12)


@given(
    logs=st.lists(st.floats(-5, 7), min_size=2, max_size=8),
    ratio=st.floats(1.1, 4.0),
    scale=st.floats(0.1, 10.0),
)
@settings(max_examples=30, deadline=None)
def test_the_unit_of_frequency_does_not_matter(logs, ratio, scale):
    padded = jnp.exp(jnp.asarray((logs * 8)[:8]))  # one shape: repeating bands is harmless here
    plain = fit_start(padded, jnp.asarray(ratio)).distance
    scaled = fit_start(padded * scale, jnp.asarray(ratio)).distance
    assert float(plain) == pytest.approx(float(scaled), abs=1e-9)
    assert 0 <= float(plain) <= CHANCE_DISTANCE + 1e-9  # the best start is never worse than chance


def test_consecutive_fit_is_least_squares():
    centres = band_centres("classes")
    slope, intercept = np.polyfit(np.arange(centres.size), np.log(centres), 1)
    residual = np.log(centres) - intercept - slope * np.arange(centres.size)
    fit = fit_consecutive(jnp.asarray(centres))
    assert float(fit.ratio) == pytest.approx(math.exp(slope), rel=1e-12)
    assert float(fit.start) == pytest.approx(math.exp(intercept), rel=1e-12)
    assert float(fit.error) == pytest.approx(np.sqrt(np.mean(residual**2)), rel=1e-10)


@pytest.mark.parametrize(
    ("ratios", "low", "high", "message"),
    [
        ((), 1.2, 3.0, "^ratios must hold one or more ratios above 1, got none$"),
        ((2.0, 1.0), 1.2, 3.0, "^ratios must all be above 1 and finite, got 1.0$"),
        ((-1.6,), 1.2, 3.0, "^ratios must all be above 1 and finite, got -1.6$"),
        ((math.nan,), 1.2, 3.0, "^ratios must all be above 1 and finite, got nan$"),
        ((2.0,), 1.0, 3.0, "^lowest_ratio must be above 1 and finite, got 1.0$"),
        ((2.0,), 1.2, 1.2, "^highest_ratio must be above lowest_ratio = 1.2 and finite, got 1.2$"),
        ((2.0,), 1.2, math.inf, "^highest_ratio must be above lowest_ratio .*, got inf$"),
    ],
)
def test_bad_ratios_are_named(ratios, low, high, message):
    with pytest.raises(ValueError, match=message):
        check_ratios(ratios, low, high)
