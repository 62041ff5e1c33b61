"""A sweep on disk: labelled arrays in blocks of chunks (zarr), and one record per block.
See ``plan`` for the files.
"""

import functools
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool

from rhythmic.files import move_aside, refuse_links, remove_leftovers, write_together
from rhythmic.locks import LOCK
from rhythmic.records import PROVENANCE
from rhythmic.sealed import (
    DamagedFileError,
    read_plain,
    read_sealed,
    sealed_bytes,
    write_sealed,
)
from rhythmic.sweep.arrays import description_of, layout_of
from rhythmic.sweep.blocks import OpenBlock, Stored
from rhythmic.sweep.described import DescribedSweep
from rhythmic.sweep.designs import STATUS
from rhythmic.sweep.files import COMPUTED_AGAIN, SweepFiles, is_whole
from rhythmic.sweep.plan import (
    COPY,
    DESCRIPTION,
    LOG,
    OURS,
    RECORDS,
    RESULTS,
    Chunk,
    ChunkPlan,
    journal_name,
    record_name,
    record_paths,
)
from rhythmic.sweep.specification import Sweep


class Damage(NamedTuple):
    """A file that is not what was written, and what is wrong with it."""

    path: Path
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


class SweepStore(DescribedSweep):
    """The files of one sweep. Writing wants the lock of the folder."""

    def __init__(
        self, folder: Path, description: dict[str, Any], environment: dict[str, Any] | None = None
    ):
        """Take what ``description`` describes; ``environment`` is what computes now.

        Raises:
            ValueError: for the description of another version of the format.
            DamagedFileError: for one that lacks something.
            LinkError: for links in place of the folders of arrays.
        """
        super().__init__(folder, description, environment)
        self.folder = folder
        arrays = [f"{RESULTS}/{name}" for name in (*self.names, *self.coordinates)]
        refuse_links(folder, [*arrays, *(f"{name}/c" for name in arrays)])
        self.files = SweepFiles(
            folder / RESULTS,
            lambda key: read_plain(folder / RESULTS / key),
            self.metadata,
            self.names,
        )
        self.open_blocks: dict[int, OpenBlock] = {}

    @functools.cached_property
    def stored(self) -> dict[str, Stored]:
        """What is stored of a point, by the name of the result."""
        axes, arrays = len(self.shape), self.arrays
        return {name: Stored(x.shape[axes:], x.dtype) for name, x in arrays.items()}

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
        """Write the files of the whole sweep; equal ones stay, others are set aside.

        Args:
            layout: gives the coordinates, see ``layout_of``.
        """
        missing = {}
        for path, content in self.whole_files().items():
            if _fault(path, content):
                move_aside(self.folder, path)
                if content is None:
                    content = layout[path.relative_to(self.folder / RESULTS).as_posix()]
                missing[path] = content
        write_together(missing)

    def whole_files(self) -> dict[Path, bytes | None]:
        """Return the files of the whole sweep and their bytes, None for coordinates."""
        described = sealed_bytes(self.description)
        results = self.folder / RESULTS
        return {
            self.folder / DESCRIPTION: described,
            self.folder / COPY: described,
            **{results / key: content for key, content in self.metadata.items()},
            **{results / name / "c" / "0": None for name in self.coordinates},
        }

    def recorded(self, ending: str = "json") -> list[int]:
        """Return the numbers of the blocks that have a record, or a journal, in order."""
        numbers = (int(path.name.partition(".")[0]) for path in record_paths(self.folder, ending))
        return [number for number in numbers if number < self.layout.num_blocks]

    def record_path(self, block: Chunk) -> Path:
        """Return where the record of a block is or will be."""
        return self.folder / RECORDS / record_name(block.number)

    def journal_path(self, block: Chunk) -> Path:
        """Return where the journal of a block is while it is not whole."""
        return self.folder / RECORDS / journal_name(block.number)

    def record(self, block: Chunk) -> dict[str, Any]:
        """Return the record of a finished block.

        Raises:
            DamagedFileError: if it is damaged, or belongs to another block or sweep.
        """
        path = self.record_path(block)
        record = read_sealed(path)
        self.check_owner(record, block, str(path))
        return record

    def result_paths(self, block: Chunk) -> list[Path]:
        """Return the files of the results of a block."""
        return [self.folder / RESULTS / name for name in self.file_names(block).values()]

    def files_of(self, block: Chunk) -> list[Path]:
        """Return every file that a block has, or had while it was not whole; its record first."""
        return [self.record_path(block), self.journal_path(block), *self.result_paths(block)]

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
        if block.number not in self.open_blocks:
            self.open_blocks[block.number] = self.open_block(block)
        found = self.open_blocks[block.number]
        found.put(chunk.number, values, made)
        if len(found.chunks) > 1:
            found.append(self.journal_path(block), self.owner(block), chunk.number)
        if found.is_whole:
            self.write_block(found)

    def open_block(self, block: Chunk) -> OpenBlock:
        """Return a block with what its journal holds of it."""
        found = OpenBlock(self.layout, block, self.stored)
        found.read(self.journal_path(block), self.owner(block))
        return found

    def write_block(self, whole: OpenBlock) -> None:
        """Write the files of a block and its record, which replaces its journal from then on."""
        block = whole.block
        stored = self.encoded(block, whole.arrays)
        contents = {self.folder / RESULTS / key: content for key, content in stored.items()}
        # The record is last: it takes its name when the files of the block have theirs.
        bad = int(np.count_nonzero(whole.arrays[STATUS]))
        record = self.new_record(block, bad, whole.made_by())
        write_together(contents | {self.record_path(block): sealed_bytes(record)})
        whole.close()
        self.open_blocks.pop(block.number, None)
        self.journal_path(block).unlink(missing_ok=True)

    def close(self) -> None:
        """Close what is open."""
        for block in self.open_blocks.values():
            block.close()
        self.open_blocks.clear()

    def finished(self) -> Iterator[tuple[Chunk, dict[str, Any]]]:
        """List the finished blocks and their records.

        Raises:
            DamagedFileError: for a damaged one.
        """
        for number in self.recorded():
            block = self.layout.block(number)
            yield block, self.record(block)

    def unfinished(self) -> Iterator[OpenBlock]:
        """List the blocks that have a journal and no record."""
        for number in sorted(set(self.recorded("journal")) - set(self.recorded())):
            yield self.open_block(self.layout.block(number))

    def progress(self) -> tuple[int, list[Mapping[str, object]]]:
        """Return how many chunks are there, and what computed them; the arrays then show all.

        Raises:
            DamagedFileError: for a record that is damaged, or a file that is missing.
        """
        count, made = 0, list[Mapping[str, object]]()
        for block, record in self.finished():
            count += len(self.layout.chunks_of(block))
            for path in self.result_paths(block):
                if not is_plain(path):
                    raise DamagedFileError(f"{path} is missing; {COMPUTED_AGAIN}")
            made += record["made"]
        for begun in self.unfinished():
            count += len(begun.made)
            made += begun.made_by()
            self.overlay(begun.block, begun.arrays)
        return count, made

    def done(self) -> Bool[np.ndarray, " chunk"]:
        """Return for every chunk whether it is finished."""
        found = np.zeros(self.layout.num_chunks, bool)
        for block, _ in self.finished():
            chunks = self.layout.chunks_of(block)
            found[chunks.start : chunks.stop] = True
        for open_block in self.unfinished():
            found[list(open_block.made)] = True
        return found

    def damages(self) -> Iterator[Damage]:
        """Compare every stored byte with its checksum; yield the files that differ."""
        yield from self.whole_damages()
        for _, damage in self.block_damages():
            yield damage

    def whole_damages(self) -> Iterator[Damage]:
        """List what is wrong with the files of the whole sweep."""
        for path, content in self.whole_files().items():
            if fault := _fault(path, content):
                yield Damage(path, fault)

    def block_damages(self) -> Iterator[tuple[Chunk, Damage]]:
        """List what is wrong with records, results and journals, each with its block."""
        for number in self.recorded():
            block = self.layout.block(number)
            path = self.record_path(block)
            try:
                self.record(block)
            except DamagedFileError as error:
                yield block, Damage(path, str(error).removeprefix(f"{path} is "))
                continue
            for path in self.result_paths(block):
                if fault := _fault(path):
                    yield block, Damage(path, fault)
        for unfinished in self.unfinished():
            if unfinished.fault:
                path = self.journal_path(unfinished.block)
                yield unfinished.block, Damage(path, unfinished.fault)

    def set_aside(self, block: Chunk) -> None:
        """Move what is there of a block out of the results, so that it is computed again."""
        for path in self.files_of(block):
            move_aside(self.folder, path)

    def remove_leftovers(self, unfinished: Iterable[Chunk]) -> None:
        """Remove what a kill left of writing the description, or files of unfinished blocks."""
        paths = [path for block in unfinished for path in self.files_of(block)]
        names: dict[Path, set[str]] = {}
        for path in (*self.whole_files(), *paths):
            names.setdefault(path.parent, set()).add(path.name)
        for folder, known in names.items():
            remove_leftovers(folder, known)

    def remove(self) -> None:
        """Remove the sweep's own files, and folders that are empty then; all else stays."""
        self.close()
        self.remove_leftovers(self.blocks())
        own = [path for block in self.blocks() for path in self.files_of(block)]
        own += [self.folder / name for name in (LOG, PROVENANCE, LOCK)]
        # The description is last: a folder of which part is removed is still known as ours.
        own += reversed(self.whole_files())
        for path in own:
            if is_plain(path) and path.resolve().is_relative_to(self.folder.resolve()):
                path.unlink()
        for place, _, _ in os.walk(self.folder, topdown=False):
            if not os.listdir(place):
                os.rmdir(place)


def _fault(path: Path, content: bytes | None = None) -> str:
    """Describe the fault of a file that must hold these bytes, or of a chunk; empty for none."""
    try:
        found = read_plain(path)
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except DamagedFileError as error:
        return str(error).removeprefix(f"{path} is ")
    sound = is_whole(found) if content is None else found == content
    return "" if sound else "its bytes differ from those that were written"


def is_plain(path: Path) -> bool:
    """Return whether a path is a plain file and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
