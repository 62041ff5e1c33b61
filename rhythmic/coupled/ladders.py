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


@checked
def ratio_ladder(
    ratio: float,
    *,
    driver_frequency: float = DRIVER_FREQUENCY,
    driver: int = 4,
    num_nodes: int = 8,
) -> tuple[float, ...]:
    """Give f_k = f_driver * ratio^(k - driver): the driver keeps its frequency and its place.

    Args:
        ratio: f_{k+1} / f_k, above 1.
        driver_frequency: in Hz.
        driver: the driver's index, from 0.
        num_nodes: number of rungs.

    Returns:
        Rising frequencies in Hz.

    Raises:
        ValueError: if `ratio` is not above 1 and finite, `driver_frequency` not positive and
            finite, or the driver is not among the rungs.

    Source: lecture, "Golden rhythms"; with the golden ratio the published ladder.
    """
    if not 1 < ratio < float("inf"):
        raise ValueError(f"ratio must be above 1 and finite, got {ratio}")
    if not 0 < driver_frequency < float("inf"):
        raise ValueError(
            f"driver_frequency must be positive and finite (Hz), got {driver_frequency}"
        )
    if not 0 <= driver < num_nodes:
        raise ValueError(f"driver must be an index from 0 to {num_nodes - 1}, got {driver}")
    try:
        return tuple(driver_frequency * ratio ** (k - driver) for k in range(num_nodes))
    except OverflowError:
        refuse("ratio", ratio, f"keep {num_nodes} frequencies finite")


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
def random_ladder(
    *,
    low: float = GOLDEN_RATIO**2,
    high: float = GOLDEN_RATIO**9,
    driver_frequency: float = DRIVER_FREQUENCY,
    driver: int = 4,
    num_nodes: int = 8,
    key: Array,
) -> tuple[float, ...]:
    """Draw rungs uniformly in the logarithm of frequency, around a given driver.

    The rungs below and above the driver are as many as in the golden ladder, and by default lie
    between its ends, so that number, range and driver are the same and only the spacing differs.

    Args:
        low: lower end of the range in Hz.
        high: upper end of the range in Hz.
        driver_frequency: in Hz, between the two.
        driver: number of rungs below the driver: its index.
        num_nodes: number of rungs, the driver among them.
        key: of the draws.

    Returns:
        Rising frequencies in Hz.

    Raises:
        ValueError: if not 0 < low < driver_frequency < high, or the driver is not among the rungs.
    """
    if not 0 < low < driver_frequency < high < float("inf"):
        allowed = "between low and high, both positive"
        raise ValueError(
            f"driver_frequency must be {allowed}, got {driver_frequency}, {low} and {high}"
        )
    if not 0 <= driver < num_nodes:
        raise ValueError(f"driver must be an index from 0 to {num_nodes - 1}, got {driver}")
    below_key, above_key = jax.random.split(key)
    middle = np.log(driver_frequency)
    below = np.exp(_uniform(np.log(low), middle, driver, below_key))
    above = np.exp(_uniform(middle, np.log(high), num_nodes - 1 - driver, above_key))
    return (*map(float, np.sort(below)), driver_frequency, *map(float, np.sort(above)))


def _uniform(low: float, high: float, count: int, key: Array) -> Float[np.ndarray, " rung"]:
    with jax.enable_x64(True):
        return np.asarray(jax.random.uniform(key, (count,), minval=low, maxval=high))
