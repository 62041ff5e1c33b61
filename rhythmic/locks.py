"""One writer at a time for a run folder, by a lock of the kernel that ends with its process."""

import contextlib
import errno
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from rhythmic.files import open_plain
from rhythmic.progress import printable

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

LOCK = "lock"
# Empty, or zeros after a power failure, where the last process did not come to say its name.
_OURS = re.compile(rb"(process \d+ on [^\n]*\n)?|\0*")

# Errors of file systems without such locks: Lustre without its mount option, NFS without lockd.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}


class LockedError(RuntimeError):
    """A run folder that another process writes to."""


def hold(handle: int) -> bool:
    """Wait for the lock of an open file; closing the file gives it back.

    Returns:
        whether it is held: False where the file system has no such locks.
    """
    return _lock(handle, wait=True)


def hold_byte(handle: int, place: int) -> bool:
    """Take the lock of one byte of a file that is open for writing, without waiting.

    It belongs to the process, which loses it when it ends, closes the file by any handle, or calls
    ``free_byte``. Machines that share the file see it where its file system supports locks across
    machines.

    Args:
        handle: of the file, which need not have that byte.
        place: number of the byte, from 0, below 2^62.

    Returns:
        whether it is held: False where the file system has no such locks.

    Raises:
        BlockingIOError: if another process holds it.
    """
    return _lock(handle, wait=False, place=place)


def free_byte(handle: int, place: int) -> None:
    """Release the lock of one byte, which ``hold_byte`` took."""
    if fcntl is not None:
        fcntl.lockf(handle, fcntl.LOCK_UN, 1, place)


def _lock(handle: int, *, wait: bool, place: int | None = None) -> bool:
    if fcntl is None:
        return False
    operation = fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB)
    try:
        if place is None:
            fcntl.flock(handle, operation)
        else:
            fcntl.lockf(handle, operation, 1, place)
    except PermissionError:  # as some systems report that another process holds the byte
        raise BlockingIOError from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True


@contextlib.contextmanager
def writing(folder: Path, tell: Callable[[str], None] = lambda line: None) -> Iterator[None]:
    """Hold the lock of a run folder, which must exist; other writers are refused meanwhile.

    The lock is the kernel's, on the file ``lock``: it is gone when its process is, however that
    ended. The file stays and records who held it last. Where the file system has no such locks
    nothing is held, and that is reported.

    Args:
        folder: the run folder.
        tell: called with one line if there are no locks.

    Raises:
        LockedError: if another process, or this one elsewhere, holds it.
        LinkError: if ``lock`` is a link or no plain file.
        OSError: for a folder that cannot be written to.
    """
    handle = open_plain(folder / LOCK, os.O_RDWR | os.O_CREAT)
    try:
        try:
            held = _lock(handle, wait=False)
        except BlockingIOError:
            said = os.pread(handle, 300, 0)
            holder = said.decode(errors="replace").strip("\0\n") if _OURS.fullmatch(said) else ""
            raise LockedError(
                f"run_dir {folder} is being written by another process "
                f"({printable(holder) or 'not named'}); wait for it, or name a new folder"
            ) from None
        if not held:
            tell(
                f"run_dir {folder}: its file system has no locks; see that nobody else writes to it"
            )
        # A file that says something else, damaged or somebody's own, is held as it is.
        if _OURS.fullmatch(os.pread(handle, 300, 0)):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def is_lock(path: Path) -> bool:
    """Return whether a file is absent or a lock of ours, of whatever process."""
    if not os.path.lexists(path):
        return True
    with open(path, "rb") as file:
        return _OURS.fullmatch(file.read(300)) is not None
