"""Arguments compared with their annotations, where public functions and constructors begin.

``checked`` reads the annotations once, and sees at each call that an ``int`` is an integer, a
``float`` one number, a ``Literal`` one of its choices, an array real, whole or boolean, with as
many axes as are written, those of one name of one size. What does not fit is a ValueError of one
line that names the argument, before anything is compiled. Ranges are checked by the function. Where
it has no checks of its own, ``finite`` asks for numbers that are neither NaN nor infinite, and
``least`` for no smaller integer.

Accepted besides: integers where numbers are meant, lists of numbers as arrays, strings as paths,
values that are traced. An array may hold NaN: it is for the function to give NaN for it.
"""

import collections.abc
import dataclasses
import functools
import inspect
import math
import os
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, overload

import jax
import jax.numpy as jnp
import numpy as np

from rhythmic._axes import see_axes
from rhythmic._host import WIDEST, as_array, as_floating, holds_traced, is_too_wide
from rhythmic.checks import checked_choice, checked_integer, is_key, is_real, refuse

Called = TypeVar("Called", bound=Callable[..., Any])

MOST = 2**32 - 1  # a seed may be as large
_NUMBERS = (np.integer, np.floating)
_KINDS = (  # by the first of jaxtyping's dtypes that is found among the annotation's
    ("complex64", (*_NUMBERS, np.bool_, np.complexfloating), "numbers"),
    ("float32", (*_NUMBERS, np.bool_), "real numbers"),
    ("bool", (np.bool_, np.integer), "booleans"),
)


@dataclasses.dataclass(frozen=True)
class Rule:
    """What one annotation asks of a value: whether it ``fits``, and that in words."""

    fits: Callable[[Any], bool]
    allowed: str
    choices: tuple[str, ...] = ()
    axes: tuple[str, ...] | None = None
    axes_of_each: tuple[str, ...] | None = None  # of a sequence of arrays
    number: bool = False
    real: bool = False
    floating: bool = False  # of arrays: integers become floating-point numbers
    integer: bool = False
    array: bool = False
    path: bool = False


@overload
def checked(call: Called) -> Called: ...


@overload
def checked(*, finite: bool = False, least: int | None = None) -> Callable[[Called], Called]: ...


def checked(call: Any = None, *, finite: bool = False, least: int | None = None) -> Any:
    """Return a function, or a class, whose arguments are compared with their annotations.

    Args:
        call: the function; or the class, whose constructor then compares.
        finite: whether a ``float`` may be neither NaN nor infinite.
        least: of every ``int``, where they have one in common.
    """
    if call is None:
        return lambda call: _entrance(call, finite, least)
    return _entrance(call, finite, least)


def _entrance(call: Any, finite: bool, least: int | None) -> Any:
    """Return what compares, and then calls."""
    if isinstance(call, type):
        constructor: Any = call
        constructor.__init__ = _entrance(constructor.__init__, finite, least)
        return call
    parameters = inspect.signature(call).parameters
    rules = {name: _rule(one) for name, one in parameters.items()}
    positional = [
        (one.name, rules[one.name], one.default)
        for one in parameters.values()
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    keywords = {name: (rules[name], one.default) for name, one in parameters.items()}

    @functools.wraps(call)
    def entrance(*args: Any, **kwargs: Any) -> Any:
        sizes: dict[str, tuple[Any, str]] = {}

        def seen(name: str, rule: Rule | None, default: Any, value: Any) -> Any:
            if rule is None or value is default:
                return value
            _see(name, value, rule)
            if finite and rule.number and not _is_finite(value):
                refuse(name, value, "be a finite number")
            value = _converted(name, value, rule, least)
            if rule.axes is not None and value is not None:
                see_axes(name, value, rule.axes, sizes)
            if rule.axes_of_each is not None and value is not None:
                for place, one in enumerate(value):
                    see_axes(f"{name}[{place}]", one, rule.axes_of_each, {})
            return value

        by_place = [seen(*one, value) for one, value in zip(positional, args, strict=False)]
        by_name = {
            name: seen(name, *keywords.get(name, (None, None)), value)
            for name, value in kwargs.items()
        }
        return call(*by_place, *args[len(positional) :], **by_name)

    entrance.compares = True  # type: ignore[attr-defined]
    return entrance


def _converted(name: str, value: Any, rule: Rule, least: int | None) -> Any:
    """Return a value that fits in the form in which functions and JAX take it."""
    if value is None:
        return value
    if rule.integer:
        # One of Python, since JAX takes no array for a static argument.
        return checked_integer(name, value, -MOST if least is None else least, MOST)
    if rule.array:
        value = as_array(value)
    if rule.axes_of_each is not None:
        kind = tuple if isinstance(value, tuple) else list
        value = kind(as_array(one) for one in value)
    if rule.real and is_too_wide(value):
        # JAX takes no integer of Python's, and drops digits of NumPy's.
        value = np.asarray(value, float) if np.ndim(value) else float(value)
    if rule.path and isinstance(value, str):
        return Path(value)
    return as_floating(value) if rule.floating else value


def _see(name: str, value: Any, rule: Rule) -> None:
    """Raise the ValueError for a value that does not fit."""
    if rule.fits(value):
        return
    if rule.choices and isinstance(value, jax.core.Tracer):
        raise ValueError(f"{name} is traced; it must be known, one of {', '.join(rule.choices)}")
    if rule.choices and (isinstance(value, str) or not rule.allowed):
        checked_choice(name, value, rule.choices)
    refuse(name, value, f"be {rule.allowed}")


def _rule(parameter: inspect.Parameter) -> Rule | None:
    """Return what a parameter asks for; None where it takes anything."""
    annotation = parameter.annotation
    several = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    if several or annotation is parameter.empty:
        return None
    if parameter.name.split("_")[-1] in ("key", "keys"):
        inner = typing.get_args(annotation) or (annotation,)
        if jax.Array in inner or any("prng_key" in getattr(one, "dtypes", ()) for one in inner):
            return _any_of((_KEY, None) if type(None) in inner else (_KEY,))
    if annotation is str and parameter.name.split("_")[-1] == "name":
        return Rule(lambda value: isinstance(value, str) and bool(value.strip()), "a name")
    if Any in (annotation, *typing.get_args(annotation)) and parameter.name in _TREES:
        return Rule(_is_tree, "a tree of arrays of numbers")
    if annotation is Any and parameter.name in ("dtype", "precision"):
        return Rule(_is_precision, "a floating-point type")
    return _of(annotation)


def _of(annotation: Any) -> Rule | None:
    """Return the rule of an annotation."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _any_of(inner)
    if origin is typing.Literal:
        words = tuple(map(str, inner))
        return Rule(lambda value: isinstance(value, str) and value in words, "", words)
    if hasattr(annotation, "dim_str"):
        return _array(annotation.dtypes, tuple(annotation.dim_str.split()))
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]
    if origin is collections.abc.Callable:
        return Rule(callable, "a function")
    if origin is collections.abc.Mapping:
        return _mapping(inner)
    if origin in (tuple, list, collections.abc.Sequence, collections.abc.Iterable):
        return _several(origin, inner)
    cls = origin or annotation
    if cls in (Any, object) or not isinstance(cls, type):
        return None
    if getattr(cls, "_is_protocol", False):
        asked = sorted(name for name in dir(cls) if not name.startswith("_"))
        told = f"of the protocol {cls.__name__}, with {', '.join(asked)}"
        return Rule(lambda value: all(hasattr(value, name) for name in asked), told)
    if issubclass(cls, os.PathLike):
        return _SIMPLE[Path]
    return Rule(lambda value: isinstance(value, cls), f"of the type {cls.__name__}")


def _any_of(annotations: tuple[Any, ...]) -> Rule | None:
    """Return the rule of a union; of arrays and numbers together, of the arrays alone."""
    arrays = [one for one in annotations if hasattr(one, "dim_str")]
    if arrays and {int, float} & set(annotations):
        # A number then represents an array of none or of all axes, and may be NaN like it; so
        # arrays of all axes may be broadcast.
        written = arrays[0].dim_str
        several = written[:1] == "*"
        loose = tuple(("*#" + axis.lstrip("*#")) for axis in written.split()[:1]) if several else ()
        axes = (*loose, *written.split()[1:]) if several else () if not written else None
        same = all(one.dim_str == written for one in arrays)
        scalar = _no_truth(_array(arrays[0].dtypes, axes if same else None))
        rest = [one for one in annotations if one not in (int, float, np.generic, *arrays)]
        rules = [scalar, *map(_of, rest)]
    else:
        rules = [_of(one) for one in annotations if not (arrays and one is np.generic)]
    if None in rules:
        return None
    known = [rule for rule in rules if rule is not None]
    words = list(dict.fromkeys(rule.allowed for rule in known if rule.allowed))
    choices = tuple(choice for rule in known for choice in rule.choices)
    shapes = {rule.axes for rule in known if rule is not _NONE}
    numbers = [rule.number for rule in known if rule is not _NONE]
    of_each = {rule.axes_of_each for rule in known if rule is not _NONE}
    return Rule(
        lambda value: any(rule.fits(value) for rule in known),
        " or ".join(word for word in words if word != "None"),
        choices,
        axes=shapes.pop() if len(shapes) == 1 else None,
        axes_of_each=of_each.pop() if len(of_each) == 1 else None,
        number=all(numbers),
        real=all(rule.real for rule in known if rule is not _NONE),
        floating=all(rule.floating for rule in known if rule is not _NONE),
        integer=all(rule.integer for rule in known if rule is not _NONE),
        array=all(rule.array for rule in known if rule is not _NONE),
        path=any(rule.path for rule in known) and _SIMPLE[str] not in known,
    )


def _no_truth(rule: Rule) -> Rule:
    """Return a rule of numbers that does not take True for one."""

    def fits(value: Any) -> bool:
        truth = isinstance(value, bool) or getattr(value, "dtype", None) == np.bool_
        return not (truth and not np.ndim(value)) and rule.fits(value)

    return dataclasses.replace(rule, fits=fits)


def _array(dtypes: Any, axes: tuple[str, ...] | None) -> Rule:
    """Return the rule of an array, or of a list or number that makes one."""
    names = dtypes if isinstance(dtypes, tuple) else ("complex64",)
    if "prng_key" in names:
        return _SIMPLE[_KEY]
    kinds: tuple[Any, ...] = (np.integer,)
    words = f"integers of {-WIDEST - 1} to {WIDEST}"
    for name, found, said in _KINDS:
        if name in names:
            kinds, words = found, said
            break
    real = np.floating in kinds

    def fits(value: Any) -> bool:
        dtype = getattr(value, "dtype", None)
        if dtype is None:
            if axes and not any("*" in axis for axis in axes) and not hasattr(value, "__len__"):
                return False  # one number, where several are asked for
            if not isinstance(value, bool | int | float | complex | list | tuple):
                return False
            if isinstance(value, list | tuple) and holds_traced(value):
                return all(fits(one) for one in value)
            try:
                dtype = np.asarray(value).dtype
            except (ValueError, OverflowError, TypeError):  # ragged, or not to be printed
                return False
            if isinstance(value, list | tuple) and not np.size(value):
                return True  # of no entries, which have no type
        if not real and is_too_wide(value):
            return False
        return any(jnp.issubdtype(dtype, kind) for kind in kinds)

    one = axes is not None and not axes
    allowed = f"one of the {words}" if one else f"an array of {words}"
    floating = all(name.startswith(("float", "bfloat")) for name in names)
    rule = Rule(fits, allowed, axes=axes, real=real, floating=floating, array=True)
    # Where any axes serve, a number is one point and no truth either.
    points = axes is not None and len(axes) == 1 and axes[0].startswith("*")
    return _no_truth(rule) if (one or points) and real else rule


def _several(origin: Any, inner: tuple[Any, ...]) -> Rule | None:
    """Return the rule of a tuple or another sequence, and of each of its entries."""
    fixed = origin is tuple and inner[-1:] != (Ellipsis,)
    entries = [_of(one) for one in (inner if fixed else inner[:1])]
    words = " and ".join(dict.fromkeys(rule.allowed for rule in entries if rule)) or "values"
    number = inner[:1] == (float,)  # NaN is for the function to refuse

    def fits(value: Any) -> bool:
        if isinstance(value, jax.Array | np.ndarray):
            if number:
                return value.ndim == 1 and is_real(value)
            value = list(value) if value.ndim else None
        if not isinstance(value, collections.abc.Sequence) or isinstance(value, str | bytes):
            return False
        rules = entries if fixed else entries * len(value)
        if len(rules) != len(value):
            return False
        if number:
            return all(is_real(one) and not np.ndim(one) for one in value)
        return all(rule is None or rule.fits(one) for rule, one in zip(rules, value, strict=True))

    same = entries[0].axes if len(entries) == 1 and entries[0] and not fixed else None
    return Rule(fits, f"a sequence, each entry {words}", axes_of_each=same)


def _mapping(inner: tuple[Any, ...]) -> Rule:
    """Return the rule of a mapping from names."""
    values = _of(inner[1]) if len(inner) == 2 else None
    words = f", each value {values.allowed}" if values else ""

    def fits(value: Any) -> bool:
        return isinstance(value, collections.abc.Mapping) and all(
            (inner[:1] != (str,) or (isinstance(key, str) and bool(key.strip())))
            and (values is None or values.fits(one))
            for key, one in value.items()
        )

    return Rule(fits, f"a mapping from names{words}")


def _is_integer(value: Any) -> bool:
    try:
        checked_integer("", value, -MOST, MOST)
    except ValueError:
        return False
    return True


def _is_number(value: Any) -> bool:
    if isinstance(value, jax.core.Tracer):
        return not value.shape
    if not is_real(value) or np.ndim(value):
        return False
    try:
        float(value)
    except OverflowError:  # an integer of more than 308 digits
        return False
    return True


def _is_finite(value: Any) -> bool:
    return value is None or isinstance(value, jax.core.Tracer) or math.isfinite(value)


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike) and bool(str(value)) and "\0" not in str(value)


def _is_precision(value: Any) -> bool:
    try:
        return isinstance(value, str | type | np.dtype) and bool(
            jnp.issubdtype(jnp.dtype(value), np.floating)
        )
    except TypeError:  # no type of numbers
        return False


def _is_tree(value: Any) -> bool:
    """Return whether all leaves are arrays of numbers, or what Equinox keeps beside them.

    Of integers JAX takes those of its own width alone.
    """

    def fits(leaf: Any) -> bool:
        if is_too_wide(leaf):
            return False
        extended = jnp.issubdtype(getattr(leaf, "dtype", np.str_), jax.dtypes.extended)
        return callable(leaf) or extended or _array(("complex64",), None).fits(leaf)

    leaves = jax.tree.leaves(value)
    bare = len(leaves) == 1 and leaves[0] is value and callable(value)
    return not bare and all(map(fits, leaves))


def _is_array(value: Any) -> bool:
    return hasattr(value, "ndim") and _array(("complex64",), None).fits(value)


_TREES = frozenset(
    ("state", "start", "starts", "initial_state", "sample", "inputs", "cotangent", "carry")
)
_KEY = jax.dtypes.prng_key
_NONE = Rule(lambda value: value is None, "None")
_SIMPLE: dict[Any, Rule] = {
    _KEY: Rule(is_key, "a key of JAX, such as jax.random.key(0)"),
    None: _NONE,
    type(None): _NONE,
    bool: Rule(lambda value: isinstance(value, bool | np.bool_ | jax.core.Tracer), "True or False"),
    int: Rule(_is_integer, f"an integer of at most {MOST}", integer=True),
    float: Rule(_is_number, "a number", number=True, real=True),
    str: Rule(lambda value: isinstance(value, str), "a string"),
    Path: Rule(_is_path, "a path", path=True),
    np.ndarray: Rule(_is_array, "an array of numbers"),
    jax.Array: Rule(_is_array, "an array of numbers"),
}
