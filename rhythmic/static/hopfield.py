"""The Hopfield network of the lecture: its weights, fields, energy and the update of its units.

A state is ``unit *batch``: the units first, any number of states side by side behind them, as in
the recurrent layers. The updates are pure, so that `jax.vmap` runs many networks at once.

Source: lecture, "Hopfield"; Hopfield (1982), PNAS 79:2554.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Real

from rhythmic.arguments import checked
from rhythmic.cells.interface import weigh
from rhythmic.indices import check_indices
from rhythmic.static._arrays import as_array
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
    """Give sum_{j != i} T_ij V_j - U_i: above 0 the unit turns to 1, below 0 to 0.

    Raises:
        ValueError: if the state does not have the units of the network.

    Source: lecture, "Hopfield".
    """
    state = checked_state(network, state)
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
    state = checked_state(network, state)
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


def checked_state(network: HopfieldNetwork, state: Real[Array, "unit *batch"]) -> Array:
    """Return a state in the dtype of the weights, or raise a ValueError where units differ."""
    weights, thresholds = network
    state = as_array(state)
    shapes = f"weights {weights.shape}, thresholds {thresholds.shape}, state {jnp.shape(state)}"
    num_units = jnp.shape(state)[:1]
    if weights.shape != 2 * num_units or thresholds.shape != num_units:
        raise ValueError(f"units do not match: {shapes}")
    return jnp.asarray(state, weights.dtype)


def checked_start(network: HopfieldNetwork, state: Real[Array, "unit *batch"]) -> Array:
    """Return `checked_state`, and raise a ValueError where a unit is not 0, 1 or NaN."""
    start = checked_state(network, state)
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
