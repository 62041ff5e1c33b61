"""The parts for a GPU, tiny and on a processor: resumed, stopped in time, and in plain Python."""

import subprocess
import sys
import textwrap

import pytest

from benchmarks import accelerator
from experiments.mnist import EXPERIMENT
from experiments.mnist.members import MnistStore
from experiments.script import options_of
from rhythmic.records import read_configuration, read_rows
from tests.experiments.commands import DIGITS, NAME

SIZES = ("--time-steps", "6", "--repetitions", "1", "--members", "2")
STEPS = ("steps", "--models", "rrn-two", "--batch-size", "4", *SIZES)
PAPER = ("paper", "--preset", "quick", "--architectures", NAME, "--seeds", "1", "2")
PAPER = (*PAPER, "--epochs", "2", "--members-per-device", "2")


def run(tmp_path, arguments, minutes=10.0):
    arguments = [*arguments, "--output", str(tmp_path)]
    options = accelerator.parse(arguments)
    options.function(options, accelerator.Clock(minutes))


@pytest.mark.slow
def test_training_steps_by_both_ways_and_not_twice(tmp_path):
    run(tmp_path, STEPS)
    rows = read_rows(tmp_path / "steps.jsonl")
    assert [(row["method"], row["members"]) for row in rows] == [("scan", 2), ("fastest", 2)]
    for row in rows:
        assert row["ms_a_step"] == pytest.approx(2 * row["ms_a_step_a_member"])
    run(tmp_path, STEPS)
    assert read_rows(tmp_path / "steps.jsonl") == rows


def test_no_row_is_begun_when_time_is_up(tmp_path):
    with pytest.raises(accelerator.TimeIsUp):
        run(tmp_path, STEPS, minutes=-1)
    assert read_rows(tmp_path / "steps.jsonl") == []


def test_a_group_out_of_memory_is_a_row(tmp_path, monkeypatch):
    def fail(*arguments):
        raise MemoryError("512 members")

    monkeypatch.setattr(accelerator.project_step, "GroupSteps", fail)
    run(tmp_path, STEPS)
    assert {row["failed"] for row in read_rows(tmp_path / "steps.jsonl")} == {"out of memory"}


@pytest.mark.slow
def test_epochs_of_groups(tmp_path):
    run(tmp_path, ["epochs", "--models", NAME, "--updates", "7", "--pool-size", "1200", *SIZES])
    (row,) = read_rows(tmp_path / "epochs.jsonl")
    assert row["groups"] == "1 x 2 members"
    assert row["seconds"] == pytest.approx(
        row["seconds_per_1000_updates_of_a_member"] * 2 * 7 / 1000
    )


def results_of(folder):
    """What the members came to, without times and places."""
    rows = read_rows(folder / "paper" / "members.jsonl")
    names = ("seed", "architecture", "test_accuracy", "history", "confusion", "parameters")
    return {row["member"]: [row[name] for name in names] for row in rows}


@pytest.mark.slow
def test_the_comparison_goes_on_after_every_stop_to_the_same_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("rhythmic.data.load", lambda *given, **options: DIGITS)
    run(tmp_path / "whole", PAPER)
    expected = results_of(tmp_path / "whole")
    assert len(expected) == 2
    stops = 0
    while True:
        try:
            run(tmp_path / "parts", PAPER, minutes=-1)
            break
        except accelerator.TimeIsUp:
            stops += 1
            folder = tmp_path / "parts" / "paper" / "checkpoints"
            assert len(list(folder.glob("*.eqx"))) == 1
    assert stops == 2  # a group of two epochs
    assert results_of(tmp_path / "parts") == expected
    store = experiment_store(tmp_path / "parts")
    assert store.missing(store.tested(store.conditions[NAME])) == []


def experiment_store(output):
    """What the experiment finds in the run folder."""
    configuration = options_of(EXPERIMENT, read_configuration(output / "paper"))
    return MnistStore(configuration, DIGITS, output / "paper" / "members.jsonl")


def test_it_runs_with_the_library_alone(tmp_path):
    program = """
        import sys

        class Absent:
            def find_spec(self, name, path=None, target=None):
                absent = ("torch", "tyro", "tensorflow_datasets", "matplotlib", "rich", "mlxtend")
                if name.partition(".")[0] in absent:
                    raise ImportError(name)

        sys.meta_path.insert(0, Absent())
        import experiments.mnist.members
        import rhythmic.data
        from benchmarks import accelerator, groups

        sys.argv[1:] = sys.argv[1].split()
        accelerator.main()
    """
    output = tmp_path / "out"
    arguments = f"{' '.join(STEPS)} --methods scan --output {output}"
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert len(read_rows(output / "steps.jsonl")) == 1
