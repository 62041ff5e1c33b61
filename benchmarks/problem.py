"""The batch that all sides train on, and the recipe's numbers that they use."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from benchmarks.images import LONGEST_OF_BATCH, LONGEST_OF_POOL, dense, digits_like, uniform

NUM_CLASSES = 10
POOL_SIZE = 10_000
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-3
LABEL_SMOOTHING = 0.05
CLIP_NORM = 1.0
DROPOUT_RATE = 0.1

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
