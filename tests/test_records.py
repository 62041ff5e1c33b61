"""Rows, tables and run folders: what survives a kill, what is refused, what JSON keeps."""

import csv
import dataclasses
import json
import os
import subprocess
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.files import LinkError
from rhythmic.provenance import git_revision, provenance
from rhythmic.records import (
    RunFolderError,
    append_rows,
    fingerprint,
    holds_rows,
    open_run_folder,
    plain,
    read_configuration,
    read_rows,
    read_sealed_rows,
    write_json,
    write_table,
)
from rhythmic.sealed import DamagedFileError


@dataclasses.dataclass(frozen=True)
class Inner:
    rates: tuple[float, ...] = (0.1, float("inf"))


@dataclasses.dataclass(frozen=True)
class Recipe:
    name: str = "golden"
    epochs: int = 3
    folder: Path = Path("a") / "b"
    inner: Inner = Inner()


def test_plain_of_what_a_run_holds():
    found = plain(
        {
            "recipe": Recipe(),
            "numbers": np.array([[1.5, np.nan], [-np.inf, 0.0]]),
            "jax": jnp.arange(3),
            "scalar": np.float32(0.1),
            "zero_dimensional": np.array(np.nan),
            "flag": np.bool_(True),
            "count": np.int64(7),
            "none": None,
            "text": "x",
            3: (1, 2.0),
        }
    )
    assert found == {
        "recipe": {
            "name": "golden",
            "epochs": 3,
            "folder": str(Path("a") / "b"),
            "inner": {"rates": [0.1, None]},
        },
        "numbers": [[1.5, None], [None, 0.0]],
        "jax": [0, 1, 2],
        "scalar": 0.100000001,
        "zero_dimensional": None,
        "flag": True,
        "count": 7,
        "none": None,
        "text": "x",
        "3": [1, 2.0],
    }
    assert found["flag"] is True
    assert isinstance(found["count"], int)
    json.dumps(found, allow_nan=False)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(value=st.floats(width=32))
def test_every_float32_survives_json(value):
    array = np.array([value], np.float32)
    (text,) = json.loads(json.dumps(plain(array), allow_nan=False))
    if np.isfinite(value):
        assert np.float32(text).tobytes() == array.tobytes()
    else:
        assert text is None


def test_fingerprint_is_of_the_content():
    first = fingerprint({"a": 1, "b": (1.0, 2.0)})
    assert len(first) == 16
    assert int(first, 16) >= 0
    assert fingerprint({"b": [1.0, 2.0], "a": 1}) == first
    assert fingerprint(Recipe()) == fingerprint(dataclasses.asdict(Recipe()))
    assert fingerprint({"a": 1, "b": (2.0, 1.0)}) != first
    assert fingerprint(Recipe(epochs=4)) != fingerprint(Recipe())


def test_rows_are_read_as_they_were_appended(tmp_path):
    path = tmp_path / "deep" / "rows.jsonl"
    assert read_rows(path) == []
    append_rows(
        path, [{"seed": 1, "loss": np.float32(0.5)}, {"seed": 2, "text": "line\nbreak \u2028"}]
    )
    append_rows(path, [])
    append_rows(path, [{"seed": 3, "loss": float("nan")}])
    assert read_rows(path) == [
        {"seed": 1, "loss": 0.5},
        {"seed": 2, "text": "line\nbreak \u2028"},
        {"seed": 3, "loss": None},
    ]
    assert path.read_bytes().count(b"\n") == 3


def test_rows_survive_a_cut_at_every_byte(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [{"seed": 1, "text": "é"}, {"seed": 22}, {"seed": 333, "loss": 0.25}]
    append_rows(path, rows)
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        # A row counts without its line break too.
        kept = [row for row, end in zip(rows, ends, strict=True) if end - 1 <= cut]
        assert read_rows(path) == kept
        append_rows(path, [{"seed": 4}])
        assert read_rows(path) == [*kept, {"seed": 4}]
        assert path.read_bytes().count(b"\n") == len(kept) + 1


def test_a_changed_byte_of_a_row_is_named_and_no_other_row_is_lost(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [{"member": "a", "accuracy": 0.75}, {"member": "b", "accuracy": 0.5}]
    for count in (1, 2):
        path.unlink(missing_ok=True)
        append_rows(path, rows[:count])
        whole = path.read_bytes()
        for place in range(len(whole)):
            for bit in (1, 4, 64):
                changed = bytearray(whole)
                changed[place] ^= bit
                path.write_bytes(changed)
                told = []
                found = read_sealed_rows(path, told.append)
                assert all(row in rows for row in found), (place, bit)
                assert told or found == rows[:count], (place, bit)
                assert all(f"{path}: line " in line for line in told)
        path.write_bytes(whole.replace(b"0.75", b"0.95"))
        with pytest.raises(DamagedFileError, match=f"{path}: line 1"):
            read_rows(path)


@pytest.mark.parametrize(
    "line",
    ["[1, 2]", '"text"', "[" * 100_000, '{"member": 1e999, "seal": "x"}', "\x00", "nonsense"],
)
def test_a_line_that_is_no_row_is_named_and_left_out(tmp_path, line):
    path = tmp_path / "rows.jsonl"
    append_rows(path, [{"member": "a"}])
    with open(path, "a") as file:
        file.write(line + "\n")
    append_rows(path, [{"member": "b"}])
    told = []
    assert read_sealed_rows(path, told.append) == [{"member": "a"}, {"member": "b"}]
    assert told == [f"{path}: line 2 is damaged; it is left out, and computed again if wanted"]


def test_rows_of_older_versions_have_no_checksum_and_still_count(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"member": "a", "x": 1}\n{"member": "b", "x": 2}')
    old = [{"member": "a", "x": 1}, {"member": "b", "x": 2}]
    assert read_rows(path) == old
    append_rows(path, [{"member": "c", "x": 3}])
    assert read_rows(path) == [*old, {"member": "c", "x": 3}]
    with open(path, "a") as file:
        file.write('{"member": "d", "x": 4}\n')
    with pytest.raises(DamagedFileError, match="line 4 is damaged"):
        read_rows(path)


@pytest.mark.parametrize("content", ["[1, 2]", "\x01" * 50, "text\n\nmore", '{\n  "a": 1\n}'])
def test_appending_takes_nothing_from_a_file_of_another_kind(tmp_path, content):
    path = tmp_path / "mine"
    path.write_text(content)
    assert not holds_rows(path, "seed")
    append_rows(path, [{"seed": 1}])
    assert path.read_text().startswith(content + "\n")


def test_links_and_folders_are_no_files_of_rows(tmp_path):
    mine = tmp_path / "mine.jsonl"
    mine.write_text("mine\n")
    (tmp_path / "link.jsonl").symlink_to(mine)
    (tmp_path / "folder.jsonl").mkdir()
    os.mkfifo(tmp_path / "pipe.jsonl")
    for name in ("link", "folder", "pipe"):
        path = tmp_path / f"{name}.jsonl"
        with pytest.raises(LinkError, match=f"{name}.jsonl is .*; it must be a plain file"):
            append_rows(path, [{"seed": 1}])
        with pytest.raises(DamagedFileError, match="must be a plain file"):
            read_rows(path)
        assert not holds_rows(path, "seed")
    assert mine.read_text() == "mine\n"


def test_json_is_replaced_whole(tmp_path, monkeypatch):
    path = tmp_path / "value.json"
    write_json(path, {"a": 1})
    with monkeypatch.context() as patched:
        patched.setattr("os.replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            write_json(path, {"a": 2})
    assert json.loads(path.read_text()) == {"a": 1}
    write_json(path, {"a": 3})
    assert json.loads(path.read_text()) == {"a": 3}
    assert [file.name for file in tmp_path.iterdir()] == ["value.json"]


def test_a_table_reads_back_by_csv(tmp_path):
    path = tmp_path / "table.csv"
    write_table(
        path,
        [
            {"name": 'a "b", c', "loss": np.float32(0.1)},
            {"name": "two\nlines", "seed": 3, "loss": np.nan},
        ],
    )
    with open(path, newline="") as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == ["name", "loss", "seed"]
    assert found == [
        {"name": 'a "b", c', "loss": "0.100000001", "seed": ""},
        {"name": "two\nlines", "loss": "", "seed": "3"},
    ]
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]


def test_a_run_folder_opens_again_for_the_same_configuration_alone(tmp_path):
    folder = tmp_path / "runs" / "one"
    assert open_run_folder(folder, Recipe()) == folder
    append_rows(folder / "rows.jsonl", [{"seed": 1}])
    open_run_folder(folder, Recipe())
    assert read_configuration(folder) == plain(Recipe())
    assert read_rows(folder / "rows.jsonl") == [{"seed": 1}]
    assert len(read_rows(folder / "provenance.jsonl")) == 2
    with pytest.raises(RunFolderError, match=r"different: epochs, name\)") as caught:
        open_run_folder(folder, Recipe(name="log", epochs=5))
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)
    with pytest.raises(RunFolderError, match=r"different: extra\)"):
        open_run_folder(folder, plain(Recipe()) | {"extra": 1})
    assert len(read_rows(folder / "provenance.jsonl")) == 2
    assert read_configuration(folder) == plain(Recipe())


def test_a_folder_with_a_lock_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "lock").write_text("keys of the flat")
    with pytest.raises(RunFolderError, match="exists and is no run folder"):
        open_run_folder(tmp_path, Recipe())
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    (tmp_path / "lock").write_text("process 3 on host\n")
    open_run_folder(tmp_path, Recipe())


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunFolderError, match="is no run folder") as caught:
        open_run_folder(tmp_path, Recipe())
    assert str(tmp_path) in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_kill_while_the_configuration_is_written_leaves_a_folder_that_opens(
    tmp_path, monkeypatch
):
    folder = tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr("os.replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            open_run_folder(folder, Recipe())
    open_run_folder(folder, Recipe())
    assert read_configuration(folder) == plain(Recipe())


@pytest.mark.parametrize("content", [b"", b"{", b'{"name": "log"', None])
def test_a_damaged_configuration_of_a_run_folder_is_named_and_written_again(tmp_path, content):
    folder = tmp_path / "run"
    open_run_folder(folder, Recipe())
    path = folder / "configuration.json"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"epochs"', b'"epoch5"') if content is None else content)
    told = []
    open_run_folder(folder, Recipe(), tell=told.append)
    assert path.read_bytes() == whole
    (line,) = told
    assert str(path) in line
    assert "written again" in line


def test_somebody_elses_configuration_is_left_where_it_is(tmp_path):
    for content in ("learning_rate: 0.1\n", '{"learning_rate": 0.1}'):
        (tmp_path / "configuration.json").write_text(content)
        with pytest.raises(RunFolderError, match="run_dir"):
            open_run_folder(tmp_path, Recipe())
        assert (tmp_path / "configuration.json").read_text() == content
        assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("beside", ["thesis.tex", "provenance.jsonl"])
def test_an_empty_configuration_beside_files_of_others_lets_nobody_in(tmp_path, beside):
    (tmp_path / "configuration.json").write_bytes(b"")
    (tmp_path / beside).write_text("mine\n")
    with pytest.raises(RunFolderError, match="is no run folder"):
        open_run_folder(tmp_path, Recipe())
    assert sorted(os.listdir(tmp_path)) == sorted(["configuration.json", beside])
    assert (tmp_path / "configuration.json").read_bytes() == b""
    assert (tmp_path / beside).read_text() == "mine\n"


@pytest.mark.parametrize("beside", [(), ("provenance.jsonl",), ("lock",)])
def test_a_folder_of_empty_files_of_ours_is_begun_anew(tmp_path, beside):
    for name in ("configuration.json", *beside):
        (tmp_path / name).write_bytes(b"")
    open_run_folder(tmp_path, Recipe())
    assert read_configuration(tmp_path) == plain(Recipe())
    assert len(read_rows(tmp_path / "provenance.jsonl")) == 1


def test_links_in_a_run_folder_are_refused(tmp_path):
    mine = tmp_path / "mine"
    mine.write_text("mine")
    for name in ("configuration.json", "provenance.jsonl", "damaged"):
        folder = tmp_path / f"with {name}"
        folder.mkdir()
        (folder / name).symlink_to(mine)
        with pytest.raises(LinkError, match=name):
            open_run_folder(folder, Recipe())
    assert mine.read_text() == "mine"


def test_provenance_says_what_ran_where():
    record = provenance()
    assert set(record) == {"git", "versions", "device", "platform", "command", "started"}
    assert record["versions"]["numpy"] == np.__version__
    assert len(record["git"].removesuffix("+changes")) == 40 or record["git"] == "unknown"
    assert "/" not in record["command"][0]
    json.dumps(record)


def test_the_commit_of_a_repository_that_does_not_track_this_file_is_not_named(
    tmp_path, monkeypatch
):
    site = tmp_path / ".venv" / "rhythmic"
    site.mkdir(parents=True)
    (site / "provenance.py").write_text("")
    (tmp_path / "mine.py").write_text("")

    def git(*arguments):
        command = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True)

    git("init", "-q")
    git("add", "mine.py")
    git("commit", "-qm", "mine")
    monkeypatch.setattr("rhythmic.provenance.__file__", str(site / "provenance.py"))
    assert git_revision() == "unknown"
    git("add", ".venv")
    git("commit", "-qm", "with rhythmic in it")
    commit = git("rev-parse", "HEAD").stdout.strip()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert git_revision() == commit
