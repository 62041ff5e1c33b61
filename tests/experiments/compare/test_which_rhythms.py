"""Which rhythms: programs and rates that are shared, golden in the null, curves, learned ones."""

import dataclasses
import math

import jax
import numpy as np
import pytest
import scipy.stats

from experiments.compare import which_rhythms as question
from experiments.compare.which_rhythms import nearest
from experiments.compare.which_rhythms_networks import (
    GOLDEN_SHARED,
    PARTS,
    conditions,
    golden_below,
    null_label,
    span_ratio,
)
from experiments.members.plans import by_program
from experiments.members.store import tuning
from rhythmic.cells.registry import make_cell
from rhythmic.compare.claims import best_validated
from rhythmic.plotting.style import house_style
from rhythmic.theory import ladder, span_ladder
from tests.experiments.compare.made_up import found, rows_of, small, verdicts

SMALL = small("which_rhythms")


def test_null_and_curves_share_programs_and_one_rate():
    made = conditions(dataclasses.replace(SMALL, parts=("null", "curves")))
    programs = list(by_program(made))
    assert len(programs) == len({5, 11, 15})
    choices = [{wanted.name() for wanted in tuning(condition)} for condition in made]
    assert all(choice == choices[0] for choice in choices)
    # The fresh ladders, each rate and tuning seed: trained once, in the first program.
    assert len(programs[0][1]) == SMALL.num_tuning_ladders * 3 * 2
    assert all(not chosen for _, chosen, _ in programs[1:])
    tested = {condition.ladder for condition in made}
    ladders = {wanted.condition.ladder for wanted in programs[0][1]}
    assert not ladders & tested  # neither golden nor any of the null chooses its own rate


def test_the_full_null_is_as_large_as_was_asked():
    full = question.PRESETS["full"]
    assert full.parts == PARTS
    assert full.num_ladders >= 100
    assert len(full.seeds) >= 10
    made = {c.label: c for c in conditions(dataclasses.replace(full, dataset="mnist5k"))}
    assert made[null_label(0)].seeds == made[GOLDEN_SHARED].seeds[:3]
    ends = [(made[null_label(k)].ladder[0], made[null_label(k)].ladder[-1]) for k in range(100)]
    golden = ladder("golden")
    np.testing.assert_allclose(ends, [(golden[0], golden[-1])] * 100, rtol=1e-12)


def test_golden_among_random_ladders_both_ways():
    for effect, expected in ((0.05, "supported"), (-0.05, "contradicted"), (0.0, "cannot tell")):
        rows = rows_of("which_rhythms", SMALL, {GOLDEN_SHARED: effect})
        finding = found("which_rhythms", SMALL, rows)["golden-null"]
        assert verdicts([finding]) == [expected]
        draws = [
            np.mean([row["test_accuracy"] for row in rows[null_label(k)]])
            for k in range(SMALL.num_ladders)
        ]
        golden = np.mean([row["test_accuracy"] for row in rows[GOLDEN_SHARED][:3]])
        assert finding.estimate == pytest.approx(golden - np.mean(draws), abs=1e-12)
        # A single value has no variance of its own, so one more draw is the pooled t test.
        oracle = scipy.stats.ttest_ind_from_stats(
            golden, 0.0, 1, np.mean(draws), np.std(draws, ddof=1), len(draws), equal_var=True
        )
        assert finding.p_value == pytest.approx(oracle.pvalue)
        assert finding.low < finding.estimate < finding.high


def test_nodes_near_the_rhythm_of_rows_both_ways():
    distances = question.null_distances(SMALL)
    for slope, expected in ((-0.03, "supported"), (0.03, "contradicted")):
        effects = {null_label(k): slope * x for k, x in enumerate(distances)}
        finding = found("which_rhythms", SMALL, rows_of("which_rhythms", SMALL, effects))[
            "data-rhythm"
        ]
        assert verdicts([finding]) == [expected]
        assert finding.unit == "correlation"
        assert -1 <= finding.low <= finding.estimate <= finding.high <= 1


def test_the_golden_point_of_a_curve_both_ways():
    effects = {"5 nodes x 1.618": 0.05, "15 nodes, 2 to 246 Hz": 0.05}
    reached = found("which_rhythms", SMALL, rows_of("which_rhythms", SMALL, effects))
    assert verdicts([reached["ratio-5-nodes"]]) == ["supported"]
    assert "peak at ratio 1.618" in reached["ratio-5-nodes"].text
    assert verdicts([reached["ratio-span"]]) == ["contradicted"]
    assert "at the edge" in reached["ratio-span"].text
    assert verdicts([reached["ratio-11-nodes"]]) == ["equivalent"]


def test_points_of_as_many_nodes_are_pairs():
    effects = {GOLDEN_SHARED: 0.01, "5 nodes x 1.618": 0.01}
    rows = rows_of("which_rhythms", SMALL, effects, luck=0.02)
    reached = found("which_rhythms", SMALL, rows)
    assert reached["ratio-5-nodes"].p_value < 0.02
    assert reached["ratio-11-nodes"].p_value < 0.02
    assert reached["ratio-span"].p_value > 0.3


def test_points_with_a_shared_rate_are_not_drawn_beside_those_of_their_own():
    with house_style():
        figure = question.draw(SMALL, rows_of("which_rhythms", SMALL))["accuracies"]
        figure.draw_without_rendering()
    shown = {tick.get_text() for tick in figure.axes[0].get_yticklabels()}
    assert shown
    assert not any("to 246" in label or "shared" in label for label in shown)


def test_learned_frequencies_are_those_of_the_cell():
    start = ladder("golden")
    cell = make_cell(
        "rrn", 1, 11, key=jax.random.key(0), frequencies=tuple(start), rhythms="learned"
    )
    raw = np.asarray(cell.nodes.raw_frequency)
    row = {"parameters": {"cell.nodes.raw_frequency": raw.tolist()}}
    np.testing.assert_allclose(question.learned_frequencies(start, row), start, rtol=1e-5)
    row = {"parameters": {"cell.nodes.raw_frequency": (raw + 1).tolist()}}
    # A quarter of 1000 samples a second is the bound.
    expected = 250 / (1 + np.exp(-(raw.astype(float) + 1)))
    np.testing.assert_allclose(question.learned_frequencies(start, row), expected, rtol=1e-5)


def test_no_rival_on_a_curve_is_chosen_by_the_digits_that_it_is_tested_on():
    # Points differ by luck alone: one with the test digits, which all seeds share, and another
    # one with the validation digits. The best by the test digits would beat golden by far.
    generator = np.random.default_rng(1)
    curve = {1.2: "a", 1.618: "golden", 2.0: "b", 3.0: "c"}
    labels, others, estimates = list(curve.values()), ["a", "b", "c"], []
    for _ in range(2000):
        tested, validated = generator.standard_normal((2, 4, 1))
        tested, validated = tested + np.zeros(3), validated + generator.standard_normal((4, 3))
        rows = {
            label: [
                {"seed": seed, "test_accuracy": x, "validation_accuracy": y}
                for seed, (x, y) in enumerate(zip(tested[place], validated[place], strict=True))
            ]
            for place, label in enumerate(curve.values())
        }
        estimates.append(
            np.mean(tested[1]) - np.mean(tested[labels.index(best_validated(rows, others))])
        )
    assert abs(np.mean(estimates)) < 4 * np.std(estimates) / math.sqrt(len(estimates))


def test_what_remains_of_golden_and_how_its_ratio_follows_the_number_of_nodes():
    assert len(golden_below(500.0)) == 9
    assert len(golden_below(2000.0)) == 11
    for number in (5, 11, 27):
        frequencies = span_ladder(number)
        assert span_ratio(number) == pytest.approx(frequencies[1] / frequencies[0], rel=1e-12)
    assert nearest(np.array([5.0, 1000 / 14])) == pytest.approx(1.0)
