"""The points of a sweep: named axes with units, and the grids, lists and samples made of them.

Samples are drawn from a box: at random, or more evenly than that.
"""

import hashlib
import keyword
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy

from rhythmic.checks import checked_choice, checked_integer, checked_real, shown
from rhythmic.sweep.names import check_label, check_text

# Global indices are folded into keys as 32-bit numbers.
MOST_POINTS = 2**32 - 1
FIRST_BAD_STEP = "first_bad_step"
STATUS = "status"
RESERVED = ("key", "shared", "prepared", STATUS, FIRST_BAD_STEP)
# Up to here every whole number is a float64 as well.
WHOLE_FLOATS = 2**53


@dataclass(frozen=True, eq=False)
class Axis:
    """The values that one parameter takes.

    Args:
        name: of the parameter, a Python name: the function of the sweep takes it by keyword.
        values: finite numbers, of shape ``(num,)``. Integers stay integers (32 bits), all else is
            real.
        unit: of the values, such as "Hz" or "s"; "" where there is none.
        meaning: what it is, in a few words; kept with the results.

    Raises:
        ValueError: for a name that cannot be an argument, or values that are no such axis.
    """

    name: str
    values: np.ndarray
    unit: str
    meaning: str = ""

    def __post_init__(self) -> None:
        _check_name(self.name)
        check_text(f"unit of {self.name}", self.unit)
        check_text(f"meaning of {self.name}", self.meaning, lines=True)
        object.__setattr__(self, "values", _checked_values(self.name, self.values))

    def __len__(self) -> int:
        return len(self.values)

    def identity(self) -> dict[str, Any]:
        """Describe the axis so that another one, in any value, is distinguished from it."""
        return {
            "name": self.name,
            "unit": self.unit,
            "dtype": str(self.values.dtype),
            "first": self.values[0].item(),
            "last": self.values[-1].item(),
            "sha256": hashlib.sha256(self.values.tobytes()).hexdigest(),
        }


def _checked_values(name: str, values: Any) -> np.ndarray:
    """Return the values of an axis as float64 or int32, or raise a ValueError that names it."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        raise ValueError(f"{name} has values of different lengths; expected one axis") from None
    if array.ndim != 1 or not array.size:
        raise ValueError(f"{name} has values of shape {array.shape}; expected one axis, not empty")
    listed = values if isinstance(values, list | tuple) else ()
    if array.dtype.kind not in "iuf" or any(isinstance(x, bool | np.bool_) for x in listed):
        raise ValueError(
            f"{name} has values of dtype {array.dtype}; expected real numbers, and no bool"
        )
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked values; give those that are meant alone")
    if array.dtype.kind == "f":
        return _checked_reals(name, array, listed)
    limits = np.iinfo(np.int32)
    outside = array[(array < limits.min) | (array > limits.max)]
    if outside.size:
        raise ValueError(
            f"{name} holds {outside[0]}; integers must be in {limits.min} to {limits.max}"
        )
    return array.astype(np.int32)


def _checked_reals(name: str, array: np.ndarray, listed: Sequence[Any]) -> np.ndarray:
    """Return real values as float64, or raise a ValueError; ``listed`` are those of a list."""
    with np.errstate(over="ignore"):
        reals = array.astype(np.float64)
    if not np.all(np.isfinite(reals)):
        raise ValueError(f"{name} holds {array[~np.isfinite(reals)][0]}; values must be finite")
    # Among reals, NumPy rounds whole numbers of Python without a word.
    whole = [x for x in listed if isinstance(x, int) and abs(x) > WHOLE_FLOATS]
    rounded = [x for x in whole if int(float(x)) != x]
    if rounded:
        raise ValueError(f"{name} holds {rounded[0]}, which float64 does not hold")
    return reals


def _check_name(name: str) -> None:
    """Raise a ValueError for a name that neither an argument nor an axis of results can have."""
    usable = isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)
    if not usable or name in RESERVED:
        allowed = f"a Python name other than {', '.join(RESERVED)}"
        raise ValueError(f"name of an axis is {shown(name)}; it must be {allowed}")
    check_label("name of an axis", name)


def linear_axis(
    name: str, start: float, stop: float, num: int, unit: str, *, meaning: str = ""
) -> Axis:
    """Return ``num`` evenly spaced values from ``start`` to ``stop``, both included.

    ``name`` is the parameter of the swept function; ``unit`` and ``meaning`` are kept with it.
    """
    _check_ends(name, start, stop, num)
    return Axis(name, np.linspace(start, stop, int(num)), unit, meaning)


def logarithmic_axis(
    name: str, start: float, stop: float, num: int, unit: str, *, meaning: str = ""
) -> Axis:
    """Return ``num`` values of one ratio from ``start`` to ``stop``, both above 0 and included.

    ``name``, ``unit`` and ``meaning`` as of ``linear_axis``.
    """
    _check_ends(name, start, stop, num)
    if min(start, stop) <= 0:
        raise ValueError(f"{name} goes from {start} to {stop}; a logarithmic axis lies above 0")
    return Axis(name, np.geomspace(start, stop, int(num)), unit, meaning)


def values_axis(
    name: str, values: Sequence[float] | np.ndarray, unit: str, *, meaning: str = ""
) -> Axis:
    """Return an axis of the ``values`` given, of shape ``(num,)``.

    ``name``, ``unit`` and ``meaning`` are as of ``linear_axis``.
    """
    return Axis(name, _checked_values(name, values), unit, meaning)


def _check_ends(name: str, start: float, stop: float, num: int) -> None:
    """Raise a ValueError that names what is wrong with the ends of an axis."""
    checked_real(f"start of {name}", start)
    checked_real(f"stop of {name}", stop)
    ends = f"{name} goes from {shown(start)} to {shown(stop)}"
    # Their difference as well: the values are made from it.
    if not np.isfinite(float(stop) - float(start)):
        raise ValueError(f"{ends}; that is further than float64 can tell")
    checked_integer(f"num of {name}", num, 1, MOST_POINTS)
    if num > 1 and start == stop:
        raise ValueError(f"{ends}; its {num} values would coincide")


@dataclass(frozen=True, eq=False)
class Points:
    """A list of points: columns of one length, one parameter each, one point per row.

    Raises:
        ValueError: for no columns, columns of different lengths, or a name given twice.
    """

    columns: tuple[Axis, ...]
    name: str = "point"

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _checked_members("columns", self.columns, Axis))
        _check_name(self.name)
        lengths = {column.name: len(column) for column in self.columns}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"columns have lengths {lengths}; a list of points needs one length")
        _check_distinct([*(column.name for column in self.columns), self.name])

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def dimensions(self) -> tuple["Dimension", ...]:
        """The one axis of the results, along the list."""
        return (Dimension(self.name, self.columns),)


@dataclass(frozen=True, eq=False)
class Dimension:
    """One axis of the results, and the parameters that vary along it."""

    name: str
    columns: tuple[Axis, ...]

    def __len__(self) -> int:
        return len(self.columns[0])


@dataclass(frozen=True, eq=False)
class Grid:
    """Every combination of its axes, the last one fastest; a list of points may serve as an axis.

    Raises:
        ValueError: for no axes, a name given twice, a value given twice on one axis, or more
            points than there are 32-bit numbers.
    """

    axes: tuple[Axis | Points, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "axes", _checked_members("axes", self.axes, Axis, Points))
        columns = [column for dimension in self.dimensions for column in dimension.columns]
        lists = [axis.name for axis in self.axes if isinstance(axis, Points)]
        _check_distinct([*(column.name for column in columns), *lists])
        for axis in self.axes:
            if isinstance(axis, Axis):
                values, counts = np.unique(axis.values, return_counts=True)
                if counts.max() > 1:
                    raise ValueError(f"{axis.name} holds {values[counts.argmax()]} twice")
        num_points = int(np.prod([len(axis) for axis in self.axes], dtype=object))
        checked_integer("num_points", num_points, 1, MOST_POINTS)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The axes of the results, in order."""
        return tuple(
            Dimension(axis.name, (axis,) if isinstance(axis, Axis) else axis.columns)
            for axis in self.axes
        )


Design: TypeAlias = Grid | Points


def _checked_members(field: str, given: Any, *kinds: type) -> tuple:
    """Return the parts of a design as a tuple, or raise a ValueError for none, or other ones."""
    names = " or ".join(kind.__name__ for kind in kinds)
    if not isinstance(given, tuple | list):
        raise ValueError(f"{field} is a {type(given).__name__}; give a tuple")
    if not given:
        raise ValueError(f"{field} is empty; a design needs at least one")
    strange = [one for one in given if not isinstance(one, kinds)]
    if strange:
        raise ValueError(f"{field} holds a {type(strange[0]).__name__}; give {names}")
    return tuple(given)


def _check_distinct(names: Sequence[str]) -> None:
    """Raise a ValueError for a name that is given twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{twice[0]} is given twice; every parameter and axis needs its own name")


Method = Literal["random", "sobol", "halton", "latin-hypercube"]
Scale = Literal["linear", "logarithmic", "integer"]


@dataclass(frozen=True)
class Range:
    """Where one parameter of a sampled design lies.

    Args:
        name: of the parameter.
        low: smallest value.
        high: largest value, above ``low``; of an integer it is included.
        unit: of the values.
        scale: evenly in the value, evenly in its logarithm (``low`` above 0), or whole numbers.
        meaning: what it is, in a few words.
    """

    name: str
    low: float
    high: float
    unit: str
    scale: Scale = field(default="linear")
    meaning: str = ""

    def __post_init__(self) -> None:
        _check_name(self.name)
        check_text(f"unit of {self.name}", self.unit)
        check_text(f"meaning of {self.name}", self.meaning, lines=True)
        checked_choice(f"scale of {self.name}", self.scale, Scale)
        low = float(checked_real(f"low of {self.name}", self.low))
        high = float(checked_real(f"high of {self.name}", self.high))
        ends = f"{self.name} goes from {shown(self.low)} to {shown(self.high)}"
        if low >= high:
            raise ValueError(f"{ends}; it must rise")
        limits = np.iinfo(np.int32)
        whole = low.is_integer() and high.is_integer()
        if self.scale == "integer" and not (whole and limits.min <= low and high <= limits.max):
            raise ValueError(f"{ends}; give whole numbers in {limits.min} to {limits.max}")
        if self.scale == "logarithmic" and low <= 0:
            raise ValueError(f"{ends}; a logarithmic range lies above 0")
        if not np.isfinite(high / low if self.scale == "logarithmic" else high - low):
            raise ValueError(f"{ends}; that is further than float64 can tell")

    def axis(self, shares: np.ndarray) -> Axis:
        """Return the axis of the values at fractions ``shares`` (num,) of the range, in [0, 1)."""
        low, high = float(self.low), float(self.high)
        if self.scale == "integer":
            whole = np.floor(shares * (high - low + 1)).astype(np.int64) + int(low)
            return Axis(self.name, np.minimum(whole, int(high)), self.unit, self.meaning)
        if self.scale == "logarithmic":
            values = low * np.exp(shares * np.log(high / low))
        else:
            values = low + shares * (high - low)
        # Rounding may lead beyond an end.
        return Axis(self.name, np.clip(values, low, high), self.unit, self.meaning)


def sampled_design(
    ranges: Sequence[Range], num_points: int, *, method: Method = "sobol", seed: int
) -> Points:
    """Draw points from a box, at random or evenly spread (quasi-random).

    Args:
        ranges: one for each parameter.
        num_points: number of points; powers of two are the most even ones of ``sobol``.
        method: independent uniform numbers, or scrambled Sobol or Halton sequences, or a Latin
            hypercube, as in ``scipy.stats.qmc``.
        seed: of the draws. The values are drawn here, once, and kept with the results.

    Raises:
        ValueError: for no ranges, no points, an unknown method or a negative seed.
    """
    ranges = _checked_members("ranges", ranges, Range)
    num_points = checked_integer("num_points", num_points, 1, MOST_POINTS)
    checked_choice("method", method, Method)
    generator = np.random.default_rng(checked_integer("seed", seed, 0, 2**128 - 1))
    num_parameters = len(ranges)
    if method == "random":
        shares = generator.random((num_points, num_parameters))
    elif method == "sobol":
        # Drawn as the next power of two and cut: any number of points keeps its place.
        sequence = scipy.stats.qmc.Sobol(num_parameters, rng=generator)
        shares = sequence.random_base2(max(num_points - 1, 1).bit_length())[:num_points]
    elif method == "halton":
        shares = scipy.stats.qmc.Halton(num_parameters, rng=generator).random(num_points)
    else:
        shares = scipy.stats.qmc.LatinHypercube(num_parameters, rng=generator).random(num_points)
    return Points(tuple(one.axis(share) for one, share in zip(ranges, shares.T, strict=True)))
