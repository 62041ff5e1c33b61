"""The lecture's table against Python's own rounding."""

import numpy as np
import pytest

from rhythmic.rhythms.day import LECTURE_TABLE, compare_rows, rounds_to
from rhythmic.theory import day_ladder


def printed_like(value, printed):
    """Format a value with the digits of a printed number."""
    mantissa, mark, _ = printed.partition("E")
    decimals = len(mantissa.partition(".")[2])
    return f"{value:.{decimals}{'E' if mark else 'f'}}"


@pytest.mark.parametrize("day", [86160.0, 86164.1, 86400.0])
def test_rows_against_formatting(day):
    days = day_ladder(day=day)
    for row, agrees in zip(LECTURE_TABLE, compare_rows(days), strict=True):
        for value, printed, agree in (
            (days.period[row.power], row.period, agrees.period),
            (days.frequency[row.power], row.frequency, agrees.frequency),
        ):
            assert (printed_like(value, printed) == printed) == agree


def test_which_rows_differ():
    assert all(all(row) for row in compare_rows(day_ladder()))
    measured = compare_rows(day_ladder(day=86164.1))
    differing = [number for number, row in enumerate(measured) if not all(row)]
    assert differing == [0, 1, 2, 3, 4, 9]
    assert not measured[4].frequency
    assert measured[4].period
    assert not any(row.label for row in compare_rows(day_ladder(ratio=2.0))[24:])


def test_the_table_as_printed():
    assert [row.power for row in LECTURE_TABLE] == list(range(36))
    assert LECTURE_TABLE[24] == (24, "0.83", "1.20", "Slow 1")
    assert LECTURE_TABLE[35] == (35, "0.004", "239", "Fast Ripples")
    assert [row.label for row in LECTURE_TABLE] == list(day_ladder().label)
    periods = np.array([float(row.period) for row in LECTURE_TABLE])
    assert np.all(np.diff(periods) <= 0)


@pytest.mark.parametrize(
    ("value", "printed", "agrees"),
    [
        (1.2049, "1.20", True),
        (1.2051, "1.20", False),
        (1.1951, "1.20", True),
        (2.5, "2", True),
        (2.51, "2", False),
        (1.164e-05, "1.16E-05", True),
        (1.166e-05, "1.16E-05", False),
    ],
)
def test_rounding(value, printed, agrees):
    assert rounds_to(value, printed) == agrees


def test_another_number_of_rungs_is_refused():
    with pytest.raises(ValueError, match=r"^days must have 36 rungs, got 12$"):
        compare_rows(day_ladder(12))
