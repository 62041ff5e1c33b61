"""What is kept of a trajectory while it runs: numbers in place of the states of every step.

A reduction starts from the first thing seen, takes in every later one, and ends with a result; it
runs inside the scan, so that memory does not grow with time. ``reduce_over_time`` applies
any number of them to what is observed of a cell:

    observed_1, observed_2, ...  ->  {"maximum": ..., "frequency": ...}

Observations are one array, whose axes a reduction keeps.

Source: textbook definitions (extremes, moments, the discrete Fourier transform).
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells.interface import AbstractCell
from rhythmic.simulate import check_sequence, scan_blocks, start, take
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
    end: Callable[[PyTree, int], Array]


def last_value() -> Reduction:
    """Return what keeps the value seen after the last step."""
    return Reduction(lambda x: x, lambda carried, x, step: x, lambda carried, count: carried)


def maximum() -> Reduction:
    """Return what keeps the largest value; NaN once one was seen."""
    return Reduction(
        lambda x: x,
        lambda carried, x, step: jnp.maximum(carried, x),
        lambda carried, count: carried,
    )


def minimum() -> Reduction:
    """Return what keeps the smallest value; NaN once one was seen."""
    return Reduction(
        lambda x: x,
        lambda carried, x, step: jnp.minimum(carried, x),
        lambda carried, count: carried,
    )


def mean() -> Reduction:
    """Return what averages over the steps."""
    return Reduction(
        lambda x: x, lambda carried, x, step: carried + x, lambda carried, count: carried / count
    )


def amplitude() -> Reduction:
    """Give the amplitude of the sinusoid of the same power: sqrt(2) times the standard deviation.

    Mean and squares are carried as Welford does, so that an offset costs no digits.

    Source: B. P. Welford, Technometrics 4 (1962), 419-420.
    """

    def add(carried: PyTree, x: Array, step: Array) -> PyTree:
        average, squares = carried
        away = x - average
        average = average + away / (step + 1)
        return average, squares + away * (x - average)

    return Reduction(
        lambda x: (x, jnp.zeros_like(x)),
        add,
        lambda carried, count: jnp.sqrt(2 * carried[1] / count),
    )


@checked
def dominant_frequency(frequencies: Float[AnyArray, " frequency"], dt: float) -> Reduction:
    """Find the frequency of the largest Fourier amplitude, among those given.

        F(f) = sum_t x_t (e^{-2 pi i f t dt} - its own mean over t)

    so that a constant has no power at any frequency. A pair of numbers a frequency is carried.

    Args:
        frequencies: in Hz, each in (0, 1 / (2 dt)]; two that are closer than 1 / (T dt) cannot be
            told apart in T steps.
        dt: time between steps in s.

    Returns:
        A reduction to the frequency in Hz, NaN where what is seen is constant or not finite.

    Raises:
        ValueError: for no frequencies, or one out of range, or a ``dt`` that is not above 0.
    """
    if not dt > 0:
        raise ValueError(f"dt is {dt}; it must be above 0")
    known = np.asarray(frequencies, np.float64)
    if known.ndim != 1 or not known.size:
        raise ValueError(f"frequencies has shape {known.shape}; expected (frequency,), not empty")
    highest = 0.5 / dt
    for frequency in known:
        if not 0 < frequency <= highest:
            raise ValueError(f"frequencies holds {frequency}; each is in (0, {highest:g}] Hz")
    turns = known * dt

    def waves(x: Array, step: Array) -> Array:
        # Whole turns are dropped; the product has a rounding error of its own all the same.
        share = jnp.asarray(turns, x.dtype) * step.astype(x.dtype)
        angle = 2 * np.pi * (share - jnp.floor(share))
        both = jnp.stack([jnp.cos(angle), jnp.sin(angle)])
        return both.reshape(both.shape + (1,) * x.ndim)

    def begin(x: Array) -> PyTree:
        wave = waves(x, jnp.zeros((), jnp.int32))
        return wave * x, wave, x, jnp.zeros(x.shape, bool), x

    def add(carried: PyTree, x: Array, step: Array) -> PyTree:
        products, sums, total, moved, first = carried
        wave = waves(x, step)
        return products + wave * x, sums + wave, total + x, moved | (x != first), first

    def end(carried: PyTree, count: int) -> Array:
        products, sums, total, moved, _ = carried
        parts = products - sums * total / count
        power = jnp.sum(parts**2, axis=0)
        best = jnp.asarray(known, total.dtype)[jnp.argmax(power, axis=0)]
        return jnp.where(moved & jnp.isfinite(total), best, jnp.nan)

    return Reduction(begin, add, end)


def first_bad_step() -> Reduction:
    """Give the number of the first step, from 0, at which anything is not finite; -1 for none.

    One number for everything that is seen: a point of a sweep is bad where any node is.
    """

    def add(carried: PyTree, x: Array, step: Array) -> PyTree:
        return jnp.where((carried < 0) & ~jnp.all(jnp.isfinite(x)), step.astype(jnp.int32), carried)

    def begin(x: Array) -> PyTree:
        return jnp.where(jnp.all(jnp.isfinite(x)), jnp.int32(-1), jnp.int32(0))

    return Reduction(begin, add, lambda carried, count: carried)


class Reduced(NamedTuple):
    """``results`` of each reduction by its name, and ``final_state`` after the last step.

    The ``results`` have the shapes that their reductions say.
    """

    results: dict[str, Array]
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
        ValueError: if the washout leaves no step.
    """
    num_steps = jax.tree.leaves(inputs)[0].shape[0]
    if not 0 <= washout < num_steps:
        raise ValueError(f"washout is {washout}; it must lie between 0 and {num_steps - 1}")

    def advance(state: PyTree, sample: PyTree) -> tuple[PyTree, None]:
        return step(state, sample), None

    def advance_and_add(carry: PyTree, numbered: PyTree) -> tuple[PyTree, None]:
        state, carried = carry
        number, sample = numbered
        state = step(state, sample)
        seen = observe(state)
        added = {name: r.add(carried[name], seen, number) for name, r in reductions.items()}
        return (state, added), None

    state, _ = scan_blocks(advance, state, take(inputs, 0, washout + 1), None)
    carried = {name: r.begin(observe(state)) for name, r in reductions.items()}
    count = num_steps - washout
    numbered = (jnp.arange(1, count), take(inputs, washout + 1, num_steps))
    (state, carried), _ = scan_blocks(advance_and_add, (state, carried), numbered, None)
    return Reduced({name: r.end(carried[name], count) for name, r in reductions.items()}, state)
