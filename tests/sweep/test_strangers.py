"""Folders with other people's files, links, records that lie: nothing of theirs is touched."""

import asyncio
import errno
import gc
import hashlib
import json
import os
import shutil

import numpy as np
import pytest
import xarray

from rhythmic import locks
from rhythmic.files import LinkError
from rhythmic.records import append_rows
from rhythmic.sealed import DamagedFileError, read_sealed, write_sealed
from rhythmic.sweep import (
    Grid,
    Output,
    Stages,
    Sweep,
    SweepStorageError,
    dataset,
    linear_axis,
    run_sweep,
    values_axis,
)
from rhythmic.sweep.__main__ import main
from rhythmic.sweep.chunks import ChunkComputer
from rhythmic.sweep.dataset import export, open_sweep
from rhythmic.sweep.layout import DESCRIPTION, LOG, RECORDS, RESULTS, RefusedError
from rhythmic.sweep.store import SweepStore


def make_sweep(num=8, unit=""):
    axis = linear_axis("gain", 0, 4 / 3, num, unit)
    return Sweep("small", lambda gain: {"double": gain * 2}, Grid((axis,)), {"double": Output("")})


def run(folder, sweep=None, **options):
    return run_sweep(sweep or make_sweep(), folder=folder, chunk_points=2, quiet=True, **options)


@pytest.fixture
def folder(tmp_path):
    """A finished run of four chunks."""
    run(tmp_path / "run")
    return tmp_path / "run"


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "name",
    [
        "checkpoints/model.pt",
        "backup.partial/thesis.tex",
        "results.zarr/mine/c/0",
        "chunks/000001.json",
        "sweep.json",
        "provenance.jsonl",
        "log.jsonl",
        "lock",
    ],
)
def test_a_folder_with_files_of_its_own_is_refused_whatever_their_names(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"mine": 1}')
    with pytest.raises(RefusedError, match=f"holds {name.split('/')[0]}, no sweep"):
        run(tmp_path)
    assert contents(tmp_path) == {path: b'{"mine": 1}'}


def test_files_beside_those_of_a_sweep_stay_and_stand_in_nobodys_way(folder):
    mine = [".DS_Store", "slurm-4711.out", "notes.txt", "a.partial", "checkpoints/model.pt"]
    mine += ["results.zarr/mine/c/0", "chunks/mine.json", "chunks/000001.json.old.partial"]
    for name in mine:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")
    SweepStore.open(folder).set_aside(next(SweepStore.open(folder).chunks()))
    np.testing.assert_array_equal(run(folder).arrays["status"], 0)
    assert {(folder / name).read_text() for name in mine} == {"mine"}


def test_strays_among_the_arrays_are_not_looked_at(folder, capsys):
    """Warnings are errors here, those of other threads too."""
    expected = open_sweep(folder).load()
    for name in (".DS_Store", "double/.DS_Store", "mine/c/0", "double/c/mine"):
        (folder / RESULTS / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / RESULTS / name).write_text("mine")
    (folder / RESULTS / "empty").mkdir()
    xarray.testing.assert_identical(open_sweep(folder).load(), expected)
    main(["show", str(folder)])
    gc.collect()
    captured = capsys.readouterr()
    assert captured.out.startswith("small: 4 of 4 chunks, 8 points")
    assert captured.err == ""


def test_what_belongs_to_a_sweep_is_listed_and_nothing_else(folder):
    (folder / RESULTS / "double" / "mine").write_text("mine")
    files = SweepStore.open(folder).zarr_files

    async def listed(keys):
        return [key async for key in keys]

    assert asyncio.run(listed(files.list_dir(""))) == ["double", "gain", "status", "zarr.json"]
    assert asyncio.run(listed(files.list_dir("gain/"))) == ["c", "zarr.json"]
    assert asyncio.run(listed(files.list_prefix("double"))) == ["double/zarr.json"]
    assert len(asyncio.run(listed(files.list()))) == 5


def test_a_new_sweep_may_begin_beside_strays(tmp_path):
    for name in (".DS_Store", "slurm-4711.out"):
        (tmp_path / name).write_text("x")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    assert run(tmp_path).arrays["status"].tolist() == [0] * 8


@pytest.mark.parametrize(
    "name", ["lock", "results.zarr", "chunks", "checkpoints", "sweep.json", "log.jsonl", "damaged"]
)
def test_links_are_refused_and_what_they_lead_to_stays(folder, tmp_path, name):
    theirs = tmp_path / "theirs"
    if (folder / name).is_dir():
        shutil.copytree(folder / name, theirs)
        shutil.rmtree(folder / name)
    else:
        theirs.write_text("theirs\n")
        (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(theirs)
    before = contents(tmp_path)
    for call in (lambda: run(folder), lambda: open_sweep(folder)):
        with pytest.raises(LinkError, match=f"{name} is a symbolic link to .*holds no links"):
            call()
    assert contents(tmp_path) == before


def test_no_chunk_is_written_or_read_through_a_link(folder, tmp_path):
    theirs = tmp_path / "theirs"
    shutil.copytree(folder / RESULTS / "double" / "c", theirs)
    shutil.rmtree(folder / RESULTS / "double" / "c")
    (folder / RESULTS / "double" / "c").symlink_to(theirs)
    SweepStore.open(folder).record_path(next(SweepStore.open(folder).chunks())).unlink()
    before = contents(theirs)
    with pytest.raises(LinkError, match="c is a symbolic link"):
        run(folder)
    assert contents(theirs) == before
    one = folder / RESULTS / "status" / "c" / "3"
    one.rename(tmp_path / "one")
    one.symlink_to(tmp_path / "one")
    assert any("symbolic link" in str(damage) for _, damage in SweepStore.open(folder).damages())
    with pytest.raises(DamagedFileError, match="status/c/3 is missing"):
        open_sweep(folder)


def test_every_flipped_byte_of_a_result_is_found_where_it_is_read(folder):
    expected = open_sweep(folder)["double"].values
    path = folder / RESULTS / "double" / "c" / "1"
    content = path.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 4
        path.write_bytes(changed)
        with pytest.raises(DamagedFileError, match=f"{path} is damaged; the call that made"):
            open_sweep(folder)["double"].load()
        with pytest.raises(DamagedFileError, match=str(path)):
            _ = SweepStore.open(folder).arrays["double"][...]
    dataset = open_sweep(folder)
    assert np.isfinite(dataset["status"].values).all()
    path.write_bytes(content)
    np.testing.assert_array_equal(dataset["double"].values, expected)


def test_records_without_a_crc_are_checked_by_their_sha256(folder):
    for path in (folder / RECORDS).iterdir():
        record = read_sealed(path)
        del record["crc32c"]
        write_sealed(path, record)
    expected = open_sweep(folder)["double"].values
    np.testing.assert_allclose(expected, np.linspace(0, 8 / 3, 8), rtol=1e-6)
    (folder / RESULTS / "double" / "c" / "2").write_bytes(b"other")
    with pytest.raises(DamagedFileError, match="double/c/2 is damaged"):
        open_sweep(folder).load()


def test_what_stands_in_the_files_of_an_unfinished_chunk_is_not_read(folder):
    store = SweepStore.open(folder)
    store.record_path(next(store.chunks())).unlink()
    dataset = open_sweep(folder)
    assert dataset["status"].values.tolist() == [-1, -1] + [0] * 6
    assert np.isnan(dataset["double"].values[:2]).all()
    assert dataset.attrs["finished_chunks"] == 3


def test_a_record_of_another_chunk_is_damage(folder):
    third = folder / RECORDS / "000003.json"
    third.write_bytes((folder / RECORDS / "000000.json").read_bytes())
    shutil.rmtree(folder / RESULTS / "double" / "c" / "3", ignore_errors=True)
    found = [str(damage) for _, damage in SweepStore.open(folder).damages()]
    assert found == [f"{third}: damaged: it belongs to another chunk or sweep"]
    np.testing.assert_allclose(run(folder).arrays["double"], np.linspace(0, 8 / 3, 8), rtol=1e-6)
    assert not list(SweepStore.open(folder).damages())


@pytest.mark.parametrize(
    ("old", "new"), [('"last": 1.333', '"last": 1e3333'), ('"points": 2', '"points": 1e999')]
)
def test_a_number_that_became_infinite_is_damage_like_any_other(folder, old, new):
    for path in (folder / DESCRIPTION, folder / RECORDS / "000001.json"):
        text = path.read_text()
        path.write_text(text.replace(old, new))
    np.testing.assert_allclose(run(folder).arrays["double"], np.linspace(0, 8 / 3, 8), rtol=1e-6)
    run(folder)
    assert not list(SweepStore.open(folder).damages())


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
    assert store.num_chunks == 2**31
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
        {"crc32c": 5},
        {"crc32c": {"results.zarr/double/c/1": 5}},
        {"crc32c": {"results.zarr/double/c/1": "5", "results.zarr/status/c/1": 1}},
        {"files": {"results.zarr/double/c/1": 5, "results.zarr/status/c/1": 6}},
        {"files": 5},
        {"points": ABSENT},
        {"points": 10**9},
        {"points": True},
        {"not_finite": "none"},
        {"not_finite": 3},
        {"made": ABSENT},
        {"made": []},
        {"made": {"environment": 1}},
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
    assert "chunk 1 is set aside and computed again" in capsys.readouterr().err
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


def test_attributes_of_a_store_change_no_number(folder):
    expected = open_sweep(folder)["double"].values
    path = folder / RESULTS / "double" / "zarr.json"
    about = json.loads(path.read_text())
    about["attributes"] |= {"scale_factor": 10.0, "add_offset": 1.0}
    path.write_text(json.dumps(about))
    description = read_sealed(folder / DESCRIPTION)
    with pytest.raises(DamagedFileError, match=r"zarr\.json"):
        open_sweep(folder)
    description["files"]["results.zarr/double/zarr.json"] = hashlib.sha256(
        path.read_bytes()
    ).hexdigest()
    write_sealed(folder / DESCRIPTION, description)
    np.testing.assert_array_equal(open_sweep(folder)["double"].values, expected)


def test_a_result_without_unit_or_meaning_has_no_empty_label(folder):
    assert open_sweep(folder)["double"].attrs == {}
    assert open_sweep(folder)["gain"].attrs == {}


def test_a_folder_that_is_removed_while_a_sweep_runs_ends_it_at_once(tmp_path, monkeypatch):
    begun = []
    started, kept = ChunkComputer.started, ChunkComputer.keep_state

    def remove(self, chunk):
        begun.append(chunk.number)
        if chunk.number == 1:
            shutil.rmtree(tmp_path / "run")
        return started(self, chunk)

    monkeypatch.setattr(ChunkComputer, "started", remove)
    with pytest.raises(SweepStorageError, match="was removed while the sweep was running"):
        run(tmp_path / "run")
    assert begun == [0, 1]
    assert not (tmp_path / "run").exists()

    def remove_too(self, path, state, done):
        shutil.rmtree(tmp_path / "run")
        kept(self, path, state, done)

    monkeypatch.setattr(ChunkComputer, "keep_state", remove_too)
    stages = Stages(lambda x: x, lambda state: state + 1, lambda state: {"y": state}, 3)
    design = Grid((values_axis("x", [1.0, 2.0], ""),))
    with pytest.raises(SweepStorageError, match="was removed while the sweep was running"):
        run(tmp_path / "run", Sweep("staged", stages, design, {"y": Output("")}))
    assert not (tmp_path / "run").exists()


def test_a_relative_folder_is_found_after_a_change_of_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("run")
    monkeypatch.chdir("/")
    assert result.folder == tmp_path / "run"
    assert result.arrays["status"].tolist() == result.dataset()["status"].values.tolist()


def test_a_path_through_what_is_not_there_does_not_enter_another_folder(tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.tex").write_text("theirs")
    with pytest.raises(RefusedError, match=r"holds thesis\.tex"):
        run(tmp_path / "absent" / ".." / "theirs")
    assert not (tmp_path / "absent").exists()


def test_writers_that_do_not_see_each_other_leave_a_whole_folder(tmp_path, monkeypatch, capsys):
    """Two writers whose file system has no locks: each opens while the other lays out."""

    def refuse(handle, operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    lay_out, nested = SweepStore.lay_out, []

    def other_first(self, layout):
        if not nested:
            nested.append(True)
            run(tmp_path / "run")
        lay_out(self, layout)

    monkeypatch.setattr(SweepStore, "lay_out", other_first)
    result = run_sweep(make_sweep(), folder=tmp_path / "run", chunk_points=2)
    assert capsys.readouterr().err.count("its file system has no locks") == 1
    assert not list(SweepStore.open(tmp_path / "run").damages())
    np.testing.assert_array_equal(result.dataset()["gain"], make_sweep().columns[0].values)
    (tmp_path / "run" / RESULTS / "gain" / "c" / "0").unlink()
    assert [str(d.path.name) for _, d in SweepStore.open(tmp_path / "run").damages()] == ["0"]
    run(tmp_path / "run")
    assert not list(SweepStore.open(tmp_path / "run").damages())
