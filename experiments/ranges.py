"""How large the numbers of a command line may be: a slip of the finger is refused, not computed.

Each command checks by itself what its options mean, and from where on they mean nothing. Here
stands what is too much of anything: numbers that float32 has no place for, and counts below 0, or
that would fill the memory or never come to an end.
"""

import dataclasses
import itertools
import math
import operator
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

LARGEST = 1e30  # of floats, in size; squares of it and of its inverse
SMALLEST = 1e-30  # are near what float32 can hold
LONGEST = 1000  # values of one option
MOST_SEED = 2**32 - 1
MOST = 100_000  # of integers whose names do not stand below

MOST_BY_NAME = {
    "batch_size": 65_536,
    "block_points": 10**8,
    "chunk_points": 10**8,
    "chunk_size": 10_000,
    "cores": 1024,
    "devices": 1024,
    "draw_seed": MOST_SEED,
    "evaluation_batch_size": 65_536,
    "hidden_size": 2048,
    "max_patterns": 2**20,
    "members_per_device": 10_000,
    "num_features": 10_000,
    "num_neurons": 2048,
    "num_nodes": 2048,
    "num_random": 10_000_000,
    "num_ratios": 1_000_000,
    "published_seeds": MOST_SEED,
    "pool_size": 1_000_000,
    "seed": MOST_SEED,
    "seeds": MOST_SEED,
    "split_seed": MOST_SEED,
    "test_seed": MOST_SEED,
    "torch_threads": 1024,
    "tuning_seeds": MOST_SEED,
    "validations": 1000,
}


def check_ranges(options: Any, most: Mapping[str, int] | None = None) -> None:
    """Raise a ValueError of one line for a number of an options dataclass that is out of all range.

    Args:
        options: an instance of a dataclass.
        most: largest values of integers by name, where the command has its own.
    """
    limits = MOST_BY_NAME | dict(most or {})
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        values = value if isinstance(value, tuple | list) else (value,)
        if len(values) > LONGEST:
            raise ValueError(
                f"{field.name} holds {len(values)} values; at most {LONGEST} are taken"
            )
        if holds_several(field.type) and len(set(values)) < len(values):
            given = " ".join(map(str, values))
            raise ValueError(f"{field.name} is {given}; it must hold each value once")
        for one in values:
            check_number(field.name, one, limits.get(field.name, MOST))


def holds_several(kind: Any) -> bool:
    """Tell whether a type is a tuple of any length, or such a one or None."""
    parts = typing.get_args(kind)
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return any(map(holds_several, parts))
    return parts[-1:] == (...,)


def check_number(name: str, value: Any, most: int) -> None:
    """Raise a ValueError of one line for an integer or a float that is out of all range."""
    if isinstance(value, bool):
        return
    if isinstance(value, int) and not 0 <= value <= most:
        # Python refuses to write out thousands of digits.
        written = str(value) if value.bit_length() < 200 else "a number of more than 60 digits"
        raise ValueError(f"{name} is {written}; it must be in 0 ... {most}")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}; it must be finite")
        if value and not SMALLEST <= abs(value) <= LARGEST:
            allowed = f"0 or between {SMALLEST:g} and {LARGEST:g} in size"
            raise ValueError(f"{name} is {value:g}; it must be {allowed}")


def at_least(options: Any, **smallest: float) -> None:
    """Raise a ValueError of one line for an option below its smallest value; None passes."""
    within(options, **{name: f"[{least}, inf)" for name, least in smallest.items()})


def within(options: Any, **intervals: str) -> None:
    """Raise a ValueError of one line for an option with a number outside its interval.

    Args:
        options: an instance of a dataclass; where an option holds several numbers, one or more,
            each counts, and None passes.
        intervals: as ``(0, 1]``, by the name of the option.
    """
    for name, interval in intervals.items():
        value = getattr(options, name)
        numbers = value if isinstance(value, tuple) else (value,)
        low, high = map(float, interval[1:-1].split(","))
        above, below = (operator.lt, operator.le)[interval[0] == "["], operator.lt
        if interval[-1] == "]":
            below = operator.le
        inside = [one is None or (above(low, one) and below(one, high)) for one in numbers]
        if not inside:
            raise ValueError(f"{name} is empty; give one or more")
        if not all(inside):
            allowed = {"[": "be at least", "(": "be above"}[interval[0]] + f" {low:g}"
            if math.isfinite(high):
                allowed = f"lie in {interval}"
            each = "each of its values" if isinstance(value, tuple) else "it"
            raise ValueError(f"{name} is {value}; {each} must {allowed}")


def among(options: Any, **allowed: Sequence[object]) -> None:
    """Raise a ValueError of one line for an option that holds anything but its choices, or nothing.

    Args:
        options: an instance of a dataclass; an option holds one choice, or several in a tuple.
        allowed: the choices, by the name of the option.
    """
    for name, choices in allowed.items():
        value, known = getattr(options, name), ", ".join(map(str, choices))
        for one in value if isinstance(value, tuple) else (value,):
            if one not in choices:
                raise ValueError(f"{name} holds {one!r}; choose from {known}")
        if value == ():
            raise ValueError(f"{name} is empty; choose from {known}")


def rising(options: Any, *names: str) -> None:
    """Raise a ValueError of one line for an option whose numbers do not rise."""
    for name in names:
        values = getattr(options, name)
        if any(after <= before for before, after in itertools.pairwise(values)):
            raise ValueError(f"{name} is {values}; its values must rise")
