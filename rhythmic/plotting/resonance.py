"""What a resonant network hears and learns: features, recurrent weights, spectra, dynamics."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from cmcrameri import cm
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from rhythmic.functional import resonant_features
from rhythmic.plotting.style import appearance
from rhythmic.typing import Float


def feature_figure(
    frequencies: Sequence[float], class_features: Float[np.ndarray, "seed class_ node"]
) -> Figure:
    """Draw each digit's mean feature at each node, relative to the mean over all digits.

    A bar of 2 means that the node rings twice as strongly, in squared amplitude, for this digit
    as for the average one. Error bars span two standard errors over seeds either way.

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
    """Draw what each node hears in one image's time, and the nodes' motion on one digit.

    Left: the feature (mean squared amplitude) of every node, alone, for a sine of unit amplitude
    that lasts as long as an image, relative to its own peak. Right: the pixels of one digit, and
    the position of every node of a trained network while it reads them, each scaled to its range.

    Args:
        frequencies: node frequencies, Hz.
        pixels: input of one digit, in [0, 1].
        positions: ``x_t`` of every node.
        sample_rate: pixels a second, Hz.
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
