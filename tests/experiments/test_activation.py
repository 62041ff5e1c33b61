"""What the activation experiment simulates is what theory says, and its answer says so."""

import numpy as np
import pytest

from experiments import activation as script
from rhythmic.theory.activation import NODE_ACTIVATIONS

OPTIONS = script.ActivationOptions(num_weights=33, num_steps=300, example_steps=100)


@pytest.mark.slow
def test_saturation_alone_protects(results):
    ends = dict(zip(NODE_ACTIVATIONS, results["example"][-1], strict=True))
    assert ends["identity"] == ends["relu"] == pytest.approx(0.1 * 2.0**100)
    assert ends["tanh"] == pytest.approx(0.9575040240772687, rel=1e-14)
    assert 0 < ends["sigmoid"] < 1


@pytest.mark.parametrize("name", script.SATURATING)
def test_simulation_ends_where_theory_says(results, name):
    settled = script.settled(OPTIONS, results, name)
    assert settled.sum() > 25
    assert results[f"{name}_difference"][settled].max() < 1e-13
    assert results[f"{name}_largest"].max() <= 1
    weights, simulated = results[f"{name}_weight"], results[f"{name}_simulated"]
    flickers = simulated[:, 0, 1] - simulated[:, 0, 0] > 0.1
    critical = {"tanh": -1.0, "sigmoid": -5.8695}[name]
    clear = np.abs(weights - critical) > 0.3
    np.testing.assert_array_equal(flickers[clear], weights[clear] < critical)
    if name == "tanh":  # the start decides between the two fixed points
        upper = weights > 1.3
        np.testing.assert_allclose(simulated[upper, 0], -simulated[upper, 1])
        assert np.all(simulated[upper, 0] > 0)


def test_answer_states_the_numbers(results):
    answer = script.answer(OPTIONS, results)
    assert answer.startswith("If it saturates, yes: from h_0 = 0.1 with w = 2, h_100 is tanh 0.958")
    assert "identity 1.27e+29" in answer
    worse = results | {"tanh_largest": 3 + results["tanh_largest"]}
    assert script.answer(OPTIONS, worse).startswith("No")
    assert "|h| <= 4" in script.answer(OPTIONS, worse)
    calm = results | {"example": np.full_like(results["example"], 0.1)}
    assert script.answer(OPTIONS, calm).startswith("Nothing explodes here")
    summary = script.summarise(OPTIONS, results)
    worst = np.max(results["tanh_difference"])
    assert f"{worst:.1e}" in summary
    assert len(script.draw(OPTIONS, results)["bifurcation"].axes) == 3
