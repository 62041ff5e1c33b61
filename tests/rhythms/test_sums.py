"""Ratios with sums: closed forms, the rule that none exceeds the golden one, and the numbers."""

import math

import numpy as np
import pytest
import scipy.optimize

from rhythmic.rhythms import frequency_sum, joined_frequency, sum_ratio, sum_relations
from rhythmic.theory import GOLDEN_RATIO

# Cardano's formulas for r^3 = r + 1 and r^3 = r^2 + 1.
PLASTIC = math.cbrt((9 + math.sqrt(69)) / 18) + math.cbrt((9 - math.sqrt(69)) / 18)
SUPERGOLDEN = (
    1 + math.cbrt((29 + 3 * math.sqrt(93)) / 2) + math.cbrt((29 - 3 * math.sqrt(93)) / 2)
) / 3


def test_closed_forms():
    assert sum_ratio(1, 2) == pytest.approx(GOLDEN_RATIO, rel=1e-15)
    assert sum_ratio(1, 3) == pytest.approx(PLASTIC, rel=1e-15)
    assert sum_ratio(2, 3) == pytest.approx(SUPERGOLDEN, rel=1e-15)
    assert sum_ratio(2, 4) == pytest.approx(math.sqrt(GOLDEN_RATIO), rel=1e-15)
    assert sum_ratio(0, 1) == pytest.approx(2, rel=1e-15)
    assert sum_ratio(0, 12) == pytest.approx(2 ** (1 / 12), rel=1e-15)


@pytest.mark.parametrize(("m", "n"), [(1, 2), (1, 9), (4, 5), (7, 11), (11, 12), (23, 24), (1, 24)])
def test_roots_against_bisection(m, n):
    root = scipy.optimize.brentq(lambda r: r**n - r**m - 1, 1, 2, xtol=1e-15)
    assert sum_ratio(m, n) == pytest.approx(root, rel=1e-13)
    # One sign change above 1, hence no other root.
    grid = np.linspace(1, 3, 20_001)
    assert np.count_nonzero(np.diff(np.sign(grid**n - grid**m - 1))) == 1


def test_relations_hold_and_none_is_above_the_golden_one():
    relations = sum_relations(12)
    ratios = [relation.ratio for relation in relations]
    assert ratios == sorted(ratios, reverse=True)
    assert relations[0].name == "golden"
    assert relations[0].kind == "neighbours"
    for relation in relations:
        for m, n in relation.exponents:
            assert 1 + relation.ratio**m == pytest.approx(relation.ratio**n, rel=1e-13)
            # The same ratio joins periods: rung 0 and rung -m join to rung -n.
            joined = joined_frequency(relation.ratio**n, relation.ratio ** (n - m))
            assert joined == pytest.approx(1, rel=1e-13)
    pairs = [pair for relation in relations for pair in relation.exponents]
    assert sorted(pairs) == [(m, n) for m in range(1, 12) for n in range(m + 1, 13)]
    assert min(-np.diff(ratios)) > 1e-6


def test_names_and_kinds():
    by_pair = {r.exponents[0]: r for r in sum_relations(10, with_itself=True)}
    plastic = by_pair[1, 3]
    # r^5 - r^4 - 1 = (r^2 - r + 1)(r^3 - r - 1): the plastic number twice.
    assert plastic.exponents == ((1, 3), (4, 5))
    assert (plastic.name, plastic.kind) == ("plastic", "wider")
    assert (by_pair[2, 3].name, by_pair[2, 3].kind) == ("supergolden", "wider")
    assert (by_pair[2, 4].name, by_pair[2, 4].kind) == ("golden^(1/2)", "root")
    assert by_pair[2, 6].name == "plastic^(1/2)"
    assert (by_pair[0, 1].ratio, by_pair[0, 1].kind) == (2.0, "itself")
    assert by_pair[3, 4].name == ""
    neighbours = [r for r in by_pair.values() if r.kind == "neighbours"]
    assert [r.ratio for r in neighbours] == [GOLDEN_RATIO]


def test_bad_exponents_are_named():
    for m, n in ((2, 2), (3, 1), (-1, 2), (1, 25)):
        with pytest.raises(ValueError, match=rf"^m, n must satisfy .*, got m = {m}, n = {n}$"):
            sum_ratio(m, n)
    for largest in (1, 25):
        with pytest.raises(ValueError, match=f"^max_exponent must be 2 to 24, got {largest}$"):
            sum_relations(largest)


@pytest.mark.parametrize("join", [frequency_sum, joined_frequency])
@pytest.mark.parametrize("wrong", [-15.0, 0.0, math.nan])
def test_a_frequency_that_is_none_is_refused(join, wrong):
    with pytest.raises(ValueError, match=r"frequencies must be positive and finite \(Hz\)"):
        join(wrong, 25.0)
