"""Options of ``experiments.rhythmic_node``."""

from dataclasses import dataclass

import numpy as np

from experiments.script import ScriptOptions


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
        if not 0 < self.frequency < np.inf:
            raise ValueError(f"frequency is {self.frequency}; it must be above 0")
        if not 0 < self.damping < omega:
            limit = f"between 0 and 2 pi frequency = {omega:g}"
            raise ValueError(f"damping is {self.damping}; it must lie {limit}")
        highest = max(self.frequency, self.drive_frequency)
        steps = self.time_steps
        if len(steps) < 2 or sorted(set(steps)) != list(steps) or not steps[0] > 0:
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
        if not 0 < self.drive_frequency < np.inf:
            raise ValueError(f"drive_frequency is {self.drive_frequency}; it must be above 0")
        start, length = self.pulse
        if not (steps[-1] <= start and steps[-1] <= length and start + length < self.duration):
            allowed = "start and length of one dt or more, ending before duration"
            raise ValueError(f"pulse is {self.pulse}; it needs {allowed}")
        if self.num_drives < 5:
            raise ValueError(f"num_drives is {self.num_drives}; it must be at least 5")
        if not self.ladder or not all(0 < f < np.inf for f in self.ladder):
            raise ValueError(f"ladder is {self.ladder}; give one frequency or more, above 0")


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
