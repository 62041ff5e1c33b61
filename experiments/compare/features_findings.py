"""What the question of features claims, and what its rows say about that."""

from functools import partial

import numpy as np

from experiments.compare.features_options import (
    BARE,
    GOLDEN,
    FeatureOptions,
    golden,
    without_label,
)
from experiments.compare.findings import (
    PAIRED,
    WELCH,
    Claim,
    Finding,
    Rows,
    by_seed,
    values_finding,
)
from experiments.compare.parts import if_asked
from rhythmic.data.images import image_rhythm
from rhythmic.plotting.style import appearance
from rhythmic.typing import Float

FITTED, POWER, RANDOM, KNOCKED = "readout fitted", "Fourier power", "random squares", "knock-out"

SAME_READOUT = (
    "Logistic regression on each, its strength chosen on validation; equivalent within 0.01"
)
ONE_NODE = (
    "Accuracy lost by a seed's network: the node nearest to 35.7 Hz less the mean of the others; "
    f"{PAIRED}; equivalent within 0.005."
)

CLAIMS = (
    Claim(
        "dynamics-beat-power",
        "The trained features of the golden network tell digits apart better than as many powers "
        "at the same frequencies.",
        f"{SAME_READOUT}; {WELCH}.",
        rhythm="dynamics",
    ),
    Claim(
        "recurrence-adds",
        "The trained features of the golden network tell digits apart better than those without "
        "recurrence.",
        f"{SAME_READOUT}; {PAIRED}.",
    ),
    Claim(
        "ringing-is-power",
        "The features without recurrence tell digits apart better than as many powers at the same "
        "frequencies.",
        f"{SAME_READOUT}; {WELCH}.",
        rhythm="dynamics",
    ),
    Claim(
        "dynamics-beat-parameters",
        "The golden network (252 parameters) is more accurate than the powers in two windows at "
        "the same frequencies (230 parameters).",
        f"The network as trained against logistic regression; {WELCH}; equivalent within 0.01.",
        rhythm="dynamics",
    ),
    Claim(
        "power-beats-random",
        "Powers at the golden frequencies tell digits apart better than as many squares of random "
        "projections.",
        f"{SAME_READOUT}; {WELCH}.",
    ),
    Claim(
        "image-rhythm-knocked-out",
        "A trained golden network misses the feature of the node at the rhythm of the image rows "
        "more than that of others.",
        ONE_NODE,
        margin=0.005,
    ),
    Claim(
        "image-rhythm-left-out",
        "Trained without the node at the rhythm of the image rows, the golden network loses more "
        "than without another one.",
        ONE_NODE,
        margin=0.005,
    ),
)


def fitted_label(name: str) -> str:
    """Name the readout that is fitted to the features of a trained network."""
    return f"{appearance(name).label}, {FITTED}"


def baseline_label(name: str, count: int) -> str:
    """Name the readout that is fitted to features without a network."""
    return f"{name}, {count} features"


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
    intact = np.array([row["test_accuracy"] for row in by_seed(rows[appearance(GOLDEN).label])])
    without = [
        [row["test_accuracy"] for row in by_seed(rows[without_label(node)])]
        for node in options.left_out
    ]
    left = np.array(without).reshape(len(without), len(intact)).T
    return np.array(removed), (intact[:, None] - left if without else left)


def findings(options: FeatureOptions, rows: Rows) -> list[Finding]:
    """Compare features under one readout, then the nodes of the golden network."""
    golden_fitted, bare_fitted = fitted_label(GOLDEN), fitted_label(BARE)
    count = len(golden().frequencies)
    power, more_power = (baseline_label(POWER, number * count) for number in (1, 2))
    pairs = (
        (golden_fitted, power),
        (golden_fitted, bare_fitted),
        (bare_fitted, power),
        (appearance(GOLDEN).label, more_power),
        (power, baseline_label(RANDOM, count)),
    )

    def better(claim: Claim, *labels: str) -> Finding:
        def find() -> Finding:
            sides = [
                (label, [row["test_accuracy"] for row in by_seed(rows[label])]) for label in labels
            ]
            # Powers and projections have no cell, so that nothing is paired with them.
            paired = set(labels) == {golden_fitted, bare_fitted}
            return values_finding(claim, sides[0], sides[1], paired=paired)

        return if_asked(claim, rows, labels, find)

    found = [better(claim, *labels) for claim, labels in zip(CLAIMS, pairs, strict=False)]
    return [*found, *node_findings(options, rows)]


def node_findings(options: FeatureOptions, rows: Rows) -> list[Finding]:
    """Compare the node nearest to the rhythm of the image rows with the others."""
    places = tuple(range(len(golden().frequencies)))

    def find(part: int, claim: Claim) -> Finding:
        return node_finding(claim, drops(options, rows)[part], places)

    wanted = ([KNOCKED], [without_label(node) for node in places])
    return [
        if_asked(claim, rows, labels, partial(find, part, claim))
        for part, (claim, labels) in enumerate(zip(CLAIMS[-2:], wanted, strict=True))
    ]


def node_finding(
    claim: Claim, losses: Float[np.ndarray, "seed node"], nodes: tuple[int, ...]
) -> Finding:
    """Compare what the nearest node costs with what the others cost on average."""
    place = nodes.index(nearest_node())
    frequencies = [golden().frequencies[node] for node in nodes]
    others = np.delete(losses, place, axis=1).mean(axis=1)
    largest = frequencies[int(np.argmax(losses.mean(axis=0)))]
    own = f"loss without {frequencies[place]:.3g} Hz"
    name = f"without another node (the most without {largest:.3g} Hz)"
    sides = (own, list(losses[:, place])), (name, list(others))
    return values_finding(claim, *sides, paired=True)
