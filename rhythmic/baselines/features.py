"""Features of sequences that need no state: powers in windows, and random projections.

Or one number per example, read out by the best threshold on the training examples.

Source: textbook definition (the decision stump).
"""

import math
from collections.abc import Sequence
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int, PRNGKeyArray

from rhythmic.arguments import checked
from rhythmic.data.dataset import Split, check_split
from rhythmic.indices import check_labels
from rhythmic.typing import AnyArray, Array, Float

FeatureKind = Literal["quadratic", "linear"]
"""Kinds of random features, see ``random_features``."""


@checked
def fourier_power(
    sequences: Float[AnyArray, "example time"],
    frequencies: Sequence[float] | Float[AnyArray, " frequency"],
    *,
    sample_rate: float,
    num_windows: int = 1,
) -> Float[Array, "example window_frequency"]:
    """Return the power of each window of a sequence at each frequency.

        P[window, f] = |sum_t u[t] exp(-2 pi i f t / sample_rate)|^2 / L

    over the L = time / num_windows steps of a window; windows follow one another without overlap
    or taper, and their mean is not taken away. At f = k sample_rate / L this is the periodogram
    of the window: ``|numpy.fft.rfft(window)[k]|^2 / L``. Other frequencies, such as those of a
    ladder, lie between its lines. Units are those of the samples squared.

    Args:
        sequences: one row per example. Integers, such as pixels, count as floats.
        frequencies: in Hz, from 0 to sample_rate / 2. They are fixed, not traced: phases are
            computed in float64 and only then rounded to the dtype of the sequences.
        sample_rate: steps per second, in Hz.
        num_windows: number of equal windows; it divides the number of time steps.

    Returns:
        One row per example; the frequencies of the first window, then those of the second, and so
        on. NaN at frequencies out of range.

    Raises:
        ValueError: for shapes that are not as above, a sample rate that is not positive and
            finite, or windows that are not equal.

    Source: the periodogram (A. Schuster, Terrestrial Magnetism 3, 13, 1898), as a baseline without
    recurrence for nodes that oscillate at the same frequencies.
    """
    inputs = _as_sequences(sequences)
    values = np.asarray(frequencies, np.float64)
    num_examples, num_steps = inputs.shape
    if values.ndim != 1 or not values.size:
        raise ValueError(f"frequencies must have one non-empty axis, got shape {values.shape}")
    if not 0 < sample_rate < math.inf:
        raise ValueError(f"sample_rate must be positive and finite (Hz), got {sample_rate}")
    if num_windows < 1 or num_steps % num_windows:
        raise ValueError(f"num_windows must divide the {num_steps} time steps, got {num_windows}")
    length = num_steps // num_windows
    in_range = (values >= 0) & (values <= sample_rate / 2)
    cycles = np.where(in_range, values, np.nan) / sample_rate * np.arange(length)[:, None]
    phases = 2 * np.pi * np.remainder(cycles, 1)
    waves = np.stack([np.cos(phases), np.sin(phases)], axis=-1) / math.sqrt(length)
    windows = inputs.reshape(num_examples, num_windows, length)
    parts = jnp.einsum(
        "ewt,tfp->ewfp",
        windows,
        jnp.asarray(waves, inputs.dtype),
        precision=jax.lax.Precision.HIGHEST,
    )
    return jnp.sum(parts**2, axis=-1).reshape(num_examples, num_windows * values.size)


@checked
def random_features(
    sequences: Float[AnyArray, "example time"],
    num_features: int,
    *,
    key: PRNGKeyArray,
    kind: FeatureKind = "quadratic",
) -> Float[Array, "example feature"]:
    """Project sequences at random, once for all examples, and square what comes out.

        linear    z = G u        with G[feature, t] ~ N(0, 1 / time)
        quadratic z = (G u)^2

    The quadratic kind is, like a power, the square of a linear functional, but without a frequency
    or window; a power is the sum of two such squares, its cosine and its sine. The linear kind
    gives a readout no more than a random choice of directions in the space of sequences. Neither
    kind knows the order of time: permuted steps give features of the same distribution.

    Args:
        sequences: one row per example. Integers, such as pixels, count as floats.
        num_features: number of projections, above 0.
        key: of the projection; the same key gives the same one for any examples of that length.
        kind: "quadratic" or "linear".

    Returns:
        One row per example; not standardised.

    Raises:
        ValueError: for shapes that are not as above, no features, or an unknown kind.

    Source: random projections as features are those of A. Rahimi and B. Recht, Advances in Neural
    Information Processing Systems 20 (2007), with a square in the place of their cosine.
    """
    inputs = _as_sequences(sequences)
    if num_features < 1:
        raise ValueError(f"num_features must be 1 or more, got {num_features}")
    if kind not in ("quadratic", "linear"):
        raise ValueError(f"kind must be 'quadratic' or 'linear', got {kind!r}")
    num_steps = inputs.shape[1]
    draws = jax.random.normal(key, (num_steps, num_features), inputs.dtype)
    projected = jnp.matmul(inputs, draws, precision=jax.lax.Precision.HIGHEST)
    projected = projected / math.sqrt(num_steps)
    return projected**2 if kind == "quadratic" else projected


def _as_sequences(sequences: AnyArray) -> Array:
    """Return floats of shape (example, time), in the dtype given or in JAX's own for integers."""
    inputs = jnp.asarray(sequences)
    if not inputs.shape[1]:
        raise ValueError(f"sequences has shape {inputs.shape}; it must hold at least one step")
    return inputs if jnp.issubdtype(inputs.dtype, jnp.floating) else inputs.astype(float)


@checked
def threshold_accuracy(
    values: Float[AnyArray, " example"], labels: Int[AnyArray, " example"], split: Split
) -> float:
    """Return the fraction of test examples of two classes that a threshold classifies correctly.

    Of all thresholds between neighbouring training values, and of both sides for class 1, the pair
    that classifies most training examples correctly is taken, of several the smallest threshold.
    Validation examples are not used: nothing is left to choose.

    Args:
        values: one number per example of the whole pool.
        labels: 0 or 1.
        split: indices of the training and test examples.

    Returns:
        The accuracy; NaN where a value is.

    Raises:
        ValueError: for shapes that do not fit one another, other labels, or a split with an index
            outside the pool or parts that share an example.
    """
    numbers, classes = np.asarray(values, np.float64), np.asarray(labels)
    if numbers.ndim != 1 or classes.shape != numbers.shape:
        raise ValueError(
            f"values has shape {numbers.shape} and labels {classes.shape}; expected (example,) "
            "twice"
        )
    check_labels("labels", classes, 2)
    check_split(split, len(classes))
    if np.isnan(numbers[split.train]).any() or np.isnan(numbers[split.test]).any():
        return float("nan")
    known, first = np.unique(numbers[split.train], return_inverse=True)
    ones = np.bincount(first, classes[split.train], len(known))
    zeros = np.bincount(first, minlength=len(known)) - ones
    # With class 1 above the gap before each value: the zeros below it and the ones from it on.
    below = np.append(0.0, np.cumsum(zeros)) + ones.sum() - np.append(0.0, np.cumsum(ones))
    share = below / len(split.train)
    place = int(np.argmax(np.maximum(share, 1 - share)))
    edges = np.concatenate([[-np.inf], (known[1:] + known[:-1]) / 2, [np.inf]])
    above = numbers[split.test] > edges[place]
    said = above if share[place] >= 0.5 else ~above
    return float(np.mean(said == classes[split.test]))
