"""Peaks of curves whose peak is known."""

import math

import numpy as np
import pytest
import scipy.stats

from rhythmic.statistics.resampling import peak_of_curve

POINTS = np.linspace(0.5, 1.1, 7)


def curves(seed, noise=0.03, num_seeds=10, common=0.0, peak=0.8):
    rng = np.random.default_rng(seed)
    smooth = 0.8 - 2 * (POINTS - peak)[:, None] ** 2
    own = rng.normal(0, noise, (len(POINTS), num_seeds))
    return smooth + own + rng.normal(0, common, num_seeds)


def test_interval_holds_the_peak_nineteen_times_in_twenty_or_more():
    hits, narrow = 0, 0
    for seed in range(200):
        options = {"paired": False, "bootstrap_seed": seed, "num_resamples": 300}
        found = peak_of_curve(POINTS, curves(seed), **options)
        hits += found.low <= 0.8 <= found.high
        narrow += found.high - found.low < 0.5
        assert found.low <= found.x <= found.high
    # On a grid the interval is conservative; and yet it excludes points.
    assert hits >= 200 * 0.93
    assert narrow == 200


@pytest.mark.parametrize("paired", [False, True])
def test_resamples_choose_points_as_often_as_those_written_out(paired):
    values = curves(1, noise=0.06)
    found = peak_of_curve(POINTS, values, paired=paired, bootstrap_seed=2)
    rng = np.random.default_rng(3)
    shape = (4000, 1, 10) if paired else (4000, *values.shape)
    drawn = np.take_along_axis(
        values[None], np.broadcast_to(rng.integers(0, 10, shape), (4000, *values.shape)), axis=2
    )
    chosen = POINTS[drawn.mean(axis=2).argmax(axis=1)]
    expected = scipy.stats.mstats.mquantiles(chosen, (0.025, 0.975), alphap=1, betap=1)
    np.testing.assert_allclose((found.low, found.high), expected, atol=0.1)
    share = np.mean((chosen == 0.5) | (chosen == 1.1))
    assert found.edge_share == pytest.approx(share, abs=0.04)
    means = values.mean(axis=1)
    assert (found.x, found.mean) == pytest.approx((POINTS[means.argmax()], means.max()))


def test_noise_common_to_a_seed_drops_out_of_pairs():
    values = curves(4, noise=0.0, common=0.3)
    apart = peak_of_curve(POINTS, values, paired=False, bootstrap_seed=0)
    joined = peak_of_curve(POINTS, values, paired=True, bootstrap_seed=0)
    assert joined.low == joined.high == pytest.approx(0.8)
    assert apart.high - apart.low > 0.3


def test_a_peak_at_the_edge_is_told_in_any_order_of_points():
    order = np.array([3, 0, 6, 1, 5, 2, 4])
    for peak, at_edge in ((0.5, True), (1.2, True), (0.8, False)):
        values = curves(5, noise=1e-6, peak=peak)
        options = {"paired": False, "bootstrap_seed": 0, "num_resamples": 99}
        found = peak_of_curve(POINTS, values, **options)
        assert found.at_edge == at_edge
        assert found.edge_share == float(at_edge)
        shuffled = peak_of_curve(POINTS[order], values[order], **options)
        assert shuffled == found


def test_few_broken_and_misshapen_values():
    one = peak_of_curve(POINTS, curves(6, num_seeds=1), paired=True, bootstrap_seed=0)
    assert math.isfinite(one.x)
    assert np.isnan([one.low, one.high, one.edge_share]).all()
    values = curves(6)
    values[2, 3] = math.nan
    broken = peak_of_curve(POINTS, values, paired=True, bootstrap_seed=0)
    assert np.isnan([broken.x, broken.mean, broken.low, broken.high, broken.edge_share]).all()
    assert not broken.at_edge
    with pytest.raises(ValueError, match=r"^values has shape \(10, 7\); .* with point = 7 as in"):
        peak_of_curve(POINTS, curves(0).T, paired=True, bootstrap_seed=0)
    with pytest.raises(ValueError, match=r"^x must be finite and all different, got \[1.0, 1.0\]$"):
        peak_of_curve([1, 1], np.ones((2, 3)), paired=True, bootstrap_seed=0)
