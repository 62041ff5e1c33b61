"""The arrays of a sweep as zarr sees them: metadata in memory, chunks in files or objects."""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Self

from zarr.abc.store import ByteRequest
from zarr.core.buffer import Buffer, BufferPrototype, default_buffer_prototype
from zarr.storage import MemoryStore, WrapperStore

from rhythmic.sealed import DamagedFileError
from rhythmic.sweep.journal import crc32c

COMPUTED_AGAIN = "the call that made the sweep computes it again"


class SweepFiles(WrapperStore[MemoryStore]):
    """A zarr store over the results of one sweep.

    What is in memory comes first: metadata, and chunks that are not on the disk yet. Anything else
    in the folder is no array. Writing goes to the memory alone: who writes takes it from there, and
    brings the files of a block to their place together.

    Args:
        root: the folder of the arrays, or its URL; named in errors.
        read: returns the bytes of a stored key, or raises a FileNotFoundError.
        metadata: bytes by key.
        results: names of the arrays of which chunks may be absent; those of all others may not.
        remedy: what is done about a file that is damaged or missing, the end of errors.
    """

    def __init__(
        self,
        root: Path | str,
        read: Callable[[str], bytes],
        metadata: Mapping[str, bytes],
        results: Collection[str],
        remedy: str = COMPUTED_AGAIN,
    ):
        self.root, self.read, self.results, self.remedy = root, read, results, remedy
        from_bytes = default_buffer_prototype().buffer.from_bytes
        self.memory = {key: from_bytes(content) for key, content in metadata.items()}
        super().__init__(MemoryStore(self.memory))

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Return the bytes of a key, None for a chunk that is not computed.

        Raises:
            DamagedFileError: if a chunk is not what was written, named by its file: zarr itself
                reports that a checksum does not match, but not of which file.
        """
        prototype = prototype or default_buffer_prototype()
        name, is_chunk, _ = key.partition("/c/")
        if key in self.memory or not is_chunk:
            return await super().get(key, prototype, byte_range)
        if byte_range is not None:
            raise NotImplementedError("chunks of a sweep are read whole")
        try:
            content = self.read(key)
        except FileNotFoundError:
            if name in self.results:
                return None
            raise DamagedFileError(f"{self.root}/{key} is missing; {self.remedy}") from None
        if not is_whole(content):
            raise DamagedFileError(f"{self.root}/{key} is damaged; {self.remedy}")
        return prototype.buffer.from_bytes(content)

    async def get_partial_values(
        self,
        prototype: BufferPrototype,
        key_ranges: Iterable[tuple[str, ByteRequest | None]],
    ) -> list[Buffer | None]:
        """Return parts of several keys."""
        return [await self.get(key, prototype, part) for key, part in key_ranges]

    def with_read_only(self, read_only: bool = False) -> Self:
        """Return this store: nothing of it reaches the disk by itself."""
        del read_only
        return self


def is_whole(content: bytes) -> bool:
    """Return whether a stored chunk is what was written: zarr's codec ends it with its CRC-32C."""
    return len(content) > 4 and crc32c(content[:-4]).to_bytes(4, "little") == content[-4:]
