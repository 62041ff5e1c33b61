"""Running statistics of a trajectory: numbers in place of the states of every step.

A reduction starts from the first thing seen, takes in every later one, and ends with a result; it
runs inside the scan, so that memory does not grow with time. ``reduce_over_time`` applies
any number of them to what is observed of a cell:

    observed_1, observed_2, ...  ->  {"maximum": ..., "frequency": ...}

Observations are one array, whose axes a reduction keeps.

Source: textbook definitions (extremes, moments, the discrete Fourier transform).
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from rhythmic._spectral_lines import SILENCE_ROUNDINGS, turns_after
from rhythmic._sums import CompensatedSum, Sum, added, compensated, total_of, widened
from rhythmic.arguments import checked
from rhythmic.cells.interface import AbstractCell
from rhythmic.cells.options import check_known
from rhythmic.simulate import (
    check_gives_an_array,
    check_sequence,
    check_step,
    check_within,
    first_sample,
    length_of,
    scan_blocks,
    start,
    take,
)
from rhythmic.theory.roots import safe_sqrt
from rhythmic.typing import AnyArray, Array, Float, Int, PyTree, Sequence


class Reduction(NamedTuple):
    """A pure way to reduce what is seen at each step.

    Attributes:
        begin: from the first observation to what is carried.
        add: from what is carried, the observation and the number of the step (from 0) to what is
            carried; not called for the first step.
        end: from what is carried and the number of steps to the result.
    """

    begin: Callable[[Array], PyTree]
    add: Callable[[PyTree, Array, Int[Array, ""]], PyTree]
    end: Callable[[PyTree, int], PyTree]


def last_value() -> Reduction:
    """Return what keeps the value seen after the last step."""
    return Reduction(lambda x: x, lambda carried, x, step: x, lambda carried, count: carried)


def maximum() -> Reduction:
    """Return what keeps the largest value, real; NaN once one was seen."""
    return Reduction(
        _real,
        lambda carried, x, step: jnp.maximum(carried, x),
        lambda carried, count: carried,
    )


def minimum() -> Reduction:
    """Return what keeps the smallest value, real; NaN once one was seen."""
    return Reduction(
        _real,
        lambda carried, x, step: jnp.minimum(carried, x),
        lambda carried, count: carried,
    )


def _real(x: Array) -> Array:
    """Return what is seen; raise a ValueError where it is complex, which has no order."""
    if jnp.iscomplexobj(x):
        raise ValueError(f"observe gives {x.dtype}; it must be real, as complex has no order")
    return x


def mean() -> Reduction:
    """Return what averages over the steps, without losing digits in the sum.

    Booleans, integers and half precision are averaged in single precision.
    """
    return Reduction(
        compensated,
        lambda carried, x, step: added(carried, x),
        lambda carried, count: total_of(carried) / count,
    )


def amplitude() -> Reduction:
    """Return the amplitude of the sinusoid of the same power: sqrt(2) times the standard deviation.

    Mean and squares are carried as Welford does, so that an offset costs no digits. The amplitude
    of what does not move is 0, and so is its gradient. Of complex values the squares are those of
    the modulus of what they deviate by.

    Source: B. P. Welford, Technometrics 4 (1962), 419-420.
    """

    def begin(x: Array) -> PyTree:
        x = widened(x)
        return compensated(x), compensated(jnp.zeros_like(x.real))

    def add(carried: PyTree, x: Array, step: Array) -> PyTree:
        average, squares = carried
        x = widened(x)
        away = _beyond(x, average)
        average = added(average, away / (step + 1).astype(x.real.dtype))
        beyond = _beyond(x, average)
        if jnp.iscomplexobj(x):
            return average, added(squares, (away * beyond.conj()).real)
        return average, added(squares, away * beyond)

    def end(carried: PyTree, count: int) -> Array:
        return safe_sqrt(jnp, 2 * total_of(carried[1]) / count)

    return Reduction(begin, add, end)


def _beyond(x: Array, average: Sum) -> Array:
    """Return ``x`` less the average; what was lost is subtracted last."""
    assert isinstance(average, CompensatedSum)
    return (x - average.total) - average.lost


class SpectralPeak(NamedTuple):
    """The strongest of the frequencies given, and what it holds.

    Attributes:
        frequency: in Hz; NaN where there is no oscillation.
        fraction: of the variance over time that a sinusoid of this frequency explains, 0 to 1; 0
            where there is no oscillation, NaN where what is seen is not finite.
    """

    frequency: Float[Array, "*observed"]
    fraction: Float[Array, "*observed"]


class _Waves(NamedTuple):
    """What ``spectral_peak`` carries: ``x_t`` less ``x_0``, by itself and times each wave."""

    products: Sum
    sums: Sum
    spread: PyTree  # as of ``amplitude``
    first: Array
    lately: tuple[Array, ...]  # least and greatest value since the last power of two
    before: tuple[Array, ...]  # and between that and the one before


@checked
def dominant_frequency(
    frequencies: Float[AnyArray, " frequency"], dt: float, *, floor: float = 1e-3
) -> Reduction:
    """Find the frequency of the largest Fourier amplitude, among those given.

    Arguments and errors are those of ``spectral_peak``, which also gives the fraction of the
    variance at that frequency: a transient or noise has a largest amplitude too.

    Args:
        frequencies: in Hz, each in (0, 1 / (2 dt)].
        dt: time between steps in s.
        floor: least fraction of the variance at that frequency, 0 to 1.

    Returns:
        A reduction to the frequency in Hz, NaN where there is no oscillation.
    """
    peak = spectral_peak(frequencies, dt, floor=floor)
    return peak._replace(end=lambda carried, count: peak.end(carried, count).frequency)


@checked
def spectral_peak(
    frequencies: Float[AnyArray, " frequency"], dt: float, *, floor: float = 1e-3
) -> Reduction:
    """Find the frequency of the largest Fourier amplitude and the fraction of the variance there.

        F(f) = sum_t x_t (e^{-2 pi i f t dt} - its own mean over t)

    so that a constant has no power at any frequency. The fraction is ``2 |F|^2`` over the number
    of steps and ``sum_t (x_t - mean)^2``: 1 of a sinusoid, about ``2 / steps`` of white noise at a
    frequency chosen beforehand. A pair of numbers per frequency is carried.

    There is no oscillation, and the frequency is NaN, where what is seen does not move, or no
    longer after the first half of the steps, by more than 64 roundings of its size, and where the
    fraction is below the floor.

    Args:
        frequencies: in Hz, each in (0, 1 / (2 dt)]; two that are closer than 1 / (T dt) cannot be
            resolved in T steps.
        dt: time between steps in s.
        floor: least fraction of the variance, 0 to 1. A rhythm that lies m / (T dt) from the
            nearest frequency given shows up to 1 / (pi m)^2 of its variance there.

    Returns:
        A reduction to a ``SpectralPeak``.

    Raises:
        ValueError: for no frequencies, or one out of range, a ``dt`` that is not above 0, a
            floor out of its range, or one of the three that is traced.
    """
    known = _checked_frequencies(frequencies, dt)
    check_known("floor", floor, "before the run")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}; it must lie between 0 and 1")
    spread = amplitude()

    def waves(x: Array, step: Array) -> Array:
        angle = 2 * np.pi * turns_after(known * float(dt), step, x.dtype)
        both = jnp.stack([jnp.cos(angle), jnp.sin(angle)])
        return both.reshape(both.shape + (1,) * x.ndim)

    def begin(x: Array) -> _Waves:
        x = widened(_real(x))
        wave = waves(x, jnp.zeros((), jnp.int32))
        nothing = jnp.zeros_like(wave * x)
        return _Waves(compensated(nothing), compensated(wave), spread.begin(x), x, (x, x), (x, x))

    def add(carried: _Waves, x: Array, step: Array) -> _Waves:
        x = widened(x)
        wave = waves(x, step)
        begins = step & (step - 1) == 0
        lately = tuple(jnp.where(begins, x, limit) for limit in carried.lately)
        before = zip(carried.lately, carried.before, strict=True)
        return _Waves(
            products=added(carried.products, wave * (x - carried.first)),
            sums=added(carried.sums, wave),
            spread=spread.add(carried.spread, x, step),
            first=carried.first,
            lately=(jnp.minimum(lately[0], x), jnp.maximum(lately[1], x)),
            before=tuple(jnp.where(begins, one, other) for one, other in before),
        )

    def end(carried: _Waves, count: int) -> SpectralPeak:
        average, squares = (total_of(part) for part in carried.spread)
        parts = total_of(carried.products) - total_of(carried.sums) * (average - carried.first)
        power = jnp.sum(parts**2, axis=0)
        best = jnp.argmax(power, axis=0)
        # A sinusoid at the Nyquist frequency is sampled at its crests alone.
        share = jnp.where(known * float(dt) < 0.5, 2.0, 1.0).astype(power.dtype)[best]
        moving = (squares > 0) & ~_still(carried)
        strongest = share * jnp.max(power, axis=0) / jnp.where(moving, count * squares, 1.0)
        fraction = jnp.where(moving, jnp.minimum(strongest, 1.0), 0.0)
        fraction = jnp.where(jnp.isfinite(squares), fraction, jnp.nan)
        found = moving & (fraction >= floor)
        frequency = jnp.asarray(known, power.dtype)[best]
        return SpectralPeak(jnp.where(found, frequency, jnp.nan), fraction)

    return Reduction(begin, add, end)


def _still(carried: _Waves) -> Array:
    """Return what has not moved, beyond rounding, since the power of two before the last one."""
    (low, high), (lower, higher) = carried.lately, carried.before
    low, high = jnp.minimum(low, lower), jnp.maximum(high, higher)
    size = jnp.maximum(jnp.abs(low), jnp.abs(high))
    return high - low <= SILENCE_ROUNDINGS * jnp.finfo(size.dtype).eps * size


def _checked_frequencies(frequencies: Float[AnyArray, " frequency"], dt: float) -> np.ndarray:
    """Return frequencies in Hz that steps of ``dt`` seconds can show, in float64.

    Raises:
        ValueError: for none, or one out of range, a ``dt`` that is not above 0, or traced values.
    """
    for name, value in (("dt", dt), ("frequencies", frequencies)):
        check_known(name, value, "before the run")
    if not dt > 0:
        raise ValueError(f"dt is {dt}; it must be above 0")
    known = np.asarray(frequencies, np.float64)
    if known.ndim != 1 or not known.size:
        raise ValueError(f"frequencies has shape {known.shape}; expected (frequency,), not empty")
    highest = 0.5 / float(dt)
    for frequency in known:
        if not 0 < frequency <= highest:
            raise ValueError(f"frequencies holds {frequency}; each is in (0, {highest:g}] Hz")
    return known


def first_bad_step() -> Reduction:
    """Return the number of the first step, from 0, at which anything is not finite; -1 for none.

    One number for everything that is seen: a point of a sweep is bad where any node is.
    """

    def add(carried: PyTree, x: Array, step: Array) -> PyTree:
        return jnp.where((carried < 0) & ~jnp.all(jnp.isfinite(x)), step.astype(jnp.int32), carried)

    def begin(x: Array) -> PyTree:
        return jnp.where(jnp.all(jnp.isfinite(x)), jnp.int32(-1), jnp.int32(0))

    return Reduction(begin, add, lambda carried, count: carried)


class Reduced(NamedTuple):
    """``results`` of each reduction by its name, and ``final_state`` after the last step.

    The ``results`` have the shapes of their reductions.
    """

    results: dict[str, PyTree]
    final_state: PyTree


@checked
def reduce_over_time(
    cell: AbstractCell,
    inputs: Sequence,
    reductions: Mapping[str, Reduction],
    *,
    observe: Callable[[PyTree], Array] | None = None,
    initial_state: PyTree | None = None,
    washout: int = 0,
) -> Reduced:
    """Run a cell over inputs and reduce what is seen at each step, without storing it.

        state_t = step(state_{t-1}, inputs_t),   observed_t = observe(state_t)

    Args:
        cell: the layer.
        inputs: ``(time, feature, *batch)``.
        reductions: by the names that their results shall have.
        observe: function of the state that gives one array; by default the cell's output.
        initial_state: state before the first step; by default the cell's state of rest.
        washout: first steps that are run and not seen; step 0 of a reduction is the one after.

    Raises:
        ValueError: for shapes that do not fit the cell, or a washout out of its range.
    """
    check_sequence(cell, inputs, None, washout, None)
    state = start(cell, inputs, initial_state)
    see = cell.output if observe is None else observe
    return reduce_steps(cell.step, state, inputs, reductions, observe=see, washout=washout)


@checked
def reduce_steps(
    step: Callable[[PyTree, PyTree], PyTree],
    state: PyTree,
    inputs: PyTree,
    reductions: Mapping[str, Reduction],
    *,
    observe: Callable[[PyTree], Array] = lambda state: state,
    washout: int = 0,
) -> Reduced:
    """Run any pure step over inputs and reduce what is seen; see ``reduce_over_time``.

    Args:
        step: from a state and a sample of the inputs to the next state.
        state: before the first step.
        inputs: arrays with time first, ``jnp.arange(num_steps)`` where a step takes none.
        reductions: by the names that their results shall have.
        observe: function of the state that gives one array.
        washout: first steps that are run and not seen.

    Raises:
        ValueError: if the washout leaves no step, or what is observed is no array.
    """
    num_steps = length_of(inputs)
    if num_steps is None:
        raise ValueError("inputs holds no array; jnp.arange(num_steps) counts steps without input")
    check_within("washout", washout, 0, num_steps - 1)
    check_step(step, state, first_sample(inputs))

    def advance(state: PyTree, sample: PyTree) -> tuple[PyTree, None]:
        return step(state, sample), None

    def advance_and_add(carry: PyTree, numbered: PyTree) -> tuple[PyTree, None]:
        state, carried = carry
        number, sample = numbered
        state = step(state, sample)
        seen = observe(state)
        added = {name: r.add(carried[name], seen, number) for name, r in reductions.items()}
        return (state, added), None

    check_gives_an_array("observe", observe, state)
    state, _ = scan_blocks(advance, state, take(inputs, 0, washout + 1), None)
    carried = {name: r.begin(observe(state)) for name, r in reductions.items()}
    count = num_steps - washout
    numbered = (jnp.arange(1, count), take(inputs, washout + 1, num_steps))
    (state, carried), _ = scan_blocks(advance_and_add, (state, carried), numbered, None)
    return Reduced({name: r.end(carried[name], count) for name, r in reductions.items()}, state)
