"""Recipes and members: what is refused, in one line, and how members are gathered."""

import dataclasses
import re

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhythmic.data.dataset import Split
from rhythmic.networks import MEAN, NetworkSpec
from rhythmic.training import (
    Data,
    GroupPlan,
    GroupTraining,
    MemberTraining,
    TrainingConfiguration,
    make_members,
)
from rhythmic.training.configuration import member_keys
from rhythmic.training.problem import Problem

OUT_OF_RANGE = {
    "epochs": (0, -3),
    "batch_size": (1, 0),
    "rising_share": (0.0, 1.0, float("nan")),
    "momentum": ("cyclic", ""),
    "clip_norm": (0.0, -1.0, float("nan")),
    "evaluation_batch_size": (0, -1),
    "schedule": ("cosine", ""),
    "input_noise": (-0.1, float("inf"), float("nan")),
    "passes": (0, -1),
    "loss": ("mae", ""),
    "patience": (0, -1),
    "piece_length": (0, -2),
}


def test_every_field_has_a_range():
    of_kind = {"score", "class_weights", "optimizer"}  # whose range depends on the data
    names = {field.name for field in dataclasses.fields(TrainingConfiguration)}
    assert set(OUT_OF_RANGE) == names - of_kind


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in OUT_OF_RANGE.items() for value in values]
)
def test_a_field_out_of_range_is_named(name, value):
    with pytest.raises(ValueError, match=rf"^{name} is {value!r}; ") as caught:
        TrainingConfiguration(**{name: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("num_train", "expected"), [(2, 1), (7, 1), (8, 1), (10, 2), (16, 2)])
def test_short_batches_count(num_train, expected):
    assert TrainingConfiguration(batch_size=8).num_batches(num_train) == expected


@pytest.mark.parametrize("num_train", [1, 9, 17])
def test_a_last_batch_of_one_is_refused(num_train):
    with pytest.raises(ValueError, match=f"^batch_size is 8; .* one of {num_train} ") as caught:
        TrainingConfiguration(batch_size=8).num_batches(num_train)
    assert "\n" not in str(caught.value)


@given(
    share=st.floats(1e-9, 1.0, exclude_max=True)
    | st.integers(2, 10**6).map(lambda n: 1 / n)
    | st.integers(2, 10**6).map(lambda n: 1 - 1 / n)
    | st.sampled_from((0.15, np.nextafter(1.0, 0.0), np.nextafter(0.5, 1.0)))
)
def test_the_message_says_how_many_updates_are_enough(share):
    one = TrainingConfiguration(epochs=1, rising_share=share)
    with pytest.raises(ValueError, match="updates in all are too few") as caught:
        one.num_steps(one.batch_size)  # a single update is never enough
    needed = int(re.search(r"needs (\d+):", str(caught.value))[1])
    # The peak stands after the first update and before the last, as the schedule rounds it.
    assert 0.0 < share * needed - 1 < needed - 1
    assert share * (needed - 1) - 1 <= 0.0
    enough = dataclasses.replace(one, epochs=needed)
    assert enough.num_steps(one.batch_size) == needed
    if needed > 2:
        short = dataclasses.replace(one, epochs=needed - 1)
        with pytest.raises(ValueError, match=f"which needs {needed}: give more epochs"):
            short.num_steps(one.batch_size)


def test_a_constant_rate_needs_one_update():
    constant = TrainingConfiguration(epochs=1, schedule="constant", momentum="constant")
    assert constant.num_steps(16) == 1


def split(seed):
    order = np.random.default_rng(seed).permutation(12).astype(np.int64)
    return Split(order[:6], order[6:9], order[9:])


VALUES = {
    "seeds": (4, 9, 4),
    "learning_rate": (0.01, 0.02, 0.03),
    "weight_decay": (0.0, 0.1, 0.2),
    "label_smoothing": (0.0, 0.05, 0.5),
}


def test_members_hold_their_own_seed_and_settings():
    asked = []
    members = make_members(lambda seed: (asked.append(seed), split(seed))[1], **VALUES)
    assert sorted(asked) == [4, 9]
    np.testing.assert_array_equal(members.seed, VALUES["seeds"])
    for name, values in list(VALUES.items())[1:]:
        found = getattr(members.hyperparameters, name)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, np.float32(values))
    for row, seed in enumerate(VALUES["seeds"]):
        for part in ("train", "validation", "test"):
            found = getattr(members, part)
            assert found.dtype == np.int32
            np.testing.assert_array_equal(found[row], getattr(split(seed), part))


BAD_MEMBERS = [
    ("seeds is empty", dict.fromkeys(VALUES, ())),
    ("seeds holds -1", {"seeds": (4, -1, 4)}),
    ("seeds holds 2147483648", {"seeds": (4, 9, 2**31)}),
    ("learning_rate has 2 values for 3 seeds", {"learning_rate": (0.1, 0.1)}),
    ("weight_decay has 4 values for 3 seeds", {"weight_decay": (0.1,) * 4}),
    ("label_smoothing has 0 values for 3 seeds", {"label_smoothing": ()}),
    ("learning_rate is 0.0", {"learning_rate": (0.1, 0.0, 0.1)}),
    ("learning_rate is inf", {"learning_rate": (0.1, float("inf"), 0.1)}),
    ("learning_rate is nan", {"learning_rate": (float("nan"), 0.1, 0.1)}),
    ("learning_rate is 1e-40", {"learning_rate": (0.1, 1e-40, 0.1)}),
    ("learning_rate is 1e.39", {"learning_rate": (0.1, 1e39, 0.1)}),
    ("weight_decay is -0.1", {"weight_decay": (0.0, 0.0, -0.1)}),
    ("weight_decay is inf", {"weight_decay": (0.0, 0.0, float("inf"))}),
    ("label_smoothing is 1.0", {"label_smoothing": (0.0, 1.0, 0.0)}),
    ("label_smoothing is 0.999999999", {"label_smoothing": (0.0, 0.999999999, 0.0)}),
    ("label_smoothing is -0.5", {"label_smoothing": (0.0, -0.5, 0.0)}),
]


@pytest.mark.parametrize(("message", "changed"), BAD_MEMBERS, ids=[row[0] for row in BAD_MEMBERS])
def test_bad_members_are_named(message, changed):
    with pytest.raises(ValueError, match=f"^{message}") as caught:
        make_members(split, **(VALUES | changed))
    assert "\n" not in str(caught.value)


BAD_SPLITS = [
    (lambda seed: split(seed)._replace(test=split(seed).train[:3]), "train of the split holds "),
    (lambda seed: split(seed)._replace(train=split(seed).train + 0.5), "train of the split is of "),
    (lambda seed: split(seed)._replace(train=split(seed).train + 2**32), "train of the split hold"),
    (lambda seed: split(seed)._replace(train=split(seed).train[seed:]), "train of the split has 0"),
    (lambda seed: split(seed)._replace(validation=np.arange(0)), "validation of the split is emp"),
]


@pytest.mark.parametrize(("divide", "message"), BAD_SPLITS, ids=[row[1] for row in BAD_SPLITS])
def test_bad_splits_are_named(divide, message):
    with pytest.raises(ValueError, match=f"^{message}") as caught:
        make_members(divide, **VALUES)
    assert "\n" not in str(caught.value)


def test_the_streams_of_a_seed_differ_from_one_another_and_from_other_seeds():
    seeds = [np.int32(seed) for seed in (0, 1, 123, 2**31 - 1)]
    data = {
        tuple(np.ravel(jax.random.key_data(key)).tolist())
        for seed in seeds
        for key in member_keys(seed)
    }
    assert len(data) == 24
    again = [jax.random.key_data(key) for key in member_keys(seeds[2])]
    np.testing.assert_array_equal(
        again, [jax.random.key_data(key) for key in member_keys(np.int32(123))]
    )


def test_a_constant_rate_has_no_momentum_to_cycle():
    with pytest.raises(ValueError, match="momentum is 'cycled'; a constant schedule needs"):
        TrainingConfiguration(schedule="constant")


def test_a_network_that_no_memory_holds_is_refused_before_it_is_drawn():
    million = NetworkSpec("rnn", 10**6, name="million", **MEAN)
    training = MemberTraining(million, TrainingConfiguration(epochs=1), problem=Problem(2))
    pool = Data(np.zeros((12, 4), np.uint8), np.zeros(12, np.int32))
    message = r"^million needs 160\d\d\.\d GB for one network, its optimiser included; it must fit"
    with pytest.raises(ValueError, match=message):
        GroupTraining(training, GroupPlan(1, 1), pool)
