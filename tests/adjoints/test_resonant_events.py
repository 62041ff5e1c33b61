"""One step an event, against one step a sample."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ResonantCell, resonant_nodes
from rhythmic.fast import free_motion, mean_squared_amplitude_of_events
from rhythmic.fast.events import find_events
from rhythmic.simulate import time_mean, trajectory
from rhythmic.theory import ladder
from tests.marks import rest_slow

TIME = 90


def make_case(name="golden", pole_radius=0.99999, counts=(0, 1, 20, TIME)):
    """A layer whose diagonal is not zero; sequences with no, one, some and only nonzero samples."""
    cell = ResonantCell(ladder(name), key=jax.random.key(5), pole_radius=pole_radius)
    weights = cell.recurrent_weights + 0.1 * jnp.eye(cell.hidden_size)
    cell = eqx.tree_at(lambda c: c.recurrent_weights, cell, weights)
    rng = np.random.default_rng(6)
    sequences = np.zeros((len(counts), TIME))
    for sequence, count in zip(sequences, counts, strict=True):
        sequence[rng.choice(TIME, count, replace=False)] = rng.uniform(0.1, 1.0, count)
    return cell, sequences


def by_events(weights, cell, sequences, input_weights=None):
    events = find_events(sequences)
    dtype = weights.dtype
    return mean_squared_amplitude_of_events(
        weights,
        free_motion(cell.nodes, TIME),
        jnp.asarray(events.values.T, dtype),
        jnp.asarray(events.gaps.T, jnp.int32),
        jnp.max(jnp.asarray(events.counts)),
        input_weights,
    )


def by_scan(weights, cell, sequences, input_weights=None):
    cell = eqx.tree_at(lambda c: c.recurrent_weights, cell, weights)
    cell = eqx.tree_at(lambda c: c.input_weights, cell, input_weights, is_leaf=lambda x: x is None)
    inputs = jnp.asarray(sequences.T[:, None], weights.dtype)
    return time_mean(cell, inputs, observe=cell.squared_amplitude).mean


WAYS = (by_events, by_scan)


def value_and_gradient(function, cell, sequences, weights=None):
    readout = np.random.default_rng(7).normal(size=(cell.hidden_size, len(sequences)))
    readout = jnp.asarray(readout, cell.recurrent_weights.dtype)

    def scalar(weights):
        features = function(weights, cell, sequences)
        return jnp.sum(jnp.log(features) * readout), features

    weights = cell.recurrent_weights if weights is None else weights
    (value, features), gradient = jax.jit(jax.value_and_grad(scalar, has_aux=True))(weights)
    return features, value, gradient


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("name", "pole_radius"), rest_slow([("golden", 0.99999), ("log", 0.9)], ("golden", 0.99999))
)
def test_value_and_gradient_are_those_of_the_scan(name, pole_radius):
    cell, sequences = make_case(name, pole_radius)
    features, value, gradient = value_and_gradient(by_events, cell, sequences)
    expected_features, expected_value, expected = value_and_gradient(by_scan, cell, sequences)
    np.testing.assert_allclose(features, expected_features, rtol=1e-9)
    np.testing.assert_allclose(value, expected_value, rtol=1e-9)
    np.testing.assert_allclose(gradient, expected, atol=1e-9 * np.max(np.abs(expected)))


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_input_weights_have_their_gradient_too():
    cell, sequences = make_case(pole_radius=0.9)
    input_weights = jnp.asarray(np.random.default_rng(8).uniform(0.5, 1.5, (11, 1)))
    readout = jnp.asarray(np.random.default_rng(7).normal(size=(11, len(sequences))))

    def scalar(both, function):
        return jnp.sum(jnp.log(function(both[0], cell, sequences, both[1])) * readout)

    both = cell.recurrent_weights, input_weights
    found, expected = (jax.jit(jax.grad(scalar), static_argnums=1)(both, f) for f in WAYS)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-9 * np.max(np.abs(b)))
    # Ones are what is published, and leave nothing to add.
    ones = by_events(both[0], cell, sequences, jnp.ones((11, 1)))
    np.testing.assert_allclose(ones, by_events(both[0], cell, sequences), rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_free_motion_is_what_nodes_do_without_input():
    cell, _ = make_case(pole_radius=0.99)
    motion = free_motion(cell.nodes, TIME)
    pulse = jnp.zeros((TIME, 1)).at[0].set(1.0)
    states = trajectory(cell, pulse, observe=lambda state: state).observed
    # After a pulse z_0 = 1, so that z_t = lambda^t and the position is a + cot(theta) b.
    cotangent = motion.cosine[:, 1] / motion.sine[:, 1]
    position = motion.cosine + cotangent[:, None] * motion.sine
    np.testing.assert_allclose(states.position.T, position[:, :TIME], rtol=1e-9, atol=1e-12)
    previous = motion.past * motion.sine
    np.testing.assert_allclose(states.previous.T, previous[:, :TIME], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(motion.duration[3], 1 + 0.99**2 + 0.99**4)


def test_what_it_does_not_do_it_says():
    cell, sequences = make_case()
    weights, motion = cell.recurrent_weights, free_motion(cell.nodes, TIME)
    events = find_events(sequences.astype(np.float32))
    values, gaps = jnp.asarray(events.values.T), jnp.asarray(events.gaps.T, jnp.int32)
    most = jnp.asarray(TIME)
    with pytest.raises(ValueError, match="only weights have a gradient here"):
        jax.grad(
            lambda v: jnp.sum(mean_squared_amplitude_of_events(weights, motion, v, gaps, most))
        )(values)
    with pytest.raises(ValueError, match="motion is of 11 nodes"):
        mean_squared_amplitude_of_events(weights[:3, :3], motion, values, gaps, most)
    with pytest.raises(ValueError, match=r"num_events has shape \(4,\); expected \(\)"):
        mean_squared_amplitude_of_events(weights, motion, values, gaps, events.counts)
    with pytest.raises(
        ValueError, match=r"input_weights has shape \(11,\); expected \(hidden, 1\)"
    ):
        mean_squared_amplitude_of_events(weights, motion, values, gaps, most, jnp.ones(11))
    with pytest.raises(
        ValueError, match=r"gaps has shape .*; expected \(event, batch\) with event = "
    ):
        mean_squared_amplitude_of_events(weights, motion, values, gaps[1:], most)
    mixed = jax.tree.map(
        lambda *x: jnp.concatenate(x),
        resonant_nodes(np.array([10.0]), pole_radius=0.9),
        resonant_nodes(np.array([20.0]), pole_radius=0.8),
    )
    with pytest.raises(ValueError, match="nodes differ in w2"):
        free_motion(mixed, TIME)
    with pytest.raises(ValueError, match="nodes has real poles"):
        free_motion(eqx.tree_at(lambda n: n.w1, mixed, jnp.array([1.9, 1.9])), TIME)
