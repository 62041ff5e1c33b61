"""How a sweep is cut: chunks on disk, and passes of one shape on the devices that compute them.

The files of a sweep:

    run_dir/sweep.json        what is computed, in which chunks, on what, in which arrays;
                              checksummed, as is sweep.copy.json, from which it is repaired
    run_dir/results.zarr/     coordinates and results, readable by xarray and zarr alone, whose
                              codec ends every file of a block with its CRC-32C
    run_dir/chunks/           one record per finished block of chunks: what made it, and how many
                              points are not finite; and a journal per block that is not finished
    run_dir/checkpoints/      states of chunks that are computed in stages
    run_dir/damaged/          what was found damaged and set aside
    run_dir/log.jsonl         times and host names, which are no results
    run_dir/provenance.jsonl  a line for every opening: commit, versions, device, command, time

A chunk counts once it is in a journal or its block has a record, which is written last. Blocks keep
the files few and large where chunks are many and small; a block of one chunk has no journal.
"""

import contextlib
import math
import re
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer
from rhythmic.files import DAMAGED, is_leftover, refuse_links
from rhythmic.locks import LOCK, is_lock
from rhythmic.records import PROVENANCE, is_stray
from rhythmic.runs.environment import RefusedError
from rhythmic.sealed import DamagedFileError, read_sealed
from rhythmic.sweep.specification import Sweep

# Enough chunks that a kill loses little, and few enough that they cost little.
WANTED_CHUNKS = 32
MOST_POINTS_ON_A_DEVICE = 2**20
MOST_OUTPUT_BYTES_ON_A_DEVICE = 2**25
# Files of a few mebibytes are read and copied fast; a thousand of them are no burden.
BLOCK_BYTES = 2**20
MOST_BLOCKS = 512
MOST_BLOCK_BYTES = 2**26
CHUNK_OVERHEAD = 2000  # what a chunk costs by itself, in points
SHARE_OF_MEMORY = 0.25


class Chunk(NamedTuple):
    """One part of a cut: its number, its index along each axis before the cut one, its rows."""

    number: int
    lead: tuple[int, ...]
    first_row: int
    stop_row: int

    @property
    def num_rows(self) -> int:
        """Rows that it holds."""
        return self.stop_row - self.first_row


@dataclass(frozen=True)
class Cut:
    """A design cut into parts, each a range of points that follow one another.

    A part holds ``rows_per_chunk`` rows along one axis of the design, whole axes after it, and one
    index of each axis before it.

    Args:
        split_axis: the axis of the design that is cut into rows.
        rows_per_chunk: rows of a part; the last one of an axis may hold fewer.
    """

    split_axis: int
    rows_per_chunk: int

    def chunk_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of a whole chunk of a sweep of ``shape``."""
        rows = min(self.rows_per_chunk, shape[self.split_axis])
        return (1,) * self.split_axis + (rows,) + shape[self.split_axis + 1 :]

    def chunks(self, shape: tuple[int, ...]) -> Iterator[Chunk]:
        """List the chunks of a sweep of ``shape``, in the order of their points."""
        return (self.chunk(number, shape) for number in range(self.num_chunks(shape)))

    def chunk(self, number: int, shape: tuple[int, ...]) -> Chunk:
        """Return one chunk of a sweep of ``shape`` by its number."""
        *lead, part = map(int, np.unravel_index(number, self._counts(shape)))
        first = part * self.rows_per_chunk
        stop = min(first + self.rows_per_chunk, shape[self.split_axis])
        return Chunk(number, tuple(lead), first, stop)

    def num_chunks(self, shape: tuple[int, ...]) -> int:
        """Count the chunks of a sweep of ``shape``."""
        return math.prod(self._counts(shape))

    def _counts(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the number of chunks along every axis up to the cut one."""
        parts = -(-shape[self.split_axis] // self.rows_per_chunk)
        return (*shape[: self.split_axis], parts)

    def as_dict(self) -> dict[str, int]:
        """Return the fields, for a file."""
        return asdict(self)


@checked
@dataclass(frozen=True)
class ChunkPlan(Cut):
    """The shape of chunks and passes, chosen once for a sweep and kept with it.

    Devices compute a chunk in passes of ``rows_per_device`` rows each. What a device computes at
    once decides the last bits of a result, the number of devices does not: so a sweep may be
    resumed with more or fewer of them.

    Args:
        split_axis: the axis of the design that is cut into rows.
        rows_per_chunk: rows of a chunk; the last one of an axis may hold fewer.
        rows_per_device: rows that a device computes in a pass; padded by copies of the last row.
        rows_at_once: rows of these that it computes side by side; divides ``rows_per_device``.
    """

    rows_per_device: int
    rows_at_once: int

    def __post_init__(self) -> None:
        checked_integer("split_axis", self.split_axis, 0)
        for name in ("rows_per_chunk", "rows_per_device", "rows_at_once"):
            checked_integer(name, getattr(self, name), 1)

    def __str__(self) -> str:
        return f"passes of {self.rows_per_device} rows per device"

    def halved(self) -> "ChunkPlan":
        """Return a plan of half as much on a device, rounded up, in chunks of the same shape.

        One row stays one.
        """
        groups = self.rows_per_device // self.rows_at_once
        if groups > 1:
            rows, at_once = (groups + 1) // 2 * self.rows_at_once, self.rows_at_once
        else:
            rows = at_once = (self.rows_at_once + 1) // 2
        return ChunkPlan(self.split_axis, self.rows_per_chunk, rows, at_once)

    def blocks(self, shape: tuple[int, ...], bytes_a_point: int) -> Cut:
        """Return the cut of a sweep of ``shape`` into blocks, each stored together.

        A block holds whole chunks that follow one another: a mebibyte of results where chunks are
        smaller, and more where there would be very many, at ``bytes_a_point``.
        """
        total = math.prod(shape) * bytes_a_point
        most = max(BLOCK_BYTES, min(total // MOST_BLOCKS, MOST_BLOCK_BYTES)) // bytes_a_point
        for axis in range(self.split_axis):
            if (row := math.prod(shape[axis + 1 :])) <= most:
                return Cut(axis, min(most // row, shape[axis]))
        chunk = self.rows_per_chunk * math.prod(shape[self.split_axis + 1 :])
        rows = self.rows_per_chunk * max(1, most // chunk)
        return Cut(self.split_axis, min(rows, shape[self.split_axis]))


@dataclass(frozen=True)
class Layout:
    """How a sweep lies on disk: its shape, its chunks, and the blocks that store them.

    Args:
        shape: points along each axis of the design.
        plan: cuts it into chunks.
        cut: cuts it into blocks, see ``ChunkPlan.blocks``.
    """

    shape: tuple[int, ...]
    plan: ChunkPlan
    cut: Cut

    @property
    def num_chunks(self) -> int:
        """Number of all chunks."""
        return self.plan.num_chunks(self.shape)

    @property
    def num_blocks(self) -> int:
        """Number of all blocks."""
        return self.cut.num_chunks(self.shape)

    def chunk(self, number: int) -> Chunk:
        """Return a chunk by its number."""
        return self.plan.chunk(number, self.shape)

    def block(self, number: int) -> Chunk:
        """Return a block by its number."""
        return self.cut.chunk(number, self.shape)

    def block_of(self, chunk: Chunk) -> Chunk:
        """Return the block that holds a chunk."""
        axis = self.cut.split_axis
        *lead, row = (*chunk.lead, chunk.first_row)[: axis + 1]
        place = (*lead, row // self.cut.rows_per_chunk)
        return self.block(int(np.ravel_multi_index(place, self.cut._counts(self.shape))))

    def chunks_of(self, block: Chunk) -> range:
        """Return the numbers of the chunks of a block; they follow one another."""
        axis, counts = self.cut.split_axis, self.plan._counts(self.shape)
        ends = [block.first_row, block.stop_row]
        if axis == self.plan.split_axis:
            ends = [-(-row // self.plan.rows_per_chunk) for row in ends]
        before = int(np.ravel_multi_index((*block.lead, 0), counts[: axis + 1]))
        inner = math.prod(counts[axis + 1 :])
        return range((before + ends[0]) * inner, (before + ends[1]) * inner)

    def place_in(self, block: Chunk, chunk: Chunk) -> tuple[int | slice, ...]:
        """Return the place of a chunk in arrays of its block, rows of the block first."""
        axis = self.cut.split_axis
        place: tuple[int | slice, ...] = (*chunk.lead, slice(chunk.first_row, chunk.stop_row))
        if axis < self.plan.split_axis:
            return (chunk.lead[axis] - block.first_row, *place[axis + 1 :])
        return (slice(chunk.first_row - block.first_row, chunk.stop_row - block.first_row),)

    def points(self, part: Chunk, cut: Cut) -> int:
        """Count the points of a part of a cut."""
        return part.num_rows * math.prod(self.shape[cut.split_axis + 1 :])


def choose_plan(
    sweep: Sweep, num_devices: int, *, chunk_points: int | None = None, stored: bool = True
) -> ChunkPlan:
    """Choose chunks that keep every device busy, lose little by a kill and pad little.

    Args:
        sweep: what is computed.
        num_devices: devices at hand.
        chunk_points: points of a chunk at most, a row of each device at least; by default a
            fraction of the sweep, and no more than a device holds with ease. Runs that take long
            want few.
        stored: whether chunks go to disk.

    Raises:
        ValueError: if ``chunk_points`` is no integer or below 1.
    """
    if chunk_points is not None:
        checked_integer("chunk_points", chunk_points, 1)
    most = min(MOST_POINTS_ON_A_DEVICE, MOST_OUTPUT_BYTES_ON_A_DEVICE // bytes_a_point(sweep))
    if chunk_points is not None:
        most = min(most, chunk_points // num_devices)
    elif stored:
        most = min(most, -(-sweep.num_points // (WANTED_CHUNKS * num_devices)))
    most = max(most, 1)
    candidates = [
        plan_along(axis, sweep.shape, num_devices, most, sweep.points_at_once)
        for axis in range(len(sweep.shape))
        if math.prod(sweep.shape[axis + 1 :]) <= most or axis == len(sweep.shape) - 1
    ]

    def cost(plan: ChunkPlan) -> float:
        row = math.prod(sweep.shape[plan.split_axis + 1 :])
        padded = num_devices * plan.rows_per_device * row
        return plan.num_chunks(sweep.shape) * (padded + CHUNK_OVERHEAD)

    return min(candidates, key=cost)


def plan_along(
    axis: int, shape: tuple[int, ...], num_devices: int, most: int, points_at_once: int | None
) -> ChunkPlan:
    """Cut one axis so that a device holds ``most`` points in a pass, at least one row."""
    points_a_row = math.prod(shape[axis + 1 :])
    rows = max(1, most // points_a_row)
    # Chunks of even size: the last one would otherwise be mostly padding.
    num_chunks = -(-shape[axis] // (rows * num_devices))
    rows = -(-shape[axis] // (num_chunks * num_devices))
    at_once = rows if points_at_once is None else max(1, points_at_once // points_a_row)
    groups = -(-rows // min(at_once, rows))
    at_once = -(-rows // groups)
    # Whole groups on a device may be more rows than are wanted; the chunk is not made larger.
    return ChunkPlan(axis, min(rows * num_devices, shape[axis]), groups * at_once, at_once)


def bytes_a_point(sweep: Sweep) -> int:
    """Return the bytes of one point's results."""
    found = sweep.abstract_outputs.values()
    return 1 + sum(int(np.prod(x.shape, dtype=np.int64)) * x.dtype.itemsize for x in found)


DESCRIPTION, COPY = "sweep.json", "sweep.copy.json"
RESULTS = "results.zarr"
RECORDS = "chunks"
CHECKPOINTS = "checkpoints"
LOG = "log.jsonl"
OURS = {LOCK, DESCRIPTION, COPY, RESULTS, RECORDS, CHECKPOINTS, DAMAGED, LOG, PROVENANCE}


def place_of(folder: Path | str) -> Path | str:
    """Return a text that names an object store, as ``s3://bucket/name`` does, or else a path.

    Raises:
        ValueError: for a path that was made of a URL, which lost a slash by it.
    """
    if isinstance(folder, str) and "://" in folder:
        return folder
    if re.match(r"[A-Za-z][\w+.-]+:/", Path(folder).as_posix()):
        raise ValueError(f"folder is {folder}; the URL of an object store must be given as text")
    return Path(folder)


def record_name(number: int) -> str:
    """Return the name of the record of a block."""
    return f"{number:06d}.json"


def journal_name(number: int) -> str:
    """Return the name of the journal of a block."""
    return f"{number:06d}.journal"


def record_paths(folder: Path, ending: str = "json") -> list[Path]:
    """Return the records, or the journals, of a folder, in the order of their blocks."""
    found = (folder / RECORDS).glob(f"*.{ending}")
    return sorted(path for path in found if re.fullmatch(rf"\d{{6,}}\.{ending}", path.name))


def known_description(folder: Path) -> dict[str, Any] | None:
    """Return what describes the sweep of a folder, the copy of it if it is damaged or lost."""
    for name in (DESCRIPTION, COPY):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, DamagedFileError):
            return read_sealed(folder / name)
    return None


def check_ours(folder: Path) -> None:
    """Raise a RefusedError for a folder that holds something else; nothing in it is touched.

    A folder is ours by its description or the copy of it. Otherwise it must be unused.

    Raises:
        LinkError: for a link in place of one of our files.
    """
    refuse_links(folder, OURS)
    if not folder.is_dir() or known_description(folder) is not None:
        return
    begun = {LOCK, DESCRIPTION}
    for path in sorted(folder.iterdir()):
        stray = is_stray(path.name) or is_leftover(path.name, begun)
        if not stray and not (path.name in begun and _can_be_ours(path)):
            raise RefusedError(f"run_dir {folder} holds {path.name}, no sweep; name a new folder")


def _can_be_ours(path: Path) -> bool:
    """Return whether what is in place of a file of ours is empty, or the lock of a process."""
    about = path.lstat()
    return stat.S_ISREG(about.st_mode) and (
        is_lock(path) if path.name == LOCK else about.st_size == 0
    )
