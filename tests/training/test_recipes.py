"""What a recipe may vary: passes, noise, the schedule, precision, and each member's rhythms."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from rhythmic.cells import trainable
from rhythmic.fast.resonant_events import rings_freely
from rhythmic.networks import LAST, NetworkSpec, rhythmic_network
from rhythmic.training import Data, GroupPlan, GroupTraining, MemberTraining, TrainingConfiguration
from rhythmic.training.configuration import member_keys
from rhythmic.training.problem import Problem
from rhythmic.training.rhythms import member_motions, member_rhythms
from rhythmic.training.schedule import adamw_at
from tests.training import small

RECIPE = TrainingConfiguration(epochs=2, batch_size=8, rising_share=0.4)
LADDERS = ((20.0, 90.0), (35.0, 60.0))
TIME = 10


def architecture(ladder=LADDERS[0], **options):
    return rhythmic_network(ladder, **({"pole_radius": 0.99} | options), name="rrn")


def pool(dtype=np.uint8):
    images = np.random.default_rng(5).integers(1, 256, (39, TIME)).astype(np.uint8)
    images[:, ::2] = 0
    values = images if dtype == np.uint8 else (images / 255).astype(dtype)
    return Data(values, (np.arange(39) % 3).astype(np.int32))


def members(count=2):
    return small.members(*((seed, 0.03) for seed in range(count)), decay=0.0, smoothing=0.0)


def train(recipe=RECIPE, which=None, data=None, rows=None, method="fastest"):
    training = MemberTraining(which or architecture(), recipe, Problem(3), method)
    group = GroupTraining(training, GroupPlan(1, 2), data or pool())
    return group.run(members() if rows is None else rows)


def differs(a, b):
    return any(np.any(x != y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def test_an_epoch_of_several_passes_visits_every_example_as_often_each_in_a_new_order():
    training = MemberTraining(architecture(), dataclasses.replace(RECIPE, passes=3), Problem(3))
    one = jax.tree.map(lambda x: x[0], members(1))
    key = member_keys(one.seed).batch_order
    data = pool()

    def drawn(training, epoch):
        return jax.jit(lambda epoch: training.batches(one, epoch, data, key=key))(epoch)

    batches, weights = drawn(training, 1)
    assert batches.shape == (9, 8)
    passes = np.asarray(batches).reshape(3, 24)[:, :21]
    assert np.asarray(weights).sum() == 63
    for order in passes:
        np.testing.assert_array_equal(np.sort(order), np.sort(one.train))
    assert len({tuple(order) for order in passes.tolist()}) == 3
    plain = MemberTraining(architecture(), RECIPE, Problem(3))
    np.testing.assert_array_equal(drawn(plain, 3)[0], batches[:3])


@pytest.mark.slow
def test_noise_in_training_is_fresh_and_none_is_none():
    silent, faint, noisy = (
        train(dataclasses.replace(RECIPE, input_noise=noise), method="scan").parameters
        for noise in (0.0, 1e-7, 0.1)
    )
    assert differs(silent, noisy)
    for a, b in zip(jax.tree.leaves(faint), jax.tree.leaves(silent), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-2, atol=1e-3)


@pytest.mark.usefixtures("x64")
def test_a_constant_schedule_is_adamw_at_one_rate():
    recipe = dataclasses.replace(
        RECIPE, schedule="constant", momentum="constant", clip_norm=float("inf")
    )
    training = MemberTraining(architecture(), recipe, Problem(3))
    member = jax.tree.map(lambda x: x[0], members(1))
    member = member._replace(
        hyperparameters=member.hyperparameters._replace(weight_decay=np.float32(0.1))
    )
    rate, decay = (float(x) for x in member.hyperparameters[:2])
    oracle = optax.adamw(rate, weight_decay=decay)
    rng = np.random.default_rng(1)
    parameters = {"a": jnp.asarray(rng.normal(size=3)), "b": jnp.asarray(rng.normal(size=(2, 2)))}

    def our_optimizer(step):
        return adamw_at(training.configuration, member.hyperparameters, step, 4)

    @jax.jit
    def updated(step, gradient, ours, theirs):
        found = []
        for optimizer, (values, state) in ((our_optimizer(step), ours), (oracle, theirs)):
            change, state = optimizer.update(gradient, state, values)
            found.append((optax.apply_updates(values, change), state))
        return found

    ours = (parameters, our_optimizer(jnp.array(0)).init(parameters))
    theirs = (parameters, oracle.init(parameters))
    for step in range(4):
        gradient = jax.tree.map(lambda x: jnp.asarray(9 * rng.normal(size=x.shape)), parameters)
        ours, theirs = updated(step, gradient, ours, theirs)
    for a, b in zip(jax.tree.leaves(ours[0]), jax.tree.leaves(theirs[0]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.slow
def test_double_precision_starts_from_the_same_network():
    member = jax.tree.map(lambda x: x[0], members(1))
    single = MemberTraining(architecture(), RECIPE, Problem(3)).initial_state(member)
    with jax.enable_x64(True):
        training = MemberTraining(architecture(), RECIPE, Problem(3))
        double = training.initial_state(member)
        orders = training.batches(
            member, jnp.array(0), pool(), key=member_keys(member.seed).batch_order
        )
        after = train()
    for a, b in zip(
        jax.tree.leaves(single.parameters), jax.tree.leaves(double.parameters), strict=True
    ):
        assert b.dtype == np.float64
        np.testing.assert_array_equal(a, b.astype(np.float32))
    plain = MemberTraining(architecture(), RECIPE, Problem(3))
    own = plain.batches(member, jnp.array(0), pool(), key=member_keys(member.seed).batch_order)
    np.testing.assert_array_equal(own[0], orders[0])
    assert {x.dtype for x in jax.tree.leaves(after.parameters)} == {np.dtype("float64")}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fastest", "scan"])
def test_members_with_ladders_of_their_own_are_the_networks_of_those_ladders(method):
    rhythms = member_rhythms(LADDERS, pole_radius=0.99)
    together = train(rows=members()._replace(rhythms=rhythms), method=method)
    for place, ladder in enumerate(LADDERS):
        alone = train(which=architecture(ladder), method=method)
        for a, b in zip(
            jax.tree.leaves(together.parameters), jax.tree.leaves(alone.parameters), strict=True
        ):
            np.testing.assert_array_equal(a[place], b[place])


def test_the_rhythms_of_a_member_are_fixed_and_tabulated_where_they_may_be():
    rhythms = member_rhythms(LADDERS, pole_radius=0.99)
    assert member_motions(rhythms, TIME).cosine.shape == (2, 2, TIME + 1)
    assert rings_freely(rhythms.nodes)
    assert not rings_freely(member_rhythms(LADDERS, pole_radius=0.99, poles="real").nodes)
    fixed = MemberTraining(architecture(), RECIPE, Problem(3)).fixed_part()
    assert not any(jax.tree.leaves(trainable(fixed)))


@pytest.mark.slow
def test_rhythms_that_do_not_fit_are_refused_in_one_line():
    short = member_rhythms(((20.0,), (30.0,)))
    cases = {
        "rhythms are of 1 nodes; this network has 2": (architecture(), short),
        "make a network of each": (
            architecture(recurrence=False),
            member_rhythms(LADDERS),
        ),
    }
    for message, (which, rhythms) in cases.items():
        with pytest.raises(ValueError, match=message) as caught:
            train(which=which, rows=members()._replace(rhythms=rhythms))
        # JAX adds lines of its own behind a rule.
        assert "\n" not in str(caught.value).split("\n---")[0]
    for ladders, message in (((), "ladders is empty"), (((2.0,), (2.0, 3.0)), "differ in length")):
        with pytest.raises(ValueError, match=message):
            member_rhythms(ladders)


@pytest.mark.slow
def test_what_a_layer_draws_and_does_not_train_is_of_the_seed_not_of_the_group():

    options = (("heterogeneous", True),)
    horn = NetworkSpec("horn", 3, options=options, name="horn", **LAST)
    training = MemberTraining(horn, RECIPE, Problem(3))
    fixed = jax.vmap(training.fixed_part)(members())
    assert np.all(np.ptp(fixed.cell.angular_frequency.values, axis=0) > 0)
    own = horn.build(1, 3, key=member_keys(np.int32(1)).start_values).cell
    np.testing.assert_array_equal(
        fixed.cell.angular_frequency.values[1], own.angular_frequency.values
    )
