"""Functions of one point: what they take, and how they are called."""

import inspect
from collections.abc import Callable
from typing import Any

from rhythmic.typing import PyTree


def call_point(
    function: Callable[..., Any], before: tuple[PyTree, ...], arguments: dict[str, PyTree]
) -> Any:
    """Call a function of one point with those arguments that it takes."""
    names = list(arguments_of(function))[len(before) :]
    return function(*before, **{name: arguments[name] for name in names if name in arguments})


def arguments_of(function: Callable[..., Any]) -> dict[str, bool]:
    """Return the names of a function's arguments, and whether they have a default.

    Raises:
        ValueError: for a function that takes arguments without naming them.
    """
    parameters = inspect.signature(function).parameters.values()
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ValueError(f"{name_of(function)} takes *arguments; it must name each of them")
    return {p.name: p.default is not p.empty for p in parameters}


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function."""
    function = getattr(function, "func", function)
    return getattr(function, "__name__", type(function).__name__)
