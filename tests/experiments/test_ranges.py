"""Numbers that are too much of anything are refused at once, by every command."""

import contextlib
import dataclasses
import math
import types
import typing

import pytest

from experiments.__main__ import entries
from experiments.mnist.configuration import PRESETS
from experiments.ranges import check_ranges, within

OPTIONS = {one.name: list(one.presets.values()) for one in entries()}
WRONG = {
    int: (2**70, -(2**70), 10**5000, 10**12),
    float: (math.nan, math.inf, -math.inf, 1e-300, 1e300),
}


def numbers(options):
    """Yield every number and every row of numbers among the options, with its type."""
    for name, kind in typing.get_type_hints(type(options)).items():
        if typing.get_origin(kind) is typing.ClassVar:
            continue
        parts = [kind, *typing.get_args(kind)]
        for number in (int, float):
            if number in parts and name in {field.name for field in dataclasses.fields(options)}:
                yield name, number, tuple in (typing.get_origin(part) for part in parts)


@pytest.mark.parametrize("name", OPTIONS)
def test_every_number_of_every_command_has_a_range(name):
    for options in OPTIONS[name]:
        check_ranges(options, getattr(options, "MOST", None))
        for field, kind, several in numbers(options):
            for value in WRONG[kind]:
                changed = dataclasses.replace(options, **{field: (value,) if several else value})
                with pytest.raises(ValueError, match=rf"^{field} is .*; it must be ") as caught:
                    check_ranges(changed, getattr(options, "MOST", None))
                assert "\n" not in str(caught.value)
                assert len(str(caught.value)) < 150


def test_values_that_repeat_and_endless_lists_are_refused():
    options = PRESETS["quick"]
    with pytest.raises(ValueError, match=r"^seeds is 5 5; it must hold each value once$"):
        check_ranges(dataclasses.replace(options, seeds=(5, 5)))
    with pytest.raises(ValueError, match=r"^seeds holds 5000 values; at most 1000 are taken$"):
        check_ranges(dataclasses.replace(options, seeds=tuple(range(5000))))


@dataclasses.dataclass(frozen=True)
class MaybeSeveral:
    delays: tuple[int, ...] | None = None
    ends: tuple[float, float] = (0.0, 0.0)


def test_values_that_repeat_are_found_where_there_may_be_none():
    check_ranges(MaybeSeveral())
    check_ranges(MaybeSeveral((1, 2)))
    with pytest.raises(ValueError, match=r"^delays is 3 3; it must hold each value once$"):
        check_ranges(MaybeSeveral((3, 3)))


@pytest.mark.parametrize("epochs", [-1, 101])
def test_an_integer_out_of_range_names_it(epochs):
    options = dataclasses.replace(PRESETS["quick"], epochs=epochs)
    with pytest.raises(ValueError, match=f"^epochs is {epochs}; it must be in 0 ... 100$"):
        check_ranges(options, {"epochs": 100})


@pytest.mark.parametrize(
    ("value", "interval", "refused"),
    [
        (1, "[1, 2)", None),
        (None, "[1, 2)", None),
        ((1.0, 1.9), "[1, 2)", None),
        (2, "[1, 2)", r"x is 2; it must lie in \[1, 2\)$"),
        (1, "(1, 2]", r"x is 1; it must lie in \(1, 2\]$"),
        (math.nan, "(-inf, inf)", "x is nan; it must be above -inf$"),
        (0.5, "[1, inf)", "x is 0.5; it must be at least 1$"),
        ((3, 0), "(0, inf)", r"x is \(3, 0\); each of its values must be above 0$"),
        ((), "(0, inf)", "x is empty; give one or more$"),
    ],
)
def test_numbers_outside_their_interval_are_refused(value, interval, refused):
    context = pytest.raises(ValueError, match=refused) if refused else contextlib.nullcontext()
    with context:
        within(types.SimpleNamespace(x=value), x=interval)
