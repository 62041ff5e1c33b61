"""Findings from rows: pairs are pairs."""

import pytest

from experiments.compare.findings import Claim, accuracy_finding

CLAIM = Claim("name", "Statement.", "Test.")


def rows(label, *pairs):
    return [{"label": label, "seed": seed, "test_accuracy": x} for seed, x in pairs]


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
