"""What a table run on digits is said to show, and the folders that are not taken for one."""

import dataclasses
import json
import sys

import numpy as np
import pytest
from PIL import Image

from experiments import answers
from experiments.members import Wanted
from experiments.members.store import tuning
from experiments.mnist import publish
from experiments.mnist.configuration import PRESETS, MnistConfiguration
from experiments.mnist.members import conditions_of
from experiments.mnist.publish import answer_line
from rhythmic.data import Digits
from rhythmic.records import plain
from rhythmic.training.search import Setting

TABLE = PRESETS["table"]
SPREAD = (-0.02, -0.02, -0.01, -0.01, 0.0, 0.0, 0.01, 0.01, 0.02, 0.02)  # about the mean, by seed
DIGITS = Digits("mnist", np.zeros((0, 784), np.uint8), np.zeros(0, np.uint8), "0" * 64)
CHOSEN = Setting(1e-3)
MEANS = {"rrn-golden": 0.76, "rnn": 0.62, "lstm": 0.70}
PROVENANCE = {"git": "abc", "versions": {"jax": "1"}, "device": "cpu", "started": "today"}


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


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of a run, with the places where answers are kept moved beside it."""
    monkeypatch.setattr(answers, "RESULTS", tmp_path / "results")
    run = tmp_path / "run"
    (run / "figures").mkdir(parents=True)
    Image.new("RGB", (3, 2)).save(run / "figures" / "accuracy.png")
    (run / "provenance.jsonl").write_text(json.dumps(PROVENANCE) + "\n")
    monkeypatch.setattr(sys, "argv", ["publish", str(run)])
    return run


def write(folder, configuration: MnistConfiguration, rows):
    record = plain(dataclasses.asdict(configuration))
    (folder / "configuration.json").write_text(json.dumps(record))
    (folder / "members.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_finished_table_run_is_kept(folder):
    write(folder, TABLE, rows_about(MEANS))
    publish.main()
    kept = answers.read_answer("mnist")
    assert kept is not None
    assert kept.answer == line_about(MEANS)
    assert kept.provenance == PROVENANCE
    with Image.open(answers.picture_path("mnist")) as picture:
        assert picture.size == (3, 2)


NO_RUN = "is not a run of the unchanged table preset"


@pytest.mark.parametrize(
    ("configuration", "kept", "message"),
    [
        (PRESETS["quick"], lambda row: True, NO_RUN),
        (dataclasses.replace(TABLE, epochs=TABLE.epochs + 1), lambda row: True, NO_RUN),
        (TABLE, lambda row: row["architecture"] != "lstm", "is not finished"),
        (TABLE, lambda row: row["seed"] != TABLE.seeds[-1], "is not finished"),
    ],
)
def test_a_run_of_anything_else_or_that_is_not_finished_is_refused(
    folder, configuration, kept, message
):
    write(folder, configuration, filter(kept, rows_about(MEANS)))
    with pytest.raises(SystemExit, match=rf"^error: .* {message}$"):
        publish.main()
    assert answers.read_answer("mnist") is None


def test_a_folder_must_be_given(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["publish"])
    with pytest.raises(SystemExit, match=r"^error: give one run folder"):
        publish.main()


def test_rows_of_another_version_are_not_averaged_with_these(folder, monkeypatch):
    rows = rows_about(MEANS)
    with monkeypatch.context() as patch:
        patch.setattr("experiments.members.condition.TRAINING_VERSION", 2)
        later = rows_about({name: mean + 0.1 for name, mean in MEANS.items()})
    write(folder, TABLE, rows + later)
    publish.main()
    assert answers.read_answer("mnist").answer == line_about(MEANS)
