"""What is read from features: of trained golden networks, and of plain baselines without dynamics.

One row per readout and seed: a logistic regression, or the accuracies without one node's feature.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import jax
import numpy as np

from experiments.compare.trained_features import (
    FeatureReader,
    accuracy,
    knocked_out_accuracies,
    trained_network,
)
from experiments.members import Pool
from rhythmic.baselines import fourier_power, logistic_regression_accuracy
from rhythmic.baselines.features import random_features
from rhythmic.data import Split
from rhythmic.networks import Network, NetworkSpec, published
from rhythmic.plotting.style import appearance
from rhythmic.records import Row, fingerprint
from rhythmic.typing import Float

GOLDEN, BARE = "rrn-golden", "rrn-golden-unconnected"
FITTED, POWER, RANDOM, KNOCKED = "readout fitted", "Fourier power", "random squares", "knock-out"
# Of the fits. A smaller one takes several times as long, for a thousandth of accuracy or less.
TOLERANCE = 3e-4
# Raised when a change of the readouts changes their results: older rows then no longer count.
READOUT_VERSION = 1


def golden() -> NetworkSpec:
    """Return the golden network."""
    return published()[GOLDEN]


def fitted_label(name: str) -> str:
    """Name the readout that is fitted to the features of a trained network."""
    return f"{appearance(name).label}, {FITTED}"


def baseline_label(name: str, count: int) -> str:
    """Name the readout that is fitted to features without a network."""
    return f"{name}, {count} features"


class Readout(NamedTuple):
    """What is read from features on the split of one seed.

    Attributes:
        label: of its rows.
        source: the network whose features they are, or powers or random squares.
        windows: of powers, and of as many squares; 0 of a network.
        seed: of split and network.
        member: name of the network's row; empty of a source without a network.
        data: identifies the digits.
        num_train: training digits that are used, the first ones; None for all.
        strengths: of the fit.
    """

    label: str
    source: str
    windows: int
    seed: int
    member: str
    data: str
    num_train: int | None
    strengths: tuple[float, ...]

    def name(self) -> str:
        """Identify the readout by all that its result depends on."""
        return fingerprint(("readout", READOUT_VERSION, TOLERANCE, self))


class FeatureReadouts:
    """Computes readouts; those that follow each other share their features."""

    def __init__(self, pool: Pool, networks: Mapping[tuple[str, int], Row]):
        """Take the digits, and the rows of trained networks by name and seed."""
        self.pool, self.networks = pool, networks
        self.labels = np.asarray(pool.data.targets)
        self.images = np.asarray(pool.data.inputs, np.float32) / 255
        self.powers = lru_cache(maxsize=None)(self.power)
        self.readers = lru_cache(maxsize=None)(self.reader)
        self.of_network = lru_cache(maxsize=1)(self.trained)

    def row(self, one: Readout) -> Row:
        """Return the row of a readout."""
        split, features = self.split(one), self.features(one)
        row = {"member": one.name(), "label": one.label, "seed": one.seed}
        if one.label == KNOCKED:
            network, labels = self.network(one), self.labels[split.test]
            test, means = features[split.test], features[split.train].mean(axis=0)
            return row | {
                "intact_accuracy": accuracy(network, test, labels),
                "knocked_out": knocked_out_accuracies(network, test, means, labels),
            }
        fit = logistic_regression_accuracy(
            features,
            self.labels,
            split,
            inverse_regularisations=one.strengths,
            tolerance=TOLERANCE,
        )
        return row | {"num_features": features.shape[1]} | fit._asdict()

    def features(self, one: Readout) -> Float[np.ndarray, "example feature"]:
        """Return the features of all digits; zeros of those that a network need not read."""
        if one.source == POWER:
            return self.powers(one.windows)
        if one.source == RANDOM:
            count = one.windows * len(golden().frequencies)
            key = jax.random.key(one.seed)
            return np.asarray(random_features(self.images, count, key=key))
        return self.of_network(one._replace(label=""))

    def split(self, one: Readout) -> Split:
        """Return the division of a seed, with the training digits that are used."""
        split = self.pool.split(one.seed)
        return split._replace(train=split.train[: one.num_train])

    def network(self, one: Readout) -> Network:
        """Return the trained network of a readout."""
        return trained_network(published()[one.source], self.networks[one.source, one.seed])

    def power(self, windows: int) -> Float[np.ndarray, "example feature"]:
        """Return the powers at the golden frequencies, in windows."""
        rate = golden().option("sample_rate")
        frequencies = golden().frequencies
        power = fourier_power(self.images, frequencies, sample_rate=rate, num_windows=windows)
        return np.asarray(power)

    def reader(self, name: str) -> FeatureReader:
        """Return what reads the digits with networks of one architecture."""
        return FeatureReader(published()[name], self.pool.data)

    def trained(self, one: Readout) -> Float[np.ndarray, "example feature"]:
        """Return the features that a trained network makes of the digits of its split."""
        examples = np.concatenate(self.split(one))
        own = self.readers(one.source).read(self.network(one), examples)
        found = np.zeros((len(self.labels), own.shape[1]), own.dtype)
        found[examples] = own
        return found
