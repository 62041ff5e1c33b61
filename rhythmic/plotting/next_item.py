"""What networks predict next: words at the blanks, a series, and how well they do."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rhythmic.plotting.sequences import model_appearance, score_panel
from rhythmic.typing import Float


def word_panel(
    axes: Axes,
    probabilities: Mapping[str, Float[np.ndarray, "seed class_"]],
    words: Sequence[str],
) -> None:
    """Draw what each model takes the next word to be: mean over seeds, and the range of seeds.

    Args:
        axes: where to draw.
        probabilities: of each word, by model.
        words: the classes in order.
    """
    width = 0.8 / len(probabilities)
    for position, (name, values) in enumerate(probabilities.items()):
        network, mean = model_appearance(name), values.mean(axis=0)
        spread = np.stack([mean - values.min(axis=0), values.max(axis=0) - mean])
        places = np.arange(len(words)) + (position - (len(probabilities) - 1) / 2) * width
        axes.bar(
            places,
            mean,
            width,
            yerr=np.maximum(spread, 0.0),
            color=network.colour,
            hatch=network.hatch,
            edgecolor="white",
            lw=0.3,
            error_kw={"lw": 0.7},
            label=network.label,
        )
    axes.set_xticks(range(len(words)), words)
    axes.set(ylim=(0, 1.05), ylabel="probability")


def series_panel(
    axes: Axes,
    times: Float[np.ndarray, " time"],
    values: Float[np.ndarray, " time"],
    predictions: Mapping[str, Float[np.ndarray, " time"]],
) -> None:
    """Draw a series and what each model said one step earlier about every value.

    Args:
        axes: where to draw.
        times: of the values, s.
        values: the series.
        predictions: by model.
    """
    axes.plot(times, values, color="0.8", lw=3.5, label="the series")
    for name, predicted in predictions.items():
        label, colour, line, *_ = model_appearance(name)
        axes.plot(times, predicted, color=colour, ls=line, lw=1.1, label=label)
    axes.set(xlabel="time (s)", ylabel="value")


def next_item_figure(
    words: Mapping[str, Mapping[str, Float[np.ndarray, "seed class_"]]],
    vocabulary: Sequence[str],
    series: Mapping[str, Float[np.ndarray, " time"]],
    sample_rate: float,
    scores: Mapping[str, Mapping[str, Float[np.ndarray, " seed"]]],
    from_present: Mapping[str, float],
) -> Figure:
    """Draw the words at three blanks, the accuracies, a series and its errors.

    Args:
        words: probabilities by blank and model.
        vocabulary: the words in order.
        series: predictions by model, and under ``targets`` the series itself.
        sample_rate: values a second of the series, Hz.
        scores: under ``word`` accuracies, under ``value`` normalised errors, by model.
        from_present: under the same names, the best that the present item alone allows.
    """
    figure = Figure(figsize=(7.0, 4.2))
    grid = figure.subplots(2, 3)
    for axes, (blank, of_models) in zip(grid[0], words.items(), strict=True):
        word_panel(axes, of_models, vocabulary)
        axes.set_title(f"\u201c{blank}\u201d")
    predictions = dict(series)
    values = predictions.pop("targets")
    drawn = slice(10, 40)
    times = np.arange(1, len(values) + 1) / sample_rate
    shown = {name: predicted[drawn] for name, predicted in predictions.items()}
    series_panel(grid[1, 1], times[drawn], values[drawn], shown)
    for axes, name in ((grid[1, 0], "word"), (grid[1, 2], "value")):
        score_panel(axes, scores[name], "classes" if name == "word" else "values")
        axes.axhline(from_present[name], color="0.6", lw=0.8, ls=":")
        axes.annotate(
            "best from the present item",
            (1.0, from_present[name]),
            xycoords=axes.get_yaxis_transform(),
            xytext=(0, 3 if name == "word" else -3),
            textcoords="offset points",
            ha="right",
            va="bottom" if name == "word" else "top",
            fontsize=6.5,
            color="0.35",
        )
    grid[1, 0].set_ylabel("accuracy, all words")
    grid[1, 2].set(ylabel="squared error / variance", yscale="log")
    for letter, axes in zip("abcdef", grid.flat, strict=True):
        axes.set_title(letter, loc="left", fontweight="bold")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4)
    return figure
