"""What trained networks rest on: single nodes, and frequency bands of the recordings.

Both are measured on the test trials of a run, after its score: how far the score falls where the
feature of one node is exchanged among the trials, or where a band is taken out of the recordings.

Source: permutation importance, L. Breiman, Machine Learning 45, 5 (2001).
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from rhythmic.arguments import checked
from rhythmic.compare.plan import span_of
from rhythmic.data import Recordings
from rhythmic.networks.network import Network
from rhythmic.theory import decay_time, node_frequency
from rhythmic.training.objectives import ScoreName, as_items, score_of, summed
from rhythmic.typing import AnyArray, Array

PERMUTATIONS = 5
BANDS_PER_OCTAVE = 6
BAND_OCTAVES = 1 / 3  # width of each band: neighbours overlap


class Rhythms(NamedTuple):
    """Rhythms of the nodes of a network, ``(node,)`` each.

    ``frequency`` in Hz, ``decay`` the time in s in which the amplitude falls to 1/e.
    """

    frequency: np.ndarray
    decay: np.ndarray


class Bands(NamedTuple):
    """Frequency bands, ``low`` and ``high`` ends in Hz, ``(band,)`` each."""

    low: np.ndarray
    high: np.ndarray

    @property
    def centre(self) -> np.ndarray:
        """The geometric middle of each band, Hz."""
        return np.sqrt(self.low * self.high)


def rhythms_of(network: Network, sample_rate: float) -> Rhythms | None:
    """Return the rhythms of a network's nodes as they stand; None of a cell that has none.

    Args:
        network: of one layer.
        sample_rate: Fs in Hz.
    """
    cell = network.cell.resolved()
    if hasattr(cell, "nodes"):
        weights = cell.nodes.w1, cell.nodes.w2
    elif hasattr(cell, "node_weights"):
        weights = cell.node_weights()
    else:
        return None
    w1, w2 = (np.asarray(x, np.float64) for x in weights)
    steps = 1 / sample_rate
    rhythms = node_frequency(w1, w2, steps), decay_time(w1, w2, steps)
    return Rhythms(*map(np.asarray, rhythms))


def _samples(recordings: Recordings) -> Float[np.ndarray, "trial time channel"]:
    """Return the samples as networks read them, float64: bytes are 0 to 1."""
    inputs = recordings.inputs.astype(np.float64)
    return inputs / 255 if recordings.inputs.dtype == np.uint8 else inputs


class Judge:
    """Judges a network of a run by test trials, whole, with a node's feature permuted, or filtered.

    Args:
        recordings: test trials.
        score: by which.
    """

    def __init__(self, recordings: Recordings, score: ScoreName):
        self.recordings, self.score_name = recordings, score
        targets, known = recordings.targets, recordings.known
        if recordings.per_step:  # time first, as features are
            targets, known = np.moveaxis(targets, 0, -1), np.moveaxis(known, 0, -1)
        elif not recordings.classes:
            targets, known = targets.T, known.T
        self.targets = np.where(known, targets, 0)
        # R² does not change by it, and float32 loses no digits to a mean far from zero.
        self.middle = 0.0 if recordings.classes else float(np.mean(targets[known]))
        if not recordings.classes:
            self.targets = np.where(known, targets - self.middle, 0).astype(np.float32)
        self.weights = known.astype(np.float32)
        self.lengths = recordings.lengths

    def features(self, network: Network, inputs: np.ndarray) -> Array:
        """Return what the readout gets of trials ``(trial, time, channel)``."""
        return _features(network, jnp.asarray(inputs, network.dtype), self.lengths)

    def answers(self, network: Network) -> np.ndarray:
        """Return what a network predicts of every trial: the index of a class, or numbers.

        Of the shape of the recordings' targets; -1, or NaN of numbers, past the end of a trial.
        """
        outputs = network.answer(self.features(network, _samples(self.recordings)))
        found = np.moveaxis(np.asarray(outputs, float), -1, 0)  # trial first
        if self.recordings.classes:
            found = found.argmax(axis=-1)
        if self.recordings.per_step:
            past = np.arange(found.shape[1]) >= self.lengths[:, None]
            found[past] = -1 if self.recordings.classes else np.nan
        return found

    def score(self, network: Network, features: AnyArray) -> float:
        """Return the score of the answers that a readout gives to ``features``."""
        is_class = bool(self.recordings.classes)
        items = (self.targets, self.weights, self.middle)
        return float(_score(network, features, *items, is_class, self.score_name))

    def node_importance(self, network: Network, seed: int) -> Float[np.ndarray, " node"]:
        """Return how far the score falls where one node's features are permuted among the trials.

        Args:
            network: that is judged.
            seed: of the permutations, of which the mean is taken.
        """
        features = np.asarray(self.features(network, _samples(self.recordings)))
        whole = self.score(network, features)
        generator = np.random.default_rng([seed, 3])
        orders = [self._order(generator) for _ in range(PERMUTATIONS)]
        falls = np.zeros(network.cell.hidden_size)
        owner = np.arange(features.shape[-2]) % len(falls)  # a node may show two things
        for node in range(len(falls)):
            for order in orders:
                changed = features.copy()
                own = features[..., owner == node, :]
                changed[..., owner == node, :] = np.take_along_axis(own, order, axis=-1)
                falls[node] += (whole - self.score(network, changed)) / PERMUTATIONS
        return falls

    def _order(self, generator: np.random.Generator) -> Int[np.ndarray, "*time feature trial"]:
        """Return which trial gives its feature to which, ``(1, trial)`` or ``(time, 1, trial)``.

        At every step trials take from those that still run, one from the next in random order.
        """
        count, longest = len(self.lengths), self.recordings.inputs.shape[1]
        order = generator.permutation(count)
        if not self.recordings.per_step:
            return order[None]
        found = np.tile(np.arange(count), (longest, 1))
        for step in range(longest):
            running = order[self.lengths[order] > step]
            found[step, running] = np.roll(running, 1)
        return found[:, None]

    def band_importance(self, network: Network, bands: Bands) -> Float[np.ndarray, " band"]:
        """Return how far the score falls where a band is taken out of the trials."""
        whole = self.score(network, self.features(network, _samples(self.recordings)))
        return np.array(
            [
                whole - self.score(network, self.features(network, inputs))
                for inputs in without_bands(self.recordings, bands)
            ]
        )


@eqx.filter_jit
def _features(network: Network, inputs: Array, lengths: Any) -> Array:
    counts = jnp.asarray(lengths)
    return network.features(jnp.moveaxis(inputs, 0, -1), counts, method="fastest")


@eqx.filter_jit
def _score(
    network: Network,
    features: Any,
    targets: Any,
    weights: Any,
    middle: Any,
    is_class: bool,
    score: ScoreName,
) -> Array:
    outputs = network.answer(jnp.asarray(features)) - jnp.asarray(middle, network.dtype)
    items = as_items(outputs, jnp.asarray(targets), jnp.asarray(weights), is_class=is_class)
    nothing = jnp.zeros(items.weights.shape)
    return score_of(summed(items, nothing, is_class=is_class, with_confusion=is_class), score)


@checked
def bands_of(recordings: Recordings) -> Bands:
    """Return bands a third of an octave wide, six for each octave that the recordings show.

    The lowest begins at one cycle in the longest trial, the highest ends below half the sample
    rate.

    Args:
        recordings: whose sample rate and length decide.
    """
    seconds = float(recordings.lengths.max()) / recordings.sample_rate
    lowest, highest = span_of(recordings.sample_rate, seconds)
    half = 2 ** (BAND_OCTAVES / 2)
    number = int(np.floor(np.log2(highest / (lowest * half)) * BANDS_PER_OCTAVE)) + 1
    centre = lowest * half * 2 ** (np.arange(max(number, 1)) / BANDS_PER_OCTAVE)
    return Bands(centre / half, centre * half)


def without_bands(
    recordings: Recordings, bands: Bands
) -> Iterator[Float[np.ndarray, "trial time channel"]]:
    """Yield the trials without each band: its part of the discrete Fourier transform is zero.

    Each trial is transformed by itself, in its own length; edges fall off as a raised cosine over a
    twelfth of an octave, so that nothing rings longer than the band asks for.

    Args:
        recordings: the trials.
        bands: what is taken out, one after the other.
    """
    inputs = _samples(recordings)
    parts = {
        int(length): np.flatnonzero(recordings.lengths == length) for length in recordings.lengths
    }
    spectra = {
        length: np.fft.rfft(inputs[trials, :length], axis=1) for length, trials in parts.items()
    }
    for low, high in zip(bands.low, bands.high, strict=True):
        left = np.zeros_like(inputs)
        for length, trials in parts.items():
            frequency = np.fft.rfftfreq(length, 1 / recordings.sample_rate)
            kept = spectra[length] * _stopped(frequency, low, high)[:, None]
            left[trials, :length] = np.fft.irfft(kept, length, axis=1)
        yield left


def _stopped(frequency: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return what is left of each frequency: 0 within the band, 1 outside, a cosine between."""
    edge = 1 / 12  # octaves
    with np.errstate(divide="ignore"):
        outside = np.maximum(np.log2(low / frequency), np.log2(frequency / high))
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(outside / edge, 0, 1))


class Spectrum(NamedTuple):
    """Mean power spectra of recordings, standardised by channel and averaged over channels.

    ``frequency`` in Hz, ``(frequency,)``; ``power`` per Hz, ``(class_, frequency)``, one row of all
    trials where targets are not one class per trial.
    """

    frequency: np.ndarray
    power: np.ndarray


@checked
def spectrum_of(recordings: Recordings, *, by_class: bool = True) -> Spectrum:
    """Return the mean spectrum of the trials of each class, by Welch's method.

    Windows are Hann's, of the shortest trial's length, at least 16 and at most 4 s.

    Args:
        recordings: the trials.
        by_class: whether each class has a row, where targets are one class per trial; else one row
            is the mean over all trials, whatever their targets.

    Source: P. D. Welch, IEEE Transactions on Audio and Electroacoustics 15, 70 (1967).
    """
    import scipy.signal

    scaled = recordings.standardised(recordings.scaling())
    shortest, rate = int(recordings.lengths.min()), recordings.sample_rate
    window = int(min(max(shortest, 16), max(4 * rate, 16), recordings.lengths.max()))
    rows = []
    for trial, length in enumerate(scaled.lengths):
        own = scaled.inputs[trial, : max(length, window)]  # what is shorter is padded with zeros
        frequency, power = scipy.signal.welch(own, rate, nperseg=window, axis=0)
        rows.append(power.mean(axis=1))
    powers = np.array(rows)
    if recordings.kind != "class" or not by_class:
        return Spectrum(frequency[1:], powers.mean(axis=0)[None, 1:])
    classes = [recordings.targets == place for place in range(len(recordings.classes))]
    mean = [
        powers[own].mean(axis=0) if own.any() else np.full(powers.shape[1], np.nan)
        for own in classes
    ]
    return Spectrum(frequency[1:], np.array(mean)[:, 1:])


def example_traces(
    network: Network, recordings: Recordings, trials: Sequence[int], most: int = 400
) -> list[dict[str, list[Any]]]:
    """Return what a network makes of some trials: inputs, node outputs and predictions over time.

    Args:
        network: of one layer.
        recordings: the trials.
        trials: which of them.
        most: samples of each trace; longer ones are thinned.

    Returns:
        For each trial ``seconds``, ``inputs`` (channel, sample) and ``nodes`` (node, sample), the
        first that each node shows; of targets per step also ``targets`` and ``answers``, indices
        of classes (sample,) or numbers (output, sample).
    """
    found = []
    predicted = Judge(recordings[trials], "r2").answers(network) if recordings.per_step else None
    for place, trial in enumerate(trials):
        length = int(recordings.lengths[trial])
        inputs = jnp.asarray(_samples(recordings)[trial, :length], network.dtype)
        stream = network.encode(inputs[..., None])
        shown, _ = network.layers[0].run(
            stream, None, network.layers[0].cell.initial_state((1,)), key=None
        )
        kept = slice(None, length, -(-length // most))
        trace = {
            "seconds": (np.arange(length)[kept] / recordings.sample_rate).tolist(),
            "inputs": np.asarray(inputs)[kept].T.tolist(),
            "nodes": np.asarray(shown)[kept, : network.cell.hidden_size, 0].T.tolist(),
        }
        if predicted is not None:
            trace["targets"] = recordings.targets[trial][kept].T.tolist()
            trace["answers"] = predicted[place][kept].T.tolist()
        found.append(trace)
    return found
