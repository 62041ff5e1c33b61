"""Arrays have shapes, and quantities with a dimension have units: none is missing.

What packages offer is that of ``test_docstrings``. A shape stands in the annotation or in the
docstring, a unit in what the docstring says of a parameter or field.
"""

import inspect
import re
import types
import typing
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import AbstractArray

from tests.docs.test_docstrings import (
    CLASSES,
    FUNCTIONS,
    METHODS,
    Documented,
    fields,
    is_named,
    parameters,
)

# Arrays by name, as a run of an experiment saves them, each in a shape of its own.
WITHOUT_SHAPE = {
    "rhythmic.plotting.node.error_figure(results)",
    "rhythmic.plotting.node.node_figure(results)",
    "rhythmic.plotting.weight_grid.frequency_figure(results)",
}

# Names of quantities with a dimension, and words for their units; "in steps" is one.
DIMENSIONAL = re.compile(
    r"(?:^|_)(?:frequency|frequencies|damping|dt|sample_rate|growth_rate|duration|decay_time"
    r"|omega|beta|time|times|period|periods|day|days)$"
)
UNIT = re.compile(
    r"\bHz\b|(?<!')\bm?s\b|\brad\b|\bradians\b|\bseconds?\b|\bunits?\b|\bdimensionless\b"
    r"|\b(?:in|per|a|of) (?:samples?|steps?|cycles?)\b"
)
# A docstring's shape of an array without one in its annotation: ``(time, hidden)``, or a word.
SHAPE = re.compile(r"\((?:[\w*+ ]+,)+[\w*+ ]*\)|\bshapes?\b|\bscalars?\b", re.IGNORECASE)


class Place(NamedTuple):
    """A parameter, field or result, and the text that speaks of it."""

    name: str
    label: str
    annotation: Any
    text: str


def indent(line: str) -> int:
    """Return the number of spaces before a line."""
    return len(line) - len(line.lstrip())


def entry(name: str, text: str) -> str:
    """Return the entry ``name: ...`` of a list, else the paragraphs that name it, else all."""
    lines = text.splitlines()
    head = re.compile(rf"\s*(?:[\w, ]+, )?{re.escape(name)}(?:, [\w, ]+)?: ")
    first = next((number for number, line in enumerate(lines) if head.match(line)), None)
    if first is not None:
        depth = indent(lines[first])
        below = takewhile(lambda line: indent(line) > depth, lines[first + 1 :])
        return "\n".join([lines[first], *below])
    paragraphs = [part for part in re.split(r"\n\s*\n", text) if is_named(name, part)]
    return "\n".join(paragraphs) or text


def places(found: Documented) -> Iterator[Place]:
    """Yield parameters and result of a function, or the fields of a class."""
    if inspect.isclass(found.value):
        annotations = inspect.get_annotations(found.value)
        for name in fields(found.value):
            if name in annotations:
                yield Place(
                    f"{found.name}.{name}", name, annotations[name], entry(name, found.texts)
                )
        return
    signature = inspect.signature(found.value)
    for name in parameters(found.value):
        annotation = signature.parameters[name].annotation
        yield Place(f"{found.name}({name})", name, annotation, entry(name, found.texts))
    result = found.contract.partition("Returns:")[2] or found.contract
    yield Place(f"{found.name} -> result", "", signature.return_annotation, result)


def arrays(annotation: Any) -> Iterator[Any]:
    """Yield the array types in an annotation; those a callable takes and gives are its own."""
    origin = typing.get_origin(annotation)
    if origin is Callable:
        return
    if origin is None and inspect.isclass(annotation):
        if annotation in (jax.Array, np.ndarray) or issubclass(annotation, AbstractArray):
            yield annotation
    elif origin is np.ndarray:
        yield np.ndarray
    elif origin is not None or isinstance(annotation, types.UnionType):
        for part in typing.get_args(annotation):
            yield from arrays(part)


def has_shape(array: Any) -> bool:
    """Tell whether an array type says its shape; ``...`` says none."""
    return inspect.isclass(array) and issubclass(array, AbstractArray) and array.dim_str != "..."


def is_number(annotation: Any) -> bool:
    """Tell whether an annotation takes numbers that are not counts: floats or arrays of them."""
    inner = typing.get_args(annotation) if not list(arrays(annotation)) else ()
    return annotation is float or bool(list(arrays(annotation))) or any(map(is_number, inner))


def quantities(found: list[Documented]) -> list[Place]:
    """Return parameters and fields whose name tells a dimension."""
    every = [place for one in found for place in places(one)]
    return [
        place for place in every if DIMENSIONAL.search(place.label) and is_number(place.annotation)
    ]


def has_every_shape(place: Place) -> bool:
    """Tell whether annotation or docstring gives the shape of all arrays of a place."""
    return all(map(has_shape, arrays(place.annotation))) or bool(SHAPE.search(place.text))


OFFERED = [found for found in [*FUNCTIONS, *CLASSES, *METHODS] if found.is_offered]


def test_arrays_of_offered_names_have_a_shape():
    """Parameters, fields and results that are arrays: annotation or docstring gives the shape."""
    held = [x for found in OFFERED for x in places(found) if list(arrays(x.annotation))]
    missing = {place.name for place in held if not has_every_shape(place)}
    assert len(held) > 500
    assert not sorted(missing - WITHOUT_SHAPE)
    assert not sorted(WITHOUT_SHAPE - missing)  # nothing is excused in vain


def test_quantities_of_offered_names_have_a_unit():
    """Frequencies, time steps, periods and the like: the docstring says in which unit."""
    found = quantities(OFFERED)
    missing = [place.name for place in found if not UNIT.search(place.text)]
    assert len(found) > 100
    assert not missing, "\n".join(missing)
