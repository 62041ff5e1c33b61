"""Style of the networks on sequence tasks in every figure, and their scores side by side.

Also what they predict next, words at the blanks and a series; and scores: one panel per task
against its difficulty, and which network is best where.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from rhythmic.plotting.style import (
    COLOURS,
    LINE_STYLES,
    MARKERS,
    NETWORKS,
    Appearance,
    appearance,
    note,
)
from rhythmic.statistics import ACCURACY, MIN_SEEDS_FOR_TEST, summarise
from rhythmic.tasks import Kind
from rhythmic.typing import Float

MODELS = {
    "present": Appearance("present item alone", "0.45", (0, (1, 1)), "x"),
    "rnn": Appearance("RNN", COLOURS["rnn"], "--", "s", "////"),
    "lstm": Appearance("LSTM", COLOURS["lstm"], "-", "o"),
    "rhythmic": Appearance("rhythmic RNN", COLOURS["rrn-golden"], "-.", "^", "...."),
}


def model_appearance(name: str) -> Appearance:
    """Return how a network on sequence tasks is named and drawn, whatever its name."""
    return appearance(name, MODELS)


class Spread(NamedTuple):
    """Mean of a score over seeds, and the ends of the interval shown with it."""

    mean: float
    low: float
    high: float


def spread_over_seeds(scores: Float[np.ndarray, " seed"], kind: Kind) -> Spread:
    """Return the mean score with an interval that holds possible scores only.

    For accuracies (``classes``) it is the 95 % interval of the mean (Student's t), cut at 0 and 1;
    NaN for one seed, and where all seeds score the same. For squared errors (``values``), which may
    differ by powers of ten between seeds, it goes from the smallest to the largest: it never falls
    below zero and always holds the mean.
    """
    if kind == "values":
        return Spread(float(np.mean(scores)), float(np.min(scores)), float(np.max(scores)))
    summary = summarise(scores.tolist(), within=ACCURACY)
    return Spread(summary.mean, summary.low, summary.high)


def _score_panel(axes: Axes, scores: Mapping[str, Float[np.ndarray, " seed"]], kind: Kind) -> None:
    """Draw one number per seed for each model, with their mean and ``spread_over_seeds``."""
    for position, (name, values) in enumerate(scores.items()):
        summary = spread_over_seeds(values, kind)
        _, colour, _, marker, _ = model_appearance(name)
        spread = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.zeros(1)
        axes.plot(position + spread, values, marker, ms=3, mfc="none", mew=0.7, color=colour)
        axes.plot(position, summary.mean, "_", ms=14, mew=1.6, color=colour)
        if len(values) > 1:
            axes.vlines(position, summary.low, summary.high, color=colour, lw=1.2)
    labels = [model_appearance(name).label.replace(" ", "\n", 1) for name in scores]
    axes.set_xticks(range(len(scores)), labels, fontsize=7)
    axes.set_xlim(-0.5, len(scores) - 0.5)


def _word_panel(
    axes: Axes,
    probabilities: Mapping[str, Float[np.ndarray, "seed class_"]],
    words: Sequence[str],
) -> None:
    """Draw each model's probability of the next word: mean over seeds, and the range of seeds."""
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


def _series_panel(
    axes: Axes,
    times: Float[np.ndarray, " time"],
    values: Float[np.ndarray, " time"],
    predictions: Mapping[str, Float[np.ndarray, " time"]],
) -> None:
    """Draw a series and each model's one-step-ahead prediction of every value.

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
        sample_rate: values per second of the series, Hz.
        scores: under ``word`` accuracies, under ``value`` normalised errors, by model.
        from_present: under the same names, the best that the present item alone allows.
    """
    figure = Figure(figsize=(7.0, 4.2))
    grid = figure.subplots(2, 3)
    for axes, (blank, of_models) in zip(grid[0], words.items(), strict=True):
        _word_panel(axes, of_models, vocabulary)
        axes.set_title(f"\u201c{blank}\u201d")
    predictions = dict(series)
    values = predictions.pop("targets")
    drawn = slice(10, 40)
    times = np.arange(1, len(values) + 1) / sample_rate
    shown = {name: predicted[drawn] for name, predicted in predictions.items()}
    _series_panel(grid[1, 1], times[drawn], values[drawn], shown)
    for axes, name in ((grid[1, 0], "word"), (grid[1, 2], "value")):
        _score_panel(axes, scores[name], "classes" if name == "word" else "values")
        axes.axhline(from_present[name], color="0.6", lw=0.8, ls=":")
        place, above = (1.0, from_present[name]), name == "word"
        look = {"ha": "right", "va": "bottom" if above else "top", "fontsize": 6.5, "color": "0.35"}
        look["xycoords"] = axes.get_yaxis_transform()
        note(axes, "best from the present item", place, (0, 3 if above else -3), **look)
    grid[1, 0].set_ylabel("accuracy, all words")
    grid[1, 2].set(ylabel="squared error / variance", yscale="log")
    for letter, axes in zip("abcdef", grid.flat, strict=True):
        axes.set_title(letter, loc="left", fontweight="bold")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4)
    return figure


MUTED = "#888888"
# Here lines and markers distinguish networks too.
SYNTHETIC_NETWORKS = {
    name.replace("rrn-golden", "rhythmic"): NETWORKS[name]._replace(line=line, marker=marker)
    for name, line, marker in zip(
        ("rrn-golden", "rnn", "lstm", "gru", "horn"), LINE_STYLES, MARKERS, strict=False
    )
}


def network_appearance(name: str) -> Appearance:
    """Return how a network on synthetic tasks is named and drawn, whatever its name."""
    return appearance(name, SYNTHETIC_NETWORKS)


SPREAD = 0.05  # octaves between networks at one difficulty, so that they hide one another less


class Panel(NamedTuple):
    """What a panel shows: a task, its axis, its references, and scores ``(difficulty, seed)``.

    ``best`` is the score that ``best_meaning`` names. It need not be a bound: a nonlinear readout
    may do better than the best linear one.
    """

    title: str
    axis: str
    difficulties: Float[np.ndarray, " difficulty"]
    claimed: int
    higher_is_better: bool
    chance: float
    best: Float[np.ndarray, " difficulty"]
    best_meaning: str
    scores: Mapping[str, Float[np.ndarray, "difficulty seed"]]


def synthetic_figure(panels: Sequence[Panel]) -> Figure:
    """Draw one panel per task, and last each network's score between chance and the reference."""
    num_columns = min(3, len(panels) + 1)
    num_rows = -(-(len(panels) + 1) // num_columns)
    figure, grid = plt.subplots(
        num_rows, num_columns, figsize=(2.6 * num_columns, 2.5 * num_rows), squeeze=False
    )
    places = list(grid.flat)
    for letter, axes, panel in zip("abcdefgh", places, panels, strict=False):
        _task_panel(axes, panel)
        axes.set_title(f"{letter}\n", loc="left", fontweight="bold")  # beside the task's name
    last = places[len(panels)]
    _skill_panel(last, panels)
    last.set_title("abcdefgh"[len(panels)], loc="left", fontweight="bold")
    for axes in places[len(panels) + 1 :]:
        axes.set_axis_off()
    handles, labels = places[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=4,
        fontsize=7,
        title=_said_of_seeds(panels),
        title_fontsize=7,
    )
    return figure


def _said_of_seeds(panels: Sequence[Panel]) -> str:
    """Say what lines, dots and bars are; bars only where there are some."""
    number = next(iter(panels[0].scores.values())).shape[1]
    said = f"lines: means over {number} seed{'' if number == 1 else 's'}; dots: single networks"
    bars = "; bars: 95 % intervals of the mean" if number >= MIN_SEEDS_FOR_TEST else ""
    return f"{said}{bars}; grey band: difficulty of the claim"


def _task_panel(axes: Axes, panel: Panel) -> None:
    """Draw single and mean scores, chance and the reference.

    Bars are 95 % intervals over seeds; of fewer than five seeds, which may learn or not, an
    interval that assumes a normal distribution is meaningless, and none is drawn.
    """
    middle = (len(panel.scores) - 1) / 2
    for place, (name, of_network) in enumerate(panel.scores.items()):
        x = panel.difficulties * 2.0 ** (SPREAD * (place - middle))
        # An accuracy, or an error over the variance.
        within = ACCURACY if panel.higher_is_better else (0.0, np.inf)
        _network_curve(axes, x, of_network, name, within)
    axes.axhline(panel.chance, color=MUTED, ls=":", lw=1, label="chance: input ignored")
    axes.plot(
        panel.difficulties, panel.best, color="black", lw=0.8, label="reference, named on top"
    )
    axes.axvline(panel.difficulties[panel.claimed], color="0.9", lw=5, zorder=0)
    axes.set_xscale("log", base=2)
    axes.set_xticks(panel.difficulties, [f"{x:g}" for x in panel.difficulties])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(panel.axis)
    axes.set_ylabel("accuracy" if panel.higher_is_better else "squared error / variance")
    # By what was measured: intervals may reach to where no score can be.
    every = np.concatenate([np.ravel(of_network) for of_network in panel.scores.values()])
    lowest = float(np.nanmin([panel.chance, np.nanmin(every)]))
    highest = float(np.nanmax([panel.chance, np.nanmax(every)]))
    axes.set_ylim(*((lowest - 0.06, 1.04) if panel.higher_is_better else (-0.04, highest + 0.06)))
    axes.set_title(f"{panel.title}\nblack: {panel.best_meaning}")


def _network_curve(
    axes: Axes,
    x: Float[np.ndarray, " difficulty"],
    scores: Float[np.ndarray, "difficulty seed"],
    name: str,
    within: tuple[float, float],
) -> None:
    """Draw one network's single scores, their means, and intervals where seeds are enough."""
    found = [summarise(list(of_difficulty), within=within) for of_difficulty in scores]
    means = np.array([summary.mean for summary in found])
    low, high = (np.array([getattr(summary, end) for summary in found]) for end in ("low", "high"))
    if scores.shape[1] < MIN_SEEDS_FOR_TEST:
        low = high = means
    label, colour, line, marker, _ = network_appearance(name)
    dots = np.repeat(x[:, None], scores.shape[1], axis=1)
    axes.plot(dots, scores, "o", color=colour, ms=2, mew=0, alpha=0.5)
    axes.errorbar(
        x,
        means,
        np.maximum(np.nan_to_num([means - low, high - means]), 0.0),
        color=colour,
        ls=line,
        marker=marker,
        ms=3.5,
        elinewidth=0.8,
        label=label,
    )


def _skill_panel(axes: Axes, panels: Sequence[Panel]) -> None:
    """Draw each network's place between chance, 0, and the reference, 1.

    One line per task, at the difficulty of its claim.
    """
    furthest = 1.0
    for row, panel in enumerate(panels):
        best = panel.best[panel.claimed]
        for name, of_network in panel.scores.items():
            mean = of_network[panel.claimed].mean()
            skill = (mean - panel.chance) / (best - panel.chance)
            furthest = max(furthest, skill)
            _, colour, _, marker, _ = network_appearance(name)
            axes.plot(max(skill, -0.1), row, marker, color=colour, ms=5, mfc="none", mew=1.3)
        axes.axhline(row, color="0.9", lw=0.6, zorder=0)
    axes.axvline(0, color=MUTED, ls=":", lw=1)
    axes.axvline(1, color="black", lw=0.8)
    labels = [f"{panel.title}\nat {panel.difficulties[panel.claimed]:g}" for panel in panels]
    axes.set_yticks(range(len(panels)), labels, fontsize=7)
    axes.set(ylim=(len(panels) - 0.5, -0.5), xlim=(-0.15, furthest + 0.1))
    axes.set_xticks([0, 0.5, 1], ["chance", "half-way", "reference"])
    axes.set(xlabel="mean score", title="who wins where")
