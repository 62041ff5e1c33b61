"""Tasks as a source of examples: against torch, epochs, keys, members, failures, one call."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.networks import NetworkSpec
from rhythmic.tasks import (
    Adding,
    Batch,
    DelayedRecall,
    NextValue,
    NextWord,
)
from rhythmic.tasks.interface import AbstractTask
from rhythmic.training import (
    Data,
    GroupPlan,
    GroupTraining,
    MemberTraining,
    Problem,
    TrainingConfiguration,
    fresh_split,
    make_members,
    train,
)
from rhythmic.training.batches import drawn
from rhythmic.training.configuration import member_keys
from rhythmic.training.schedule import learning_rate_at
from rhythmic.trees import named_arrays

WORDS = NextWord(num_steps=10, num_unscored=3)
RECIPE = TrainingConfiguration(epochs=10, batch_size=8, momentum="constant")
LADDER = {"frequencies": (2.0, 5.0, 11.0), "sample_rate": 60.0, "pole_radius": 0.8}
RNN = NetworkSpec("rnn", 5, pooling="every", name="rnn")
PRESENT = NetworkSpec("rnn", 1, depth=0, pooling="every", name="present")


def training_of(spec, task, recipe=RECIPE):
    return MemberTraining(spec, recipe, Problem.of(task))


def members_of(*rows, num_train=8, num_held_out=64):
    """Return a member for each of ``rows``: task, rate and seed."""
    tasks, rates, seeds = zip(*rows, strict=True)
    nothing = (0.0,) * len(rows)
    return make_members(
        lambda seed: fresh_split(num_train, num_held_out, num_held_out),
        seeds=seeds,
        learning_rate=rates,
        weight_decay=nothing,
        label_smoothing=nothing,
        tasks=tasks,
    )


def one_of(members, row=0):
    return jax.tree.map(lambda x: x[row], members)


@pytest.mark.usefixtures("x64")
def test_updates_are_those_of_torch():
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    task, rate, seed = NextValue(num_steps=12, num_unscored=4), 0.05, 3
    training, member = training_of(RNN, task), one_of(members_of((task, rate, seed)))
    state = jax.jit(lambda member: training.run(member, None))(member)
    start = named_arrays(training.initial_state(member).parameters)

    layer, linear = torch.nn.RNN(1, 5).double(), torch.nn.Linear(5, 1).double()
    with torch.no_grad():
        for part, module in (("layers.0.cell", layer), ("readout", linear)):
            for parameter, value in module.named_parameters():
                path = f"{part}.{parameter.removesuffix('_l0')}"
                value.copy_(torch.tensor(np.asarray(start[path])))
    parameters = [*layer.parameters(), *linear.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=float(np.float32(rate)))
    key = member_keys(seed).batch_order
    sample = jax.jit(lambda step: task.sample(8, key=jax.random.fold_in(key, step)))
    losses = []
    for step in range(10):
        optimizer.param_groups[0]["lr"] = float(learning_rate_at(jnp.array(step), 10, rate))
        inputs, targets = (torch.tensor(np.asarray(x)).permute(0, 2, 1) for x in sample(step)[:2])
        loss = ((linear(layer(inputs)[0]) - targets)[4:] ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(loss.item())
    # torch divides by the gradient's norm plus 1e-6 when it clips, hence not closer.
    np.testing.assert_allclose(state.history.train_loss, losses, rtol=1e-5)
    found = named_arrays(state.parameters)
    expected = layer.weight_hh_l0.detach().numpy()
    np.testing.assert_allclose(found["layers.0.cell.weight_hh"], expected, rtol=1e-4, atol=1e-6)
    expected = linear.bias.detach().numpy()
    np.testing.assert_allclose(found["readout.bias"], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("x64")
def test_one_epoch_of_all_updates_ends_where_ten_of_one_end():
    found = []
    for num_train, epochs in ((8, 10), (80, 1)):
        member = one_of(members_of((WORDS, 0.05, 3), num_train=num_train))
        training = training_of(PRESENT, WORDS, dataclasses.replace(RECIPE, epochs=epochs))
        found.append(jax.jit(lambda one, run=training.run: run(one, None))(member))
    for a, b in zip(*(jax.tree.leaves(state.parameters) for state in found), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    several, single = (state.history.validation_loss for state in found)
    assert single[0] == pytest.approx(several[-1])
    assert single[0] < several[0]


@pytest.fixture(scope="module")
def resonant_group():
    """Two lags, two rates and two seeds of a resonant network, trained side by side."""
    tasks = [DelayedRecall(1, lag, num_steps=9) for lag in (2, 6)]
    rows = [(task, rate, seed) for task in tasks for rate in (0.01, 0.1) for seed in (4, 5)]
    spec = NetworkSpec("rrn", 3, options=LADDER, pooling="every", encoder_size=1, name="rrn")
    training = training_of(spec, tasks[0])
    members = members_of(*rows)
    group = GroupTraining(training, GroupPlan(1, len(rows)))
    return group, members, group.run(members)


@pytest.mark.slow
def test_a_member_alone_is_itself_in_a_group(resonant_group):
    group, members, together = resonant_group
    for row in (1, 6):
        one = jax.tree.map(lambda x, row=row: x[row : row + 1], members)
        alone = GroupTraining(group.training, GroupPlan(1, 1)).run(one)
        for a, b in zip(jax.tree.leaves(alone), jax.tree.leaves(together), strict=True):
            np.testing.assert_allclose(a[0], b[row], rtol=1e-4, atol=1e-5)
    # Rate, seed and task each make a difference; one seed has one start and one first batch.
    losses = np.asarray(together.history.train_loss)
    assert len({tuple(row) for row in losses.round(4).tolist()}) == 8
    np.testing.assert_allclose(losses[0, 0], losses[2, 0], rtol=1e-5)


@pytest.mark.slow
def test_one_program_serves_every_lag(resonant_group, monkeypatch):
    group, members, state = resonant_group
    calls = []
    sample = DelayedRecall.sample

    def counting(task, *arguments, **options):
        calls.append(task)
        return sample(task, *arguments, **options)

    monkeypatch.setattr(DelayedRecall, "sample", counting)
    tasks = [DelayedRecall(1, lag, num_steps=9) for lag in (1, 3) for _ in range(4)]
    others = members._replace(task=jax.tree.map(lambda *x: np.stack(x), *tasks))
    changed = group.run(others)
    assert not calls  # sampling is seen only while a program is traced
    assert not np.allclose(changed.history.train_loss, state.history.train_loss)
    group.test(state, members)
    assert calls


def test_what_does_not_count_is_missing():
    task = DelayedRecall(1, 3, num_steps=6)
    member = one_of(members_of((task, 0.1, 1)))
    examples, data = drawn(member, 5, key=jax.random.key(2))
    batch = task.sample(5, key=jax.random.key(2))
    np.testing.assert_array_equal(examples, range(5))
    np.testing.assert_array_equal(data.inputs, np.moveaxis(batch.inputs, -1, 0))
    assert (data.targets[:, :-1] == -1).all()
    np.testing.assert_array_equal(data.targets[:, -1], batch.targets[-1])
    values = drawn(one_of(members_of((Adding(2, num_steps=9), 0.1, 1))), 5, key=jax.random.key(2))
    assert np.isnan(values[1].targets[:, :-1]).all()
    assert np.isfinite(values[1].targets[:, -1]).all()


class OwnTask(AbstractTask):
    """Two steps of nothing, each with one class, as it is given."""

    target: jax.Array
    kind: str = eqx.field(static=True, default="classes")

    input_size = property(lambda self: 2)
    num_outputs = property(lambda self: 256)

    def sample(self, num_examples, *, key):
        del key
        targets = jnp.broadcast_to(self.target, (2, num_examples))
        return Batch(jnp.zeros((2, 2, num_examples)), targets, jnp.ones((2, num_examples)))


def held_out_loss(task):
    """Return the validation loss of a network that says 0 for every class."""
    training, member = training_of(PRESENT, task), one_of(members_of((task, 0.1, 1)))
    model = training.build(key=jax.random.key(0))
    model = jax.tree.map(lambda x: 0 * x if eqx.is_inexact_array(x) else x, model)
    return float(training.evaluate(model, "validation", member, None).loss)


def test_bytes_may_name_256_classes_and_no_other_class_passes():
    assert held_out_loss(OwnTask(jnp.uint8(255))) == pytest.approx(np.log(256))
    assert np.isnan(held_out_loss(OwnTask(jnp.int32(256))))
    with pytest.raises(ValueError, match=r"^labels is of type float32; it must hold whole numbers"):
        held_out_loss(OwnTask(jnp.float32(1)))


@pytest.mark.slow
def test_validation_and_test_have_keys_of_their_own():
    training, members = training_of(PRESENT, WORDS), members_of((WORDS, 0.03, 1), (WORDS, 0.03, 2))
    group = GroupTraining(training, GroupPlan(1, 2))
    state = group.run(members)
    record = group.test(state, members)
    assert record.confusion.sum(axis=(1, 2)).tolist() == [7 * 64] * 2
    for row, seed in enumerate((1, 2)):
        best = state.best.epoch[row]
        parameters = jax.tree.map(lambda x, row=row: x[row], state.best.parameters)
        weight, bias = parameters.readout.weight, parameters.readout.bias[:, None]
        scores = state.history.validation_score[row, best], record.score[row]
        for key, found in zip(("validation", "test"), scores, strict=True):
            batch = WORDS.sample(64, key=getattr(member_keys(seed), key))
            said = np.array([weight @ sample + bias for sample in np.asarray(batch.inputs)])
            hits = said[3:].argmax(axis=1) == np.asarray(batch.targets)[3:]
            assert float(found) == pytest.approx(hits.mean(), abs=1e-6)


def recall(num_steps=7):
    return DelayedRecall(1, 2, num_steps=num_steps)


BAD = {
    "tasks has 1 values for 2 seeds": lambda: make_members(
        lambda seed: fresh_split(8),
        seeds=(1, 2),
        learning_rate=(0.1, 0.1),
        weight_decay=(0.0, 0.0),
        label_smoothing=(0.0, 0.0),
        tasks=(WORDS,),
    ),
    "tasks differ in static fields": lambda: members_of((recall(), 0.1, 1), (recall(8), 0.1, 1)),
    "seeds holds -1": lambda: members_of((WORDS, 0.1, -1)),
    "num_train is -1": lambda: fresh_split(-1),
    "train of the split is empty": lambda: members_of((WORDS, 0.1, 1), num_train=0),
    "data is None": lambda: training_of(RNN, WORDS).check(
        one_of(members_of((WORDS, 0.1, 1)))._replace(task=None), None
    ),
    "data is given": lambda: training_of(RNN, WORDS).check(
        one_of(members_of((WORDS, 0.1, 1))), Data(np.zeros((4, 3)), np.zeros(4, int))
    ),
    "num_outputs of problem is 10; the task has 4": lambda: MemberTraining(RNN, RECIPE).check(
        one_of(members_of((WORDS, 0.1, 1))), None
    ),
    "class_weights is 'balanced'": lambda: training_of(
        RNN, WORDS, dataclasses.replace(RECIPE, class_weights="balanced")
    ).check(one_of(members_of((WORDS, 0.1, 1))), None),
    "recordings is 3; it must be of the type Recordings or": lambda: train(RNN, 3),
    "data is 3; it must be of the type Data": lambda: GroupTraining(
        training_of(RNN, WORDS), GroupPlan(1, 1), 3
    ),
    "pooling of spec is 'mean'": lambda: train(NetworkSpec("rnn", 3, pooling="mean"), WORDS),
}


@pytest.mark.parametrize("message", BAD)
def test_errors_name_the_field(message):
    with pytest.raises(ValueError, match=message):
        BAD[message]()


@pytest.mark.slow
def test_one_call_trains_on_a_task():
    task = DelayedRecall(1, 1, num_steps=5)
    recipe = TrainingConfiguration(epochs=3, batch_size=16, momentum="constant")
    trained = train(
        NetworkSpec("rnn", 6),
        task,
        seeds=(1, 2),
        learning_rates=(0.1, 1e-5),
        recipe=recipe,
        split=fresh_split(320, 128, 128),
        quiet=True,
    )
    assert trained.learning_rate == 0.1
    assert trained.classes == (0, 1)
    assert trained.history.train_loss.shape == (2, 3)
    assert trained.test_scores.min() > 0.9
    batch = task.sample(64, key=jax.random.key(9))
    said = trained.predict(np.moveaxis(np.asarray(batch.inputs), -1, 0))
    assert said.shape == (64, 5)
    assert np.mean(said[:, -1] == np.asarray(batch.targets)[-1]) > 0.9
