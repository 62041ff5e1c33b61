"""The best threshold, against a search over all of them."""

import itertools

import numpy as np
import pytest

from rhythmic.baselines.features import threshold_accuracy
from rhythmic.data import Split


def by_search(values, labels, split):
    """Try every gap between training values and both sides, in a loop."""
    known = sorted(set(values[split.train].tolist()))
    edges = [-np.inf, *((a + b) / 2 for a, b in itertools.pairwise(known)), np.inf]
    best, found = -1.0, 0.0
    for edge in edges:
        for side in (1, 0):
            said = np.where(values > edge, side, 1 - side)
            right = float(np.mean(said[split.train] == labels[split.train]))
            if right > best + 1e-12:
                best, found = right, float(np.mean(said[split.test] == labels[split.test]))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_best_of_all_thresholds(seed):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, 120)
    # Few different values, so that many are equal; the classes differ either way round.
    values = generator.poisson(5 + labels * generator.choice([-2, 2]))
    split = Split(np.arange(60), np.arange(60, 80), np.arange(80, 120))
    assert threshold_accuracy(values, labels, split) == by_search(values, labels, split)


def test_one_value_alone_says_the_larger_class():
    split = Split(np.arange(4), np.arange(0), np.arange(4, 6))
    assert threshold_accuracy(np.ones(6), np.array([1, 1, 1, 0, 1, 0]), split) == 0.5


def test_what_does_not_fit_is_refused_and_nan_is_nan():
    split = Split(np.arange(2), np.arange(0), np.arange(2, 3))
    with pytest.raises(ValueError, match="values has shape"):
        threshold_accuracy(np.ones((3, 1)), np.ones(3, int), split)
    with pytest.raises(ValueError, match="labels holds"):
        threshold_accuracy(np.ones(3), np.array([0, 1, 2]), split)
    assert np.isnan(threshold_accuracy(np.array([1.0, np.nan, 2.0]), np.array([0, 1, 0]), split))
