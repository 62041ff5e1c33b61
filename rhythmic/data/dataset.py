"""Data sets of digits: one pool of examples, and index arrays that split it.

Which examples train, validate and test are pure functions of the seed.
"""

import hashlib
import itertools
import operator
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Integer, UInt8

from rhythmic.arguments import checked
from rhythmic.indices import check_indices, check_labels

IMAGE_SIDE = 28
NUM_PIXELS = IMAGE_SIDE * IMAGE_SIDE
NUM_CLASSES = 10


class DataUnavailableError(Exception):
    """The data are neither local nor reachable; the message explains how to get them."""


class DamagedFileError(DataUnavailableError, ValueError):
    """A data file does not hold what its name promises."""


class Digits(NamedTuple):
    """A pool of handwritten digits, in the order of its source.

    The pool itself is not divided: a ``Split`` holds the indices of the training, validation
    and test examples, so the images lie in memory once however many splits are in use.

    Attributes:
        name: The data set, as results shall name it: ``"mnist"`` or ``"mnist5k"``.
        images: Pixel values from 0 (paper) to 255 (ink), row by row from the top left, so that
            ``images[i]`` read from first to last is the sequence of one pixel per step.
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
        images: Pixel values, one row per example.
        labels: One label per example.

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


MNIST_TRAIN_FILE_SIZE = 60_000
MNIST_TEST_FILE_SIZE = 10_000
MNIST_VALIDATION_SIZE = 5_000

MNIST5K_PER_CLASS = 500
MNIST5K_HELD_OUT_PER_CLASS = 50

NUM_TRAIN = {
    "mnist": MNIST_TRAIN_FILE_SIZE - MNIST_VALIDATION_SIZE,
    "mnist5k": (MNIST5K_PER_CLASS - 2 * MNIST5K_HELD_OUT_PER_CLASS) * NUM_CLASSES,
}

NUM_TEST = {"mnist": MNIST_TEST_FILE_SIZE, "mnist5k": MNIST5K_HELD_OUT_PER_CLASS * NUM_CLASSES}


def _generator(seed: int) -> np.random.Generator:
    if operator.index(seed) < 0:
        raise ValueError(f"seed is {seed}, must be an integer of 0 or more")
    return np.random.default_rng(seed)


@checked
def mnist_split(seed: int) -> Split:
    """55,000 training, 5,000 validation and 10,000 test examples of MNIST.

    The indices 0 to 59,999 of the original training files are shuffled by
    ``numpy.random.default_rng(seed).shuffle``, without regard to class; the first 5,000
    validate, the others train, both in shuffled order. The original test files, indices 60,000
    to 69,999, are the test set for every seed. This is the protocol of the lecture's MNIST
    experiment, in which one seed sets split, initialisation and batch order.

    Args:
        seed: An integer of 0 or more.

    Returns:
        Indices into the pool of ``load_mnist``.

    Raises:
        ValueError: If the seed is negative.
    """
    indices = np.arange(MNIST_TRAIN_FILE_SIZE)
    _generator(seed).shuffle(indices)
    test = np.arange(MNIST_TRAIN_FILE_SIZE, MNIST_TRAIN_FILE_SIZE + MNIST_TEST_FILE_SIZE)
    return Split(
        train=indices[MNIST_VALIDATION_SIZE:].astype(np.int32),
        validation=indices[:MNIST_VALIDATION_SIZE].astype(np.int32),
        test=test.astype(np.int32),
    )


@checked
def mnist5k_split(seed: int, labels: Integer[np.ndarray, " example"]) -> Split:
    """4,000 training, 500 validation and 500 test examples of the bundled digits, stratified.

    All indices are shuffled by ``numpy.random.default_rng(seed).shuffle``. In that order the
    first 50 of each class validate, the next 50 test, the other 400 train. The same generator
    then shuffles the training, validation and test part in turn, so that a part's first examples
    are no selection of classes. The bundled digits have no test set of their own: here the test
    examples change with the seed.

    Args:
        seed: An integer of 0 or more.
        labels: The labels of the pool of ``load_mnist5k``, 500 of each of the ten classes.

    Returns:
        Indices into that pool.

    Raises:
        ValueError: If the seed is negative or the labels are not 500 of each class.
    """
    check_labels("labels", labels, NUM_CLASSES)
    counts = np.bincount(labels, minlength=NUM_CLASSES)
    if counts.tolist() != [MNIST5K_PER_CLASS] * NUM_CLASSES:
        raise ValueError(
            f"labels hold {counts.tolist()} examples of the classes, "
            f"must be {MNIST5K_PER_CLASS} of each of {NUM_CLASSES}"
        )
    generator = _generator(seed)
    indices = np.arange(labels.size, dtype=np.int32)
    generator.shuffle(indices)
    place_in_class = np.empty(labels.size, dtype=np.int32)
    for digit in range(NUM_CLASSES):
        place_in_class[labels[indices] == digit] = np.arange(MNIST5K_PER_CLASS)
    part = place_in_class // MNIST5K_HELD_OUT_PER_CLASS
    parts = Split(train=indices[part >= 2], validation=indices[part == 0], test=indices[part == 1])
    for shuffled in parts:
        generator.shuffle(shuffled)
    return parts


@checked
def split(digits: Digits, seed: int) -> Split:
    """The split of a data set by the rule that belongs to its name.

    Args:
        digits: MNIST or the bundled 5,000 digits, complete and in their loaded order.
        seed: An integer of 0 or more.

    Returns:
        ``mnist_split(seed)`` or ``mnist5k_split(seed, digits.labels)``.

    Raises:
        ValueError: If the name has no rule, or the pool has not the size the rule is made for.
    """
    if digits.name == "mnist5k":
        return mnist5k_split(seed, digits.labels)
    if digits.name != "mnist":
        raise ValueError(f"digits.name is {digits.name!r}, must be 'mnist' or 'mnist5k'")
    pool_size = MNIST_TRAIN_FILE_SIZE + MNIST_TEST_FILE_SIZE
    if len(digits.labels) != pool_size:
        raise ValueError(f"digits hold {len(digits.labels)} examples, MNIST has {pool_size}")
    return mnist_split(seed)
