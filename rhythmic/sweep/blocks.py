"""Blocks that are not whole yet: their chunks in memory, and in a journal that survives a kill."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rhythmic.sweep.designs import STATUS
from rhythmic.sweep.journal import Journal, read_journal
from rhythmic.sweep.plan import Chunk, Layout

ABSENT = -1  # status of a point that is not computed yet


class Stored(NamedTuple):
    """What is stored of a point of one result: the shape of its own axes, its dtype."""

    own_shape: tuple[int, ...]
    dtype: np.dtype


class OpenBlock:
    """A block and the chunks of it that are there.

    Args:
        layout: of the sweep.
        block: which one.
        results: what is stored of a point, by name.
    """

    def __init__(self, layout: Layout, block: Chunk, results: Mapping[str, Stored]):
        """Make arrays in which no point is computed."""
        self.layout, self.block, self.results = layout, block, results
        self.chunks = layout.chunks_of(block)
        points = (block.num_rows, *layout.shape[layout.cut.split_axis + 1 :])
        self.arrays = {
            name: np.full(points + own, absent_value(name, dtype), dtype)
            for name, (own, dtype) in results.items()
        }
        self.made: dict[int, dict[str, Any]] = {}
        self.journal: Journal | None = None
        self.sound_bytes = 0  # of a journal that is there
        self.fault = ""  # what is wrong with it behind those

    @property
    def is_whole(self) -> bool:
        """Whether all chunks are there."""
        return len(self.made) == len(self.chunks)

    def put(self, number: int, values: Mapping[str, np.ndarray], made: dict[str, Any]) -> None:
        """Take a chunk.

        Args:
            number: of the chunk.
            values: its results, ``(row, *trailing axes, *own axes)`` each.
            made: what computed it.
        """
        place = self.layout.place_in(self.block, self.layout.chunk(number))
        for name, array in self.arrays.items():
            array[place] = values[name]
        self.made[number] = made

    def read(self, path: Path, owner: Mapping[str, Any]) -> None:
        """Take the chunks of a journal, if there is one, as far as it is sound.

        Args:
            path: of the journal.
            owner: what it begins with, if it is one of this block.

        Raises:
            DamagedFileError: for a link, or no plain file.
        """
        try:
            content = read_journal(path)
        except FileNotFoundError:
            return
        if content.owner not in (None, owner):
            self.fault = "belongs to another block or sweep"
            return
        self.sound_bytes, self.fault = content.sound_bytes, content.fault
        for number, made, data in content.chunks:
            rows = self.layout.chunk(number).num_rows
            shape = (rows, *self.layout.shape[self.layout.plan.split_axis + 1 :])
            values, start = {}, 0
            for name, (own, dtype) in self.results.items():
                stop = start + math.prod(shape + own) * dtype.itemsize
                values[name] = np.frombuffer(data[start:stop], dtype).reshape(shape + own)
                start = stop
            self.put(number, values, made)

    def append(self, path: Path, owner: Mapping[str, Any], number: int) -> None:
        """Write a chunk that was put into the journal, which is opened at its first use.

        Args:
            path: of the journal.
            owner: what a new one begins with.
            number: of the chunk.
        """
        if self.journal is None:
            self.journal = Journal(path, owner, self.sound_bytes)
        place = self.layout.place_in(self.block, self.layout.chunk(number))
        self.journal.append(number, (x[place] for x in self.arrays.values()), self.made[number])

    def close(self) -> None:
        """Close the journal, if it was opened."""
        if self.journal is not None:
            self.journal.close()
            self.journal = None

    def made_by(self) -> list[dict[str, Any]]:
        """Return what computed the chunks, each with the ranges of their numbers."""
        found: list[tuple[dict[str, Any], list[list[int]]]] = []
        for number in sorted(self.made):
            made = self.made[number]
            ranges = next((ranges for one, ranges in found if one == made), None)
            if ranges is None:
                found.append((made, [[number, number + 1]]))
            elif ranges[-1][1] == number:
                ranges[-1][1] = number + 1
            else:
                ranges.append([number, number + 1])
        return [{**made, "chunks": ranges} for made, ranges in found]


def absent_value(name: str, dtype: np.dtype) -> Any:
    """Return the value at points that are not computed yet."""
    return ABSENT if name == STATUS else np.nan if dtype.kind in "fc" else 0
