"""The experiment on bands: the lecture's numbers, an answer from the numbers, bad options."""

import dataclasses

import numpy as np
import pytest

from experiments.bands import EXPERIMENT, PRESETS, BandsOptions, answer, draw, measure, summarise
from experiments.stages import Stages
from rhythmic.rhythms import ratio_name

TINY = BandsOptions(
    catalogues=("slice", "eeg", "classes"),
    frequencies=(3.0, 9.0, 27.0),
    num_random=40,
    num_ratios=61,
    num_repeats=20,
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return measure(TINY, Stages(tmp_path_factory.mktemp("stages")))


@pytest.mark.slow
def test_the_lectures_numbers(results):
    text = summarise(TINY, results)
    assert "periods: 25.00 ms + 40.00 ms = 65.00 ms, 15.38 Hz" in text
    assert "15 Hz + 25 Hz = 40 Hz" in text
    assert "m, n = 1, 2   neighbours golden" in text
    assert "1.324718  m, n = 1, 3   wider      plastic" in text
    np.testing.assert_allclose(np.diff(results["cycle_times"][::2]), 65e-3)
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.slow
def test_each_proposal_wins_on_the_list_it_came_from(results):
    best = dict(zip(results["lists"], np.argmin(results["distance"], axis=1), strict=True))
    names = {name: ratio_name(TINY.ratios[place]) for name, place in best.items()}
    assert (names["slice"], names["eeg"], names["classes"]) == ("golden", "doubling", "e")


@pytest.mark.slow
def test_the_answer_follows_the_numbers(results):
    line = answer(TINY, results)
    assert "\n" not in line
    assert line.startswith("The spacing depends on the list of bands")
    assert "only golden lets" in line
    assert line.count("its proponents' list") == 2
    sure = dict(results, band_share=np.full_like(results["band_share"], 1e-6))
    count = len(results["lists"]) - 2
    assert f"on {count} of the {count} lists that nobody chose" in answer(TINY, sure)
    one = dict(results, distance=results["distance"].copy())
    one["distance"][:, 1] = 0.0
    assert answer(TINY, one).startswith("One spacing wins: nearest is doubling on slice")
    none = dict(results, tested_joined=np.full(3, 0.2))
    assert "none lets" in answer(TINY, none)


@pytest.mark.slow
def test_figures_are_drawn_from_the_arrays(results):
    saved = {name: np.array(values) for name, values in results.items()}
    assert list(draw(TINY, saved)) == ["spacing", "concatenation"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frequencies": (5.0, -10.0)}, r"^frequencies must be positive .*, got -10$"),
        ({"catalogues": ("eeg", "ecg")}, "^catalogue must be one of .*, got 'ecg'$"),
        ({"ratios": (2.0, 1.0)}, "^ratios must all be above 1 and finite, got 1.0$"),
        ({"slow_frequency": -25.0}, r"^slow_frequency must be positive \(Hz\), got -25.0$"),
        ({"fast_frequency": 0.0}, r"^fast_frequency must be positive \(Hz\), got 0.0$"),
        ({"lowest_ratio": 0.9}, "^lowest_ratio must be above 1 and finite, got 0.9$"),
        ({"highest_ratio": 1.1}, "^highest_ratio must be above lowest_ratio = 1.2 .*, got 1.1$"),
        ({"num_random": 0}, "^num_random must be 1 or more, got 0$"),
        ({"num_ratios": 5}, "^num_ratios must be 37 or more, got 5$"),
        ({"num_repeats": 1}, "^num_repeats must be 2 or more, got 1$"),
        ({"max_exponent": 1}, "^max_exponent must be 2 to 24, got 1$"),
        ({"jitter": -0.1}, "^jitter must be 0 to 1, got -0.1$"),
        ({"seed": -1}, "^seed is -1; it must be in 0 ... 4294967295$"),
    ],
)
def test_bad_options_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TINY, **change).check()


def test_presets_pass_their_own_check():
    assert EXPERIMENT.name == "bands"
    for name, options in PRESETS.items():
        assert options.preset == name
        options.check()
