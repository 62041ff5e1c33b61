"""What a resonant network responds to and learns: features, recurrent weights, spectra, dynamics.

Also profiles by digit, ablation of nodes, and plain baselines.
"""

import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    NullFormatter,
    NullLocator,
    ScalarFormatter,
)

from rhythmic.functional import resonant_features
from rhythmic.plotting.style import (
    COLOURS,
    LABELS,
    NETWORKS,
    OKABE_ITO,
    appearance,
    mark_image_rhythm,
    mean_points,
)
from rhythmic.statistics import summarise
from rhythmic.typing import Float


def feature_figure(
    frequencies: Sequence[float], class_features: Float[np.ndarray, "seed class_ node"]
) -> Figure:
    """Draw each digit's mean feature at each node, relative to the mean over all digits.

    A bar of 2 means that the node has twice the power (squared amplitude) for this digit as for the
    average one. Error bars span two standard errors over seeds either way; downwards they end at a
    quarter of the mean.

    Args:
        frequencies: node frequencies in Hz.
        class_features: features before the readout, averaged over the test digits of a class.
    """
    features = np.asarray(class_features, dtype=float)
    relative = features / features.mean(axis=1, keepdims=True)
    figure = Figure(figsize=(6.6, 2.9))
    grid = figure.subplots(2, 5, sharex=True, sharey=True)
    colours = cm.batlow(np.linspace(0.1, 0.85, len(frequencies)))
    for digit, axes in enumerate(grid.flat):
        mean = relative[:, digit].mean(axis=0)
        error = None
        if len(relative) > 1:
            error = 2 * relative[:, digit].std(axis=0, ddof=1) / np.sqrt(len(relative))
            # The axis is logarithmic and has no place for 0, nor for what is next to it.
            error = np.stack([np.minimum(error, 0.75 * mean), error])
        positions = np.arange(len(frequencies))
        axes.bar(positions, mean - 1, bottom=1, yerr=error, color=colours, error_kw={"lw": 0.7})
        axes.axhline(1, color="0.3", lw=0.6)
        axes.set_title(f"digit {digit}", loc="left")
        axes.set_yscale("log", base=2)
        axes.yaxis.set_major_locator(LogLocator(base=2, numticks=5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: str(Fraction(value))))
        label_nodes(axes.xaxis, frequencies, stride=5)
    figure.supxlabel("node frequency (Hz)", size=8)
    figure.supylabel("mean feature / mean over digits (± 2 SEM)", size=8)
    return figure


def recurrent_weight_figure(
    weights: Mapping[str, Float[np.ndarray, "seed post pre"]],
    frequencies: Mapping[str, Sequence[float]],
    labels: Mapping[str, str],
) -> Figure:
    """Draw learned recurrent weights, averaged over seeds, rows receiving from columns.

    Args:
        weights: matrices of all seeds, by the name of the network; a panel each.
        frequencies: of the nodes, Hz, by the same names.
        labels: titles of the panels, by the same names; others by ``appearance``.
    """
    means = {name: np.asarray(values, dtype=float).mean(axis=0) for name, values in weights.items()}
    limit = max(np.abs(mean).max() for mean in means.values())
    figure = Figure(figsize=(0.8 + 2.7 * len(means), 2.8))
    panels = figure.subplots(1, len(means), squeeze=False)[0]
    for axes, (name, mean) in zip(panels, means.items(), strict=True):
        image = axes.imshow(mean, vmin=-limit, vmax=limit, cmap=cm.vik, origin="lower")
        title = labels.get(name, appearance(name).label)
        axes.set(title=f"{title}, mean of {len(weights[name])} seeds", xlabel="from node (Hz)")
        axes.set_ylabel("to node (Hz)")
        label_nodes(axes.xaxis, frequencies[name])
        label_nodes(axes.yaxis, frequencies[name])
        axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=list(panels), label="recurrent weight", shrink=0.85)
    return figure


def spectrum_figure(
    frequencies: Sequence[float],
    pixels: Float[np.ndarray, " time"],
    positions: Float[np.ndarray, "time node"],
    *,
    sample_rate: float,
    pole_radius: float,
    title: str,
) -> Figure:
    """Draw each node's response within one image's duration, and the nodes' motion on one digit.

    Left: the feature (mean squared amplitude) of every node, alone, for a sine of unit amplitude
    that lasts as long as an image, relative to its own peak. Right: the pixels of one digit, and
    the position of every node of a trained network that receives them, each scaled to its range.

    Args:
        frequencies: node frequencies, Hz.
        pixels: input of one digit, in [0, 1].
        positions: ``x_t`` of every node.
        sample_rate: pixels per second, Hz.
        pole_radius: modulus of the nodes' poles.
        title: what the right panel shows.
    """
    times = np.arange(len(pixels)) / sample_rate
    tones = np.geomspace(min(frequencies) / 2, min(2 * max(frequencies), sample_rate / 2), 400)
    sines = np.sin(2 * np.pi * tones[:, None] * times)
    silence = np.zeros((len(frequencies), len(frequencies)))
    heard = np.asarray(
        resonant_features(np.asarray(frequencies), silence, sines, sample_rate, pole_radius)
    )
    colours = cm.batlow(np.linspace(0.1, 0.85, len(frequencies)))
    figure = Figure(figsize=(6.6, 3.4))
    spectra, dynamics = figure.subplots(1, 2)
    for node, colour in enumerate(colours):
        spectra.loglog(tones, heard[:, node] / heard[:, node].max(), color=colour, lw=0.9)
        trace = positions[:, node]
        dynamics.plot(times, node + 0.45 * trace / np.abs(trace).max(), color=colour, lw=0.6)
    dynamics.fill_between(times, -1.3, -1.3 + 0.8 * pixels, color="0.4", lw=0)
    spectra.set(xlabel="frequency of a sine (Hz)", ylabel="feature / its peak")
    spectra.set_title(f"each node alone, {len(pixels)} samples", loc="left")
    dynamics.set_xlabel("time (s)")
    dynamics.set_yticks(
        [-0.9, *range(len(frequencies))], ["pixels", *(f"{f:.3g} Hz" for f in frequencies)]
    )
    dynamics.set_title(f"{title}\n(each trace scaled to its range)", loc="left")
    return figure


def label_nodes(axis: Axis, frequencies: Sequence[float], stride: int = 2) -> None:
    """Write the frequency in Hz, without decimals, at every ``stride``-th node along an axis."""
    places = range(0, len(frequencies), stride)
    axis.set_ticks(list(places), [f"{frequencies[place]:.0f}" for place in places])


Accuracies = Sequence[float]
POINTS: dict[str, Any] = {"ms": 4.5, "capsize": 2}
TICKS = (2, 5, 10, 20, 50, 100, 200)  # Hz


def frequency_axis(axes: Axes, frequencies: Sequence[float]) -> None:
    """Make the horizontal axis one of node frequency, logarithmic, in Hz."""
    axes.set(xscale="log", xlim=(0.8 * min(frequencies), 1.25 * max(frequencies)))
    axes.xaxis.set_major_locator(FixedLocator(TICKS))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_minor_locator(NullLocator())


def profile_figure(
    frequencies: Sequence[float],
    profiles: Mapping[str, Float[np.ndarray, "seed class_ node"]],
    titles: Mapping[str, str],
) -> Figure:
    """Draw each node's power for each digit, relative to the mean over all digits.

    Lines are means over seeds, bands span two standard errors either way.

    Args:
        frequencies: of the nodes, Hz.
        profiles: mean features before the readout of each class, by network.
        titles: what networks are called; others by ``appearance``.
    """
    figure = Figure(figsize=(7.0, 3.6))
    grid = figure.subplots(2, 5, sharex=True, sharey=True)
    for name, values in profiles.items():
        relative = values / values.mean(axis=1, keepdims=True)
        mean, error = relative.mean(axis=0), np.zeros(relative.shape[1:])
        if len(relative) > 1:
            error = 2 * relative.std(axis=0, ddof=1) / np.sqrt(len(relative))
        label, colour, *_ = appearance(name)
        for digit, axes in enumerate(grid.flat):
            line = axes.plot(frequencies, mean[digit], color=colour, marker=".", ms=4)[0]
            line.set_label(titles.get(name, label))
            low, high = mean[digit] - error[digit], mean[digit] + error[digit]
            axes.fill_between(frequencies, low, high, color=colour, alpha=0.25, lw=0)
    for digit, axes in enumerate(grid.flat):
        axes.axhline(1, color="0.4", lw=0.6, zorder=0)
        axes.set_title(f"digit {digit}", loc="left")
        frequency_axis(axes, frequencies)
        mark_image_rhythm(axes, max(frequencies), name=False)
        axes.xaxis.set_major_locator(FixedLocator((2, 10, 50, 200)))
    figure.supxlabel("node frequency (Hz); dashed: 35.7 Hz of the image rows, harmonics", size=8)
    figure.supylabel("mean feature / mean over digits", size=8)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure


def ablation_figure(
    panels: Mapping[str, tuple[Sequence[float], Float[np.ndarray, "seed node"]]],
) -> Figure:
    """Draw the loss of accuracy by ablation of each node: every seed, mean and 95 % interval.

    Args:
        panels: frequencies in Hz and losses, by kind of ablation.
    """
    figure = Figure(figsize=(0.6 + 3.2 * len(panels), 2.9))
    grid = figure.subplots(1, len(panels), squeeze=False)[0]
    widest = [f for frequencies, _ in panels.values() for f in frequencies]
    for axes, (title, (frequencies, losses)) in zip(grid, panels.items(), strict=True):
        for place, frequency in enumerate(frequencies):
            values = losses[:, place]
            axes.plot(np.full(len(values), frequency), values, ".", color="0.7", ms=4, zorder=1)
            found = summarise(list(values), within=(-1.0, 1.0))
            axes.plot(frequency, found.mean, "o", color=COLOURS["rrn-golden"], ms=5)
            if found.num_seeds > 1:
                axes.vlines(frequency, found.low, found.high, color=COLOURS["rrn-golden"])
        axes.axhline(0, color="0.4", lw=0.6, zorder=0)
        axes.margins(y=0.15)  # room for the name of the mark
        frequency_axis(axes, widest)
        mark_image_rhythm(axes, max(widest))
        axes.set_title(title, loc="left")
        axes.set_xlabel("frequency of the node (Hz)")
    grid[0].set_ylabel("accuracy lost")
    return figure


def baseline_figure(
    curves: Mapping[str, Mapping[int, tuple[int, Accuracies]]],
    networks: Mapping[str, tuple[int, Accuracies]],
    num_features: int,
) -> Figure:
    """Draw baselines and networks against their number of features, and of parameters.

    Args:
        curves: parameters and accuracies by number of features, by the kind of features.
        networks: parameters and accuracies of networks and of readouts fitted to their features.
        num_features: features of every network.
    """
    figure = Figure(figsize=(7.0, 3.3))
    left, right = figure.subplots(1, 2, sharey=True)
    colours = itertools.cycle((OKABE_ITO["blue"], "0.5", OKABE_ITO["black"]))
    for (name, curve), colour in zip(curves.items(), colours, strict=False):
        for axes, place in ((left, list(curve)), (right, [size for size, _ in curve.values()])):
            shown = [values for _, values in curve.values()]
            mean_points(axes, place, shown, fmt="o-", color=colour, label=name, **POINTS)
    # Side by side, as all have as many features, and fitted readouts as many parameters.
    shifts = np.geomspace(0.9, 1.1, len(networks))
    for shift, (label, (size, values)) in zip(shifts, networks.items(), strict=True):
        named = (one.colour for one in NETWORKS.values() if label.startswith(one.label))
        colour = next(named, appearance(label).colour)
        marker = "D" if label in LABELS.values() else "s"
        for axes, number in ((left, num_features), (right, size)):
            look = {"fmt": marker, "color": colour, "label": label}
            mean_points(axes, [shift * number], [values], **look, **POINTS)
    for axes, what in ((left, "features"), (right, "trained parameters")):
        axes.set(xscale="log", xlabel=f"number of {what}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    ticks = {
        left: sorted({n for curve in curves.values() for n in curve}),
        right: sorted({size for curve in curves.values() for size, _ in curve.values()}),
    }
    for axes, places in ticks.items():
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(places, [f"{place:,}" for place in places])
    left.set_ylabel("test accuracy")
    low, high = left.get_ylim()
    left.set_ylim(max(low, 0.0), min(high, 1.0))  # intervals of two seeds may leave this range
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def digit_figure(
    frequencies: Sequence[float], rows: Sequence[Mapping[str, Any]], num_draws: int, dataset: str
) -> Figure:
    """Draw mean features of single digits by node frequency, bars of two standard errors.

    Args:
        frequencies: of the nodes, Hz.
        rows: ``digit``, ``mean`` and ``standard_error`` of the features before the batch norm.
        num_draws: draws of a trained network and a test image that each digit averages over.
        dataset: whose images they are.
    """
    figure = Figure(figsize=(0.8 + 1.6 * len(rows), 2.4))
    grid = figure.subplots(1, len(rows), sharex=True, sharey=True, squeeze=False)[0]
    for axes, row in zip(grid, rows, strict=True):
        mean, error = (np.asarray(row[key], float) for key in ("mean", "standard_error"))
        bars = 2 * np.minimum(error, mean / 2.001), 2 * error  # a logarithm has no place below 0
        axes.errorbar(
            frequencies, mean, bars, fmt="o-", ms=3, lw=1, capsize=1.5, color=COLOURS["rrn-golden"]
        )
        axes.set_yscale("log")
        frequency_axis(axes, frequencies)
        axes.xaxis.set_major_locator(FixedLocator((2, 10, 50, 200)))
        mark_image_rhythm(axes, max(frequencies), name=False)
        axes.set_title(f"digit {row['digit']}", loc="left")
    grid[0].set_ylabel("mean feature, before batch norm")
    note = f"mean and 2 SEM of {num_draws} draws of network and test image ({dataset})"
    figure.supxlabel(f"node frequency (Hz); dashed: 35.7 Hz and harmonics\n{note}", size=7)
    return figure
