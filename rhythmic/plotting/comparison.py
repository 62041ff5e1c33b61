"""Accuracies of compared networks: every seed a point, mean and interval beside."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rhythmic.plotting.style import OKABE_ITO
from rhythmic.statistics import ACCURACY, summarise

INK = OKABE_ITO["black"]
MUTED = "#888888"


def accuracy_strip(
    axes: Axes,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    joined: bool = False,
    chance: float | None = None,
) -> None:
    """Draw the test accuracy of every network, a line a condition, its mean and 95 % interval.

    Args:
        axes: where to draw.
        rows: rows with ``seed`` and ``test_accuracy``, by the label of their condition.
        joined: whether equal seeds are joined from line to line.
        chance: accuracy of guessing, marked if given.
    """
    labels = list(rows)
    generator = np.random.default_rng(0)  # scatters points across the line, nothing more
    for place, label in enumerate(labels):
        values = np.array([row["test_accuracy"] for row in rows[label]], np.float64)
        shifts = np.zeros(len(values)) if joined else generator.uniform(-0.12, 0.12, len(values))
        axes.plot(values, place + shifts, "o", color=MUTED, markersize=3, alpha=0.7)
        summary = summarise(list(values), within=ACCURACY)
        axes.plot(summary.mean, place, "o", color=INK, markersize=5)
        if summary.num_seeds > 1:
            axes.plot([summary.low, summary.high], [place, place], color=INK, linewidth=2)
    if joined:
        shared = set.intersection(*({row["seed"] for row in rows[label]} for label in labels))
        for seed in sorted(shared):
            path = [
                next(row["test_accuracy"] for row in rows[label] if row["seed"] == seed)
                for label in labels
            ]
            axes.plot(path, range(len(labels)), color=MUTED, linewidth=0.5, alpha=0.6)
    if chance is not None:
        axes.axvline(chance, color=MUTED, linestyle=":", linewidth=1)
        axes.annotate("chance", (chance, len(labels) - 0.6), fontsize=7, color=MUTED)
    axes.set_yticks(range(len(labels)), labels)
    axes.set(ylim=(len(labels) - 0.4, -0.6), xlabel="test accuracy")
