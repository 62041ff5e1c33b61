"""Gradients against the lag: theory holds to double precision, and the answer says what it saw."""

import numpy as np
import pytest

from experiments import backpropagation as script

OPTIONS = script.BackpropagationOptions(
    num_lags=30, hidden_size=5, washout=4, gains=(0.5, 3.0), forget_biases=(1.0,)
)


@pytest.mark.slow
def test_theory_holds_to_double_precision(results):
    assert script.largest_difference(results) < 1e-11
    for panel in script.TITLES:
        measured = results[f"{panel}_measured"]
        assert measured.shape == (len(results[f"{panel}_name"]), 31)
        np.testing.assert_allclose(np.abs(measured[:, 0]), 1.0, rtol=1e-12)
        assert np.all(np.isfinite(results[f"{panel}_rate"]))
    predicted = {p: np.isfinite(results[f"{p}_predicted"]).all(axis=1) for p in script.TITLES}
    unpredicted = {p: int(np.sum(~known)) for p, known in predicted.items() if not known.all()}
    assert unpredicted == {"lstm": 1, "resonant": 1}  # what is driven through gates and coupling


@pytest.mark.slow
def test_gradients_vanish_and_explode_where_they_should(results):
    for node, w in enumerate(OPTIONS.node_weights):
        assert results["first_order_measured"][node, 30] == pytest.approx(w**30)
    weak, strong = np.abs(results["tanh_measured"])[:, -1]
    assert weak < 1e-6 < strong
    rotation = results["linear_measured"][0]
    np.testing.assert_allclose(rotation, 0.95 ** np.arange(31), rtol=1e-12)
    largest, lag = results["chain_growth"]
    assert largest == results["linear_measured"][1].max() > 1
    assert results["linear_measured"][1, int(lag)] == largest
    radii = results["second_order_rate"]
    np.testing.assert_allclose(radii, OPTIONS.node_radii)


@pytest.mark.slow
def test_a_difference_from_theory_would_show(results):
    for panel in ("first_order", "second_order", "tanh"):
        wrong = results[f"{panel}_measured"].copy()
        wrong[0, -1] *= 1.01
        assert script.largest_difference(results | {f"{panel}_measured": wrong}) > 1e-4


@pytest.mark.slow
def test_answer_states_the_numbers(results):
    answer = script.answer(OPTIONS, results)
    assert answer.startswith("They vanish or explode with the powers of the step's Jacobian")
    assert f"first-order node {0.9**27:.0e} (w = 0.9) to {1.1**30:.0e} (w = 1.1)" in answer
    assert f"{script.largest_difference(results):.0e}); by lag 30" in answer
    summary = script.summarise(OPTIONS, results)
    assert "tanh RNN, driven, gain 3" in summary
    assert "none" in summary
    axes = script.draw(OPTIONS, results)["gradients"].axes
    assert [a.get_title(loc="left") for a in axes] == list(script.TITLES.values())
