"""Networks under gains around their own rungs: the measurement behind `selectivity`.

Source: lecture, "Golden rhythms"; M. A. Kramer, NBDT (2022); the measurement is the project's own.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Real

from rhythmic.arguments import checked
from rhythmic.coupled.oscillators import CoupledOscillators, Recording
from rhythmic.coupled.selectivity import answers, rung_targets
from rhythmic.coupled.sweep import responses

WINDOW_STEP = 0.1
"""Spacing of the gain frequencies around a rung in Hz: that of the published sweep."""


class RungResponses(NamedTuple):
    """Mean amplitudes of every node of several ladders, under gains around every rung and none.

    Attributes:
        frequencies: rungs of every ladder, in Hz: its nodes, and its gain frequencies.
        stable: whether the network comes to rest under its constant gain.
        modulated: responses at the gain frequencies of `rung_windows`.
        constant: responses to the constant gain alone.
    """

    frequencies: Float[np.ndarray, "ladder rung"]
    stable: Bool[np.ndarray, " ladder"]
    modulated: Float[np.ndarray, "ladder hidden rung offset"]
    constant: Float[np.ndarray, "ladder hidden"]

    def answers(self, driver: int, threshold: float) -> Bool[np.ndarray, "ladder rung hidden"]:
        """Tell which nodes answer, see `rhythmic.coupled.answers`.

        Args:
            driver: index of the driver.
            threshold: multiple of the response to the constant gain.
        """
        return answers(self.modulated, self.constant, driver, threshold)

    def targets(self, driver: int, tolerance: float) -> Bool[np.ndarray, "ladder rung hidden"]:
        """Tell which nodes should answer, see `rhythmic.coupled.rung_targets`.

        Args:
            driver: index of the driver.
            tolerance: in Hz.
        """
        return np.stack([rung_targets(ladder, driver, tolerance) for ladder in self.frequencies])

    def relative(self) -> Float[np.ndarray, "ladder rung hidden"]:
        """Return the largest response around a rung, over that to the constant gain."""
        inside = self.modulated[..., 1:-1].max(-1)
        return np.swapaxes(inside / self.constant[..., None], -1, -2)


@checked
def rung_windows(
    frequencies: Real[np.ndarray, " rung"], tolerance: float
) -> Float[np.ndarray, "rung offset"]:
    """Give the gain frequencies that show whether a response peaks at a rung.

    They lie around every rung in steps of 0.1 Hz, out to the first beyond `tolerance` on either
    side. Where one is negative it stands for its absolute value, as a cosine does.

    Args:
        frequencies: rungs in Hz.
        tolerance: in Hz.

    Returns:
        Gain frequencies in Hz; the middle one of a row is the rung itself.

    Raises:
        ValueError: if `tolerance` is below 0.1 Hz or not finite.
    """
    if not WINDOW_STEP <= tolerance < math.inf:
        raise ValueError(f"tolerance must be {WINDOW_STEP} Hz or more and finite, got {tolerance}")
    reach = math.floor(tolerance / WINDOW_STEP + 1e-9) + 1
    return np.asarray(frequencies)[:, None] + WINDOW_STEP * np.arange(-reach, reach + 1)


@checked
def rung_responses(
    networks: Sequence[CoupledOscillators],
    tolerance: float,
    recording: Recording | None = None,
    *,
    noise: float = 0.0,
    key: Array | None = None,
) -> RungResponses:
    """Try every network at gain frequencies around each of its own rungs.

    Args:
        networks: of one number of nodes; the frequencies of each are its rungs.
        tolerance: half the width of the windows in Hz.
        recording: duration and grids; by default `Recording()`.
        noise: intensity of a white force on every node, in position / s^{3/2}.
        key: of the noise, which differs between networks, nodes and gain frequencies; the run
            under the constant gain has its own as well.

    Returns:
        The responses, in units of the driver's displacement.

    Raises:
        ValueError: as `rung_windows` and `responses` do.

    Source: the question is M. A. Kramer's, "Golden rhythms as a theoretical framework for
    cross-frequency organization", Neurons, Behavior, Data Analysis, and Theory (2022); this
    measurement is the project's own.
    """
    if not len(networks):
        raise ValueError("networks is empty; it must hold one or more")
    windows = np.stack([rung_windows(np.array(n.frequencies), tolerance) for n in networks])
    keys = (None, None) if key is None else tuple(jax.random.split(key))
    flat = windows.reshape(len(networks), -1)
    modulated = responses(networks, flat, recording, noise=noise, key=keys[0])
    steady = [replace(network, modulated_gain=0.0) for network in networks]
    constant = responses(steady, np.zeros(1), recording, noise=noise, key=keys[1])
    return RungResponses(
        frequencies=np.array([network.frequencies for network in networks]),
        stable=np.array([network.stable() for network in networks]),
        modulated=modulated.reshape(*modulated.shape[:2], *windows.shape[1:]),
        constant=constant[..., 0],
    )
