"""The rhythm that digits have of their own, as a mark on axes of frequency."""

from typing import Literal

from matplotlib.axes import Axes

from rhythmic.data.orders import image_rhythm


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
        # Left of the line there is room; right of it stand the harmonics.
        axes.annotate(
            f"{rhythm[0]:.1f} Hz: the image rows", (rhythm[0], 1.0), (-3, -2),
            xycoords=("data", "axes fraction"), textcoords="offset points", fontsize=6.5,
            color="0.4", ha="right", va="top",
        )  # fmt: skip
