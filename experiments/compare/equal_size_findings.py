"""What the rows of cells and heads of equal size say."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from experiments.compare.findings import (
    NOT_RHYTHMIC,
    Claim,
    Finding,
    Rows,
    accuracy_finding,
    by_seed,
    values_finding,
)
from experiments.compare.parts import if_asked
from rhythmic.plotting.compare_curves import Curve

HEADS = ("energy", "mean")
RHYTHMIC = "rrn"
TITLES = {
    "rrn": "RRN",
    "rnn": "RNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "horn": "HORN",
    "cornn": "coRNN",
    "linoss": "LinOSS",
}
COUNTS_CLAIMED = (100, 300, 1000)
HEAD_COUNT = 300

BEST = (
    "Test accuracy; Welch's t over seeds; equivalent within 0.01. The best rival is, of these "
    "cells with either head, the one of the highest mean validation accuracy over the same seeds. "
    "Equal tuning: the same rates, seeds and updates for every cell, head and size."
)

CLAIMS = (
    *(
        Claim(
            f"equal-size-{count}",
            f"With at most {count} parameters the rhythmic network is more accurate than the best "
            "of RNN, LSTM and GRU.",
            BEST,
            rhythm="helps",
        )
        for count in COUNTS_CLAIMED
    ),
    *(
        Claim(
            f"equal-size-{count}-oscillators",
            f"With at most {count} parameters the rhythmic network is more accurate than the best "
            "of HORN, coRNN and LinOSS, whose nodes swing too.",
            BEST,
        )
        for count in COUNTS_CLAIMED
    ),
    Claim(
        "equal-size-head",
        f"With at most {HEAD_COUNT} parameters rivals are more accurate with the head of the "
        "rhythmic network than with their own.",
        "Each seed's mean test accuracy over all other cells with one head, and with the other; "
        "paired over seeds, t test; equivalent within 0.01.",
    ),
)


def condition_label(cell: str, head: str, count: int) -> str:
    """Name a cell with a head and a number of parameters."""
    return f"{cell}, {head} head, {count}"


def rivals_of(rows: Rows, cells: Sequence[str], count: int, *, swing: bool) -> list[str]:
    """Return the labels of rivals with either head, of those that have rows.

    Args:
        rows: of all conditions.
        cells: that were asked for.
        count: largest number of parameters.
        swing: whether the rivals' nodes are oscillators too.
    """
    others = [cell for cell in cells if cell != RHYTHMIC and (cell in NOT_RHYTHMIC) != swing]
    labels = [condition_label(cell, head, count) for cell in others for head in HEADS]
    return [label for label in labels if rows.get(label)]


def size_findings(rows: Rows, cells: Sequence[str]) -> list[Finding]:
    """Return the findings in the order of the claims."""
    found = []
    kinds = [(count, swing) for swing in (False, True) for count in COUNTS_CLAIMED]
    for claim, (count, swing) in zip(CLAIMS, kinds, strict=False):
        own = condition_label(RHYTHMIC, "energy", count)
        rivals = rivals_of(rows, cells, count, swing=swing)
        rivals = rivals or [f"rivals of {count} parameters"]
        compare = partial(best_rival_finding, claim, rows, own, rivals)
        found.append(if_asked(claim, rows, (own, rivals[0]), compare))
    others = [cell for cell in cells if cell != RHYTHMIC]
    labels = [condition_label(cell, head, HEAD_COUNT) for cell in others for head in HEADS]
    labels = labels or ["every rival"]
    heads = partial(head_finding, CLAIMS[-1], rows, others)
    found.append(if_asked(CLAIMS[-1], rows, labels, heads))
    return found


def best_rival_finding(claim: Claim, rows: Rows, own: str, rivals: Sequence[str]) -> Finding:
    """Compare the rhythmic network with the rival that validates best."""

    def validation(label: str) -> float:
        return float(np.mean([row["validation_accuracy"] for row in rows[label]]))

    return accuracy_finding(claim, rows[own], rows[max(rivals, key=validation)])


def head_finding(claim: Claim, rows: Rows, cells: Sequence[str]) -> Finding:
    """Compare the two heads over all rivals, seed by seed."""

    def means(head: str) -> list[float]:
        labels = [condition_label(cell, head, HEAD_COUNT) for cell in cells]
        table = [[row["test_accuracy"] for row in by_seed(rows[label])] for label in labels]
        return list(np.mean(table, axis=0))

    sides = [(f"{len(cells)} rivals, {head} head", means(head)) for head in HEADS]
    return values_finding(claim, sides[0], sides[1], paired=True)


def curves_of(
    rows: Rows, cells: Sequence[str], head: str, counts: Sequence[int]
) -> dict[str, Curve]:
    """Return test accuracy against the parameters that networks have, by cell."""
    places = list(TITLES)
    found = {}
    for cell in cells:
        own = [by_seed(rows[condition_label(cell, head, count)]) for count in counts]
        parameters = np.array([column[0]["num_parameters"] for column in own])
        values = np.array([[row["test_accuracy"] for row in column] for column in own], float)
        place = places.index(cell) if cell in places else len(places)
        found[TITLES.get(cell, cell)] = Curve(parameters, values.T, place, place)
    return found
