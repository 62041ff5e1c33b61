"""Ranks among random draws against SciPy's and simulated draws."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.statistics.resampling import rank_in_null, rank_in_null_over_seeds


def networks(num_draws=30, num_seeds=8, noise=0.02, spread=0.02, seed=0):
    rng = np.random.default_rng(seed)
    level = rng.normal(0.7, spread, num_draws)[:, None]
    return level + rng.normal(0, noise, (num_draws, num_seeds))


def test_rank_is_that_of_scipy():
    draws = networks().mean(axis=1)
    value = 0.715
    found = rank_in_null(value, draws)
    supply = iter(draws)
    test = scipy.stats.monte_carlo_test(
        [value],
        lambda size: np.full(size, next(supply)),
        lambda sample: sample[0],
        n_resamples=30,
        batch=1,
        vectorized=False,
        alternative="greater",
    )
    assert found.num_draws == 30
    assert found.p_value == pytest.approx(test.pvalue)
    assert found.quantile == pytest.approx(
        scipy.stats.percentileofscore(draws, value, "mean") / 100
    )
    assert found.distance == pytest.approx((value - draws.mean()) / draws.std(ddof=1))
    assert np.isnan(found[4:]).all()


@given(st.lists(st.integers(-5, 5), min_size=19, max_size=40), st.integers(-6, 6))
@settings(max_examples=60, deadline=None)
def test_both_directions_share_the_draws_among_them(draws, value):
    up = rank_in_null(value, draws)
    down = rank_in_null(-value, [-draw for draw in draws])
    assert up.quantile + down.quantile == pytest.approx(1)
    ties = draws.count(value)
    number = 1 + len(draws)
    assert (up.p_value + down.p_value) * number == pytest.approx(number + 1 + ties)
    if len(set(draws)) > 1:
        assert up.distance == pytest.approx(-down.distance, abs=1e-12)
    else:
        assert math.isnan(up.distance)


def test_nineteen_draws_are_the_fewest_that_can_tell():
    assert rank_in_null(2.0, np.arange(19) / 19).p_value == pytest.approx(0.05)
    few = rank_in_null(2.0, np.arange(18) / 18)
    assert math.isnan(few.p_value)
    assert few.quantile == 1
    assert np.isnan(rank_in_null(math.nan, np.arange(19.0))[1:]).all()
    assert np.isnan(rank_in_null(1.0, [math.nan, *range(19)])[1:]).all()
    with pytest.raises(ValueError, match=r"^null_values must be one number a draw, got shape \(0,"):
        rank_in_null(1.0, [])


@pytest.mark.parametrize("paired", [False, True])
def test_seeds_give_the_same_rank_with_an_interval(paired):
    draws = networks()
    values = networks(1, seed=3)[0] + 0.01
    found = rank_in_null_over_seeds(values, draws, paired=paired, bootstrap_seed=4)
    assert found[:4] == pytest.approx(rank_in_null(values.mean(), draws.mean(axis=1))[:4])
    # The bootstrap written out, one resample after the other.
    rng = np.random.default_rng(5)
    quantiles = []
    for _ in range(3000):
        if paired:
            drawn = rng.integers(0, 8, 8)
            value, null = values[drawn].mean(), draws[:, drawn].mean(axis=1)
        else:
            value = rng.choice(values, 8).mean()
            null = np.take_along_axis(draws, rng.integers(0, 8, draws.shape), 1).mean(axis=1)
        quantiles.append(np.mean(null < value))
    expected = np.quantile(quantiles, (0.025, 0.975))
    np.testing.assert_allclose([found.quantile_low, found.quantile_high], expected, atol=0.04)
    again = rank_in_null_over_seeds(values, draws, paired=paired, bootstrap_seed=4)
    assert again == found


def test_one_seed_has_no_interval_and_shapes_are_checked():
    draws = networks(num_seeds=1)
    found = rank_in_null_over_seeds(np.array([0.8]), draws, paired=True, bootstrap_seed=0)
    assert found.quantile == 1
    assert np.isnan(found[4:]).all()
    with pytest.raises(ValueError, match=r"^null_values has shape \(4,\); expected \(draw, "):
        rank_in_null_over_seeds(np.ones(3), np.ones(4), paired=False, bootstrap_seed=0)
    with pytest.raises(ValueError, match=r"^values has shape \(0,\) .* no axis may be empty$"):
        rank_in_null_over_seeds(np.ones(0), draws, paired=False, bootstrap_seed=0)
    with pytest.raises(ValueError, match=r"^null_values must have 3 seeds a draw, got 1$"):
        rank_in_null_over_seeds(np.ones(3), draws, paired=True, bootstrap_seed=0)


def test_equal_counts_of_single_precision_tie():
    own = np.array([3, 5, 4], np.float32) / np.float32(7)
    draws = np.tile(np.array([4, 4, 4], np.float32) / np.float32(7), (20, 1))
    found = rank_in_null_over_seeds(own, draws, paired=False, bootstrap_seed=0, num_resamples=9)
    assert found.quantile == 0.5
    assert found.p_value == 1
    assert math.isnan(found.distance)
