"""How far back a cell's state depends on its inputs and on its own earlier states, by autodiff.

The RNN includes the influence of all preceding hidden states (lecture, "RNN additional notes").
Here that influence is measured, for any cell, as derivatives through the one scan over time; what
they should be is in ``rhythmic.theory.backpropagation``. Examples are single, without batch axes:
``jax.vmap`` maps over many.

Source: lecture, "RNN additional notes".
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from rhythmic.arguments import checked
from rhythmic.cells.interface import AbstractCell
from rhythmic.simulate import (
    Observe,
    check_gives_an_array,
    check_sample,
    check_state,
    start,
    trajectory,
)
from rhythmic.theory.backpropagation import lagged_products
from rhythmic.typing import Array, Float, InputArray, PyTree

Signal = Float[Array, "time feature"]


@checked
def input_sensitivity(
    cell: AbstractCell,
    inputs: Signal,
    *,
    observe: Observe | None = None,
    initial_state: PyTree | None = None,
) -> Float[Array, "time observed feature"]:
    """Differentiate what is seen of a cell after its last step with respect to every input.

        S_s = d observe(state_T) / d I_s,   s = 1 ... T

    Reversed, ``S[::-1]`` runs over the lags T - s = 0, 1, ... of the last step.

    Args:
        cell: the layer.
        inputs: I_1 ... I_T, ``(time, feature)``.
        observe: function of the state that gives one array; by default the cell's output,
            ``(hidden,)``. ``lambda state: state`` observes the state itself where it is one array.
        initial_state: state before the first step; by default the cell's state of rest.

    Returns:
        S, in the order of the inputs, in units of what is seen per unit of input.

    Raises:
        ValueError: for inputs with a batch axis or of a size that does not fit the cell.

    Source: lecture, "RNN additional notes".
    """
    inputs = single_example(inputs)
    if observe is not None:
        check_gives_an_array("observe", observe, cell.initial_state())

    def last(inputs: Signal) -> Array:
        run = trajectory(
            cell, inputs, observe=observe, initial_state=initial_state, every=len(inputs)
        )
        return run.observed[0]

    # Reverse mode: what is seen has fewer numbers than all inputs together.
    return jnp.moveaxis(jax.jacrev(last)(inputs), -2, 0)


@checked
def input_sensitivity_at_every_step(
    cell: AbstractCell,
    inputs: Signal,
    *,
    observe: Observe | None = None,
    initial_state: PyTree | None = None,
) -> Float[Array, "time source observed feature"]:
    """Differentiate what is seen of a cell after every step with respect to every input.

        S_{t, s} = d observe(state_t) / d I_s,   zero for s > t

    Args:
        cell: the layer.
        inputs: I_1 ... I_T, ``(time, feature)``.
        observe: function of the state that gives one array; by default the cell's output.
        initial_state: state before the first step; by default the cell's state of rest.

    Returns:
        S: the step that is looked at, the step of the input, then the Jacobian. It holds the
        square of the number of steps; ``input_sensitivity`` gives its last row alone.

    Raises:
        ValueError: for inputs with a batch axis or of a size that does not fit the cell.

    Source: lecture, "RNN additional notes".
    """
    if observe is not None:
        check_gives_an_array("observe", observe, cell.initial_state())

    def run(inputs: Signal) -> Array:
        return trajectory(cell, inputs, observe=observe, initial_state=initial_state).observed

    return input_jacobian(run, inputs)


@checked
def input_jacobian(
    simulate: Callable[[Signal], Array], inputs: Signal
) -> Float[Array, "time source observed feature"]:
    """Differentiate any simulation, time first, with respect to its inputs.

    Args:
        simulate: inputs ``(time, feature)`` to one array ``(time, *observed)``.
        inputs: ``(time, feature)``.

    Returns:
        Derivatives of row t with respect to the input at s, at ``[t, s]``.

    Raises:
        ValueError: for inputs with a batch axis.
    """
    inputs = single_example(inputs)
    check_gives_an_array("simulate", simulate, inputs)
    return jnp.moveaxis(jax.jacfwd(simulate)(inputs), -2, 1)


@checked
def step_jacobian(
    cell: AbstractCell, state: PyTree, inputs: InputArray
) -> Float[Array, "state state"]:
    """Differentiate one step of a cell with respect to the state before it.

        J = d step(s, I) / d s

    Args:
        cell: the layer.
        state: s, in the layout of ``cell.initial_state()``, without batch axes.
        inputs: I, ``(feature,)``.

    Returns:
        J, post by pre. A state of several arrays is laid end to end, in their order: position
        and previous position of a resonant layer, output and memory of an LSTM.

    Raises:
        ValueError: for a state that is not laid out as the cell's, or inputs with a batch axis or
            of a size that does not fit it.
    """
    check_sample(cell, inputs)
    check_state("state", state, cell.initial_state())
    flat, restore = ravel_pytree(state)

    def flat_step(values: Array) -> Array:
        return ravel_pytree(cell.step(restore(values), inputs))[0]

    return jax.jacfwd(flat_step)(flat)


@checked
def step_jacobians(
    cell: AbstractCell, inputs: Signal, *, initial_state: PyTree | None = None
) -> Float[Array, "time state state"]:
    """Differentiate every step of a run with respect to the state before it.

    Args:
        cell: the layer.
        inputs: I_1 ... I_T, ``(time, feature)``.
        initial_state: s_0; by default the cell's state of rest.

    Returns:
        J_1 ... J_T with J_t = d s_t / d s_{t-1}, each as in ``step_jacobian``.

    Raises:
        ValueError: for inputs with a batch axis or of a size that does not fit the cell.
    """
    inputs = single_example(inputs)
    after = trajectory(cell, inputs, observe=_whole_state, initial_state=initial_state).observed
    first = start(cell, inputs, initial_state)
    before = jax.tree.map(lambda s, later: jnp.concatenate([s[None], later[:-1]]), first, after)
    return jax.vmap(lambda state, sample: step_jacobian(cell, state, sample))(before, inputs)


@checked
def state_sensitivity(
    cell: AbstractCell, inputs: Signal, *, initial_state: PyTree | None = None
) -> Float[Array, "lag state state"]:
    """Differentiate the last state of a run with respect to every earlier one.

        d s_T / d s_{T-n} = J_T J_{T-1} ... J_{T-n+1},   n = 0 ... T

    These are the factors of backpropagation through time; their largest singular values
    (``largest_singular_value``) against the lag n show whether a gradient vanishes or explodes.

    Args:
        cell: the layer.
        inputs: I_1 ... I_T, ``(time, feature)``.
        initial_state: s_0; by default the cell's state of rest.

    Returns:
        Products of step Jacobians, lag first; the identity at lag 0.

    Raises:
        ValueError: for inputs with a batch axis or of a size that does not fit the cell.

    Source: lecture, "RNN additional notes"; Pascanu, Mikolov and Bengio, ICML 2013, equation 5.
    """
    return jnp.asarray(lagged_products(step_jacobians(cell, inputs, initial_state=initial_state)))


def single_example(inputs: Signal) -> Signal:
    """Return inputs as a JAX array ``(time, feature)``, or raise a ValueError."""
    inputs = jnp.asarray(inputs)
    if inputs.ndim != 2:
        raise ValueError(f"inputs has shape {inputs.shape}; expected (time, feature)")
    return inputs


def _whole_state(state: PyTree) -> PyTree:
    return state
