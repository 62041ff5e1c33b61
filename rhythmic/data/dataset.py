"""What a set of digits is: one pool of examples, and index arrays that divide it."""

import hashlib
import itertools
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, UInt8

from rhythmic.arguments import checked
from rhythmic.indices import check_indices

IMAGE_SIDE = 28
NUM_PIXELS = IMAGE_SIDE * IMAGE_SIDE
NUM_CLASSES = 10


class DataUnavailableError(Exception):
    """The data are neither here nor within reach; the message says how to get them."""


class DamagedFileError(DataUnavailableError, ValueError):
    """A data file does not hold what its name promises."""


class Digits(NamedTuple):
    """A pool of handwritten digits, in the order of its source.

    The pool itself is not divided: a ``Split`` holds the indices of the training, validation
    and test examples, so the images lie in memory once however many splits are in use.

    Attributes:
        name: The data set, as results shall name it: ``"mnist"`` or ``"mnist5k"``.
        images: Pixel values from 0 (paper) to 255 (ink), row by row from the top left, so that
            ``images[i]`` read from first to last is the sequence of one pixel a step.
        labels: The digit shown, 0 to 9.
        sha256: ``fingerprint(images, labels)``, for the record of a result.
    """

    name: str
    images: UInt8[np.ndarray, "example 784"]
    labels: UInt8[np.ndarray, " example"]
    sha256: str


class Split(NamedTuple):
    """Indices into the pool of a ``Digits``: three disjoint parts that together are the pool.

    Attributes:
        train: Indices of the examples to learn from.
        validation: Indices of the examples to choose settings and epochs by.
        test: Indices of the examples to measure on once, after every choice.
    """

    train: Int32[np.ndarray, " train"]
    validation: Int32[np.ndarray, " validation"]
    test: Int32[np.ndarray, " test"]


def check_split(split: Split, num_examples: int | None = None) -> None:
    """Check that the parts of a split lie in a pool and share no example.

    Args:
        split: of a pool.
        num_examples: size of the pool; by default any that int32 can count.

    Raises:
        ValueError: for a part that is not one axis of whole numbers in range, or for an example
            that two parts hold: what is learned from would be tested on.
    """
    count = 2**31 - 1 if num_examples is None else num_examples
    parts = {name: np.asarray(part) for name, part in zip(Split._fields, split, strict=True)}
    for name, part in parts.items():
        check_indices(f"{name} of the split", part, count, "examples in the pool")
        if part.ndim != 1:
            raise ValueError(f"{name} of the split has shape {part.shape}; it must have one axis")
    for one, other in itertools.combinations(parts, 2):
        shared = parts[one][np.isin(parts[one], parts[other])]
        if shared.size:
            raise ValueError(
                f"{one} of the split holds {shared[0]}, which {other} holds too; no two parts may "
                "share an example"
            )


@checked
def fingerprint(
    images: UInt8[np.ndarray, "example 784"], labels: UInt8[np.ndarray, " example"]
) -> str:
    """The SHA-256 of decoded digits: shape, pixels in example order, labels.

    It depends on the content alone, not on the files or the library the digits came from.

    Args:
        images: Pixel values, one row an example.
        labels: One label an example.

    Returns:
        64 hexadecimal digits.

    Raises:
        ValueError: If an array is not uint8, or the two do not hold equally many examples.
    """
    if images.dtype != np.uint8 or labels.dtype != np.uint8:
        raise ValueError(f"images and labels must be uint8, not {images.dtype}, {labels.dtype}")
    digest = hashlib.sha256(f"{images.shape[0]}x{images.shape[1]}".encode())
    digest.update(np.ascontiguousarray(images).data)
    digest.update(np.ascontiguousarray(labels).data)
    return digest.hexdigest()
