"""Lengths of days: how long planets, and some smaller bodies, take to turn once.

Source: lecture, "(My favorite) hypothesis"; each rotation names where its period comes from.
"""

from typing import NamedTuple

from rhythmic.arguments import checked

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
