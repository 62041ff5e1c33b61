"""Options from what a run folder's ``configuration.json`` records of them, which may be by hand."""

import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KINDS: dict[Any, str] = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a text",
    Path: "a path",
    types.NoneType: "null",
}


def recorded_options(options: type, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of options from a record, which is JSON: lists and texts become theirs.

    Args:
        options: a dataclass.
        record: values by the names of its fields.

    Raises:
        ValueError: in one line, for a value of another type than its field has.
    """
    kinds = typing.get_type_hints(options)
    found = {}
    for name, value in record.items():
        found[name] = as_option(value, kinds[name])
        if not is_of(found[name], kinds[name]):
            written = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:60]} ..."
            must = f"it must be {described(kinds[name])}"
            raise ValueError(f"configuration.json: {name} is {written}; {must}")
    return found


def as_option(value: Any, kind: Any) -> Any:
    """Return a recorded value as an option holds it: a tuple for a list, a path for its text."""
    if isinstance(value, list):
        return tuple(as_option(one, None) for one in value)
    is_path = Path in (kind, *typing.get_args(kind))
    return Path(value) if is_path and isinstance(value, str) else value


def is_of(value: Any, kind: Any) -> bool:
    """Tell whether a value is of the type of a field; of a type that is not known here it is."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return any(is_of(value, part) for part in parts)
    if origin is typing.Literal:
        return value in parts
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        each = parts[:1] * len(value) if parts[-1] is ... else parts
        return len(each) == len(value) and all(map(is_of, value, each))
    if kind not in KINDS:
        return True
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, int | float if kind is float else kind)


def described(kind: Any) -> str:
    """Name a type in words."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(map(described, parts))
    if origin is typing.Literal:
        return f"one of {', '.join(map(str, parts))}"
    if origin is tuple:
        if parts[-1] is ...:
            return f"a list, each value {described(parts[0])}"
        return f"a list of {len(parts)}: {', '.join(map(described, parts))}"
    return KINDS.get(kind, str(kind))
