"""Every kind of target goes through a comparison, with the score that fits it."""

import dataclasses

import numpy as np
import pytest

from rhythmic.compare import ComparisonPlan, compare_networks
from rhythmic.compare.report import page, summary_rows
from rhythmic.data import Recordings

PLAN = ComparisonPlan(
    cells=("rrn", "rnn"),
    num_parameters=60,
    num_runs=2,
    budget=1,
    num_updates=20,
    num_ladders=1,
    ladder_budget=1,
)


def recordings_of(kind):
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(24, 30, 2))
    groups = np.arange(24) // 3
    if kind == "value":
        targets = inputs.mean(axis=(1, 2)) + 5.0
    elif kind == "values":
        targets = inputs.mean(axis=1)
    elif kind == "class_per_step":
        targets = (inputs[..., 0] > 0).astype(int)
    else:  # a forecast: the next sample of the first channel
        targets = np.roll(inputs[..., 0], -1, axis=1)
        targets[:, -1] = np.nan
    given = "value" if kind == "values" else kind
    return Recordings(inputs, targets, sample_rate=30.0, groups=groups, kind=given)


@pytest.mark.parametrize(
    "kind",
    [
        "value",
        pytest.param("values", marks=pytest.mark.slow),
        "class_per_step",
        pytest.param("value_per_step", marks=pytest.mark.slow),
    ],
)
def test_every_kind_of_target_has_its_score_and_its_page(kind):
    recordings = recordings_of(kind)
    found = compare_networks(recordings, PLAN, quiet=True)
    assert found.score == ("balanced_accuracy" if "class" in kind else "r2")
    text = page(found)
    assert ("R²" in text) == (found.score == "r2")
    assert text.count("<svg") == (6 if "class" in kind else 5)  # numbers have no confusion
    for row in summary_rows(found):
        assert np.isfinite(row["mean"]), row["cell"]
        assert row["high"] is None or not row["high"] > 1.0


@pytest.mark.slow
def test_a_comparison_of_one_seed_is_the_same_twice():
    recordings = recordings_of("value")
    plan = dataclasses.replace(PLAN, cells=("rrn",))
    first, second = (compare_networks(recordings, plan, quiet=True) for _ in range(2))
    assert first.rows["rrn"]["test_scores"] == second.rows["rrn"]["test_scores"]
