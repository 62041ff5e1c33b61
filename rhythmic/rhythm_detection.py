"""Does a trajectory hold a rhythm, at which frequency, and does it last?

Meant for autonomous systems: inputs are not taken into account. ``measure_rhythm`` judges any
trajectory; ``complex_amplitude`` measures the response at a known frequency.

Source: lecture, "What about rhythms?" (the question); criteria and limits are the
project's own, of textbook spectral estimates and least squares.
"""

from enum import IntEnum
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Complex

from rhythmic._spectral_lines import MINIMUM_CYCLES as MINIMUM_CYCLES
from rhythmic._spectral_lines import (
    NUM_PIECES,
    SpectralLine,
    frame_amplitudes,
    growth_per_sample,
    strongest_line,
    turns_after,
)
from rhythmic._sums import widened
from rhythmic.arguments import checked
from rhythmic.checks import checked_real
from rhythmic.theory.roots import safe_sqrt
from rhythmic.typing import AnyArray, Array, Bool, Float, Int

# Sustained: over the whole record the logarithm of the amplitude changes by this much at most.
SUSTAINED_LOG_CHANGE = 0.1
# A rhythm: one spectral line and its main lobe hold at least this fraction of the variance, white
# noise left out.
LINE_SHARE = 0.5
# Sustained in noise: the log amplitude changes by so many of its standard errors more at most.
_STANDARD_ERRORS = 3.0
# Of a slope over overlapping tapered frames, relative to one over all samples alike.
_OF_FRAMES = 1.3

_MINIMUM_STEPS = 64


class RhythmKind(IntEnum):
    """Behaviour of a trajectory, judged from its record.

    Attributes:
        UNDEFINED: it holds NaN or infinity.
        CONSTANT: it does not change beyond rounding, or no longer after the record's first frame.
        DRIFTS: it moves without a rhythm, for instance towards a fixed point or away from one;
            or its rhythm has fewer than ``MINIMUM_CYCLES`` (8) cycles in the record.
        IRREGULAR: it goes up and down, yet no single frequency holds the fraction of the variance
            that is asked for, by default ``LINE_SHARE`` (half) of what is not white noise.
        DECAYS: a rhythm whose amplitude falls.
        SUSTAINED: a rhythm whose log amplitude changes by ``SUSTAINED_LOG_CHANGE`` (0.1) at most
            over the whole record, and in noise by three standard errors more.
        GROWS: a rhythm whose amplitude rises.
    """

    UNDEFINED = 0
    CONSTANT = 1
    DRIFTS = 2
    IRREGULAR = 3
    DECAYS = 4
    SUSTAINED = 5
    GROWS = 6


class Rhythm(NamedTuple):
    """What ``measure_rhythm`` finds, one entry for each trajectory.

    Attributes:
        kind: codes of ``RhythmKind``.
        frequency: of the strongest line, in Hz; NaN unless there is a rhythm.
        amplitude: at the end of the record, in units of the trajectory: sqrt(2) times the
            standard deviation in the last frame, which is the amplitude of a sinusoid.
        growth_rate: slope of the log amplitude, in 1/s; negative for decay. NaN for UNDEFINED and
            CONSTANT.
        line_share: fraction of the variance in the strongest line, from 0 to 1; NaN as above. White
            noise is left out where the line is above it.
        noise_share: fraction of the variance that is such noise; 0 where no line is above it, NaN
            as above.
    """

    kind: Int[Array, "*batch"]
    frequency: Float[Array, "*batch"]
    amplitude: Float[Array, "*batch"]
    growth_rate: Float[Array, "*batch"]
    line_share: Float[Array, "*batch"]
    noise_share: Float[Array, "*batch"]


@checked
def measure_rhythm(
    trajectory: Float[AnyArray, "time *batch"],
    *,
    sample_rate: float,
    washout: int = 0,
    least_line_share: float = LINE_SHARE,
) -> Rhythm:
    """Measure the rhythm of trajectories of autonomous systems.

    1. The record is what remains after the washout. In 7 Hann-tapered frames, each a quarter of
       the record, overlapping by half, the amplitude is sqrt(2) times the standard deviation; the
       growth rate is the least-squares slope of its logarithm over the frames' centres. Any
       constant drops out; exponential growth comes out but for what the phase in a frame adds,
       little unless the amplitude changes many times within a cycle.
    2. Steps x_t - x_{t-1} are freed of that growth, tapered (Hann) and transformed. If half of
       their power lies below ``MINIMUM_CYCLES`` cycles in the record there is no rhythm.
    3. Otherwise the power is divided by |1 - e^{-g dt} e^{-i theta}|^2, which undoes the
       difference. The strongest bin is the rhythm; a parabola through the logarithms of three
       bins interpolates it. Its line share decides between a rhythm and irregular motion.
    4. White noise has the same power in every bin; its level is read off the weakest quarter of
       them. Where the line's lobe holds 8 times the noise of a lobe or more, the line is clear of
       the noise, which then does not count in its share. A sinusoid of amplitude A in noise of
       standard deviation s is clear in n samples from about A / s = 11 / sqrt(n). Noise alone,
       and chaos, whose power spreads over many lines, remain irregular; chaos of a flat spectrum
       about a strong line counts as noise about a rhythm. Amplitude and growth rate
       are those of rhythm and noise together.

    The verdict is about the record: what is sustained over a second may decay over an hour. A
    rhythm within two cycles per record of the Nyquist frequency is taken for a flicker that beats,
    and one of short pulses spreads its variance over harmonics and can be called irregular. Frames
    that have decayed to rounding (64 roundings of their largest value) and all after them are left
    out. Compiled (``washout`` is static); runs under vmap.

    Args:
        trajectory: real or 0/1 states, time first; computed in its own precision (NumPy float64
            becomes float32 unless x64 is enabled).
        sample_rate: samples per second, Hz, above 0.
        washout: number of first samples that are not part of the record.
        least_line_share: fraction of the variance, noise left out, that the strongest line of a
            rhythm holds, from 0 to 1; compare ``line_share`` of the result.

    Returns:
        Arrays over the batch axes; frequency and growth rate are NaN for a sample rate that is
        not above 0.

    Raises:
        ValueError: if fewer than 64 samples remain, ``washout`` is negative, or a known
            ``least_line_share`` lies outside [0, 1].
    """
    checked_real("least_line_share", least_line_share, least=0.0, most=1.0)
    return _measure(trajectory, sample_rate, washout, least_line_share)


@partial(jax.jit, static_argnames="washout")
def _measure(
    trajectory: Float[AnyArray, "time *batch"],
    sample_rate: float,
    washout: int,
    least_line_share: float,
) -> Rhythm:
    """Return the result of ``measure_rhythm``."""
    record = checked_record(trajectory, washout)
    hertz = jnp.where(sample_rate > 0, sample_rate, jnp.nan)
    batch_shape = record.shape[1:]
    record = record.reshape(len(record), -1)
    finite = jnp.all(jnp.isfinite(record), axis=0)
    record = jnp.where(finite, record, 0.0)

    amplitudes, num_audible = frame_amplitudes(record)
    growth = growth_per_sample(amplitudes, num_audible, len(record) // NUM_PIECES)
    line = strongest_line(record, growth, num_audible)
    silent = num_audible < 2
    irregular = line.share < least_line_share
    tolerance = SUSTAINED_LOG_CHANGE + _STANDARD_ERRORS * log_change_error(line, len(record))
    kind = classify(line, irregular, growth * len(record), tolerance, finite, silent)
    measured = finite & ~silent
    rhythmic = kind >= RhythmKind.DECAYS
    rhythm = Rhythm(
        kind=kind,
        frequency=jnp.where(rhythmic, line.frequency * hertz, jnp.nan),
        amplitude=jnp.where(finite, amplitudes[-1], jnp.nan),
        growth_rate=jnp.where(measured, growth * hertz, jnp.nan),
        line_share=jnp.where(measured, line.share, jnp.nan),
        noise_share=jnp.where(measured, line.noise_share, jnp.nan),
    )
    return Rhythm(*(field.reshape(batch_shape) for field in rhythm))


@checked
def most_active_node(
    trajectory: Float[AnyArray, "time node *batch"], *, washout: int = 0
) -> Float[Array, "time *batch"]:
    """Keep of each network the node that varies most after the washout.

    A network has a rhythm if any of its nodes has. A node that is NaN or infinite comes first, so
    that the others do not hide it.

    Args:
        trajectory: states, time first, nodes second.
        washout: number of first samples that do not count in the choice; they are kept.

    Returns:
        The trajectory of that node.

    Raises:
        ValueError: for a trajectory of no nodes.
    """
    samples = jnp.asarray(trajectory)
    if not samples.shape[1]:
        raise ValueError(f"trajectory has shape {samples.shape}; it must hold at least one node")
    spread = jnp.std(samples[washout:], axis=0)
    choice = jnp.argmax(jnp.where(jnp.isnan(spread), jnp.inf, spread), axis=0)
    return jnp.take_along_axis(samples, choice[None, None], axis=1)[:, 0]


def complex_amplitude(
    trajectory: Float[AnyArray, "time *#batch"],
    frequency: Float[AnyArray, "*#batch"],
    *,
    sample_rate: float,
    washout: int = 0,
) -> Complex[Array, "*batch"]:
    """Fit c + Re(A e^{2 pi i f t}) by least squares and return A.

    Exact, to rounding, for a sinusoid about a constant, whatever the length of the record, where
    frequency and sample rate are numbers or NumPy arrays; those of JAX are as exact as their
    dtype. Compiled (``washout`` is static).

    Args:
        trajectory: real states, time first; the first row is time 0, washed out or not.
        frequency: f in Hz, strictly between 0 and ``sample_rate / 2``; broadcast.
        sample_rate: samples per second, Hz.
        washout: number of first samples that are not fitted.

    Returns:
        A, complex, in units of the trajectory; NaN for a frequency outside its range.

    Raises:
        ValueError: if fewer than 3 samples remain, or ``washout`` is negative.
    """
    if isinstance(frequency, jax.Array) or isinstance(sample_rate, jax.Array):
        dtype = widened(jnp.zeros((), jnp.result_type(trajectory))).dtype
        given = jnp.asarray(frequency, dtype) / sample_rate
        return _fitted(trajectory, given, 0.0, (given > 0) & (given < 0.5), washout)
    with np.errstate(divide="ignore", invalid="ignore"):
        known = np.asarray(frequency, np.float64) / float(sample_rate)
    valid = (known > 0) & (known < 0.5)
    known = np.where(valid, known, 0.0)
    # The first part is whole in 2^-32 and held by float32, so that its turns are exact; what
    # remains is less than 2^-25 of a cycle and its turns have no more rounding than that.
    whole = np.floor(known.astype(np.float32).astype(np.float64) * 2.0**32) / 2.0**32
    return _fitted(trajectory, whole, known - whole, valid, washout)


@partial(jax.jit, static_argnames="washout")
def _fitted(
    trajectory: Float[AnyArray, "time *#batch"],
    cycles: Float[AnyArray, "*#batch"],
    rest: Float[AnyArray, "*#batch"] | float,
    valid: Bool[AnyArray, "*#batch"],
    washout: int,
) -> Complex[Array, "*batch"]:
    """Return the amplitude at ``cycles + rest`` per step, NaN where that is not ``valid``."""
    record = checked_record(trajectory, washout, minimum=3)
    batch_shape = jnp.broadcast_shapes(record.shape[1:], cycles.shape)
    cycles = jnp.broadcast_to(jnp.asarray(cycles, record.dtype), batch_shape)
    extra = (1,) * (len(batch_shape) - record.ndim + 1)
    record = record.reshape(len(record), *extra, *record.shape[1:])
    record = jnp.broadcast_to(record, (len(record), *batch_shape))
    times = washout + jnp.arange(len(record)).reshape(-1, *(1,) * len(batch_shape))
    turns = turns_after(cycles, times, record.dtype)
    turns = turns + jnp.asarray(rest, record.dtype) * times.astype(record.dtype)
    angle = 2 * jnp.pi * turns
    columns = jnp.stack([jnp.ones_like(record), jnp.cos(angle), jnp.sin(angle)], axis=-1)
    gram = jnp.einsum("t...i,t...j->...ij", columns, columns)
    projected = jnp.einsum("t...i,t...->...i", columns, record)
    valid = jnp.broadcast_to(valid, batch_shape)
    gram = jnp.where(valid[..., None, None], gram, jnp.eye(3, dtype=record.dtype))
    fitted = jnp.linalg.solve(gram, projected[..., None])[..., 0]
    amplitude = jax.lax.complex(fitted[..., 1], -fitted[..., 2])
    return jnp.where(valid, amplitude, jnp.nan)


def checked_record(
    trajectory: Float[AnyArray, "time *batch"], washout: int, minimum: int = _MINIMUM_STEPS
) -> Float[Array, "record *batch"]:
    """Cut ``washout`` steps off a trajectory and return the rest as floating-point samples.

    Raises:
        ValueError: if fewer than ``minimum`` are left, or the washout is negative.
    """
    samples = jnp.asarray(trajectory)
    if washout < 0:
        raise ValueError(f"washout is {washout}; it must be 0 or more")
    if samples.ndim == 0 or len(samples) - washout < minimum:
        shape = np.shape(trajectory)
        raise ValueError(
            f"trajectory has shape {shape} and washout {washout}; "
            f"at least {minimum} samples must remain"
        )
    return widened(samples[washout:])


@checked
def log_change_error(line: SpectralLine, num_samples: int) -> Float[Array, " batch"]:
    """Return the standard error that white noise leaves to a record's change of log amplitude.

    Where noise is a fraction s of the variance, the variance over n independent samples has the
    relative variance (4 (1 - s) s + 2 s^2) / n; the logarithm of the amplitude has half of that
    relative error, and its slope over n samples sqrt(12) times as much.

    Args:
        line: the strongest line, and the noise beside it.
        num_samples: of the record.
    """
    noise = line.noise_share
    relative = safe_sqrt(jnp, (4 * (1 - noise) * noise + 2 * noise**2) / num_samples)
    return _OF_FRAMES * 12**0.5 * relative / 2


def classify(
    line: SpectralLine,
    irregular: Bool[Array, " batch"],
    log_change: Float[Array, " batch"],
    tolerance: Float[Array, " batch"],
    finite: Bool[Array, " batch"],
    silent: Bool[Array, " batch"],
) -> Int[Array, " batch"]:
    """Turn measurements into codes of ``RhythmKind``.

    Args:
        line: the strongest line.
        irregular: whether it holds too small a fraction of the variance.
        log_change: of the amplitude over the record.
        tolerance: of that change in a sustained rhythm.
        finite: whether all samples are finite.
        silent: whether fewer than two frames are audible.

    Returns:
        One code per record.
    """
    cases = (
        (~finite, RhythmKind.UNDEFINED),
        (silent, RhythmKind.CONSTANT),
        (line.slow_share > 0.5, RhythmKind.DRIFTS),
        (irregular, RhythmKind.IRREGULAR),
        (log_change < -tolerance, RhythmKind.DECAYS),
        (log_change > tolerance, RhythmKind.GROWS),
    )
    conditions, codes = zip(*cases, strict=True)
    return jnp.select(
        list(conditions), [jnp.int32(code) for code in codes], jnp.int32(RhythmKind.SUSTAINED)
    )
