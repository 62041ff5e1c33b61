"""What is public: every callable that a package exports, or a module of the front page defines."""

import enum
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import rhythmic

# Modules without a list of exports whose functions users call, see `rhythmic/__init__.py`.
MODULES = (
    "functional",
    "gates",
    "network_rhythms",
    "reductions",
    "rhythm_detection",
    "rnn",
    "sensitivity",
    "simulate",
)

# Public by name, though only the package's own modules call them.
HELPERS = {
    "functional.check_shape",
    "functional.floating_dtype",
    "functional.states_from_arrays",
    "rhythm_detection.checked_record",
    "rhythm_detection.classify",
    "rhythm_detection.complex_amplitude",
    "rhythm_detection.log_change_error",
    "sensitivity.single_example",
    "simulate.check_gives_an_array",
    "simulate.check_sample",
    "simulate.check_sequence",
    "simulate.check_state",
    "simulate.check_step",
    "simulate.check_within",
    "simulate.describe",
    "simulate.first_sample",
    "simulate.in_groups",
    "simulate.layout",
    "simulate.length_of",
    "simulate.masked_step",
    "simulate.scan_blocks",
    "simulate.start",
    "simulate.take",
}


class Subject(NamedTuple):
    """A public callable: ``rhythmic.theory.is_stable``."""

    name: str
    call: Any


def packages() -> Iterator[ModuleType]:
    """Yield every package and module whose names users import."""
    for found in pkgutil.iter_modules(rhythmic.__path__, "rhythmic."):
        if found.ispkg or found.name.removeprefix("rhythmic.") in MODULES:
            yield importlib.import_module(found.name)


def exported(module: ModuleType) -> list[str]:
    """Return the names that a module offers."""
    names = getattr(module, "__all__", None)
    if names is not None:
        return list(names)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]


def is_called_by_users(value: Any) -> bool:
    """Tell whether something takes arguments that a user writes.

    Named tuples are results, and JAX builds them from anything; an enumeration, an exception or
    an alias of a type has nothing to check; nobody can build an abstract class.
    """
    if isinstance(value, type):
        result = hasattr(value, "_fields") or issubclass(value, (enum.Enum, Exception))
        abstract = inspect.isabstract(value) or getattr(value, "_is_protocol", False)
        return not (result or abstract) and value.__module__.startswith("rhythmic")
    return inspect.isroutine(inspect.unwrap(value)) if callable(value) else False


def subjects() -> dict[str, Subject]:
    """Return every public callable once, under the first name that it is offered by."""
    found: dict[int, Subject] = {}
    for module in packages():
        for name in exported(module):
            value = getattr(module, name)
            if is_called_by_users(value) and id(value) not in found:
                found[id(value)] = Subject(f"{module.__name__}.{name}", value)
    named = {subject.name.removeprefix("rhythmic."): subject for subject in found.values()}
    return {name: subject for name, subject in named.items() if name not in HELPERS}
