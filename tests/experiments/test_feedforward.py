"""The feedforward experiment: the lecture's numbers come out, and the answer says them."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.feedforward import EXPERIMENT, FeedforwardOptions
from experiments.stages import Stages
from rhythmic.activations import ACTIVATIONS
from rhythmic.plotting.style import house_style

TINY = FeedforwardOptions(num_neurons=8, num_networks=50, weight_scale=1.5)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    measured = EXPERIMENT.measure(TINY, Stages(tmp_path_factory.mktemp("stages")))
    return {name: np.asarray(values) for name, values in measured.items()}


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
    answer = EXPERIMENT.answer(TINY, results)
    assert "\n" not in answer
    for words in ("h = [-2, 1, 4]", "H = [0, 1, 1]", "o = [2, -4, 6]", "(10, 2)", "N = 8", "144"):
        assert words in answer
    changed = results | {"output_activity": results["output_activity"] + 1}
    assert "o = [3, -3, 7]" in EXPERIMENT.answer(TINY, changed)
    lines = EXPERIMENT.summarise(TINY, results).splitlines()
    for name in ACTIVATIONS:
        assert sum(name in line for line in lines) == 2
    assert "activity of the output layer" in "\n".join(lines)
    assert max(map(len, lines)) <= 100


@pytest.mark.slow
def test_figure_is_drawn_from_the_arrays(results):
    with house_style():
        figure = EXPERIMENT.draw(TINY, results)["feedforward"]
        figure.canvas.draw()
    assert len(figure.axes) == 12


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"num_neurons": 0}, "num_neurons is 0; it must be at least 1"),
        ({"num_networks": -2}, "num_networks is -2"),
        ({"weight_scale": 0.0}, "weight_scale is 0.0; it must be above 0"),
        ({"weight_scale": float("nan")}, "weight_scale is nan"),
        ({"seed": 2**32}, "seed is 4294967296"),
    ],
)
def test_bad_options_are_refused_in_one_line(change, words):
    with pytest.raises(ValueError, match=words) as error:
        replace(TINY, **change).check()
    assert "\n" not in str(error.value)


def test_presets_pass_their_own_check():
    for name, options in EXPERIMENT.presets.items():
        options.check()
        assert options.preset == name
