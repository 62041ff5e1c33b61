"""Figures of golden rhythms: which nodes respond to which gain frequency, and how selectively.

Learned weights between slow and faster nodes: the mean matrix, and its two blocks by network.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from rhythmic.plotting.features import label_nodes
from rhythmic.plotting.style import OKABE_ITO
from rhythmic.stability.coupling import BlockComparison, SignFlipTest
from rhythmic.typing import Bool, Float

GOLD, GREY, BLUE, RED = "#E69F00", "0.6", "#0072B2", "#D55E00"
_MARKERS = ("*", "s", "D", "^", "v", "P", "X")


def response_figure(
    gain_frequency: Float[np.ndarray, " gain"],
    response: Float[np.ndarray, "hidden gain"],
    constant: Float[np.ndarray, " hidden"],
    frequencies: Float[np.ndarray, " hidden"],
    driver: int,
    *,
    shown_gain: float,
) -> Figure:
    """Draw every node's response against the gain frequency, above its own minimum.

    Triangles mark where the gain frequency is the sum (up) or the difference (down) of the driver's
    and the node's frequency; the dotted line is the response to the constant gain.

    Args:
        gain_frequency: f_S in Hz.
        response: mean amplitudes.
        constant: mean amplitudes under the constant gain alone.
        frequencies: of the nodes, in Hz.
        driver: index of the driver.
        shown_gain: gain frequency in Hz that a line marks in every panel.
    """
    rows = (len(frequencies) + 1) // 2
    figure = Figure(figsize=(7.0, 0.4 + 1.2 * rows))
    panels = figure.subplots(rows, 2, sharex=True, squeeze=False).T.ravel()
    curves = np.log10(response / response.min(1, keepdims=True))
    levels = np.log10(constant / response.min(1))
    for node, axes in enumerate(panels[: len(frequencies)]):
        axes.axvline(shown_gain, color=GOLD, lw=2.5, alpha=0.45)
        axes.axhline(levels[node], color="0.3", lw=0.6, ls=":")
        axes.plot(gain_frequency, curves[node], color="k", lw=0.7)
        top = max(1.0, 1.28 * curves[node].max())
        _mark_targets(axes, frequencies[driver], frequencies[node], node == driver, 0.93 * top)
        axes.set_ylim(-0.05 * top, top)
        name = "driver" if node == driver else "node"
        axes.set_title(f"{name} {frequencies[node]:.1f} Hz", loc="left", pad=2)
        axes.set_xlim(0, gain_frequency.max() + 1)
    for axes in panels[rows - 1 :: rows]:
        axes.set_xlabel(r"gain frequency $f_S$ (Hz)")
    figure.supylabel(r"$\log_{10}$ (mean amplitude / its minimum)", size=8)
    handles = [
        Line2D([], [], color=BLUE, marker="^", ls="", label="sum of driver and node"),
        Line2D([], [], color=RED, marker="v", ls="", label="difference"),
        Line2D([], [], color="0.3", ls=":", lw=0.8, label="constant gain"),
        Line2D([], [], color=GOLD, lw=2.5, alpha=0.45, label=rf"$f_S$ = {shown_gain:.1f} Hz"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure


def _mark_targets(axes: Axes, driver: float, node: float, is_driver: bool, height: float) -> None:
    if is_driver:
        return
    axes.plot([driver + node], [height], "^", color=BLUE, ms=4.5)
    axes.plot([abs(driver - node)], [height], "v", color=RED, ms=4.5)


def sweep_figure(
    names: Sequence[str],
    gain_frequency: Float[np.ndarray, " gain"],
    relative: Float[np.ndarray, "ladder hidden gain"],
    frequencies: Float[np.ndarray, "ladder hidden"],
    driver: int,
) -> Figure:
    """Draw log10 of every node's response by gain frequency, one panel per ladder.

    Triangles on the gain axis mark the ladder's own rungs, the filled one at the driver's.

    Args:
        names: of the ladders.
        gain_frequency: f_S in Hz, in equal steps.
        relative: mean amplitudes over those under the constant gain alone.
        frequencies: rungs in Hz.
        driver: index of the driver.
    """
    figure = Figure(figsize=(7.0, 0.7 + 1.15 * len(names)))
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    half = (gain_frequency[1] - gain_frequency[0]) / 2
    low, high = gain_frequency[0] - half, gain_frequency[-1] + half
    for place, axes in enumerate(panels):
        size = len(frequencies[place])
        image = axes.imshow(
            np.log10(relative[place]),
            extent=(low, high, -0.5, size - 0.5),
            vmin=0,
            vmax=1.5,
            cmap=cm.batlow_r,
            origin="lower",
            aspect="auto",
            interpolation="nearest",
        )
        for node, rung in enumerate(frequencies[place]):
            if low <= rung <= high:
                face = "k" if node == driver else "w"
                axes.plot([rung], [-0.5], "^", mfc=face, mec="k", mew=0.7, ms=5, clip_on=False)
        ticks = range(0, size, 2)
        texts = [f"{f:.{1 if f < 10 else 0}f}" for f in frequencies[place][::2]]
        axes.set_yticks(ticks, texts, fontsize=6.5)
        axes.set_title(names[place], loc="left", pad=2)
        axes.tick_params(axis="x", pad=5)
        axes.spines[:].set_visible(False)
    panels[-1].set_xlabel(r"gain frequency $f_S$ (Hz); triangles: rungs, filled: driver")
    figure.supylabel("node (Hz)", size=8)
    bar = figure.colorbar(image, ax=list(panels), shrink=0.6, extend="both", aspect=35)
    bar.set_label("response / response to constant gain")
    bar.set_ticks([0, 0.5, 1, 1.5], labels=["1", "3", "10", "32"])
    return figure


def routing_figure(
    names: Sequence[str],
    frequencies: Float[np.ndarray, "ladder hidden"],
    relative: Float[np.ndarray, "ladder rung hidden"],
    answering: Bool[np.ndarray, "ladder rung hidden"],
    expected: Bool[np.ndarray, "ladder rung hidden"],
) -> Figure:
    """Draw which nodes of each ladder respond to a gain at each of its rungs.

    Args:
        names: of the ladders.
        frequencies: rungs in Hz.
        relative: largest response around the rung, over that to the constant gain.
        answering: true where the node responds; a dot.
        expected: true where rung is the sum or difference of driver and node; a square.
    """
    figure = Figure(figsize=(7.0, 2.0))
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for place, axes in enumerate(panels):
        image = axes.imshow(
            np.log10(np.maximum(relative[place], 1.0)),
            vmin=0,
            vmax=1.5,
            cmap=cm.batlow_r,
            origin="lower",
        )
        rows, columns = np.nonzero(expected[place])
        axes.plot(columns, rows, "s", mfc="none", mec="k", ms=7, mew=0.8)
        rows, columns = np.nonzero(answering[place])
        axes.plot(columns, rows, "o", color="w", mec="k", mew=0.5, ms=3)
        axes.set_title(names[place])
        ticks = range(0, len(frequencies[place]), 2)
        texts = [f"{frequencies[place][k]:{'.1f' if k < 4 else '.0f'}}" for k in ticks]
        axes.set_xticks(ticks, texts, rotation=60, fontsize=6.5)
        axes.set_yticks(ticks, texts, fontsize=6.5)
        axes.tick_params(length=2)
        axes.spines[:].set_visible(False)
    panels[0].set_ylabel("gain at rung (Hz)")
    panels[len(names) // 2].set_xlabel("node (Hz); square: sum or difference, dot: answers")
    bar = figure.colorbar(image, ax=list(panels), shrink=0.9, extend="max")
    bar.set_label("response / constant gain", size=7)
    bar.set_ticks([0, 0.5, 1, 1.5], labels=["1", "3", "10", "32"])
    return figure


def selectivity_figure(
    named: Mapping[str, tuple[float, float, bool]],
    ratios: Float[np.ndarray, " ladder"],
    of_ratios: Float[np.ndarray, " ladder"],
    stable: Bool[np.ndarray, " ladder"],
    of_rungs: Float[np.ndarray, " ladder"],
) -> Figure:
    """Draw the selectivity of ladders against their ratio, and that of ladders of random rungs.

    Args:
        named: ratio, selectivity and stability under constant gain of the ladders with a name.
        ratios: of the random geometric ladders.
        of_ratios: their selectivity.
        stable: whether they come to rest under the constant gain.
        of_rungs: selectivity of the ladders of random rungs.
    """
    figure = Figure(figsize=(7.0, 2.8))
    left, right = figure.subplots(1, 2, width_ratios=[1.7, 1], sharey=True)
    left.plot(ratios[stable], of_ratios[stable], ".", color=GREY, label="random ratio")
    left.plot(
        ratios[~stable], of_ratios[~stable], "x", color=GREY, ms=3.5, mew=0.7, label="unstable one"
    )
    colours = (GOLD, *cm.batlow(np.linspace(0.05, 0.75, max(1, len(named) - 1))))
    for (name, (ratio, value, steady)), colour, marker in zip(
        named.items(), colours, _MARKERS, strict=False
    ):
        size = 11 if marker == "*" else 6
        label = name if steady else f"{name} (unstable)"
        left.plot([ratio], [value], marker, color=colour, ms=size, mec="k", mew=0.5, label=label)
    left.set_xscale("log")
    left.set_xticks([1.2, 1.5, 2, 2.5, 3], labels=["1.2", "1.5", "2", "2.5", "3"])
    left.minorticks_off()
    left.set(xlabel="ratio of neighbouring rungs", ylabel="selectivity", ylim=(-0.04, 1.08))
    left.legend(fontsize=6.5, ncols=2, loc="upper right")
    bins = np.linspace(0, 1, 15)
    right.hist(of_rungs, bins=bins.tolist(), orientation="horizontal", color=GREY)
    for (name, (_, value, steady)), colour in zip(named.items(), colours, strict=False):
        if steady:
            right.axhline(value, color=colour, lw=2 if name == next(iter(named)) else 1)
    right.set_xlabel("ladders of random rungs")
    return figure


FORWARD, REVERSE = OKABE_ITO["blue"], OKABE_ITO["orange"]


def coupling_figure(
    frequencies: Float[np.ndarray, " node"],
    slow: Bool[np.ndarray, " node"],
    faster: Bool[np.ndarray, " node"],
    weights: Mapping[str, Float[np.ndarray, "network post pre"]],
    comparisons: Mapping[str, BlockComparison],
) -> Figure:
    """Draw mean learned weights with both blocks outlined, and the blocks of every network.

    Args:
        frequencies: of the nodes, Hz.
        slow: which nodes are slow.
        faster: which nodes are the faster ones.
        weights: of trained networks, by what they are.
        comparisons: of the blocks, by what they are; the same names and others, such as the start.
    """
    figure = Figure(figsize=(7.0, 5.0))
    top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=(1.5, 1.0))[:, 0]
    panels = top.subplots(1, len(weights), squeeze=False)[0]
    limit = max(np.abs(values.mean(axis=0)).max() for values in weights.values())
    for axes, (name, values) in zip(panels, weights.items(), strict=True):
        image = _matrix_panel(axes, values.mean(axis=0), limit, frequencies)
        axes.set_title(f"mean $W$: {name}", loc="left")
        _outline(axes, slow, faster, FORWARD)
        _outline(axes, faster, slow, REVERSE)
    top.colorbar(image, ax=list(panels), label="weight", shrink=0.8)
    rows = bottom.subplots(1, len(comparisons), squeeze=False, sharey=True)[0]
    for axes, (name, comparison) in zip(rows, comparisons.items(), strict=True):
        _block_panel(axes, comparison)
        axes.set_title(name, loc="left")
    rows[0].set_ylabel("mean weight of a block")
    return figure


def _matrix_panel(
    axes: Axes,
    mean: Float[np.ndarray, "post pre"],
    limit: float,
    frequencies: Float[np.ndarray, " node"],
) -> AxesImage:
    """Draw a weight matrix, rows receiving from columns."""
    image = axes.imshow(mean, vmin=-limit, vmax=limit, cmap=cm.vik, origin="lower")
    axes.set(xlabel="from node (Hz)", ylabel="to node (Hz)")
    label_nodes(axes.xaxis, list(frequencies))
    label_nodes(axes.yaxis, list(frequencies))
    axes.spines[:].set_visible(False)
    return image


def _outline(
    axes: Axes, pre: Bool[np.ndarray, " node"], post: Bool[np.ndarray, " node"], colour: str
) -> None:
    """Draw a frame around the block from one group of neighbours to another."""
    (left, right), (low, high) = (np.flatnonzero(group)[[0, -1]] for group in (pre, post))
    size = right - left + 1, high - low + 1
    corner = left - 0.5, low - 0.5
    axes.add_patch(Rectangle(corner, *size, fill=False, ec="w", lw=3.2, clip_on=False))
    axes.add_patch(Rectangle(corner, *size, fill=False, ec=colour, lw=1.8, clip_on=False))


def _block_panel(axes: Axes, comparison: BlockComparison) -> None:
    """Draw the two block means of every network, joined, with their means and the tests."""
    forward, reverse = comparison.forward, comparison.reverse
    width = 0.5 if len(forward) <= 20 else 0.2
    axes.plot([0, 1], [forward, reverse], color="0.75", lw=width, zorder=0)
    for place, values, colour in ((0, forward, FORWARD), (1, reverse, REVERSE)):
        axes.plot(np.full(len(values), place), values, "o", ms=3, mew=0, color=colour, alpha=0.7)
        axes.plot([place - 0.2, place + 0.2], [values.mean()] * 2, color="k", lw=1.6)
    axes.axhline(0, color="0.7", lw=0.6, zorder=0)
    axes.set_xlim(-0.5, 1.5)
    axes.set_xticks([0, 1], ["slow to\nfaster", "faster\nto slow"])
    axes.set_xlabel(_significance(comparison), fontsize=6.5)


def _significance(comparison: BlockComparison) -> str:
    """Write the number of networks, the difference and both p-values."""
    if len(comparison.forward) < 2:
        return "n = 1: no test"
    flips, statistic = comparison.sign_flips, comparison.t_statistic
    return (
        f"n = {len(comparison.forward)}, difference {comparison.difference:+.3f}\n"
        f"t({comparison.t_degrees}) = {statistic:.2f}, p = {comparison.t_p_value:.2g}\n"
        f"sign flips{'' if flips.exact else ' (drawn)'}: {p_value_text(flips)}"
    )


def p_value_text(test: SignFlipTest) -> str:
    """Write a p-value; as a bound where no drawn pattern reached the data."""
    reached = round(test.p_value * test.num_patterns) > 1
    return f"p {'=' if test.exact or reached else '<'} {test.p_value:.2g}"
