"""Crossings, resamples and the line to large networks against cases whose answer is known."""

import numpy as np
import pytest

from rhythmic.static.hopfield_capacity import (
    bootstrap_means,
    capacity_estimates,
    crossing_load,
    limit_load,
    load_estimate,
)

LOADS = np.array([0.1, 0.2, 0.4])


def test_a_crossing_lies_on_the_line_between_two_loads():
    share = np.array([[1.0, 1.0, 0.4, 1.0], [0.6, 1.0, 0.2, 0.5], [0.4, 0.9, 0.7, 0.0]])
    np.testing.assert_allclose(crossing_load(LOADS, share, 0.5), [0.3, np.nan, np.nan, 0.2])
    assert crossing_load(LOADS, np.array([0.9, 0.1, 0.8]), 0.5) == pytest.approx(0.15)
    with pytest.raises(ValueError, match=r"share has shape \(2,\); .* with load = 3 as in loads"):
        crossing_load(LOADS, np.zeros(2), 0.5)


def test_resampled_means_scatter_as_their_standard_error():
    values = np.random.default_rng(0).random((80, 2))
    means = bootstrap_means(values, 4000, seed=1)
    assert means.shape == (4000, 2)
    np.testing.assert_allclose(means.mean(axis=0), values.mean(axis=0), atol=0.003)
    np.testing.assert_allclose(means.std(axis=0), values.std(axis=0) / np.sqrt(80), rtol=0.05)
    np.testing.assert_array_equal(means, bootstrap_means(values, 4000, seed=1))


def test_the_line_in_a_power_of_the_size_is_followed_to_its_end():
    sizes = np.array([50, 100, 400])
    for power in (0.5, 1.0):
        loads = np.array([[0.14], [0.07]]) + np.array([[0.8], [-0.3]]) * sizes**-power
        np.testing.assert_allclose(limit_load(sizes, loads, power), [0.14, 0.07], rtol=1e-12)
    with pytest.raises(ValueError, match="a line needs two different ones"):
        limit_load(np.array([50]), np.array([0.2]), 0.5)


def test_capacities_come_with_intervals_that_hold_the_truth_as_often_as_they_say():
    # Networks that lose all patterns at a load of their own: half of them beyond the median.
    loads = np.linspace(0.05, 0.35, 61)
    covered = 0
    for seed in range(60):
        own = np.random.default_rng(seed).normal(0.2, 0.03, 50)
        recalled = (loads[None, :, None] < own[:, None, None]).astype(float)
        found = capacity_estimates([loads], [recalled], 0.5, 300, seed=seed)
        assert found.values.shape == (1, 1)
        estimate = load_estimate(found.values[0, 0], found.resampled[:, 0, 0])
        assert estimate.low <= estimate.value <= estimate.high
        covered += estimate.low <= 0.2 <= estimate.high
    assert 52 <= covered <= 60


def test_a_resample_without_a_crossing_leaves_the_interval_open():
    assert np.isnan(load_estimate(0.3, np.array([0.3, 3 * 0.1]))[1:]).all()
    estimate = load_estimate(0.2, np.array([0.1, np.nan, 0.3]))
    assert estimate.value == 0.2
    assert np.isnan([estimate.low, estimate.high]).all()
