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

import dataclasses

import jax
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiments.compare.findings import Rows
from experiments.compare.options import RESULTS
from experiments.compare.question import Question
from experiments.compare.which_rhythms_claims import CLAIMS, CURVES
from experiments.compare.which_rhythms_conditions import conditions
from experiments.compare.which_rhythms_findings import (
    accuracies,
    curve_table,
    curves,
    findings,
    nearest,
    null_distances,
    null_table,
    peak,
)
from experiments.compare.which_rhythms_options import (
    FIXED,
    GOLDEN_SHARED,
    LEARNED,
    LINEAR_SHARED,
    NAMED,
    PARTS,
    WhichRhythmsOptions,
    null_label,
    null_ladder,
)
from experiments.script import main
from rhythmic.cells.registry import make_cell
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
from rhythmic.theory import LadderName, geometric_ladder, ladder, span_ladder
from rhythmic.trees import with_named_arrays
from rhythmic.typing import Float

FULL = WhichRhythmsOptions(
    preset="full",
    parts=PARTS,
    dataset="mnist",
    epochs=3,
    seeds=tuple(range(101, 111)),
    tuning_seeds=(123, 456),
    learning_rates=(0.003, 0.01, 0.03),
    num_curve_seeds=5,
    num_larger_seeds=5,
    results=RESULTS / "which_rhythms.jsonl",
)

PRESETS = {
    "smoke": WhichRhythmsOptions(
        preset="smoke",
        parts=("null", "curves"),
        num_train=256,
        epochs=4,
        seeds=(101, 102),
        learning_rates=(0.01,),
        num_ladders=2,
        num_null_seeds=1,
        num_curve_seeds=1,
        ratios=(1.618, 2.4),
        long_ratios=(1.4, 1.618),
        num_nodes=(5, 11),
    ),
    "quick": WhichRhythmsOptions(
        num_train=2000,
        seeds=(101, 102),
        learning_rates=(0.01,),
        num_ladders=20,
        num_null_seeds=1,
        num_curve_seeds=2,
        ratios=(1.2, 1.618, 2.2, 3.3),
        long_ratios=(1.2, 1.4, 1.618),
        num_nodes=(5, 8, 11, 15),
    ),
    "full": FULL,
    "accelerator": dataclasses.replace(
        FULL,
        preset="accelerator",
        epochs=30,
        seeds=tuple(range(101, 121)),
        num_ladders=200,
        num_null_seeds=5,
        num_curve_seeds=10,
        num_larger_seeds=10,
        learning_rates=(0.001, 0.003, 0.01),
    ),
}


def draw(options: WhichRhythmsOptions, rows: Rows) -> dict[str, Figure]:
    """Draw the parts that were asked."""
    figures = {}
    if rows.get(null_label(0)) and rows.get(GOLDEN_SHARED):
        figures["null"] = null_figure(options, rows)
    if all(rows.get(label) for curve in curves(options).values() for label in curve.values()):
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
    means = [
        f"{name} {np.mean([row['test_accuracy'] for row in rows[name]]):.3f}" for name in named
    ]
    first = "seed" if num_seeds == 1 else f"{num_seeds} seeds"
    return (
        f"Everything here is of the first {first}, golden and linear at the rate of the "
        f"random ladders. Claims on the named\nladders are of {most} seeds, each at its own rate: "
        f"{', '.join(means)}."
    )


def curves_figure(options: WhichRhythmsOptions, rows: Rows) -> Figure:
    """Draw the three curves above the ladders that they are of."""
    titles = ("5 nodes from 2 Hz", "11 nodes from 2 Hz", "2 to 246 Hz, nodes as written")
    own = curves(options)
    figure, axes = plt.subplots(
        2, 3, figsize=(7.5, 4.6), layout="constrained", sharex="col", height_ratios=(1.2, 1)
    )
    ladders = {
        "ratio-5-nodes": [geometric_ladder(ratio, num_nodes=5) for ratio in options.ratios],
        "ratio-11-nodes": [geometric_ladder(ratio, num_nodes=11) for ratio in options.long_ratios],
        "ratio-span": [span_ladder(number) for number in options.num_nodes],
    }
    for column, (name, curve) in enumerate(own.items()):
        ratios, top = np.array(list(curve)), peak(curve, rows, paired=CURVES[name])
        numbers = options.num_nodes if name == "ratio-span" else ()
        draw_curve(
            axes[0, column],
            Curve(ratios, curve_table(curve, rows), top.x, top.low, top.high, numbers),
        )
        axes[0, column].set_title(titles[column])
        draw_ladders(axes[1, column], ratios, ladders[name])
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
    cell = make_cell(
        "rrn",
        1,
        len(frequencies),
        key=jax.random.key(0),
        frequencies=frequencies,
        rhythms="learned",
    )
    moved = row["parameters"]["cell.nodes.raw_frequency"]
    return np.asarray(with_named_arrays(cell, {"nodes.raw_frequency": moved}).nodes.frequencies())


EXPERIMENT = Question(
    name="which_rhythms",
    section="Is the rhythmic RNN better?",
    asked="Which rhythms?",
    presets=PRESETS,
    conditions=conditions,
    claims=CLAIMS,
    findings=findings,
    draw=draw,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
