"""Levels and labels of lines of equal value."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator


def log_levels(values: np.ndarray) -> list[float]:
    """Choose levels at 1, 2, 5 times powers of ten, at most six."""
    known = values[np.isfinite(values)]
    if not known.size:
        return []
    low, high = np.quantile(known, [0.02, 0.98])
    subs = (1, 2, 5) if high < 200 * low else (1,)
    ticks = LogLocator(subs=subs, numticks=50).tick_values(low, high)
    inside = [float(x) for x in ticks if low <= x <= high]
    return inside[:: -(-len(inside) // 6) or 1]


def label_places(axes: Axes, lines: Sequence[np.ndarray]) -> list[tuple[float, float]]:
    """Choose where each line bears its label: far from the frame, other lines and other labels."""
    low, high = np.transpose([axes.get_xlim(), axes.get_ylim()])
    wide = np.array([0.6, 1.4])  # a label is wider than it is high
    scaled = [(points[:: -(-len(points) // 60) or 1] - low) / (high - low) for points in lines]
    chosen: list[np.ndarray] = []
    for number, points in enumerate(scaled):
        others = [x for place, x in enumerate(scaled) if place != number] + chosen
        if not len(points):
            continue
        room = 0.7 * np.minimum(points, 1 - points).min(1)
        for other in others:
            apart = (points[:, None] - np.atleast_2d(other)) * wide
            room = np.minimum(room, np.hypot(*apart.T).T.min(1, initial=np.inf))
        if room.max() > 0.035:
            chosen.append(points[np.argmax(room)])
    return [(float(x), float(y)) for x, y in low + np.reshape(chosen, (-1, 2)) * (high - low)]
