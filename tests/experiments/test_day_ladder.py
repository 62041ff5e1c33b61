"""The experiment on the day's ladder: the table, chance, the answer, bad options."""

import dataclasses

import numpy as np
import pytest

from experiments.day_ladder import DayLadderOptions, answer, draw, measure, summarise
from experiments.stages import Stages

OPTIONS = DayLadderOptions(
    num_random=300, planets=("earth", "Mars", "moon"), catalogues=("lecture", "slice")
)


def test_the_table_and_the_rows_that_differ(results):
    text = summarise(OPTIONS, results)
    assert "from 86160 s 0 of 36 rows differ" in text
    assert "from 86164.1 s 6 of 36 rows differ (k = 0, 1, 2, 3, 4, 9)" in text
    row = next(line for line in text.splitlines() if line.startswith(" 24"))
    assert " ".join(row.split()) == "24 0.83 1.20 0.831002 1.203 0.831042 1.203 Slow 1"


def test_distances_against_numpy(results):
    assert results["names"].tolist() == ["lecture's day", "solar day", "earth", "mars", "moon"]
    for place, centres in enumerate(([2, 12, 40, 150], [15, 25, 40])):
        for row, day in enumerate(results["days"]):
            for column, ratio in enumerate(OPTIONS.ratios):
                rungs = np.log(np.array(centres) * day) / np.log(ratio)
                distance = np.sqrt(np.mean((rungs - np.round(rungs)) ** 2))
                assert results["distance"][place, row, column] == pytest.approx(distance, rel=1e-9)
    # The hypothesis: bands scale with the day.
    np.testing.assert_allclose(results["alpha"] * results["days"], results["alpha"][0] * 86160.0)
    assert np.all(results["histogram"].sum(axis=1) == 300)


def test_the_answer_follows_the_numbers(results):
    line = answer(OPTIONS, results)
    assert line.startswith("Not shown: do not take the sun too seriously.")
    share = results["ladder_share"][:, 0, 0]
    assert f"{share.min():.1%}" in line
    assert f"{share.max():.1%}" in line
    rare = results | {
        field: np.full_like(results[field], 0.001) for field in ("ladder_share", "start_share")
    }
    assert answer(OPTIONS, rare).startswith("Perhaps, but do not")


def test_a_planet_whose_day_is_on_the_bands_stands_out(tmp_path):
    """Bands made from the lecture's own rungs: then the answer is another one."""
    rungs = tuple(1.618033988749895 ** np.arange(25, 29) / 86160.0)
    options = dataclasses.replace(OPTIONS, catalogues=(), frequencies=rungs)
    results = measure(options, Stages(tmp_path))
    assert answer(options, results).startswith("Perhaps, but do not")
    assert list(draw(options, results)) == ["day_ladder"]
