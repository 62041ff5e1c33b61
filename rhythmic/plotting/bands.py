"""Bands and their spacing: lists of brain rhythms, fits of ladders, joined periods.

The ladder of the day: its rungs and the brain's bands, chance, and other planets.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from rhythmic.plotting.style import MARKERS, OKABE_ITO, note
from rhythmic.rhythms.spacing import CHANCE_DISTANCE
from rhythmic.theory.ladders import DayLadder
from rhythmic.typing import Float, Int

BandList = tuple[Sequence[str], Float[np.ndarray, "band 3"]]

_PROPOSAL_COLOURS = ("orange", "vermilion", "reddish purple", "blue", "bluish green")
# Marker and colour of each proposed ratio.
PROPOSAL_LOOKS = tuple(
    zip(MARKERS, (*(OKABE_ITO[name] for name in _PROPOSAL_COLOURS), "0.3"), strict=True)
)
_CHARACTER = 0.05  # decades that a letter takes in a list of bands


def spacing_figure(
    bands: Mapping[str, BandList],
    proposals: Mapping[str, float],
    ratios: Float[np.ndarray, " ratio"],
    scan: Float[np.ndarray, "list ratio"],
    distances: Float[np.ndarray, "list proposal"],
    null: Float[np.ndarray, "list proposal 3"],
) -> Figure:
    """Draw lists of bands, how far ladders of every ratio are from them, and the proposed ones.

    Args:
        bands: by name of the list: names, and rows of low, high and centre in Hz (NaN: none).
        proposals: ratios by name.
        ratios: of the scan.
        scan: root mean square distance in rungs, for each list.
        distances: the same at the proposed ratios.
        null: 5, 50 and 95 % quantiles of the distance for random bands.
    """
    figure = Figure(figsize=(7.0, 5.2))
    parts: Any = figure.subfigures(2, 1, height_ratios=(1.2, 1))
    _draw_band_lists(parts[0].subplots(), bands)
    left, right = parts[1].subplots(1, 2, width_ratios=(1.25, 1))
    image = left.pcolormesh(
        ratios, np.arange(len(scan)), scan, cmap=cm.batlow, vmin=0, vmax=0.3, rasterized=True
    )
    _label_ratios(left, ratios)
    left.set_yticks(range(len(bands)), list(bands))
    left.invert_yaxis()
    for (name, ratio), (marker, colour) in zip(
        proposals.items(), cycle(PROPOSAL_LOOKS), strict=False
    ):
        if inside(ratio, ratios):
            left.axvline(ratio, color="w", lw=0.8, ls="--")
            left.plot(ratio, -0.62, marker=marker, color=colour, ms=4, clip_on=False)
            note(left, name, (ratio, -0.62), (0, 5), ha="center", fontsize=7)
    parts[1].colorbar(image, ax=left, label="distance (rungs), best start")
    _draw_proposed(right, list(bands), list(proposals), distances, null)
    return figure


def inside(value: float, ratios: Float[np.ndarray, " ratio"]) -> bool:
    """Whether a ratio lies in the range that is drawn."""
    return bool(ratios[0] * 0.999 <= value <= ratios[-1] * 1.001)


def _draw_band_lists(axes: Axes, bands: Mapping[str, BandList]) -> None:
    """Draw ranges and centres of lists of bands, one below the other, on a log-frequency axis."""
    height, ticks = 0.0, []
    for number, (_, rows) in enumerate(bands.values()):
        names = list(bands.values())[number][0] or [f"{centre:g}" for centre in rows[:, 2]]
        lanes = _assign_lanes(names, rows)
        ticks.append(height + max(lanes) / 2)
        for name, (low, high, centre), lane in zip(names, rows, lanes, strict=True):
            place = height + lane
            start, stop, middle = extent(low, high, centre)
            colour = cm.batlow((np.log10(middle) + 2) / 5)
            if np.isfinite(high):
                axes.plot([start, stop], [place] * 2, color=colour, lw=4, solid_capstyle="butt")
            if np.isfinite(centre):
                axes.plot(centre, place, "o", color="k", ms=3, mec="w", mew=0.4)
            note(axes, name, (middle, place), (0, 3), ha="center", va="bottom", fontsize=6)
        height += max(lanes) + 1
        if number < len(bands) - 1:
            axes.axhline(height - 0.25, color="0.85", lw=0.5)
        height += 0.5
    axes.set_ylim(height - 0.9, -1.1)
    axes.set_yticks(ticks, list(bands))
    axes.tick_params(axis="y", length=0)
    axes.set(xscale="log", xlabel="frequency (Hz); bars: conventional range, dots: centre")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def extent(low: float, high: float, centre: float) -> tuple[float, float, float]:
    """Return ends and middle of a band as drawn; a range that is open below gets a factor of 4."""
    if not np.isfinite(high):
        return centre, centre, centre
    start = low if low > 0 else high / 4
    return start, high, centre if np.isfinite(centre) else float(np.sqrt(start * high))


def _assign_lanes(names: Sequence[str], rows: Float[np.ndarray, "band 3"]) -> list[int]:
    """Put each band on the first line on which its bar meets no bar and its name no name."""
    ends: list[tuple[float, float]] = []
    lanes = []
    for name, row in zip(names, rows, strict=True):
        start, stop, middle = np.log10(extent(*row))
        half = _CHARACTER * len(name) / 2
        free = [
            lane
            for lane, (bar, text) in enumerate(ends)
            if bar <= start + 1e-9 and text <= middle - half
        ]
        lane = free[0] if free else len(ends)
        ends[lane : lane + 1] = [(stop, middle + half)]
        lanes.append(lane)
    return lanes


def _draw_proposed(
    axes: Axes,
    lists: Sequence[str],
    proposals: Sequence[str],
    distances: Float[np.ndarray, "list proposal"],
    null: Float[np.ndarray, "list proposal 3"],
) -> None:
    """Draw the distance of each proposal from each list, over the null of random bands."""
    offsets = 0.22 * (np.arange(len(proposals)) - (len(proposals) - 1) / 2)
    for column, (name, offset) in enumerate(zip(proposals, offsets, strict=True)):
        places = np.arange(len(lists)) + offset
        low, _, high = null[:, column].T
        axes.hlines(places, low, high, color="0.8", lw=3.5)
        marker, colour = PROPOSAL_LOOKS[column % len(PROPOSAL_LOOKS)]
        axes.plot(
            distances[:, column], places, ls="", marker=marker, color=colour, ms=4, label=name
        )
    axes.set_yticks(range(len(lists)), list(lists))
    axes.invert_yaxis()
    axes.set(xlim=(0, None), xlabel="distance (rungs), best start\n(grey: 90 % of random bands)")
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 0.97), ncols=3, fontsize=7, handletextpad=0.1
    )


def concatenation_figure(
    times: Float[np.ndarray, " boundary"],
    frequencies: tuple[float, float],
    ratios: Float[np.ndarray, " ratio"],
    joined: Mapping[int, Float[np.ndarray, " ratio"]],
    simulated: tuple[Float[np.ndarray, " few"], Float[np.ndarray, " few"]],
    relations: tuple[Float[np.ndarray, " relation"], np.ndarray],
) -> Figure:
    """Draw cycles that follow each other, and where the joined period falls on a ladder.

    Args:
        times: boundaries of cycles in s, fast and slow in turn.
        frequencies: fast and slow, in Hz.
        ratios: of ladders.
        joined: distance of the joined period from the nearest rung, by steps between the two.
        simulated: ratios, and the distance for neighbours from simulated cycles.
        relations: ratios with 1 + r^m = r^n, and (m, n) of each, ``(relation, 2)``.
    """
    figure = Figure(figsize=(7.0, 2.7))
    cycles, ladder = figure.subplots(1, 2, width_ratios=(1, 1.5))
    _draw_cycles(cycles, times, frequencies)
    styles = ("-", "--", ":")
    for (steps, distance), style in zip(joined.items(), styles, strict=True):
        label = "neighbours" if steps == 1 else f"{steps} rungs apart"
        grey = 0.0 if steps == 1 else 0.5
        ladder.plot(ratios, distance, ls=style, color=f"{grey}", lw=1.2 - grey, label=label)
    ladder.plot(*simulated, ".", color=OKABE_ITO["blue"], ms=4, label="neighbours, simulated")
    for ratio, (m, n) in zip(*relations, strict=True):
        if m in joined and inside(ratio, ratios):
            ladder.plot(ratio, 0, "o", color=OKABE_ITO["orange"], ms=4, clip_on=False, zorder=3)
        if m == 1 and n <= 4 and inside(ratio, ratios):
            height = 0.66 if n == 4 else 0.54  # the last two would touch
            ladder.plot(
                [ratio] * 2, [0, height - 0.01], color=OKABE_ITO["orange"], lw=0.7, zorder=0
            )
            text = f"{ratio:.3f}\n$1+r=r^{{{n}}}$"
            ladder.text(ratio, height, text, ha="center", va="bottom", fontsize=6)
    _label_ratios(ladder, ratios)
    ladder.set_yticks(np.arange(6) / 10)
    ladder.set_ylabel("joined period to\nnearest rung (rungs)", y=0.33)
    ladder.set(ylim=(0, 0.8), xlim=(ratios[0] / 1.04, ratios[-1] * 1.01))
    ladder.legend(loc="upper right", ncols=2, fontsize=7)
    return figure


def _label_ratios(axes: Axes, ratios: Float[np.ndarray, " ratio"]) -> None:
    """Make the x axis one of ratios, logarithmic with plain numbers."""
    axes.set_xscale("log")
    ticks = [tick for tick in (1.1, 1.2, 1.4, 1.7, 2, 2.5, 3, 4, 6, 10) if inside(tick, ratios)]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("ratio of neighbouring rungs")


def _draw_cycles(
    axes: Axes, times: Float[np.ndarray, " boundary"], frequencies: tuple[float, float]
) -> None:
    """Draw cycles of two rhythms in turn as bars, and the joined cycles below them."""
    milliseconds = 1e3 * times
    fast, slow = frequencies
    rows = (
        (f"{fast:g} Hz", milliseconds[:-1:2], milliseconds[1::2], OKABE_ITO["orange"]),
        (f"{slow:g} Hz", milliseconds[1:-1:2], milliseconds[2::2], OKABE_ITO["blue"]),
        ("joined", milliseconds[:-1:2], milliseconds[2::2], "0.45"),
    )
    for row, (_, starts, stops, colour) in enumerate(rows):
        for start, stop in zip(starts, stops, strict=True):
            axes.barh(row, stop - start, left=start, height=0.5, color=colour, ec="w", lw=0.8)
        width = stops[0] - starts[0]
        axes.annotate(f"{width:.3g} ms", (starts[0], row - 0.32), fontsize=7, va="bottom")
    axes.set_yticks(range(3), [name for name, *_ in rows])
    axes.set_ylim(2.5, -0.8)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("time (ms)")


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
    _draw_rungs(parts[0].subplots(), ladder, centres)
    left, right = parts[1].subplots(1, 2, width_ratios=(1, 1.25))
    _draw_chance(left, list(centres), histogram, distances)
    _draw_shares(right, list(centres), days, 100 * shares)
    right.set_title(f"random ladders as near as {next(iter(distances))} steps from a day")
    return figure


def _draw_rungs(
    axes: Axes, ladder: DayLadder, centres: Mapping[str, Float[np.ndarray, " band"]]
) -> None:
    """Draw rungs as lines with the lecture's names, and lists of bands as dots."""
    every = np.concatenate(list(centres.values()))
    low, high = every.min() / 1.6, every.max() * 1.6
    for frequency, label in zip(ladder.frequency, ladder.label, strict=True):
        if low < frequency < high:
            axes.axvline(frequency, color="0.75", lw=0.8)
            text = f"{label}: {frequency:.3g}" if label else f"{frequency:.3g}"
            look = {"xycoords": ("data", "axes fraction"), "rotation": 60, "fontsize": 6}
            note(axes, text, (frequency, 1), (0, 2), **look)
    for row, values in enumerate(centres.values()):
        axes.plot(values, np.full(values.shape, row), "o", color="k", ms=4)
    axes.set_yticks(range(len(centres)), list(centres))
    axes.set(ylim=(len(centres) - 0.5, -0.5), xlim=(low, high))
    axes.set_xscale("log")
    axes.set_xlabel("frequency (Hz); lines: rungs of the day's ladder, dots: centres of bands")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _draw_chance(
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


def _draw_shares(
    axes: Axes, lists: Sequence[str], days: Sequence[str], shares: Float[np.ndarray, "list day"]
) -> None:
    """Write the fraction (%) of random ladders that land as near as each day's, over its colour."""
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
