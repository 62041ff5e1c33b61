"""Cells that are trained as a whole, below the same numbers of parameters."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rhythmic.compare.claims import Rows
from rhythmic.networks import LAST, MEAN, POWER, NetworkSpec
from rhythmic.records import Row

# Every cell that one can train here, with the head that it was published with.
HEADS: dict[str, dict[str, Any]] = {
    "rrn": POWER,
    "rnn": MEAN,
    "lstm": MEAN,
    "gru": MEAN,
    "horn": LAST,
    "horn-heterogeneous": LAST,
    "cornn": LAST,
    "linoss": MEAN,
}
FINALIST = "best trained cell"  # for as long as the chosen ladder
TITLES = {
    "horn": "HORN",
    "horn-heterogeneous": "HORN, heterogeneous",
    "cornn": "coRNN",
    "linoss": "LinOSS",
}


def rival(name: str, limit: int) -> NetworkSpec:
    """Return the largest network of a cell below a number of parameters."""
    cell, *uneven = name.split("-")
    options = {"heterogeneous": True} if uneven else {}
    one = NetworkSpec(cell, 1, options=options, name=name, **HEADS[name])
    return one.within(limit - 1, 1, 10)


def below(kind: str, limit: int) -> str:
    """Name a kind of network below a number of parameters."""
    return f"{kind}, below {limit}"


def rival_label(name: str, limit: int, epochs: int) -> str:
    """Name a cell of the largest size below a number of parameters."""
    return below(f"{TITLES.get(name, name.upper())}, {epochs} epochs", limit)


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
