"""Ladders to compare golden rhythms with: one driver, other rungs.

Source: lecture, "Golden rhythms"; ladders drawn at random are the project's own null.
"""

import jax
import numpy as np
from jaxtyping import Array, Float

from rhythmic.arguments import checked
from rhythmic.checks import refuse
from rhythmic.theory.ladders import GOLDEN_RATIO

PLASTIC_NUMBER = 1.324717957244746
"""The real root of r^3 = r + 1: a ladder in which r^k + r^{k+1} = r^{k+3}."""

DRIVER_FREQUENCY = GOLDEN_RATIO**6
"""The published driver's, 17.9 Hz."""

# The published ladder: its rungs, and the driver's place among them.
_NUM_NODES, _DRIVER = 8, 4


@checked
def ratio_ladder(ratio: float) -> tuple[float, ...]:
    """Return f_k = f_driver * ratio^(k - 4), k = 0 .. 7: the driver keeps its frequency and place.

    Args:
        ratio: f_{k+1} / f_k, above 1.

    Returns:
        Rising frequencies in Hz.

    Raises:
        ValueError: if `ratio` is not above 1 and finite.

    Source: lecture, "Golden rhythms"; with the golden ratio the published ladder.
    """
    if not 1 < ratio < float("inf"):
        raise ValueError(f"ratio must be above 1 and finite, got {ratio}")
    try:
        return tuple(DRIVER_FREQUENCY * ratio ** (k - _DRIVER) for k in range(_NUM_NODES))
    except OverflowError:
        refuse("ratio", ratio, f"keep {_NUM_NODES} frequencies finite")


@checked
def random_ratio(low: float, high: float, *, key: Array) -> float:
    """Draw a ratio uniformly in its logarithm.

    Args:
        low: smallest ratio, above 1.
        high: largest ratio, above `low`.
        key: of the draw.

    Returns:
        The ratio.

    Raises:
        ValueError: if not 1 < low < high.
    """
    if not 1 < low < high < float("inf"):
        raise ValueError(f"low and high must hold 1 < low < high, got {low} and {high}")
    return float(np.exp(_uniform(np.log(low), np.log(high), 1, key)[0]))


@checked
def random_ladder(*, key: Array) -> tuple[float, ...]:
    """Draw rungs uniformly in the logarithm of frequency, around the published driver.

    The rungs below and above it are as many as in the golden ladder and lie between its ends, the
    golden ratio to the powers of 2 and 9 in Hz, so that number, range and driver are the same and
    only the spacing differs.

    Args:
        key: of the draws.

    Returns:
        Rising frequencies in Hz.
    """
    below_key, above_key = jax.random.split(key)
    ends = GOLDEN_RATIO**2, DRIVER_FREQUENCY, GOLDEN_RATIO**9
    low, middle, high = (np.log(frequency) for frequency in ends)
    below = np.exp(_uniform(low, middle, _DRIVER, below_key))
    above = np.exp(_uniform(middle, high, _NUM_NODES - 1 - _DRIVER, above_key))
    return (*map(float, np.sort(below)), DRIVER_FREQUENCY, *map(float, np.sort(above)))


def _uniform(low: float, high: float, count: int, key: Array) -> Float[np.ndarray, " rung"]:
    with jax.enable_x64(True):
        return np.asarray(jax.random.uniform(key, (count,), minval=low, maxval=high))
