"""Features computed once, where no member trains the layer, against features of every batch."""

import dataclasses

import jax
import numpy as np
import pytest

from rhythmic.models import GatedOrPlainArchitecture, ResonantArchitecture
from rhythmic.training import (
    Data,
    GroupPlan,
    GroupTraining,
    Hyperparameters,
    Members,
    MemberTraining,
    TrainingConfiguration,
)
from rhythmic.training.features import with_features

UNCONNECTED = ResonantArchitecture("own", (20.0, 90.0), recurrence=False, pole_radius=0.9)
CONNECTED = dataclasses.replace(UNCONNECTED, recurrence=True)
RNN = GatedOrPlainArchitecture("rnn", "elman", hidden_size=2)
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


@pytest.mark.usefixtures("x64")
def test_features_are_those_of_the_model_one_example_at_a_time():
    model = UNCONNECTED.build(CLASSES, key=jax.random.key(0))
    known = with_features(model, pool(), batch_size=9)
    assert known.features.shape == (COUNT, 2)
    for example in (0, 8, 9, COUNT - 1):
        sequence = pool().images[example][:, None, None] / 255
        np.testing.assert_allclose(
            known.features[example], model.features(sequence)[:, 0], rtol=1e-12
        )


@pytest.mark.usefixtures("x64")
def test_a_run_on_known_features_is_the_run_without():
    training = MemberTraining(UNCONNECTED, CONFIGURATION, CLASSES)
    member = jax.tree.map(lambda x: x[0], members())
    run = jax.jit(training.run)
    plain = run(member, pool())
    known = run(member, training.prepared(pool()))
    assert np.all(np.isfinite(plain.history.train_loss))
    for a, b in zip(jax.tree.leaves(known), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    test = jax.jit(training.test)
    records = [test(state, member, pool()) for state in (plain, known)]
    np.testing.assert_allclose(records[0].class_features, records[1].class_features, rtol=1e-9)


@pytest.mark.parametrize(
    ("architecture", "fixed"), [(UNCONNECTED, True), (CONNECTED, False), (RNN, False)]
)
def test_only_a_layer_without_trained_weights_has_features_once_for_all(architecture, fixed):
    training = MemberTraining(architecture, CONFIGURATION, CLASSES)
    group = GroupTraining(training, GroupPlan(1, 2), pool())
    assert (group.data.features is not None) == fixed
    assert np.all(np.isfinite(group.run(members()).history.train_loss))
    if not fixed:
        model = architecture.build(CLASSES, key=jax.random.key(0))
        with pytest.raises(ValueError, match="model has a layer that is trained"):
            with_features(model, pool(), batch_size=9)
