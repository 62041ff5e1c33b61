"""A sweep on disk: labelled arrays in chunks (zarr), and one checksummed record per whole chunk.
See ``plan`` for the files.
"""

import functools
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import zarr

from rhythmic.files import (
    LinkError,
    move_aside,
    refuse_links,
    remove_leftovers,
    write_together,
)
from rhythmic.locks import LOCK
from rhythmic.records import PROVENANCE
from rhythmic.sealed import (
    DamagedFileError,
    read_plain,
    read_sealed,
    sealed_bytes,
    sha256_of,
    write_sealed,
)
from rhythmic.sweep.arrays import description_of, layout_of, sha256
from rhythmic.sweep.designs import STATUS
from rhythmic.sweep.files import Check, CheckedFiles, crc32c
from rhythmic.sweep.plan import (
    DESCRIPTION,
    LOG,
    OURS,
    RECORDS,
    RESULTS,
    Chunk,
    ChunkPlan,
    record_name,
)
from rhythmic.sweep.soundness import (
    coordinates_of,
    describes_a_sweep,
    expected_arrays,
    metadata_fault,
    points_of,
    record_fault,
)
from rhythmic.sweep.specification import Sweep

Checksums = tuple[int | str, ...]  # CRC-32C, or sha256 in records that have no other
COMPUTED_AGAIN = "the call that made the sweep computes it again"


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
            self.layout_files = {str(k): str(v) for k, v in description["files"].items()}
            if not describes_a_sweep(self.plan, self.shape, self.num_axes, self.layout_files):
                raise ValueError("out of range")
            self.coordinates = coordinates_of(description, self.shape)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise DamagedFileError(f"{folder / DESCRIPTION} does not describe a sweep") from None
        listed = [name.removeprefix(f"{RESULTS}/") for name in self.layout_files]
        self.zarr_files = CheckedFiles(folder / RESULTS, listed, self.check_of, COMPUTED_AGAIN)
        self.real_folders: set[Path] = set()
        self.checks: dict[int, Checksums] = {}  # of the files of chunks whose records were read

    @functools.cached_property
    def arrays(self) -> dict[str, zarr.Array]:
        """The stored results, opened at their first use.

        Raises:
            DamagedFileError: if a file of their layout is not what was recorded.
        """
        self.check_layout()
        # Chunks of zeros are files as well: that a chunk is there never depends on its values.
        with zarr.config.set({"array.write_empty_chunks": True}):
            group = zarr.open_group(self.zarr_files, mode="r+", zarr_format=3)
            return {name: _stored_array(group, name) for name in self.names}

    def check_layout(self) -> None:
        """Raise a DamagedFileError for metadata that are not what was recorded, or a missing file.

        Coordinates are compared as they are read.
        """
        for damage in self.layout_damages(coordinates=False):
            raise DamagedFileError(f"{damage}; the call that made it writes it again")

    def layout_damages(self, *, coordinates: bool = True) -> Iterator[Damage]:
        """List what is wrong with metadata and coordinates, each file once.

        Args:
            coordinates: whether their bytes are compared as well, or only that they are there.
        """
        damaged = set()
        recorded: dict[str, str | None] = {
            name: digest if coordinates or name.endswith("/zarr.json") else None
            for name, digest in self.layout_files.items()
        }
        for damage in differences(self.folder, recorded):
            damaged.add(damage.path)
            yield damage
        arrays = expected_arrays(self.plan, self.shape, self.coordinates, self.num_axes)
        for name, expected in arrays.items():
            path = self.folder / RESULTS / name / "zarr.json"
            if path in damaged:
                continue
            if self.relative(path) not in self.layout_files:
                yield Damage(path, "the description does not name it")
            elif fault := metadata_fault(read_plain(path), expected):
                yield Damage(path, fault)

    def check_of(self, key: str) -> Check | None:
        """Return what tells whether the bytes of a file of the arrays are those recorded.

        None for a chunk that is not finished, and for what is no part of the sweep.

        Raises:
            DamagedFileError: if the record of the chunk is damaged.
        """
        name = f"{RESULTS}/{key}"
        if name in self.layout_files:
            return lambda content: sha256(content) == self.layout_files[name]
        number = self.number_of(key)
        recorded = None if number is None else self.checksums(number)
        if recorded is None:
            return None
        expected = recorded[self.names.index(key.partition("/c/")[0])]
        if isinstance(expected, int):
            return lambda content: crc32c(content) == expected
        return lambda content: sha256(content) == expected

    def number_of(self, key: str) -> int | None:
        """Return the number of the chunk that a file of the arrays belongs to."""
        name, _, place = key.partition("/c/")
        if name not in self.num_axes or not re.fullmatch(r"\d+(/\d+)*", place):
            return None
        index = tuple(map(int, place.split("/")))[: self.plan.split_axis + 1]
        return self.plan.number_at(index, self.shape)

    def checksums(self, number: int) -> Checksums | None:
        """Return what a chunk's record says of its files, in the order of the results."""
        if number not in self.checks and self.record(self.plan.chunk(number, self.shape)) is None:
            return None
        return self.checks[number]

    def made(self, shape: dict[str, int]) -> dict[str, Any]:
        """Return what a record says about how its chunk was computed."""
        return {"environment": self.environment_now, **shape}

    @classmethod
    def open(cls, folder: Path) -> "SweepStore":
        """Open a folder to read.

        Raises:
            ValueError: for a folder without a sweep, or with links in place of its files.
            DamagedFileError: for a damaged description.
        """
        folder = Path(folder).resolve()
        refuse_links(folder, OURS)
        path = folder / DESCRIPTION
        if not path.exists():
            raise ValueError(f"run_dir {folder} holds no sweep: there is no {DESCRIPTION}")
        return cls(folder, read_sealed(path))

    @classmethod
    def create(
        cls, folder: Path, sweep: Sweep, plan: ChunkPlan, environment: dict[str, Any]
    ) -> "SweepStore":
        """Describe a sweep, then lay out its arrays; chunks that are there stay.

        The description comes first: what it names is this sweep's, and missing files of it are
        written again by every opening, so that two writers cannot leave one without the other.
        """
        layout = layout_of(sweep, plan)
        description = description_of(sweep, plan, environment, layout)
        write_sealed(folder / DESCRIPTION, description)
        store = cls(folder, description)
        store.lay_out(layout)
        return store

    def lay_out(self, layout: Mapping[str, bytes]) -> None:
        """Write metadata and coordinates; equal ones stay, others are set aside."""
        missing = {}
        for name, content in layout.items():
            path = self.folder / name
            if is_plain(path) and sha256_of(path) == sha256(content):
                continue
            move_aside(self.folder, path)
            missing[path] = content
        self.check_folders(missing)
        write_together(missing)

    def chunks(self) -> Iterator[Chunk]:
        """List all chunks."""
        return self.plan.chunks(self.shape)

    @property
    def num_chunks(self) -> int:
        """Number of all chunks."""
        return self.plan.num_chunks(self.shape)

    def recorded(self) -> list[int]:
        """Return the numbers of the chunks that have a record, sound or damaged, in order."""
        folder = self.folder / RECORDS
        if not folder.is_dir():
            return []
        with os.scandir(folder) as entries:
            found = [re.fullmatch(r"(\d{6,})\.json", entry.name) for entry in entries]
        numbers = sorted(int(name[1]) for name in found if name is not None)
        return [number for number in numbers if number < self.num_chunks]

    def record_path(self, chunk: Chunk) -> Path:
        """Return where the record of a chunk is or will be."""
        return self.folder / RECORDS / record_name(chunk.number)

    def record(self, chunk: Chunk) -> dict[str, Any] | None:
        """Return the record of a finished chunk, None where it is not finished.

        Raises:
            DamagedFileError: if it is damaged, or belongs to another chunk or sweep.
        """
        path = self.record_path(chunk)
        try:
            record = read_sealed(path)
        except FileNotFoundError:
            return None
        own = {
            "chunk": chunk.number,
            "identity": self.description["identity"],
            "plan": self.description["plan"],
        }
        if {name: record.get(name) for name in own} != own:
            raise DamagedFileError(f"{path} is damaged: it belongs to another chunk or sweep")
        names = self.chunk_names(chunk)
        if fault := record_fault(record, names, points_of(chunk, self.plan, self.shape)):
            raise DamagedFileError(f"{path} is damaged: {fault}")
        recorded = {**record["files"], **record.get("crc32c", {})}
        self.checks[chunk.number] = tuple(recorded[name] for name in names)
        return record

    def chunk_names(self, chunk: Chunk) -> list[str]:
        """Return the file of every result of a chunk as records name it, in their order."""
        row = chunk.first_row // self.plan.rows_per_chunk
        place = [str(index) for index in (*chunk.lead, row)]
        # As zarr names them: one folder for each axis.
        return [
            "/".join([RESULTS, name, "c", *place, *["0"] * (self.num_axes[name] - len(place))])
            for name in self.names
        ]

    def chunk_files(self, chunk: Chunk) -> list[Path]:
        """Return the file of every result of a chunk."""
        return [self.folder / name for name in self.chunk_names(chunk)]

    def write(self, chunk: Chunk, values: Mapping[str, np.ndarray], made: dict[str, Any]) -> None:
        """Write the results of a chunk, then its record, which makes it count.

        Args:
            chunk: its place.
            values: every result, ``(row, *trailing axes, *own axes)``.
            made: what computed it, apart from times and names of hosts.
        """
        if not (self.folder / DESCRIPTION).exists():
            raise FileNotFoundError(
                f"run_dir {self.folder} was removed while the sweep was running"
            )
        place: tuple[int | slice, ...] = (*chunk.lead, slice(chunk.first_row, chunk.stop_row))
        self.zarr_files.take()
        for name in self.names:
            self.arrays[name][place] = values[name]
        taken = self.zarr_files.take()
        names = self.chunk_names(chunk)
        encoded = {name: taken[name.removeprefix(f"{RESULTS}/")] for name in names}
        record = {
            "chunk": chunk.number,
            "identity": self.description["identity"],
            "plan": self.description["plan"],
            "points": int(values[STATUS].size),
            "not_finite": int(np.count_nonzero(values[STATUS])),
            "made": made,
            "files": {name: sha256(content) for name, content in encoded.items()},
            "crc32c": {name: crc32c(content) for name, content in encoded.items()},
        }
        contents = {self.folder / name: content for name, content in encoded.items()}
        # The record is last: it takes its name when the files that it names have theirs.
        contents[self.record_path(chunk)] = sealed_bytes(record)
        self.check_folders(contents)
        write_together(contents)
        self.checks[chunk.number] = tuple(map(crc32c, encoded.values()))

    def check_folders(self, contents: Mapping[Path, bytes]) -> None:
        """Raise a LinkError if a link stands where a file would be written through it."""
        for path in contents:
            for folder in path.parents[: len(path.relative_to(self.folder).parts) - 1]:
                if folder in self.real_folders:
                    break
                if folder.is_symlink():
                    raise LinkError(f"{folder} is a symbolic link; a run folder holds no links")
            self.real_folders.add(path.parent)

    def relative(self, path: Path) -> str:
        """Return a path as records name it."""
        return path.relative_to(self.folder).as_posix()

    def finished(self) -> Iterator[tuple[Chunk, dict[str, Any]]]:
        """List the finished chunks and their records, damaged ones left out."""
        for number in self.recorded():
            try:
                record = self.record(self.plan.chunk(number, self.shape))
            except DamagedFileError:
                continue
            if record is not None:
                yield self.plan.chunk(number, self.shape), record

    def damages(self) -> Iterator[tuple[Chunk | None, Damage]]:
        """Compare every stored byte with its recorded hash.

        Yields:
            what differs, with the chunk it belongs to; None for a file of the whole sweep.
        """
        for damage in self.layout_damages():
            yield None, damage
        for number in self.recorded():
            chunk = self.plan.chunk(number, self.shape)
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
        self.checks.pop(chunk.number, None)
        for path in (self.record_path(chunk), *self.chunk_files(chunk)):
            move_aside(self.folder, path)

    def remove_leftovers(self, unfinished: Iterable[Chunk]) -> None:
        """Remove what a kill left of writing the description, or files of unfinished chunks."""
        names: dict[Path, set[str]] = {self.folder: {DESCRIPTION}}
        for name in self.layout_files:
            path = self.folder / name
            names.setdefault(path.parent, set()).add(path.name)
        for chunk in unfinished:
            for path in (self.record_path(chunk), *self.chunk_files(chunk)):
                names.setdefault(path.parent, set()).add(path.name)
        for folder, known in names.items():
            remove_leftovers(folder, known)

    def remove(self) -> None:
        """Remove the sweep's own files, and folders that are empty then; all else stays."""
        self.remove_leftovers(self.chunks())
        own = [self.folder / name for name in self.layout_files]
        for chunk in self.chunks():
            own += [self.record_path(chunk), *self.chunk_files(chunk)]
        for path in (*own, *(self.folder / name for name in (LOG, PROVENANCE, DESCRIPTION, LOCK))):
            if is_plain(path) and path.resolve().is_relative_to(self.folder.resolve()):
                path.unlink()
        for place, _, _ in os.walk(self.folder, topdown=False):
            if not os.listdir(place):
                os.rmdir(place)


def _stored_array(group: zarr.Group, name: str) -> zarr.Array:
    """Return an array of a group."""
    found = group[name]
    if not isinstance(found, zarr.Array):
        raise ValueError(f"{RESULTS} holds no array {name}")
    return found


def differences(folder: Path, recorded: Mapping[str, str | None]) -> Iterator[Damage]:
    """List the files that are not what was recorded; of None, that are not there."""
    for name, digest in recorded.items():
        path = folder / name
        if path.is_symlink():
            yield Damage(path, "a symbolic link in place of the file")
        elif not is_plain(path):
            yield Damage(path, "missing")
        elif digest is not None and sha256_of(path) != digest:
            yield Damage(path, "its bytes differ from the recorded hash")


def is_plain(path: Path) -> bool:
    """Tell whether a path is a plain file and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
