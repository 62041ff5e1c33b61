"""``python -m rhythmic.sweep``: show, verify, compare and export sweeps."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from rhythmic.interruption import refuse, stopping
from rhythmic.progress import clock, printable
from rhythmic.records import PROVENANCE, read_sealed_rows
from rhythmic.sealed import DamagedFileError
from rhythmic.sweep.dataset import export, open_sweep
from rhythmic.sweep.designs import STATUS
from rhythmic.sweep.joining import compare
from rhythmic.sweep.plan import LOG
from rhythmic.sweep.store import SweepStore


def show(run: tyro.conf.Positional[Path]) -> None:
    """Show a sweep, running or not: axes, results, progress, points per second, remaining time.

    Args:
        run: the run folder.
    """
    store = SweepStore.open(run)
    there, points, bad = int(store.done().sum()), 0, 0
    for block, record in store.finished():
        points += store.layout.points(block, store.layout.cut)
        bad += record["not_finite"]
    for begun in store.unfinished():
        points += int(np.sum(begun.arrays[STATUS] >= 0))
        bad += int(np.sum(begun.arrays[STATUS] > 0))
    total = store.layout.num_chunks
    print(f"{store.description['asked']['sweep']}: {there} of {total} chunks, {points} points")
    print(f"not finite: {bad}")
    print(progress_line(store, total - there))
    print(open_sweep(run))


def progress_line(store: SweepStore, num_missing: int) -> str:
    """Estimate from the log what is left; chunks of the last session count."""
    rows = read_sealed_rows(store.folder / LOG, print)
    rows = [row for row in rows if row["process"] == rows[-1]["process"]]
    if not rows:
        return "no chunk is in the log yet"
    # The first chunk of a session was compiled for.
    timed = rows[1:] or rows
    seconds = sum(row["seconds"] for row in timed)
    rate = sum(row["points"] for row in timed) / max(seconds, 1e-9)
    chunks = sum(row["chunks"] for row in timed)
    left = clock(num_missing * seconds / chunks) if num_missing else "nothing"
    return f"{rate:.3g} points a second on {rows[-1]['host']}, {left} left at that pace"


def verify(run: tyro.conf.Positional[Path]) -> None:
    """Compare every stored byte with its checksum; name each file that differs.

    The same command that made the sweep sets files of results aside and computes them again. A
    damaged line of the log or of the provenance stays, and is left out where they are read.

    Args:
        run: the run folder.
    """
    store = SweepStore.open(run)
    found = list(store.damages())
    for damage in found:
        print(printable(str(damage)))
    lines: list[str] = []  # of what no result depends on
    for name in (LOG, PROVENANCE):
        read_sealed_rows(store.folder / name, lines.append)
    for line in lines:
        print(printable(line.rpartition(",")[0]))
    if found:
        sys.exit(f"{len(found)} damaged or missing; the call that made the sweep repairs it")
    of_all = f"{int(store.done().sum())} of {store.layout.num_chunks} chunks are there"
    word = "line" if len(lines) == 1 else "lines"
    but = f", but for {len(lines)} {word} of history" if lines else ""
    print(f"{of_all}; every file is as it was written{but}")


def compare_runs(first: tyro.conf.Positional[Path], second: tyro.conf.Positional[Path]) -> None:
    """Compare two sweeps on the points that they have in common.

    Args:
        first: run folder of one.
        second: run folder of the other.
    """
    for found in compare(open_sweep(first), open_sweep(second)):
        where = ", ".join(f"{name} {value:g}" for name, value in found.place.items())
        text = f"{found.num_points} differ, at most by {found.largest:g}, first at {where}"
        print(f"{found.name}: {text if found.num_points else 'equal'}")


def export_runs(runs: tyro.conf.Positional[tuple[Path, ...]], to: Path) -> None:
    """Write one sweep, or several joined, as NetCDF (.nc), CSV (.csv) or Parquet (.parquet).

    Args:
        runs: run folders.
        to: the file to write; its ending determines the format.
    """
    absent = export(runs, to)
    print(f"{to}: written" + (f"; {absent} points are not computed yet" if absent else ""))


def main(arguments: list[str] | None = None) -> None:
    """Run a command; turn what the user can repair into one line."""
    commands: dict[str, Any] = {
        "show": show,
        "verify": verify,
        "compare": compare_runs,
        "export": export_runs,
    }
    with stopping("stopped"):
        try:
            tyro.extras.subcommand_cli_from_dict(
                commands,
                prog="python -m rhythmic.sweep",
                description="Look at sweeps, check them, compare and export them.",
                args=arguments,
            )
        except (DamagedFileError, ValueError, OSError) as error:
            refuse(error)


if __name__ == "__main__":
    main()
