"""Linear recurrences of two numbers a node, over all steps in parallel.

Source: Blelloch, "Prefix sums and their applications", 1990, section 1.4.1.
"""

from typing import TypeAlias

import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.cells.diagonal import DiagonalCell
from rhythmic.cells.linoss import LinOSSCell
from rhythmic.simulate import check_sequence, start
from rhythmic.typing import Array, Float, Sequence

LinearCell: TypeAlias = LinOSSCell | DiagonalCell
"""A layer whose steps are linear in its state: two numbers a node, and a feedthrough."""


@checked
@jax.jit  # taken apart, its log2(time) rounds of other shapes each would be compiled one by one
def linear_states(
    transition: Float[Array, "hidden 2 2"], forcing: Float[Array, "time hidden 2 *batch"]
) -> Float[Array, "time hidden 2 *batch"]:
    """Return every state of ``s_t = M s_{t-1} + F_t`` from rest, ``s_0 = 0``.

    Steps compose, ``(M', F') after (M, F) = (M' M, M' F + F')``, in any grouping. A prefix scan
    takes so about ``2 log2(time)`` rounds of work over many steps, where a loop takes ``time``
    rounds of one: a gain where a round runs in parallel, as on a GPU, and none on one core.

    Rounding is that of the powers of ``M``. Position and velocity keep the dtype's accuracy;
    successive positions ``(x_t, x_{t-1})`` of a slow node nearly cancel: in float32, 784 steps at
    1000 Hz move a node of 2 Hz by 4% of its largest position, one of 100 Hz by 5e-6.

    Args:
        transition: ``M`` of each node.
        forcing: ``F_1 ... F_T`` of each node; its dtype and the transition's promote.

    Returns:
        ``s_1 ... s_T``.

    Raises:
        ValueError: for shapes that do not fit each other.

    Source: Blelloch, "Prefix sums and their applications", 1990, section 1.4.1.
    """
    if not len(forcing):
        raise ValueError(f"forcing has shape {forcing.shape}; it must hold at least one step")
    dtype = jnp.result_type(transition, forcing)
    steps = jnp.broadcast_to(transition.astype(dtype), (len(forcing), *transition.shape))

    def compose(first: tuple[Array, Array], second: tuple[Array, Array]) -> tuple[Array, Array]:
        (matrix, force), (later_matrix, later_force) = first, second
        return apply(later_matrix, matrix), apply(later_matrix, force) + later_force

    return jax.lax.associative_scan(compose, (steps, forcing.astype(dtype)))[1]


def apply(
    matrix: Float[Array, "time hidden 2 2"], vectors: Float[Array, "time hidden 2 *batch"]
) -> Float[Array, "time hidden 2 *batch"]:
    """Return ``matrix @ vectors`` over axis 2, written out: a sum of two in full precision."""
    matrix = matrix.reshape(*matrix.shape, *(1,) * (vectors.ndim - 3))
    return matrix[:, :, :, 0] * vectors[:, :, :1] + matrix[:, :, :, 1] * vectors[:, :, 1:]


@checked
def parallel_trajectory(cell: LinearCell, inputs: Sequence) -> Float[Array, "time hidden *batch"]:
    """Return what a linear layer shows after every step, all steps worked out in parallel.

    The same as ``rhythmic.simulate.trajectory(cell, inputs).observed`` to rounding. It keeps the
    states of all steps at once, and a few times as much on the way back.

    Args:
        cell: the layer.
        inputs: ``(time, feature, *batch)``, the long axis last.

    Raises:
        ValueError: for inputs whose shape or dtype does not fit the cell.
    """
    check_sequence(cell, inputs, None, 0, None)
    state_of = type(start(cell, inputs, None))
    cell = cell.resolved()
    states = jnp.moveaxis(linear_states(*cell.linear_system(inputs)), 0, 2)
    # Time stands where the cell expects a batch axis: what a node shows does not depend on it.
    feedthrough = cell.feedthrough(jnp.moveaxis(inputs, 0, 1))
    shown = cell.output(state_of(states[:, 0], states[:, 1], feedthrough))
    return jnp.moveaxis(shown, 1, 0)
