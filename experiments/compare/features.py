"""What do the features say, and what do the dynamics add to them?

A feature is how strongly a node rings over an image. Which nodes a trained network needs is asked
in two ways: the feature of a node is set to its training mean (the readout misses it, the other
nodes do not), and the network is trained again without the node. What the dynamics add is asked by
plain baselines that have none: the power of the pixels at the golden frequencies, in windows, and
squares of random projections, with as many features; one kind of readout fits all of them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial

import jax
import numpy as np
from matplotlib.figure import Figure

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
from experiments.stages import Results, Stages
from rhythmic.baselines import fourier_power, logistic_regression_accuracy
from rhythmic.baselines.features import random_features
from rhythmic.compare.claims import Claim, Finding, Reading, Rows, by_seed, tested, values_finding
from rhythmic.data import Split
from rhythmic.data.dataset import NUM_PIXELS
from rhythmic.data.images import image_rhythm
from rhythmic.networks import NetworkSpec, published, rhythmic_network
from rhythmic.plotting.accuracy import confusion_figure
from rhythmic.plotting.features import ablation_figure, baseline_figure, profile_figure
from rhythmic.plotting.style import LABELS, appearance
from rhythmic.records import Row
from rhythmic.typing import AnyArray, Float

GOLDEN, BARE = "rrn-golden", "rrn-golden-unconnected"
KEPT = ("class_features", "confusion", "parameters", "statistics")
# Of the fits. A smaller one takes several times as long, for a thousandth of accuracy or less.
TOLERANCE = 3e-4
FITTED, POWER, RANDOM, KNOCKED = "readout fitted", "Fourier power", "random squares", "knock-out"


def golden() -> NetworkSpec:
    """Return the golden network."""
    return published()[GOLDEN]


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


def further(
    options: FeatureOptions, rows: Rows, stages: Stages, store: MemberStore
) -> dict[str, list[Row]]:
    """Fit readouts to fixed features and to those of trained networks; knock nodes out."""
    del store
    pool = options.pool()
    readers = cache(lambda name: FeatureReader(published()[name], pool.data))
    images = np.asarray(pool.data.inputs, np.float32) / 255
    rate = golden().option("sample_rate")
    power = partial(fourier_power, images, golden().frequencies, sample_rate=rate)
    powers = cache(lambda number: power(num_windows=number))

    def kept(function: Callable[[], list[Row]]) -> Results:
        return {"rows": np.array(json.dumps(function()))}

    parts: dict[str, Callable[[], Results]] = {}
    for place, seed in enumerate(options.seeds):
        split = pool.split(seed)
        split = split._replace(train=split.train[: options.num_train or None])
        own = {name: rows[appearance(name).label][place] for name in (GOLDEN, BARE)}
        trained = partial(of_trained, options, pool, split, own, readers)
        plain = partial(of_baselines, options, pool, split, seed, images, powers)
        parts[f"trained_{seed}"] = partial(kept, trained)
        parts[f"baselines_{seed}"] = partial(kept, plain)
    found: dict[str, list[Row]] = {}
    for arrays in stages.each(parts).values():
        for row in json.loads(str(arrays["rows"])):
            found.setdefault(row["label"], []).append(row)
    return found


def further_labels(options: FeatureOptions) -> list[str]:
    """Return the labels of all readouts, and of the nodes that are knocked out."""
    counts = [number * len(golden().frequencies) for number in options.windows]
    plain = [baseline_label(name, count) for name in (POWER, RANDOM) for count in counts]
    return [fitted_label(GOLDEN), fitted_label(BARE), KNOCKED, *plain]


def fitted(
    options: FeatureOptions, pool: Pool, split: Split, label: str, seed: int, features: AnyArray
) -> Row:
    """Fit a logistic regression to features and write down what it does."""
    strengths = options.inverse_regularisations
    found = logistic_regression_accuracy(
        features, pool.data.targets, split, inverse_regularisations=strengths, tolerance=TOLERANCE
    )
    return {"label": label, "seed": seed, "num_features": features.shape[1]} | found._asdict()


def of_baselines(
    options: FeatureOptions,
    pool: Pool,
    split: Split,
    seed: int,
    images: AnyArray,
    powers: Callable[[int], AnyArray],
) -> list[Row]:
    """Fit readouts to power in windows, and to as many squares of random projections."""
    found = []
    for number in options.windows:
        power = powers(number)
        count = power.shape[1]
        random = random_features(images, count, key=jax.random.key(seed))
        for name, features in ((POWER, power), (RANDOM, random)):
            label = baseline_label(name, count)
            found.append(fitted(options, pool, split, label, seed, features))
    return found


def of_trained(
    options: FeatureOptions,
    pool: Pool,
    split: Split,
    own: dict[str, Row],
    readers: Callable[[str], FeatureReader],
) -> list[Row]:
    """Fit readouts to the features of trained networks, and knock out the golden one's nodes."""
    examples, labels = np.concatenate(split), np.asarray(pool.data.targets)
    places = np.split(np.arange(len(examples)), np.cumsum([len(part) for part in split])[:-1])
    # The same examples, counted among those that are read.
    inner = Split(*places)
    found = []
    for name, row in own.items():
        network = trained_network(published()[name], row)
        features = readers(name).read(network, examples)
        here = pool._replace(data=pool.data._replace(targets=labels[examples]))
        label = fitted_label(name)
        found.append(fitted(options, here, inner, label, row["seed"], features))
        if name == GOLDEN:
            test, known = features[inner.test], labels[split.test]
            means = features[inner.train].mean(axis=0)
            found.append(
                {
                    "label": KNOCKED,
                    "seed": row["seed"],
                    "intact_accuracy": accuracy(network, test, known),
                    "knocked_out": knocked_out_accuracies(network, test, means, known),
                }
            )
    return found


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
    further_labels=further_labels,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
