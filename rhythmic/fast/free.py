"""Free nodes driven by a whole sequence: maps as one product each, the motion by the best way.

Inside, arrays are ``(row, time, *batch)``: time stands where a cell expects a batch axis, so that
what it does to one sample it does to all, and no map moves an axis.

Source: Blelloch, "Prefix sums and their applications", 1990, section 1.4.1, for the parallel scan;
the adjoint of a linear recurrence is the recurrence of its transpose run backwards, a textbook
result, worked out here from the cell's own step.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax.lax import dynamic_index_in_dim, dynamic_update_index_in_dim

from rhythmic.arguments import checked
from rhythmic.cells.free import AbstractFreeCell, Motion
from rhythmic.cells.interface import along_nodes
from rhythmic.checks import checked_choice
from rhythmic.simulate import Trajectory, check_sequence, mask_from_lengths, start
from rhythmic.typing import AnyArray, Array, Float, Int, PyTree, Sequence

FreeWay = Literal["adjoint", "parallel"]
Advance = Callable[[Any, Motion, Array], Motion]


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
def free_trajectory(
    cell: AbstractFreeCell,
    inputs: Sequence,
    *,
    way: FreeWay = "adjoint",
    feature: str = "output",
    initial_state: PyTree | None = None,
    lengths: Int[AnyArray, "*batch"] | None = None,
) -> Trajectory:
    """Return what a layer of free nodes shows after every step, and its last state.

    The same as ``rhythmic.simulate.trajectory`` to rounding. The maps of input and state are one
    product over all steps each; the motion between them is a loop of steps without a product and a
    reverse pass that keeps the motion alone (``adjoint``), or a parallel scan (``parallel``).
    All states are kept at once. Reverse mode once by ``adjoint``; any mode by ``parallel``.

    Args:
        cell: the layer.
        inputs: ``(time, feature, *batch)``, the long axis last.
        way: how the motion is worked out.
        feature: what is shown, a method of the cell.
        initial_state: before the first step; the cell's state of rest by default.
        lengths: samples of each sequence, ``(*batch,)``, 0 to ``time``; all of them by default.
            From the end of a sequence on its last state is held.

    Returns:
        ``observed``, ``(time, shown, *batch)``, and ``final_state``.

    Raises:
        ValueError: for shapes or dtypes that do not fit the cell, an unknown way.
    """
    check_sequence(cell, inputs, None, 0, None)
    checked_choice("way", way, FreeWay)
    state = start(cell, inputs, initial_state)
    if lengths is not None:
        counted = mask_from_lengths(jnp.asarray(lengths), inputs.shape[0])
        inputs = jnp.where(counted[:, None], inputs, 0)
    features_first = jnp.moveaxis(inputs, 0, 1)
    shown, state = observed_freely(way, cell.resolved(), feature, features_first, lengths, state)
    return Trajectory(jnp.moveaxis(shown, 0, 1), state)


def observed_freely(
    way: FreeWay,
    cell: AbstractFreeCell,
    feature: str,
    inputs: Float[Array, "feature time *batch"],
    lengths: Int[AnyArray, "*batch"] | None,
    state: PyTree,
) -> tuple[Float[Array, "shown time *batch"], PyTree]:
    """Return ``feature`` after every step, and the last state, of a resolved cell.

    ``inputs`` must be finite in the padding too; see ``free_trajectory``.
    """
    before = cell.motion(state)
    moving = before[0]
    constants = jax.tree.map(lambda c: along_nodes(c, moving), cell.constants())
    drive = cell.drive(inputs)
    swing = swing_in_loop if way == "adjoint" else swing_in_parallel
    motion = swing(cell.advance, constants, before, drive)
    states = cell.state(motion, inputs)
    if lengths is None:
        last = jax.tree.map(lambda x: x[:, -1], states)
    else:
        states, last = _held_from_the_end(states, state, jnp.asarray(lengths))
    return getattr(cell, feature)(states), last


def _held_from_the_end(states: PyTree, first: PyTree, lengths: Array) -> tuple[PyTree, PyTree]:
    """Return the ``states`` after every step, held behind the end of a sequence, and the last."""
    num_steps = jax.tree.leaves(states)[0].shape[1]
    inside = mask_from_lengths(lengths, num_steps)
    place = jnp.clip(lengths - 1, 0, num_steps - 1)

    def end(states: Array, first: Array) -> Array:
        last = jnp.take_along_axis(states, place[None, None], axis=1)[:, 0]
        return jnp.where(lengths > 0, last, first)

    last = jax.tree.map(end, states, first)
    return jax.tree.map(lambda x, end: jnp.where(inside, x, end[:, None]), states, last), last


def swing_in_parallel(advance: Advance, constants: PyTree, before: Motion, drive: Array) -> Motion:
    """Return the motion after every step, ``(row, time, *batch)``, by ``linear_states``."""
    wide = jax.tree.map(lambda c: c[:, None], constants)
    # Steps are linear, so that a step from rest is the forcing, and undriven ones are columns.
    rest = jax.tree.map(lambda x: jnp.zeros_like(x)[:, None], before)
    forcing = jnp.stack(advance(wide, rest, drive), axis=1)
    first = jnp.stack(advance(constants, before, drive[:, 0]), axis=1)
    forcing = jnp.concatenate([first[:, :, None], forcing[:, :, 1:]], axis=2)
    ones = (1,) * (before[0].ndim - 1)
    one, none = (jnp.full((len(before[0]), *ones), x, drive.dtype) for x in (1, 0))
    still = jnp.zeros((len(drive), *ones), drive.dtype)
    columns = [advance(constants, motion, still) for motion in ((one, none), (none, one))]
    flat = [jnp.stack([part.reshape(len(part)) for part in column], axis=-1) for column in columns]
    states = linear_states(jnp.stack(flat, axis=-1), jnp.moveaxis(forcing, 2, 0))
    position, velocity = jnp.moveaxis(states, 0, 2).swapaxes(0, 1)
    return position, velocity


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def swing_in_loop(advance: Advance, constants: PyTree, before: Motion, drive: Array) -> Motion:
    """Return the motion after every step, ``(row, time, *batch)``; see ``_forward``."""
    return _forward(advance, constants, before, drive)[0]


def _forward(
    advance: Advance, constants: PyTree, before: Motion, drive: Array
) -> tuple[Motion, PyTree]:
    """Take the steps, and keep the motion after each of them."""
    num_steps = drive.shape[1]

    def body(step: Array, carry: tuple[Motion, Motion]) -> tuple[Motion, Motion]:
        motion, kept = carry
        motion = advance(constants, motion, _at(drive, step))
        return motion, jax.tree.map(lambda x, now: _put(x, now, step), kept, motion)

    _, kept = jax.lax.fori_loop(0, num_steps, body, (before, _room(before, drive)))
    return kept, (constants, before, drive, kept)


def _backward(advance: Advance, kept: PyTree, cotangent: Motion) -> tuple[PyTree, Motion, Array]:
    """Run the transposed steps from the last to the first; return the gradients.

    With ``L_t`` the gradient by the motion after step ``t``, and ``J`` the step's derivative:
    ``L_{t-1} = J^T (L_t + the cotangent of step t)``, of which those by drive and constants are
    the other rows. Constants are widened over the batch, so that their sum over it is taken once.
    """
    constants, before, drive, history = kept
    num_steps = drive.shape[1]
    batch = before[0].shape[1:]
    wide = jax.tree.map(lambda c: jnp.broadcast_to(c, (c.shape[0], *batch)), constants)

    def back(step: Array | int, earlier: Motion, carry: PyTree) -> PyTree:
        onward, by_constants, by_drive = carry
        _, pull = jax.vjp(advance, wide, earlier, _at(drive, step))
        total = tuple(x + _at(own, step) for x, own in zip(onward, cotangent, strict=True))
        more, onward, own = pull(total)
        return onward, jax.tree.map(jnp.add, by_constants, more), _put(by_drive, own, step)

    def body(index: Array, carry: PyTree) -> PyTree:
        step = num_steps - 1 - index
        return back(step, jax.tree.map(lambda x: _at(x, step - 1), history), carry)

    nothing = jax.tree.map(jnp.zeros_like, (before, wide))
    room = _room(drive[:, 0], cotangent[0])
    carry = jax.lax.fori_loop(0, num_steps - 1, body, (*nothing, room))
    by_before, by_wide, by_drive = back(0, before, carry)
    axes = tuple(range(1, 1 + len(batch)))
    by_constants = jax.tree.map(lambda x: jnp.sum(x, axis=axes, keepdims=True), by_wide)
    return by_constants, by_before, by_drive


swing_in_loop.defvjp(_forward, _backward)


def _room(like: PyTree, stream: Array) -> PyTree:
    """Return arrays ``(row, time, *batch)`` to be written to, for rows ``like`` those given.

    What stands in them follows from the ``stream``: XLA fills arrays of a constant at the start of
    the program, and holds them until they are needed.
    """
    anything = stream[:1, :1]
    num_steps = stream.shape[1]
    return jax.tree.map(
        lambda x: jnp.broadcast_to(anything, (len(x), num_steps, *x.shape[1:])).astype(x.dtype),
        like,
    )


def _at(array: Array, step: Array | int) -> Array:
    """Return one step of ``(row, time, *batch)``."""
    return dynamic_index_in_dim(array, step, 1, keepdims=False)


def _put(array: Array, value: Array, step: Array | int) -> Array:
    """Replace one step of ``(row, time, *batch)``."""
    return dynamic_update_index_in_dim(array, value, step, 1)
