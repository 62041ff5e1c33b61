"""Chunks of a block that is not whole: in a journal, read from there, and never lost with it."""

import os
import shutil

import numpy as np
import pytest

from rhythmic.sweep import Grid, Output, Stages, Sweep, linear_axis, run_sweep, values_axis
from rhythmic.sweep.chunks import ChunkComputer
from rhythmic.sweep.dataset import open_sweep
from rhythmic.sweep.plan import DESCRIPTION, RECORDS, ChunkPlan, Layout, RefusedError
from rhythmic.sweep.store import SweepStore
from tests.sweep.small import make_sweep, run

POINTS = 8  # in chunks of two


class KilledError(BaseException):
    """Stands for a kill: nothing catches it."""


def run_until(folder, chunk, monkeypatch, **options):
    """Run the sweep up to a chunk, which is not computed."""
    started = ChunkComputer.started

    def stopping(self, wanted):
        if wanted.number == chunk:
            raise KilledError
        return started(self, wanted)

    with monkeypatch.context() as patch:
        patch.setattr(ChunkComputer, "started", stopping)
        with pytest.raises(KilledError):
            run(folder, **options)


@pytest.fixture
def expected(tmp_path, stored_bytes):
    """The bytes of an undisturbed run."""
    run(tmp_path / "whole")
    return stored_bytes(tmp_path / "whole")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A run whose last chunk is missing."""
    run_until(tmp_path / "run", 3, monkeypatch)
    return tmp_path / "run"


def journal_of(folder):
    (path,) = (folder / RECORDS).glob("*.journal")
    return path


def computed_by(folder, monkeypatch):
    """Resume a run; return the numbers of the chunks that were computed."""
    begun, started = [], ChunkComputer.started

    def noted(self, chunk):
        begun.append(chunk.number)
        return started(self, chunk)

    with monkeypatch.context() as patch:
        patch.setattr(ChunkComputer, "started", noted)
        run(folder)
    return begun


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("split", [0, 1, 2])
@pytest.mark.parametrize("bytes_a_point", [1, 2**17, 300_000, 2**20])
def test_blocks_hold_whole_chunks_and_every_point_once(split, rows, bytes_a_point):
    for shape in [(1, 1, 1), (7, 5, 6), (3, 1, 4), (2, 5, 1)]:
        plan = ChunkPlan(split, min(rows, shape[split]), 1, 1)
        layout = Layout(shape, plan, plan.blocks(shape, bytes_a_point))
        numbers = []
        for number in range(layout.num_blocks):
            block = layout.block(number)
            points = np.zeros((block.num_rows, *shape[layout.cut.split_axis + 1 :]), int)
            for one in layout.chunks_of(block):
                numbers.append(one)
                assert layout.block_of(layout.chunk(one)) == block
                points[layout.place_in(block, layout.chunk(one))] += 1
            assert np.all(points == 1)
        assert numbers == list(range(layout.num_chunks))


def test_many_small_chunks_leave_few_files(tmp_path):
    axis = linear_axis("gain", 0, 1, 300, "")
    sweep = Sweep("many", lambda gain: {"double": 2 * gain}, Grid((axis,)), {"double": Output("")})
    found = run_sweep(sweep, folder=tmp_path, chunk_points=1, quiet=True)
    np.testing.assert_allclose(found.arrays["double"], 2 * axis.values, rtol=1e-6)
    assert open_sweep(tmp_path).attrs["finished_chunks"] == 300
    assert sum(path.is_file() for path in tmp_path.rglob("*")) < 15
    assert not list((tmp_path / RECORDS).glob("*.journal"))


def test_blocks_cut_along_an_earlier_axis_than_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr("rhythmic.sweep.plan.BLOCK_BYTES", 5 * 4 * 5)
    axes = (
        values_axis("a", [1.0, 2.0, 3.0], ""),
        linear_axis("b", 0, 1, 5, ""),
        linear_axis("c", 1, 2, 4, ""),
    )
    sweep = Sweep("deep", lambda a, b, c: {"sum": a + b * c}, Grid(axes), {"sum": Output("")})
    found = run_sweep(sweep, folder=tmp_path, chunk_points=2, quiet=True)
    store = SweepStore.open(tmp_path)
    assert (store.layout.cut.split_axis, store.plan.split_axis) == (0, 2)
    a, b, c = np.meshgrid(*(axis.values for axis in axes), indexing="ij")
    np.testing.assert_allclose(found.arrays["sum"], a + b * c, rtol=1e-6)


def test_an_unfinished_block_is_read_and_resumed(folder, stored_bytes, expected, monkeypatch):
    found = open_sweep(folder)
    assert found.attrs["finished_chunks"] == 3
    np.testing.assert_array_equal(found["status"], [0] * 6 + [-1] * 2)
    np.testing.assert_allclose(found["double"][:6], np.linspace(0, 8 / 3, POINTS)[:6], rtol=1e-6)
    assert computed_by(folder, monkeypatch) == [3]
    assert stored_bytes(folder) == expected
    assert computed_by(folder, monkeypatch) == []


def test_a_journal_cut_short_at_any_byte_is_no_damage(
    folder, tmp_path, stored_bytes, expected, monkeypatch
):
    content = journal_of(folder).read_bytes()
    counts = []
    for length in sorted({*range(0, len(content), 37), len(content) - 1}):
        other = tmp_path / str(length)
        shutil.copytree(folder, other)
        os.truncate(journal_of(other), length)
        assert not list(SweepStore.open(other).damages())
        missing = computed_by(other, monkeypatch)
        assert missing == list(range(4 - len(missing), 4))
        counts.append(len(missing))
        assert stored_bytes(other) == expected
    assert counts == sorted(counts, reverse=True)
    assert (counts[0], counts[-1]) == (4, 2)


def test_zeros_of_a_power_failure_are_no_damage(folder, stored_bytes, expected, monkeypatch):
    with open(journal_of(folder), "ab") as file:
        file.write(bytes(100))
    assert not list(SweepStore.open(folder).damages())
    assert computed_by(folder, monkeypatch) == [3]
    assert stored_bytes(folder) == expected


def test_every_flipped_byte_of_a_journal_is_named_and_costs_what_stands_behind_it(
    folder, tmp_path, stored_bytes, expected, monkeypatch
):
    content = journal_of(folder).read_bytes()
    for place in range(0, len(content), 29):
        other = tmp_path / str(place)
        shutil.copytree(folder, other)
        journal_of(other).write_bytes(
            content[:place] + bytes([content[place] ^ 16]) + content[place + 1 :]
        )
        (damage,) = SweepStore.open(other).damages()
        assert damage.path == journal_of(other)
        known = int(SweepStore.open(other).done().sum())
        assert len(computed_by(other, monkeypatch)) == 4 - known
        assert stored_bytes(other) == expected


def test_a_journal_of_another_block_is_damage(tmp_path, stored_bytes, monkeypatch):
    monkeypatch.setattr("rhythmic.sweep.plan.BLOCK_BYTES", 4 * 5)  # two chunks
    run(tmp_path / "whole")
    run_until(tmp_path / "run", 1, monkeypatch)
    journal = journal_of(tmp_path / "run")
    journal.rename(journal.with_name("000001.journal"))
    (damage,) = SweepStore.open(tmp_path / "run").damages()
    assert damage.what == "belongs to another block or sweep"
    run(tmp_path / "run")
    assert stored_bytes(tmp_path / "run") == stored_bytes(tmp_path / "whole")


def test_a_kill_before_the_block_is_written_or_its_journal_removed_costs_nothing(
    tmp_path, stored_bytes, expected, monkeypatch
):
    def kill(*_, **__):
        raise KilledError

    for number, name in enumerate(("rhythmic.sweep.store.write_together", "pathlib.Path.unlink")):
        folder = tmp_path / str(number)
        with monkeypatch.context() as patch:
            patch.setattr("rhythmic.progress.SECONDS_BETWEEN_LINES", 0.0)
            run_until(folder, 3, patch)
            patch.setattr(name, kill)
            with pytest.raises(KilledError):
                run(folder)
        assert computed_by(folder, monkeypatch) == []
        assert stored_bytes(folder) == expected


def test_what_a_kill_left_of_writing_a_block_is_removed(folder, stored_bytes, expected):
    left = folder / RECORDS / "000000.json.abcd0_12.partial"
    left.write_text("x")
    run(folder)
    assert not left.exists()
    assert stored_bytes(folder) == expected


def test_a_lost_description_is_taken_from_its_copy(folder, stored_bytes, expected, monkeypatch):
    (folder / DESCRIPTION).unlink()
    with pytest.raises(RefusedError, match="another sweep"):
        run(folder, make_sweep(unit="s"))
    assert computed_by(folder, monkeypatch) == [3]
    assert stored_bytes(folder) == expected


def test_chunks_of_two_programs_say_so_in_one_block(folder, monkeypatch):
    opening = "rhythmic.sweep.run.computing_environment"
    known = SweepStore.open(folder).description["environment"]
    monkeypatch.setattr(opening, lambda sweep: known | {"jax": "0.0"})
    run(folder, allow_changes=True)
    ((_, record),) = SweepStore.open(folder).finished()
    assert [(one["environment"]["jax"], one["chunks"]) for one in record["made"]] == [
        (known["jax"], [[0, 3]]),
        ("0.0", [[3, 4]]),
    ]
    assert len(open_sweep(folder).attrs["computed_by"]) == 2


def test_stages_go_to_a_journal_as_well(tmp_path):
    stages = Stages(lambda gain: gain, lambda state: 2 * state, lambda state: {"last": state}, 3)
    sweep = Sweep("stages", stages, make_sweep().design, {"last": Output("")})
    found = run(tmp_path, sweep).arrays["last"]
    np.testing.assert_allclose(found, 8 * np.linspace(0, 4 / 3, POINTS), rtol=1e-6)
    assert not list((tmp_path / RECORDS).glob("*.journal"))
