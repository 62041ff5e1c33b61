"""Rhythms of an image that is read row by row: which wave of the plane a frequency listens to.

Everything here is NumPy float64 and done once, before a network is built.

Source: the ladder is the project's own, of the textbook definition of a two-dimensional Fourier
coefficient.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from rhythmic.arguments import checked
from rhythmic.theory.ladders import validate_ladder

MOST_WAVES = 10**7  # to choose from: of 28 pixels, steps of 2e-5


class ImageWaves(NamedTuple):
    """Waves of the plane, one entry a frequency.

    Attributes:
        along: cycles along a row of the image, from left to right.
        down: cycles down the image, between ``-side / 2`` and ``side / 2``.
    """

    along: Float[np.ndarray, " hidden"]
    down: Float[np.ndarray, " hidden"]


@checked
def image_ladder(
    num_nodes: int,
    *,
    spacing: float = 1.0,
    offset: float = 0.5,
    aspect: float = 2.0,
    side: int = 28,
    sample_rate: float = 1000.0,
) -> Float[np.ndarray, " hidden"]:
    """Give the frequencies of the longest waves of an image that is read row by row.

        f = Fs (side m + q) / side^2,  q = spacing (n + offset),  m = 0, 1, ..., n any integer

    ``Fs / side`` is the rhythm of the rows (35.7 Hz at 28 pixels a row and 1000 a second), ``Fs /
    side^2`` that of the image (1.28 Hz). A sinusoid at ``f`` is a wave of the plane: about ``m``
    cycles along a row, ``q`` down the image; see ``image_waves``. The phasor of a node that loses
    nothing is, after the last pixel, the Fourier coefficient of that wave. Of all waves those of
    the smallest ``hypot(aspect m, q)`` are taken.

    Args:
        num_nodes: number of frequencies, at least 1.
        spacing: step of ``q``, in cycles down the image, above 0.
        offset: of the grid of ``q``, in steps, in [0, 1).
        aspect: how many cycles down the image count as one along a row, above 0.
        side: pixels a row, and rows.
        sample_rate: ``Fs``, pixels a second, Hz.

    Returns:
        Rising frequencies in Hz, above 0 and below ``Fs / 4``.

    Raises:
        ValueError: for an argument out of its range, or more nodes than there are such waves.
    """
    for name, value in (("spacing", spacing), ("aspect", aspect)):
        if not 0.0 < value < np.inf:
            raise ValueError(f"{name} is {value}; it must be above 0 and finite")
    if not 0.0 <= offset < 1.0:
        raise ValueError(f"offset is {offset}; it must lie in [0, 1)")
    if num_nodes < 1 or side < 2:
        raise ValueError(f"num_nodes is {num_nodes} and side {side}; they must be at least 1 and 2")
    if (side // 4 + 1) * (side / spacing) > MOST_WAVES:
        least = (side // 4 + 1) * side / MOST_WAVES
        raise ValueError(f"spacing is {spacing}; with side {side} it must be at least {least:g}")
    reach = int(side / 2 / spacing) + 1
    down = spacing * (np.arange(-reach, reach + 1) + offset)
    down = down[(down >= -side / 2) & (down < side / 2)]
    along, down = (x.ravel() for x in np.meshgrid(np.arange(side // 4 + 1), down, indexing="ij"))
    frequencies = sample_rate * (side * along + down) / side**2
    allowed = (frequencies > 0) & (frequencies < sample_rate / 4)
    if np.count_nonzero(allowed) < num_nodes:
        found = np.count_nonzero(allowed)
        raise ValueError(f"num_nodes is {num_nodes}; there are {found} such waves")
    length = np.hypot(aspect * along, down)[allowed]
    # Waves of one length, but for rounding, come in the order of their frequencies.
    order = np.lexsort((frequencies[allowed], np.round(length, 9)))
    return validate_ladder(np.sort(frequencies[allowed][order[:num_nodes]]), sample_rate)


@checked(finite=True)
def image_waves(
    frequencies: Float[np.ndarray, " hidden"], *, side: int = 28, sample_rate: float = 1000.0
) -> ImageWaves:
    """Tell which wave of an image, read row by row, each frequency is.

    Pixel ``t = side row + column`` of a sinusoid at ``f`` has the phase ``2 pi f t / Fs``, which
    is that of a wave with ``f side / Fs`` cycles along a row, and as many cycles down the image
    as ``f side^2 / Fs`` is away from the nearest multiple of ``side``.

    Args:
        frequencies: in Hz.
        side: pixels a row, and rows.
        sample_rate: ``Fs``, pixels a second, Hz.
    """
    cycles = np.asarray(frequencies, np.float64) * side**2 / sample_rate
    return ImageWaves(cycles / side, np.mod(cycles + side / 2, side) - side / 2)
