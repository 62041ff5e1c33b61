"""The ladder of the day: its rungs and the brain's bands, chance, and other planets."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from rhythmic.plotting.bands import PROPOSAL_LOOKS
from rhythmic.rhythms.spacing import CHANCE_DISTANCE
from rhythmic.theory.ladders import DayLadder
from rhythmic.typing import Float, Int


def day_ladder_figure(
    ladder: DayLadder,
    centres: Mapping[str, Float[np.ndarray, " band"]],
    histogram: Int[np.ndarray, "list bin"],
    distances: Mapping[str, Float[np.ndarray, " list"]],
    days: Sequence[str],
    shares: Float[np.ndarray, "list day"],
) -> Figure:
    """Draw rungs over bands, how random ladders do, and how the days of planets do.

    Args:
        ladder: from the lecture's day.
        centres: of observed bands in Hz, by name of the list.
        histogram: number of random ladders by distance, in bins from 0 to 0.5 rungs.
        distances: of the ladder from the lecture's day, by name of its ratio.
        days: names of the days.
        shares: of random ladders that land as near as the first ratio from each day.
    """
    figure = Figure(figsize=(7.0, 5.6))
    parts: Any = figure.subfigures(2, 1, height_ratios=(1, 1.25))
    draw_rungs(parts[0].subplots(), ladder, centres)
    left, right = parts[1].subplots(1, 2, width_ratios=(1, 1.25))
    draw_chance(left, list(centres), histogram, distances)
    draw_shares(right, list(centres), days, 100 * shares)
    right.set_title(f"random ladders as near as {next(iter(distances))} steps from a day")
    return figure


def draw_rungs(
    axes: Axes, ladder: DayLadder, centres: Mapping[str, Float[np.ndarray, " band"]]
) -> None:
    """Draw rungs as lines with the lecture's names, and lists of bands as dots."""
    every = np.concatenate(list(centres.values()))
    low, high = every.min() / 1.6, every.max() * 1.6
    for frequency, label in zip(ladder.frequency, ladder.label, strict=True):
        if low < frequency < high:
            axes.axvline(frequency, color="0.75", lw=0.8)
            axes.annotate(
                f"{label}: {frequency:.3g}" if label else f"{frequency:.3g}",
                (frequency, 1),
                (0, 2),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                rotation=60,
                fontsize=6,
            )
    for row, values in enumerate(centres.values()):
        axes.plot(values, np.full(values.shape, row), "o", color="k", ms=4)
    axes.set_yticks(range(len(centres)), list(centres))
    axes.set(ylim=(len(centres) - 0.5, -0.5), xlim=(low, high))
    axes.set_xscale("log")
    axes.set_xlabel("frequency (Hz); lines: rungs of the day's ladder, dots: centres of bands")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def draw_chance(
    axes: Axes,
    lists: Sequence[str],
    histogram: Int[np.ndarray, "list bin"],
    distances: Mapping[str, Float[np.ndarray, " list"]],
) -> None:
    """Draw how often random ladders land at each distance, and where the lecture's day does."""
    edges = np.linspace(0, 0.5, histogram.shape[1] + 1)
    for row, counts in enumerate(histogram):
        top = row + 0.35 - 0.75 * counts / counts.max()
        axes.stairs(top, edges, baseline=row + 0.35, fill=True, color="0.85")
    for (name, values), (marker, colour) in zip(
        distances.items(), cycle(PROPOSAL_LOOKS), strict=False
    ):
        places = np.arange(len(lists)) + 0.35
        axes.plot(values, places, ls="", marker=marker, color=colour, ms=4.5, label=name)
    axes.axvline(CHANCE_DISTANCE, color="0.4", lw=0.7, ls=":")
    axes.set_yticks(np.arange(len(lists)) + 0.2, list(lists))
    axes.tick_params(axis="y", length=0)
    axes.set(ylim=(len(lists) - 0.4, -0.6), xlim=(0, 0.5))
    axes.set_xlabel("distance (rungs); grey: random ladders,\ndots: from the lecture's day")
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 0.98), ncols=3, fontsize=7, handletextpad=0.1
    )


def draw_shares(
    axes: Axes, lists: Sequence[str], days: Sequence[str], shares: Float[np.ndarray, "list day"]
) -> None:
    """Write the share (%) of random ladders that land as near as each day's, over its colour."""
    image = axes.imshow(shares.T, cmap=cm.batlow, vmin=0, vmax=100, aspect="auto")
    for (column, row), share in np.ndenumerate(shares):
        colour = "w" if share < 50 else "k"
        digits = 1 if share < 10 else 0
        axes.text(
            column,
            row,
            f"{share:.{digits}f}",
            ha="center",
            va="center",
            color=colour,
            fontsize=6.5,
        )
    axes.set_xticks(range(len(lists)), list(lists))
    axes.set_yticks(range(len(days)), list(days))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.figure.colorbar(image, ax=axes, label="share (%)", pad=0.02)
