"""The perceptron's experiment: gates learned but XOR, clouds within the bound, honest words."""

import numpy as np
import pytest

from experiments.perceptron import EXPERIMENT, PerceptronOptions
from rhythmic.plotting.style import house_style

OPTIONS = PerceptronOptions(
    num_starts=4,
    gate_epochs=20,
    gaps=(0.3, 3.0),
    num_features=(2, 3),
    num_examples=12,
    num_clouds=3,
    cloud_epochs=60,
)


@pytest.mark.slow
def test_gates(results):
    assert results["gate_errors"].shape == (4, 5, 20)
    assert (results["gate_epochs"][:3] >= 0).all()
    assert (results["gate_epochs"][3] == -1).all()
    assert results["gate_errors"][3].min() >= 1
    assert results["gate_right"][3].max() <= 3
    assert results["gate_best"].tolist() == [4, 4, 4, 3]
    assert np.isnan(results["gate_bound"][3])
    updates = results["gate_errors"][:3, 0].sum(axis=-1)  # from zero weights
    assert (updates <= results["gate_bound"][:3]).all()


@pytest.mark.slow
def test_clouds(results):
    assert results["updates"].shape == results["bound"].shape == (2, 2, 3)
    assert (results["epochs"] >= 0).all()
    assert (results["updates"] <= results["bound"]).all()
    median = np.median(results["bound"], axis=-1)
    assert (median[:, 0] > median[:, 1]).all()
    side = results["example_inputs"] @ results["example_learned"][:2]
    outputs = side + results["example_learned"][2] > 0
    np.testing.assert_array_equal(outputs, results["example_targets"] == 1)


@pytest.mark.slow
def test_answer_states_what_the_numbers_say(results):
    answer = EXPERIMENT.answer(OPTIONS, results)
    assert "XOR from none of 5 starts" in answer
    assert "at most 3 of 4 right" in answer
    assert "learned 12 of 12" in answer
    failed = results | {"gate_epochs": np.full((4, 5), -1), "epochs": np.full((2, 2, 3), -1)}
    assert "learns no gate" in EXPERIMENT.answer(OPTIONS, failed)
    assert "learned 0 of 12" in EXPERIMENT.answer(OPTIONS, failed)
    some = results["gate_epochs"].copy()
    some[0, 1] = -1
    assert "from 4 of 5 starts" in EXPERIMENT.answer(OPTIONS, results | {"gate_epochs": some})


@pytest.mark.slow
def test_summary_has_a_row_for_each_gate_and_pair_of_clouds(results):
    lines = EXPERIMENT.summarise(OPTIONS, results).splitlines()
    assert [line.split()[0] for line in lines if line[:5].strip().isupper()][-4:] == [
        "AND",
        "OR",
        "NAND",
        "XOR",
    ]
    assert sum("3 of 3" in line for line in lines) == 4


@pytest.mark.slow
def test_figure_is_drawn_from_the_arrays(results):
    with house_style():
        figure = EXPERIMENT.draw(OPTIONS, results)["perceptron"]
        figure.canvas.draw()
    assert len(figure.axes) == 8
    clouds, key = figure.axes[-2:]
    assert [label.get_text() for label in key.get_xticklabels()] == ["0.3", "3"]
    assert clouds.get_ylim()[1] < 10 * results["bound"].max()
