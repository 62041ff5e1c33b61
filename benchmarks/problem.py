"""The networks and the batch that all sides train, and the recipe's numbers that they use.

What matters of a digit for timing is how many of its pixels are nonzero.
A network that steps from one nonzero pixel to the next takes as long as the longest sequence of
its batch. Of MNIST's 784 pixels 150 are nonzero on average (standard deviation 41), 30 at least and
351 at most, and the longest of a batch of 128 has about 262. Which of the pixels are nonzero
changes no time; here they lie anywhere, with any value.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from rhythmic.networks import MEAN, NetworkSpec

NUM_CLASSES = 10
POOL_SIZE = 10_000
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-3
LABEL_SMOOTHING = 0.05
CLIP_NORM = 1.0
DROPOUT_RATE = 0.1

NUM_PIXELS = 784
SHARE_NONZERO = 0.19
MEAN_NONZERO, DEVIATION_NONZERO = 150.0, 41.0
FEWEST_NONZERO, MOST_NONZERO = 30, 351
LONGEST_OF_BATCH = 262
LONGEST_OF_POOL = MOST_NONZERO
ROWS_AT_ONCE = 1000

# The HORN has the head of the RNN and the LSTM.
HIDDEN_SIZE = 256
AMPLITUDE, ANGULAR_FREQUENCY, DAMPING = 0.04, 0.224, 0.01

HORN = NetworkSpec("horn", HIDDEN_SIZE, name="horn-like", **MEAN)

LARGE = "horn-like"  # has no kernel, and 300 times the arithmetic: one step a turn
MODELS = {
    "rrn-golden": "RRN, 11 nodes",
    "rnn": "RNN, 11 nodes",
    "lstm": "LSTM, 6 nodes",
    "horn-like": "HORN-like, 256 nodes",
}

Pixels = Literal["digits", "uniform", "dense"]


@dataclass(frozen=True)
class Problem:
    """One network on sequences of one kind.

    Args:
        model: name of the network; ``horn-like`` or one of ``published``.
        batch_size: sequences an update, at least 2.
        time_steps: pixels a sequence.
        pixels: which of them are nonzero. ``digits``: as many as in MNIST; ``uniform``: each with
            a chance of 0.19; ``dense``: all.
    """

    model: str
    batch_size: int
    time_steps: int
    pixels: Pixels = "digits"

    def images(self) -> np.ndarray:
        """Return bytes ``(batch, time)``, the one batch of the rivals and of the check."""
        return self.draw(self.batch_size, LONGEST_OF_BATCH)

    def labels(self) -> np.ndarray:
        """Return the classes ``(batch,)``, each as frequent as the others."""
        return labels_of(self.batch_size)

    def pool(self) -> np.ndarray:
        """Return bytes ``(example, time)``, from which members draw their own batches."""
        return self.draw(POOL_SIZE, LONGEST_OF_POOL)

    def draw(self, num_images: int, longest: int) -> np.ndarray:
        """Draw images of this kind; ``longest`` is for ``digits``."""
        shape = (num_images, self.time_steps)
        rng = np.random.default_rng(0)
        if self.pixels == "digits":
            return digits_like(shape, longest=longest, rng=rng)
        return uniform(shape, rng=rng) if self.pixels == "uniform" else dense(shape, rng=rng)


def labels_of(num_images: int) -> np.ndarray:
    """Return the classes ``(example,)``, each as frequent as the others."""
    return (np.arange(num_images) % NUM_CLASSES).astype(np.int32)


class Reference(NamedTuple):
    """Start values by name, and the loss and gradient that this project finds there, in float64."""

    parameters: dict[str, np.ndarray]
    loss: float
    gradient: dict[str, np.ndarray]


class Differences(NamedTuple):
    """Relative differences from this project's loss and gradient (Euclidean norm), in float64."""

    loss: float
    gradient: float


def differences(loss: float, gradient: dict[str, np.ndarray], reference: Reference) -> Differences:
    """Compare a rival's loss and gradient, by this project's names, with the reference."""
    expected = {name: reference.gradient[name] for name in gradient}
    difference = sum(float(np.sum((gradient[k] - expected[k]) ** 2)) for k in gradient)
    norm = sum(float(np.sum(value**2)) for value in expected.values())
    return Differences(abs(loss - reference.loss) / abs(reference.loss), (difference / norm) ** 0.5)


def digits_like(shape: tuple[int, int], *, longest: int, rng: np.random.Generator) -> np.ndarray:
    """Return bytes ``(example, time)`` with as many nonzero pixels as digits of MNIST have.

    Counts follow a normal distribution, clipped to MNIST's range; sequences of another length than
    784 have as many fewer or more.

    Args:
        shape: number of images and of pixels.
        longest: nonzero pixels of the longest image, for 784 pixels.
        rng: source of counts, places and values.
    """
    num_images, num_steps = shape
    drawn = rng.normal(MEAN_NONZERO, DEVIATION_NONZERO, num_images)
    drawn = np.clip(drawn, FEWEST_NONZERO, longest)
    drawn[np.argmax(drawn)] = longest
    counts = np.maximum(1, np.round(drawn * num_steps / NUM_PIXELS)).astype(int)
    images = np.empty(shape, np.uint8)
    for start in range(0, num_images, ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        score = rng.random(images[rows].shape)
        bound = np.take_along_axis(np.sort(score, axis=1), counts[rows, None] - 1, axis=1)
        images[rows] = (score <= bound) * rng.integers(1, 256, score.shape)
    return images


def uniform(shape: tuple[int, int], *, rng: np.random.Generator) -> np.ndarray:
    """Return bytes of which each is nonzero with the same chance, 19 %."""
    inked = rng.random(shape) < SHARE_NONZERO
    return (inked * rng.integers(1, 256, shape)).astype(np.uint8)


def dense(shape: tuple[int, int], *, rng: np.random.Generator) -> np.ndarray:
    """Return bytes of which none is zero."""
    return rng.integers(1, 256, shape).astype(np.uint8)
