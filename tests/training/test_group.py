"""Members side by side: each one's result is its own, survives a stop, and spreads over devices."""

import os
import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.training import GroupPlan, GroupTraining, MemberTraining, plan_groups
from rhythmic.training.problem import Problem
from tests.training.small import CONFIGURATION, RRN, TRAINING, members, pool


def row(tree, index):
    return jax.tree.map(lambda x: np.asarray(x)[index], tree)


def assert_same_bits(found, expected):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


@pytest.fixture(scope="module")
def group():
    """One compiled program for groups of three on one device."""
    return GroupTraining(TRAINING, GroupPlan(num_devices=1, members_per_device=3), pool())


THREE = ((1, 0.05), (2, 0.02), (1, 0.01))
OTHER = ((91, 0.01), *THREE[1:])


@pytest.fixture(scope="module")
def finished(group):
    return group.run(members(*THREE))


def test_a_compiled_group_runs_where_compilation_is_off(group, finished):
    with jax.disable_jit():
        assert_same_bits(group.run(members(*THREE)), finished)


def test_a_member_does_not_know_its_neighbours_nor_its_place(group, finished):
    alone = group.run(members(THREE[1]))
    assert len(alone.epoch) == 1
    assert_same_bits(row(alone, 0), row(finished, 1))
    moved = group.run(members((3, 0.03), THREE[0], THREE[1]))
    assert_same_bits(row(moved, 2), row(finished, 1))
    assert_same_bits(row(moved, 1), row(finished, 0))


def test_a_group_is_each_member_trained_by_itself(finished):
    data = jax.tree.map(jnp.asarray, pool())
    run = jax.jit(TRAINING.run)
    for place in (0, 1):
        alone = run(row(members(*THREE), place), data)
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5),
            alone,
            row(finished, place),
        )


def test_a_failed_member_is_marked_and_touches_no_other(group, finished):
    reports = []
    state = group.run(members(THREE[0], (2, 1e30), THREE[2]), on_epoch=reports.append)
    # The first update is finite and takes the parameters out of float32's reach.
    np.testing.assert_array_equal(state.failed_at_step, [-1, 1, -1])
    np.testing.assert_array_equal(reports[0].state.failed_at_step, [-1, 1, -1])
    for healthy in (0, 2):
        assert_same_bits(row(state, healthy), row(finished, healthy))
    assert not np.all(np.isfinite(state.parameters.readout.weight[1]))
    # It never validated: the parameters kept are the start values, and finite.
    assert state.best.epoch[1] == -1
    start = TRAINING.initial_state(row(members((2, 1e30)), 0)).parameters
    for kept, first in zip(
        jax.tree.leaves(row(state.best.parameters, 1)), jax.tree.leaves(start), strict=True
    ):
        np.testing.assert_allclose(kept, first, rtol=1e-6)


def test_reports_of_every_epoch_stay_as_they_were(group, finished):
    reports, copies = [], []

    def note(report):
        reports.append(report)
        copies.append(jax.tree.map(np.copy, report.state))

    state = group.run(members(*THREE), on_epoch=note)
    assert [report.epoch for report in reports] == [0, 1, 2]
    assert all(np.all(r.state.epoch == r.epoch + 1) for r in reports)
    assert all(report.seconds > 0 for report in reports)
    assert all(report.compile_seconds == 0 for report in reports)
    for report, copied in zip(reports, copies, strict=True):
        assert_same_bits(report.state, copied)
    assert_same_bits(reports[-1].state, state)
    assert_same_bits(state, finished)
    assert np.any(reports[0].state.history.train_loss[:, 0] > 0)


class Stop(Exception):
    """Stands for whatever ends a run."""


def stop_after(last):
    def on_epoch(report):
        if report.epoch == last:
            raise Stop

    return on_epoch


@pytest.mark.parametrize("last", [0, 1, 2])
def test_a_stopped_run_goes_on_bit_for_bit(group, finished, tmp_path, last):
    path = tmp_path / "checkpoints" / "group.eqx"
    with pytest.raises(Stop):
        group.run(members(*THREE), on_epoch=stop_after(last), checkpoint=path)
    resumed = []
    state = group.run(
        members(*THREE), on_epoch=lambda report: resumed.append(report.epoch), checkpoint=path
    )
    assert resumed == list(range(last + 1, 3))
    assert_same_bits(state, finished)
    assert [file.name for file in path.parent.iterdir()] == ["group.eqx"]


def test_the_test_record_of_every_member(group, finished):
    together = members(*THREE)
    record = group.test(finished, together)
    assert record.confusion.shape == (3, 3, 3)
    for place in range(3):
        counts = np.bincount(pool().targets[together.test[place]], minlength=3)
        np.testing.assert_array_equal(record.confusion[place].sum(axis=1), counts)
    alone = group.test(row(finished, slice(1, 2)), members(THREE[1]))
    assert_same_bits(row(alone, 0), row(record, 1))


def test_compilation_is_counted_once(group, finished):
    del finished
    before = group.compile_seconds
    assert before > 0
    group.run(members((9, 0.01)))
    assert group.compile_seconds == before


TWO_DEVICES = """
    import jax
    jax.config.update("jax_num_cpu_devices", 2)
    import numpy as np
    from rhythmic.networks import rhythmic_network
    from rhythmic.training import (
        Data, GroupPlan, GroupTraining, Hyperparameters, Members, MemberTraining,
        TrainingConfiguration,
    )
    from rhythmic.training.problem import Problem

    assert len(jax.devices()) == 2
    rng = np.random.default_rng(5)
    data = Data(
        rng.integers(0, 256, (20, 6)).astype(np.uint8), (np.arange(20) % 2).astype(np.int32)
    )
    order = np.stack([rng.permutation(20) for _ in range(2)]).astype(np.int32)
    settings = Hyperparameters(
        *(np.array(x, np.float32) for x in ((0.05, 0.02), (0.0, 0.1), (0.0, 0.1)))
    )
    members = Members(np.array([1, 2], np.int32), settings, *np.split(order, (10, 15), axis=1))
    training = MemberTraining(
        rhythmic_network((20.0, 90.0), pole_radius=0.9, recurrence=False, name="rrn"),
        TrainingConfiguration(epochs=2, batch_size=5, rising_share=0.5),
        problem=Problem(2),
    )
    spread = GroupTraining(training, GroupPlan(num_devices=2, members_per_device=1), data)
    single = GroupTraining(training, GroupPlan(num_devices=1, members_per_device=2), data)
    placed = spread.place(members).seed
    assert {shard.device.id: shard.data.tolist() for shard in placed.addressable_shards} == {
        0: [1], 1: [2]
    }
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
        spread.run(members),
        single.run(members),
    )
    print("same")
"""


@pytest.mark.slow
def test_two_devices_give_what_one_gives():
    environment = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    environment["JAX_PLATFORMS"] = "cpu"
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(TWO_DEVICES)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.strip() == "same", found.stderr


def time_of(counts, size, members_per_device, overhead):
    """Time, in members, of cutting each batch of members into groups of ``size``, one by one."""
    time = 0.0
    for count in counts:
        while count > 0:
            time, count = time + members_per_device + overhead, count - size
    return time


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    counts=st.lists(st.integers(0, 60), min_size=1, max_size=3),
    num_devices=st.integers(1, 4),
    largest=st.integers(1, 12),
    overhead=st.sampled_from([0.0, 0.25, 0.5, 100.0]),
)
def test_a_plan_takes_least_time_and_is_large_among_equals(counts, num_devices, largest, overhead):
    plan = plan_groups(counts, num_devices, largest, overhead)
    assert plan.num_devices == num_devices
    assert 1 <= plan.members_per_device <= largest
    assert plan.size == num_devices * plan.members_per_device
    found = time_of(counts, plan.size, plan.members_per_device, overhead)
    for members_per_device in range(1, largest + 1):
        size = num_devices * members_per_device
        other = time_of(counts, size, members_per_device, overhead)
        assert other > found - 1e-4
        assert abs(other - found) > 1e-5 or members_per_device <= plan.members_per_device


def test_a_checkpoint_of_other_members_is_set_aside(group, tmp_path):
    group.run(members(*THREE), checkpoint=tmp_path / "state")
    expected = group.run(members(*OTHER))
    found = group.run(members(*OTHER), checkpoint=tmp_path / "state")
    np.testing.assert_array_equal(found.history.train_loss, expected.history.train_loss)
    assert (tmp_path / "damaged" / "state").exists()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda d: d._replace(inputs=d.inputs.astype(np.int64)), "data.inputs is int64"),
        (lambda d: d._replace(inputs=d.inputs[:, :, None, None]), "data.inputs is uint8"),
        (lambda d: d._replace(targets=d.targets[1:]), "data.targets has shape"),
        (
            lambda d: d._replace(targets=d.targets + 1),
            "data.targets holds 3; it must lie in",
        ),
        (lambda d: d._replace(targets=d.targets * np.nan), "data.targets is of type float64"),
        (lambda d: d._replace(targets=d.targets > 1), "data.targets is of type bool"),
    ],
)
def test_data_that_do_not_fit_are_named(data, message):
    with pytest.raises(ValueError, match=message):
        GroupTraining(TRAINING, GroupPlan(1, 1), data(pool()))


def test_an_index_outside_the_pool_is_named_and_gives_nan_where_it_is_traced(group, finished):
    asked = members(*THREE)
    for name, index in (("train", 39), ("validation", -1), ("test", 2**31 - 1)):
        wrong = asked._replace(**{name: np.full_like(getattr(asked, name), index)})
        message = f"^members.{name} holds {index}; it must lie in 0 to 38, as there are 39 examples"
        for read in (group.run, lambda wrong: group.test(finished, wrong)):
            with pytest.raises(ValueError, match=message):
                read(wrong)
        with pytest.raises(ValueError, match=message):
            TRAINING.run(row(wrong, 0), pool())
    placed, data = group.place_members(asked), pool()
    wrong = (placed[0]._replace(validation=placed[0].validation + 39), None)
    started = group.call("initial_state", placed, None)
    state = group.call("train_epoch", started, wrong, group.shared)
    assert np.isnan(state.history.validation_score[:, 0]).all()
    assert np.isfinite(state.history.train_score[:, 0]).all()
    assert np.array_equal(state.best.epoch, [-1, -1, -1])
    other = MemberTraining(RRN, CONFIGURATION, problem=Problem(2))
    with pytest.raises(ValueError, match=r"^data\.targets holds 2; it must lie in 0 to 1"):
        other.test(row(finished, 0), row(asked, 0), data)


def test_every_array_has_a_row_for_every_member(group, finished):
    short = members(*THREE)._replace(rhythms=(np.zeros((2, 4)), None))
    with pytest.raises(ValueError, match=r"^members\.rhythms has 2 rows; expected 3$"):
        group.place(short)
    with pytest.raises(ValueError, match=r"^members\.test has 1 rows; expected 3$"):
        group.run(short._replace(rhythms=None, test=short.test[:1]))
    with pytest.raises(ValueError, match=r"^state\.\w+ has 2 rows; expected 3$"):
        group.test(row(finished, slice(2)), members(*THREE))
