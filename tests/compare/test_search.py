"""The search of settings beside ``train``, which knows nothing of it."""

import dataclasses

import numpy as np
import pytest

import rhythmic
from rhythmic.compare import ComparisonPlan, simulated_rhythms
from rhythmic.compare.plan import divisions
from rhythmic.compare.search import searched
from rhythmic.training.configuration import Hyperparameters
from rhythmic.training.rhythms import member_rhythms

PLAN = ComparisonPlan(num_runs=3, budget=2, num_updates=30)


@pytest.fixture(scope="module")
def asked():
    recordings = simulated_rhythms(
        num_trials=45, num_channels=2, sample_rate=100.0, duration=(0.4, 0.6), amplitude=2.0
    )
    parts = divisions(recordings, PLAN)
    recipe = PLAN.recipe(recordings, [len(one.split.train) for one in parts])
    return recordings, parts, dataclasses.replace(recipe, epochs=4)


def settings_of(*rates):
    zeros = np.zeros(len(rates), np.float32)
    return Hyperparameters(np.array(rates, np.float32), zeros, zeros)


def test_each_run_takes_the_setting_of_its_own_best_validation_score(asked):
    recordings, parts, recipe = asked
    spec = rhythmic.NetworkSpec("rrn", 3, options={"rhythms": "learned"})
    rates = (0.003, 0.1)
    (both,) = searched(spec, recordings, parts, settings_of(*rates), recipe, quiet=True)
    splits = {one.seed: one.split for one in parts}
    alone = [
        rhythmic.train(
            spec,
            recordings,
            seeds=tuple(splits),
            learning_rates=(rate,),
            split=splits.__getitem__,
            recipe=recipe,
            quiet=True,
        )
        for rate in rates
    ]
    scores = np.array([one.validation_scores for one in alone])
    np.testing.assert_array_equal(both.settings, np.argmax(np.round(scores, 6), axis=0))
    for run, place in enumerate(both.settings):
        assert both.test_scores[run] == pytest.approx(alone[place].test_scores[run], abs=1e-6)
        np.testing.assert_array_equal(both.confusion[run], alone[place].confusion[run])
        assert both.hyperparameters.learning_rate[run] == np.float32(rates[place])


def test_ladders_are_networks_of_those_frequencies(asked):
    recordings, parts, recipe = asked
    ladders = ([3.0, 8.0, 20.0], [4.0, 10.0, 15.0])
    rhythms = [member_rhythms([one], sample_rate=100.0, pole_radius=0.9) for one in ladders]
    spec = rhythmic.NetworkSpec("rrn", 3)
    found = searched(
        spec, recordings, parts, settings_of(0.02), recipe, rhythms=rhythms, quiet=True
    )
    for ladder, one in zip(ladders, found, strict=True):
        options = {"frequencies": tuple(ladder), "pole_radius": 0.9}
        own = dataclasses.replace(spec, options=options)
        (alone,) = searched(own, recordings, parts, settings_of(0.02), recipe, quiet=True)
        np.testing.assert_allclose(one.validation_curve, alone.validation_curve, atol=1e-6)
        np.testing.assert_allclose(one.train_loss, alone.train_loss, rtol=1e-4)
        np.testing.assert_array_equal(one.test_scores, alone.test_scores)
