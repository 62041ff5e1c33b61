"""Options of the golden rhythms experiment."""

import math
from dataclasses import dataclass

from experiments.script import ScriptOptions, check_seed


@dataclass(frozen=True)
class GoldenOptions(ScriptOptions):
    """Which nodes answer to which gain rhythm, in golden and in other ladders.

    Args:
        random_ratios: ladders whose neighbours stand in one random ratio, uniform in its
            logarithm between `lowest_ratio` and `highest_ratio`.
        random_rungs: ladders whose rungs are random, uniform in the logarithm of frequency: four
            below the driver and three above it, between the ends of the golden ladder.
        lowest_ratio: smallest random ratio, no unit.
        highest_ratio: largest random ratio, no unit.
        swept_ratios: of the `random_ratios`, the first so many get the full sweep of gain
            frequencies; the named ladders always do.
        gain_stride: sweep every n-th of the 990 gain frequencies 1.0, 1.1 ... 99.9 Hz.
        threshold: multiple of its response to the constant gain from which a node answers.
        tolerance: distance in Hz from a rung within which a peak counts as at the rung, or at
            the sum or difference.
        noise_levels: intensities of a white force on every node, in position / s^1.5; the
            driver starts at position 1.
        noise_seeds: runs of every named ladder at each noise level.
        ladders_a_part: ladders of one part of the work; only memory and progress depend on it.
        seed: of ladders and noise.
    """

    random_ratios: int = 60
    random_rungs: int = 60
    swept_ratios: int = 0
    gain_stride: int = 1
    lowest_ratio: float = 1.2
    highest_ratio: float = 3.0
    threshold: float = 4.0
    tolerance: float = 0.5
    noise_levels: tuple[float, ...] = (0.03, 0.1, 0.3)
    noise_seeds: int = 3
    ladders_a_part: int = 5
    seed: int = 0

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of range, its value and range."""
        for name in ("random_ratios", "random_rungs", "noise_seeds", "ladders_a_part"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name, low, high in (
            ("swept_ratios", 0, self.random_ratios),
            ("gain_stride", 1, 100),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be in {low} to {high}")
        # Above 3 the fastest node is beyond half the sample rate of the responses.
        if not 1 < self.lowest_ratio < self.highest_ratio <= 3:
            pair = f"{self.lowest_ratio} and {self.highest_ratio}"
            raise ValueError(
                f"lowest_ratio and highest_ratio are {pair}; both must be in (1, 3] and rise"
            )
        if not 1 < self.threshold < math.inf:
            raise ValueError(f"threshold is {self.threshold}; it must be above 1 and finite")
        if not 0.1 <= self.tolerance <= 5:
            raise ValueError(f"tolerance is {self.tolerance} Hz; it must be in 0.1 to 5")
        for level in self.noise_levels:
            if not 0 < level < math.inf:
                raise ValueError(f"noise_levels holds {level}; each must be positive and finite")
        if not self.noise_levels or len(set(self.noise_levels)) < len(self.noise_levels):
            raise ValueError(f"noise_levels is {self.noise_levels}; it takes different values")
        check_seed(self.seed)
