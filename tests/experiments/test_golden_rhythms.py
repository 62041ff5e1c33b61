import dataclasses

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.signal import find_peaks, hilbert

from experiments.golden_rhythms import (
    DRIVER,
    NAMED,
    PRESETS,
    answer,
    draw,
    in_noise,
    reach,
    scores,
    share_on_rungs,
    summarise,
    swept_peaks,
    trials,
)

OPTIONS = dataclasses.replace(
    PRESETS["smoke"],
    random_ratios=5,
    random_rungs=5,
    swept_ratios=2,
    gain_stride=2,
    tolerance=0.2,
    noise_levels=(1e-6,),
)


@pytest.mark.slow
def test_the_published_answers_come_out(results):
    golden = trials(results, "named")
    nodes = golden.frequencies[0]
    heard = np.flatnonzero(golden.answers(DRIVER, 4.0)[0, 5])
    np.testing.assert_allclose(nodes[heard], [11.1, 47.0], atol=0.05)
    assert nodes[5] == pytest.approx(29.03, abs=0.01)


@pytest.mark.slow
def test_the_sweep_peaks_at_sum_and_difference(results):
    gain, response = results["sweep_frequency"], results["sweep_response"][0]
    nodes = trials(results, "named").frequencies[0]
    for node in (0, 1, 2, 3, 5, 6):
        for expected in (abs(nodes[DRIVER] - nodes[node]), nodes[DRIVER] + nodes[node]):
            near = np.abs(gain - expected) < 2
            assert gain[near][response[node, near].argmax()] == pytest.approx(expected, abs=0.2)


@pytest.mark.slow
def test_the_sweep_of_another_ladder_is_solve_ivps(results):
    ladder, place = list(NAMED).index("3/2"), 200
    frequencies = 17.94427191 * 1.5 ** np.arange(-4.0, 4.0)
    gain_frequency = results["sweep_frequency"][place]
    assert gain_frequency == pytest.approx(41.0)

    def velocity(time, state):
        position, speed = state[:8], state[8:]
        gain = 50 + 50 * np.cos(2 * np.pi * gain_frequency * time)
        force = gain * (position.sum() - position) - (2 * np.pi * frequencies) ** 2 * position
        return np.concatenate([speed, force - 4.0 * speed])

    time = np.arange(2500) / 1000
    start = np.zeros(16)
    start[4] = 1
    solution = solve_ivp(velocity, (0, 2.5), start, "DOP853", time, rtol=1e-8, atol=1e-10)
    expected = np.abs(hilbert(solution.y[:8])).T[:1500].mean(0)
    np.testing.assert_allclose(results["sweep_response"][ladder, :, place], expected, rtol=1e-4)


@pytest.mark.slow
def test_the_sweeps_peaks_counted_one_by_one(results):
    gain, response = results["sweep_frequency"], results["sweep_response"]
    ladders = [[17.94427191 * ratio ** (k - 4) for k in range(8)] for ratio in NAMED.values()]
    ladders += [[17.94427191 * ratio ** (k - 4) for k in range(8)] for ratio in results["ratios"]]
    constant = np.concatenate([results["named_constant"], results["ratio_constant"]])
    assert response.shape == (len(NAMED) + 2, 8, len(gain))
    stable, places = swept_peaks(OPTIONS, results)
    assert stable.sum() > 3
    for number, rungs in enumerate(ladders[: len(response)]):
        counts, heard, swept = [0, 0, 0], set(), set()
        for node in set(range(8)) - {DRIVER}:
            sums = rungs[DRIVER] + rungs[node], abs(rungs[DRIVER] - rungs[node])
            swept |= {(node, f) for f in sums if gain[0] < f < gain[-1]}
            height = OPTIONS.threshold * constant[number, node]
            for peak in gain[find_peaks(response[number, node], height=height)[0]]:
                heard |= {(node, f) for f in sums if abs(peak - f) <= OPTIONS.tolerance}
                counts[0] += 1
                counts[1] += min(abs(peak - f) for f in sums) <= OPTIONS.tolerance
                counts[2] += min(abs(peak - f) for f in rungs) <= OPTIONS.tolerance
        found = places.peaks[number], places.at_targets[number], places.at_rungs[number]
        assert list(found) == counts
        assert counts[0] > 0
        assert (places.targets[number], places.answered[number]) == (len(swept), len(heard))


@pytest.mark.slow
def test_faint_noise_changes_no_answer(results):
    kept, false = in_noise(OPTIONS, results)
    stable = results["named_stable"]
    np.testing.assert_array_equal(kept[0, stable], 1)
    np.testing.assert_array_equal(false[0, stable], 0)


@pytest.mark.slow
def test_the_answer_states_the_numbers(results):
    text = answer(OPTIONS, results)
    score = scores(results, "named", OPTIONS.threshold).selectivity
    at_targets, elsewhere = reach(OPTIONS, results)
    assert at_targets > 0.5 > elsewhere
    assert f"reaches {at_targets:.0%} of the nodes at" in text
    stable, places = swept_peaks(OPTIONS, results)
    on_rungs = share_on_rungs(places)
    predicted = places.at_targets[stable].sum() / places.peaks[stable].sum()
    assert f"{predicted:.0%} of peaks lie at such places, {on_rungs[0]:.0%} of golden's" in text
    others = on_rungs[len(NAMED) :][stable[len(NAMED) :]]
    assert (f"median {np.median(others):.0%}" if len(others) else "of golden's on") in text
    assert len(text) < 450
    assert "11.1 Hz" in text
    assert "47.0 Hz" in text
    assert f"{score[0]:.2f}" in text
    assert ("plastic" in text) == (score[1] > score[0])
    deaf = results | {"named_modulated": np.ones_like(results["named_modulated"])}
    assert "no node" in answer(OPTIONS, deaf)


@pytest.mark.slow
def test_the_report_and_the_figures_are_made_of_the_arrays(results):
    lines = summarise(OPTIONS, results).splitlines()
    assert any(line.split()[:2] == ["golden", "1.618"] for line in lines)
    assert any(line.split()[:2] == ["golden", str(golden_peaks(results))] for line in lines)
    assert list(draw(OPTIONS, results)) == ["responses", "sweep", "selectivity", "routes"]


def golden_peaks(results):
    return swept_peaks(OPTIONS, results)[1].peaks[0]


@pytest.mark.slow
def test_without_random_sweeps_the_named_ladders_stay(results):
    named = results | {"sweep_response": results["sweep_response"][: len(NAMED)]}
    assert swept_peaks(OPTIONS, named)[1].peaks.shape == (len(NAMED),)
    assert "random ratios: median" not in answer(OPTIONS, named)
    assert not any("ladders: " in line for line in summarise(OPTIONS, named).splitlines())
