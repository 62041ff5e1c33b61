"""Amplitude frames and spectral lines: the measurements behind ``rhythmic.rhythm_detection``."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.theory.roots import safe_sqrt
from rhythmic.typing import AnyArray, Array, Bool, Float, Int

# A record is cut into this many pieces; frames are two pieces long and overlap by one.
NUM_PIECES = 8
# A rhythm has at least this many cycles in the record: two in a frame, so that frames compare.
MINIMUM_CYCLES = NUM_PIECES
# A frame counts as silent if its amplitude is this many rounding errors of its largest value.
SILENCE_ROUNDINGS = 64

_LOBE = 2.0  # half width of the main lobe of a Hann window, in units of 1 / duration
_PADDING = 8


# A line is above the noise if its lobe holds this many times the noise power of a lobe. Of white
# noise alone the largest lobe of a thousand samples holds 3 to 5 times the mean.
LINE_OVER_NOISE = 8.0
# The lower quarter of the bins holds noise alone, also between the harmonics of short pulses.
_NOISE_QUANTILE = 0.25


class SpectralLine(NamedTuple):
    """The strongest line of a record.

    Attributes:
        frequency: cycles per sample.
        share: of the variance, excluding white noise where the line is above it.
        slow_share: fraction of the power of the steps below the frequencies of rhythms.
        noise_share: fraction of the variance that is white noise, 0 where no line is above it.
    """

    frequency: Float[Array, " batch"]
    share: Float[Array, " batch"]
    slow_share: Float[Array, " batch"]
    noise_share: Float[Array, " batch"]


def turns_after(
    cycles: Float[AnyArray, "*#shape"], steps: Int[Array, "*#shape"], dtype: Any
) -> Float[Array, "*shape"]:
    """Return the turn, 0 to 1, that a wave of ``cycles`` per step has reached after whole steps.

    In single precision the product would lose the turn after a million steps. There a number of
    cycles is taken as a whole number of 2^-32, and integers of 32 bits drop whole turns by
    themselves.

    Args:
        cycles: per step, from 0 to 1; NumPy's float64 are as exact as that. Gradients are those of
            the product.
        steps: from 0 to 2^31.
        dtype: of the result, float32 or float64.
    """
    xp: Any = jnp if isinstance(cycles, jax.Array) else np
    product = jnp.asarray(cycles, dtype) * steps.astype(dtype)
    if jnp.dtype(dtype) != jnp.float32:
        return product - jnp.floor(product)
    valid = (cycles >= 0) & (cycles < 1)
    whole = xp.where(valid, cycles, 0) * 2.0**32
    turns = jnp.asarray(whole.astype(np.uint32)) * steps.astype(jnp.uint32)
    exact = jnp.where(valid, turns.astype(dtype) * 2.0**-32, jnp.nan)
    return exact + (product - jax.lax.stop_gradient(product))


def _hann(position: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return the Hann window sin^2(pi u) at positions u from 0 to 1, and 0 elsewhere."""
    inside = (position > 0) & (position < 1)
    return jnp.where(inside, jnp.sin(jnp.pi * position) ** 2, 0.0)


def frame_amplitudes(
    record: Float[Array, "time batch"],
) -> tuple[Float[Array, "frame batch"], Int[Array, " batch"]]:
    """Return sqrt(2) times the standard deviation in each frame, and how many are not silent.

    Frames count up to the first silent one: what has decayed to rounding does not recover.
    """
    piece = len(record) // NUM_PIECES
    starts = np.arange(NUM_PIECES - 1)[:, None] * piece
    frames = record[starts + np.arange(2 * piece)]
    taper = _hann((jnp.arange(2 * piece, dtype=record.dtype) + 0.5) / (2 * piece))
    taper = (taper / taper.sum())[:, None]
    # Scaled by its largest value, a frame can be squared without overflow or underflow.
    size = jnp.max(jnp.abs(frames), axis=1)
    scaled = frames / jnp.where(size > 0, size, 1.0)[:, None]
    centred = scaled - jnp.sum(taper * scaled, axis=1, keepdims=True)
    relative = safe_sqrt(jnp, 2 * jnp.sum(taper * centred**2, axis=1))
    limits = jnp.finfo(record.dtype)
    audible = (relative > SILENCE_ROUNDINGS * limits.eps) & (size > limits.tiny / limits.eps)
    num_audible = jnp.sum(jnp.cumprod(audible, axis=0, dtype=jnp.int32), axis=0)
    return jnp.where(audible, relative * size, 0.0), num_audible


def growth_per_sample(
    amplitudes: Float[Array, "frame batch"], num_audible: Int[Array, " batch"], piece: int
) -> Float[Array, " batch"]:
    """Return the slope of the log amplitude over the audible frames; 0 if there are fewer than two.

    Args:
        amplitudes: of each frame.
        num_audible: how many frames, from the first, are not silent.
        piece: samples from one frame to the next.
    """
    index = jnp.arange(len(amplitudes))[:, None]
    counted = (index < num_audible).astype(amplitudes.dtype)
    number = jnp.maximum(num_audible, 1).astype(amplitudes.dtype)
    logarithm = jnp.log(jnp.where(counted > 0, amplitudes, 1.0))
    # Only what differs from the first frame is summed, so that a constant amplitude gives 0.
    logarithm = counted * (logarithm - logarithm[0])
    centred = counted * (index - 0.5 * (number - 1))
    spread = jnp.sum(centred**2, axis=0)
    slope = jnp.sum(centred * logarithm, axis=0) / jnp.where(spread > 0, spread, 1.0)
    return slope / piece


def strongest_line(
    record: Float[Array, "time batch"],
    growth: Float[Array, " batch"],
    num_audible: Int[Array, " batch"],
) -> SpectralLine:
    """Find the strongest line of the record freed of its growth, as in ``measure_rhythm``."""
    power, duration = _flattened_power(record, growth, num_audible)
    cycles = jnp.linspace(0.0, 0.5, len(power), dtype=record.dtype)[:, None]
    gain = 1 - jnp.exp(-growth - 2j * jnp.pi * cycles)
    squared_gain = gain.real**2 + gain.imag**2
    beyond_zero = cycles * duration >= _LOBE
    of_states = jnp.where(beyond_zero, power / jnp.where(beyond_zero, squared_gain, 1.0), 0.0)
    slow = cycles * duration < MINIMUM_CYCLES
    total, total_of_states = jnp.sum(power, axis=0), jnp.sum(of_states, axis=0)

    strongest = jnp.argmax(jnp.where(slow, 0.0, of_states), axis=0)
    distance = jnp.abs(cycles - cycles[strongest, 0]) * duration
    lobe = distance <= _LOBE
    in_lobe = jnp.sum(jnp.where(lobe, of_states, 0.0), axis=0)
    noise = noise_floor(of_states, slow)
    clear = in_lobe > LINE_OVER_NOISE * noise * jnp.sum(lobe, axis=0)
    noise = jnp.where(clear, noise, 0.0)
    of_noise = noise * jnp.sum(beyond_zero, axis=0)
    in_lobe, rest = in_lobe - noise * jnp.sum(lobe, axis=0), total_of_states - of_noise
    share = jnp.clip(in_lobe / jnp.where(rest > 0, rest, 1.0), 0.0, 1.0)
    # Undoing the difference tilts the lobe: its top is looked for where it is symmetric.
    near = (distance <= _LOBE / 2) & ~slow
    top = jnp.argmax(jnp.where(near, power, 0.0), axis=0)
    return SpectralLine(
        frequency=_interpolated_peak(power, top) * 0.5 / (len(power) - 1),
        share=jnp.where(rest > 0, share, jnp.where(clear, 1.0, 0.0)),
        slow_share=jnp.sum(jnp.where(slow, power, 0.0), axis=0) / jnp.where(total > 0, total, 1.0),
        noise_share=of_noise / jnp.where(total_of_states > 0, total_of_states, 1.0),
    )


def noise_floor(
    power: Float[Array, "bin batch"], left_out: Bool[Array, "bin batch"]
) -> Float[Array, " batch"]:
    """Estimate the power of white noise in a bin from the weakest quarter of the bins.

    The power of noise in a bin is exponentially distributed: a fraction q of it lies below
    -ln(1 - q) times its mean.

    Args:
        power: of all bins.
        left_out: bins that do not count.
    """
    ordered = jnp.sort(jnp.where(left_out, jnp.inf, power), axis=0)
    place = (_NOISE_QUANTILE * jnp.sum(~left_out, axis=0)).astype(jnp.int32)
    quantile = jnp.take_along_axis(ordered, place[None], axis=0)[0]
    return jnp.where(quantile < jnp.inf, quantile, 0.0) / -np.log1p(-_NOISE_QUANTILE)


def _flattened_power(
    record: Float[Array, "time batch"],
    growth: Float[Array, " batch"],
    num_audible: Int[Array, " batch"],
) -> tuple[Float[Array, "bin batch"], Float[Array, " batch"]]:
    """Return the power of the steps x_t - x_{t-1}, freed of their growth, and the samples used."""
    steps = jnp.diff(record, axis=0)
    piece = len(record) // NUM_PIECES
    duration = ((num_audible + 1) * piece - 1).astype(record.dtype)
    times = jnp.arange(len(steps), dtype=record.dtype)[:, None]
    taper = _hann((times + 0.5) / duration)
    # In logarithms, as the growth over a record may exceed the range of numbers.
    moved = steps != 0
    size = jnp.log(jnp.abs(jnp.where(moved, steps, 1.0))) - growth * times
    size = jnp.where(moved & (taper > 0), size, -jnp.inf)
    largest = jnp.max(size, axis=0)
    flat = taper * jnp.sign(steps) * jnp.exp(size - jnp.where(largest > -jnp.inf, largest, 0.0))
    num_bins = _PADDING * 2 ** (len(steps) - 1).bit_length()
    spectrum = jnp.fft.rfft(flat, num_bins, axis=0)
    return spectrum.real**2 + spectrum.imag**2, duration


def _interpolated_peak(
    power: Float[Array, "bin batch"], top: Int[Array, " batch"]
) -> Float[Array, " batch"]:
    """Return the place, in bins, of the vertex of a parabola through three log powers.

    Beyond the last bin, the Nyquist frequency, the spectrum is its own mirror image.
    """
    last = len(power) - 1
    places = jnp.stack([jnp.abs(top - 1), top, last - jnp.abs(last - top - 1)])
    around = jnp.take_along_axis(power, places, axis=0)
    left, middle, right = jnp.log(jnp.maximum(around, jnp.finfo(power.dtype).tiny))
    curvature = left - 2 * middle + right
    offset = 0.5 * (left - right) / jnp.where(curvature < 0, curvature, -jnp.inf)
    return top + jnp.clip(offset, -0.5, 0.5)
