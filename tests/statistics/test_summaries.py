"""Summaries against textbook formulas."""

import math

import numpy as np
import pytest
import scipy.stats

from rhythmic.statistics import summarise
from rhythmic.statistics.summaries import agreement, with_sampling_error


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


@pytest.mark.slow
def test_the_sampling_error_is_that_of_drawing_test_examples_and_seeds():
    # Networks whose true accuracies differ read the same examples: the mean's error is of both.
    generator, truth = np.random.default_rng(3), 0.9
    means, errors = [], []
    for _ in range(4000):
        networks = truth + 0.01 * generator.standard_normal(6)
        hard = generator.uniform(size=400)  # an example is read rightly by all that reach so far
        summary = summarise([float(np.mean(hard < network)) for network in networks])
        means.append(summary.mean)
        errors.append(with_sampling_error(summary, 400).standard_error ** 2)
    assert np.sqrt(np.mean(errors)) == pytest.approx(np.std(means), rel=0.06)


def test_the_joined_interval_is_the_wider_one():
    summary = summarise([0.70, 0.72, 0.74])
    joined = with_sampling_error(summary, 1000)
    error = np.sqrt(0.02**2 / 3 + 0.72 * 0.28 / 1000)
    assert joined.standard_error == pytest.approx(error)
    assert (joined.low, joined.high) == pytest.approx(scipy.stats.t.interval(0.95, 2, 0.72, error))
    for number in (1, 100, 10**9):
        wide = with_sampling_error(summary, number)
        assert wide.low <= summary.low < summary.high <= wide.high
    assert math.isnan(with_sampling_error(summarise([0.5]), 100).standard_error)
    with pytest.raises(ValueError, match="num_examples is 0"):
        with_sampling_error(summary, 0)
    with pytest.raises(ValueError, match=r"mean is 1\.5"):
        with_sampling_error(summarise([1.5, 1.5]), 100)


def test_agreement_weighs_both_errors():
    summary = summarise([0.70, 0.72, 0.74])
    bound = 2 * math.hypot(0.02 / math.sqrt(3), 0.01)
    near, far = agreement(summary, 0.74, 0.01), agreement(summary, 0.76, 0.01)
    assert near.bound == pytest.approx(bound)
    assert near.agrees
    assert not far.agrees
    assert far.difference == pytest.approx(-0.04)
