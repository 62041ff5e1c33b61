"""Every row that is kept with the code is found under the name that its condition has today.

A row that was not found would be trained again: the names are what a change of code may not touch.
"""

import importlib
import json
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import experiments
from experiments.compare.questions import QUESTIONS
from experiments.compare.smallest import EXPERIMENT as SMALLEST
from experiments.compare.spike_chunks import Chunk
from experiments.compare.spike_trains import EXPERIMENT as SPIKE_TRAINS
from experiments.members import MemberStore, train_members
from experiments.members.condition import Condition, Wanted
from experiments.mnist.configuration import PRESETS
from experiments.mnist.members import conditions_of
from experiments.stages import Stages
from rhythmic import data
from rhythmic.data import Digits
from rhythmic.networks import published
from rhythmic.training.search import Setting

RESULTS = Path(experiments.__file__).parent / "results"
FILES = [RESULTS / "mnist.jsonl", *sorted((RESULTS / "compare").glob("*.jsonl"))]
MNIST = Digits(  # without its pixels, which no name depends on but by their hash
    "mnist",
    np.broadcast_to(np.uint8(0), (70_000, 784)),
    (np.arange(70_000) % 10).astype(np.uint8),
    "8de4a522e92b50f27fb41d1edbb90f9aa2599277c30e298a3999a4f536c7d2e9",
)
LATER = {"schedule": "one_cycle", "input_noise": 0.0, "passes": 1}
RECIPE = (
    *("epochs", "batch_size", "rising_share", "momentum", "clip_norm"),
    *("schedule", "input_noise", "passes"),
)
OF_CHUNKS = ("spike_trains.jsonl", "smallest.jsonl")  # found by what the whole question asks for


@cache
def conditions_by_name(preset: str) -> dict[str, list[Condition]]:
    """Return the conditions of all questions and of the table, by label and by architecture."""
    found = defaultdict(list)
    for name in QUESTIONS:
        question = importlib.import_module(f"experiments.compare.{name}").EXPERIMENT.measure
        question = question.__self__
        for one in question.conditions(question.presets[preset]):
            for condition in (one, *one.tuned_on):
                found[condition.label].append(condition)
                found[condition.architecture.name].append(condition)
    for condition in conditions_of(PRESETS["paper"], MNIST).values():
        found[condition.architecture.name].append(condition)
    return found


def names_of(row: dict, preset: str) -> Iterator[str]:
    """Yield the names that a row may have: by its label, or by another of the same network."""
    setting = Setting(row["learning_rate"], row["weight_decay"], row["label_smoothing"])
    tested = row.get("test_accuracy") is not None
    recipe = LATER | {key: row[key] for key in RECIPE if key in row}
    if recipe["clip_norm"] is None:
        recipe["clip_norm"] = math.inf
    known = conditions_by_name(preset)
    for one in (*known[row.get("label", "")], *known[row["architecture"]]):
        condition = replace(one, training=replace(one.training, **recipe))
        yield Wanted(condition, setting, row["seed"], tested).name()


def is_found(row: dict) -> bool:
    """Tell whether the name of a row is that of one of its conditions."""
    return any(row["member"] in names_of(row, preset) for preset in ("full", "accelerator"))


def is_chunk(row: dict) -> bool:
    """Tell whether a row is named by the networks on spike trains that it holds."""
    setting = Setting(row["learning_rate"], row["weight_decay"], row["label_smoothing"])
    task = SPIKE_TRAINS.presets["full"].task()
    tested = row.get("test_accuracy") is not None
    network = published()[row["architecture"]]
    return row["member"] == Chunk(task, network, setting, tuple(row["seeds"]), tested).name()


class Asked(MemberStore):
    """A store that is read alone, and keeps in mind what was asked for."""

    def __init__(self, folder: Path, shared: Path):
        super().__init__(folder / "members.jsonl", shared, read_only=True)
        self.asked: set[str] = set()

    def find(self, wanted):
        self.asked.add(wanted.name())
        return super().find(wanted)

    def add(self, rows):
        raise AssertionError(f"{[row['label'] for row in rows]} is not found")


@pytest.fixture(autouse=True)
def no_pixels(monkeypatch):
    monkeypatch.setattr(data, "load", lambda name, **options: MNIST)
    monkeypatch.setattr("experiments.compare.options.in_order", lambda images, order: images)


def unfound(file: Path, tmp_path: Path) -> list[str]:
    """Return the rows of a file that nothing asks for by their name."""
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    asked: set[str] = set()
    for experiment in (SMALLEST, SPIKE_TRAINS) if file.name in OF_CHUNKS else ():
        question = experiment.measure.__self__
        options = question.presets["full"]
        if options.results == file:
            store = Asked(tmp_path, file)
            known = train_members(store, question.conditions(options), tmp_path)
            question.further(options, known, Stages(tmp_path / "stages" / "commit"), store)
            asked = store.asked
    found = [
        row["member"] in asked or (is_chunk(row) if "seeds" in row else is_found(row))
        for row in rows
    ]
    named = [f"{row.get('label', row.get('architecture'))}, {row['member']}" for row in rows]
    return [name for name, one in zip(named, found, strict=True) if not one]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_row_is_found_by_its_name(file, tmp_path):
    assert file.stat().st_size
    assert unfound(file, tmp_path) == []


def test_a_row_of_another_setting_is_another():
    row = json.loads((RESULTS / "compare" / "horn.jsonl").read_text().splitlines()[0])
    assert row["member"] in names_of(row, "full")
    for key, value in (("learning_rate", 0.5), ("seed", 999), ("epochs", 29)):
        assert row["member"] not in names_of(row | {key: value}, "full")
