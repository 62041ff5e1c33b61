"""Which models make a rhythm on their own: traces, frequencies within reach, networks by size."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from cmcrameri import cm
from matplotlib.figure import Figure

from rhythmic.network_rhythms import probability_all_real
from rhythmic.typing import Bool, Float

MOST_DRAWN = 150


class ModelRow(NamedTuple):
    """One model of ``reach_figure``.

    Attributes:
        label: its name.
        trace: one of its nodes, from the start on.
        sustained: frequencies in Hz of rhythms that last.
        passing: frequencies in Hz of rhythms that fade or grow.
    """

    label: str
    trace: Float[np.ndarray, " time"]
    sustained: Float[np.ndarray, " rhythm"]
    passing: Float[np.ndarray, " rhythm"]


def reach_figure(rows: Sequence[ModelRow], sample_rate: float) -> Figure:
    """Draw one line per model: a trace on the left, the frequencies it reached on the right.

    Args:
        rows: the models, from top to bottom. Of very many rhythms some 150 are drawn.
        sample_rate: steps per second, Hz.
    """
    figure = Figure(figsize=(7.0, 0.37 * len(rows) + 0.6))
    grid = figure.subplots(len(rows), 2, sharex="col", width_ratios=(1.0, 1.4), squeeze=False)
    for (left, right), row in zip(grid, rows, strict=True):
        times = 1000 * np.arange(len(row.trace)) / sample_rate
        centred = row.trace - (np.nanmax(row.trace) + np.nanmin(row.trace)) / 2
        size = np.nanmax(np.abs(centred))
        left.plot(times, centred / size if size > 0 else centred, ".-", color="k", ms=2, lw=0.6)
        left.set_ylim(-1.3, 1.3)
        left.set_ylabel(row.label, rotation=0, ha="right", va="center")
        for values, height, colour in ((row.passing, -0.4, "#0096D6"), (row.sustained, 0.4, "k")):
            distinct = np.unique(np.round(values, 1))
            places = np.linspace(0, len(distinct) - 1, min(len(distinct), MOST_DRAWN))
            drawn = distinct[places.astype(int)]
            heights = np.full(len(drawn), height)
            right.scatter(drawn, heights, marker="|", color=colour, s=40, linewidths=0.6)
        if not len(row.sustained) + len(row.passing):
            right.text(0.5, 0.5, "none", transform=right.transAxes, ha="center", va="center")
        right.set(ylim=(-1, 1), xlim=(0, 0.52 * sample_rate))
        for axes in (left, right):
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            axes.spines["bottom"].set_color("0.8")
            axes.tick_params(axis="x", length=0)
    for axes in grid[-1]:
        axes.spines["bottom"].set_color("k")
        axes.tick_params(axis="x", length=3)
    grid[0, 0].set_title("one node, from the start (scaled)", loc="left")
    grid[0, 1].set_title("rhythms found (black lasts; blue fades or grows)", loc="left")
    grid[-1, 0].set_xlabel("time (ms)")
    grid[-1, 1].set_xlabel("frequency (Hz)")
    return figure


def network_figure(
    sizes: Sequence[int],
    complex_leading: Bool[np.ndarray, "size network"],
    predicted: Float[np.ndarray, "size network"],
    measured: Mapping[str, Float[np.ndarray, "size network"]],
    rotation_predicted: Float[np.ndarray, " frequency"],
    rotation_measured: Mapping[float, Float[np.ndarray, " frequency"]],
) -> Figure:
    """Draw the prediction of eigenvalues for recurrent networks, and their behaviour.

    Left: fraction of random networks whose leading eigenvalue is complex, with 95 % normal
    intervals. Middle: measured frequency against the angle of the leading eigenvalue. Right: by
    how much two tanh nodes that turn miss it.

    Args:
        sizes: numbers of nodes.
        complex_leading: whether a network's leading eigenvalue is one of a complex pair.
        predicted: frequency of that eigenvalue in Hz.
        measured: frequencies in Hz, NaN where there is no rhythm, of two models by name; the
            second is drawn on top.
        rotation_predicted: of the eigenvalues of two nodes, in Hz.
        rotation_measured: in Hz, by the modulus of the eigenvalues.
    """
    figure = Figure(figsize=(7.0, 2.5))
    shares, networks, turning = figure.subplots(1, 3)
    share = complex_leading.mean(axis=1)
    error = 1.96 * np.sqrt(share * (1 - share) / complex_leading.shape[1])
    shares.errorbar(sizes, share, error, fmt="o-", color="k", ms=3, capsize=2)
    of_two = 1 - probability_all_real(2)  # of two nodes the only pair leads
    shares.plot(2, of_two, "x", color="#D55E00", ms=7, zorder=3)
    shares.annotate(r"$1-1/\sqrt{2}$", (2, of_two), (8, -12), textcoords="offset points")
    shares.set_xscale("log", base=2)
    shares.xaxis.set_major_formatter("{x:.0f}")
    shares.set(ylim=(0, 1), xlabel="number of nodes")
    shares.set_ylabel("share with a complex\nleading eigenvalue")
    # The last one, on top, is the one that lies on the line.
    styles = (("+", "#0072B2", 2.0, 0.35), (".", "#E69F00", 1.5, 1.0))
    for (label, values), (marker, colour, size, alpha) in zip(
        measured.items(), styles, strict=True
    ):
        look = {"ls": "", "marker": marker, "color": colour, "ms": size, "alpha": alpha}
        networks.plot(predicted.ravel(), values.ravel(), mew=0.5, **look, rasterized=True)
        networks.plot([], [], ls="", marker=marker, color=colour, label=label, ms=4)
    colours = cm.batlow(np.linspace(0.0, 0.75, len(rotation_measured)))
    dashes = ("-", "--", ":")
    for (modulus, values), colour, dash in zip(
        rotation_measured.items(), colours, dashes, strict=False
    ):
        label = f"modulus {modulus:g}"
        turning.plot(
            rotation_predicted, values - rotation_predicted, dash, color=colour, label=label
        )
    highest = float(np.nanmax(rotation_predicted))
    networks.plot([0, highest], [0, highest], color="0.8", lw=3, zorder=0)
    networks.set(ylim=(0, 1.3 * highest), ylabel="measured (Hz)")
    networks.set_title("random networks", loc="left")
    low, high = turning.get_ylim()
    turning.set(ylim=(low, high + 0.5 * (high - low)), ylabel="measured minus angle (Hz)")
    turning.set_title("two tanh nodes that turn", loc="left")
    for axes in (networks, turning):
        axes.set_xlabel("angle of eigenvalue (Hz)")
        axes.legend(loc="upper left", borderpad=0, handlelength=1.8)
    return figure
