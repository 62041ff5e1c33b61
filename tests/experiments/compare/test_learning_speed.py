"""Learning speed: areas under curves, equal seconds, equal sizes."""

import dataclasses
import math

import jax
import numpy as np
import pytest

from experiments.compare import learning_speed
from experiments.compare.learning_speed import CLAIMS, SECONDS, learning_curves, mean_until
from rhythmic.plotting.style import house_style
from tests.experiments.compare.made_up import found, rows_of, small

FULL = small("learning_speed")
SLOW = dict(zip(learning_speed.COMPARED, (0.003, 0.005, 0.008, 0.012, 0.01), strict=True))


def made_up(options=FULL):
    """Return rows whose curves rise in a straight line from chance, and seconds an update."""
    rows = rows_of("learning_speed", options, dict.fromkeys(SLOW, 0.1))
    for row in rows[SECONDS]:
        row["seconds_per_update"] = SLOW[row["label"]]
    return rows


def test_conditions_differ_in_the_network_alone():
    made = learning_speed.conditions(FULL)
    assert [condition.label for condition in made] == list(FULL.networks)
    for condition in made:
        assert condition.training == FULL.training()
        assert condition.training.schedule == "constant"
        assert condition.kept == ("history",)


@pytest.mark.slow
def test_networks_are_of_about_equal_size():
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
    options = dataclasses.replace(FULL, networks=("gru",))
    (curve,) = learning_curves(options, made_up(options)).values()
    np.testing.assert_allclose(curve.updates, 20 * np.arange(13))
    np.testing.assert_allclose(curve.seconds, 0.012 * 20 * np.arange(13))
    assert curve.values.shape == (10, 13)
    assert np.all(curve.values[:, 0] == 0.1)


def test_over_equal_seconds_the_quicker_update_wins():
    updates, seconds, _ = found("learning_speed", FULL, made_up()).values()
    assert abs(updates.estimate) < 0.005
    # Straight lines: at 5 / 3 of the seconds an update a rival has come 3 / 5 as far.
    assert seconds.estimate == pytest.approx(0.35 * (1 - 3 / 5), abs=0.005)
    assert "RNN 5" in seconds.text
    assert "on made up" in seconds.text


def test_what_was_not_measured_is_said_to_be_missing():
    rows = made_up()
    del rows[SECONDS]
    assert found("learning_speed", FULL, rows)["speed-seconds"].missing == SECONDS
    assert all("best validation accuracy at any epoch" in claim.test for claim in CLAIMS)


def test_figure_shows_updates_and_seconds():
    with house_style():
        figure = learning_speed.draw(FULL, made_up())["learning_speed"]
        figure.draw_without_rendering()
    by_updates, by_seconds = figure.axes
    assert len(by_updates.lines) == len(by_seconds.lines) == 6
    np.testing.assert_allclose(by_updates.lines[0].get_xdata()[-1], 240)
    np.testing.assert_allclose(by_seconds.lines[0].get_xdata()[-1], 0.72)
