"""A run folder that is removed ends every question at its next row, and is not made again."""

import dataclasses
import shutil
import sys
from typing import NamedTuple

import numpy as np
import pytest

from experiments.compare import smallest_search, synthetic
from experiments.compare.synthetic import EXPERIMENT, PRESETS
from experiments.folders import FolderGoneError, watching
from experiments.members import MemberStore, Pool, train_members
from experiments.stages import Stages
from rhythmic.training import Data


def complete(store):
    store.complete([Part("a"), Part("b")], lambda part: computing(part), "part", title=str)


def computing(part):
    raise AssertionError("replaced by the test")


class Part(NamedTuple):
    known: str

    def name(self):
        return self.known


def plain_baselines(store):
    pool = Pool("noise", "0" * 64, Data(np.zeros((2, 784)), np.zeros(2)), lambda seed: None)
    smallest_search.plain_baselines(store, pool, (100,), (1, 2), None)


@pytest.mark.parametrize(
    ("place", "name", "compute"),
    [
        (sys.modules[__name__], "computing", complete),
        (smallest_search, "row_of", plain_baselines),
    ],
)
def test_no_row_is_computed_after_the_one_that_finds_it_gone(
    tmp_path, monkeypatch, place, name, compute
):
    folder, computed = tmp_path / "run", []

    def removing(*given):
        computed.append(given)
        shutil.rmtree(folder)
        return {"member": "a"}

    monkeypatch.setattr(place, name, removing)
    with watching(folder) as check, pytest.raises(FolderGoneError, match="was removed"):
        compute(MemberStore(folder / "members.jsonl", check=check))
    assert len(computed) == 1
    assert not folder.exists()


def test_a_question_gives_its_store_the_check(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    monkeypatch.setattr(synthetic, "train_part", lambda part: shutil.rmtree(folder) or {})
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
