"""Least squares on groups against pooled variances worked out by hand and SciPy."""

import math

import numpy as np
import pytest
import scipy.stats

from rhythmic.statistics import MIN_SEEDS_FOR_TEST
from rhythmic.statistics.comparison import least_squares_differences

VALUES = {
    "golden": [0.75, 0.76, 0.77, 0.74, 0.76],
    "rnn": [0.60, 0.65, 0.55, 0.62, 0.70, 0.58],
    "lstm": [0.70, 0.72, 0.69, 0.73, 0.71],
}


def test_coefficients_are_differences_under_a_pooled_variance():
    found = least_squares_differences(VALUES, "golden")
    assert list(found) == ["rnn", "lstm"]
    squares = sum(np.sum((np.array(x) - np.mean(x)) ** 2) for x in VALUES.values())
    degrees = sum(map(len, VALUES.values())) - len(VALUES)
    for name, own in found.items():
        difference = np.mean(VALUES[name]) - np.mean(VALUES["golden"])
        error = math.sqrt(squares / degrees * (1 / len(VALUES[name]) + 1 / 5))
        half = scipy.stats.t.ppf(0.975, degrees) * error
        assert own.degrees == degrees
        np.testing.assert_allclose(own.difference, difference)
        np.testing.assert_allclose([own.low, own.high], [difference - half, difference + half])
        np.testing.assert_allclose(own.t_statistic, difference / error)
        expected = 2 * scipy.stats.t.sf(abs(difference / error), degrees)
        np.testing.assert_allclose(own.p_value, expected, rtol=1e-8)


def test_of_two_groups_it_is_the_students_t_test():
    pair = {name: VALUES[name] for name in ("golden", "lstm")}
    found = least_squares_differences(pair, "lstm")["golden"]
    expected = scipy.stats.ttest_ind(pair["golden"], pair["lstm"])
    np.testing.assert_allclose([found.t_statistic, found.p_value], expected, rtol=1e-8)


def test_where_there_is_nothing_to_test():
    few = {name: own[: MIN_SEEDS_FOR_TEST - 1] for name, own in VALUES.items()}
    found = least_squares_differences(few, "golden")["rnn"]
    assert math.isnan(found.p_value)
    assert found.low < found.difference < found.high
    same = least_squares_differences({"a": [0.5] * 5, "b": [0.7] * 5}, "a")["b"]
    assert same.difference == pytest.approx(0.2)
    assert math.isnan(same.low)
    assert math.isnan(same.p_value)
    single = least_squares_differences({"a": [0.5], "b": [0.7]}, "a")["b"]
    assert math.isnan(single.high)


def test_what_is_refused():
    with pytest.raises(ValueError, match="reference is 'gru'; choose from golden, rnn, lstm"):
        least_squares_differences(VALUES, "gru")
    with pytest.raises(ValueError, match="values of b is empty"):
        least_squares_differences({"a": [0.5], "b": []}, "a")
