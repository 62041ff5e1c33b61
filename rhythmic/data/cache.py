"""Where prepared data lie, and the decoded digits kept there, whole or not at all."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rhythmic.data.dataset import Digits, fingerprint
from rhythmic.files import PARTIAL, replacing

CACHE_VARIABLE = "RHYTHMIC_CACHE_DIR"
_STALE_AFTER = 3600.0  # s; no write here takes nearly as long


def cache_folder(cache_dir: str | os.PathLike[str] | None = None) -> Path:
    """The folder for prepared data; it need not exist.

    Args:
        cache_dir: The folder, or None for the environment variable ``RHYTHMIC_CACHE_DIR``, or
            else ``rhythmic`` in the user's cache folder (``XDG_CACHE_HOME`` or ``~/.cache``).

    Returns:
        The folder's path.
    """
    if cache_dir is None:
        cache_dir = os.environ.get(CACHE_VARIABLE)
    if cache_dir:
        return Path(cache_dir).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "rhythmic"


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


def remove_stale(folder: Path) -> None:
    """Removes what a killed process left under a temporary name more than an hour ago."""
    for path in folder.glob(f"*{PARTIAL}"):
        with contextlib.suppress(OSError):  # gone meanwhile, or another user's
            if time.time() - path.stat().st_mtime < _STALE_AFTER:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def write_decoded(path: Path, digits: Digits) -> None:
    """Keeps decoded digits in one uncompressed ``.npz`` file, written atomically."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, images=digits.images, labels=digits.labels)


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
        # Opened here, because np.load leaves a file that is cut off open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            images, labels = arrays["images"], arrays["labels"]
        found = fingerprint(images, labels)
    except Exception:  # damage takes many forms, and each means the same: not to be trusted
        return None
    return Digits(name, images, labels, found) if found == sha256 else None
