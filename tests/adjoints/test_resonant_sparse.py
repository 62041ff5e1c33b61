"""Features whose program goes from event to event where that is fewer steps, against the scan."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ResonantCell
from rhythmic.fast import free_motion, time_mean_by
from rhythmic.fast.events import find_events
from rhythmic.fast.resonant_sparse import sparse_events
from rhythmic.functional import resonant_features
from rhythmic.theory import ladder

NODES, BATCH, TIME = 4, 3, 60
FREQUENCIES = ladder("golden")[:NODES]
RNG = np.random.default_rng(2)
WEIGHTS = 0.2 * RNG.normal(size=(NODES, NODES))
COTANGENT = RNG.normal(size=(BATCH, NODES))


def sequences(*counts):
    """Sequences with so many nonzero samples each."""
    found = np.zeros((len(counts), TIME))
    for sequence, count in zip(found, counts, strict=True):
        sequence[RNG.choice(TIME, count, replace=False)] = RNG.normal(size=count)
    return found


CASES = {
    "sparse": sequences(9, 0, 30),
    "at the limit": sequences(36, 1, 0),
    "dense": sequences(9, TIME, 37),
    "silent": sequences(0, 0, 0),
}


def value_and_gradients(method, inputs, by):
    def loss(weights, inputs, frequencies):
        features = resonant_features(frequencies, weights, inputs, pole_radius=0.99, method=method)
        return jnp.sum(features * COTANGENT)

    frequencies = jnp.asarray(FREQUENCIES) if 2 in by else FREQUENCIES
    return jax.jit(
        lambda weights, inputs: jax.value_and_grad(loss, by)(weights, inputs, frequencies)
    )(WEIGHTS, inputs)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("by", [(0,), (0, 1), (0, 2)], ids=["weights", "inputs", "rhythms"])
@pytest.mark.parametrize("case", CASES)
def test_value_and_gradients_are_those_of_the_scan(case, by):
    found, expected = (value_and_gradients(m, CASES[case], by) for m in ("fastest", "scan"))
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("x64")
def test_mapped_over_weights_and_with_known_inputs_it_is_the_same():
    inputs = CASES["sparse"]
    many = np.stack([WEIGHTS, -WEIGHTS])

    def gradient(method):
        def loss(weights):
            options = {"pole_radius": 0.99, "method": method}
            return jnp.sum(resonant_features(FREQUENCIES, weights, inputs, **options) * COTANGENT)

        return jax.vmap(jax.grad(loss))(many)

    np.testing.assert_allclose(gradient("fastest"), gradient("scan"), rtol=1e-9, atol=1e-12)


def test_a_sample_that_is_not_finite_is_nan_in_its_sequence_alone():
    inputs = CASES["sparse"].astype(np.float32)
    inputs[0, 7] = np.nan
    features = resonant_features(FREQUENCIES, WEIGHTS.astype(np.float32), inputs, pole_radius=0.99)
    assert np.isnan(features[0]).all()
    assert np.isfinite(features[1:]).all()


@pytest.mark.parametrize("case", CASES)
def test_events_found_in_a_program_are_those_found_before_it(case):
    known = find_events(CASES[case])
    room = known.values.shape[1] + 2
    values, gaps, most = jax.jit(lambda x: sparse_events(x, room))(CASES[case].T)
    assert most == known.counts.max()
    np.testing.assert_array_equal(values.T, np.pad(known.values, ((0, 0), (0, 2))).astype("f4"))
    np.testing.assert_array_equal(gaps.T, np.pad(known.gaps, ((0, 0), (0, 2))))


@pytest.mark.parametrize("method", ["fastest", "scan"])
def test_sequences_of_one_step(method):
    options = {"pole_radius": 0.99, "method": method}
    features = resonant_features(FREQUENCIES, WEIGHTS, np.ones((2, 1)), **options)
    assert features.shape == (2, NODES)
    assert np.isfinite(features).all()


def test_input_weights_are_heeded_and_motion_of_another_length_is_refused():
    cell = ResonantCell(FREQUENCIES, key=jax.random.key(0), pole_radius=0.99)
    motion = free_motion(cell.nodes, TIME)
    inputs = jnp.asarray(CASES["sparse"].T[:, None], jnp.float32)
    weighted = eqx.tree_at(
        lambda c: c.input_weights, cell, jnp.arange(1.0, 5.0)[:, None], is_leaf=lambda x: x is None
    )
    for one in (cell, weighted):
        found = time_mean_by("fastest", one, "squared_amplitude", inputs, motion=motion)
        expected = time_mean_by("scan", one, "squared_amplitude", inputs)
        np.testing.assert_allclose(found, expected, rtol=2e-4)
    with pytest.raises(ValueError, match="motion is of 60 steps; it must be of 59"):
        time_mean_by("fastest", cell, "squared_amplitude", inputs[1:], motion=motion)
