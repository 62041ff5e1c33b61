"""Frequency ladders: which rhythms the nodes of a network get, and how they are spaced.

Everything here is NumPy float64 and done once, before a network is built.

Beside the lecture's ladders: families for comparisons, by ratio, span and number of nodes, with
chance as the null; and the rhythms of an image that is read row by row, where each frequency is
tuned to one plane wave.

Source: lecture, "Brain rhythms", "Rhythmic RNN in practice" and "My favorite idea" (M. A. Kramer,
arXiv:2506.17083). Families of ladders are the project's own, and so is the ladder of an image, of
the textbook definition of a two-dimensional Fourier coefficient.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Real

from rhythmic.arguments import checked
from rhythmic.typing import AnyArray

GOLDEN_RATIO = (1 + math.sqrt(5)) / 2
"""phi = (1 + sqrt(5)) / 2 = 1.618..., no unit (lecture, "Golden ratio")."""
PUBLISHED_GOLDEN_RATIO = 1.618
"""Ratio of the golden ladder as published, rounded, no unit (M. A. Kramer, arXiv:2506.17083)."""
SIDEREAL_DAY = 86160.0
"""The lecture's sidereal day in s: 23 hours and 56 minutes."""

LadderName = Literal["golden", "log", "two", "linear"]
"""Names of the published ladders, see ``ladder``."""

_PROTOCOL_START = 2.0  # Hz
_PROTOCOL_STOP = 245.9  # Hz, the top of the golden ladder: 2 * 1.618^10
_BAND_LABELS = (
    *("Slow 1", "Delta", "Delta", "Theta", "Alpha", "Beta1"),
    *("Beta2", "Low Gamma", "Mid Gamma", "High Gamma", "Ripple", "Fast Ripples"),
)
_FIRST_BAND_POWER = 24
_GOLDEN_TOLERANCE = 5e-4
_MOST_RUNGS = 10**6
_LARGEST_EXPONENT = 700.0  # e^709 is the largest float64


@checked
def ladder(name: LadderName, sample_rate: float = 1000.0) -> Float[np.ndarray, " hidden"]:
    """Return one of the four frequency ladders that the rhythmic network was tried with.

    From 2 Hz upwards: "golden" 2 * 1.618^k; "log" 2 * 2.718^k, k < 6; "two" 2 * 2^k, k < 8;
    "linear" 11 points from 2 to 245.9 Hz. Of these the frequencies below a quarter of the sample
    rate are kept. At 1000 Hz that leaves 11, 5, 7 and 11. The ratios are the rounded ones of the
    published network; `geometric_ladder(GOLDEN_RATIO)` has the exact one.

    Args:
        name: "golden", "log", "two" or "linear".
        sample_rate: steps per second, in Hz.

    Returns:
        Rising frequencies in Hz, float64.

    Raises:
        ValueError: for an unknown name, or a sample rate that is not above 8 Hz (no frequency
            would be left) and finite.

    Source: lecture, "Rhythmic RNN in practice" and "Brain rhythms" (M. A. Kramer,
    arXiv:2506.17083).
    """
    limit = _checked_limit(sample_rate)
    if limit <= _PROTOCOL_START:
        minimum = 4 * _PROTOCOL_START
        raise ValueError(f"sample_rate must be above {minimum:g} Hz, got {sample_rate}")
    match name:
        case "golden":
            return geometric_ladder(PUBLISHED_GOLDEN_RATIO, sample_rate=sample_rate)
        case "log":
            return geometric_ladder(2.718, sample_rate=sample_rate)[:6]
        case "two":
            return geometric_ladder(2.0, sample_rate=sample_rate)[:8]
        case "linear":
            frequencies = np.linspace(_PROTOCOL_START, _PROTOCOL_STOP, 11)
            return frequencies[frequencies < limit]
    raise ValueError(f"ladder must be 'golden', 'log', 'two' or 'linear', got {name!r}")


@checked
def geometric_ladder(
    ratio: float,
    *,
    start: float = 2.0,
    sample_rate: float = 1000.0,
    num_nodes: int | None = None,
) -> Float[np.ndarray, " hidden"]:
    """Return f_k = start * ratio^k, neighbours in a constant ratio, below a quarter of the rate.

    Args:
        ratio: f_{k+1} / f_k, above 1; `GOLDEN_RATIO` for golden rhythms.
        start: lowest frequency in Hz.
        sample_rate: steps per second, in Hz.
        num_nodes: number of frequencies; None for all below sample_rate / 4.

    Returns:
        Rising frequencies in Hz, float64.

    Raises:
        ValueError: if `ratio` is not above 1 and finite, or so near to 1 that more than a million
            frequencies fit; `start` not in [1e-300, 1) x sample_rate / 4, `sample_rate` not
            positive and finite, or `num_nodes` below 1 or more than fit.

    Source: lecture, "Golden rhythms".
    """
    limit = _checked_limit(sample_rate)
    if not 1 < ratio < math.inf:
        raise ValueError(f"ratio must be above 1 and finite, got {ratio}")
    _check_between("start", start, 0.0, limit)
    if start < 1e-300 * limit:
        raise ValueError(f"start is {start}; it must be at least {1e-300 * limit:g} Hz")
    rungs = math.log(limit / start) / math.log(ratio)
    if rungs > _MOST_RUNGS:
        least = math.exp(math.log(limit / start) / _MOST_RUNGS)
        raise ValueError(f"ratio is {ratio!r}; it must be at least {least:.9g} from {start} Hz on")
    # One more than the logarithm says, in case it is rounded down; the filter decides.
    num_candidates = math.ceil(rungs) + 1
    with np.errstate(over="ignore"):  # infinity fails the filter
        frequencies = start * np.power(float(ratio), np.arange(num_candidates))
    frequencies = frequencies[frequencies < limit]
    if num_nodes is None:
        return frequencies
    if not 1 <= num_nodes <= len(frequencies):
        allowed = f"1 to {len(frequencies)} to stay below sample_rate / 4 = {limit:g} Hz"
        raise ValueError(f"num_nodes must be {allowed}, got {num_nodes}")
    return frequencies[:num_nodes]


@checked
def validate_ladder(
    frequencies: Sequence[float] | Real[AnyArray, " hidden"], sample_rate: float
) -> Float[np.ndarray, " hidden"]:
    """Check that a network can be built on these frequencies: 0 < f < sample_rate / 4.

    Below a quarter of the sample rate w1 = 2 r cos(2 pi f / sample_rate) is positive. (A single
    node may oscillate at up to half the sample rate.) Order and repetition are free.

    Args:
        frequencies: in Hz, one axis.
        sample_rate: steps per second, in Hz.

    Returns:
        The frequencies as a new float64 array.

    Raises:
        ValueError: if `frequencies` is empty, has not exactly one axis or has a value that is not
            finite or not in range, or if `sample_rate` is not positive and finite.

    Source: lecture, "Rhythmic RNN in practice" (M. A. Kramer, arXiv:2506.17083).
    """
    limit = _checked_limit(sample_rate)
    values = np.array(frequencies, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"frequencies must have one non-empty axis, got shape {values.shape}")
    outside = values[~((values > 0) & (values < limit))]
    if outside.size:
        allowed = f"in (0, sample_rate / 4) = (0, {limit:g}) Hz"
        raise ValueError(f"frequencies must be {allowed}, got {outside[0]}")
    return values


class DayLadder(NamedTuple):
    """The rhythms that a constant ratio, the golden one in the lecture, builds on a day.

    Attributes:
        power: k.
        period: T_k in s.
        frequency: f_k in Hz.
        label: the brain rhythm of that band, "" where the lecture names none.
    """

    power: Int[np.ndarray, " power"]
    period: Float[np.ndarray, " power"]
    frequency: Float[np.ndarray, " power"]
    label: tuple[str, ...]


@checked
def day_ladder(
    num_powers: int = 36, *, day: float = SIDEREAL_DAY, ratio: float = GOLDEN_RATIO
) -> DayLadder:
    """Return the ladder from one day to the fast ripples: f_k = ratio^k / day.

    The lecture starts at 86160 s, with the golden ratio. Its hypothesis takes the bands along to
    other planets: there the same power carries the same name at another frequency. Ladders of
    another ratio carry no names, for the lecture gives none.

    Args:
        num_powers: number of rungs, k = 0 ... num_powers - 1. The lecture has 36.
        day: period of rung 0 in s.
        ratio: f_{k+1} / f_k, above 1.

    Returns:
        Powers, periods, frequencies and labels, from slow to fast. Labels are "" unless `ratio`
        is golden to three decimals (within 0.0005).

    Raises:
        ValueError: if `num_powers` is below 1, `day` not positive and finite, `ratio` not above 1
            and finite, or the fastest rung beyond what a float64 holds.

    Source: lecture, "My favorite idea" (table) and "(My favorite) hypothesis".
    """
    if num_powers < 1:
        raise ValueError(f"num_powers must be 1 or more, got {num_powers}")
    if not 0 < day < math.inf:
        raise ValueError(f"day must be positive and finite (s), got {day}")
    if not 1 < ratio < math.inf:
        raise ValueError(f"ratio must be above 1 and finite, got {ratio}")
    if (num_powers - 1) * math.log(ratio) + abs(math.log(day)) > _LARGEST_EXPONENT:
        allowed = f"small enough for f_k to stay finite at ratio {ratio:g}"
        raise ValueError(f"num_powers must be {allowed}, got {num_powers}")
    power = np.arange(num_powers)
    growth = np.power(float(ratio), power)
    golden = abs(ratio - GOLDEN_RATIO) < _GOLDEN_TOLERANCE
    label = tuple(_band_label(k) if golden else "" for k in range(num_powers))
    return DayLadder(power, day / growth, growth / day, label)


def _band_label(power: int) -> str:
    position = power - _FIRST_BAND_POWER
    return _BAND_LABELS[position] if 0 <= position < len(_BAND_LABELS) else ""


def _checked_limit(sample_rate: float) -> float:
    """Return sample_rate / 4, above which a network has no node."""
    if not 0 < sample_rate < math.inf:
        raise ValueError(f"sample_rate must be positive and finite (Hz), got {sample_rate}")
    return sample_rate / 4


def _check_between(name: str, value: float, low: float, high: float) -> None:
    if not low < value < high:
        allowed = f"above {low:g} Hz and below sample_rate / 4 = {high:g} Hz"
        raise ValueError(f"{name} must be {allowed}, got {value}")


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
    """Return ``f_k = start (stop / start)^(k / (n - 1))``: a fixed span, ends included.

    From 2 to 245.9 Hz eleven nodes are the published golden ladder, and ``10 m + 1`` nodes have the
    ratio ``phi^(1/m)``. A single node is at the geometric mean.

    Args:
        num_nodes: ``n``, at least 1.
        start: lowest frequency in Hz.
        stop: highest frequency in Hz, above ``start`` and below a quarter of the sample rate.
        sample_rate: steps per second, Hz.

    Raises:
        ValueError: for a number of nodes or an end out of its range.
    """
    _check_span(num_nodes, start, stop)
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
    """Draw a ladder of the same span and number of nodes: the null distribution for a ratio.

    Both ends stay; the logarithms of the frequencies between them are independent and uniform.

    Args:
        num_nodes: at least 2.
        seed: of ``numpy.random.default_rng``, at least 0.
        start: lowest frequency in Hz.
        stop: highest frequency in Hz, above ``start`` and below a quarter of the sample rate.
        sample_rate: steps per second, Hz.

    Returns:
        Rising frequencies in Hz.

    Raises:
        ValueError: for a number of nodes, seed or end out of its range.
    """
    _check_span(num_nodes, start, stop)
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
    """Repeat a ladder, copy after copy: several nodes per frequency.

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


def _check_span(num_nodes: int, start: float, stop: float) -> None:
    """Raise a ValueError that names the number of nodes or the end out of its range."""
    if num_nodes < 1:
        raise ValueError(f"num_nodes is {num_nodes}; it must be at least 1")
    if not 0 < start < stop:
        raise ValueError(f"start is {start} and stop {stop}; they must rise from above 0 Hz")


MOST_WAVES = 10**7  # to choose from: of 28 pixels, steps of 2e-5


class ImageWaves(NamedTuple):
    """Waves of the plane, one entry per frequency.

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
    """Return the frequencies of the longest waves of an image that is read row by row.

        f = Fs (side m + q) / side^2,  q = spacing (n + offset),  m = 0, 1, ..., n any integer

    ``Fs / side`` is the rhythm of the rows (35.7 Hz at 28 pixels per row and 1000 per second),
    ``Fs / side^2`` that of the image (1.28 Hz). A sinusoid at ``f`` is a plane wave: about ``m``
    cycles along a row, ``q`` down the image; see ``image_waves``. The phasor of a node that loses
    nothing is, after the last pixel, the Fourier coefficient of that wave. Of all waves those of
    the smallest ``hypot(aspect m, q)`` are taken.

    Args:
        num_nodes: number of frequencies, at least 1.
        spacing: step of ``q``, in cycles down the image, above 0.
        offset: of the grid of ``q``, in steps, in [0, 1).
        aspect: how many cycles down the image count as one along a row, above 0.
        side: pixels per row, and rows.
        sample_rate: ``Fs``, pixels per second, Hz.

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
    """Return the plane wave of an image, read row by row, that each frequency corresponds to.

    Pixel ``t = side row + column`` of a sinusoid at ``f`` has the phase ``2 pi f t / Fs``, which
    is that of a wave with ``f side / Fs`` cycles along a row, and as many cycles down the image
    as ``f side^2 / Fs`` is away from the nearest multiple of ``side``.

    Args:
        frequencies: in Hz.
        side: pixels per row, and rows.
        sample_rate: ``Fs``, pixels per second, Hz.
    """
    cycles = np.asarray(frequencies, np.float64) * side**2 / sample_rate
    return ImageWaves(cycles / side, np.mod(cycles + side / 2, side) - side / 2)
