"""The Hopfield network of the lecture: its weights, fields, energy and the update of its units.

A state is ``unit *batch``: the units first, any number of states side by side behind them, as in
the recurrent layers. The updates, of one unit after the other or all at once, are pure, so that
`jax.vmap` runs many networks at once.

Source: lecture, "Hopfield"; Hopfield (1982), PNAS 79:2554.
"""

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Real

from rhythmic._scan import scan
from rhythmic.arguments import checked
from rhythmic.cells.interface import weigh
from rhythmic.indices import check_indices
from rhythmic.static._arrays import as_array
from rhythmic.theory._arrays import checked_count
from rhythmic.typing import AnyArray


class HopfieldNetwork(NamedTuple):
    """Weights and thresholds; `hopfield_network` builds one and checks it.

    Attributes:
        weights: T_ij, from unit j to unit i; symmetric, zero on the diagonal.
        thresholds: U_i, in the unit of the weights.
    """

    weights: Float[Array, "unit unit"]
    thresholds: Float[Array, " unit"]


@checked
def hopfield_network(
    weights: Real[AnyArray, "unit unit"], thresholds: Real[AnyArray, " unit"]
) -> HopfieldNetwork:
    """Build a network from concrete arrays and check that it is one of Hopfield's.

    Args:
        weights: T_ij, from unit j to unit i; finite, symmetric, zero on the diagonal.
        thresholds: U_i; finite.

    Returns:
        The network, in floating point. Under `jax.vmap` or `jax.jit` a `HopfieldNetwork` is made
        directly, as values cannot be checked there.

    Raises:
        ValueError: for shapes that do not match, a self-connection, weights that differ from
            their transpose, or values that are not finite.

    Source: lecture, "Hopfield" (no self-connections); Hopfield (1982), PNAS 79:2554, whose
    energy needs T_ij = T_ji.
    """
    weight, threshold = np.asarray(weights), np.asarray(thresholds)
    if not weight.size:
        raise ValueError(f"weights has shape {weight.shape}; it must hold one or more units")
    for name, value in (("weights", weight), ("thresholds", threshold)):
        if not np.isfinite(value).all():
            raise ValueError(f"{name} holds {value[~np.isfinite(value)][0]}; it must be finite")
    own = np.flatnonzero(np.diagonal(weight))
    if own.size:
        unit = own[0]
        raise ValueError(
            f"weights[{unit}, {unit}] is {weight[unit, unit]}; no self-connections, it must be 0"
        )
    if not np.array_equal(weight, weight.T):
        i, j = np.argwhere(weight != weight.T)[0]
        raise ValueError(
            f"weights[{i}, {j}] is {weight[i, j]} but weights[{j}, {i}] is {weight[j, i]}; "
            "weights must equal its transpose"
        )
    dtype = jnp.result_type(weight, threshold, float)
    return HopfieldNetwork(jnp.asarray(weight, dtype), jnp.asarray(threshold, dtype))


@checked
def local_fields(
    network: HopfieldNetwork, state: Real[Array, "unit *batch"]
) -> Float[Array, "unit *batch"]:
    """Return sum_{j != i} T_ij V_j - U_i: above 0 the unit turns to 1, below 0 to 0.

    Raises:
        ValueError: if the state does not have the units of the network.

    Source: lecture, "Hopfield".
    """
    state = _checked_state(network, state)
    return weigh(network.weights, state) - _along_units(network.thresholds, state)


@checked
def energy(network: HopfieldNetwork, state: Real[Array, "unit *batch"]) -> Float[Array, "*batch"]:
    """Give E = -1/2 sum_ij T_ij V_i V_j + sum_i U_i V_i, in the unit of the weights.

    A single unit that follows the lecture's rule lowers E by |sum_j T_ij V_j - U_i| each time it
    changes; units that change together may raise it.

    Raises:
        ValueError: if the state does not have the units of the network.

    Source: Hopfield (1982), PNAS 79:2554, "The information storage algorithm"; the threshold
    term extends it to U other than 0.
    """
    state = _checked_state(network, state)
    drive = weigh(network.weights, state) / 2 - _along_units(network.thresholds, state)
    return -jnp.sum(drive * state, axis=0)


@checked
def update_unit(
    network: HopfieldNetwork, state: Float[Array, "unit *batch"], unit: Int[Array, ""] | int
) -> Float[Array, "unit *batch"]:
    """Let one unit follow its field: to 1 above 0, to 0 below, as it is at a tie.

    Args:
        network: weights and thresholds.
        state: of 0s and 1s.
        unit: index of the unit that is updated.

    Returns:
        The state with that unit updated.

    Raises:
        ValueError: for a number that is no unit's. A traced one cannot be checked.

    Source: lecture, "Hopfield".
    """
    # The whole sum anew, not its change: as much work, and nothing is left of rounding errors.
    check_indices("unit", unit, len(network.thresholds), "units")
    field = weigh(network.weights[unit], state) - network.thresholds[unit]
    return state.at[unit].set(_follow(field, state[unit]))


@checked
def update_all(
    network: HopfieldNetwork, state: Float[Array, "unit *batch"]
) -> Float[Array, "unit *batch"]:
    """Let all units follow their fields at once, by the rule of `update_unit`.

    Args:
        network: weights and thresholds.
        state: of 0s and 1s.

    Returns:
        The states one synchronous update later.
    """
    return _follow(local_fields(network, state), state)


def _checked_state(network: HopfieldNetwork, state: Real[Array, "unit *batch"]) -> Array:
    """Return a state in the dtype of the weights, or raise a ValueError where units differ."""
    weights, thresholds = network
    state = as_array(state)
    shapes = f"weights {weights.shape}, thresholds {thresholds.shape}, state {jnp.shape(state)}"
    num_units = jnp.shape(state)[:1]
    if weights.shape != 2 * num_units or thresholds.shape != num_units:
        raise ValueError(f"units do not match: {shapes}")
    return jnp.asarray(state, weights.dtype)


def _checked_start(network: HopfieldNetwork, state: Real[Array, "unit *batch"]) -> Array:
    """Return `_checked_state`, and raise a ValueError where a unit is not 0, 1 or NaN."""
    start = _checked_state(network, state)
    check_binary("state", state, allow_nan=True)
    return start


def check_binary(name: str, values: Real[AnyArray, "..."], *, allow_nan: bool = False) -> None:
    """Raise a ValueError for concrete values other than 0 and 1; traced ones cannot be checked."""
    given = as_array(values)
    if isinstance(given, jax.core.Tracer):
        return
    units = np.asarray(given)
    wrong = (units != 0) & (units != 1)
    if allow_nan:
        wrong &= ~np.isnan(units)
    if wrong.any():
        raise ValueError(
            f"{name} holds {units[wrong][0]:g}; units are 0 or 1, "
            f"map a {name.removesuffix('s')} S of -1 and 1 to (S + 1) / 2"
        )


def _follow(field: Array, value: Array) -> Array:
    """Return the lecture's rule; at a tie the value stays, and NaN stays NaN."""
    # Not value alone where neither holds: a network of NaN would seem to rest in every state.
    return jnp.where(field == 0, value, jnp.heaviside(field, 0.0))


def _along_units(values: Array, state: Array) -> Array:
    return values.reshape(-1, *(1,) * (state.ndim - 1))


# State (or two), what was found of each of the batch, and the number of steps so far.
Progress: TypeAlias = tuple[Array, Array, Array, Array]


class Recall(NamedTuple):
    """Result of asynchronous updates.

    Attributes:
        state: the last state.
        num_sweeps: sweeps (each unit once) up to the last one that changed something.
        converged: a sweep without change was seen, so the state is a fixed point.
    """

    state: Float[Array, "unit *batch"]
    num_sweeps: Int[Array, "*batch"]
    converged: Bool[Array, "*batch"]


class SynchronousRecall(NamedTuple):
    """Result of synchronous updates.

    Attributes:
        state: the last state.
        period: 1 for a fixed point, 2 for a cycle of two states, 0 for neither within the steps.
    """

    state: Float[Array, "unit *batch"]
    period: Int[Array, "*batch"]


@checked(least=0)
def random_order(num_sweeps: int, num_units: int, *, key: jax.Array) -> Int[Array, " update"]:
    """Return the units of several sweeps; each sweep visits every unit once, in a new order.

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

    start = _checked_start(network, state)
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
        The states at times 0 ... num_steps, time first. They end in a fixed point or alternate
        between two states, ties included (Goles & Olivos 1980, Discrete Math. 30:187).

    Raises:
        ValueError: if the state does not have the units of the network or holds other values than
            0, 1 and NaN (traced values are not checked), or `num_steps` is negative.
    """

    def step(state: Array, _: None) -> tuple[Array, Array]:
        state = update_all(network, state)
        return state, state

    start = _checked_start(network, state)
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
        `Recall`. A state that is a fixed point stays one while the others of the batch are updated.

    Raises:
        ValueError: if the state does not have the units of the network or holds other values than
            0, 1 and NaN (traced values are not checked), or `max_sweeps` is negative.

    Source: Hopfield (1982), PNAS 79:2554.
    """
    start = _checked_start(network, state)
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
    """Update all units at once until every state of the batch is fixed or alternates.

    Args:
        network: weights and thresholds.
        state: where to start, of 0s and 1s.
        max_steps: steps after which to give up, 1 or more.

    Raises:
        ValueError: if the state does not have the units of the network or holds other values than
            0, 1 and NaN (traced values are not checked), or `max_steps` is below 1.
    """
    start = _checked_start(network, state)
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
