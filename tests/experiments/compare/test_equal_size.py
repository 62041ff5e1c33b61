"""Equal numbers of parameters: conditions, tuning budgets, findings both ways, figures."""

import dataclasses
import json
import re

import jax
import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.stats

from experiments.compare import equal_size
from experiments.compare.equal_size_findings import (
    CLAIMS,
    COPIES,
    HEADS,
    NETWORKS,
    OSCILLATORS,
    PLAIN,
    condition_label,
)
from experiments.compare.findings import verdicts
from experiments.compare.larger_networks import golden_copies, most_copies
from experiments.compare.which_rhythms_conditions import larger_conditions
from experiments.compare.which_rhythms_options import WhichRhythmsOptions, larger_label
from experiments.members.store import tuning
from rhythmic.cells import registry
from rhythmic.networks import MEAN, POWER
from rhythmic.plotting.accuracy import CURVE_COLOURS
from rhythmic.plotting.style import house_style
from rhythmic.theory import ladder
from tests.marks import rest_slow

FULL = dataclasses.replace(equal_size.PRESETS["full"], dataset="mnist5k", results=None)
SPREAD = np.array([-0.003, -0.001, 0.0, 0.001, 0.003])


def made_up(accuracy_of, options=FULL):
    """Return rows of every cell, head and count; each seed's validation lies above its test."""
    generator = np.random.default_rng(3)
    rows = {}
    for cell, head, count in options.networks():
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


@pytest.mark.slow
def test_every_network_has_at_most_the_parameters_and_the_same_tuning():
    found = equal_size.conditions(FULL)
    # Copies of eleven nodes do not fit into 100 parameters.
    assert len(found) == 8 * 2 * 3 - 2 == len({condition.label for condition in found})
    for condition in found:
        count = int(condition.label.rsplit(" ", 1)[1])
        architecture = condition.architecture
        if condition.label.startswith(COPIES):
            larger = golden_copies(
                architecture.hidden_size // 11 + 1,
                {key: getattr(architecture, key) for key in ("feature", "pooling", "readout")},
            )
        else:
            larger = dataclasses.replace(architecture, hidden_size=architecture.hidden_size + 1)
        assert architecture.num_parameters(1, 10) <= count < larger.num_parameters(1, 10)
        budget = [(w.setting, w.seed, w.condition.training.epochs) for w in tuning(condition)]
        assert len(budget) == 3 * 2
        assert {seed for _, seed, _ in budget} == {123, 456}
        assert {epochs for *_, epochs in budget} == {1}
        assert condition.training.epochs == 3
        assert tuning(condition)[0].condition.architecture == architecture


def test_rates_chosen_at_full_length_need_no_second_recipe():
    options = dataclasses.replace(FULL, tuning_epochs=3, cells=("rrn",), counts=(300,))
    assert all(condition.tuned_on == () for condition in equal_size.conditions(options))


@pytest.mark.parametrize("preset", rest_slow(equal_size.PRESETS, "quick"))
def test_every_preset_can_be_built(preset):
    options = dataclasses.replace(equal_size.PRESETS[preset], dataset="mnist5k")
    options.check()
    every = len(options.cells) * len(options.heads) * len(options.counts)
    too_small = len(options.heads) * (COPIES in options.cells) * (100 in options.counts)
    assert len(equal_size.conditions(options)) == every - too_small


@pytest.mark.slow
def test_a_cell_that_is_registered_later_changes_no_preset_and_no_claim(monkeypatch):
    monkeypatch.setitem(registry.CELLS, "newcomer", registry.CELLS["gru"])
    assert {*equal_size.PRESETS["full"].cells, *equal_size.EqualSizeOptions().cells} == {*NETWORKS}
    asked = dataclasses.replace(FULL, cells=(*FULL.cells, "newcomer"))
    asked.check()
    rows = made_up(lambda cell, *_: 0.9 if cell == "newcomer" else 0.5, asked)
    assert rows["newcomer, mean head, 300"]
    for finding in equal_size.findings(asked, rows):
        assert "newcomer" not in finding.text
        assert "0.9" not in finding.text


def summary_of(options, rows):
    results = {"rows": np.array(json.dumps(rows))}
    return equal_size.EXPERIMENT.summarise(options, results).splitlines()


@pytest.mark.slow
def test_a_newcomer_is_compared_at_every_size_and_said_to_have_no_claim(monkeypatch):
    monkeypatch.setitem(registry.CELLS, "newcomer", registry.CELLS["gru"])
    asked = dataclasses.replace(FULL, cells=("rrn", "newcomer"), counts=(100, 1000))
    # With its own head the newcomer validates, and tests, better.
    accuracy = {"rrn": 0.7, "newcomer": 0.4}
    rows = made_up(lambda cell, head, _: accuracy[cell] + 0.1 * (head == "mean"), asked)
    lines = [line for line in summary_of(asked, rows) if line.endswith(", no claim")]
    assert [line.split(": ")[0] for line in lines] == [
        "rrn, energy head, 100 less newcomer, mean head, 100",
        "rrn, energy head, 1000 less newcomer, mean head, 1000",
    ]
    for line, count in zip(lines, (100, 1000), strict=True):
        sides = [f"rrn, energy head, {count}", f"newcomer, mean head, {count}"]
        values = [[row["test_accuracy"] for row in rows[side]] for side in sides]
        interval = scipy.stats.ttest_ind(*values, equal_var=False).confidence_interval()
        found = re.fullmatch(r".*: (\S+) \((\S+) to (\S+)\), no claim", line)
        expected = (np.mean(values[0]) - np.mean(values[1]), interval.low, interval.high)
        np.testing.assert_allclose([float(x) for x in found.groups()], expected, atol=6e-4)
    # Cells that claims name are left to them, and a newcomer without the rhythmic network too.
    assert not [line for line in summary_of(FULL, made_up(lambda *_: 0.5)) if "no claim" in line]
    alone = dataclasses.replace(asked, cells=("newcomer",))
    assert not [x for x in summary_of(alone, made_up(lambda *_: 0.5, alone)) if "no claim" in x]


def test_claims_that_were_not_asked_are_one_line_of_the_summary():
    options = dataclasses.replace(FULL, cells=("rrn", "rnn"), heads=("energy",), counts=(100,))
    lines = summary_of(options, made_up(lambda *_: 0.5, options))
    assert [line for line in lines if line.startswith("Claim: ")] == [
        f"Claim: {CLAIMS[0].statement}"
    ]
    names = ", ".join(claim.name for claim in CLAIMS[1:])
    assert lines[-1] == f"Claims not asked in this run: {names}"


def test_which_nodes_swing_by_themselves_is_as_the_claims_say():
    swing = {}
    for name in OSCILLATORS:
        w1, w2 = registry.make_cell(name, 1, 20, key=jax.random.key(0)).node_weights()
        swing[name] = np.asarray(w1**2 + 4 * w2 < 0)  # a complex pair of poles
    assert np.all(swing["horn"])
    assert np.all(swing["linoss"])
    assert not np.any(swing["cornn"])
    assert set(NETWORKS) == {"rrn", COPIES, *PLAIN, *OSCILLATORS}
    for claim in CLAIMS:
        assert ("coRNN's, as published" in claim.statement) == ("oscillators" in claim.name)


def test_copies_are_those_of_the_question_which_rhythms():
    options = WhichRhythmsOptions(copies=(2, 3))
    theirs = {c.label: c.architecture for c in larger_conditions(options, FULL.pool())}
    for number in (1, 2, 3):
        assert theirs[larger_label(number, "copies")] == golden_copies(number)
    assert golden_copies(2).name != golden_copies(2, MEAN).name


def test_as_many_copies_as_fit():
    for head in (POWER, MEAN):
        assert [most_copies(n, head) for n in (262, 263, 1000, 3000, 10000)] == [0, 1, 2, 4, 8]
    cell = golden_copies(2).build(1, 10, key=jax.random.key(0)).cell
    assert cell.input_weights.shape == (22, 1)
    options = dict(golden_copies(2).options)
    np.testing.assert_array_equal(options["frequencies"], np.tile(ladder("golden"), 2))
    n = 22
    assert golden_copies(2).num_parameters(1, 10) == n * (n - 1) + n + 2 * n + 10 * n + 10


def test_the_rival_that_validates_best_is_compared_whatever_its_head():
    def accuracy(cell, head, count):
        strong = {100: ("gru", "energy"), 300: ("lstm", "mean"), 1000: ("horn", "energy")}
        if cell in ("rrn", COPIES):
            return {100: 0.9, 300: 0.6, 1000: 0.8}[count] if head == "energy" else 0.2
        return 0.8 if (cell, head) == strong[count] else 0.5

    rows = made_up(accuracy)
    found = equal_size.findings(FULL, rows)
    # Of three of five sizes the rivals without rhythm, then the oscillators.
    said = verdicts(found)
    assert [*said[:3], *said[5:8]] == ["holds", "opposite", "holds", "holds", "holds", "equivalent"]
    for place, rival in ((0, "gru, energy"), (1, "lstm, mean"), (7, "horn, energy")):
        assert rival in found[place].text
        assert "left out" not in found[place].text
    for place in (3, 4, 8, 9):
        assert "left out" in found[place].text
    # A rival that tests better but validates worse is not the one compared.
    for row in rows["gru, energy head, 100"]:
        row["validation_accuracy"] = 0.0
    assert "gru" not in equal_size.findings(FULL, rows)[0].text


@pytest.mark.parametrize("better", ["rrn", COPIES])
def test_of_the_two_rhythmic_networks_the_one_that_validates_best_is_compared(better):
    options = dataclasses.replace(FULL, counts=(100, 300))
    rows = made_up(lambda cell, *_: 0.7 if cell == better else 0.5, options)
    found = equal_size.findings(options, rows)
    assert found[1].text.startswith(f"{better}, energy head, 300")
    assert found[0].text.startswith("rrn, energy head, 100")
    # A rhythmic network that tests better but validates worse is not the one compared.
    for row in rows[f"{better}, energy head, 300"]:
        row["validation_accuracy"] = 0.0
    assert better + "," not in equal_size.findings(options, rows)[1].text


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
    assert found[0].estimate == pytest.approx(0.0, abs=0.01)
    assert found[0].text.endswith(
        "; left out: rnn, mean head, 100; lstm, energy head, 100; lstm, mean head, 100; "
        "gru, energy head, 100; gru, mean head, 100"
    )
    assert all(np.isnan(finding.estimate) for finding in found[1:])
    assert all("left out" in finding.text for finding in found[1:])
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
        (
            {"cells": (COPIES,), "counts": (100, 200)},
            "counts holds 200 at most; one copy needs 263",
        ),
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
        assert len(axes.lines) == len(NETWORKS) + 1
        assert axes.get_xscale() == "log"
    names = [line.get_label() for line in figure.axes[0].lines]
    copies = figure.axes[0].lines[names.index("RRN, golden x m")]
    np.testing.assert_allclose(copies.get_xdata(), [298, 998])
    line = figure.axes[0].lines[0]
    assert copies.get_color() == line.get_color() == CURVE_COLOURS[0]
    assert copies.get_linestyle() != line.get_linestyle()
    np.testing.assert_allclose(line.get_xdata(), [98, 298, 998])
    np.testing.assert_allclose(line.get_ydata(), [0.44, 0.52, 0.8])
    plt.close(figure)
