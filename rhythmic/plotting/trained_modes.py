"""The modes of trained resonant networks: one-step spectra, participation, and over training.

A trained resonant network on its way through one digit: spectra, products, gradients.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from rhythmic.plotting.features import label_nodes
from rhythmic.plotting.style import OKABE_ITO
from rhythmic.stability.modes import Modes, Participation, modes_of_eigenvalues
from rhythmic.typing import AnyArray, Float

START, TRAINED = "0.55", OKABE_ITO["vermilion"]
LASTING = 1.0  # 1/s: modes that grow or decay by less than this count as lasting
LOWEST = 1.0  # Hz, of axes of frequency; modes without a rhythm lie below


def spectrum_figure(
    fixed: Float[np.ndarray, " node"],
    spectra: dict[str, np.ndarray],
    shown: int,
    participation: Participation,
    dt: float,
) -> Figure:
    """Draw one-step spectra at x = 0, u = 1: in the plane, in Hz and seconds, and by node.

    Args:
        fixed: frequencies of the fixed nodes, Hz.
        spectra: eigenvalues ``fixed`` (1, mode), ``start`` and ``trained`` (network, mode).
        shown: which network is highlighted.
        participation: modes of the shown network after training, with their nodes.
        dt: time step, s.
    """
    figure = Figure(figsize=(7.0, 5.4))
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.0, 1.05))[0]
    plane, seconds = left.subplots(2, 1, height_ratios=(1.15, 1.0))
    _plane_panel(plane, spectra, shown)
    _seconds_panel(seconds, fixed, participation)
    _share_panel(right.subplots(), fixed, participation)
    return figure


def _plane_panel(axes: Axes, spectra: dict[str, np.ndarray], shown: int) -> None:
    """Draw eigenvalues in the complex plane, over the unit circle."""
    circle = np.exp(1j * np.linspace(0, 2 * np.pi, 361))
    axes.plot(circle.real, circle.imag, color="0.8", lw=0.8, zorder=0)
    others = np.delete(spectra["trained"], shown, axis=0).ravel()
    if others.size:
        axes.plot(others.real, others.imag, ".", ms=3, mew=0, color="#F3C6A5", label="other seeds")
    styles: tuple[tuple[str, dict[str, Any]], ...] = (
        ("fixed", {"marker": "o", "mfc": "none", "ms": 4, "color": "k", "mew": 0.7}),
        ("start", {"marker": "x", "ms": 4, "color": START, "mew": 0.9}),
        ("trained", {"marker": "o", "ms": 3.4, "color": TRAINED, "mew": 0}),
    )
    for name, style in styles:
        values = spectra[name][0 if name == "fixed" else shown]
        label = {"fixed": "fixed nodes alone"}.get(name, name)
        axes.plot(values.real, values.imag, ls="", label=label, **style)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xlabel="real part of $\\lambda$", ylabel="imaginary part")
    axes.set_title("one step at $x = 0$, $u = 1$", loc="left", pad=16)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=4,
        fontsize=6.5,
        borderpad=0,
        handletextpad=0.1,
        columnspacing=0.9,
    )


def _seconds_panel(
    axes: Axes, fixed: Float[np.ndarray, " node"], participation: Participation
) -> None:
    """Draw growth against frequency, coloured by the node that a mode belongs to most."""
    modes = participation.modes
    colours = _node_colours(len(fixed))
    axes.axhline(0, color="0.8", lw=0.8, zorder=0)
    for frequency, colour in zip(fixed, colours, strict=True):
        axes.plot([frequency], [0], "|", ms=11, mew=1.0, color=colour, zorder=1)
    upper = np.flatnonzero(modes.eigenvalue.imag >= 0)
    frequency = _shown_frequency(modes.frequency[upper])
    owner = np.argmax(participation.share[upper], axis=1)
    axes.scatter(
        frequency, modes.growth_rate[upper], s=22, c=colours[owner], ec="k", lw=0.4, zorder=3
    )
    frequency_axis(axes.xaxis, axes.set_xscale)
    axes.set(xlim=(0.75 * LOWEST, 600), xlabel="frequency (Hz)")
    _growth_axis(axes, np.abs(modes.growth_rate).max())
    axes.set_title("trained modes (dots) and fixed nodes (bars)", loc="left")


def _growth_axis(axes: Axes, largest: float) -> None:
    """Label growth in 1/s, up to ``largest``, with the e-folding times in ms that go with it."""
    limit = max(1.15 * largest, 1100.0)
    axes.set_ylim(-limit, limit)
    times = [t for t in (0.5, 1, 2, 5) if 1000 / t < limit]
    rates = np.array([1000 / t for t in times])
    text = [f"{t:g}" for t in times]
    axes.set_yticks([*-rates, 0, *rates], [*text, r"$\infty$", *text])
    axes.set_ylabel(r"fades $\leftarrow$ by e in (ms) $\rightarrow$ grows")


def _share_panel(
    axes: Axes, fixed: Float[np.ndarray, " node"], participation: Participation
) -> None:
    """Draw which nodes every mode belongs to, modes of slow nodes at the bottom."""
    modes = participation.modes
    upper = np.flatnonzero(modes.eigenvalue.imag >= 0)
    # A growing mode and the fading one of the same pair stay together.
    place = np.round(participation.share[upper] @ np.arange(len(fixed)), 6)
    rows = upper[np.lexsort((modes.growth_rate[upper], place))]
    image = axes.imshow(
        participation.share[rows], cmap=cm.lapaz_r, vmin=0, vmax=1, origin="lower", aspect="auto"
    )
    label_nodes(axes.xaxis, list(fixed))
    axes.set_yticks(range(len(rows)), [mode_name(modes, row) for row in rows])
    axes.tick_params(axis="y", length=0, labelsize=7)
    axes.set_xlabel("node (Hz)")
    axes.set_title("share of each node in a trained mode", loc="left")
    axes.spines[:].set_visible(False)
    axes.figure.colorbar(image, ax=axes, location="bottom", shrink=0.7, aspect=30, pad=0.02)


def mode_name(modes: Modes, mode: int) -> str:
    """Describe one mode, in Hz and seconds."""
    frequency, rate = modes.frequency[mode], modes.growth_rate[mode]
    rhythm = "no rhythm" if np.isnan(frequency) else f"{frequency:.0f} Hz"
    if abs(rate) < LASTING:
        return f"{rhythm}, lasts {modes.decay_time[mode]:.0f} s"
    return f"{rhythm}, {'grows' if rate > 0 else 'fades'} in {1000 / abs(rate):.2g} ms"


def training_figure(
    fixed: Float[np.ndarray, " node"],
    paths: np.ndarray,
    validation: Float[np.ndarray, "network epoch"],
    forward: Float[np.ndarray, "network epoch"],
    reverse: Float[np.ndarray, "network epoch"],
    dt: float,
    titles: tuple[str, str],
) -> Figure:
    """Draw one network's one-step modes over training, and the coupling of all.

    Args:
        fixed: frequencies of the fixed nodes, Hz.
        paths: eigenvalues before training and after each epoch, (epoch, mode), each column one
            mode.
        validation: accuracies after each epoch, of the network of the paths first.
        forward: mean weight from slow to faster nodes, before training and after each epoch.
        reverse: the same of the reverse block.
        dt: time step, s.
        titles: what the modes belong to, and what the coupling does.
    """
    figure = Figure(figsize=(7.0, 4.8))
    (hertz, accuracy), (growth, coupling) = figure.subplots(2, 2, sharex=True)
    _path_panels(hertz, growth, modes_of_eigenvalues(paths, dt))
    shift = ScaledTranslation(3 / 72, 0, figure.dpi_scale_trans)
    for frequency in fixed:
        edge = hertz.get_yaxis_transform() + shift
        hertz.plot([1.0], [frequency], "<", ms=3, color="k", clip_on=False, transform=edge)
    hertz.set_title(titles[0], loc="left")
    growth.set_xlabel("epoch")
    epochs = np.arange(1, len(paths))
    for network in validation[1:]:
        accuracy.plot(epochs, network, color="0.8", lw=0.6 if len(validation) <= 20 else 0.3)
    accuracy.plot(epochs, validation[0], color=TRAINED, lw=1.2)
    accuracy.set_ylabel("validation accuracy")
    accuracy.set_title("the network of the modes, among all", loc="left")
    _block_path_panel(coupling, forward, reverse)
    coupling.set_xlabel("epoch")
    coupling.set_title(titles[1], loc="left")
    return figure


def _path_panels(hertz: Axes, growth: Axes, modes: Modes) -> None:
    """Draw frequency and growth of followed modes against the epoch."""
    count = modes.modulus.shape[1]
    order = np.argsort(np.argsort(np.nan_to_num(modes.frequency[0], nan=0.0)))
    colours = cm.batlow(0.1 + 0.75 * order / max(1, count - 1))
    for mode, colour in enumerate(colours):
        # A pair that turns real leaves the axis; its line continues at the edge.
        hertz.plot(_shown_frequency(modes.frequency[:, mode]), color=colour, lw=0.8)
        growth.plot(modes.growth_rate[:, mode], color=colour, lw=0.8)
    frequency_axis(hertz.yaxis, hertz.set_yscale)
    hertz.set(ylim=(0.85 * LOWEST, 600), xlim=(0, len(modes.modulus) - 1), ylabel="frequency (Hz)")
    _growth_axis(growth, float(np.nanmax(np.abs(modes.growth_rate), initial=0.0)))


def _block_path_panel(
    axes: Axes,
    forward: Float[np.ndarray, "network epoch"],
    reverse: Float[np.ndarray, "network epoch"],
) -> None:
    """Draw the mean weights of both blocks against the epoch, over networks."""
    for values, colour, style, name in (
        (forward, OKABE_ITO["blue"], "-", "slow to faster"),
        (reverse, OKABE_ITO["orange"], "--", "faster to slow"),
    ):
        mean = values.mean(axis=0)
        axes.plot(mean, color=colour, ls=style, label=name)
        if len(values) > 1:
            error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
            band = mean - error, mean + error
            axes.fill_between(range(len(mean)), *band, color=colour, alpha=0.2, lw=0)
    axes.axhline(0, color="0.7", lw=0.6, zorder=0)
    axes.set_ylabel("mean weight (± SEM)")
    axes.legend(borderpad=0)


def growing(eigenvalues: np.ndarray, dt: float) -> np.ndarray:
    """Return which modes grow by more than the lasting ones."""
    return np.asarray(modes_of_eigenvalues(eigenvalues, dt).growth_rate >= LASTING)


def _node_colours(count: int) -> np.ndarray:
    """Return one colour per node, from slow to fast."""
    return np.asarray(cm.batlow(np.linspace(0.1, 0.85, count)))


def _shown_frequency(frequency: Float[AnyArray, " mode"]) -> Float[np.ndarray, " mode"]:
    """Put modes without a rhythm, and very slow ones, at the edge of the axis."""
    return np.maximum(np.nan_to_num(np.asarray(frequency), nan=LOWEST), LOWEST)


def frequency_axis(axis: Axis, set_scale: Callable[[str], None]) -> None:
    """Make an axis of frequency logarithmic, in plain numbers; its edge is for no rhythm."""
    set_scale("log")
    axis.set_major_locator(LogLocator(10, subs=(1, 3)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: "none" if value <= LOWEST else f"{value:g}")
    )


KINDS = {
    "fixed": ("fixed nodes alone", "k", ":"),
    "start": ("start weights", OKABE_ITO["sky blue"], "--"),
    "trained": ("trained weights", OKABE_ITO["vermilion"], "-"),
}


def digit_figure(
    pixels: Float[np.ndarray, " time"],
    open_share: Float[np.ndarray, " time"],
    eigenvalues: np.ndarray,
    products: Mapping[str, Float[np.ndarray, "product state"]],
    fixed: Float[np.ndarray, " node"],
    dt: float,
    product_spacing: float,
    title: str,
) -> Figure:
    """Draw pixels, the modes of every step, and the singular values of the products of steps.

    Args:
        pixels: input u of one digit, 0 to 1.
        open_share: of every step, the fraction of nodes whose tanh(x u) is not saturated.
        eigenvalues: of the trained network's step Jacobians, (time, mode).
        products: ln of the singular values of J_t ... J_1, by kind of weights.
        fixed: frequencies of the fixed nodes, Hz.
        dt: time step, s.
        product_spacing: time from one product to the next, s.
        title: which network and which digit.
    """
    figure = Figure(figsize=(7.0, 6.4))
    ink, hertz, growth, gain = figure.subplots(4, 1, sharex=True, height_ratios=(0.6, 1, 1, 1.3))
    times = dt * np.arange(1, len(pixels) + 1)
    ink.fill_between(times, pixels, color="0.75", lw=0, step="mid")
    inked = pixels > 0
    ink.plot(times[inked], open_share[inked], ".", ms=3, mew=0, color="k")
    ink.set_ylabel("pixel $u$")
    ink.set_title(f"{title}; dots: share of nodes where tanh has a slope above 1/2", loc="left")
    _mode_panels(hertz, growth, eigenvalues[inked], times[inked], dt)
    for frequency in fixed:
        hertz.axhline(frequency, color="0.85", lw=0.6, zorder=0)
    _product_panel(gain, products, product_spacing)
    gain.set(xlabel="time (s)", xlim=(0, times[-1]))
    return figure


def _mode_panels(
    hertz: Axes,
    growth: Axes,
    eigenvalues: np.ndarray,
    times: Float[np.ndarray, " time"],
    dt: float,
) -> None:
    """Draw frequency and growth of the modes of every step with ink."""
    modes = modes_of_eigenvalues(eigenvalues, dt)
    rows, columns = np.nonzero(eigenvalues.imag >= 0)
    rate = np.asarray(modes.growth_rate[rows, columns])
    frequency = _shown_frequency(modes.frequency[rows, columns])
    # Growing and fading modes of a pair share their frequency: rings around dots.
    styles: tuple[tuple[str, np.ndarray, dict[str, Any]], ...] = (
        ("lasts", abs(rate) < LASTING, {"s": 2, "color": "0.45", "lw": 0}),
        ("grows", rate >= LASTING, {"s": 5, "color": OKABE_ITO["vermilion"], "lw": 0}),
        ("fades", rate <= -LASTING, {"s": 16, "ec": OKABE_ITO["blue"], "fc": "none", "lw": 0.7}),
    )
    for name, which, style in styles:
        at = times[rows[which]]
        hertz.scatter(at, frequency[which], label=name, **style)
        growth.scatter(at, rate[which], **style)
    frequency_axis(hertz.yaxis, hertz.set_yscale)
    hertz.set(ylim=(0.8 * LOWEST, 600), ylabel="frequency (Hz)")
    hertz.set_title("modes of steps with ink; lines: fixed nodes", loc="left")
    hertz.legend(loc="lower right", ncols=3, fontsize=7, borderpad=0, bbox_to_anchor=(1.0, 1.0))
    growth.set_yscale("symlog", linthresh=10, linscale=0.5)
    growth.set_yticks([-1000, -100, -10, 0, 10, 100, 1000])
    growth.yaxis.set_major_formatter("{x:g}")
    growth.set(ylim=(-2000, 2000), ylabel="growth (1/s)")


def _product_panel(
    axes: Axes, products: Mapping[str, Float[np.ndarray, "product state"]], spacing: float
) -> None:
    """Draw all singular values of the trained network's products, and the extreme ones of others.

    Args:
        axes: where.
        products: natural logarithms, falling along the second axis.
        spacing: time from one product to the next, the first from 0, s.
    """
    trained = products["trained"] / np.log(10)
    times = spacing * np.arange(1, len(trained) + 1)
    colours = cm.lajolla(np.linspace(0.25, 0.8, trained.shape[1]))
    for number, colour in enumerate(colours):
        axes.plot(times, trained[:, number], color=colour, lw=0.7)
    for name in ("fixed", "start"):
        label, colour, style = KINDS[name]
        for number in (0, -1):
            values = products[name][:, number] / np.log(10)
            own = label + ", largest and smallest" if number == 0 else None
            axes.plot(times, values, color=colour, ls=style, lw=1.0, label=own)
    axes.axhline(0, color="0.8", lw=0.6, zorder=0)
    axes.set_ylabel("$\\log_{10}$ gain")
    axes.set_title(
        "singular values of $J_t \\cdots J_1$; all of the trained network as solid lines",
        loc="left",
    )
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.2 * (high - low))
    axes.legend(loc="upper left", ncols=2, fontsize=7, borderpad=0)


def gradient_figure(
    lags: Mapping[str, Mapping[str, np.ndarray]],
    exponents: Mapping[str, Float[np.ndarray, "digit exponent"]],
) -> Figure:
    """Draw gradients against the lag beside predictions by eigenvalues, and exponents over images.

    Args:
        lags: arrays of ``GradientLags``, in its shapes, by kind of weights: fixed, start, trained.
        exponents: finite-time exponents over a whole image, 1/s, by kind of weights.
    """
    figure = Figure(figsize=(7.0, 5.0))
    panels = figure.subplots(2, 2)
    panels[0, 1].sharey(panels[0, 0])
    panels[1, 0].sharey(panels[0, 0])
    for axes, (kind, curves) in zip(panels.flat, lags.items(), strict=False):
        lag_panel(axes, curves, KINDS[kind][1])
        axes.set_title(KINDS[kind][0], loc="left")
        axes.set(xlabel="lag (s)", ylabel="$\\log_{10}$ size")
    figure.legend(handles=_lag_handles(), loc="outside lower center", ncols=4, fontsize=7)
    for kind, values in exponents.items():
        label, colour, style = KINDS[kind]
        ranks = np.arange(1, values.shape[1] + 1)
        panels[1, 1].plot(ranks, values.mean(axis=0), color=colour, ls=style, label=label)
        if len(values) > 1:
            low, high = values.min(axis=0), values.max(axis=0)
            panels[1, 1].fill_between(ranks, low, high, color=colour, alpha=0.2, lw=0)
    panels[1, 1].axhline(0, color="0.8", lw=0.6, zorder=0)
    panels[1, 1].set(xlabel="rank", ylabel="exponent (1/s)")
    count = max(len(values) for values in exponents.values())
    panels[1, 1].set_title(f"finite-time exponents, whole images\n({count} digits)", loc="left")
    panels[1, 1].legend(fontsize=6.5, borderpad=0)
    return figure


def lag_panel(axes: Axes, curves: Mapping[str, np.ndarray], colour: str) -> None:
    """Draw the gradient, its bounds and both predictions against the lag in s."""
    time = curves["time"]
    decades = {name: x / np.log(10) for name, x in curves.items() if name.startswith("log_")}
    bounds = decades["log_singular_values"]
    axes.fill_between(time, bounds[:, 0], bounds[:, -1], color="0.92", lw=0)
    axes.plot(time, decades["log_gradient"], color=colour, lw=1.4)
    axes.plot(time, decades["log_power_norm"], color="0.35", lw=0.9, ls="--")
    axes.plot(time, decades["log_radius_power"], color="0.35", lw=0.9, ls=":")


def _lag_handles() -> list[Line2D]:
    """Explain the lines of ``lag_panel``."""
    return [
        Line2D([], [], color="0.2", lw=1.4, label="gradient, one colour a panel"),
        Line2D([], [], color="0.9", lw=5, label="between the singular values"),
        Line2D([], [], color="0.35", lw=0.9, ls="--", label=r"$\|A^n\|$, $A$: mean step"),
        Line2D([], [], color="0.35", lw=0.9, ls=":", label=r"$\rho(A)^n$: eigenvalues alone"),
    ]
