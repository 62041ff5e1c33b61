"""Summaries against textbook formulas."""

import math

import numpy as np
import pytest
import scipy.stats

from rhythmic.statistics import agreement, summarise


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


def test_agreement_weighs_both_errors():
    summary = summarise([0.70, 0.72, 0.74])
    bound = 2 * math.hypot(0.02 / math.sqrt(3), 0.01)
    near, far = agreement(summary, 0.74, 0.01), agreement(summary, 0.76, 0.01)
    assert near.bound == pytest.approx(bound)
    assert near.agrees
    assert not far.agrees
    assert far.difference == pytest.approx(-0.04)
