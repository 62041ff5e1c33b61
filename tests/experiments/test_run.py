"""The whole experiment, as a user runs it: train, stop, go on, redraw, refuse."""

import json

import equinox as eqx
import numpy as np
import pytest

from rhythmic.networks import published
from tests.experiments.commands import run_mnist

COMMAND = [
    *("--architectures", "rrn-log", "rnn"),
    *("--seeds", "1", "2", "--epochs", "2", "--devices", "2"),
]
FIGURES = (
    *("accuracy", "learning_curves", "confusion", "features_rrn-log", "recurrent_weights"),
    "spectra_and_dynamics",
)


def run(arguments, folder):
    given = (*COMMAND, "--run-dir", str(folder / "run"), *arguments)
    return run_mnist(*given, RHYTHMIC_CACHE_DIR=str(folder / "cache"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("experiment")


@pytest.fixture(scope="module")
def first(folder):
    finished = run(["--results", str(folder / "shared.jsonl")], folder)
    assert finished.returncode == 0, finished.stderr
    return finished


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_run_folder_holds_everything(first, folder):
    run_dir = folder / "run"
    rows = rows_of(run_dir / "members.jsonl")
    assert [(row["architecture"], row["seed"]) for row in rows] == [
        (name, seed) for name in ("rrn-log", "rnn") for seed in (1, 2)
    ]
    for row in rows:
        confusion = np.array(row["confusion"])
        assert confusion.sum() == 500
        assert np.trace(confusion) / 500 == pytest.approx(row["test_accuracy"], abs=1e-6)
        best = max(row["history"]["validation_accuracy"])
        assert row["validation_accuracy"] == pytest.approx(best, rel=1e-4)
        assert row["num_parameters"] == {"rrn-log": 90, "rnn": 296}[row["architecture"]]
    for name in FIGURES:
        for ending in ("pdf", "png"):
            assert (run_dir / "figures" / f"{name}.{ending}").stat().st_size > 2000
    assert len((run_dir / "history.csv").read_text().splitlines()) == 1 + 4 * 2
    provenance = rows_of(run_dir / "provenance.jsonl")[0]
    assert {"git", "versions", "device", "command"} <= provenance.keys()
    assert not list((run_dir / "checkpoints").iterdir())


def test_the_table_says_what_it_is(first):
    assert "mnist5k" in first.stdout
    assert "not MNIST" in first.stdout
    assert "documented rate" in first.stdout
    assert "0.617 (0.018)" in first.stdout


def test_accuracies_rise_above_chance(first, folder):
    rows = rows_of(folder / "run" / "members.jsonl")
    assert np.mean([row["test_accuracy"] for row in rows if row["architecture"] == "rrn-log"]) > 0.2


@pytest.mark.slow
def test_another_run_takes_finished_members_from_the_results_file(first, folder):
    places = ("--run-dir", str(folder / "other"), "--results", str(folder / "shared.jsonl"))
    finished = run_mnist(*COMMAND, *places)
    assert finished.returncode == 0, finished.stderr
    assert "epoch" not in finished.stderr
    assert len(rows_of(folder / "shared.jsonl")) == 4
    assert len(rows_of(folder / "other" / "members.jsonl")) == 4


@pytest.mark.slow
def test_absent_data_is_one_line(folder):
    given = ("--dataset", "mnist", "--data-dir", str(folder / "nothing"))
    refused = run_mnist(*COMMAND, *given, RHYTHMIC_CACHE_DIR=str(folder / "cache"))
    assert refused.returncode != 0
    assert refused.stderr.startswith(f"error: data_dir {folder / 'nothing'} does not exist: ")
    assert "\n" not in refused.stderr.strip()


def test_the_saved_network_gives_the_recorded_accuracy(first, folder):
    import jax

    from experiments.members.rows import own_names
    from rhythmic.data import load_mnist5k, split
    from rhythmic.training import Data, Members, MemberTraining, TrainingConfiguration
    from rhythmic.training.configuration import Hyperparameters
    from rhythmic.trees import with_named_arrays

    digits = load_mnist5k()
    row = rows_of(folder / "run" / "members.jsonl")[0]
    architecture = published()[row["architecture"]]
    model = architecture.build(1, 10, key=jax.random.key(99))
    model = with_named_arrays(model, own_names(row["parameters"]))
    statistics = with_named_arrays(model.readout.initial_statistics(), row["statistics"])
    training = MemberTraining(architecture, TrainingConfiguration())
    rates = Hyperparameters(np.float32(0.1), np.float32(0), np.float32(0))
    member = Members(np.int32(row["seed"]), rates, *split(digits, row["seed"]))
    model = eqx.tree_at(lambda one: one.statistics, model, statistics)
    record = training.evaluate(model, "test", member, Data(digits.images, digits.labels))
    assert record.score == pytest.approx(row["test_accuracy"], abs=0.005)
