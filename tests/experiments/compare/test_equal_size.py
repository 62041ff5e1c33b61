"""Equal numbers of parameters: conditions, tuning budgets, findings both ways, figures."""

import dataclasses
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest

from experiments.compare import equal_size
from experiments.compare.equal_size_findings import CLAIMS, HEADS, condition_label
from experiments.compare.findings import verdicts
from experiments.members.store import tuning
from rhythmic.cells.registry import CELLS
from rhythmic.plotting.style import house_style

FULL = dataclasses.replace(equal_size.PRESETS["full"], dataset="mnist5k", results=None)
SPREAD = np.array([-0.003, -0.001, 0.0, 0.001, 0.003])


def made_up(accuracy_of, options=FULL):
    """Return rows of every cell, head and count; each seed's validation lies above its test."""
    generator = np.random.default_rng(3)
    rows = {}
    for cell, head, count in itertools.product(options.cells, options.heads, options.counts):
        label, accuracy = condition_label(cell, head, count), accuracy_of(cell, head, count)
        values = accuracy + generator.permutation(SPREAD)
        rows[label] = [
            {
                "label": label,
                "seed": seed,
                "test_accuracy": value,
                "validation_accuracy": value + 0.01,
                "num_parameters": count - 2,
            }
            for seed, value in zip(options.seeds, values, strict=True)
        ]
    return rows


def test_every_network_has_at_most_the_parameters_and_the_same_tuning():
    found = equal_size.conditions(FULL)
    assert len(found) == len(CELLS) * 2 * 3 == len({condition.label for condition in found})
    for condition in found:
        count = int(condition.label.rsplit(" ", 1)[1])
        architecture = condition.architecture
        larger = dataclasses.replace(architecture, hidden_size=architecture.hidden_size + 1)
        assert architecture.num_parameters() <= count < larger.num_parameters()
        budget = [(w.setting, w.seed, w.condition.training.epochs) for w in tuning(condition)]
        assert len(budget) == 3 * 2
        assert {seed for _, seed, _ in budget} == {123, 456}
        assert {epochs for *_, epochs in budget} == {1}
        assert condition.training.epochs == 3
        assert tuning(condition)[0].condition.architecture == architecture


def test_rates_chosen_at_full_length_need_no_second_recipe():
    options = dataclasses.replace(FULL, tuning_epochs=3, cells=("rrn",), counts=(300,))
    assert all(condition.tuned_on == () for condition in equal_size.conditions(options))


@pytest.mark.parametrize("preset", equal_size.PRESETS)
def test_every_preset_can_be_built(preset):
    options = dataclasses.replace(equal_size.PRESETS[preset], dataset="mnist5k")
    options.check()
    assert len(equal_size.conditions(options)) == (
        len(options.cells) * len(options.heads) * len(options.counts)
    )


def test_the_rival_that_validates_best_is_compared_whatever_its_head():
    def accuracy(cell, head, count):
        strong = {100: ("gru", "energy"), 300: ("lstm", "mean"), 1000: ("horn", "energy")}
        if cell == "rrn":
            return {100: 0.9, 300: 0.6, 1000: 0.8}[count] if head == "energy" else 0.2
        return 0.8 if (cell, head) == strong[count] else 0.5

    rows = made_up(accuracy)
    found = equal_size.findings(FULL, rows)
    # Of the three sizes the rivals without rhythm, then those whose nodes swing too.
    expected = ["holds", "opposite", "holds", "holds", "holds", "equivalent"]
    assert verdicts(found)[:6] == expected
    for place, rival in ((0, "gru, energy"), (1, "lstm, mean"), (5, "horn, energy")):
        assert rival in found[place].text
    # A rival that tests better but validates worse is not the one compared.
    for row in rows["gru, energy head, 100"]:
        row["validation_accuracy"] = 0.0
    assert "gru" not in equal_size.findings(FULL, rows)[0].text


@pytest.mark.parametrize(("better", "expected"), [("energy", "holds"), ("mean", "opposite")])
def test_heads_are_compared_over_all_rivals(better, expected):
    rows = made_up(lambda cell, head, _: 0.9 if cell == "rrn" or head == better else 0.7)
    found = equal_size.findings(FULL, rows)[-1]
    assert verdicts([found]) == [expected]
    assert abs(found.estimate) == pytest.approx(0.2, abs=0.01)
    assert "6 rivals" in found.text


def test_what_was_not_trained_is_said_to_be_missing():
    options = dataclasses.replace(FULL, cells=("rrn", "rnn"), heads=("energy",), counts=(100,))
    rows = made_up(lambda *_: 0.5, options)
    found = equal_size.findings(options, rows)
    assert [finding.claim for finding in found] == [claim.name for claim in CLAIMS]
    assert ["left out" in finding.text for finding in found] == [False] + [True] * 6
    alone = dataclasses.replace(options, cells=("rrn",))
    texts = [x.text for x in equal_size.findings(alone, made_up(lambda *_: 0.5, alone))]
    assert all("left out" in text for text in texts)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"counts": (300, 100)}, "counts must rise"),
        ({"counts": ()}, "counts must rise"),
        ({"counts": (20,)}, "num_parameters is 20; rrn-energy needs at least"),
        ({"cells": ("perceptron",)}, "cells holds 'perceptron'"),
        ({"heads": ("last",)}, "heads holds 'last'"),
        ({"tuning_epochs": 4}, "tuning_epochs is 4; it must lie in 1 to 3"),
    ],
)
def test_options_out_of_range_are_refused_in_one_line(changed, message):
    with pytest.raises(ValueError, match=message) as refused:
        dataclasses.replace(FULL, **changed).check()
    assert "\n" not in str(refused.value)


def test_figure_has_a_panel_a_head_and_a_line_a_cell():
    rows = made_up(lambda cell, head, count: 0.4 + count / 2500)
    with house_style():
        figure = equal_size.draw(FULL, rows)["equal_size"]
        figure.draw_without_rendering()
    assert len(figure.axes) == len(HEADS)
    for axes in figure.axes:
        assert len(axes.lines) == len(CELLS) + 1
        assert axes.get_xscale() == "log"
    line = figure.axes[0].lines[0]
    np.testing.assert_allclose(line.get_xdata(), [98, 298, 998])
    np.testing.assert_allclose(line.get_ydata(), [0.44, 0.52, 0.8])
    plt.close(figure)
