"""Families of ladders for comparisons: ratio, span and number of nodes, and chance as the null.

Everything here is NumPy float64 and done once, before a network is built.

Source: lecture, "Brain rhythms" and "Rhythmic RNN in practice" (M. A. Kramer, arXiv:2506.17083);
the families are the project's own.
"""

import numpy as np
from jaxtyping import Float

from rhythmic.arguments import checked
from rhythmic.theory.ladders import PUBLISHED_GOLDEN_RATIO, validate_ladder

GOLDEN_START = 2.0  # Hz
GOLDEN_STOP = GOLDEN_START * PUBLISHED_GOLDEN_RATIO**10  # Hz, 245.9, as published


@checked
def span_ladder(
    num_nodes: int,
    *,
    start: float = GOLDEN_START,
    stop: float = GOLDEN_STOP,
    sample_rate: float = 1000.0,
) -> Float[np.ndarray, " hidden"]:
    """Give ``f_k = start (stop / start)^(k / (n - 1))``: a fixed span, ends included.

    From 2 to 245.9 Hz eleven nodes are the published golden ladder, and ``10 m + 1`` nodes have
    the ratio ``phi^(1/m)``. One node stands at the geometric middle.

    Args:
        num_nodes: ``n``, at least 1.
        start: lowest frequency in Hz.
        stop: highest frequency in Hz, above ``start`` and below a quarter of the sample rate.
        sample_rate: steps a second, Hz.

    Raises:
        ValueError: for a number of nodes or an end out of its range.
    """
    check_span(num_nodes, start, stop)
    places = np.linspace(0, 1, num_nodes) if num_nodes > 1 else np.array([0.5])
    return validate_ladder(start * (stop / start) ** places, sample_rate)


@checked
def random_ladder(
    num_nodes: int,
    *,
    seed: int,
    start: float = GOLDEN_START,
    stop: float = GOLDEN_STOP,
    sample_rate: float = 1000.0,
) -> Float[np.ndarray, " hidden"]:
    """Draw a ladder of the same span and number of nodes: the null that a ratio is held against.

    Both ends stay; the logarithms of the frequencies between them are independent and uniform.

    Args:
        num_nodes: at least 2.
        seed: of ``numpy.random.default_rng``, at least 0.
        start: lowest frequency in Hz.
        stop: highest frequency in Hz, above ``start`` and below a quarter of the sample rate.
        sample_rate: steps a second, Hz.

    Returns:
        Rising frequencies in Hz.

    Raises:
        ValueError: for a number of nodes, seed or end out of its range.
    """
    check_span(num_nodes, start, stop)
    if num_nodes < 2:
        raise ValueError(f"num_nodes is {num_nodes}; a random ladder has at least 2, its ends")
    if seed < 0:
        raise ValueError(f"seed is {seed}; it must be at least 0")
    inner = np.random.default_rng(seed).uniform(0, 1, num_nodes - 2)
    places = np.concatenate([[0.0], np.sort(inner), [1.0]])
    return validate_ladder(start * (stop / start) ** places, sample_rate)


@checked
def copied_ladder(
    frequencies: Float[np.ndarray, " node"], num_copies: int
) -> Float[np.ndarray, " hidden"]:
    """Repeat a ladder, copy after copy: several nodes a rhythm.

    Args:
        frequencies: of the ladder, Hz.
        num_copies: how often it is repeated.

    Returns:
        Frequencies in Hz, ``num_copies`` times as many.

    Raises:
        ValueError: for no copies.
    """
    if num_copies < 1:
        raise ValueError(f"num_copies is {num_copies}; it must be at least 1")
    return np.tile(np.asarray(frequencies, np.float64), num_copies)


def check_span(num_nodes: int, start: float, stop: float) -> None:
    """Raise a ValueError that names the number of nodes or the end out of its range."""
    if num_nodes < 1:
        raise ValueError(f"num_nodes is {num_nodes}; it must be at least 1")
    if not 0 < start < stop:
        raise ValueError(f"start is {start} and stop {stop}; they must rise from above 0 Hz")
