"""Which rhythms: the conditions of every part."""

import dataclasses

import numpy as np

from experiments.compare.larger_networks import with_inputs
from experiments.compare.which_rhythms_options import (
    FIRST_TUNING_LADDER,
    FIXED,
    GOLDEN_SHARED,
    LEARNED,
    LINEAR_SHARED,
    NAMED,
    NUM_NODES,
    PARTS,
    WhichRhythmsOptions,
    golden_below,
    larger_label,
    null_label,
    null_ladder,
    point_label,
    sampled_label,
    span_label,
)
from experiments.members import Condition, Pool
from rhythmic.networks import POWER, NetworkSpec, published, rhythmic_network
from rhythmic.theory import geometric_ladder, ladder, span_ladder
from rhythmic.theory.ladders import copied_ladder


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
    found = []
    for label, frequencies in ladders.items():
        one = options.condition(pool, label, base(len(frequencies)), ladder=frequencies)
        seeds = options.seeds[:num_seeds]
        found.append(dataclasses.replace(one, seeds=seeds, tuned_on=choosers))
    return found


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
    ladders = {
        point_label(number, ratio): geometric_ladder(ratio, num_nodes=number)
        for number, ratios in ((NUM_NODES, options.long_ratios), (5, options.ratios))
        for ratio in ratios
    }
    ladders |= {
        span_label(number): span_ladder(number)
        for number in options.num_nodes
        if number != NUM_NODES
    }
    frequencies = {label: tuple(values.tolist()) for label, values in ladders.items()}
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


def larger_ladders(options: WhichRhythmsOptions) -> dict[str, np.ndarray]:
    """Return golden, its copies and dense ladders of about as many nodes, by label."""
    golden = ladder("golden")
    ladders = {larger_label(1, "copies"): golden}
    for number in options.copies:
        ladders[larger_label(number, "copies")] = copied_ladder(golden, number)
        ladders[larger_label(number, "dense")] = span_ladder(10 * number + 1)
    return ladders


def larger_conditions(options: WhichRhythmsOptions, pool: Pool) -> list[Condition]:
    """Networks of more nodes, all with learned input weights: copies need them to differ."""
    return [
        options.condition(
            pool,
            label,
            with_inputs(tuple(frequencies.tolist())),
            seeds=options.seeds[: options.num_larger_seeds],
        )
        for label, frequencies in larger_ladders(options).items()
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
