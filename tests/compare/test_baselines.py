"""Plain baselines against what they must and must not know."""

import numpy as np
import pytest

from rhythmic.compare import ComparisonPlan, baselines, simulated_rhythms
from rhythmic.compare.baselines import BASELINES, baseline_scores
from rhythmic.compare.plan import divisions
from rhythmic.data import Recordings

PLAN = ComparisonPlan(num_runs=5)


def scores(name, data):
    return baseline_scores(name, data, divisions(data, PLAN))


def test_band_power_tells_rhythms_apart_and_averages_do_not():
    data = simulated_rhythms(num_trials=100, amplitude=2.0, duration=(1.0, 1.5))
    assert scores("band_power", data).test.mean() > 0.97
    assert scores("average", data).test.mean() < 0.75
    majority = scores("majority", data)
    np.testing.assert_array_equal(majority.test, 0.5)
    assert majority.num_parameters == 0
    assert majority.confusion.sum() == 100  # each trial is tested once


def test_averages_tell_offsets_apart_and_band_power_does_not():
    generator = np.random.default_rng(0)
    labels = np.arange(100) % 2
    inputs = generator.normal(size=(100, 64, 2)) + 2 * labels[:, None, None]
    data = Recordings(inputs, labels, sample_rate=64.0)
    assert scores("average", data).test.mean() == 1.0
    assert scores("band_power", data).test.mean() < 0.75


def test_ridge_regression_is_that_of_least_squares():
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(80, 20, 3)) + generator.normal(size=(80, 1, 3))
    targets = inputs.mean(axis=1) @ [1.0, -2.0, 0.5] + 7.0
    data = Recordings(inputs, targets, sample_rate=20.0)
    assert scores("average", data).test.min() > 0.999
    assert np.all(scores("majority", data).test <= 0)


@pytest.mark.parametrize("name", BASELINES)
def test_targets_at_every_step_are_told_step_by_step(name):
    generator = np.random.default_rng(0)
    lengths = generator.integers(60, 100, 40)
    trials, targets = [], []
    for length in lengths:
        on = np.arange(length) >= length // 2
        wave = np.sin(2 * np.pi * 10 * np.arange(length) / 100) * on
        trials.append(np.stack([on + 0.1 * generator.normal(size=length), wave], axis=1))
        targets.append(on.astype(int))
    data = Recordings(trials, targets, sample_rate=100.0, kind="class_per_step")
    found = scores(name, data)
    assert found.confusion.sum() == lengths.sum()
    least = {"majority": 0.5, "average": 0.99, "band_power": 0.8}[name]
    assert found.test.mean() >= least


def test_every_class_counts_as_much_in_a_baseline():
    generator = np.random.default_rng(0)
    labels = (np.arange(400) % 10 == 0).astype(int)
    inputs = 2 * generator.normal(size=(400, 4, 1)) + 2.0 * labels[:, None, None]
    data = Recordings(inputs, labels, sample_rate=4.0)
    # Means have a standard deviation of 1: the best threshold is right in 84 %.
    assert abs(scores("average", data).test.mean() - 0.84) < 0.06


def test_a_rare_class_is_kept_where_steps_are_drawn(monkeypatch):
    generator = np.random.default_rng(0)
    labels = (generator.random((40, 400)) < 0.01).astype(int)
    inputs = generator.normal(size=(40, 400, 1)) + 2.0 * labels[..., None]
    data = Recordings(inputs, labels, sample_rate=100.0, kind="class_per_step")
    division = divisions(data, PLAN)[0]
    train = labels[division.split.train].ravel()
    monkeypatch.setattr(baselines, "MOST_ITEMS", 1000)
    drawn = baselines._drawn(train, 2, 7)
    assert len(set(drawn)) == len(drawn) == 1000
    assert set(np.flatnonzero(train)) <= set(drawn)
    # Half a distance of 2 standard deviations: 84 %. Of 1,000 drawn evenly ten would be rare.
    assert abs(scores("average", data).test.mean() - 0.84) < 0.03
    majority = scores("majority", data)
    assert majority.confusion[..., 1].sum() == 0  # of all steps, not of those drawn


def test_targets_that_do_not_vary_within_a_part_are_refused():
    groups = np.arange(12) // 4
    data = Recordings(np.ones((12, 8, 1)), 1.0 * groups, sample_rate=8.0, groups=groups)
    with pytest.raises(ValueError, match="targets do not vary among the 4 validation trials"):
        divisions(data, PLAN)


def test_recent_samples_forecast_an_autoregression_as_well_as_its_equation():
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(60, 400))
    series = np.zeros_like(noise)
    for step in range(2, 400):  # poles of modulus 0.9 at an eighth of the sample rate
        past = series[:, step - 1], series[:, step - 2]
        series[:, step] = 1.8 * np.cos(np.pi / 4) * past[0] - 0.81 * past[1] + noise[:, step]
    labels = np.zeros(60)
    data = Recordings(series[:, 100:], labels, sample_rate=100.0).forecast(0.01)
    expected = 1 - noise[:, 100:].var() / series[:, 100:].var()
    assert scores("average", data).test.mean() == pytest.approx(expected, abs=0.01)
    assert scores("majority", data).test.mean() == pytest.approx(0.0, abs=0.01)
