"""Computing one chunk: its passes on the devices, smaller ones if memory runs out, its stages.

And how far a sweep is: chunks, points per second, time to the end, points that are not finite.
"""

import functools
import math
import os
import socket
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from rhythmic import progress
from rhythmic.memory import available_memory
from rhythmic.progress import Progress, show
from rhythmic.records import Row
from rhythmic.runs.fitting import fitting, smaller_after
from rhythmic.runs.states import StateFile
from rhythmic.sweep.designs import STATUS
from rhythmic.sweep.plan import SHARE_OF_MEMORY, Chunk, ChunkPlan
from rhythmic.sweep.processes import from_writer, is_writer, smallest
from rhythmic.sweep.program import PassProgram
from rhythmic.sweep.specification import Stages, Sweep
from rhythmic.typing import PyTree

Arrays = dict[str, np.ndarray]
Shape = dict[str, int]


class Started(NamedTuple):
    """A chunk whose passes are under way, None where memory ran out, and what a device holds."""

    chunk: Chunk
    passes: list[PyTree] | None
    shape: Shape


class Computed(NamedTuple):
    """A chunk, its results without padding, what a device computed at once, and its bad points.

    ``environment`` is that of the worker that computed it, None for this process. ``arrays`` are
    empty where the worker has stored them itself.
    """

    chunk: Chunk
    arrays: Arrays
    shape: Shape
    num_not_finite: int
    environment: dict[str, Any] | None = None


class ChunkComputer:
    """Computes chunks of a sweep by one compiled program, the next one while one is fetched."""

    def __init__(self, sweep: Sweep, devices: Sequence[jax.Device], tell: Callable[[str], None]):
        """Compile nothing yet."""
        self.sweep = sweep
        self.devices = devices
        self.tell = tell
        self.made_program: PassProgram | None = None
        self.environment = ""  # fingerprint of program, versions and device, for kept states

    @property
    def program(self) -> PassProgram:
        """The program of the plan in use."""
        if self.made_program is None:
            raise ValueError("plan is not chosen yet; call `use` or `fitting` first")
        return self.made_program

    @property
    def compile_seconds(self) -> float:
        """What compiling took so far, in this process."""
        return 0.0 if self.made_program is None else self.made_program.compile_seconds

    @functools.cached_property
    def identity(self) -> str:
        """The identity of the sweep; computed once, since it hashes all that points share."""
        return self.sweep.fingerprint()

    @property
    def stages(self) -> int:
        """Steps of a pass after which its state could be kept; one for a plain function."""
        return self.sweep.function.num_stages if isinstance(self.sweep.function, Stages) else 1

    def use(self, plan: ChunkPlan) -> None:
        """Take a plan, unless it is in use."""
        if self.made_program is None or self.made_program.plan != plan:
            self.made_program = PassProgram(self.sweep, plan, self.devices)

    def fitting(self, plan: ChunkPlan) -> ChunkPlan:
        """Take a plan, or the first of its halves that leaves most of the memory free."""
        available = smallest(min(available_memory(len(jax.local_devices())), 2**60))

        def needed(plan: ChunkPlan) -> int:
            self.use(plan)
            return self.program.memory()

        return fitting(plan, needed, lambda _: SHARE_OF_MEMORY * available, self.tell)

    def shape_now(self) -> Shape:
        """Return what a device computes at once, which decides the last bits."""
        plan = self.program.plan
        return {"rows_per_device": plan.rows_per_device, "rows_at_once": plan.rows_at_once}

    def starts(self, chunk: Chunk) -> range:
        """Return the first row of every pass that the devices make over a chunk."""
        return range(chunk.first_row, chunk.stop_row, self.program.rows)

    def total(self, chunk: Chunk) -> int:
        """Count the stages of all passes of a chunk."""
        return len(self.starts(chunk)) * self.stages

    def computed(self, chunk: Chunk) -> Computed:
        """Compute one chunk, and keep nothing of its stages."""
        if isinstance(self.sweep.function, Stages):
            return self.compute_stages(chunk, None, lambda count: None)
        return self.finished(self.started(chunk))

    def started(self, chunk: Chunk) -> Started:
        """Start the passes of a chunk of a plain function, without waiting for them."""
        passes: list[PyTree] | None = None
        try:
            passes = [
                self.program.run(0, None, self.program.inputs(chunk.lead, start, chunk.stop_row))
                for start in self.starts(chunk)
            ]
        except (MemoryError, jax.errors.JaxRuntimeError) as error:
            smaller = self.after(error)
        if passes is None:
            self.use(smaller)
        return Started(chunk, passes, self.shape_now())

    def finished(self, started: Started, into: Arrays | None = None) -> Computed:
        """Wait for a chunk that was started; compute it again, smaller, if memory ran out.

        Args:
            started: what ``self.started`` gave.
            into: where the results go, an array of the chunk's shape for each; by default new
                ones.
        """
        chunk, passes, shape = started
        smaller: ChunkPlan | None = None
        if passes is not None:
            try:
                return self.collected(chunk, passes, shape, into)
            except (MemoryError, jax.errors.JaxRuntimeError) as error:
                smaller = self.after(error)
                passes.clear()  # the caller holds them as well, and memory is short
        if smaller is not None:
            self.use(smaller)
        return self.finished(self.started(chunk), into)

    def collected(
        self, chunk: Chunk, passes: list[PyTree], shape: Shape, into: Arrays | None = None
    ) -> Computed:
        """Bring the results of a chunk's passes to the host, padding removed, copied once."""
        found = self.room(chunk.num_rows, passes[0]) if into is None else into
        rows = self.program.programs.mesh.size * shape["rows_per_device"]
        for number, one in enumerate(passes):
            for name, x in one.items():
                self.program.programs.copy_rows(x, found[name], number * rows)
        # Where nothing can be other than finite there is no status to check.
        bad = int(np.count_nonzero(found[STATUS])) if STATUS in passes[0] else 0
        return Computed(chunk, found, shape, bad)

    def room(self, num_rows: int, like: PyTree) -> Arrays:
        """Return arrays for the results of some rows, with a status of zeros."""
        found = {name: np.empty((num_rows, *x.shape[1:]), x.dtype) for name, x in like.items()}
        trailing = self.program.trailing
        return {STATUS: np.zeros((num_rows, *trailing), np.int8)} | found

    def compute_stages(
        self,
        chunk: Chunk,
        keep: Path | None,
        on_stage: Callable[[int], None],
        into: Arrays | None = None,
    ) -> Computed:
        """Compute a chunk in stages, from what is kept of them, in smaller passes if need be.

        Args:
            chunk: what to compute.
            keep: folder of the states between stages; None keeps none.
            on_stage: called with the number of stages that are done, kept ones included.
            into: where the results go; by default new arrays.

        Raises:
            MemoryError: in one line, if one row of points is too many for a device.
        """
        while True:
            try:
                passes = [
                    self.staged_pass(chunk, number, keep, on_stage)
                    for number in range(len(self.starts(chunk)))
                ]
                return self.collected(chunk, passes, self.shape_now(), into)
            except (MemoryError, jax.errors.JaxRuntimeError) as error:
                smaller = self.after(error)
            # Out of the handler: the error held on to the arrays that filled the memory.
            self.use(smaller)

    def staged_pass(
        self, chunk: Chunk, number: int, keep: Path | None, on_stage: Callable[[int], None]
    ) -> PyTree:
        """Compute one pass of a chunk stage by stage, and keep the state after each."""
        start = self.starts(chunk)[number]
        inputs = self.program.inputs(chunk.lead, start, chunk.stop_row)
        path = None if keep is None else keep / f"{chunk.number:06d}-{number}"
        state, done = self.kept_state(path, self.program.run(0, None, inputs))
        on_stage(number * self.stages + done)
        for stage in range(done, self.stages):
            state = jax.block_until_ready(self.program.run(1, state, inputs))
            self.keep_state(path, state, stage + 1)
            on_stage(number * self.stages + stage + 1)
        return self.program.run(2, state, inputs)

    def after(self, error: BaseException) -> ChunkPlan:
        """Return the plan to continue with after memory ran out; raise any other error again."""
        return smaller_after(
            error,
            self.program.plan,
            self.tell,
            name=self.sweep.name,
            remedy="give smaller points, fewer devices, or a design whose last axis is shorter",
        )

    def label(self) -> dict[str, Any]:
        """Identify the origin of a stored state: sweep, environment, shape of a pass."""
        return {
            "environment": self.environment,
            "identity": self.identity,
            "devices": len(self.devices),
            **self.shape_now(),
        }

    def state_file(self, path: Path) -> StateFile:
        """Return the file of a state, which lies in a folder of the run folder."""
        return StateFile(path, path.parent.parent, self.label(), self.tell)

    def keep_state(self, path: Path | None, state: PyTree, done: int) -> None:
        """Write the state of a pass after ``done`` stages, in place of the one before."""
        if path is None:
            return
        host = self.program.programs.fetch(state)
        if is_writer():
            self.state_file(path).write(host, done)

    def kept_state(self, path: Path | None, state: PyTree) -> tuple[PyTree, int]:
        """Return the state that is kept of a pass and its stage, else the one given and 0."""
        if path is None:
            return state, 0
        # Shapes and dtypes alone: the state may lie in other processes.
        host = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), state)
        found = self.state_file(path).read(host) if is_writer() else None
        host, done = found or (host, 0)
        done = int(from_writer(np.array(done)))
        if not done:
            return state, 0
        programs = self.program.programs
        return programs.place(from_writer(host), programs.by_row), done


class Meter:
    """Counts stages, chunks and points as they are done, on top of those that are there.

    Compilation is not counted.
    """

    def __init__(
        self,
        computer: ChunkComputer,
        chunks: Sequence[Chunk],
        there: int,
        quiet: bool,
        *,
        elsewhere: bool = False,
    ):
        """Start the clock.

        Args:
            computer: what computes, with its plan.
            chunks: what is missing.
            there: chunks that are finished already.
            quiet: show nothing.
            elsewhere: whether workers compute, each a chunk as a whole.
        """
        self.num_chunks, self.num_done = there + len(chunks), there
        self.shape = computer.sweep.shape
        self.stages_shown = computer.stages > 1 and not elsewhere
        stages = len(chunks) if elsewhere else sum(map(computer.total, chunks))
        self.progress = Progress(
            {"stage": stages},
            name=computer.sweep.name,
            quiet=quiet or not is_writer(),
            compiled=lambda: computer.compile_seconds,
        )
        self.num_not_finite = self.stages = 0
        self.seconds = 0.0  # of the present chunk
        self.logged = np.zeros(3)  # chunks, points and seconds since the last row of the log
        self.log_written = -math.inf
        if there and not self.progress.quiet:
            show(f"{self.progress.name}: {there} of {self.num_chunks} chunks are there")

    @property
    def is_done(self) -> bool:
        """Whether all chunks are there."""
        return self.num_done == self.num_chunks

    def stage_done(self, count: int, new: int = 1) -> None:
        """Take note of stages of the present chunk.

        Args:
            count: how many are done, kept ones included.
            new: how many of these were computed since the last call, if none was kept.
        """
        seconds = self.progress.lap()
        if count == self.stages + new:
            self.progress.finished("stage", seconds / new, new)
        else:  # taken from what was kept, or started afresh in smaller passes
            self.progress.remaining["stage"] -= count - self.stages
        self.seconds, self.stages = self.seconds + seconds, count
        if self.stages_shown:
            self._show(f"stage {count}")

    def chunk_done(self, found: Computed) -> None:
        """Take note of a finished chunk."""
        chunk = found.chunk
        points = chunk.num_rows * math.prod(self.shape[len(chunk.lead) + 1 :])
        self.num_done += 1
        self.num_not_finite += found.num_not_finite
        self._show(f"{points / max(self.seconds, 1e-9):.3g} points a second", self.is_done)
        self.logged += 1, points, self.seconds
        self.seconds, self.stages = 0.0, 0

    def _show(self, what: str, final: bool = False) -> None:
        bad = f"{self.num_not_finite} points not finite" if self.num_not_finite else ""
        chunks = f"{self.num_done} of {self.num_chunks} chunks"
        self.progress.show(chunks, what, warning=bad, final=final)

    def log_rows(self) -> list[Row]:
        """Return a row for the log: how many chunks were finished since the last row, in what time.

        A row every few seconds, and one for the last chunk: none for most chunks that are small.
        """
        now = time.perf_counter()
        if now - self.log_written < progress.SECONDS_BETWEEN_LINES and not self.is_done:
            return []
        chunks, points, seconds = self.logged.tolist()
        self.logged[:] = 0
        self.log_written = now
        return [
            {
                "chunks": int(chunks),
                "points": int(points),
                "seconds": round(seconds, 4),
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
                "host": socket.gethostname(),
                "process": os.getpid(),
            }
        ]
