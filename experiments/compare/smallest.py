"""How small may a network be? The best below 300 and below 1,000 trained parameters.

A resonant node whose rhythm is fixed costs no trained parameter. Its phasor after the last pixel,
position and quadrature, is a Fourier coefficient of the image, faded by the pole radius: where the
frequency is a multiple of the rows' rhythm, 35.7 Hz, and a few multiples of the image's, 1.28 Hz,
more or less, it is that of a wave of the plane. A few of these, read out by a small hidden layer,
are what is searched here. Without recurrent weights the layer is a bank of linear filters, run as a
recurrent network that reads one pixel a step; all that learns is the readout.

Every candidate of a frozen list is trained on the tuning seeds; the best on validation below each
limit is trained anew and tested, once a seed. So are the best of as many ladders of random
frequencies and of as many random projections: what do the rhythms add? The list itself, its grids,
sizes and readouts, was written down after looking at validation digits of seed 123, for image
ladders more than for their rivals. Frequencies are counted beside the trained parameters, not
among them.
"""

import dataclasses
import math
from functools import partial
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import scipy.stats
from matplotlib.figure import Figure

from experiments.compare.published import BY_PIXEL
from experiments.compare.question import RULED, Question
from experiments.compare.smallest_networks import (
    FAMILIES,
    FINALIST,
    IMAGE,
    PRESETS,
    PROJECTIONS,
    RANDOM,
    RIVALS,
    SmallestOptions,
    below,
    rival_label,
)
from experiments.compare.smallest_search import (
    ENERGIES,
    GOLDEN,
    PHASORS,
    PLAIN,
    SEARCH,
    TWIN,
    best_place,
    conditions,
    further,
    further_labels,
    same,
)
from experiments.script import main
from rhythmic.compare.claims import Claim, Finding, Reading, Rows, compared, interval_text, tested
from rhythmic.data.dataset import NUM_TEST
from rhythmic.plotting.compare_ladders import draw_search, draw_sizes, draw_waves
from rhythmic.statistics import ACCURACY, MIN_SEEDS_FOR_TEST, summarise, varies
from rhythmic.statistics.summaries import with_sampling_error

# Number of parameters, and the accuracy to reach below it.
TARGETS = {300: 0.85, 1000: 0.92}
REACHED = tuple(
    Claim(
        f"below-{limit}",
        f"Below {limit:,} trained parameters a bank of fixed rhythms, without recurrent weights,"
        f" reaches {target} on pixel MNIST.",
        "The network chosen on validation, tested once a seed: mean over seeds less the target, t"
        " test of one sample, two-sided. Its error joins that over seeds with the sampling error of"
        " the test digits, which is none of theirs, as all read the same ones.",
        note="The sampling error was joined when the results were known.",
        better=below(IMAGE, limit),
    )
    for limit, target in TARGETS.items()
)
SMALLER = Claim(
    "smallest-golden",
    "The bank chosen below 300 parameters is more accurate than the golden RRN of 252.",
    "{how}, as many passes over the digits; equivalent within 0.01. The golden ladder is taken"
    " as published, of ours several were compared on validation.",
    better=below(IMAGE, 300),
    worse=GOLDEN,
)
OTHER_FAMILIES: dict[str, tuple[str, Literal["dynamics", "aside"]]] = {
    RANDOM: ("nodes of random frequencies", "aside"),
    PROJECTIONS: ("random projections", "dynamics"),
}
CHANCE = tuple(
    Claim(
        f"{family.replace(' ', '-')}-{limit}",
        f"Below {limit:,} parameters nodes at waves of the image (multiples of its rhythm and"
        f" of its rows') are better than {rival} with as many features.",
        "Both are the best of as many candidates, rates and tuning seeds, chosen on validation; "
        "{how}; equivalent within 0.01.",
        rhythm=meaning,
        better=below(IMAGE, limit),
        worse=below(family, limit),
    )
    for limit in TARGETS
    for family, (rival, meaning) in OTHER_FAMILIES.items()
)
RINGING = Claim(
    "ringing-300",
    "Below 300 parameters the chosen nodes are better than their twins with real poles.",
    "Same ladder, readout and settings to choose from; {how}; equivalent within 0.01. The"
    " ladder was chosen for the nodes that ring.",
    rhythm="helps",
    note=RULED,
    better=below(IMAGE, 300),
    worse=below(TWIN, 300),
    paired=True,
)
AGAINST_PLAIN = tuple(
    Claim(
        f"plain-power-{limit}",
        f"Below {limit:,} parameters the chosen bank is better than plain power in windows.",
        "Against a logistic regression on the Fourier power of the two halves of an image, its"
        " strength chosen of as many on validation; {how}; equivalent within 0.01. Of the"
        " network several candidates were compared, of the baseline one.",
        rhythm="dynamics",
        better=below(IMAGE, limit),
        worse=below(PLAIN, limit),
    )
    for limit in TARGETS
)
BEST = tuple(
    Claim(
        f"best-cell-{limit}",
        f"Below {limit:,} parameters the chosen bank is more accurate than the best cell that is"
        " trained as a whole.",
        "{how}, as many passes over the digits; equivalent within 0.01. The cell is the best on"
        " validation of eight of the largest size, after 3 passes at the better of two rates, and"
        " keeps that rate; ours is the best of several candidates after 5.",
        better=below(IMAGE, limit),
        worse=below(FINALIST, limit),
    )
    for limit in TARGETS
)
PHASE = Claim(
    "phase-300",
    "Read out linearly below 300 parameters, phasors are better than energies.",
    "Phasors of 12 nodes at the end against mean squared amplitudes of 24, the longest waves of the"
    " chosen grid; {how}; equivalent within 0.01.",
    better=below(PHASORS, 300),
    worse=below(ENERGIES, 300),
)
EXPLORED = (
    "The list of candidates was written down after looking at validation digits of one seed, more "
    "for waves of the image than for their rivals. The claims were worded anew, not changed, "
    "when the results were known."
)
CLAIMS = tuple(
    dataclasses.replace(claim, note=f"{EXPLORED} {claim.note}".strip())
    for claim in (*REACHED, SMALLER, *CHANCE, *AGAINST_PLAIN, *BEST, RINGING, PHASE)
)


def readings(options: SmallestOptions) -> dict[str, Reading]:
    """Read means against targets; say which cell is the best one."""
    digits = NUM_TEST[options.dataset]
    targets = zip(REACHED, TARGETS.values(), strict=True)
    found = {
        claim.name: Reading((claim.better,), find=partial(reached, target, digits))
        for claim, target in targets
    }
    return found | {claim.name: Reading(find=against_best_cell) for claim in BEST}


def against_best_cell(claim: Claim, rows: Rows) -> Finding:
    """Compare with the best cell, and name it."""
    found, first = compared(claim, rows), rows[str(claim.worse)][0]
    cell = f"{first['architecture']}, {first['num_parameters']} parameters"
    return dataclasses.replace(found, text=f"{found.text}; the best cell is {cell}")


def reached(target: float, num_examples: int, claim: Claim, rows: Rows) -> Finding:
    """Hold the mean over seeds against a number; say what was searched and what else is fixed.

    The ``num_examples`` test digits are the same ones for every seed.
    """
    label = str(claim.better)
    values = tested(rows[label])
    over_seeds = summarise(values, within=ACCURACY)
    joined = with_sampling_error(over_seeds, num_examples)
    mean = joined.mean - target
    low, high = (x - target for x in (joined.low, joined.high))
    p_value, effect = math.nan, math.nan
    if len(values) >= MIN_SEEDS_FOR_TEST and joined.standard_error > 0:
        statistic = abs(mean) / joined.standard_error
        p_value = 2 * float(scipy.stats.t.sf(statistic, len(values) - 1))
        if varies(np.array(values)):
            effect = mean / float(np.std(values, ddof=1))
    sampling = math.sqrt(joined.mean * (1 - joined.mean) / num_examples)
    family, limit = label.rsplit(", below ", 1)
    own = [row for row in rows[SEARCH] if (row["family"], str(row["limit"])) == (family, limit)]
    first = rows[label][0]
    text = (
        f"{first['num_parameters']} trained parameters, {first['num_nodes']} fixed frequencies, "
        f"chosen from {len(own)} candidates: {joined.mean:.3f} (n = {len(values)}, "
        f"{min(values):.3f} to {max(values):.3f}), {mean:+.3f} of {target}"
        f"{interval_text(low, high)}; "
        f"standard error over seeds {over_seeds.standard_error:.4f}, of {num_examples:,} test "
        f"digits {sampling:.4f}, joined {joined.standard_error:.4f}"
    )
    return Finding(claim.name, mean, low, high, p_value, math.nan, effect, text)


# Of the figure: what a reader of the labels alone would not know.
EXPLAINED = (
    "Dots: single networks; large dots: their means; bars: 95 % intervals, from 5 networks on.\n"
    "Image ladder: nodes at fixed frequencies, those of waves across the image: multiples of the "
    "rows' rhythm, 35.7 Hz,\nand a few cycles of the image's, 1.28 Hz, above or below each. "
    "Random ladder: fixed frequencies drawn at random.\n"
    "Phasor: position and quadrature of a node after the last pixel, a Fourier coefficient of the "
    "image.\nEnergy: the mean squared amplitude of a node. Linear, hidden layer: what reads these "
    "out."
)


def groups(options: SmallestOptions) -> dict[str, dict[str, str]]:
    """Return what the figure writes beside each kind of network, under headings."""
    epochs = options.rival_epochs
    cells = {name: rival_label(name, 0, epochs).removesuffix(", below 0") for name in RIVALS}
    return {
        "trained as a whole, recurrence included": {
            GOLDEN: f"golden RRN, {options.epochs} epochs",
            **{kind: kind for kind in cells.values()},
            FINALIST: f"the best of these cells, {options.epochs} epochs",
        },
        "no recurrent weights, only the readout is trained": {
            IMAGE: "image ladder: phasors, hidden layer",
            PHASORS: "image ladder: phasors, linear",
            ENERGIES: "image ladder: energies, linear",
            TWIN: "image ladder that does not ring, hidden layer",
            RANDOM: "random ladder: phasors, hidden layer",
            PROJECTIONS: "random projections, hidden layer",
        },
        "no network": {PLAIN: "Fourier power of both halves, linear"},
    }


def draw(options: SmallestOptions, rows: Rows) -> dict[str, Figure]:
    """Draw accuracy against size, the search on validation, and the chosen waves."""
    tested = {label: own for label, own in rows.items() if label != SEARCH}
    targets = {limit: TARGETS[limit] for limit in options.limits}
    kinds = groups(options)
    lines = len(tested) / len(options.limits) + len(kinds)
    sizes, axes = plt.subplots(figsize=(6.8, 1.4 + 0.2 * lines), layout="constrained")
    draw_sizes(axes, tested, targets, kinds)
    axes.set_title(f"{options.dataset}, one pixel a step")
    sizes.supxlabel(EXPLAINED, fontsize=7, x=0.01, ha="left")
    search, panels = plt.subplots(
        2,
        len(options.limits),
        figsize=(3.3 * max(len(options.limits), 1.3), 5.4),
        layout="constrained",
        squeeze=False,
    )
    for column, limit in zip(panels.T, options.limits, strict=True):
        families = {
            family: [row for row in rows[SEARCH] if same(row, family, limit)]
            for family in FAMILIES
            if family in options.families
        }
        draw_search(column[0], families)
        column[0].set_title(f"below {limit:,} parameters")
        image = families[IMAGE]
        draw_waves(column[1], image[best_place(image)]["frequencies"])
    return {"sizes": sizes, "search": search}


EXPERIMENT = Question(
    "smallest",
    "How small may a network be that reads digits pixel by pixel?",
    PRESETS,
    CLAIMS,
    draw,
    conditions,
    readings,
    further=further,
    further_labels=further_labels,
    published=BY_PIXEL,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
