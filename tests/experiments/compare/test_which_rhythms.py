"""Which rhythms: conditions of every preset, findings both ways and figures from made-up rows."""

import dataclasses
import functools
import math

import jax
import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.stats

from experiments.compare import which_rhythms as question
from experiments.compare.findings import verdicts
from experiments.compare.which_rhythms_claims import CLAIMS
from experiments.compare.which_rhythms_conditions import conditions
from experiments.compare.which_rhythms_findings import (
    best_other,
    nearest,
    span_ratio,
)
from experiments.compare.which_rhythms_options import (
    FIXED,
    GOLDEN_SHARED,
    LEARNED,
    PARTS,
    WhichRhythmsOptions,
    golden_below,
    null_label,
)
from experiments.members.plans import by_program
from experiments.members.store import tuning
from rhythmic.cells.registry import make_cell
from rhythmic.plotting.style import house_style
from rhythmic.theory import ladder, span_ladder

SMALL = dataclasses.replace(
    question.PRESETS["full"],
    dataset="mnist5k",
    num_ladders=30,
    ratios=(1.2, 1.618, 2.4),
    long_ratios=(1.2, 1.4, 1.618),
    num_nodes=(5, 11, 15),
    results=None,
)


@pytest.fixture(params=question.PRESETS)
def preset(request):
    """Every preset, on the digits that come without a network."""
    return dataclasses.replace(question.PRESETS[request.param], dataset="mnist5k")


conditions_of = functools.cache(conditions)


def made_up(options, effects=(), spread=0.002):
    """Return rows of every condition: 0.7 and noise, more where ``effects`` says so by label."""
    generator = np.random.default_rng(0)
    effects = dict(effects)
    rows = {}
    for condition in conditions_of(options):
        label = condition.label
        own = []
        for seed in condition.seeds:
            accuracy = 0.7 + effects.get(label, 0.0) + spread * generator.standard_normal()
            row = {
                "label": label,
                "seed": seed,
                "test_accuracy": accuracy,
                "validation_accuracy": accuracy,
                "num_parameters": 252,
                "learning_rate": 0.01,
            }
            if condition.kept:
                raw = generator.normal(size=11).tolist()
                row["parameters"] = {"cell.nodes.raw_frequency": raw}
            own.append(row)
        rows[label] = own
    return rows


def found(options, rows):
    findings = question.findings(options, rows)
    assert [finding.claim for finding in findings] == [claim.name for claim in CLAIMS]
    return {finding.claim: finding for finding in findings}


def test_every_condition_is_there_once_and_has_its_budget(preset):
    made = conditions(preset)
    labels = [condition.label for condition in made]
    assert len(set(labels)) == len(labels)
    names = [w.name() for condition in made for w in tuning(condition) if not condition.tuned_on]
    assert len(set(names)) == len(names)
    budget = len(preset.learning_rates) * len(preset.tuning_seeds)
    for condition in made:
        assert condition.settings == preset.settings()
        if not condition.tuned_on and len(preset.learning_rates) > 1:
            assert len(tuning(condition)) == budget
        assert set(condition.seeds) <= set(preset.seeds)


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
    for effect, expected in ((0.05, "holds"), (-0.05, "opposite"), (0.0, "undecided")):
        rows = made_up(SMALL, {GOLDEN_SHARED: effect})
        finding = found(SMALL, rows)["golden-null"]
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
    for slope, expected in ((-0.03, "holds"), (0.03, "opposite")):
        effects = {null_label(k): slope * x for k, x in enumerate(distances)}
        finding = found(SMALL, made_up(SMALL, effects))["data-rhythm"]
        assert verdicts([finding]) == [expected]
        assert finding.unit == "correlation"
        assert -1 <= finding.low <= finding.estimate <= finding.high <= 1


@pytest.mark.parametrize(
    ("claim", "better", "worse"),
    [
        ("golden-two", "golden", "two"),
        ("learned-golden", LEARNED["golden"], FIXED["golden"]),
        ("golden-start", LEARNED["golden"], LEARNED["random 0"]),
        ("copies-dense", "golden x 3, learned inputs", "dense, 31 nodes, learned inputs"),
        ("sampled-slower", "golden, 9 nodes, 1000 Hz", "golden, 9 nodes, 500 Hz"),
        ("sampled-faster", "golden", "golden, 11 nodes, 2000 Hz"),
    ],
)
def test_two_conditions_both_ways(claim, better, worse):
    for effects, expected in (
        ({better: 0.05}, "holds"),
        ({worse: 0.05}, "opposite"),
        ({}, "equivalent"),
    ):
        assert verdicts([found(SMALL, made_up(SMALL, effects))[claim]]) == [expected]


def test_the_golden_point_of_a_curve_both_ways():
    effects = {"5 nodes x 1.618": 0.05, "15 nodes, 2 to 246 Hz": 0.05}
    reached = found(SMALL, made_up(SMALL, effects))
    assert verdicts([reached["ratio-5-nodes"]]) == ["holds"]
    assert "peak at ratio 1.618" in reached["ratio-5-nodes"].text
    assert verdicts([reached["ratio-span"]]) == ["opposite"]
    assert "at the edge" in reached["ratio-span"].text
    assert verdicts([reached["ratio-11-nodes"]]) == ["equivalent"]


def test_ladders_of_as_many_nodes_are_pairs():
    rows = made_up(SMALL, {"golden": 0.01, GOLDEN_SHARED: 0.01, "5 nodes x 1.618": 0.01})
    for own in rows.values():
        for row in own:
            row["test_accuracy"] += 0.02 * (row["seed"] % 10)
    reached = found(SMALL, rows)
    numbers = {name: len(ladder(name)) for name in ("golden", "two", "log", "linear")}
    for name in ("two", "log", "linear"):
        assert (reached[f"golden-{name}"].p_value < 1e-3) == (numbers[name] == numbers["golden"])
    assert reached["ratio-5-nodes"].p_value < 0.02
    assert reached["ratio-11-nodes"].p_value < 0.02
    assert reached["ratio-span"].p_value > 0.3


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
    estimates = []
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
        estimates.append(np.mean(tested[1]) - np.mean(tested[best_other(curve, rows, 1)]))
    assert abs(np.mean(estimates)) < 4 * np.std(estimates) / math.sqrt(len(estimates))
    rows = {
        label: [{"validation_accuracy": value}]
        for label, value in zip(curve.values(), (0.2, 0.9, 0.4, 0.3), strict=True)
    }
    assert best_other(curve, rows, 1) == 2
    assert best_other(curve, rows, 0) == 1


def test_parts_left_out_are_not_found_in_silence():
    options = dataclasses.replace(SMALL, parts=("null",))
    reached = found(options, made_up(options))
    assert "not asked" in reached["golden-two"].text
    assert math.isnan(reached["golden-two"].estimate)
    assert verdicts(list(reached.values()))[2] == "undecided"
    assert math.isfinite(reached["golden-null"].estimate)


def test_what_remains_of_golden_and_how_its_ratio_follows_the_number_of_nodes():
    assert len(golden_below(500.0)) == 9
    assert len(golden_below(2000.0)) == 11
    for number in (5, 11, 27):
        frequencies = span_ladder(number)
        assert span_ratio(number) == pytest.approx(frequencies[1] / frequencies[0], rel=1e-12)
    assert nearest(np.array([5.0, 1000 / 14])) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"parts": ("nul",)}, "choose from null"),
        ({"parts": ()}, "parts is empty"),
        ({"num_ladders": 1}, "num_ladders is 1"),
        ({"num_null_seeds": 4}, "num_null_seeds is 4"),
        ({"ratios": (1.2, 1.5)}, "ratios must hold 1.618"),
        ({"long_ratios": (1.618, 1.7)}, "num_nodes must be"),
        ({"num_nodes": (5, 6)}, "num_nodes must hold 11"),
        ({"copies": (1, 2)}, "copies is"),
        ({"sample_rates": (500.0,)}, "one below and one above"),
        ({"sample_rates": (500.0, 1000.0)}, "not 1000 Hz"),
    ],
)
def test_options_out_of_range_are_refused_in_one_line(wrong, message):
    with pytest.raises(ValueError, match=message) as refused:
        WhichRhythmsOptions(**wrong).check()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("parts", [PARTS, ("null",), ("named",)])
def test_figures_come_from_rows_alone(parts):
    options = dataclasses.replace(SMALL, parts=parts)
    with house_style():
        figures = question.draw(options, made_up(options))
        for figure in figures.values():
            figure.draw_without_rendering()
    names = {"null": "null", "named": "accuracies"}
    expected = {"null", "curves", "accuracies", "learned"} if parts == PARTS else {names[parts[0]]}
    assert set(figures) == expected
    shown = (
        {tick.get_text() for tick in figures["accuracies"].axes[0].get_yticklabels()}
        if ("accuracies" in figures)
        else set()
    )
    assert not any("to 246" in label or "shared" in label for label in shown)
    plt.close("all")
