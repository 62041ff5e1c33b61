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
    parameters = parameters_of(function)
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ValueError(f"{name_of(function)} takes *arguments; it must name each of them")
    return {p.name: p.default is not p.empty for p in parameters}


def by_place(function: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments that a function does not take by name."""
    return [p.name for p in parameters_of(function) if p.kind is p.POSITIONAL_ONLY]


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the arguments of a function, or raise a ValueError if Python does not know them."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise ValueError(f"{name_of(function)} does not name its arguments; write a def") from None


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function."""
    function = getattr(function, "func", function)
    return getattr(function, "__name__", type(function).__name__)
