"""Claims on rows whose answer is known."""

import math

import numpy as np
import pytest

from rhythmic.cells import ElmanCell
from rhythmic.cells.registry import CELLS
from rhythmic.compare import ComparisonPlan
from rhythmic.compare.verdicts import NAMES, claims_of, judged, mean_of, names_of, objections
from rhythmic.data import Recordings

PLAN = ComparisonPlan(cells=("rrn", "rnn", "lstm"), num_runs=10, budget=10, num_ladders=40)
SHIFTS = (0.0, 0.01, -0.01, 0.02, -0.02, 0.005, -0.005, 0.015, -0.015, 0.0)


def row(mean, shifts=SHIFTS, **fields):
    scores = [mean + shift for shift in shifts]
    return {
        "test_scores": scores,
        "num_train": [80] * len(shifts),
        "num_test": [20] * len(shifts),
        "settings": [4] * len(shifts),
    } | fields


@pytest.fixture
def rows():
    found = {
        "rrn": row(0.9),
        "rnn": row(0.6, SHIFTS[::-1]),
        "lstm": row(0.9, [x + 0.001 * (-1) ** k for k, x in enumerate(SHIFTS)]),
        "majority": row(0.5),
        "average": row(0.55, SHIFTS[::-1]),
        "band_power": row(0.97, SHIFTS[::-1]),
        "ladder golden": row(0.7),
        "ladder peaks": row(0.95),
        "ladder two": row(0.95),
    }
    return found | {f"ladder random {k}": row(0.6 + 0.005 * k) for k in range(40)}


ABOUT = {"groups": 20, "trials": 100, "channels": 3, "score": "balanced_accuracy", "chance": 0.5}


def test_each_claim_comes_out_as_its_rows_say(rows):
    found = {
        (one.claim.question, one.claim.better, one.claim.worse): one for one in judged(rows, PLAN)
    }
    words = {key: one.word for key, one in found.items()}
    assert words == {
        ("networks", "rrn", "rnn"): "supported",
        ("networks", "rrn", "lstm"): "equivalent",
        ("baselines", "rrn", "majority"): "cannot tell",  # no run differs from another
        ("baselines", "rrn", "average"): "supported",
        ("baselines", "rrn", "band_power"): "contradicted",
        ("rhythms", "golden", "random"): "cannot tell",
        ("rhythms", "peaks", "random"): "supported",
    }
    best = found["rhythms", "peaks", "random"]
    assert best.p_value == pytest.approx(2 * 1 / 41)  # the best of all, one of two claims
    assert found["networks", "rrn", "rnn"].finding.estimate == pytest.approx(0.3)


def test_p_values_are_corrected_within_their_question(rows):
    alone = {name: one for name, one in rows.items() if not name.startswith("ladder")}
    with_ladders = judged(rows, PLAN)
    without = judged(alone, PLAN)
    for one, other in zip(with_ladders, without, strict=False):
        assert (one.claim, one.word) == (other.claim, other.word)
        assert one.p_value == other.p_value or math.isnan(one.p_value)


def test_intervals_of_accuracies_end_at_one():
    found = mean_of(row(0.99, (0.0, 0.01, 0.01, 0.0, -0.02)), is_class=True)
    assert found.high == 1.0


@pytest.mark.parametrize(
    ("change", "about", "words"),
    [
        ({}, {"groups": None}, "No groups were given"),
        ({}, {"groups": 4}, "come from 4 groups"),
        ({"rnn": row(0.6, settings=[0] * 10)}, {}, "wider search.*RNN|RNN.*wider search"),
        ({}, {}, "not shown to score higher than a plain baseline"),
        ({"rrn": row(0.99, [0.0] * 10), "rnn": row(0.99, [0.0] * 10)}, {}, "above 0.98"),
        ({"rnn": row(math.nan)}, {}, "Runs of RNN failed"),
        ({"rnn": row(-2.0)}, {"score": "r2", "chance": 0.0}, "R² of a run of RNN is below -1"),
        # Beside a run that failed too.
        (
            {"rnn": row(0.6, (math.nan, -2.0, *SHIFTS[2:]))},
            {"score": "r2", "chance": 0.0},
            "R² of a run of RNN is below -1.* Runs of RNN failed",
        ),
        ({"rnn": row(0.5)}, {}, "Not shown to do better than a guess: RNN"),
        ({}, {}, "A baseline, band power, scores 0.070 higher"),
    ],
)
def test_what_speaks_against_the_answer_is_said(rows, change, about, words):
    rows |= change
    said = " ".join(objections(rows, PLAN, ABOUT | about, judged(rows, PLAN)))
    import re

    assert re.search(words, said)


def test_a_sound_run_has_nothing_against_it(rows):
    rows["band_power"] = row(0.6, SHIFTS[::-1])
    rows["majority"] = row(0.5, SHIFTS[::-1])
    assert objections(rows, PLAN, ABOUT, judged(rows, PLAN)) == []


def test_every_registered_cell_has_a_name_in_the_claims(monkeypatch):
    assert CELLS.keys() <= NAMES.keys()
    monkeypatch.setitem(CELLS, "mine", ElmanCell)
    recordings = Recordings(np.ones((4, 8, 1)), [0, 1, 0, 1], sample_rate=8.0)
    names = names_of(recordings)
    plan = ComparisonPlan(cells=tuple(CELLS))
    statements = {one.worse: one.statement for one in claims_of(plan, [], names)}
    assert statements["lru"] == "The rhythmic RNN scores higher than the LRU."
    assert statements["mine"] == "The rhythmic RNN scores higher than the mine."
    for name in CELLS.keys() - {"rrn"}:
        assert names[name] in statements[name]
