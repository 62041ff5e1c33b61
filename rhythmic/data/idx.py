"""The IDX format of the original MNIST files."""

import gzip
import math
import os
import zlib

import numpy as np
from jaxtyping import UInt8

from rhythmic.data.dataset import DamagedFileError

_UNSIGNED_BYTE = 0x08


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
        DamagedFileError: If the file is not gzip, not IDX of unsigned bytes, or its length is not
            the one that its header states.
    """
    name = os.path.basename(path)
    try:
        with gzip.open(path, "rb") as file:
            content = file.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DamagedFileError(f"{name} is not a whole gzip file ({error})") from error
    if len(content) < 4 or content[:3] != bytes([0, 0, _UNSIGNED_BYTE]):
        raise DamagedFileError(f"{name} does not begin as an IDX file of unsigned bytes")
    num_axes = content[3]
    start = 4 + 4 * num_axes
    if len(content) < start:
        raise DamagedFileError(f"{name} ends within its IDX header")
    shape = np.frombuffer(content, dtype=">u4", count=num_axes, offset=4).tolist()
    if len(content) - start != math.prod(shape):
        raise DamagedFileError(
            f"{name} holds {len(content) - start} values, its header states {math.prod(shape)}"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
