"""Ladders of a given span, random ones and copies."""

import numpy as np
import pytest
import scipy.stats

from rhythmic.theory import ladder, random_ladder, span_ladder
from rhythmic.theory.ladders import copied_ladder
from tests.refusals import refusals


def test_eleven_nodes_over_the_span_are_the_golden_ladder():
    np.testing.assert_allclose(span_ladder(11), ladder("golden"), rtol=1e-12)


@pytest.mark.parametrize("m", [2, 3])
def test_ten_m_and_one_nodes_have_a_root_of_the_golden_ratio(m):
    frequencies = span_ladder(10 * m + 1)
    np.testing.assert_allclose(frequencies[1:] / frequencies[:-1], 1.618 ** (1 / m), rtol=1e-10)
    np.testing.assert_allclose(frequencies[::m], ladder("golden"), rtol=1e-10)


def test_one_node_stands_in_the_middle():
    np.testing.assert_allclose(span_ladder(1, start=4.0, stop=9.0), [6.0])


def test_random_ladders_keep_the_span_and_are_uniform_in_the_logarithm():
    ladders = np.array([random_ladder(11, seed=seed) for seed in range(400)])
    np.testing.assert_allclose(ladders[:, [0, -1]], np.tile(ladder("golden")[[0, -1]], (400, 1)))
    assert np.all(np.diff(ladders, axis=1) > 0)
    inner = np.log(ladders[:, 1:-1] / 2) / np.log(1.618**10)
    assert scipy.stats.kstest(inner.ravel(), "uniform").pvalue > 0.01
    assert len(np.unique(inner)) == inner.size
    np.testing.assert_array_equal(random_ladder(5, seed=3), random_ladder(5, seed=3))


def test_copies_repeat_the_ladder():
    np.testing.assert_array_equal(copied_ladder(np.array([2.0, 3.0]), 2), [2.0, 3.0, 2.0, 3.0])


test_what_is_out_of_range_is_named = refusals(
    {
        "num_nodes is 0; it must be at least 1": lambda: span_ladder(0),
        "start is 5 and stop 4; they must rise": lambda: span_ladder(3, start=5, stop=4),
        "sample_rate / 4": lambda: span_ladder(3, stop=250.0),
        "num_nodes is 1; a random ladder has at least 2": lambda: random_ladder(1, seed=0),
        "seed is -1; it must be at least 0": lambda: random_ladder(3, seed=-1),
        "num_copies is 0; it must be at least 1": lambda: copied_ladder(np.ones(2), 0),
    }
)
