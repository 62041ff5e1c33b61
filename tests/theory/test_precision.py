"""The lowest frequency and the slowest decay that a precision holds, against rounded weights."""

import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.theory import weights_from_poles
from rhythmic.theory.precision import (
    DECAY_TOLERANCE,
    FREQUENCY_TOLERANCE,
    largest_radius,
    lowest_frequency,
)


def error(frequency, radius, dtype):
    """Largest relative error of the frequencies that weights in a dtype ring at."""
    weights = weights_from_poles(frequency, radius, 1e-3)
    w1, w2 = (np.asarray(jnp.asarray(x, dtype), np.float64) for x in weights)
    angle = np.arctan2(np.sqrt(np.maximum(-(w1 * w1 / 4) - w2, 0.0)), w1 / 2)
    return np.max(np.abs(angle / (2 * np.pi * frequency * 1e-3) - 1))


@pytest.mark.parametrize("radius", [0.3, 0.5, 0.75, 0.99, 0.99999, 1.01])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_it_is_the_lowest_one(radius, dtype):
    lowest = float(lowest_frequency(radius, 1e-3, dtype))
    above, below = (lowest * np.geomspace(1, x, 20_000) for x in (1.5, 1 / 1.5))
    # What the bound leaves out is of second order in the angle, a tenth of it in bfloat16.
    assert error(above, radius, dtype) <= FREQUENCY_TOLERANCE * (1 if dtype == jnp.float32 else 1.1)
    assert error(below, radius, dtype) > FREQUENCY_TOLERANCE / 1.5
    assert lowest_frequency(radius, 1e-4, dtype) == pytest.approx(10 * lowest)


def test_it_is_the_largest_radius():
    largest = largest_radius()
    decays = np.geomspace(1, 30, 20_000) * (1 - largest)
    found = -np.log(np.asarray(np.float32((1 - decays) ** 2), np.float64)) / 2
    assert np.max(np.abs(found / -np.log1p(-decays) - 1)) <= DECAY_TOLERANCE
    assert largest_radius(jnp.float64) > 1 - 1e-14


def test_what_is_no_radius_or_time_step_is_refused():
    for dt in (-0.001, 0.0, np.nan):
        with pytest.raises(ValueError, match=rf"^dt is {dt}; it must be a finite number above 0$"):
            lowest_frequency(0.99, dt)
    for radius in (-1.0, 0.0, np.nan, np.array([0.5, np.inf])):
        with pytest.raises(ValueError, match=r"^pole_radius holds .*; each must be above 0 and"):
            lowest_frequency(radius, 0.001)
