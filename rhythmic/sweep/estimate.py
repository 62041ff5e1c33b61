"""The cost of a sweep, estimated before it is run: its files, and one chunk of it measured."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import jax

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer
from rhythmic.locks import LOCK
from rhythmic.memory import available_memory, readable_bytes
from rhythmic.progress import clock
from rhythmic.records import PROVENANCE
from rhythmic.sealed import sealed_bytes
from rhythmic.spread import first_devices
from rhythmic.sweep.chunks import ChunkComputer
from rhythmic.sweep.environment import computing_environment
from rhythmic.sweep.plan import COPY, DESCRIPTION, LOG, Chunk, ChunkPlan, bytes_a_point, choose_plan
from rhythmic.sweep.specification import Sweep

# What the one process that writes takes, on one core of a machine of 2026: for a chunk by itself,
# and for bytes, which it compresses. See ``benchmarks/README.md``, files of sweeps.
SECONDS_TO_WRITE = 1e-3
BYTES_WRITTEN_A_SECOND = 1e8
BESIDE = (
    DESCRIPTION,
    COPY,
    LOCK,
    LOG,
    PROVENANCE,
)  # files of every folder beside layout and blocks
LONG_CHUNK = 10.0  # s: what a first call takes beyond a second one does not show in it


@dataclass(frozen=True)
class SweepEstimate:
    """What a sweep would take.

    Args:
        name: of the sweep.
        num_points: points of it.
        num_chunks: parts that are computed, and lost by a kill, one by one.
        num_blocks: parts that are stored together; 0 in memory.
        num_files: files that a finished run leaves; 0 in memory.
        result_bytes: of the results, before compression.
        record_bytes: of records, metadata and coordinates beside them; 0 in memory.
        num_devices: devices of this process that compute.
        device_bytes: that each of them needs, as reported by the compiler; 0 if it does not.
        free_bytes: that each of them has free now.
        compile_seconds: of the program, once for each process.
        seconds_per_chunk: measured on one chunk from the middle, compiling left out.
        num_workers: processes like this one that are to compute, each on all of its devices.
    """

    name: str
    num_points: int
    num_chunks: int
    num_blocks: int
    num_files: int
    result_bytes: int
    record_bytes: int
    num_devices: int
    device_bytes: int
    free_bytes: int
    compile_seconds: float
    seconds_per_chunk: float
    num_workers: int = 1

    @property
    def writing_seconds(self) -> float:
        """Seconds of the one process that writes, roughly; 0 in memory."""
        bytes_of_all = self.result_bytes if self.num_files else 0
        chunks = self.num_chunks if self.num_files else 0
        return chunks * SECONDS_TO_WRITE + bytes_of_all / BYTES_WRITTEN_A_SECOND

    @property
    def seconds(self) -> float:
        """Seconds of the whole sweep in this process alone, in which it computes and writes."""
        computing = self.num_chunks * self.seconds_per_chunk
        return self.compile_seconds + computing + self.writing_seconds

    @property
    def seconds_with_workers(self) -> float:
        """Seconds with ``num_workers`` processes: of the slower of computing and writing."""
        turns = -(-self.num_chunks // self.num_workers)
        computing = turns * self.seconds_per_chunk
        return self.compile_seconds + max(computing, self.writing_seconds)

    def __str__(self) -> str:
        """Set the numbers out for reading."""
        lines = [f"{self.name}: {self.num_points:,} points in {_counted(self.num_chunks, 'chunk')}"]
        results = f"{readable_bytes(self.result_bytes)} of results"
        if self.num_files:
            lines.append(
                f"on disk: {_counted(self.num_files, 'file')} of "
                f"{_counted(self.num_blocks, 'block')}; {results} before compression, "
                f"{readable_bytes(self.record_bytes)} of records and metadata"
            )
        else:
            lines.append(f"in memory: {results}")
        needed = readable_bytes(self.device_bytes) if self.device_bytes else "an unknown amount"
        lines.append(
            f"{_counted(self.num_devices, 'device')}: {needed} each, of "
            f"{readable_bytes(self.free_bytes)} free"
        )
        lines.append(
            f"time: {_duration(self.seconds_per_chunk)} per chunk, as one in the middle took; "
            f"{_duration(self.compile_seconds)} to compile; {_duration(self.seconds)} in all"
        )
        if self.num_workers > 1:
            line = f"{self.num_workers:,} workers: {_duration(self.seconds_with_workers)} in all"
            if self.num_files:
                line += f"; {_duration(self.writing_seconds)} of the process that writes"
            lines.append(line)
        return "\n    ".join(lines)


@checked
def plan_sweep(
    sweep: Sweep,
    *,
    devices: int | None = None,
    chunk_points: int | None = None,
    num_workers: int = 1,
    stored: bool = True,
) -> SweepEstimate:
    """Estimate the cost of ``run_sweep``. One chunk is compiled and computed, nothing is written.

    Args:
        sweep: what would be computed.
        devices: devices to use, by default all.
        chunk_points: points of a chunk at most, as for ``run_sweep``.
        num_workers: workers of an executor, each taken to be as fast as this process.
        stored: whether for a folder, which wants zarr, or in memory.

    Returns:
        Numbers of chunks, files and bytes, which are exact or bounds; memory, as reported by
        the compiler; seconds, which are those of the chunk in the middle times the number of
        chunks.

    Raises:
        ValueError: for devices or chunks that cannot be, and for a sweep that no folder can keep.
        MemoryError: if one row of points is too many for a device.
    """
    checked_integer("num_workers", num_workers, 1)
    computer = ChunkComputer(sweep, first_devices(devices, "devices"), lambda line: None)
    num_devices = len(computer.devices)
    if stored:
        sweep.check_storable()
    wanted = choose_plan(sweep, num_devices, chunk_points=chunk_points, stored=stored)
    free = available_memory(len(jax.local_devices()))
    plan = computer.fitting(wanted)
    files = on_paper(sweep, plan) if stored else _OnPaper()
    num_chunks = plan.num_chunks(sweep.shape)
    seconds = seconds_of(computer, plan.chunk(num_chunks // 2, sweep.shape))
    return SweepEstimate(
        name=sweep.name,
        num_points=sweep.num_points,
        num_chunks=num_chunks,
        **files._asdict(),
        result_bytes=sweep.num_points * bytes_a_point(sweep),
        num_devices=num_devices,
        device_bytes=computer.program.memory(),
        free_bytes=free,
        compile_seconds=computer.compile_seconds,
        seconds_per_chunk=seconds,
        num_workers=num_workers,
    )


def seconds_of(computer: ChunkComputer, chunk: Chunk) -> float:
    """Return the seconds of a chunk that takes long, or of its second call; compiling left out."""
    seconds = 0.0
    for _ in range(2):
        compiled, started = computer.compile_seconds, time.perf_counter()
        computer.computed(chunk)
        seconds = time.perf_counter() - started
        seconds = max(seconds - (computer.compile_seconds - compiled), 0.0)
        if seconds > LONG_CHUNK:
            break
    return seconds


class _OnPaper(NamedTuple):
    """What a finished folder holds."""

    num_blocks: int = 0
    num_files: int = 0
    record_bytes: int = 0


def on_paper(sweep: Sweep, plan: ChunkPlan) -> _OnPaper:
    """Count blocks and files of a finished folder, and the bytes beside its results."""
    from rhythmic.sweep.arrays import description_of, layout_of
    from rhythmic.sweep.opening import WRITER
    from rhythmic.sweep.store import SweepStore

    layout = layout_of(sweep, plan)
    environment = computing_environment(sweep) | WRITER
    description = description_of(sweep, plan, environment, layout)
    store = SweepStore(Path(), description)
    # The last block has the largest numbers.
    last = store.layout.block(store.layout.num_blocks - 1)
    shape = {"rows_per_device": plan.rows_per_device, "rows_at_once": plan.rows_at_once}
    chunks = store.layout.chunks_of(last)
    made = store.made(shape, None) | {"chunks": [[chunks.start, chunks.stop]]}
    points = store.layout.points(store.layout.block(0), store.layout.cut)
    record = store.new_record(last, points, [made])
    num_blocks = store.layout.num_blocks
    return _OnPaper(
        num_blocks,
        len(layout) + num_blocks * (len(store.names) + 1) + len(BESIDE),
        2 * len(sealed_bytes(description))
        + sum(map(len, layout.values()))
        + num_blocks * len(sealed_bytes(record)),
    )


def _counted(number: int, what: str) -> str:
    """Write a number of things."""
    return f"{number:,} {what}" + "s" * (number != 1)


def _duration(seconds: float) -> str:
    """Write seconds to two digits, and as hours and minutes where there are many."""
    return f"{seconds:.2g} s" if seconds < 60 else clock(seconds)
