"""The numbers of the first-order node come out, and what is said follows from them."""

import numpy as np
import pytest

from experiments import first_order_node as script
from rhythmic.theory import FirstOrderRegime

OPTIONS = script.FirstOrderOptions(num_steps=400)


def test_the_lectures_example_and_all_cases(results):
    assert results["state"][10, 0] == pytest.approx(102.4, rel=1e-15)
    np.testing.assert_array_equal(results["closed_form"][10, 0], 0.1 * 2.0**10)
    assert set(results["regime"]) == set(FirstOrderRegime) - {FirstOrderRegime.UNDEFINED}
    assert np.max(results["difference"]) < 1e-13


def test_the_simulation_ends_where_theory_says(results):
    ends = np.sort(results["state"][-2:].T, axis=1)
    ends[np.abs(ends) < 1e-30] = 0
    ends[ends > 1e30], ends[ends < -1e30] = np.inf, -np.inf
    np.testing.assert_allclose(ends, results["limit"])


def test_answer_and_summary_state_the_numbers(results):
    answer = script.answer(OPTIONS, results)
    assert answer.startswith("h_10 = 102.4 for w = 2; by step 400 h_t explodes")
    assert "flickers (w = -1: -0.1, 0.1)" in answer
    assert "flickers and disappears (w = -0.8: -" in answer
    changed = results | {"state": 3 * results["state"]}
    assert "h_10 = 307.2" in script.answer(OPTIONS, changed)
    summary = script.summarise(OPTIONS, results)
    assert len(summary.splitlines()) == len(OPTIONS.weights) + 3
    assert "-0.1 and 0.1" in summary
    assert "-inf and inf" in summary
    figures = script.draw(OPTIONS, results)
    assert len(figures["trajectories"].axes) == len(OPTIONS.weights)
