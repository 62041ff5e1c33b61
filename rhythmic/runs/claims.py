"""Which process works on what: claims that others see, and that end with their process."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from weakref import WeakValueDictionary

from rhythmic.files import make_folder, open_plain
from rhythmic.locks import free_byte, hold_byte


class Claims:
    """Names that this process works on, beside a file that processes share.

    A name is one byte of the hidden file ``.NAME.claims``, held by a lock of the kernel: a process
    that is killed loses its claims, and there is nothing to be cleaned. The file stays empty.
    """

    def __init__(self, path: Path, tell: Callable[[str], None]):
        """Open the claims beside ``path``; by ``claims_on``, for closing any handle drops all.

        Without locks, or where the file cannot be made, every claim is granted and that is
        reported.

        Raises:
            LinkError: for a link, a folder or a device in place of the file of claims.
        """
        self.path, self.tell = path, tell
        self.handle: int | None = None
        try:
            make_folder(path.parent)
            file = path.with_name(f".{path.name}.claims")
            self.handle = open_plain(file, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            self.do_without(str(error.strerror))

    def __del__(self) -> None:
        """Release everything with the last store that had these claims."""
        self.close()

    def close(self) -> None:
        """Close the file, which gives back every claim."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None

    def do_without(self, reason: str) -> None:
        """Grant every claim from now on, with a message."""
        self.close()
        self.tell(f"{self.path}: no claims ({reason}); runs beside this one may compute the same")

    def take(self, name: str) -> bool:
        """Claim a name for this process, which may have it already; return whether it is free."""
        if self.handle is None:
            return True
        try:
            if not hold_byte(self.handle, place_of(name)):
                self.do_without("its file system has no locks")
        except BlockingIOError:
            return False
        return True

    def give_back(self, name: str) -> None:
        """Let other processes have a name."""
        if self.handle is not None:
            with contextlib.suppress(OSError):  # a server that is gone forgets them by itself
                free_byte(self.handle, place_of(name))


_OPEN: WeakValueDictionary[tuple[Path, int], Claims] = WeakValueDictionary()


def claims_on(path: Path, tell: Callable[[str], None]) -> Claims:
    """Return the claims beside a file, the same ones for all stores of a process."""
    key = path.resolve(), os.getpid()
    claims = _OPEN.get(key)
    if claims is None:
        claims = _OPEN[key] = Claims(key[0], tell)
    return claims


def place_of(name: str) -> int:
    """Return the byte that represents a name: the first 62 bits of its sha256."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 2
