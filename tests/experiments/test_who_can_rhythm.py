"""Who can rhythm: verdicts on small runs, and an answer that follows the numbers."""

import dataclasses

import numpy as np
import pytest

from experiments.who_can_rhythm import EXPERIMENT, PRESETS
from rhythmic.plotting.style import house_style
from rhythmic.rhythm_detection import RhythmKind

pytestmark = pytest.mark.slow
OPTIONS = dataclasses.replace(
    PRESETS["smoke"], num_steps=896, washout=384, num_networks=6, sizes=(3,)
)


def counts(results, model):
    """Count the runs of a model by verdict."""
    return np.bincount(results[f"{model}_kind"].ravel(), minlength=len(RhythmKind))


def test_without_feedback_or_with_an_energy_there_is_no_rhythm(results):
    for model in ("perceptron", "feedforward", "asynchronous"):
        assert counts(results, model)[RhythmKind.CONSTANT] == OPTIONS.num_networks
    driven = results["feedforward_driven_kind"] == RhythmKind.SUSTAINED
    assert driven.any()  # the same measurement does see a rhythm that is there


def test_one_node_flickers_or_does_nothing(results):
    weight, kind = results["linear_node_weight"], results["linear_node_kind"]
    assert np.all(weight[kind == RhythmKind.SUSTAINED] == -1)
    assert np.all(weight[kind == RhythmKind.GROWS] < -1)
    assert np.all(np.abs(weight[kind == RhythmKind.DECAYS] + 0.5) < 0.5)
    weight, kind = results["tanh_node_weight"], results["tanh_node_kind"]
    np.testing.assert_array_equal(kind == RhythmKind.SUSTAINED, weight < -1 - 1e-9)
    for model in ("linear_node", "tanh_node"):
        found = results[f"{model}_frequency"]
        np.testing.assert_allclose(found[np.isfinite(found)], OPTIONS.sample_rate / 2, rtol=1e-9)


def test_networks_turn_at_the_angle_of_their_eigenvalue(results):
    np.testing.assert_allclose(results["node_frequency"], results["node_predicted"], atol=0.02)
    # Just beyond the bifurcation the limit cycle has the frequency of the eigenvalue.
    near = results["rotation_frequency"][0] - results["rotation_predicted"]
    assert np.nanmax(np.abs(near)) < 0.5
    assert results["pair_difference"] < 1e-12
    of_three = results["sequence_frequency"]
    assert np.median(of_three) == pytest.approx(OPTIONS.sample_rate / (OPTIONS.hopfield_units // 8))


def test_the_answer_and_the_tables_say_what_the_numbers_say(results):
    answer = EXPERIMENT.answer(OPTIONS, results)
    assert answer.startswith("The claim holds for perceptrons")
    assert f"0, 0 and 0 of {OPTIONS.num_networks} each" in answer
    lasting = counts(results, "tanh_node")[RhythmKind.SUSTAINED]
    assert f"{lasting} of 61 weights" in answer
    node = results["node_frequency"][results["node_kind"] == RhythmKind.SUSTAINED]
    assert f"one rhythmic node ({node.min():.3g}-{node.max():.3g} Hz)" in answer
    kinds = results["perceptron_kind"].copy()
    kinds[0] = RhythmKind.SUSTAINED
    other = results | {"perceptron_kind": kinds}
    assert EXPERIMENT.answer(OPTIONS, other).startswith("The claim fails even for perceptrons")
    text = EXPERIMENT.summarise(OPTIONS, results)
    assert "rhythmic node" in text


def test_figures_come_from_the_saved_arrays(results):
    with house_style():
        figures = EXPERIMENT.draw(OPTIONS, results)
    assert list(figures) == ["reach", "networks"]
    assert len(figures["reach"].axes) == 24
