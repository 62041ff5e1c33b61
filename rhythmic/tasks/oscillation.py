"""Oscillations in noise: frequency discrimination and phase estimation.

Source: the tasks are the project's own, after the question of the lecture, "Rhythmic RNN Summary".
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.tasks._checks import check_sample_rate, check_strength
from rhythmic.tasks.interface import AbstractTask, Batch, Kind, check_steps, scored
from rhythmic.typing import AnyArray, Float


@checked
class FrequencyDiscrimination(AbstractTask):
    """Classify the frequency of a sine in white noise.

    ``x_k = (sqrt(2) s sin(2 pi f_c k dt + p) + e_k) / sqrt(1 + s^2)`` with ``e_k`` normal of
    variance 1, the class ``c`` and the phase ``p`` uniform, drawn afresh for each sequence. The
    signal-to-noise ratio ``s`` is one of amplitudes: the root mean square of the sine over the
    standard deviation of the noise, so that the powers are in the ratio ``s^2``, or
    ``20 log10 s`` dB. The input has unit power at every ``s``. The class is asked for at the last
    step.

    Args:
        signal_to_noise: ``s``, at least 0; may be an array, one entry per member.
        frequencies: ``f_c`` in Hz, two or more, each between 0 and half the sample rate.
        sample_rate: ``1 / dt``, samples per second, Hz.
        num_steps: length of a sequence, samples.
    """

    signal_to_noise: Float[AnyArray, "*member"] | float
    frequencies: tuple[float, ...] = eqx.field(static=True, default=(10.0, 14.0))
    sample_rate: float = eqx.field(static=True, default=100.0)
    num_steps: int = eqx.field(static=True, default=50)
    kind: Kind = eqx.field(static=True, default="classes", init=False)

    def __check_init__(self) -> None:
        check_strength("signal_to_noise", self.signal_to_noise)
        check_sample_rate(self.sample_rate)
        for frequency in self.frequencies:
            if not 0.0 < frequency < self.sample_rate / 2:
                allowed = f"between 0 and {self.sample_rate / 2:g} Hz, half the sample rate"
                raise ValueError(f"frequencies holds {frequency}; each must lie {allowed}")
        if len(set(self.frequencies)) < max(2, len(self.frequencies)):
            raise ValueError(f"frequencies is {self.frequencies}; give two or more, all different")
        check_steps(self.num_steps, 0)

    @property
    def input_size(self) -> int:
        """One value."""
        return 1

    @property
    def num_outputs(self) -> int:
        """Number of frequencies."""
        return len(self.frequencies)

    def sample(self, num_examples: int, *, key: jax.Array) -> Batch:
        """Draw classes, phases and noise.

        Args:
            num_examples: number of sequences. The signal-to-noise ratio must be a scalar here:
                members that differ in it are mapped over with ``jax.vmap``.
            key: source of the draws; equal keys give equal sequences.

        Returns:
            Inputs ``(num_steps, 1, num_examples)``, the class as the target of every step,
            ``(num_steps, num_examples)``, and weights that are one at the last step alone.
        """
        class_key, phase_key, noise_key = jax.random.split(key, 3)
        dtype = jnp.zeros(()).dtype
        classes = jax.random.randint(class_key, (num_examples,), 0, self.num_outputs)
        phases = jax.random.uniform(phase_key, (num_examples,), dtype)
        noise = jax.random.normal(noise_key, (self.num_steps, num_examples), dtype)
        # Whole turns are taken off in float64, so that late values are as exact as early ones.
        turns = np.outer(np.arange(self.num_steps) / self.sample_rate, self.frequencies) % 1.0
        wave = jnp.sin(2 * jnp.pi * (jnp.asarray(turns, dtype)[:, classes] + phases))
        strength = jnp.asarray(self.signal_to_noise, dtype)
        values = (math.sqrt(2.0) * strength * wave + noise) / jnp.sqrt(1 + strength**2)
        targets = jnp.broadcast_to(classes, (self.num_steps, num_examples))
        weights = scored(self.num_steps, self.num_steps - 1, num_examples)
        return Batch(values[:, None], targets, weights)

    def ideal_accuracy(self) -> Float[np.ndarray, "*member"]:
        """Return the accuracy of the ideal observer, which knows everything but class and phase.

        The likelihood of a frequency rises with the power of the sequence at it, so the ideal
        observer chooses the frequency of the largest power. Where every frequency makes whole
        cycles in the sequence the powers are independent, and with ``N`` steps and ``M``
        frequencies (noncoherent detection of orthogonal signals)

            P(correct) = sum_{k=0}^{M-1} (-1)^k C(M-1, k) exp(-N s^2 k / (2 (k + 1))) / (k + 1),

        which is ``1 - exp(-N s^2 / 4) / 2`` for two. In the terms of that theory the energy over
        the spectral density of the noise is ``E / N_0 = N s^2 / 2``. The alternating sum loses
        digits as M grows: some 12 of 16 remain for M = 20.

        Returns:
            Accuracy in float64, of the shape of ``signal_to_noise``; chance, ``1 / M``, at 0.

        Raises:
            ValueError: if a frequency makes no whole number of cycles in the sequence.
        """
        for frequency in self.frequencies:
            cycles = frequency * self.num_steps / self.sample_rate
            if abs(cycles - round(cycles)) > 1e-9 * cycles:
                step = self.sample_rate / self.num_steps
                raise ValueError(
                    f"frequencies holds {frequency}; the closed form needs multiples of {step:g} Hz"
                )
        ratio = np.asarray(self.signal_to_noise, np.float64) ** 2 * self.num_steps / 2
        others = self.num_outputs - 1
        terms = [
            (-1) ** k * math.comb(others, k) * np.exp(-ratio * k / (k + 1)) / (k + 1)
            for k in range(others + 1)
        ]
        return np.sum(terms, axis=0)


@checked
class PhaseReading(AbstractTask):
    """Estimate at every step the phase of a noisy sine.

    The input is ``sin(phase_k) + noise e_k`` with ``phase_k = 2 pi f k dt + p`` and ``e_k`` normal
    of variance 1; the targets are ``cos(phase_k)`` and ``sin(phase_k)``, without noise. ``p`` is
    uniform on a turn and ``f`` uniform within ``frequency_jitter`` of ``frequency``, both drawn
    afresh for each sequence. The constant 0 has the normalised error 1. Without noise and jitter
    two samples determine the phase, error 0; the present sample alone determines the sine but not
    the sign of the cosine, error 1/2.

    Args:
        noise: standard deviation of the noise, where the sine has amplitude 1; at least 0; may
            be an array, one entry per member.
        frequency: Hz, between 0 and half the sample rate, also with the jitter.
        frequency_jitter: largest deviation of a sequence's frequency from ``frequency``, Hz.
        sample_rate: ``1 / dt``, samples per second, Hz.
        num_steps: length of a sequence, samples.
        num_unscored: first steps that do not count.
    """

    noise: Float[AnyArray, "*member"] | float
    frequency: float = eqx.field(static=True, default=10.0)
    frequency_jitter: float = eqx.field(static=True, default=0.0)
    sample_rate: float = eqx.field(static=True, default=100.0)
    num_steps: int = eqx.field(static=True, default=60)
    num_unscored: int = eqx.field(static=True, default=20)
    kind: Kind = eqx.field(static=True, default="values", init=False)

    def __check_init__(self) -> None:
        check_strength("noise", self.noise)
        check_sample_rate(self.sample_rate)
        half = self.sample_rate / 2
        if not 0.0 < self.frequency < half:
            allowed = f"between 0 and {half:g} Hz, half the sample rate"
            raise ValueError(f"frequency is {self.frequency}; it must lie {allowed}")
        room = min(self.frequency, half - self.frequency)
        if not 0.0 <= self.frequency_jitter < room:
            raise ValueError(
                f"frequency_jitter is {self.frequency_jitter}; it must be at least 0 and below "
                f"{room:g} Hz, so that frequencies stay between 0 and half the sample rate"
            )
        check_steps(self.num_steps, self.num_unscored)

    @property
    def input_size(self) -> int:
        """One value."""
        return 1

    @property
    def num_outputs(self) -> int:
        """Cosine and sine of the phase."""
        return 2

    def sample(self, num_examples: int, *, key: jax.Array) -> Batch:
        """Draw phases, frequencies and noise.

        Args:
            num_examples: number of sequences. The noise must be a scalar here: members that
                differ in it are mapped over with ``jax.vmap``.
            key: source of the draws; equal keys give equal sequences, the same at every noise.

        Returns:
            Inputs ``(num_steps, 1, num_examples)``, targets ``(num_steps, 2, num_examples)``,
            cosine first, and weights ``(num_steps, num_examples)``.
        """
        phase_key, frequency_key, noise_key = jax.random.split(key, 3)
        dtype = jnp.zeros(()).dtype
        phases = jax.random.uniform(phase_key, (num_examples,), dtype)
        deviation = jax.random.uniform(frequency_key, (num_examples,), dtype, -1.0, 1.0)
        disturbance = jax.random.normal(noise_key, (self.num_steps, num_examples), dtype)
        times = np.arange(self.num_steps)[:, None] / self.sample_rate
        # Whole turns are taken off in float64, so that late values are as exact as early ones.
        turns = jnp.asarray(times * self.frequency % 1.0, dtype) + phases
        turns = turns + jnp.asarray(times * self.frequency_jitter, dtype) * deviation
        angles = 2 * jnp.pi * turns
        targets = jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)
        inputs = targets[:, 1:] + jnp.asarray(self.noise, dtype) * disturbance[:, None]
        return Batch(inputs, targets, scored(self.num_steps, self.num_unscored, num_examples))

    def linear_error(self) -> Float[np.ndarray, "*member"]:
        """Return the least normalised squared error of a linear estimator from all samples so far.

        After ``n`` samples, with ``theta = 2 pi f dt`` and ``v`` the variance of the noise, the
        best linear estimate of cosine and sine has the error

            v / (2 v + (n + D) / 2) + v / (2 v + (n - D) / 2),    D = |sin(n theta) / sin(theta)|,

        since both have the variance 1/2, are uncorrelated, and ``(n +- D) / 2`` are the
        eigenvalues of the matrix of the ``n`` observations. The mean over the scored steps is
        returned. Without noise it is 0 from the second sample on. It holds for frequencies that
        are known, that is, without jitter.

        Returns:
            Error in float64, of the shape of ``noise``.

        Raises:
            ValueError: if there is jitter.
        """
        if self.frequency_jitter != 0.0:
            raise ValueError(
                f"frequency_jitter is {self.frequency_jitter}; the closed form holds for 0"
            )
        count = np.arange(self.num_unscored + 1, self.num_steps + 1)
        theta = 2 * np.pi * self.frequency / self.sample_rate
        ratio = np.abs(np.sin(count * theta) / np.sin(theta))
        variance = np.asarray(self.noise, np.float64)[..., None] ** 2
        errors = np.zeros(np.broadcast_shapes(variance.shape, count.shape))
        for eigenvalue in ((count + ratio) / 2, (count - ratio) / 2):
            # A direction that was neither observed nor disturbed keeps its variance, 1/2.
            bottom = 2 * variance + eigenvalue
            safe = np.where(bottom > 0, bottom, 1.0)
            errors = errors + np.where(bottom > 0, variance / safe, 0.5)
        return np.mean(errors, axis=-1)
