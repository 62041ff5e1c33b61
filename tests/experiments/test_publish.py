"""What finished networks of the table on digits are said to show."""

import dataclasses

import numpy as np
import pytest

from experiments.members import Wanted
from experiments.members.store import tuning
from experiments.mnist import EXPERIMENT
from experiments.mnist.configuration import PRESETS
from experiments.mnist.members import conditions_of
from experiments.mnist.report import answer_line
from rhythmic.data import Digits
from rhythmic.records import append_rows
from rhythmic.training.search import Setting

TABLE = PRESETS["table"]
SPREAD = (-0.02, -0.02, -0.01, -0.01, 0.0, 0.0, 0.01, 0.01, 0.02, 0.02)  # about the mean, by seed
DIGITS = Digits("mnist", np.zeros((0, 784), np.uint8), np.zeros(0, np.uint8), "0" * 64)
CHOSEN = Setting(1e-3)
MEANS = {"rrn-golden": 0.76, "rnn": 0.62, "lstm": 0.70}


def row_of(member, **found):
    """A row of a member as ``members.jsonl`` holds it."""
    return {
        "member": member.name(),
        "data": DIGITS.sha256,
        "architecture": member.condition.label,
        "seed": member.seed,
        "num_nodes": 24,
        "num_parameters": 1000,
        **dataclasses.asdict(member.setting),
        "failed_at_step": -1,
        "validation_accuracy": 0.9 if member.setting == CHOSEN else 0.1,
        "git": "abc",
        **found,
    }


def rows_about(means):
    """Rows of the choice, and of the table with accuracies about a given mean."""
    rows = []
    for name, mean in means.items():
        condition = conditions_of(TABLE, DIGITS)[name]
        rows += [row_of(member) for member in tuning(condition)]
        for seed, difference in zip(TABLE.seeds, SPREAD, strict=True):
            member = Wanted(condition, CHOSEN, seed, tested=True)
            rows.append(row_of(member, test_accuracy=mean + difference, confusion=[]))
    return rows


def tabled_rows(rows):
    """The rows of the table by architecture."""
    names = dict.fromkeys(row["architecture"] for row in rows)
    return {
        name: [row for row in rows if row["architecture"] == name and "confusion" in row]
        for name in names
    }


def line_about(means):
    return answer_line(TABLE, tabled_rows(rows_about(means)))


def test_the_best_mean_and_every_test_together_say_yes():
    line = line_about(MEANS)
    assert line.startswith(
        "On MNIST by pixel, by the published recipe, yes: rhythmic (golden) 0.760 (SEM 0.005); "
    )
    assert "RNN 0.620 (SEM 0.005), p = " in line
    assert line.endswith("; 10 seeds each.")
    assert "\n" not in line


def test_the_best_mean_without_a_test_is_not_shown():
    # Told apart from the RNN, but not from the LSTM.
    line = line_about(MEANS | {"lstm": 0.755})
    assert line.startswith("On MNIST by pixel, by the published recipe, not shown: ")
    assert "LSTM 0.755" in line


@pytest.mark.parametrize("rival", [0.765, 0.90])
def test_a_rival_with_the_best_mean_says_no(rival):
    line = line_about(MEANS | {"lstm": rival})
    assert line.startswith("On MNIST by pixel, by the published recipe, no: ")


def test_too_few_seeds_for_a_test_show_nothing():
    rows = [row for row in rows_about(MEANS) if row["seed"] in TABLE.seeds[:3]]
    line = answer_line(TABLE, tabled_rows(rows))
    assert line.startswith("On MNIST by pixel, by the published recipe, not shown: ")
    assert line.endswith("; 3 seeds each.")


def store_of(folder, rows):
    """Rows as the frame reads them from a run folder."""
    append_rows(folder / "members.jsonl", rows)
    return EXPERIMENT.kept.read(folder / "members.jsonl")


def test_the_answer_is_that_of_a_finished_table(tmp_path):
    store = store_of(tmp_path, rows_about(MEANS))
    assert EXPERIMENT.answer(TABLE, store) == line_about(MEANS)
    changed = dataclasses.replace(TABLE, epochs=TABLE.epochs + 1)
    for other in (PRESETS["quick"], changed):
        assert EXPERIMENT.answer(other, store).startswith("Not yet answered")


@pytest.mark.parametrize(
    "kept",
    [
        lambda row: row["seed"] != TABLE.seeds[-1],
        lambda row: row["architecture"] != "lstm",  # no setting is chosen yet
    ],
)
def test_a_table_that_lacks_networks_answers_nothing(tmp_path, kept):
    store = store_of(tmp_path, filter(kept, rows_about(MEANS)))
    assert EXPERIMENT.answer(TABLE, store).startswith("Not yet answered")


def test_a_search_without_a_table_yet_has_no_figures(tmp_path):
    store = store_of(tmp_path, [row for row in rows_about(MEANS) if "confusion" not in row])
    assert EXPERIMENT.summarise(TABLE, store).startswith("no network of the table is finished yet")
    assert EXPERIMENT.draw(TABLE, store) == {}


def test_rows_of_another_version_are_not_averaged_with_these(tmp_path, monkeypatch):
    rows = rows_about(MEANS)
    with monkeypatch.context() as patch:
        patch.setattr("experiments.members.condition.TRAINING_VERSION", 2)
        later = rows_about({name: mean + 0.1 for name, mean in MEANS.items()})
    store = store_of(tmp_path, rows + later)
    assert EXPERIMENT.answer(TABLE, store) == line_about(MEANS)
