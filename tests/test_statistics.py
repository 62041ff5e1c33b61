"""Summaries and tests against textbook formulas."""

import math

import numpy as np
import pytest
import scipy.stats

from rhythmic.statistics import agreement, compare, summarise


def test_summary_is_mean_error_and_student_interval():
    values = [0.7, 0.75, 0.72, 0.81]
    summary = summarise(values)
    error = np.std(values, ddof=1) / 2
    assert summary.mean == pytest.approx(np.mean(values))
    assert summary.standard_error == pytest.approx(error)
    low, high = scipy.stats.t.interval(0.95, 3, loc=np.mean(values), scale=error)
    assert (summary.low, summary.high) == pytest.approx((low, high))


def test_one_seed_has_no_error_and_none_is_refused():
    assert math.isnan(summarise([0.5]).standard_error)
    with pytest.raises(ValueError, match="values is empty"):
        summarise([])


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


def test_agreement_weighs_both_errors():
    summary = summarise([0.70, 0.72, 0.74])
    bound = 2 * math.hypot(0.02 / math.sqrt(3), 0.01)
    near, far = agreement(summary, 0.74, 0.01), agreement(summary, 0.76, 0.01)
    assert near.bound == pytest.approx(bound)
    assert near.agrees
    assert not far.agrees
    assert far.difference == pytest.approx(-0.04)
