"""How a Hopfield network moves, one unit after the other or all at once.

States are ``unit *batch``, as in `rhythmic.static.hopfield`.

Source: lecture, "Hopfield"; Hopfield (1982), PNAS 79:2554.
"""

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Real

from rhythmic._scan import scan
from rhythmic.arguments import checked
from rhythmic.indices import check_indices
from rhythmic.static.hopfield import HopfieldNetwork, checked_start, update_all, update_unit
from rhythmic.theory._arrays import checked_count
from rhythmic.typing import AnyArray

# State (or two), what was found of each of the batch, and the number of steps so far.
Progress: TypeAlias = tuple[Array, Array, Array, Array]


class Recall(NamedTuple):
    """Where asynchronous updates came to.

    Attributes:
        state: the last state.
        num_sweeps: sweeps (each unit once) up to the last one that changed something.
        converged: a sweep without change was seen, so the state is a fixed point.
    """

    state: Float[Array, "unit *batch"]
    num_sweeps: Int[Array, "*batch"]
    converged: Bool[Array, "*batch"]


class SynchronousRecall(NamedTuple):
    """Where synchronous updates came to.

    Attributes:
        state: the last state.
        period: 1 for a fixed point, 2 for a cycle of two states, 0 for neither within the steps.
    """

    state: Float[Array, "unit *batch"]
    period: Int[Array, "*batch"]


@checked(least=0)
def random_order(num_sweeps: int, num_units: int, *, key: jax.Array) -> Int[Array, " update"]:
    """Give the units of several sweeps, each sweep every unit once in an order of its own.

    Args:
        num_sweeps: number of sweeps, 0 or more.
        num_units: units of the network.
        key: source of the orders.
    """
    keys = jax.random.split(key, num_sweeps)
    return jax.vmap(lambda key: jax.random.permutation(key, num_units))(keys).reshape(-1)


@checked
def asynchronous_trajectory(
    network: HopfieldNetwork, state: Real[Array, "unit *batch"], order: Int[AnyArray, " update"]
) -> Float[Array, "time unit *batch"]:
    """Update one unit after the other and give every state.

    V_i -> 1 if sum_{j != i} T_ij V_j > U_i, V_i -> 0 if it is < U_i; a tie leaves V_i as it is.

    Args:
        network: weights and thresholds.
        state: V at time 0, of 0s and 1s.
        order: which unit is updated at each time, 0 ... units - 1; `random_order`, or for a fixed
            order `np.tile(np.arange(num_units), num_sweeps)`.

    Returns:
        The state before the first and after every update, time first (`len(order) + 1` rows).

    Raises:
        ValueError: if the state does not have the units of the network or holds other values than
            0, 1 and NaN, or `order` holds a number that is no unit's. Traced values cannot be
            checked; leave no such number in them.

    Source: lecture, "Hopfield"; Hopfield (1982), PNAS 79:2554.
    """

    def step(state: Array, unit: Array) -> tuple[Array, Array]:
        state = update_unit(network, state, unit)
        return state, state

    start = checked_start(network, state)
    check_indices("order", order, len(start), "units")
    _, later = scan(step, start, jnp.asarray(order))
    return jnp.concatenate([start[None], later])


@checked
def synchronous_trajectory(
    network: HopfieldNetwork, state: Real[Array, "unit *batch"], num_steps: int
) -> Float[Array, "time unit *batch"]:
    """Update all units at once by the rule of `asynchronous_trajectory` and give every state.

    Args:
        network: weights and thresholds.
        state: V at time 0, of 0s and 1s.
        num_steps: number of steps, 0 or more; static.

    Returns:
        The states at times 0 ... num_steps, time first. Sooner or later they stand still or
        alternate between two states, ties included (Goles & Olivos 1980, Discrete Math. 30:187).

    Raises:
        ValueError: if the state does not have the units of the network or holds other values than
            0, 1 and NaN (traced values are not checked), or `num_steps` is negative.
    """

    def step(state: Array, _: None) -> tuple[Array, Array]:
        state = update_all(network, state)
        return state, state

    start = checked_start(network, state)
    _, later = scan(step, start, None, length=checked_count("num_steps", num_steps))
    return jnp.concatenate([start[None], later])


@checked
def recall(
    network: HopfieldNetwork,
    state: Real[Array, "unit *batch"],
    max_sweeps: int,
    *,
    key: jax.Array | None,
) -> Recall:
    """Update asynchronously until a whole sweep changes no state of the batch.

    Args:
        network: weights and thresholds.
        state: where to start, of 0s and 1s.
        max_sweeps: sweeps after which to give up, 0 or more.
        key: source of the order of each sweep, shared by the batch; None takes the units in the
            order of their numbers.

    Returns:
        `Recall`. A state that is a fixed point stays one while the others of the batch go on.

    Raises:
        ValueError: if the state does not have the units of the network or holds other values than
            0, 1 and NaN (traced values are not checked), or `max_sweeps` is negative.

    Source: Hopfield (1982), PNAS 79:2554.
    """
    start = checked_start(network, state)
    limit = checked_count("max_sweeps", max_sweeps)
    units = jnp.arange(start.shape[0])

    def goes_on(carry: Progress) -> Array:
        _, _, changed, sweep = carry
        return jnp.any(changed) & (sweep < limit)

    def run_sweep(carry: Progress) -> Progress:
        before, num_sweeps, _, sweep = carry
        order = units
        if key is not None:
            order = jax.random.permutation(jax.random.fold_in(key, sweep), units)
        after, _ = scan(lambda v, i: (update_unit(network, v, i), None), before, order)
        changed = jnp.any(after != before, axis=0)
        return after, jnp.where(changed, sweep + 1, num_sweeps), changed, sweep + 1

    zero = jnp.zeros(start.shape[1:], int)
    carry = (start, zero, jnp.ones(start.shape[1:], bool), jnp.zeros((), int))
    final, num_sweeps, changed, _ = jax.lax.while_loop(goes_on, run_sweep, carry)
    return Recall(final, num_sweeps, ~changed)


@checked
def synchronous_recall(
    network: HopfieldNetwork, state: Real[Array, "unit *batch"], max_steps: int
) -> SynchronousRecall:
    """Update all units at once until every state of the batch stands still or alternates.

    Args:
        network: weights and thresholds.
        state: where to start, of 0s and 1s.
        max_steps: steps after which to give up, 1 or more.

    Raises:
        ValueError: if the state does not have the units of the network or holds other values than
            0, 1 and NaN (traced values are not checked), or `max_steps` is below 1.
    """
    start = checked_start(network, state)
    if checked_count("max_steps", max_steps) < 1:
        raise ValueError(f"max_steps is {max_steps}; it must be at least 1")

    def goes_on(carry: Progress) -> Array:
        return jnp.any(carry[2] == 0) & (carry[3] < max_steps)

    def step(carry: Progress) -> Progress:
        before, now, _, num_steps = carry
        after = update_all(network, now)
        stands = jnp.all(after == now, axis=0)
        # The first step has no state before it.
        alternates = jnp.all(after == before, axis=0) & (num_steps > 0)
        period = jnp.where(stands, 1, jnp.where(alternates, 2, 0))
        return now, after, period, num_steps + 1

    carry = (start, start, jnp.zeros(start.shape[1:], int), jnp.zeros((), int))
    _, final, period, _ = jax.lax.while_loop(goes_on, step, carry)
    return SynchronousRecall(final, period)
