"""Networks crossed with readouts, and networks whose nodes all have one frequency."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rhythmic.plotting.compare_which_rhythms import HIGHEST, plain_ticks
from rhythmic.plotting.comparison import INK, MUTED
from rhythmic.plotting.image_rhythm import mark_image_rhythm
from rhythmic.plotting.style import COLOURS, MARKERS, OKABE_ITO, appearance
from rhythmic.statistics import ACCURACY, summarise

Rows = Sequence[Mapping[str, Any]]

NAMES = {
    "golden": "golden",
    "unconnected": "golden, no\nrecurrence",
    "double": "twin, double\npole",
    "real": "twin, real\npoles",
    "rnn": "RNN",
    "lstm": "LSTM",
}
HEAD_NAMES = {"energy": "mean squared amplitude", "mean": "mean output"}
HEAD_COLOURS = {"energy": OKABE_ITO["orange"], "mean": OKABE_ITO["blue"]}


def draw_crossing(axes: Axes, table: Mapping[str, Mapping[str, Rows]]) -> None:
    """Draw the accuracy of every network with every readout: seeds, mean and 95 % interval.

    Args:
        axes: where to draw.
        table: rows by network and readout.
    """
    heads = list(next(iter(table.values())))
    for side, head in enumerate(heads):
        shift = 0.16 * (2 * side - len(heads) + 1)
        colour = HEAD_COLOURS.get(head, appearance(head).colour)
        for place, own in enumerate(table.values()):
            label = HEAD_NAMES.get(head, head) if place == 0 else None
            marker = MARKERS[side % len(MARKERS)]
            draw_seeds(axes, place + shift, own[head], colour, marker, label)
    axes.set_xticks(range(len(table)), [NAMES.get(name, appearance(name).label) for name in table])
    axes.set(xlim=(-0.6, len(table) - 0.4), ylabel="test accuracy")
    axes.legend(title="read out by", fontsize=7, title_fontsize=7)


def draw_seeds(
    axes: Axes, place: float, rows: Rows, colour: str, marker: str, label: str | None = None
) -> None:
    """Draw the seeds of one condition, their mean and its 95 % interval, at ``x = place``."""
    values = [row["test_accuracy"] for row in rows]
    summary = summarise(values, within=ACCURACY)
    axes.plot(np.full(len(values), place - 0.07), values, ".", color=MUTED, markersize=3)
    axes.plot(place, summary.mean, marker, color=colour, markersize=5, label=label)
    if summary.num_seeds > 1:
        axes.plot([place, place], [summary.low, summary.high], color=colour, linewidth=1.5)


def draw_frequencies(axes: Axes, alike: Mapping[float, Rows], chosen: float, golden: Rows) -> None:
    """Draw the accuracy of homogeneous networks against their frequency, beside golden.

    Args:
        axes: where to draw.
        alike: rows by the frequency of all nodes, in Hz.
        chosen: the frequency that validation prefers.
        golden: rows of the golden network.
    """
    mark_image_rhythm(axes, HIGHEST, name=False)
    best = summarise([row["test_accuracy"] for row in golden], within=ACCURACY)
    colour = COLOURS["rrn-golden"]
    axes.axhline(best.mean, color=colour, linewidth=1.2, label="golden")
    if best.num_seeds > 1:
        axes.axhspan(best.low, best.high, color=colour, alpha=0.2, linewidth=0)
    for frequency in sorted(alike):
        values = [row["test_accuracy"] for row in alike[frequency]]
        summary = summarise(values, within=ACCURACY)
        label = "one frequency, chosen on validation" if frequency == chosen else None
        axes.plot(np.full(len(values), frequency), values, ".", color=MUTED, markersize=3)
        face = OKABE_ITO["blue"] if frequency == chosen else "white"
        axes.plot(
            frequency, summary.mean, "o", color=INK, markerfacecolor=face, markersize=5, label=label
        )
        if summary.num_seeds > 1:
            axes.plot([frequency] * 2, [summary.low, summary.high], color=INK, zorder=1)
    axes.set(xscale="log", xlim=(min(*alike, 20) / 1.3, max(*alike, 50) * 1.3))
    low, high = axes.get_xlim()
    shown = [tick for tick in (5, 10, 20, 35.7, 70, 140) if low <= tick <= high]
    plain_ticks(axes.xaxis, shown)
    axes.set_xlabel("frequency of all eleven nodes (Hz); lines: rows, 35.7 Hz, and harmonics")
    axes.set_ylabel("test accuracy")
    axes.legend(fontsize=7, frameon=True, framealpha=1, edgecolor="none")
