"""The cache of prepared data, each complete or absent, and the download of one file."""

import contextlib
import errno
import http.client
import os
import queue
import re
import shutil
import socket
import ssl
import tempfile
import threading
import time
import urllib.error
import urllib.request
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from rhythmic.arrays import read_arrays, write_arrays
from rhythmic.data.dataset import DamagedFileError, DataUnavailableError, Digits, fingerprint
from rhythmic.files import PARTIAL, replacing
from rhythmic.progress import show
from rhythmic.sealed import sha256_of

CACHE_VARIABLE = "RHYTHMIC_CACHE_DIR"
_STALE_AFTER = 3600.0  # s; no write here takes nearly as long
# What is written here, with the letters that a temporary name has besides.
_OURS = re.compile(
    r"(decoded\.npz|prepared|(train|t10k)-(images-idx3|labels-idx1)-ubyte\.gz)"
    rf"\.[a-z0-9_]{{8}}{re.escape(PARTIAL)}"
)
# What tensorflow-datasets prepares.
_FOLDER = re.compile(r"downloads(/extracted)?|rhythmic_mnist(/1\.0\.0)?")
_FILE = re.compile(
    r"rhythmic_mnist/1\.0\.0/(rhythmic_mnist-(train|test)\.array_record-\d{5}-of-\d{5}"
    r"|(dataset_info|features)\.json|label\.labels\.txt)"
)


def cache_folder(cache_dir: str | os.PathLike[str] | None = None) -> Path:
    """The folder for prepared data; it need not exist.

    Args:
        cache_dir: The folder, or None for the environment variable ``RHYTHMIC_CACHE_DIR``, or
            else ``rhythmic`` in the user's cache folder (``XDG_CACHE_HOME`` or ``~/.cache``).

    Returns:
        The folder's path.

    Raises:
        DataUnavailableError: If the folder lies in a home folder, and there is none.
    """
    if cache_dir is None:
        cache_dir = os.environ.get(CACHE_VARIABLE)
    if cache_dir:
        return expanded("cache_dir", cache_dir)
    user_cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return expanded("the cache folder", user_cache) / "rhythmic"


def expanded(name: str, folder: str | os.PathLike[str]) -> Path:
    """A folder with ``~`` and ``~user`` written out.

    Args:
        name: What the message calls the folder.
        folder: As the user gave it.

    Returns:
        The path.

    Raises:
        DataUnavailableError: If there is no such home folder; the message says what to do.
    """
    try:
        return Path(folder).expanduser()
    except RuntimeError:
        raise DataUnavailableError(
            f"{name} is {folder}, and that home folder is not known here: name a folder by "
            f"{CACHE_VARIABLE} for prepared data, and by RHYTHMIC_DATA_DIR for MNIST files"
        ) from None


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """As ``replacing``, for a folder; one that another process finished meanwhile is kept.

    Args:
        path: The folder to make. One that exists already is removed first.

    Yields:
        The path of an empty folder to fill.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _discard_folder(path)
    name = tempfile.mkdtemp(prefix=path.name + ".", suffix=PARTIAL, dir=path.parent)
    try:
        yield Path(name)
        Path(name).chmod(0o755)
        try:
            os.rename(name, path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(name, ignore_errors=True)


def _discard_folder(path: Path) -> None:
    """Removes a folder, under another name first so that nobody meets it half removed."""
    aside = tempfile.mkdtemp(prefix=path.name + ".", suffix=PARTIAL, dir=path.parent)
    with contextlib.suppress(FileNotFoundError):
        os.rename(path, Path(aside) / "discarded")
    shutil.rmtree(aside, ignore_errors=True)


def is_prepared(path: Path) -> bool:
    """Whether a folder holds what ``load_mnist`` prepares, and nothing else, through no link."""
    try:
        if path.is_symlink() or not path.is_dir():
            return False
        for place in path.rglob("*"):
            known = _FOLDER if place.is_dir() else _FILE
            if place.is_symlink() or not known.fullmatch(place.relative_to(path).as_posix()):
                return False
    except OSError:
        return False
    return True


def remove_stale(folder: Path) -> None:
    """Removes what a killed process left under a temporary name of ours more than an hour ago."""
    try:
        found = sorted(folder.glob(f"*{PARTIAL}"))
    except OSError:  # another user's folder
        return
    for path in found:
        if not _OURS.fullmatch(path.name) or path.is_symlink():
            continue
        with contextlib.suppress(OSError):  # gone meanwhile, or another user's
            if time.time() - path.stat().st_mtime < _STALE_AFTER:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def write_decoded(path: Path, digits: Digits) -> None:
    """Keeps decoded digits in one uncompressed ``.npz`` file, written atomically."""
    write_arrays(path, {"images": digits.images, "labels": digits.labels}, compressed=False)


def read_decoded(path: Path, name: str, sha256: str) -> Digits | None:
    """The digits kept by ``write_decoded``, if they are there and are the right ones.

    Args:
        path: The ``.npz`` file.
        name: The data set's name.
        sha256: The fingerprint that the digits must have.

    Returns:
        The digits, or None if the file is absent, damaged, or holds something else.
    """
    try:
        arrays = read_arrays(path, hashed=False)
        images, labels = arrays["images"], arrays["labels"]
        found = fingerprint(images, labels)
    except (OSError, ValueError, KeyError):  # absent, damaged, or of another kind
        return None
    return Digits(name, images, labels, found) if found == sha256 else None


CONNECT_TIMEOUT = 1.0  # s, for each address of the host's name
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
