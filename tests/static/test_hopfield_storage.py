"""Storage rules against their sums, what they hold exactly, and corrupted patterns."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.static.hopfield import hopfield_network, local_fields, update_all
from rhythmic.static.hopfield_storage import (
    centred_network,
    corrupt,
    hebbian_network,
    hebbian_weights,
    mean_thresholds,
    overlap,
    pseudo_inverse_network,
    pseudo_inverse_weights,
    random_patterns,
)
from tests.refusals import refusals

PROPERTY = settings(max_examples=40, derandomize=True, deadline=None)


def correlated_patterns(seed, num_units, num_patterns):
    """Patterns that differ from one prototype in a fifth of the units."""
    rng = np.random.default_rng(seed)
    prototype = rng.integers(0, 2, (num_units, 1))
    flips = rng.random((num_units, num_patterns)) < 0.2
    return np.where(flips, 1 - prototype, prototype).astype(float)


def test_hebbs_rule_is_its_sum():
    patterns = np.random.default_rng(0).integers(0, 2, (9, 4))
    expected = np.zeros((9, 9))
    for i in range(9):
        for j in range(9):
            for s in range(4):
                if i != j:
                    expected[i, j] += (2 * patterns[i, s] - 1) * (2 * patterns[j, s] - 1)
    np.testing.assert_array_equal(hebbian_weights(patterns), expected)
    network = hebbian_network(patterns)
    np.testing.assert_array_equal(network.thresholds, expected.sum(axis=1) / 2)
    np.testing.assert_array_equal(hebbian_network(patterns, 0.0).thresholds, np.zeros(9))
    hopfield_network(*network)


def test_hebbs_rule_about_the_mean_is_the_covariance(x64):
    patterns = correlated_patterns(1, 12, 7)
    weights = hebbian_weights(patterns, patterns.mean(axis=1))
    expected = 4 * 7 * np.cov(patterns, bias=True)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(weights, expected, atol=1e-13)


@PROPERTY
@given(st.integers(0, 2**31 - 1))
def test_the_pseudo_inverse_stores_independent_patterns_exactly(seed):
    patterns = correlated_patterns(seed, 30, 8)
    signs = 2 * patterns - 1
    if np.linalg.matrix_rank(signs) < 8:
        return
    with jax.enable_x64(True):
        network = hopfield_network(*pseudo_inverse_network(jnp.asarray(patterns)))
        np.testing.assert_array_equal(update_all(network, patterns), patterns)
        projection = signs @ np.linalg.inv(signs.T @ signs) @ signs.T
        expected = 30 * (projection - np.diag(np.diagonal(projection)))
        np.testing.assert_allclose(network.weights, expected, atol=1e-11)
        fields = 15 * (1 - np.diagonal(projection))[:, None] * signs
        np.testing.assert_allclose(local_fields(network, patterns), fields, atol=1e-11)


def test_the_centred_thresholds_hold_units_that_never_change():
    patterns = correlated_patterns(3, 60, 4)
    constant = np.ptp(patterns, axis=1) == 0
    assert 5 < constant.sum() < 55
    network = hopfield_network(*centred_network(patterns))
    assert not np.asarray(network.weights)[constant].any()
    start = jnp.asarray(1 - patterns)
    np.testing.assert_array_equal(update_all(network, start)[constant], patterns[constant])


def test_corruption_flips_as_many_units_as_asked_and_more_with_a_larger_share():
    states = random_patterns(40, 6, key=jax.random.key(0))
    flip = jax.jit(partial(corrupt, key=jax.random.key(1)))
    before = np.zeros((40, 6), bool)
    for share, count in ((0.0, 0), (0.1, 4), (0.32, 13), (0.5, 20), (1.0, 40)):
        probes = flip(states, share)
        flipped = np.asarray(probes != states)
        assert (flipped.sum(axis=0) == count).all()
        assert (flipped >= before).all()
        np.testing.assert_allclose(overlap(probes, states), 1 - 2 * count / 40, rtol=1e-6)
        before = flipped
    half = np.asarray(flip(states, 0.5) != states)
    assert len(np.unique(half, axis=1).T) == 6
    for share in (-0.1, 1.1):
        assert np.isnan(flip(states, share)).all()


def test_random_patterns_are_even_and_a_larger_set_begins_with_the_smaller():
    patterns = np.asarray(random_patterns(500, 40, key=jax.random.key(2)))
    assert set(np.unique(patterns)) == {0, 1}
    assert abs(patterns.mean() - 0.5) < 4 * 0.5 / np.sqrt(patterns.size)
    correlation = np.corrcoef(patterns.T) - np.eye(40)
    assert np.abs(correlation).max() < 5 / np.sqrt(500)
    fewer = random_patterns(500, 7, key=jax.random.key(2))
    np.testing.assert_array_equal(fewer, patterns[:, :7])


test_shapes_that_do_not_match_are_refused = refusals(
    {
        r"patterns has shape \(4,\)": lambda: hebbian_weights(jnp.zeros(4)),
        r"patterns has shape \(4, 0\)": lambda: pseudo_inverse_weights(jnp.zeros((4, 0))),
        r"mean_activity has shape \(3,\); .* with unit = 4 as": lambda: hebbian_weights(
            jnp.zeros((4, 2)), jnp.zeros(3)
        ),
        "mean_activity has shape": lambda: mean_thresholds(jnp.zeros((4, 4)), jnp.zeros(3)),
        "centring needs at least 2": lambda: centred_network(jnp.zeros((4, 1))),
        r"^pattern has shape \(3,\); .* with unit = 4 as in state$": lambda: overlap(
            jnp.zeros(4), jnp.zeros(3)
        ),
        r"^pattern has shape \(4,\); .* with batch = \(4,\) as in state$": lambda: overlap(
            jnp.zeros((4, 4)), jnp.zeros(4)
        ),
    }
)


@pytest.mark.parametrize("array", [np.array, jnp.array, list])
@pytest.mark.parametrize(
    "store",
    [
        hebbian_weights,
        hebbian_network,
        pseudo_inverse_weights,
        pseudo_inverse_network,
        centred_network,
    ],
)
def test_patterns_of_other_values_than_0_and_1_are_refused_unless_traced(store, array):
    for value, words in ((-1, "-1"), (0.5, "0.5"), (np.nan, "nan")):
        patterns = array([[1.0, value], [0.0, 1.0], [1.0, 1.0]])
        words = rf"^patterns holds {words}; units are 0 or 1, map a pattern S of -1 and 1 to "
        with pytest.raises(ValueError, match=words + r"\(S \+ 1\) / 2$"):
            store(patterns)
    signs = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
    assert jax.tree.leaves(jax.jit(store)(signs))[0].shape == (3, 3)
