"""Named arrays in one ``.npz`` file with a checksum and a mark of origin.

Files are readable by any NumPy. The hash is in the archive's comment, which NumPy ignores; archives
without one, as older versions and other programs write them, are read too.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rhythmic.files import replacing
from rhythmic.sealed import DamagedFileError, declared_arrays

LARGEST = 2**31  # bytes of all arrays of a file together
_MARK = b"rhythmic, sha256 "
_COMMENT = len(_MARK) + 64


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], *, compressed: bool = True) -> None:
    """Write named arrays with their hash atomically.

    Raises:
        ValueError: for more bytes than ``read_arrays`` takes, 2^31.
        OSError: for a file that cannot be written.
    """
    size = sum(np.asarray(array).nbytes for array in arrays.values())
    if size > LARGEST - 10_000 * len(arrays):  # a header each
        raise ValueError(f"arrays hold {size} bytes; they must have at most {LARGEST}")
    body = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(body, "w", method) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)
        archive.comment = b" " * _COMMENT  # of its length, so that what precedes it is final
    content = body.getbuffer()[:-_COMMENT]
    with replacing(path) as partial, open(partial, "wb") as file:
        file.write(content)
        file.write(_MARK + hashlib.sha256(content).hexdigest().encode())


def read_arrays(path: Path, *, hashed: bool = True) -> dict[str, np.ndarray]:
    """Read named arrays; those of ``write_arrays`` only with the bytes that were written.

    No more memory is asked for than the file has values, whatever shapes it declares.

    Args:
        path: the file.
        hashed: whether to compare with the hash; not needed where what comes has its own.

    Raises:
        DamagedFileError: for a file that is not whole, or holds anything but plain arrays.
        OSError: for a file that cannot be read.
    """
    with open(path, "rb") as file:
        sound = _is_as_written(file) if hashed else None
        file.seek(0)
        try:
            if sound is False:
                raise ValueError("it differs from its own hash")
            with zipfile.ZipFile(file) as archive:
                if archive.comment.startswith(_MARK) and len(archive.comment) < _COMMENT:
                    raise ValueError("its end is missing")
                members = archive.infolist()
                size = sum(member.file_size for member in members)
                if size > LARGEST:
                    raise ValueError(f"it states {size} bytes, {LARGEST} are taken at most")
                declared_arrays(archive)  # before anything is read
                return {
                    member.filename.removesuffix(".npy"): _read_member(archive, member)
                    for member in members
                }
        except (OSError, MemoryError):
            raise
        except Exception as error:  # damage takes many forms, and each means the same
            reason = str(error).split("\n")[0] or type(error).__name__
            raise DamagedFileError(f"{path} is damaged: {reason}") from None


def is_ours(path: Path) -> bool:
    """Return whether a file is one that ``write_arrays`` wrote, and no link to one."""
    if path.is_symlink() or not path.is_file():
        return False
    with open(path, "rb") as file:
        return _is_as_written(file) is True


def _is_as_written(file: io.BufferedReader) -> bool | None:
    """Return whether a file equals its hash; None where it has none."""
    size = file.seek(0, io.SEEK_END)
    if size < _COMMENT:
        return None
    file.seek(size - _COMMENT)
    comment = file.read(_COMMENT)
    if not comment.startswith(_MARK):
        return None
    file.seek(0)
    digest, left = hashlib.sha256(), size - _COMMENT
    while left and (piece := file.read(min(left, 1 << 20))):
        digest.update(piece)
        left -= len(piece)
    return comment == _MARK + digest.hexdigest().encode()


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as file:
        return np.lib.format.read_array(file, allow_pickle=False)
