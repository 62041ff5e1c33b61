"""Settings that are chosen on other conditions, together: what is trained, once, and in what order.

No training here: programs are counted, and choices are read from made-up rows.
"""

import dataclasses

import numpy as np
import pytest

from experiments.members import Condition, MemberStore, Pool
from experiments.members.plans import by_program, num_members
from experiments.members.store import tuning
from rhythmic.data import Split
from rhythmic.networks import rhythmic_network
from rhythmic.training import Data, TrainingConfiguration
from rhythmic.training.search import Setting

RATES = (Setting(0.01), Setting(0.1))
POOL = Pool(
    "made up",
    "0",
    Data(np.zeros((6, 4), np.uint8), np.arange(6)),
    lambda seed: Split(np.arange(2), np.arange(2, 4), np.arange(4, 6)),
)


def condition(label, ladder, **further):
    network = rhythmic_network((2.0,) * len(ladder), name=f"rrn-{len(ladder)}")
    made = Condition(label, network, TrainingConfiguration(), POOL, RATES, (1, 2), (7,))
    return dataclasses.replace(made, ladder=ladder, **further)


CHOOSERS = (condition("a", (3.0, 5.0)), condition("b", (3.0, 7.0)))
SHARED = [
    condition("three nodes", (2.0, 4.0, 8.0), tuned_on=CHOOSERS),
    condition("two nodes", (2.0, 4.0), tuned_on=CHOOSERS),
]


def rows_of_choices(store, accuracies):
    """Write rows of the members on which the rate is chosen, by ladder and rate."""
    store.add(
        {
            "member": wanted.name(),
            "validation_accuracy": accuracies[wanted.condition.label, wanted.setting.learning_rate],
            **dataclasses.asdict(wanted.setting),
        }
        for wanted in tuning(SHARED[0])
    )


def test_choosers_are_trained_once_and_before_who_needs_them():
    programs = list(by_program(SHARED))
    assert len(programs) == 2
    assert [len(choices) for _, choices, _ in programs] == [4, 0]
    labels = [[one.label for one in own] for *_, own in programs]
    assert labels == [["two nodes"], ["three nodes"]]


def test_all_that_is_tuned_on_the_same_take_the_rate_that_is_best_for_all_together(tmp_path):
    store = MemberStore(tmp_path / "members.jsonl")
    assert [num_members(store, program)[0] for program in by_program(SHARED)] == [(4, 2), (0, 2)]
    # Together 0.1 is better, though 0.01 is better by little for the first.
    rows_of_choices(store, {("a", 0.01): 0.6, ("a", 0.1): 0.5, ("b", 0.01): 0.1, ("b", 0.1): 0.9})
    for one in SHARED:
        assert store.setting(one) == Setting(0.1)
    assert [num_members(store, program)[0] for program in by_program(SHARED)] == [(0, 2), (0, 2)]


def test_what_is_chosen_on_does_not_name_a_member_or_a_program():
    alone = dataclasses.replace(SHARED[0], tuned_on=())
    assert alone.identity() == SHARED[0].identity()
    assert alone.program() == SHARED[0].program()


def test_choosers_that_do_not_fit_are_refused():
    other = dataclasses.replace(CHOOSERS[0], settings=RATES[:1])
    with pytest.raises(ValueError, match="same settings"):
        condition("c", (2.0, 4.0), tuned_on=(other,))
    tested = dataclasses.replace(CHOOSERS[0], seeds=(9,), tuning_seeds=(1,))
    with pytest.raises(ValueError, match="holds 1, a seed that is tested"):
        condition("c", (2.0, 4.0), tuned_on=(tested,))
