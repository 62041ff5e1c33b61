"""What does recurrence add to the same nodes, and a mixture of rhythms to a single one?

The published networks differ in three things at once: whether nodes talk, whether they ring, and
how they are read out. Here each is changed alone. Without recurrence the golden nodes stay what
they are. The twins that do not oscillate have the same equation and as many parameters, but real
poles. And every network is read out both ways: by its energy, as the rhythmic network is, and by
its mean output, as its rivals are.
"""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiments.compare.findings import (
    PAIRED,
    RULED,
    WELCH,
    Claim,
    Finding,
    Rows,
    accuracy_finding,
)
from experiments.compare.options import RESULTS
from experiments.compare.parts import if_asked
from experiments.compare.question import Question
from experiments.compare.recurrence_networks import (
    HORN_ALIKE,
    HORN_DRAWN,
    NETWORKS,
    RecurrenceOptions,
    alike_label,
    conditions,
    label_of,
)
from experiments.script import main
from rhythmic.plotting.accuracy import accuracy_strip
from rhythmic.plotting.compare_ladders import draw_crossing, draw_frequencies
from rhythmic.records import Row

TEST = "Each at its own rate, chosen among as many on as many seeds; {how}; equivalent within 0.01."

# Claim, what it says, and the networks with their readouts that it holds against each other.
PAIRS = (
    (
        "recurrence",
        "The golden nodes are more accurate with recurrence than without.",
        ("golden", "energy"),
        ("unconnected", "energy"),
    ),
    *(
        (
            f"rhythm-{twin}-{head}",
            f"Read out by {words}, golden is more accurate than its twin with {poles} poles.",
            ("golden", head),
            (twin, head),
        )
        for twin, poles in (("double", "double real"), ("real", "two real"))
        for head, words in (("energy", "energy"), ("mean", "mean output"))
    ),
    *(
        (
            f"rhythm-{rival}-{head}",
            f"Read out by {words}, golden is more accurate than the {rival.upper()}.",
            ("golden", head),
            (rival, head),
        )
        for rival in ("rnn", "lstm")
        for head, words in (("energy", "energy"), ("mean", "mean output"))
    ),
    *(
        (
            f"readout-{network}",
            f"Read out by energy, {named} is more accurate than read out by mean output.",
            (network, "energy"),
            (network, "mean"),
        )
        for network, named in (("golden", "golden"), ("rnn", "the RNN"), ("lstm", "the LSTM"))
    ),
)


def meaning(name: str) -> Literal["helps", "aside"]:
    """Return what a claim says of rhythm: that of rivals that do not oscillate.

    Nodes with double poles are all alike when they are free, so that a twin of this kind lacks
    different nodes as much as it lacks rhythm.
    """
    rival = name.startswith("rhythm-") and not name.startswith("rhythm-double")
    return "helps" if rival else "aside"


def one_cell(better: tuple[str, str], worse: tuple[str, str]) -> bool:
    """Tell whether two networks, whatever their readouts, have one cell and as many nodes."""
    first, second = (NETWORKS[name][:2] for name, _ in (better, worse))
    return first == second


def stated(name: str, statement: str, better: tuple[str, str], worse: tuple[str, str]) -> Claim:
    """Return the claim on two networks with their readouts."""
    paired = one_cell(better, worse)
    test = TEST.format(how=PAIRED if paired else WELCH)
    return Claim(name, statement, test, rhythm=meaning(name), note=RULED if paired else "")


CLAIMS = (
    *(stated(*pair) for pair in PAIRS),
    Claim(
        "heterogeneous-rrn",
        "The rhythmic network is more accurate with golden rhythms than with one for all nodes.",
        "Golden less the homogeneous network whose mean validation accuracy over the tested seeds "
        "is highest: the latter is chosen among several frequencies. "
        f"{TEST.format(how=PAIRED)}",
        note=RULED,
    ),
    Claim(
        "heterogeneous-horn",
        "The HORN is more accurate with nodes that differ than with nodes alike.",
        "Frequency and damping between half and twice those of nodes alike, drawn anew for every "
        f"seed. {TEST.format(how=PAIRED)}",
        note=RULED,
    ),
)
CLAIM = {claim.name: claim for claim in CLAIMS}

FULL = RecurrenceOptions(
    preset="full",
    dataset="mnist",
    epochs=3,
    seeds=tuple(range(101, 111)),
    tuning_seeds=(123, 456),
    num_free_seeds=20,
    learning_rates=(0.003, 0.01, 0.03),
    results=RESULTS / "recurrence.jsonl",
)

PRESETS = {
    "smoke": RecurrenceOptions(
        preset="smoke",
        parts=("crossing", "homogeneous"),
        networks=("golden", "unconnected"),
        heads=("energy",),
        frequencies=(20.0, 1000 / 28),
        num_train=256,
        epochs=4,
        seeds=(101, 102),
        num_free_seeds=2,
        learning_rates=(0.01,),
    ),
    "quick": RecurrenceOptions(
        parts=("crossing", "homogeneous"),
        networks=("golden", "unconnected", "real", "rnn"),
        frequencies=(10.0, 1000 / 28, 140.0),
        num_train=1000,
        seeds=(101, 102),
        num_free_seeds=2,
        learning_rates=(0.01,),
    ),
    "full": FULL,
    "accelerator": dataclasses.replace(
        FULL,
        preset="accelerator",
        epochs=30,
        seeds=tuple(range(101, 121)),
        learning_rates=(0.001, 0.003, 0.01),
    ),
}


def findings(options: RecurrenceOptions, rows: Rows) -> list[Finding]:
    """Return what the rows say about each claim; parts that were not asked say so."""

    def pairs(claim: Claim, better: str, worse: str) -> Finding:
        # The unconnected network has further seeds, which have no partners.
        sides = [of_seeds(rows[label], options.seeds) for label in (better, worse)]
        return accuracy_finding(claim, *sides, paired=True)

    found = []
    for name, _, better, worse in PAIRS:
        labels = label_of(*better), label_of(*worse)

        def versus(
            claim: Claim = CLAIM[name],
            labels: tuple[str, str] = labels,
            paired: bool = one_cell(better, worse),
        ) -> Finding:
            if paired:
                return pairs(claim, *labels)
            return accuracy_finding(claim, rows[labels[0]], rows[labels[1]])

        found.append(if_asked(CLAIM[name], rows, labels, versus))
    alike = [alike_label(frequency) for frequency in options.frequencies]
    golden = label_of("golden", "energy")
    rrn, horn = CLAIM["heterogeneous-rrn"], CLAIM["heterogeneous-horn"]
    return [
        *found,
        if_asked(
            rrn,
            rows,
            (golden, *alike),
            lambda: pairs(rrn, golden, best_alike(options, rows)),
        ),
        if_asked(
            horn,
            rows,
            (HORN_ALIKE, HORN_DRAWN),
            lambda: pairs(horn, HORN_DRAWN, HORN_ALIKE),
        ),
    ]


def of_seeds(rows: Sequence[Row], seeds: Sequence[int]) -> list[Row]:
    """Return the rows of some seeds."""
    return [row for row in rows if row["seed"] in seeds]


def best_alike(options: RecurrenceOptions, rows: Rows) -> str:
    """Return the homogeneous network that validation prefers; tests are not looked at."""

    def validation(label: str) -> float:
        return float(np.mean([row["validation_accuracy"] for row in rows[label]]))

    return max(map(alike_label, options.frequencies), key=validation)


def draw(options: RecurrenceOptions, rows: Rows) -> dict[str, Figure]:
    """Draw the crossing, the homogeneous networks, and the HORN."""
    figures = {}
    if "crossing" in options.parts:
        figure, axes = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
        table = {
            network: {head: rows[label_of(network, head)] for head in options.heads}
            for network in options.networks
        }
        draw_crossing(axes, table)
        axes.set_title(f"Networks and readouts, {options.dataset}, {options.epochs} epochs")
        figures["crossing"] = figure
    if "homogeneous" in options.parts:
        figure, axes = plt.subplots(figsize=(4.5, 3), layout="constrained")
        alike = {one: rows[alike_label(one)] for one in options.frequencies}
        chosen = [one for one in alike if alike_label(one) == best_alike(options, rows)]
        draw_frequencies(axes, alike, chosen[0], rows[label_of("golden", "energy")])
        figures["homogeneous"] = figure
    if "horn" in options.parts:
        figure, axes = plt.subplots(figsize=(5, 1.6), layout="constrained")
        both = {label: rows[label] for label in (HORN_ALIKE, HORN_DRAWN)}
        accuracy_strip(axes, both)
        axes.set_title("HORN, 11 nodes, read out at the last step")
        figures["horn"] = figure
    return figures


EXPERIMENT = Question(
    name="recurrence",
    section="Is the rhythmic RNN better?",
    asked="What does recurrence add?",
    presets=PRESETS,
    conditions=conditions,
    claims=CLAIMS,
    findings=findings,
    draw=draw,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
