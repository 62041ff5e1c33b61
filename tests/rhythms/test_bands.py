"""Bands as data: what the lecture and the proposals say, and names that are refused."""

import itertools
import math

import numpy as np
import pytest

from rhythmic.rhythms import catalogue, named_centres, ratio_name
from rhythmic.rhythms.bands import CATALOGUES, PROPOSALS, band_centres
from rhythmic.theory import GOLDEN_RATIO


@pytest.mark.parametrize("name", CATALOGUES)
def test_bands_rise_and_hold_their_centres(name):
    bands = catalogue(name)
    for band in bands:
        assert band.name
        assert band.where
        assert band.source
        if not math.isnan(band.low) and not math.isnan(band.centre):
            assert 0 <= band.low < band.centre < band.high
    centres = band_centres(name)
    assert np.all(np.diff(centres) > 0)
    assert len({band.name for band in bands}) == len(bands)


def test_the_lectures_examples():
    bands = {band.name: band for band in catalogue("lecture")}
    np.testing.assert_array_equal(band_centres("lecture"), [2, 12, 40, 150])
    assert (bands["slow"].low, bands["slow"].high) == (0, 1)
    for name, source in {
        "slow": "Crunelli & Hughes, Nat Neurosci 2010",
        "delta": "Carracedo et al., J Neurosci 2013",
        "spindle": "Kramer et al., J Neurosci 2021",
        "gamma": "Fernandez-Ruiz et al., Neuron 2023",
        "ripple": "Buzsaki, Hippocampus 2015",
    }.items():
        assert bands[name].source == source
    np.testing.assert_array_equal(band_centres("slice"), [15, 25, 40])


def test_classes_adjoin_and_centres_of_ranges_are_geometric_means():
    bands = catalogue("classes")
    # Slow 1 ends at 1 / 0.7 s = 1.43 Hz, delta starts at 1.5 Hz: two units in the source.
    for slower, faster in itertools.pairwise(bands):
        assert slower.high == pytest.approx(faster.low, rel=0.05)
    for band in (*bands, *catalogue("eeg")):
        assert math.log(band.centre) == pytest.approx(
            (math.log(band.low) + math.log(band.high)) / 2
        )


def test_proposals():
    ratios = {proposal.name: proposal.ratio for proposal in PROPOSALS}
    assert ratios == {"golden": GOLDEN_RATIO, "doubling": 2.0, "e": math.e}
    anchors = {proposal.name: proposal.anchor for proposal in PROPOSALS}
    assert anchors["doubling"] == 10.0
    assert [ratio_name(ratio) for ratio in (1.618, 2.0, 2.7183, 1.5)] == [*ratios, "1.5"]


def test_own_frequencies_are_sorted_and_come_last():
    centres = named_centres(["eeg"], [30.0, 8.0])
    assert list(centres) == ["eeg", "own"]
    np.testing.assert_array_equal(centres["own"], [8, 30])
    assert list(named_centres([], [1.0, 2.0])) == ["own"]


@pytest.mark.parametrize(
    ("catalogues", "frequencies", "message"),
    [
        (["mri"], [], r"^catalogue must be one of lecture, .*, got 'mri'$"),
        ([], [], r"^catalogues must name one or more .*, got none$"),
        (["eeg"], [10.0, -4.0], r"^frequencies must be positive and finite \(Hz\), got -4$"),
        (["eeg"], [10.0, math.nan], r"^frequencies must be positive and finite \(Hz\), got nan$"),
        (["eeg"], [math.inf, 1.0], r"^frequencies must be positive and finite \(Hz\), got inf$"),
        (["eeg"], [10.0], r"^frequencies must be 2 or more different ones \(Hz\), got \[10.0\]$"),
        (["eeg"], [4.0, 4.0, 5.0], r"^frequencies must be 2 or more different ones \(Hz\), got"),
    ],
)
def test_bad_lists_are_named(catalogues, frequencies, message):
    with pytest.raises(ValueError, match=message) as caught:
        named_centres(catalogues, frequencies)
    assert "\n" not in str(caught.value)
