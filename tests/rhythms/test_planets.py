"""Days of planets: values, lookup, and names that are refused."""

import pytest

from rhythmic.rhythms import rotation
from rhythmic.rhythms.day import ROTATIONS, SIDEREAL_DAY_MEASURED, SOLAR_DAY
from rhythmic.theory import SIDEREAL_DAY

HOURS = {
    "mercury": 1407.6,
    "venus": 5832.6,
    "mars": 24.6229,
    "jupiter": 9.9250,
    "saturn": 10.656,
    "uranus": 17.24,
    "neptune": 16.11,
}


@pytest.mark.parametrize(("name", "hours"), HOURS.items())
def test_periods(name, hours):
    assert rotation(name).period == pytest.approx(hours * 3600, rel=1e-14)


def test_earth():
    assert rotation("Earth").period == SIDEREAL_DAY_MEASURED == 86164.1
    assert rotation("earth").period / 3600 == pytest.approx(23.9345, abs=5e-5)
    assert pytest.approx(SIDEREAL_DAY, abs=30) == SIDEREAL_DAY_MEASURED  # to the minute
    # One turn more a year against the stars than against the sun.
    assert pytest.approx(1 + 1 / 365.25, rel=1e-5) == SOLAR_DAY / SIDEREAL_DAY_MEASURED


def test_an_unknown_planet_is_named_with_those_known():
    with pytest.raises(ValueError, match=r"^planet must be one of mercury, .*, got 'vulcan'$") as e:
        rotation("vulcan")
    assert "\n" not in str(e.value)
    for body in ROTATIONS:
        assert body.body in str(e.value)
