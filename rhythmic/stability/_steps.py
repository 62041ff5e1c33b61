"""One step of anything, ``step(state, inputs) -> state``, as a function of one flat vector.

A cell gives its step as ``cell.step``; a map writes one, for instance
``lambda x, _: 4 * x * (1 - x)``, and needs no inputs.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from rhythmic._scan import scan
from rhythmic.cells.interface import AbstractCell
from rhythmic.checks import checked_integer
from rhythmic.simulate import check_sample, check_step, length_of
from rhythmic.typing import Array, Float, PyTree

Step: TypeAlias = Callable[[Any, Any], Any]
FlatStep: TypeAlias = Callable[[Array, PyTree], Array]
Restore: TypeAlias = Callable[[Array], PyTree]

PRECISION = jax.lax.Precision.HIGHEST


def flatten_step(
    step: Step, state: PyTree, sample: PyTree
) -> tuple[FlatStep, Float[Array, " state"], Restore]:
    """Lay the arrays of a state end to end, and let the step do the same.

    Args:
        step: pure function of a state and an input sample that gives the next state.
        state: a state, whose arrays are all of float32 or all of float64.
        sample: one input sample, for the shapes alone; None for a step without input.

    Returns:
        The step of flat states, the flat state, and the way back.

    Raises:
        ValueError: for a state that is empty or of another dtype, a step that changes its layout,
            or a sample that does not fit the cell whose step it is.
    """
    owner = getattr(step, "__self__", None)
    if isinstance(owner, AbstractCell) and getattr(step, "__name__", "") == "step":
        check_sample(owner, sample, batched=True)
    state = jax.tree.map(jnp.asarray, state)
    kinds = {x.dtype for x in jax.tree.leaves(state)}
    if kinds not in ({jnp.dtype("float32")}, {jnp.dtype("float64")}):
        found = ", ".join(sorted(map(str, kinds))) or "no array"
        raise ValueError(f"state holds {found}; expected arrays of float32, or of float64")
    check_step(step, state, sample)
    values, restore = ravel_pytree(state)

    def flat_step(values: Array, sample: PyTree) -> Array:
        return ravel_pytree(step(restore(values), sample))[0]

    return flat_step, values, restore


def count_steps(inputs: PyTree, num_steps: int | None) -> int:
    """Return the number of steps that inputs and ``num_steps`` agree on.

    Raises:
        ValueError: if both are missing, they differ, or there is no step.
    """
    count = length_of(inputs)
    if num_steps is None:
        if count is None:
            raise ValueError("num_steps is None; without inputs it must be given")
        return count
    num_steps = checked_integer("num_steps", num_steps, 1)
    if count not in (None, num_steps):
        raise ValueError(f"num_steps is {num_steps}; the inputs have {count} samples")
    return num_steps


def per_second(per_step: Array, dt: float) -> Array:
    """Turn exponents in 1/step into 1/s; NaN where dt <= 0."""
    return per_step / jnp.where(jnp.asarray(dt) > 0, dt, jnp.nan).astype(per_step.dtype)


def run(flat_step: FlatStep, values: Array, inputs: PyTree, num_steps: int) -> tuple[Array, Array]:
    """Take steps; return the state after the last one and after each, time first."""

    def advance(values: Array, sample: PyTree) -> tuple[Array, Array]:
        values = flat_step(values, sample)
        return values, values

    return scan(advance, values, inputs, length=num_steps)


def push_tangents(
    flat_step: FlatStep, values: Array, sample: PyTree, tangents: Float[Array, "state tangent"]
) -> tuple[Float[Array, " state"], Float[Array, "state tangent"]]:
    """Take one step, and multiply tangent vectors by its Jacobian without writing that down."""
    values, push = jax.linearize(lambda values: flat_step(values, sample), values)
    return values, jax.vmap(push, in_axes=1, out_axes=1)(tangents)
