"""Two one-sided tests against statsmodels and by hand; the rule of verdicts."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.statistics import difference, equivalence, verdict


def seeds(seed=0, shift=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(0.75 + shift, 0.02, 10), rng.normal(0.75, 0.03, 10)


@pytest.mark.parametrize("shift", [0.0, 0.02, 0.5])
def test_it_is_statsmodels_and_the_larger_of_two_one_sided_tests(shift):
    weightstats = pytest.importorskip("statsmodels.stats.weightstats")
    values, reference = seeds(shift=shift)
    found = equivalence(values, reference, 0.03, paired=False)
    expected = weightstats.ttost_ind(values, reference, -0.03, 0.03, usevar="unequal")[0]
    assert found.p_value == pytest.approx(expected)
    one_sided = [
        scipy.stats.ttest_ind(values + 0.03, reference, equal_var=False, alternative="greater"),
        scipy.stats.ttest_ind(values - 0.03, reference, equal_var=False, alternative="less"),
    ]
    assert found.p_value == pytest.approx(max(test.pvalue for test in one_sided))
    paired = equivalence(values, reference, 0.03, paired=True)
    expected = weightstats.ttost_paired(values, reference, -0.03, 0.03)[0]
    assert paired.p_value == pytest.approx(expected)
    one_sided = [
        scipy.stats.ttest_1samp(values - reference, -0.03, alternative="greater"),
        scipy.stats.ttest_1samp(values - reference, 0.03, alternative="less"),
    ]
    assert paired.p_value == pytest.approx(max(test.pvalue for test in one_sided))


@given(st.integers(0, 1000), st.floats(-0.05, 0.05), st.floats(0.005, 0.1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_it_holds_just_where_the_interval_lies_within_the_margin(seed, shift, margin, paired):
    values, reference = seeds(seed, shift)
    found = equivalence(values, reference, margin, paired=paired)
    assert (found.p_value < 0.05) == (-margin < found.low and found.high < margin)
    turned = equivalence(reference, values, margin, paired=paired)
    np.testing.assert_allclose(turned[1:], (found.p_value, -found.high, -found.low), rtol=1e-9)
    wider = equivalence(values, reference, 1.5 * margin, paired=paired)
    assert wider.p_value <= found.p_value


def test_few_and_constant_seeds_give_nan_and_no_margin_is_refused():
    few = equivalence([0.7, 0.8, 0.7, 0.6], [0.7] * 6, 0.1, paired=False)
    assert math.isnan(few.p_value)
    assert few.low < few.high
    assert np.isnan(equivalence([0.7] * 5, [0.7] * 5, 0.1, paired=True)[1:]).all()
    broken = [0.7, 0.8, 0.7, 0.6, math.nan]
    assert np.isnan(equivalence(broken, [0.7, 0.6, 0.8, 0.7, 0.7], 0.1, paired=False)[1:]).all()
    for margin in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match=r"^margin must be positive and finite, got "):
            equivalence([1, 2], [1, 2], margin, paired=False)


@pytest.mark.parametrize(
    ("corrected", "same", "sign", "expected"),
    [
        (0.05, 0.9, 1, "better"),
        (0.051, 0.9, 1, "undecided"),
        (0.05, 0.9, -1, "worse"),
        (0.01, 0.05, -1, "equivalent"),
        (0.9, 0.05, 1, "equivalent"),
        (math.nan, math.nan, 1, "undecided"),
        (0.01, math.nan, 1, "better"),
        (math.nan, 0.01, 1, "equivalent"),
    ],
)
def test_the_rule_of_verdicts(corrected, same, sign, expected):
    found = difference([sign * 1.0], [0.0], paired=False)
    options = {"corrected_p_value": corrected, "corrected_equivalence_p_value": same}
    assert verdict(found, **options) == expected
    assert verdict(found, **options, level=1e-3) == "undecided"
    with pytest.raises(ValueError, match=r"^level must be in \(0, 1\), got 1$"):
        verdict(found, **options, level=1)
