"""Simulated recordings whose rhythms are known: what a comparison should find.

Source: bursts of a rhythm in 1/f noise as a model of recordings of the brain, e.g. Donoghue et al.,
Nature Neuroscience 23, 1655 (2020).
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer, checked_real
from rhythmic.data import Recordings


@checked
def simulated_rhythms(
    frequencies: Sequence[float] = (11.0, 17.0),
    *,
    num_trials: int = 300,
    num_channels: int = 4,
    sample_rate: float = 250.0,
    duration: tuple[float, float] = (1.0, 2.0),
    amplitude: float = 1.0,
    burst: float | None = 0.5,
    num_groups: int = 10,
    seed: int = 0,
) -> Recordings:
    """Draw trials of several channels in 1/f noise, each with one rhythm, or a burst of it.

    A burst has a Hann window; phases are random in every channel; the frequency is the class. Noise
    has power 1/f and standard deviation 1.

    Args:
        frequencies: of the rhythms in Hz, one per class, below half the sample rate.
        num_trials: classes take turns.
        num_channels: of each trial.
        sample_rate: Fs in Hz.
        duration: shortest and longest trial in s, uniform between.
        amplitude: of the rhythm, of a burst at its height.
        burst: fraction of the trial that the burst lasts; None for a rhythm that lasts throughout.
        num_groups: subjects, which take turns of as many trials as there are classes.
        seed: of all that is drawn.

    Returns:
        The recordings; labels are such as ``11 Hz``.

    Raises:
        ValueError: for a value outside its range.
    """
    for name, value in (("num_trials", num_trials), ("num_channels", num_channels)):
        checked_integer(name, value, 1)
    checked_integer("num_groups", num_groups, 1)
    checked_real("sample_rate", sample_rate, above=0.0)
    checked_real("amplitude", amplitude)
    if burst is not None:
        checked_real("burst", burst, above=0.0, most=1.0)
    shortest, longest = (checked_real("duration", value, above=0.0) for value in duration)
    if not shortest <= longest:
        raise ValueError(f"duration is {duration}; the first must not exceed the second")
    if not len(frequencies):
        raise ValueError("frequencies is empty; give at least one for each of two classes")
    for frequency in frequencies:
        checked_real("frequencies", frequency, above=0.0, below=sample_rate / 2)
    generator = np.random.default_rng(checked_integer("seed", seed, 0))
    trials, labels = [], []
    for place in range(num_trials):
        frequency = frequencies[place % len(frequencies)]
        length = max(8, round(generator.uniform(*duration) * sample_rate))
        trial = pink_noise((length, num_channels), generator)
        lasting = length if burst is None else max(1, int(burst * length))
        start = generator.integers(length - lasting + 1)
        cycles = frequency * np.arange(lasting)[:, None] / sample_rate
        phase = 2 * np.pi * (cycles + generator.random(num_channels))
        window = np.ones(lasting) if burst is None else np.hanning(lasting)
        trial[start : start + lasting] += amplitude * window[:, None] * np.sin(phase)
        trials.append(trial)
        labels.append(f"{frequency:g} Hz")
    groups = (np.arange(num_trials) // len(frequencies)) % num_groups
    names = [f"subject {group}" for group in groups]
    return Recordings(trials, labels, sample_rate=sample_rate, groups=names)


def pink_noise(
    shape: tuple[int, int], generator: np.random.Generator
) -> Float[np.ndarray, "time channel"]:
    """Draw noise of power 1/f along the first axis, mean 0 and standard deviation 1.

    Args:
        shape: (time, channel).
        generator: of the phases and amplitudes.
    """
    white = np.fft.rfft(generator.normal(size=shape), axis=0)
    scale = np.arange(len(white), dtype=float)
    scale[0] = np.inf
    noise = np.fft.irfft(white / np.sqrt(scale)[:, None], shape[0], axis=0)
    return noise / noise.std(axis=0)
