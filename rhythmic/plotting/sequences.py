"""How the networks on sequence tasks look in every figure, and their scores side by side."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from rhythmic.plotting.style import COLOURS, Appearance, appearance
from rhythmic.statistics import ACCURACY, summarise
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


def score_panel(axes: Axes, scores: Mapping[str, Float[np.ndarray, " seed"]], kind: Kind) -> None:
    """Draw one number a seed for each model, with their mean and ``spread_over_seeds``.

    Args:
        axes: where to draw; a logarithmic axis is set by the caller.
        scores: by model.
        kind: ``classes`` for accuracies, ``values`` for squared errors.
    """
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
