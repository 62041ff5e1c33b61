"""Sweeps in an object store: the numbers of a folder, written by the workers, resumed, refused."""

import concurrent.futures as futures
import itertools
import multiprocessing
import threading
from pathlib import Path

import numpy as np
import pytest

from rhythmic.runs import executors
from rhythmic.runs.environment import RefusedError
from rhythmic.sealed import DamagedFileError
from rhythmic.sweep import (
    Grid,
    Output,
    Sweep,
    SweepStorageError,
    linear_axis,
    open_sweep,
    run_sweep,
)
from rhythmic.sweep.objects import ObjectFolder, ObjectSweep
from rhythmic.sweep.workers import ChunkWorker
from tests.sweep.child import make_sweep

fsspec = pytest.importorskip("fsspec")
COUNT = itertools.count()


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    """Begin with workers that know no sweep."""
    monkeypatch.setattr(executors, "_known", {})


@pytest.fixture
def url():
    return f"memory://sweeps/{next(COUNT)}"


@pytest.fixture(scope="module")
def in_memory():
    return run_sweep(make_sweep("plain"), chunk_points=10, quiet=True).arrays


def run(url, **options):
    return run_sweep(make_sweep("plain"), folder=url, chunk_points=10, quiet=True, **options)


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, strict=True)


@pytest.mark.parametrize("kind", ["plain", "stages"])
def test_one_process_stores_the_numbers_of_a_sweep_in_memory(url, kind):
    sweep = make_sweep(kind)
    expected = run_sweep(sweep, chunk_points=10, quiet=True).arrays
    found = run_sweep(sweep, folder=url, chunk_points=10, quiet=True)
    assert found.folder == url
    assert_same(found.arrays, expected)
    dataset = open_sweep(url)
    assert dataset.attrs["finished_chunks"] == dataset.attrs["chunks"] > 1
    assert len(dataset.attrs["computed_by"]) == 1


def test_workers_write_their_own_chunks(url, in_memory, monkeypatch):
    writers, write = [], ObjectSweep.write

    def watched(self, found):
        writers.append(threading.current_thread())
        write(self, found)

    monkeypatch.setattr(ObjectSweep, "write", watched)
    with futures.ThreadPoolExecutor(2) as pool:
        found = run(url, executor=pool)
    assert_same(found.arrays, in_memory)
    assert len(writers) == open_sweep(url).attrs["chunks"]
    assert threading.main_thread() not in writers


@pytest.mark.parametrize("with_workers", [False, True])
def test_what_is_missing_is_computed_and_nothing_else(url, in_memory, monkeypatch, with_workers):
    run(url)
    place = ObjectFolder(url)
    every = sorted(place.names(""))
    store = ObjectSweep.open(url)
    result = store.file_names(store.layout.chunk(5))["last"]
    lost = ["chunks/000003.json", f"results.zarr/{result}"]
    before = {name: place.read(name) for name in every}
    for name in lost:
        place.system.rm(f"{place.root}/{name}")
    written, write = [], ObjectSweep.write
    monkeypatch.setattr(
        ObjectSweep, "write", lambda self, one: written.append(one.chunk.number) or write(self, one)
    )
    with futures.ThreadPoolExecutor(2) as pool:
        found = run(url, executor=pool if with_workers else None)
    assert sorted(written) == [3, 5]
    assert_same(found.arrays, in_memory)
    assert {name: place.read(name) for name in sorted(place.names(""))} == before


def test_a_damaged_object_is_named_when_it_is_read(url):
    run(url)
    place = ObjectFolder(url)
    name = next(name for name in sorted(place.names("results.zarr")) if "/c/" in name)
    content = bytearray(place.read(name))
    content[len(content) // 2] ^= 1
    place.write(name, bytes(content))
    with pytest.raises(DamagedFileError, match=f"{url}/{name} is damaged; remove it, and the call"):
        open_sweep(url).load()


def test_damaged_and_foreign_records_are_named(url):
    run(url)
    place = ObjectFolder(url)
    first, second = (f"chunks/{number:06d}.json" for number in (0, 1))
    own = place.read(first)
    for content in (own.replace(b"not_finite", b"not-finite"), place.read(second)):
        place.write(first, content)
        with pytest.raises(DamagedFileError, match=f"{url}/{first} is damaged.*; remove it, and"):
            open_sweep(url)
    place.system.rm(f"{place.root}/{first}")
    run(url)
    assert place.read(first) == own


def test_coordinates_that_were_lost_are_written_again(url, in_memory):
    run(url)
    place = ObjectFolder(url)
    name = f"results.zarr/{ObjectSweep.open(url).coordinates[0]}/c/0"
    before = place.read(name)
    place.system.rm(f"{place.root}/{name}")
    assert_same(run(url).arrays, in_memory)
    assert place.read(name) == before


def test_chunks_without_their_description_are_nobodys(url):
    """They would pass for those of another sweep whose arrays have the same names."""
    run(url)
    place = ObjectFolder(url)
    place.system.rm(f"{place.root}/sweep.json")
    with pytest.raises(RefusedError, match=f"folder {url} holds chunks/000000.json, and no sweep"):
        run(url)
    assert "sweep.json" not in place.names("")
    for name in place.names("") - {"results.zarr/zarr.json"}:
        place.system.rm(f"{place.root}/{name}")
    run(url)  # begun alone, as by a call that was killed


def test_a_store_that_takes_no_objects_is_one_line(url, monkeypatch):
    system = type(ObjectFolder(url).system)

    def refuse(self, path, content):
        raise FileNotFoundError("The specified bucket does not exist")

    monkeypatch.setattr(system, "pipe_file", refuse)
    with pytest.raises(SweepStorageError, match=f"{url} cannot be reached: The specified bucket"):
        run(url)


def test_another_sweep_and_another_environment_are_refused(url, monkeypatch):
    run(url)
    other = Sweep(
        name="other",
        function=lambda a: {"b": a},
        design=Grid((linear_axis("a", 0, 1, 5, ""),)),
        outputs={"b": Output("", "a")},
    )
    with pytest.raises(RefusedError, match=f"run_dir {url} holds another sweep"):
        run_sweep(other, folder=url, quiet=True)
    here = "rhythmic.sweep.run.computing_environment"
    with monkeypatch.context() as patch:
        patch.setattr(here, lambda sweep: {"device": "other"})
        with pytest.raises(RefusedError, match=f"run_dir {url} was computed otherwise"):
            run(url)
        run(url, allow_changes=True)
    place = ObjectFolder(url)
    place.system.rm(f"{place.root}/chunks/000000.json")
    init = ChunkWorker.__init__

    def otherwise(self, sweep):
        init(self, sweep)
        self.environment |= {"device": "other"}

    prepare = "rhythmic.sweep.workers.Workers.prepare"
    known = ObjectSweep.open(url).environment_now
    monkeypatch.setattr(prepare, lambda self, plan: (known, plan))
    monkeypatch.setattr(ChunkWorker, "__init__", otherwise)
    with (
        futures.ThreadPoolExecutor(2) as pool,
        pytest.raises(RefusedError, match="executor has a worker that computes otherwise"),
    ):
        run(url, executor=pool)
    assert "chunks/000000.json" not in place.names("")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nothing://here", "it cannot be reached: Protocol not known: nothing"),
        ("file:///tmp/here", "files of this machine must be named by a path"),
    ],
)
def test_what_is_no_object_store_is_one_line(place, words):
    with pytest.raises(ValueError, match=words) as caught:
        run(place)
    assert str(caught.value).startswith(f"folder is {place!r}; ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("use", [run, open_sweep])
def test_a_path_of_a_url_is_no_folder(use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"^folder is s3:/bucket/name; the URL of an object store"):
        use(Path("s3://bucket/name"))
    assert not list(tmp_path.iterdir())


def test_a_url_without_a_sweep_is_refused(url):
    with pytest.raises(ValueError, match=f"folder {url} holds no sweep"):
        open_sweep(url)


@pytest.mark.slow
def test_a_server_on_loopback_keeps_what_processes_write(monkeypatch):
    """Needs ``pip install s3fs "moto[server]"``, a server of the protocol of S3."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        for name, value in (
            ("AWS_ACCESS_KEY_ID", "none"),
            ("AWS_SECRET_ACCESS_KEY", "none"),
            ("FSSPEC_S3_ENDPOINT_URL", address),
        ):
            monkeypatch.setenv(name, value)
        fsspec.config.set_conf_env(fsspec.config.conf)
        fsspec.filesystem("s3").mkdir("sweeps")
        expected = run_sweep(make_sweep("plain"), chunk_points=10, quiet=True).arrays
        url, spawn = "s3://sweeps/first", multiprocessing.get_context("spawn")
        with futures.ProcessPoolExecutor(2, mp_context=spawn) as pool:
            for _ in range(2):  # the second time only opens
                assert_same(run(url, executor=pool).arrays, expected)
            place = ObjectFolder(url)
            for number in (0, 5):
                place.system.rm(f"{place.root}/chunks/{number:06d}.json")
            assert_same(run(url, executor=pool).arrays, expected)
        server.stop()
        with pytest.raises(SweepStorageError, match=f"{url} cannot be reached"):
            run(url)
    finally:
        server.stop()
