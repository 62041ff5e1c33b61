"""Running a sweep: chunk by chunk, in memory or on disk, until everything is there."""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from rhythmic.arguments import checked
from rhythmic.files import is_leftover, make_folder
from rhythmic.locks import writing
from rhythmic.progress import show
from rhythmic.records import append_rows, fingerprint
from rhythmic.runs.environment import check_worker
from rhythmic.spread import first_devices
from rhythmic.sweep.chunks import Arrays, ChunkComputer, Computed, Meter
from rhythmic.sweep.designs import FIRST_BAD_STEP, STATUS
from rhythmic.sweep.environment import computing_environment
from rhythmic.sweep.plan import (
    CHECKPOINTS,
    LOG,
    Chunk,
    ChunkPlan,
    check_ours,
    choose_plan,
    known_description,
    place_of,
)
from rhythmic.sweep.processes import by_writer, from_writer, is_writer
from rhythmic.sweep.specification import Stages, Sweep
from rhythmic.sweep.workers import UNLIKE, Target, Workers

if TYPE_CHECKING:
    import xarray

    from rhythmic.sweep.store import SweepStore

Tell = Callable[[str], None]


class SweepStorageError(OSError):
    """A run folder that cannot be written to, or a store; what is finished in it stays."""


@checked
@dataclass(frozen=True)
class SweepResult:
    """What a sweep gave: ``arrays`` by name, of the shape of the design, then of the output.

    ``folder`` is where they are kept, a folder or URL; None for a sweep in memory.
    """

    sweep: Sweep
    arrays: Mapping[str, np.ndarray]
    folder: Path | str | None = None

    def dataset(self) -> "xarray.Dataset":
        """Return the results with their axes, names and units; from disk as they are read."""
        from rhythmic.sweep.arrays import labelled
        from rhythmic.sweep.dataset import open_sweep

        return labelled(self.sweep, self.arrays) if self.folder is None else open_sweep(self.folder)


@checked
def run_sweep(
    sweep: Sweep,
    *,
    folder: Path | str | None = None,
    devices: int | None = None,
    chunk_points: int | None = None,
    executor: Executor | None = None,
    allow_changes: bool = False,
    quiet: bool = False,
) -> SweepResult:
    """Compute what is missing of a sweep.

    Args:
        sweep: what to compute.
        folder: where to keep it, chunk by chunk, so that it can be killed at any moment and resumed
            by the same call; None keeps it in memory. Wants xarray and zarr. Also the URL of an
            object store that fsspec reaches, such as ``s3://bucket/name``: there the workers of an
            executor write their own chunks, and one call at a time may hand them out.
        devices: devices to use, by default all; of a CPU there is one, or as many as
            ``jax.config.update("jax_num_cpu_devices", n)`` makes at the start of the program.
        chunk_points: points of a chunk at most: what a kill can lose.
        executor: computes the chunks by its workers, a task each: anything with the interface of
            ``concurrent.futures.Executor``, such as that of a Dask cluster. Workers may join, die
            and hang; results are byte-identical to those of one process. This process alone writes
            to a folder.
        allow_changes: resume in a folder though the program, a version or the device is another
            one, or the rows of ``prepare`` are. The chunks then record what computed them.
        quiet: show no progress.

    Returns:
        The results.

    Raises:
        ValueError: for devices or chunks that cannot be, a sweep that no folder can keep, such as
            one with callbacks, and a folder that holds something else (``RefusedError``).
        LockedError: if another process writes to the folder.
        ExecutorLostError: if the executor returns no results any more; finished chunks are kept.
        SweepStorageError: if the folder cannot be written to; finished chunks are kept.
        MemoryError: if one row of points is too many for a device.
    """
    tell: Tell = (lambda line: None) if quiet or not is_writer() else show
    computer = ChunkComputer(sweep, first_devices(devices, "devices"), tell)
    num_devices = len(computer.devices)
    wanted = choose_plan(sweep, num_devices, chunk_points=chunk_points, stored=folder is not None)
    if executor is not None and jax.process_count() > 1:
        raise ValueError("executor is given to several processes; it must be given to one")
    workers = None if executor is None else Workers(executor, sweep, tell)
    if folder is None:
        return SweepResult(sweep, in_memory(computer, wanted, workers, quiet))
    sweep.check_storable()  # before anything is compiled, and the folder touched
    place = place_of(folder)
    if isinstance(place, str):
        on_objects(computer, place, wanted, workers, allow_changes, quiet)
        return SweepResult(sweep, stored_arrays(place), place)
    folder = place.resolve()  # a later `chdir` does not matter; `absent/../d` is d
    try:
        with contextlib.ExitStack() as stack:
            by_writer("take the run folder", lambda: stack.enter_context(taken(folder, tell)))
            on_disk(computer, folder, wanted, workers, allow_changes, quiet)
    except OSError as error:
        if _is_elsewhere(error, folder):
            raise
        raise SweepStorageError(_storage_message(folder, error)) from error
    return SweepResult(sweep, stored_arrays(folder), folder)


def stored_arrays(place: Path | str) -> Mapping[str, np.ndarray]:
    """Return the stored results by name, each read when it is asked for."""
    from rhythmic.sweep.dataset import StoredArrays

    return StoredArrays(place)


@contextlib.contextmanager
def taken(folder: Path, tell: Tell) -> Iterator[None]:
    """Make the run folder, unless it is there, and hold its lock."""
    make_folder(folder)
    check_ours(folder)
    with writing(folder, tell):
        yield


def _is_elsewhere(error: OSError, folder: Path) -> bool:
    """Return whether an error concerns a file outside the folder, such as one of the data."""
    if not isinstance(error.filename, str):
        return False
    return not Path(error.filename).resolve().is_relative_to(folder.resolve())


def _storage_message(folder: Path, error: OSError) -> str:
    """Report in one line what could not be written, and that nothing is lost."""
    reason = error.strerror or str(error)
    return (
        f"run_dir {folder} cannot be written to: {reason}; finished chunks are kept, and the same "
        "call resumes from them once that is repaired"
    )


def in_memory(
    computer: ChunkComputer, wanted: ChunkPlan, workers: Workers | None, quiet: bool
) -> Arrays:
    """Compute all chunks of a sweep and keep them in memory."""
    sweep = computer.sweep
    plan = computer.fitting(wanted) if workers is None else workers.prepare(wanted)[1]
    if workers is None:
        computer.use(plan)
    results = {
        name: np.empty(sweep.shape + x.shape, x.dtype) for name, x in sweep.abstract_outputs.items()
    }
    if FIRST_BAD_STEP in results:
        results[FIRST_BAD_STEP] = results[FIRST_BAD_STEP].astype(np.int32)
    results[STATUS] = np.zeros(sweep.shape, np.int8)
    chunks = list(plan.chunks(sweep.shape))
    meter = Meter(computer, chunks, 0, quiet, elsewhere=workers is not None)
    if workers is None:
        for _ in computed(computer, chunks, None, meter, results):
            pass
        return results
    for found in elsewhere(workers, plan, chunks, meter):
        for name, part in (part_of(results, found.chunk) or {}).items():
            part[...] = found.arrays[name]
    return results


def part_of(results: Arrays | None, chunk: Chunk) -> Arrays | None:
    """Return the part of all results that a chunk fills."""
    place: tuple[int | slice, ...] = (*chunk.lead, slice(chunk.first_row, chunk.stop_row))
    return None if results is None else {name: x[place] for name, x in results.items()}


def on_disk(
    computer: ChunkComputer,
    folder: Path,
    wanted: ChunkPlan,
    workers: Workers | None,
    allow_changes: bool,
    quiet: bool,
) -> None:
    """Compute the chunks that a folder lacks; all processes compute, the first one writes.

    Args:
        computer: of the sweep.
        folder: the run folder, which one process has taken.
        wanted: the plan of a new sweep, if it fits in memory.
        workers: compute instead of this process.
        allow_changes: see ``run_sweep``.
        quiet: show no progress.
    """
    # Nothing of a sweep is there yet, so that a plan must be chosen.
    new = bool(from_writer(np.array(known_description(folder) is None)))
    plan = computer.fitting(wanted) if new and workers is None else wanted
    store = by_writer(
        "open the run folder", lambda: opened(computer, folder, plan, workers, allow_changes)
    )
    there = np.zeros(0, bool)
    if store is not None:
        plan, there = store.plan, store.done()
        computer.environment = fingerprint(store.environment_now)
    plan = ChunkPlan(*map(int, from_writer(np.array(list(plan.as_dict().values())))))
    if store is None:
        there = np.zeros(plan.num_chunks(computer.sweep.shape), bool)
    there = np.asarray(from_writer(there))
    missing = [plan.chunk(int(n), computer.sweep.shape) for n in np.flatnonzero(~there)]
    if store is not None:
        store.remove_leftovers(dict.fromkeys(map(store.layout.block_of, missing)))
    if missing and workers is None:
        computer.use(plan)
    keep = folder / CHECKPOINTS
    meter = Meter(
        computer, missing, len(there) - len(missing), quiet, elsewhere=workers is not None
    )
    if workers is None:
        chunks = computed(computer, missing, keep, meter)
    else:
        chunks = elsewhere(workers, plan, missing, meter)
    with contextlib.closing(store) if store is not None else contextlib.nullcontext():
        for found in chunks:
            if store is not None:
                if found.environment is not None and not allow_changes:
                    check_worker(store.environment_now, found.environment, UNLIKE)
                made = store.made(found.shape, found.environment)
                store.write(found.chunk, found.arrays, made)
                if rows := meter.log_rows():
                    append_rows(store.folder / LOG, rows, sync=False)
                if computer.stages > 1:
                    _drop_states(keep, found.chunk.number)
    if store is not None:
        _drop_states(keep)


def on_objects(
    computer: ChunkComputer,
    url: str,
    wanted: ChunkPlan,
    workers: Workers | None,
    allow_changes: bool,
    quiet: bool,
) -> None:
    """Compute the chunks that are not below a URL; workers write their own.

    Args:
        computer: of the sweep.
        url: of an object store.
        wanted: the plan of a new sweep, if it fits in memory.
        workers: compute instead of this process.
        allow_changes: see ``run_sweep``.
        quiet: show no progress.
    """
    from rhythmic.sweep.objects import UnreachableError, open_to_compute

    if jax.process_count() > 1:
        raise ValueError(f"folder is {url!r}; several processes of one program want a folder")
    sweep = computer.sweep

    def plan() -> tuple[dict[str, Any], ChunkPlan]:
        if workers is not None:
            return workers.prepare(wanted)
        return computing_environment(sweep), computer.fitting(wanted)

    try:
        store = open_to_compute(url, sweep, plan, allow_changes=allow_changes, tell=computer.tell)
        there = store.done()
        missing = [store.layout.chunk(int(number)) for number in np.flatnonzero(~there)]
        meter = Meter(computer, missing, int(there.sum()), quiet, elsewhere=workers is not None)
        if workers is not None:
            for _ in elsewhere(workers, store.plan, missing, meter, Target(url, allow_changes)):
                pass
            return
        if missing:
            computer.use(store.plan)
        for found in computed(computer, missing, None, meter):
            store.write(found)
    except UnreachableError as error:
        raise SweepStorageError(
            f"{error}; finished chunks are kept, and the same call resumes once it can be"
        ) from error


def _drop_states(folder: Path, number: int | None = None) -> None:
    """Remove the kept states of a chunk, or of all, and the folder if it is empty then.

    What else lies in the folder stays.
    """
    if not folder.is_dir() or folder.is_symlink():
        return
    wanted = r"\d{6,}-\d+" if number is None else rf"{number:06d}-\d+"
    for path in folder.iterdir():
        name = path.name.split(".")[0]
        ours = path.name == name or is_leftover(path.name, {name})
        if ours and re.fullmatch(wanted, name) and path.is_file():
            path.unlink()
    if number is None:
        with contextlib.suppress(OSError):
            folder.rmdir()


def elsewhere(
    workers: Workers,
    plan: ChunkPlan,
    chunks: Sequence[Chunk],
    meter: Meter,
    target: Target | None = None,
) -> Iterator[Computed]:
    """Compute chunks by workers, in the order in which they are finished."""
    for found in workers.computed(plan, chunks, target):
        meter.stage_done(1)
        meter.chunk_done(found)
        yield found


def opened(
    computer: ChunkComputer,
    folder: Path,
    plan: ChunkPlan,
    workers: Workers | None,
    allow_changes: bool,
) -> "SweepStore":
    """Open the folder to write what this process, or workers, compute."""
    from rhythmic.sweep.opening import open_to_write

    sweep, tell = computer.sweep, computer.tell
    if workers is None:
        environment = computing_environment(sweep)
    else:
        environment, plan = workers.prepare(plan)
    return open_to_write(folder, sweep, plan, environment, allow_changes=allow_changes, tell=tell)


def computed(
    computer: ChunkComputer,
    chunks: Sequence[Chunk],
    keep: Path | None,
    meter: Meter,
    into: Arrays | None = None,
) -> Iterator[Computed]:
    """Compute chunks one after the other.

    In memory, the next one of a plain function is under way while one is fetched. On disk none
    is started before the last one is recorded, so that a kill loses one chunk at most.

    Args:
        computer: of the sweep, with its plan.
        chunks: what to compute.
        keep: folder of the states between stages; None for a sweep in memory.
        meter: counts what is done.
        into: arrays of the shape of the whole sweep, which the chunks fill; by default each has
            arrays of its own.
    """
    staged = isinstance(computer.sweep.function, Stages)
    ahead = None
    for position, chunk in enumerate(chunks):
        part = part_of(into, chunk)
        if staged:
            found = computer.compute_stages(chunk, keep, meter.stage_done, part)
        else:
            begun = ahead or computer.started(chunk)
            following = chunks[position + 1 : position + 2] if keep is None else []
            ahead = computer.started(following[0]) if following else None
            found = computer.finished(begun, part)
            passes = computer.total(chunk)
            meter.stage_done(passes, new=passes)
        meter.chunk_done(found)
        yield found
