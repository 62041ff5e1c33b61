"""The chunks of a block that is not complete yet: appended one by one, each checksummed.

A file of records. The first is a text that identifies its block and sweep; another text records,
wherever that changes, what computes from there on. All others are chunks:

    kind, number of the chunk, length of the body     20 bytes
    CRC-32C of these, and of the body                 8 bytes
    a JSON text, or the arrays one after the other    length bytes

all little endian. A kill can leave the last record cut short, a power failure zeros in its place:
neither is damage, and both are overwritten. What differs from its checksum is damage, and whatever
follows it does not count either.
"""

import json
import os
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import google_crc32c
import numpy as np

from rhythmic.files import make_folder, open_plain, sync_file, sync_folder, write_all
from rhythmic.sealed import read_plain

TEXT, CHUNK = 1, 2
_HEAD, _CHECKS = struct.Struct("<IQQ"), struct.Struct("<II")
_BEFORE = _HEAD.size + _CHECKS.size


class JournalContent(NamedTuple):
    """What a journal holds.

    Attributes:
        owner: the text that it begins with; None in an empty one.
        chunks: number, what made it and the bytes of its arrays, in the order of writing.
        sound_bytes: its length as far as it is sound.
        fault: what is wrong behind that; empty if nothing is.
    """

    owner: dict[str, Any] | None
    chunks: list[tuple[int, dict[str, Any], memoryview]]
    sound_bytes: int
    fault: str


class Journal:
    """A journal that is written to: a chunk is on the disk when ``append`` returns."""

    def __init__(self, path: Path, owner: Mapping[str, Any], sound_bytes: int = 0):
        """Make a journal, or open one and cut off what follows its sound part.

        Raises:
            LinkError: for a link, or no plain file.
        """
        self.made: Mapping[str, Any] | None = None
        make_folder(path.parent)
        self.handle = open_plain(path, os.O_RDWR | os.O_CREAT)
        os.ftruncate(self.handle, sound_bytes)
        os.lseek(self.handle, sound_bytes, os.SEEK_SET)
        if not sound_bytes:
            write_all(self.handle, _record(TEXT, 0, _text(owner)))
            sync_file(self.handle)
            sync_folder(path.parent)

    def append(self, number: int, arrays: Iterable[np.ndarray], made: Mapping[str, Any]) -> None:
        """Write a chunk, and before it what made it, where that is not what made the last one."""
        content = b"" if made == self.made else _record(TEXT, 0, _text(made))
        self.made = made
        body = b"".join(x.tobytes() for x in arrays)
        write_all(self.handle, content + _record(CHUNK, number, body))
        sync_file(self.handle)

    def close(self) -> None:
        """Close the file; what was appended stays."""
        os.close(self.handle)


def read_journal(path: Path) -> JournalContent:
    """Read a journal as far as it is sound.

    Raises:
        FileNotFoundError: if there is none.
        DamagedFileError: for a link, or no plain file.
    """
    content = memoryview(read_plain(path))
    texts: list[dict[str, Any]] = []
    chunks: list[tuple[int, dict[str, Any], memoryview]] = []
    place, fault = 0, ""
    while place + _BEFORE <= len(content):
        head = content[place : place + _HEAD.size]
        checks = _CHECKS.unpack_from(content, place + _HEAD.size)
        kind, number, length = _HEAD.unpack(head)
        body = content[place + _BEFORE : place + _BEFORE + length]
        if crc32c(head) != checks[0]:
            fault = "differs from its checksum" if any(content[place:]) else ""
            break
        if len(body) < length:
            break
        if crc32c(body) != checks[1]:
            zeros = place + _BEFORE + length == len(content) and not any(body)
            fault = "" if zeros else "differs from its checksum"
            break
        if kind == TEXT:
            texts.append(json.loads(bytes(body)))
        elif len(texts) > 1:
            chunks.append((number, texts[-1], body))
        place += _BEFORE + length
    return JournalContent(texts[0] if texts else None, chunks, place, fault)


def _record(kind: int, number: int, body: bytes) -> bytes:
    head = _HEAD.pack(kind, number, len(body))
    return head + _CHECKS.pack(crc32c(head), crc32c(body)) + body


def _text(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode()


def crc32c(content: bytes | memoryview) -> int:
    """Return the CRC-32C (Castagnoli) of some bytes: finds every changed byte, at 10 GB per second.

    Source: RFC 3720, appendix B.4.
    """
    return int(google_crc32c.value(bytes(content)))
