"""Whole or absent, on the disk before anything counts, and nobody else's file touched."""

import errno
import os
from pathlib import Path

import pytest

from experiments.members import MemberStore
from rhythmic.files import (
    LinkError,
    make_folder,
    move_aside,
    open_plain,
    refuse_links,
    remove_leftovers,
    replacing,
    write_together,
)
from rhythmic.locks import LOCK
from rhythmic.records import PROVENANCE, append_rows, write_json, write_table
from rhythmic.sealed import save_arrays, write_sealed
from rhythmic.sweep import Grid, Output, Sweep, plan, run_sweep, values_axis
from rhythmic.sweep.plan import DESCRIPTION, LOG, RECORDS, RESULTS, record_name


@pytest.fixture
def calls(monkeypatch):
    """Note what is synced and renamed, in order: the names of files and folders."""
    found, sync, rename = [], os.fsync, os.replace

    def noted_sync(handle):
        found.append(("sync", os.readlink(f"/proc/self/fd/{handle}")))
        sync(handle)

    def noted_rename(source, target):
        found.append(("rename", str(source), str(target)))
        rename(source, target)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "replace", noted_rename)
    return found


def check_synced(calls):
    """See that every file is synced before it is renamed, and its folder after that."""
    renamed = [call for call in calls if call[0] == "rename"]
    for call in renamed:
        _, source, target = call
        place = calls.index(call)
        assert ("sync", source) in calls[:place], target
        assert ("sync", str(Path(target).parent)) in calls[place:], target
    return len(renamed)


needs_names = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="names of open files need /proc"
)


@needs_names
def test_files_are_on_the_disk_before_they_take_their_names(tmp_path, calls):
    write_json(tmp_path / "a" / "value.json", {"a": 1})
    write_sealed(tmp_path / "b" / "value.json", {"a": 1})
    write_table(tmp_path / "table.csv", [{"a": 1}])
    save_arrays(tmp_path / "arrays", [1.0], {"done": 1})
    assert check_synced(calls) == 4
    write_together({tmp_path / "c" / "x": b"1", tmp_path / "d" / "y": b"2", tmp_path / "z": b""})
    assert check_synced(calls) == 7
    # The names of new folders are on the disk as well.
    assert calls.count(("sync", str(tmp_path))) >= 4 + 3
    append_rows(tmp_path / "rows.jsonl", [{"seed": 1}])
    assert calls[-2:] == [("sync", str(tmp_path / "rows.jsonl")), ("sync", str(tmp_path))]


@needs_names
def test_a_sweep_is_on_the_disk_before_its_records_count(tmp_path, calls, monkeypatch):
    monkeypatch.setattr(plan, "BLOCK_BYTES", 2 * (4 + 1))  # two chunks
    axis = values_axis("x", [1.0, 2.0, 3.0, 4.0], "")
    sweep = Sweep("small", lambda x: {"y": 2 * x}, Grid((axis,)), {"y": Output("")})
    folder = tmp_path / "run"
    run_sweep(sweep, folder=folder, chunk_points=1, quiet=True)
    assert check_synced(calls) >= len([path for path in folder.rglob("*") if path.is_file()]) - 3
    renamed = [call[2] for call in calls if call[0] == "rename"]
    assert renamed[0] == str(folder / DESCRIPTION)
    journals = [str(folder / RECORDS / f"{number:06d}.journal") for number in range(2)]
    assert [calls.count(("sync", name)) for name in journals] == [3, 3]  # its owner, two chunks
    for number in range(2):
        record = folder / RECORDS / record_name(number)
        files = [str(folder / RESULTS / name / "c" / str(number)) for name in ("y", "status")]
        assert max(map(renamed.index, files)) < renamed.index(str(record))
        # What the record names is whole on the disk before the record has its name.
        begun = calls.index(next(call for call in calls if call[2:] == (str(record),)))
        synced = [call[1] for call in calls[:begun] if call[0] == "sync"]
        assert all(any(name.startswith(f"{file}.") for name in synced) for file in files)
    for name in (LOG, PROVENANCE, LOCK):
        assert (folder / name).is_file()
    assert ("sync", str(folder / PROVENANCE)) in calls


@needs_names
def test_a_finished_member_is_on_the_disk_in_both_files(tmp_path, calls):
    run_file, shared_file = tmp_path / "run" / "members.jsonl", tmp_path / "shared" / "a.jsonl"
    store = MemberStore(run_file, shared_file)
    calls.clear()
    store.add([{"member": "a", "test_accuracy": 0.5}])
    new = [("sync", str(path)) for file in (run_file, shared_file) for path in (file, file.parent)]
    assert [call for call in calls if call in new] == new
    calls.clear()
    store.add([{"member": "b", "test_accuracy": 0.5}])
    assert calls == [("sync", str(run_file)), ("sync", str(shared_file))]
    assert list(MemberStore(run_file, shared_file).rows) == ["a", "b"]


def test_an_error_leaves_the_old_files_and_no_others(tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    write_together({first: b"old", second: b"old"})

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_together({first: b"new", second: b"new"})
    with pytest.raises(OSError, match="No space left"), replacing(first) as partial:
        partial.write_text("new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "first": b"old",
        "second": b"old",
    }


def test_only_what_was_being_written_is_removed(tmp_path):
    mine = ["backup.partial", "sweep.json.partial", "sweep.json.old.partial", "other.json.abcd1234"]
    for name in mine:
        (tmp_path / name).write_text("mine")
    (tmp_path / "sweep.json.abcd1234.partial").mkdir()
    (tmp_path / "sweep.json.abcd1235.partial").symlink_to(tmp_path / "backup.partial")
    before = set(tmp_path.iterdir())
    (tmp_path / "sweep.json.k3_9xyz0.partial").write_text("half of i")
    remove_leftovers(tmp_path, {"sweep.json"})
    assert set(tmp_path.iterdir()) == before
    remove_leftovers(tmp_path / "absent", {"sweep.json"})


def test_a_link_is_neither_followed_nor_written_through(tmp_path):
    target = tmp_path / "target"
    target.write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(LinkError, match="it must be a plain file"):
        open_plain(link, os.O_RDWR)
    with pytest.raises(LinkError, match="a run folder holds no links"):
        refuse_links(tmp_path, ["target", "link", "absent"])
    with replacing(link) as partial:
        partial.write_text("new")
    assert (target.read_text(), link.read_text(), link.is_symlink()) == ("mine", "new", False)


def test_what_is_set_aside_keeps_earlier_ones(tmp_path):
    for content in ("one", "two"):
        make_folder(tmp_path / "a")
        (tmp_path / "a" / "file").write_text(content)
        move_aside(tmp_path, tmp_path / "a" / "file")
    move_aside(tmp_path, tmp_path / "absent")
    damaged = tmp_path / "damaged"
    assert (damaged / "a-file").read_text() == "one"
    assert (damaged / "a-file.2").read_text() == "two"
    assert not list((tmp_path / "a").iterdir())


def test_a_file_system_that_cannot_sync_loses_nothing(tmp_path, monkeypatch):
    def refuse(handle):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    with replacing(tmp_path / "a") as partial:
        partial.write_bytes(b"whole")
    write_together({tmp_path / "b": b"whole", tmp_path / "c": b"too"})
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "c"}
