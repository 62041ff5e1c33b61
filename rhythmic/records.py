"""Run folders: configuration, provenance, and one row for every member.

Rows are JSON objects, one per line and each with its own checksum, appended as members finish. A
row is written with a single append, so a kill leaves whole rows and at most one cut line, which
readers leave out.
"""

import csv
import dataclasses
import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import jax
import numpy as np

from rhythmic.files import (
    DAMAGED,
    is_leftover,
    make_folder,
    move_aside,
    open_plain,
    refuse_links,
    replacing,
    sync_file,
    sync_folder,
)
from rhythmic.locks import LOCK, hold, is_lock
from rhythmic.provenance import git_revision as git_revision
from rhythmic.provenance import provenance
from rhythmic.sealed import (
    SEAL,
    DamagedFileError,
    lost_its_seal,
    read_plain,
    read_sealed,
    write_sealed,
)

Row = dict[str, Any]

CONFIGURATION = "configuration.json"
_UNKNOWN: Row = {}  # the configuration of a folder that is ours, and whose file was damaged
PROVENANCE = "provenance.jsonl"


class RunFolderError(ValueError):
    """A run folder that exists and belongs to another run."""


def plain(value: Any) -> Any:
    """Turn dataclasses, arrays, paths and tuples into what JSON holds; NaN becomes null.

    Floats keep nine significant digits, which is every bit of a float32.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        value = np.asarray(value).tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    return value


def fingerprint(value: Any) -> str:
    """Return 16 hexadecimal digits of the sha256 of ``value`` as canonical JSON."""
    text = json.dumps(plain(value), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_rows(path: Path) -> list[Row]:
    """Read the rows of a file, none if it does not exist; a last line cut short is left out.

    Raises:
        DamagedFileError: for a line that is not as it was written, named by its number.
    """

    def refuse(line: str) -> None:
        raise DamagedFileError(line)

    return read_sealed_rows(path, refuse)


def read_sealed_rows(path: Path, tell: Callable[[str], None]) -> list[Row]:
    """Read the rows that are as they were written, and name each line that is not.

    Args:
        path: a file of rows; there need not be one. A link is not followed.
        tell: called with one line for every row that is damaged and left out.

    Raises:
        DamagedFileError: for a link, a folder or a device in place of the file.
    """
    try:
        return RowReader(path, tell).read(read_plain(path))
    except FileNotFoundError:
        return []


class RowReader:
    """Reads the lines of a file of rows, in one piece or in several.

    A row without a checksum counts where none before it has one: older versions wrote it, and what
    was appended since has one. A last line without a line break counts if it is whole; a kill may
    have cut it.
    """

    def __init__(self, path: Path, tell: Callable[[str], None]):
        """Begin at the first line; ``path`` is named where ``tell`` is called, and not opened."""
        self.path, self.tell = path, tell
        self.num_lines = 0
        self.checked = False  # whether a row with a checksum was among them

    def read(self, content: bytes) -> list[Row]:
        """Return the rows of the next lines that are as they were written; tell of the others."""
        rows = []
        for line in content.splitlines(keepends=True):
            self.num_lines += 1
            row = _parsed(line)
            self.checked |= row is not None and SEAL in row
            if row is not None and _is_sound(row, self.checked):
                rows.append({name: value for name, value in row.items() if name != SEAL})
            elif row is not None or (line.endswith(b"\n") and line.strip()) or _was_whole(line):
                self.tell(
                    f"{self.path}: line {self.num_lines} is damaged; it is left out, and computed "
                    "again if wanted"
                )
        return rows


def _was_whole(line: bytes) -> bool:
    """Return whether something replaced the line break of a whole row."""
    row = _parsed(line[: line.rfind(b"}") + 1])
    return row is not None and SEAL in row


def _parsed(line: bytes) -> Row | None:
    """Return the JSON object of a line; None if it is none."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _is_sound(row: Row, checked: bool) -> bool:
    """Return whether a row is as it was written, after rows that have checksums or not."""
    if SEAL in row:
        return row == _seal_row(row)
    return not checked and not lost_its_seal(row, 16)


def holds_rows(path: Path, first: str) -> bool:
    """Return whether a line of a file was written as a row whose first value has this name.

    A changed byte hides none: a damaged row is known by its beginning or by its checksum.

    Raises:
        OSError: for a file that is absent or cannot be read.
    """
    try:
        return any(_was_row(line, first) for line in read_plain(path).splitlines())
    except DamagedFileError:
        return False


def _was_row(line: bytes, first: str) -> bool:
    """Return whether a line is a row whose first value has this name, or is what became of one."""
    row = _parsed(line)
    if row is not None and _is_sound(row, False):
        return isinstance(row.get(first), str)
    beginning = f'{{"{first}": "'.encode()
    # One byte may differ; what is no JSON at all must still have its checksum.
    same = sum(a == b for a, b in zip(line, beginning, strict=False))
    sealed = row is None and re.search(rb'"%s": "[0-9a-f]{16}"' % SEAL.encode(), line)
    return same >= len(beginning) - 1 or bool(sealed)


def _seal_row(row: Row) -> Row:
    """Return a row with the hash of its content, so that a changed byte is detected."""
    content = plain({name: value for name, value in row.items() if name != SEAL})
    return content | {SEAL: fingerprint(content)}


def append_rows(path: Path, rows: Iterable[Row], *, sync: bool = True) -> None:
    """Append rows, each with its checksum, and sync them to disk.

    A last line that a kill cut short is removed before; a whole one without a line break, as
    editors leave it, is kept. Where the system has locks, processes that append at once wait for
    one another.

    Args:
        path: the file, made if need be.
        rows: what is added.
        sync: whether a power failure may lose nothing of it; of times alone it may.

    Raises:
        LinkError: for a link, a folder or a device in place of the file.
    """
    make_folder(path.parent)
    is_new = not path.exists()
    handle = open_plain(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    with os.fdopen(handle, "a+b") as file:
        # Results files are shared by runs in other folders: one appends at a time.
        hold(file.fileno())
        text = "".join(json.dumps(_seal_row(row)) + "\n" for row in rows)
        file.write(_line_break(file) + text.encode())
        file.flush()
        if sync or is_new:
            sync_file(file.fileno())
    if is_new:
        sync_folder(path.parent)


def _line_break(file: BinaryIO) -> bytes:
    """Return what must precede a further row; remove a last line that was cut short."""
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return b""
    file.seek(size - 1)
    if file.read(1) == b"\n":
        return b""
    file.seek(0)
    content = file.read()
    start = content.rfind(b"\n") + 1
    tail = content[start:]
    # Only what this project can have begun to write is removed, never a line of somebody else.
    cut = tail.startswith(b'{"') or tail == b"{" or not tail.strip(b"\0")
    if cut and _parsed(tail) is None:
        file.truncate(start)
        return b""
    return b"\n"


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` atomically."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(plain(value), indent=2) + "\n", encoding="utf-8")


def write_table(path: Path, rows: list[Row]) -> None:
    """Write rows of scalars as CSV, the columns in the order of their first appearance."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with replacing(path) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(plain(row) for row in rows)


def open_run_folder(
    folder: Path,
    configuration: Any,
    *,
    note: bool = True,
    tell: Callable[[str], None] = lambda line: None,
) -> Path:
    """Make a run folder for ``configuration``, or open the one that it has already.

    Every opening adds a line to ``provenance.jsonl``, so a run that was resumed elsewhere says so.

    Args:
        folder: the run folder.
        configuration: what determines the results.
        note: whether to add that line; not wanted where saved results are only looked at.
        tell: called with one line if the configuration is damaged, and is written again.

    Returns:
        the folder, as an absolute path.

    Raises:
        RunFolderError: if the folder belongs to another configuration, or is none of ours.
        LinkError: for a link in place of one of its files.
    """
    folder = folder.resolve()  # before anything is made: `absent/../d` is d, whose it may be
    path = folder / CONFIGURATION
    wanted = plain(configuration)
    known = _known_configuration(folder, tell)
    foreign = not is_unused(folder, {CONFIGURATION, LOCK, DAMAGED}) or not is_lock(folder / LOCK)
    if known is None and folder.exists() and foreign:
        raise RunFolderError(f"run_dir {folder} exists and is no run folder; name a new one")
    if known is None or known is _UNKNOWN:
        write_sealed(path, wanted)
    elif known != wanted:
        names = sorted(n for n in known.keys() | wanted.keys() if known.get(n) != wanted.get(n))
        raise RunFolderError(
            f"run_dir {folder} holds another run (different: {', '.join(names)}); name a new folder"
        )
    if note:
        append_rows(folder / PROVENANCE, [provenance()])
    return folder


def _known_configuration(folder: Path, tell: Callable[[str], None]) -> Row | None:
    """Return the configuration of a folder, None if it has none; set a damaged one aside."""
    path = folder / CONFIGURATION
    refuse_links(folder, [CONFIGURATION, PROVENANCE, LOCK, DAMAGED])
    try:
        return read_sealed(path, required=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except DamagedFileError as error:
        # Somebody else's file of that name is no damaged one of ours, and stays where it is.
        if not was_opened(folder) and not _was_hardly_begun(folder):
            raise RunFolderError(f"run_dir {folder} is no run folder: {error}") from None
        tell(f"{error}; set aside and written again")
        move_aside(folder, path)
        return _UNKNOWN


def _was_hardly_begun(folder: Path) -> bool:
    """Return whether a folder holds empty files of ours alone, as a power failure leaves them."""
    paths = [folder / name for name in (CONFIGURATION, PROVENANCE)]
    empty = all(p.is_file() and not p.stat().st_size for p in paths if os.path.lexists(p))
    return empty and is_unused(folder, {CONFIGURATION, PROVENANCE, LOCK, DAMAGED})


def read_configuration(folder: Path) -> Row:
    """Return the configuration of a run folder.

    Raises:
        FileNotFoundError: if the folder holds none.
        DamagedFileError: if its bytes are not those that were written.
    """
    return read_sealed(folder / CONFIGURATION, required=False)


def was_opened(folder: Path) -> bool:
    """Return whether a folder is one of ours by what every opening adds to ``provenance.jsonl``."""
    rows = read_sealed_rows(folder / PROVENANCE, lambda line: None)
    return any({"git", "versions", "started"} <= row.keys() for row in rows)


def is_unused(folder: Path, names: Collection[str]) -> bool:
    """Return whether a folder holds nothing that matters to a run that is to begin in it.

    Hidden files, the output files of a job, and what a kill left of writing one of ``names`` do
    not; nor do files that bear one of these names.
    """
    if not folder.is_dir():
        return False
    return all(
        path.name in names or is_stray(path.name) or is_leftover(path.name, names)
        for path in folder.iterdir()
    )


def is_stray(name: str) -> bool:
    """Return whether a name is one that systems, notebooks and schedulers leave in any folder."""
    return name.startswith(".") or name.endswith((".out", ".err", ".log")) or name in _STRAY


_STRAY = {"desktop.ini", "Thumbs.db", "__MACOSX"}
