"""Finished members are known by what determines them, and kept in both files."""

import dataclasses
import json

import numpy as np

from experiments.members import Wanted
from experiments.mnist.configuration import PRESETS
from experiments.mnist.members import MnistStore
from rhythmic.data import Digits
from rhythmic.records import read_rows
from rhythmic.training.search import Setting

DIGITS = Digits("mnist", np.zeros((1, 784), np.uint8), np.zeros(1, np.uint8), "0" * 64)


def store_in(folder, **changes):
    configuration = dataclasses.replace(
        PRESETS["paper"], results=folder / "shared.jsonl", **changes
    )
    return MnistStore(configuration, DIGITS, folder / "run.jsonl")


def member_of(store, **changes):
    given = {"condition": store.conditions["rnn"], "setting": Setting(1e-3), "seed": 123}
    return Wanted(**given | {"tested": False} | changes)


def row_of(member):
    return {
        "member": member.name(),
        "label": member.condition.label,
        "dataset": "mnist",
        "architecture": member.condition.architecture.name,
        "seed": member.seed,
        **dataclasses.asdict(member.setting),
        "validation_accuracy": 0.5,
        "seconds": 1.0,
        "history": {"train_loss": [1.0]},
    }


def test_the_whole_protocol_fits_in_a_mebibyte(tmp_path):
    store = store_in(tmp_path)
    rng = np.random.default_rng(3)
    history = {name: rng.random(30).round(5).tolist() for name in "abcd"}
    scalars = {f"some_field_{i}": float(x) for i, x in enumerate(rng.random(22).round(9))}
    row = row_of(member_of(store)) | scalars | {"history": history, "data": "0" * 64}
    tested = row | {
        "test_accuracy": 0.5,
        "confusion": rng.integers(0, 1000, (10, 10)).tolist(),
        "class_features": rng.random((10, 11)).round(5).tolist(),
        "parameters": rng.random(298).astype(np.float32).tolist(),
        "statistics": rng.random(22).astype(np.float32).tolist(),
    }
    store.share([row, tested])
    small, large = (len(json.dumps(kept)) for kept in read_rows(tmp_path / "shared.jsonl"))
    assert "history" not in read_rows(tmp_path / "shared.jsonl")[0]
    assert 378 * small + 70 * large < 2**20
