"""Intervals and tests over divisions that share trials."""

import math

import numpy as np
import pytest
import scipy.stats

from rhythmic.statistics.resampled import resampled_difference, resampled_mean

OWN = [0.82, 0.79, 0.9, 0.85, 0.77]
OTHER = [0.7, 0.75, 0.72, 0.8, 0.71]


def test_the_statistic_is_the_paired_t_with_the_larger_variance():
    found = resampled_difference(OWN, OTHER, test_fraction=0.2, margin=0.02)
    plain = scipy.stats.ttest_rel(OWN, OTHER)
    statistic = plain.statistic * math.sqrt(1 / 5 / (1 / 5 + 0.25))
    assert found.p_value == pytest.approx(2 * scipy.stats.t.sf(statistic, 4))
    half = scipy.stats.t.ppf(0.975, 4) * found.difference / statistic
    assert (found.low, found.high) == pytest.approx(
        (found.difference - half, found.difference + half)
    )
    assert found.difference == pytest.approx(np.mean(OWN) - np.mean(OTHER))


def test_equivalence_is_the_larger_of_two_one_sided_tests():
    close = [x + d for x, d in zip(OWN, (0.004, -0.003, 0.002, -0.004, 0.003), strict=True)]
    found = resampled_difference(close, OWN, test_fraction=0.2, margin=0.05)
    differences = np.subtract(close, OWN)
    error = np.std(differences, ddof=1) * math.sqrt(1 / 5 + 0.25)
    both = [scipy.stats.t.sf((0.05 + sign * differences.mean()) / error, 4) for sign in (1, -1)]
    assert found.equivalence_p_value == pytest.approx(max(both))
    assert found.equivalence_p_value < 0.001 < found.p_value


def test_few_runs_are_not_tested_and_equal_ones_have_no_interval():
    few = resampled_difference(OWN[:4], OTHER[:4], test_fraction=0.2, margin=0.02)
    assert math.isnan(few.p_value)
    assert few.low < few.difference < few.high
    same = resampled_difference(OWN, OWN, test_fraction=0.2, margin=0.02)
    assert same.difference == 0
    assert all(map(math.isnan, (same.low, same.p_value, same.equivalence_p_value)))


def test_an_interval_ends_where_the_score_does():
    found = resampled_mean([1.0, 1.0, 0.95, 1.0, 0.98], test_fraction=0.2, within=(0.0, 1.0))
    assert found.high == 1.0
    assert found.low < found.mean


def test_intervals_of_cross_validation_hold_the_truth():
    """Scores of a coin on divided trials: an interval of 95 % holds one half as often, or more."""
    generator = np.random.default_rng(0)
    held = []
    for _ in range(300):
        right = generator.integers(0, 2, 100)
        scores = [right[fold::5].mean() for fold in range(5)]
        found = resampled_mean(scores, test_fraction=0.2)
        held.append(found.low <= 0.5 <= found.high)
    assert np.mean(held) > 0.95


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"test_fraction": 0.0}, "test_fraction"),
        ({"test_fraction": 1.0}, "test_fraction"),
        ({"margin": 0.0}, "margin"),
        ({"reference": OTHER[:3]}, "reference holds 3 scores"),
    ],
)
def test_what_is_out_of_range_is_named(change, words):
    given = {"reference": OTHER, "test_fraction": 0.2, "margin": 0.02} | change
    with pytest.raises(ValueError, match=words):
        resampled_difference(OWN, given.pop("reference"), **given)
