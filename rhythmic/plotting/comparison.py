"""Figures of a comparison of networks on recordings: scores, rhythms, examples."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from rhythmic.plotting.style import FURTHER_COLOURS, LINE_STYLES, OKABE_ITO, Appearance, appearance

INK = OKABE_ITO["black"]
MUTED = "#888888"
MOST_NAMED = 8  # channels whose names are written
MOST_OUTPUTS = 3  # numbers of which predictions are drawn
# Conventional ranges of the bands of the human EEG in Hz, as marks; authors differ by a third.
BRAIN_BANDS = {
    "δ": (1.0, 4.0),
    "θ": (4.0, 8.0),
    "α": (8.0, 13.0),
    "β": (13.0, 30.0),
    "γ": (30.0, 80.0),
}


def _look(name: str) -> Appearance:
    """Return how a condition is drawn; the rhythmic RNN as in all figures."""
    return appearance("rrn-golden" if name == "rrn" else name)


def scores_figure(
    scores: Mapping[str, Sequence[float]],
    intervals: Mapping[str, tuple[float, float]],
    titles: Mapping[str, str],
    label: str,
    chance: float | None,
) -> Figure:
    """Draw the score of every run of every condition, its mean and 95 % interval.

    Args:
        scores: one number per run, by condition.
        intervals: low and high end, NaN where there is none.
        titles: of the conditions.
        label: of the axis.
        chance: score of a guess, marked; None for none.
    """
    figure = Figure(figsize=(6.0, 0.6 + 0.3 * len(scores)))
    axes = figure.subplots()
    for place, (name, values) in enumerate(scores.items()):
        spread = np.linspace(-0.15, 0.15, len(values))
        colour = _look(name).colour
        axes.plot(values, place + spread, "o", ms=3, mfc="none", mew=0.7, color=colour)
        axes.plot(np.mean(values), place, "|", ms=12, mew=2, color=colour)
        axes.plot(intervals[name], [place, place], color=colour, lw=1.2)
    axes.set_yticks(range(len(scores)), [titles[name] for name in scores])
    axes.set(ylim=(len(scores) - 0.4, -0.6), xlabel=label)
    if chance is not None:
        axes.axvline(chance, color=MUTED, lw=0.8, ls=":")
        axes.text(chance, -0.5, " chance", color=MUTED, fontsize=7, va="top")
    return figure


def ladders_figure(named: Mapping[str, float], random: Sequence[float], label: str) -> Figure:
    """Draw the scores of named ladders among those of random ones.

    Args:
        named: mean score by name.
        random: mean score of each random ladder.
        label: of the axis.
    """
    figure = Figure(figsize=(6.0, 1.6 + 0.2 * len(named)))
    heights = (6.0, float(len(named)))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=heights)
    upper.hist(random, bins=min(15, max(5, len(random) // 3)), color="0.8")
    upper.set_ylabel("random ladders")
    upper.yaxis.set_major_locator(MaxNLocator(integer=True))
    lower.plot(list(named.values()), range(len(named)), "D", ms=5, color=OKABE_ITO["orange"])
    for value in named.values():
        upper.axvline(value, color=OKABE_ITO["orange"], lw=0.6, ls=":")
    lower.set_yticks(range(len(named)), list(named))
    lower.set(ylim=(len(named) - 0.5, -0.5), xlabel=label)
    lower.grid(axis="x", lw=0.4)
    return figure


def rhythms_figure(
    frequency: np.ndarray,
    power: np.ndarray,
    classes: Sequence[str],
    nodes: Mapping[str, Any],
    bands: Mapping[str, Any],
) -> Figure:
    """Draw spectra of the classes, learned frequencies, and the importance of bands and nodes.

    Args:
        frequency: of the spectra, ``(frequency,)`` in Hz.
        power: ``(class_, frequency)``.
        classes: their names; one row has none.
        nodes: ``start_hz``, ``learned_hz`` and ``importance``, ``(run, node)`` each.
        bands: ``low_hz``, ``high_hz``, and ``importance`` ``(run, band)``.
    """
    figure = Figure(figsize=(7.0, 4.6))
    upper, middle, lower = figure.subplots(3, 1, sharex=True, height_ratios=(1.5, 1, 1))
    _draw_spectra(upper, frequency, power, classes)
    low, high = np.asarray(bands["low_hz"]), np.asarray(bands["high_hz"])
    centre, importance = np.sqrt(low * high), np.asarray(bands["importance"], float)
    for row in importance:
        middle.plot(centre, row, color=OKABE_ITO["orange"], lw=0.5, alpha=0.5)
    middle.plot(centre, np.nanmean(importance, axis=0), color=OKABE_ITO["vermilion"], lw=1.6)
    middle.axhline(0, color=MUTED, lw=0.6)
    middle.set_ylabel("fall of the score\nwithout the band")
    start, learned = (np.asarray(nodes[name], float) for name in ("start_hz", "learned_hz"))
    own = np.asarray(nodes["importance"], float)
    lower.vlines(learned.ravel(), 0, own.ravel(), color=OKABE_ITO["orange"], lw=0.8, alpha=0.7)
    lower.plot(learned.ravel(), own.ravel(), "o", ms=3, color=OKABE_ITO["orange"])
    lower.plot(start[0], np.zeros(start.shape[1]), "|", ms=7, color=INK)
    lower.axhline(0, color=MUTED, lw=0.6)
    lower.set(ylabel="fall of the score\nwithout the node", xlabel="frequency (Hz)")
    limits = float(low[0]), float(max(high[-1], np.nanmax(learned)))
    lower.set_xscale("log")
    lower.set_xlim(*limits)
    _mark_bands(upper, limits)
    lower.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    lower.xaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))
    lower.xaxis.set_minor_locator(NullLocator())
    return figure


def _draw_spectra(
    axes: Axes, frequency: np.ndarray, power: np.ndarray, classes: Sequence[str]
) -> None:
    """Draw a line for each class."""
    for place, row in enumerate(power):
        colour = FURTHER_COLOURS[place % len(FURTHER_COLOURS)]
        style: Any = LINE_STYLES[place % len(LINE_STYLES)]
        label = str(classes[place]) if len(power) > 1 else None
        axes.plot(frequency, row, color=colour, ls=style, label=label)
    axes.set(yscale="log", ylabel="power (1/Hz)")
    if 1 < len(power) <= 8:
        axes.legend(fontsize=7, loc="lower left")


def _mark_bands(axes: Axes, limits: tuple[float, float]) -> None:
    """Name the bands of the brain above the upper edge."""
    for place, (name, (low, high)) in enumerate(BRAIN_BANDS.items()):
        low, high = max(low, limits[0]), min(high, limits[1])
        if low < high:
            axes.axvspan(low, high, color="0.93" if place % 2 else "0.97", zorder=0, lw=0)
            middle = float(np.sqrt(low * high))
            place_of: Any = {"transform": axes.get_xaxis_transform(), "ha": "center"}
            axes.text(middle, 1.01, name, va="bottom", **place_of)


def confusion_figure(confusion: np.ndarray, classes: Sequence[str]) -> Figure:
    """Draw the fraction of each true class that is predicted as each class.

    Args:
        confusion: counts, (true, predicted).
        classes: their names.
    """
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    side = 1.4 + 0.32 * len(classes)
    figure = Figure(figsize=(side + 0.6, side))
    axes = figure.subplots()
    axes.imshow(shares, cmap="Greys", vmin=0, vmax=1)
    names = [str(one)[:14] for one in classes]
    axes.set_xticks(range(len(classes)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(classes)), names)
    axes.set(xlabel="predicted", ylabel="true")
    if len(classes) <= 12:
        for (row, column), value in np.ndenumerate(shares):
            colour = "white" if value > 0.5 else INK
            axes.text(
                column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=6
            )
    return figure


def curves_figure(
    curves: Mapping[str, np.ndarray], titles: Mapping[str, str], label: str
) -> Figure:
    """Draw the validation score of each network after every epoch, mean over the runs.

    Args:
        curves: ``(run, epoch)`` by name of the network.
        titles: of the networks.
        label: of the score.
    """
    figure = Figure(figsize=(6.0, 2.4))
    axes = figure.subplots()
    for name, rows in curves.items():
        look, known = _look(name), np.asarray(rows, float)
        if np.isfinite(known).any():
            mean = np.nanmean(known, axis=0)
            epochs = np.arange(1, len(mean) + 1)
            axes.plot(epochs, mean, color=look.colour, ls=look.line, label=titles[name])
    axes.set(xlabel="epoch", ylabel=f"validation {label}")
    _leave_out_beginnings(axes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def answers_figure(targets: np.ndarray, answers: np.ndarray) -> Figure:
    """Draw predictions of test trials against their targets, one panel for each number.

    Args:
        targets: ``(trial, output)``, of all runs.
        answers: ``(trial, output)``, of the same trials.
    """
    number = min(targets.shape[1], MOST_OUTPUTS)
    figure = Figure(figsize=(0.6 + 2.4 * number, 2.6))
    for place, axes in enumerate(np.atleast_1d(figure.subplots(1, number))):
        own, predicted = targets[:, place], answers[:, place]
        axes.plot(own, predicted, "o", ms=3, mfc="none", mew=0.7, color=OKABE_ITO["orange"])
        axes.axline((float(np.nanmean(own)),) * 2, slope=1, color=MUTED, lw=0.8, ls=":")
        axes.set(xlabel="target", ylabel="" if place else "prediction")
        if number > 1:
            axes.set_title(f"output {place}")
    return figure


def _leave_out_beginnings(axes: Axes) -> None:
    """Cut the axis where first epochs, of R² far below zero, would flatten all that follow."""
    curves = [np.asarray(line.get_ydata(), float) for line in axes.lines]
    if not curves:
        return
    later = np.concatenate([curve[len(curve) // 4 :] for curve in curves])
    low, high = float(np.nanmin(later)), float(np.nanmax(later))
    if low < high and min(map(np.nanmin, curves)) < low - 2 * (high - low):
        axes.set_ylim(low - 0.2 * (high - low), high + 0.1 * (high - low))


def traces_figure(
    traces: Sequence[Mapping[str, Any]],
    titles: Sequence[str],
    frequencies: Sequence[float],
    channels: Sequence[str] = (),
    classes: Sequence[str] = (),
) -> Figure:
    """Draw example trials above the response of each node, each trace scaled to its range.

    Where there are targets at every step, these and the predictions are below.

    Args:
        traces: ``seconds``, ``inputs`` (channel, sample) and ``nodes`` (node, sample), and where
            there are some ``targets`` and ``answers``.
        titles: of the trials.
        frequencies: of the nodes, Hz.
        channels: their names.
        classes: their names, where targets are such.
    """
    heights = (1, 2, 1) if "answers" in traces[0] else (1, 2)
    figure = Figure(figsize=(7.0, 0.4 + sum(heights)))
    panels = figure.subplots(
        len(heights), len(traces), sharex="col", height_ratios=heights, squeeze=False
    )
    order = np.argsort(frequencies)
    names = [f"{frequencies[k]:.3g}" for k in order]
    for column, (trace, title) in enumerate(zip(traces, titles, strict=True)):
        upper, lower, *answers = panels[:, column]
        seconds = np.asarray(trace["seconds"])
        inputs, nodes = (np.asarray(trace[name], float) for name in ("inputs", "nodes"))
        _stack(upper, seconds, inputs, channels if len(channels) <= MOST_NAMED else (), INK)
        _stack(lower, seconds, nodes[order], names, OKABE_ITO["orange"])
        for axes in answers:
            _draw_answers(axes, seconds, trace, classes)
        upper.set_title(title)
        panels[-1, column].set_xlabel("time (s)")
        for axes in panels[:, column] if column else ():
            axes.tick_params(left=False, labelleft=False)
    for axes, name in zip(panels[:, 0], ("channels", "nodes (Hz)", "predictions"), strict=False):
        axes.set_ylabel(name)
    return figure


def _stack(
    axes: Axes, seconds: np.ndarray, rows: np.ndarray, names: Sequence[str], colour: str
) -> None:
    """Draw rows one above the other, each scaled to its range."""
    for place, row in enumerate(rows):
        height = float(np.ptp(row)) or 1.0
        axes.plot(seconds, place + 0.8 * (row - row.mean()) / height, color=colour, lw=0.6)
    short = [name if len(name) < 13 else f"{name[:11]}…" for name in names]
    axes.set_yticks(range(len(short)), short, fontsize=6)


def _draw_answers(
    axes: Axes, seconds: np.ndarray, trace: Mapping[str, Any], classes: Sequence[str]
) -> None:
    """Draw targets and predictions of every step, classes or numbers, one above the other."""
    targets, answers = (np.asarray(trace[name], float) for name in ("targets", "answers"))
    if classes:
        targets = np.where(targets < 0, np.nan, targets)
        axes.step(seconds, targets, where="post", color=INK, lw=1.6, label="target")
        axes.step(seconds, answers, where="post", color=OKABE_ITO["orange"], lw=0.8)
        names = [str(one)[:14] for one in classes]
        axes.set_yticks(range(len(names)), names, fontsize=6)
        return
    for place, (own, predicted) in enumerate(zip(targets, answers, strict=True)):
        if place < MOST_OUTPUTS:
            middle, height = np.nanmean(own), float(np.nanmax(own) - np.nanmin(own)) or 1.0
            axes.plot(seconds, place + 0.8 * (own - middle) / height, color=INK, lw=1.2)
            shown = place + 0.8 * (predicted - middle) / height
            axes.plot(seconds, shown, color=OKABE_ITO["orange"], lw=0.8)
    axes.set_yticks([])
