"""Options of ``experiments.stability_atlas``."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from experiments.script import ScriptOptions
from rhythmic.rhythms.bands import catalogue
from rhythmic.stability.atlas_simulation import LARGEST_WEIGHTS

Precision = Literal["float32", "float64"]
MOST_POINTS = 2**24  # of a map; a run holds about 100 bytes of each


@dataclass(frozen=True)
class StabilityAtlasOptions(ScriptOptions):
    """The node h_t = w1 h_{t-1} + w2 h_{t-2} over the plane of its weights.

    Args:
        w1: ends of the map along w1, no unit.
        w2: ends of the map along w2, no unit.
        zoom_w1: ends of a second map along w1, no unit; the corner (2, -1) holds slow nodes that
            hardly decay.
        zoom_w2: ends of the second map along w2, no unit.
        num_w1: points of each map along w1.
        num_w2: points of each map along w2.
        sample_rate: steps per second, 1 / dt, Hz.
        num_steps: steps of the simulation.
        overflow_threshold: size at which a simulated node stops, in units of its start, 2^20 to
            2^60.
        precisions: of the simulations, float32 and float64; theory is float64.
        bands: list of brain rhythms that is laid over the map: lecture, slice, eeg, classes,
            measured.
    """

    w1: tuple[float, float] = (-2.5, 2.5)
    w2: tuple[float, float] = (-1.5, 1.5)
    zoom_w1: tuple[float, float] = (1.97, 2.01)
    zoom_w2: tuple[float, float] = (-1.012, -0.982)
    num_w1: int = 800
    num_w2: int = 500
    sample_rate: float = 200.0
    num_steps: int = 784
    overflow_threshold: float = 2.0**60
    precisions: tuple[Precision, ...] = ("float32", "float64")
    bands: str = "eeg"

    def check(self) -> None:
        """Raise a ValueError of one line that names the option out of range."""
        catalogue(self.bands)
        for name in ("w1", "w2", "zoom_w1", "zoom_w2"):
            low, high = getattr(self, name)
            if not -LARGEST_WEIGHTS / 2 <= low < high <= LARGEST_WEIGHTS / 2:
                allowed = f"two rising numbers within -{LARGEST_WEIGHTS / 2:g} to its opposite"
                raise ValueError(f"{name} is {(low, high)}; it takes {allowed}")
            self.check_spacing(name, low, high)
        for name, least in {"num_w1": 2, "num_w2": 2, "num_steps": 2}.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least {least}")
        if self.num_w1 * self.num_w2 > MOST_POINTS:
            points = self.num_w1 * self.num_w2
            raise ValueError(f"num_w1 x num_w2 is {points}; it must be at most {MOST_POINTS}")
        if not 0 < self.sample_rate < np.inf:
            raise ValueError(f"sample_rate is {self.sample_rate}; it must be above 0 Hz and finite")
        if not 2.0**20 <= self.overflow_threshold <= 2.0**60:
            given = f"{self.overflow_threshold:g}"
            raise ValueError(f"overflow_threshold is {given}; it must be in 2^20 to 2^60")
        if not self.precisions or len(set(self.precisions)) < len(self.precisions):
            raise ValueError(f"precisions is {self.precisions}; give float32, float64 or both")

    def check_spacing(self, name: str, low: float, high: float) -> None:
        """Refuse points so close that float32 would take neighbours for one another."""
        spacing = (high - low) / (getattr(self, f"num_{name[-2:]}") - 1 or 1)
        closest = np.spacing(np.float32(max(abs(low), abs(high))))
        if "float32" in self.precisions and spacing < 2 * closest:
            raise ValueError(
                f"{name} is {(low, high)}; its points are {spacing:.1e} apart, and float32 needs "
                f"{2 * closest:.1e}: take fewer, or precisions float64 alone"
            )


PRESETS = {
    "quick": StabilityAtlasOptions(),
    "full": StabilityAtlasOptions(preset="full", num_w1=1600, num_w2=1000),
    "smoke": StabilityAtlasOptions(preset="smoke", num_w1=60, num_w2=40, num_steps=100),
}
