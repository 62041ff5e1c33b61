"""Controls of the comparison, small: a known answer, none at all, and a trap."""

from pathlib import Path

import numpy as np
import pytest

from experiments import comparison_controls as controls
from rhythmic.compare import ComparisonPlan, compare_networks
from rhythmic.compare.baselines import baseline_scores
from rhythmic.compare.plan import divisions
from rhythmic.records import read_rows

ROOT = Path(__file__).parents[2]
KEPT = {row["control"]: row for row in read_rows(controls.RESULTS)}


def test_kept_controls_come_out_as_they_must():
    """Of the rows that are kept, those of the full controls."""
    bands = KEPT["positive"]["strongest_bands_hz"]
    for found, true in zip(bands, controls.FREQUENCIES, strict=True):
        assert abs(found / true - 1) < 0.15
    for name in ("known, 200 Hz", "known, 500 Hz"):
        for true in controls.KNOWN:
            assert abs(controls.learned_near(KEPT[name]["nodes"], true) / true - 1) < 0.08
    scores = {one["cell"]: one["mean"] for one in KEPT["positive"]["summary"]}
    assert scores["rrn"] >= scores["lstm"]
    held, number, supported = controls.chance_held(KEPT)
    assert sum(name.startswith("negative") for name in KEPT) == 20
    assert held >= 0.9 * number
    assert supported <= 1
    for name, is_warned in (("trap, with groups", False), ("trap, without groups", True)):
        said = any("No groups were given" in one for one in KEPT[name]["objections"])
        assert said == is_warned
        for one in KEPT[name]["summary"]:
            if not is_warned and one["low"] is not None:
                assert one["low"] <= 0.5 <= one["high"]
    without = {one["cell"]: one["mean"] for one in KEPT["trap, without groups"]["summary"]}
    assert without["average"] > 0.9


def test_the_page_tells_what_is_kept():
    page = (ROOT / "docs" / "pages" / "howto" / "compare.md").read_text("utf-8")
    for name, found in controls.found_in(KEPT):
        assert f"| {name} | {found} |" in page


def test_groups_keep_what_tells_subjects_apart_from_passing_for_the_target():
    plan = ComparisonPlan(num_runs=5)
    for with_groups in (True, False):
        data = controls.offset_subjects(120, with_groups=with_groups)
        scores = baseline_scores("average", data, divisions(data, plan)).test
        if with_groups:
            assert scores.mean() < 0.75
        else:
            assert scores.mean() > 0.95


@pytest.mark.slow
def test_a_rhythm_that_is_there_is_found():
    recordings = controls.simulated_rhythms((11.0, 17.0), num_trials=120, amplitude=2.0)
    plan = ComparisonPlan.preset(
        "quick", cells=("rrn", "lstm"), budget=2, num_updates=300, num_ladders=0
    )
    found = compare_networks(recordings, plan, quiet=True)
    for band, true in zip(controls.strongest_bands(found), (11.0, 17.0), strict=True):
        assert abs(band / true - 1) < 0.15
    assert np.mean(found.rows["rrn"]["test_scores"]) > np.mean(found.rows["lstm"]["test_scores"])


@pytest.mark.slow
def test_shuffled_labels_are_told_by_nobody():
    rows = {
        f"negative {seed}": controls.negative(controls.ControlOptions(num_trials=180), seed)
        for seed in range(100, 103)
    }
    held, number, supported = controls.chance_held(rows)
    assert held >= 0.8 * number
    assert supported == 0
