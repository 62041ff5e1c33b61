"""Sweeps of other units, axes or kinds of numbers are neither joined nor compared."""

import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.sweep import Grid, Output, Points, Sweep, run_sweep, values_axis
from rhythmic.sweep.joining import compare, join


def swept(values, unit="Hz", out="s", *, listed=False, precision="float32", function=None):
    axis = values_axis("frequency", values, unit)
    design = Points((axis,)) if listed else Grid((axis,))
    function = function or (lambda frequency: {"period": 1.0 / frequency})
    outputs = {"period": Output(out)}
    return Sweep("period", function, design, outputs, precision=precision)


def dataset(*arguments, **options):
    return run_sweep(swept(*arguments, **options), quiet=True).dataset()


def compared(both):
    return compare(*both)


HERTZ = [1.0, 2.0]
DIFFERENT = {
    "unit of an axis": ({"unit": "kHz"}, "the unit of frequency: 'Hz' and 'kHz'"),
    "no unit of an axis": ({"unit": ""}, "the unit of frequency: 'Hz' and '1'"),
    "unit of a result": ({"out": "ms"}, "the unit of period: 's' and 'ms'"),
    "no unit of a result": ({"out": "1"}, "the unit of period: 's' and '1'"),
    "whole numbers": ({"values": [1, 2]}, "the dtype of frequency: real and integer"),
    "truth": (
        {"function": lambda frequency: {"period": frequency > 1}},
        "the dtype of period: real and bool",
    ),
}


@pytest.fixture(scope="module", params=[False, True], ids=["grid", "list"])
def listed(request):
    return request.param


@pytest.fixture(scope="module")
def known(listed):
    return dataset(HERTZ, listed=listed)


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_means_something_else_is_refused(what, known, listed):
    options, message = DIFFERENT[what]
    other = dataset(**({"values": HERTZ, "listed": listed} | options))
    for function in (join, compared):
        with pytest.raises(ValueError, match=f"datasets differ in {message}"):
            function([known, other])


@pytest.mark.parametrize("units", [("", "1"), ("s", "seconds"), ("µs", "μs")])
def test_units_of_one_meaning(units):
    one, other = (dataset(HERTZ, unit, unit) for unit in units)
    assert compare(one, other)[0].num_points == 0
    np.testing.assert_array_equal(join([one, other])["period"], one["period"])
    missing = other.copy()
    for name in ("frequency", "period"):
        missing[name].attrs = {}
    if units[1] == "1":
        assert compare(one, missing)[0].num_points == 0
        assert join([missing, one]).sizes["frequency"] == 2


def test_precisions_are_compared_and_not_joined(known):
    wide = dataset(HERTZ, listed="point" in known.dims, precision="float64")
    assert compare(known, wide)[0].num_points == 0
    with pytest.raises(ValueError, match=r"their precision \(period is float32 and float64\)"):
        join([known, wide])


def test_a_parameter_that_was_chosen_must_be_the_same():
    one = dataset(HERTZ)
    first, second = one.sel(frequency=1.0), one.sel(frequency=2.0)
    assert compare(first, first)[0].num_points == 0
    for function in (join, compared):
        with pytest.raises(ValueError, match=r"the value of frequency: 1\.0 and 2\.0"):
            function([first, second])


def test_results_over_other_axes_are_refused():
    def with_dims(first, second):
        outputs = {"a": Output("", dims=(first,)), "b": Output("", dims=(second,))}
        both = lambda frequency: {"a": frequency * jnp.ones(2), "b": frequency * jnp.ones(2)}  # noqa: E731
        design = Grid((values_axis("frequency", HERTZ, "Hz"),))
        return run_sweep(Sweep("two", both, design, outputs), quiet=True).dataset()

    with pytest.raises(ValueError, match="the axes of a: frequency, k and frequency, m"):
        compare(with_dims("k", "m"), with_dims("m", "k"))


@pytest.mark.parametrize("wrong", [None, [], {}, [None], "first", [3]])
def test_what_is_no_sweep_is_refused(wrong):
    known = dataset(HERTZ)
    for call in (lambda: join(wrong), lambda: compare(known, wrong), lambda: compare(wrong, known)):
        with pytest.raises(ValueError, match=r"is no sweep|is empty, or no list"):
            call()
    with pytest.raises(ValueError, match="second is no sweep: it is no data set with a status"):
        compare(known, known.drop_vars("status"))
