"""The budget of a comparison: sizes, divisions, settings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.compare import ComparisonPlan, simulated_rhythms
from rhythmic.compare.plan import DECAYS, RATES, divisions
from rhythmic.data import Recordings


@pytest.fixture(scope="module")
def recordings():
    return simulated_rhythms(num_trials=60, num_channels=2, duration=(0.4, 0.8))


def test_five_runs_test_each_trial_once_and_tear_no_group(recordings):
    found = divisions(recordings, ComparisonPlan(num_runs=10))
    for first in (0, 5):
        tested = np.concatenate([one.split.test for one in found[first : first + 5]])
        np.testing.assert_array_equal(np.sort(tested), np.arange(60))
    assert len({tuple(sorted(one.split.test)) for one in found}) > 5  # divided anew
    for one in found:
        every = np.concatenate(one.split)
        np.testing.assert_array_equal(np.sort(every), np.arange(60))
        sides = [set(recordings.groups[part]) for part in one.split]
        assert not sides[0] & sides[2]
        assert not sides[1] & sides[2]
    assert [one.seed for one in found] == list(range(10))


@settings(max_examples=20, deadline=None)
@given(st.integers(3, 12), st.integers(2, 7), st.integers(0, 5))
def test_divisions_of_any_groups_are_whole(num_groups, num_runs, seed):
    generator = np.random.default_rng(seed)
    groups = np.repeat(np.arange(num_groups), generator.integers(2, 5, num_groups))
    labels = np.arange(len(groups)) % 2
    data = Recordings(np.ones((len(groups), 8, 1)), labels, sample_rate=100.0, groups=groups)
    found = divisions(data, ComparisonPlan(num_runs=num_runs, seed=seed))
    assert len(found) == num_runs
    for one in found:
        assert all(len(part) for part in one.split)
        parts = [set(groups[part].tolist()) for part in one.split]
        assert sum(map(len, parts)) == num_groups


def test_fewer_than_three_groups_are_refused():
    data = Recordings(np.ones((8, 4, 1)), [0, 1] * 4, sample_rate=10.0, groups=[0, 1] * 4)
    with pytest.raises(ValueError, match="groups holds 2; to train, validate and test takes"):
        divisions(data, ComparisonPlan())


def test_all_networks_are_of_one_size(recordings):
    plan = ComparisonPlan()
    sizes = recordings.num_channels, recordings.num_outputs
    specs = plan.specs(recordings)
    limit = specs["rrn"].num_parameters(*sizes)
    for spec in specs.values():
        larger = spec.__class__(
            spec.cell, spec.hidden_size + 1, options=dict(spec.options), pooling=spec.pooling
        )
        assert spec.num_parameters(*sizes) <= limit < larger.num_parameters(*sizes)


def test_settings_are_spread_over_their_ranges():
    found = ComparisonPlan().settings(10)
    logs = [np.log(values / low) / np.log(high / low) for values, (low, high) in zip(
        (found.learning_rate, found.weight_decay), (RATES, DECAYS), strict=True
    )]  # fmt: skip
    for unit in logs:  # one in each tenth
        np.testing.assert_array_equal(np.sort(np.floor(unit * 10)), np.arange(10))
    assert np.all(np.diff(found.learning_rate) > 0)
    again = ComparisonPlan().settings(10)
    np.testing.assert_array_equal(found.learning_rate, again.learning_rate)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"cells": ("rrn", "mamba")}, "cells holds 'mamba'; choose from rrn"),
        ({"cells": ("rnn",)}, "it must hold rrn"),
        ({"cells": ("rrn", "rrn")}, "name each cell once"),
        ({"num_runs": 1}, "num_runs"),
        ({"budget": 0}, "budget"),
        ({"num_updates": 3}, "num_updates"),
        ({"num_ladders": -1}, "num_ladders"),
        ({"num_parameters": 0}, "num_parameters"),
        ({"margin": 0.0}, "margin"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_plan_that_cannot_be_is_one_line(fields, words):
    with pytest.raises(ValueError, match=words) as caught:
        ComparisonPlan(**fields)
    assert "\n" not in str(caught.value)


def test_a_preset_is_changed_by_name():
    plan = ComparisonPlan.preset("quick", budget=7, num_runs=None)
    assert (plan.budget, plan.num_runs) == (7, 5)
    with pytest.raises(ValueError, match="preset is 'slow'"):
        ComparisonPlan.preset("slow")


def test_a_network_that_does_not_fit_its_size_is_named(recordings):
    with pytest.raises(ValueError, match="num_parameters is 3"):
        ComparisonPlan(num_parameters=3).specs(recordings)
