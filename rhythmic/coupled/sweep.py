"""Response amplitude of every node of a coupled network, for every gain frequency.

Also under gains around a network's own rungs: the measurement behind `selectivity`.

Source: lecture, "Golden rhythms"; M. A. Kramer, NBDT (2022); that measurement is the project's own.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Real

from rhythmic.arguments import checked
from rhythmic.coupled.oscillators import CoupledOscillators, OscillatorArrays, Recording, motion
from rhythmic.coupled.selectivity import answers, rung_targets


def published_gain_frequencies() -> Float[np.ndarray, " gain"]:
    """Return the 990 gain frequencies of the published figure: 1.0, 1.1 ... 99.9 Hz.

    Source: M. A. Kramer, "Golden rhythms as a theoretical framework for cross-frequency
    organization", Neurons, Behavior, Data Analysis, and Theory (2022).
    """
    return np.arange(10, 1000) / 10


@checked
def mean_amplitude(
    position: Real[Array, "time *nodes"], num_averaged: int
) -> Float[Array, "*nodes"]:
    """Average the amplitude of the analytic signal over its first samples.

    The analytic signal is x + i H[x], with the discrete Hilbert transform H of the whole signal,
    taken as periodic: each spectral line is turned by a quarter of a cycle, mean and Nyquist line
    left out. As the end does not join the start, the amplitude is uncertain near both, more so
    the slower the node; a response is defined with that error in it.

    Args:
        position: on a uniform grid, time first.
        num_averaged: number of samples to average, from the first.

    Returns:
        mean over the first `num_averaged` samples of |x + i H[x]|, in units of position.

    Raises:
        ValueError: if `num_averaged` is not in 1 ... number of samples.
    """
    num_samples = len(position)
    if not 1 <= num_averaged <= num_samples:
        raise ValueError(f"num_averaged must be in 1 to {num_samples}, got {num_averaged}")
    signal = jnp.moveaxis(position, 0, -1)
    # The inverse of a real spectrum drops the imaginary mean and Nyquist line by itself.
    quadrature = jnp.fft.irfft(-1j * jnp.fft.rfft(signal), n=num_samples)
    signal, quadrature = signal[..., :num_averaged], quadrature[..., :num_averaged]
    # Of a node at rest the length of this pair has no gradient: it is taken as 0.
    still = (signal == 0) & (quadrature == 0)
    amplitude = jnp.hypot(jnp.where(still, 1.0, signal), quadrature)
    return jnp.where(still, 0.0, amplitude).mean(-1)


@checked
def response(
    oscillators: OscillatorArrays,
    gain_frequency: Real[Array, " gain"],
    recording: Recording,
    *,
    noise: Real[Array, ""] | float = 0.0,
    key: Array | None = None,
) -> Float[Array, "hidden gain"]:
    """Return every node's mean amplitude under every gain frequency; pure, to be jitted and mapped.

    Args:
        oscillators: the network.
        gain_frequency: f_S in Hz.
        recording: duration and grids.
        noise: intensity of a white force, see `motion`.
        key: of the noise; None for none.

    Returns:
        Responses in units of the driver's displacement.

    Raises:
        ValueError: for shapes that do not fit.

    Source: lecture, "Golden rhythms"; M. A. Kramer, NBDT (2022).
    """
    position = motion(oscillators, gain_frequency, recording, noise=noise, key=key)
    return mean_amplitude(position, recording.num_averaged)


@checked
def responses(
    networks: Sequence[CoupledOscillators],
    gain_frequency: Real[np.ndarray, "*#network gain"],
    recording: Recording | None = None,
    *,
    noise: float = 0.0,
    key: Array | None = None,
) -> Float[np.ndarray, "network hidden gain"]:
    """Return the responses of several networks in one compiled program, in float64.

    Responses fall to 1e-4 of the driver's and are wanted to 1e-4 of themselves, which single
    precision does not hold.

    Args:
        networks: of one number of nodes; all other parameters are free.
        gain_frequency: f_S in Hz, the same for all networks or one row for each.
        recording: duration and grids; by default `Recording()`.
        noise: intensity of a white force on every node, in position / s^{3/2}.
        key: of the noise, folded with the network's place; needed if `noise` is above 0.

    Returns:
        Responses in units of the driver's displacement.

    Raises:
        ValueError: if there is no network, they differ in number of nodes, a node cannot be
            sampled, rows do not fit, `noise` is negative or not finite, or noise has no key.
    """
    recording = Recording() if recording is None else recording
    _check(networks, recording, noise, key)
    frequency = np.asarray(gain_frequency, np.float64)
    if frequency.ndim not in (1, 2) or (frequency.ndim == 2 and len(frequency) != len(networks)):
        allowed = f"one axis, or one row for each of {len(networks)} networks"
        raise ValueError(f"gain_frequency must have {allowed}, got shape {frequency.shape}")
    rows = np.broadcast_to(frequency, (len(networks), frequency.shape[-1]))
    stacked = OscillatorArrays(*map(np.stack, zip(*(n.arrays() for n in networks), strict=True)))
    with jax.enable_x64(True):
        found = _mapped_response(
            stacked, rows, np.float64(noise), key if noise else None, recording
        )
        return np.asarray(found)


@functools.partial(jax.jit, static_argnames="recording")
def _mapped_response(
    oscillators: OscillatorArrays,
    gain_frequency: Array,
    noise: Array,
    key: Array | None,
    recording: Recording,
) -> Array:
    def of_one(network: OscillatorArrays, frequency: Array, place: Array) -> Array:
        own = None if key is None else jax.random.fold_in(key, place)
        return response(network, frequency, recording, noise=noise, key=own)

    return jax.vmap(of_one)(oscillators, gain_frequency, jnp.arange(len(gain_frequency)))


def _check(
    networks: Sequence[CoupledOscillators], recording: Recording, noise: float, key: Array | None
) -> None:
    sizes = sorted({len(network.frequencies) for network in networks})
    if len(sizes) != 1:
        raise ValueError(f"networks must be one or more of one number of nodes, got sizes {sizes}")
    highest = max(max(network.frequencies) for network in networks)
    limit = 0.5 / recording.sample_interval
    if highest >= limit:
        allowed = f"below half the sample rate, {limit:g} Hz"
        raise ValueError(f"frequencies must be {allowed}, got {highest:g}")
    if not 0 <= noise < float("inf"):
        raise ValueError(f"noise must be 0 or more and finite, got {noise}")
    if noise > 0 and key is None:
        raise ValueError(f"key must be given for noise {noise:g}, got None")


WINDOW_STEP = 0.1
"""Spacing of the gain frequencies around a rung in Hz: that of the published sweep."""


class RungResponses(NamedTuple):
    """Mean amplitudes of every node of several ladders, under gains around every rung and none.

    Attributes:
        frequencies: rungs of every ladder, in Hz: its nodes, and its gain frequencies.
        stable: whether the network is stable under its constant gain.
        modulated: responses at the gain frequencies of `rung_windows`.
        constant: responses to the constant gain alone.
    """

    frequencies: Float[np.ndarray, "ladder rung"]
    stable: Bool[np.ndarray, " ladder"]
    modulated: Float[np.ndarray, "ladder hidden rung offset"]
    constant: Float[np.ndarray, "ladder hidden"]

    def answers(self, driver: int, threshold: float) -> Bool[np.ndarray, "ladder rung hidden"]:
        """Return which nodes respond, see `rhythmic.coupled.selectivity.answers`.

        Args:
            driver: index of the driver.
            threshold: multiple of the response to the constant gain.
        """
        return answers(self.modulated, self.constant, driver, threshold)

    def targets(self, driver: int, tolerance: float) -> Bool[np.ndarray, "ladder rung hidden"]:
        """Return which nodes should respond, see `rhythmic.coupled.selectivity.rung_targets`.

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
    """Return the gain frequencies that show whether a response peaks at a rung.

    They lie around every rung in steps of 0.1 Hz, out to the first beyond `tolerance` on either
    side. A negative one is equivalent to its absolute value, as in a cosine.

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
    """Compute every network's responses at gain frequencies around each of its own rungs.

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
