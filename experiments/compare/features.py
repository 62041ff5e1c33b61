"""What do the features say, and what do the dynamics add to them?

A feature is how strongly a node rings over an image. Which nodes a trained network needs is asked
in two ways: the feature of a node is set to its training mean (the readout misses it, the other
nodes do not), and the network is trained again without the node. What the dynamics add is asked by
plain baselines that have none: the power of the pixels at the golden frequencies, in windows, and
squares of random projections, with as many features; one kind of readout fits all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import NamedTuple

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.compare.networks import golden
from experiments.compare.options import CompareOptions, presets
from experiments.compare.question import Question
from experiments.compare.trained_features import (
    FeatureReader,
    accuracy,
    knocked_out_accuracies,
    trained_network,
)
from experiments.members import Condition, MemberStore, Pool
from experiments.ranges import within
from experiments.script import main
from experiments.stages import Stages
from rhythmic.baselines import fourier_power, logistic_regression_accuracy
from rhythmic.baselines.features import random_features
from rhythmic.compare.claims import Claim, Finding, Reading, Rows, by_seed, tested, values_finding
from rhythmic.data import Split
from rhythmic.data.dataset import NUM_PIXELS
from rhythmic.data.images import image_rhythm
from rhythmic.networks import Network, published, rhythmic_network
from rhythmic.plotting.accuracy import confusion_figure
from rhythmic.plotting.features import ablation_figure, baseline_figure, profile_figure
from rhythmic.plotting.style import LABELS, appearance
from rhythmic.records import Row, fingerprint
from rhythmic.typing import Float

GOLDEN, BARE = "rrn-golden", "rrn-golden-unconnected"
FITTED, POWER, RANDOM, KNOCKED = "readout fitted", "Fourier power", "random squares", "knock-out"
# Of the fits. A smaller one takes several times as long, for a thousandth of accuracy or less.
TOLERANCE = 3e-4
# Raised when a change of the readouts changes their results: older rows then no longer count.
READOUT_VERSION = 1
KEPT = ("class_features", "confusion", "parameters", "statistics")


def fitted_label(name: str) -> str:
    """Name the readout that is fitted to the features of a trained network."""
    return f"{appearance(name).label}, {FITTED}"


def baseline_label(name: str, count: int) -> str:
    """Name the readout that is fitted to features without a network."""
    return f"{name}, {count} features"


SAME_READOUT = (
    "Logistic regression on each, its strength chosen on validation; equivalent within 0.01"
)
ONE_NODE = (
    "Accuracy lost by a seed's network: the node nearest to 35.7 Hz less the mean of the others; "
    "{how}; equivalent within 0.005."
)

CLAIMS = (
    Claim(
        "dynamics-beat-power",
        "The trained features of the golden network tell digits apart better than as many powers "
        "at the same frequencies.",
        f"{SAME_READOUT}; {{how}}.",
        rhythm="dynamics",
        better=fitted_label(GOLDEN),
        worse=baseline_label(POWER, 11),
    ),
    Claim(
        "recurrence-adds",
        "The trained features of the golden network tell digits apart better than those without "
        "recurrence.",
        f"{SAME_READOUT}; {{how}}.",
        better=fitted_label(GOLDEN),
        worse=fitted_label(BARE),
        paired=True,
    ),
    Claim(
        "ringing-is-power",
        "The features without recurrence tell digits apart better than as many powers at the same "
        "frequencies.",
        f"{SAME_READOUT}; {{how}}.",
        rhythm="dynamics",
        better=fitted_label(BARE),
        worse=baseline_label(POWER, 11),
    ),
    Claim(
        "dynamics-beat-parameters",
        "The golden network (252 parameters) is more accurate than the powers in two windows at "
        "the same frequencies (230 parameters).",
        "The network as trained against logistic regression; {how}; equivalent within 0.01.",
        rhythm="dynamics",
        better=appearance(GOLDEN).label,
        worse=baseline_label(POWER, 22),
    ),
    Claim(
        "power-beats-random",
        "Powers at the golden frequencies tell digits apart better than as many squares of random "
        "projections.",
        f"{SAME_READOUT}; {{how}}.",
        better=baseline_label(POWER, 11),
        worse=baseline_label(RANDOM, 11),
    ),
    Claim(
        "image-rhythm-knocked-out",
        "A trained golden network misses the feature of the node at the rhythm of the image rows "
        "more than that of others.",
        ONE_NODE,
        margin=0.005,
        paired=True,
    ),
    Claim(
        "image-rhythm-left-out",
        "Trained without the node at the rhythm of the image rows, the golden network loses more "
        "than without another one.",
        ONE_NODE,
        margin=0.005,
        paired=True,
    ),
)


@dataclass(frozen=True)
class FeatureOptions(CompareOptions):
    """Options of the question what the features say.

    Args:
        windows: numbers of equal windows in which the power of the pixels is taken at the golden
            frequencies; each divides 784. One window gives as many features as the network has.
        left_out: nodes of the golden ladder, counted from 0, that are left out one at a time and
            the rest trained again.
        inverse_regularisations: strengths C of logistic regressions to choose from, by validation
            accuracy; of 55,000 digits, 10 is next to no penalty.
    """

    windows: tuple[int, ...] = (1, 2, 4, 7, 14)
    left_out: tuple[int, ...] = tuple(range(11))
    inverse_regularisations: tuple[float, ...] = (0.1, 10.0)

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        for number in self.windows:
            if number < 1 or NUM_PIXELS % number:
                raise ValueError(f"windows holds {number}; it must divide {NUM_PIXELS}")
        if not {1, 2} <= set(self.windows):
            raise ValueError("windows must hold 1 and 2, which the claims compare")
        for node in self.left_out:
            if not 0 <= node < len(golden().frequencies):
                largest = len(golden().frequencies) - 1
                raise ValueError(f"left_out holds {node}; it must lie in 0 to {largest}")
        within(self, inverse_regularisations="(0, inf)")


PRESETS = presets(
    FeatureOptions,
    "features",
    smoke={"windows": (1, 2), "left_out": (), "inverse_regularisations": (0.1,)},
    quick={"windows": (1, 2, 7), "left_out": (0, 6, 10)},
)


def without_label(node: int) -> str:
    """Name the network that is trained without one node."""
    return f"{appearance(GOLDEN).label} without {golden().frequencies[node]:.3g} Hz"


def conditions(options: FeatureOptions) -> list[Condition]:
    """Return the golden network with and without recurrence, then without one node at a time."""
    pool, frequencies = options.pool(), golden().frequencies
    whole = options.condition(pool, appearance(GOLDEN).label, golden(), kept=KEPT)
    bare = replace(whole, label=appearance(BARE).label, architecture=published()[BARE])
    # One architecture of ten nodes, so that one program trains every ladder.
    smaller = rhythmic_network(frequencies[:-1], name="rrn-golden-without-one")
    without = [
        replace(
            whole,
            label=without_label(node),
            architecture=smaller,
            ladder=frequencies[:node] + frequencies[node + 1 :],
            kept=(),
        )
        for node in options.left_out
    ]
    return [whole, bare, *without]


def sources(options: FeatureOptions) -> dict[str, tuple[str, int]]:
    """Return what readouts read by their labels: a source, and a number of windows."""
    found = {fitted_label(GOLDEN): (GOLDEN, 0), KNOCKED: (GOLDEN, 0), fitted_label(BARE): (BARE, 0)}
    for number in options.windows:
        count = number * len(golden().frequencies)
        found |= {baseline_label(name, count): (name, number) for name in (POWER, RANDOM)}
    return found


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
        self.readers = lru_cache(maxsize=None)(
            lambda name: FeatureReader(published()[name], pool.data)
        )
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

    def trained(self, one: Readout) -> Float[np.ndarray, "example feature"]:
        """Return the features that a trained network makes of the digits of its split."""
        examples = np.concatenate(self.split(one))
        own = self.readers(one.source).read(self.network(one), examples)
        found = np.zeros((len(self.labels), own.shape[1]), own.dtype)
        found[examples] = own
        return found


def further(
    options: FeatureOptions, rows: Rows, stages: Stages, store: MemberStore
) -> dict[str, list[Row]]:
    """Fit readouts to fixed features and to those of trained networks; knock nodes out."""
    del stages
    pool, strengths = options.pool(), options.inverse_regularisations
    networks = {
        (name, row["seed"]): row for name in (GOLDEN, BARE) for row in rows[appearance(name).label]
    }
    members = {of_network: row["member"] for of_network, row in networks.items()}
    known = pool.sha256, options.num_train or None, strengths
    wanted = [
        Readout(label, source, windows, seed, members.get((source, seed), ""), *known)
        for seed in options.seeds
        # Next to each other what is read from one network.
        for label, (source, windows) in sorted(sources(options).items(), key=lambda one: one[1])
    ]
    readouts = FeatureReadouts(pool, networks)
    read = store.complete(wanted, readouts.row, "readout", title=lambda one: one.label)
    return {label: [row for row in read if row["label"] == label] for label in sources(options)}


def nearest_node() -> int:
    """Return the place of the golden node nearest to the rhythm of the image rows, in octaves."""
    rhythm = image_rhythm("rows")[0]
    return int(np.argmin(np.abs(np.log(np.array(golden().frequencies) / rhythm))))


def drops(
    options: FeatureOptions, rows: Rows
) -> tuple[Float[np.ndarray, "seed node"], Float[np.ndarray, "seed left_out"]]:
    """Return what each seed's network loses without a node: knocked out, and trained without."""
    knocked = by_seed(rows[KNOCKED])
    removed = [np.subtract(row["intact_accuracy"], row["knocked_out"]) for row in knocked]
    intact = np.array(tested(by_seed(rows[appearance(GOLDEN).label])))
    without = [tested(by_seed(rows[without_label(node)])) for node in options.left_out]
    left = np.array(without).reshape(len(without), len(intact)).T
    return np.array(removed), (intact[:, None] - left if without else left)


def readings(options: FeatureOptions) -> dict[str, Reading]:
    """Read what nodes are worth: knocked out, and trained without."""
    every_node = tuple(without_label(node) for node in range(len(golden().frequencies)))
    return {
        "image-rhythm-knocked-out": Reading((KNOCKED,), find=partial(node_finding, options, 0)),
        "image-rhythm-left-out": Reading(every_node, find=partial(node_finding, options, 1)),
    }


def node_finding(options: FeatureOptions, part: int, claim: Claim, rows: Rows) -> Finding:
    """Compare what the nearest node costs with what the others cost on average.

    ``part`` counts those of ``drops``: knocked out, or trained without.
    """
    losses, place = drops(options, rows)[part], nearest_node()
    frequencies = golden().frequencies
    others = np.delete(losses, place, axis=1).mean(axis=1)
    largest = frequencies[int(np.argmax(losses.mean(axis=0)))]
    own = f"loss without {frequencies[place]:.3g} Hz"
    name = f"without another node (the most without {largest:.3g} Hz)"
    sides = (own, list(losses[:, place])), (name, list(others))
    return values_finding(claim, *sides)


def draw(options: FeatureOptions, rows: Rows) -> dict[str, Figure]:
    """Draw profiles by digit, what nodes are worth, the baselines, and confusions."""
    names = {name: rows[appearance(name).label] for name in (GOLDEN, BARE)}
    profiles = {
        name: np.array([row["class_features"] for row in own], float) for name, own in names.items()
    }
    frequencies = golden().frequencies
    removed, kept = drops(options, rows)
    panels = {"feature set to its training mean": (frequencies, removed)}
    if options.left_out:
        left = [frequencies[node] for node in options.left_out]
        panels["trained again without the node"] = (tuple(left), kept)
    curves = {
        name: {
            own[0]["num_features"]: (own[0]["num_parameters"], tested(own))
            for label, own in rows.items()
            if label.startswith(name)
        }
        for name in (POWER, RANDOM)
    }
    networks = {
        label: (own[0]["num_parameters"], tested(own))
        for label, own in rows.items()
        if label in [appearance(name).label for name in names] or label.endswith(FITTED)
    }
    confusions = {name: [row["confusion"] for row in own] for name, own in names.items()}
    return {
        "profiles": profile_figure(frequencies, profiles, LABELS),
        "ablation": ablation_figure(panels),
        "baselines": baseline_figure(curves, networks, len(frequencies)),
        "confusion": confusion_figure(confusions),
    }


EXPERIMENT = Question(
    "features",
    "What do the features of a rhythmic network say, and what do its dynamics add?",
    PRESETS,
    CLAIMS,
    draw,
    conditions,
    readings,
    section="Rhythmic RNN in practice",
    further=further,
    further_labels=sources,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
