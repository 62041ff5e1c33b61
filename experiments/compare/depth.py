"""Does depth change the answer?

One and two layers of each cell, in blocks (layer normalisation, the cell, a gated map, a skip
connection) behind an affine encoder, with the most nodes that a number of parameters allows; the
mean over time through layer normalisation is read out. Rates are chosen for every network from the
same few, on the same seeds.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure

from experiments.compare.networks import TITLES
from experiments.compare.options import CompareOptions, presets
from experiments.compare.question import Question
from experiments.members import Condition
from experiments.ranges import among, rising, within
from experiments.script import main
from rhythmic.compare.claims import Claim, Rows, by_seed
from rhythmic.networks import Block, NetworkSpec
from rhythmic.plotting.accuracy import Curve, curve_panels

OSCILLATORS = ("rrn", "horn", "linoss", "lru", "s5")
PLAIN = ("lem", "lstm", "gru")
CELLS = (*OSCILLATORS, *PLAIN)
TITLE_OF = TITLES | {"linoss": "D-LinOSS"}
OPTIONS_OF = {"linoss": {"scheme": "damped", "maps": "complex"}}
DEPTHS = (1, 2)
COUNTS_CLAIMED = (1000, 10_000)
MOST = 50_000
HOW = (
    "Test accuracy; {how}; equivalent within 0.01. Equal tuning: the same rates, seeds and updates."
)
BEST = (
    f"{HOW} Each side is the network of the highest mean validation accuracy over the same seeds, "
    "of its cells with either depth."
)


def label(cell: str, depth: int, count: int) -> str:
    """Name so many layers of a cell with a number of parameters."""
    return f"{cell}, {depth} layer{'s' * (depth > 1)}, {count}"


def labels(cells: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Name both depths of cells with a number of parameters."""
    return tuple(label(cell, depth, count) for cell in cells for depth in DEPTHS)


CLAIMS = (
    *(
        Claim(
            f"depth-{cell}-{count}",
            f"With at most {count:,} parameters two layers of {TITLE_OF[cell]} are more accurate "
            "than one.",
            HOW,
            better=label(cell, 2, count),
            worse=label(cell, 1, count),
        )
        for count in COUNTS_CLAIMED
        for cell in CELLS
    ),
    *(
        Claim(
            f"depth-best-{count}",
            f"With at most {count:,} parameters, in one or two layers, the best of RRN, HORN, "
            "D-LinOSS, LRU and S5 is more accurate than the best of LEM, LSTM and GRU.",
            BEST,
            rhythm="helps",
            better=labels(OSCILLATORS, count),
            worse=labels(PLAIN, count),
        )
        for count in COUNTS_CLAIMED
    ),
)


@dataclass(frozen=True)
class DepthOptions(CompareOptions):
    """Options of the question on depth.

    Args:
        counts: numbers of trained parameters, none of which a network exceeds; they rise.
        cells: which are compared.
    """

    counts: tuple[int, ...] = (1000,)
    cells: tuple[str, ...] = CELLS

    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {"cells": CELLS}

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        among(self, cells=CELLS)
        within(self, counts=f"[{COUNTS_CLAIMED[0]}, {MOST}]")
        rising(self, "counts")


PRESETS = presets(
    DepthOptions,
    "depth",
    smoke={"cells": ("linoss", "lstm")},
    quick={"cells": ("rrn", "linoss", "lstm", "gru"), "batch_size": 32},
    full={
        "num_train": 10_000,
        "epochs": 5,
        "tuning_seeds": (123,),
        "learning_rates": (0.003, 0.01),
        "counts": COUNTS_CLAIMED,
    },
    accelerator={"counts": (*COUNTS_CLAIMED, MOST)},
)


def network(cell: str, depth: int, count: int) -> NetworkSpec:
    """Return so many layers of a cell with the most nodes that a number of parameters allows."""
    one = NetworkSpec(
        cell,
        1,
        depth=depth,
        options=OPTIONS_OF.get(cell, {}),
        block=Block(),
        pooling="mean",
        readout="layer_norm",
        name=f"{cell}-blocks-{depth}",
    )
    return one.within(count, 1, 10)


def conditions(options: DepthOptions) -> list[Condition]:
    """Return every cell in one and two layers at every number of parameters."""
    pool = options.pool()
    return [
        options.condition(pool, label(cell, depth, count), network(cell, depth, count))
        for count, cell, depth in itertools.product(options.counts, options.cells, DEPTHS)
    ]


def curves_of(rows: Rows, options: DepthOptions, depth: int) -> dict[str, Curve]:
    """Return test accuracy against the parameters that networks of a depth have, by cell."""
    found = {}
    for place, cell in enumerate(CELLS):
        asked = [label(cell, depth, count) for count in options.counts]
        own = [by_seed(rows[one]) for one in asked if rows.get(one)]
        if not own:
            continue
        parameters = np.array([column[0]["num_parameters"] for column in own])
        values = np.array([[row["test_accuracy"] for row in column] for column in own], float)
        found[TITLE_OF[cell]] = Curve(parameters, values.T, place, place)
    return found


def draw(options: DepthOptions, rows: Rows) -> dict[str, Figure]:
    """Draw test accuracy against the number of parameters, one panel per depth."""
    panels = [
        ("trained parameters", f"{depth} layer{'s' * (depth > 1)}", curves_of(rows, options, depth))
        for depth in DEPTHS
    ]
    return {"depth": curve_panels(panels, log_ticks=options.counts)}


EXPERIMENT = Question(
    "depth", "Does depth change the answer?", PRESETS, CLAIMS, draw, conditions
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
