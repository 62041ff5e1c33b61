"""The files of a sweep as zarr sees them: what is read is checked, what is written is collected."""

from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, Self

import google_crc32c
from zarr.abc.store import (
    ByteRequest,
    OffsetByteRequest,
    RangeByteRequest,
    Store,
    SuffixByteRequest,
)
from zarr.core.buffer import Buffer, BufferPrototype, default_buffer_prototype

from rhythmic.sealed import DamagedFileError, read_plain

Check = Callable[[bytes], bool]


def crc32c(content: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of some bytes: finds every changed byte, at 10 GB a second.

    Source: RFC 3720, appendix B.4.
    """
    return int(google_crc32c.value(content))


class CheckedFiles(Store):
    """A zarr store over the results of one sweep.

    Reading compares a file with what was recorded of it; a block without a record is not there,
    whatever stands in its files, unless its bytes are in ``overlaid``. Writing only collects: who
    writes brings the files to the disk together, and records them.

    Args:
        root: the folder of the arrays.
        listed: the keys of metadata and coordinates. Nothing else is listed: what stands beside
            them is nobody's array.
        check_of: gives what tells whether the bytes of a key are those that were recorded; None
            for a key that counts as absent. Raises DamagedFileError for a damaged record.
        explain: says what to do about a damaged file.
    """

    def __init__(
        self,
        root: Path,
        listed: Iterable[str],
        check_of: Callable[[str], Check | None],
        explain: str,
    ):
        super().__init__(read_only=False)
        self.root, self.check_of, self.explain = root, check_of, explain
        self.listed = sorted(listed)
        self.collected: dict[str, bytes] = {}
        self.overlaid: dict[str, bytes] = {}

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Return the bytes of a key, None if there is none.

        Raises:
            DamagedFileError: if they are not those that were recorded, or the file is missing.
        """
        prototype = prototype or default_buffer_prototype()
        check = self.check_of(key)
        if check is None:
            found = self.overlaid.get(key)
            return None if found is None else prototype.buffer.from_bytes(_part(found, byte_range))
        path = self.root / key
        try:
            content = read_plain(path)
        except FileNotFoundError:
            raise DamagedFileError(f"{path} is missing; {self.explain}") from None
        if not check(content):
            raise DamagedFileError(f"{path} is damaged; {self.explain}")
        return prototype.buffer.from_bytes(_part(content, byte_range))

    async def get_partial_values(
        self,
        prototype: BufferPrototype,
        key_ranges: Iterable[tuple[str, ByteRequest | None]],
    ) -> list[Buffer | None]:
        """Return parts of several keys."""
        return [await self.get(key, prototype, part) for key, part in key_ranges]

    async def exists(self, key: str) -> bool:
        """Tell whether a key counts and its file is there."""
        if self.check_of(key) is None:
            return key in self.overlaid
        return (self.root / key).is_file()

    async def set(self, key: str, value: Buffer) -> None:
        """Collect the bytes of a key."""
        self.collected[key] = value.to_bytes()

    def take(self) -> dict[str, bytes]:
        """Return what was collected, by key, and begin anew."""
        taken, self.collected = self.collected, {}
        return taken

    async def delete(self, key: str) -> None:
        """Refuse: nothing is removed through zarr."""
        raise NotImplementedError(f"{key} is part of a sweep; it is not removed")

    @property
    def supports_writes(self) -> bool:
        """True: whole values may be set."""
        return True

    @property
    def supports_deletes(self) -> bool:
        """False."""
        return False

    @property
    def supports_listing(self) -> bool:
        """True: folders can be listed."""
        return True

    async def list(self) -> AsyncIterator[str]:
        """List the keys of metadata and coordinates; chunks are found by their numbers."""
        for key in self.listed:
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """List the keys of these that begin with a prefix."""
        for key in self.listed:
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """List the names of these in a folder."""
        folder = f"{prefix.rstrip('/')}/" if prefix else ""
        inside = (key.removeprefix(folder) for key in self.listed if key.startswith(folder))
        for name in dict.fromkeys(key.partition("/")[0] for key in inside):
            yield name

    def with_read_only(self, read_only: bool = False) -> Self:
        """Return this store: reading and writing are kept apart by what is done with it."""
        del read_only
        return self

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, CheckedFiles) and other.root == self.root

    def __hash__(self) -> int:
        return hash(self.root)

    def __str__(self) -> str:
        return str(self.root)


def _part(content: bytes, part: ByteRequest | None) -> bytes:
    """Return the bytes that zarr asks for."""
    if isinstance(part, RangeByteRequest):
        return content[part.start : part.end]
    if isinstance(part, OffsetByteRequest):
        return content[part.offset :]
    if isinstance(part, SuffixByteRequest):
        return content[-part.suffix :]
    return content
