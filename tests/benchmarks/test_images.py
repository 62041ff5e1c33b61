"""Images for timing have the numbers of nonzero pixels that they claim."""

import numpy as np
import pytest

from benchmarks.problem import Problem


def nonzero(images):
    return np.count_nonzero(images, axis=1)


def test_a_batch_is_as_full_as_digits_and_has_one_long_sequence():
    images = Problem("rnn", 128, 784).images()
    counts = nonzero(images)
    assert images.dtype == np.uint8
    assert images.shape == (128, 784)
    assert counts.max() == 262
    assert np.sum(counts == 262) == 1
    assert counts.min() >= 30
    assert counts.mean() == pytest.approx(150, abs=3 * 41 / 128**0.5)


def test_the_pool_has_the_moments_of_mnist():
    counts = nonzero(Problem("rnn", 2, 784).pool())
    assert counts.mean() == pytest.approx(150, abs=1.5)
    assert counts.std() == pytest.approx(41, abs=1.0)
    assert (counts.min(), counts.max()) == (30, 351)
    batches = np.random.default_rng(3).choice(counts, (2000, 128))
    assert batches.max(axis=1).mean() == pytest.approx(261, abs=8)


def test_short_sequences_are_as_sparse():
    counts = nonzero(Problem("rnn", 2000, 98).images())
    assert counts.mean() == pytest.approx(150 / 8, abs=0.5)
    assert counts.max() == round(262 / 8)


def test_the_other_kinds_of_pixels():
    assert nonzero(Problem("rnn", 3, 50, "dense").images()).tolist() == [50, 50, 50]
    share = nonzero(Problem("rnn", 500, 784, "uniform").images()) / 784
    assert share.mean() == pytest.approx(0.19, abs=0.01)


def test_pixels_lie_anywhere():
    filled = np.count_nonzero(Problem("rnn", 4000, 784).images(), axis=0) / 4000
    assert filled.min() > 0.1
    assert filled.max() < 0.3
