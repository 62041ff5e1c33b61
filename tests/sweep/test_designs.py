"""Axes, grids, lists and samples: their values, and what is refused by name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from rhythmic.sweep import (
    Axis,
    Grid,
    Points,
    Range,
    linear_axis,
    logarithmic_axis,
    sampled_design,
    values_axis,
)

METHODS = ("random", "sobol", "halton", "latin-hypercube")


def refused(build, *names):
    """See that something is refused in one line that holds every name."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        build()
    message = str(caught.value)
    assert "\n" not in message
    for name in names:
        assert str(name) in message, message


def unit_box(num_parameters):
    return [Range(f"p{i}", 0, 1, "") for i in range(num_parameters)]


def shares_of(points):
    return np.stack([column.values for column in points.columns], axis=1)


def test_linear_axis():
    axis = linear_axis("gain", -1, 2, 7, "mV", meaning="of the recurrence")
    np.testing.assert_allclose(axis.values, [-1, -0.5, 0, 0.5, 1, 1.5, 2], atol=1e-15)
    assert (axis.name, axis.unit, axis.meaning, len(axis)) == (
        "gain",
        "mV",
        "of the recurrence",
        7,
    )
    assert axis.values.dtype == np.float64
    assert linear_axis("gain", 3, 0, 2, "").values.tolist() == [3, 0]
    assert linear_axis("gain", 3, 3, 1, "").values.tolist() == [3]
    assert len(linear_axis("gain", 0, 1, np.int8(5), "")) == 5


def test_logarithmic_axis_has_one_ratio():
    values = logarithmic_axis("rate", 0.1, 1000, 9, "Hz").values
    np.testing.assert_allclose(values[1:] / values[:-1], 10**0.5, rtol=1e-12)
    assert values[0] == 0.1
    assert values[-1] == 1000
    assert len(logarithmic_axis("rate", 1, 100, np.array(3), "Hz")) == 3


def test_values_keep_whether_they_are_whole():
    assert values_axis("n", [3, 1, 2], "").values.dtype == np.int32
    assert values_axis("n", np.array([3, 2**31 - 1], np.uint64), "").values.dtype == np.int32
    assert values_axis("x", [3, 1.5], "").values.dtype == np.float64
    assert values_axis("x", np.array([1.5], np.float16), "").values.dtype == np.float64


def test_an_axis_holds_its_own_copy():
    given_values = np.array([1.0, 2.0])
    axis = values_axis("x", given_values, "")
    given_values[0] = 7
    assert axis.values.tolist() == [1, 2]


def test_identity_tells_axes_apart():
    first = values_axis("x", [1.0, 2.0, 3.0], "s")
    others = [
        values_axis("y", [1.0, 2.0, 3.0], "s"),
        values_axis("x", [1.0, 2.0, 3.0], "ms"),
        values_axis("x", [1, 2, 3], "s"),
        values_axis("x", [1.0, np.nextafter(2.0, 3.0), 3.0], "s"),
        values_axis("x", [1.0, 3.0], "s"),
    ]
    assert all(other.identity() != first.identity() for other in others)
    same = values_axis("x", [1.0, 2.0, 3.0], "s", meaning="words change nothing")
    assert same.identity() == first.identity()


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (lambda: values_axis("two words", [1], ""), ("two words", "Python name")),
        (lambda: values_axis("", [1], ""), ("''",)),
        (lambda: values_axis("lambda", [1], ""), ("lambda",)),
        (lambda: values_axis("key", [1], ""), ("key", "shared", "prepared")),
        (lambda: values_axis("status", [1], ""), ("status",)),
        (lambda: values_axis(3, [1], ""), ("3",)),
        (lambda: values_axis("x", [], ""), ("x", "(0,)")),
        (lambda: values_axis("x", [[1, 2]], ""), ("x", "(1, 2)")),
        (lambda: Axis("x", 3.0, ""), ("x", "()")),
        (lambda: values_axis("x", ["a"], ""), ("x", "dtype")),
        (lambda: values_axis("x", [True], ""), ("x", "bool")),
        (lambda: values_axis("x", [1j], ""), ("x", "complex")),
        (lambda: values_axis("x", [1, np.nan], ""), ("x", "nan")),
        (lambda: values_axis("x", [1, -np.inf], ""), ("x", "-inf")),
        (lambda: values_axis("x", [1, 2**31], ""), ("x", 2**31, "integers")),
        (lambda: linear_axis("x", 0, np.inf, 3, ""), ("x", "inf")),
        (lambda: linear_axis("x", np.nan, 1, 3, ""), ("x", "nan")),
        (lambda: linear_axis("x", 0, 1, 0, ""), ("num of x", "0")),
        (lambda: linear_axis("x", 0, 1, 2.5, ""), ("num of x", "2.5")),
        (lambda: linear_axis("x", 0, 1, float("nan"), ""), ("num of x", "nan")),
        (lambda: linear_axis("x", 1, 1, 2, ""), ("x", "coincide")),
        (lambda: logarithmic_axis("x", 0, 1, 2, ""), ("x", "above 0")),
        (lambda: logarithmic_axis("x", 2, -1, 2, ""), ("x", "above 0")),
        (lambda: logarithmic_axis("x", 1, 2, -1, ""), ("num of x", "-1")),
    ],
)
def test_refused_axes(build, names):
    refused(build, *names)


def test_a_grid_and_a_list_within_it():
    line = linear_axis("x", 0, 1, 3, "")
    listed = Points((values_axis("a", [1, 2], ""), values_axis("b", [3.0, 3.0], "")), name="pair")
    grid = Grid((line, listed))
    assert [d.name for d in grid.dimensions] == ["x", "pair"]
    assert [len(d) for d in grid.dimensions] == [3, 2]
    assert [[c.name for c in d.columns] for d in grid.dimensions] == [["x"], ["a", "b"]]
    (only,) = listed.dimensions
    assert (only.name, len(only), len(listed)) == ("pair", 2, 2)


X, Y = values_axis("x", [1.0, 2.0], ""), values_axis("y", [1.0, 2.0], "")
LONG = values_axis("long", np.arange(2**17), "")


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (lambda: Grid(()), ("axes", "empty")),
        (lambda: Grid((X, X)), ("x", "twice")),
        (lambda: Grid((X, Points((X,)))), ("x", "twice")),
        (lambda: Grid((Points((X,)), Points((Y,)))), ("point", "twice")),
        (lambda: Grid((Points((X,), name="p"), Points((Y,), name="x"))), ("x", "twice")),
        (lambda: Grid((values_axis("x", [1.0, 2.0, 1.0], ""),)), ("x", "1.0", "twice")),
        (lambda: Grid((LONG, Axis("other", LONG.values, ""))), ("num_points", 2**34)),
        (lambda: Points(()), ("columns", "empty")),
        (lambda: Points((X, values_axis("y", [1.0], ""))), ("columns", "'x': 2", "'y': 1")),
        (lambda: Points((X, X)), ("x", "twice")),
        (lambda: Points((X,), name="x"), ("x", "twice")),
        (lambda: Points((X,), name="no name"), ("no name",)),
        (lambda: Range("x", 1, 0, ""), ("x", "1 to 0", "rise")),
        (lambda: Range("x", 1, 1, ""), ("x", "rise")),
        (lambda: Range("x", 0, np.inf, ""), ("x", "inf")),
        (lambda: Range("x", 0, np.nan, ""), ("x", "nan")),
        (lambda: Range("x", 0, 1, "", "logarithmic"), ("x", "logarithmic")),
        (lambda: Range("x", 0, 1, "", "quadratic"), ("x", "quadratic", "linear")),
        (lambda: Range("x", 0.5, 3, "", "integer"), ("x", "0.5", "whole")),
        (lambda: Range("key", 0, 1, ""), ("key",)),
        (lambda: sampled_design([], 3, seed=0), ("ranges", "empty")),
        (lambda: sampled_design(unit_box(1), 0, seed=0), ("num_points", "0")),
        (lambda: sampled_design(unit_box(1), 2.5, seed=0), ("num_points", "2.5")),
        (lambda: sampled_design(unit_box(1), 2**32, seed=0), ("num_points", 2**32 - 1)),
        (lambda: sampled_design(unit_box(1), 3, seed=-1), ("seed", "-1")),
        (lambda: sampled_design(unit_box(1), 3, seed=0.5), ("seed", "0.5")),
        (lambda: sampled_design(unit_box(1), 3, seed=0, method="grid"), ("method", "sobol")),
        (lambda: sampled_design(unit_box(1) * 2, 3, seed=0), ("p0", "twice")),
    ],
)
def test_refused_designs(build, names):
    refused(build, *names)


@pytest.mark.parametrize("method", METHODS)
@given(num_points=st.integers(1, 70), seed=st.integers(0, 2**40))
@settings(max_examples=25, deadline=None)
def test_samples_keep_their_ranges(method, num_points, seed):
    ranges = [
        Range("x", -3, 5, "V"),
        Range("rate", 0.01, 100, "Hz", "logarithmic"),
        Range("n", -2, 3, "", "integer"),
    ]
    points = sampled_design(ranges, num_points, method=method, seed=seed)
    assert len(points) == num_points
    assert [c.unit for c in points.columns] == ["V", "Hz", ""]
    for one, column in zip(ranges, points.columns, strict=True):
        assert column.values.min() >= one.low * (1 - 1e-12 * np.sign(one.low))
        assert column.values.max() <= one.high * (1 + 1e-12)
    assert points.columns[2].values.dtype == np.int32
    again = sampled_design(ranges, num_points, method=method, seed=seed)
    np.testing.assert_array_equal(shares_of(points), shares_of(again))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("low", "high"), [(1, 4), (-1, 2)])
def test_integers_are_all_drawn_and_equally_often(method, low, high):
    points = sampled_design([Range("n", low, high, "", "integer")], 4096, method=method, seed=2)
    values, counts = np.unique(points.columns[0].values, return_counts=True)
    assert values.tolist() == list(range(low, high + 1))
    # Five standard deviations of independent draws; the even methods are far closer.
    assert np.all(np.abs(counts - 1024) < 5 * np.sqrt(4096 * 0.25 * 0.75))


def test_a_logarithmic_range_is_even_in_the_logarithm():
    points = sampled_design([Range("rate", 0.1, 1000, "Hz", "logarithmic")], 1024, seed=4)
    decades = np.floor(np.log10(points.columns[0].values)).astype(int)
    assert np.unique(decades, return_counts=True)[1].tolist() == [256] * 4


@pytest.mark.parametrize("method", ["sobol", "halton", "latin-hypercube"])
@pytest.mark.parametrize("num_points", [100, 128])
def test_even_samples_are_more_even_than_random_ones(method, num_points):
    def discrepancy(name, seed):
        return qmc.discrepancy(
            shares_of(sampled_design(unit_box(2), num_points, method=name, seed=seed))
        )

    random = [discrepancy("random", seed) for seed in range(10)]
    assert max(discrepancy(method, seed) for seed in range(10)) < min(random)


def test_fewer_sobol_points_are_the_first_of_more():
    more, fewer = (shares_of(sampled_design(unit_box(2), n, seed=3)) for n in (16, 11))
    np.testing.assert_array_equal(more[:11], fewer)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([True, 2], "no bool"),
        ([[1], [2, 3]], "different lengths"),
        (np.ma.array([1.0, 2.0], mask=[False, True]), "masked"),
        (np.array([1, 2], "m8[s]"), "timedelta64"),
        ([2**53 + 1, 0.5], "9007199254740993, which float64"),
        (np.longdouble([1, 2]) * np.longdouble("1e400"), "finite"),
    ],
)
def test_values_that_numpy_would_change_are_refused(values, message):
    refused(lambda: values_axis("x", values, ""), "x ", message)


def test_ends_that_float64_cannot_tell():
    refused(lambda: linear_axis("x", -1e308, 1e308, 3, ""), "x", "further")
    refused(lambda: Range("x", -1e308, 1e308, ""), "x", "further")
    refused(lambda: Range("x", 1e-300, 1e300, "", "logarithmic"), "x", "further")
    refused(lambda: Range("x", 0, 2**31, "", "integer"), "x", 2**31 - 1)


@pytest.mark.parametrize("scale", ["linear", "logarithmic", "integer"])
def test_rounding_leads_beyond_no_end(scale):
    last = np.array([1 - 2**-53])  # the largest number that is drawn
    for low, high in ((0.1, 0.7), (1.1, 1.3), (2**31 - 3, 2**31 - 1)):
        if scale == "integer" and high < 2:
            continue
        (value,) = Range("x", low, high, "", scale).axis(last).values
        assert low <= value <= high
