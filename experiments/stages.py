"""What a long computation keeps while it runs: arrays by name, and its finished parts."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rhythmic.files import replacing
from rhythmic.progress import Progress, show

Results = dict[str, np.ndarray]


class Stages:
    """The parts of a long computation, each kept in the run folder as soon as it is done.

    A run that was killed takes up the parts that it had finished, at the same commit without
    changes.
    """

    def __init__(self, folder: Path):
        """Keep parts in ``folder``, a folder of this commit's inside that of the run."""
        self.folder = folder
        self.run_folder = folder.parent.parent
        # Whether results of earlier runs were taken: the time is then not that of the computation.
        self.took_up = False

    def each(self, stages: Mapping[str, Callable[[], Results]]) -> dict[str, Results]:
        """Compute what is missing of several parts that take about as long as one another.

        Args:
            stages: functions without arguments, by the name of the part.

        Returns:
            The arrays of every part, by the name of the part.
        """
        paths = {name: self.folder / f"{name}.npz" for name in stages}
        missing = [name for name in stages if not paths[name].exists()]
        kept = len(stages) - len(missing)
        if missing and kept:
            show(f"resumed: {kept} of {len(stages)} parts were kept")
        progress = Progress({"part": len(missing)})
        for position, name in enumerate(missing, start=kept + 1):
            started = time.perf_counter()
            write_arrays(paths[name], stages[name]())
            progress.finished("part", time.perf_counter() - started)
            left = f", {progress.time_left()} left" if position < len(stages) else ""
            show(f"{name}: {position} of {len(stages)}{left}", final=not left)
        return {name: read_arrays(path) for name, path in paths.items()}


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays, whole or not at all."""
    with replacing(path) as partial, open(partial, "wb") as file:
        named: dict[str, Any] = {name: np.asarray(x) for name, x in arrays.items()}
        np.savez_compressed(file, **named)


def read_arrays(path: Path) -> Results:
    """Read named arrays."""
    with np.load(path, allow_pickle=False) as file:
        return dict(file)
