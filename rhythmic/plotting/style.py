"""How every figure looks, and how it is saved."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler

from rhythmic.files import replacing

# Told apart by colour-blind readers and in grey: Okabe & Ito (2008), Color Universal Design.
OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky blue": "#56B4E9",
    "bluish green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "reddish purple": "#CC79A7",
}

# In the order in which the curves of a panel take them.
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P")

# One colour an architecture, the same in every figure.
COLOURS = {
    "rrn-golden": OKABE_ITO["orange"],
    "rnn": OKABE_ITO["blue"],
    "lstm": OKABE_ITO["bluish green"],
    "rrn-log": OKABE_ITO["reddish purple"],
    "rrn-two": OKABE_ITO["vermilion"],
    "rrn-linear": OKABE_ITO["sky blue"],
    "rrn-golden-unconnected": "#8C6D1F",
    "rrn-custom": OKABE_ITO["black"],
}

LABELS = {
    "rrn-golden": "rhythmic (golden)",
    "rnn": "RNN",
    "lstm": "LSTM",
    "rrn-log": "rhythmic (log)",
    "rrn-two": "rhythmic (two)",
    "rrn-linear": "rhythmic (linear)",
    "rrn-golden-unconnected": "golden, unconnected",
    "rrn-custom": "rhythmic (custom)",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style: sizes in inches of print, text of 8 points."""
    settings: dict[Any, Any] = {
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "lines.linewidth": 1.2,
        "legend.frameon": False,
        "figure.constrained_layout.use": True,
        "pdf.fonttype": 42,
        "savefig.dpi": 200,
    }
    with matplotlib.rc_context(settings):
        yield


def lecture_style() -> None:
    """Draw for a projector from here on: text of 13 points, thicker lines, colours by Okabe & Ito.

    For notebooks and sessions at the board. It changes matplotlib's settings until the session
    ends; figures for print are drawn within ``house_style``.
    """
    names = ("blue", "vermilion", "bluish green", "orange", "reddish purple", "sky blue", "black")
    settings: dict[Any, Any] = {
        "axes.prop_cycle": cycler(color=[OKABE_ITO[name] for name in names]),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": 13,
        "figure.constrained_layout.use": True,
        "figure.dpi": 150,
        "figure.figsize": (8, 4),
        "font.size": 13,
        "legend.frameon": False,
        "lines.linewidth": 2,
        "lines.markersize": 6,
    }
    matplotlib.rcParams.update(settings)


def save(figure: Figure, folder: Path, name: str) -> Path:
    """Write ``figure`` as ``name.pdf`` and ``name.png`` into ``folder``, each whole or not at all.

    Returns:
        The picture's path.
    """
    # It warns of the date of fonts that matplotlib brings, which no reader can mend.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    for ending in ("pdf", "png"):
        # Without the date, the same results give the same file.
        metadata = {"CreationDate": None} if ending == "pdf" else None
        with replacing(folder / f"{name}.{ending}") as partial:
            figure.savefig(partial, format=ending, metadata=metadata, bbox_inches="tight")
    return folder / f"{name}.png"
