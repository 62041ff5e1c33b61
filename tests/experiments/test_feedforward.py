"""The feedforward experiment: the lecture's numbers come out, and the answer says them."""

import numpy as np
import pytest

from experiments.feedforward import EXPERIMENT, FeedforwardOptions
from rhythmic.activations import ACTIVATIONS
from rhythmic.plotting.style import house_style

OPTIONS = FeedforwardOptions(num_neurons=8, num_networks=50, weight_scale=1.5)


@pytest.mark.slow
def test_the_lectures_numbers(results):
    names = list(ACTIVATIONS)
    assert (results["hidden_activity"] == [-2, 1, 4]).all()
    expected = {
        "binary": [0, 1, 1],
        "identity": [-2, 1, 4],
        "tanh": np.tanh([-2, 1, 4]),
        "sigmoid": 1 / (1 + np.exp([2, -1, -4])),
        "relu": [0, 1, 4],
    }
    for name, output in expected.items():
        row = names.index(name)
        np.testing.assert_allclose(results["hidden_output"][row], output, rtol=1e-6)
        total = np.sum(output)  # each row of W_ho is constant: 1, -2, 3
        np.testing.assert_allclose(
            results["output_activity"][row], [total, -2 * total, 3 * total], rtol=1e-5
        )


@pytest.mark.slow
def test_shapes_and_sizes(results):
    assert results["two_ten_weights"].shape == (10, 2)
    assert results["large_shapes"].tolist() == [[8, 8], [8, 8]]
    assert results["large_parameters"] == 2 * (64 + 8)


@pytest.mark.slow
def test_large_networks_have_the_predicted_spread(results):
    assert results["large_sd"].shape == (6,)
    np.testing.assert_allclose(results["large_sd"], results["large_predicted_sd"], rtol=0.15)
    shares = results["large_density"] @ np.diff(results["large_edges"])
    assert (shares > 0.98).all()
    assert (shares <= 1 + 1e-9).all()


@pytest.mark.slow
def test_answer_and_summary_state_what_the_numbers_say(results):
    answer = EXPERIMENT.answer(OPTIONS, results)
    for words in ("h = [-2, 1, 4]", "H = [0, 1, 1]", "o = [2, -4, 6]", "(10, 2)", "N = 8", "144"):
        assert words in answer
    changed = results | {"output_activity": results["output_activity"] + 1}
    assert "o = [3, -3, 7]" in EXPERIMENT.answer(OPTIONS, changed)
    lines = EXPERIMENT.summarise(OPTIONS, results).splitlines()
    for name in ACTIVATIONS:
        assert sum(name in line for line in lines) == 2
    assert "activity of the output layer" in "\n".join(lines)


@pytest.mark.slow
def test_figure_is_drawn_from_the_arrays(results):
    with house_style():
        figure = EXPERIMENT.draw(OPTIONS, results)["feedforward"]
        figure.canvas.draw()
    assert len(figure.axes) == 12
