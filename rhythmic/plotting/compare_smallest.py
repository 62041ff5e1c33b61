"""The smallest networks: accuracy against size, candidates on validation, waves of the image."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rhythmic.plotting.comparison import INK, MUTED
from rhythmic.plotting.style import OKABE_ITO
from rhythmic.statistics import ACCURACY, MIN_SEEDS_FOR_TEST, summarise
from rhythmic.theory.image_ladder import image_waves

Rows = Sequence[Mapping[str, Any]]

SIZE_COLOURS = (OKABE_ITO["orange"], OKABE_ITO["blue"], OKABE_ITO["bluish green"])
COLUMN = 30.0  # points, of a column of numbers


def draw_sizes(
    axes: Axes,
    tested: Mapping[str, Rows],
    targets: Mapping[int, float] | None = None,
    groups: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Draw the test accuracy of every network: seeds and mean, a line a kind.

    Five seeds or more have a 95 % interval. Numbers of trained parameters stand in columns at the
    right, one a size, in its colour.

    Args:
        axes: where to draw.
        tested: rows with ``num_parameters`` and ``test_accuracy`` by label, "KIND" or "KIND, below
            SIZE": sizes of one kind share a line and differ in colour.
        targets: accuracies to reach, by the number of parameters to stay below.
        groups: what is written beside each kind, by kind, under headings. A kind of none stands
            first, by its own name.
    """
    parts = [(*label.split(", below "), "") for label in tested]
    kinds = list(dict.fromkeys(part[0] for part in parts))
    sizes = sorted({part[1] for part in parts if part[1]}, key=int)
    colours = dict(zip(sizes, itertools.cycle(SIZE_COLOURS), strict=False)) | {"": INK}
    places = kind_lines(axes, kinds, groups or {})
    for (kind, size, *_), rows in zip(parts, tested.values(), strict=True):
        column = sizes.index(size) if size else 0
        # Sizes a little below one another, so that none hides another.
        shift = 0.24 * (column - (len(sizes) - 1) / 2) if size else 0.0
        draw_seeds(
            axes, [row["test_accuracy"] for row in rows], places[kind] + shift, colours[size]
        )
        axes.annotate(
            f"{rows[0]['num_parameters']}",
            (1.0, places[kind]),
            xycoords=axes.get_yaxis_transform(),
            xytext=(COLUMN * (column + 1), 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=7,
            color=colours[size],
        )
    for column, size in enumerate(sizes):
        axes.annotate(
            f"<{int(size):,}",
            (1.0, 1.0),
            xycoords="axes fraction",
            xytext=(COLUMN * (column + 1), 3),
            textcoords="offset points",
            ha="right",
            fontsize=7,
            color=colours[size],
        )
    for limit, target in (targets or {}).items():
        colour = colours.get(str(limit), MUTED)
        axes.axvline(target, color=colour, linewidth=0.8, linestyle=":", zorder=0)
    axes.set_xlabel("test accuracy; dotted: targets; at the right: trained parameters")


def kind_lines(
    axes: Axes, kinds: Sequence[str], groups: Mapping[str, Mapping[str, str]]
) -> dict[str, float]:
    """Write kinds, and the headings that they stand under; return the place of each kind."""
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


def draw_seeds(axes: Axes, values: Sequence[float], place: float, colour: str) -> None:
    """Draw seeds, their mean, and the interval of it where there are seeds enough to tell."""
    summary = summarise(list(values), within=ACCURACY)
    axes.plot(values, np.full(len(values), place), ".", color=colour, markersize=3, alpha=0.5)
    axes.plot(summary.mean, place, "o", color=colour, markersize=4)
    if summary.num_seeds >= MIN_SEEDS_FOR_TEST:
        axes.plot([summary.low, summary.high], [place, place], color=colour, linewidth=1.5)


def draw_search(axes: Axes, families: Mapping[str, Rows]) -> None:
    """Draw the validation accuracy of every candidate, a column a family; the chosen one ringed."""
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


def draw_waves(axes: Axes, frequencies: Sequence[float], sample_rate: float = 1000.0) -> None:
    """Draw which waves of an image of 28 x 28 pixels the nodes listen to.

    Frequencies of whole cycles along a row are the rhythm of the rows and its harmonics.
    """
    waves = image_waves(np.asarray(frequencies), sample_rate=sample_rate)
    harmonics = range(int(np.max(np.round(waves.along))) + 1)
    for harmonic in harmonics:
        colour = OKABE_ITO["vermilion"]
        axes.axvline(harmonic, color=colour, linewidth=0.8, alpha=0.5, zorder=0)
    axes.axhline(0, color=MUTED, linewidth=0.5, zorder=0)
    axes.plot(waves.along, waves.down, "o", color=INK, markersize=4)
    axes.set_xticks(
        list(harmonics), [f"{place}\n{place * sample_rate / 28:.1f} Hz" for place in harmonics]
    )
    axes.set(xlim=(-0.4, max(harmonics) + 0.4), xlabel="cycles along a row, node frequency")
    axes.set_ylabel("cycles down the image")
