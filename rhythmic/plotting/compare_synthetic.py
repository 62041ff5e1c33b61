"""Scores on tasks from keys alone: one panel a task against its difficulty, and who wins where."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from rhythmic.plotting.style import COLOURS, LINE_STYLES, MARKERS, OKABE_ITO
from rhythmic.statistics import summarise
from rhythmic.typing import Float

MUTED = "#888888"
NETWORK_LABELS = {
    "rhythmic": "rhythmic (golden)",
    "rnn": "RNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "horn": "HORN",
}
NETWORK_COLOURS = {
    "rhythmic": COLOURS["rrn-golden"],
    "rnn": COLOURS["rnn"],
    "lstm": COLOURS["lstm"],
    "gru": OKABE_ITO["reddish purple"],
    "horn": OKABE_ITO["vermilion"],
}
NETWORK_LINES = dict(zip(NETWORK_LABELS, LINE_STYLES, strict=False))
NETWORK_MARKERS = dict(zip(NETWORK_LABELS, MARKERS, strict=False))


class Panel(NamedTuple):
    """What a panel shows: a task, its axis, its bounds, and scores ``(difficulty, seed)``."""

    title: str
    axis: str
    difficulties: Float[np.ndarray, " difficulty"]
    claimed: int
    higher_is_better: bool
    chance: float
    best: Float[np.ndarray, " difficulty"]
    scores: Mapping[str, Float[np.ndarray, "difficulty seed"]]


def synthetic_figure(panels: Sequence[Panel]) -> Figure:
    """Draw a panel a task, and last where each network stands between chance and the best."""
    num_columns = min(3, len(panels) + 1)
    num_rows = -(-(len(panels) + 1) // num_columns)
    figure, grid = plt.subplots(
        num_rows, num_columns, figsize=(2.5 * num_columns, 2.3 * num_rows), squeeze=False
    )
    places = list(grid.flat)
    for letter, axes, panel in zip("abcdefgh", places, panels, strict=False):
        task_panel(axes, panel)
        axes.set_title(letter, loc="left", fontweight="bold")
    last = places[len(panels)]
    skill_panel(last, panels)
    last.set_title("abcdefgh"[len(panels)], loc="left", fontweight="bold")
    for axes in places[len(panels) + 1 :]:
        axes.set_axis_off()
    handles, labels = places[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=7)
    return figure


def task_panel(axes: Axes, panel: Panel) -> None:
    """Draw mean scores, chance and the best possible score.

    Bars are 95 % intervals over seeds, cut where no score can be.
    """
    highest = 1.0 if panel.higher_is_better else np.inf
    for name, of_network in panel.scores.items():
        found = [summarise(list(of_difficulty)) for of_difficulty in of_network]
        means = np.array([summary.mean for summary in found])
        low, high = (
            np.clip([getattr(summary, end) for summary in found], 0.0, highest)
            for end in ("low", "high")
        )
        axes.errorbar(
            panel.difficulties,
            means,
            np.maximum(np.nan_to_num([means - low, high - means]), 0.0),
            color=NETWORK_COLOURS[name],
            ls=NETWORK_LINES[name],
            marker=NETWORK_MARKERS[name],
            ms=3,
            elinewidth=0.8,
            label=NETWORK_LABELS[name],
        )
    axes.axhline(panel.chance, color=MUTED, ls=":", lw=1, label="chance")
    axes.plot(panel.difficulties, panel.best, color="black", lw=0.8, label="best possible")
    axes.axvline(panel.difficulties[panel.claimed], color="0.9", lw=5, zorder=0)
    axes.set_xscale("log", base=2)
    axes.set_xticks(panel.difficulties, [f"{x:g}" for x in panel.difficulties])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(panel.axis)
    axes.set_ylabel("accuracy" if panel.higher_is_better else "squared error / variance")
    axes.set_ylim(*((None, 1.04) if panel.higher_is_better else (-0.04, None)))
    axes.set_title(panel.title)


def skill_panel(axes: Axes, panels: Sequence[Panel]) -> None:
    """Draw each network's place between chance, 0, and the best possible score, 1.

    A line a task, at the difficulty of its claim.
    """
    for row, panel in enumerate(panels):
        best = panel.best[panel.claimed]
        for name, of_network in panel.scores.items():
            mean = of_network[panel.claimed].mean()
            skill = (mean - panel.chance) / (best - panel.chance)
            axes.plot(
                max(skill, -0.1),
                row,
                NETWORK_MARKERS[name],
                color=NETWORK_COLOURS[name],
                ms=5,
                mfc="none",
                mew=1.3,
            )
        axes.axhline(row, color="0.9", lw=0.6, zorder=0)
    for bound in (0, 1):
        axes.axvline(bound, color=MUTED, ls=":", lw=1)
    labels = [f"{panel.title}\nat {panel.difficulties[panel.claimed]:g}" for panel in panels]
    axes.set_yticks(range(len(panels)), labels, fontsize=7)
    axes.set_ylim(len(panels) - 0.5, -0.5)
    axes.set_xlim(-0.15, 1.1)
    axes.set_xticks([0, 0.5, 1], ["chance", "", "best"])
    axes.set_title("who wins where")
