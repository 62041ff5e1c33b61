"""One file from a web address, with a short wait for the connection and a checked content."""

import contextlib
import errno
import http.client
import queue
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from rhythmic.data.dataset import DamagedFileError
from rhythmic.files import replacing
from rhythmic.progress import show
from rhythmic.sealed import sha256_of

CONNECT_TIMEOUT = 1.0  # s, for each address that the host's name stands for
CONNECT_LIMIT = 1.5  # s, for the look-up of the name and all its addresses together
READ_TIMEOUT = 30.0  # s, for each wait once connected
TRANSFER_LIMIT = 1800.0  # s, for a whole file, however slowly it trickles
PIECE = 2**16  # bytes

# Bytes of the original MNIST files, by their SHA-256; of another file LARGEST at most are taken.
LARGEST = 2**28
SIZES = {
    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609": 9_912_422,
    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c": 28_881,
    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6": 1_648_877,
    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6": 4_542,
}

# What goes wrong on this machine, and is no fault of the network.
_LOCAL = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_LOCAL |= {errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EIO}


def is_local(error: OSError) -> bool:
    """Whether a file could not be written here, rather than not be fetched from there."""
    return error.errno in _LOCAL and not isinstance(error, urllib.error.URLError)


def check_hash(name: str, found: str, expected: str) -> None:
    """Refuses a file by name.

    Args:
        name: What the message calls the file.
        found: The SHA-256 of its bytes.
        expected: The SHA-256 that it must have.

    Raises:
        DamagedFileError: If the two differ.
    """
    if found != expected:
        raise DamagedFileError(
            f"{name} is not the original file: its sha256 begins {found[:12]}, "
            f"must begin {expected[:12]}"
        )


def download(address: str, path: Path, sha256: str) -> None:
    """Downloads one file, checks it, and only then gives it its name.

    Proxies are taken from the environment, as ``urllib`` does.

    Args:
        address: Where the file lies (http or https).
        path: Where it shall lie.
        sha256: The SHA-256 its bytes must have.

    Raises:
        OSError: If the host is not reached within ``CONNECT_LIMIT``, the transfer fails, or it
            takes longer than ``TRANSFER_LIMIT``.
        DamagedFileError: If other bytes arrive than those that were expected, or more of them.
    """
    opener = urllib.request.build_opener(_PlainHandler, _SecureHandler)
    name, most = f"{path.name} from {address}", SIZES.get(sha256, LARGEST)
    end = time.monotonic() + TRANSFER_LIMIT
    try:
        with (
            opener.open(address, timeout=CONNECT_TIMEOUT) as response,
            replacing(path) as partial,
        ):
            show(f"rhythmic: downloading {address}")
            with partial.open("wb") as file:
                _copy(response, file, name, most)
            check_hash(name, sha256_of(partial), sha256)
    except (OSError, http.client.HTTPException, DamagedFileError) as error:
        if time.monotonic() > end:
            raise TimeoutError(f"{name} did not arrive within {TRANSFER_LIMIT:g} s") from error
        if isinstance(error, http.client.HTTPException):
            raise OSError(f"the transfer broke off: {error!r}") from error
        raise


def _copy(response: http.client.HTTPResponse, file: BinaryIO, name: str, most: int) -> None:
    """Write what arrives, and refuse it as soon as it is too much."""
    size, shown = 0, time.monotonic()
    while piece := response.read1(PIECE):
        size += len(piece)
        if size > most:
            raise DamagedFileError(f"{name} is longer than the {most} bytes that it may have")
        file.write(piece)
        if time.monotonic() > shown + 1:
            shown = time.monotonic()
            show(f"rhythmic: {name}: {size / 1e6:.1f} of {most / 1e6:.1f} MB", final=False)


def _bounded(connection: socket.socket) -> None:
    """Let each wait on a new connection take its time, and all of them together no more."""
    connection.settimeout(READ_TIMEOUT)
    held = weakref.ref(connection)  # it is closed when its last reader is gone

    def give_up() -> None:
        if (open_still := held()) is not None:
            with contextlib.suppress(OSError):  # closed already
                socket.socket.shutdown(open_still, socket.SHUT_RDWR)  # ends a read that waits

    timer = threading.Timer(TRANSFER_LIMIT, give_up)
    timer.daemon = True
    timer.start()


def _within(limit: float, action: Callable[[], None]) -> None:
    """Runs an action that may hang where no timeout reaches, as the look-up of a name does."""
    outcome: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def attempt() -> None:
        try:
            action()
        except Exception as error:
            outcome.put(error)
        else:
            outcome.put(None)

    # A daemon: a look-up that still hangs must not hold up the end of the program.
    threading.Thread(target=attempt, daemon=True).start()
    try:
        error = outcome.get(timeout=limit)
    except queue.Empty:
        raise TimeoutError(f"no connection within {limit} s") from None
    if error is not None:
        raise error


class _PlainConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        _within(CONNECT_LIMIT, super().connect)
        _bounded(self.sock)


class _SecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        _within(CONNECT_LIMIT, super().connect)
        _bounded(self.sock)


class _PlainHandler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_PlainConnection, req)


class _SecureHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req, context=ssl.create_default_context())
