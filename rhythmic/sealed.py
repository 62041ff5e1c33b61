"""Files that know whether they are whole: JSON and arrays with their own sha256, and no pickles."""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import jax
import numpy as np

from rhythmic.files import replacing
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
    """Write a dictionary as JSON with its own hash, whole or not at all.

    Numbers keep every digit; NaN and infinity have no place in it.
    """
    sealed = value | {SEAL: seal_of(value)}
    with replacing(path) as partial:
        partial.write_text(json.dumps(sealed, indent=1, allow_nan=False) + "\n")


def read_sealed(path: Path) -> dict[str, Any]:
    """Read what ``write_sealed`` wrote.

    Raises:
        DamagedFileError: for other bytes than were written.
        FileNotFoundError: if there is no such file.
    """
    try:
        value = json.loads(path.read_bytes())
        found = value.pop(SEAL)
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        raise DamagedFileError(f"{path} is damaged") from None
    if found != seal_of(value):
        raise DamagedFileError(f"{path} is damaged: it differs from its own hash")
    return value


def seal_of(value: dict[str, Any]) -> str:
    """Return the sha256 of a dictionary as canonical JSON."""
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def save_arrays(path: Path, tree: PyTree, label: dict[str, Any]) -> None:
    """Write the arrays of a tree and a label, with their hash, whole or not at all."""
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
    content = path.read_bytes()
    header, body = content[:HEADER], content[HEADER:]
    if header != hashlib.sha256(body).hexdigest().encode() + b"\n":
        raise DamagedFileError(f"{path} is damaged: it differs from its own hash")
    leaves, structure = jax.tree.flatten(like)
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            label = json.loads(file["label"].item())
            found = [file[f"leaf_{i}"] for i in range(len(leaves))]
            whole = len(file.files) == len(leaves) + 1
    except (KeyError, ValueError, zipfile.BadZipFile):
        whole = False
    if not whole or any(
        (new.shape, new.dtype) != (np.shape(old), old.dtype)
        for new, old in zip(found, leaves, strict=True)
    ):
        raise DamagedFileError(f"{path} holds other arrays than are expected")
    return jax.tree.unflatten(structure, found), label
