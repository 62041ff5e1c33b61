"""Synthetic tasks: networks of one size, findings both ways, figures of made-up rows."""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pytest

from experiments.compare.synthetic import (
    CLAIMS,
    PRESETS,
    TASKS,
    best_rival,
    describe,
    draw,
    label,
    network,
    parts_of,
    swept_tasks,
    train_part,
)
from rhythmic.plotting.style import house_style
from tests.experiments.compare.made_up import findings, verdicts
from tests.marks import rest_slow

FULL = dataclasses.replace(PRESETS["full"], results=None)


def made_up(options, ours=0.0):
    """Return rows in which all scores are 0.6 with noise, and the rhythmic network's more."""
    generator = np.random.default_rng(0)
    rows = {}
    for part in parts_of(options):
        mean = 0.6 + (ours if part.network == "rhythmic" else 0.0)
        shape = len(part.swept.difficulties), len(options.seeds)
        rows[label(part.task, part.network)] = [
            {
                "num_nodes": 11,
                "num_parameters": 156,
                "difficulties": list(part.swept.difficulties),
                "learning_rates": [0.01] * shape[0],
                "seeds": list(options.seeds),
                "score": (mean + 0.01 * generator.standard_normal(shape)).tolist(),
                "validation_loss": [0.5 + (part.network == "rnn")] * shape[0],
            }
        ]
    return rows


@pytest.mark.parametrize("name", rest_slow(PRESETS, "smoke"))
def test_parts_of_every_preset_are_told_apart(name):
    options = PRESETS[name]
    options.check()
    parts = parts_of(options)
    assert len({part.name() for part in parts}) == len(parts)


@pytest.mark.parametrize("task", TASKS)
def test_rivals_have_about_as_many_parameters(task):
    drawn = swept_tasks(FULL)[task].tasks()[0]
    shape = drawn.input_size, drawn.num_outputs
    sizes = {kind: network(kind, *shape).num_parameters(*shape) for kind in FULL.networks}
    for size in sizes.values():
        assert abs(size / sizes["rhythmic"] - 1) < 0.18, sizes


def test_chance_and_best_scores_bound_one_another():
    for task in swept_tasks(FULL).values():
        sign = 1 if task.higher_is_better else -1
        assert np.all(sign * task.best > sign * task.chance)
        assert len(task.best) == len(task.difficulties)
    ideal = swept_tasks(FULL)["frequency"].best
    ratios = np.array([0.1, 0.2, 0.4, 0.8, 1.6])
    np.testing.assert_allclose(ideal, 1 - np.exp(-50 * ratios**2 / 4) / 2)


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        # More is better for an accuracy and worse for an error, and three claims are of a loss.
        (0.2, ["supported", "contradicted", "contradicted", "supported", "contradicted"]),
        (-0.2, ["contradicted", "supported", "supported", "contradicted", "supported"]),
    ],
)
def test_findings_follow_the_scores(ours, expected):
    found = findings("synthetic", FULL, made_up(FULL, ours))
    assert [finding.claim for finding in found] == [claim.name for claim in CLAIMS]
    assert verdicts(found) == expected
    assert found[0].estimate == pytest.approx(ours, abs=0.02)
    assert found[1].unit == "squared error / variance"
    assert found[0].unit == "accuracy"


def test_equal_scores_are_found_equal():
    rows, generator = made_up(FULL), np.random.default_rng(1)
    for row in rows.values():
        shape = np.shape(row[0]["score"])
        row[0]["score"] = (0.6 + 0.001 * generator.standard_normal(shape)).tolist()
    assert set(verdicts(findings("synthetic", FULL, rows))) == {"equivalent"}


def test_the_rival_is_chosen_on_validation():
    rows = made_up(FULL)
    assert best_rival(rows, "recall", 0) == "lstm"
    for kind in ("lstm", "gru"):
        rows[label("recall", kind)][0]["validation_loss"][0] = None
    assert best_rival(rows, "recall", 0) == "rnn"


def test_what_is_left_out_is_said():
    options = PRESETS["smoke"]
    found = findings("synthetic", options, made_up(options))
    assert [finding.missing for finding in found[:2]] == ["", "phase: rhythmic"]


@pytest.mark.parametrize("name", ["smoke", "full"])
def test_figures_are_drawn_from_rows(name):
    options = PRESETS[name]
    rows = made_up(options)
    with house_style():
        figure = draw(options, rows)["synthetic"]
        figure.draw_without_rendering()
    plt.close("all")
    line = describe("frequency: rnn", rows["frequency: rnn"])
    assert "156 parameters" in line
    assert "0.4: 0.6" in line or "0.4: 0.59" in line


@pytest.mark.slow
@pytest.mark.parametrize(("num_seeds", "drawn"), [(2, False), (10, True)])
def test_intervals_are_drawn_of_five_seeds_or_more_and_scores_fill_the_axis(num_seeds, drawn):
    options = dataclasses.replace(FULL, num_seeds=num_seeds)
    rows = made_up(options)
    # One of the networks learns, the others do not: an interval that reaches below 0.
    rows["recall: rnn"][0]["score"] = [[1.0] + [0.5] * (num_seeds - 1)] * 5
    with house_style():
        figure = draw(options, rows)["synthetic"]
        figure.draw_without_rendering()
    recall = figure.axes[0]
    lengths = [
        np.ptp(segment[:, 1])
        for container in recall.containers
        for bars in container.lines[2]
        for segment in bars.get_segments()
    ]
    assert (max(lengths) > 0) == drawn
    assert recall.get_ylim()[0] > 0.4
    assert "linear" in figure.axes[4].get_title()
    plt.close("all")


@pytest.mark.slow
def test_the_row_of_a_part_holds_what_was_trained():
    options = dataclasses.replace(
        PRESETS["smoke"], networks=("rnn",), signal_to_noise=(0.4,), num_updates=8, num_seeds=1
    )
    row = train_part(parts_of(options)[0])
    assert np.shape(row["score"]) == (1, 1)
    assert row["learning_rates"] == [0.03]
    # 10 nodes: recurrent and input weights, two biases, readout.
    assert row["num_parameters"] == 100 + 10 + 20 + 22
    assert np.isfinite(row["validation_loss"]).all()
    assert row["failed"] == 0
