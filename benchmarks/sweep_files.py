"""``python -m benchmarks.sweep_files``: what sweeps on disk and rows cost beyond plain ones."""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
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
    """Time reading, chunks and rows with what keeps them sound, and the same work without it.

    Reading: a stored result whose bytes are compared with their checksums, against zarr's own
    store. Chunks: a sweep of as many chunks of one point on disk, against the same sweep in memory.
    Rows: one at a time with its checksum, against its bytes written and synced. Many chunks: once,
    on disk and in memory, with the files that they leave and the time until they are read again.

    Args:
        points: of the result that is read, in chunks of a 32nd.
        chunks: of the sweep that is written.
        rows: that are appended.
        many: chunks of the sweep that is written once.
        repetitions: timed turns of each side.
        warm_up: turns of each side before those, not counted.
        output: CSV file of the rows.
    """

    points: int = 2**23
    chunks: int = 100
    rows: int = 100
    many: int = 100_000
    repetitions: int = 10
    warm_up: int = 1
    output: Path = Path("benchmarks", "results", "sweep_files.csv")

    def __post_init__(self) -> None:
        check_ranges(self, {"points": 2**31})
        at_least(self, points=2, chunks=2, rows=2, many=2, repetitions=1, warm_up=0)


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
    """Return a turn of a sweep of one point a chunk on disk, and one of it in memory."""
    sweep = sweep_of(options.chunks)

    def on_disk() -> float:
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            return run_seconds(sweep, Path(fresh))

    return {"project": on_disk, "plain": partial(run_seconds, sweep, None)}


def run_seconds(sweep: Sweep, folder: Path | None) -> float:
    """Return the seconds of a sweep in chunks of one point; in memory without a folder."""
    return harness.seconds(partial(run_sweep, sweep, folder=folder, chunk_points=1, quiet=True))


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


def many_chunks(folder: Path, options: Options) -> Row:
    """Write many chunks once; count what they leave, and time until it is read again."""
    sweep = sweep_of(options.many)
    in_memory = run_seconds(sweep, None)
    on_disk = run_seconds(sweep, folder)
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return {
        "work": f"{options.many:,} chunks of one point, once",
        "project_seconds": on_disk,
        "plain_seconds": in_memory,
        "ratio": on_disk / in_memory,
        "beyond_ms": (on_disk - in_memory) / options.many * 1e3,
        "files": len(sizes),
        "bytes": sum(sizes),
        "load_seconds": harness.seconds(lambda: open_sweep(folder).load()),
        "complete_seconds": run_seconds(sweep, folder),
    }


def turned(work: str, found: Mapping[str, np.ndarray], chunks: int | None) -> Row:
    """Return the row of a work whose sides took turns.

    Args:
        work: its name.
        found: seconds of each side, a round each.
        chunks: of which a round has so many; None for a work without.
    """
    row: Row = {"work": work}
    for side in ("project", "plain"):
        row |= harness.spread(f"{side}_seconds", found[side])
    row |= harness.spread("ratio", found["project"] / found["plain"])
    if chunks is not None:
        row |= harness.spread("beyond_ms", (found["project"] - found["plain"]) / chunks * 1e3)
    return row


def run(options: Options) -> None:
    """Compare, print the tables and write the rows."""
    common = harness.machine() | {"load_average": harness.current_load()}
    chunks = f"write {options.chunks} chunks"
    works = {
        f"read {options.points:,} points": read_turns,
        chunks: chunk_turns,
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
            rows.append(turned(work, found, options.chunks if work == chunks else None) | common)
            show(f"{work}: done")
        many = many_chunks(Path(folder, "many"), options)
    write_table(options.output, [*rows, many | common])
    print(tables(rows, many))
    print(harness.in_words(common))


def tables(rows: Sequence[Row], many: Row) -> str:
    """Set the rows out: works that took turns, and the one that was measured once."""
    names = ("project_seconds", "plain_seconds", "ratio", "beyond_ms")
    lines = [(row["work"], *(harness.cell(row, name, 3) for name in names)) for row in rows]
    titles = ("work", "with checks, s", "plain, s", "ratio", "overhead, ms per chunk")
    once = (
        many["work"],
        *(f"{many[name]:.1f}" for name in names[:2]),
        f"{many['beyond_ms']:.2f}",
        f"{many['files']:,}",
        f"{many['bytes'] / 1e6:.1f}",
        *(f"{many[name]:.2f}" for name in ("load_seconds", "complete_seconds")),
    )
    own = ("work", "on disk, s", "in memory, s", "overhead, ms per chunk", "files", "MB")
    found_again = ("loaded in, s", "found complete in, s")
    both = harness.markdown(titles, lines), harness.markdown((*own, *found_again), [once])
    return "\n\n".join(both)


if __name__ == "__main__":
    harness.command("sweep_files", Options, run)
