"""The step of a cell, and the adjoint of that step, as functions of one sample's arrays.

Source: the equations are those of each cell; their adjoint is backpropagation through time
(lecture, "RNN additional notes").
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.cells import AbstractCell
from rhythmic.fast._kernel_unrolled import unknown_operations
from rhythmic.typing import Array, PyTree

Shapes = list[jax.ShapeDtypeStruct]

# Every parameter costs a register of each thread, another one for its gradient, and the code of
# its uses; a thread has 255 registers, and what does not fit lives in its cache.
MAX_PARAMETERS = 512


@dataclass(frozen=True)
class StepEquations:
    """One step of a cell for one sample, as functions of flat lists of arrays.

    ``parameters`` are the cell's floating-point arrays, a state is the list of its arrays, and
    ``observe_name`` names the method of the cell that is observed.
    """

    rebuild: Callable[[list[Array]], AbstractCell]
    observe_name: str
    state_structure: Any
    parameters: Shapes
    state: Shapes
    sample: jax.ShapeDtypeStruct

    @property
    def observed(self) -> jax.ShapeDtypeStruct:
        """The shape of what is observed."""
        return jax.eval_shape(self.observe, self.parameters, self.state)

    @property
    def arguments(self) -> tuple[PyTree, ...]:
        """The shapes of the arguments of ``advance``."""
        return self.parameters, self.state, self.sample

    @property
    def adjoint_arguments(self) -> tuple[PyTree, ...]:
        """The shapes of the arguments of ``retreat``."""
        return self.parameters, self.state, self.state, self.sample, self.state, self.observed

    def step(self, parameters: list[Array], state: list[Array], sample: Array) -> list[Array]:
        """Return the state after one step."""
        before = jax.tree.unflatten(self.state_structure, state)
        return jax.tree.leaves(self.rebuild(parameters).step(before, sample))

    def observe(self, parameters: list[Array], state: list[Array]) -> Array:
        """Return what the cell shows in ``state``."""
        observe = getattr(self.rebuild(parameters), self.observe_name)
        return observe(jax.tree.unflatten(self.state_structure, state))

    def advance(
        self, parameters: list[Array], state: list[Array], sample: Array
    ) -> tuple[list[Array], Array]:
        """Return the state after one step, and what is observed of it."""
        after = self.step(parameters, state, sample)
        return after, self.observe(parameters, after)

    def retreat(
        self,
        parameters: list[Array],
        before: list[Array],
        after: list[Array],
        sample: Array,
        adjoint: list[Array],
        cotangent: Array,
    ) -> tuple[list[Array], list[Array], Array]:
        """Return what one step adds to the gradient of ``L``, going backwards in time.

        With ``s_t = F(p, s_{t-1}, u_t)``, ``y_t = O(p, s_t)`` and ``lambda_t`` the gradient by
        ``s_t`` through later steps alone:
        ``mu_t = lambda_t + (dO/ds)^T dL/dy_t``, ``lambda_{t-1} = (dF/ds)^T mu_t``,
        ``dL/dp`` grows by ``(dF/dp)^T mu_t + (dO/dp)^T dL/dy_t``, ``dL/du_t = (dF/du)^T mu_t``.

        Returns:
            ``lambda_{t-1}``, the addition to ``dL/dp``, and ``dL/du_t``.
        """
        _, pull_observed = jax.vjp(self.observe, parameters, after)
        by_parameters, by_after = pull_observed(cotangent)
        _, pull_step = jax.vjp(self.step, parameters, before, sample)
        step_by_parameters, by_before, by_sample = pull_step(add(adjoint, by_after))
        return by_before, add(by_parameters, step_by_parameters), by_sample

    def retreat_for(self, wanted: list[bool]) -> Callable[..., tuple[PyTree, ...]]:
        """Return ``retreat`` with the gradients wanted: one mark a parameter, one for the sample.

        What is not returned is not computed, since nothing depends on it.
        """

        def retreat(*arguments: PyTree) -> tuple[PyTree, ...]:
            adjoint, by_parameters, by_sample = self.retreat(*arguments)
            gradients = [*by_parameters, by_sample]
            return adjoint, [x for x, want in zip(gradients, wanted, strict=True) if want]

        return retreat


def add(a: PyTree, b: PyTree) -> PyTree:
    """Add two trees of arrays."""
    return jax.tree.map(jnp.add, a, b)


def step_equations(cell: AbstractCell, observe_name: str) -> tuple[StepEquations, list[Array]]:
    """Return the equations of ``cell`` and its arrays."""
    arrays, rest = eqx.partition(cell, eqx.is_inexact_array)
    leaves, structure = jax.tree.flatten(arrays)

    def rebuild(leaves: list[Array]) -> AbstractCell:
        return eqx.combine(jax.tree.unflatten(structure, leaves), rest)

    def shape(x: Array) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(x.shape, x.dtype)

    state, state_structure = jax.tree.flatten(jax.eval_shape(cell.initial_state))
    equations = StepEquations(
        rebuild=rebuild,
        observe_name=observe_name,
        state_structure=state_structure,
        parameters=[shape(x) for x in leaves],
        state=[shape(x) for x in state],
        sample=jax.ShapeDtypeStruct((cell.input_size,), state[0].dtype),
    )
    return equations, leaves


def refusal(cell: AbstractCell, observe_name: str) -> str | None:
    """Say in one line why ``cell`` has no kernel, or None if it has one."""
    kind = type(cell).__name__
    if not hasattr(cell, observe_name):
        return f"observe_name is {observe_name!r}; {kind} has no such method"
    arrays = jax.tree.leaves(eqx.filter(cell, eqx.is_array))
    number = sum(x.size for x in arrays)
    if number > MAX_PARAMETERS:
        return f"cell has {number} parameters; a kernel holds at most {MAX_PARAMETERS}"
    equations, parameters = step_equations(cell, observe_name)
    dtypes = {str(x.dtype) for x in [*arrays, *equations.state, equations.observed]}
    if len(arrays) != len(parameters) or len(dtypes) > 1:
        return f"cell has arrays of dtype {', '.join(sorted(dtypes))}; a kernel works in one"
    if not dtypes <= {"float32", "float64"}:
        return f"cell has arrays of dtype {dtypes.pop()}; a kernel works in float32 or float64"
    every = equations.retreat_for([True] * (len(parameters) + 1))
    unknown = [
        *unknown_operations(equations.advance, *equations.arguments),
        *unknown_operations(every, *equations.adjoint_arguments),
    ]
    if unknown:
        return f"cell has the operation {unknown[0]}, which a kernel cannot take apart"
    return None
