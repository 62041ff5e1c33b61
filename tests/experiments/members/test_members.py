"""Wanted members: what names them, how they are chosen and trained, and what is kept."""

import dataclasses
import json

import numpy as np
import pytest

from experiments.members import Condition, MemberStore, Pool, Wanted, train_members
from experiments.members import train as module
from experiments.members.identity import recipe_identity
from experiments.members.plans import record_plans, work_left
from experiments.members.store import tuning
from rhythmic.data import Split
from rhythmic.networks import MEAN, NetworkSpec, rhythmic_network
from rhythmic.records import read_rows
from rhythmic.training import Data, GroupPlan, TrainingConfiguration
from rhythmic.training.search import Setting

RECIPE = TrainingConfiguration(epochs=2, batch_size=8, rising_share=0.4)
RRN = rhythmic_network((20.0, 90.0), pole_radius=0.99, name="rrn")
GRU = NetworkSpec("gru", 2, name="gru", **MEAN)
SLOW, FAST = Setting(0.003), Setting(0.03)


def pool():
    images = np.random.default_rng(5).integers(1, 256, (39, 10)).astype(np.uint8)
    images[:, ::2] = 0
    return Pool("made up", "0" * 64, Data(images, (np.arange(39) % 10).astype(np.int32)), split)


def split(seed):
    order = np.random.default_rng(seed).permutation(39).astype(np.int32)
    return Split(order[:21], order[21:28], order[28:])


def condition(label="rrn", **changes):
    given = {
        "label": label,
        "architecture": RRN,
        "training": RECIPE,
        "pool": pool(),
        "settings": (FAST,),
        "seeds": (1, 2),
    }
    return Condition(**given | changes)


def train(folder, *conditions, shared=None):
    store = MemberStore(folder / "members.jsonl", shared)
    return train_members(store, conditions, folder)


def test_everything_that_changes_a_result_changes_the_name_and_nothing_else_does():
    plain = condition()
    others = [
        condition(architecture=GRU),
        condition(architecture=dataclasses.replace(GRU, dropout_rate=0.2)),
        *(
            condition(training=dataclasses.replace(RECIPE, **change))
            for change in (
                *({"epochs": 3}, {"passes": 2}, {"input_noise": 0.1}, {"clip_norm": 2.0}),
                *({"rising_share": 0.5}, {"batch_size": 9}, {"momentum": "constant"}),
            )
        ),
        condition(ladder=(20.0, 91.0)),
        condition(num_train=16),
        condition(precision="float64"),
        condition(method="scan"),
        condition(pool=pool()._replace(sha256="1" * 64)),
    ]
    names = [Wanted(other, FAST, 1, True).name() for other in (plain, *others)]
    names += [Wanted(plain, *rest).name() for rest in ((SLOW, 1, True), (FAST, 2, True))]
    names.append(Wanted(plain, FAST, 1, False).name())
    assert len(set(names)) == len(names)
    alike = condition("another label", seeds=(1,), tuning_seeds=(9,))
    elsewhere = dataclasses.replace(RECIPE, evaluation_batch_size=7)
    for same in (alike, condition(training=elsewhere)):
        assert Wanted(same, FAST, 1, True).name() == names[0]
    # What a row of a tested network holds beyond accuracies is part of what is wanted of it.
    for more in (condition(kept=("history",)), condition(test_noise=(0.1,))):
        assert Wanted(more, FAST, 1, True).name() != names[0]
        assert Wanted(more, FAST, 1, False).name() == names[-1]
    # What it keeps besides is not.
    assert Wanted(condition(also_kept=("history",)), FAST, 1, True).name() == names[0]


def test_what_came_later_to_recipes_does_not_rename_older_members():
    assert set(recipe_identity(RECIPE)) == {
        *("epochs", "batch_size", "rising_share", "momentum", "clip_norm")
    }
    assert recipe_identity(dataclasses.replace(RECIPE, passes=2))["passes"] == 2


def test_conditions_that_differ_in_their_ladder_alone_share_a_program():
    first, second = (condition(ladder=ladder) for ladder in ((20.0, 90.0), (30.0, 50.0)))
    assert first.program() == second.program()
    assert first.program() != condition().program()
    assert first.program() != condition(ladder=(20.0, 90.0), num_train=16).program()


def test_members_are_trained_once_and_taken_from_where_they_are(tmp_path, monkeypatch):
    wanted = [
        condition("a", ladder=(20.0, 90.0)),
        condition("b", ladder=(30.0, 50.0), kept=("history", "confusion", "class_features")),
    ]
    shared = tmp_path / "shared" / "rows.jsonl"
    found = train(tmp_path / "first", *wanted, shared=shared)
    assert [len(rows) for rows in found.values()] == [2, 2]
    assert [row["seed"] for row in found["b"]] == [1, 2]
    assert np.sum(found["b"][0]["confusion"]) == 11
    assert len(found["b"][0]["history"]["train_loss"]) == 2
    assert np.shape(found["b"][0]["class_features"]) == (10, 2)
    assert "history" not in found["a"][0]
    assert found["a"][0]["num_parameters"] == RRN.num_parameters(1, 10)
    assert not list((tmp_path / "first" / "checkpoints").glob("*"))
    lines = shared.read_text().splitlines()
    assert len(lines) == 4
    made = {"git", "jax", "device", "seal"}
    assert made | {"dataset", "learning_rate", "num_parameters"} <= set(json.loads(lines[0]))

    monkeypatch.setattr(module.Worker, "train_group", None)
    again = train(tmp_path / "second", *wanted, shared=shared.with_name("other.jsonl"))
    assert again == found
    # Rows of another question's file count and stay where they are.
    assert not shared.with_name("other.jsonl").exists()


@pytest.mark.slow
def test_a_ladder_given_is_the_network_that_has_it(tmp_path):
    own = dataclasses.replace(RRN, options=dict(RRN.options) | {"frequencies": (30.0, 50.0)})
    found = train(
        tmp_path, condition("given", ladder=(30.0, 50.0)), condition("own", architecture=own)
    )
    for one, other in zip(found["given"], found["own"], strict=True):
        assert one["test_loss"] == other["test_loss"]


def test_learning_curves_of_members_that_were_not_tested_are_not_shared(tmp_path):
    store = MemberStore(tmp_path / "members.jsonl", tmp_path / "shared.jsonl")
    curve = {"history": {"train_loss": [1.0]}}
    store.add([{"member": "tuned"} | curve, {"member": "tested", "test_accuracy": 0.5} | curve])
    assert ["history" in row for row in read_rows(tmp_path / "members.jsonl")] == [True, True]
    assert ["history" in row for row in read_rows(tmp_path / "shared.jsonl")] == [False, True]
    # The shorter row is sealed anew, and counts.
    assert set(MemberStore(tmp_path / "run.jsonl", tmp_path / "shared.jsonl").shared) == {
        "tuned",
        "tested",
    }


def test_groups_go_on_in_the_shape_that_the_run_folder_holds(tmp_path, capsys):
    store = MemberStore(tmp_path / "members.jsonl")
    (work,) = work_left(store, [condition()], tmp_path)
    assert (work.missing, work.plan.size) == ((0, 2), 2)
    record_plans(tmp_path, {"rrn": GroupPlan(1, 5), "other": GroupPlan(1, 3)})
    (work,) = work_left(store, [condition()], tmp_path)
    assert work.plan == GroupPlan(1, 5)
    # A plan for more devices than there are is made anew.
    record_plans(tmp_path, {"rrn": GroupPlan(1000, 1)})
    (work,) = work_left(store, [condition()], tmp_path)
    assert work.plan.size == 2
    assert "rrn: 1000 devices were planned" in capsys.readouterr().err


def test_networks_of_earlier_calls_count_in_the_progress(tmp_path, monkeypatch):
    wanted = condition(settings=(SLOW, FAST), tuning_seeds=(7, 8))
    same = condition("the same members", seeds=(2, 1))
    store, seen = MemberStore(tmp_path / "members.jsonl"), []

    def finish(worker, members):
        seen.append((worker.run.done, worker.run.total))
        rows = [
            {"member": member.name(), "validation_accuracy": 0.5} | member.setting.__dict__
            for member in store.missing(members)[:1]
        ]
        store.add(rows)
        worker.run.done += len(rows)
        if store.missing(members):
            raise KeyboardInterrupt

    monkeypatch.setattr(module.Worker, "train", finish)
    for _ in range(6):
        with pytest.raises(KeyboardInterrupt):
            train_members(store, [wanted, same], tmp_path)
    # Four to choose on, two to test at the chosen rate, and two more at the given one.
    assert sorted(set(seen)) == [(done, 8) for done in range(7)]


def test_a_setting_is_chosen_on_validation_and_tested_on_other_seeds(tmp_path):
    store = MemberStore(tmp_path / "members.jsonl")
    wanted = condition(settings=(SLOW, FAST), tuning_seeds=(7, 8))
    rows = []
    for member in tuning(wanted):
        accuracy = {SLOW: 0.5, FAST: 0.4}[member.setting] + 0.01 * member.seed
        row = {"member": member.name(), "validation_accuracy": accuracy, "test_accuracy": None}
        rows.append(row | member.setting.__dict__)
    store.add(rows)
    assert store.setting(wanted) == SLOW
    tested = store.tested(wanted)
    assert [(member.setting, member.seed, member.tested) for member in tested] == [
        (SLOW, 1, True),
        (SLOW, 2, True),
    ]


@pytest.mark.slow
def test_double_precision_is_said_in_the_row_and_changes_the_numbers(tmp_path):
    found = train(tmp_path, condition("single"), condition("double", precision="float64"))
    single, double = found["single"][0], found["double"][0]
    assert single["test_loss"] != double["test_loss"]
    assert single["test_loss"] == pytest.approx(double["test_loss"], rel=1e-2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings": ()}, "settings of rrn is empty"),
        ({"seeds": (-1,)}, "seeds holds -1"),
        ({"tuning_seeds": (2,)}, "tuning_seeds holds 2, a seed that is tested"),
        ({"settings": (SLOW, FAST)}, "tuning_seeds is empty; choosing"),
        ({"precision": "float16"}, "precision is 'float16'; choose from float32, float64"),
        ({"kept": ("everything",)}, "kept holds 'everything'; choose from history"),
        ({"also_kept": ("all",)}, "also_kept holds 'all'; choose from history"),
        (
            {"architecture": GRU, "ladder": (2.0, 3.0)},
            "ladder is given; gru is no published",
        ),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        condition(**changes)


def test_two_conditions_of_one_label_are_refused(tmp_path):
    with pytest.raises(ValueError, match="hold a label twice"):
        train(tmp_path, condition(), condition())
