"""The simulated RNN of the lecture: its layers, its memory, and what is said of them."""

import numpy as np
import pytest

from experiments import rnn as script

OPTIONS = script.RNNOptions(num_steps=16, pulse_steps=2)


@pytest.mark.slow
def test_layers_are_the_lectures(results):
    inputs = results["input"]
    assert inputs.shape == (16, 3)
    np.testing.assert_allclose(inputs.sum(axis=0), 2 * 0.1 * np.array([1, 3, -3]))
    assert np.count_nonzero(inputs, axis=1).max() == 1  # one neuron after the other
    weight_ih = np.arange(1.0, 10.0).reshape(3, 3)
    first = np.flatnonzero(inputs.any(axis=1))[0]
    for feedback in script.FEEDBACKS:
        activity, output = results[f"{feedback}_activity"], results[f"{feedback}_output"]
        np.testing.assert_allclose(activity[first], weight_ih @ inputs[first])
        np.testing.assert_allclose(output, np.tanh(activity))
        fed_back = activity if feedback == "activity" else output
        expected = results["weight_hh"] @ fed_back[first] + weight_ih @ inputs[first + 1]
        np.testing.assert_allclose(activity[first + 1], expected)
        readout = np.outer(output.sum(axis=1), [1, -2, 3])
        np.testing.assert_allclose(results[f"{feedback}_readout"], readout, atol=1e-14)


@pytest.mark.slow
def test_sensitivities(results):
    assert script.linear_difference(results) < 1e-13
    for feedback in script.FEEDBACKS:
        norms = results[f"{feedback}_sensitivity"]
        assert np.all(np.triu(norms, 1) == 0)
        assert np.all(norms[np.tril_indices(16)] > 0)
    linear, saturated = (results[f"{name}_sensitivity"] for name in ("activity", "output"))
    np.testing.assert_allclose(np.diag(linear), np.linalg.norm(np.array(script.WEIGHTS_IH), 2))
    assert saturated[-1, 0] < linear[-1, 0]
    # An orthogonal W_hh only scales: 0.9 a step.
    np.testing.assert_allclose(linear[-1, 0], linear[-1, -1] * 0.9**15)


def test_answer_states_the_numbers(results):
    answer = script.answer(OPTIONS, results)
    norms = results["output_sensitivity"][-1]
    assert answer.startswith("The last h depends on every earlier input")
    assert f"{0.9**15:.3g} is left after 15 steps" in answer
    assert f"{norms[0] / norms[-1]:.3g} with H" in answer
    forgotten = results | {"output_sensitivity": np.eye(16)}
    assert "recent inputs alone" in script.answer(OPTIONS, forgotten)
    assert f"{script.linear_difference(results):.1e}" in script.summarise(OPTIONS, results)
    assert list(script.draw(OPTIONS, results)) == ["rnn"]
