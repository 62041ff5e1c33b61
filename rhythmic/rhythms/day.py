"""Lengths of days, and the lecture's table of one day times powers of the golden ratio.

How long planets, and some smaller bodies, take to turn once; how the table's digits compare.

Source: lecture, "(My favorite) hypothesis" and "My favorite idea" (table); each rotation names
where its period comes from.
"""

from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from rhythmic.arguments import checked
from rhythmic.checks import refuse
from rhythmic.theory.ladders import DayLadder

_FACT_SHEETS = "NASA Planetary Fact Sheets"
_HOUR = 3600.0  # s

SIDEREAL_DAY_MEASURED = 86164.1
"""The Earth's sidereal day in s to a tenth; the lecture rounds to the minute, 86160 s."""

SOLAR_DAY = 86400.0
"""The Earth's mean solar day in s: from noon to noon."""


class Rotation(NamedTuple):
    """How a body turns.

    Attributes:
        body: name, in small letters.
        period: sidereal rotation period in s, as a magnitude.
        retrograde: whether it turns against its orbit.
        planet: whether it is one of the eight planets.
        source: where the period comes from.
    """

    body: str
    period: float
    retrograde: bool
    planet: bool
    source: str


def _rotation(body: str, hours: float, retrograde: bool = False, planet: bool = True) -> Rotation:
    return Rotation(body, hours * _HOUR, retrograde, planet, _FACT_SHEETS)


ROTATIONS = (
    _rotation("mercury", 1407.6),
    _rotation("venus", 5832.6, retrograde=True),
    Rotation("earth", SIDEREAL_DAY_MEASURED, False, True, _FACT_SHEETS),
    _rotation("mars", 24.6229),
    _rotation("jupiter", 9.9250),
    _rotation("saturn", 10.656),
    _rotation("uranus", 17.24, retrograde=True),
    _rotation("neptune", 16.11),
    _rotation("moon", 655.720, planet=False),
    _rotation("pluto", 153.2928, retrograde=True, planet=False),
)
"""Sidereal rotation periods. Giants have no surface: theirs is the period of the magnetic field.
Saturn's is uncertain by several minutes."""

PLANETS = tuple(rotation.body for rotation in ROTATIONS if rotation.planet)
"""Names of the eight planets, from the sun outwards."""


@checked
def rotation(body: str) -> Rotation:
    """Look up how a planet turns.

    Args:
        body: name, in any case, such as "Earth".

    Raises:
        ValueError: for a body that is not known here.

    Source: lecture, "(My favorite) hypothesis".
    """
    for known in ROTATIONS:
        if known.body == body.strip().lower():
            return known
    names = ", ".join(known.body for known in ROTATIONS)
    raise ValueError(f"planet must be one of {names}, got {body!r}")


class PrintedRow(NamedTuple):
    """One row as the lecture prints it; the number of its digits is part of the data.

    Attributes:
        power: k.
        period: T_k in s.
        frequency: f_k in Hz.
        label: brain rhythm, or "".
    """

    power: int
    period: str
    frequency: str
    label: str


class RowComparison(NamedTuple):
    """Whether a computed row rounds to the printed one.

    Attributes:
        period: whether T_k does.
        frequency: whether f_k does.
        label: whether the names are the same.
    """

    period: bool
    frequency: bool
    label: bool


_PERIODS = (
    *("86160", "53250", "32910", "20340", "12571", "7769", "4802", "2968", "1834", "1133"),
    *("701", "433", "268", "165", "102", "63.2", "39.0", "24.1", "14.9", "9.2", "5.7", "3.5"),
    *("2.2", "1.3", "0.83", "0.51", "0.32", "0.20", "0.12", "0.07", "0.05", "0.03", "0.02"),
    *("0.01", "0.01", "0.004"),
)
_FREQUENCIES = (
    *("1.16E-05", "1.88E-05", "3.04E-05", "4.92E-05", "7.96E-05", "1.29E-04", "2.08E-04"),
    *("3.37E-04", "5.45E-04", "8.82E-04", "0.001", "0.002", "0.004", "0.006", "0.010", "0.016"),
    *("0.026", "0.041", "0.067", "0.11", "0.18", "0.28", "0.46", "0.74", "1.20", "2", "3", "5"),
    *("8", "13", "22", "35", "57", "91", "148", "239"),
)
_LABELS = (
    *("Slow 1", "Delta", "Delta", "Theta", "Alpha", "Beta1", "Beta2", "Low Gamma", "Mid Gamma"),
    *("High Gamma", "Ripple", "Fast Ripples"),
)

LECTURE_TABLE = tuple(
    PrintedRow(power, period, frequency, label)
    for power, (period, frequency, label) in enumerate(
        zip(_PERIODS, _FREQUENCIES, ("",) * 24 + _LABELS, strict=True)
    )
)
"""The 36 rows of the lecture's table ("My favorite idea"), digit by digit."""


@checked(finite=True)
def rounds_to(value: float, printed: str) -> bool:
    """Return whether a number, rounded to the last digit of a printed one, is the printed one.

    A tie (a value exactly half a last digit away) counts as agreement.

    Args:
        value: any finite number.
        printed: decimal notation, with an exponent or without, such as "1.16E-05".

    Raises:
        ValueError: for another notation, or a value that is not finite.
    """
    try:
        reference = Decimal(printed)
    except InvalidOperation:
        reference = Decimal("NaN")
    exponent = reference.as_tuple().exponent
    if not isinstance(exponent, int):
        refuse("printed", printed, "be a number in decimal notation")
    return abs(Decimal(value) - reference) <= Decimal(1).scaleb(exponent) / 2


@checked
def compare_rows(days: DayLadder) -> tuple[RowComparison, ...]:
    """Compare a computed ladder with the lecture's table, row by row.

    Args:
        days: 36 rungs of `day_ladder`.

    Returns:
        One comparison per row, from the day to the fast ripples.

    Raises:
        ValueError: for another number of rungs.

    Source: lecture, "My favorite idea" (table).
    """
    if len(days.power) != len(LECTURE_TABLE):
        raise ValueError(f"days must have {len(LECTURE_TABLE)} rungs, got {len(days.power)}")
    return tuple(
        RowComparison(
            rounds_to(float(days.period[row.power]), row.period),
            rounds_to(float(days.frequency[row.power]), row.frequency),
            days.label[row.power] == row.label,
        )
        for row in LECTURE_TABLE
    )
