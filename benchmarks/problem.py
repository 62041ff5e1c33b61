"""The batch that both sides train on, and the recipe's numbers that both sides use."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

NUM_CLASSES = 10
SHARE_NONZERO = 0.19  # of the pixels of MNIST
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-3
LABEL_SMOOTHING = 0.05
CLIP_NORM = 1.0
DROPOUT_RATE = 0.1


@dataclass(frozen=True)
class Problem:
    """One network on one batch of sequences.

    Args:
        model: ``rrn-golden`` (11 nodes), ``rnn`` (11) or ``lstm`` (6).
        batch_size: sequences an update, at least 2.
        time_steps: pixels a sequence.
    """

    model: str
    batch_size: int
    time_steps: int

    def images(self) -> np.ndarray:
        """Return bytes ``(batch, time)``: mostly zero, like the pixels of a digit."""
        rng = np.random.default_rng(0)
        shape = (self.batch_size, self.time_steps)
        inked = rng.random(shape) < SHARE_NONZERO
        return (inked * rng.integers(1, 256, shape)).astype(np.uint8)

    def labels(self) -> np.ndarray:
        """Return the classes ``(batch,)``, each as frequent as the others."""
        return (np.arange(self.batch_size) % NUM_CLASSES).astype(np.int32)


class Reference(NamedTuple):
    """Start values by name, and the loss and gradient that this project finds there, in float64."""

    parameters: dict[str, np.ndarray]
    loss: float
    gradient: dict[str, np.ndarray]
