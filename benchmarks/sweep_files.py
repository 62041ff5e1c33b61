"""``python -m benchmarks.sweep_files``: what checks and syncs of files cost, beside plain ones."""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import xarray
import zarr

from benchmarks import harness
from experiments.ranges import at_least, check_ranges
from rhythmic.progress import show
from rhythmic.records import Row, append_rows, write_table
from rhythmic.sweep import Grid, Output, Sweep, linear_axis, run_sweep
from rhythmic.sweep.dataset import open_sweep
from rhythmic.typing import Array

ROW = {"member": "rrn-golden", "seed": 7, "accuracy": 0.75, "history": [0.1 * k for k in range(30)]}


@dataclass(frozen=True)
class Options:
    """Time reading, chunks and rows with what keeps them sound, and the same bytes without it.

    Reading: a stored result whose bytes are compared with their checksums, against zarr's own
    store. Chunks: a sweep of as many chunks, computation included, against its files written and
    synced one by one. Rows: one at a time with its checksum, against its bytes written and synced.

    Args:
        points: of the result that is read, in chunks of a 32nd.
        chunks: of the sweep that is written.
        rows: that are appended.
        repetitions: timed turns of each side.
        warm_up: turns of each side before those, not counted.
        output: CSV file of the rows.
    """

    points: int = 2**23
    chunks: int = 100
    rows: int = 100
    repetitions: int = 10
    warm_up: int = 1
    output: Path = Path("benchmarks", "results", "sweep_files.csv")

    def __post_init__(self) -> None:
        check_ranges(self, {"points": 2**31})
        at_least(self, points=2, chunks=2, rows=2, repetitions=1, warm_up=0)


def doubled(a: Array) -> dict[str, Array]:
    """Return twice a number."""
    return {"y": 2 * a}


def sweep_of(points: int) -> Sweep:
    """Return a sweep whose function takes no time."""
    return Sweep("files", doubled, Grid((linear_axis("a", 0, 1, points, ""),)), {"y": Output("")})


def write_synced(path: Path, content: bytes, flags: int = os.O_TRUNC) -> None:
    """Write bytes as they are, and wait for the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | flags)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)


def write_all(folder: Path, contents: Sequence[bytes]) -> None:
    """Write files one after another."""
    for number, content in enumerate(contents):
        write_synced(folder / str(number), content)


def read_turns(folder: Path, options: Options) -> dict[str, Callable[[], float]]:
    """Return a turn of reading with checks, and one without; first see that they read the same."""
    run_sweep(sweep_of(options.points), folder=folder, quiet=True)

    def with_checks() -> np.ndarray:
        return open_sweep(folder)["y"].values

    def without() -> np.ndarray:
        files = zarr.storage.LocalStore(folder / "results.zarr", read_only=True)
        opened = xarray.open_zarr(files, consolidated=False, chunks=None, decode_cf=False)
        return opened["y"].values

    np.testing.assert_array_equal(with_checks(), without())
    return {
        "project": partial(harness.seconds, with_checks),
        "plain": partial(harness.seconds, without),
    }


def chunk_turns(folder: Path, options: Options) -> dict[str, Callable[[], float]]:
    """Return a turn of a sweep of one point a chunk, and one of its files."""
    sweep = sweep_of(options.chunks)

    def ours() -> float:
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            place = Path(fresh)
            return harness.seconds(
                partial(run_sweep, sweep, folder=place, chunk_points=1, quiet=True)
            )

    run_sweep(sweep, folder=folder / "known", chunk_points=1, quiet=True)
    files = [path for path in (folder / "known").rglob("*") if path.is_file()]
    contents = [path.read_bytes() for path in files]

    def plain() -> float:
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            return harness.seconds(write_all, Path(fresh), contents)

    return {"project": ours, "plain": plain}


def row_turns(folder: Path, options: Options) -> dict[str, Callable[[], float]]:
    """Return a turn of rows with their checksums, and one of their bytes."""
    append_rows(folder / "ours.jsonl", [ROW])
    content = (folder / "ours.jsonl").read_bytes()

    def ours() -> None:
        for _ in range(options.rows):
            append_rows(folder / "ours.jsonl", [ROW])

    def plain() -> None:
        for _ in range(options.rows):
            write_synced(folder / "plain.jsonl", content, os.O_APPEND)

    return {"project": partial(harness.seconds, ours), "plain": partial(harness.seconds, plain)}


def run(options: Options) -> None:
    """Compare, print the table and write the rows."""
    common = harness.machine() | {"load_average": harness.current_load()}
    works = {
        f"read {options.points:,} points": read_turns,
        f"write {options.chunks} chunks": chunk_turns,
        f"append {options.rows} rows": row_turns,
    }
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        for number, (work, turns_of) in enumerate(works.items()):
            place = Path(folder, str(number))
            place.mkdir()
            turns = turns_of(place, options)
            found = harness.take_turns(
                turns, repetitions=options.repetitions, warm_up=options.warm_up
            )
            row: Row = {"work": work, **harness.spread("project_seconds", found["project"])}
            row |= harness.spread("plain_seconds", found["plain"])
            rows.append(row | harness.spread("ratio", found["project"] / found["plain"]) | common)
            show(f"{work}: done")
    write_table(options.output, rows)
    names = ("project_seconds", "plain_seconds", "ratio")
    lines = [(row["work"], *(harness.cell(row, name, 3) for name in names)) for row in rows]
    print(harness.markdown(("work", "with checks, s", "plain, s", "ratio"), lines))
    print(harness.in_words(common))


if __name__ == "__main__":
    harness.command("sweep_files", Options, run)
