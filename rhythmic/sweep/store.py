"""A sweep on disk: labelled arrays in blocks of chunks (zarr), one checksummed record per block.
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
from jaxtyping import Bool

from rhythmic.files import (
    LinkError,
    make_folder,
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
from rhythmic.sweep.blocks import OpenBlock, Stored
from rhythmic.sweep.designs import STATUS
from rhythmic.sweep.files import Check, CheckedFiles, crc32c
from rhythmic.sweep.journal import JournalContent, read_journal
from rhythmic.sweep.plan import (
    DESCRIPTION,
    LOG,
    OURS,
    RECORDS,
    RESULTS,
    Chunk,
    ChunkPlan,
    Cut,
    Layout,
    journal_name,
    record_name,
    record_paths,
)
from rhythmic.sweep.soundness import (
    coordinates_of,
    describes_a_sweep,
    expected_arrays,
    metadata_fault,
    record_fault,
)
from rhythmic.sweep.specification import Sweep

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
            self.shape = tuple(map(int, description["shape"]))
            self.plan = ChunkPlan(**description["plan"])
            self.layout = Layout(self.shape, self.plan, Cut(**description["blocks"]))
            self.names = [str(name) for name in description["results"]]
            self.num_axes = {str(k): int(v) for k, v in description["results"].items()}
            self.layout_files = {str(k): str(v) for k, v in description["files"].items()}
            if not describes_a_sweep(self.layout, self.num_axes, self.layout_files):
                raise ValueError("out of range")
            self.coordinates = coordinates_of(description, self.shape)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise DamagedFileError(f"{folder / DESCRIPTION} does not describe a sweep") from None
        listed = [name.removeprefix(f"{RESULTS}/") for name in self.layout_files]
        self.zarr_files = CheckedFiles(folder / RESULTS, listed, self.check_of, COMPUTED_AGAIN)
        self.real_folders: set[Path] = set()
        self.checks: dict[int, tuple[int, ...]] = {}  # of the files of blocks, by their records
        self.open_blocks: dict[int, OpenBlock] = {}

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
        arrays = expected_arrays(self.layout, self.coordinates, self.num_axes)
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

        None for a block that is not finished, and for what is no part of the sweep.

        Raises:
            DamagedFileError: if the record of the block is damaged.
        """
        name = f"{RESULTS}/{key}"
        if name in self.layout_files:
            return lambda content: sha256(content) == self.layout_files[name]
        number = self.number_of(key)
        recorded = None if number is None else self.checksums(number)
        if recorded is None:
            return None
        expected = recorded[self.names.index(key.partition("/c/")[0])]
        return lambda content: crc32c(content) == expected

    def number_of(self, key: str) -> int | None:
        """Return the number of the block that a file of the arrays belongs to."""
        name, _, place = key.partition("/c/")
        if name not in self.num_axes or not re.fullmatch(r"\d+(/\d+)*", place):
            return None
        index = tuple(map(int, place.split("/")))[: self.layout.cut.split_axis + 1]
        return self.layout.cut.number_at(index, self.shape)

    def checksums(self, number: int) -> tuple[int, ...] | None:
        """Return what a block's record says of its files, in the order of the results."""
        if number not in self.checks and self.record(self.layout.block(number)) is None:
            return None
        return self.checks[number]

    def made(self, shape: dict[str, int], environment: dict[str, Any] | None) -> dict[str, Any]:
        """Return what a record says of how a chunk was computed, here or in a worker's place."""
        return {"environment": self.environment_now | (environment or {}), **shape}

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

    def blocks(self) -> Iterator[Chunk]:
        """List all blocks."""
        return self.layout.cut.chunks(self.shape)

    def recorded(self, ending: str = "json") -> list[int]:
        """Return the numbers of the blocks that have a record, or a journal, in order."""
        if not (self.folder / RECORDS).is_dir():
            return []
        numbers = (int(path.name.partition(".")[0]) for path in record_paths(self.folder, ending))
        return [number for number in numbers if number < self.layout.num_blocks]

    def record_path(self, block: Chunk) -> Path:
        """Return where the record of a block is or will be."""
        return self.folder / RECORDS / record_name(block.number)

    def journal_path(self, block: Chunk) -> Path:
        """Return where the journal of a block is while it is not whole."""
        return self.folder / RECORDS / journal_name(block.number)

    def owner(self, block: Chunk) -> dict[str, Any]:
        """Return what a record or journal must say of the block that it belongs to."""
        named = {name: self.description[name] for name in ("identity", "plan", "blocks")}
        return {"block": block.number, **named}

    def record(self, block: Chunk) -> dict[str, Any] | None:
        """Return the record of a finished block, None where it is not finished.

        Raises:
            DamagedFileError: if it is damaged, or belongs to another block or sweep.
        """
        path = self.record_path(block)
        try:
            record = read_sealed(path)
        except FileNotFoundError:
            return None
        own = self.owner(block)
        if {name: record.get(name) for name in own} != own:
            raise DamagedFileError(f"{path} is damaged: it belongs to another block or sweep")
        names = self.file_names(block)
        if fault := record_fault(record, names, self.layout.points(block, self.layout.cut)):
            raise DamagedFileError(f"{path} is damaged: {fault}")
        self.checks[block.number] = tuple(record["files"][name] for name in names)
        return record

    def journal(self, block: Chunk) -> tuple[OpenBlock, JournalContent, str] | None:
        """Return what the journal of a block holds, and what is wrong with it; None without one."""
        path = self.journal_path(block)
        try:
            content = read_journal(path)
        except FileNotFoundError:
            return None
        except DamagedFileError as error:
            content = JournalContent(None, [], 0, str(error).split(" is ", 1)[1])
        found = OpenBlock(self.layout, block, self.stored)
        if content.owner not in (None, self.owner(block)):
            empty = content._replace(chunks=[], sound_bytes=0)
            return found, empty, "belongs to another block or sweep"
        fault = found.take(content) or content.fault
        return found, content, fault

    @functools.cached_property
    def stored(self) -> dict[str, Stored]:
        """What is stored of a point, by the name of the result."""
        axes = len(self.shape)
        return {name: Stored(x.shape[axes:], x.dtype) for name, x in self.arrays.items()}

    def file_names(self, block: Chunk) -> list[str]:
        """Return the file of every result of a block as records name it, in their order."""
        row = block.first_row // self.layout.cut.rows_per_chunk
        place = [str(index) for index in (*block.lead, row)]
        # As zarr names them: one folder for each axis.
        return [
            "/".join([RESULTS, name, "c", *place, *["0"] * (self.num_axes[name] - len(place))])
            for name in self.names
        ]

    def files_of(self, block: Chunk) -> list[Path]:
        """Return every file that a block has, or had while it was not whole; its record first."""
        own = [self.folder / name for name in self.file_names(block)]
        return [self.record_path(block), self.journal_path(block), *own]

    def write(self, chunk: Chunk, values: Mapping[str, np.ndarray], made: dict[str, Any]) -> None:
        """Write the results of a chunk, so that it counts; a block that is whole by it as well.

        Args:
            chunk: its place.
            values: every result, ``(row, *trailing axes, *own axes)``.
            made: what computed it, apart from times and names of hosts.
        """
        if not (self.folder / DESCRIPTION).exists():
            raise FileNotFoundError(f"run_dir {self.folder} was removed while it was being written")
        block = self.layout.block_of(chunk)
        found = self.open_blocks.get(block.number) or self.open_block(block)
        self.open_blocks[block.number] = found
        found.put(chunk.number, values, made)
        if len(found.chunks) > 1:
            if found.journal is None:
                self.check_folders([self.journal_path(block)])
                make_folder(self.folder / RECORDS)
            found.append(self.journal_path(block), self.owner(block), chunk.number)
        if found.is_whole:
            self.write_block(found)

    def open_block(self, block: Chunk) -> OpenBlock:
        """Return a block with what its journal holds of it."""
        kept = self.journal(block)
        if kept is None:
            return OpenBlock(self.layout, block, self.stored)
        found, content, _ = kept
        found.sound_bytes = content.sound_bytes
        return found

    def write_block(self, whole: OpenBlock) -> None:
        """Write the files of a block and its record, which stands for its journal from then on."""
        block = whole.block
        encoded = self.encoded(whole)
        bad = int(np.count_nonzero(whole.arrays[STATUS]))
        checks = {name: crc32c(content) for name, content in encoded.items()}
        record = self.new_record(block, bad, whole.made_by(), checks)
        contents = {self.folder / name: content for name, content in encoded.items()}
        # The record is last: it takes its name when the files that it names have theirs.
        contents[self.record_path(block)] = sealed_bytes(record)
        self.check_folders(contents)
        write_together(contents)
        self.checks[block.number] = tuple(record["files"].values())
        whole.close()
        self.open_blocks.pop(block.number, None)
        self.journal_path(block).unlink(missing_ok=True)

    def new_record(
        self, block: Chunk, num_bad: int, made: list[dict[str, Any]], checks: Mapping[str, int]
    ) -> dict[str, Any]:
        """Return the record of a block: what made it, points not finite, checksums of its files."""
        return {
            **self.owner(block),
            "points": self.layout.points(block, self.layout.cut),
            "not_finite": num_bad,
            "made": made,
            "files": dict(checks),
        }

    def encoded(self, block: OpenBlock) -> dict[str, bytes]:
        """Return the bytes of the files of a block, by the names of ``file_names``."""
        first, stop = block.block.first_row, block.block.stop_row
        place: tuple[int | slice, ...] = (*block.block.lead, slice(first, stop))
        self.zarr_files.take()
        for name in self.names:
            self.arrays[name][place] = block.arrays[name]
        taken = self.zarr_files.take()
        return {
            name: taken[name.removeprefix(f"{RESULTS}/")] for name in self.file_names(block.block)
        }

    def overlay(self, block: OpenBlock) -> None:
        """Let the arrays show the chunks of a block that is not finished."""
        encoded = self.encoded(block)
        self.zarr_files.overlaid |= {
            name.removeprefix(f"{RESULTS}/"): content for name, content in encoded.items()
        }

    def close(self) -> None:
        """Close what is open."""
        for block in self.open_blocks.values():
            block.close()
        self.open_blocks.clear()

    def check_folders(self, contents: Iterable[Path]) -> None:
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
        """List the finished blocks and their records, damaged ones left out."""
        for number in self.recorded():
            try:
                record = self.record(self.layout.block(number))
            except DamagedFileError:
                continue
            if record is not None:
                yield self.layout.block(number), record

    def unfinished(self) -> Iterator[OpenBlock]:
        """List the blocks that have a journal and no record."""
        records = set(self.recorded())
        for number in self.recorded("journal"):
            kept = None if number in records else self.journal(self.layout.block(number))
            if kept is not None:
                yield kept[0]

    def done(self) -> Bool[np.ndarray, " chunk"]:
        """Tell of every chunk whether it is finished."""
        found = np.zeros(self.layout.num_chunks, bool)
        for block, _ in self.finished():
            chunks = self.layout.chunks_of(block)
            found[chunks.start : chunks.stop] = True
        for open_block in self.unfinished():
            found[list(open_block.made)] = True
        return found

    def damages(self) -> Iterator[tuple[Chunk | None, Damage]]:
        """Compare every stored byte with its recorded checksum.

        Yields:
            what differs, with the block it belongs to; None for a file of the whole sweep.
        """
        sound = True
        for damage in self.layout_damages():
            sound = False
            yield None, damage
        for number in self.recorded():
            block = self.layout.block(number)
            try:
                record = self.record(block)
            except DamagedFileError as error:
                yield block, Damage(self.record_path(block), str(error).split(" is ", 1)[1])
                continue
            if record is not None:
                for damage in differences(self.folder, record["files"]):
                    yield block, damage
        # What a journal holds can be told by the arrays alone.
        for number in self.recorded("journal") if sound else ():
            kept = self.journal(self.layout.block(number))
            if kept is not None and kept[2]:
                yield kept[0].block, Damage(self.journal_path(kept[0].block), kept[2])

    def set_aside(self, block: Chunk) -> None:
        """Move what is there of a block out of the results, so that it is computed again."""
        self.checks.pop(block.number, None)
        for path in self.files_of(block):
            move_aside(self.folder, path)

    def keep_sound_part(self, block: Chunk) -> None:
        """Set a damaged journal aside, and write what was sound of it anew."""
        kept = self.journal(block)
        move_aside(self.folder, self.journal_path(block))
        if kept is not None:
            for number in kept[0].made:
                kept[0].append(self.journal_path(block), self.owner(block), number)
            kept[0].close()

    def remove_leftovers(self, unfinished: Iterable[Chunk]) -> None:
        """Remove what a kill left of writing the description, or files of unfinished blocks."""
        names: dict[Path, set[str]] = {self.folder: {DESCRIPTION}}
        for name in self.layout_files:
            path = self.folder / name
            names.setdefault(path.parent, set()).add(path.name)
        for block in unfinished:
            for path in self.files_of(block):
                names.setdefault(path.parent, set()).add(path.name)
        for folder, known in names.items():
            remove_leftovers(folder, known)

    def remove(self) -> None:
        """Remove the sweep's own files, and folders that are empty then; all else stays."""
        self.close()
        self.remove_leftovers(self.blocks())
        own = [self.folder / name for name in self.layout_files]
        for block in self.blocks():
            own += self.files_of(block)
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


def differences(folder: Path, recorded: Mapping[str, str | int | None]) -> Iterator[Damage]:
    """List the files that are missing, or differ from their sha256 or CRC-32C where it is known."""
    for name, digest in recorded.items():
        path = folder / name
        if path.is_symlink():
            yield Damage(path, "a symbolic link in place of the file")
        elif not is_plain(path):
            yield Damage(path, "missing")
        elif digest is not None and _check(path, digest) != digest:
            yield Damage(path, "its bytes differ from the recorded checksum")


def _check(path: Path, recorded: str | int) -> str | int:
    """Return the checksum of a file, of the kind of the recorded one."""
    return sha256_of(path) if isinstance(recorded, str) else crc32c(path.read_bytes())


def is_plain(path: Path) -> bool:
    """Tell whether a path is a plain file and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
