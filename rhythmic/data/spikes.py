"""Spike trains of a constant or of a rhythmic rate, with their splits by seed.

    recipe = SpikeTrains()
    pool = spike_pool(recipe, seeds=range(1, 101))
    parts = pool.splits[7]  # the training, validation and test trains of seed 7

Also readouts of trains without a network: baselines, and the ideal observer.

Source: textbook definitions (count, periodogram, likelihood ratio), for the trains of M. A. Kramer,
arXiv:2506.17083.
"""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from jaxtyping import Float, Int, Shaped, UInt8

from rhythmic.arguments import checked
from rhythmic.data.dataset import Split
from rhythmic.typing import AnyArray, Array

SPIKE = 255  # networks read a pool of bytes as value / 255, a spike as 1
_SPIKE_STREAM = 0x5B1CE5  # sets these draws apart from all others that go by the same seed
_SEEDS_AT_A_TIME = 16  # bounds memory, changes no train


@checked
@dataclass(frozen=True)
class SpikeTrains:
    """Constants of the spike-train task (Kramer, arXiv:2506.17083).

    At step k, at ``t = k / sample_rate`` from 0 on, a train has a spike with the probability

        1 - exp(-rate_t / sample_rate),

    independently of its other steps. Class 0 has ``rate_t = rate``; class 1 has
    ``rate_t = rate (1 + sin(2 pi f t))`` with ``f`` uniform between the slowest and the fastest
    modulation, drawn afresh for each train.

    Args:
        rate: mean rate of both classes, Hz, above 0.
        sample_rate: steps per second, Hz, above 0.
        duration: length of a train, s; a whole number of steps, at least 2.
        slowest_modulation: lower end of the modulation's range, Hz, above 0.
        fastest_modulation: upper end, Hz, from the lower end to half the sample rate.
        train_size: training trains of each seed, half of each class; even, at least 2.
        validation_size: validation trains of each seed, likewise.
        test_size: test trains of each seed, likewise.
    """

    rate: float = 100.0
    sample_rate: float = 1000.0
    duration: float = 0.1
    slowest_modulation: float = 10.0
    fastest_modulation: float = 50.0
    train_size: int = 1000
    validation_size: int = 200
    test_size: int = 200

    def __post_init__(self) -> None:
        for name in ("rate", "sample_rate"):
            value = getattr(self, name)
            if not 0.0 < value < float("inf"):
                raise ValueError(f"{name} is {value}; it must be above 0 and finite")
        steps = self.duration * self.sample_rate
        if not (1.5 < steps < float("inf") and abs(steps - round(steps)) < 1e-6):
            raise ValueError(
                f"duration is {self.duration}; it must be a whole number of steps, at least 2, "
                f"of {1 / self.sample_rate:g} s"
            )
        slowest, fastest = self.slowest_modulation, self.fastest_modulation
        if not 0.0 < slowest <= fastest:
            raise ValueError(
                f"slowest_modulation is {slowest}; it must lie between 0 and "
                f"fastest_modulation, {fastest:g} Hz"
            )
        if not fastest <= self.sample_rate / 2:
            raise ValueError(
                f"fastest_modulation is {fastest}; it must not exceed "
                f"{self.sample_rate / 2:g} Hz, half the sample rate"
            )
        names = ("train_size", "validation_size", "test_size")
        for name, size in zip(names, self.sizes, strict=True):
            if size < 2 or size % 2:
                raise ValueError(f"{name} is {size}; it must be even and at least 2")

    @property
    def num_steps(self) -> int:
        """Steps of a train."""
        return round(self.duration * self.sample_rate)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Trains of each seed that train, validate and test."""
        return self.train_size, self.validation_size, self.test_size

    @property
    def trains_per_seed(self) -> int:
        """Trains that a seed adds to a pool."""
        return sum(self.sizes)

    def rate_at(
        self, modulation_frequency: Float[np.ndarray, "*train"] | float
    ) -> Float[np.ndarray, "*train time"]:
        """Return the rate at every step, Hz; constant where the frequency (Hz) is NaN."""
        times = np.arange(self.num_steps) / self.sample_rate
        wave = np.sin(2 * np.pi * np.asarray(modulation_frequency)[..., None] * times)
        return self.rate * (1.0 + np.nan_to_num(wave, nan=0.0))

    def spike_probability(
        self, modulation_frequency: Float[np.ndarray, "*train"] | float
    ) -> Float[np.ndarray, "*train time"]:
        """Return ``1 - exp(-rate_t / sample_rate)``, the probability of a spike at every step."""
        return -np.expm1(-self.rate_at(modulation_frequency) / self.sample_rate)


class SpikePool(NamedTuple):
    """The trains of several seeds, one after the other, as one pool of examples.

    Attributes:
        trains: 255 (``SPIKE``) where there is a spike, else 0.
        labels: 0 for a constant rate, 1 for a rhythmic one.
        modulation_frequency: of each train, Hz; NaN in class 0.
        splits: for each seed, the indices of its own trains in this pool. ``splits.__getitem__``
            is the division by seed that training asks for.
    """

    trains: UInt8[np.ndarray, "example time"]
    labels: UInt8[np.ndarray, " example"]
    modulation_frequency: Float[np.ndarray, " example"]
    splits: dict[int, Split]


@checked
def spike_pool(recipe: SpikeTrains, seeds: Sequence[int]) -> SpikePool:
    """Draw the trains of all seeds.

    The trains of a seed are a function of the seed and the recipe alone: they do not depend on the
    other seeds, on the device, or on JAX's precision. Each of the three parts of a seed holds both
    classes equally often, in random order. A pool takes ``trains_per_seed`` times ``num_steps``
    bytes per seed, 140 kB with the default recipe.

    Args:
        recipe: the constants.
        seeds: one or more, all different, from 0 to 2^31 - 1.

    Returns:
        The pool, ``recipe.trains_per_seed`` trains per seed in the order of ``seeds``: those that
        train, then those that validate, then those that test.

    Raises:
        ValueError: if there is no seed, one is out of range, or one is given twice.
    """
    given = [operator.index(seed) for seed in seeds]
    if not given:
        raise ValueError("seeds is empty; at least one is needed")
    for seed in given:
        if not 0 <= seed < 2**31:
            raise ValueError(f"seeds holds {seed}; a seed lies between 0 and {2**31 - 1}")
    if len(set(given)) < len(given):
        twice = next(seed for seed in given if given.count(seed) > 1)
        raise ValueError(f"seeds holds {twice} more than once; all must be different")
    pieces = [
        _trains_of(recipe, given[start : start + _SEEDS_AT_A_TIME])
        for start in range(0, len(given), _SEEDS_AT_A_TIME)
    ]
    trains, labels, frequencies = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    ends = np.cumsum(recipe.sizes)[:2]
    places = np.arange(len(labels), dtype=np.int32).reshape(len(given), -1)
    splits = {seed: Split(*np.split(row, ends)) for seed, row in zip(given, places, strict=True)}
    return SpikePool(trains, labels, frequencies, splits)


def _trains_of(
    recipe: SpikeTrains, seeds: list[int]
) -> tuple[
    UInt8[np.ndarray, "example time"],
    UInt8[np.ndarray, " example"],
    Float[np.ndarray, " example"],
]:
    """Turn the draws of a few seeds into trains, labels and modulation frequencies."""
    # A last group that is not full is filled up, so that one program serves all.
    filled = np.resize(np.asarray(seeds, np.uint32), _SEEDS_AT_A_TIME)
    for_order, for_frequency, for_spikes = (
        np.asarray(x)[: len(seeds)] for x in _draws(recipe, filled)
    )
    # Of a random permutation of an even number of places, half are odd: class 1.
    parts = np.split(for_order, np.cumsum(recipe.sizes)[:2], axis=1)
    orders = [np.argsort(part, axis=1, kind="stable") for part in parts]
    labels = (np.concatenate(orders, axis=1) % 2).astype(np.uint8)
    span = recipe.fastest_modulation - recipe.slowest_modulation
    drawn_frequency = recipe.slowest_modulation + span * for_frequency.astype(np.float64)
    frequencies = np.where(labels == 1, drawn_frequency, np.nan)
    # In float64 on the host: a sine on the device may round otherwise in another program.
    spikes = for_spikes < recipe.spike_probability(frequencies)
    trains = spikes.astype(np.uint8) * np.uint8(SPIKE)
    return trains.reshape(-1, recipe.num_steps), labels.ravel(), frequencies.ravel()


@partial(jax.jit, static_argnums=0)
def _draws(recipe: SpikeTrains, seeds: Array) -> tuple[Array, Array, Array]:
    """Draw uniform numbers for order, frequencies and spikes; the same in whatever program."""

    def of_one(seed: Array) -> tuple[Array, Array, Array]:
        key = jax.random.fold_in(jax.random.key(seed), _SPIKE_STREAM)
        order_key, frequency_key, spike_key = jax.random.split(key, 3)
        shape = (recipe.trains_per_seed, recipe.num_steps)
        return (
            jax.random.uniform(order_key, shape[:1], jnp.float32),
            jax.random.uniform(frequency_key, shape[:1], jnp.float32),
            jax.random.uniform(spike_key, shape, jnp.float32),
        )

    return jax.vmap(of_one)(seeds)


_RARE = np.finfo(np.float64).tiny  # represents probability zero, whose logarithm is infinite


@checked
def spike_count(trains: Shaped[AnyArray, "example time"]) -> Int[np.ndarray, " example"]:
    """Count the spikes of each train; whatever is not zero is a spike."""
    return np.count_nonzero(np.asarray(trains), axis=1)


@checked
def spike_power(
    trains: Shaped[AnyArray, "example time"],
    frequencies: Float[AnyArray, " frequency"],
    sample_rate: float,
) -> Float[np.ndarray, "example frequency"]:
    """Return the power of each train at given frequencies: its periodogram.

    ``P(f) = |sum_k s_k exp(-2 pi i f k / sample_rate)|^2 / T`` with ``s_k`` 1 at a spike, else 0,
    and ``T`` the number of steps. The mean is not taken off, so ``P(0)`` is the squared count
    over ``T``. A train of independent spikes of probability p has the mean power ``p (1 - p)``
    at every whole number of cycles in the train.

    Args:
        trains: whatever is not zero is a spike.
        frequencies: Hz; any, also between the bins of a discrete Fourier transform.
        sample_rate: steps per second, Hz.

    Returns:
        Power, without unit, in float64.

    Raises:
        ValueError: if the sample rate is not above 0.
    """
    if not 0.0 < sample_rate < float("inf"):
        raise ValueError(f"sample_rate is {sample_rate}; it must be above 0 and finite")
    spikes = (np.asarray(trains) != 0).astype(np.float64)
    turns = np.outer(np.arange(spikes.shape[1]) / sample_rate, np.asarray(frequencies, np.float64))
    angles = 2 * np.pi * (turns % 1.0)
    return ((spikes @ np.cos(angles)) ** 2 + (spikes @ np.sin(angles)) ** 2) / spikes.shape[1]


@checked
def log_odds(
    trains: Shaped[AnyArray, "example time"], recipe: SpikeTrains, num_frequencies: int = 400
) -> Float[np.ndarray, " example"]:
    """Return the logarithm of the odds of class 1 against class 0, given the whole train.

    ``ln(mean over f of P(train | f) / P(train | constant rate))``, the mean over the range of the
    modulation by the midpoint rule, both classes equally likely before. Calling every train with
    log odds above 0 rhythmic is the ideal observer: no network has a higher expected accuracy.

    Args:
        trains: trains of the recipe's number of steps; whatever is not zero is a spike.
        recipe: the constants by which they were drawn.
        num_frequencies: points of the midpoint rule.

    Returns:
        Log odds in nats, in float64.

    Raises:
        ValueError: if the trains have another number of steps, or there is no point.
    """
    spikes = (np.asarray(trains) != 0).astype(np.float64)
    if spikes.shape[1] != recipe.num_steps:
        raise ValueError(f"trains have {spikes.shape[1]} steps; the recipe has {recipe.num_steps}")
    if num_frequencies < 1:
        raise ValueError(f"num_frequencies is {num_frequencies}; it must be at least 1")
    span = recipe.fastest_modulation - recipe.slowest_modulation
    midpoints = (np.arange(num_frequencies) + 0.5) / num_frequencies
    frequencies = recipe.slowest_modulation + span * midpoints

    def log_likelihood(modulation_frequency: np.ndarray) -> np.ndarray:
        probability = np.maximum(recipe.spike_probability(modulation_frequency), _RARE)
        silent = np.log1p(-probability)
        return spikes @ (np.log(probability) - silent).T + silent.sum(axis=1)

    rhythmic = scipy.special.logsumexp(log_likelihood(frequencies), axis=1)
    return rhythmic - np.log(num_frequencies) - log_likelihood(np.array([np.nan]))[:, 0]
