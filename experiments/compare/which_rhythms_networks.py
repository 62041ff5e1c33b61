"""Which rhythms: options, presets, labels and ladders, and the conditions of every part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from experiments.compare.networks import with_inputs
from experiments.compare.options import CompareOptions, presets
from experiments.members import Condition, Pool
from experiments.ranges import within
from rhythmic.networks import POWER, NetworkSpec, published, rhythmic_network
from rhythmic.theory import geometric_ladder, ladder, random_ladder, span_ladder
from rhythmic.theory.ladders import PUBLISHED_GOLDEN_RATIO, copied_ladder

PARTS = ("null", "curves", "named", "learned", "larger", "sampled")
NAMED = ("golden", "two", "log", "linear")
NUM_NODES = 11
GOLDEN = PUBLISHED_GOLDEN_RATIO
GOLDEN_SHARED, LINEAR_SHARED = "golden, shared rate", "linear, shared rate"
# Where learned rhythms start, fixed, and trained by the same arithmetic as learned ones.
FIXED = {"golden": "golden, a step a pixel", "random 0": "random 0, a step a pixel"}
LEARNED = {"golden": "learned from golden", "random 0": "learned from random 0"}

# Random ladders on which the shared rate is chosen; those of the null count from 0.
FIRST_TUNING_LADDER = 100_000


@dataclass(frozen=True)
class WhichRhythmsOptions(CompareOptions):
    """Options of the question which rhythms.

    Args:
        parts: what is asked. null: golden among random ladders; curves: accuracy against the
            ratio; named: golden, two, log and linear; learned: rhythms that training moves;
            larger: more than 11 nodes; sampled: other sample rates.
        num_ladders: random ladders of the null.
        num_null_seeds: seeds of each of them, the first ones of ``seeds``.
        num_curve_seeds: seeds of each point of a curve, the first ones of ``seeds``.
        num_larger_seeds: seeds of each larger network, the first ones of ``seeds``; they cost most.
        num_tuning_ladders: further random ladders, none of the null and not golden, on which the
            rate of null and curves is chosen.
        ratios: ratios of neighbours, dimensionless, of the ladders of 5 nodes from 2 Hz.
        long_ratios: the same of the ladders of 11 nodes from 2 Hz.
        num_nodes: numbers of nodes of the ladders from 2 to 245.9 Hz.
        copies: how often larger networks hold the golden ladder; dense ones have a ratio that is
            this root of the golden one.
        sample_rates: other sample rates at which the digits are read, Hz.
    """

    parts: tuple[str, ...] = ("null", "curves", "named")
    num_ladders: int = 100
    num_null_seeds: int = 3
    num_curve_seeds: int = 3
    num_larger_seeds: int = 2
    num_tuning_ladders: int = 4
    ratios: tuple[float, ...] = (1.2, 1.35, 1.5, GOLDEN, 1.8, 2.0, 2.2, 2.4, 2.6, 2.8, 3.05, 3.3)
    long_ratios: tuple[float, ...] = (1.2, 1.25, 1.3, 1.35, 1.4, 1.45, 1.5, 1.55, 1.6, GOLDEN)
    num_nodes: tuple[int, ...] = (5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 18, 21, 27)
    copies: tuple[int, ...] = (2, 3)
    sample_rates: tuple[float, ...] = (500.0, 2000.0)

    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {"parts": PARTS}

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        seeds = f"[1, {len(self.seeds)}]"
        within(self, num_null_seeds=seeds, num_curve_seeds=seeds, num_larger_seeds=seeds)
        within(self, num_ladders=f"[2, {FIRST_TUNING_LADDER}]", num_tuning_ladders="[1, 100]")
        # Below 16 Hz fewer than two nodes are left.
        within(self, copies="[2, inf)", sample_rates="[16, 8000]")
        for name, golden in (("ratios", GOLDEN), ("long_ratios", GOLDEN), ("num_nodes", NUM_NODES)):
            if golden not in getattr(self, name) or len(getattr(self, name)) < 2:
                raise ValueError(f"{name} must hold {golden:g} and others")
        for number in self.num_nodes:
            span_ladder(number)
        for number, ratios in ((5, self.ratios), (NUM_NODES, self.long_ratios)):
            for ratio in ratios:
                geometric_ladder(ratio, num_nodes=number)
        if 1000.0 in self.sample_rates:
            raise ValueError("sample_rates holds 1000; that is the usual one")
        if not min(self.sample_rates) < 1000.0 < max(self.sample_rates):
            raise ValueError("sample_rates must hold one below and one above 1000 Hz")


LARGE = {
    "parts": PARTS,
    "seeds": tuple(range(101, 111)),
    "num_curve_seeds": 5,
    "num_larger_seeds": 5,
}
PRESETS = presets(
    WhichRhythmsOptions,
    "which_rhythms",
    smoke={
        "parts": ("null", "curves"),
        "num_ladders": 2,
        "num_null_seeds": 1,
        "num_curve_seeds": 1,
        "ratios": (1.618, 2.4),
        "long_ratios": (1.4, 1.618),
        "num_nodes": (5, 11),
    },
    quick={
        "num_train": 2000,
        "epochs": 10,
        "num_ladders": 20,
        "num_null_seeds": 1,
        "num_curve_seeds": 2,
        "ratios": (1.2, 1.618, 2.2, 3.3),
        "long_ratios": (1.2, 1.4, 1.618),
        "num_nodes": (5, 8, 11, 15),
    },
    full=LARGE,
    accelerator=LARGE
    | {
        "seeds": tuple(range(101, 121)),
        "num_ladders": 200,
        "num_null_seeds": 5,
        "num_curve_seeds": 10,
        "num_larger_seeds": 10,
    },
)


def curves(options: WhichRhythmsOptions) -> dict[str, dict[float, tuple[str, np.ndarray]]]:
    """Return the three curves by their claim: from the ratio of neighbours to label and ladder.

    Golden with 11 nodes, in Hz as all ladders, is a point of two of them, and the one of the null.
    """
    found = {
        f"ratio-{number}-nodes": {
            ratio: (f"{number} nodes x {ratio:g}", geometric_ladder(ratio, num_nodes=number))
            for ratio in ratios
        }
        for number, ratios in ((NUM_NODES, options.long_ratios), (5, options.ratios))
    }
    found["ratio-span"] = {
        span_ratio(number): (f"{number} nodes, 2 to 246 Hz", span_ladder(number))
        for number in options.num_nodes
    }
    for name in ("ratio-11-nodes", "ratio-span"):
        found[name][GOLDEN] = (GOLDEN_SHARED, found[name][GOLDEN][1])
    return found


def span_ratio(num_nodes: int) -> float:
    """Return the ratio of neighbours of ``num_nodes`` from 2 to 245.9 Hz; golden for 11."""
    return float(GOLDEN ** ((NUM_NODES - 1) / (num_nodes - 1)))


def null_label(place: int) -> str:
    """Name a random ladder."""
    return f"random {place}"


def sampled_label(num_nodes: int, rate: float) -> str:
    """Name the golden ladder, or what is left of it, at a sample rate."""
    return f"golden, {num_nodes} nodes, {rate:g} Hz"


def null_ladder(place: int) -> tuple[float, ...]:
    """Return a random ladder of the null, in Hz."""
    return tuple(random_ladder(NUM_NODES, seed=place).tolist())


def golden_below(sample_rate: float) -> tuple[float, ...]:
    """Return those of the eleven golden frequencies, in Hz, below a quarter of a sample rate."""
    golden = ladder("golden")
    return tuple(golden[golden < sample_rate / 4].tolist())


def larger_label(number: int, kind: str) -> str:
    """Name a larger network."""
    if kind == "copies":
        return f"golden x {number}, learned inputs"
    return f"dense, {10 * number + 1} nodes, learned inputs"


def conditions(options: WhichRhythmsOptions) -> list[Condition]:
    """Return what all parts that are asked need, each condition once."""
    pool = options.pool()
    parts = {
        "null": null_conditions,
        "curves": curve_conditions,
        "named": named_conditions,
        "learned": learned_conditions,
        "larger": larger_conditions,
        "sampled": sampled_conditions,
    }
    every = [one for part in PARTS if part in options.parts for one in parts[part](options, pool)]
    return list({condition.label: condition for condition in every}.values())


def base(num_nodes: int) -> NetworkSpec:
    """Return the architecture whose ladder conditions replace; one program a number of nodes."""
    return rhythmic_network(span_ladder(num_nodes), name=f"rrn-{num_nodes}")


def shared_rate(
    options: WhichRhythmsOptions,
    pool: Pool,
    ladders: dict[str, tuple[float, ...]],
    num_seeds: int,
) -> list[Condition]:
    """Return conditions of the one rate that fresh random ladders do best with."""
    fresh = [null_ladder(FIRST_TUNING_LADDER + k) for k in range(options.num_tuning_ladders)]
    choosers = tuple(
        options.condition(pool, f"chooser {place}", base(NUM_NODES), ladder=one)
        for place, one in enumerate(fresh)
    )
    shared = {"seeds": options.seeds[:num_seeds], "tuned_on": choosers}
    return [
        options.condition(pool, label, base(len(one)), ladder=one, **shared)
        for label, one in ladders.items()
    ]


def null_conditions(options: WhichRhythmsOptions, pool: Pool) -> list[Condition]:
    """Golden and linear, and random ladders of the same span and number of nodes."""
    named = {GOLDEN_SHARED: ladder("golden"), LINEAR_SHARED: ladder("linear")}
    frequencies = {label: tuple(values.tolist()) for label, values in named.items()}
    drawn = {null_label(k): null_ladder(k) for k in range(options.num_ladders)}
    # Golden is a point of the curves too, which take more seeds; the null reads its own first ones.
    most = max(options.num_null_seeds, options.num_curve_seeds)
    return [
        *shared_rate(options, pool, frequencies, most),
        *shared_rate(options, pool, drawn, options.num_null_seeds),
    ]


def curve_conditions(options: WhichRhythmsOptions, pool: Pool) -> list[Condition]:
    """Ladders along the ratio: two numbers of nodes, and the full span."""
    frequencies: dict[str, tuple[float, ...]] = {}
    for curve in curves(options).values():
        for label, one in curve.values():
            frequencies.setdefault(label, tuple(one.tolist()))
    golden = {GOLDEN_SHARED: frequencies.pop(GOLDEN_SHARED)}
    most = max(options.num_null_seeds, options.num_curve_seeds)
    return [
        *shared_rate(options, pool, golden, most),
        *shared_rate(options, pool, frequencies, options.num_curve_seeds),
    ]


def named_conditions(options: WhichRhythmsOptions, pool: Pool) -> list[Condition]:
    """The four published ladders."""
    known = published()
    return [options.condition(pool, name, known[f"rrn-{name}"]) for name in NAMED]


def learned_conditions(options: WhichRhythmsOptions, pool: Pool) -> list[Condition]:
    """Rhythms learned from golden and from a random ladder, and the same two fixed.

    Learned rhythms go by a step a pixel, so the fixed ones that they are held against do too.
    """
    starts = {"golden": tuple(ladder("golden").tolist()), "random 0": null_ladder(0)}
    learned = [
        options.condition(
            pool,
            LEARNED[name],
            NetworkSpec(
                "rrn",
                NUM_NODES,
                options={"frequencies": start, "rhythms": "learned"},
                name=f"rrn-learned-{name}".replace(" ", "-"),
                **POWER,
            ),
            kept=("parameters",),
        )
        for name, start in starts.items()
    ]
    fixed = [
        options.condition(pool, FIXED[name], base(NUM_NODES), ladder=start, method="scan")
        for name, start in starts.items()
    ]
    return [*fixed, *learned]


def larger_conditions(options: WhichRhythmsOptions, pool: Pool) -> list[Condition]:
    """Golden, its copies and dense ladders of about as many nodes.

    All have learned input weights: copies need them to differ.
    """
    golden = ladder("golden")
    ladders = {larger_label(1, "copies"): golden}
    for number in options.copies:
        ladders[larger_label(number, "copies")] = copied_ladder(golden, number)
        ladders[larger_label(number, "dense")] = span_ladder(10 * number + 1)
    seeds = options.seeds[: options.num_larger_seeds]
    return [
        options.condition(pool, label, with_inputs(tuple(frequencies.tolist())), seeds=seeds)
        for label, frequencies in ladders.items()
    ]


def sampled_conditions(options: WhichRhythmsOptions, pool: Pool) -> list[Condition]:
    """The golden ladder at other sample rates, and what remains of it there at the usual one."""
    found = named_conditions(options, pool)[:1]
    for rate in options.sample_rates:
        frequencies = golden_below(rate)
        number = len(frequencies)
        name = f"rrn-golden-{number}"
        network = rhythmic_network(frequencies, sample_rate=rate, name=name)
        found.append(options.condition(pool, sampled_label(number, rate), network))
        if number < NUM_NODES:
            usual = rhythmic_network(frequencies, name=name)
            found.append(options.condition(pool, sampled_label(number, 1000.0), usual))
    return found
