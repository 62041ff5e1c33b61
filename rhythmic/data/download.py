"""One file from a web address, with a short wait for the connection and a checked content."""

import hashlib
import http.client
import queue
import shutil
import ssl
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path

from rhythmic.data.dataset import DamagedFileError
from rhythmic.files import replacing

CONNECT_TIMEOUT = 1.0  # s, for each address that the host's name stands for
CONNECT_LIMIT = 1.5  # s, for the look-up of the name and all its addresses together
READ_TIMEOUT = 30.0  # s, for each wait once connected


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
        OSError: If the host is not reached within ``CONNECT_LIMIT`` or the transfer fails.
        DamagedFileError: If other bytes arrive than those that were expected.
    """
    opener = urllib.request.build_opener(_PlainHandler, _SecureHandler)
    try:
        with (
            opener.open(address, timeout=CONNECT_TIMEOUT) as response,
            replacing(path) as partial,
        ):
            print(f"rhythmic: downloading {address}", file=sys.stderr)
            with partial.open("wb") as file:
                shutil.copyfileobj(response, file)
            check_hash(f"{path.name} from {address}", sha256_of(partial), sha256)
    except http.client.HTTPException as error:
        raise OSError(f"the transfer broke off: {error!r}") from error


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
        self.sock.settimeout(READ_TIMEOUT)


class _SecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        _within(CONNECT_LIMIT, super().connect)
        self.sock.settimeout(READ_TIMEOUT)


class _PlainHandler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_PlainConnection, req)


class _SecureHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req, context=ssl.create_default_context())
