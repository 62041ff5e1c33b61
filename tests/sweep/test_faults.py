"""Damaged files, other programs, other writers, full disks, strange folders: nothing is lost."""

import contextlib
import errno
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr

from rhythmic.files import DAMAGED
from rhythmic.locks import LOCK, LockedError, writing
from rhythmic.records import PROVENANCE
from rhythmic.sealed import DamagedFileError, read_sealed, write_sealed
from rhythmic.sweep import (
    Grid,
    Output,
    Stages,
    Sweep,
    SweepStorageError,
    linear_axis,
    run_sweep,
    values_axis,
)
from rhythmic.sweep.chunks import ChunkComputer
from rhythmic.sweep.dataset import export, open_sweep
from rhythmic.sweep.plan import COPY, DESCRIPTION, LOG, RECORDS, RESULTS, RefusedError
from rhythmic.sweep.store import SweepStore
from tests.marks import rest_slow

pytestmark = pytest.mark.usefixtures("blocks_of_one_chunk")


def product(gain, scale):
    return {"product": gain * scale}


def make_sweep(function=product, *, num=6, unit="1", precision="float32"):
    axes = (linear_axis("gain", 1, 2, num, unit), values_axis("scale", [1.0, 2.0, 4.0], "1"))
    return Sweep("small", function, Grid(axes), {"product": Output("1")}, precision=precision)


def run(folder, sweep=None, **options):
    return run_sweep(sweep or make_sweep(), folder=folder, chunk_points=3, quiet=True, **options)


@pytest.fixture
def folder(tmp_path):
    """A finished run of six chunks."""
    run(tmp_path / "run")
    return tmp_path / "run"


def files_of(folder):
    """Return the files that results are made of."""
    described = [folder / DESCRIPTION, folder / COPY]
    parts = [*described, *(folder / RECORDS).iterdir(), *(folder / RESULTS).rglob("*")]
    return sorted(path for path in parts if path.is_file())


def read(folder):
    """Return every number and attribute of a folder that a reader can see, or what refuses it."""
    try:
        dataset = open_sweep(folder).load()
    except ValueError as error:
        return str(error)
    return {
        str(name): (values.values.tobytes(), values.dims, values.attrs)
        for name, values in dataset.variables.items()
    } | {"about": dataset.attrs}


GENERATOR = random.Random(7)


def flip(path):
    content = bytearray(path.read_bytes())
    content[GENERATOR.randrange(len(content))] ^= 1 << GENERATOR.randrange(8)
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    path.write_bytes(b"")


FAULTS = [(flip, 1), (flip, 12), (truncate, 1), (empty, 1), (Path.unlink, 1)]


@pytest.mark.parametrize(("damage", "times"), rest_slow(FAULTS, FAULTS[0]))
def test_every_damaged_file_is_found_where_it_is_read_and_written_again(
    folder, stored_bytes, damage, times
):
    before, seen = stored_bytes(folder), read(folder)
    for path in files_of(folder) * times:
        damage(path)
        lost_record = path.parent.name == RECORDS and not path.exists()  # of a chunk to be computed
        found = read(folder)
        assert found == seen or lost_record or (isinstance(found, str) and path.name in found), path
        if path.name != DESCRIPTION and not lost_record:
            assert path in [damaged.path for damaged in SweepStore.open(folder).damages()]
        run(folder)
        assert stored_bytes(folder) == before, path
        assert not list(SweepStore.open(folder).damages())
    aside = list((folder / DAMAGED).glob("*"))
    # What is gone cannot be set aside; what belongs to the same chunk goes with a damaged file.
    assert len(aside) >= (0 if damage is Path.unlink else len(files_of(folder)))


def test_damage_of_what_is_no_result_hinders_nobody(folder):
    seen = read(folder)
    for name in (LOG, PROVENANCE, LOCK):
        flip(folder / name)
        run(folder)
        assert read(folder) == seen
        assert not list(SweepStore.open(folder).damages())


def test_a_folder_whose_description_and_its_copy_are_gone_is_refused_not_guessed(folder):
    for name in (DESCRIPTION, COPY):
        (folder / name).write_bytes(b"\0")
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    with pytest.raises(RefusedError, match="no sweep; name a new folder"):
        run(folder)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_any_reader_of_zarr_finds_a_flipped_byte_and_nothing_damaged_is_exported(folder, tmp_path):
    path = folder / RESULTS / "product" / "c" / "2" / "0"
    flip(path)
    with pytest.raises(ValueError, match="checksum"):
        zarr.open_group(folder / RESULTS, mode="r")["product"][...]
    with pytest.raises(DamagedFileError, match=f"{path}: its bytes differ"):
        export([folder], tmp_path / "table.csv")


def test_other_words_for_a_result_change_no_byte_and_survive_damage(folder, stored_bytes):
    before = stored_bytes(folder)
    sweep = make_sweep()
    outputs = {"product": Output("1", "in other words")}
    reworded = Sweep("small", product, sweep.design, outputs)
    expected = run(folder).arrays["product"]
    np.testing.assert_array_equal(run(folder, reworded).arrays["product"], expected)
    assert stored_bytes(folder) == before
    flip(folder / RESULTS / "product" / "zarr.json")
    np.testing.assert_array_equal(run(folder, reworded).arrays["product"], expected)
    np.testing.assert_array_equal(run(folder).arrays["product"], expected)
    assert not list(SweepStore.open(folder).damages())


def test_a_damaged_chunk_is_named_and_it_alone_is_computed_again(folder, capsys):
    record = folder / RECORDS / "000002.json"
    results = [folder / RESULTS / name / "c" / "2" / "0" for name in ("product", "status")]
    damaged = results[0]
    flip(damaged)
    touched = {path: path.stat().st_mtime_ns for path in files_of(folder)}
    run_sweep(make_sweep(), folder=folder)
    shown = capsys.readouterr().err
    assert str(damaged) in shown
    assert "block 2 is set aside and computed again" in shown
    assert "5 of 6 chunks are there" in shown
    again = {path for path, time in touched.items() if path.stat().st_mtime_ns != time}
    assert again == {record, *results}


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (lambda: make_sweep(num=7), "]: other values"),
        (lambda: make_sweep(unit="Hz"), "unit: 1 there, Hz here"),
        (lambda: make_sweep(precision="float64"), "precision: float32 there, float64 here"),
    ],
)
def test_another_sweep_is_refused_with_the_difference(folder, stored_bytes, other, field):
    before = stored_bytes(folder)
    for allow in (False, True):
        with pytest.raises(RefusedError, match="another sweep") as caught:
            run(folder, other(), allow_changes=allow)
        assert field in str(caught.value)
        assert "\n" not in str(caught.value)
    assert stored_bytes(folder) == before


def changed(gain, scale):
    return {"product": scale * gain + 0.5}


def without_chunk(folder, number=4):
    """Take a chunk out of a folder, as if it had not been computed yet."""
    SweepStore.open(folder).set_aside(list(SweepStore.open(folder).blocks())[number])


def test_another_program_is_refused_or_labelled(folder):
    without_chunk(folder)
    with pytest.raises(RefusedError, match=r"computed otherwise \(program: \w+… there, \w+… here"):
        run(folder, make_sweep(changed))
    result = run(folder, make_sweep(changed), allow_changes=True)
    old, new = (make_sweep(f).program_hash() for f in (product, changed))
    labels = open_sweep(folder).attrs["computed_by"]
    assert len(labels) == 2
    assert old in labels[0]
    assert new in labels[1]
    offset = result.arrays["product"] - np.outer(np.linspace(1, 2, 6), [1.0, 2.0, 4.0])
    np.testing.assert_allclose(offset[4], 0.5, atol=1e-6)
    np.testing.assert_allclose(np.delete(offset, 4, axis=0), 0, atol=1e-6)


@pytest.mark.parametrize("field", ["jax", "device"])
def test_another_version_or_device_is_refused_or_labelled(folder, monkeypatch, field):
    without_chunk(folder)
    if field != "device":
        monkeypatch.setattr(f"{field}.__version__", "0.9.9")
    else:
        monkeypatch.setattr("rhythmic.runs.environment.processor_name", lambda: "0.9.9")
    with pytest.raises(RefusedError, match=f"{field}: .* there, 0.9.9 here"):
        run(folder)
    run(folder, allow_changes=True)
    assert any("0.9.9" in label for label in open_sweep(folder).attrs["computed_by"])
    # What made each chunk stays in its record.
    records = [
        record["made"][0]["environment"][field] for _, record in SweepStore.open(folder).finished()
    ]
    assert [value == "0.9.9" for value in records] == [False] * 4 + [True, False]


def test_a_second_writer_is_refused(folder, stored_bytes):
    without_chunk(folder)
    before = stored_bytes(folder)
    with writing(folder), pytest.raises(LockedError, match="is being written by another process"):
        run(folder)
    assert stored_bytes(folder) == before
    run(folder)


FULL = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from rhythmic.sweep import Grid, Output, Sweep, SweepStorageError, run_sweep, values_axis
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def function(seed):
    import jax, jax.numpy as jnp
    return {"noise": jax.random.normal(jax.random.key(seed), (4000,))}
axis = values_axis("seed", np.arange(4), "")
sweep = Sweep("big", function, Grid((axis,)), {"noise": Output("", dims=("draw",))})
if sys.argv[2] != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    run_sweep(sweep, folder=Path(sys.argv[1]), chunk_points=1, quiet=True)
except SweepStorageError as error:
    sys.exit(f"error: {error}")
"""


@pytest.mark.slow
def test_the_kernel_refuses_to_write_more(tmp_path):
    """A real error of the kernel, which root meets as well: no file may grow beyond 8 kB."""

    def start(limit):
        command = [sys.executable, "-c", FULL, str(tmp_path), str(limit)]
        # The limit would refuse compiled programs too, and JAX warns of that before our error.
        unkept = {**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "0"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=unkept)

    refused = start(8192)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: run_dir {tmp_path} cannot be written to: File too")
    assert "finished chunks are kept" in refused.stderr
    assert start(0).returncode == 0
    assert not list(SweepStore.open(tmp_path).damages())
    assert SweepStore.open(tmp_path).done().all()


@pytest.mark.parametrize(
    ("at", "code"),
    list(enumerate([errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO, errno.ENOSPC])),
)
def test_a_disk_that_fails_at_any_file_loses_nothing(
    tmp_path, folder, stored_bytes, monkeypatch, code, at
):
    expected = stored_bytes(folder)
    count = 0
    replace = os.replace

    def failing(source, target, **options):
        nonlocal count
        count += 1
        if count > 4 * at:
            raise OSError(code, os.strerror(code), str(target))
        return replace(source, target, **options)

    monkeypatch.setattr(os, "replace", failing)
    monkeypatch.setattr(Path, "replace", lambda path, target: failing(path, target))
    other = tmp_path / "other"
    with pytest.raises(SweepStorageError, match=f"cannot be written to: {os.strerror(code)}"):
        run(other)
    kept = len(list((other / RECORDS).glob("*.json")))
    monkeypatch.undo()
    assert not list(other.rglob("*.partial"))
    run(other)
    assert kept <= 6
    assert stored_bytes(other) == expected


def test_a_folder_from_a_stranger_executes_nothing(folder, monkeypatch):
    """Every file is replaced by what a careless reader would run: readers refuse, or see data."""
    monkeypatch.chdir(folder)
    events, pickled = [], pickle.dumps(print)

    def watch(event, arguments):
        if event in ("os.system", "pickle.find_class", "subprocess.Popen"):
            events.append((event, arguments))

    sys.addaudithook(watch)
    for path in files_of(folder):
        kept = path.read_bytes()
        for content in (pickled, b"__import__('os').system('touch executed')", b"[" * 100_000):
            path.write_bytes(content)
            with contextlib.suppress(ValueError, OSError):
                list(SweepStore.open(folder).damages())
                open_sweep(folder).load()
        path.write_bytes(kept)
    assert not [arguments for _, arguments in events if str(folder) in str(arguments)]
    assert not [event for event, _ in events if event == "pickle.find_class"]
    assert not (folder / "executed").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"plan": {"rows": 1}}, "does not describe a sweep"),
        ({"format": 1}, r"an older version of this package, .* name a new folder"),
    ],
)
def test_a_description_that_is_whole_and_none_of_this_format_is_refused(folder, change, message):
    write_sealed(folder / DESCRIPTION, read_sealed(folder / DESCRIPTION) | change)
    for call in (run, open_sweep):
        with pytest.raises(ValueError, match=message) as caught:
            call(folder)
        assert "\n" not in str(caught.value)


def staged(factor):
    def advance(state):
        return factor * state + 1

    stages = Stages(lambda start: start, advance, lambda state: {"end": state}, 4)
    axis = values_axis("start", [0.0, 1.0], "1")
    return Sweep("staged", stages, Grid((axis,)), {"end": Output("1")})


class Stop(Exception):
    """Ends a run where a test has seen enough."""


def test_a_state_of_another_program_is_not_gone_on_with(tmp_path, monkeypatch):
    keep_state = ChunkComputer.keep_state

    def stop(self, path, state, done):
        keep_state(self, path, state, done)
        if done == 3:
            raise Stop

    monkeypatch.setattr(ChunkComputer, "keep_state", stop)
    with pytest.raises(Stop):
        run(tmp_path, staged(2.0))
    monkeypatch.undo()
    with pytest.raises(RefusedError, match="program"):
        run(tmp_path, staged(3.0))
    result = run(tmp_path, staged(3.0), allow_changes=True)
    np.testing.assert_array_equal(result.arrays["end"], [40.0, 121.0])
