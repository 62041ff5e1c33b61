"""Checks of a sweep, before anything is compiled, with errors that name the fault.

Also what functions of one point take, and how they are called.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.extend.core
import jax.numpy as jnp
import numpy as np

from rhythmic.spread import lost_values
from rhythmic.sweep.designs import FIRST_BAD_STEP, STATUS, Axis, Dimension
from rhythmic.sweep.names import check_apart
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
    parameters = _parameters_of(function)
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ValueError(f"{name_of(function)} takes *arguments; it must name each of them")
    return {p.name: p.default is not p.empty for p in parameters}


def by_place(function: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments that a function does not take by name."""
    return [p.name for p in _parameters_of(function) if p.kind is p.POSITIONAL_ONLY]


def _parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the arguments of a function, or raise a ValueError if Python does not know them."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise ValueError(f"{name_of(function)} does not name its arguments; write a def") from None


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function."""
    function = getattr(function, "func", function)
    return getattr(function, "__name__", type(function).__name__)


# Calls to the host whose result a program reads; those of jax.debug return nothing.
CALLBACKS = {"pure_callback", "io_callback"}


def check_arguments(
    parts: Sequence[Callable[..., Any]], columns: Sequence[Axis], given: Mapping[str, Any]
) -> None:
    """See that every parameter is an argument, and every argument a parameter.

    Where there is ``prepare``, which sees them all, a parameter need not be an argument.

    Args:
        parts: the functions of one point.
        columns: the parameters.
        given: where each reserved argument comes from, None for nowhere.

    Raises:
        ValueError: for an axis that nothing takes, or an argument that nothing gives.
    """
    names = {column.name for column in columns}
    taken: set[str] = set()
    for position, part in enumerate(parts):
        arguments = list(arguments_of(part).items())[min(position, 1) :]
        unnamed = by_place(part)[min(position, 1) :]
        if unnamed:
            raise ValueError(f"{name_of(part)} takes {unnamed[0]} by its place; remove the /")
        taken |= {name for name, _ in arguments}
        needed = {name for name, has_default in arguments if not has_default}
        unknown = sorted(needed - names - given.keys())
        if unknown:
            what = "it is no axis, and none of " + ", ".join(given)
            raise ValueError(f"{name_of(part)} takes {unknown[0]}; {what}")
        for name, source in given.items():
            if name in needed and source is None:
                field = {"key": "seed", "prepared": "prepare"}.get(name, name)
                raise ValueError(f"{name_of(part)} takes {name}, and {field} is None; give it")
    missing = sorted(names - taken)
    if missing and given["prepared"] is None:
        raise ValueError(f"axis {missing[0]} is no argument of {', '.join(map(name_of, parts))}")


def check_held(dimensions: Sequence[Dimension], precision: str) -> None:
    """Raise a ValueError for an axis whose values the precision does not hold, or not apart.

    Equal values of a list do no harm: its points are identified by their place.
    """
    dtype, advice = np.dtype(precision), "; give precision float64" * (precision == "float32")
    for dimension in dimensions:
        for column in dimension.columns:
            values = column.values
            if values.dtype.kind != "f":
                continue
            lost = lost_values(values, dtype)
            if lost.any():
                fault = "overflows" if abs(values[lost][0]) > 1 else "underflows"
                told = f"holds {values[lost][0]}, which {fault} {precision}"
                raise ValueError(f"{column.name} {told}{advice}")
            rounded = values.astype(dtype)
            changed = values[rounded != values]
            if not changed.size:
                continue
            left, given = len(np.unique(rounded)), len(np.unique(values))
            alone = dimension.name == column.name
            if left < given and (alone or left == 1):
                fault = f"has values that {precision} does not tell apart"
                raise ValueError(f"{column.name} {fault}{advice}")
            if np.all(values == np.round(values)):
                fault = f"holds {changed[0]:.0f}, a whole number that {precision} does not hold"
                raise ValueError(f"{column.name} {fault}; give integers, or precision float64")


def check_outputs(
    found: dict[str, Any], declared: Mapping[str, tuple[str, ...]], taken: set[str]
) -> None:
    """Compare what one point returns with what is declared.

    Args:
        found: shape and dtype of what it returns.
        declared: names of the own axes of each output.
        taken: names of axes and parameters of the design.

    Raises:
        ValueError: that names the output, or the axis, that does not fit.
    """
    step = found.pop(FIRST_BAD_STEP, None)
    if step is not None and (step.shape or not jnp.issubdtype(step.dtype, jnp.integer)):
        raise ValueError(f"{FIRST_BAD_STEP} must be one integer, got {step.dtype}{step.shape}")
    if STATUS in found or STATUS in declared or FIRST_BAD_STEP in declared:
        raise ValueError(f"outputs may not be called {STATUS} or {FIRST_BAD_STEP}")
    check_apart([*sorted(taken), STATUS, FIRST_BAD_STEP, *declared])
    trees = [name for name, x in found.items() if not isinstance(x, jax.ShapeDtypeStruct)]
    if trees:
        raise ValueError(f"output {trees[0]} is a {type(found[trees[0]]).__name__}, no array")
    for name, x in found.items():
        if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            raise ValueError(f"output {name} is a PRNG key; return its jax.random.key_data")
    if found.keys() != declared.keys():
        differing = ", ".join(sorted(found.keys() ^ declared.keys()))
        raise ValueError(f"outputs and what the function returns differ in {differing}")
    if not found:
        raise ValueError("outputs is empty; a sweep needs at least one")
    sizes: dict[str, int] = {}
    for name, dims in declared.items():
        shape = found[name].shape
        if len(dims) != len(shape):
            raise ValueError(f"output {name} has shape {shape} and dims {dims}")
        if 0 in shape:
            raise ValueError(f"output {name} is empty, of shape {shape}; leave it out")
        if name in taken:
            raise ValueError(f"output {name} has the name of an axis")
        halves = {f"{name}_real", f"{name}_imaginary"} & {*taken, *declared}
        if halves and np.issubdtype(found[name].dtype, np.complexfloating):
            # A table has a column for each.
            half = halves.pop()
            raise ValueError(
                f"{half} is what tables call the {half[len(name) + 1 :]} part of {name}"
            )
        for dim, size in zip(dims, shape, strict=True):
            if dim in {*taken, STATUS, FIRST_BAD_STEP, *declared} or dims.count(dim) > 1:
                raise ValueError(f"output {name} has an axis {dim}; that name is taken")
            if sizes.setdefault(dim, size) != size:
                raise ValueError(f"output {name} has an axis {dim}, of another size elsewhere")


def check_state(state: PyTree) -> None:
    """Raise a ValueError for a state between stages that cannot be written down."""
    for leaf in jax.tree.leaves(state):
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            raise ValueError("the state of stages holds a PRNG key; keep its jax.random.key_data")


def check_prepared(prepared: PyTree, num_points: int, like: PyTree = None) -> PyTree:
    """Return what ``prepare`` gave as NumPy arrays, one row per point, or raise a ValueError.

    Args:
        prepared: what it gave.
        num_points: for how many points.
        like: rows of the form that is expected; None at the first call.
    """
    arrays = jax.tree.map(np.asarray, prepared)
    if not jax.tree.leaves(arrays):
        raise ValueError("prepare gave no array; it must give one row for each point")
    for leaf in jax.tree.leaves(arrays):
        if leaf.shape[:1] != (num_points,):
            raise ValueError(
                f"prepare gave an array of shape {leaf.shape} for {num_points} points; it must "
                "have a row for each"
            )
    if like is not None:
        found, known = (
            (jax.tree.structure(tree), [f"{x.dtype}{x.shape[1:]}" for x in jax.tree.leaves(tree)])
            for tree in (arrays, like)
        )
        if found != known:
            rows = " and ".join(", ".join(forms) for _, forms in (known, found))
            raise ValueError(f"prepare gave rows of two forms, {rows}; it must give one")
    return arrays


def check_storable(name: str, primitives: set[str], outputs: Mapping[str, Any]) -> None:
    """Raise a ValueError for a function of which no folder can keep the results.

    Args:
        name: of the function.
        primitives: what its program is made of.
        outputs: shape and dtype of what it returns.
    """
    called = sorted(CALLBACKS & primitives)
    if called:
        raise ValueError(
            f"{name} calls back to the host ({called[0]}), and what that reads is no part of the "
            "sweep's identity; run it in memory, without a folder"
        )
    for output, x in outputs.items():
        if "/" in output:
            raise ValueError(
                f"name of an output is {output!r}; no file holds a name with a slash: give another "
                "one, or run it in memory, without a folder"
            )
        if np.dtype(x.dtype).kind not in "biufc":
            raise ValueError(f"output {output} is {x.dtype}, which files do not hold")


def primitives_of(jaxpr: jax.extend.core.Jaxpr) -> Iterator[str]:
    """List what a program is made of, programs within it included."""

    def is_program(x: Any) -> bool:
        return isinstance(x, jax.extend.core.Jaxpr | jax.extend.core.ClosedJaxpr)

    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for inner in jax.tree.leaves(equation.params, is_leaf=is_program):
            if is_program(inner):
                closed = isinstance(inner, jax.extend.core.ClosedJaxpr)
                yield from primitives_of(inner.jaxpr if closed else inner)
