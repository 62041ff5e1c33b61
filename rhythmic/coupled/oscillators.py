"""Oscillators that push each other through one rhythmic gain, and how they are watched.

Source: lecture, "Golden rhythms"; M. A. Kramer, NBDT (2022).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from rhythmic.arguments import checked
from rhythmic.theory.ladders import GOLDEN_RATIO
from rhythmic.typing import AnyArray


class OscillatorArrays(NamedTuple):
    """What determines the motion of a network, as arrays: it can be mapped over.

    Attributes:
        frequency: of every node, in Hz.
        damping: beta in 1/s.
        constant_gain: g_C in 1/s^2.
        modulated_gain: g_S in 1/s^2.
        start: position of every node at time 0; velocities are 0.
    """

    frequency: Float[AnyArray, " hidden"]
    damping: Float[AnyArray, ""]
    constant_gain: Float[AnyArray, ""]
    modulated_gain: Float[AnyArray, ""]
    start: Float[AnyArray, " hidden"]


@checked
@dataclass(frozen=True)
class CoupledOscillators:
    """A network of oscillators in which every node pushes every other one.

        x_k'' + 2 beta x_k' + omega_k^2 x_k = g(t) sum_{j != k} x_j,   omega_k = 2 pi f_k,
        g(t) = g_C + g_S cos(2 pi f_S t).

    At time 0 the driver is displaced by 1; all else is at rest. The gain frequency f_S is not
    part of the network: it is what is swept. The defaults are the published network.

    Args:
        frequencies: f_k in Hz, two or more; by default phi^2 ... phi^9 Hz (2.6 to 76 Hz).
        damping: beta in 1/s, 0 or more.
        constant_gain: g_C in 1/s^2.
        modulated_gain: g_S in 1/s^2; 0 for a constant gain.
        driver: index of the displaced node, from 0; by default that of 17.9 Hz.

    Raises:
        ValueError: for a value out of its range.

    Source: lecture, "Golden rhythms"; M. A. Kramer, "Golden rhythms as a theoretical framework
    for cross-frequency organization", Neurons, Behavior, Data Analysis, and Theory (2022).
    """

    frequencies: tuple[float, ...] = tuple(GOLDEN_RATIO**k for k in range(2, 10))
    damping: float = 2.0
    constant_gain: float = 50.0
    modulated_gain: float = 50.0
    driver: int = 4

    def __post_init__(self) -> None:
        frequencies = tuple(float(frequency) for frequency in self.frequencies)
        object.__setattr__(self, "frequencies", frequencies)
        if len(frequencies) < 2:
            raise ValueError(f"frequencies must hold 2 or more values, got {len(frequencies)}")
        for frequency in frequencies:
            if not 0 < frequency < math.inf:
                raise ValueError(f"frequencies must be positive and finite (Hz), got {frequency}")
        if not 0 <= self.damping < math.inf:
            raise ValueError(f"damping must be 0 or more and finite (1/s), got {self.damping}")
        for name in ("constant_gain", "modulated_gain"):
            value = getattr(self, name)
            if not math.isfinite(value):
                raise ValueError(f"{name} must be finite (1/s^2), got {value}")
        if not 0 <= self.driver < len(frequencies):
            allowed = f"an index from 0 to {len(frequencies) - 1}"
            raise ValueError(f"driver must be {allowed}, got {self.driver}")

    def arrays(self) -> OscillatorArrays:
        """Return the network as NumPy float64 arrays."""
        frequency = np.asarray(self.frequencies)
        start = np.zeros_like(frequency)
        start[self.driver] = 1.0
        return OscillatorArrays(
            frequency=frequency,
            damping=np.asarray(self.damping, np.float64),
            constant_gain=np.asarray(self.constant_gain, np.float64),
            modulated_gain=np.asarray(self.modulated_gain, np.float64),
            start=start,
        )

    def stable(self) -> bool:
        """Tell whether the network comes to rest under its constant gain alone.

        The coupling takes stiffness from the modes that the nodes share. With beta > 0 the
        motion decays if and only if the matrix diag(omega_k^2) - g_C (ones - identity) is
        positive definite; slow nodes lose that first.
        """
        size = len(self.frequencies)
        stiffness = np.diag((2 * np.pi * np.asarray(self.frequencies)) ** 2)
        stiffness -= self.constant_gain * (np.ones((size, size)) - np.eye(size))
        return bool(self.damping > 0 and np.linalg.eigvalsh(stiffness)[0] > 0)


@checked
@dataclass(frozen=True)
class Recording:
    """How long a network is watched, and on which grids.

    Args:
        duration: of the motion, in s, from time 0.
        averaged: of the response: the first part of `duration`, in s.
        dt: step of the integrator in s.
        steps_per_sample: steps from one kept position to the next.

    Raises:
        ValueError: for a value out of its range, or a duration that is no whole number of samples.
    """

    duration: float = 2.5
    averaged: float = 1.5
    dt: float = 0.0005
    steps_per_sample: int = 2

    def __post_init__(self) -> None:
        if not 0 < self.dt < math.inf:
            raise ValueError(f"dt must be positive and finite (s), got {self.dt}")
        if self.steps_per_sample < 1:
            raise ValueError(f"steps_per_sample must be 1 or more, got {self.steps_per_sample}")
        if not 0 < self.averaged <= self.duration < math.inf:
            allowed = f"above 0 s and at most duration = {self.duration:g} s"
            raise ValueError(f"averaged must be {allowed}, got {self.averaged}")
        for name in ("duration", "averaged"):
            samples = getattr(self, name) / self.sample_interval
            if round(samples) < 1 or abs(samples - round(samples)) > 1e-6:
                allowed = f"a multiple of {self.sample_interval:g} s, dt * steps_per_sample"
                raise ValueError(f"{name} must be {allowed}, got {getattr(self, name)}")

    @property
    def sample_interval(self) -> float:
        """Time between two kept positions, in s."""
        return self.dt * self.steps_per_sample

    @property
    def num_samples(self) -> int:
        """Number of kept positions, at 0, 1, ... sample intervals."""
        return round(self.duration / self.sample_interval)

    @property
    def num_averaged(self) -> int:
        """Number of those that a response averages over."""
        return round(self.averaged / self.sample_interval)
