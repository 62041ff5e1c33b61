"""Folders with other people's files, links, records that lie: nothing of theirs is touched."""

import errno
import gc
import os
import shutil

import numpy as np
import pytest
import xarray
from xarray.plot.utils import label_from_attrs

from rhythmic import locks
from rhythmic.files import LinkError
from rhythmic.sealed import DamagedFileError
from rhythmic.sweep import Grid, Output, Stages, Sweep, SweepStorageError, run_sweep, values_axis
from rhythmic.sweep.__main__ import main
from rhythmic.sweep.chunks import ChunkComputer
from rhythmic.sweep.dataset import open_sweep
from rhythmic.sweep.plan import RECORDS, RESULTS, RefusedError
from rhythmic.sweep.store import SweepStore
from tests.sweep.small import make_sweep, run

pytestmark = pytest.mark.usefixtures("blocks_of_one_chunk")


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
        "thesis.tex",
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


def test_files_beside_those_of_a_sweep_stay_and_stand_in_nobodys_way(folder, capsys):
    """Warnings are errors here, those of other threads too."""
    expected = open_sweep(folder).load()
    mine = [".DS_Store", "slurm-4711.out", "notes.txt", "a.partial", "checkpoints/model.pt"]
    mine += ["results.zarr/mine/c/0", "chunks/mine.json", "chunks/000001.json.old.partial"]
    mine += [f"results.zarr/{name}" for name in (".DS_Store", "double/.DS_Store", "double/c/mine")]
    for name in mine:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")
    (folder / RESULTS / "empty").mkdir()
    xarray.testing.assert_identical(open_sweep(folder).load(), expected)
    main(["show", str(folder)])
    gc.collect()
    captured = capsys.readouterr()
    assert captured.out.startswith("small: 4 of 4 chunks, 8 points")
    assert captured.err == ""
    SweepStore.open(folder).set_aside(next(SweepStore.open(folder).blocks()))
    np.testing.assert_array_equal(run(folder).arrays["status"], 0)
    assert {(folder / name).read_text() for name in mine} == {"mine"}


LINKED = ["lock", "results.zarr", "results.zarr/double/c", "chunks", "checkpoints", "sweep.json"]


@pytest.mark.parametrize("name", [*LINKED, "log.jsonl", "damaged"])
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


def test_a_link_in_place_of_a_chunk_is_not_read(folder, tmp_path):
    one = folder / RESULTS / "status" / "c" / "3"
    one.rename(tmp_path / "one")
    one.symlink_to(tmp_path / "one")
    assert any("symbolic link" in str(damage) for damage in SweepStore.open(folder).damages())
    with pytest.raises(DamagedFileError, match="status/c/3 is missing"):
        open_sweep(folder)


def test_a_record_of_another_chunk_is_damage(folder):
    third = folder / RECORDS / "000003.json"
    third.write_bytes((folder / RECORDS / "000000.json").read_bytes())
    shutil.rmtree(folder / RESULTS / "double" / "c" / "3", ignore_errors=True)
    found = [str(damage) for damage in SweepStore.open(folder).damages()]
    assert found == [f"{third}: damaged: it belongs to another block or sweep"]
    np.testing.assert_allclose(run(folder).arrays["double"], np.linspace(0, 8 / 3, 8), rtol=1e-6)
    assert not list(SweepStore.open(folder).damages())


def test_a_result_without_unit_or_meaning_has_no_empty_label(folder):
    assert open_sweep(folder)["double"].attrs == {}
    assert label_from_attrs(open_sweep(folder)["double"]) == "double"
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
    with pytest.raises(SweepStorageError, match="was removed while it was being written"):
        run(tmp_path / "run")
    assert begun == [0, 1]
    assert not (tmp_path / "run").exists()

    def remove_too(self, path, state, done):
        shutil.rmtree(tmp_path / "run")
        kept(self, path, state, done)

    monkeypatch.setattr(ChunkComputer, "keep_state", remove_too)
    stages = Stages(lambda x: x, lambda state: state + 1, lambda state: {"y": state}, 3)
    design = Grid((values_axis("x", [1.0, 2.0], ""),))
    with pytest.raises(SweepStorageError, match="was removed while it was being written"):
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
    assert [str(d.path.name) for d in SweepStore.open(tmp_path / "run").damages()] == ["0"]
    run(tmp_path / "run")
    assert not list(SweepStore.open(tmp_path / "run").damages())
