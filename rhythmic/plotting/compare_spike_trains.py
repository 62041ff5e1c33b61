"""Accuracies on spike trains: networks at two settings, plain readings, and the ceiling."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rhythmic.plotting.style import OKABE_ITO
from rhythmic.statistics import ACCURACY, summarise

INK, MUTED = OKABE_ITO["black"], "#888888"
FACES = {"published": "white", "tuned": INK}  # all others are grey
MEANINGS = {"published": "rate chosen on MNIST", "tuned": "rate chosen on this task"}


def spike_trains_figure(
    settings: Mapping[str, Mapping[str, Sequence[float]]],
    plain: Mapping[str, Sequence[float]],
    ceiling: Sequence[float],
) -> Figure:
    """Draw the mean accuracy of everything that reads the trains, a line each.

    The thick bar is the 95 % interval of the mean, the thin one the middle 90 % of the seeds.

    Args:
        settings: test accuracies, one a seed, by setting (``published``, ``tuned``) and network.
        plain: the same of readings without a network.
        ceiling: the same of the ideal observer.
    """
    networks = list(dict.fromkeys(name for of_setting in settings.values() for name in of_setting))
    labels = [*networks, *plain]
    figure, axes = plt.subplots(figsize=(5.5, 0.27 * len(labels) + 1.1), layout="constrained")
    shift = 0.18 if len(settings) > 1 else 0.0
    offsets = np.linspace(-shift, shift, len(settings))
    for (setting, of_setting), offset in zip(settings.items(), offsets, strict=True):
        face, meaning = FACES.get(setting, MUTED), MEANINGS.get(setting, setting)
        for name, values in of_setting.items():
            mean_and_spread(axes, labels.index(name) + offset, values, face)
        axes.plot([], [], "o", color=INK, mfc=face, ms=4, label=meaning)
    for name, values in plain.items():
        mean_and_spread(axes, labels.index(name), values, MUTED)
    if networks and plain:
        axes.axhline(len(networks) - 0.5, color=MUTED, lw=0.5)
    for value, name in ((0.5, "chance"), (float(np.mean(ceiling)), "ideal observer")):
        axes.axvline(value, color=MUTED, ls=":", lw=1)
        axes.annotate(
            name,
            (value, 1.0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=7,
            color="0.35",
        )
    axes.set_yticks(range(len(labels)), labels)
    axes.set(ylim=(len(labels) - 0.4, -0.6), xlabel="test accuracy")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def mean_and_spread(axes: Axes, place: float, values: Sequence[float], face: str) -> None:
    """Draw one mean with its interval and the middle of the seeds."""
    summary = summarise(list(values), within=ACCURACY)
    low, high = np.quantile(values, (0.05, 0.95))
    axes.plot([low, high], [place, place], color=MUTED, lw=0.7, zorder=1)
    if summary.num_seeds > 1:
        axes.plot([summary.low, summary.high], [place, place], color=INK, lw=2.2, zorder=2)
    axes.plot(summary.mean, place, "o", color=INK, mfc=face, ms=4, zorder=3)
