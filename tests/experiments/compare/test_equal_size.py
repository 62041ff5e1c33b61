"""Equal numbers of parameters: tuning budgets, who is compared with whom, newcomers, figures."""

import dataclasses
import re

import jax
import numpy as np
import pytest
import scipy.stats

from experiments.compare import equal_size
from experiments.compare.equal_size import CLAIMS, COPIES, HEADS, NETWORKS, OSCILLATORS, PLAIN
from experiments.compare.networks import golden_copies, most_copies
from experiments.compare.which_rhythms_networks import (
    WhichRhythmsOptions,
    larger_conditions,
    larger_label,
)
from experiments.members.store import tuning
from rhythmic.cells import registry
from rhythmic.networks import MEAN, POWER
from rhythmic.plotting.accuracy import CURVE_COLOURS
from rhythmic.plotting.style import house_style
from rhythmic.theory import ladder
from tests.experiments.compare.made_up import findings, rows_of, small, verdicts

FULL = small("equal_size")


def made_up(accuracy_of, options=FULL, validation=()):
    """Return rows of every cell, head and count; accuracies are above 0."""
    effects = {
        f"{cell}, {head} head, {count}": accuracy_of(cell, head, count) - 0.7
        for cell, head, count in options.networks()
    }
    return rows_of("equal_size", options, effects, validation)


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


@pytest.mark.slow
def test_a_cell_that_is_registered_later_changes_no_preset_and_no_claim(monkeypatch):
    monkeypatch.setitem(registry.CELLS, "newcomer", registry.CELLS["gru"])
    assert {*equal_size.PRESETS["full"].cells, *equal_size.EqualSizeOptions().cells} == {*NETWORKS}
    asked = dataclasses.replace(FULL, cells=(*FULL.cells, "newcomer"))
    asked.check()
    rows = made_up(lambda cell, *_: 0.9 if cell == "newcomer" else 0.5, asked)
    assert rows["newcomer, mean head, 300"]
    for finding in findings("equal_size", asked, rows):
        assert "newcomer" not in finding.text
        assert "0.9" not in finding.text


def summary_of(options, rows):
    return equal_size.EXPERIMENT.summarise(options, rows).splitlines()


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
    found = findings("equal_size", FULL, rows)
    # Of three of five sizes the rivals without rhythm, then the oscillators.
    said = verdicts(found)
    assert [*said[:3], *said[5:8]] == [
        "supported",
        "contradicted",
        "supported",
        "supported",
        "supported",
        "equivalent",
    ]
    for place, rival in ((0, "gru, energy"), (1, "lstm, mean"), (7, "horn, energy")):
        assert rival in found[place].text
        assert "left out" not in found[place].text
    for place in (3, 4, 8, 9):
        assert found[place].missing
    # A rival that tests better but validates worse is not the one compared.
    for row in rows["gru, energy head, 100"]:
        row["validation_accuracy"] = 0.0
    assert "gru, energy" not in findings("equal_size", FULL, rows)[0].text


@pytest.mark.parametrize("better", ["rrn", COPIES])
def test_of_the_two_rhythmic_networks_the_one_that_validates_best_is_compared(better):
    options = dataclasses.replace(FULL, counts=(100, 300))
    rows = made_up(lambda cell, *_: 0.7 if cell == better else 0.5, options)
    found = findings("equal_size", options, rows)
    assert found[1].text.startswith(f"{better}, energy head, 300")
    assert found[0].text.startswith("rrn, energy head, 100")
    # A rhythmic network that tests better but validates worse is not the one compared.
    for row in rows[f"{better}, energy head, 300"]:
        row["validation_accuracy"] = 0.0
    assert better + "," not in findings("equal_size", options, rows)[1].text


@pytest.mark.parametrize(
    ("better", "expected"), [("energy", "supported"), ("mean", "contradicted")]
)
def test_heads_are_compared_over_all_rivals(better, expected):
    rows = made_up(lambda cell, head, _: 0.9 if cell == "rrn" or head == better else 0.7)
    found = findings("equal_size", FULL, rows)[-1]
    assert verdicts([found]) == [expected]
    assert abs(found.estimate) == pytest.approx(0.2, abs=0.01)
    assert "6 rivals" in found.text


def test_what_was_not_trained_of_a_side_is_said_to_be_missing():
    options = dataclasses.replace(FULL, cells=("rrn", "rnn"), heads=("energy",), counts=(100,))
    assert findings("equal_size", options, made_up(lambda *_: 0.5, options))[0].text.endswith(
        "; left out: rnn, mean head, 100; lstm, energy head, 100; lstm, mean head, 100; "
        "gru, energy head, 100; gru, mean head, 100"
    )


def test_figure_has_a_panel_a_head_and_a_line_a_cell():
    rows = made_up(lambda cell, head, count: 0.4 + count / 2500)
    for label, own in rows.items():
        for row in own:
            row["num_parameters"] = int(label.rsplit(" ", 1)[1]) - 2
    with house_style():
        figure = equal_size.draw(FULL, rows)["equal_size"]
        figure.draw_without_rendering()
    assert len(figure.axes) == len(HEADS)
    for axes in figure.axes:
        assert len(axes.lines) == len(NETWORKS) + 1
        assert axes.get_xscale() == "log"
    names = [line.get_label() for line in figure.axes[0].lines]
    line, copies = figure.axes[0].lines[0], figure.axes[0].lines[names.index("RRN, golden x m")]
    np.testing.assert_allclose(copies.get_xdata(), [298, 998])
    assert copies.get_color() == line.get_color() == CURVE_COLOURS[0]
    assert copies.get_linestyle() != line.get_linestyle()
    np.testing.assert_allclose(line.get_xdata(), [98, 298, 998])
    np.testing.assert_allclose(line.get_ydata(), [0.44, 0.52, 0.8], atol=0.005)
