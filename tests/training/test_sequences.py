"""Training on sequence tasks: against torch, members alone and together, keys, failures, choice."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from rhythmic.networks import NetworkSpec
from rhythmic.tasks import Batch, DelayedRecall, NextValue, NextWord
from rhythmic.training.schedule import learning_rate_at
from rhythmic.training.sequence_choice import choose_learning_rate, train_and_choose
from rhythmic.training.sequence_members import SequenceMembers, member_grid, sequence_keys
from rhythmic.training.sequences import (
    SequenceConfiguration,
    SequenceTraining,
    evaluation,
    respond,
    score_on_test,
    train_members,
)
from rhythmic.trees import named_arrays

CONFIGURATION = SequenceConfiguration(num_updates=10, batch_size=8, num_evaluated=64)
WORDS = NextWord(num_steps=10, num_unscored=3)
LADDER = {"frequencies": (2.0, 5.0, 11.0), "sample_rate": 60.0, "pole_radius": 0.8}
SPECS = {
    "present": NetworkSpec("rnn", 1, depth=0, pooling="every"),
    "rnn": NetworkSpec("rnn", 5, pooling="every"),
    "lstm": NetworkSpec("lstm", 4, pooling="every"),
    "rhythmic": NetworkSpec("rrn", 3, options=LADDER, pooling="every", encoder_size=1),
}


def training_of(name, configuration=CONFIGURATION):
    return SequenceTraining(SPECS[name], configuration)


@pytest.mark.usefixtures("x64")
def test_updates_are_those_of_torch():
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    task = NextValue(num_steps=12, num_unscored=4)
    training, rate, seed = training_of("rnn"), 0.05, 3
    members = SequenceMembers(np.array([seed]), np.array([rate]), task)
    trained = jax.tree.map(lambda x: x[0], train_members(training, members))
    keys = sequence_keys(np.array(seed))
    start = named_arrays(training.initial_parameters(task, key=keys.start_values))

    layer, linear = torch.nn.RNN(1, 5).double(), torch.nn.Linear(5, 1).double()
    with torch.no_grad():
        for part, module in (("layers.0.cell", layer), ("readout", linear)):
            for parameter, value in module.named_parameters():
                path = f"{part}.{parameter.removesuffix('_l0')}"
                value.copy_(torch.tensor(np.asarray(start[path])))
    parameters = [*layer.parameters(), *linear.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=rate)
    sample = jax.jit(lambda step: task.sample(8, key=jax.random.fold_in(keys.training, step)))
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
    np.testing.assert_allclose(trained.losses, losses, rtol=1e-5)
    found = named_arrays(trained.parameters)
    expected = layer.weight_hh_l0.detach().numpy()
    np.testing.assert_allclose(found["layers.0.cell.weight_hh"], expected, rtol=1e-4, atol=1e-6)
    expected = linear.bias.detach().numpy()
    np.testing.assert_allclose(found["readout.bias"], expected, rtol=1e-4, atol=1e-6)


@pytest.fixture(scope="module")
def rhythmic_group():
    """Two lags, two rates and two seeds of the resonant network, trained side by side."""
    tasks = [DelayedRecall(1, lag, num_steps=9) for lag in (2, 6)]
    members = member_grid(tasks, learning_rates=(0.01, 0.1), seeds=(4, 5))
    return members, train_members(training_of("rhythmic"), members)


@pytest.mark.slow
def test_a_member_alone_is_itself_in_a_group(rhythmic_group):
    members, together = rhythmic_group
    assert members.seed.tolist() == [4, 5] * 4
    np.testing.assert_allclose(members.learning_rate, [0.01, 0.01, 0.1, 0.1] * 2, rtol=1e-6)
    assert members.task.longest_lag.tolist() == [2] * 4 + [6] * 4
    for row in (1, 6):
        one = jax.tree.map(lambda x, row=row: x[row : row + 1], members)
        alone = train_members(training_of("rhythmic"), one)
        jax.tree.map(
            lambda a, b, row=row: np.testing.assert_allclose(a[0], b[row], rtol=1e-4, atol=1e-5),
            alone,
            together,
        )
    # Rate, seed and task each make a difference; one seed has one start and one first batch.
    losses = np.asarray(together.losses)
    assert len({tuple(row) for row in losses.round(4).tolist()}) == 8
    np.testing.assert_allclose(losses[0, 0], losses[2, 0], rtol=1e-5)


@pytest.mark.slow
def test_rhythms_stay_and_the_diagonal_stays_empty(rhythmic_group):
    members, trained = rhythmic_group
    training = training_of("rhythmic")
    task = jax.tree.map(lambda x: x[3], members.task)
    parameters = jax.tree.map(lambda x: x[3], trained.parameters)
    assert named_arrays(parameters).keys() == {
        *("layers.0.cell.recurrent_weights", "encoder.weight", "encoder.bias"),
        *("readout.weight", "readout.bias"),
    }
    before = named_arrays(training.build(task, key=sequence_keys(5).start_values))
    after = named_arrays(training.model(parameters, task))
    assert before.keys() == after.keys()
    for path, values in after.items():
        assert np.array_equal(values, before[path]) == (
            ".nodes." in path or "statistics" in path
        ), path
    np.testing.assert_array_equal(np.diag(after["layers.0.cell.recurrent_weights"]), 0.0)


@pytest.mark.parametrize("name", SPECS)
def test_parameter_counts(name):
    training = training_of(name)
    expected = {
        "present": 4 * 4 + 4,
        "rnn": 5 * 4 + 5 * 5 + 2 * 5 + 5 * 4 + 4,
        "lstm": 16 * 4 + 16 * 4 + 2 * 16 + 4 * 4 + 4,
        "rhythmic": 3 * 3 - 3 + 4 + 1 + 6 * 4 + 4,
    }
    assert training.num_parameters(WORDS) == expected[name]
    build = eqx.filter_jit(training.build)
    assert build(WORDS, key=jax.random.key(0)).num_parameters() == expected[name]


@pytest.mark.slow
def test_training_validation_and_test_have_keys_of_their_own():
    keys = sequence_keys(7)
    data = {tuple(jax.random.key_data(key).tolist()) for key in keys}
    assert len(data) == 4
    assert not np.array_equal(*(jax.random.key_data(sequence_keys(s).test) for s in (7, 8)))
    training = training_of("present")
    members = member_grid((WORDS,), learning_rates=(0.03,), seeds=(1, 2))
    trained = train_members(training, members)
    test = score_on_test(training, trained.parameters, members)
    sample = jax.jit(lambda key: WORDS.sample(64, key=key))
    for row, seed in enumerate((1, 2)):
        for key, found in (("validation", trained.validation), ("test", test)):
            batch = sample(getattr(sequence_keys(seed), key))
            said = respond(training, trained.parameters, WORDS, batch.inputs)
            hits = np.asarray(said)[row, 3:].argmax(axis=1) == np.asarray(batch.targets)[3:]
            assert float(found.score[row]) == pytest.approx(hits.mean(), abs=1e-6)
    parameters = jax.tree.map(lambda x: np.asarray(x[1]), trained.parameters)
    weight, bias = parameters.readout.weight, parameters.readout.bias[:, None]
    expected = [weight @ sample + bias for sample in np.asarray(batch.inputs)]
    np.testing.assert_allclose(said[1], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("x64")
def test_values_are_scored_by_their_variance_and_classes_by_hits():
    rng = np.random.default_rng(0)
    outputs, targets = rng.normal(size=(2, 6, 2, 5)) + 3.0
    weights = (rng.random((6, 5)) > 0.4).astype(float)
    batch = Batch(jnp.zeros((6, 1, 5)), jnp.asarray(targets), jnp.asarray(weights))
    score = jax.jit(evaluation)
    found = score(jnp.asarray(outputs), batch, NextValue())
    kept = np.moveaxis(targets, 1, 0)[:, weights > 0], np.moveaxis(outputs, 1, 0)[:, weights > 0]
    squared = ((kept[0] - kept[1]) ** 2).sum(axis=0).mean()
    assert float(found.loss) == pytest.approx(squared)
    assert float(found.score) == pytest.approx(squared / kept[0].var(axis=1).sum())

    classes = rng.integers(0, 2, (6, 5))
    said = scipy.special.log_softmax(outputs, axis=1)
    said = np.take_along_axis(said, classes[:, None], axis=1)[:, 0]
    found = score(jnp.asarray(outputs), batch._replace(targets=jnp.asarray(classes)), WORDS)
    assert float(found.loss) == pytest.approx(-np.average(said, weights=weights))
    hits = outputs.argmax(axis=1) == classes
    assert float(found.score) == pytest.approx(np.average(hits, weights=weights))


@pytest.mark.slow
def test_members_that_fail_are_marked_and_harm_no_other():
    training = training_of("present")
    members = member_grid((WORDS,), learning_rates=(0.03, 1e38), seeds=(1,))
    trained = train_members(training, members)
    healthy, failed = np.asarray(trained.failed_at_step)
    assert healthy == -1
    assert 0 <= failed < 10
    assert np.isfinite(trained.losses[0]).all()
    assert not np.isfinite(trained.losses[1]).all()
    assert choose_learning_rate((0.03, 1e38), trained.validation.loss[:, None]) == 0


def test_targets_that_are_no_class_are_told():
    """A task of one's own, whose last class the network does not have."""
    task = DelayedRecall(1, 3, num_steps=6, num_symbols=3)
    batch = task.sample(4, key=jax.random.key(0))
    outputs = jnp.zeros((batch.targets.shape[0], task.num_outputs, 4))
    beyond = batch._replace(targets=batch.targets + task.num_outputs)
    assert np.isfinite(evaluation(outputs, batch, task)).all()
    assert np.isnan(evaluation(outputs, beyond, task)).all()
    unscored = beyond._replace(targets=jnp.where(batch.weights == 0, beyond.targets, batch.targets))
    assert np.isfinite(evaluation(outputs, unscored, task)).all()
    with pytest.raises(ValueError, match=r"^labels is of type float32; it must hold whole numbers"):
        evaluation(outputs, batch._replace(targets=batch.targets * 1.0), task)


def test_bytes_may_name_256_classes():
    task = DelayedRecall(1, 3, num_steps=6, num_symbols=256)
    batch = Batch(jnp.zeros((2, 257, 1)), jnp.full((2, 1), 255, jnp.uint8), jnp.ones((2, 1)))
    found = evaluation(jnp.zeros((2, 256, 1)), batch, task)
    assert float(found.loss) == pytest.approx(np.log(256))


def test_choice_is_the_least_mean_validation_loss():
    losses = np.array([[0.5, 0.7], [0.6, 0.2], [np.nan, 0.0]])
    assert choose_learning_rate((0.1, 0.2, 0.3), losses) == 1
    assert choose_learning_rate((0.3, 0.2, 0.1), np.zeros((3, 2))) == 2
    assert choose_learning_rate((0.3, 0.1), np.full((2, 1), np.inf)) == 1


def recall_tasks(longest_lags, num_steps=7):
    return [DelayedRecall(1, lag, num_steps=num_steps) for lag in longest_lags]


@pytest.mark.slow
def test_each_task_keeps_the_rate_that_validates_best():
    training, tasks = training_of("present"), recall_tasks((2, 4))
    rates, seeds = (0.3, 1e-4, 0.02), (1, 2)
    trained = train_members(training, member_grid(tasks, learning_rates=rates, seeds=seeds))
    chosen = train_and_choose(training, tasks, learning_rates=rates, seeds=seeds)
    losses = np.asarray(trained.validation.loss).reshape(2, 3, 2)
    best = losses.mean(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(
        chosen.trained.validation.loss, losses[np.arange(2), best].ravel()
    )
    np.testing.assert_allclose(chosen.members.learning_rate, np.repeat(np.array(rates)[best], 2))
    assert chosen.members.seed.tolist() == [1, 2, 1, 2]
    assert chosen.members.task.longest_lag.tolist() == [2, 2, 4, 4]


BAD = {
    "batch_size is 0": lambda: SequenceConfiguration(batch_size=0),
    "num_evaluated is 0": lambda: SequenceConfiguration(num_evaluated=0),
    "clip_norm is 0": lambda: SequenceConfiguration(clip_norm=0.0),
    "rising_share is 1": lambda: SequenceConfiguration(rising_share=1.0),
    "num_updates is 6; with rising_share 0.15": lambda: SequenceConfiguration(num_updates=6),
    "tasks is empty": lambda: member_grid((), learning_rates=(0.1,), seeds=(1,)),
    "seeds is empty": lambda: member_grid((WORDS,), learning_rates=(0.1,), seeds=()),
    "seeds holds -1": lambda: member_grid((WORDS,), learning_rates=(0.1,), seeds=(-1,)),
    "learning_rate is 0": lambda: member_grid((WORDS,), learning_rates=(0.0,), seeds=(1,)),
    "tasks differ in static fields": lambda: member_grid(
        (WORDS, NextWord()), learning_rates=(0.1,), seeds=(1,)
    ),
}


@pytest.mark.parametrize("message", BAD)
def test_errors_name_the_field(message):
    with pytest.raises(ValueError, match=message):
        BAD[message]()


@pytest.mark.slow
def test_one_program_serves_every_lag(monkeypatch):
    training = training_of("present")

    def members(longest_lags, num_steps=7):
        # Of the shapes of the test of the choice above, so that they share one compilation.
        tasks = recall_tasks(longest_lags, num_steps)
        return member_grid(tasks, learning_rates=(0.3, 1e-4, 0.02), seeds=(1, 2))

    train_members(training, members((2, 4)))
    calls = []
    sample = DelayedRecall.sample

    def counting(task, *arguments, **options):
        calls.append(task)
        return sample(task, *arguments, **options)

    monkeypatch.setattr(DelayedRecall, "sample", counting)
    train_members(training, members((1, 3)))
    assert not calls  # sampling is seen only while a program is traced
    train_members.trace(training, members((1, 3), num_steps=8))
    assert len(calls) == 2  # in the update and in the validation


@pytest.mark.slow
def test_a_network_that_draws_what_it_does_not_train_is_refused():
    # Its members would share one draw.
    horn = NetworkSpec("horn", 3, options={"heterogeneous": True}, pooling="every", name="horn")
    training = SequenceTraining(horn, SequenceConfiguration(num_updates=8, rising_share=0.4))
    with pytest.raises(ValueError, match="horn draws parameters that it does not train"):
        training.fixed_part(NextWord())
