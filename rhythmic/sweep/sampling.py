"""Designs drawn from a box: at random, or more evenly than that."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import scipy

from rhythmic.checks import checked_choice, checked_integer, shown
from rhythmic.sweep.designs import (
    Axis,
    Points,
    check_name,
    check_number,
    checked_members,
    is_real,
    is_whole,
)
from rhythmic.sweep.names import check_text

Method = Literal["random", "sobol", "halton", "latin-hypercube"]
Scale = Literal["linear", "logarithmic", "integer"]


@dataclass(frozen=True)
class Range:
    """Where one parameter of a sampled design lies.

    Args:
        name: of the parameter.
        low: smallest value.
        high: largest value, above ``low``; of an integer it is included.
        unit: of the values.
        scale: evenly in the value, evenly in its logarithm (``low`` above 0), or whole numbers.
        meaning: what it is, in a few words.
    """

    name: str
    low: float
    high: float
    unit: str
    scale: Scale = field(default="linear")
    meaning: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        check_text(f"unit of {self.name}", self.unit)
        check_text(f"meaning of {self.name}", self.meaning, lines=True)
        checked_choice(f"scale of {self.name}", self.scale, Scale)
        ends = f"{self.name} goes from {shown(self.low)} to {shown(self.high)}"
        if not (is_real(self.low) and is_real(self.high) and self.low < self.high):
            raise ValueError(f"{ends}; it must rise, and be finite")
        limits = np.iinfo(np.int32)
        whole = is_whole(self.low) and is_whole(self.high)
        if self.scale == "integer" and not (
            whole and limits.min <= self.low and self.high <= limits.max
        ):
            raise ValueError(f"{ends}; give whole numbers in {limits.min} to {limits.max}")
        if self.scale == "logarithmic" and self.low <= 0:
            raise ValueError(f"{ends}; a logarithmic range lies above 0")
        low, high = float(self.low), float(self.high)
        if not np.isfinite(high / low if self.scale == "logarithmic" else high - low):
            raise ValueError(f"{ends}; that is further than float64 can tell")

    def axis(self, shares: np.ndarray) -> Axis:
        """Return the axis of the values at ``shares`` (num,) of the range, in [0, 1)."""
        low, high = float(self.low), float(self.high)
        if self.scale == "integer":
            whole = np.floor(shares * (high - low + 1)).astype(np.int64) + int(low)
            return Axis(self.name, np.minimum(whole, int(high)), self.unit, self.meaning)
        if self.scale == "logarithmic":
            values = low * np.exp(shares * np.log(high / low))
        else:
            values = low + shares * (high - low)
        # Rounding may lead beyond an end.
        return Axis(self.name, np.clip(values, low, high), self.unit, self.meaning)


def sampled_design(
    ranges: Sequence[Range], num_points: int, *, method: Method = "sobol", seed: int
) -> Points:
    """Draw points from a box, at random or evenly spread (quasi-random).

    Args:
        ranges: one for each parameter.
        num_points: number of points; powers of two are the most even ones of ``sobol``.
        method: independent uniform numbers, or scrambled Sobol or Halton sequences, or a Latin
            hypercube, as in ``scipy.stats.qmc``.
        seed: of the draws. The values are drawn here, once, and kept with the results.

    Raises:
        ValueError: for no ranges, no points, an unknown method or a negative seed.
    """
    ranges = checked_members("ranges", ranges, Range)
    check_number(num_points)
    num_points = int(num_points)
    checked_choice("method", method, Method)
    generator = np.random.default_rng(checked_integer("seed", seed, 0, 2**128 - 1))
    num_parameters = len(ranges)
    if method == "random":
        shares = generator.random((num_points, num_parameters))
    elif method == "sobol":
        # Drawn as the next power of two and cut: any number of points keeps its place.
        sequence = scipy.stats.qmc.Sobol(num_parameters, rng=generator)
        shares = sequence.random_base2(max(num_points - 1, 1).bit_length())[:num_points]
    elif method == "halton":
        shares = scipy.stats.qmc.Halton(num_parameters, rng=generator).random(num_points)
    else:
        shares = scipy.stats.qmc.LatinHypercube(num_parameters, rng=generator).random(num_points)
    return Points(tuple(one.axis(share) for one, share in zip(ranges, shares.T, strict=True)))
