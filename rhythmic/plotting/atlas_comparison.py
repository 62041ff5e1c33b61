"""Where a simulated atlas differs from theory, and the strip in which it may."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rhythmic.plotting.atlas import Window
from rhythmic.plotting.style import OKABE_ITO
from rhythmic.typing import Int

MOST_PIXELS = 300  # along an axis: so that no point of a narrow strip falls between two


def comparison_figure(
    windows: Sequence[Window], titles: Mapping[Any, str], strip: str, pole_radius: float
) -> Figure:
    """Draw the strip, and the points at which simulation differs from theory.

    Args:
        windows: with ``inside_NAME``, ``differs_NAME`` (simulation and theory) and
            ``closed_form_NAME`` (the closed form at that precision and theory); a row each.
        titles: of the columns, by name; a column each.
        strip: what the strip is, for the legend.
        pole_radius: of the complex pairs that are marked by a line.
    """
    figure = Figure(figsize=(7.0, 0.6 + 2.4 * len(windows)))
    rows = figure.subplots(len(windows), len(titles), squeeze=False)
    tones = (OKABE_ITO["sky blue"], "k", OKABE_ITO["vermilion"])
    for window, row in zip(windows, rows, strict=True):
        for (name, title), axes in zip(titles.items(), row, strict=True):
            inside, differs, closed = (
                window.arrays[f"{key}_{name}"] for key in ("inside", "differs", "closed_form")
            )
            shown = np.where(differs, np.where(inside, 2, 3), inside.astype(int))
            colours = ListedColormap(["w", *tones])
            window.image(axes, worst(shown), cmap=colours, vmin=-0.5, vmax=3.5)
            limits = axes.get_xlim(), axes.get_ylim()
            reach = 2 * pole_radius
            line: dict[str, Any] = {"color": OKABE_ITO["orange"], "lw": 0.8}
            axes.plot([-reach, reach], [-(pole_radius**2)] * 2, **line)
            axes.set(xlim=limits[0], ylim=limits[1])
            if axes is not row[0]:
                axes.set(ylabel="", yticklabels=[])
            shares = f"simulation differs at {differs.mean():.2%}, strip {inside.mean():.2%}"
            shares += f"\nclosed form differs at {closed.mean():.2%}"
            axes.set_title(f"{title}\n{shares}", loc="left", fontsize=7)
    names = (f"strip: {strip}", "regimes differ in it", "regimes differ outside")
    handles: list[Artist] = [
        Patch(color=tone, label=text) for tone, text in zip(tones, names, strict=True)
    ]
    handles.append(Line2D([], [], **line, label=f"pole radius {pole_radius:g}"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=7)
    return figure


def worst(codes: Int[np.ndarray, "w1 w2"]) -> Int[np.ndarray, "column row"]:
    """Return the largest code of every block of points, few enough to be drawn one by one."""
    for axis in (0, 1):
        size = -(-codes.shape[axis] // MOST_PIXELS)
        codes = np.maximum.reduceat(codes, range(0, codes.shape[axis], size), axis)
    return codes
