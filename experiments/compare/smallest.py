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

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from experiments.compare.findings import Rows
from experiments.compare.published import BY_PIXEL
from experiments.compare.question import Question
from experiments.compare.smallest_findings import CLAIMS, TARGETS, findings
from experiments.compare.smallest_options import (
    FAMILIES,
    IMAGE,
    PRESETS,
    PROJECTIONS,
    RANDOM,
    SmallestOptions,
)
from experiments.compare.smallest_rivals import HEADS, rival_label
from experiments.compare.smallest_search import (
    GOLDEN,
    SEARCH,
    best_place,
    conditions,
    further,
    further_labels,
    same,
)
from experiments.script import main
from rhythmic.plotting.compare_ladders import draw_search, draw_sizes, draw_waves

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
    cells = {name: rival_label(name, 0, epochs).removesuffix(", below 0") for name in HEADS}
    return {
        "trained as a whole, recurrence included": {
            GOLDEN: f"golden RRN, {options.epochs} epochs",
            **{kind: kind for kind in cells.values()},
            "best trained cell": f"the best of these cells, {options.epochs} epochs",
        },
        "no recurrent weights, only the readout is trained": {
            IMAGE: "image ladder: phasors, hidden layer",
            "phasors, read out linearly": "image ladder: phasors, linear",
            "energies, read out linearly": "image ladder: energies, linear",
            "its twin without ringing": "image ladder that does not ring, hidden layer",
            RANDOM: "random ladder: phasors, hidden layer",
            PROJECTIONS: "random projections, hidden layer",
        },
        "no network": {"plain power in windows": "Fourier power of both halves, linear"},
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
    name="smallest",
    section="Is the rhythmic RNN better?",
    asked="How small may a network be that reads digits pixel by pixel?",
    presets=PRESETS,
    conditions=conditions,
    claims=CLAIMS,
    findings=findings,
    draw=draw,
    further=further,
    further_labels=further_labels,
    published=BY_PIXEL,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
