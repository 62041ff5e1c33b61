"""Comparisons against textbook formulas, SciPy, statsmodels and simulated seeds."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rhythmic.statistics import compare, difference, holm

accuracies = arrays(np.float64, st.integers(5, 9), elements=st.integers(0, 1000).map(float))


def seeds(seed=0, first=(0.75, 0.02, 8), second=(0.72, 0.03, 6)):
    rng = np.random.default_rng(seed)
    return rng.normal(*first), rng.normal(*second)


def test_welch_and_holm_by_hand():
    rng = np.random.default_rng(1)
    reference = rng.normal(0.75, 0.02, 6)
    rivals = {
        "near": rng.normal(0.74, 0.02, 6),
        "far": rng.normal(0.6, 0.05, 8),
        "mid": rng.normal(0.71, 0.02, 5),
    }
    found = compare(reference, rivals)
    raw = {}
    for name, values in rivals.items():
        a, b = np.var(values, ddof=1) / len(values), np.var(reference, ddof=1) / len(reference)
        t = (np.mean(values) - np.mean(reference)) / math.sqrt(a + b)
        freedom = (a + b) ** 2 / (a**2 / (len(values) - 1) + b**2 / (len(reference) - 1))
        raw[name] = 2 * scipy.stats.t.sf(abs(t), freedom)
        assert found[name].p_value == pytest.approx(raw[name])
        assert found[name].difference == pytest.approx(np.mean(values) - np.mean(reference))
    highest = 0.0
    for rank, name in enumerate(sorted(raw, key=raw.get)):
        highest = max(highest, min(1.0, (3 - rank) * raw[name]))
        assert found[name].corrected_p_value == pytest.approx(highest)


def test_no_p_values_below_five_seeds():
    found = compare([0.7] * 4 + [0.71], {"few": [0.5, 0.6, 0.7, 0.8], "enough": [0.5, 0.6] * 3})
    assert math.isnan(found["few"].p_value)
    assert math.isnan(found["few"].corrected_p_value)
    assert found["enough"].corrected_p_value == found["enough"].p_value


def test_holm_leaves_out_what_was_not_tested():
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    given_values = [0.01, math.nan, 0.04, 0.03, 0.9, math.nan]
    found = holm(given_values)
    assert np.isnan(found[[1, 5]]).all()
    expected = multitest.multipletests([0.01, 0.04, 0.03, 0.9], method="holm")[1]
    np.testing.assert_allclose(found[[0, 2, 3, 4]], expected)
    np.testing.assert_allclose(expected, [0.04, 0.09, 0.09, 0.9])  # by hand
    assert holm([]).shape == (0,)
    assert np.isnan(holm([math.nan])).all()


def test_holm_refuses_what_is_no_probability():
    with pytest.raises(ValueError, match=r"^p_values must be in \[0, 1\] or NaN, got 1.5$"):
        holm([0.1, 1.5])
    with pytest.raises(ValueError, match=r"^p_values is \[\[0.1\]\]; .* each entry a number$"):
        holm([[0.1]])


def test_independent_difference_is_welch_by_hand_and_hedges_by_statsmodels():
    meta = pytest.importorskip("statsmodels.stats.meta_analysis")
    values, reference = seeds()
    found = difference(values, reference, paired=False)
    a, b = np.var(values, ddof=1) / 8, np.var(reference, ddof=1) / 6
    freedom = (a + b) ** 2 / (a**2 / 7 + b**2 / 5)
    expected = np.mean(values) - np.mean(reference)
    interval = scipy.stats.t.interval(0.95, freedom, loc=expected, scale=math.sqrt(a + b))
    assert found[:2] == (8, 6)
    assert found.difference == pytest.approx(expected)
    assert (found.low, found.high) == pytest.approx(interval)
    p_value = 2 * scipy.stats.t.sf(abs(expected) / math.sqrt(a + b), freedom)
    assert found.p_value == pytest.approx(p_value)
    parts = [f(x) for x in (values, reference) for f in (np.mean, lambda x: np.std(x, ddof=1), len)]
    # There J is its approximation 1 - 3 / (4 df - 1).
    assert found.effect_size == pytest.approx(meta.effectsize_smd(*parts)[0], rel=2e-3)
    factor = math.gamma(6) / math.sqrt(6) / math.gamma(5.5)
    pooled = math.sqrt((7 * np.var(values, ddof=1) + 5 * np.var(reference, ddof=1)) / 12)
    assert found.effect_size == pytest.approx(factor * expected / pooled)


def test_paired_difference_is_one_sample_of_differences():
    values, reference = seeds(second=(0.72, 0.03, 8))
    found = difference(values, reference, paired=True)
    test = scipy.stats.ttest_1samp(values - reference, 0)
    assert found.difference == pytest.approx(np.mean(values - reference))
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert found.p_value == pytest.approx(test.pvalue)
    factor = math.gamma(3.5) / math.sqrt(3.5) / math.gamma(3)
    d = np.mean(values - reference) / np.std(values - reference, ddof=1)
    assert found.effect_size == pytest.approx(factor * d)


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("shift", [0.0, 0.03, 1.0])
def test_limits_of_the_effect_are_those_that_explain_it_at_a_fortieth(paired, shift):
    values, reference = seeds(second=(0.72 - shift, 0.03, 8))
    found = difference(values, reference, paired=paired)
    statistic = scipy.stats.ttest_rel if paired else scipy.stats.ttest_ind
    t, freedom = statistic(values, reference).statistic, 7 if paired else 14
    scale = math.sqrt(1 / 8 if paired else 2 / 8)
    above = scipy.stats.nct.sf(t, freedom, found.effect_low / scale)
    below = scipy.stats.nct.cdf(t, freedom, found.effect_high / scale)
    assert (above, below) == pytest.approx((0.025, 0.025), rel=1e-3)


@given(accuracies, accuracies, st.booleans())
@settings(max_examples=60, deadline=None)
def test_exchanging_the_sides_turns_every_sign(values, reference, paired):
    if paired:
        length = min(len(values), len(reference))
        values, reference = values[:length], reference[:length]
    found = difference(values, reference, paired=paired)
    turned = difference(reference, values, paired=paired)
    expected = [
        -turned.difference,
        *(-turned.high, -turned.low, turned.p_value),
        *(-turned.effect_size, -turned.effect_high, -turned.effect_low),
    ]
    np.testing.assert_allclose(found[2:], expected, rtol=1e-6, atol=1e-8)
    if not math.isnan(found.p_value):
        significant = not found.low <= 0 <= found.high
        assert significant == (found.p_value < 0.05)
        # A shift and a unit change neither the test nor the effect.
        other = difference(2 + 3 * values, 2 + 3 * reference, paired=paired)
        np.testing.assert_allclose(other[5:], found[5:], rtol=1e-6, atol=1e-8)


def test_few_seeds_constant_seeds_and_broken_ones_give_nan():
    few = difference([0.7, 0.8, 0.75, 0.7], [0.5, 0.6, 0.5, 0.4, 0.5], paired=False)
    assert np.isfinite([few.low, few.high]).all()
    assert np.isnan(few[5:]).all()
    one = difference([0.7], [0.5, 0.6], paired=False)
    assert one.difference == pytest.approx(0.15)
    assert np.isnan(one[3:]).all()
    for paired in (False, True):
        same = difference([0.7] * 5, [0.6] * 5, paired=paired)
        assert same.difference == pytest.approx(0.1)
        assert np.isnan(same[3:]).all()
        broken = difference(
            [0.7, 0.8, 0.6, 0.7, math.nan], [0.6, 0.5, 0.7, 0.5, 0.4], paired=paired
        )
        assert np.isnan(broken[2:]).all()
    # Differences that are one number but for rounding.
    steps = np.array([0.1, 0.2, 0.3, 0.4, 0.7])
    assert np.isnan(difference(steps + 0.1, steps, paired=True).p_value)
    # One side may be constant.
    half = difference([0.7] * 6, [0.6, 0.61, 0.62, 0.6, 0.61], paired=False)
    assert half.p_value < 0.001


def test_sides_that_are_none_are_refused():
    with pytest.raises(ValueError, match=r"^reference must have 2 pairs, got 1$"):
        difference([1, 2], [1], paired=True)
    with pytest.raises(ValueError, match=r"^values must be one number a seed, got shape \(0,\)$"):
        difference([], [1], paired=False)
