"""Readings of spike trains against counting, NumPy's transform and a loop over likelihoods."""

import numpy as np
import pytest

from rhythmic.data import SpikeTrains
from rhythmic.data.spikes import log_odds, spike_count, spike_pool, spike_power

RECIPE = SpikeTrains()


@pytest.fixture(scope="module")
def pool():
    return spike_pool(RECIPE, [11, 12, 13])


@pytest.mark.slow
def test_power_is_the_periodogram_of_numpy(pool):
    trains = pool.trains[:50]
    frequencies = np.fft.rfftfreq(100, 1 / 1000)
    found = spike_power(trains, frequencies, 1000.0)
    assert found.shape == (50, 51)
    expected = np.abs(np.fft.rfft(trains / 255.0, axis=1)) ** 2 / 100
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(found[:, 0], spike_count(trains) ** 2 / 100)


def test_power_of_independent_spikes_is_their_variance(pool):
    constant = pool.trains[pool.labels == 0]
    power = spike_power(constant, np.array([20.0, 50.0, 130.0]), 1000.0)
    probability = 1 - np.exp(-0.1)
    error = power.std(axis=0, ddof=1) / np.sqrt(len(power))
    assert (np.abs(power.mean(axis=0) - probability * (1 - probability)) < 5 * error).all()


def test_log_odds_are_those_of_a_loop(pool):
    frequencies = 10 + 40 * (np.arange(30) + 0.5) / 30
    times = np.arange(100) / 1000

    def likelihood(train, probability):
        return np.prod(np.where(train > 0, probability, 1 - probability))

    constant = np.full(100, 1 - np.exp(-0.1))
    for train, found in zip(pool.trains[:20], log_odds(pool.trains[:20], RECIPE, 30), strict=True):
        rhythmic = [
            likelihood(train, 1 - np.exp(-0.1 * (1 + np.sin(2 * np.pi * f * times))))
            for f in frequencies
        ]
        expected = np.log(np.mean(rhythmic) / likelihood(train, constant))
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_odds_are_honest_and_better_than_other_readings(pool):
    odds = log_odds(pool.trains, RECIPE)
    rhythmic = pool.labels == 1
    accuracy = ((odds > 0) == rhythmic).mean()
    # Calibrated: the mean of the greater posterior is the accuracy of the choice, within 5 SEM.
    confidence = 1 / (1 + np.exp(-np.abs(odds)))
    assert abs(accuracy - confidence.mean()) < 5 * np.sqrt(0.25 / odds.size)
    readings = (
        spike_count(pool.trains),
        spike_power(pool.trains, np.arange(10.0, 51.0, 5.0), 1000.0).max(axis=1),
    )
    for reading in readings:
        thresholds = np.quantile(reading, np.linspace(0, 1, 60))
        best = max(((reading > threshold) == rhythmic).mean() for threshold in thresholds)
        assert best < accuracy - 0.03


def test_a_rate_that_falls_to_zero_is_no_trouble():
    recipe = SpikeTrains(slowest_modulation=25.0, fastest_modulation=25.0)
    # 25 Hz is at its lowest, sin = -1, at step 30: a spike there cannot be rhythmic.
    trains = np.zeros((2, 100), np.uint8)
    trains[0, 30] = 255
    odds = log_odds(trains, recipe, 1)
    assert odds[0] < -20
    assert np.isfinite(odds[1])


def test_bad_input_is_refused(pool):
    with pytest.raises(ValueError, match=r"sample_rate is 0\.0; it must be above 0"):
        spike_power(pool.trains, [1.0], 0.0)
    with pytest.raises(ValueError, match="trains have 99 steps; the recipe has 100"):
        log_odds(pool.trains[:, 1:], RECIPE)
    with pytest.raises(ValueError, match="num_frequencies is 0; it must be at least 1"):
        log_odds(pool.trains, RECIPE, 0)
