"""Learned weights between slow and faster nodes: the mean matrix, and its two blocks by network."""

from collections.abc import Mapping

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from rhythmic.plotting.resonance import label_nodes
from rhythmic.plotting.style import OKABE_ITO
from rhythmic.stability.coupling import BlockComparison, SignFlipTest
from rhythmic.typing import Bool, Float

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
        image = matrix_panel(axes, values.mean(axis=0), limit, frequencies)
        axes.set_title(f"mean $W$: {name}", loc="left")
        outline(axes, slow, faster, FORWARD)
        outline(axes, faster, slow, REVERSE)
    top.colorbar(image, ax=list(panels), label="weight", shrink=0.8)
    rows = bottom.subplots(1, len(comparisons), squeeze=False, sharey=True)[0]
    for axes, (name, comparison) in zip(rows, comparisons.items(), strict=True):
        block_panel(axes, comparison)
        axes.set_title(name, loc="left")
    rows[0].set_ylabel("mean weight of a block")
    return figure


def matrix_panel(
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


def outline(
    axes: Axes, pre: Bool[np.ndarray, " node"], post: Bool[np.ndarray, " node"], colour: str
) -> None:
    """Draw a frame around the block from one group of neighbours to another."""
    (left, right), (low, high) = (np.flatnonzero(group)[[0, -1]] for group in (pre, post))
    size = right - left + 1, high - low + 1
    corner = left - 0.5, low - 0.5
    axes.add_patch(Rectangle(corner, *size, fill=False, ec="w", lw=3.2, clip_on=False))
    axes.add_patch(Rectangle(corner, *size, fill=False, ec=colour, lw=1.8, clip_on=False))


def block_panel(axes: Axes, comparison: BlockComparison) -> None:
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
    axes.set_xlabel(significance(comparison), fontsize=6.5)


def significance(comparison: BlockComparison) -> str:
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
