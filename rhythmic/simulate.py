"""The only module that scans cells over time: any cell, stacked or with running reductions.

Source: lecture, "RNN model": one step after the other.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rhythmic._scan import scan
from rhythmic._sums import added, empty_sum, total_of
from rhythmic.arguments import checked
from rhythmic.cells.interface import AbstractCell
from rhythmic.checks import checked_integer
from rhythmic.typing import Array, Bool, Int, PyTree, Sequence

Observe = Callable[[PyTree], PyTree]

# Steps that are skipped together where none of them counts, and nothing is recomputed.
SKIPPED_TOGETHER = 16


class Trajectory(NamedTuple):
    """What a cell did: ``observed`` with time first, ``final_state`` after the last step."""

    observed: PyTree
    final_state: PyTree


class TimeMean(NamedTuple):
    """What a cell showed on average: ``mean`` over counted steps, and ``final_state``."""

    mean: PyTree
    final_state: PyTree


@checked
def trajectory(
    cell: AbstractCell,
    inputs: Sequence,
    *,
    observe: Observe | None = None,
    initial_state: PyTree | None = None,
    mask: Bool[Array, "time *batch"] | None = None,
    every: int = 1,
    washout: int = 0,
    block_size: int | None = None,
) -> Trajectory:
    """Run ``cell`` over ``inputs`` and keep what ``observe`` sees after every k-th step.

    ``state_t = step(state_{t-1}, inputs_t)``, ``observed_t = observe(state_t)``.

    Args:
        cell: the layer.
        inputs: ``(time, feature, *batch)``, the long axis last.
        observe: function of the state; by default the cell's output, ``(hidden, *batch)``.
        initial_state: state before the first step, in the layout of ``cell.initial_state``, each
            array ``(hidden, *batch)``; by default the cell's state of rest.
        mask: true where a sample belongs to its sequence, ``(time, *batch)``. Elsewhere the state
            is held, so that the final state is the one after each sequence's own last sample.
        every: keep steps ``washout + every``, ``washout + 2 every``, ... (counted from 1).
        washout: number of first steps that are run and not shown.
        block_size: steps that are recomputed together in the backward pass, which then keeps one
            state per block instead of one per step; by default nothing is recomputed.

    Returns:
        ``observed`` with leading axis ``(time - washout) // every``, and ``final_state``.

    Raises:
        ValueError: for shapes that do not fit the cell, or an argument out of its range.
    """
    num_steps = check_sequence(cell, inputs, mask, washout, block_size)
    check_within("every", every, 1, num_steps - washout)
    cell = cell.resolved()
    observe = cell.output if observe is None else observe

    def advance(state: PyTree, sample: PyTree) -> tuple[PyTree, None]:
        return masked_step(cell, state, *sample), None

    def advance_and_look(state: PyTree, samples: PyTree) -> tuple[PyTree, PyTree]:
        state, _ = scan_blocks(advance, state, samples, None)
        return state, observe(state)

    state = start(cell, inputs, initial_state)
    samples = (inputs, mask)
    kept = washout + (num_steps - washout) // every * every
    state, _ = scan_blocks(advance, state, take(samples, 0, washout), block_size)
    groups = in_groups(samples, washout, kept, every)
    groups_in_block = None if block_size is None else max(1, block_size // every)
    held = None if mask is None else partial(_held, observe)
    state, observed = scan_blocks(advance_and_look, state, groups, groups_in_block, held)
    state, _ = scan_blocks(advance, state, take(samples, kept, num_steps), block_size)
    return Trajectory(observed=observed, final_state=state)


@checked
def time_mean(
    cell: AbstractCell,
    inputs: Sequence,
    *,
    observe: Observe | None = None,
    initial_state: PyTree | None = None,
    mask: Bool[Array, "time *batch"] | None = None,
    washout: int = 0,
    block_size: int | None = 14,
) -> TimeMean:
    """Run ``cell`` over ``inputs`` and average what ``observe`` sees, without storing it.

    ``mean = sum_t mask_t observe(state_t) / sum_t mask_t`` over the steps after the washout.
    A sequence with no counted step gives NaN. Booleans, integers and half precision are averaged
    in single precision; sums over more than 2048 steps are compensated, so that no digits are
    lost. Steps that do not count reach neither value nor gradient, whatever is observed of them.

    Args:
        cell: the layer.
        inputs: ``(time, feature, *batch)``, the long axis last.
        observe: function of the state; its arrays must end in the batch axes. By default the
            cell's output.
        initial_state: state before the first step; by default the cell's state of rest.
        mask: true where a sample belongs to its sequence, ``(time, *batch)``; see ``trajectory``.
        washout: number of first steps that are run and not counted.
        block_size: steps recomputed together in the backward pass, which keeps one state per
            block; 14 steps of the published networks stay in a core's second-level cache.

    Raises:
        ValueError: for shapes that do not fit the cell, or an argument out of its range.
    """
    num_steps = check_sequence(cell, inputs, mask, washout, block_size)
    cell = cell.resolved()
    observe = cell.output if observe is None else observe

    def advance(state: PyTree, sample: PyTree) -> tuple[PyTree, None]:
        return masked_step(cell, state, *sample), None

    def advance_and_add(carry: PyTree, sample: PyTree) -> tuple[PyTree, None]:
        state, total = carry
        inputs, counted = sample
        state = masked_step(cell, state, inputs, counted)
        seen = observe(_selected(counted, state))
        if counted is not None:
            seen = jax.tree.map(lambda x: jnp.where(counted, x, 0), seen)
        # What is seen leads: a sum may be two arrays where it is one.
        return (state, jax.tree.map(lambda x, carried: added(carried, x), seen, total)), None

    state = start(cell, inputs, initial_state)
    samples = (inputs, mask)
    state, _ = scan_blocks(advance, state, take(samples, 0, washout), block_size)
    shown = jax.eval_shape(observe, state)
    nothing = jax.tree.map(lambda x: empty_sum(x, num_steps - washout), shown)
    rest = take(samples, washout, num_steps)
    held = None if mask is None else lambda carry, samples: (carry, None)
    (state, total), _ = scan_blocks(advance_and_add, (state, nothing), rest, block_size, held)
    count = num_steps - washout if mask is None else jnp.sum(mask[washout:], axis=0)
    mean = jax.tree.map(lambda _, carried: total_of(carried) / count, shown, total)
    return TimeMean(mean=mean, final_state=state)


@checked(least=0)
def mask_from_lengths(lengths: Int[Array, "*batch"], num_steps: int) -> Bool[Array, "time *batch"]:
    """Return a mask that is true at the first ``lengths`` of ``num_steps`` samples.

    A length below 0 marks none, one beyond the end all.

    Raises:
        ValueError: for a number of steps below 0.
    """
    lengths = jnp.asarray(lengths)
    return jnp.arange(num_steps).reshape(-1, *(1,) * lengths.ndim) < lengths


def scan_blocks(
    body: Callable[[PyTree, PyTree], tuple[PyTree, PyTree]],
    carry: PyTree,
    samples: PyTree,
    block_size: int | None,
    held: Callable[[PyTree, PyTree], tuple[PyTree, PyTree]] | None = None,
) -> tuple[PyTree, PyTree]:
    """Scan ``body`` over the leading axis, recomputing one block of steps at a time backwards.

    Reverse mode through a plain scan stores every step's intermediate values, which no longer fit
    a CPU's cache; with blocks it stores the carry at each block's start (Griewank and
    Walther, ACM TOMS 26, 2000: one level of checkpointing).

    Args:
        body: ``body(carry, sample) -> (carry, seen)``, as of ``jax.lax.scan``.
        carry: what it starts from.
        samples: arrays with the steps first.
        block_size: steps recomputed together; None recomputes nothing.
        held: what replaces a block of ``samples``, inputs and a mask, of which none counts; such
            blocks are then skipped, as where a batch holds short sequences alone.

    Returns:
        The last carry, and what was seen, steps first.
    """
    num_steps = jax.tree.leaves(samples)[0].shape[0]
    if num_steps == 0:
        return carry, None
    recomputed = block_size is not None
    size = SKIPPED_TOGETHER if block_size is None and held is not None else block_size
    if size is None or size >= num_steps:
        return scan(body, carry, samples)

    def run(carry: PyTree, samples: PyTree) -> tuple[PyTree, PyTree]:
        return scan(body, carry, samples)

    def unless_held(carry: PyTree, samples: PyTree) -> tuple[PyTree, PyTree]:
        assert held is not None
        return jax.lax.cond(jnp.any(samples[1]), run, held, carry, samples)

    block = run if held is None else unless_held
    block = jax.checkpoint(block) if recomputed else block
    block_size = size
    whole = num_steps // block_size * block_size
    blocks = in_groups(samples, 0, whole, block_size)
    carry, seen = scan(block, carry, blocks)
    seen = jax.tree.map(lambda x: x.reshape(whole, *x.shape[2:]), seen)
    if whole < num_steps:
        carry, rest = block(carry, take(samples, whole, num_steps))
        seen = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), seen, rest)
    return carry, seen


def _held(observe: Observe, state: PyTree, groups: PyTree) -> tuple[PyTree, PyTree]:
    """Return a state as it is, and what it shows after each of the ``groups`` of steps."""
    number = groups[1].shape[0]
    shown = jax.tree.map(lambda x: jnp.broadcast_to(x, (number, *jnp.shape(x))), observe(state))
    return state, shown


def masked_step(cell: AbstractCell, state: PyTree, inputs: Array, counted: Array | None) -> PyTree:
    """Take one step of ``cell`` on ``inputs``, or hold ``state`` where ``counted`` is false.

    The shape of ``inputs`` is ``(feature, *batch)``, that of ``counted`` ``(*batch,)``; None
    counts every sample.
    """
    if counted is None:
        return cell.step(state, inputs)
    # Padding, NaN included, affects neither value nor gradient.
    advanced = cell.step(state, jnp.where(counted, inputs, 0))
    return jax.tree.map(lambda new, old: jnp.where(counted, new, old), advanced, state)


def _selected(counted: Array | None, state: PyTree) -> PyTree:
    """Return ``state``, through which no gradient passes where a step is not ``counted``.

    What is observed of a state that does not count may have no derivative, as a root of 0.
    """
    if counted is None:
        return state
    return jax.tree.map(lambda x: jnp.where(counted, x, jax.lax.stop_gradient(x)), state)


def in_groups(samples: PyTree, begin: int, end: int, size: int) -> PyTree:
    """Cut steps ``begin`` to ``end`` of every array of ``samples`` into ``(group, size, ...)``."""
    number = (end - begin) // size  # -1 would not be known where a batch is empty

    def cut(x: Array) -> Array:
        return jnp.asarray(x)[begin:end].reshape(number, size, *jnp.shape(x)[1:])

    return jax.tree.map(cut, samples)


def take(samples: PyTree, start: int, stop: int) -> PyTree:
    """Cut steps ``start`` to ``stop`` out of every array of ``samples``."""
    return jax.tree.map(lambda x: x[start:stop], samples)


def start(cell: AbstractCell, inputs: Array, initial_state: PyTree | None) -> PyTree:
    """Return the given initial state, or the cell's state of rest for the inputs' batch.

    The shape of ``inputs`` is ``(time, feature, *batch)``.

    Raises:
        ValueError: if the given state has not the structure, shapes and dtypes of the cell's.
    """
    rest = cell.initial_state(inputs.shape[2:])
    for dtype in {x.dtype for x in jax.tree.leaves(rest)}:
        if jnp.result_type(dtype, inputs) != dtype:
            raise ValueError(f"inputs has dtype {inputs.dtype}; the cell computes in {dtype}")
    if initial_state is None:
        return rest
    check_state("initial_state", initial_state, rest)
    return initial_state


def check_state(name: str, state: PyTree, rest: PyTree) -> None:
    """Raise a ValueError unless a state has the structure, shapes and dtypes of a cell's.

    Args:
        name: of the argument.
        state: as it was given.
        rest: the cell's own, which has them.
    """
    given, expected = (
        jax.tree.map(lambda x: (jnp.shape(x), jnp.result_type(x)), one) for one in (state, rest)
    )
    # A single array may be traced; a state of several must be of the cell's own type.
    bare = isinstance(rest, jax.Array)
    if given != expected or not (bare or type(state) is type(rest)):
        raise ValueError(f"{name} is {describe(state)}; expected {describe(rest)}")


def describe(state: PyTree) -> str:
    """Return the type of a state with the shape and dtype of each of its arrays."""
    arrays = (f"{jnp.result_type(x)}{list(jnp.shape(x))}" for x in jax.tree.leaves(state))
    kind = "array" if isinstance(state, jax.Array | np.ndarray) else type(state).__name__
    return f"{kind} of {', '.join(arrays)}"


def layout(state: PyTree) -> PyTree:
    """Return a state with each array replaced by its dtype and shape."""
    return jax.tree.map(lambda x: f"{jnp.result_type(x)}{list(jnp.shape(x))}", state)


def check_gives_an_array(name: str, function: Callable[[Any], Any], argument: PyTree) -> None:
    """Raise a ValueError unless a function gives one array.

    Args:
        name: of the argument that is the function.
        function: that is asked.
        argument: that it will be called with, or one of its shapes.
    """
    given = jax.eval_shape(function, argument)
    if not hasattr(given, "shape"):
        raise ValueError(f"{name} gives {type(given).__name__}; it must give one array")


def check_step(step: Callable[[Any, Any], Any], state: PyTree, sample: PyTree) -> None:
    """Raise a ValueError unless ``step`` turns a state into one of the same layout.

    Args:
        step: pure function of a state and a sample of the inputs.
        state: before it; numbers of Python take the type that the step gives them.
        sample: arrays, or their shapes; None for a step without input.
    """
    try:
        after = jax.eval_shape(step, state, sample)
    except (TypeError, ValueError) as error:  # as JAX raises them, of a shape that does not fit
        taken = f"a state {layout(state)} and a sample {layout(sample)}"
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"step cannot take {taken}: {reason}") from error
    leaves, structure = jax.tree.flatten(state)
    found, structure_after = jax.tree.flatten(after)
    same = structure_after == structure and all(  # type: ignore[operator]
        # NumPy's float64 is what JAX holds it as.
        y.shape == jnp.shape(x) and (not hasattr(x, "dtype") or y.dtype == jnp.result_type(x))
        for x, y in zip(leaves, found, strict=True)
    )
    if not same:
        raise ValueError(f"step turns a state {layout(state)} into {layout(after)}; expected it")


def first_sample(inputs: PyTree) -> PyTree:
    """Return the shapes of one sample of ``(time, ...)`` inputs."""
    return jax.eval_shape(lambda x: jax.tree.map(lambda leaf: leaf[0], x), inputs)


def length_of(inputs: PyTree) -> int | None:
    """Return the number of steps of ``inputs``, arrays with time first; None without an array.

    Raises:
        ValueError: if the arrays differ in it, or there is no step.
    """
    lengths = {jnp.shape(x)[0] if jnp.ndim(x) else 0 for x in jax.tree.leaves(inputs)}
    if len(lengths) > 1:
        raise ValueError(f"inputs has {sorted(lengths)} samples; expected one number of them")
    if 0 in lengths:
        raise ValueError("inputs has 0 samples; it must hold at least one step")
    return lengths.pop() if lengths else None


def check_sample(cell: AbstractCell, inputs: PyTree, *, batched: bool = False) -> None:
    """Raise a ValueError unless ``inputs`` have the shape of one sample of a cell.

    Args:
        cell: the layer.
        inputs: an array, or its shape and dtype; anything else has the wrong shape.
        batched: whether batch axes may follow that of the features.
    """
    shape = np.shape(inputs)
    if shape[:1] != (cell.input_size,) or (len(shape) > 1 and not batched):
        what, batch = ("a sample of inputs", " *batch") if batched else ("inputs", "")
        raise ValueError(f"{what} has shape {shape}; expected ({cell.input_size},{batch})")


def check_sequence(
    cell: AbstractCell,
    inputs: Array,
    mask: Array | None,
    washout: int,
    block_size: int | None,
) -> int:
    """Raise a ValueError that names the argument out of shape; return the number of steps.

    ``cell``, ``inputs`` (time, feature, *batch), ``mask`` (time, *batch), ``washout`` and
    ``block_size`` are those of ``time_mean``.
    """
    if jnp.ndim(inputs) < 2 or inputs.shape[1] != cell.input_size:
        expected = f"(time, {cell.input_size}, *batch)"
        raise ValueError(f"inputs has shape {jnp.shape(inputs)}; expected {expected}")
    num_steps = inputs.shape[0]
    if not num_steps:
        raise ValueError(f"inputs has shape {inputs.shape}; it must hold at least one step")
    if mask is not None and mask.dtype != bool:
        raise ValueError(f"mask has dtype {mask.dtype}; expected bool")
    check_within("washout", washout, 0, num_steps - 1)
    if block_size is not None and checked_integer("block_size", block_size) < 1:
        raise ValueError(f"block_size is {block_size}; it must be at least 1, or None")
    return num_steps


def check_within(name: str, value: int, lowest: int, highest: int) -> None:
    """Raise a ValueError that names ``name`` unless ``lowest <= value <= highest``, integers."""
    if not lowest <= checked_integer(name, value) <= highest:
        raise ValueError(f"{name} is {value}; it must lie between {lowest} and {highest}")
