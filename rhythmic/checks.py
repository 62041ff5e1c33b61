"""Values at the entrance of public functions: each raises one line that names what is wrong.

NumPy's integers are integers, and so is an array of JAX that holds one; True and 3.0 are not.
Integers are real numbers; True, "3" and NaN are not. Values that are traced have none yet, and
pass. The line is "NAME is VALUE; it must ...", a ValueError.
"""

import math
import operator
import reprlib
from collections.abc import Iterable
from typing import Any, NoReturn, get_args

import jax
import jax.numpy as jnp
import numpy as np

LARGEST = 2**31 - 1  # of what counts or indexes: JAX and its files hold no more

_FEW = 6  # entries of an array that a line has room for
_SHORT = reprlib.Repr()
_SHORT.maxstring, _SHORT.maxother, _SHORT.maxlong = 60, 60, 24


def checked_integer(name: str, value: Any, least: int | None = None, most: int = LARGEST) -> Any:
    """Return ``value`` as a Python integer from ``least`` to ``most``; traced, as it is.

    Raises:
        ValueError: for what is no integer or lies outside; it names ``name``.
    """
    if isinstance(value, jax.core.Tracer):
        return value
    lowest = -LARGEST if least is None else least
    allowed = f"be an integer in {lowest} to {most}"
    if isinstance(value, bool) or getattr(value, "dtype", None) == np.bool_:
        refuse(name, value, allowed)
    try:
        number = operator.index(value)
    except (TypeError, ValueError, RuntimeError):  # the last of an array that was donated
        refuse(name, value, allowed)
    if number < lowest:
        refuse(name, number, f"be at least {lowest}")
    if number > most:
        refuse(name, number, f"be at most {most}" if most < LARGEST else allowed)
    return number


def checked_real(
    name: str,
    value: Any,
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    most: float | None = None,
    infinite: bool = False,
) -> Any:
    """Return ``value`` as it is: one real number within the bounds; or traced.

    Args:
        name: of the argument, as the error shall print it.
        value: a number of Python or NumPy, or an array that holds one.
        above: the open lower end, if there is one.
        least: the closed lower end.
        below: the open upper end.
        most: the closed upper end.
        infinite: whether an infinity is a value.

    Raises:
        ValueError: for what is no number, NaN, or outside; it names ``name``.
    """
    if isinstance(value, jax.core.Tracer):
        return value
    ends = (
        (" above ", above),
        (" of at least ", least),
        (" below ", below),
        (" of at most ", most),
    )
    bounds = " and".join(f"{words}{end:g}" for words, end in ends if end is not None)
    allowed = f"be a {'' if infinite else 'finite '}number{bounds}"
    if not is_real(value) or np.ndim(value):
        refuse(name, value, allowed)
    try:
        number = float(value)
    except OverflowError:  # an integer of Python with more than 308 digits
        refuse(name, value, allowed)
    inside = (
        (infinite or math.isfinite(number))
        and (above is None or number > above)
        and (least is None or number >= least)
        and (below is None or number < below)
        and (most is None or number <= most)
    )
    if not inside or math.isnan(number):
        refuse(name, value, allowed)
    return value


def checked_choice(name: str, value: Any, choices: Any) -> Any:
    """Return ``value``, one of the ``choices``: strings, or a Literal of them.

    Raises:
        ValueError: for anything else; it names ``name`` and the choices.
    """
    allowed: Iterable[Any] = get_args(choices) or choices
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} is {shown(value)}; choose from {', '.join(map(str, allowed))}")
    return value


def is_real(value: Any) -> bool:
    """Return whether something is a real number or an array of them; booleans are not."""
    if isinstance(value, bool | str | bytes):
        return False
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return isinstance(value, int | float)
    return bool(jnp.issubdtype(dtype, np.integer) or jnp.issubdtype(dtype, np.floating))


def shown(value: Any) -> str:
    """Return a value for one line of an error: short, and larger arrays by shape and type."""
    if isinstance(value, np.generic | np.ndarray | jax.Array):
        if value.size > _FEW or not _is_printed(value):
            return f"an array of shape {value.shape} and type {value.dtype}"
        if value.ndim:
            return " ".join(str(np.asarray(value)).split())
        value = np.asarray(value).item()  # printed as the number that it is
    if isinstance(value, int) and value.bit_length() > 128:  # Python does not print 5000 digits
        return f"an integer of {value.bit_length()} bits"
    return " ".join(_SHORT.repr(value).split())


def _is_printed(value: Any) -> bool:
    """Return whether an array holds numbers that are known and still there."""
    if isinstance(value, jax.Array):
        if isinstance(value, jax.core.Tracer) or value.is_deleted():
            return False
        return not jnp.issubdtype(value.dtype, jax.dtypes.extended)
    return value.dtype.kind in "biufc"


def refuse(name: str, value: Any, allowed: str) -> NoReturn:
    """Raise the ValueError "NAME is VALUE; it must ALLOWED"."""
    raise ValueError(f"{name} is {shown(value)}; it must {allowed}") from None


def is_key(value: Any) -> bool:
    """Return whether something is an array of JAX's random keys, of the new kind or the old."""
    if not isinstance(value, jax.Array | np.ndarray):
        return False
    if jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return True
    return value.dtype == np.uint32 and value.ndim > 0 and value.shape[-1] in (2, 4)
