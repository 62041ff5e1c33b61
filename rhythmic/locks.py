"""One writer at a time for a run folder, by a lock of the kernel that ends with its process."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

LOCK = "lock"


class LockedError(RuntimeError):
    """A run folder that another process writes to."""


def hold(handle: int) -> None:
    """Wait for the lock of an open file; closing the file gives it back."""
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_EX)


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the lock of a run folder, which must exist; other writers are refused meanwhile.

    The lock is the kernel's, on the file ``lock``: it is gone when its process is, however that
    ended. The file stays and says who held it last. Where the system has no such locks nothing
    is held.

    Raises:
        LockedError: if another process, or this one elsewhere, holds it.
        OSError: for a folder that cannot be written to.
    """
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(handle, 200).decode(errors="replace").strip()
                raise LockedError(
                    f"run_dir {folder} is being written by another process "
                    f"({holder or 'starting'}); wait for it, or name a new folder"
                ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
