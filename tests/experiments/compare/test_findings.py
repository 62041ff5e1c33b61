"""Findings from rows: pairs are pairs, and verdicts depend on their own question alone."""

import importlib
import math

import pytest

from experiments.compare.findings import Claim, Finding, accuracy_finding, judge, survives
from experiments.compare.questions import QUESTIONS

CLAIM = Claim("name", "Statement.", "Test.")
NAN = math.nan


def rows(label, *pairs):
    return [{"label": label, "seed": seed, "test_accuracy": x} for seed, x in pairs]


def made(p_value, alike=0.9, estimate=0.1):
    return Finding("x", estimate, estimate - 0.01, estimate + 0.01, p_value, alike, NAN, "")


def test_pairs_follow_the_seeds_whatever_the_order_of_the_rows():
    first = rows("a", (3, 0.9), (1, 0.7), (2, 0.8), (5, 0.6), (4, 0.65))
    second = rows("b", (1, 0.69), (2, 0.79), (3, 0.891), (4, 0.64), (5, 0.59))
    found = accuracy_finding(CLAIM, first, second, paired=True)
    assert found.estimate == pytest.approx(0.0098)
    assert found.p_value < 1e-4
    assert accuracy_finding(CLAIM, first, second).p_value > 0.5


def test_pairs_of_different_seeds_are_refused():
    with pytest.raises(ValueError, match="seeds of name differ"):
        accuracy_finding(CLAIM, rows("a", (1, 0.5)), rows("b", (2, 0.5)), paired=True)


def test_an_interval_that_one_seed_does_not_have_is_not_written():
    assert accuracy_finding(CLAIM, rows("a", (1, 0.5)), rows("b", (1, 0.4))).text.endswith("+0.100")


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_claim_names_pairs_or_welch_or_its_own_test(question):
    claims = importlib.import_module(f"experiments.compare.{question}").CLAIMS
    # One more draw among many, a correlation, and a mean held against a number.
    others = {"golden-null", "data-rhythm", "below-300", "below-1000"}
    for claim in claims:
        named = ["aired" in claim.test, "Welch" in claim.test]
        assert sum(named) == (0 if claim.name in others else 1), claim.name


def test_both_p_values_of_every_claim_count_whatever_was_left_out():
    assert judge([made(0.02, NAN)])[0].p_value == pytest.approx(0.04)
    # Left out, or never tested for equivalence: as one of them or not, it is in the family.
    left_out = made(NAN, NAN)
    for others in ([left_out], [made(0.9, 0.9)], [made(0.9, NAN)]):
        first, other = judge([made(0.02, NAN), *others])
        assert first.p_value == pytest.approx(0.08)
        assert math.isnan(first.equivalence_p_value)
        assert first.word == other.word == "undecided"
    assert [one.word for one in judge([made(0.0125, NAN), left_out])] == ["holds", "undecided"]
    assert math.isnan(judge([left_out])[0].p_value)


def test_within_a_question_the_correction_steps_down():
    found = judge([made(0.001), made(0.016), made(NAN, 1e-9), made(0.5)])
    assert found[0].p_value == pytest.approx(7 * 0.001)
    assert found[1].p_value == pytest.approx(6 * 0.016)
    assert found[2].equivalence_p_value == pytest.approx(8e-9)
    assert [one.word for one in found] == ["holds", "undecided", "equivalent", "undecided"]


@pytest.mark.parametrize(
    ("finding", "word"),
    [
        (lambda p: made(p), "holds"),
        (lambda p: made(p, estimate=-0.1), "opposite"),
        (lambda p: made(NAN, p, estimate=0.001), "equivalent"),
    ],
)
def test_a_verdict_survives_bonferroni_for_both_p_values_of_all_claims(finding, word):
    assert survives(finding(0.05 / 200), word, num_claims=100)
    assert not survives(finding(0.051 / 200), word, num_claims=100)


def test_another_verdict_is_not_the_same_one_that_survived():
    # Within its question it is a difference too small to matter; after all only a difference.
    finding = made(1e-9, 1e-3, estimate=0.004)
    assert judge([finding])[0].word == "equivalent"
    assert not survives(finding, "equivalent", num_claims=100)
