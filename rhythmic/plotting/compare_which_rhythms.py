"""Ladders compared: random ones as a null, curves along the ratio, and learned rhythms."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, ScalarFormatter

from rhythmic.plotting.comparison import INK, MUTED
from rhythmic.plotting.image_rhythm import mark_image_rhythm
from rhythmic.plotting.style import COLOURS, LINE_STYLES, OKABE_ITO, appearance
from rhythmic.statistics import ACCURACY, MIN_SEEDS_FOR_TEST, summarise
from rhythmic.theory.ladders import PUBLISHED_GOLDEN_RATIO
from rhythmic.typing import AnyArray, Float

RATIO_TICKS = (1.2, PUBLISHED_GOLDEN_RATIO, 2.0, 2.5, 3.3)
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
    """Draw how accurate random ladders are, and where named ones stand."""
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
    """Draw accuracy against how far the nearest node lies from the rhythm of rows.

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
        write_numbers(axes, ratios, np.asarray(curve.num_nodes)[order])
    ratio_axis(axes)


def write_numbers(
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
    plain_ticks(axes.yaxis, (2, 10, 35.7, 100, 250))
    axes.set_ylim(1.7, 290)
    ratio_axis(axes)


def draw_moves(
    axes: Axes, start: Float[AnyArray, " node"], end: Float[AnyArray, "seed node"]
) -> None:
    """Draw frequencies after training against those before, a point a node and seed."""
    mark_image_rhythm(axes, HIGHEST, name=False)
    mark_image_rhythm(axes, HIGHEST, along="y", name=False)
    axes.plot([1.5, 280], [1.5, 280], color=MUTED, linewidth=0.8, linestyle="--")
    for own in np.asarray(end):
        axes.plot(start, own, "o", color=OKABE_ITO["blue"], markersize=3, alpha=0.6)
    for scale, axis in ((axes.set_xscale, axes.xaxis), (axes.set_yscale, axes.yaxis)):
        scale("log")
        plain_ticks(axis, (2, 10, 35.7, 100, 250))
    axes.set_xlim(1.5, 290)
    low = min(1.5, 0.8 * float(np.min(end)))
    axes.set_ylim(min(low, axes.get_ylim()[0]), 290)


def ratio_axis(axes: Axes) -> None:
    """Make the horizontal axis logarithmic, with a tick at the golden ratio."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    plain_ticks(axes.xaxis, [tick for tick in RATIO_TICKS if low <= tick <= high])


def plain_ticks(axis, ticks: Sequence[float]) -> None:  # type: ignore[no-untyped-def]
    """Write ticks of a logarithmic axis as plain numbers."""
    axis.set_major_formatter(ScalarFormatter())
    axis.set_minor_formatter(NullFormatter())
    axis.set_ticks(list(ticks), [f"{tick:g}" for tick in ticks])
    axis.set_ticks([], minor=True)
