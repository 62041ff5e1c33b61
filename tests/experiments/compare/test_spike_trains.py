"""Spike trains: chunks of one program are what their networks are alone, tuning, plain readings."""

import jax
import numpy as np
import pytest

from experiments.compare.spike_chunks import (
    COUNT,
    IDEAL,
    SpikeTask,
    Worker,
    read_chunks,
    train_chunks,
)
from experiments.compare.spike_trains import CLAIMS, COMPARED, FIRST_TUNING_SEED, PRESETS, spread
from experiments.members import MemberStore
from rhythmic.data import SpikeTrains
from rhythmic.data.spikes import spike_pool
from rhythmic.networks import published
from rhythmic.records import read_rows
from rhythmic.training import (
    Data,
    GroupPlan,
    GroupTraining,
    MemberTraining,
    TrainingConfiguration,
    make_members,
)
from rhythmic.training.problem import Problem
from rhythmic.training.search import Setting

FEW = SpikeTrains(train_size=64, validation_size=20, test_size=20)
TASK = SpikeTask(FEW, TrainingConfiguration(epochs=2, batch_size=16))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_made_of_whole_chunks_apart_from_those_of_tuning(name):
    options = PRESETS[name]
    tested = options.chunks(1, options.num_seeds)
    tuning = options.chunks(FIRST_TUNING_SEED, options.num_tuning_seeds)
    seeds = [seed for chunk in tested for seed in chunk]
    assert seeds == list(range(1, options.num_seeds + 1))
    assert {len(chunk) for chunk in (*tested, *tuning)} == {options.chunk_size}
    assert not set(seeds) & {seed for chunk in tuning for seed in chunk}


def test_claims_of_rivals_alone_speak_of_rhythm():
    speaking = {claim.name for claim in CLAIMS if claim.rhythm == "helps"}
    assert speaking == {f"spikes-{x}" for x in ("rnn", "lstm", "rnn-mnist", "lstm-mnist")}
    assert {claim.name for claim in CLAIMS if claim.rhythm == "dynamics"} == {"spikes-power"}
    assert len({name for name, *_ in COMPARED}) == len(COMPARED)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two small chunks of the golden network, in a store; the file of its rows."""
    path = tmp_path_factory.mktemp("spikes") / "chunks.jsonl"
    golden = published()["rrn-golden"]
    found = train_chunks(
        MemberStore(path),
        TASK,
        [golden],
        published=Setting(0.003),
        settings=[Setting(0.003), Setting(0.01)],
        chunks=[(1, 2), (3, 4)],
        tuning_chunks=[(11, 12)],
    )
    return path, found["rrn-golden"]


@pytest.mark.slow
def test_a_chunk_is_what_its_members_are_alone(trained):
    _, (given, tuned) = trained
    for rows in (given, tuned):
        assert [row["seeds"] for row in rows] == [[1, 2], [3, 4]]
    pool = spike_pool(FEW, [4])
    training = MemberTraining(published()["rrn-golden"], TASK.training, problem=Problem(2))
    group = GroupTraining(training, GroupPlan(1, 1), Data(pool.trains, pool.labels))
    members = make_members(
        pool.splits.__getitem__,
        seeds=(4,),
        learning_rate=(0.003,),
        weight_decay=(0.0,),
        label_smoothing=(0.0,),
    )
    alone = group.test(group.run(members), members).score[0]
    assert given[1]["test_accuracy"][1] == pytest.approx(float(alone), abs=1e-4)
    seeds = [row["seed"] for row in spread("golden", given)]
    assert seeds == [1, 2, 3, 4]


@pytest.mark.slow
def test_tuning_reads_no_test_trains_and_chooses_what_validates_best(trained):
    path, (_, tuned) = trained
    rows = read_rows(path)
    tuning = {row["learning_rate"]: row for row in rows if row["seeds"] == [11, 12]}
    assert all("test_accuracy" not in row for row in tuning.values())
    means = {rate: np.mean(row["validation_accuracy"]) for rate, row in tuning.items()}
    chosen = {row["learning_rate"] for row in tuned}
    assert len(chosen) == 1
    assert means[chosen.pop()] == max(means.values())


@pytest.mark.slow
def test_one_program_serves_all_chunks():
    worker = Worker(TASK, published()["rrn-golden"])
    pools = [spike_pool(FEW, seeds) for seeds in ((1, 2), (3, 4), (11, 12))]
    assert len({id(worker.group_for(pool)) for pool in pools}) == 1
    np.testing.assert_array_equal(jax.device_get(worker.group.data.targets), pools[-1].labels)


@pytest.mark.slow
def test_plain_readings_are_kept_by_the_chunk(tmp_path):
    recipe = SpikeTrains()
    store = MemberStore(tmp_path / "chunks.jsonl")
    ladders = {"power, golden": (10.0, 20.0, 40.0)}
    found = read_chunks(store, recipe, ladders, [(1,), (2,)])
    assert list(found) == [COUNT, "power, golden", IDEAL]
    means = {name: np.mean([row["test_accuracy"] for row in rows]) for name, rows in found.items()}
    # Both classes have the same mean rate over whole cycles, so a count tells little.
    assert means[COUNT] < means["power, golden"] < means[IDEAL]
    assert means[IDEAL] == pytest.approx(0.753, abs=0.07)
    again = read_chunks(MemberStore(tmp_path / "chunks.jsonl"), recipe, ladders, [(1,), (2,)])
    assert again == found


def test_data_of_another_shape_are_refused():
    pools = [spike_pool(FEW, seeds) for seeds in ((1,), (1, 2))]
    rnn = published()["rnn"]
    training = MemberTraining(rnn, TASK.training, problem=Problem(2))
    first, second = (Data(pool.trains, pool.labels) for pool in pools)
    group = GroupTraining(training, GroupPlan(1, 1), first)
    group.replace_data(first._replace(targets=1 - first.targets))
    np.testing.assert_array_equal(jax.device_get(group.data.targets), 1 - first.targets)
    with pytest.raises(ValueError, match="shapes"):
        group.replace_data(second)
