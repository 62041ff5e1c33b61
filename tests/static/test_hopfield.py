"""The Hopfield network itself: what is refused, its fields, its energy, ties."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.static.hopfield import (
    HopfieldNetwork,
    energy,
    hopfield_network,
    local_fields,
    update_all,
    update_unit,
)

PROPERTY = settings(max_examples=60, derandomize=True, deadline=None)
UNITS = 6


@st.composite
def networks(draw, num_units=UNITS):
    """Symmetric integer weights without self-connections, and integer thresholds."""
    entries = st.lists(
        st.integers(-3, 3), min_size=num_units * num_units, max_size=num_units * num_units
    )
    upper = np.triu(np.array(draw(entries)).reshape(num_units, num_units), 1)
    thresholds = draw(st.lists(st.integers(-3, 3), min_size=num_units, max_size=num_units))
    return hopfield_network(upper + upper.T, np.array(thresholds))


def all_states(num_units):
    return np.array(list(itertools.product([0.0, 1.0], repeat=num_units))).T


def test_fields_and_energy_are_the_sums_written_out():
    rng = np.random.default_rng(0)
    upper = np.triu(rng.integers(-4, 5, (UNITS, UNITS)), 1)
    weights, thresholds = upper + upper.T, rng.integers(-3, 4, UNITS)
    network = hopfield_network(weights, thresholds)
    states = all_states(UNITS)
    fields = np.asarray(local_fields(network, states))
    energies = np.asarray(energy(network, states.reshape(UNITS, 8, 8))).reshape(-1)
    for column, state in enumerate(states.T):
        total = sum(thresholds[i] * state[i] for i in range(UNITS))
        for i in range(UNITS):
            others = sum(weights[i, j] * state[j] for j in range(UNITS) if j != i)
            assert fields[i, column] == others - thresholds[i]
            total -= 0.5 * state[i] * others
        assert energies[column] == total


@PROPERTY
@given(networks())
def test_one_unit_lowers_the_energy_by_its_field_and_a_tie_leaves_it(network):
    states = jnp.asarray(all_states(UNITS))
    fields = np.asarray(local_fields(network, states))
    before = np.asarray(energy(network, states))
    for unit in range(UNITS):
        after = jax.jit(update_unit)(network, states, unit)
        changed = np.asarray(after != states)
        assert not np.delete(changed, unit, axis=0).any()
        fall = before - np.asarray(energy(network, after))
        np.testing.assert_array_equal(fall, np.abs(fields[unit]) * changed[unit])
        value = np.asarray(after)[unit]
        np.testing.assert_array_equal(value[fields[unit] > 0], 1)
        np.testing.assert_array_equal(value[fields[unit] < 0], 0)
        ties = fields[unit] == 0
        np.testing.assert_array_equal(value[ties], np.asarray(states)[unit, ties])


@pytest.mark.parametrize(
    ("weights", "thresholds", "words"),
    [
        (np.ones((2, 3)), np.zeros(2), r"weights has shape \(2, 3\)"),
        (np.ones(4), np.zeros(4), r"weights has shape \(4,\)"),
        (np.zeros((0, 0)), np.zeros(0), r"weights has shape \(0, 0\)"),
        (np.zeros((3, 3)), np.zeros(2), r"thresholds has shape \(2,\); .* with unit = 3"),
        (np.diag([0, 0, 2]), np.zeros(3), r"weights\[2, 2\] is 2; no self-connections"),
        ([[0, 1], [2, 0]], [0, 0], r"weights\[0, 1\] is 1 but weights\[1, 0\] is 2"),
        ([[0, np.nan], [np.nan, 0]], [0, 0], "weights holds nan; it must be finite"),
        (np.zeros((2, 2)), [0, np.inf], "thresholds holds inf; it must be finite"),
    ],
)
def test_what_is_no_hopfield_network_is_refused_in_one_line(weights, thresholds, words):
    with pytest.raises(ValueError, match=words) as caught:
        hopfield_network(weights, thresholds)
    assert "\n" not in str(caught.value)


def test_states_of_other_units_are_refused():
    network = hopfield_network(np.zeros((3, 3)), np.zeros(3))
    for function in (local_fields, energy, update_all):
        with pytest.raises(ValueError, match=r"units do not match: .* state \(2, 5\)"):
            function(network, jnp.zeros((2, 5)))
        with pytest.raises(ValueError, match=r"state has shape \(\); expected \(unit, \*batch\)"):
            function(network, jnp.zeros(()))
    with pytest.raises(ValueError, match=r"thresholds \(2,\)"):
        energy(HopfieldNetwork(jnp.zeros((3, 3)), jnp.zeros(2)), jnp.zeros(3))
