"""How far a sweep is: chunks, points a second, time to the end, points that are not finite."""

import os
import socket
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from rhythmic.progress import Progress, show
from rhythmic.records import Row
from rhythmic.sweep.chunks import ChunkComputer, Computed
from rhythmic.sweep.designs import STATUS
from rhythmic.sweep.plan import Chunk
from rhythmic.sweep.processes import is_writer

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_UPDATES = 0.2


class Meter:
    """Counts stages and chunks as they are done, on top of those that are there, and shows it.

    Compilation is not counted.
    """

    def __init__(self, computer: ChunkComputer, chunks: Sequence[Chunk], there: int, quiet: bool):
        """Start the clock.

        Args:
            computer: what computes, with its plan.
            chunks: what is missing.
            there: chunks that are finished already.
            quiet: show nothing.
        """
        self.computer = computer
        self.name = computer.sweep.name
        self.num_chunks = there + len(chunks)
        self.quiet = quiet or not is_writer()
        self.progress = Progress({"stage": sum(map(computer.total, chunks))})
        self.num_done, self.num_not_finite, self.stages = there, 0, 0
        self.last = self.chunk_started = self.line_shown = self.updated = time.perf_counter()
        self.compiled = self.compiling = self.seconds = 0.0
        if there and not self.quiet:
            show(f"{self.name}: {there} of {self.num_chunks} chunks are there")

    def stage_done(self, count: int, new: int = 1) -> None:
        """Take note of stages of the present chunk.

        Args:
            count: how many are done, kept ones included.
            new: how many of these were computed since the last call, if none was kept.
        """
        now = time.perf_counter()
        compiling = self.computer.program.compile_seconds - self.compiled
        if count == self.stages + new:
            for _ in range(new):
                self.progress.finished("stage", max(now - self.last - compiling, 0.0) / new)
        else:  # taken from what was kept, or started afresh in smaller passes
            self.progress.remaining["stage"] -= count - self.stages
        self.compiled += compiling
        self.compiling += compiling
        self.last, self.stages = now, count
        if self.computer.stages > 1:
            self.show(f"stage {count}", final=False)

    def chunk_done(self, found: Computed) -> None:
        """Take note of a finished chunk."""
        now = time.perf_counter()
        self.seconds = max(now - self.chunk_started - self.compiling, 0.0)
        self.compiling = 0.0
        self.num_done += 1
        self.num_not_finite += found.num_not_finite
        rate = found.arrays[STATUS].size / max(self.seconds, 1e-9)
        self.stages, self.chunk_started = 0, now
        final = self.num_done == self.num_chunks or now - self.line_shown > SECONDS_BETWEEN_LINES
        self.show(f"{rate:.3g} points a second", final=final)

    def show(self, what: str, *, final: bool) -> None:
        """Show a line, not more than a few times a second."""
        now = time.perf_counter()
        if self.quiet or not (final or now - self.updated > SECONDS_BETWEEN_UPDATES):
            return
        self.updated = now
        self.line_shown = now if final else self.line_shown
        parts = [f"{self.name}: {self.num_done} of {self.num_chunks} chunks", what]
        if self.num_done < self.num_chunks:
            parts.append(f"{self.progress.time_left()} left")
        if self.num_not_finite:
            parts.append(f"{self.num_not_finite} points not finite")
        show(" | ".join(parts), final=final)

    def log_row(self, found: Computed) -> Row:
        """Return what the log says of a chunk: when, where, and in what time."""
        return {
            "chunk": found.chunk.number,
            "points": int(found.arrays[STATUS].size),
            "seconds": round(self.seconds, 4),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "host": socket.gethostname(),
            "process": os.getpid(),
        }
