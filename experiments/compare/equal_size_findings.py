"""What the rows of cells and heads of equal size say."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from experiments.compare.findings import (
    PAIRED,
    WELCH,
    Claim,
    Finding,
    Rows,
    accuracy_finding,
    by_seed,
    values_finding,
)
from experiments.compare.larger_networks import most_copies
from experiments.compare.parts import Planned, if_asked
from rhythmic.plotting.accuracy import Curve
from rhythmic.statistics import difference

HEADS = ("energy", "mean")
COPIES = "rrn-copies"
RHYTHMIC = ("rrn", COPIES)
PLAIN = ("rnn", "lstm", "gru")
OSCILLATORS = ("horn", "cornn", "linoss")
RIVALS = (*PLAIN, *OSCILLATORS)
# Named one by one: a cell that is registered later changes no preset and no claim.
NETWORKS = (*RHYTHMIC, *RIVALS)
TITLES = {
    "rrn": "RRN",
    "rnn": "RNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "horn": "HORN",
    "cornn": "coRNN",
    "linoss": "LinOSS",
    COPIES: "RRN, golden x m",
}
COUNTS_CLAIMED = (100, 300, 1000, 3000, 10000)
HEAD_COUNT = 300

BEST = (
    f"Test accuracy; {WELCH}; equivalent within 0.01. The rhythmic network, with its "
    "own head, is the ladder as dense as fits, with unit input weights, or as many copies of the "
    "golden ladder as fit, with learned ones (from 263 parameters): the one of the higher mean "
    "validation accuracy over the same seeds. The best rival is chosen alike, of these cells with "
    "either head. Equal tuning: the same rates, seeds and updates for every network, head and size."
)

CLAIMS = (
    *(
        Claim(
            f"equal-size-{count}",
            f"With at most {count:,} parameters the rhythmic network is more accurate than the "
            "best of RNN, LSTM and GRU.",
            BEST,
            rhythm="helps",
        )
        for count in COUNTS_CLAIMED
    ),
    *(
        Claim(
            f"equal-size-{count}-oscillators",
            f"With at most {count:,} parameters the rhythmic network is more accurate than the "
            "best of HORN, LinOSS and coRNN, whose nodes are oscillators too (coRNN's, as "
            "published, so damped that they do not swing by themselves).",
            BEST,
        )
        for count in COUNTS_CLAIMED
    ),
    Claim(
        "equal-size-head",
        f"With at most {HEAD_COUNT} parameters rivals (RNN, LSTM, GRU, HORN, coRNN, LinOSS) are "
        "more accurate with the head of the rhythmic network than with their own.",
        "Each seed's mean test accuracy over the six cells with one head, and with the other; "
        f"{PAIRED}; equivalent within 0.01.",
    ),
)


def condition_label(cell: str, head: str, count: int) -> str:
    """Name a cell with a head and a number of parameters."""
    return f"{cell}, {head} head, {count}"


def rhythmic_labels(count: int) -> list[str]:
    """Return the labels of the rhythmic networks with their own head at a size."""
    cells = RHYTHMIC if most_copies(count) else RHYTHMIC[:1]
    return [condition_label(cell, "energy", count) for cell in cells]


def rival_labels(cells: Sequence[str], count: int) -> list[str]:
    """Return the labels of rivals with either head at a size."""
    return [condition_label(cell, head, count) for cell in cells for head in HEADS]


def size_findings(rows: Rows) -> list[Finding]:
    """Return the findings in the order of the claims."""
    kinds = [(group, count) for group in (PLAIN, OSCILLATORS) for count in COUNTS_CLAIMED]
    found = [
        best_finding(claim, rows, rhythmic_labels(count), rival_labels(group, count))
        for claim, (group, count) in zip(CLAIMS[:-1], kinds, strict=True)
    ]
    heads = partial(head_finding, CLAIMS[-1], rows)
    return [*found, if_asked(CLAIMS[-1], rows, rival_labels(RIVALS, HEAD_COUNT), heads)]


def best_finding(
    claim: Claim, rows: Rows, rhythmic: Sequence[str], rivals: Sequence[str]
) -> Finding:
    """Compare the best of two sides, each by validation, and say what a run left out of them."""
    own, rival = best_label(rows, rhythmic), best_label(rows, rivals)
    found = if_asked(
        claim, rows, (own, rival), lambda: accuracy_finding(claim, rows[own], rows[rival])
    )
    missing = [label for label in (*rhythmic, *rivals) if not rows.get(label)]
    if isinstance(rows, Planned) or not missing or {own, rival} & set(missing):
        return found
    return replace(found, text=f"{found.text}; left out: {'; '.join(missing)}")


def best_label(rows: Rows, labels: Sequence[str]) -> str:
    """Return the label with the highest mean validation accuracy.

    Where a run holds none of a side, the first label stands for it.
    """

    def validation(label: str) -> float:
        if isinstance(rows, Planned):
            return 0.0
        return float(np.mean([row["validation_accuracy"] for row in rows[label]]))

    return max((label for label in labels if rows.get(label)), key=validation, default=labels[0])


def newcomer_lines(rows: Rows, cells: Sequence[str], counts: Sequence[int]) -> list[str]:
    """Compare the rhythmic network with every cell that no claim names, as claims compare rivals.

    A line a cell and number of parameters. It explores: nothing was stated about it beforehand.
    """
    lines = []
    for cell, count in itertools.product(cells, counts):
        own = best_label(rows, rhythmic_labels(count))
        other = best_label(rows, rival_labels((cell,), count))
        if cell in NETWORKS or not rows.get(own) or not rows.get(other):
            continue
        values = [[row["test_accuracy"] for row in rows[label]] for label in (own, other)]
        found = difference(*values, paired=False)
        interval = "" if np.isnan(found.low) else f" ({found.low:+.3f} to {found.high:+.3f})"
        lines.append(f"{own} less {other}: {found.difference:+.3f}{interval}, no claim")
    return lines


def head_finding(claim: Claim, rows: Rows) -> Finding:
    """Compare the two heads over all rivals, seed by seed."""

    def means(head: str) -> list[float]:
        labels = [condition_label(cell, head, HEAD_COUNT) for cell in RIVALS]
        table = [[row["test_accuracy"] for row in by_seed(rows[label])] for label in labels]
        return list(np.mean(table, axis=0))

    sides = [(f"{len(RIVALS)} rivals, {head} head", means(head)) for head in HEADS]
    return values_finding(claim, sides[0], sides[1], paired=True)


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
