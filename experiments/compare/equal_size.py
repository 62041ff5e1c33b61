"""Who reads digits best with equally many trained parameters?

Every network with both published heads, each with the most nodes that a number of parameters
allows: the mean squared amplitude through batch norm, which is the rhythmic network's own head, and
the mean output through layer norm, which is that of its rivals. Larger rhythmic networks are built
two ways: a denser ladder over the same span, and copies of the golden ladder. Rates are chosen for
every pair of network and head and every number of parameters, from the same few, on the same seeds.
"""

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from matplotlib.figure import Figure

from experiments.compare import networks
from experiments.compare.networks import golden_copies, most_copies
from experiments.compare.options import CompareOptions, presets
from experiments.compare.question import Question
from experiments.members import Condition
from experiments.ranges import among, rising, within
from experiments.script import main
from rhythmic.cells.registry import CELLS
from rhythmic.compare.claims import (
    Claim,
    Finding,
    Reading,
    Rows,
    best_validated,
    by_seed,
    interval_text,
    tested,
    values_finding,
)
from rhythmic.networks import NetworkSpec
from rhythmic.plotting.accuracy import Curve, curve_panels
from rhythmic.statistics import difference

HEADS = ("energy", "mean")
COPIES = "rrn-copies"
RHYTHMIC = ("rrn", COPIES)
PLAIN = ("rnn", "lstm", "gru")
OSCILLATORS = ("horn", "cornn", "linoss")
RIVALS = (*PLAIN, *OSCILLATORS)
# Named one by one: a cell that is registered later changes no preset and no claim.
NETWORKS = (*RHYTHMIC, *RIVALS)
TITLES = {name: networks.TITLES[name] for name in ("rrn", *RIVALS)} | {COPIES: "RRN, golden x m"}
COUNTS_CLAIMED = (100, 300, 1000, 3000, 10000)
HEAD_COUNT = 300
ONE_COPY = golden_copies(1).num_parameters(1, 10)  # of the golden ladder

BEST = (
    "Test accuracy; {how}; equivalent within 0.01. The rhythmic network, with its "
    "own head, is the ladder as dense as fits, with unit input weights, or as many copies of the "
    "golden ladder as fit, with learned ones (from 263 parameters): the one of the higher mean "
    "validation accuracy over the same seeds. The best rival is chosen alike, of these cells with "
    "either head. Equal tuning: the same rates, seeds and updates for every network, head and size."
)


def condition_label(cell: str, head: str, count: int) -> str:
    """Name a cell with a head and a number of parameters."""
    return f"{cell}, {head} head, {count}"


def rhythmic_labels(count: int) -> tuple[str, ...]:
    """Return the labels of the rhythmic networks with their own head at a size."""
    cells = RHYTHMIC if count >= ONE_COPY else RHYTHMIC[:1]
    return tuple(condition_label(cell, "energy", count) for cell in cells)


def rival_labels(cells: Sequence[str], count: int) -> tuple[str, ...]:
    """Return the labels of rivals with either head at a size."""
    return tuple(condition_label(cell, head, count) for cell in cells for head in HEADS)


KINDS: tuple[tuple[str, Sequence[str], str, Literal["helps", "aside"]], ...] = (
    ("", PLAIN, "RNN, LSTM and GRU", "helps"),
    (
        "-oscillators",
        OSCILLATORS,
        "HORN, LinOSS and coRNN, whose nodes are oscillators too (coRNN's, as published, so damped "
        "that they do not swing by themselves)",
        "aside",
    ),
)
CLAIMS = (
    *(
        Claim(
            f"equal-size-{count}{kind}",
            f"With at most {count:,} parameters the rhythmic network is more accurate than the "
            f"best of {rivals}.",
            BEST,
            rhythm=rhythm,
            better=rhythmic_labels(count),
            worse=rival_labels(cells, count),
        )
        for kind, cells, rivals, rhythm in KINDS
        for count in COUNTS_CLAIMED
    ),
    Claim(
        "equal-size-head",
        f"With at most {HEAD_COUNT} parameters rivals (RNN, LSTM, GRU, HORN, coRNN, LinOSS) are "
        "more accurate with the head of the rhythmic network than with their own.",
        "Each seed's mean test accuracy over the six cells with one head, and with the other; "
        "{how}; equivalent within 0.01.",
        paired=True,
    ),
)


@dataclass(frozen=True)
class EqualSizeOptions(CompareOptions):
    """Options of the question on equal numbers of parameters.

    Args:
        counts: numbers of trained parameters, none of which a network exceeds; they rise.
        cells: which are compared: rrn-copies, m copies of the golden ladder, where one fits; all
            others by their names in the registry of cells.
        heads: with which heads, of energy and mean.
        tuning_epochs: passes over the training digits with which rates are chosen, for every
            network; at most ``epochs``.
    """

    counts: tuple[int, ...] = (100, 300, 1000)
    cells: tuple[str, ...] = NETWORKS
    heads: tuple[str, ...] = HEADS
    tuning_epochs: int = 1

    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {"heads": HEADS}

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        # Here, and not in CHOICES, so that a cell that is registered later is among them.
        among(self, cells=tuple(dict.fromkeys((*NETWORKS, *CELLS))))
        within(self, counts="[1, inf)", tuning_epochs=f"[1, {self.epochs}]")
        rising(self, "counts")
        if not self.networks():
            raise ValueError(f"counts holds {self.counts[-1]} at most; one copy needs {ONE_COPY}")

    def length(self) -> str:
        """Say on how many digits, and how long, networks train."""
        passes = "pass" if self.tuning_epochs == 1 else "passes"
        return f"{super().length()} (rates are chosen after {self.tuning_epochs} {passes})"

    def networks(self) -> list[tuple[str, str, int]]:
        """Return cell, head and number of parameters of every network that is compared.

        Raises:
            ValueError: for a number of parameters that is too small for a cell.
        """
        every = itertools.product(self.counts, self.cells, self.heads)
        return [(cell, head, n) for n, cell, head in every if architecture(cell, head, n)]


PRESETS = presets(
    EqualSizeOptions,
    "equal_size",
    smoke={"tuning_epochs": 4, "counts": (100,), "cells": ("rrn", "rnn"), "heads": ("energy",)},
    quick={
        "epochs": 4,
        "tuning_epochs": 4,
        "counts": (100, 300),
        "cells": ("rrn", "rnn", "lstm"),
        "heads": ("energy",),
    },
    full={"learning_rates": (0.001, 0.003, 0.01)},
    accelerator={
        "tuning_epochs": 30,
        "tuning_seeds": (123, 456, 789),
        "learning_rates": (0.0003, 0.001, 0.003, 0.01),
        "counts": (100, 300, 1000, 3000, 10000),
    },
)


@functools.cache
def architecture(cell: str, head: str, count: int) -> NetworkSpec | None:
    """Return a cell and a head with the most nodes that a number of parameters allows.

    None where not one copy of the golden ladder fits.
    """
    if cell == COPIES:
        number = most_copies(count, networks.HEADS[head])
        return golden_copies(number, networks.HEADS[head]) if number else None
    return NetworkSpec(cell, 1, name=f"{cell}-{head}", **networks.HEADS[head]).within(count, 1, 10)


def conditions(options: EqualSizeOptions) -> list[Condition]:
    """Return every cell with every head at every number of parameters."""
    pool, found = options.pool(), []
    for cell, head, count in options.networks():
        network = architecture(cell, head, count)
        assert network is not None
        tested = options.condition(pool, condition_label(cell, head, count), network)
        training = options.training(epochs=options.tuning_epochs)
        briefly = replace(tested, label=f"{tested.label}, tuning", training=training, seeds=())
        alike = training == tested.training
        found.append(tested if alike else replace(tested, tuned_on=(briefly,)))
    return found


def readings(options: EqualSizeOptions) -> dict[str, Reading]:
    """Read the heads of rivals by each seed's mean over the cells."""
    del options

    def means(rows: Rows, head: str) -> tuple[str, list[float]]:
        labels = [condition_label(cell, head, HEAD_COUNT) for cell in RIVALS]
        table = [tested(by_seed(rows[label])) for label in labels]
        return f"{len(RIVALS)} rivals, {head} head", list(np.mean(table, axis=0))

    def heads(claim: Claim, rows: Rows) -> Finding:
        return values_finding(claim, means(rows, "energy"), means(rows, "mean"))

    return {CLAIMS[-1].name: Reading(rival_labels(RIVALS, HEAD_COUNT), find=heads)}


def newcomer_lines(options: EqualSizeOptions, rows: Rows) -> list[str]:
    """Compare the rhythmic network with every cell that no claim names, as claims compare rivals.

    A line a cell and number of parameters. It explores: nothing was stated about it beforehand.
    """
    lines = []
    for cell, count in itertools.product(options.cells, options.counts):
        own = best_validated(rows, rhythmic_labels(count))
        other = best_validated(rows, rival_labels((cell,), count))
        if cell in NETWORKS or not rows.get(own) or not rows.get(other):
            continue
        found = difference(tested(rows[own]), tested(rows[other]), paired=False)
        interval = interval_text(found.low, found.high)
        lines.append(f"{own} less {other}: {found.difference:+.3f}{interval}, no claim")
    return lines


def curves_of(
    rows: Rows, cells: Sequence[str], head: str, counts: Sequence[int]
) -> dict[str, Curve]:
    """Return test accuracy against the parameters that networks have, by cell."""
    places = list(TITLES)
    found = {}
    for cell in cells:
        labels = [condition_label(cell, head, count) for count in counts]
        own = [by_seed(rows[label]) for label in labels if rows.get(label)]
        if not own:  # not one copy fits
            continue
        parameters = np.array([column[0]["num_parameters"] for column in own])
        values = np.array([[row["test_accuracy"] for row in column] for column in own], float)
        place = places.index(cell) if cell in places else len(places)
        # Both rhythmic networks have one colour.
        colour = places.index("rrn") if cell == COPIES else place
        found[TITLES.get(cell, cell)] = Curve(parameters, values.T, colour, place)
    return found


def draw(options: EqualSizeOptions, rows: Rows) -> dict[str, Figure]:
    """Draw test accuracy against the number of parameters, a panel a head."""
    titles = {"energy": "mean squared amplitude, batch norm", "mean": "mean output, layer norm"}
    panels = [
        ("trained parameters", titles[head], curves_of(rows, options.cells, head, options.counts))
        for head in options.heads
    ]
    return {"equal_size": curve_panels(panels, log_ticks=options.counts)}


EXPERIMENT = Question(
    "equal_size",
    "Who reads digits best with equally many trained parameters?",
    PRESETS,
    CLAIMS,
    draw,
    conditions,
    readings,
    unclaimed=newcomer_lines,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
