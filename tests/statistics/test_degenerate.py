"""Where nothing varies but by rounding there is no test: every p-value and interval is NaN."""

import math

import jax
import numpy as np
import pytest

from rhythmic.stability.coupling import compare_blocks
from rhythmic.statistics import ACCURACY, compare, difference, equivalence, summarise, varies
from rhythmic.statistics.comparison import least_squares_differences
from rhythmic.statistics.resampling import peak_of_curve, rank_in_null, rank_in_null_over_seeds
from rhythmic.statistics.summaries import agreement, rounding, with_sampling_error

SAME = {
    "one number": ([0.5] * 6, [0.6] * 6),
    "but for rounding": ([0.3] * 6, [3 * 0.1, 0.3, 0.1 + 0.2, 0.3, 0.3, 0.3]),
    "zero": ([0.0] * 6, [0.0] * 6),
    "large": ([1e17, 1e17 + 16] * 3, [1e17] * 6),
    "single precision": (np.float32([0.7] * 6), np.float32([0.1]) * np.float32([7.0] * 6)),
    "infinite": ([0.5, 0.6, 0.7, 0.8, 0.9, math.inf], [0.4, 0.5, 0.6, 0.7, 0.7, 0.8]),
    "not a number": ([0.5, 0.6, 0.7, 0.8, 0.9, math.nan], [0.4, 0.5, 0.6, 0.7, 0.7, 0.8]),
}


@pytest.mark.parametrize(("values", "reference"), SAME.values(), ids=SAME)
def test_no_test_finds_anything_in_nothing(values, reference):
    found = compare(reference, {"rival": values})["rival"]
    assert np.isnan([found.p_value, found.corrected_p_value]).all()
    for paired in (False, True):
        assert np.isnan(difference(values, reference, paired=paired)[3:]).all()
        alike = equivalence(values, reference, 0.1, paired=paired)
        assert np.isnan([alike.p_value, alike.low, alike.high]).all()
    groups = least_squares_differences({"a": values, "b": reference}, "b")["a"]
    assert np.isnan([groups.low, groups.high, groups.p_value]).all()
    assert np.isnan(summarise(values)[3:]).all()
    curve = peak_of_curve([1.0, 2.0], [values, reference], paired=True, bootstrap_seed=0)
    assert np.isnan([curve.low, curve.high, curve.edge_share]).all()


def test_differences_that_are_one_number_but_for_rounding_are_no_pairs_to_test():
    counts = np.array([407, 411, 420, 389, 395, 402])
    # Of 500 digits, each ten more: exact in counts, in float32 and float64 up to rounding.
    for dtype in (np.float64, np.float32):
        sides = (counts + 10).astype(dtype) / dtype(500), counts.astype(dtype) / dtype(500)
        assert np.ptp(sides[0] - sides[1]) > 0
        assert np.isnan(difference(*sides, paired=True)[3:]).all()
        assert difference(*sides, paired=False).p_value > 0
    # A spread of a few roundings more is one.
    assert varies(np.array([1.0, 1.0 + 3e-15]))
    assert not varies(np.array([1.0, 1.0 + 1e-15]))
    assert rounding(np.array([1000.0, 3.0])) == 8 * np.finfo(np.float64).eps * 1000


def test_draws_that_are_the_value_but_for_rounding_tie_with_it():
    for value, draws in ((3 * 0.1, [0.3] * 19), (0.3, [3 * 0.1] * 19)):
        found = rank_in_null(value, draws)
        assert (found.p_value, found.quantile) == (1.0, 0.5)
        assert math.isnan(found.distance)
    over = rank_in_null_over_seeds([0.5] * 4, [[0.4] * 4] * 19, paired=False, bootstrap_seed=0)
    assert over.p_value == pytest.approx(0.05)
    assert np.isnan([over.quantile_low, over.quantile_high]).all()
    assert rank_in_null(math.inf, [0.0, 1.0] * 10)[1:4] == pytest.approx(
        [math.nan] * 3, nan_ok=True
    )
    peak = peak_of_curve([5.0, 1.0], [[0.3, 0.3], [3 * 0.1, 0.3]], paired=True, bootstrap_seed=0)
    assert peak.x == 5.0  # of two equal ones the first, whatever rounding says


def test_blocks_that_differ_by_rounding_do_not():
    weights = np.full((6, 2, 2), 0.3)
    weights[:, 0, 1] = 3 * 0.1
    first, second = np.array([True, False]), np.array([False, True])
    found = compare_blocks(weights, first, second, key=jax.random.key(0))
    assert found.sign_flips.p_value == 1
    assert np.isnan([found.t_statistic, found.t_p_value, found.standard_error]).all()


def test_an_interval_of_an_accuracy_ends_where_accuracies_do():
    values = [1.0, 0.99, 1.0, 0.97, 1.0]
    plain, cut = summarise(values), summarise(values, within=ACCURACY)
    assert plain.high > 1
    assert cut == plain._replace(high=1.0)
    assert with_sampling_error(cut, 100).high == 1.0
    low = summarise([0.0, 0.0, 0.03], within=ACCURACY)
    assert low.low == 0.0
    assert np.isnan(with_sampling_error(summarise([1.0, 1.0]), 100)[3:]).all()
    with pytest.raises(ValueError, match=r"^values holds 1\.2; it must lie in 0 to 1$"):
        summarise([0.5, 1.2], within=ACCURACY)


def test_agreement_allows_rounding_and_refuses_errors_that_are_none():
    exact = summarise([0.1 + 0.2, 0.1 + 0.2])
    assert agreement(exact, 0.3, 0.0).agrees
    for mean, error, name in (
        (math.nan, 0.1, "mean"),
        (0.3, -0.1, "error"),
        (0.3, math.nan, "error"),
    ):
        with pytest.raises(ValueError, match=f"^published_{name} is "):
            agreement(exact, mean, error)


def test_sides_without_numbers_are_refused():
    for call in (
        lambda: compare([], {"rival": [0.1]}),
        lambda: compare([0.1], {"rival": []}),
        lambda: compare([0.1], {"rival": [[0.1]]}),
        lambda: summarise([[0.1], [0.2]]),
    ):
        with pytest.raises(ValueError, match=r"must be one number a seed|each entry a number"):
            call()


@pytest.mark.parametrize("samples", [(), (np.array([]),), ("abc",), ([1.0], [None])], ids=repr)
@pytest.mark.parametrize("function", [varies, rounding])
def test_what_holds_no_numbers_cannot_vary(function, samples):
    with pytest.raises(
        ValueError, match=r"^samples holds .*; it must hold arrays of real numbers$"
    ):
        function(*samples)
