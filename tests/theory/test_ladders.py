"""Ladders: the published counts, the network's limit, and the lecture's table of the day."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.theory import (
    GOLDEN_RATIO,
    SIDEREAL_DAY,
    day_ladder,
    geometric_ladder,
    ladder,
    validate_ladder,
    weights_from_poles,
)

COUNTS = {"golden": 11, "log": 5, "two": 7, "linear": 11}


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_published_counts_and_the_sign_of_w1(name, count):
    frequencies = ladder(name)
    assert frequencies.dtype == np.float64
    assert frequencies.shape == (count,)
    assert frequencies[0] == 2.0
    w1, _ = weights_from_poles(frequencies, 0.99999, 1e-3)
    assert np.all(w1 > 0)
    np.testing.assert_array_equal(validate_ladder(frequencies, 1000.0), frequencies)


def test_published_values():
    expected = [2.0 * 1.618**k for k in range(11)]
    np.testing.assert_allclose(ladder("golden"), expected, rtol=1e-14)
    np.testing.assert_allclose(ladder("log"), [2.0 * 2.718**k for k in range(5)], rtol=1e-14)
    np.testing.assert_array_equal(ladder("two"), [2, 4, 8, 16, 32, 64, 128])
    np.testing.assert_allclose(ladder("linear"), [2 + 24.39 * k for k in range(11)], rtol=1e-14)
    assert ladder("golden")[-1] == pytest.approx(245.9, abs=0.05)


def test_other_sample_rates():
    # The golden ladder grows with the rate; "log" and "two" stop at their own counts.
    assert {name: len(ladder(name, 1e5)) for name in COUNTS} == {
        "golden": 20,
        "log": 6,
        "two": 8,
        "linear": 11,
    }
    assert {name: len(ladder(name, 250.0)) for name in COUNTS} == {
        "golden": 8,
        "log": 4,
        "two": 5,
        "linear": 3,
    }
    # The limit itself is left out: 128 Hz at 512 Hz.
    assert ladder("two", 512.0)[-1] == 64.0
    assert ladder("two", 512.1)[-1] == 128.0


def test_geometric_ladder():
    golden = geometric_ladder(GOLDEN_RATIO, start=1.0, sample_rate=400.0)
    np.testing.assert_allclose(golden[1:] / golden[:-1], GOLDEN_RATIO, rtol=1e-14)
    np.testing.assert_allclose(golden[:-2] + golden[1:-1], golden[2:], rtol=1e-13)
    assert golden[-1] < 100.0 <= golden[-1] * GOLDEN_RATIO
    np.testing.assert_array_equal(geometric_ladder(3.0, num_nodes=2), [2.0, 6.0])
    np.testing.assert_array_equal(geometric_ladder(1e300), [2.0])


def one_line(call, pattern):
    with pytest.raises(ValueError, match=pattern) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.inf, math.nan])
def test_bad_sample_rates_are_named(bad):
    for call in (
        lambda: ladder("golden", bad),
        lambda: geometric_ladder(2.0, sample_rate=bad),
        lambda: validate_ladder([1.0], bad),
    ):
        one_line(call, rf"^sample_rate must be positive and finite \(Hz\), got {bad}$")


def test_bad_ladders_are_named():
    one_line(lambda: ladder("silver"), "^name is 'silver'; choose from golden, .*, linear$")
    one_line(lambda: ladder("linear", 8.0), "^sample_rate must be above 8 Hz, got 8.0$")
    for ratio in (1.0, 0.5, -2.0, math.nan, math.inf):
        one_line(lambda ratio=ratio: geometric_ladder(ratio), f"^ratio must .* got {ratio}$")
    for start in (0.0, -2.0, 250.0, math.nan):
        one_line(
            lambda start=start: geometric_ladder(2.0, start=start),
            rf"^start must be above 0 Hz and below sample_rate / 4 = 250 Hz, got {start}$",
        )
    for count in (0, 8):
        one_line(
            lambda count=count: geometric_ladder(2.0, num_nodes=count),
            f"^num_nodes must be 1 to 7 .*, got {count}$",
        )


@pytest.mark.parametrize("bad", [0.0, -3.0, 250.0, math.nan, math.inf])
def test_frequencies_out_of_range_are_named(bad):
    pattern = rf"^frequencies must be in \(0, sample_rate / 4\) = \(0, 250\) Hz, got {bad}$"
    one_line(lambda: validate_ladder([10.0, bad, 20.0], 1000.0), pattern)


def test_shapes_of_frequencies_are_checked():
    one_line(lambda: validate_ladder(3.0, 1000.0), "^frequencies is 3.0; it must be a sequence, ")
    for bad, shape in ((np.ones((2, 2)), r"\(2, 2\)"), ([], r"\(0,\)")):
        one_line(
            lambda bad=bad: validate_ladder(bad, 1000.0),
            f"^frequencies must have one non-empty axis, got shape {shape}$",
        )


def test_validated_frequencies_are_a_copy_and_may_come_from_anywhere():
    mine = np.array([8.0, 2.0, 2.0])
    checked = validate_ladder(mine, 100.0)
    checked[0] = 1.0
    assert mine[0] == 8.0
    assert validate_ladder(jnp.array([1.0, 2.0]), 100.0).dtype == np.float64


def test_day_ladder():
    days = day_ladder()
    assert len(days.power) == len(days.period) == len(days.frequency) == len(days.label) == 36
    assert days.period[0] == SIDEREAL_DAY == (23 * 60 + 56) * 60
    np.testing.assert_allclose(days.period * days.frequency, 1.0, rtol=1e-15)
    assert days.label.count("") == 24
    longer = day_ladder(38)
    assert longer.label[-2:] == ("", "")
    np.testing.assert_array_equal(longer.frequency[:36], days.frequency)
    one_line(lambda: day_ladder(0), "^num_powers must be 1 or more, got 0$")


def test_day_ladder_of_another_day_and_ratio():
    mars = day_ladder(day=88642.44)
    np.testing.assert_allclose(mars.period[1:] * GOLDEN_RATIO, mars.period[:-1], rtol=1e-14)
    assert mars.period[0] == 88642.44
    # The hypothesis: the same band, slower by the length of the day.
    assert mars.label == day_ladder().label
    np.testing.assert_allclose(
        day_ladder().frequency / mars.frequency, 88642.44 / SIDEREAL_DAY, rtol=1e-14
    )
    doubled = day_ladder(30, day=1.0, ratio=2.0)
    np.testing.assert_array_equal(doubled.frequency, 2.0 ** np.arange(30))
    assert set(doubled.label) == {""}
    # The published network rounds the golden ratio: still golden. 1.61 is not.
    assert day_ladder(ratio=1.618).label == day_ladder().label
    assert set(day_ladder(ratio=1.61).label) == {""}
    assert day_ladder(12, ratio=3).period.dtype == np.float64


def test_bad_days_are_named():
    for day in (0.0, -86160.0, math.nan, math.inf):
        one_line(
            lambda day=day: day_ladder(day=day),
            rf"^day must be positive and finite \(s\), got {day}$",
        )
    for ratio in (1.0, 0.9, -1.618, math.nan, math.inf):
        one_line(
            lambda ratio=ratio: day_ladder(ratio=ratio),
            f"^ratio must be above 1 and finite, got {ratio}$",
        )
    one_line(lambda: day_ladder(2000), "^num_powers must be small enough .*, got 2000$")
    one_line(lambda: day_ladder(36, ratio=1e300), "^num_powers must be small enough .*, got 36$")


def test_golden_ratio():
    assert type(GOLDEN_RATIO) is float
    assert pytest.approx(GOLDEN_RATIO + 1, rel=1e-15) == GOLDEN_RATIO**2
