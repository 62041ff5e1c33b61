import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import find_peaks

from rhythmic.coupled.ladders import ratio_ladder
from rhythmic.coupled.selectivity import answer_peaks, peak_places
from rhythmic.theory import GOLDEN_RATIO


@given(st.permutations(range(1, 40)), st.floats(1.0, 10.0))
def test_answers_are_scipys_peaks_of_that_height(values, threshold):
    response = np.array(values, float).reshape(3, 13)
    constant = np.array([1.0, 2.0, 3.0])
    found = answer_peaks(response, constant, 1, threshold)
    for node in (0, 2):
        expected, _ = find_peaks(response[node], height=threshold * constant[node])
        np.testing.assert_array_equal(np.flatnonzero(found[node]), expected)
    assert not found[1].any()


def test_places_by_hand():
    gain = np.arange(1, 41) / 1.0
    ladder = np.array([[10.0, 4.0, 25.0]])  # sums 14 and 35, differences 6 and 15
    peaks = np.zeros((1, 3, 40), bool)
    for node, frequency in ((1, 14), (1, 6), (1, 15), (1, 10), (2, 15), (2, 6), (2, 25)):
        peaks[0, node, frequency - 1] = True
    found = peak_places(peaks, gain, ladder, 0, 0.5)
    assert (found.peaks, found.at_targets, found.at_rungs) == (7, 3, 2)
    assert (found.targets, found.answered) == (4, 3)
    assert found.target_cover == pytest.approx(2 / 40)
    assert found.rung_cover == pytest.approx(3 / 40)
    wide = peak_places(peaks, gain, ladder, 0, 1.0)
    # The peak at 15 lies as near to node 1's sum, 14: one more peak, no other place.
    assert (wide.at_targets, wide.answered, wide.target_cover[0]) == (4, 3, 6 / 40)
    inside = peak_places(peaks[..., 6:34], gain[6:34], ladder, 0, 0.5)  # 7 to 34 Hz
    assert (inside.targets, inside.answered) == (2, 2)


def test_golden_sums_and_differences_are_rungs_where_the_identities_say():
    # Of phi^6 and phi^k: sums for k = 5, 7 and differences for k = 4, 5, 7, 8 are rungs.
    frequencies = np.array([ratio_ladder(GOLDEN_RATIO)])
    for nodes, sign, share in (((5 - 2, 7 - 2), 1, 1.0), ((2, 3, 5, 6), -1, 1.0), ((0, 1), 1, 0)):
        for node in nodes:
            place = abs(frequencies[0, 4] + sign * frequencies[0, node])
            gain = place + np.array([-9.0, 0.0, 9.0])
            peaks = np.zeros((1, 8, 3), bool)
            peaks[0, node, 1] = True
            found = peak_places(peaks, gain, frequencies, 4, 1e-6)
            assert found.at_targets == 1
            assert found.at_rungs == share


def test_bad_sweeps_are_refused():
    with pytest.raises(ValueError, match="response must have 3 gain frequencies or more, got 2"):
        answer_peaks(np.ones((2, 2)), np.ones(2), 0, 2.0)
    with pytest.raises(ValueError, match="threshold must be positive and finite, got nan"):
        answer_peaks(np.ones((2, 3)), np.ones(2), 0, float("nan"))
