"""The axes that an annotation of an array writes, compared with those of a value.

``"post pre"`` names two axes, a number is the size of one, ``*batch`` denotes several and ``#``
marks what may be broadcast, as in jaxtyping.
"""

from typing import Any

import numpy as np


def see_axes(
    name: str, value: Any, axes: tuple[str, ...], sizes: dict[str, tuple[Any, str]]
) -> None:
    """Raise the ValueError for an array whose axes are not those written, or not those before."""
    shape = np.shape(value)
    if not shape and len(axes) == 1 and axes[0].startswith("*#"):
        return  # a number fits any axes that may be broadcast
    told = ", ".join(axis.replace("#", "") for axis in axes) + ("," if len(axes) == 1 else "")
    if not _has_axes(axes, shape):
        raise ValueError(f"{name} has shape {shape}; expected ({told})")
    for axis, size in _named(axes, shape):
        known, owner = sizes.setdefault(axis.lstrip("#"), (size, name))
        if known == size:
            continue
        together = _broadcast(known, size) if axis.startswith("#") else None
        if together is None:
            named = f"with {axis.lstrip('#')} = {known} as in {owner}"
            where = named if owner != name else f"both of one size, {axis}"
            raise ValueError(f"{name} has shape {shape}; expected ({told}) {where}")
        sizes[axis.lstrip("#")] = (together, owner)


def _has_axes(axes: tuple[str, ...], shape: tuple[int, ...]) -> bool:
    """Return whether a shape has as many axes as are written, and the sizes that are numbers."""
    several = [place for place, axis in enumerate(axes) if axis.startswith(("*", "...", "#*"))]
    if len(shape) < len(axes) - 1 if several else len(shape) != len(axes):
        return False
    return all(size == int(axis) for axis, size in _placed(axes, shape) if axis.isdigit())


def _named(axes: tuple[str, ...], shape: tuple[int, ...]) -> list[tuple[str, Any]]:
    """Return the axes that have a name, each with its size; those of several, with their shape."""
    found: list[tuple[str, Any]] = list(_placed(axes, shape))
    for place, axis in enumerate(axes):
        if axis.startswith(("*", "#*")):
            several = shape[place : len(shape) - (len(axes) - place - 1)]
            found.append((axis.replace("*", ""), several))
    named = [(axis, size) for axis, size in found if axis.lstrip("#").isidentifier()]
    return [(axis, size) for axis, size in named if axis.lstrip("#") != "_"]


def _broadcast(one: Any, other: Any) -> Any:
    """Return what two shapes, or two sizes, make together by NumPy's rule; None if nothing."""
    try:
        shape = np.broadcast_shapes(one, other)
    except (ValueError, TypeError):
        return None
    return shape if isinstance(one, tuple) else shape[0]


def _placed(axes: tuple[str, ...], shape: tuple[int, ...]) -> list[tuple[str, int]]:
    """Return the axes before and after the variadic one, with their sizes."""
    for place, axis in enumerate(axes):
        if axis.startswith(("*", "...", "#*")):
            after = len(axes) - place - 1
            tail = list(zip(axes[place + 1 :], shape[len(shape) - after :], strict=True))
            return [*zip(axes[:place], shape[:place], strict=True), *tail]
    return list(zip(axes, shape, strict=True))
