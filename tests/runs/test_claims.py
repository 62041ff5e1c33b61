"""Runs that share a file compute each row once: real processes, one of them killed."""

import contextlib
import errno
import gc
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rhythmic import locks
from rhythmic.files import LinkError
from rhythmic.records import read_rows
from rhythmic.runs import claims
from rhythmic.runs.rows import RowStore
from tests.runs.computing import tasks

COMPUTING = Path(__file__).with_name("computing.py")
WAITING = "being trained by another run; waiting\n"
pytestmark = pytest.mark.skipif(locks.fcntl is None, reason="the system has no such locks")


@pytest.fixture
def start(tmp_path):
    """A function that starts a process, which computes when it is told to."""
    with contextlib.ExitStack() as processes:

        def started(number, seconds, names):
            files = str(tmp_path / f"{number}.jsonl"), str(tmp_path / "shared" / "rows.jsonl")
            process = subprocess.Popen(
                [sys.executable, COMPUTING, *files, str(seconds), names],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            processes.enter_context(process)
            processes.callback(process.kill)
            return process

        yield started


def go(*processes):
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()


def test_processes_compute_each_row_once_and_end_with_the_same(tmp_path, start):
    names = "abcdefghijkl"
    processes = [start(number, 0.1, names) for number in range(3)]
    go(*processes)
    said = [process.communicate() for process in processes]
    computed = [begun.split() for begun, _ in said]
    assert sorted(itertools.chain(*computed)) == list(names)
    assert all(computed)
    found = [
        sorted(read_rows(tmp_path / f"{number}.jsonl"), key=lambda row: row["member"])
        for number in range(3)
    ]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == len(read_rows(tmp_path / "shared" / "rows.jsonl")) == len(names)
    assert (tmp_path / "shared" / ".rows.jsonl.claims").read_bytes() == b""


def test_what_a_killed_process_was_at_is_computed_by_another(tmp_path, start):
    killed, other = start(0, 1000, "ab"), start(1, 0, "abc")
    go(killed)
    assert killed.stdout.readline() == "a\n"
    go(other)
    assert [other.stdout.readline() for _ in "bc"] == ["b\n", "c\n"]
    assert other.stderr.readline() == f"1 network is {WAITING}"
    killed.kill()
    killed.communicate()
    assert other.communicate() == ("a\n", "")
    assert len(read_rows(tmp_path / "1.jsonl")) == 3


def test_claims_end_with_the_row_with_an_error_and_with_the_store(tmp_path, monkeypatch):
    store, given = RowStore(tmp_path / "1.jsonl", tmp_path / "shared.jsonl"), []
    monkeypatch.setattr(claims, "free_byte", lambda handle, place: given.append(place))

    def compute(store):
        for task, left in store.unfinished(tasks("ab"), "network"):
            assert given == [claims.place_of("a")] * (2 - left)
            store.add([{"member": task.name(), "x": 1 / (left - 1)}])

    with pytest.raises(ZeroDivisionError):
        compute(store)
    assert given == [claims.place_of(name) for name in "ab"]
    handle = store._claims.handle
    del store
    gc.collect()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(handle)


def test_what_was_finished_before_the_claim_is_taken(tmp_path):
    first, second = (
        RowStore(tmp_path / name, tmp_path / "shared.jsonl") for name in ("1.jsonl", "2.jsonl")
    )
    assert first.missing(tasks("abc")) == tasks("abc")
    second.add([{"member": "a"}])
    assert first.claim(tasks("abc")) == tasks("b")
    assert first.find(*tasks("a")) == {"member": "a"}
    assert second.missing(tasks("abc")) == tasks("bc")


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, None])
def test_without_locks_all_is_computed_and_that_is_told_once(tmp_path, monkeypatch, capsys, code):
    def refuse(*given):
        raise OSError(code, os.strerror(code))

    if code is None:
        monkeypatch.setattr(locks, "fcntl", None)
    else:
        monkeypatch.setattr(locks.fcntl, "lockf", refuse)
    stores = [RowStore(tmp_path / name, tmp_path / "shared.jsonl") for name in ("1.jsonl", "2")]
    for store in stores:
        assert store.claim(tasks("ab"), 2) == tasks("ab")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{tmp_path / 'shared.jsonl'}: no claims (its file system has no locks)")


def test_a_run_that_shares_nothing_claims_nothing(tmp_path):
    store = RowStore(tmp_path / "run.jsonl")
    assert next(store.unfinished(tasks("ab"), "network")) == (*tasks("a"), 2)
    assert os.listdir(tmp_path) == []


def test_a_link_in_the_place_of_the_claims_is_refused(tmp_path):
    (tmp_path / ".shared.jsonl.claims").symlink_to(tmp_path / "keys")
    with pytest.raises(LinkError, match="claims is a symbolic link"):
        RowStore(tmp_path / "run.jsonl", tmp_path / "shared.jsonl").claim(tasks("a"))
