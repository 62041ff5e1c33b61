"""Sweeps that need more memory than there is: smaller passes, said and labelled, or one line."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.sealed import read_sealed
from rhythmic.spread import SpreadPrograms
from rhythmic.sweep import ChunkPlan, Grid, Output, Stages, Sweep, linear_axis, run_sweep
from rhythmic.sweep.dataset import open_sweep
from rhythmic.sweep.program import PassProgram

pytestmark = pytest.mark.usefixtures("blocks_of_one_chunk")


@pytest.fixture
def out_of_memory(monkeypatch):
    """Let passes of more than some rows run out of memory, when they start or when they end."""

    def limit(rows, *, at_the_end=False):
        run, copy_rows = PassProgram.run, SpreadPrograms.copy_rows

        def limited_run(self, part, state, inputs):
            if self.plan.rows_per_device > rows and not at_the_end:
                raise no_memory()
            return run(self, part, state, inputs)

        def limited_copy(self, x, target, first):
            if len(x) > rows and at_the_end:
                raise no_memory()
            copy_rows(self, x, target, first)

        monkeypatch.setattr(PassProgram, "run", limited_run)
        monkeypatch.setattr(SpreadPrograms, "copy_rows", limited_copy)

    return limit


def no_memory():
    return jax.errors.JaxRuntimeError(
        "RESOURCE_EXHAUSTED: Out of memory allocating 123 bytes.\nand a long report"
    )


TWENTY = linear_axis("gain", 0.5, 2.5, 20, "")
LONG = Sweep("long", lambda gain: {"out": jnp.tanh(gain)}, Grid((TWENTY,)), {"out": Output("")})
STAGED = Sweep(
    "staged",
    Stages(lambda gain: gain, lambda state: state * 2, lambda state: {"out": state}, 2),
    Grid((TWENTY,)),
    {"out": Output("")},
)


@pytest.mark.parametrize("at_the_end", [False, True])
@pytest.mark.parametrize("stored", [False, True])
def test_out_of_memory_means_smaller_passes(out_of_memory, at_the_end, stored, tmp_path, capsys):
    out_of_memory(3, at_the_end=at_the_end)
    folder = tmp_path / "run" if stored else None
    found = run_sweep(LONG, folder=folder, chunk_points=10)
    said = capsys.readouterr().err
    # 10 rows a device: 5, then 3.
    reason = "(RESOURCE_EXHAUSTED: Out of memory allocating 123 bytes.)"
    for rows, fewer in ((10, 5), (5, 3)):
        assert (
            f"out of memory with passes of {rows} rows per device {reason}; "
            f"continuing with passes of {fewer} rows per device"
        ) in said
    assert "a long report" not in said
    np.testing.assert_allclose(found.arrays["out"], np.tanh(TWENTY.values), rtol=2e-6)
    if stored:
        records = [read_sealed(path) for path in sorted((folder / "chunks").glob("*.json"))]
        assert [record["made"][0]["rows_per_device"] for record in records] == [3, 3]
        (made,) = open_sweep(folder).attrs["computed_by"]
        assert "rows_per_device 3" in made


def test_chunks_are_labelled_by_their_own_passes(out_of_memory, tmp_path):
    run_sweep(LONG, folder=tmp_path, chunk_points=10, quiet=True)
    records = sorted((tmp_path / "chunks").glob("*.json"))
    records[1].unlink()
    out_of_memory(5)
    run_sweep(LONG, folder=tmp_path, chunk_points=10, quiet=True)
    made = [read_sealed(path)["made"][0]["rows_per_device"] for path in records]
    assert made == [10, 5]
    assert [
        re.search(r"rows_per_device (\d+)", text)[1]
        for text in open_sweep(tmp_path).attrs["computed_by"]
    ] == ["10", "5"]


@pytest.mark.parametrize("stored", [False, True])
def test_out_of_memory_in_stages(out_of_memory, stored, tmp_path, capsys):
    out_of_memory(4)
    folder = tmp_path / "run" if stored else None
    found = run_sweep(STAGED, folder=folder, chunk_points=10).arrays["out"]
    np.testing.assert_allclose(found, 4 * TWENTY.values, rtol=1e-6)
    assert "continuing with passes of 3 rows per device" in capsys.readouterr().err


@pytest.mark.parametrize("sweep", [LONG, STAGED], ids=["plain", "stages"])
@pytest.mark.parametrize("at_the_end", [False, True])
def test_one_row_too_many_is_one_line(out_of_memory, sweep, at_the_end):
    out_of_memory(0, at_the_end=at_the_end)
    with pytest.raises(
        MemoryError, match="out of memory with passes of 1 rows per device"
    ) as caught:
        run_sweep(sweep, quiet=True, chunk_points=5)
    assert "\n" not in str(caught.value)
    assert "RESOURCE_EXHAUSTED" in str(caught.value)


def test_other_errors_are_not_taken_for_too_little_memory(monkeypatch):
    def broken(*_):
        raise jax.errors.JaxRuntimeError("INTERNAL: something else")

    monkeypatch.setattr(PassProgram, "run", broken)
    with pytest.raises(jax.errors.JaxRuntimeError, match="something else"):
        run_sweep(LONG, quiet=True)


def test_the_estimate_of_memory_halves_the_plan(monkeypatch, tmp_path, capsys):
    needed = 10_000  # of every row
    monkeypatch.setattr(PassProgram, "memory", lambda self: needed * self.plan.rows_per_device)
    # A quarter of it may be taken: three rows.
    monkeypatch.setattr("rhythmic.sweep.chunks.available_memory", lambda num_devices: 120_000)
    found = run_sweep(LONG, folder=tmp_path, chunk_points=10).arrays
    said = capsys.readouterr().err
    assert (
        "passes of 10 rows per device are expected to need 100 kB a device, and 30 kB may be filled"
        in said
    )
    assert "taking passes of 3 rows per device" in said
    np.testing.assert_allclose(found["out"], np.tanh(TWENTY.values), rtol=2e-6)
    assert read_sealed(tmp_path / "sweep.json")["plan"]["rows_per_chunk"] == 10
    record = read_sealed(next((tmp_path / "chunks").glob("*.json")))
    assert record["made"][0]["rows_per_device"] == 3


def test_the_time_left_is_told_of_several_passes_a_chunk(monkeypatch, capsys):
    monkeypatch.setattr(PassProgram, "memory", lambda self: 10_000 * self.plan.rows_per_device)
    monkeypatch.setattr("rhythmic.sweep.chunks.available_memory", lambda num_devices: 120_000)
    monkeypatch.setattr("rhythmic.progress.SECONDS_BETWEEN_LINES", 0.0)
    run_sweep(LONG, chunk_points=10)
    said = capsys.readouterr().err
    assert "1 of 2 chunks" in said
    assert "left" in said
    assert "unknown time" not in said


def test_the_compiler_tells_what_a_pass_needs():
    small, large = (
        PassProgram(LONG, ChunkPlan(0, 20, rows, rows), jax.devices()[:1]).memory()
        for rows in (1, 20)
    )
    # A number of four bytes a row comes out at least, and the status.
    assert large - small >= 19 * (4 + 1)
