"""What recurrence adds: options, networks and their conditions."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from experiments.compare.options import CompareOptions
from experiments.compare.parts import check_parts
from experiments.members import Condition, Pool
from rhythmic.networks import LAST, MEAN, POWER, NetworkSpec, published, rhythmic_network
from rhythmic.theory import validate_ladder

NUM_NODES = 11
PARTS = ("crossing", "homogeneous", "horn")
HEADS = {"energy": POWER, "mean": MEAN}

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

HORN_ALIKE, HORN_DRAWN = "HORN, homogeneous", "HORN, heterogeneous"


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

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        check_parts("parts", self.parts, PARTS)
        check_parts("networks", self.networks, tuple(NETWORKS))
        check_parts("heads", self.heads, tuple(HEADS))
        validate_ladder(self.frequencies, 1000.0)
        if len(set(self.frequencies)) < len(self.frequencies):
            raise ValueError("frequencies holds a value twice")
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


def label_of(network: str, head: str) -> str:
    """Name a network with a readout."""
    return f"{network}, {head}"


def alike_label(frequency: float) -> str:
    """Name the homogeneous network of a frequency."""
    return f"11 nodes at {frequency:.4g} Hz"


def conditions(options: RecurrenceOptions) -> list[Condition]:
    """Return what the parts that are asked need, each condition once."""
    pool = options.pool()
    parts = {
        "crossing": crossed_conditions,
        "homogeneous": homogeneous_conditions,
        "horn": horn_conditions,
    }
    every = [one for part in PARTS if part in options.parts for one in parts[part](options, pool)]
    return list({condition.label: condition for condition in every}.values())


def crossed(network: str, head: str) -> NetworkSpec:
    """Return a network with a readout, the published one where there is one."""
    if (network, head) in PUBLISHED:
        return published()[PUBLISHED[network, head]]
    cell, hidden_size, further = NETWORKS[network]
    return NetworkSpec(cell, hidden_size, options=further, name=f"{network}-{head}", **HEADS[head])


def crossed_conditions(options: RecurrenceOptions, pool: Pool) -> list[Condition]:
    """Every network with every readout."""
    return [
        options.condition(
            pool,
            label_of(network, head),
            crossed(network, head),
            seeds=options.free_seeds() if network == "unconnected" else options.seeds,
        )
        for network in options.networks
        for head in options.heads
    ]


def homogeneous_conditions(options: RecurrenceOptions, pool: Pool) -> list[Condition]:
    """Golden, and networks whose nodes all have one frequency: the ladders share a program."""
    golden = options.condition(pool, label_of("golden", "energy"), crossed("golden", "energy"))
    base = rhythmic_network((1000 / 28,) * NUM_NODES, name="rrn-homogeneous")
    return [
        golden,
        *(
            options.condition(pool, alike_label(one), base, ladder=(one,) * NUM_NODES)
            for one in options.frequencies
        ),
    ]


def horn_conditions(options: RecurrenceOptions, pool: Pool) -> list[Condition]:
    """HORN with nodes alike, and with nodes that each member draws from its own seed."""
    alike = NetworkSpec("horn", NUM_NODES, name="horn", **LAST)
    drawn = dataclasses.replace(
        alike, name="horn-heterogeneous", options=(("heterogeneous", True),)
    )
    return [
        options.condition(pool, HORN_ALIKE, alike),
        options.condition(pool, HORN_DRAWN, drawn),
    ]
