import dataclasses

import numpy as np
import pytest

from experiments.golden_rhythms import (
    EXPERIMENT,
    PRESETS,
    answer,
    draw,
    measure,
    scores,
    summarise,
    trials,
)
from experiments.golden_rhythms_report import DRIVER, in_noise, reach
from experiments.script import Stages

OPTIONS = dataclasses.replace(
    PRESETS["smoke"], random_ratios=5, random_rungs=5, tolerance=0.2, noise_levels=(1e-6,)
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return measure(OPTIONS, Stages(tmp_path_factory.mktemp("stages")))


def test_the_published_answers_come_out(results):
    golden = trials(results, "named")
    nodes = golden.frequencies[0]
    heard = np.flatnonzero(golden.answers(DRIVER, 4.0)[0, 5])
    np.testing.assert_allclose(nodes[heard], [11.1, 47.0], atol=0.05)
    assert nodes[5] == pytest.approx(29.03, abs=0.01)


def test_the_sweep_peaks_at_sum_and_difference(results):
    gain, response = results["sweep_frequency"], results["sweep_response"]
    nodes = trials(results, "named").frequencies[0]
    for node in (0, 1, 2, 3, 5, 6):
        for expected in (abs(nodes[DRIVER] - nodes[node]), nodes[DRIVER] + nodes[node]):
            near = np.abs(gain - expected) < 2
            assert gain[near][response[node, near].argmax()] == pytest.approx(expected, abs=0.2)


def test_faint_noise_changes_no_answer(results):
    kept, false = in_noise(OPTIONS, results)
    stable = results["named_stable"]
    np.testing.assert_array_equal(kept[0, stable], 1)
    np.testing.assert_array_equal(false[0, stable], 0)


def test_the_answer_states_the_numbers(results):
    text = answer(OPTIONS, results)
    score = scores(results, "named", OPTIONS.threshold).selectivity
    at_targets, elsewhere = reach(OPTIONS, results)
    assert at_targets > 0.5 > elsewhere
    assert f"reaches {at_targets:.0%} of the nodes at" in text
    assert "11.1 Hz" in text
    assert "47.0 Hz" in text
    assert f"{score[0]:.2f}" in text
    assert ("plastic" in text) == (score[1] > score[0])
    deaf = results | {"named_modulated": np.ones_like(results["named_modulated"])}
    assert "no node" in answer(OPTIONS, deaf)


def test_the_report_and_the_figures_are_made_of_the_arrays(results):
    lines = summarise(OPTIONS, results).splitlines()
    assert max(map(len, lines)) <= 100
    assert any(line.split()[:2] == ["golden", "1.618"] for line in lines)
    assert list(draw(OPTIONS, results)) == ["responses", "selectivity", "routes"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"random_ratios": 0}, "random_ratios is 0; it must be at least 1"),
        ({"noise_seeds": 0}, "noise_seeds is 0"),
        ({"lowest_ratio": 1.0}, "lowest_ratio and highest_ratio are 1.0 and 3.0"),
        ({"highest_ratio": 3.5}, "lowest_ratio and highest_ratio are 1.2 and 3.5"),
        ({"threshold": 1.0}, "threshold is 1.0; it must be above 1"),
        ({"tolerance": 0.0}, "tolerance is 0.0 Hz; it must be in 0.1 to 5"),
        ({"noise_levels": (0.1, -0.1)}, "noise_levels holds -0.1"),
        ({"noise_levels": ()}, "noise_levels is"),
    ],
)
def test_bad_options_are_refused_in_one_line(change, message):
    with pytest.raises(ValueError, match=message) as caught:
        dataclasses.replace(EXPERIMENT.presets["quick"], **change).check()
    assert "\n" not in str(caught.value)
