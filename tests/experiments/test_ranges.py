"""Numbers that are too much of anything are refused at once, by every command."""

import dataclasses
import math
import typing

import pytest

from experiments.__main__ import entries
from experiments.mnist.configuration import PRESETS
from experiments.ranges import check_ranges
from experiments.script import Experiment

OPTIONS = {
    "mnist": list(PRESETS.values()),
    **{e.name: list(e.presets.values()) for e in entries() if isinstance(e, Experiment)},
}
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


@pytest.mark.parametrize(
    ("epochs", "allowed"), [(-1_000_000, "in 0 ... 100"), (1_000_000, "at most 100")]
)
def test_an_integer_out_of_range_names_it(epochs, allowed):
    options = dataclasses.replace(PRESETS["quick"], epochs=epochs)
    with pytest.raises(ValueError, match=f"^epochs is {epochs}; it must be {allowed}$"):
        check_ranges(options, {"epochs": 100})
