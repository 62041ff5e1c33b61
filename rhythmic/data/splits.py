"""Which examples train, validate and test: pure functions of the seed."""

import operator

import numpy as np
from jaxtyping import Integer

from rhythmic.arguments import checked
from rhythmic.data.dataset import NUM_CLASSES, Digits, Split
from rhythmic.indices import check_labels

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
    experiment, in which one seed sets split, start values and batch order.

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
