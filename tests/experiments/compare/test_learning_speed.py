"""Learning speed: areas under curves, equal seconds, findings both ways, conditions, figures."""

import dataclasses
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

from experiments.compare import learning_speed
from experiments.compare.findings import verdicts
from experiments.compare.learning_speed_findings import (
    CLAIMS,
    SECONDS,
    learning_curves,
    mean_until,
)
from experiments.members.store import tuning
from rhythmic.plotting.style import house_style

FULL = dataclasses.replace(
    learning_speed.PRESETS["full"], dataset="mnist5k", num_train=2560, results=None
)
SLOW = dict(zip(learning_speed.COMPARED, (0.003, 0.005, 0.008, 0.012, 0.01), strict=True))


def made_up(reached, seconds=SLOW):
    """Return rows whose curves rise in a straight line from chance, and seconds an update."""
    generator = np.random.default_rng(4)
    rows = {
        name: [
            {
                "label": name,
                "seed": seed,
                "history": {"validation_accuracy": list(np.linspace(0.1, value, 13)[1:])},
            }
            for seed, value in zip(
                FULL.seeds, end + 0.004 * generator.standard_normal(10), strict=True
            )
        ]
        for name, end in reached.items()
    }
    timed = [
        {"label": name, "seconds_per_update": seconds[name], "device": "made up"}
        for name in reached
    ]
    return rows | {SECONDS: timed}


def findings(rows):
    return learning_speed.findings(FULL, rows)


@pytest.mark.parametrize("preset", learning_speed.PRESETS)
def test_every_preset_can_be_built(preset):
    given = learning_speed.PRESETS[preset]
    options = dataclasses.replace(given, dataset="mnist5k", num_train=min(given.num_train, 4000))
    options.check()
    found = learning_speed.conditions(options)
    assert [condition.label for condition in found] == list(options.networks)
    assert len({len(tuning(condition)) for condition in found}) == 1
    assert {condition.training for condition in found} == {options.training()}
    assert {condition.training.schedule for condition in found} == {"constant"}
    assert all(condition.kept == ("history",) for condition in found)


@pytest.mark.slow
def test_networks_are_of_about_equal_size():
    import jax

    for condition in learning_speed.conditions(FULL):
        model = condition.architecture.build(1, 10, key=jax.random.key(0))
        assert 240 <= model.num_parameters() <= 300


def test_the_full_curve_has_twelve_points_of_eighty_six_updates():
    full = learning_speed.PRESETS["full"]
    assert learning_speed.updates_per_epoch(full) == 86
    assert full.training().num_steps(full.num_train) == 12 * 86


def test_mean_of_a_curve_is_its_area_over_its_length():
    x = np.array([0.0, 1.0, 3.0])
    values = np.array([[0.1, 0.5, 0.5], [0.1, 0.1, 0.9]])
    whole = [(0.3 * 1 + 0.5 * 2) / 3, (0.1 * 1 + 0.5 * 2) / 3]
    np.testing.assert_allclose(mean_until(x, values, 3.0), whole)
    np.testing.assert_allclose(mean_until(x, values, 1.0), [0.3, 0.1])
    # Half way along the second stretch: 0.5 in the first curve, 0.1 up to 0.5 in the second.
    np.testing.assert_allclose(mean_until(x, values, 2.0), [(0.3 + 0.5) / 2, (0.1 + 0.3) / 2])
    assert math.isnan(mean_until(x, values, math.nan)[0])


def test_curves_begin_at_chance_and_know_their_seconds():
    curve = learning_curves(made_up({"gru": 0.7}), ("gru", "lstm"), 20)["gru"]
    np.testing.assert_allclose(curve.updates, 20 * np.arange(13))
    np.testing.assert_allclose(curve.seconds, 0.012 * 20 * np.arange(13))
    assert curve.values.shape == (10, 13)
    assert np.all(curve.values[:, 0] == 0.1)


@pytest.mark.parametrize(
    ("golden", "horn", "expected"),
    [(0.9, 0.8, ["holds", "holds", "holds"]), (0.3, 0.35, ["opposite", "opposite", "opposite"])],
)
def test_findings_follow_the_rows_both_ways(golden, horn, expected):
    reached = dict.fromkeys(learning_speed.COMPARED, 0.6) | {"rrn-golden": golden, "horn": horn}
    seconds = dict.fromkeys(SLOW, 0.005)
    assert verdicts(findings(made_up(reached, seconds))) == expected


def test_over_equal_seconds_the_quicker_update_wins():
    reached = dict.fromkeys(learning_speed.COMPARED, 0.8)
    updates, seconds, _ = findings(made_up(reached))
    assert abs(updates.estimate) < 0.005
    # Straight lines: at 5 / 3 of the seconds an update a rival has come 3 / 5 as far.
    assert seconds.estimate == pytest.approx(0.35 * (1 - 3 / 5), abs=0.005)
    assert "RNN 5" in seconds.text
    assert "on made up" in seconds.text


def test_what_was_not_trained_or_measured_is_said_to_be_missing():
    rows = made_up({"rrn-golden": 0.9, "gru": 0.8})
    found = findings(rows)
    assert [finding.claim for finding in found] == [claim.name for claim in CLAIMS]
    assert ["left out" in finding.text for finding in found] == [False, False, True]
    del rows[SECONDS]
    assert "left out" in findings(rows)[1].text
    assert all("best validation accuracy at any epoch" in claim.test for claim in CLAIMS)
    assert all("left out" in x.text for x in findings(made_up({"rrn-golden": 0.9})))


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"rounds": 0}, "rounds is 0"), ({"networks": ("rrn",)}, "networks holds 'rrn'")],
)
def test_options_out_of_range_are_refused_in_one_line(changed, message):
    with pytest.raises(ValueError, match=message) as refused:
        dataclasses.replace(FULL, **changed).check()
    assert "\n" not in str(refused.value)


def test_figure_shows_updates_and_seconds():
    rows = made_up(dict.fromkeys(learning_speed.COMPARED, 0.7))
    with house_style():
        figure = learning_speed.draw(FULL, rows)["learning_speed"]
        figure.draw_without_rendering()
    by_updates, by_seconds = figure.axes
    assert len(by_updates.lines) == len(by_seconds.lines) == 6
    np.testing.assert_allclose(by_updates.lines[0].get_xdata()[-1], 240)
    np.testing.assert_allclose(by_seconds.lines[0].get_xdata()[-1], 0.72)
    plt.close(figure)
