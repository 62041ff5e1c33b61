"""Which rhythms? Golden among random ladders, along the ratio, learned, and in larger networks.

Of a geometric ladder, ratio, span and number of nodes are tied: two of them give the third. So
accuracy is followed along the ratio three times, with 5 nodes, with 11, and over a fixed span.
"Golden" is the ladder of 11 nodes from 2 to 245.9 Hz alone. The null are random ladders of its span
and number of nodes, all trained by one program and at one learning rate.

The digits have a rhythm of their own: at 1000 pixels a second rows repeat at 35.7 Hz, and golden
has a node at 35.9 Hz. So the null also tells whether a node near that rhythm is what helps, and
golden is read at other sample rates, which move the rhythm of the digits and leave that of the
nodes: at 500 Hz nine nodes remain below a quarter of the rate (2 to 94 Hz), at 2000 Hz all eleven.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import jax
import matplotlib.pyplot as plt
import numpy as np
import scipy.stats
from matplotlib.figure import Figure

from experiments.compare.question import RULED, Question
from experiments.compare.which_rhythms_networks import (
    FIXED,
    GOLDEN,
    GOLDEN_SHARED,
    LEARNED,
    LINEAR_SHARED,
    NAMED,
    NUM_NODES,
    PRESETS,
    WhichRhythmsOptions,
    conditions,
    curves,
    golden_below,
    larger_label,
    null_label,
    null_ladder,
    sampled_label,
)
from experiments.script import main
from rhythmic.cells.registry import make_cell
from rhythmic.compare.claims import (
    Claim,
    Finding,
    Reading,
    Rows,
    Side,
    best_validated,
    tested,
    values_finding,
)
from rhythmic.data import image_rhythm
from rhythmic.plotting.accuracy import accuracy_strip
from rhythmic.plotting.compare_ladders import (
    Curve,
    Mark,
    draw_curve,
    draw_ladders,
    draw_moves,
    draw_nearness,
    draw_null,
)
from rhythmic.records import Row
from rhythmic.statistics import MIN_SEEDS_FOR_TEST, varies
from rhythmic.statistics.resampling import Peak, peak_of_curve, rank_in_null_over_seeds
from rhythmic.theory import LadderName, ladder
from rhythmic.trees import with_named_arrays
from rhythmic.typing import Float

OWN_RATE = (
    "Each at its own rate, chosen among as many on as many seeds; {how}; equivalent within 0.01."
)
LEARNING = (
    "Frequency and pole radius of each node are learned, 22 more parameters; both take a step a "
    f"pixel. {OWN_RATE}"
)
ON_CURVE = (
    "One rate for all points, that of the null. Golden less the other ratio of the highest mean "
    "validation accuracy, {how}; equivalent within 0.01. The peak with its 95 % interval is told "
    "beside."
)

# Pairs are ladders of as many nodes, and so of the same start weights at equal seeds.
CLAIMS = (
    Claim(
        "golden-null",
        "The golden ladder is more accurate than random ladders of its span and number of nodes.",
        "Golden's mean less that of random ladders, same seeds; t test of one more draw among the "
        "draws (its interval holds where a random ladder would lie). The rank, which asks for no "
        "normal distribution, is told beside. One rate for all: the best mean validation accuracy "
        "over fresh random ladders that are not in the null.",
        rhythm="which",
    ),
    Claim(
        "data-rhythm",
        "Random ladders are more accurate the nearer a node lies to the rhythm of rows, 35.7 Hz.",
        "Over the random ladders: Spearman's correlation of accuracy with the nearness, in "
        "octaves, of the nearest node; interval by Fisher's z.",
    ),
    *(
        Claim(
            f"golden-{name}",
            f"The golden ladder is more accurate than {name}.",
            OWN_RATE,
            rhythm="which",
            note=RULED if paired else "",
            better="golden",
            worse=name,
            paired=paired,
        )
        for name, paired in (("two", False), ("log", False), ("linear", True))
    ),
    Claim(
        "ratio-5-nodes",
        "Of ladders of 5 nodes from 2 Hz, the golden ratio is the most accurate.",
        ON_CURVE,
        rhythm="which",
        paired=True,
    ),
    Claim(
        "ratio-11-nodes",
        "Of ladders of 11 nodes from 2 Hz, the golden ratio is the most accurate.",
        f"{ON_CURVE} Golden is the largest ratio that fits: the span ends with it.",
        rhythm="which",
        paired=True,
    ),
    Claim(
        "ratio-span",
        "Of ladders from 2 to 246 Hz, the golden ratio, 11 nodes, is the most accurate.",
        f"{ON_CURVE} It was chosen for 11 nodes, and more nodes have more parameters.",
        rhythm="which",
        note=RULED,
    ),
    *(
        Claim(
            f"learned-{start.split()[0]}",
            f"Learning the rhythms, from {words} on, makes them better.",
            LEARNING,
            rhythm="which",
            better=LEARNED[start],
            worse=FIXED[start],
            paired=True,
        )
        for start, words in (("golden", "golden"), ("random 0", "a random ladder"))
    ),
    Claim(
        "golden-start",
        "Learned rhythms are better when they start from golden than from a random ladder.",
        OWN_RATE,
        rhythm="which",
        better=LEARNED["golden"],
        worse=LEARNED["random 0"],
        paired=True,
    ),
    Claim(
        "copies-dense",
        "Copies of the golden ladder are more accurate than a dense ladder of about as many nodes.",
        f"The largest networks, both with learned input weights. {OWN_RATE}",
    ),
    *(
        Claim(
            f"sampled-{how}",
            f"Golden nodes are more accurate at 1000 Hz than read {how}, where rows repeat at a "
            f"{than} frequency.",
            f"The same nodes in Hz{those}. {OWN_RATE}",
            paired=True,
        )
        for how, than, those in (
            ("slower", "lower", ", those that fit the lowest rate"),
            ("faster", "higher", ""),
        )
    ),
)
CURVES = {claim.name: claim for claim in CLAIMS if claim.name.startswith("ratio")}


def readings(options: WhichRhythmsOptions) -> dict[str, Reading]:
    """Read the null and the curves, and the sides that follow from the options."""
    null = (GOLDEN_SHARED, *map(null_label, range(options.num_ladders)))
    found = {
        "golden-null": Reading(null, find=partial(golden_in_null, options)),
        "data-rhythm": Reading(null, find=partial(nearness_in_null, options)),
    }
    for name in CURVES:
        curve = labelled(options, name)
        found[name] = Reading(tuple(curve.values()), find=partial(curve_finding, curve))
    most = max(options.copies)
    slow, fast = min(options.sample_rates), max(options.sample_rates)
    left = len(golden_below(slow))
    at_usual = "golden" if left == NUM_NODES else sampled_label(left, 1000.0)
    sides: dict[str, tuple[Side, Side]] = {
        "copies-dense": (larger_label(most, "copies"), larger_label(most, "dense")),
        "sampled-slower": (at_usual, sampled_label(left, slow)),
        "sampled-faster": ("golden", sampled_label(len(golden_below(fast)), fast)),
    }
    return found | {name: Reading(both) for name, both in sides.items()}


def labelled(options: WhichRhythmsOptions, curve: str) -> dict[float, str]:
    """Return the labels of a curve's points by the ratio of neighbours."""
    return {ratio: label for ratio, (label, _) in curves(options)[curve].items()}


def accuracies(rows: Sequence[Row], seeds: Sequence[int]) -> list[float]:
    """Return the test accuracies of ``seeds``, in their order."""
    by_seed = {row["seed"]: row["test_accuracy"] for row in rows}
    return [by_seed[seed] for seed in seeds]


def null_table(options: WhichRhythmsOptions, rows: Rows) -> np.ndarray:
    """Return the accuracies of the random ladders, ``(ladder, seed)``."""
    seeds = options.seeds[: options.num_null_seeds]
    return np.array(
        [accuracies(rows[null_label(k)], seeds) for k in range(options.num_ladders)], np.float64
    )


def null_distances(options: WhichRhythmsOptions) -> np.ndarray:
    """Return how far the nearest node of each random ladder lies from 35.7 Hz, in octaves."""
    return nearest(np.array([null_ladder(k) for k in range(options.num_ladders)]))


def nearest(ladders: np.ndarray) -> np.ndarray:
    """Return how far the nearest node lies from 35.7 Hz, in octaves; nodes in Hz, last axis."""
    return np.min(np.abs(np.log2(ladders / image_rhythm("rows")[0])), axis=-1)


def golden_in_null(options: WhichRhythmsOptions, claim: Claim, rows: Rows) -> Finding:
    """Hold golden against the random ladders, as one more draw of them."""
    seeds = options.seeds[: options.num_null_seeds]
    golden, table = np.array(accuracies(rows[GOLDEN_SHARED], seeds)), null_table(options, rows)
    rank = rank_in_null_over_seeds(golden, table, paired=True, bootstrap_seed=0)
    draws = np.mean(table, axis=1)
    estimate = float(np.mean(golden) - np.mean(draws))
    scale = float(np.std(draws, ddof=1)) * math.sqrt(1 + 1 / len(draws))
    half = scale * float(scipy.stats.t.ppf(0.975, len(draws) - 1))
    p_value = math.nan
    if not varies(draws):
        half = math.nan
    elif len(draws) >= MIN_SEEDS_FOR_TEST:
        p_value = 2 * float(scipy.stats.t.sf(abs(estimate) / scale, len(draws) - 1))
    between = f" ({rank.quantile_low:.2f} to {rank.quantile_high:.2f} over seeds)"
    between = "" if math.isnan(rank.quantile_low) else between
    ranked = "" if math.isnan(rank.p_value) else f", rank p = {rank.p_value:.3f} one-sided"
    text = (
        f"golden {np.mean(golden):.3f}, {len(draws)} random ladders {np.mean(draws):.3f} "
        f"(s.d. {np.std(draws, ddof=1):.3f}, best {np.max(draws):.3f}), n = {len(seeds)} each: "
        f"above a share of {rank.quantile:.2f}{between}{ranked}"
    )
    interval = estimate, estimate - half, estimate + half
    return Finding(claim.name, *interval, p_value, math.nan, rank.distance, text)


def nearness_in_null(options: WhichRhythmsOptions, claim: Claim, rows: Rows) -> Finding:
    """Correlate the accuracy of random ladders with how near a node lies to 35.7 Hz."""
    draws, distances = np.mean(null_table(options, rows), axis=1), null_distances(options)
    number = len(draws)
    if number < MIN_SEEDS_FOR_TEST or not (varies(draws) and varies(distances)):
        text = f"{number} random ladders, too few or too alike for a correlation"
        return Finding(claim.name, text=text, unit="correlation")
    found = scipy.stats.spearmanr(-distances, draws)
    rho = float(found.statistic)
    # 1.06 / (n - 3): the variance of Fisher's z of a rank correlation (Fieller and others, 1957).
    half = 1.96 * math.sqrt(1.06 / (number - 3))
    bounded = max(-1 + 1e-12, min(1 - 1e-12, rho))
    low, high = (math.tanh(math.atanh(bounded) + sign * half) for sign in (-1, 1))
    text = (
        f"rank correlation {rho:+.2f} ({low:+.2f} to {high:+.2f}) over {number} random ladders; "
        f"golden's nearest node lies {nearest(ladder('golden')):.2f} octaves away"
    )
    # No order of so few is rarer than this; SciPy's p of a perfect one is 0.
    p_value = max(float(found.pvalue), 2 / math.factorial(number))
    return Finding(claim.name, rho, low, high, p_value, math.nan, rho, text, "correlation")


def curve_table(curve: dict[float, str], rows: Rows) -> np.ndarray:
    """Return the accuracies along a curve, ``(point, seed)``, of the seeds that all points have."""
    shared = set.intersection(*({row["seed"] for row in rows[label]} for label in curve.values()))
    return np.array([accuracies(rows[label], sorted(shared)) for label in curve.values()])


def peak(curve: dict[float, str], rows: Rows, *, paired: bool) -> Peak:
    """Return where along a curve accuracy is highest; points of as many nodes are paired."""
    return peak_of_curve(
        np.array(list(curve)), curve_table(curve, rows), paired=paired, bootstrap_seed=0
    )


def curve_finding(curve: dict[float, str], claim: Claim, rows: Rows) -> Finding:
    """Hold the golden point of a curve against the other one that validates best."""
    table, ratios = curve_table(curve, rows), np.array(list(curve))
    place = int(np.argmin(np.abs(ratios - GOLDEN)))
    labels = list(curve.values())
    # All seeds share their test digits: a point that was chosen by them would win by the choice.
    other = labels.index(best_validated(rows, labels[:place] + labels[place + 1 :]))
    sides = ("golden", table[place].tolist()), ("best other", table[other].tolist())
    top = peak(curve, rows, paired=claim.paired)
    edge = ", at the edge of what was tried" if top.at_edge else ""
    interval = "" if math.isnan(top.low) else f" (95 % {top.low:.3g} to {top.high:.3g})"
    found = values_finding(claim, *sides)
    return replace(found, text=f"peak at ratio {top.x:.4g}{interval}{edge}; {found.text}")


def draw(options: WhichRhythmsOptions, rows: Rows) -> dict[str, Figure]:
    """Draw the parts that were asked."""
    figures = {}
    if rows.get(null_label(0)) and rows.get(GOLDEN_SHARED):
        figures["null"] = null_figure(options, rows)
    if all(rows.get(label) for curve in CURVES for label in labelled(options, curve).values()):
        figures["curves"] = curves_figure(options, rows)
    shown = {
        f"{label} ({len(own)} seeds)": own for label, own in rows.items() if has_own_rate(label)
    }
    if shown:
        figure, axes = plt.subplots(figsize=(6, 0.8 + 0.25 * len(shown)), layout="constrained")
        accuracy_strip(axes, shown)
        axes.set_title("Each at its own learning rate")
        figures["accuracies"] = figure
    if all(rows.get(label) for label in LEARNED.values()):
        figures["learned"] = learned_figure(rows)
    return figures


def has_own_rate(label: str) -> bool:
    """Tell whether a condition was tuned by itself, from its label."""
    own = label in (*NAMED, *LEARNED.values(), *FIXED.values())
    return own or (label.endswith((" Hz", "inputs")) and "to 246" not in label)


def null_figure(options: WhichRhythmsOptions, rows: Rows) -> Figure:
    """Draw the random ladders with the named ones, and how near they come to the data's rhythm."""
    seeds = options.seeds[: options.num_null_seeds]
    draws = np.mean(null_table(options, rows), axis=1)
    # Two and log have other spans and numbers of nodes, and rates of their own: beside the null,
    # not of it.
    labels: dict[LadderName, str] = {
        "golden": GOLDEN_SHARED,
        "linear": LINEAR_SHARED,
        "two": "two",
        "log": "log",
    }
    marks = [
        Mark(
            name,
            float(np.mean(accuracies(rows[label], seeds))),
            float(nearest(ladder(name))),
            of_null=label != name,
        )
        for name, label in labels.items()
        if rows.get(label)
    ]
    figure, axes = plt.subplots(
        1, 2, figsize=(7, 3.1), layout="constrained", width_ratios=(1.35, 1)
    )
    draw_null(axes[0], draws, marks)
    number = f"{len(seeds)} seed{'' if len(seeds) == 1 else 's'}"
    axes[0].set_title(f"{len(draws)} random ladders, {options.dataset}, {number} each")
    draw_nearness(axes[1], null_distances(options), draws, marks)
    axes[1].set_title(f"The rhythm of rows, 35.7 Hz, {number} each")
    said = said_of_claims(rows, len(seeds))
    if said:
        figure.supxlabel(said, fontsize=6.5, x=0.01, ha="left")
    return figure


def said_of_claims(rows: Rows, num_seeds: int) -> str:
    """Say why claims on named ladders tell other accuracies than the null; empty if they do not."""
    named = [name for name in NAMED if rows.get(name)]
    most = max((len(rows[name]) for name in named), default=0)
    if most <= num_seeds:
        return ""
    means = [f"{name} {np.mean(tested(rows[name])):.3f}" for name in named]
    first = "seed" if num_seeds == 1 else f"{num_seeds} seeds"
    return (
        f"Everything here is of the first {first}, golden and linear at the rate of the "
        f"random ladders. Claims on the named\nladders are of {most} seeds, each at its own rate: "
        f"{', '.join(means)}."
    )


def curves_figure(options: WhichRhythmsOptions, rows: Rows) -> Figure:
    """Draw the three curves above the ladders that they are of."""
    titles = ("5 nodes from 2 Hz", "11 nodes from 2 Hz", "2 to 246 Hz, nodes as written")
    figure, axes = plt.subplots(
        2, 3, figsize=(7.5, 4.6), layout="constrained", sharex="col", height_ratios=(1.2, 1)
    )
    for column, (name, claim) in enumerate(CURVES.items()):
        curve = labelled(options, name)
        ratios, top = np.array(list(curve)), peak(curve, rows, paired=claim.paired)
        numbers = options.num_nodes if name == "ratio-span" else ()
        table = curve_table(curve, rows)
        draw_curve(axes[0, column], Curve(ratios, table, top.x, top.low, top.high, numbers))
        axes[0, column].set_title(titles[column])
        draw_ladders(axes[1, column], ratios, [one for _, one in curves(options)[name].values()])
        axes[1, column].set_xlabel("ratio of neighbours")
    axes[0, 0].set_ylabel("test accuracy")
    axes[1, 0].set_ylabel("node frequency (Hz)")
    return figure


def learned_figure(rows: Rows) -> Figure:
    """Draw where training moved the rhythms."""
    starts = {"golden": ladder("golden"), "random 0": np.array(null_ladder(0))}
    figure, axes = plt.subplots(
        1, 2, figsize=(6.5, 3.2), layout="constrained", sharex=True, sharey=True
    )
    for place, (name, start) in enumerate(starts.items()):
        ends = [learned_frequencies(start, row) for row in rows[LEARNED[name]]]
        draw_moves(axes[place], start, np.array(ends))
        axes[place].set_title(f"{LEARNED[name]}, {len(ends)} seeds")
        axes[place].set_xlabel("frequency at the start (Hz)")
    axes[0].set_ylabel("frequency after training (Hz)")
    return figure


def learned_frequencies(start: Float[np.ndarray, " node"], row: Row) -> Float[np.ndarray, " node"]:
    """Return the frequencies, in Hz, that training moved from ``start``."""
    frequencies = tuple(map(float, start))
    learned = {"frequencies": frequencies, "rhythms": "learned"}
    cell = make_cell("rrn", 1, len(frequencies), key=jax.random.key(0), **learned)
    moved = row["parameters"]["cell.nodes.raw_frequency"]
    return np.asarray(with_named_arrays(cell, {"nodes.raw_frequency": moved}).nodes.frequencies())


EXPERIMENT = Question(
    "which_rhythms", "Which rhythms?", PRESETS, CLAIMS, draw, conditions, readings
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
