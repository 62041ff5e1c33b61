"""Plain baselines of a comparison, without any dynamics: what a network must beat to matter.

``majority``    the most frequent class of the training trials, or their mean
``average``     the mean of each channel over the trial; where there is a target at every step, the
                last ten samples of each channel, for numbers a linear autoregression
``band_power``  log power of each channel in bands of half an octave

The last two are read out by logistic regression, or for numbers by ridge regression, on what is
standardised by the training trials; the strength is chosen on the validation trials, from the
same number of values for every run. Of more than 50,000 training steps as many are drawn at random,
which determine some hundred weights as well as all do; rare classes are kept whole, since each
class counts as much in the score.

Source: textbook definitions; band power as features of recordings as in P. Welch, IEEE Transactions
on Audio and Electroacoustics 15, 70 (1967).
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from rhythmic.baselines.readout import fit_large_logistic_regression
from rhythmic.compare.plan import Division, span_of
from rhythmic.data import Recordings

BASELINES = ("majority", "average", "band_power")
MOST_ITEMS = 50_000  # that a readout is fitted to
RECENT = 10  # samples that are read at every step
STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)


class BaselineScores(NamedTuple):
    """Validation and test scores of a baseline, ``(run,)``, and its trained parameters."""

    validation: np.ndarray
    test: np.ndarray
    confusion: np.ndarray
    num_parameters: int


def baseline_scores(
    name: str, recordings: Recordings, divisions: Sequence[Division]
) -> BaselineScores:
    """Fit a baseline in every run and test it once.

    Args:
        name: one of ``BASELINES``.
        recordings: all trials.
        divisions: of the trials, one per run.
    """
    features = _features(name, recordings)
    rows = [_fitted(features, recordings, division) for division in divisions]
    outputs = recordings.num_outputs
    count = 0 if name == "majority" else (features.shape[-1] + 1) * outputs
    validation, test, confusion = (np.array(column) for column in zip(*rows, strict=True))
    return BaselineScores(validation, test, confusion, count)


def _features(name: str, recordings: Recordings) -> Float[np.ndarray, "*trial feature"]:
    """Return the features of every trial, or of every step of it, padding included."""
    inputs = recordings.inputs.astype(np.float64)
    if name == "majority":
        return np.zeros((*recordings.known.shape[: 2 if recordings.per_step else 1], 0))
    if recordings.per_step:
        return _recent(inputs) if name == "average" else _running_power(recordings)
    if name == "average":
        return inputs.sum(axis=1) / recordings.lengths[:, None]
    return np.array([_band_power(recordings, trial) for trial in range(len(recordings))])


def _recent(inputs: np.ndarray) -> Float[np.ndarray, "trial time feature"]:
    """Return the last samples of each channel at every step, zero before a trial begins."""
    shifted = np.pad(inputs, ((0, 0), (RECENT - 1, 0), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(shifted, RECENT, axis=1)
    return windows.reshape(*inputs.shape[:2], -1)


def _edges(recordings: Recordings) -> np.ndarray:
    """Return the ends of bands of half an octave that every trial can tell apart."""
    lengths = recordings.lengths
    shortest = lengths.max() if recordings.per_step else lengths.min()  # causal filters run on
    low, high = span_of(recordings.sample_rate, shortest / recordings.sample_rate)
    low = min(low, high / 2)
    return np.geomspace(low, high, max(1, int(2 * np.log2(high / low))) + 1)


def _band_power(recordings: Recordings, trial: int) -> np.ndarray:
    """Return the log power of each channel of a trial in each band."""
    length, edges = int(recordings.lengths[trial]), _edges(recordings)
    own = recordings.inputs[trial, :length].astype(np.float64)
    own = (own - own.mean(axis=0)) * np.hanning(length + 2)[1:-1, None]
    # Four times as many frequencies, so that some lie in every band.
    power = np.abs(np.fft.rfft(own, 4 * length, axis=0)) ** 2 / length
    frequency = np.fft.rfftfreq(4 * length, 1 / recordings.sample_rate)
    place = np.searchsorted(edges, frequency, side="right") - 1
    floor = 1e-12 * max(float(power.max()), 1e-300)
    bands = [power[place == k].sum(axis=0) for k in range(len(edges) - 1)]
    return np.log(np.concatenate(bands) + floor)


def _running_power(recordings: Recordings) -> np.ndarray:
    """Return the log power of each channel in each band at every step, by causal filters."""
    import scipy.signal

    inputs, edges = recordings.inputs.astype(np.float64), _edges(recordings)
    highest, found = 0.49 * recordings.sample_rate, []
    for low, high in itertools.pairwise(edges):
        band = scipy.signal.butter(
            2, (low, min(high, highest)), "bandpass", fs=recordings.sample_rate, output="sos"
        )
        power = scipy.signal.sosfilt(band, inputs, axis=1) ** 2
        smooth = scipy.signal.butter(1, low / 2, fs=recordings.sample_rate, output="sos")
        found.append(np.maximum(scipy.signal.sosfilt(smooth, power, axis=1), 0))
    powers = np.concatenate(found, axis=-1)
    return np.log(powers + 1e-12 * max(float(powers.max()), 1e-300))


def _fitted(
    features: np.ndarray, recordings: Recordings, division: Division
) -> tuple[float, float, np.ndarray]:
    """Return validation and test score of the best strength, and the confusion of the test."""
    parts = [_items(features, recordings, trials) for trials in division.split]
    (train_x, train_y), *held = parts
    if train_x.shape[1] and len(train_y) > MOST_ITEMS:
        drawn = _drawn(train_y, len(recordings.classes), division.seed)
        train_x, train_y = train_x[drawn], train_y[drawn]
    mean = train_x.mean(axis=0)
    deviation = train_x.std(axis=0)
    deviation = np.where(deviation > 1e-12 * np.abs(mean), deviation, 1.0)
    train_x = (train_x - mean) / deviation
    held = [((x - mean) / deviation, y) for x, y in held]
    best: tuple[float, float, np.ndarray] | None = None
    for strength in STRENGTHS if train_x.shape[1] else (1.0,):
        if recordings.classes:
            weight, bias = _logistic(train_x, train_y, len(recordings.classes), strength)
        else:
            weight, bias = _ridge(train_x, train_y, strength)
        (validation, _), (test, confusion) = (
            _judged(x @ weight.T + bias, y, len(recordings.classes)) for x, y in held
        )
        if best is None or validation > best[0]:
            best = validation, test, confusion
    assert best is not None
    return best


def _drawn(targets: np.ndarray, num_classes: int, seed: int) -> Int[np.ndarray, " item"]:
    """Return which items a readout is fitted to, of each class as many as there are or have room.

    Args:
        targets: class of each item, or its numbers.
        num_classes: 0 for numbers.
        seed: of the run.
    """
    generator, room = np.random.default_rng([seed, 4]), MOST_ITEMS
    places = [np.arange(len(targets))]
    if num_classes:
        places = [np.flatnonzero(targets == label) for label in range(num_classes)]
    found = []
    for number, items in enumerate(sorted(places, key=len)):
        count = min(len(items), room // (len(places) - number))
        found.append(generator.choice(items, count, replace=False))
        room -= count
    return np.concatenate(found)


def _items(
    features: np.ndarray, recordings: Recordings, trials: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return features and targets of trials, or of their steps, whose target is known."""
    known, targets = recordings.known[trials], recordings.targets[trials]
    if not recordings.classes:
        known = known.all(axis=-1)
    return features[trials][known], targets[known]


def _logistic(
    x: np.ndarray, y: np.ndarray, num_classes: int, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return weight and bias of a logistic regression.

    Logits are less the log frequency of each class, so that every class counts as much: what is
    scored is the balanced accuracy, and networks weigh classes too.
    """
    counts = np.bincount(y, minlength=num_classes)
    if not x.shape[1]:
        return np.zeros((num_classes, 0)), counts.astype(float)
    columns = jnp.asarray(x.T, jnp.float32)
    fitted = fit_large_logistic_regression(
        columns, jnp.asarray(y), num_classes=num_classes, inverse_regularisation=strength
    )
    bias = np.asarray(fitted.bias, float) - np.log(np.maximum(counts, 1))
    return np.asarray(fitted.weight, float), bias


def _ridge(x: np.ndarray, y: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Return weight and bias of a ridge regression, of penalty 1 / strength."""
    bias = y.mean(axis=0)
    gram = x.T @ x + np.eye(x.shape[1]) / strength
    return np.linalg.solve(gram, x.T @ (y - bias)).T, bias


def _judged(outputs: np.ndarray, y: np.ndarray, num_classes: int) -> tuple[float, np.ndarray]:
    """Return balanced accuracy and confusion, or R² and nothing."""
    if not num_classes:
        error = np.sum((outputs - y) ** 2, axis=0)
        return float(np.mean(1 - error / np.sum((y - y.mean(axis=0)) ** 2, axis=0))), np.zeros(
            (0, 0)
        )
    confusion = np.zeros((num_classes, num_classes))
    np.add.at(confusion, (y, outputs.argmax(axis=-1)), 1)
    true = confusion.sum(axis=1)
    recall = np.diag(confusion)[true > 0] / true[true > 0]
    return float(recall.mean()), confusion
