"""Block means against sums by hand; the permutation test against SciPy and enumeration."""

import itertools

import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import jax
import numpy as np
import pytest
import scipy.stats

from rhythmic.stability.coupling import block_means, compare_blocks, frequency_group, sign_flip_test
from tests.refusals import refusals

KEY = jax.random.key(0)
SLOW = np.array([True, True, False, False, False])
FAST = np.array([False, False, False, True, True])


def networks(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 5, 5))


def test_a_block_is_what_the_receiving_rows_get_from_the_sending_columns():
    weights = networks(3)
    for network, mean in zip(weights, block_means(weights, FAST, SLOW), strict=True):
        by_hand = [network[post, pre] for post in (3, 4) for pre in (0, 1)]
        assert mean == pytest.approx(np.mean(by_hand))
    # From a group to itself, the weight of a node on itself does not count.
    within = block_means(weights, SLOW, SLOW)
    np.testing.assert_allclose(within, (weights[:, 0, 1] + weights[:, 1, 0]) / 2)
    single = np.arange(5) == 2
    assert np.isnan(block_means(weights, single, single)).all()


@pytest.mark.parametrize("count", [2, 5, 9])
def test_the_comparison_is_scipys(count):
    found = compare_blocks(networks(count, seed=count), SLOW, FAST, key=KEY)
    expected = scipy.stats.ttest_ind(found.forward, found.reverse)
    assert found.t_statistic == pytest.approx(expected.statistic)
    assert found.t_p_value == pytest.approx(expected.pvalue)
    assert found.t_degrees == expected.df == 2 * count - 2
    assert found.difference == pytest.approx(np.mean(found.forward) - np.mean(found.reverse))
    permuted = scipy.stats.permutation_test(
        (found.forward, found.reverse),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",  # exchanges the two values of a pair
        vectorized=True,
        n_resamples=np.inf,
    )
    assert found.sign_flips.exact
    assert found.sign_flips.num_patterns == 2**count
    assert found.sign_flips.p_value == pytest.approx(permuted.pvalue)


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(
    hypothesis.extra.numpy.arrays(
        np.float64, st.integers(1, 7), elements=st.integers(-4, 4).map(float)
    )
)
def test_all_patterns_are_counted_with_their_ties(differences):
    found = sign_flip_test(differences, key=KEY)
    patterns = list(itertools.product((1, -1), repeat=len(differences)))
    reached = [abs(np.dot(signs, differences)) >= abs(sum(differences)) for signs in patterns]
    assert found.p_value == np.mean(reached)
    assert 2 / len(patterns) <= found.p_value <= 1


def test_ties_count_whatever_the_rounding_and_the_scale():
    differences = np.array([0.1, 0.2, 0.3, -0.3, 0.7]) / 3
    scaled = [sign_flip_test(scale * differences, key=KEY).p_value for scale in (1, 1e-9, 7e8)]
    assert scaled == [sign_flip_test(np.array([1, 2, 3, -3, 7]), key=KEY).p_value] * 3


def test_random_patterns_come_near_the_exact_test_and_never_reach_zero():
    differences = np.random.default_rng(3).normal(0.5, size=12)
    exact = sign_flip_test(differences, key=KEY)
    found = sign_flip_test(differences, key=KEY, max_patterns=4000)
    assert exact.exact
    assert not found.exact
    assert found.num_patterns == 4000
    spread = np.sqrt(exact.p_value * (1 - exact.p_value) / 4000)
    assert abs(found.p_value - exact.p_value) < 4 * spread
    assert sign_flip_test(np.ones(200), key=KEY, max_patterns=50).p_value == 1 / 50


def test_what_has_no_answer_is_nan_and_zero_is_no_difference():
    assert sign_flip_test(np.zeros(4), key=KEY).p_value == 1
    assert np.isnan(sign_flip_test(np.array([1.0, np.nan]), key=KEY).p_value)
    alone = compare_blocks(networks(1), SLOW, FAST, key=KEY)
    assert np.isnan([alone.standard_error, alone.t_statistic, alone.t_p_value]).all()
    assert alone.sign_flips.p_value == 1


def test_groups_by_frequency_hold_their_ends():
    frequencies = np.array([2.0, 9.0, 20.0, 100.0, 150.0])
    assert frequency_group(frequencies, 0, 9).tolist() == [True, True, False, False, False]
    assert frequency_group(frequencies, 20, 100).tolist() == [False, False, True, True, False]


test_what_does_not_fit_is_refused_in_one_line = refusals(
    {
        "no node lies in 20 to 100 Hz": lambda: frequency_group(np.array([2.0, 3.0]), 20, 100),
        r"weights has shape \(2, 3\)": lambda: block_means(np.ones((2, 3)), SLOW, FAST),
        r"post has shape \(4,\)": lambda: block_means(networks(2), SLOW[:4], FAST),
        "second shares a node": lambda: compare_blocks(networks(2), SLOW, SLOW, key=KEY),
        r"differences has shape \(2, 2\)": lambda: sign_flip_test(np.ones((2, 2)), key=KEY),
        "max_patterns is 1": lambda: sign_flip_test(np.ones(3), key=KEY, max_patterns=1),
    }
)
