"""Ladders compared: random ones as a null, curves along the ratio, and learned rhythms.

Networks crossed with readouts, and networks whose nodes all have one frequency.

The smallest networks: accuracy against size, candidates on validation, waves of the image.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, ScalarFormatter

from rhythmic.plotting.accuracy import INK, MUTED
from rhythmic.plotting.style import (
    COLOURS,
    LINE_STYLES,
    MARKERS,
    OKABE_ITO,
    appearance,
    mark_image_rhythm,
    note,
)
from rhythmic.statistics import ACCURACY, MIN_SEEDS_FOR_TEST, summarise
from rhythmic.theory.ladders import PUBLISHED_GOLDEN_RATIO, image_waves
from rhythmic.typing import AnyArray, Float

RATIO_TICKS = (1.2, PUBLISHED_GOLDEN_RATIO, 2.0, 2.5, 3.3)
SAMPLE_RATE = 1000.0  # Hz
HIGHEST = 250.0  # Hz; a quarter of the sample rate, below which nodes lie


@dataclass(frozen=True)
class Mark:
    """A named ladder beside random ones.

    Args:
        name: its name.
        accuracy: its mean over seeds.
        distance: of its node nearest to the rhythm of rows, in octaves.
        of_null: whether it has the same span, number of nodes and learning rate as they.
    """

    name: str
    accuracy: float
    distance: float
    of_null: bool = True

    @property
    def label(self) -> str:
        """Its name in legends."""
        return self.name if self.of_null else f"{self.name} (fewer nodes, own rate)"


@dataclass(frozen=True)
class Curve:
    """Accuracy along the ratio of neighbours.

    Args:
        ratios: dimensionless, in any order.
        accuracies: ``(point, seed)``.
        peak: ratio of the largest mean.
        low: lower end of its 95 % interval; NaN where there is none.
        high: upper end.
        num_nodes: written at the points, if given.
    """

    ratios: Float[AnyArray, " point"]
    accuracies: Float[AnyArray, "point seed"]
    peak: float
    low: float
    high: float
    num_nodes: Sequence[int] = ()


def draw_null(axes: Axes, draws: Float[AnyArray, " draw"], marks: Sequence[Mark]) -> None:
    """Draw the accuracies of random ladders and the ranks of named ones among them."""
    bins = int(np.clip(np.sqrt(len(draws)) * 2, 4, 25))
    axes.hist(draws, bins=bins, color=MUTED, alpha=0.5)
    axes.axvline(float(np.mean(draws)), color=MUTED, linewidth=1, label="mean of random")
    for place, mark in enumerate(marks):
        axes.axvline(
            mark.accuracy,
            color=appearance(f"rrn-{mark.name}").colour,
            linestyle=LINE_STYLES[place % len(LINE_STYLES)],
            linewidth=1.5,
            label=mark.label,
        )
    axes.set(xlabel="test accuracy, mean over seeds", ylabel="random ladders")
    axes.legend(fontsize=6.5, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)


def draw_nearness(
    axes: Axes,
    distances: Float[AnyArray, " draw"],
    draws: Float[AnyArray, " draw"],
    marks: Sequence[Mark],
) -> None:
    """Draw accuracy against the distance of the nearest node from the row frequency.

    Named ladders that are not of the null are hollow.

    Args:
        axes: where to draw.
        distances: of random ladders, in octaves.
        draws: their accuracies.
        marks: named ladders.
    """
    axes.plot(distances, draws, "o", color=MUTED, markersize=3, alpha=0.7, label="random")
    for marker, mark in zip(itertools.cycle("*DsPXh"), marks, strict=False):
        axes.plot(
            mark.distance,
            mark.accuracy,
            marker,
            color=appearance(f"rrn-{mark.name}").colour,
            markersize=10 if marker == "*" else 5,
            fillstyle="full" if mark.of_null else "none",
            label=mark.label,
        )
    axes.set_xlabel("nearest node to 35.7 Hz (octaves away)")
    axes.set_ylabel("test accuracy, mean over seeds")
    axes.legend(fontsize=6.5, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)


def draw_curve(axes: Axes, curve: Curve) -> None:
    """Draw means with 95 % intervals along the ratio, the peak's interval, and the golden ratio."""
    order = np.argsort(curve.ratios)
    ratios = np.asarray(curve.ratios)[order]
    found = [summarise(list(row), within=ACCURACY) for row in np.asarray(curve.accuracies)[order]]
    if np.isfinite(curve.low):
        axes.axvspan(curve.low, curve.high, color=OKABE_ITO["sky blue"], alpha=0.2, linewidth=0)
    axes.axvline(PUBLISHED_GOLDEN_RATIO, color=COLOURS["rrn-golden"], linestyle="--", linewidth=1)
    means = np.array([one.mean for one in found])
    axes.plot(ratios, means, "o-", color=INK, markersize=3)
    for ratio, one in zip(ratios, found, strict=True):
        if one.num_seeds >= MIN_SEEDS_FOR_TEST:
            axes.plot([ratio, ratio], [one.low, one.high], color=INK, linewidth=1)
    top = np.argmin(np.abs(ratios - curve.peak))
    axes.plot(ratios[top], means[top], "o", color=OKABE_ITO["blue"], markersize=6, zorder=4)
    if curve.num_nodes:
        _write_numbers(axes, ratios, np.asarray(curve.num_nodes)[order])
    ratio_axis(axes)


def _write_numbers(
    axes: Axes, ratios: Float[AnyArray, " point"], numbers: Float[AnyArray, " point"]
) -> None:
    """Write numbers of nodes at the lower edge, from the right, where there is room for them."""
    axes.margins(y=0.15)
    last = np.inf
    for ratio, number in reversed(list(zip(ratios, numbers, strict=True))):
        if np.log(last / ratio) > 0.055:
            where = axes.get_xaxis_transform()
            axes.text(ratio, 0.015, f"{number:g}", transform=where, fontsize=5.5, ha="center")
            last = ratio


def draw_ladders(
    axes: Axes, ratios: Float[AnyArray, " point"], ladders: Sequence[Float[AnyArray, " node"]]
) -> None:
    """Draw the node frequencies of each ladder, and the rhythm of rows with its harmonics."""
    mark_image_rhythm(axes, HIGHEST, along="y", name=False)
    for ratio, frequencies in zip(ratios, ladders, strict=True):
        golden = abs(ratio - PUBLISHED_GOLDEN_RATIO) < 1e-9
        colour = COLOURS["rrn-golden"] if golden else INK
        axes.plot(np.full(len(frequencies), ratio), frequencies, ".", color=colour, markersize=3)
    axes.set_yscale("log")
    _plain_ticks(axes.yaxis, (2, 10, 35.7, 100, 250))
    axes.set_ylim(1.7, 290)
    ratio_axis(axes)


def draw_moves(
    axes: Axes, start: Float[AnyArray, " node"], end: Float[AnyArray, "seed node"]
) -> None:
    """Draw frequencies after training against those before, one point per node and seed."""
    mark_image_rhythm(axes, HIGHEST, name=False)
    mark_image_rhythm(axes, HIGHEST, along="y", name=False)
    axes.plot([1.5, 280], [1.5, 280], color=MUTED, linewidth=0.8, linestyle="--")
    for own in np.asarray(end):
        axes.plot(start, own, "o", color=OKABE_ITO["blue"], markersize=3, alpha=0.6)
    for scale, axis in ((axes.set_xscale, axes.xaxis), (axes.set_yscale, axes.yaxis)):
        scale("log")
        _plain_ticks(axis, (2, 10, 35.7, 100, 250))
    axes.set_xlim(1.5, 290)
    low = min(1.5, 0.8 * float(np.min(end)))
    axes.set_ylim(min(low, axes.get_ylim()[0]), 290)


def ratio_axis(axes: Axes) -> None:
    """Make the horizontal axis logarithmic, with a tick at the golden ratio."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    _plain_ticks(axes.xaxis, [tick for tick in RATIO_TICKS if low <= tick <= high])


def _plain_ticks(axis, ticks: Sequence[float]) -> None:  # type: ignore[no-untyped-def]
    """Write ticks of a logarithmic axis as plain numbers."""
    axis.set_major_formatter(ScalarFormatter())
    axis.set_minor_formatter(NullFormatter())
    axis.set_ticks(list(ticks), [f"{tick:g}" for tick in ticks])
    axis.set_ticks([], minor=True)


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
            _draw_seeds(axes, place + shift, own[head], colour, marker, label)
    axes.set_xticks(range(len(table)), [NAMES.get(name, appearance(name).label) for name in table])
    axes.set(xlim=(-0.6, len(table) - 0.4), ylabel="test accuracy")
    axes.legend(title="read out by", fontsize=7, title_fontsize=7)


def _draw_seeds(
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
    _plain_ticks(axes.xaxis, shown)
    axes.set_xlabel("frequency of all eleven nodes (Hz); lines: rows, 35.7 Hz, and harmonics")
    axes.set_ylabel("test accuracy")
    axes.legend(fontsize=7, frameon=True, framealpha=1, edgecolor="none")


SIZE_COLOURS = (OKABE_ITO["orange"], OKABE_ITO["blue"], OKABE_ITO["bluish green"])
COLUMN = 30.0  # points, of a column of numbers


def draw_sizes(
    axes: Axes,
    tested: Mapping[str, Rows],
    targets: Mapping[int, float] | None = None,
    groups: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Draw the test accuracy of every network: seeds and mean, one line per kind.

    Five seeds or more have a 95 % interval. Numbers of trained parameters are in columns at the
    right, one per size, in its colour.

    Args:
        axes: where to draw.
        tested: rows with ``num_parameters`` and ``test_accuracy`` by label, "KIND" or "KIND, below
            SIZE": sizes of one kind share a line and differ in colour.
        targets: accuracies to reach, by the number of parameters to stay below.
        groups: what is written beside each kind, by kind, under headings. A kind without a heading
            comes first, by its own name.
    """
    parts = [(*label.split(", below "), "") for label in tested]
    kinds = list(dict.fromkeys(part[0] for part in parts))
    sizes = sorted({part[1] for part in parts if part[1]}, key=int)
    colours = dict(zip(sizes, itertools.cycle(SIZE_COLOURS), strict=False)) | {"": INK}
    places = _kind_lines(axes, kinds, groups or {})
    for (kind, size, *_), rows in zip(parts, tested.values(), strict=True):
        column = sizes.index(size) if size else 0
        # Sizes a little below one another, so that none hides another.
        shift = 0.24 * (column - (len(sizes) - 1) / 2) if size else 0.0
        _draw_row_of_seeds(
            axes, [row["test_accuracy"] for row in rows], places[kind] + shift, colours[size]
        )
        text, offset = f"{rows[0]['num_parameters']}", (COLUMN * (column + 1), 0)
        look = {"xycoords": axes.get_yaxis_transform(), "va": "center", "color": colours[size]}
        note(axes, text, (1.0, places[kind]), offset, ha="right", fontsize=7, **look)
    for column, size in enumerate(sizes):
        text, offset = f"<{int(size):,}", (COLUMN * (column + 1), 3)
        look = {"xycoords": "axes fraction", "color": colours[size]}
        note(axes, text, (1.0, 1.0), offset, ha="right", fontsize=7, **look)
    for limit, target in (targets or {}).items():
        colour = colours.get(str(limit), MUTED)
        axes.axvline(target, color=colour, linewidth=0.8, linestyle=":", zorder=0)
    axes.set_xlabel("test accuracy; dotted: targets; at the right: trained parameters")


def _kind_lines(
    axes: Axes, kinds: Sequence[str], groups: Mapping[str, Mapping[str, str]]
) -> dict[str, float]:
    """Write kinds and their headings; return the place of each kind."""
    known = {kind for own in groups.values() for kind in own}
    lines: list[tuple[str, str]] = [(kind, kind) for kind in kinds if kind not in known]
    headings: list[int] = []
    for heading, own in groups.items():
        present = [(kind, own[kind]) for kind in own if kind in kinds]
        if present:
            headings.append(len(lines))
            lines += [("", heading), *present]
    axes.set_yticks(range(len(lines)), [text for _, text in lines])
    for place in headings:
        axes.get_yticklabels()[place].set_fontweight("bold")
        axes.yaxis.get_major_ticks()[place].tick1line.set_visible(False)
        axes.axhline(place - 0.5, color="0.85", linewidth=0.6, zorder=0)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    return {kind: float(place) for place, (kind, _) in enumerate(lines) if kind}


def _draw_row_of_seeds(axes: Axes, values: Sequence[float], place: float, colour: str) -> None:
    """Draw seeds, their mean, and its interval where there are enough seeds."""
    summary = summarise(list(values), within=ACCURACY)
    axes.plot(values, np.full(len(values), place), ".", color=colour, markersize=3, alpha=0.5)
    axes.plot(summary.mean, place, "o", color=colour, markersize=4)
    if summary.num_seeds >= MIN_SEEDS_FOR_TEST:
        axes.plot([summary.low, summary.high], [place, place], color=colour, linewidth=1.5)


def draw_search(axes: Axes, families: Mapping[str, Rows]) -> None:
    """Draw the validation accuracy of every candidate, one column per family; the chosen ringed."""
    for place, rows in enumerate(families.values()):
        values = np.array([row["validation_accuracy"] for row in rows])
        shifts = np.linspace(-0.25, 0.25, len(values)) if len(values) > 1 else np.zeros(1)
        axes.plot(place + shifts, values, "o", color=MUTED, markersize=3)
        best = int(np.argmax(values))
        axes.plot(
            place + shifts[best], values[best], "o", color=INK, markersize=7, fillstyle="none"
        )
    names = [family.replace(" ", "\n", 1) for family in families]
    axes.set_xticks(range(len(names)), names)
    axes.set(xlim=(-0.6, len(names) - 0.4), ylabel="validation accuracy")


def draw_waves(axes: Axes, frequencies: Sequence[float]) -> None:
    """Draw which plane waves of an image of 28 x 28 pixels the nodes are tuned to.

    Frequencies of whole cycles along a row are the rhythm of the rows and its harmonics.
    """
    waves = image_waves(np.asarray(frequencies), sample_rate=SAMPLE_RATE)
    harmonics = range(int(np.max(np.round(waves.along))) + 1)
    for harmonic in harmonics:
        colour = OKABE_ITO["vermilion"]
        axes.axvline(harmonic, color=colour, linewidth=0.8, alpha=0.5, zorder=0)
    axes.axhline(0, color=MUTED, linewidth=0.5, zorder=0)
    axes.plot(waves.along, waves.down, "o", color=INK, markersize=4)
    axes.set_xticks(
        list(harmonics), [f"{place}\n{place * SAMPLE_RATE / 28:.1f} Hz" for place in harmonics]
    )
    axes.set(xlim=(-0.4, max(harmonics) + 0.4), xlabel="cycles along a row, node frequency")
    axes.set_ylabel("cycles down the image")
