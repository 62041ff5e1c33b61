"""Values that no argument should be, and what may not be accepted in silence."""

import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from hypothesis import strategies as st


class Odd:
    """Something that no function knows, though it has a length and says that it is an array."""

    shape = (3,)
    ndim = 1

    def __len__(self) -> int:
        return 3

    def __repr__(self) -> str:
        return "<odd>\n<odd>"


VALUES: dict[str, Any] = {
    "nothing": None,
    "true": True,
    "false": np.False_,
    "half": 2.5,
    "whole float": 3.0,
    "nan": math.nan,
    "nan of NumPy": np.float32(np.nan),
    "infinity": math.inf,
    "minus infinity": -math.inf,
    "zero": 0,
    "minus one": -1,
    "minus huge": -(2**63),
    "huge": 2**40,
    "huge of NumPy": np.int64(2**40),
    "huge float": 1e300,
    "beyond floats": 10**400,
    "beyond printing": 10**5000,
    "complex": 1 + 2j,
    "digit": "3",
    "word": "no such thing",
    "empty": "",
    "blank": " \t\n",
    "unicode": "\N{GREEK SMALL LETTER PHI}\N{COMBINING ACUTE ACCENT}\U0001f9e0\u202e",
    "escapes": "\x1b[2J\x00",
    "long": "long" * 10_000,
    "bytes": b"bytes",
    "path": Path("no/such/file"),
    "empty list": [],
    "empty tuple": (),
    "nan in a list": [math.nan, 1.0, 2.0],
    "infinity in a tuple": (1.0, math.inf),
    "words": ["a", "a", ""],
    "mixed": [1, "a", None],
    "ragged": [[1.0], [1.0, 2.0]],
    "twice": (2.0, 2.0),
    "halves": [0.5, 1.5],
    "wide integers": np.full(3, 2**32),
    "mapping": {"": 1, "a": "a"},  # keys of one kind: Equinox sorts them before any constructor
    "set": {1, 2},
    "empty array": np.zeros(0),
    "empty matrix": np.zeros((2, 0)),
    "seven axes": np.zeros((1,) * 7),
    "other length": np.linspace(0.1, 0.9, 17),
    "nan array": np.full((3, 3), np.nan),
    "infinite array": np.full(3, np.inf),
    "array of strings": np.array(["a", "b", "c"]),
    "array of objects": np.array([None, "a", 1], dtype=object),
    "array of dates": np.array(["2026-01-01"], dtype="datetime64[D]"),
    "record": np.zeros(3, dtype=[("a", float)]),
    "complex array": np.full(3, 1j),
    "half precision": np.ones(3, np.float16),
    "booleans": np.array([True, False, True]),
    "key": "a key",  # replaced below: keys are made where they are used
    "class": int,
    "function": lambda *args, **kwargs: None,
    "failing": Odd(),
}


def value_of(name: str) -> Any:
    """Return a hostile value by its name."""
    return jax.random.key(0) if name == "key" else VALUES[name]


def names() -> st.SearchStrategy[str]:
    """Draw the name of a hostile value."""
    return st.sampled_from(sorted(VALUES))


def others() -> st.SearchStrategy[Any]:
    """Draw numbers, texts and arrays that are not listed."""
    return st.one_of(
        st.floats(allow_nan=True, allow_infinity=True),
        st.integers(min_value=2**33),
        st.integers(max_value=-1),
        st.complex_numbers(),
        st.text(max_size=20),
        st.binary(max_size=8),
        st.lists(st.one_of(st.floats(), st.text(max_size=2), st.none()), max_size=3),
    )


def options(annotation: Any) -> tuple[Any, ...]:
    """Return the alternatives of an annotation."""
    union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    return typing.get_args(annotation) if union else (annotation,)


def is_array(annotation: Any) -> bool:
    return hasattr(annotation, "dim_str")


# Their documentation says what NaN or infinity stands for.
NAN_IS_A_VALUE = {
    "load_estimate.value",
    "rank_in_null.value",
    "share_at_least_as_good.observed",
    "verdict.corrected_equivalence_p_value",
    "verdict.corrected_p_value",
}


def may_not_be(name: str, annotation: Any, value: Any) -> str:
    """Say why a parameter may not take a value in silence; empty where it may."""
    kinds = options(annotation)
    if value is None or any(is_array(kind) for kind in kinds) or Any in kinds:
        return "" if value is None else not_an_array(kinds, value)
    if int in kinds and float not in kinds and not is_integer(value):
        return "it is no integer"
    if float in kinds and not is_finite_number(value):
        return "it is no finite number"
    if kinds == (str,) and not isinstance(value, str):
        return "it is no string"
    if kinds == (str,) and name.endswith("name") and not value.strip():
        return "it is empty"
    if bool in kinds and not isinstance(value, bool | np.bool_):
        return "it is neither True nor False"
    choices = [one for kind in kinds for one in typing.get_args(kind) if is_literal(kind)]
    if choices and not (isinstance(value, str) and value in choices):
        return "it is none of the choices"
    if "key" in name.split("_") and not is_key(value):
        return "it is no key"
    return ""


def is_no_such_thing(annotation: Any, value: Any) -> bool:
    """Tell whether a value is none of the class that is asked for, or no sequence of its kind."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is None:
        known = isinstance(annotation, type) and annotation not in (Any, bool, float)
        return known and not isinstance(value, annotation)
    if origin is not Sequence:
        return False
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        return not isinstance(value, np.ndarray)
    return any(
        bool(may_not_be("", inner[0], one)) or is_no_such_thing(inner[0], one) for one in value
    )


def is_literal(kind: Any) -> bool:
    return typing.get_origin(kind) is typing.Literal


def is_integer(value: Any) -> bool:
    whole = np.asarray(value) if isinstance(value, int | np.generic | np.ndarray) else np.zeros(0)
    return whole.ndim == 0 and (whole.dtype.kind in "iu" or type(value) is int)


def is_finite_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    return abs(value) < 1e308 if isinstance(value, int) else math.isfinite(value)


def is_key(value: Any) -> bool:
    return isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key)


def not_an_array(kinds: Sequence[Any], value: Any) -> str:
    """Say that an array that is no array of numbers was taken for one."""
    others = [kind for kind in kinds if not is_array(kind) and kind not in (int, float)]
    if others:
        return ""
    if isinstance(value, str | bytes | Path | Mapping | set | type | Callable | Odd):
        return "it is no array of numbers"
    if isinstance(value, np.ndarray) and value.dtype.kind not in "biufc":
        return "its entries are no numbers"
    words = isinstance(value, list) and any(isinstance(one, str) or one is None for one in value)
    return "its entries are no numbers" if words else ""
