"""The description of a stored sweep: arrays, how they are cut, names of files."""

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from rhythmic.records import fingerprint
from rhythmic.sealed import DamagedFileError
from rhythmic.sweep.arrays import FORMAT
from rhythmic.sweep.files import SweepFiles
from rhythmic.sweep.plan import DESCRIPTION, Chunk, ChunkPlan, Cut, Layout


class DescribedSweep:
    """A stored sweep as its description has it, in a folder or an object store.

    Args:
        place: of the sweep, a folder or URL.
        description: what ``sweep.json`` holds.
        environment: what computes now; None for that of the description.

    Raises:
        ValueError: for the description of another version of the format.
        DamagedFileError: for one that lacks something.
    """

    files: SweepFiles

    def __init__(
        self, place: Path | str, description: dict[str, Any], environment: dict[str, Any] | None
    ):
        if description.get("format") != FORMAT:
            raise ValueError(
                f"run_dir {place} holds a sweep of an older version of this package, in another "
                f"format than {FORMAT}; name a new folder"
            )
        self.description = description
        try:
            self.environment_now = environment or description["environment"]
            self.shape = tuple(description["shape"])
            self.plan = ChunkPlan(**description["plan"])
            self.layout = Layout(self.shape, self.plan, Cut(**description["blocks"]))
            self.names: list[str] = description["results"]
            columns = [one["columns"] for one in description["asked"]["design"]]
            self.coordinates = [column["name"] for some in columns for column in some]
            self.metadata = {
                key: json.dumps(about, indent=2).encode()
                for key, about in description["metadata"].items()
            }
            named = {name: description[name] for name in ("identity", "plan", "blocks")}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise DamagedFileError(f"{place}/{DESCRIPTION} does not describe a sweep") from None
        self.identity = fingerprint(named)

    @functools.cached_property
    def arrays(self) -> dict[str, zarr.Array]:
        """The stored results, opened at their first use."""
        # Chunks of zeros are files as well: that a chunk is there never depends on its values.
        with zarr.config.set({"array.write_empty_chunks": True}):
            return {n: zarr.open_array(self.files, path=n, mode="r+") for n in self.names}

    def blocks(self) -> Iterator[Chunk]:
        """List all blocks."""
        return self.layout.cut.chunks(self.shape)

    def owner(self, block: Chunk) -> dict[str, Any]:
        """Return what a record or journal must contain about the block that it belongs to."""
        return {"block": block.number, "sweep": self.identity}

    def check_owner(self, record: Mapping[str, Any], block: Chunk, name: str) -> None:
        """Raise a DamagedFileError, by its ``name``, for a record of another block or sweep."""
        own = self.owner(block)
        if {key: record.get(key) for key in own} != own:
            raise DamagedFileError(f"{name} is damaged: it belongs to another block or sweep")

    def new_record(self, block: Chunk, num_bad: int, made: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the record of a block: what made it, and how many points are not finite."""
        return {**self.owner(block), "not_finite": num_bad, "made": made}

    def made(self, shape: Mapping[str, int], environment: dict[str, Any] | None) -> dict[str, Any]:
        """Return the provenance of a chunk for its record, computed here or by a worker."""
        return {"environment": self.environment_now | (environment or {}), **shape}

    def file_names(self, block: Chunk) -> dict[str, str]:
        """Return the file of every result of a block, below the arrays, as zarr names it."""
        place = [*block.lead, block.first_row // self.layout.cut.rows_per_chunk]
        metadata = self.description["metadata"]
        axes = {name: len(metadata[f"{name}/zarr.json"]["shape"]) for name in self.names}
        return {
            name: "/".join([name, "c", *map(str, place), *["0"] * (axes[name] - len(place))])
            for name in self.names
        }

    def overlay(self, block: Chunk, values: Mapping[str, np.ndarray]) -> None:
        """Let the arrays show a block that is not stored; ``files`` then hold its bytes."""
        rows = slice(block.first_row, block.stop_row)
        place: tuple[int | slice, ...] = (*block.lead, rows)
        for name, array in self.arrays.items():
            array[place] = values[name]

    def encoded(self, block: Chunk, values: Mapping[str, np.ndarray]) -> dict[str, bytes]:
        """Return the bytes of the files of a block, by their names below the arrays."""
        self.overlay(block, values)
        keys = self.file_names(block).values()
        return {key: self.files.memory.pop(key).to_bytes() for key in keys}
