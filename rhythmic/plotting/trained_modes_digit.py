"""A trained resonant network on its way through one digit: spectra, products, gradients."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rhythmic.plotting.style import OKABE_ITO
from rhythmic.plotting.trained_modes import LASTING, LOWEST, frequency_axis, shown_frequency
from rhythmic.stability.modes import modes_of_eigenvalues
from rhythmic.typing import Float

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
        open_share: of every step, the share of nodes whose tanh(x u) is not saturated.
        eigenvalues: of the trained network's step Jacobians, (time, mode).
        products: ln of the singular values of J_t ... J_1, by kind of weights.
        fixed: frequencies of the fixed nodes, Hz.
        dt: time step, s.
        product_spacing: time from one product to the next, s.
        title: which network reads which digit.
    """
    figure = Figure(figsize=(7.0, 6.4))
    ink, hertz, growth, gain = figure.subplots(4, 1, sharex=True, height_ratios=(0.6, 1, 1, 1.3))
    times = dt * np.arange(1, len(pixels) + 1)
    ink.fill_between(times, pixels, color="0.75", lw=0, step="mid")
    inked = pixels > 0
    ink.plot(times[inked], open_share[inked], ".", ms=3, mew=0, color="k")
    ink.set_ylabel("pixel $u$")
    ink.set_title(f"{title}; dots: share of nodes where tanh has a slope above 1/2", loc="left")
    mode_panels(hertz, growth, eigenvalues[inked], times[inked], dt)
    for frequency in fixed:
        hertz.axhline(frequency, color="0.85", lw=0.6, zorder=0)
    product_panel(gain, products, product_spacing)
    gain.set(xlabel="time (s)", xlim=(0, times[-1]))
    return figure


def mode_panels(
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
    frequency = shown_frequency(modes.frequency[rows, columns])
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


def product_panel(
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
    """Draw gradients against the lag beside what eigenvalues promise, and exponents over images.

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
    figure.legend(handles=lag_handles(), loc="outside lower center", ncols=4, fontsize=7)
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


def lag_handles() -> list[Line2D]:
    """Explain the lines of ``lag_panel``."""
    return [
        Line2D([], [], color="0.2", lw=1.4, label="gradient, one colour a panel"),
        Line2D([], [], color="0.9", lw=5, label="between the singular values"),
        Line2D([], [], color="0.35", lw=0.9, ls="--", label=r"$\|A^n\|$, $A$: mean step"),
        Line2D([], [], color="0.35", lw=0.9, ls=":", label=r"$\rho(A)^n$: eigenvalues alone"),
    ]
