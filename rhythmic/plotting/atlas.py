"""The atlas of the node with two weights: regimes, frequency, decay, gain, and simulation.

Also where a simulated atlas differs from theory, and the strip in which it may.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from cmcrameri import cm
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from scipy.ndimage import distance_transform_edt

from rhythmic.plotting.style import OKABE_ITO
from rhythmic.rhythms.bands import Band
from rhythmic.theory.roots import SecondOrderRegime
from rhythmic.typing import Float, Int


def log_levels(values: np.ndarray) -> list[float]:
    """Choose levels at 1, 2, 5 times powers of ten, at most six."""
    known = values[np.isfinite(values)]
    if not known.size:
        return []
    low, high = np.quantile(known, [0.02, 0.98])
    subs = (1, 2, 5) if high < 200 * low else (1,)
    ticks = LogLocator(subs=subs, numticks=50).tick_values(low, high)
    inside = [float(x) for x in ticks if low <= x <= high]
    return inside[:: -(-len(inside) // 6) or 1]


def _label_places(axes: Axes, lines: Sequence[np.ndarray]) -> list[tuple[float, float]]:
    """Choose where each line bears its label: far from the frame, other lines and other labels."""
    low, high = np.transpose([axes.get_xlim(), axes.get_ylim()])
    wide = np.array([0.6, 1.4])  # a label is wider than it is high
    scaled = [(points[:: -(-len(points) // 60) or 1] - low) / (high - low) for points in lines]
    chosen: list[np.ndarray] = []
    for number, points in enumerate(scaled):
        others = [x for place, x in enumerate(scaled) if place != number] + chosen
        if not len(points):
            continue
        room = 0.7 * np.minimum(points, 1 - points).min(1)
        for other in others:
            apart = (points[:, None] - np.atleast_2d(other)) * wide
            room = np.minimum(room, np.hypot(*apart.T).T.min(1, initial=np.inf))
        if room.max() > 0.035:
            chosen.append(points[np.argmax(room)])
    return [(float(x), float(y)) for x, y in low + np.reshape(chosen, (-1, 2)) * (high - low)]


EMPTY = "0.93"
MOST_LINES = 400  # points along an axis that contour lines are drawn through

_CODE = SecondOrderRegime
# Neighbours in the order of the codes; edges take the colour of their inside.
_KINDS = (
    _CODE.DISAPPEARS,
    _CODE.EXPLODES,
    _CODE.FLICKERS_AND_DISAPPEARS,
    _CODE.FLICKERS_AND_EXPLODES,
    _CODE.OSCILLATES_AND_DISAPPEARS,
    _CODE.OSCILLATES_AND_EXPLODES,
)
_INSIDE = {
    _CODE.GONE: _CODE.DISAPPEARS,
    _CODE.EQUILIBRIUM: _CODE.DISAPPEARS,
    _CODE.FLICKERS: _CODE.FLICKERS_AND_DISAPPEARS,
    _CODE.OSCILLATES: _CODE.OSCILLATES_AND_DISAPPEARS,
}


def regime_name(regime: SecondOrderRegime) -> str:
    """Return the name of a regime in words, such as "oscillates and disappears", on two lines."""
    return regime.name.lower().replace("_and_", "\nand ").replace("_", " ")


@dataclass(frozen=True)
class Window:
    """A part of the plane and what is known of its points, arrays of shape (w1, w2)."""

    w1: Float[np.ndarray, " w1"]
    w2: Float[np.ndarray, " w2"]
    arrays: Mapping[str, np.ndarray]

    def image(self, axes: Axes, values: np.ndarray, **style: Any) -> Any:
        """Draw an array as an image, with the edges of the plane's parts on top."""
        steps = [(x[-1] - x[0]) / max(len(x) - 1, 1) / 2 for x in (self.w1, self.w2)]
        ends = [(x[0] - s, x[-1] + s) for x, s in zip((self.w1, self.w2), steps, strict=True)]
        placed: dict[str, Any] = {"origin": "lower", "aspect": "auto", "rasterized": True}
        extent = (*ends[0], *ends[1])
        drawn = axes.imshow(values.T, extent=extent, interpolation="nearest", **placed, **style)
        axes.set(xlabel="$w_1$", ylabel="$w_2$")
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
        return drawn

    def edges(self, axes: Axes) -> None:
        """Draw the stability triangle and the parabola, as far as they lie in the window."""
        limits = axes.get_xlim(), axes.get_ylim()
        axes.plot([-2, 2, 0, -2], [-1, -1, 1, -1], color="k", lw=0.9)
        across = np.linspace(*limits[0], 500)
        axes.plot(across, -(across**2) / 4, color="k", lw=0.9, ls="--")
        axes.set(xlim=limits[0], ylim=limits[1])

    def lines(
        self, axes: Axes, values: np.ndarray, levels: Sequence[float], unit: str, **style: Any
    ) -> None:
        """Draw labelled lines of equal value; none where the levels are not reached."""
        every = [slice(None, None, -(-len(x) // MOST_LINES)) for x in (self.w1, self.w2)]
        thinned = np.ma.masked_invalid(values[every[0], every[1]].T)
        found = [x for x in levels if thinned.count() and thinned.min() < x < thinned.max()]
        if not found:
            return
        style = {"colors": "k", "linewidths": 0.5, **style}
        drawn: Any = axes.contour(self.w1[every[0]], self.w2[every[1]], thinned, found, **style)
        places = _label_places(axes, [np.asarray(path.vertices) for path in drawn.get_paths()])
        if places:
            text: dict[str, Any] = {"fmt": lambda value: f"{value:g} {unit}".strip(), "fontsize": 6}
            axes.clabel(drawn, manual=places, inline_spacing=2, **text)


def regime_panel(axes: Axes, window: Window) -> None:
    """Draw the regimes, each with its name where it is widest."""
    kinds = list(_KINDS)
    place = np.full(int(max(_CODE)) + 1, -1)
    place[kinds] = range(len(kinds))
    for edge, inside in _INSIDE.items():
        place[edge] = place[inside]
    shown = place[window.arrays["regime"]]
    tones = (0.75, 0.5, 0.25)
    colours = [
        (*(np.array(cm.batlow(tone)[:3]) * share + 1 - share), 1.0)
        for tone in tones
        for share in (0.75, 0.3)
    ]
    norm = BoundaryNorm(np.arange(len(kinds) + 1) - 0.5, len(kinds))
    window.image(axes, shown, cmap=ListedColormap(colours), norm=norm)
    for number, kind in enumerate(kinds):
        # Distance to the nearest other regime, in fractions of the window; names are wide.
        mask = np.pad(shown == number, 1)
        shares = [0.5 / shown.shape[0], 1 / shown.shape[1]]
        depth = distance_transform_edt(mask, sampling=shares)[1:-1, 1:-1]
        if depth.max() < 0.02:
            continue
        at = np.unravel_index(np.argmax(depth), depth.shape)
        centre = window.w1[at[0]], window.w2[at[1]]
        style: dict[str, Any] = {"size": 6.5, "ha": "center", "va": "center"}
        if depth.max() > 0.05:
            axes.text(*centre, regime_name(kind), **style)
        else:  # too narrow for its name
            line = {"arrowstyle": "-", "color": "0.3", "lw": 0.5, "shrinkA": 0, "shrinkB": 0}
            axes.annotate(
                *(regime_name(kind), centre, (28, 26)),
                **({"textcoords": "offset points", "arrowprops": line} | style),
            )
    window.edges(axes)


def _bands_panel(figure: Figure, axes: Axes, window: Window, bands: Sequence[Band]) -> None:
    """Draw where stable nodes oscillate, per band; bands without a range are left out."""
    ranged = [band for band in bands if np.isfinite(band.high)]
    axes.set_facecolor(EMPTY)
    frequency = np.where(window.arrays["decay_time"] > 0, window.arrays["frequency"], np.nan)
    shown = np.full(frequency.shape, np.nan)
    for number, band in enumerate(ranged):
        shown[(frequency >= band.low) & (frequency < band.high)] = number
    colours = ListedColormap(cm.batlow(np.linspace(0.05, 0.95, max(len(ranged), 2))))
    norm = BoundaryNorm(np.arange(colours.N + 1) - 0.5, colours.N)
    drawn = window.image(axes, shown, cmap=colours, norm=norm)
    names = [f"{band.name}\n{band.low:g} to {band.high:g} Hz" for band in ranged]
    bar = figure.colorbar(drawn, ax=axes)
    bar.set_ticks(range(len(names)), labels=names, fontsize=6)
    bar.ax.tick_params(length=0)
    bar.ax.yaxis.set_minor_locator(NullLocator())
    window.edges(axes)


def _frequency_panel(figure: Figure, axes: Axes, window: Window) -> None:
    """Draw the frequency of the nodes that oscillate, with lines of equal frequency in Hz."""
    values = window.arrays["frequency"]
    axes.set_facecolor(EMPTY)
    drawn = window.image(axes, values, cmap=cm.batlow)
    figure.colorbar(drawn, ax=axes, label="frequency (Hz)")
    if np.any(np.isfinite(values)):
        levels = MaxNLocator(7).tick_values(np.nanmin(values), np.nanmax(values))
        window.lines(axes, values, levels, "Hz", colors="w")
    window.edges(axes)


def _decay_panel(figure: Figure, axes: Axes, window: Window) -> None:
    """Draw the decay time, and outside the triangle lines of equal time of e-fold growth."""
    time = window.arrays["decay_time"]
    decays = np.where((time > 0) & np.isfinite(time), time, np.nan)
    grows = np.where((time < 0) & np.isfinite(time), -time, np.nan)
    axes.set_facecolor(EMPTY)
    _log_panel(figure, axes, window, decays, "decay time (s)", "s")
    window.lines(axes, grows, log_levels(grows), "s", colors="0.35", linestyles=":")
    window.edges(axes)


def _gain_panel(figure: Figure, axes: Axes, window: Window) -> None:
    """Draw the largest gain of a sinusoidal drive, inside the triangle."""
    gain = window.arrays["amplification"]
    gain = np.where(np.isfinite(gain), gain, np.nan)
    axes.set_facecolor(EMPTY)
    _log_panel(figure, axes, window, gain, "amplification, largest gain", "")
    window.edges(axes)


def _overflow_panel(figure: Figure, axes: Axes, window: Window) -> None:
    """Draw after how many steps the simulated nodes passed the overflow threshold."""
    step = window.arrays["overflow_step"]
    axes.set_facecolor(EMPTY)
    shown = np.where(step > 0, step, np.nan)
    _log_panel(figure, axes, window, shown, "simulated: steps to overflow", "")
    window.edges(axes)


def _log_panel(
    figure: Figure, axes: Axes, window: Window, values: np.ndarray, label: str, unit: str
) -> None:
    """Draw positive values on a logarithmic colour scale, with labelled lines."""
    if not np.any(np.isfinite(values)):
        window.image(axes, values)
        return
    low, high = np.nanquantile(values, [0.002, 0.998])
    norm = LogNorm(low, max(high, 1.01 * low))
    drawn = window.image(axes, values, cmap=cm.batlow, norm=norm)
    bar = figure.colorbar(drawn, ax=axes, label=label)
    if high < 30 * low:
        bar.ax.yaxis.set_minor_locator(NullLocator())
        ticks = LogLocator(subs=(1, 2, 5)).tick_values(low, high)
        bar.set_ticks([x for x in ticks if low <= x <= high])
        bar.ax.yaxis.set_major_formatter("{x:g}")
    window.lines(axes, values, log_levels(values), unit, colors="w")


def atlas_figure(window: Window, bands: Sequence[Band], sample_rate: float) -> Figure:
    """Draw the six maps of a part of the plane.

    Args:
        window: with ``regime``, ``frequency`` (Hz), ``decay_time`` (s), ``amplification`` in
            closed form and ``overflow_step`` as simulated.
        bands: drawn over the plane where they have a range.
        sample_rate: of the node in Hz.
    """
    figure = Figure(figsize=(7.0, 6.6))
    panels = figure.subplots(3, 2, sharex=True, sharey=True)
    regime_panel(panels[0, 0], window)
    _bands_panel(figure, panels[0, 1], window, bands)
    _frequency_panel(figure, panels[1, 0], window)
    _decay_panel(figure, panels[1, 1], window)
    _gain_panel(figure, panels[2, 0], window)
    _overflow_panel(figure, panels[2, 1], window)
    titles = ("regime", f"brain bands at {sample_rate:g} samples/s", "frequency", "decay time")
    for axes, title in zip(panels.flat, (*titles, "amplification", "overflow"), strict=True):
        axes.set_title(title, loc="left")
        axes.label_outer()
    handles = [
        Line2D([], [], color="k", lw=0.9, label="stability triangle"),
        Line2D([], [], color="k", lw=0.9, ls="--", label="parabola $w_1^2 + 4 w_2 = 0$"),
        Line2D([], [], color="0.35", lw=0.8, ls=":", label="time of e-fold growth"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=7)
    return figure


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
