"""The experiment on the day's ladder: the table, chance, the answer, bad options."""

import dataclasses

import numpy as np
import pytest

from experiments.day_ladder import PRESETS, DayLadderOptions, answer, draw, measure, summarise
from experiments.stages import Stages

TINY = DayLadderOptions(
    num_random=300, planets=("earth", "Mars", "moon"), catalogues=("lecture", "slice")
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return measure(TINY, Stages(tmp_path_factory.mktemp("stages")))


def test_the_table_and_the_rows_that_differ(results):
    text = summarise(TINY, results)
    assert "from 86160 s 0 of 36 rows differ" in text
    assert "from 86164.1 s 6 of 36 rows differ (k = 0, 1, 2, 3, 4, 9)" in text
    row = next(line for line in text.splitlines() if line.startswith(" 24"))
    assert " ".join(row.split()) == "24 0.83 1.20 0.831002 1.203 0.831042 1.203 Slow 1"
    assert max(map(len, text.splitlines())) <= 100


def test_distances_against_numpy(results):
    assert results["names"].tolist() == ["lecture's day", "solar day", "earth", "mars", "moon"]
    for place, centres in enumerate(([2, 12, 40, 150], [15, 25, 40])):
        for row, day in enumerate(results["days"]):
            for column, ratio in enumerate(TINY.ratios):
                rungs = np.log(np.array(centres) * day) / np.log(ratio)
                distance = np.sqrt(np.mean((rungs - np.round(rungs)) ** 2))
                assert results["distance"][place, row, column] == pytest.approx(distance, rel=1e-9)
    # The hypothesis: bands scale with the day.
    np.testing.assert_allclose(results["alpha"] * results["days"], results["alpha"][0] * 86160.0)
    assert np.all(results["histogram"].sum(axis=1) == 300)


def test_the_answer_follows_the_numbers(results):
    line = answer(TINY, results)
    assert "\n" not in line
    assert line.startswith("Not shown: do not take the sun too seriously.")
    share = results["ladder_share"][:, 0, 0]
    assert f"{share.min():.1%}" in line
    assert f"{share.max():.1%}" in line
    rare = results | {
        field: np.full_like(results[field], 0.001) for field in ("ladder_share", "start_share")
    }
    assert answer(TINY, rare).startswith("Perhaps, but do not")


def test_a_planet_whose_day_is_on_the_bands_stands_out(tmp_path):
    """Bands made from the lecture's own rungs: then the answer is another one."""
    rungs = tuple(1.618033988749895 ** np.arange(25, 29) / 86160.0)
    options = dataclasses.replace(TINY, catalogues=(), frequencies=rungs)
    results = measure(options, Stages(tmp_path))
    assert answer(options, results).startswith("Perhaps, but do not")
    assert list(draw(options, results)) == ["day_ladder"]


def test_figures_are_drawn_from_the_arrays(results):
    assert list(draw(TINY, {name: np.array(values) for name, values in results.items()}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"planets": ("earth", "vulcan")}, "^planet must be one of mercury, .*, got 'vulcan'$"),
        ({"day": -86160.0}, r"^day must be positive and finite \(s\), got -86160.0$"),
        ({"ratios": (1.0,)}, "^ratios must all be above 1 and finite, got 1.0$"),
        ({"ratios": ()}, "^ratios must hold one or more ratios above 1, got none$"),
        ({"frequencies": (-1.0, 2.0)}, r"^frequencies must be positive .*, got -1$"),
        ({"lowest_ratio": 1.0}, "^lowest_ratio must be above 1 and finite, got 1.0$"),
        ({"highest_ratio": 1.0}, "^highest_ratio must be above lowest_ratio .*, got 1.0$"),
        ({"num_random": 0}, "^num_random must be 1 or more, got 0$"),
        ({"seed": -1}, "^seed is -1; it must be in 0 ... 4294967295$"),
    ],
)
def test_bad_options_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TINY, **change).check()


def test_presets_pass_their_own_check():
    for name, options in PRESETS.items():
        assert options.preset == name
        options.check()
