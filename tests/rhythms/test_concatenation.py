"""Cycles in turn: a NumPy loop, the statistics of the jitter, and where joined periods fall."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.rhythms import sum_ratio
from rhythmic.rhythms.sums import (
    concatenate_periods,
    joined_distance,
    joined_periods,
    simulated_joined_distance,
)
from rhythmic.theory import GOLDEN_RATIO

pytestmark = pytest.mark.usefixtures("x64")


def test_any_pattern_against_a_loop():
    pattern, time, expected = [0.1, 0.02, 0.3], 0.0, [0.0]
    for _ in range(5):
        for period in pattern:
            time += period
            expected.append(time)
    cycles = concatenate_periods(jnp.asarray(pattern), 5)
    np.testing.assert_allclose(cycles.time, expected, rtol=1e-14)
    np.testing.assert_allclose(joined_periods(cycles, 3), [0.42] * 5, rtol=1e-13)


def test_jitter_has_the_mean_and_spread_it_is_given():
    key, jitter = jax.random.key(0), 0.2
    cycles = concatenate_periods(jnp.array([1.0, 3.0]), 5000, jitter=jitter, key=key)
    periods = np.diff(cycles.time).reshape(5000, 2)
    assert periods.min() > 0
    np.testing.assert_allclose(periods.mean(axis=0), [1, 3], rtol=0.015)
    np.testing.assert_allclose(periods.std(axis=0), [jitter, 3 * jitter], rtol=0.05)
    assert np.corrcoef(periods.T)[0, 1] == pytest.approx(0, abs=0.05)
    joined = np.asarray(joined_periods(cycles, 2))
    assert joined.std() == pytest.approx(jitter * math.hypot(1, 3), rel=0.05)
    again = concatenate_periods(jnp.array([1.0, 3.0]), 5000, jitter=jitter, key=key)
    np.testing.assert_array_equal(again.time, cycles.time)


def test_a_million_cycles_in_single_precision():
    pattern = np.array([0.1, 0.2], np.float32)
    cycles = concatenate_periods(jnp.asarray(pattern), 500_000)
    exact = np.concatenate([[0.0], np.cumsum(np.tile(pattern.astype(np.float64), 500_000))])
    np.testing.assert_allclose(cycles.time, exact, rtol=2e-7)
    np.testing.assert_allclose(joined_periods(cycles, 2), pattern.sum(), rtol=2e-7)


def test_distances_are_zero_at_the_ratios_with_sums_and_nowhere_else():
    for m, n in ((1, 2), (1, 3), (1, 4), (2, 3), (2, 5), (3, 4)):
        ratio = jnp.asarray(sum_ratio(m, n))
        assert float(joined_distance(ratio, m)) == pytest.approx(0, abs=1e-12)
        assert float(joined_distance(ratio * 1.01, m)) > 0.01
    grid = np.linspace(1.23, 3, 20_001)
    distance = np.asarray(joined_distance(jnp.asarray(grid)))
    near = grid[distance < 1e-3]
    known = [GOLDEN_RATIO, sum_ratio(1, 3)]
    assert all(min(abs(ratio - other) for other in known) < 2e-3 for ratio in near)
    expected = np.log(1 + grid) / np.log(grid)
    np.testing.assert_allclose(distance, np.abs(expected - np.round(expected)), atol=1e-12)


def test_simulated_distances():
    ratios = jnp.array([1.3, GOLDEN_RATIO, 2.0, 2.7])
    exact = simulated_joined_distance(ratios, 3, jitter=0.0, key=jax.random.key(0))
    np.testing.assert_allclose(exact, joined_distance(ratios), atol=1e-12)
    noisy = simulated_joined_distance(ratios, 4000, jitter=0.1, key=jax.random.key(0))
    np.testing.assert_allclose(noisy, joined_distance(ratios), atol=0.03)
    assert not np.any(np.asarray(noisy) == np.asarray(exact))


def test_bad_arguments_are_named():
    periods = jnp.array([1.0, 2.0])
    with pytest.raises(ValueError, match=r"^num_repeats must be 1 or more, got 0$"):
        concatenate_periods(periods, 0)
    with pytest.raises(ValueError, match=r"^jitter needs a key, got None$"):
        concatenate_periods(periods, 3, jitter=0.1)
    with pytest.raises(ValueError, match=r"^pattern has shape \(2, 2\); expected \(pattern,\)$"):
        concatenate_periods(jnp.ones((2, 2)), 3)
    with pytest.raises(ValueError, match=r"^pattern holds 0 periods; it must hold one or more$"):
        concatenate_periods(jnp.ones(0), 3)
