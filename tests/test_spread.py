"""Arrays of the host as devices hold them: rounded, or refused by name."""

import jax
import numpy as np
import pytest

from rhythmic.spread import first_devices, held_values

KEPT = {
    "rounded": (np.float64(1 / 3), np.float32),
    "whole": (np.int64(2**31 - 1), np.int32),
    "without a sign": (np.uint64(2**32 - 1), np.uint32),
    "of Python": (3, np.int32),
    "complex": (np.complex128(1j / 3), np.complex64),
    "infinite": (np.float64(-np.inf), np.float32),
    "as they are": (np.float32(1e-40), np.float32),
    "bytes": (np.uint8([0, 255]), np.uint8),
    "truth": (True, np.bool_),
    "half": (np.float16(0.1), np.float16),
}
REFUSED = {
    "integer": (np.int64([0, 2**40]), "holds 1099511627776, which int32 does not hold"),
    "negative": (np.int64(-(2**31) - 1), "holds -2147483649, which int32"),
    "without a sign": (np.uint64(2**32), "holds 4294967296, which uint32"),
    "overflow": (np.float64([1.0, -1e39]), "holds -1e.39, which float32 does not hold"),
    "underflow": (np.float64([1.0, 1e-40]), "holds 1e-40, which float32 does not hold"),
    "complex": (np.complex128(1e300j), "holds 1e.300j, which complex64"),
    "more than 64 bits": (2**70, "holds int; expected numbers"),
    "words": ("abc", "holds str; expected numbers"),
    "times": (np.array([1], "m8[s]"), "holds timedelta64.s.; expected numbers"),
    "nothing of NumPy": (object(), "holds object; expected numbers"),
}


@pytest.mark.parametrize("what", KEPT)
def test_numbers_that_are_kept(what):
    given, dtype = KEPT[what]
    (found,) = held_values("data", [given])
    assert found.dtype == dtype
    with np.errstate(under="ignore"):
        np.testing.assert_array_equal(found, np.asarray(given, dtype))


@pytest.mark.parametrize("what", REFUSED)
def test_numbers_that_are_refused(what):
    given, message = REFUSED[what]
    with pytest.raises(ValueError, match=f"^data {message}"):
        held_values("data", {"a": given})


def test_a_key_is_refused():
    with pytest.raises(ValueError, match="data holds a PRNG key; give its"):
        held_values("data", jax.random.key(0))


def test_small_numbers_may_vanish_where_that_is_said():
    found = held_values("data", np.float64([1.0, 1e-50]), may_vanish=True)
    assert found.tolist() == [1.0, 0.0]
    with pytest.raises(ValueError, match=r"holds 1e\+300"):
        held_values("data", np.float64(1e300), may_vanish=True)


@pytest.mark.usefixtures("x64")
def test_all_bits_are_kept_in_64_bits():
    for given in (np.float64(1 / 3), np.int64(2**40 + 1), np.uint64(2**64 - 1), 1e300, 2**40):
        found = held_values("data", given)
        assert (found.dtype.itemsize, found.item()) == (8, np.asarray(given).item())
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="which float64 does not"):
        held_values("data", np.longdouble("1e400"))
    assert held_values("data", np.longdouble("0.5")).dtype == np.float64


@pytest.mark.parametrize("count", [0, True, 1.0, "1", float("nan"), 10**6])
def test_a_number_of_devices_that_cannot_be(count):
    with pytest.raises(ValueError, match=r"devices is .*; there are \d+, give an integer from 1"):
        first_devices(count, "devices")
