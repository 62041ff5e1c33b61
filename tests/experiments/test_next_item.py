"""What the numbers of next_item are and what its answer says about them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from experiments.next_item import (
    BLANKS,
    EXPERIMENT,
    PRESETS,
    answer,
    architectures,
    of_rock,
    probabilities,
    summarise,
    tasks,
    train_and_test,
)
from rhythmic.tasks import NextWord

OPTIONS = replace(
    PRESETS["smoke"], num_seeds=1, learning_rates=(0.1,), num_updates=120, hidden_size=8
)


@pytest.mark.slow
def test_memory_tells_we_from_rock():
    task, models = tasks(OPTIONS)["word"], architectures(OPTIONS, "word")
    results = {}
    for model in ("present", "rnn"):
        found = train_and_test(OPTIONS, task, models[model])
        results |= {f"word_{model}_{name}": x for name, x in found.items()}
    assert results["word_present_score"] == pytest.approx([5 / 6], abs=0.01)
    assert results["word_rnn_score"] == pytest.approx([1.0])
    assert of_rock(results, "present") == pytest.approx([0.5], abs=0.1)
    assert of_rock(results, "rnn")[0] > 0.9
    # The lecture's own blank, "rock __", needs no memory.
    you = NextWord().vocabulary.index("you")
    assert probabilities(results, "present")[-1, 0, you] > 0.7


def test_the_blanks_stand_where_they_say():
    task = NextWord()
    results = {"word_rnn_outputs": np.random.default_rng(0).normal(size=(2, task.num_steps, 4))}
    found = probabilities(results, "rnn")
    words = task.phrase.split() * 3
    for blank, of_blank in zip(BLANKS, found, strict=True):
        said = blank.split()[:-1]
        step = next(t for t in range(6, 13) if words[t + 1 - len(said) : t + 1] == said)
        expected = softmax(results["word_rnn_outputs"][:, step], axis=1)
        np.testing.assert_allclose(of_blank, expected, rtol=1e-12)


def made_up(options):
    rng = np.random.default_rng(1)
    results = {}
    for place, model in enumerate(options.models):
        logits = np.zeros((3, 24, 4))
        logits[:, 9, 2] = place  # the step after the second "will", and the word "rock"
        results[f"word_{model}_outputs"] = logits
        results[f"value_{model}_outputs"] = rng.normal(size=(3, 60, 1))
        for task in ("word", "value"):
            results |= {
                f"{task}_{model}_score": np.array([0.1, 0.2, 0.3]) + place / 10,
                f"{task}_{model}_learning_rate": np.array(0.03),
                f"{task}_{model}_num_parameters": np.array(77 + place),
                f"{task}_{model}_failed_at_step": np.array([-1, 5, -1]),
                f"{task}_{model}_targets": np.zeros((60, 1)),
            }
    return results


def test_answer_and_tables_state_the_numbers():
    options = PRESETS["quick"]
    results = made_up(options)
    rock = [np.exp(place) / (np.exp(place) + 3) for place in range(4)]
    line = answer(options, results)
    assert "\n" not in line
    for value in rock:
        assert f"{value:.2f}" in line
    assert "0.20 of its variance" in line
    assert "RNN 0.3, LSTM 0.4, rhythmic RNN 0.5" in line
    table = summarise(options, results)
    assert max(map(len, table.splitlines())) <= 100
    # Student's t for 0.1, 0.2, 0.3 reaches 4.3027 * 0.1 / sqrt(3) = 0.2484 on both sides.
    assert "clipped to 0 and 1" in table
    assert "0.2 [0, 0.4484]" in table
    assert "smallest to largest" in table
    assert "0.2 [0.1, 0.3]" in table
    assert "1 words 0.8333" in table
    assert "stopped being finite: 8" in table


def test_figure_is_drawn_from_the_arrays():
    figures = EXPERIMENT.draw(PRESETS["quick"], made_up(PRESETS["quick"]))
    assert list(figures) == ["next_item"]
    assert len(figures["next_item"].axes) == 6
