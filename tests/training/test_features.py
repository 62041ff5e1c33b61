"""Features computed once, where no member trains the layer, against features of every batch."""

import dataclasses

import jax
import numpy as np
import pytest

from rhythmic.networks import MEAN, NetworkSpec, rhythmic_network
from rhythmic.training import (
    Data,
    GroupPlan,
    GroupTraining,
    Hyperparameters,
    Members,
    MemberTraining,
    TrainingConfiguration,
)
from rhythmic.training.features import fixed_features
from rhythmic.training.problem import Problem

UNCONNECTED = rhythmic_network((20.0, 90.0), recurrence=False, pole_radius=0.9, name="own")
CONNECTED = rhythmic_network((20.0, 90.0), pole_radius=0.9, name="own")
RNN = NetworkSpec("rnn", 2, name="rnn", **MEAN)
CONFIGURATION = TrainingConfiguration(
    epochs=3, batch_size=8, rising_share=0.4, evaluation_batch_size=9
)
COUNT, TIME, CLASSES = 40, 12, 3


def pool():
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (COUNT, TIME)).astype(np.uint8)
    return Data(images, (np.arange(COUNT) % CLASSES).astype(np.int32))


def members(seeds=(4, 5)):
    count = len(seeds)
    order = np.stack([np.random.default_rng(s).permutation(COUNT) for s in seeds]).astype(np.int32)
    rates = Hyperparameters(*(np.full(count, x, np.float32) for x in (0.02, 0.1, 0.05)))
    return Members(np.array(seeds), rates, *np.split(order, (21, 28), axis=1))


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_a_run_on_known_features_is_the_run_without():
    training = MemberTraining(UNCONNECTED, CONFIGURATION, Problem(CLASSES))
    member = jax.tree.map(lambda x: x[0], members())
    plain = jax.jit(training.run)(member, pool())
    resolved, tables = prepared(training, pool())
    assert resolved.method == "precomputed"
    known = jax.jit(resolved.run)(member, pool(), tables)
    assert np.all(np.isfinite(plain.history.train_loss))
    for a, b in zip(jax.tree.leaves(known), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    test = jax.jit(training.test)
    records = [test(state, member, pool()) for state in (plain, known)]
    np.testing.assert_allclose(records[0].class_features, records[1].class_features, rtol=1e-9)


def sparse_pool():
    """A pool of which every third pixel is nonzero."""
    images = pool().inputs
    inked = np.random.default_rng(8).random(images.shape) < 1 / 3
    inked[:, 0] = True
    inked[:, TIME // 2 :] = False
    return pool()._replace(inputs=images * inked)


@pytest.mark.usefixtures("x64")
@pytest.mark.slow
def test_a_run_from_event_to_event_is_the_run_by_the_plain_scan():
    member = jax.tree.map(lambda x: x[0], members())
    states, records = [], []
    for method in ("scan", "fastest"):
        training = MemberTraining(CONNECTED, CONFIGURATION, Problem(CLASSES), method=method)
        training, tables = prepared(training, sparse_pool())
        assert training.method == ("events" if method == "fastest" else method)
        states.append(jax.jit(training.run)(member, sparse_pool(), tables))
        records.append(jax.jit(training.test)(states[-1], member, sparse_pool(), tables))
    assert np.all(np.isfinite(states[0].history.train_loss))
    for a, b in zip(jax.tree.leaves(states[1]), jax.tree.leaves(states[0]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(records[1].class_features, records[0].class_features, rtol=1e-9)
    np.testing.assert_array_equal(records[1].confusion, records[0].confusion)


@pytest.mark.parametrize(("inked", "sparse"), [(6, True), (7, True), (8, False)])
def test_events_are_for_images_of_which_all_are_sparse(inked, sparse):
    images = np.zeros((COUNT, TIME), np.uint8)
    images[3, :inked] = 1
    training = MemberTraining(CONNECTED, CONFIGURATION, Problem(CLASSES))
    data = pool()._replace(inputs=images)
    assert training.resolved(data).method == ("events" if sparse else "adjoint")
    if not sparse:
        with pytest.raises(ValueError, match="method is 'events'; for this network"):
            dataclasses.replace(training, method="events").resolved(data)


@pytest.mark.parametrize(
    ("frequencies", "sample_rate", "pole_radius"),
    [((0.6, 20.0), 1000.0, 0.3), ((0.6, 3.0), 1000.0, 0.9), ((60.0, 90.0), 1e5, 0.9)],
)
def test_nodes_that_hardly_ring_take_every_step(frequencies, sample_rate, pole_radius):
    architecture = rhythmic_network(frequencies, sample_rate=sample_rate, pole_radius=pole_radius)
    training = MemberTraining(architecture, CONFIGURATION, Problem(CLASSES))
    assert training.resolved(sparse_pool()).method == "adjoint"


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="method is 'fast'; choose from fastest, scan"):
        MemberTraining(CONNECTED, CONFIGURATION, Problem(CLASSES), method="fast")


@pytest.mark.parametrize(
    ("spec", "method"),
    [
        (NetworkSpec("rrn", 6, depth=2), "kernel"),
        (NetworkSpec("rrn", 6, depth=2), "events"),
        (NetworkSpec("gru", 3, name="gru", **MEAN), "adjoint"),
        (RNN, "precomputed"),
    ],
)
def test_a_way_that_a_network_does_not_have_is_refused(spec, method):
    training = MemberTraining(spec, CONFIGURATION, Problem(CLASSES), method=method)
    with pytest.raises(ValueError, match=f"method is '{method}'; for this network"):
        training.resolved(sparse_pool())
    model = spec.build(1, CLASSES, key=jax.random.key(0))
    with pytest.raises(ValueError, match=f"method is '{method}'; for this network"):
        model.features(np.ones((5, 1, 2), np.float32), method=method)


def prepared(training, data):
    """Return the training by the way that suits the data, and what that way reads."""
    training = training.resolved(data)
    return training, training.tables(data)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "fixed"),
    [(UNCONNECTED, True), (CONNECTED, False), (RNN, False)],
)
def test_only_a_layer_without_trained_weights_has_features_once_for_all(architecture, fixed):
    training = MemberTraining(architecture, CONFIGURATION, Problem(CLASSES))
    group = GroupTraining(training, GroupPlan(1, 2), pool())
    assert (group.training.method == "precomputed") == fixed
    assert np.all(np.isfinite(group.run(members()).history.train_loss))
    if not fixed:
        model = architecture.build(1, CLASSES, key=jax.random.key(0))
        with pytest.raises(ValueError, match="model has a layer that is trained"):
            fixed_features(model, pool(), batch_size=9)
