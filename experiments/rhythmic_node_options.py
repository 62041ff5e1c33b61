"""Options of ``experiments.rhythmic_node``."""

from dataclasses import dataclass

import numpy as np

from experiments.script import ScriptOptions

MOST_NUMBERS = 10**7  # of one array that a run may hold; 80 MB


@dataclass(frozen=True)
class RhythmicNodeOptions(ScriptOptions):
    """The node as an oscillator x'' + 2 beta x' + omega^2 x = F.

    Args:
        frequency: natural frequency omega / (2 pi), Hz.
        damping: beta, 1/s.
        time_steps: dt of the node, s, in rising order; errors are measured at each.
        shown_step: the dt, one of time_steps, of the figures and of the resonance, s.
        duration: of free and driven motion, s.
        drive_frequency: of the sinusoidal force, Hz.
        pulse: start and length of the force that is a pulse, s; put on the grid of each dt.
        num_drives: frequencies of the resonance curve.
        ladder: frequencies of undamped oscillators for which the scheme's own damping is told, Hz.
    """

    frequency: float = 10.0
    damping: float = 5.0
    time_steps: tuple[float, ...] = (1e-3, 2e-3, 5e-3, 1e-2)
    shown_step: float = 1e-3
    duration: float = 2.0
    drive_frequency: float = 8.0
    pulse: tuple[float, float] = (0.1, 0.02)
    num_drives: int = 100
    ladder: tuple[float, ...] = (2.0, 10.0, 40.0, 100.0, 200.0)

    def check(self) -> None:
        """Raise a ValueError of one line that names the option out of range."""
        omega = 2 * np.pi * self.frequency
        for name in ("frequency", "drive_frequency"):
            if not 0 < getattr(self, name) < np.inf:
                given = getattr(self, name)
                raise ValueError(f"{name} is {given}; it must be above 0 and finite")
        if not 0 < self.damping < omega:
            limit = f"between 0 and 2 pi frequency = {omega:g}"
            raise ValueError(f"damping is {self.damping}; it must lie {limit}")
        highest = max(self.frequency, self.drive_frequency)
        steps = self.time_steps
        rising = sorted(set(steps)) == list(steps) and all(0 < step < np.inf for step in steps)
        if len(steps) < 2 or not rising:
            raise ValueError(f"time_steps is {steps}; give two or more, rising, above 0")
        if steps[-1] > 0.25 / highest:
            raise ValueError(
                f"time_steps holds {steps[-1]}; it must be at most {0.25 / highest:g}, a quarter "
                "of the fastest period"
            )
        if self.shown_step not in steps:
            raise ValueError(f"shown_step is {self.shown_step}; choose one of time_steps {steps}")
        shortest = max(64 * steps[-1], 16 / self.frequency)
        if not shortest <= self.duration < np.inf:
            raise ValueError(f"duration is {self.duration}; it must be at least {shortest:g}")
        longest = MOST_NUMBERS * steps[0]
        if self.duration > longest:
            allowed = f"at most {longest:g}, {MOST_NUMBERS:g} of the smallest of time_steps"
            raise ValueError(f"duration is {self.duration}; it must be {allowed}")
        start, length = self.pulse
        if not (steps[-1] <= start and steps[-1] <= length and start + length < self.duration):
            allowed = "start and length of one dt or more, ending before duration"
            raise ValueError(f"pulse is {self.pulse}; it needs {allowed}")
        if self.num_drives < 5:
            raise ValueError(f"num_drives is {self.num_drives}; it must be at least 5")
        if sum(self.resonance_steps()) * self.num_drives > 4 * MOST_NUMBERS:
            raise ValueError(
                f"damping is {self.damping}; at that many num_drives ({self.num_drives}) and "
                f"shown_step {self.shown_step} the start takes too long to be forgotten"
            )
        if not self.ladder or not all(0 < f < np.inf for f in self.ladder):
            raise ValueError(f"ladder is {self.ladder}; give one frequency or more, above 0")

    @property
    def slowest_drive(self) -> float:
        """The lowest frequency of the resonance curve, Hz."""
        return 0.1 * self.frequency

    def resonance_steps(self) -> tuple[int, int]:
        """Return the steps until the start has shrunk to a rounding error, and those measured."""
        washout = np.ceil(-np.log(1e-16) / (self.damping * self.shown_step))
        return int(washout), int(np.ceil(4 / (self.slowest_drive * self.shown_step)))


PRESETS = {
    "quick": RhythmicNodeOptions(),
    "full": RhythmicNodeOptions(
        preset="full",
        time_steps=(1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2),
        num_drives=200,
    ),
    "smoke": RhythmicNodeOptions(
        preset="smoke", time_steps=(5e-3, 1e-2), shown_step=5e-3, num_drives=9, ladder=(2.0, 10.0)
    ),
}
