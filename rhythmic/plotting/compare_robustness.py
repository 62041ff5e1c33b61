"""Robustness of compared networks: accuracy against noise, number of digits and order of pixels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from rhythmic.plotting.style import COLOURS, OKABE_ITO, appearance, mark_image_rhythm, mean_points
from rhythmic.theory import ladder
from rhythmic.typing import Float

Curves = Mapping[str, Mapping[str, Float[np.ndarray, "seed point"]]]
CHANCE = 0.1  # of ten digits
ORDER_LABELS = {
    "rows": "by rows",
    "columns": "by columns",
    "permuted": "permuted",
    "row_vectors": "a row a step",
}


def noise_figure(levels: Sequence[float], panels: Curves, titles: Mapping[str, str]) -> Figure:
    """Draw accuracy against the noise of the test digits, a panel for each way of training.

    Args:
        levels: standard deviations in units of the pixel range, rising from 0.
        panels: accuracies (seed, level) of each network, by the title of the panel.
        titles: what networks are called; others by ``appearance``.
    """
    figure, axes = _panels(panels, titles, range(len(levels)))
    for panel in axes:
        # Levels double from one to the next but the first, which is none at all.
        panel.set_xticks(range(len(levels)), [f"{level:g}" for level in levels])
        panel.set_xlabel("noise on test digits (s.d. / pixel range)")
    return figure


def sample_figure(sizes: Sequence[int], panels: Curves, titles: Mapping[str, str]) -> Figure:
    """Draw accuracy against the number of training digits, a panel for each thing held equal.

    Args:
        sizes: numbers of digits, rising.
        panels: accuracies (seed, size) of each network, by the title of the panel.
        titles: what networks are called; others by ``appearance``.
    """
    figure, axes = _panels(panels, titles, sizes)
    for panel in axes:
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(FixedLocator(list(sizes)))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.set_xticks(list(sizes), [f"{size:,}" for size in sizes], rotation=45)
        panel.set_xlabel("training digits")
    return figure


def order_figure(
    accuracies: Mapping[str, Mapping[Any, Sequence[float]]],
    spectra: Sequence[Mapping[str, Any]],
    titles: Mapping[str, str],
) -> Figure:
    """Draw accuracy by order of the pixels, and the power of the pixels in each order.

    Args:
        accuracies: one per seed, by network and order.
        spectra: by ``order``, the mean ``power`` of the pixels at each ``frequency`` in Hz, and the
            ``rhythm_share`` of it that is at the rhythm of the rows and its harmonics.
        titles: what networks are called; others by ``appearance``.
    """
    orders = list(next(iter(accuracies.values())))
    figure = Figure(figsize=(6.8, 3.2))
    left, right = figure.subplots(1, 2, width_ratios=(1.3, 1.0))
    shifts = np.linspace(-0.3, 0.3, len(accuracies)) if len(accuracies) > 1 else [0.0]
    for (name, by_order), shift in zip(accuracies.items(), shifts, strict=True):
        places = np.arange(len(orders)) + shift
        values = [np.asarray(by_order[order], float) for order in orders]
        for place, own in zip(places, values, strict=True):
            left.plot(np.full(len(own), place), own, ".", color="0.75", ms=3, zorder=0)
        _errors(left, places, values, name, titles, line=False)
    without = [f"{ORDER_LABELS.get(order, order)}{_rhythm(order)}" for order in orders]
    left.set_xticks(range(len(orders)), without)
    left.set_ylabel("test accuracy")
    left.axhline(CHANCE, color="0.6", lw=0.8, ls=":")
    _within_range(left)
    _draw_spectra(right, spectra)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _rhythm(order: str) -> str:
    """Write below each order what happens to the row frequency."""
    return "\n35.7 Hz" if order in ("rows", "columns") else "\nno 35.7 Hz"


def _draw_spectra(axes: Axes, spectra: Sequence[Mapping[str, Any]]) -> None:
    """Draw the power of the pixels, the rhythm of the rows and the golden nodes."""
    mark_image_rhythm(axes, 500.0)
    colours = {"rows": "k", "columns": OKABE_ITO["sky blue"], "permuted": OKABE_ITO["vermilion"]}
    for row in spectra:
        order = row["order"]
        name = ORDER_LABELS.get(order, order)
        label = f"{name}: {row['rhythm_share']:.0%} at 35.7 Hz, harmonics"
        colour = colours.get(order, appearance(order).colour)
        axes.loglog(row["frequency"], row["power"], color=colour, lw=0.8, label=label)
    for node in ladder("golden"):
        axes.axvline(node, ymax=0.04, color=COLOURS["rrn-golden"], lw=1.4)
    axes.set(xlabel="frequency (Hz); ticks: golden nodes", ylabel="mean power of the pixels")
    if spectra:
        low, high = axes.get_ylim()
        axes.set_ylim(low / (high / low) ** 0.45, high)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 0.05), fontsize=6.5)


def _panels(
    panels: Curves, titles: Mapping[str, str], x: Sequence[float] | range
) -> tuple[Figure, list[Axes]]:
    """Draw panels of curves with one legend: mean and 95 % interval over seeds."""
    figure = Figure(figsize=(1.0 + 2.9 * len(panels), 3.1))
    axes = list(figure.subplots(1, len(panels), sharey=True, squeeze=False)[0])
    for panel, (title, curves) in zip(axes, panels.items(), strict=True):
        for name, values in curves.items():
            _errors(panel, np.asarray(x, float), list(np.asarray(values).T), name, titles)
        panel.axhline(CHANCE, color="0.6", lw=0.8, ls=":")
        panel.set_title(title, loc="left")
        _within_range(panel)
    axes[0].set_ylabel("test accuracy")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure, axes


def _within_range(axes: Axes) -> None:
    """Keep accuracies within 0 to 1, which intervals of few seeds may leave."""
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 0.0), min(high, 1.0))


def _errors(
    axes: Axes,
    x: Float[np.ndarray, " point"],
    values: Sequence[Float[np.ndarray, " seed"]],
    name: str,
    titles: Mapping[str, str],
    *,
    line: bool = True,
) -> None:
    """Draw means with 95 % intervals over seeds; no interval of a single seed."""
    network = appearance(name)
    look = {"color": network.colour, "marker": network.marker, "ls": "-" if line else "none"}
    label = titles.get(name, network.label)
    mean_points(axes, x, values, ms=4, elinewidth=0.9, capsize=2, label=label, **look)
