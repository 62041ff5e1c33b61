"""Sealed files that lie: a seal tells that bytes are whole, and anyone can write one."""

import hashlib
import json

import numpy as np
import pytest

from rhythmic.records import append_rows
from rhythmic.sealed import DamagedFileError, read_sealed, write_sealed
from rhythmic.sweep import dataset, run_sweep
from rhythmic.sweep.__main__ import main
from rhythmic.sweep.dataset import export, open_sweep
from rhythmic.sweep.plan import DESCRIPTION, LOG, RECORDS, RESULTS
from rhythmic.sweep.store import SweepStore
from tests.sweep.small import make_sweep, run

pytestmark = pytest.mark.usefixtures("blocks_of_one_chunk")


@pytest.fixture
def folder(tmp_path):
    """A finished run of four chunks."""
    run(tmp_path / "run")
    return tmp_path / "run"


def asked_with(column):
    return {"sweep": "small", "design": [{"dimension": "gain", "columns": [column]}]}


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [10**9, 8]},
        {"shape": [0]},
        {"shape": ["x"]},
        {"shape": [1] * 65, "results": {"double": 65, "status": 65}},
        {"results": {"../../theirs": 1}},
        {"results": {"double": 10**6, "status": 1}},
        {"results": {"double": 0, "status": 1}},
        {"asked": {}},
        {"axes": 3},
        {"axes": [3]},
        {"asked": {"sweep": "small", "design": []}},
        {"asked": asked_with({"name": "/etc", "dtype": "int32"})},
        {"asked": asked_with({"name": "gain", "dtype": 5})},
        {"asked": asked_with({"name": "gain"})},
        {"files": {"../theirs": "0" * 64}},
        {"files": {"/etc/passwd": "0" * 64}},
        {"plan": {"split_axis": 0, "rows_per_chunk": 0, "rows_per_device": 1, "rows_at_once": 1}},
    ],
)
def test_a_small_file_that_describes_too_much_is_refused(folder, change):
    write_sealed(folder / DESCRIPTION, read_sealed(folder / DESCRIPTION) | change)
    with pytest.raises(DamagedFileError, match="does not describe a sweep"):
        SweepStore.open(folder)


def test_a_sweep_of_many_chunks_is_looked_at_by_the_records_there_are(folder):
    description = read_sealed(folder / DESCRIPTION)
    write_sealed(folder / DESCRIPTION, description | {"shape": [2**32 - 1]})
    store = SweepStore.open(folder)
    assert store.layout.num_chunks == 2**31
    assert len(list(store.finished())) == 4
    assert {str(damage.path.name) for _, damage in store.damages()} == {"zarr.json"}


def test_export_takes_one_chunk_after_the_other(folder, tmp_path, monkeypatch):
    taken, region_of = [], dataset.region

    class StoppedError(Exception):
        pass

    def noted(store, chunk):
        taken.append(chunk.number)
        return region_of(store, chunk)

    def stop(part):
        raise StoppedError

    monkeypatch.setattr(dataset, "region", noted)
    monkeypatch.setattr(dataset, "table", stop)
    for ending in ("csv", "parquet"):
        with pytest.raises(StoppedError):
            export([folder], tmp_path / f"table.{ending}")
    assert taken == [0, 0]


def change_metadata(folder, name, change):
    """Change what the metadata of an array say, and seal the description that names them."""
    path = folder / RESULTS / name / "zarr.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    description = read_sealed(folder / DESCRIPTION)
    description["files"][f"{RESULTS}/{name}/zarr.json"] = hashlib.sha256(
        path.read_bytes()
    ).hexdigest()
    write_sealed(folder / DESCRIPTION, description)
    return path


def grid(*lengths):
    return {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(lengths)}}}


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("double", {"shape": [2**32]}, "its shape"),
        ("double", {"shape": [8, 10**12]}, "it describes no array of a sweep"),
        ("double", {"shape": [8, 3]} | grid(2, 3), "its shape"),
        ("double", {"shape": ["8"]}, "it describes no array of a sweep"),
        ("double", {"shape": 8}, "it describes no array"),
        ("double", grid(8), "its chunks"),
        ("double", {"data_type": "string"}, "it describes no array"),
        ("double", {"data_type": {"name": "struct"}}, "its data type"),
        ("status", {"data_type": "float64"}, "its data type"),
        ("gain", {"shape": [9]} | grid(9), "its shape"),
        ("gain", {"data_type": "int32"}, "its data type"),
    ],
)
def test_metadata_that_are_not_those_of_the_sweep_are_damage(folder, name, change, fault):
    path = change_metadata(folder, name, change)
    store = SweepStore.open(folder)
    assert next(str(d) for _, d in store.damages()).startswith(f"{path}: {fault}")
    for call in (lambda: open_sweep(folder), lambda: store.arrays):
        with pytest.raises(DamagedFileError, match=f"{path}: {fault}.*writes it again"):
            call()
    np.testing.assert_allclose(run(folder).arrays["double"], np.linspace(0, 8 / 3, 8), rtol=1e-6)
    assert not list(SweepStore.open(folder).damages())


def test_a_description_that_counts_axes_otherwise_is_written_again(folder):
    before = read_sealed(folder / DESCRIPTION)
    write_sealed(folder / DESCRIPTION, before | {"results": {"double": 3, "status": 1}})
    with pytest.raises(DamagedFileError, match="its shape is not that of the sweep"):
        open_sweep(folder)
    run(folder)
    assert read_sealed(folder / DESCRIPTION) == before
    assert not list(SweepStore.open(folder).damages())


def test_an_array_that_the_description_does_not_name_is_damage(folder):
    description = read_sealed(folder / DESCRIPTION)
    del description["files"]["results.zarr/double/zarr.json"]
    write_sealed(folder / DESCRIPTION, description)
    with pytest.raises(DamagedFileError, match="the description does not name it"):
        open_sweep(folder)
    run(folder)
    assert not list(SweepStore.open(folder).damages())


ABSENT = "absent"


@pytest.mark.parametrize(
    "change",
    [
        {"files": {"results.zarr/double/c/1": 5}},
        {"files": {"results.zarr/double/c/1": "5", "results.zarr/status/c/1": 1}},
        {"files": 5},
        {"points": ABSENT},
        {"points": 10**9},
        {"points": True},
        {"not_finite": "none"},
        {"not_finite": 3},
        {"made": ABSENT},
        {"made": []},
        {"made": [{"environment": 1}]},
    ],
    ids=str,
)
def test_a_sealed_record_that_lies_is_damage_and_its_chunk_is_computed_again(
    folder, change, capsys
):
    path = folder / RECORDS / "000001.json"
    expected = path.read_bytes()
    record = read_sealed(path) | change
    write_sealed(path, {name: value for name, value in record.items() if value is not ABSENT})
    store = SweepStore.open(folder)
    assert [chunk.number for chunk, _ in store.finished()] == [0, 2, 3]
    ((chunk, damage),) = store.damages()
    assert (chunk.number, damage.path) == (1, path)
    with pytest.raises(DamagedFileError, match=f"{path} is damaged: it"):
        open_sweep(folder)["double"].load()
    with pytest.raises(DamagedFileError, match=f"{path} is damaged: it"):
        _ = store.arrays["double"][...]
    main(["show", str(folder)])
    assert capsys.readouterr().out.startswith("small: 3 of 4 chunks, 6 points")
    run_sweep(make_sweep(), folder=folder, chunk_points=2)
    assert "block 1 is set aside and computed again" in capsys.readouterr().err
    assert path.read_bytes() == expected


@pytest.mark.parametrize(
    "change",
    [
        {"plan": {"split_axis": 5, "rows_per_chunk": 1, "rows_per_device": 1, "rows_at_once": 1}},
        {"plan": {"split_axis": 0, "rows_per_chunk": 0, "rows_per_device": 1, "rows_at_once": 1}},
        {"plan": 3},
        {"made": {"environment": 1}},
    ],
)
def test_a_lost_description_is_not_taken_from_a_record_that_lies(folder, change):
    expected = (folder / DESCRIPTION).read_bytes()
    (folder / DESCRIPTION).unlink()
    path = folder / RECORDS / "000000.json"
    write_sealed(path, read_sealed(path) | change)
    run(folder)
    assert (folder / DESCRIPTION).read_bytes() == expected
    assert not list(SweepStore.open(folder).damages())


@pytest.mark.parametrize("row", [{"chunk": 1}, {"process": 1, "host": "a", "seconds": "x"}])
def test_rows_of_a_log_that_say_nothing_are_left_out(folder, row, capsys):
    append_rows(folder / LOG, [row])
    main(["show", str(folder)])
    assert "nothing left at that pace" in capsys.readouterr().out
    (folder / LOG).unlink()
    append_rows(folder / LOG, [row])
    main(["show", str(folder)])
    assert "no chunk is in the log yet" in capsys.readouterr().out
