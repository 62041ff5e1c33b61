"""One member: what an epoch visits, padding, what is kept, options, and the test record."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from rhythmic.cells import trainable
from rhythmic.networks import MEAN, NetworkSpec
from rhythmic.training import Data, Hyperparameters, Members, MemberTraining
from rhythmic.training.batches import in_batches, sequences
from rhythmic.training.configuration import member_keys
from rhythmic.training.objectives import cross_entropy, is_correct, weighted_mean
from rhythmic.training.problem import Problem
from rhythmic.training.schedule import adamw_at
from rhythmic.training.state import keep_best
from rhythmic.training.updates import Update
from tests.training.small import CONFIGURATION, RRN, pool

NUM_TRAIN, NUM_VALIDATION, NUM_TEST, TIME, BATCH, CLASSES = 21, 7, 11, 10, 8, 3
RNN = NetworkSpec("rnn", 2, name="rnn", dropout_rate=0.5, **MEAN)


def member(seed=7, rate=0.02, decay=0.1, smoothing=0.05, dtype=np.float32):
    order = np.random.default_rng(seed).permutation(len(pool().targets)).astype(np.int32)
    cuts = (NUM_TRAIN, NUM_TRAIN + NUM_VALIDATION)
    hyperparameters = Hyperparameters(*map(dtype, (rate, decay, smoothing)))
    return Members(np.int32(seed), hyperparameters, *np.split(order, cuts))


@pytest.mark.parametrize(("count", "num_batches"), [(5, 1), (8, 1), (9, 2), (17, 3)])
def test_batches_hold_every_example_once_and_padding_weighs_nothing(count, num_batches):
    examples = np.arange(100, 100 + count)
    batches, weights = in_batches(jnp.asarray(examples), num_batches, 8)
    assert batches.shape == weights.shape == (num_batches, 8)
    np.testing.assert_array_equal(batches[weights == 1], examples)
    assert np.sum(weights) == count
    assert np.all(np.isin(batches, examples))


def test_sequences_are_one_pixel_a_step_from_zero_to_one():
    data = Data(np.array([[0, 255, 51], [102, 0, 1]], np.uint8), np.array([3, 1], np.uint8))
    inputs, labels = sequences(data, np.array([1, 0]))
    assert inputs.dtype == np.float32
    np.testing.assert_allclose(inputs[:, 0], [[0.4, 0], [0, 1], [1 / 255, 0.2]], rtol=1e-6)
    np.testing.assert_array_equal(labels, [1, 3])
    assert labels.dtype == np.int32


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("smoothing", [0.0, 0.05, 0.5])
def test_cross_entropy_is_torch(smoothing):
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(CLASSES, 6)) * 5, rng.integers(0, CLASSES, 6)
    found = cross_entropy(jnp.asarray(logits), jnp.asarray(labels), smoothing)
    expected = torch.nn.functional.cross_entropy(
        torch.tensor(logits.T), torch.tensor(labels), label_smoothing=smoothing, reduction="none"
    )
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-12)


def test_hits_and_weighted_means():
    logits = jnp.array([[1.0, 0.0, jnp.nan, jnp.inf], [0.0, 2.0, 0.0, 0.0]])
    np.testing.assert_array_equal(is_correct(logits, jnp.array([0, 0, 0, 0])), [1, 0, 0, 0])
    assert weighted_mean(jnp.array([1.0, 3.0, 99.0]), jnp.array([1.0, 1.0, 0.0])) == 2.0


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_a_padded_batch_updates_as_the_batch_without_padding():
    training = MemberTraining(RRN, CONFIGURATION, Problem(CLASSES))
    one, data = member(dtype=np.float64), jax.tree.map(jnp.asarray, pool())
    state = training.initial_state(one)
    fixed = training.fixed_part()

    @jax.jit
    def update(examples, weights):
        batch = (jnp.array(2), examples, weights)
        return training.update(state, one, data, fixed, Update(*batch, member_keys(0)))

    real = one.train[:5]
    alone, sums = update(real, np.ones(5))
    loss, hits = sums.loss, sums.correct
    padded, padded_sums = update(
        np.concatenate([real, one.train[5:8]]), np.array([1.0] * 5 + [0.0] * 3)
    )
    np.testing.assert_allclose(padded_sums.loss, loss, rtol=1e-12)
    assert padded_sums.correct == hits
    # Adam's first moment is the clipped gradient times 1 - beta1: the gradient itself is compared.
    for name in ("parameters", "statistics", "optimizer"):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14),
            getattr(padded, name),
            getattr(alone, name),
        )
    assert any(np.any(x) for x in jax.tree.leaves(padded.optimizer[1].mu))


def optimise(steps=1, decay=0.0, **options):
    """Start and end of some updates with given gradients, and the optimiser's state."""
    training = MemberTraining(RRN, dataclasses.replace(CONFIGURATION, **options), Problem(CLASSES))
    rng = np.random.default_rng(0)
    start = parameters = {"a": jnp.asarray(rng.normal(size=(3, 2))), "b": jnp.ones(4)}
    state = adamw_at(
        training.configuration, member(dtype=np.float64).hyperparameters, jnp.array(0), 9
    ).init(start)
    for step in range(steps):
        hyperparameters = member(dtype=np.float64, decay=decay).hyperparameters
        optimizer = adamw_at(training.configuration, hyperparameters, jnp.array(step), 9)
        gradient = jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape)), start)
        change, state = optimizer.update(gradient, state, parameters)
        parameters = jax.tree.map(jnp.add, parameters, change)
        assert steps > 1 or optax.tree.norm(gradient) > 1
    return start, parameters, state[1].mu


@pytest.mark.usefixtures("x64")
def test_clipping_momentum_and_decay_of_the_first_update():
    start, free, moment = optimise(clip_norm=1e9)
    _, _, clipped = optimise(clip_norm=0.01)
    _, constant, constant_moment = optimise(clip_norm=1e9, momentum="constant")
    _, decayed, _ = optimise(clip_norm=1e9, decay=0.3)
    norm = np.sqrt(sum(np.sum((x / 0.05) ** 2) for x in moment.values()))  # 1 - beta1 = 0.05
    rate = 0.02 / 25
    for name in start:
        np.testing.assert_allclose(clipped[name], moment[name] * 0.01 / norm, rtol=1e-9)
        np.testing.assert_allclose(constant_moment[name], 2 * moment[name], rtol=1e-9)
        # Bias correction undoes beta1 at the first update, whose size is the rate whatever it is.
        np.testing.assert_allclose(constant[name], free[name], rtol=1e-9)
        np.testing.assert_allclose(np.abs(free[name] - start[name]), rate, rtol=1e-6)
        loss = free[name] - decayed[name]
        np.testing.assert_allclose(loss, rate * 0.3 * start[name], rtol=1e-9)


def test_the_best_epoch_is_kept_and_ties_keep_the_earlier():
    training = MemberTraining(RRN, CONFIGURATION, Problem(CLASSES))
    state = training.initial_state(member())
    assert state.best.epoch == -1
    seen = []
    losses = (np.nan, 1.0, 1.0, 1.0, 0.1, 2.0, np.inf, 1.0)
    accuracies = (0.9, 0.5, 0.5, 0.5 + 5e-7, 0.4, 0.6, 0.95, 0.6)
    for epoch, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True)):
        now = jax.tree.map(lambda x, epoch=epoch: jnp.full_like(x, epoch), state.parameters)
        statistics = jax.tree.map(lambda x, e=epoch: jnp.full_like(x, e), state.statistics)
        state = state._replace(parameters=now, statistics=statistics, epoch=jnp.array(epoch))
        state = keep_best(state, jnp.array(loss), jnp.array(accuracy))
        seen.append(int(state.best.epoch))
        if seen[-1] >= 0:
            kept = jax.tree.leaves((state.best.parameters, state.best.statistics))
            assert all(np.all(x == seen[-1]) for x in kept)
    assert seen == [-1, 1, 1, 1, 1, 5, 5, 5]
    np.testing.assert_allclose(state.best.validation_score, 0.6, rtol=1e-6)


@pytest.fixture(scope="module")
def epochs():
    """A member's states before the first epoch and after each."""
    training, one, data = (
        MemberTraining(RRN, CONFIGURATION, Problem(CLASSES)),
        member(rate=0.3),
        pool(),
    )
    data = jax.tree.map(jnp.asarray, data)
    step, states = jax.jit(training.train_epoch), [training.initial_state(one)]
    for _ in range(CONFIGURATION.epochs):
        states.append(step(states[-1], one, data))
    return training, one, data, states


def test_a_history_fills_epoch_by_epoch(epochs):
    *_, states = epochs
    for count, state in enumerate(states):
        assert state.epoch == count
        history = np.stack(state.history)
        assert np.all(np.isfinite(history[:, :count]))
        assert np.all(np.isnan(history[:, count:]))
    assert states[-1].failed_at_step == -1


def test_validation_is_that_of_the_parameters_after_the_epoch(epochs):
    training, one, data, states = epochs
    for epoch, state in enumerate(states[1:]):
        model = eqx.combine(state.parameters, training.fixed_part())
        inputs, labels = sequences(data, one.validation)
        logits = np.asarray(model.readout.predict(model.features(inputs), state.statistics))
        accuracy = np.mean(np.argmax(logits, axis=0) == labels)
        np.testing.assert_allclose(state.history.validation_score[epoch], accuracy, rtol=1e-6)
        losses = cross_entropy(logits, labels, 0.05)
        np.testing.assert_allclose(state.history.validation_loss[epoch], losses.mean(), rtol=1e-4)
    accuracies = np.asarray(states[-1].history.validation_score)
    best = int(np.argmax(accuracies))  # the first of equals
    assert states[-1].best.epoch == best
    jax.tree.map(
        np.testing.assert_array_equal, states[-1].best.parameters, states[best + 1].parameters
    )


@pytest.mark.parametrize("size", [3, 500])
def test_the_test_record_counts_every_test_digit_once(epochs, size):
    _, one, data, states = epochs
    configuration = dataclasses.replace(CONFIGURATION, evaluation_batch_size=size)
    training = MemberTraining(RRN, configuration, Problem(CLASSES))
    record = training.test(states[-1], one, data)
    labels = pool().targets[one.test]
    np.testing.assert_array_equal(record.confusion.sum(axis=1), np.bincount(labels))
    assert np.issubdtype(record.confusion.dtype, np.integer)
    np.testing.assert_allclose(record.score, np.trace(record.confusion) / NUM_TEST, rtol=1e-6)
    model = eqx.combine(states[-1].best.parameters, training.fixed_part())
    inputs, _ = sequences(data, one.test)
    features = np.asarray(model.features(inputs))
    means = [features[:, labels == digit].mean(axis=1) for digit in range(CLASSES)]
    np.testing.assert_allclose(record.class_features, means, rtol=1e-4, atol=1e-6)
    logits = np.asarray(model.readout.predict(features, states[-1].best.statistics))
    expected = np.zeros((CLASSES, CLASSES), int)
    np.add.at(expected, (labels, np.argmax(logits, axis=0)), 1)
    np.testing.assert_array_equal(record.confusion, expected)
    losses = cross_entropy(jnp.asarray(logits), labels, 0.05)
    np.testing.assert_allclose(record.loss, losses.mean(), rtol=1e-4)


def test_the_test_reads_the_best_parameters_not_the_last(epochs):
    training, one, data, states = epochs
    state = states[-1]
    spoiled = state._replace(
        parameters=jax.tree.map(lambda x: x * jnp.nan, state.parameters),
        statistics=jax.tree.map(lambda x: x * jnp.nan, state.statistics),
    )
    expected, found = training.test(state, one, data), training.test(spoiled, one, data)
    jax.tree.map(np.testing.assert_array_equal, found, expected)
    other = state._replace(best=state.best._replace(parameters=states[0].parameters))
    assert np.any(training.test(other, one, data).class_features != expected.class_features)


def test_an_absent_class_has_no_mean(epochs):
    training, one, data, states = epochs
    only = one._replace(test=one.test[pool().targets[one.test] != 1])
    record = training.test(states[-1], only, data)
    assert np.all(np.isnan(record.class_features[1]))
    assert np.all(np.isfinite(record.class_features[np.array([0, 2])]))


def test_start_values_come_from_the_seed_alone():
    training = MemberTraining(RRN, CONFIGURATION, Problem(CLASSES))
    first, same, other = (
        jax.tree.leaves(training.initial_state(member(**options)).parameters)
        for options in ({}, {"rate": 1.0, "smoothing": 0.3}, {"seed": 8})
    )
    for a, b in zip(first, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert sum(np.any(a != c) for a, c in zip(first, other, strict=True)) == 3
    model = RRN.build(1, CLASSES, key=member_keys(np.int32(7)).start_values)
    for a, b in zip(first, jax.tree.leaves(eqx.filter(model, trainable(model))), strict=True):
        np.testing.assert_array_equal(a, b)


def test_dropout_differs_between_updates_and_between_seeds():
    training = MemberTraining(RNN, CONFIGURATION, Problem(CLASSES))
    data, fixed, examples = pool(), training.fixed_part(), member().train[:BATCH]
    data = jax.tree.map(jnp.asarray, data)
    state = training.initial_state(member())

    @jax.jit
    def loss(step, seed):
        batch = (step, examples, jnp.ones(BATCH))
        update = Update(*batch, member_keys(seed))
        return training.update(state, member(), data, fixed, update)[1].loss

    losses = [float(loss(step, seed)) for seed in (7, 8) for step in (0, 1)]
    assert len(set(losses)) == 4
    assert float(loss(0, 7)) == losses[0]


def test_the_step_of_the_first_failure_is_noted():
    training = MemberTraining(RRN, CONFIGURATION, Problem(CLASSES))
    one, data = member(rate=1e30), jax.tree.map(jnp.asarray, pool())
    fixed, state = training.fixed_part(), training.initial_state(one)
    update = jax.jit(training.update)
    finite, noted = [], []
    for step in range(4):
        batch = (jnp.array(step), one.train[:BATCH], jnp.ones(BATCH))
        update_of = Update(*batch, member_keys(0))
        state, (loss, *_) = update(state, one, data, fixed, update_of)
        finite.append(bool(np.isfinite(loss)))
        noted.append(int(state.failed_at_step))
    failed = finite.index(False)
    assert failed > 0
    assert noted == [-1 if step < failed else failed for step in range(4)]
