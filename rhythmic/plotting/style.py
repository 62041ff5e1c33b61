"""Style of all figures, names and styles of networks in them, and how they are saved."""

import logging
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler

from rhythmic.data.images import image_rhythm
from rhythmic.files import replacing
from rhythmic.statistics import ACCURACY, summarise

# Distinguishable for colour-blind readers and in grey: Okabe & Ito (2008), Color Universal Design.
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

# For networks without a colour of their own: Tol (2021), the muted scheme, technical note SRON.
FURTHER_COLOURS = (
    "#332288",
    "#882255",
    "#44AA99",
    "#999933",
    "#AA4499",
    "#117733",
    "#CC6677",
    "#6699CC",
    "#661100",
)
HATCHES = ("", "////", "....", "xxxx", "++++")


class Appearance(NamedTuple):
    """How a network is named and drawn: its title, colour, line, marker and the hatch of bars."""

    label: str
    colour: str
    line: Any = "-"
    marker: str = "o"
    hatch: str = ""


# The same in every figure.
NETWORKS: Mapping[str, Appearance] = MappingProxyType(
    {
        "rrn-golden": Appearance("rhythmic (golden)", OKABE_ITO["orange"], marker="o"),
        "rnn": Appearance("RNN", OKABE_ITO["blue"], marker="^"),
        "lstm": Appearance("LSTM", OKABE_ITO["bluish green"], marker="D"),
        "rrn-log": Appearance("rhythmic (log)", OKABE_ITO["reddish purple"], marker="p"),
        "rrn-two": Appearance("rhythmic (two)", OKABE_ITO["vermilion"], marker="*"),
        "rrn-linear": Appearance("rhythmic (linear)", OKABE_ITO["sky blue"], marker="h"),
        "rrn-golden-unconnected": Appearance("golden, unconnected", "#8C6D1F", marker="s"),
        "rrn-custom": Appearance("rhythmic (custom)", OKABE_ITO["black"], marker="X"),
        "gru": Appearance("GRU", OKABE_ITO["reddish purple"], marker="v"),
        "horn": Appearance("HORN", OKABE_ITO["vermilion"], marker="P"),
    }
)
LABELS = {name: network.label for name, network in NETWORKS.items()}
COLOURS = {name: network.colour for name, network in NETWORKS.items()}


def appearance(name: str, known: Mapping[str, Appearance] = NETWORKS) -> Appearance:
    """Return how a network is named and drawn, whatever its name.

    A network that is not known by name has its name as title; colour, line, marker and hatch
    follow from the name alone, so that they are the same in every figure and run.

    Args:
        name: of the network.
        known: how networks with names of their own are drawn.
    """
    if name in known:
        return known[name]
    number = zlib.crc32(name.encode(errors="surrogatepass"))
    colour, line = FURTHER_COLOURS[number % 9], LINE_STYLES[number // 9 % 6]
    marker, hatch = MARKERS[number // 54 % 6], HATCHES[number // 324 % 5]
    return Appearance(name, colour, line, marker, hatch)


def mean_points(
    axes: Axes,
    places: Sequence[float] | np.ndarray,
    values: Iterable[Sequence[float] | np.ndarray],
    **look: Any,
) -> None:
    """Draw the mean over the seeds of each place with its 95 % interval; none of a single seed.

    ``look`` is passed to ``Axes.errorbar``.
    """
    found = [summarise(list(own), within=ACCURACY) for own in values]
    ends = [[own.mean - own.low for own in found], [own.high - own.mean for own in found]]
    axes.errorbar(places, [own.mean for own in found], np.nan_to_num(ends), **look)


def note(
    axes: Axes, text: str, place: tuple[float, float], offset: tuple[float, float], **look: Any
) -> None:
    """Write a text some points away from a place; ``look`` is passed to ``Axes.annotate``."""
    axes.annotate(text, place, xytext=offset, textcoords="offset points", **look)


def mark_image_rhythm(
    axes: Axes, highest: float, *, along: Literal["x", "y"] = "x", name: bool = True
) -> None:
    """Mark the rhythm of the image rows, 35.7 Hz, and fainter its harmonics up to ``highest``.

    Args:
        axes: where to draw.
        highest: the largest frequency that is marked, Hz.
        along: the axis that shows frequency.
        name: whether the mark's name is written beside it, on a horizontal axis alone.
    """
    line = axes.axvline if along == "x" else axes.axhline
    rhythm = [float(frequency) for frequency in image_rhythm("rows")]
    for place, frequency in enumerate(rhythm):
        if frequency <= highest:
            line(frequency, color="0.55" if place == 0 else "0.85", lw=0.7, ls="--", zorder=0)
    if name and along == "x":
        # Left of the line there is room; right of it are the harmonics.
        text = f"{rhythm[0]:.1f} Hz: the image rows"
        look = {"fontsize": 6.5, "color": "0.4", "ha": "right", "va": "top"}
        note(axes, text, (rhythm[0], 1.0), (-3, -2), xycoords=("data", "axes fraction"), **look)


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
    """Write ``figure`` as ``name.pdf`` and ``name.png`` into ``folder``, each atomically.

    Returns:
        The picture's path.
    """
    # It warns of the date of fonts that matplotlib brings, which no reader can repair.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    for ending in ("pdf", "png"):
        # Without the date, the same results give the same file.
        metadata = {"CreationDate": None} if ending == "pdf" else None
        with replacing(folder / f"{name}.{ending}") as partial:
            figure.savefig(partial, format=ending, metadata=metadata, bbox_inches="tight")
    return folder / f"{name}.png"
