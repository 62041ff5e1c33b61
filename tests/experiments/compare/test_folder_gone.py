"""A run folder that is removed ends every question at its next row, and is not made again."""

import dataclasses
import shutil

import numpy as np
import pytest

from experiments.compare import smallest_plain, spike_chunks, spike_plain, synthetic_networks
from experiments.compare.synthetic import EXPERIMENT, PRESETS
from experiments.compare.synthetic_networks import parts_of
from experiments.folders import FolderGoneError, watching
from experiments.members import MemberStore, Pool, train_members
from experiments.stages import Stages
from rhythmic.data import SpikeTrains
from rhythmic.networks import published
from rhythmic.training import Data, TrainingConfiguration
from rhythmic.training.search import Setting


def train_parts(store):
    synthetic_networks.train_parts(store, parts_of(PRESETS["smoke"]))


def train_chunks(store):
    task = spike_chunks.SpikeTask(SpikeTrains(), TrainingConfiguration(epochs=1))
    spike_chunks.train_chunks(
        store,
        task,
        [published()["rrn-golden"]],
        published=Setting(0.003),
        settings=[Setting(0.003)],
        chunks=[(1,), (2,)],
        tuning_chunks=[(11,)],
    )


def read_chunks(store):
    spike_plain.read_chunks(store, SpikeTrains(), {}, [(1,)])


def plain_baselines(store):
    pool = Pool("noise", "0" * 64, Data(np.zeros((2, 784)), np.zeros(2)), lambda seed: None)
    smallest_plain.plain_baselines(store, pool, (100,), (1, 2), None)


@pytest.mark.parametrize(
    ("place", "name", "compute"),
    [
        (synthetic_networks, "train_part", train_parts),
        (spike_chunks.Worker, "train_chunk", train_chunks),
        (spike_plain, "row_of", read_chunks),
        (smallest_plain, "row_of", plain_baselines),
    ],
)
def test_no_row_is_computed_after_the_one_that_finds_it_gone(
    tmp_path, monkeypatch, place, name, compute
):
    folder, computed = tmp_path / "run", []

    def removing(*given):
        computed.append(given)
        shutil.rmtree(folder)
        return {"member": "a", "validation_accuracy": [0.5]}

    monkeypatch.setattr(place, name, removing)
    monkeypatch.setattr(spike_chunks.Worker, "group_for", lambda *given: None)
    with watching(folder) as check, pytest.raises(FolderGoneError, match="was removed"):
        compute(MemberStore(folder / "members.jsonl", check=check))
    assert len(computed) == 1
    assert not folder.exists()


def test_a_question_gives_its_store_the_check(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    monkeypatch.setattr(synthetic_networks, "train_part", lambda part: shutil.rmtree(folder) or {})
    stages = Stages(folder / "stages" / "commit")
    options = dataclasses.replace(PRESETS["smoke"], results=None)
    with watching(folder) as stages.check, pytest.raises(FolderGoneError):
        EXPERIMENT.measure(options, stages)
    assert not folder.exists()


def test_training_further_networks_does_not_make_it_again(tmp_path):
    folder = tmp_path / "run"
    with watching(folder) as check:
        store = MemberStore(folder / "members.jsonl", check=check)
        shutil.rmtree(folder)
        with pytest.raises(FolderGoneError):
            train_members(store, [], folder)
    assert not folder.exists()
