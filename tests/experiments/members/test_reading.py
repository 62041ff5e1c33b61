"""Rows are read in one way; results files of another kind are refused, and stay as they are."""

import json
from pathlib import Path

import pytest

from experiments.members import MemberStore
from experiments.members.store import MOST_TOLD, check_results, read_members
from rhythmic.records import append_rows, read_rows

ROW = {"member": "a", "test_accuracy": 0.5}


@pytest.mark.parametrize("line", ["[1, 2]", '"abc"', '{"x": 1}', '{"member": [1]}', "[" * 100_000])
def test_a_line_that_is_no_row_is_named_and_left_out(tmp_path, line):
    path, said = tmp_path / "rows.jsonl", []
    path.write_text(json.dumps(ROW) + "\n" + (line + "\n") * 20)
    assert read_members(path, said.append) == {"a": ROW}
    assert len(said) == MOST_TOLD + 1
    assert all(one.startswith(f"{path}: ") and "left out" in one for one in said)
    assert "\n" not in "".join(said)


@pytest.mark.parametrize("content", [b'[{"accuracy": 0.9}]', b"\1" * 500, b'{"text": "mine"}\n'])
def test_a_file_of_another_kind_is_refused_and_untouched(tmp_path, capsys, content):
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="something else than rows of networks"):
        check_results(path)
    store = MemberStore(tmp_path / "run.jsonl", path, neighbours=False)
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
    append_rows(path, [ROW])
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.7"))
    store = MemberStore(tmp_path / "run.jsonl", path, neighbours=False)
    assert store.shared == {}
    assert f"{path}: line 1 is damaged; it is left out" in capsys.readouterr().err
    store.add([ROW])
    assert MemberStore(tmp_path / "other.jsonl", path).shared == {"a": ROW}


def test_rows_of_another_kind_are_no_results(tmp_path):
    path = tmp_path / "timings.jsonl"
    append_rows(path, [{"label": "a", "seconds": 1.0}])
    with pytest.raises(ValueError, match="something else than rows of networks"):
        check_results(path)


def test_good_rows_without_a_last_line_break_are_kept(tmp_path):
    path = tmp_path / "rows.jsonl"
    append_rows(path, [{"member": "b", "x": 1}, {"member": "c", "x": 2}])
    path.write_bytes(path.read_bytes()[:-1])
    store = MemberStore(tmp_path / "run.jsonl", path, neighbours=False)
    store.add([ROW])
    assert [row["member"] for row in read_rows(path)] == ["b", "c", "a"]


def test_files_of_others_beside_the_results_are_passed_over(tmp_path, capsys):
    shared = tmp_path / "shared" / "rows.jsonl"
    append_rows(shared, [ROW])
    (shared.parent / "logs.jsonl").write_text("no rows\n" * 1000)
    append_rows(shared.parent / "other.jsonl", [{"member": "b"}])
    store = MemberStore(tmp_path / "run.jsonl", shared)
    assert store.shared.keys() == {"a", "b"}
    assert capsys.readouterr().err == ""


def test_files_stay_where_they_were_when_the_folder_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    store = MemberStore(Path("run.jsonl"), Path("shared.jsonl"))
    monkeypatch.chdir(tmp_path / "other")
    store.add([ROW])
    assert read_rows(tmp_path / "run.jsonl") == read_rows(tmp_path / "shared.jsonl") == [ROW]
