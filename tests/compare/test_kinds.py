"""Every kind of target goes through a comparison, with the score that fits it."""

import dataclasses

import numpy as np
import pytest

from rhythmic.compare import compare_networks
from rhythmic.compare.report import page
from rhythmic.compare.tables import summary_rows
from rhythmic.data import Recordings
from tests.compare.small import PLAN


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
    else:
        whole = Recordings(inputs, groups, sample_rate=30.0, groups=groups)
        return whole.forecast(1 / 30)
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
    # Numbers have no confusion; those of whole trials are drawn against their targets.
    assert text.count("<svg") == (5 if kind == "value_per_step" else 6)
    # Two runs are too few for a test, and the page does not pass that off as a tie.
    assert "Nothing is tested here: it takes at least 5 runs" in text
    assert "does not differ significantly" not in text
    assert "No band stands out" not in text
    assert "within a run, 1 setting of" in text
    name = "last 10 samples of the channels" if "per_step" in kind else "averages of the channels"
    assert name in text
    for row in summary_rows(found):
        assert np.isfinite(row["mean"]), row["cell"]
        assert row["high"] is None or not row["high"] > 1.0


@pytest.mark.slow
def test_a_comparison_of_one_seed_is_the_same_twice():
    recordings = recordings_of("value")
    plan = dataclasses.replace(PLAN, cells=("rrn",))
    first, second = (compare_networks(recordings, plan, quiet=True) for _ in range(2))
    assert first.rows["rrn"]["test_scores"] == second.rows["rrn"]["test_scores"]
