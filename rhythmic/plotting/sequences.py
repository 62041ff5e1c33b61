"""How the networks on sequence tasks look in every figure, and their scores side by side."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from rhythmic.plotting.style import COLOURS
from rhythmic.statistics import summarise
from rhythmic.typing import Float

MODEL_COLOURS = {
    "present": "0.45",
    "rnn": COLOURS["rnn"],
    "lstm": COLOURS["lstm"],
    "rhythmic": COLOURS["rrn-golden"],
}
MODEL_LABELS = {
    "present": "present item alone",
    "rnn": "RNN",
    "lstm": "LSTM",
    "rhythmic": "rhythmic RNN",
}
MODEL_LINES = {"present": (0, (1, 1)), "rnn": "--", "lstm": "-", "rhythmic": "-."}
MODEL_MARKERS = {"present": "x", "rnn": "s", "lstm": "o", "rhythmic": "^"}
MODEL_HATCHES = {"present": "", "rnn": "////", "lstm": "", "rhythmic": "...."}


def score_panel(axes: Axes, scores: Mapping[str, Float[np.ndarray, " seed"]]) -> None:
    """Draw one number a seed for each model, with their mean and its 95 % interval.

    Args:
        axes: where to draw; a logarithmic axis is set by the caller.
        scores: by model.
    """
    for position, (name, values) in enumerate(scores.items()):
        summary = summarise(values.tolist())
        colour, marker = MODEL_COLOURS[name], MODEL_MARKERS[name]
        spread = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.zeros(1)
        axes.plot(position + spread, values, marker, ms=3, mfc="none", mew=0.7, color=colour)
        axes.plot(position, summary.mean, "_", ms=14, mew=1.6, color=colour)
        if summary.num_seeds > 1:
            axes.vlines(position, summary.low, summary.high, color=colour, lw=1.2)
    labels = [MODEL_LABELS[name].replace(" ", "\n", 1) for name in scores]
    axes.set_xticks(range(len(scores)), labels, fontsize=7)
    axes.set_xlim(-0.5, len(scores) - 0.5)
