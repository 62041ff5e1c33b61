import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from rhythmic.coupled import CoupledOscillators, Recording, responses
from rhythmic.coupled.ladders import (
    DRIVER_FREQUENCY,
    PLASTIC_NUMBER,
    random_ladder,
    random_ratio,
    ratio_ladder,
)
from rhythmic.coupled.selectivity import answers, rank, rung_targets, selectivity_scores, targets
from rhythmic.coupled.sweep import rung_responses, rung_windows
from rhythmic.theory import GOLDEN_RATIO

GOLDEN = ratio_ladder(GOLDEN_RATIO)


def pairs(table):
    return {(int(rung), int(node)) for rung, node in zip(*np.nonzero(table), strict=True)}


def test_golden_targets_are_sums_and_differences_of_rungs():
    # phi^{k+2} = phi^{k+1} + phi^k, so the driver at index 4 makes these triples: (3,4,5), (4,5,6)
    # with 4 in each place, and (2,3,4).
    expected = {(5, 3), (3, 5), (5, 6), (6, 5), (2, 3), (3, 2)}
    assert pairs(rung_targets(np.array(GOLDEN), 4, 0.0)) == expected
    assert pairs(rung_targets(np.array(GOLDEN), 4, 0.5)) == expected


def test_targets_of_other_ladders():
    assert pairs(rung_targets(np.array(ratio_ladder(1.5)), 4, 0.5)) == set()
    # 2 f - f = f and f / 2 + f / 2 = f: a gain at the driver's own frequency, or the node's.
    assert pairs(rung_targets(np.array(ratio_ladder(2.0)), 4, 0.0)) == {(4, 5), (3, 3)}
    r = PLASTIC_NUMBER
    assert r**3 == pytest.approx(r + 1, abs=1e-12)
    assert len(pairs(rung_targets(np.array(ratio_ladder(r)), 4, 0.0))) == 8


def test_a_target_is_within_the_tolerance():
    ladder = np.array([10.0, 25.0])
    assert targets(ladder, 0, 35.4, 0.5).tolist() == [False, True]
    assert targets(ladder, 0, 35.6, 0.5).tolist() == [False, False]
    assert targets(ladder, 0, 14.6, 0.5).tolist() == [False, True]


def test_windows_are_centred_and_reach_one_step_beyond():
    found = rung_windows(np.array([5.0, 20.0]), 0.3)
    np.testing.assert_allclose(found[0], [4.6, 4.7, 4.8, 4.9, 5.0, 5.1, 5.2, 5.3, 5.4])
    np.testing.assert_allclose(found[1] - found[0], 15.0)
    for tolerance in (0.05, float("nan")):
        with pytest.raises(ValueError, match=r"tolerance must be 0.1 Hz or more and finite, got"):
            rung_windows(np.array([5.0]), tolerance)


def test_an_answer_is_a_peak_high_enough_and_not_the_drivers():
    peak, slope, flat = [1.0, 9.0, 1.0], [1.0, 9.0, 9.5], [1.0, 1.0, 1.0]
    response = np.array([[peak, peak], [slope, peak], [flat, peak]])  # node, rung, offset
    found = answers(response, np.array([1.0, 2.0, 3.1]), 0, threshold=3.0)
    # Rung by node: the slope is no peak, 9 is below 3 * 3.1, node 0 drives.
    assert found.tolist() == [[False, False, False], [False, True, False]]
    found = answers(response, np.array([1.0, 2.0, 3.0]), 1, threshold=3.0)
    assert found.tolist() == [[True, False, False], [True, False, True]]


def test_bad_answers_are_refused():
    with pytest.raises(ValueError, match="response must have 3 offsets or more, got 2"):
        answers(np.ones((2, 2, 2)), np.ones(2), 0, 2.0)
    with pytest.raises(ValueError, match="threshold must be positive and finite, got 0"):
        answers(np.ones((2, 2, 3)), np.ones(2), 0, 0.0)


def test_selectivity_by_hand():
    table = np.zeros((4, 4), bool)
    table[1, [0, 2]] = True  # node 0 in company of node 2 ...
    table[3, [0, 2, 3]] = True  # ... or of two nodes; node 3 only so
    found = selectivity_scores(table, driver=1)
    assert (found.pairs, found.best, found.reached) == (5, 3, 3)
    assert found.selectivity == pytest.approx((1 / 2 + 1 / 2 + 1 / 3) / 3)


@given(arrays(bool, (3, 5, 5)))
def test_selectivity_is_between_silence_and_a_rhythm_for_each(table):
    table[..., 2] = False
    found = selectivity_scores(table, driver=2)
    assert np.all((found.selectivity >= 0) & (found.selectivity <= found.reached / 4 + 1e-12))
    assert np.all(found.selectivity >= found.reached / 16 - 1e-12)
    assert np.all((found.best <= found.reached) & (found.reached <= found.pairs))


def test_rank_counts_below_and_level():
    assert rank(2.0, np.array([1.0, 2.0, 2.0, 3.0])) == (0.25, 0.5)
    assert np.isnan(rank(2.0, np.array([]))).all()


def test_ratio_ladder_keeps_the_driver():
    np.testing.assert_allclose(GOLDEN, CoupledOscillators().frequencies, rtol=1e-14)
    ladder = ratio_ladder(2.0)
    assert ladder[4] == DRIVER_FREQUENCY
    assert ladder[5] == 2 * DRIVER_FREQUENCY
    with pytest.raises(ValueError, match="ratio must be above 1 and finite, got 1"):
        ratio_ladder(1.0)


def test_random_ladders_surround_the_driver():
    ladders = np.array([random_ladder(key=jax.random.key(seed)) for seed in range(40)])
    assert np.all(np.diff(ladders, axis=1) > 0)
    np.testing.assert_array_equal(ladders[:, 4], DRIVER_FREQUENCY)
    assert ladders.min() > GOLDEN[0]
    assert ladders.max() < GOLDEN[-1]
    # Uniform in the logarithm: the mean of the lower rungs lies half-way, by number of draws.
    low, high = np.log(GOLDEN[0]), np.log(DRIVER_FREQUENCY)
    place = (np.log(ladders[:, :4]) - low) / (high - low)
    assert place.mean() == pytest.approx(0.5, abs=6 / np.sqrt(12 * place.size))


def test_random_ratios_fill_their_range():
    ratios = [random_ratio(1.2, 3.0, key=jax.random.key(seed)) for seed in range(60)]
    place = np.log(np.array(ratios) / 1.2) / np.log(3.0 / 1.2)
    assert place.min() > 0
    assert place.max() < 1
    assert place.mean() == pytest.approx(0.5, abs=6 / np.sqrt(12 * 60))
    assert len(set(ratios)) == 60
    with pytest.raises(ValueError, match="low and high must hold 1 < low < high"):
        random_ratio(3.0, 1.2, key=jax.random.key(0))


@pytest.mark.slow
def test_rung_responses_are_responses_at_the_windows():
    recording = Recording(duration=0.1, averaged=0.08)
    networks = [CoupledOscillators(ratio_ladder(ratio)) for ratio in (1.618, 2.5)]
    found = rung_responses(networks, 0.2, recording)
    assert found.modulated.shape == (2, 8, 8, 7)
    assert found.constant.shape == (2, 8)
    windows = rung_windows(np.array(networks[1].frequencies), 0.2)
    expected = responses([networks[1]], windows[6], recording)[0]
    np.testing.assert_allclose(found.modulated[1, :, 6], expected, rtol=1e-9)
    steady = CoupledOscillators(networks[0].frequencies, modulated_gain=0.0)
    expected = responses([steady], np.ones(1), recording)[0, :, 0]
    np.testing.assert_allclose(found.constant[0], expected, rtol=1e-9)
    assert found.stable.tolist() == [True, False]
    largest = found.modulated[0, 3, 5, 1:-1].max() / found.constant[0, 3]
    assert found.relative()[0, 5, 3] == pytest.approx(largest)
    np.testing.assert_array_equal(
        found.answers(4, 3.0)[0], answers(found.modulated[0], found.constant[0], 4, 3.0)
    )
    assert found.targets(4, 0.5)[0].sum() == 6


def test_scores_refuse_what_is_no_node_or_no_table():
    table = np.ones((3, 3), bool)
    for driver in (7, -1):
        expected = f"^driver holds {driver}; it must lie in 0 to 2, as there are 3 nodes$"
        with pytest.raises(ValueError, match=expected):
            selectivity_scores(table, driver)
    with pytest.raises(ValueError, match=r"^answering is .*; expected bool \(\*ladder, rung"):
        selectivity_scores(2 * np.ones((3, 3), int), 0)
    with pytest.raises(ValueError, match=r"^answering has shape \(3,\); expected \(\*ladder, rung"):
        selectivity_scores(np.ones(3, bool), 0)
