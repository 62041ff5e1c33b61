"""A small pool of images, its division by seed, and members that train on it in a moment."""

import numpy as np

from rhythmic.data.dataset import Split
from rhythmic.networks import rhythmic_network
from rhythmic.training import Data, Members, MemberTraining, TrainingConfiguration, make_members
from rhythmic.training.problem import Problem

CONFIGURATION = TrainingConfiguration(epochs=3, batch_size=8, rising_share=0.4)
RRN = rhythmic_network((20.0, 90.0), pole_radius=0.9, name="rrn")
TRAINING = MemberTraining(RRN, CONFIGURATION, Problem(3))


def pool() -> Data:
    """Return 39 images of ten bytes, of three classes."""
    images = np.random.default_rng(5).integers(0, 256, (39, 10)).astype(np.uint8)
    return Data(images, (np.arange(39) % 3).astype(np.int32))


def split(seed: int) -> Split:
    """Return 21 images to train, 7 to validate and 11 to test."""
    order = np.random.default_rng(seed).permutation(39).astype(np.int32)
    return Split(order[:21], order[21:28], order[28:])


def members(*pairs: tuple[int, float], decay: float = 0.01, smoothing: float = 0.05) -> Members:
    """Return members of (seed, learning rate)."""
    count = len(pairs)
    return make_members(
        split,
        seeds=tuple(seed for seed, _ in pairs),
        learning_rate=tuple(rate for _, rate in pairs),
        weight_decay=(decay,) * count,
        label_smoothing=(smoothing,) * count,
    )
