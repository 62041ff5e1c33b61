"""What a run would take: counted, compiled, timed, and nothing left behind."""

import dataclasses
import errno
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import pytest

from experiments.members import Wanted
from experiments.members.plans import record_plans
from experiments.mnist import dry_run, experiment
from experiments.mnist.configuration import PRESETS
from experiments.mnist.dry_run import Forecast, notes, table_of
from experiments.mnist.members import MnistStore
from experiments.options import recorded
from experiments.script import main
from rhythmic.records import append_rows, open_run_folder, read_rows
from rhythmic.training import Estimate, GroupPlan, Groups
from tests.experiments.commands import DIGITS

QUICK = dataclasses.replace(PRESETS["quick"], architectures=("rrn-two", "rnn"), seeds=(1, 2))
ARGUMENTS = ["--architectures", "rrn-two", "rnn", "--seeds", "1", "2", "--dry-run"]


def row_of(store, architecture, seed):
    condition = store.conditions[architecture]
    return {"member": Wanted(condition, *condition.settings, seed, tested=True).name()}


@pytest.fixture
def settings(monkeypatch):
    """Settings of JAX that a command on small digits makes."""
    found = {}
    monkeypatch.setattr(jax.config, "update", found.__setitem__)
    for module in (experiment, dry_run):
        monkeypatch.setattr(module, "load", lambda *given, **options: DIGITS)
    return found


def planned(*arguments):
    main(experiment.EXPERIMENT, [*ARGUMENTS, *map(str, arguments)])


@pytest.fixture
def measured(monkeypatch):
    """Stand in for compiler and clock: 7 MB and 0.01 s an update, plans as they are."""
    asked = []

    class Group:
        def __init__(self, plan):
            self.plan = plan
            self.training = SimpleNamespace(method="adjoint")

    def compiled(groups, members):
        asked.append((groups.name, groups.plan, len(members.seed)))
        groups.needed = Estimate(1_000_000, 6_000_000, 0, 2.0)
        return Group(groups.plan)

    monkeypatch.setattr(Groups, "compiled", compiled)
    monkeypatch.setattr(dry_run, "seconds_per_update", lambda group, members: 0.01)
    return asked


def test_a_dry_run_leaves_nothing(settings, measured, tmp_path, capsys):
    planned("--run-dir", tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
    assert measured == [("rrn-two", GroupPlan(1, 2), 2), ("rnn", GroupPlan(1, 2), 2)]
    text = capsys.readouterr().out
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}
    # The way, tuning, table, groups, updates each and in all: 32 batches of 128 in 30 epochs.
    assert lines["rnn"][1:10] == ["adjoint", "0", "2", "1", "of", "1", "x", "2", "960"]
    assert lines["rnn"][10:13] == ["1,920", "7", "MB"]
    assert lines["rnn"][-1] == "0:10"
    assert "4 networks" in text
    assert "Nothing was trained, and no results were written" in text


def test_what_is_finished_is_counted_and_not_copied(settings, measured, tmp_path, capsys):
    shared, run = tmp_path / "shared.jsonl", tmp_path / "run"
    store = MnistStore(QUICK, DIGITS, run / "members.jsonl")
    append_rows(shared, [row_of(store, "rnn", seed) for seed in (1, 2)])
    open_run_folder(run, recorded("mnist", QUICK))
    append_rows(run / "members.jsonl", [row_of(store, "rrn-two", 1)])
    record_plans(run, {"rrn-two": GroupPlan(1, 5)})
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    options = ("--run-dir", run, "--results", shared)
    planned(*options)
    assert measured == [("rrn-two", GroupPlan(1, 5), 1)]
    captured = capsys.readouterr()
    assert "rnn: finished already" in captured.err
    assert "1 network," in captured.out

    append_rows(run / "members.jsonl", [row_of(store, "rrn-two", 2)])
    planned(*options)
    assert "nothing is missing" in capsys.readouterr().out
    before[run / "members.jsonl"] = (run / "members.jsonl").read_bytes()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert len(read_rows(shared)) == 2


def test_the_folder_of_another_run_is_refused(settings, tmp_path):
    other = dataclasses.replace(QUICK, epochs=7)
    open_run_folder(tmp_path / "run", recorded("mnist", other))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("")
    for name, message in (("run", "another run"), ("other", "no run folder")):
        with pytest.raises(SystemExit, match=message):
            planned("--run-dir", tmp_path / name)


def test_memory_that_runs_out_in_the_timing_makes_groups_smaller(
    settings, measured, tmp_path, monkeypatch, capsys
):
    def seconds_per_update(group, members):
        assert len(members.seed) <= group.plan.size
        if group.plan.members_per_device > 1:
            raise MemoryError
        return 0.01

    monkeypatch.setattr(dry_run, "seconds_per_update", seconds_per_update)
    planned("--run-dir", tmp_path / "run")
    text = capsys.readouterr().out
    assert "2 of 1 x 1" in text
    assert "rnn: groups of 1 x 2 members would not fit in memory" in text


def test_a_forecast_adds_up():
    line = Forecast("rnn", "adjoint", (9, 4), GroupPlan(2, 2), GroupPlan(2, 1), 2, 3, 5.0, 0.5)
    assert line.num_groups == 5 + 2
    assert line.training_seconds(100) == 7 * 100 * 0.5
    # 7 groups of 100 updates of half a second, and 5 s to compile, twice.
    assert "26 networks, about 11:50" in notes([line, line], 100, 0)[0]
    assert not any("Checkpoints" in note for note in notes([line], 100, 0))
    assert any("3 unfinished groups" in note for note in notes([line], 100, 3))
    assert table_of([line], 100).row_count == 1


def test_the_compilation_cache_is_asked_for_before_anything_runs(settings, measured, tmp_path):
    planned("--compilation-cache", tmp_path / "a" / "cache")
    assert settings["jax_compilation_cache_dir"] == str(tmp_path / "a" / "cache")
    assert settings["jax_persistent_cache_min_compile_time_secs"] == 0
    assert settings["jax_persistent_cache_min_entry_size_bytes"] == -1
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match=r"compilation_cache is .*file, a file; name a folder"):
        planned("--compilation-cache", tmp_path / "file")


def test_a_cache_that_cannot_be_written_is_told_and_no_reason_not_to_run(
    tmp_path, monkeypatch, capsys
):
    settings = {}
    monkeypatch.setattr(jax.config, "update", settings.__setitem__)
    (tmp_path / "file").touch()
    beneath_a_file = tmp_path / "file" / "cache"
    experiment.keep_compiled(beneath_a_file)
    said = capsys.readouterr().err
    assert re.search(rf"compilation_cache {beneath_a_file} cannot be written \(.+\)", said)
    assert said.count("nothing is kept") == len(said.splitlines()) == 1

    def refuse(**place):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    # To the superuser no folder is read-only.
    monkeypatch.setattr(experiment.tempfile, "TemporaryFile", refuse)
    experiment.keep_compiled(tmp_path / "cache")
    assert "cannot be written (Permission denied); nothing is kept" in capsys.readouterr().err
    assert settings == {}


CACHED = """
import sys
from pathlib import Path
import jax, jax.numpy as jnp
from experiments.mnist.experiment import keep_compiled
keep_compiled(Path(sys.argv[1]))
found = jax.jit(lambda x: jnp.tanh(x @ x).sum(axis=0))(jnp.arange(9.0).reshape(3, 3) / 9)
print(found.tobytes().hex())
"""


@pytest.mark.slow
def test_a_second_process_loads_what_the_first_compiled(tmp_path):
    found, kept = [], []
    for _ in range(2):
        process = subprocess.run(
            [sys.executable, "-c", CACHED, str(tmp_path / "cache")],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(process.stdout)
        kept.append(sorted(p.name for p in (tmp_path / "cache").iterdir() if "-cache" in p.name))
    assert found[0] == found[1]
    assert len(kept[0]) > 0
    assert kept[0] == kept[1]
