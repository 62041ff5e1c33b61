"""The smallest networks: accuracy against size, candidates on validation, waves of the image."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rhythmic.plotting.comparison import INK, MUTED
from rhythmic.plotting.style import OKABE_ITO
from rhythmic.statistics import summarise
from rhythmic.theory import image_waves

Rows = Sequence[Mapping[str, Any]]

SIZE_COLOURS = (OKABE_ITO["orange"], OKABE_ITO["blue"], OKABE_ITO["bluish green"])


def draw_sizes(
    axes: Axes, tested: Mapping[str, Rows], targets: Mapping[int, float] | None = None
) -> None:
    """Draw the test accuracy of every network: seeds, mean and 95 % interval, a line a kind.

    Args:
        axes: where to draw.
        tested: rows with ``num_parameters`` and ``test_accuracy`` by label, "KIND" or "KIND, below
            SIZE": sizes of one kind share a line and differ in colour. Parameters are written
            beside.
        targets: accuracies to reach, by the number of parameters to stay below.
    """
    parts = [(*label.split(", below "), "") for label in tested]
    kinds = list(dict.fromkeys(part[0] for part in parts))
    sizes = sorted({part[1] for part in parts if part[1]}, key=int)
    colours = {size: SIZE_COLOURS[place] for place, size in enumerate(sizes)} | {"": INK}
    named: set[str] = set()
    for (kind, size, *_), rows in zip(parts, tested.values(), strict=True):
        place, colour = kinds.index(kind), colours[size]
        values = [row["test_accuracy"] for row in rows]
        summary = summarise(values)
        axes.plot(values, np.full(len(values), place), ".", color=colour, markersize=3, alpha=0.4)
        label = f"below {int(size):,} parameters" if size and size not in named else None
        named.add(size)
        axes.plot(summary.mean, place, "o", color=colour, markersize=5, label=label)
        if summary.num_seeds > 1:
            axes.plot([summary.low, summary.high], [place, place], color=colour, linewidth=1.5)
        axes.annotate(
            f"{rows[0]['num_parameters']}",
            (summary.mean, place),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=6,
            color=colour,
        )
    for limit, target in (targets or {}).items():
        colour = colours.get(str(limit), MUTED)
        axes.axvline(target, color=colour, linewidth=0.8, linestyle=":", zorder=0)
    axes.set_yticks(range(len(kinds)), kinds)
    axes.set_ylim(len(kinds) - 0.5, -0.7)
    axes.set_xlabel("test accuracy; numbers: trained parameters; dotted: targets")
    if sizes:
        axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))


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
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_ylabel("validation accuracy")


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
    axes.set_xlim(-0.4, max(harmonics) + 0.4)
    axes.set_xlabel("cycles along a row, node frequency")
    axes.set_ylabel("cycles down the image")
