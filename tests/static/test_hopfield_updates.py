"""Asynchronous and synchronous updates against loops in NumPy, their energy and their ends."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.static.hopfield import (
    HopfieldNetwork,
    asynchronous_trajectory,
    energy,
    hopfield_network,
    random_order,
    recall,
    synchronous_recall,
    synchronous_trajectory,
    update_unit,
)

PROPERTY = settings(max_examples=60, derandomize=True, deadline=None)
UNITS = 7
SEEDS = st.integers(0, 2**31 - 1)
energies_along = jax.jit(jax.vmap(energy, (None, 0)))
random_orders = jax.jit(random_order, static_argnums=(0, 1))


def random_network(seed, num_units=UNITS, largest=3):
    """Small integers, so that ties and cycles are common and every sum is exact."""
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.integers(-largest, largest + 1, (num_units, num_units)), 1)
    thresholds = rng.integers(-largest, largest + 1, num_units)
    states = rng.integers(0, 2, (num_units, 5)).astype(float)
    return upper + upper.T, thresholds, states


def follow(field, value):
    return 1.0 if field > 0 else 0.0 if field < 0 else value


def loop_one_by_one(weights, thresholds, state, order):
    states = [state.copy()]
    for unit in order:
        state = state.copy()
        others = sum(weights[unit, j] * state[j] for j in range(len(state)) if j != unit)
        state[unit] = follow(others - thresholds[unit], state[unit])
        states.append(state)
    return np.array(states)


def loop_together(weights, thresholds, state, num_steps):
    states = [state.copy()]
    for _ in range(num_steps):
        fields = weights @ state - thresholds
        state = np.array([follow(f, v) for f, v in zip(fields, state, strict=True)])
        states.append(state)
    return np.array(states)


@PROPERTY
@given(SEEDS)
def test_the_trajectories_are_those_of_a_loop(seed):
    weights, thresholds, states = random_network(seed)
    network = hopfield_network(weights, thresholds)
    order = np.random.default_rng(seed + 1).integers(0, UNITS, 20)
    one_by_one = jax.jit(asynchronous_trajectory)(network, states, order)
    together = jax.jit(synchronous_trajectory, static_argnums=2)(network, states, 6)
    assert one_by_one.shape == (21, UNITS, 5)
    for column, start in enumerate(states.T):
        expected = loop_one_by_one(weights, thresholds, start, order)
        np.testing.assert_array_equal(one_by_one[:, :, column], expected)
        expected = loop_together(weights, thresholds, start, 6)
        np.testing.assert_array_equal(together[:, :, column], expected)


@PROPERTY
@given(SEEDS)
def test_the_energy_never_rises_one_unit_at_a_time(seed):
    weights, thresholds, states = random_network(seed)
    network = hopfield_network(weights, thresholds)
    order = random_orders(4, UNITS, key=jax.random.key(seed))
    path = jax.jit(asynchronous_trajectory)(network, states, order)
    energies = np.asarray(energies_along(network, path))
    falls, moves = -np.diff(energies, axis=0), np.any(np.diff(path, axis=0) != 0, axis=1)
    assert (falls[~moves] == 0).all()
    assert (falls[moves] > 0).all()


@PROPERTY
@given(SEEDS)
def test_all_at_once_ends_in_a_fixed_point_or_a_cycle_of_two(seed):
    weights, thresholds, states = random_network(seed, largest=2)
    network = hopfield_network(weights, thresholds)
    settled = jax.jit(synchronous_recall, static_argnums=2)(network, states, 2**UNITS)
    for column, start in enumerate(states.T):
        path = loop_together(weights, thresholds, start, 2**UNITS + 2)
        period = 1 if (path[-1] == path[-2]).all() else 2
        assert (path[-1] == path[-1 - period]).all()
        assert settled.period[column] == period
        ends = path[-period:]
        assert any((np.asarray(settled.state)[:, column] == end).all() for end in ends)


def test_recall_stops_after_a_sweep_without_change():
    weights, thresholds, states = random_network(6, num_units=15)
    network = hopfield_network(weights, thresholds)
    result = recall(network, states, 50, key=None)
    for column, start in enumerate(states.T):
        path = loop_one_by_one(weights, thresholds, start, np.tile(np.arange(15), 50))
        sweeps = path[::15]
        expected = np.flatnonzero((sweeps[1:] != sweeps[:-1]).any(axis=1)).max(initial=-1) + 1
        np.testing.assert_array_equal(result.state[:, column], sweeps[-1])
        assert result.num_sweeps[column] == expected
    assert result.converged.all()
    needed = int(result.num_sweeps.max())
    assert needed > 1
    assert not recall(network, states, needed, key=None).converged.all()
    assert recall(network, states, needed + 1, key=None).converged.all()
    none = recall(network, states, 0, key=None)
    np.testing.assert_array_equal(none.state, states)
    assert not none.converged.any()


def test_recall_in_random_order_follows_the_key_and_ends_in_fixed_points():
    weights, thresholds, states = random_network(7, num_units=15)
    network = hopfield_network(weights, thresholds)
    key = jax.random.key(3)
    result = recall(network, states, 50, key=key)
    orders = [jax.random.permutation(jax.random.fold_in(key, sweep), 15) for sweep in range(8)]
    path = asynchronous_trajectory(network, states, jnp.concatenate(orders))
    np.testing.assert_array_equal(result.state, path[-1])
    fields = weights @ np.asarray(result.state) - thresholds[:, None]
    assert (fields[np.asarray(result.state) == 1] >= 0).all()
    assert (fields[np.asarray(result.state) == 0] <= 0).all()


def test_an_order_has_every_unit_once_a_sweep():
    order = np.asarray(random_order(5, 11, key=jax.random.key(0))).reshape(5, 11)
    np.testing.assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(11), (5, 1)))
    assert len(np.unique(order, axis=0)) == 5


def test_bad_numbers_of_steps_and_units_are_refused():
    network = hopfield_network(np.zeros((3, 3)), np.zeros(3))
    with pytest.raises(ValueError, match="max_sweeps must be 0 or more, got -1"):
        recall(network, jnp.zeros(3), -1, key=None)
    with pytest.raises(ValueError, match="num_steps must be 0 or more, got -1"):
        synchronous_trajectory(network, jnp.zeros(3), -1)
    with pytest.raises(ValueError, match="max_steps is 0; it must be at least 1"):
        synchronous_recall(network, jnp.zeros(3), 0)
    with pytest.raises(ValueError, match="units do not match"):
        asynchronous_trajectory(network, jnp.zeros(4), np.array([0]))
    with pytest.raises(ValueError, match="units do not match"):
        recall(network, jnp.zeros(4), 1, key=None)


@pytest.mark.parametrize("unit", [-1, 3])
@pytest.mark.parametrize("array", [np.array, jnp.array])
def test_an_order_of_units_that_are_not_there_is_refused(unit, array):
    network = hopfield_network(np.zeros((3, 3)), np.ones(3))
    words = rf"^order holds {unit}; it must lie in 0 to 2, as there are 3 units$"
    with pytest.raises(ValueError, match=words):
        asynchronous_trajectory(network, jnp.ones(3), array([0, 2, unit, 1]))
    with pytest.raises(ValueError, match=f"^unit holds {unit}; it must lie in 0 to 2, "):
        update_unit(network, jnp.ones(3), unit)
    # All units are numbered at both ends, and an order may be empty.
    path = asynchronous_trajectory(network, jnp.ones(3), array([0, 2]))
    np.testing.assert_array_equal(path, [[1, 1, 1], [0, 1, 1], [0, 1, 0]])
    assert asynchronous_trajectory(network, jnp.ones(3), array([], int)).shape == (1, 3)


def test_a_network_of_nan_rests_nowhere():
    broken = HopfieldNetwork(jnp.full((3, 3), jnp.nan), jnp.zeros(3))
    found = recall(broken, jnp.array([0.0, 1.0, 1.0]), 4, key=None)
    assert not found.converged
    assert np.isnan(found.state).all()


STARTS = {
    "recall": partial(recall, max_sweeps=3, key=None),
    "one by one": partial(asynchronous_trajectory, order=np.array([0, 1, 2])),
    "together": partial(synchronous_trajectory, num_steps=2),
    "together to the end": partial(synchronous_recall, max_steps=3),
}


@pytest.mark.parametrize("name", STARTS)
def test_states_of_other_values_than_0_and_1_are_refused_unless_traced(name):
    network = hopfield_network(np.ones((3, 3)) - np.eye(3), np.ones(3))
    words = r"^state holds -1; units are 0 or 1, map a state S of -1 and 1 to \(S \+ 1\) / 2$"
    signs = [1.0, -1.0, 1.0]
    for state in (signs, np.array(signs), jnp.array(signs)):
        with pytest.raises(ValueError, match=words):
            STARTS[name](network, state)
    traced = jax.tree.leaves(jax.jit(STARTS[name])(network, np.array(signs)))[0]
    assert traced.shape[-1] == 3
    # NaN, as from a corruption out of range, goes through to the result.
    assert np.isnan(jax.tree.leaves(STARTS[name](network, np.full(3, np.nan)))[0]).all()
