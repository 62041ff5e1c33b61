"""Cells that are trained as a whole, below the same numbers of parameters."""

from collections.abc import Sequence

import numpy as np

from experiments.compare.findings import Rows
from rhythmic.architectures import (
    ENERGY_HEAD,
    LAST_HEAD,
    MEAN_HEAD,
    CellArchitecture,
    Head,
    sized,
)
from rhythmic.records import Row

# Every cell that one can train here, with the head that it was published with.
HEADS: dict[str, Head] = {
    "rrn": ENERGY_HEAD,
    "rnn": MEAN_HEAD,
    "lstm": MEAN_HEAD,
    "gru": MEAN_HEAD,
    "horn": LAST_HEAD,
    "horn-heterogeneous": LAST_HEAD,
    "cornn": LAST_HEAD,
    "linoss": MEAN_HEAD,
}
TITLES = {
    "horn": "HORN",
    "horn-heterogeneous": "HORN, heterogeneous",
    "cornn": "coRNN",
    "linoss": "LinOSS",
}


def rival(name: str, limit: int) -> CellArchitecture:
    """Return the largest network of a cell below a number of parameters."""
    cell, *uneven = name.split("-")
    options = (("heterogeneous", True),) if uneven else ()
    return sized(CellArchitecture(name, cell, 1, HEADS[name], options=options), limit - 1)


def rival_label(name: str, limit: int, epochs: int) -> str:
    """Name a cell of the largest size below a number of parameters."""
    return f"{TITLES.get(name, name.upper())}, {epochs} epochs, below {limit}"


def finalist_label(limit: int) -> str:
    """Name the best of these cells, trained for as long as the chosen ladder."""
    return f"best trained cell, below {limit}"


def best_rival(names: Sequence[str], limit: int, epochs: int, rows: Rows) -> tuple[str, Row]:
    """Return the cell of the best mean validation accuracy, and one of its rows; of equals, the
    first.
    """
    found = {name: rows[rival_label(name, limit, epochs)] for name in names}
    means = {
        name: round(float(np.mean([row["validation_accuracy"] for row in own])), 6)
        for name, own in found.items()
    }
    best = max(means, key=lambda name: means[name])
    return best, found[best][0]
