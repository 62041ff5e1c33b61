"""The experiment on bands: the lecture's numbers, an answer from the numbers, bad options."""

import numpy as np
import pytest

from experiments.bands import BandsOptions, answer, summarise
from rhythmic.rhythms import ratio_name

OPTIONS = BandsOptions(
    catalogues=("slice", "eeg", "classes"),
    frequencies=(3.0, 9.0, 27.0),
    num_random=40,
    num_ratios=61,
    num_repeats=20,
)


@pytest.mark.slow
def test_the_lectures_numbers(results):
    text = summarise(OPTIONS, results)
    assert "periods: 25.00 ms + 40.00 ms = 65.00 ms, 15.38 Hz" in text
    assert "15 Hz + 25 Hz = 40 Hz" in text
    assert "m, n = 1, 2   neighbours golden" in text
    assert "1.324718  m, n = 1, 3   wider      plastic" in text
    np.testing.assert_allclose(np.diff(results["cycle_times"][::2]), 65e-3)


@pytest.mark.slow
def test_each_proposal_wins_on_the_list_it_came_from(results):
    best = dict(zip(results["lists"], np.argmin(results["distance"], axis=1), strict=True))
    names = {name: ratio_name(OPTIONS.ratios[place]) for name, place in best.items()}
    assert (names["slice"], names["eeg"], names["classes"]) == ("golden", "doubling", "e")


@pytest.mark.slow
def test_the_answer_follows_the_numbers(results):
    line = answer(OPTIONS, results)
    assert line.startswith("The spacing depends on the list of bands")
    assert "only golden lets" in line
    assert line.count("its proponents' list") == 2
    sure = dict(results, band_share=np.full_like(results["band_share"], 1e-6))
    count = len(results["lists"]) - 2
    assert f"on {count} of the {count} lists that nobody chose" in answer(OPTIONS, sure)
    one = dict(results, distance=results["distance"].copy())
    one["distance"][:, 1] = 0.0
    assert answer(OPTIONS, one).startswith("One spacing wins: nearest is doubling on slice")
    none = dict(results, tested_joined=np.full(3, 0.2))
    assert "none lets" in answer(OPTIONS, none)
