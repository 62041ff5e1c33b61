"""Where prepared data lie, and the decoded digits kept there, whole or not at all."""

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rhythmic.arrays import read_arrays, write_arrays
from rhythmic.data.dataset import DataUnavailableError, Digits, fingerprint
from rhythmic.files import PARTIAL

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
    discard_folder(path)
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


def discard_folder(path: Path) -> None:
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
