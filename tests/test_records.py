"""Rows, tables and run folders: what survives a kill, what is refused, what JSON keeps."""

import csv
import dataclasses
import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.records import (
    RunFolderError,
    append_rows,
    fingerprint,
    open_run_folder,
    plain,
    provenance,
    read_rows,
    write_json,
    write_table,
)


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
        kept = [row for row, end in zip(rows, ends, strict=True) if end <= cut]
        assert read_rows(path) == kept
        append_rows(path, [{"seed": 4}])
        assert read_rows(path) == [*kept, {"seed": 4}]
        lines = path.read_text().splitlines()
        assert [json.loads(line) for line in lines] == [*kept, {"seed": 4}]


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
    assert json.loads((folder / "configuration.json").read_text()) == plain(Recipe())
    assert read_rows(folder / "rows.jsonl") == [{"seed": 1}]
    assert len(read_rows(folder / "provenance.jsonl")) == 2
    with pytest.raises(RunFolderError, match=r"different: epochs, name\)") as caught:
        open_run_folder(folder, Recipe(name="log", epochs=5))
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)
    with pytest.raises(RunFolderError, match=r"different: extra\)"):
        open_run_folder(folder, plain(Recipe()) | {"extra": 1})
    assert len(read_rows(folder / "provenance.jsonl")) == 2
    assert json.loads((folder / "configuration.json").read_text()) == plain(Recipe())


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunFolderError, match="is no run folder") as caught:
        open_run_folder(tmp_path, Recipe())
    assert str(tmp_path) in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_may_be_used(tmp_path):
    open_run_folder(tmp_path, Recipe())
    assert (tmp_path / "configuration.json").exists()


def test_a_kill_while_the_configuration_is_written_leaves_a_folder_that_opens(
    tmp_path, monkeypatch
):
    folder = tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr("os.replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            open_run_folder(folder, Recipe())
    open_run_folder(folder, Recipe())
    assert json.loads((folder / "configuration.json").read_text()) == plain(Recipe())


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(RunFolderError, match="run_dir"):
        open_run_folder(tmp_path / "run", Recipe())


def test_provenance_says_what_ran_where():
    record = provenance()
    assert set(record) == {"git", "versions", "device", "platform", "command", "started"}
    assert record["versions"]["numpy"] == np.__version__
    assert len(record["git"].removesuffix("+changes")) == 40 or record["git"] == "unknown"
    assert "/" not in record["command"][0]
    json.dumps(record)
