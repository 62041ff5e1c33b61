"""What every task on sequences keeps: sizes, keys, compilation, members, a network that fits."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.networks import NetworkSpec
from rhythmic.tasks import (
    Adding,
    Copying,
    DelayedRecall,
    FrequencyDiscrimination,
    NextValue,
    NextWord,
    PhaseReading,
)
from rhythmic.training import (
    MemberTraining,
    Problem,
    TrainingConfiguration,
    fresh_split,
    make_members,
)
from tests.marks import QUICK_COMPILATION

KEY = jax.random.key(17)
# For each task two members that differ in array leaves, where there are any.
TASKS = {
    "next word": (NextWord(num_steps=9, num_unscored=3),) * 2,
    "next value": (NextValue(num_steps=9, num_unscored=3),) * 2,
    "recall": (DelayedRecall(1, 2, num_steps=9), DelayedRecall(3, 7, num_steps=9)),
    "adding": (Adding(2, num_steps=9), Adding(8, num_steps=9)),
    "copying": (Copying(1, 12, 3, 4), Copying(6, 12, 3, 4)),
    "frequency": (
        FrequencyDiscrimination(0.0, (10.0, 20.0, 35.0), num_steps=9),
        FrequencyDiscrimination(0.7, (10.0, 20.0, 35.0), num_steps=9),
    ),
    "phase": (
        PhaseReading(0.0, frequency_jitter=2.0, num_steps=9, num_unscored=3),
        PhaseReading(0.5, frequency_jitter=2.0, num_steps=9, num_unscored=3),
    ),
}
SWEPT = [name for name, pair in TASKS.items() if jax.tree.leaves(pair)]


def assert_close(first, second):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6), first, second)


@pytest.fixture(scope="module", params=TASKS)
def pair(request):
    return TASKS[request.param]


@partial(jax.jit, compiler_options=QUICK_COMPILATION)
def sample(task, key):
    return task.sample(7, key=key)


@pytest.fixture(scope="module")
def alone(pair):
    """What each of the two members draws by itself."""
    return [sample(task, KEY) for task in pair]


def test_shapes_kinds_and_weights(pair, alone):
    for task, batch in zip(pair, alone, strict=True):
        assert batch.inputs.shape == (task.num_steps, task.input_size, 7)
        assert batch.weights.shape == (task.num_steps, 7)
        assert set(np.unique(batch.weights)) <= {0.0, 1.0}
        assert batch.weights[-1].all()
        assert batch.inputs.dtype == batch.weights.dtype == jnp.zeros(()).dtype
        assert np.isfinite(batch.inputs).all()
        if task.kind == "classes":
            assert batch.targets.shape == (task.num_steps, 7)
            assert jnp.issubdtype(batch.targets.dtype, jnp.integer)
            assert batch.targets.min() >= 0
            assert batch.targets.max() < task.num_outputs
        else:
            assert task.kind == "values"
            assert batch.targets.shape == (task.num_steps, task.num_outputs, 7)
            assert batch.targets.dtype == batch.inputs.dtype
            assert np.isfinite(batch.targets).all()


def test_compiled_and_eager_are_one(pair, alone):
    assert_close(alone[1], pair[1].sample(7, key=KEY))


def test_keys_alone_decide(pair, alone):
    jax.tree.map(np.testing.assert_array_equal, alone[1], sample(pair[1], KEY))
    assert not np.array_equal(alone[1].inputs, sample(pair[1], jax.random.key(18)).inputs)


def members_of(pair):
    nothing = (0.0, 0.0)
    return make_members(
        lambda seed: fresh_split(40, 8, 8),
        seeds=(1, 2),
        learning_rate=(0.1, 0.1),
        weight_decay=nothing,
        label_smoothing=nothing,
        tasks=pair,
    )


@pytest.mark.parametrize("pair", SWEPT, indirect=True)
def test_members_side_by_side_are_themselves(pair, alone):
    many = jax.vmap(lambda task: task.sample(7, key=KEY))
    together = jax.jit(many, compiler_options=QUICK_COMPILATION)(members_of(pair).task)
    for row, mine in enumerate(alone):
        assert_close(jax.tree.map(lambda x, row=row: x[row], together), mine)
    assert not np.array_equal(together.inputs[0], together.inputs[1])


def test_a_network_can_be_trained_on_it(pair):
    recipe = TrainingConfiguration(epochs=3, batch_size=4)
    spec = NetworkSpec("rnn", 3, pooling="every")
    training = MemberTraining(spec, recipe, Problem.of(pair[0]))
    # Traced, not computed: all shapes fit each other, and no value is asked for on the way.
    run = jax.vmap(lambda member: training.run(member, None))
    state = eqx.filter_eval_shape(run, members_of(pair))
    assert state.history.validation_score.shape == (2, 3)
