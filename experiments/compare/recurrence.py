"""What does recurrence add to the same nodes, and a mixture of rhythms to a single one?

The published networks differ in three things at once: whether nodes talk, whether they ring, and
how they are read out. Here each is changed alone. Without recurrence the golden nodes stay what
they are. The twins that do not oscillate have the same equation and as many parameters, but real
poles. And every network is read out both ways: by its energy, as the rhythmic network is, and by
its mean output, as its rivals are.
"""

import dataclasses
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from experiments.compare.networks import HEADS
from experiments.compare.options import CompareOptions, presets
from experiments.compare.question import RULED, Question
from experiments.members import Condition
from experiments.script import main
from rhythmic.compare.claims import Claim, Reading, Rows, best_validated
from rhythmic.networks import LAST, NetworkSpec, published, rhythmic_network
from rhythmic.plotting.accuracy import accuracy_strip
from rhythmic.plotting.compare_ladders import draw_crossing, draw_frequencies
from rhythmic.theory import validate_ladder

NUM_NODES = 11
PARTS = ("crossing", "homogeneous", "horn")

# Name, cell, number of nodes and options of what is crossed with both heads.
NETWORKS: dict[str, tuple[str, int, tuple[tuple[str, Any], ...]]] = {
    "golden": ("rrn", NUM_NODES, ()),
    "unconnected": ("rrn", NUM_NODES, (("recurrence", False),)),
    "double": ("rrn", NUM_NODES, (("poles", "double"),)),
    "real": ("rrn", NUM_NODES, (("poles", "real"),)),
    "rnn": ("rnn", NUM_NODES, ()),
    "lstm": ("lstm", 6, ()),
}

# As the seven published networks know them: rows are shared with other questions.
PUBLISHED = {
    ("golden", "energy"): "rrn-golden",
    ("unconnected", "energy"): "rrn-golden-unconnected",
    ("rnn", "mean"): "rnn",
    ("lstm", "mean"): "lstm",
}

TEST = "Each at its own rate, chosen among as many on as many seeds; {how}; equivalent within 0.01."

HORN_ALIKE, HORN_DRAWN = "HORN, homogeneous", "HORN, heterogeneous"


def label_of(network: str, head: str) -> str:
    """Name a network with a readout."""
    return f"{network}, {head}"


def versus(name: str, statement: str, better: tuple[str, str], worse: tuple[str, str]) -> Claim:
    """Return the claim on two networks with their readouts; pairs have one cell of as many nodes.

    It speaks of rhythm where the other does not oscillate. Nodes with double poles are all alike
    when they are free, so that a twin of this kind lacks different nodes as much as it lacks
    rhythm.
    """
    paired = NETWORKS[better[0]][:2] == NETWORKS[worse[0]][:2]
    rival = name.startswith("rhythm-") and not name.startswith("rhythm-double")
    return Claim(
        name,
        statement,
        TEST,
        rhythm="helps" if rival else "aside",
        note=RULED if paired else "",
        better=label_of(*better),
        worse=label_of(*worse),
        paired=paired,
    )


RIVALS = {
    "double": "its twin with double real poles",
    "real": "its twin with two real poles",
    "rnn": "the RNN",
    "lstm": "the LSTM",
}
CLAIMS = (
    versus(
        "recurrence",
        "The golden nodes are more accurate with recurrence than without.",
        ("golden", "energy"),
        ("unconnected", "energy"),
    ),
    *(
        versus(
            f"rhythm-{rival}-{head}",
            f"Read out by {said}, golden is more accurate than {words}.",
            ("golden", head),
            (rival, head),
        )
        for rival, words in RIVALS.items()
        for head, said in (("energy", "energy"), ("mean", "mean output"))
    ),
    *(
        versus(
            f"readout-{network}",
            f"Read out by energy, {named} is more accurate than read out by mean output.",
            (network, "energy"),
            (network, "mean"),
        )
        for network, named in (("golden", "golden"), ("rnn", "the RNN"), ("lstm", "the LSTM"))
    ),
    Claim(
        "heterogeneous-rrn",
        "The rhythmic network is more accurate with golden rhythms than with one for all nodes.",
        "Golden less the homogeneous network whose mean validation accuracy over the tested seeds "
        f"is highest: the latter is chosen among several frequencies. {TEST}",
        note=RULED,
        better=label_of("golden", "energy"),
        paired=True,
    ),
    Claim(
        "heterogeneous-horn",
        "The HORN is more accurate with nodes that differ than with nodes alike.",
        "Frequency and damping between half and twice those of nodes alike, drawn anew for every "
        f"seed. {TEST}",
        note=RULED,
        better=HORN_DRAWN,
        worse=HORN_ALIKE,
        paired=True,
    ),
)


@dataclass(frozen=True)
class RecurrenceOptions(CompareOptions):
    """Options of the question what recurrence adds.

    Args:
        parts: what is asked. crossing: networks crossed with readouts; homogeneous: golden against
            nodes of one frequency; horn: alike and different nodes of a HORN.
        networks: what is crossed with the readouts. golden; unconnected, the same nodes without
            recurrence; double and real, its twins that do not oscillate; rnn; lstm.
        heads: readouts: energy, the mean squared amplitude with batch norm; mean, the mean output
            with layer norm and dropout.
        frequencies: of homogeneous networks, Hz; the best on validation is held against golden.
        num_free_seeds: seeds of the unconnected network with either readout, which costs little:
            those of ``seeds`` and the ones after the last. Pairs are made of ``seeds`` alone.
    """

    parts: tuple[str, ...] = PARTS
    networks: tuple[str, ...] = tuple(NETWORKS)
    heads: tuple[str, ...] = tuple(HEADS)
    frequencies: tuple[float, ...] = (10.0, 20.0, 1000 / 28, 70.0, 140.0)
    num_free_seeds: int = 3

    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "parts": PARTS,
        "networks": tuple(NETWORKS),
        "heads": tuple(HEADS),
    }

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        validate_ladder(self.frequencies, 1000.0)
        if self.num_free_seeds < len(self.seeds):
            raise ValueError(
                f"num_free_seeds is {self.num_free_seeds}; seeds are {len(self.seeds)}, and it "
                "must be at least that"
            )
        both = sorted(set(self.free_seeds()) & set(self.tuning_seeds))
        if both:
            raise ValueError(f"num_free_seeds reaches seed {both[0]}, one of tuning_seeds")

    def free_seeds(self) -> tuple[int, ...]:
        """Return the seeds of networks that cost little."""
        more = self.num_free_seeds - len(self.seeds)
        return (*self.seeds, *range(max(self.seeds) + 1, max(self.seeds) + 1 + more))


PRESETS = presets(
    RecurrenceOptions,
    "recurrence",
    smoke={
        "parts": ("crossing", "homogeneous"),
        "networks": ("golden", "unconnected"),
        "heads": ("energy",),
        "frequencies": (20.0, 1000 / 28),
        "num_free_seeds": 2,
    },
    quick={
        "parts": ("crossing", "homogeneous"),
        "networks": ("golden", "unconnected", "real", "rnn"),
        "frequencies": (10.0, 1000 / 28, 140.0),
        "num_train": 1000,
        "epochs": 10,
        "num_free_seeds": 2,
    },
    full={"seeds": tuple(range(101, 111)), "num_free_seeds": 20},
    accelerator={"seeds": tuple(range(101, 121)), "num_free_seeds": 20},
)


def alike_label(frequency: float) -> str:
    """Name the homogeneous network of a frequency."""
    return f"11 nodes at {frequency:.4g} Hz"


def conditions(options: RecurrenceOptions) -> list[Condition]:
    """Return what the parts that are asked need, each condition once."""
    make, found = partial(options.condition, options.pool()), []
    if "crossing" in options.parts:
        for network, head in itertools.product(options.networks, options.heads):
            seeds = options.free_seeds() if network == "unconnected" else options.seeds
            found.append(make(label_of(network, head), crossed(network, head), seeds=seeds))
    if "homogeneous" in options.parts:
        found.append(make(label_of("golden", "energy"), crossed("golden", "energy")))
        # Nodes that all have one frequency: the ladders share a program.
        base = rhythmic_network((1000 / 28,) * NUM_NODES, name="rrn-homogeneous")
        found += [
            make(alike_label(one), base, ladder=(one,) * NUM_NODES) for one in options.frequencies
        ]
    if "horn" in options.parts:
        # Nodes alike, and nodes that each member draws from its own seed.
        alike = NetworkSpec("horn", NUM_NODES, name="horn", **LAST)
        uneven = (("heterogeneous", True),)
        drawn = dataclasses.replace(alike, name="horn-heterogeneous", options=uneven)
        found += [make(HORN_ALIKE, alike), make(HORN_DRAWN, drawn)]
    return list({condition.label: condition for condition in found}.values())


def crossed(network: str, head: str) -> NetworkSpec:
    """Return a network with a readout, the published one where there is one."""
    if (network, head) in PUBLISHED:
        return published()[PUBLISHED[network, head]]
    cell, hidden_size, further = NETWORKS[network]
    return NetworkSpec(cell, hidden_size, options=further, name=f"{network}-{head}", **HEADS[head])


def readings(options: RecurrenceOptions) -> dict[str, Reading]:
    """Hold golden against the homogeneous network that validation prefers."""
    sides = label_of("golden", "energy"), alike_labels(options)
    return {"heterogeneous-rrn": Reading(sides)}


def alike_labels(options: RecurrenceOptions) -> tuple[str, ...]:
    """Return the labels of the homogeneous networks."""
    return tuple(map(alike_label, options.frequencies))


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
        chosen = next(
            one for one in alike if alike_label(one) == best_validated(rows, alike_labels(options))
        )
        draw_frequencies(axes, alike, chosen, rows[label_of("golden", "energy")])
        figures["homogeneous"] = figure
    if "horn" in options.parts:
        figure, axes = plt.subplots(figsize=(5, 1.6), layout="constrained")
        both = {label: rows[label] for label in (HORN_ALIKE, HORN_DRAWN)}
        accuracy_strip(axes, both)
        axes.set_title("HORN, 11 nodes, read out at the last step")
        figures["horn"] = figure
    return figures


EXPERIMENT = Question(
    "recurrence", "What does recurrence add?", PRESETS, CLAIMS, draw, conditions, readings
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
