"""The IDX format of the original MNIST files."""

import gzip
import math
import os
import zlib

import numpy as np
from jaxtyping import UInt8

from rhythmic.data.dataset import DamagedFileError

LARGEST = 2**30  # bytes of an array; the largest of MNIST holds 47,040,000
MOST_AXES = 32
_UNSIGNED_BYTE = 0x08
_PIECE = 2**20  # bytes that are read at a time


def read_idx(path: str | os.PathLike[str]) -> UInt8[np.ndarray, "..."]:
    """The array of bytes in one gzip-compressed IDX file.

    The format is two zero bytes, a type byte (0x08, unsigned byte, is the only one MNIST uses),
    the number of axes, each axis' length as a big-endian 32-bit integer, and the values with the
    last axis running fastest.

    Args:
        path: A file such as ``train-images-idx3-ubyte.gz``.

    Returns:
        The array with the shape that the header states.

    Raises:
        DamagedFileError: If the file is not gzip, not IDX of unsigned bytes, its length is not
            the one that its header states, or that is more than ``LARGEST``.
    """
    name = os.path.basename(path)
    try:
        with gzip.open(path, "rb") as file:
            return _read(file, name)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DamagedFileError(f"{name} is not a whole gzip file ({error})") from error


def _read(file: gzip.GzipFile, name: str) -> UInt8[np.ndarray, "..."]:
    start = file.read(4)
    if len(start) < 4 or start[:3] != bytes([0, 0, _UNSIGNED_BYTE]):
        raise DamagedFileError(f"{name} does not begin as an IDX file of unsigned bytes")
    num_axes = start[3]
    if num_axes > MOST_AXES:
        raise DamagedFileError(f"{name} states {num_axes} axes; it must have {MOST_AXES} at most")
    lengths = file.read(4 * num_axes)
    if len(lengths) < 4 * num_axes:
        raise DamagedFileError(f"{name} ends within its IDX header")
    shape = np.frombuffer(lengths, dtype=">u4").tolist()
    stated = math.prod(shape)
    if stated > LARGEST:
        raise DamagedFileError(f"{name} states {stated} values; it must hold {LARGEST} at most")
    # NumPy makes no array of axes that are too long, though one of them is empty.
    if math.prod(max(length, 1) for length in shape) > LARGEST:
        raise DamagedFileError(f"{name} states the axes {shape}; an empty array has no such axes")
    # One byte more than stated, so that what follows is seen, and no more than that.
    pieces, found = [], 0
    while found <= stated and (piece := file.read(min(_PIECE, stated + 1 - found))):
        pieces.append(piece)
        found += len(piece)
    if found != stated:
        raise DamagedFileError(f"{name} holds {found} values, its header states {stated}")
    return np.frombuffer(b"".join(pieces), dtype=np.uint8).reshape(shape)
