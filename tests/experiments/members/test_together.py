"""Runs that share a results file train each network once, and resume what they had begun."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.members import MemberStore, train_members
from experiments.members import train as module
from experiments.members.store import tuning
from rhythmic.records import read_rows
from rhythmic.runs import claims, rows
from tests.experiments.members.test_members import FAST, GRU, SLOW, condition
from tests.power import child

SIX = condition(seeds=(1, 2, 3, 4, 5, 6))


def row_of(member):
    return {"member": member.name(), "validation_accuracy": 0.5, **member.setting.__dict__}


@pytest.fixture
def others(monkeypatch):
    """Members that another process has claimed; what it does while this one waits."""
    held, doing = [], []

    def hold(handle, place):
        if place in [claims.place_of(member.name()) for member in held]:
            raise BlockingIOError
        return True

    monkeypatch.setattr(claims, "hold_byte", hold)
    monkeypatch.setattr(rows.time, "sleep", lambda seconds: doing.pop(0)())
    return held, doing


@pytest.fixture
def groups(monkeypatch):
    """Groups that are trained, by their seeds; their rows are made up."""
    seen = []

    def finish(worker, group):
        seen.append([member.seed for member in group])
        worker.run.store.add(map(row_of, group))

    monkeypatch.setattr(module.Worker, "train_group", finish)
    return seen


def stores(folder):
    """Return the stores of two runs that share a file."""
    return [MemberStore(folder / name / "members.jsonl", folder / "shared.jsonl") for name in "12"]


def train(store, *conditions):
    return train_members(store, conditions, store.run_file.parent, members_per_device=2)


def test_a_group_that_others_had_parted_is_resumed(tmp_path, monkeypatch, others, groups):
    held, _ = others
    store, _ = stores(tmp_path)
    members = store.tested(SIX)
    held += [members[0], members[2]]

    def killed(worker, group):
        groups.append([member.seed for member in group])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module.Worker, "train_group", killed)
        with pytest.raises(KeyboardInterrupt):
            train(store, SIX)
    held.clear()
    train(store, SIX)
    assert groups == [[2, 4], [2, 4], [1, 3], [5, 6]]


def test_estimates_follow_what_others_finish(tmp_path, monkeypatch, groups):
    (store, other), seen = stores(tmp_path), []
    finish, members = module.Worker.train_group, store.tested(SIX)

    def beside_another(worker, group):
        run, name = worker.run, SIX.program()
        left = (run.progress.remaining[sort, name] for sort in ("epoch", "test"))
        seen.append((run.done, run.total, *left))
        finish(worker, group)
        other.add([row_of(members[2 if len(seen) == 1 else 5])])

    monkeypatch.setattr(module.Worker, "train_group", beside_another)
    found = train(store, SIX)
    assert groups == [[1, 2], [4, 5]]
    assert seen == [(0, 6, 6, 3), (3, 6, 4, 2)]
    assert len(found["rrn"]) == 6


def test_what_is_free_comes_first_and_the_rest_is_waited_for(tmp_path, capsys, others, groups):
    held, doing = others
    store, other = stores(tmp_path)
    gru = condition("gru", architecture=GRU, settings=(SLOW, FAST), tuning_seeds=(7, 8))
    held += tuning(gru)
    doing += [
        lambda: None,
        lambda: other.add(map(row_of, held[:3])),
        lambda: None,
        held.clear,  # it is killed
    ]
    train(store, gru, condition())
    assert groups == [[1, 2], [8], [1, 2]]
    said = capsys.readouterr().err
    assert said.count("waiting") == 1
    assert "4 networks are being trained by another run; waiting" in said


@pytest.mark.slow
@pytest.mark.parametrize("kill", [False, True])
def test_processes_train_each_network_once_and_end_with_the_same_table(tmp_path, kill):
    def start(number):
        programs = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / f"programs{number}")}
        return subprocess.Popen(
            [sys.executable, child.__file__, "training"]
            + [str(tmp_path / name) for name in (f"run{number}", "shared.jsonl")],
            env=os.environ | programs | {"PYTHONPATH": str(Path(__file__).parents[3])},
            stdout=subprocess.PIPE,
            text=True,
        )

    processes = [start(number) for number in range(3)]
    said = []
    if kill:
        said.append(processes[0].stdout.readline())
        processes[0].kill()
    said += [process.communicate()[0] for process in processes]
    lines = [line.split() for line in "".join(said).splitlines()]
    finished = sorted(int(seed) for what, seed in lines if what == "finished")
    assert finished == list(range(1, child.GROUPS + 1))
    begun = [seed for what, seed in lines if what == "begun"]
    assert len(begun) == child.GROUPS + kill
    tables = [
        sorted(read_rows(tmp_path / f"run{number}" / "members.jsonl"), key=lambda row: row["seed"])
        for number in range(int(kill), 3)
    ]
    assert all(table == tables[0] for table in tables)
    assert len(tables[0]) == len(read_rows(tmp_path / "shared.jsonl")) == child.GROUPS
