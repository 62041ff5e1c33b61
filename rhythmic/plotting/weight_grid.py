"""Weight grids of reservoirs: accuracy, the line of stability, frequency content."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from rhythmic.plotting.style import LINE_STYLES, MARKERS, OKABE_ITO
from rhythmic.typing import Float

Grid = Float[np.ndarray, "seed radius ratio gain scale"]
Plane = Float[np.ndarray, "radius ratio"]

LINE: dict[str, Any] = {"color": OKABE_ITO["vermilion"], "lw": 1.4, "ls": "-"}
UNKNOWN = "0.75"


def accuracy_figure(
    accuracy: Grid,
    growth: Grid,
    axes_values: Mapping[str, Sequence[float]],
    best: tuple[int, ...],
) -> Figure:
    """Draw accuracy over pole radius and ladder ratio, a panel for each gain and input scale.

    Args:
        accuracy: on validation digits; drawn as the mean over seeds, grey where one is not finite.
        growth: factor of a deviation per step; the line is where its mean over seeds is 1.
        axes_values: pole radii, ladder ratios, recurrent gains and input scales, by name.
        best: place of the point that is marked.
    """
    radii, ratios, gains, scales = axes_values.values()
    mean, stability = accuracy.mean(axis=0), growth.mean(axis=0)
    figure = Figure(figsize=(0.9 + 2.0 * max(len(scales), 2), 0.8 + 1.45 * len(gains)))
    panels = figure.subplots(len(gains), len(scales), squeeze=False, sharex=True, sharey=True)
    known = mean[np.isfinite(mean)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    norm = Normalize(low, high if high > low else low + 0.01)
    for row, gain in enumerate(gains):
        for column, scale in enumerate(scales):
            axes = panels[row, column]
            plane(axes, mean[:, :, row, column], radii, ratios, norm)
            _stability_line(axes, stability[:, :, row, column])
            axes.set_title(f"gain {gain:g}, input scale {scale:g}", loc="left")
            if (row, column) == tuple(best[2:]):
                axes.plot(*best[:2], "*", color="w", mec="k", mew=0.6, ms=9)
    for axes in panels[-1]:
        axes.set_xlabel("pole radius $r$")
    for axes in panels[:, 0]:
        axes.set_ylabel("ladder ratio")
    bar = figure.colorbar(
        ScalarMappable(norm, cm.batlow), ax=panels, aspect=40, fraction=0.04, pad=0.02
    )
    bar.set_label("accuracy on validation digits (mean over seeds)")
    handles = [
        Line2D([], [], label="a deviation neither grows nor shrinks", **LINE),
        Line2D([], [], ls="", marker="*", color="w", mec="k", ms=9, label="best point"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def plane(
    axes: Axes,
    values: Plane,
    radii: Sequence[float],
    ratios: Sequence[float],
    norm: Normalize,
) -> None:
    """Draw one value per point, the points evenly spaced and named at the ticks."""
    axes.set_facecolor(UNKNOWN)
    axes.pcolormesh(
        np.arange(len(radii)),
        np.arange(len(ratios)),
        np.ma.masked_invalid(values.T),
        norm=norm,
        cmap=cm.batlow,
        shading="nearest",
        rasterized=True,
    )
    axes.set_xticks(np.arange(len(radii)), [f"{r:g}" for r in radii], rotation=60, fontsize=7)
    axes.set_yticks(np.arange(len(ratios)), [f"{r:g}" for r in ratios], fontsize=7)
    axes.spines[:].set_visible(False)


def _stability_line(axes: Axes, growth: Plane) -> None:
    """Draw where a deviation keeps its size, between the points of a plane."""
    known = growth[np.isfinite(growth)]
    if min(growth.shape) < 2 or not known.size or not known.min() < 1 < known.max():
        return
    places = (np.arange(size) for size in growth.shape)
    # The logarithm, since growth far above 1 would pull a straight line towards it.
    axes.contour(
        *places,
        np.log(growth.T),
        levels=[0.0],
        colors=LINE["color"],
        linewidths=LINE["lw"],
        linestyles="solid",
    )


def frequency_figure(
    results: Mapping[str, np.ndarray],
    axes_values: Mapping[str, Sequence[float]],
    best: tuple[int, ...],
) -> Figure:
    """Draw the frequencies at which reservoirs move, and how accuracy and growth depend on them.

    Args:
        results: arrays of ``experiments.weight_grid``.
        axes_values: pole radii, ladder ratios, recurrent gains and input scales, by name.
        best: place of the point whose gain and input scale the maps show.
    """
    radii, ratios, gains, scales = axes_values.values()
    _, _, gain, scale = best
    figure = Figure(figsize=(7.0, 5.0))
    (motion, centroid), (cloud, growth) = figure.subplots(2, 2)
    shown = [
        results[name].mean(axis=0)[:, :, gain, scale]
        for name in ("response_frequency", "spectral_centroid")
    ]
    known = np.concatenate([x[np.isfinite(x) & (x > 0)] for x in shown])
    norm = LogNorm(*((known.min(), known.max()) if known.size and np.ptp(known) else (1.0, 10.0)))
    titles = ("a  frequency of the motion", "b  centroid of the nodes")
    for axes, values, title in zip((motion, centroid), shown, titles, strict=True):
        plane(axes, values, radii, ratios, norm)
        axes.set_title(f"{title} (gain {gains[gain]:g}, scale {scales[scale]:g})", loc="left")
        axes.set(xlabel="pole radius $r$", ylabel="ladder ratio")
    bar = figure.colorbar(ScalarMappable(norm, cm.batlow), ax=(motion, centroid), aspect=15)
    _name_decades(bar.ax.yaxis)
    bar.set_label("frequency (Hz)")
    _cloud_panel(cloud, results, radii)
    _growth_panel(growth, results["growth_factor"], radii, gains)
    return figure


def _cloud_panel(axes: Axes, results: Mapping[str, np.ndarray], radii: Sequence[float]) -> None:
    """Draw accuracy against the frequency of the motion, one dot per reservoir."""
    colours = cm.batlow(np.linspace(0.0, 0.9, len(radii)))
    for place, radius in enumerate(radii):
        frequency = results["response_frequency"][:, place].ravel()
        accuracy = results["validation_accuracy"][:, place].ravel()
        look = {"color": colours[place], "marker": MARKERS[place % len(MARKERS)]}
        axes.plot(frequency, accuracy, ls="", ms=2.5, alpha=0.7, mew=0, label=f"{radius:g}", **look)
    axes.set_xscale("log")
    _name_decades(axes.xaxis)
    low, high = axes.get_ylim()
    axes.set(ylim=(low - 0.35 * (high - low), high), xlabel="frequency of the motion (Hz)")
    axes.set_ylabel("accuracy on validation digits")
    axes.set_title("c  every reservoir", loc="left")
    axes.legend(
        title="pole radius",
        loc="lower center",
        fontsize=6,
        title_fontsize=7,
        markerscale=1.5,
        ncols=4,
        handlelength=1,
        columnspacing=1,
    )


def _name_decades(axis: Axis) -> None:
    """Name 1, 2 and 5 of every decade of a logarithmic axis, in plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def _growth_panel(axes: Axes, growth: Grid, radii: Sequence[float], gains: Sequence[float]) -> None:
    """Draw how far coupling moves the growth of a deviation from the pole radius."""
    rates = np.log(np.where(growth > 0, growth, np.nan)) - np.log(radii)[:, None, None, None]
    known = np.ma.masked_invalid(rates)
    colours = cm.batlow(np.linspace(0.0, 0.8, len(gains)))
    places = np.arange(len(radii))
    for number, gain in enumerate(gains):
        values = known[:, :, :, number]
        look = {"color": colours[number], "ls": LINE_STYLES[number % len(LINE_STYLES)]}
        marker = MARKERS[number % len(MARKERS)]
        middle = np.ma.mean(values, axis=(0, 2, 3)).filled(np.nan)
        axes.plot(places, middle, marker=marker, ms=3, label=f"{gain:g}", **look)
        ends = (
            function(values, axis=(0, 2, 3)).filled(np.nan) for function in (np.ma.min, np.ma.max)
        )
        axes.fill_between(places, *ends, color=look["color"], alpha=0.12, lw=0)
    axes.axhline(0, color="0.3", lw=0.5)
    axes.set_xticks(places, [f"{r:g}" for r in radii], rotation=60, fontsize=7)
    axes.set(xlabel="pole radius $r$", ylabel=r"$\lambda_1 - \ln r$ (1/step)")
    axes.set_title("d  what coupling adds to growth, and its range", loc="left")
    axes.legend(title="gain", fontsize=7, title_fontsize=7)
