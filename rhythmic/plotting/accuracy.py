"""Performance of networks: accuracies, learning curves, confusion matrices.

Every seed is a point, beside the mean and its interval; along an axis the interval is a band.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from cmcrameri import cm
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from rhythmic.plotting.style import LINE_STYLES, MARKERS, OKABE_ITO, appearance, note
from rhythmic.statistics import ACCURACY, summarise
from rhythmic.typing import AnyArray

INK = OKABE_ITO["black"]
MUTED = "#888888"


def accuracy_strip(
    axes: Axes,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    joined: bool = False,
) -> None:
    """Draw the test accuracy of every network, one line per condition, its mean and 95 % interval.

    Args:
        axes: where to draw.
        rows: rows with ``seed`` and ``test_accuracy``, by the label of their condition.
        joined: whether equal seeds are joined from line to line.
    """
    labels = list(rows)
    generator = np.random.default_rng(0)  # scatters points across the line, nothing more
    for place, label in enumerate(labels):
        values = np.array([row["test_accuracy"] for row in rows[label]], np.float64)
        shifts = np.zeros(len(values)) if joined else generator.uniform(-0.12, 0.12, len(values))
        axes.plot(values, place + shifts, "o", color=MUTED, markersize=3, alpha=0.7)
        summary = summarise(list(values), within=ACCURACY)
        axes.plot(summary.mean, place, "o", color=INK, markersize=5)
        if summary.num_seeds > 1:
            axes.plot([summary.low, summary.high], [place, place], color=INK, linewidth=2)
    if joined:
        shared = set.intersection(*({row["seed"] for row in rows[label]} for label in labels))
        for seed in sorted(shared):
            path = [
                next(row["test_accuracy"] for row in rows[label] if row["seed"] == seed)
                for label in labels
            ]
            axes.plot(path, range(len(labels)), color=MUTED, linewidth=0.5, alpha=0.6)
    axes.set_yticks(range(len(labels)), labels)
    axes.set(ylim=(len(labels) - 0.4, -0.6), xlabel="test accuracy")


def accuracy_figure(
    accuracies: Mapping[str, Sequence[float]],
    published: Mapping[str, tuple[float, float]],
    title: str,
) -> Figure:
    """Draw every seed's test accuracy, the mean with its 95 % interval, and the published mean.

    Args:
        accuracies: test accuracy of each seed, by architecture.
        published: mean and standard error to draw beside, drawn with two errors either way;
            empty where the data are not those of the publication.
        title: what the figure shows, on which data.
    """
    first_published = next((name for name in accuracies if name in published), None)
    figure = Figure(figsize=(1.2 + 0.9 * len(accuracies), 2.8))
    axes = figure.subplots()
    for position, (name, values) in enumerate(accuracies.items()):
        summary, colour = summarise(values, within=ACCURACY), appearance(name).colour
        spread = np.linspace(-0.12, 0.12, len(values)) if len(values) > 1 else np.zeros(1)
        axes.plot(position + spread, values, "o", ms=3, mfc="none", mew=0.7, color=colour)
        axes.plot(position, summary.mean, "_", ms=16, mew=1.8, color=colour)
        if summary.num_seeds > 1:
            label = "mean and 95 % interval" if position == 0 else "_unlabelled"
            axes.vlines(position, summary.low, summary.high, color=colour, label=label)
        if name in published:
            mean, error = published[name]
            label = "published, ± 2 SEM" if name == first_published else "_unlabelled"
            axes.errorbar(
                position + 0.28, mean, 2 * error, fmt="D", ms=3.5, color="0.45", lw=0.9, label=label
            )
    axes.set_xticks(range(len(accuracies)), [appearance(name).label for name in accuracies])
    if len(accuracies) > 4:
        axes.tick_params(axis="x", rotation=30)
    axes.set(xlim=(-0.5, len(accuracies) - 0.4), ylabel="test accuracy")
    axes.set_title(title, loc="left")
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def learning_curve_figure(histories: Mapping[str, Sequence[Mapping[str, Sequence]]]) -> Figure:
    """Draw validation accuracy and training loss against epochs: mean over seeds, and each seed.

    Args:
        histories: by architecture, the histories of its seeds.
    """
    figure = Figure(figsize=(6.0, 2.6))
    panels = {"validation_accuracy": "validation accuracy", "train_loss": "training loss"}
    for axes, (key, label) in zip(figure.subplots(1, 2), panels.items(), strict=True):
        for name, members in histories.items():
            curves = np.array([member[key] for member in members], dtype=float)
            epochs = np.arange(1, curves.shape[1] + 1)
            network, colour, *_ = appearance(name)
            axes.plot(epochs, curves.T, color=colour, lw=0.5, alpha=0.4)
            axes.plot(epochs, np.nanmean(curves, axis=0), color=colour, label=network)
        axes.set(xlabel="epoch", ylabel=label)
    labels = axes.get_legend_handles_labels()
    figure.legend(*labels, loc="outside lower center", ncols=4, title="thick: mean, thin: seeds")
    return figure


def confusion_figure(confusions: Mapping[str, Sequence[Sequence]]) -> Figure:
    """Draw mean confusion matrices, normalised by row within a seed and then averaged.

    Args:
        confusions: by architecture, one count matrix (true, predicted) per seed.
    """
    columns = min(4, len(confusions))
    rows = -(-len(confusions) // columns)
    figure = Figure(figsize=(0.6 + 1.9 * columns, 0.2 + 2.1 * rows))
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(confusions) :]:
        axes.set_visible(False)
    for axes, (name, counts) in zip(grid.flat, confusions.items(), strict=False):
        matrices = np.array(counts, dtype=float)
        shares = (matrices / matrices.sum(axis=2, keepdims=True)).mean(axis=0)
        image = axes.imshow(shares, vmin=0, vmax=1, cmap=cm.devon_r)
        axes.set_title(appearance(name).label)
        axes.set_xticks(range(0, len(shares), 3))
        axes.set_yticks(range(0, len(shares), 3))
        axes.set(xlabel="predicted digit", ylabel="true digit")
        axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=grid, label="share of the true digit,\nmean over seeds", shrink=0.8)
    return figure


CHANCE = 0.1

# In the order in which networks take them; the first is the rhythmic one.
COLOUR_NAMES = (
    "orange",
    "blue",
    "bluish green",
    "reddish purple",
    "vermilion",
    "sky blue",
    "black",
)
CURVE_COLOURS = tuple(OKABE_ITO[name] for name in COLOUR_NAMES)


class Curve(NamedTuple):
    """One network's numbers along an axis.

    Attributes:
        x: places on the axis, ``(point,)``.
        values: one row per seed, ``(seed, point)``.
        colour: which of ``CURVE_COLOURS``.
        style: which of ``LINE_STYLES``.
    """

    x: Float[AnyArray, " point"]
    values: Float[AnyArray, "seed point"]
    colour: int = 0
    style: int = 0


def _draw_curves(axes: Axes, curves: Mapping[str, Curve]) -> None:
    """Draw means over seeds with their 95 % intervals, one line per network."""
    for name, curve in curves.items():
        columns = np.asarray(curve.values, np.float64).T
        summaries = [summarise(list(column), within=ACCURACY) for column in columns]
        colour = CURVE_COLOURS[curve.colour % len(CURVE_COLOURS)]
        axes.plot(
            curve.x,
            [summary.mean for summary in summaries],
            color=colour,
            linestyle=LINE_STYLES[curve.style % len(LINE_STYLES)],
            marker=MARKERS[curve.colour % len(MARKERS)],
            markersize=3,
            label=name,
        )
        if summaries[0].num_seeds > 1:
            low, high = ([getattr(s, end) for s in summaries] for end in ("low", "high"))
            axes.fill_between(curve.x, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.axhline(CHANCE, color=MUTED, linestyle=":", linewidth=0.8, label="chance")


def curve_panels(
    panels: Sequence[tuple[str, str, Mapping[str, Curve]]],
    *,
    log_ticks: Sequence[int] = (),
) -> Figure:
    """Draw panels beside each other that share the axis of accuracy and one legend.

    Args:
        panels: of each the label below, the title, and its curves by name.
        log_ticks: makes the axes below logarithmic, with these ticks.
    """
    figure, row = plt.subplots(
        1,
        len(panels),
        figsize=(3.3 * len(panels), 3.0),
        layout="constrained",
        sharey=True,
        squeeze=False,
    )
    for axes, (label, title, curves) in zip(row[0], panels, strict=True):
        _draw_curves(axes, curves)
        axes.set(xlabel=label, title=title)
        if log_ticks:
            axes.set(xscale="log", xlim=(0.7 * min(log_ticks), 1.4 * max(log_ticks)))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xticks(list(log_ticks), [f"{tick:,}" for tick in log_ticks])
        elif all(np.all(np.asarray(curve.x) % 1 == 0) for curve in curves.values()):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    row[0, 0].set(ylabel="accuracy", ylim=(0, 1))
    found: dict[str, Any] = {}  # one entry per name, whatever the number of panels
    for axes in row[0]:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    handles = list(found.values())
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=7)
    return figure


FACES = {"published": "white", "tuned": INK}  # all others are grey
MEANINGS = {"published": "rate chosen on MNIST", "tuned": "rate chosen on this task"}


def spike_trains_figure(
    settings: Mapping[str, Mapping[str, Sequence[float]]],
    plain: Mapping[str, Sequence[float]],
    ceiling: Sequence[float],
) -> Figure:
    """Draw the mean accuracy of every readout of the trains, one line each.

    The thick bar is the 95 % interval of the mean, the thin one the middle 90 % of the seeds.

    Args:
        settings: test accuracies, one per seed, by setting (``published``, ``tuned``) and network.
        plain: the same of readouts without a network.
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
            _mean_and_spread(axes, labels.index(name) + offset, values, face)
        axes.plot([], [], "o", color=INK, mfc=face, ms=4, label=meaning)
    for name, values in plain.items():
        _mean_and_spread(axes, labels.index(name), values, MUTED)
    if networks and plain:
        axes.axhline(len(networks) - 0.5, color=MUTED, lw=0.5)
    for value, name in ((0.5, "chance"), (float(np.mean(ceiling)), "ideal observer")):
        axes.axvline(value, color=MUTED, ls=":", lw=1)
        look = {"ha": "center", "fontsize": 7, "color": "0.35"}
        note(axes, name, (value, 1.0), (0, 2), xycoords=axes.get_xaxis_transform(), **look)
    axes.set_yticks(range(len(labels)), labels)
    axes.set(ylim=(len(labels) - 0.4, -0.6), xlabel="test accuracy")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _mean_and_spread(axes: Axes, place: float, values: Sequence[float], face: str) -> None:
    """Draw one mean with its interval and the middle of the seeds."""
    summary = summarise(list(values), within=ACCURACY)
    low, high = np.quantile(values, (0.05, 0.95))
    axes.plot([low, high], [place, place], color=MUTED, lw=0.7, zorder=1)
    if summary.num_seeds > 1:
        axes.plot([summary.low, summary.high], [place, place], color=INK, lw=2.2, zorder=2)
    axes.plot(summary.mean, place, "o", color=INK, mfc=face, ms=4, zorder=3)
