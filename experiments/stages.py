"""What a long computation keeps while it runs: arrays by name, and its finished parts."""

import os
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rhythmic.arrays import is_ours, read_arrays, write_arrays
from rhythmic.files import move_aside, remove_leftovers
from rhythmic.progress import Progress, show
from rhythmic.runs.rows import RowStore
from rhythmic.sealed import DamagedFileError
from rhythmic.sweep import Sweep, run_sweep

Results = dict[str, np.ndarray]


class Swept(NamedTuple):
    """A sweep of an experiment.

    Attributes:
        sweep: what is computed.
        chunk_points: points of a chunk at most: what a kill can lose.
        stored: whether chunks are kept on disk.
    """

    sweep: Sweep
    chunk_points: int | None = None
    stored: bool = True


class Stages:
    """The parts of a long computation, each kept in the run folder as soon as it is done.

    A run that was killed takes up the parts that it had finished, at the same commit without
    changes.
    """

    def __init__(self, folder: Path):
        """Keep parts in ``folder``, a folder of this commit's inside that of the run."""
        self.folder = folder.absolute()
        self.run_folder = self.folder.parent.parent
        # Whether results of earlier runs were taken: the time is then not that of the computation.
        self.took_up = False
        self.revisions: set[str] = set()  # commits at which rows were made that results rest on
        self.names: set[str] = set()  # of the parts that were asked for
        # Raises an error where the run folder is gone.
        self.check: Callable[[], None] = lambda: None

    def rest_on(self, store: RowStore) -> None:
        """Take note of the rows of a store: earlier runs may have made them, at other commits."""
        self.took_up |= store.took_up
        self.revisions |= {row["git"] for row in store.rows.values() if "git" in row}

    def each(self, stages: Mapping[str, Callable[[], Results]]) -> dict[str, Results]:
        """Compute what is missing of several parts that take about as long as one another.

        Args:
            stages: functions without arguments, by the name of the part.

        Returns:
            The arrays of every part, by the name of the part.
        """
        self.names |= stages.keys()
        paths = {name: self.folder / f"{name}.npz" for name in stages}
        missing = [name for name in stages if not self.is_kept(paths[name])]
        kept = len(stages) - len(missing)
        self.took_up |= kept > 0
        if missing and kept:
            show(f"resumed: {kept} of {len(stages)} parts were kept")
        progress = Progress({"part": len(missing)})
        for position, name in enumerate(missing, start=kept + 1):
            started = time.perf_counter()
            found = stages[name]()
            self.check()
            write_arrays(paths[name], found)
            progress.finished("part", time.perf_counter() - started)
            left = f", {progress.time_left()} left" if position < len(stages) else ""
            show(f"{name}: {position} of {len(stages)}{left}", final=not left)
        return {name: read_arrays(path) for name, path in paths.items()}

    def sweep(self, name: str, swept: Swept) -> Results:
        """Return the arrays of a sweep, kept under a name, after computing the missing chunks."""
        folder = self.folder / name
        self.took_up |= folder.exists()
        result = run_sweep(swept.sweep, folder=folder, chunk_points=swept.chunk_points)
        self.check()
        return {name: np.asarray(values) for name, values in result.arrays.items()}

    def is_kept(self, path: Path) -> bool:
        """Tell whether a part is finished; one that is damaged is set aside and does not count."""
        if not path.exists():
            return False
        try:
            read_arrays(path)
        except DamagedFileError as error:
            show(f"{error}; set aside, and computed again")
            move_aside(self.run_folder, path)
            return False
        return True


def drop_parts(folder: Path, names: Collection[str] = ()) -> None:
    """Remove the parts and sweeps below a folder that were written here, and emptied folders.

    What else lies there stays: it is not ours. Links are not followed.

    Args:
        folder: what is looked through.
        names: of parts; what a kill left of writing one of these is removed too.
    """
    if folder.is_symlink():
        return
    for description in sorted(folder.rglob("sweep.json")):
        remove_sweep(description.parent)
    for place, _, files in os.walk(folder, topdown=False):
        remove_leftovers(Path(place), {f"{name}.npz" for name in names})
        for name in files:
            path = Path(place, name)
            if path.suffix == ".npz" and is_ours(path):
                path.unlink()
        if not os.listdir(place):
            os.rmdir(place)


def remove_sweep(folder: Path) -> None:
    """Remove a sweep that a part has kept; what is none, or is damaged, stays."""
    from rhythmic.sweep.store import SweepStore  # zarr, which most experiments do without

    try:
        store = SweepStore.open(folder)
    except (ValueError, OSError):
        return
    store.remove()


__all__ = ["Results", "Stages", "drop_parts", "read_arrays", "write_arrays"]
