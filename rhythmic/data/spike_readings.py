"""What can be read from spike trains without a network: baselines, and the best there is.

Source: textbook definitions (count, periodogram, likelihood ratio), for the trains of M. A. Kramer,
arXiv:2506.17083.
"""

import numpy as np
import scipy
from jaxtyping import Float, Int, Shaped

from rhythmic.arguments import checked
from rhythmic.data.spikes import SpikeTrains
from rhythmic.typing import AnyArray

_RARE = np.finfo(np.float64).tiny  # stands for probability zero, whose logarithm is infinite


@checked
def spike_count(trains: Shaped[AnyArray, "example time"]) -> Int[np.ndarray, " example"]:
    """Count the spikes of each train; whatever is not zero is a spike."""
    return np.count_nonzero(np.asarray(trains), axis=1)


@checked
def spike_power(
    trains: Shaped[AnyArray, "example time"],
    frequencies: Float[AnyArray, " frequency"],
    sample_rate: float,
) -> Float[np.ndarray, "example frequency"]:
    """Return the power of each train at given frequencies: its periodogram.

    ``P(f) = |sum_k s_k exp(-2 pi i f k / sample_rate)|^2 / T`` with ``s_k`` 1 at a spike, else 0,
    and ``T`` the number of steps. The mean is not taken off, so ``P(0)`` is the squared count
    over ``T``. A train of independent spikes of probability p has the mean power ``p (1 - p)``
    at every whole number of cycles in the train.

    Args:
        trains: whatever is not zero is a spike.
        frequencies: Hz; any, also between the bins of a discrete Fourier transform.
        sample_rate: steps a second, Hz.

    Returns:
        Power, without unit, in float64.

    Raises:
        ValueError: if the sample rate is not above 0.
    """
    if not 0.0 < sample_rate < float("inf"):
        raise ValueError(f"sample_rate is {sample_rate}; it must be above 0 and finite")
    spikes = (np.asarray(trains) != 0).astype(np.float64)
    turns = np.outer(np.arange(spikes.shape[1]) / sample_rate, np.asarray(frequencies, np.float64))
    angles = 2 * np.pi * (turns % 1.0)
    return ((spikes @ np.cos(angles)) ** 2 + (spikes @ np.sin(angles)) ** 2) / spikes.shape[1]


@checked
def log_odds(
    trains: Shaped[AnyArray, "example time"], recipe: SpikeTrains, num_frequencies: int = 400
) -> Float[np.ndarray, " example"]:
    """Return the logarithm of the odds of class 1 against class 0, given the whole train.

    ``ln(mean over f of P(train | f) / P(train | constant rate))``, the mean over the range of the
    modulation by the midpoint rule, both classes equally likely before. Calling every train with
    odds above 0 rhythmic is the best reading there is: no network has a higher accuracy on
    average.

    Args:
        trains: trains of the recipe's number of steps; whatever is not zero is a spike.
        recipe: the constants by which they were drawn.
        num_frequencies: points of the midpoint rule.

    Returns:
        Log odds in nats, in float64.

    Raises:
        ValueError: if the trains have another number of steps, or there is no point.
    """
    spikes = (np.asarray(trains) != 0).astype(np.float64)
    if spikes.shape[1] != recipe.num_steps:
        raise ValueError(f"trains have {spikes.shape[1]} steps; the recipe has {recipe.num_steps}")
    if num_frequencies < 1:
        raise ValueError(f"num_frequencies is {num_frequencies}; it must be at least 1")
    span = recipe.fastest_modulation - recipe.slowest_modulation
    midpoints = (np.arange(num_frequencies) + 0.5) / num_frequencies
    frequencies = recipe.slowest_modulation + span * midpoints

    def log_likelihood(modulation_frequency: np.ndarray) -> np.ndarray:
        probability = np.maximum(recipe.spike_probability(modulation_frequency), _RARE)
        silent = np.log1p(-probability)
        return spikes @ (np.log(probability) - silent).T + silent.sum(axis=1)

    rhythmic = scipy.special.logsumexp(log_likelihood(frequencies), axis=1)
    return rhythmic - np.log(num_frequencies) - log_likelihood(np.array([np.nan]))[:, 0]
