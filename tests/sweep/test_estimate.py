"""What a sweep would take: as many chunks, files and bytes as a run really leaves."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.sweep import (
    Grid,
    Output,
    Points,
    Stages,
    Sweep,
    estimate,
    linear_axis,
    plan_sweep,
    run_sweep,
    values_axis,
)
from rhythmic.sweep.chunks import ChunkComputer
from rhythmic.sweep.estimate import SweepEstimate
from rhythmic.sweep.plan import COPY, DESCRIPTION, LOG, RESULTS
from rhythmic.sweep.store import SweepStore
from tests.sweep.child import make_sweep as long_sweep
from tests.sweep.small import make_sweep

A = linear_axis("a", 0, 1, 7, "")
B = linear_axis("b", 0, 1, 5, "Hz", meaning="of the drive")
C = linear_axis("c", 0, 1, 3, "s")


def noise(a, key):
    return {"noise": a + jax.random.normal(key, (4,)), "first_bad_step": -1}


def three(a, b, c):
    return {"product": a * b * c, "sum": a + b + c}


def one(a):
    return {"double": 2 * a}


def called_back(a):
    shape = jax.ShapeDtypeStruct((), jnp.float32)
    return jax.pure_callback(np.sin, shape, a, vmap_method="sequential")


def staged(a):
    return a


SWEEPS = {
    "one": (make_sweep(), None),
    "rows of two": (make_sweep(), 2),
    "points one by one": (make_sweep(40), 1),
    "three axes": (
        Sweep("three", three, Grid((A, B, C)), {"product": Output("Hz s"), "sum": Output("")}),
        4,
    ),
    "noise": (
        Sweep(
            "noise",
            noise,
            Grid((values_axis("a", np.arange(3000.0), ""),)),
            {"noise": Output("", dims=("k",))},
            seed=1,
        ),
        None,
    ),
    "a list": (Sweep("list", one, Points((A,)), {"double": Output("")}, precision="float64"), 3),
    "stages": (
        Sweep(
            "stages",
            Stages(staged, lambda state: 2 * state, lambda state: {"last": state}, 3),
            Grid((A,)),
            {"last": Output("")},
        ),
        1,
    ),
}


@pytest.fixture
def blocks_of_few_bytes(monkeypatch):
    """Store blocks of some ten points, however few there are."""
    monkeypatch.setattr("rhythmic.sweep.plan.BLOCK_BYTES", 60)
    monkeypatch.setattr("rhythmic.sweep.plan.MOST_BLOCKS", 10**6)


@pytest.mark.parametrize("name", SWEEPS)
def test_numbers_are_those_of_a_run(name, tmp_path, blocks_of_few_bytes):
    sweep, points = SWEEPS[name]
    found = plan_sweep(sweep, chunk_points=points)
    run_sweep(sweep, folder=tmp_path, chunk_points=points, quiet=True)
    store = SweepStore.open(tmp_path)
    assert found.num_points == sweep.num_points
    assert found.num_chunks == store.layout.num_chunks
    assert found.num_blocks == store.layout.num_blocks == len(store.recorded())
    files = {path: path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()}
    assert found.num_files == len(files)
    results = {path for block in store.blocks() for path in store.result_paths(block)}
    assert sum(files[path] for path in results) <= found.result_bytes + 64 * len(results)
    beside = [path for path in files if path.parent != tmp_path or path.name in (DESCRIPTION, COPY)]
    written = sum(files[path] for path in beside if path not in results)
    # Numbers of fewer digits make records shorter.
    assert written <= found.record_bytes <= written + 30 * found.num_blocks
    assert (tmp_path / LOG).exists()
    assert (tmp_path / RESULTS).is_dir()


def test_nothing_is_written_and_one_chunk_is_computed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = plan_sweep(make_sweep(), chunk_points=2)
    assert not list(tmp_path.iterdir())
    assert found.seconds_per_chunk > 0
    assert found.compile_seconds > 0
    assert found.free_bytes > found.device_bytes > 0
    assert found.num_devices == jax.device_count()


def test_in_memory_there_are_no_files(monkeypatch):
    found = plan_sweep(make_sweep(), stored=False)
    assert (found.num_blocks, found.num_files, found.record_bytes) == (0, 0, 0)
    assert found.writing_seconds == 0
    assert str(found).splitlines()[1].strip() == "in memory: 40 bytes of results"
    called = Sweep(
        "called",
        lambda a: {"y": called_back(a)},
        Grid((A,)),
        {"y": Output("")},
    )
    assert plan_sweep(called, stored=False).num_points == 7
    with pytest.raises(ValueError, match="calls back to the host"):
        plan_sweep(called)


def test_a_long_chunk_is_computed_once(monkeypatch):
    calls = []

    def computed(computer, chunk):
        calls.append(chunk.number)

    monkeypatch.setattr(ChunkComputer, "computed", computed)
    plan_sweep(make_sweep(), chunk_points=2, devices=1)
    monkeypatch.setattr(estimate, "LONG_CHUNK", -1.0)
    plan_sweep(make_sweep(), chunk_points=2, devices=1)
    assert calls == [2, 2, 2]  # of four


MADE_UP = SweepEstimate(
    name="made up",
    num_points=1000,
    num_chunks=100,
    num_blocks=1,
    num_files=12,
    result_bytes=2 * 10**9,
    record_bytes=3000,
    num_devices=2,
    device_bytes=10**6,
    free_bytes=10**9,
    compile_seconds=2.0,
    seconds_per_chunk=3.0,
    num_workers=8,
)


def test_time_is_that_of_computing_and_of_the_one_that_writes():
    writing = 100 * estimate.SECONDS_TO_WRITE + 2e9 / estimate.BYTES_WRITTEN_A_SECOND
    assert MADE_UP.writing_seconds == pytest.approx(writing)
    assert MADE_UP.seconds == pytest.approx(2 + 300 + writing)
    assert MADE_UP.seconds_with_workers == pytest.approx(2 + 13 * 3)  # thirteen turns of eight
    many = dataclasses.replace(MADE_UP, num_workers=100)
    assert many.seconds_with_workers == pytest.approx(2 + writing)
    memory = dataclasses.replace(many, num_files=0)
    assert memory.seconds_with_workers == pytest.approx(2 + 3)


def test_it_is_set_out_for_reading():
    assert str(MADE_UP).splitlines() == [
        "made up: 1,000 points in 100 chunks",
        "    on disk: 12 files of 1 block; 2.0 GB of results before compression, 3 kB of records "
        "and metadata",
        "    2 devices: 1 MB each, of 1.0 GB free",
        "    time: 3 s per chunk, as one in the middle took; 2 s to compile; 5:22 in all",
        "    8 workers: 41 s in all; 20 s of the process that writes",
    ]
    unknown = dataclasses.replace(MADE_UP, device_bytes=0, num_workers=1)
    assert "2 devices: an unknown amount each" in str(unknown)
    assert "workers" not in str(unknown)


def test_arguments_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match=r"^num_workers is 0; it must be at least 1$"):
        plan_sweep(make_sweep(), num_workers=0)
    with pytest.raises(ValueError, match=r"^chunk_points is 0; it must be at least 1$"):
        plan_sweep(make_sweep(), chunk_points=0)
    with pytest.raises(ValueError, match=r"^devices is 99; "):
        plan_sweep(make_sweep(), devices=99)


@pytest.mark.slow
def test_stages_that_take_long_are_estimated_as_they_run(tmp_path):
    sweep = long_sweep("stages")
    found = plan_sweep(sweep, chunk_points=20)
    run_sweep(sweep, folder=tmp_path, chunk_points=20, quiet=True)
    assert found.num_chunks == SweepStore.open(tmp_path).layout.num_chunks
