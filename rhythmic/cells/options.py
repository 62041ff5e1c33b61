"""The options of a cell: known ones are checked, traced ones out of range become NaN.

The rules are in the docstring of ``rhythmic.cells``; every cell keeps them by what is here.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, get_args

import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.checks import checked_integer
from rhythmic.typing import AnyArray, Array, Float

Number: TypeAlias = float | Float[Array, ""]
PerNode: TypeAlias = float | Float[AnyArray, " hidden"]


def is_traced(*values: Any) -> bool:
    """Tell whether any of the values, or any in a list of them, has no value yet."""
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(values))


def number(name: str, value: Number, inside: Callable[[Any], Any], allowed: str) -> Any:
    """Return a number that is ``inside`` its range; a traced one outside as NaN.

    Args:
        name: of the option.
        value: known, returned as it is; or traced.
        inside: tells whether a number is in range, for a traced one too (``&``, not ``and``).
        allowed: the range in words, after "it must".

    Raises:
        ValueError: for anything but one number, or a known one outside.
    """
    if np.shape(value):
        raise ValueError(f"{name} has shape {np.shape(value)}; expected a number")
    if is_traced(value):
        value = in_default_precision(value)
        return _nan_unless(inside(value), value)
    if not inside(value):
        raise ValueError(f"{name} is {value}; it must {allowed}")
    return value


def per_node(name: str, values: PerNode, hidden_size: int) -> Float[AnyArray, " hidden"]:
    """Return one value a node from a number or one value a node; float64 unless traced.

    Raises:
        ValueError: if the values are not that many.
    """
    array = numbers(values)
    if array.shape not in ((), (hidden_size,)):
        raise ValueError(f"{name} has shape {array.shape}; expected a number or ({hidden_size},)")
    namespace: Any = jnp if is_traced(array) else np
    return namespace.broadcast_to(array, (hidden_size,))


def between(
    name: str,
    values: Float[AnyArray, "*nodes"],
    low: float,
    high: float | Float[AnyArray, "*nodes"],
    *,
    with_low: bool = False,
    unit: str = "",
) -> Float[AnyArray, "*nodes"]:
    """Return ``values`` between ``low`` and ``high``; traced ones outside as NaN.

    Values whose upper end is traced are traced themselves.

    Raises:
        ValueError: for known values outside; it names the first one.
    """
    traced = is_traced(values, high)
    values = in_default_precision(values) if traced else values
    inside = ((values > low) | (with_low & (values == low))) & (values < high)
    if traced:
        return _nan_unless(inside, values)
    if not np.all(inside):
        highs = np.broadcast_to(high, np.shape(values))
        ends = f"{'from' if with_low else 'between'} {low:g} {'to below' if with_low else 'and'}"
        ends = f"{ends} {highs[~inside][0]:g}{unit}"
        raise ValueError(f"{name} holds {values[~inside][0]:g}; each must lie {ends}")
    return values


def numbers(values: float | Sequence[float] | AnyArray) -> AnyArray:
    """Return a new array of known values in float64, or of traced ones in JAX's precision."""
    return in_default_precision(values) if is_traced(values) else np.array(values, np.float64)


def in_default_precision(values: Any) -> Array:
    """Return a JAX array of the default floating dtype."""
    return jnp.asarray(values, jnp.zeros(()).dtype)


def _nan_unless(inside: Any, values: AnyArray) -> AnyArray:
    """Return values with NaN for those that are not ``inside``, and so their gradient."""
    # Chosen instead of multiplied, they would have gradient 0: training would not notice.
    return values * jnp.where(inside, 1.0, jnp.nan)


def check_known(name: str, value: object, when: str = "where the cell is built") -> None:
    """Raise a ValueError for an option that decides what the program is, and is traced."""
    if is_traced(value):
        raise ValueError(f"{name} is traced; it must be known {when}")


def check_sizes(input_size: int, hidden_size: int) -> tuple[int, int]:
    """Return both sizes as integers of Python, which alone may decide what a program is.

    Raises:
        ValueError: that names the size that is traced, no integer or below one.
    """
    sizes = {"input_size": input_size, "hidden_size": hidden_size}
    for name, size in sizes.items():
        check_known(name, size)
        sizes[name] = checked_integer(name, size, 1)
    return sizes["input_size"], sizes["hidden_size"]


def check_choice(name: str, value: str, choices: object) -> None:
    """Raise a ValueError unless ``value`` is one of the strings of the Literal ``choices``."""
    check_known(name, value)
    if value not in get_args(choices):
        raise ValueError(f"{name} is {value!r}; choose from {', '.join(get_args(choices))}")
