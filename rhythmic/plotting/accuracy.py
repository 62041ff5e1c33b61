"""How well networks do: accuracies, learning curves, confusion matrices."""

from collections.abc import Mapping, Sequence

import numpy as np
from cmcrameri import cm
from matplotlib.figure import Figure

from rhythmic.plotting.style import appearance
from rhythmic.statistics import ACCURACY, summarise


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
        confusions: by architecture, one count matrix (true, predicted) a seed.
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
