"""A sweep on disk: labelled arrays in chunks (zarr), and one sealed record for each whole chunk.
See ``layout`` for the files.
"""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import zarr

from rhythmic.files import move_aside
from rhythmic.sealed import DamagedFileError, read_sealed, sha256_of, write_sealed
from rhythmic.sweep.arrays import lay_out, results_of
from rhythmic.sweep.designs import STATUS
from rhythmic.sweep.layout import DESCRIPTION, RECORDS, RESULTS
from rhythmic.sweep.plan import Chunk, ChunkPlan
from rhythmic.sweep.specification import Sweep


class Damage(NamedTuple):
    """A file that is not what was recorded, and what is wrong with it."""

    path: Path
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


class SweepStore:
    """The files of one sweep. Writing wants the lock of the folder."""

    def __init__(
        self, folder: Path, description: dict[str, Any], environment: dict[str, Any] | None = None
    ):
        """Take what ``description`` describes; ``environment`` is what computes now.

        Raises:
            DamagedFileError: for a description that lacks something.
        """
        self.folder = folder
        self.description = description
        try:
            self.environment_now = environment or description["environment"]
            self.plan = ChunkPlan(**description["plan"])
            self.shape = tuple(map(int, description["shape"]))
            self.names = [str(name) for name in description["results"]]
            self.num_axes = {str(k): int(v) for k, v in description["results"].items()}
            if not 0 <= self.plan.split_axis < len(self.shape):
                raise ValueError("split_axis")
        except (KeyError, TypeError, ValueError, AttributeError):
            raise DamagedFileError(f"{folder / DESCRIPTION} does not describe a sweep") from None

    @functools.cached_property
    def arrays(self) -> dict[str, zarr.Array]:
        """The stored results, opened at their first use.

        Raises:
            DamagedFileError: if a file of their layout is not what was recorded.
        """
        self.check_layout()
        # Chunks of zeros are files as well: that a chunk is there never depends on its values.
        with zarr.config.set({"array.write_empty_chunks": True}):
            group = zarr.open_group(self.folder / RESULTS, mode="r+", zarr_format=3)
            return {name: stored_array(group, name) for name in self.names}

    def check_layout(self) -> None:
        """Raise a DamagedFileError for metadata or coordinates that are not what was recorded."""
        for damage in differences(self.folder, self.description["files"]):
            raise DamagedFileError(f"{damage}; the call that made it writes it again")

    def made(self, shape: dict[str, int]) -> dict[str, Any]:
        """Return what a record says about how its chunk was computed."""
        return {"environment": self.environment_now, **shape}

    @classmethod
    def open(cls, folder: Path) -> "SweepStore":
        """Open a folder to read.

        Raises:
            ValueError: for a folder without a sweep.
            DamagedFileError: for a damaged description.
        """
        path = folder / DESCRIPTION
        if not path.exists():
            raise ValueError(f"run_dir {folder} holds no sweep: there is no {DESCRIPTION}")
        return cls(folder, read_sealed(path))

    @classmethod
    def create(
        cls, folder: Path, sweep: Sweep, plan: ChunkPlan, environment: dict[str, Any]
    ) -> "SweepStore":
        """Lay out the arrays of a sweep and describe it; chunks that are there stay.

        Until the description is there, which is written last, nothing counts.
        """
        description = {
            "asked": sweep.identity(),
            "identity": sweep.fingerprint(),
            "shape": list(sweep.shape),
            "axes": [dimension.name for dimension in sweep.dimensions],
            "results": {
                name: len(sweep.shape + own) for name, (_, own, _) in results_of(sweep).items()
            },
            "plan": plan.as_dict(),
            "environment": environment,
            "files": lay_out(folder, sweep, plan),
        }
        write_sealed(folder / DESCRIPTION, description)
        return cls(folder, description)

    def chunks(self) -> Iterator[Chunk]:
        """List all chunks."""
        return self.plan.chunks(self.shape)

    def record_path(self, chunk: Chunk) -> Path:
        """Return where the record of a chunk is or will be."""
        return self.folder / RECORDS / f"{chunk.number:06d}.json"

    def record(self, chunk: Chunk) -> dict[str, Any] | None:
        """Return the record of a finished chunk, None where it is not finished.

        Raises:
            DamagedFileError: if it is damaged.
        """
        try:
            return read_sealed(self.record_path(chunk))
        except FileNotFoundError:
            return None

    def chunk_files(self, chunk: Chunk) -> dict[str, Path]:
        """Return the file of every result of a chunk, by the name of the result."""
        row = chunk.first_row // self.plan.rows_per_chunk
        files = {}
        for name in self.names:
            # As zarr names them: one folder for each axis.
            place = [*chunk.lead, row] + [0] * (self.num_axes[name] - len(chunk.lead) - 1)
            files[name] = self.folder.joinpath(RESULTS, name, "c", *map(str, place))
        return files

    def write(self, chunk: Chunk, values: Mapping[str, np.ndarray], made: dict[str, Any]) -> None:
        """Write the results of a chunk, then its record, which makes it count.

        Args:
            chunk: its place.
            values: every result, ``(row, *trailing axes, *own axes)``.
            made: what computed it, apart from times and names of hosts.
        """
        place: tuple[int | slice, ...] = (*chunk.lead, slice(chunk.first_row, chunk.stop_row))
        for name in self.names:
            self.arrays[name][place] = values[name]
        files = self.chunk_files(chunk)
        record = {
            "chunk": chunk.number,
            "identity": self.description["identity"],
            "plan": self.description["plan"],
            "points": int(values[STATUS].size),
            "not_finite": int(np.count_nonzero(values[STATUS])),
            "made": made,
            "files": {self.relative(path): sha256_of(path) for path in files.values()},
        }
        write_sealed(self.record_path(chunk), record)

    def relative(self, path: Path) -> str:
        """Return a path as records name it."""
        return path.relative_to(self.folder).as_posix()

    def finished(self) -> Iterator[tuple[Chunk, dict[str, Any]]]:
        """List the finished chunks and their records, damaged ones left out."""
        for chunk in self.chunks():
            try:
                record = self.record(chunk)
            except DamagedFileError:
                continue
            if record is not None:
                yield chunk, record

    def damages(self) -> Iterator[tuple[Chunk | None, Damage]]:
        """Compare every stored byte with its recorded hash.

        Yields:
            what differs, with the chunk it belongs to; None for a file of the whole sweep.
        """
        for damage in differences(self.folder, self.description["files"]):
            yield None, damage
        for chunk in self.chunks():
            try:
                record = self.record(chunk)
            except DamagedFileError as error:
                yield chunk, Damage(self.record_path(chunk), str(error).split(" is ", 1)[1])
                continue
            if record is not None:
                for damage in differences(self.folder, record["files"]):
                    yield chunk, damage

    def set_aside(self, chunk: Chunk) -> None:
        """Move what is there of a chunk out of the results, so that it is computed again."""
        for path in (self.record_path(chunk), *self.chunk_files(chunk).values()):
            move_aside(self.folder, path)


def stored_array(group: zarr.Group, name: str) -> zarr.Array:
    """Return an array of a group."""
    found = group[name]
    if not isinstance(found, zarr.Array):
        raise ValueError(f"{RESULTS} holds no array {name}")
    return found


def differences(folder: Path, recorded: Mapping[str, str]) -> Iterator[Damage]:
    """List the files that are not what was recorded."""
    for name, digest in recorded.items():
        path = folder / name
        if not path.is_file():
            yield Damage(path, "missing")
        elif sha256_of(path) != digest:
            yield Damage(path, "its bytes differ from the recorded hash")
