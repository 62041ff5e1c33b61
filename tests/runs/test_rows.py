"""Rows are read in one way, and once; files of another kind are refused, and stay as they are."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from rhythmic.records import RowReader, append_rows, read_rows
from rhythmic.runs.rows import MOST_TOLD, RowFile, RowStore, check_results, read_named
from tests.runs.computing import tasks

ROW = {"member": "a", "test_accuracy": 0.5}


@pytest.mark.parametrize("line", ["[1, 2]", '"abc"', '{"x": 1}', '{"member": [1]}', "[" * 100_000])
def test_a_line_that_is_no_row_is_named_and_left_out(tmp_path, line):
    path, said = tmp_path / "rows.jsonl", []
    path.write_text(json.dumps(ROW) + "\n" + (line + "\n") * 20)
    assert read_named(path, said.append) == {"a": ROW}
    assert len(said) == MOST_TOLD + 1
    assert all(one.startswith(f"{path}: ") and "left out" in one for one in said)
    assert "\n" not in "".join(said)


@pytest.mark.parametrize("content", [b'[{"accuracy": 0.9}]', b"\1" * 500, b'{"text": "mine"}\n'])
def test_a_file_of_another_kind_is_refused_and_untouched(tmp_path, capsys, content):
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="it must hold rows of networks"):
        check_results(path)
    store = RowStore(tmp_path / "run.jsonl", path, neighbours=False)
    store.add([ROW])
    assert path.read_bytes() == content
    assert read_rows(tmp_path / "run.jsonl") == [ROW]
    assert f"rows stay in {tmp_path / 'run.jsonl'}" in capsys.readouterr().err


@pytest.mark.parametrize("bit", [0, 2])
def test_a_results_file_of_one_row_may_be_damaged_in_any_byte(tmp_path, bit):
    path = tmp_path / "shared.jsonl"
    append_rows(path, [ROW])
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :])
        check_results(path)


def test_a_damaged_row_of_results_is_named_and_computed_again(tmp_path, capsys):
    path = tmp_path / "shared.jsonl"
    append_rows(path, [ROW, {"member": "b"}])
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.7"))
    store = RowStore(tmp_path / "run.jsonl", path, neighbours=False)
    assert store.missing(tasks("ab")) == tasks("a")
    assert f"{path}: line 1 is damaged; it is left out" in capsys.readouterr().err
    store.add([ROW])
    assert RowStore(tmp_path / "other.jsonl", path).shared == {"a": ROW, "b": {"member": "b"}}


def test_what_is_missing_is_computed_once_told_and_kept(tmp_path, capsys):
    computed = []

    def compute(task):
        computed.append(task.known)
        return {"member": task.known} | ({"seconds": 7} if task.known == "b" else {})

    for attempt in range(2):
        store = RowStore(tmp_path / "rows.jsonl")
        rows = store.complete(
            tasks("aba"), compute, "part", title=lambda task: task.known.upper(), later={"part": 3}
        )
        assert [row["member"] for row in rows] == list("aba")
        assert store.took_up == bool(attempt)
    assert computed == list("ab")
    assert [row["seconds"] for row in rows] == [0, 7, 0]
    assert store.made.items() <= rows[0].items()
    said = capsys.readouterr().err.splitlines()
    assert said == ["A: 1 of 2 in 0:00, 0:00 left", "B: 2 of 2 in 0:00, 0:00 left"]


def test_the_time_left_counts_what_comes_later_by_its_kind(tmp_path, monkeypatch, capsys):
    now = iter([0, 10, 10, 40])
    clock = SimpleNamespace(perf_counter=lambda: next(now))
    monkeypatch.setattr("rhythmic.runs.rows.time", clock)
    RowStore(tmp_path / "rows.jsonl").complete(
        tasks("ab"),
        lambda task: {"member": task.known},
        "part",
        title=lambda task: task.known,
        kind=lambda task: task.known,
        later={"a": 2, "c": 1},
    )
    said = capsys.readouterr().err.splitlines()
    # The kind that is not known counts as the slowest one that is.
    assert said == ["a: 1 of 2 in 0:10, about 0:40 left", "b: 2 of 2 in 0:30, about 0:50 left"]


def test_rows_of_another_kind_are_no_results(tmp_path):
    path = tmp_path / "timings.jsonl"
    append_rows(path, [{"label": "a", "seconds": 1.0}])
    with pytest.raises(ValueError, match="it must hold rows of networks"):
        check_results(path)


def test_good_rows_without_a_last_line_break_are_kept(tmp_path):
    path = tmp_path / "rows.jsonl"
    append_rows(path, [{"member": "b", "x": 1}, {"member": "c", "x": 2}])
    path.write_bytes(path.read_bytes()[:-1])
    store = RowStore(tmp_path / "run.jsonl", path, neighbours=False)
    store.add([ROW])
    assert [row["member"] for row in read_rows(path)] == ["b", "c", "a"]
    assert store.shared.keys() == {"a", "b", "c"}


def test_rows_of_neighbours_count_where_they_are_wanted_and_a_reader_writes_nothing(tmp_path):
    shared = tmp_path / "shared" / "rows.jsonl"
    append_rows(shared.with_name("other.jsonl"), [ROW])
    (shared.parent / "logs.jsonl").write_text("no rows\n" * 1000)
    before = sorted(tmp_path.rglob("*"))
    assert RowStore(tmp_path / "a", shared, neighbours=False).missing(tasks("a")) == tasks("a")
    reader = RowStore(tmp_path / "run.jsonl", shared, read_only=True)
    assert reader.missing(tasks("a")) == reader.damages == []
    assert sorted(tmp_path.rglob("*")) == before


def test_a_row_lost_from_either_file_is_brought_back(tmp_path):
    files = tmp_path / "run.jsonl", tmp_path / "shared.jsonl"
    RowStore(*files).add([ROW])
    for lost in files:
        lost.unlink()
        assert RowStore(*files, neighbours=False).missing(tasks("a")) == []
        assert read_rows(lost) == [ROW]


def test_files_stay_where_they_were_when_the_folder_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    store = RowStore(Path("run.jsonl"), Path("shared.jsonl"))
    monkeypatch.chdir(tmp_path / "other")
    store.add([ROW])
    assert read_rows(tmp_path / "run.jsonl") == read_rows(tmp_path / "shared.jsonl") == [ROW]


@pytest.fixture
def read(monkeypatch):
    """What was read of files, piece by piece."""
    pieces, whole = [], RowReader.read

    def noting(self, content):
        pieces.append(content)
        return whole(self, content)

    monkeypatch.setattr(RowReader, "read", noting)
    return pieces


def test_of_a_file_only_what_was_added_is_read(tmp_path, read):
    path = tmp_path / "rows.jsonl"
    append_rows(path, [{"member": str(number)} for number in range(3000)])
    file = RowFile(path, pytest.fail)
    read.clear()
    for _ in range(1000):
        file.refresh()
    assert read == []
    append_rows(path, [{"member": "new"}])
    file.refresh()
    assert len(file.rows) == 3001
    assert len(b"".join(read)) < 100


def test_lines_keep_their_numbers_and_older_rows_do_not_count_behind_checked_ones(tmp_path):
    path, said = tmp_path / "rows.jsonl", []
    append_rows(path, [ROW])
    file = RowFile(path, said.append)
    with open(path, "a") as added:
        added.write('{"member": "b"}\n{"mem')
    file.refresh()
    assert (file.rows, len(said)) == ({"a": ROW}, 1)
    assert f"{path}: line 2 is damaged" in said[0]
    append_rows(path, [{"member": "c"}])  # in the place of the line that was cut
    file.refresh()
    assert (file.rows.keys(), len(said)) == ({"a", "c"}, 1)


def replaced(path, content):
    path.with_name("new").write_bytes(content)
    os.replace(path.with_name("new"), path)


@pytest.mark.parametrize("change", [Path.write_bytes, replaced])
@pytest.mark.parametrize("names", ["", "a", "d", "abd", "bacd", "xbcdef"])
def test_a_file_that_was_cut_or_replaced_is_read_anew(tmp_path, change, names):
    path = tmp_path / "rows.jsonl"
    append_rows(path, [{"member": name} for name in "abc"])
    file = RowFile(path, pytest.fail)
    append_rows(tmp_path / "other", [{"member": name} for name in names])
    change(path, (tmp_path / "other").read_bytes())
    file.refresh()
    assert list(file.rows) == list(names)
    path.unlink()
    file.refresh()
    assert file.rows == {}


def test_what_another_run_adds_is_seen_and_a_file_that_cannot_be_read_stays_as_it_was(tmp_path):
    shared = tmp_path / "shared.jsonl"
    first, second = (RowStore(tmp_path / name, shared) for name in ("1.jsonl", "2.jsonl"))
    second.add([ROW])
    assert first.missing(tasks("ab")) == tasks("b")
    assert read_rows(tmp_path / "1.jsonl") == [ROW]
    shared.unlink()
    shared.mkdir()
    assert first.missing(tasks("ab")) == tasks("b")
