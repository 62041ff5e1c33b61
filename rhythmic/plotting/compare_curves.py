"""Curves of compared networks: the mean over seeds, and its 95 % interval as a band."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from rhythmic.plotting.style import LINE_STYLES, MARKERS, OKABE_ITO
from rhythmic.statistics import ACCURACY, summarise
from rhythmic.typing import AnyArray

CHANCE = 0.1
MUTED = "#888888"

# In the order in which networks take them; the first is the rhythmic one.
COLOUR_NAMES = (
    "orange",
    "blue",
    "bluish green",
    "reddish purple",
    "vermilion",
    "sky blue",
    "black",
)
CURVE_COLOURS = tuple(OKABE_ITO[name] for name in COLOUR_NAMES)


class Curve(NamedTuple):
    """One network's numbers along an axis.

    Attributes:
        x: places on the axis, ``(point,)``.
        values: one row a seed, ``(seed, point)``.
        colour: which of ``CURVE_COLOURS``.
        style: which of ``LINE_STYLES``.
    """

    x: Float[AnyArray, " point"]
    values: Float[AnyArray, "seed point"]
    colour: int = 0
    style: int = 0


def draw_curves(axes: Axes, curves: Mapping[str, Curve], *, chance: float | None = CHANCE) -> None:
    """Draw means over seeds with their 95 % intervals, a line a network.

    Args:
        axes: where to draw.
        curves: by the network's name.
        chance: what guessing reaches, marked if given.
    """
    for name, curve in curves.items():
        columns = np.asarray(curve.values, np.float64).T
        summaries = [summarise(list(column), within=ACCURACY) for column in columns]
        colour = CURVE_COLOURS[curve.colour % len(CURVE_COLOURS)]
        axes.plot(
            curve.x,
            [summary.mean for summary in summaries],
            color=colour,
            linestyle=LINE_STYLES[curve.style % len(LINE_STYLES)],
            marker=MARKERS[curve.colour % len(MARKERS)],
            markersize=3,
            label=name,
        )
        if summaries[0].num_seeds > 1:
            low, high = ([getattr(s, end) for s in summaries] for end in ("low", "high"))
            axes.fill_between(curve.x, low, high, color=colour, alpha=0.15, linewidth=0)
    if chance is not None:
        axes.axhline(chance, color=MUTED, linestyle=":", linewidth=0.8, label="chance")


def curve_panels(
    panels: Sequence[tuple[str, str, Mapping[str, Curve]]],
    *,
    log_ticks: Sequence[int] = (),
    num_columns: int = 4,
) -> Figure:
    """Draw panels beside each other that share the axis of accuracy and one legend.

    Args:
        panels: of each the label below, the title, and its curves by name.
        log_ticks: makes the axes below logarithmic, with these ticks.
        num_columns: of the legend.
    """
    figure, row = plt.subplots(
        1,
        len(panels),
        figsize=(3.3 * len(panels), 3.0),
        layout="constrained",
        sharey=True,
        squeeze=False,
    )
    for axes, (label, title, curves) in zip(row[0], panels, strict=True):
        draw_curves(axes, curves)
        axes.set(xlabel=label, title=title)
        if log_ticks:
            axes.set(xscale="log", xlim=(0.7 * min(log_ticks), 1.4 * max(log_ticks)))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xticks(list(log_ticks), [f"{tick:,}" for tick in log_ticks])
        elif all(np.all(np.asarray(curve.x) % 1 == 0) for curve in curves.values()):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    row[0, 0].set(ylabel="accuracy", ylim=(0, 1))
    found: dict[str, Any] = {}  # one entry a name, whatever the number of panels
    for axes in row[0]:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    handles = list(found.values())
    figure.legend(handles=handles, loc="outside lower center", ncols=num_columns, fontsize=7)
    return figure
