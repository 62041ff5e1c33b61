"""Files that are complete or absent, even after a kill or a power failure.

Nothing here follows a symbolic link or removes what this project did not write.
"""

import contextlib
import errno
import functools
import os
import re
import stat
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

PARTIAL = ".partial"  # ends the name of a file that is being written
DAMAGED = "damaged"  # folder of a run for damaged files

# As ``replacing`` names them: the file, what tempfile draws, the ending.
_LEFTOVER = re.compile(r"(?P<name>.+)\.[a-z0-9_]{8}" + re.escape(PARTIAL))
# The error of file systems, some of a network, that cannot sync a file or folder.
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF}


class LinkError(ValueError):
    """A symbolic link, or something else that is no plain file, inside a run folder."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file beside ``path`` that takes its name once the block has ended without error.

    A reader therefore finds the old file, the new one or none, never a part; two processes that
    write at the same time both succeed, and the later one stays. File and folder are synced before
    and after the renaming, so that the same holds after a power failure.

    Args:
        path: The file to write. Its folder is made if need be.

    Yields:
        The path to write to.
    """
    make_folder(path.parent)
    handle, name = _new_partial(path)
    os.close(handle)
    try:
        yield Path(name)
        handle = os.open(name, os.O_RDWR)
        try:
            sync_file(handle)
        finally:
            os.close(handle)
        os.replace(name, path)
        sync_folder(path.parent)
    finally:
        Path(name).unlink(missing_ok=True)


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write several files, each complete or absent, in one go; then all are on the disk.

    As ``replacing`` does it for one, but they wait for the disk side by side. They take their names
    in the order given: a later one, such as a record of the others, is there only if these are.
    """
    folders = list(dict.fromkeys(path.parent for path in contents))
    for folder in folders:
        make_folder(folder)
    partials: dict[Path, Path] = {}
    handles: list[int] = []
    try:
        for path, content in contents.items():
            handle, name = _new_partial(path)
            handles.append(handle)
            partials[path] = Path(name)
            write_all(handle, content)
        _side_by_side(sync_file, handles)
        for path, partial in partials.items():
            os.replace(partial, path)
        _side_by_side(sync_folder, folders)
    finally:
        for handle in handles:
            os.close(handle)
        for partial in partials.values():
            partial.unlink(missing_ok=True)


def _new_partial(path: Path) -> tuple[int, str]:
    """Make a new file beside ``path``; return its handle and its name."""
    handle, name = tempfile.mkstemp(prefix=path.name + ".", suffix=PARTIAL, dir=path.parent)
    os.chmod(name, 0o644)  # mkstemp gives 0o600, but results may be shared
    return handle, name


def write_all(handle: int, content: bytes) -> None:
    """Write all bytes to an open file; a single call of the system may write less."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _side_by_side(function: Callable[[Any], None], items: Sequence[Any]) -> None:
    """Call a function that waits for the disk for every item, in threads if there are several."""
    if len(items) < 2:
        for item in items:
            function(item)
    else:
        # Listed, so that an error of any of them is raised.
        list(_pool(os.getpid()).map(function, items))


@functools.cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Return the threads of a process: those of its parent do not survive a fork."""
    del process
    return ThreadPoolExecutor(8, thread_name_prefix="rhythmic-sync")


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where its file system can do that."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        sync_file(handle)
    finally:
        os.close(handle)


def sync_file(handle: int) -> None:
    """Wait until an open file or folder is on the disk, if its file system supports that."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, and bring their names to the disk."""
    if folder.is_dir():
        return
    missing = [folder, *folder.parents]
    missing = missing[: next((i for i, path in enumerate(missing) if path.exists()), len(missing))]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def open_plain(path: Path, flags: int) -> int:
    """Open a plain file without following a link; return its handle.

    Raises:
        LinkError: for a link, a folder, a device or a pipe.
        OSError: for a file that cannot be opened.
    """
    # A pipe opened without O_NONBLOCK would wait for its other end. Not every system has these.
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags, 0o644)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO) or path.is_symlink():
            raise LinkError(f"{path} is {_kind(path)}; it must be a plain file") from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise LinkError(f"{path} is {_kind(path)}; it must be a plain file")
    return handle


def _kind(path: Path) -> str:
    if path.is_symlink():
        return f"a symbolic link to {os.readlink(path)}"
    return "a folder" if path.is_dir() else "no plain file"


def refuse_links(folder: Path, names: Collection[str]) -> None:
    """Raise a LinkError if one of the names in a run folder is a symbolic link."""
    for name in names:
        path = folder / name
        if path.is_symlink():
            raise LinkError(f"{path} is {_kind(path)}; a run folder holds no links")


def remove_leftovers(folder: Path, names: Collection[str]) -> None:
    """Remove what a killed process left of writing files of these names; nothing else."""
    if folder.is_symlink() or not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        found = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    for name in found:
        if is_leftover(name, names):
            (folder / name).unlink(missing_ok=True)


def is_leftover(name: str, names: Collection[str]) -> bool:
    """Return whether a name is one that ``replacing`` gives while it writes one of ``names``."""
    found = _LEFTOVER.fullmatch(name)
    return found is not None and found["name"] in names


def move_aside(folder: Path, path: Path) -> None:
    """Move a file of a run folder under ``damaged``, beside earlier ones of its name."""
    if not os.path.lexists(path):
        return
    refuse_links(folder, [DAMAGED])
    name = path.relative_to(folder).as_posix().replace("/", "-")
    target = folder / DAMAGED / name
    number = 1
    while os.path.lexists(target):
        number += 1
        target = folder / DAMAGED / f"{name}.{number}"
    make_folder(target.parent)
    with contextlib.suppress(FileNotFoundError):  # another process moved it meanwhile
        os.replace(path, target)
        sync_folder(path.parent)
