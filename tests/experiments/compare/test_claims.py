"""Claims: pairs are pairs, verdicts depend on their own question alone, and what is left out."""

import dataclasses
import math

import pytest

from experiments.compare.questions import QUESTIONS
from rhythmic.compare.claims import (
    Claim,
    Finding,
    Reading,
    best_validated,
    finding_of,
    judge,
    left_out,
)
from tests.experiments.compare.made_up import module, verdicts

CLAIM = Claim("name", "Statement.", "Test.")
NAN = math.nan


def rows(label, *pairs):
    return [{"label": label, "seed": seed, "test_accuracy": x} for seed, x in pairs]


def made(p_value, alike=0.9, estimate=0.1):
    return Finding("x", estimate, estimate - 0.01, estimate + 0.01, p_value, alike, NAN, "")


def held(first, second, *, paired=False):
    claim = dataclasses.replace(CLAIM, better="a", worse="b", paired=paired)
    return finding_of(claim, {"a": first, "b": second})


def judged(findings):
    return judge([CLAIM] * len(findings), findings)


def test_pairs_follow_the_seeds_whatever_the_order_of_the_rows():
    first = rows("a", (3, 0.9), (1, 0.7), (2, 0.8), (5, 0.6), (4, 0.65))
    second = rows("b", (1, 0.69), (2, 0.79), (3, 0.891), (4, 0.64), (5, 0.59))
    found = held(first, second, paired=True)
    assert found.estimate == pytest.approx(0.0098)
    assert found.p_value < 1e-4
    assert held(first, second).p_value > 0.5


def test_pairs_of_different_seeds_are_refused():
    with pytest.raises(ValueError, match="seeds of name differ"):
        held(rows("a", (1, 0.5)), rows("b", (2, 0.5)), paired=True)


def test_further_seeds_of_one_side_have_no_partner():
    first, second = rows("a", (1, 0.5), (2, 0.6)), rows("b", (3, 0.9), (2, 0.5), (1, 0.4))
    assert held(first, second, paired=True).estimate == pytest.approx(0.1)
    assert held(first, second).estimate == pytest.approx(0.55 - 0.6)


def test_questions_are_corrected_apart_and_ranks_count_once():
    claims = [
        dataclasses.replace(CLAIM, question=question, margin=margin)
        for question, margin in (("x", 0.01), ("y", NAN), ("y", NAN))
    ]
    found = judge(claims, [made(0.02), made(0.02, NAN), made(0.5, NAN)])
    assert [one.p_value for one in found] == pytest.approx([0.04, 0.04, 0.5])


def test_an_interval_that_one_seed_does_not_have_is_not_written():
    assert held(rows("a", (1, 0.5)), rows("b", (1, 0.4))).text.endswith("+0.100")


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_claim_names_pairs_or_welch_or_its_own_test(question):
    claims = module(question).CLAIMS
    # One more draw among many, a correlation, and a mean held against a number.
    others = {"golden-null", "data-rhythm", "below-300", "below-1000"}
    for claim in claims:
        named = ["aired" in claim.test, "Welch" in claim.test]
        assert sum(named) == (0 if claim.name in others else 1), claim.name


def test_both_p_values_of_every_claim_count_whatever_was_left_out():
    assert judged([made(0.02, NAN)])[0].p_value == pytest.approx(0.04)
    # Left out, or never tested for equivalence: as one of them or not, it is in the family.
    left_out = made(NAN, NAN)
    for others in ([left_out], [made(0.9, 0.9)], [made(0.9, NAN)]):
        first, other = judged([made(0.02, NAN), *others])
        assert first.p_value == pytest.approx(0.08)
        assert math.isnan(first.equivalence_p_value)
        assert first.word == other.word == "cannot tell"
    assert [one.word for one in judged([made(0.0125, NAN), left_out])] == [
        "supported",
        "cannot tell",
    ]
    assert math.isnan(judged([left_out])[0].p_value)


def test_within_a_question_the_correction_steps_down():
    found = judged([made(0.001), made(0.016), made(NAN, 1e-9), made(0.5)])
    assert found[0].p_value == pytest.approx(7 * 0.001)
    assert found[1].p_value == pytest.approx(6 * 0.016)
    assert found[2].equivalence_p_value == pytest.approx(8e-9)
    assert [one.word for one in found] == ["supported", "cannot tell", "equivalent", "cannot tell"]


@pytest.mark.parametrize(
    ("finding", "word"),
    [
        (lambda p: made(p), "supported"),
        (lambda p: made(p, estimate=-0.1), "contradicted"),
        (lambda p: made(NAN, p, estimate=0.001), "equivalent"),
    ],
)
def test_a_verdict_survives_bonferroni_for_both_p_values_of_all_claims(finding, word):
    assert [judged([finding(p / 200)])[0].word for p in (0.05, 0.051)] == [word] * 2
    assert judged([finding(0.05 / 200)])[0].survives(100)
    assert not judged([finding(0.051 / 200)])[0].survives(100)


def test_another_verdict_is_not_the_same_one_that_survived():
    # Within its question it is a difference too small to matter; after all only a difference.
    (one,) = judged([made(1e-9, 1e-3, estimate=0.004)])
    assert one.word == "equivalent"
    assert not one.survives(100)


def test_verdicts_follow_sign_and_margin():
    given = (made(1e-6), made(1e-6, estimate=-0.1), made(1e-6, 1e-6, 0.002), made(NAN, NAN))
    assert verdicts(given) == ["supported", "contradicted", "equivalent", "cannot tell"]


def test_of_several_the_one_that_validates_best_is_chosen_whatever_it_tests():
    own = {
        label: [{"test_accuracy": 1 - x, "validation_accuracy": x}] * 2
        for label, x in zip("abc", (0.2, 0.9, 0.4), strict=True)
    }
    assert best_validated(own, list("abcd")) == "b"
    assert best_validated(own, list("acd")) == "c"
    assert best_validated(own, list("de")) == "d"


SIDES = {"a": 0.5, "b": 0.4, "c": 0.3}


@pytest.mark.parametrize(
    ("better", "worse", "missing"),
    [
        ("a", "b", ""),
        ("a", "d", "d"),
        ("d", "e", "d"),
        (("d", "a"), "b", ""),  # one of several is enough
        ("a", ("d", "e"), "d"),
    ],
)
def test_what_is_missing_is_the_same_before_and_after_training(better, worse, missing):
    claim = dataclasses.replace(CLAIM, better=better, worse=worse)
    lines = left_out([claim], {}, SIDES)
    assert lines[1:] == [f"  Statement. ({missing} is left out)"] * bool(missing)
    assert lines[:1] == ["not judged in this run, 1 of 1 claims:"] * bool(missing)
    own = {label: rows(label, (1, x), (2, x)) for label, x in SIDES.items()}
    found = finding_of(claim, own | {"e": []})
    assert found.missing == missing
    assert math.isnan(found.estimate) == bool(missing)


def test_of_a_side_the_text_names_what_was_left_out():
    own = {label: rows(label, (1, x)) for label, x in SIDES.items()}
    claim = dataclasses.replace(CLAIM, better="a", worse=("d", "b", "e"))
    assert finding_of(claim, own).text.endswith("b 0.400 (n = 1): +0.100; left out: d; e")


def test_a_reading_says_what_is_needed_and_reads_it():
    def doubled(claim, own):
        return Finding(claim.name, 2 * own["a"][0]["test_accuracy"])

    own = {label: rows(label, (1, x)) for label, x in SIDES.items()}
    reading = Reading(("a", "b", "c"), find=doubled)
    assert finding_of(CLAIM, own, reading).estimate == 1.0
    del own["c"]
    assert finding_of(CLAIM, own, reading).missing == "c"
    unit = Reading(("a", "b"), values=lambda side: [2.0], unit="s", said="time of {}".format)
    found = finding_of(CLAIM, own, unit)
    assert (found.unit, found.text[:12]) == ("s", "time of a 2.")
