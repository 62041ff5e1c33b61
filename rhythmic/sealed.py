"""Checksummed files: JSON and arrays with their own sha256, and no pickles."""

import hashlib
import io
import json
import math
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import jax
import numpy as np

from rhythmic.files import LinkError, open_plain, replacing
from rhythmic.typing import PyTree

SEAL = "seal"
HEADER = 65  # 64 hexadecimal digits and a line break


class DamagedFileError(ValueError):
    """A file whose bytes are not those that were written."""


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_sealed(path: Path, value: dict[str, Any]) -> None:
    """Write a dictionary as JSON with its own hash atomically.

    Numbers keep every digit; NaN and infinity have no place in it.
    """
    content = sealed_bytes(value)
    with replacing(path) as partial:
        partial.write_bytes(content)


def sealed_bytes(value: dict[str, Any]) -> bytes:
    """Return the bytes that ``write_sealed`` writes."""
    sealed = value | {SEAL: _seal_of(value)}
    return (json.dumps(sealed, indent=1, allow_nan=False) + "\n").encode()


def read_sealed(path: Path, *, required: bool = True) -> dict[str, Any]:
    """Read what ``write_sealed`` wrote.

    Args:
        path: the file; a link is not followed.
        required: whether a dictionary without a hash, as older versions wrote it, is damaged.

    Raises:
        DamagedFileError: for other bytes than were written, or no plain file.
        FileNotFoundError: if there is no such file.
    """
    try:
        content = read_plain(path)
    except DamagedFileError:
        raise DamagedFileError(f"{path} is damaged") from None
    return unsealed(content, str(path), required=required)


def unsealed(content: bytes, name: str, *, required: bool = True) -> dict[str, Any]:
    """Return what ``sealed_bytes`` made bytes of; ``name`` identifies them in errors.

    Raises:
        DamagedFileError: for other bytes.
    """
    try:
        value = json.loads(content)
        if not isinstance(value, dict):
            raise TypeError
        if SEAL not in value and not required and not lost_its_seal(value, 64):
            return value
        found = value.pop(SEAL)
        matches = found == _seal_of(value)  # a number too large for a float has no checksum
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DamagedFileError(f"{name} is damaged") from None
    if not matches:
        raise DamagedFileError(f"{name} is damaged: it differs from its own hash")
    return value


def read_plain(path: Path) -> bytes:
    """Return the bytes of a plain file.

    Raises:
        DamagedFileError: for a link, a folder, a device or a pipe.
        OSError: for a file that cannot be read.
    """
    try:
        handle = open_plain(path, os.O_RDONLY)
    except LinkError as error:
        raise DamagedFileError(str(error)) from None
    with os.fdopen(handle, "rb") as file:
        return file.read()


def lost_its_seal(value: dict[str, Any], length: int) -> bool:
    """Return whether the last value is a hash: its name was damaged, since the hash comes last."""
    last = list(value.values())[-1:]
    return any(isinstance(x, str) and re.fullmatch(f"[0-9a-f]{{{length}}}", x) for x in last)


def _seal_of(value: dict[str, Any]) -> str:
    """Return the sha256 of a dictionary as canonical JSON."""
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def save_arrays(path: Path, tree: PyTree, label: dict[str, Any]) -> None:
    """Write the arrays of a tree and a label, with their hash atomically."""
    body = io.BytesIO()
    named: dict[str, Any] = {
        f"leaf_{i}": np.asarray(x) for i, x in enumerate(jax.tree.leaves(tree))
    }
    np.savez(body, label=np.array(json.dumps(label, sort_keys=True)), **named)
    content = body.getbuffer()
    with replacing(path) as partial, open(partial, "wb") as file:
        file.write(hashlib.sha256(content).hexdigest().encode() + b"\n")
        file.write(content)


def load_arrays(path: Path, like: PyTree) -> tuple[PyTree, dict[str, Any]]:
    """Read what ``save_arrays`` wrote, as a tree like ``like`` with NumPy arrays, and the label.

    Raises:
        DamagedFileError: for other bytes than were written, or arrays of other shapes.
        FileNotFoundError: if there is no such file.
    """
    content = read_plain(path)
    header, body = content[:HEADER], content[HEADER:]
    if header != hashlib.sha256(body).hexdigest().encode() + b"\n":
        raise DamagedFileError(f"{path} is damaged: it differs from its own hash")
    leaves, structure = jax.tree.flatten(like)
    wanted = {
        f"leaf_{i}": (np.shape(x), np.dtype(getattr(x, "dtype", type(x))))
        for i, x in enumerate(leaves)
    }
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            # Looked at before anything is read: a small file can declare more than memory holds.
            declared = declared_arrays(archive)
        label_shape, label_type = declared.pop("label")
        if declared != wanted or label_shape or label_type.kind != "U":
            raise ValueError("other arrays")
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            label = json.loads(file["label"].item())
            found = [file[name] for name in wanted]
    except (KeyError, ValueError, zipfile.BadZipFile, RecursionError, NotImplementedError):
        raise DamagedFileError(f"{path} holds other arrays than are expected") from None
    return jax.tree.unflatten(structure, found), label


def declared_arrays(archive: zipfile.ZipFile) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    """Return shape and dtype of every array of an ``.npz`` archive as its headers state them.

    Raises:
        ValueError: for a header that is none, or that states more than its member holds.
    """
    found = {}
    for member in archive.infolist():
        with archive.open(member) as file:
            version = np.lib.format.read_magic(file)
            if version == (1, 0):
                shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            else:
                shape, _, dtype = np.lib.format.read_array_header_2_0(file)
        if math.prod(shape) * dtype.itemsize > member.file_size:
            raise ValueError(f"{member.filename} states shape {shape} and holds less")
        found[member.filename.removesuffix(".npy")] = (shape, dtype)
    return found
