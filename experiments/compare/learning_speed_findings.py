"""What the learning curves say: areas under them, over equal updates and over equal seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from experiments.compare.findings import (
    NOT_RHYTHMIC,
    WELCH,
    Claim,
    Finding,
    Rows,
    by_seed,
    values_finding,
)
from experiments.compare.parts import if_asked
from rhythmic.plotting.accuracy import CHANCE
from rhythmic.plotting.style import appearance

# Label of the rows of seconds an update.
SECONDS = "seconds an update"
RHYTHMIC = "rrn-golden"

AREA = (
    "Mean validation accuracy over {axis}: the area under the curve, which begins at chance, with "
    "straight lines from epoch to epoch, divided by its length. {sides}; {welch}; equivalent "
    "within 0.01. Equal tuning: the same rates and seeds for every network; each has the rate of "
    "the best validation accuracy at any epoch, which need not be the one that learns fastest."
)
BEST = "The best rival is the one of the largest mean area, which favours the rivals"

CLAIMS = (
    Claim(
        "speed-updates",
        "Over equally many updates the golden network has learned more than the best of RNN, LSTM "
        "and GRU.",
        AREA.format(axis="all updates", sides=BEST, welch=WELCH),
        rhythm="helps",
    ),
    Claim(
        "speed-seconds",
        "Over equally many seconds the golden network has learned more than the best of RNN, LSTM "
        "and GRU.",
        AREA.format(
            axis="the seconds until the first network has made all its updates",
            sides=f"{BEST}. Seconds an update are those of one member on this machine, for all "
            "seeds the same, and of this code: RNN, LSTM and golden network have reverse passes "
            "written by hand, and the last skips pixels without ink; GRU and HORN have neither",
            welch=WELCH,
        ),
        rhythm="helps",
    ),
    Claim(
        "speed-horn",
        "Over equally many updates HORN has learned more than the LSTM.",
        AREA.format(axis="all updates", sides="HORN against the LSTM", welch=WELCH),
        rhythm="helps",
    ),
)


class LearningCurve(NamedTuple):
    """Validation accuracy of a network as it learns, from chance before the first update."""

    updates: Float[np.ndarray, " point"]
    seconds: Float[np.ndarray, " point"]
    values: Float[np.ndarray, "seed point"]


def learning_curves(
    rows: Rows, networks: Sequence[str], updates_per_epoch: int
) -> dict[str, LearningCurve]:
    """Return the curves of all networks that have rows.

    Args:
        rows: trained networks with their history, and the rows of ``SECONDS``.
        networks: which.
        updates_per_epoch: between two validations.
    """
    seconds = {row["label"]: row["seconds_per_update"] for row in rows.get(SECONDS, ())}
    curves = {}
    for name in networks:
        if not rows.get(name):
            continue
        history = [row["history"]["validation_accuracy"] for row in by_seed(rows[name])]
        values = np.array(history, float)
        values = np.concatenate([np.full((len(values), 1), CHANCE), values], axis=1)
        updates = np.arange(values.shape[1]) * float(updates_per_epoch)
        curves[name] = LearningCurve(updates, updates * seconds.get(name, np.nan), values)
    return curves


def mean_until(
    x: Float[np.ndarray, " point"], values: Float[np.ndarray, "seed point"], end: float
) -> list[float]:
    """Return each curve's mean from 0 to ``end``, with straight lines between its points.

    Args:
        x: places of the points, rising from 0; ``end`` lies within them.
        values: one row a seed.
        end: where to stop.
    """
    places = np.append(x[x < end], end)
    cut = [np.interp(places, x, curve) for curve in values]
    return [float(np.trapezoid(curve, places) / end) for curve in cut]


def speed_findings(rows: Rows, networks: Sequence[str], updates_per_epoch: int) -> list[Finding]:
    """Return the findings in the order of the claims."""
    trained = [name for name in networks if rows.get(name)]
    labels = (RHYTHMIC, next((name for name in trained if name in NOT_RHYTHMIC), "a rival"))

    def by_updates() -> dict[str, list[float]]:
        curves = learning_curves(rows, networks, updates_per_epoch)
        return {name: mean_until(c.updates, c.values, c.updates[-1]) for name, c in curves.items()}

    def timed() -> Finding:
        curves = learning_curves(rows, networks, updates_per_epoch)
        end = min(curve.seconds[-1] for curve in curves.values())
        areas = {name: mean_until(c.seconds, c.values, end) for name, c in curves.items()}
        return timed_finding(rows, areas, end)

    return [
        if_asked(CLAIMS[0], rows, labels, lambda: best_rival_finding(CLAIMS[0], by_updates())),
        if_asked(CLAIMS[1], rows, (*labels, SECONDS), timed),
        if_asked(
            CLAIMS[2],
            rows,
            ("horn", "lstm"),
            lambda: area_finding(CLAIMS[2], by_updates(), "horn", "lstm"),
        ),
    ]


def best_rival_finding(claim: Claim, areas: Mapping[str, Sequence[float]]) -> Finding:
    """Compare the golden network with the rival of the largest mean area."""
    rivals = [name for name in areas if name in NOT_RHYTHMIC]
    best = max(rivals, key=lambda name: float(np.mean(areas[name])))
    return area_finding(claim, areas, RHYTHMIC, best)


def timed_finding(rows: Rows, areas: Mapping[str, Sequence[float]], end: float) -> Finding:
    """Compare over equal seconds; the text tells what updates took, and on what."""
    found = best_rival_finding(CLAIMS[1], areas)
    taken = [
        f"{appearance(row['label']).label} {1000 * row['seconds_per_update']:.3g}"
        for row in rows[SECONDS]
    ]
    device = rows[SECONDS][0]["device"]
    return replace(
        found,
        text=f"{found.text}; over {end:.3g} s; ms an update: {', '.join(taken)}, on {device}",
    )


def area_finding(
    claim: Claim, areas: Mapping[str, Sequence[float]], better: str, worse: str
) -> Finding:
    """Compare the areas of two networks."""
    sides = [(appearance(name).label, areas[name]) for name in (better, worse)]
    return values_finding(claim, sides[0], sides[1], paired=False, unit="mean accuracy")
