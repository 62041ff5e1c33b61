"""How far back a state depends on its past: maps over pairs of times, curves against the lag."""

from collections.abc import Mapping

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from rhythmic.plotting.style import LINE_STYLES
from rhythmic.typing import Float


def sensitivity_map(
    axes: Axes, norms: Float[np.ndarray, "time source"], limits: tuple[float, float]
) -> AxesImage:
    """Draw the size of d h_t / d I_s as a colour on a logarithmic scale, blank where it is zero.

    Args:
        axes: where to draw.
        norms: largest singular values; the later time is the first axis. Steps count from 1.
        limits: decimal logarithms of the sizes at both ends of the colour scale.

    Returns:
        The image, for a colour bar.
    """
    with np.errstate(divide="ignore"):
        sizes = np.log10(np.where(norms > 0, norms, np.nan))
    edges = (0.5, norms.shape[1] + 0.5, 0.5, norms.shape[0] + 0.5)
    image = axes.imshow(
        sizes, cmap=cm.batlow, origin="lower", extent=edges, vmin=limits[0], vmax=limits[1]
    )
    axes.set(xlabel="time of input $s$ (steps)", ylabel="time of state $t$ (steps)")
    return image


def lag_panel(
    axes: Axes,
    measured: Mapping[str, Float[np.ndarray, " lag"]],
    predicted: Mapping[str, Float[np.ndarray, " lag"]],
    rates: Mapping[str, float] | None = None,
    limits: tuple[float, float] = (1e-12, 1e12),
) -> None:
    """Draw sizes of gradients against the lag: measured as lines, predicted as dots.

    Args:
        axes: where to draw.
        measured: sizes by the name of the curve, lag 0 first.
        predicted: the same by theory, for some of the curves.
        rates: factor a lag by the name of the curve, drawn as a thin line rate^lag that looks like
            its curve; curves of one rate share the line of the first of them.
        limits: ends of the axis, if a curve goes beyond them.
    """
    colours = cm.batlow(np.linspace(0.0, 0.8, max(2, len(measured))))
    drawn: list[float] = []
    for position, (name, sizes) in enumerate(measured.items()):
        colour, style = colours[position], LINE_STYLES[position % len(LINE_STYLES)]
        axes.semilogy(sizes, color=colour, ls=style, lw=1.1, label=name)
        if rates and name in rates and rates[name] not in drawn:
            powers = rates[name] ** np.arange(len(sizes))
            axes.semilogy(powers, color=colour, ls=style, lw=0.6, zorder=0)
            drawn.append(rates[name])
        if name in predicted:
            lags = np.arange(position, len(predicted[name]), max(1, len(predicted[name]) // 12))
            axes.semilogy(lags, predicted[name][lags], "o", ms=2.6, mfc="none", color=colour)
    bottom, top = axes.get_ylim()
    axes.set(ylim=(max(bottom, limits[0]), min(top, limits[1])), xlabel="lag (steps)")
