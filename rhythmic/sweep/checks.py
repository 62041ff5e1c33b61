"""What can be wrong with a sweep, found before anything is compiled, and said by name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.sweep.designs import FIRST_BAD_STEP, STATUS, Axis
from rhythmic.sweep.functions import arguments_of, name_of
from rhythmic.typing import PyTree


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


def check_float32(columns: Sequence[Axis]) -> None:
    """Raise a ValueError for an axis whose values float32 does not hold, or not apart."""
    for column in columns:
        if not np.issubdtype(column.values.dtype, np.floating):
            continue
        with np.errstate(over="ignore"):
            rounded = column.values.astype(np.float32)
        fault = ""
        if not np.all(np.isfinite(rounded)):
            fault = "overflows float32"
        elif np.any((rounded == 0) & (column.values != 0)):
            fault = "underflows float32"
        elif len(np.unique(rounded)) < len(np.unique(column.values)):
            fault = "has values that float32 does not tell apart"
        if fault:
            raise ValueError(f"{column.name} {fault}; give precision float64")


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
    trees = [name for name, x in found.items() if not isinstance(x, jax.ShapeDtypeStruct)]
    if trees:
        raise ValueError(f"output {trees[0]} is a {type(found[trees[0]]).__name__}, no array")
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


def check_prepared(prepared: PyTree, num_points: int) -> PyTree:
    """Return what ``prepare`` gave as NumPy arrays, one row a point, or raise a ValueError."""
    arrays = jax.tree.map(np.asarray, prepared)
    for leaf in jax.tree.leaves(arrays):
        if leaf.shape[:1] != (num_points,):
            raise ValueError(
                f"prepare gave an array of shape {leaf.shape} for {num_points} points; it must "
                "have a row for each"
            )
    return arrays


def check_integer(name: str, value: Any, least: int) -> None:
    """Raise a ValueError for what is no integer of 32 bits, or is below the least."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not least <= value < 2**32:
        raise ValueError(f"{name} is {value!r}; it must be an integer in {least} to {2**32 - 1}")
