"""The grid of reservoirs comes out, and what is said follows from its numbers."""

import dataclasses

import numpy as np
import pytest

from experiments import weight_grid as script
from rhythmic.data import load_mnist5k, split
from rhythmic.plotting import weight_grid as plotting

OPTIONS = dataclasses.replace(script.PRESETS["smoke"], num_train=60, num_nodes=4)
SHAPE = (2, 2, 2, 2, 1)  # seed, pole radius, ladder ratio, recurrent gain, input scale


def made_up(**changes):
    """Results whose best point is known: the last of all but the seeds."""
    accuracy = np.full(SHAPE, 0.3)
    accuracy[:, 1, 1, 1, 0] = [0.5, 0.6]
    ones = np.ones(SHAPE)
    growth = ones * np.array([0.9, 1.003])[:, None, None, None]
    made = {
        "validation_accuracy": accuracy,
        "growth_factor": growth,
        "response_frequency": 7.0 * ones,
        "spectral_centroid": 5.0 * ones,
        "gradient_norm": 1e-6 * ones,
        "status": np.zeros(SHAPE, np.int8),
        "published_accuracy": np.array([]),
    }
    return made | changes


@pytest.mark.slow
def test_the_grid_is_finite_and_better_than_chance(results):
    accuracy = results["validation_accuracy"]
    assert accuracy.shape == SHAPE
    assert np.all(np.isfinite(accuracy))
    assert accuracy.max() > 0.2
    assert not np.any(results["status"])
    free = results["growth_factor"][:, :, :, 0, 0]  # seed, pole radius, ladder ratio
    np.testing.assert_allclose(free[:, 0], 0.9, rtol=1e-3)
    np.testing.assert_allclose(free[:, 1], 1.003, rtol=1e-3)
    # Without coupling and noise a seed decides nothing.
    np.testing.assert_array_equal(accuracy[0, :, :, 0], accuracy[1, :, :, 0])
    assert np.any(results["growth_factor"][0, :, :, 1] != results["growth_factor"][1, :, :, 1])
    assert not results["published_accuracy"].size


def test_digits_are_those_of_the_split_and_none_are_test_digits():
    pool, data = load_mnist5k(), script.digits(OPTIONS)
    parts = split(pool, OPTIONS.split_seed)
    for inputs, labels, chosen, count in (
        (data.train_inputs, data.train_labels, parts.train, OPTIONS.num_train),
        (data.validation_inputs, data.validation_labels, parts.validation, 40),
    ):
        np.testing.assert_array_equal(labels, pool.labels[chosen[:count]])
        expected = pool.images[chosen[:count]].T.astype(np.float32) / 255
        np.testing.assert_allclose(inputs, expected, rtol=1e-6)
        assert not set(chosen[:count].tolist()) & set(parts.test.tolist())


def test_the_published_reservoir_is_run_once_a_seed(monkeypatch):
    small = classmethod(lambda cls, *, key, noise: cls(np.array([5.0, 40.0]), key=key, noise=noise))
    monkeypatch.setattr(script.ResonantReservoirCell, "published", small)
    options = dataclasses.replace(OPTIONS, published_seeds=(1, 2), noise=0.5)
    found = script.published(options, script.digits(options))["published_accuracy"]
    assert found.shape == (2,)
    assert np.all((found >= 0) & (found <= 1))


def test_effects_are_shares_of_the_variance():
    first, second = np.array([0.0, 2.0]), np.array([0.0, 1.0, 5.0])
    means, shares = script.effects(first[:, None] + second)
    np.testing.assert_allclose(means[0], [2.0, 4.0])
    np.testing.assert_allclose(means[1], [1.0, 2.0, 6.0])
    whole = np.var(first) + np.var(second)
    np.testing.assert_allclose(shares, [np.var(first) / whole, np.var(second) / whole])
    missing = np.where(np.eye(2, 3, dtype=bool), np.nan, first[:, None] + second)
    assert np.all(np.isfinite(script.effects(missing)[1]))
    assert script.effects(np.ones((2, 2)))[1] == [0.0, 0.0]


def test_the_answer_states_the_best_point_and_what_it_is_worth():
    text = script.answer(OPTIONS, made_up())
    assert "the best reads 0.550 (0.500 to 0.600, 2 seeds)" in text
    assert "pole radius 1.003, ladder ratio 2, recurrent gain 0.426, input scale 1" in text
    assert "(sampling error 0.079)" in text  # sqrt(0.55 * 0.45 / 40)
    assert "grows 1.0030-fold a step and the nodes move at 7.0 Hz" in text
    assert "nodes that do not talk reach 0.300 (0.300 to 0.300, 2 seeds)" in text
    assert "published" not in text
    text = script.answer(OPTIONS, made_up(published_accuracy=np.array([0.7, 0.8])))
    assert "the published 246 nodes 0.750 (0.700 to 0.800, 2 seeds)" in text
    broken = np.full(SHAPE, np.nan)
    assert "No reservoir" in script.answer(OPTIONS, made_up(validation_accuracy=broken))


def test_the_summary_tells_both_sides_of_the_line_of_stability():
    text = script.summarise(OPTIONS, made_up())
    assert "below 1: 50% of the points, mean accuracy 0.300" in text
    assert "1 and above: 50% of the points, mean accuracy 0.362" in text
    assert "0.9: 7.00, 5.00" in text
    assert "points that were not finite: 0.0%" in text


@pytest.mark.parametrize("part", ["one", "one point", "all"])
def test_points_that_are_not_finite_are_left_out(part):
    accuracy = made_up()["validation_accuracy"]
    place = {"one": (0, 1, 1, 1, 0), "one point": (slice(None), 1, 1, 1, 0), "all": ...}[part]
    accuracy[place] = np.nan
    nothing = np.where(np.isnan(accuracy), np.nan, 3.0)
    results = made_up(
        validation_accuracy=accuracy,
        response_frequency=nothing,
        spectral_centroid=nothing,
        growth_factor=np.where(np.isnan(accuracy), np.nan, made_up()["growth_factor"]),
        gradient_norm=np.where(np.isnan(accuracy), np.nan, 1e-6),
        status=np.isnan(accuracy).astype(np.int8),
    )
    assert "nan" not in script.answer(OPTIONS, results)
    share = {"one": "6.2%", "one point": "12.5%", "all": "100.0%"}[part]
    assert f"not finite: {share}" in script.summarise(OPTIONS, results)
    assert set(script.draw(OPTIONS, results)) == {"accuracy", "frequency"}


def test_the_line_of_stability_lies_where_growth_is_one():
    figure = script.draw(OPTIONS, made_up())["accuracy"]
    panels = [axes for axes in figure.axes if "gain" in axes.get_title(loc="left")]
    assert len(panels) == 2
    expected = np.log(0.9) / (np.log(0.9) - np.log(1.003))  # between the two radii
    for axes in panels:
        line = axes.collections[-1].get_paths()[0].vertices
        np.testing.assert_allclose(line[:, 0], expected, atol=1e-6)
    assert plotting.LINE["color"]
    still = script.draw(OPTIONS, made_up(growth_factor=np.full(SHAPE, 0.9)))["accuracy"]
    assert len(still.axes[0].collections) == 1
