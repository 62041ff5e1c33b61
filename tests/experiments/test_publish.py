"""What a table run on digits is said to show, and the folders that are not taken for one."""

import dataclasses
import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments import answers
from experiments.members import Wanted
from experiments.members.store import tuning
from experiments.mnist import EXPERIMENT, report
from experiments.mnist.configuration import PRESETS
from experiments.mnist.members import conditions_of
from experiments.mnist.report import answer, answer_line
from experiments.options import recorded
from experiments.script import main
from rhythmic.data import Digits
from rhythmic.records import write_json
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
            found = {"confusion": [], "history": {"train_loss": []}}
            rows.append(row_of(member, test_accuracy=mean + difference, **found))
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
    """A folder of a finished table run, with the places where answers are kept moved beside it."""
    monkeypatch.setattr(answers, "RESULTS", tmp_path / "results")
    figure = Figure()
    monkeypatch.setattr(report, "draw_resonant", lambda *arguments: {})
    monkeypatch.setattr(report, "learning_curve_figure", lambda histories: figure)
    monkeypatch.setattr(report, "confusion_figure", lambda confusions: figure)
    run = tmp_path / "run"
    run.mkdir()
    return run


def write(folder, rows):
    write_json(folder / "configuration.json", recorded("mnist", TABLE))
    write_json(folder / "computed.json", {"seconds": None, "provenance": PROVENANCE})
    (folder / "provenance.jsonl").write_text(json.dumps(PROVENANCE) + "\n")
    (folder / "members.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_finished_table_run_is_kept(folder):
    write(folder, rows_about(MEANS))
    main(EXPERIMENT, ["--redraw", str(folder), "--publish"])
    kept = answers.read_answer("mnist")
    assert kept is not None
    assert kept.answer == line_about(MEANS)
    assert kept.provenance == PROVENANCE
    assert answers.picture_path("mnist").exists()


@pytest.mark.parametrize("change", [["--preset", "quick"], ["--preset", "table", "--epochs", "31"]])
def test_a_run_of_anything_else_is_not_published(folder, change):
    with pytest.raises(SystemExit, match=r"^error: publish needs the table preset; this is"):
        main(EXPERIMENT, [*change, "--publish"])
    assert answers.read_answer("mnist") is None


def test_a_table_that_lacks_networks_answers_nothing(folder):
    write(folder, [row for row in rows_about(MEANS) if row["architecture"] != "lstm"])
    assert answer(TABLE, folder / "members.jsonl").startswith("Not yet answered")
    write(folder, [row for row in rows_about(MEANS) if row["seed"] != TABLE.seeds[-1]])
    assert answer(TABLE, folder / "members.jsonl").startswith("Not yet answered")


def test_rows_of_another_version_are_not_averaged_with_these(folder, monkeypatch):
    rows = rows_about(MEANS)
    with monkeypatch.context() as patch:
        patch.setattr("experiments.members.condition.TRAINING_VERSION", 2)
        later = rows_about({name: mean + 0.1 for name, mean in MEANS.items()})
    write(folder, rows + later)
    assert answer(TABLE, folder / "members.jsonl") == line_about(MEANS)
