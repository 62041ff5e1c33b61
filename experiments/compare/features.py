"""What do the features say, and what do the dynamics add to them?

A feature is how strongly a node rings over an image. Which nodes a trained network needs is asked
in two ways: the feature of a node is set to its training mean (the readout misses it, the other
nodes do not), and the network is trained again without the node. What the dynamics add is asked by
plain baselines that have none: the power of the pixels at the golden frequencies, in windows, and
squares of random projections, with as many features; one kind of readout fits all of them.
"""

import json
from collections.abc import Callable
from functools import cache, partial

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.compare.features_findings import (
    CLAIMS,
    FITTED,
    KNOCKED,
    POWER,
    RANDOM,
    baseline_label,
    drops,
    findings,
    fitted_label,
)
from experiments.compare.features_options import (
    BARE,
    GOLDEN,
    PRESETS,
    FeatureOptions,
    conditions,
    golden,
)
from experiments.compare.findings import Rows
from experiments.compare.question import Question
from experiments.compare.trained_features import (
    FeatureReader,
    accuracy,
    knocked_out_accuracies,
    trained_network,
)
from experiments.members import MemberStore, Pool
from experiments.script import main
from experiments.stages import Results, Stages
from rhythmic.baselines import fourier_power, logistic_regression_accuracy
from rhythmic.baselines.features import random_features
from rhythmic.data import Split
from rhythmic.networks import published
from rhythmic.plotting.accuracy import confusion_figure
from rhythmic.plotting.features import ablation_figure, baseline_figure, profile_figure
from rhythmic.plotting.style import LABELS, appearance
from rhythmic.records import Row
from rhythmic.typing import AnyArray, Float

# Of the fits. A smaller one takes several times as long, for a thousandth of accuracy or less.
TOLERANCE = 3e-4


def further(
    options: FeatureOptions, rows: Rows, stages: Stages, store: MemberStore
) -> dict[str, list[Row]]:
    """Fit readouts to fixed features and to those of trained networks; knock nodes out."""
    del store
    pool = options.pool()
    readers = cache(lambda name: FeatureReader(published()[name], pool.data))
    powers = cache(partial(power_features, pool))
    parts: dict[str, Callable[[], Results]] = {}
    for place, seed in enumerate(options.seeds):
        split = pool.split(seed)
        split = split._replace(train=split.train[: options.num_train or None])
        own = {name: rows[appearance(name).label][place] for name in (GOLDEN, BARE)}
        trained = partial(of_trained, options, pool, split, own, readers)
        plain = partial(of_baselines, options, pool, split, seed, powers)
        parts |= {f"trained_{seed}": as_results(trained), f"baselines_{seed}": as_results(plain)}
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


def as_results(function: Callable[[], list[Row]]) -> Callable[[], Results]:
    """Return rows as a stage keeps them."""
    return lambda: {"rows": np.array(json.dumps(function()))}


def power_features(pool: Pool, num_windows: int) -> Float[AnyArray, "example feature"]:
    """Return the power of every image of the pool at the golden frequencies, in windows."""
    images = np.asarray(pool.data.inputs, np.float32) / 255
    nodes = golden()
    return fourier_power(
        images,
        nodes.frequencies,
        sample_rate=nodes.option("sample_rate"),
        num_windows=num_windows,
    )


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
    powers: Callable[[int], AnyArray],
) -> list[Row]:
    """Fit readouts to power in windows, and to as many squares of random projections."""
    images = np.asarray(pool.data.inputs, np.float32) / 255
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
            row[0]["num_features"]: (
                row[0]["num_parameters"],
                [one["test_accuracy"] for one in row],
            )
            for label, row in rows.items()
            if label.startswith(name)
        }
        for name in (POWER, RANDOM)
    }
    networks = {
        label: (own[0]["num_parameters"], [row["test_accuracy"] for row in own])
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
    name="features",
    section="Rhythmic RNN in practice",
    asked="What do the features of a rhythmic network say, and what do its dynamics add?",
    presets=PRESETS,
    conditions=conditions,
    claims=CLAIMS,
    findings=findings,
    draw=draw,
    further=further,
    further_labels=further_labels,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
