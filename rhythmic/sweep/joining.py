"""Sweeps compared and joined, point by point."""

import unicodedata
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray

from rhythmic.sweep.blocks import absent_value
from rhythmic.sweep.designs import STATUS

# Units that are written in several ways.
SPELLINGS = {
    **dict.fromkeys(["", "dimensionless"], "1"),
    **dict.fromkeys(["second", "seconds", "sec"], "s"),
    "hertz": "Hz",
}


class Difference(NamedTuple):
    """How one result of two sweeps differs.

    Attributes:
        name: of the result.
        num_points: values that differ; two NaN are equal.
        largest: largest absolute difference of finite values; NaN if there is none of them.
        place: coordinates of the first value that differs.
    """

    name: str
    num_points: int
    largest: float
    place: dict[str, float]


def compare(first: xarray.Dataset, second: xarray.Dataset) -> list[Difference]:
    """Compare two sweeps where both have results and points in common.

    Points are the same where all their parameters are equal; rows of lists are found by them.
    Points that one of the sweeps has not computed yet do not count. Units must be the same, as
    they are named: 1 kHz is not compared with 1000 Hz. A result without any, as arithmetic on
    data sets leaves it, is taken to have that of the other.

    Args:
        first: one of them.
        second: the other; its axes may hold other values, as long as some are in common.

    Raises:
        ValueError: for sweeps of other axes or units, or with no result or no point in common.
    """
    _check_sweeps({"first": first, "second": second})
    names = [str(name) for name in first.data_vars if name in second.data_vars]
    if not set(names) - {STATUS}:
        raise ValueError("second has no result in common with first")
    one, other = first[names], second[names]
    _check_axes(one, other)
    _check_meaning(one, other, [name for name in names if _both_have_units(one[name], other[name])])
    for dim in _lists_of(one):
        one, other = _common_rows(one, other, dim)
    one, other = xarray.align(one, other, join="inner")
    other = other.transpose(*one.dims)
    both = (one[STATUS] >= 0) & (other[STATUS] >= 0)
    if not both.any():
        raise ValueError("second has no point in common with first")
    return [difference(one[name], other[name], both) for name in names]


def difference(
    one: xarray.DataArray, other: xarray.DataArray, both: xarray.DataArray
) -> Difference:
    """Compare one result on the same points, where ``both`` are computed."""
    left, right = one.values, other.transpose(*one.dims).values
    counted = both.broadcast_like(one).transpose(*one.dims).values
    inexact = np.issubdtype(left.dtype, np.inexact) and np.issubdtype(right.dtype, np.inexact)
    equal = (left == right) | (np.isnan(left) & np.isnan(right)) if inexact else left == right
    unequal = ~equal & counted
    if not unequal.any():
        return Difference(str(one.name), 0, 0.0, {})
    place = np.unravel_index(int(unequal.argmax()), unequal.shape)
    at = one[dict(zip(one.dims, place, strict=True))]
    where = {str(name): float(value) for name, value in at.coords.items()}
    wide = np.result_type(left.dtype, right.dtype, np.float64)
    a, b = left[unequal].astype(wide), right[unequal].astype(wide)
    finite = np.isfinite(a) & np.isfinite(b)
    largest = float(np.max(np.abs(a[finite] - b[finite]))) if finite.any() else float("nan")
    return Difference(str(one.name), int(unequal.sum()), largest, where)


def join(datasets: Sequence[xarray.Dataset]) -> xarray.Dataset:
    """Join sweeps of the same results over their axes: parts of a grid, or further points.

    Lists of points follow one another; grids are laid out over all values of their axes, points
    that none has computed with status -1.

    Raises:
        ValueError: for sweeps of other results, axes, units or precisions, or that disagree on a
            point.
    """
    if not isinstance(datasets, Sequence) or not datasets:
        raise ValueError("datasets is empty, or no list; there is nothing to join")
    _check_sweeps({f"datasets[{number}]": one for number, one in enumerate(datasets)})
    first = datasets[0]
    for other in datasets[1:]:
        if set(other.data_vars) != set(first.data_vars):
            differing = ", ".join(sorted(map(str, set(other.data_vars) ^ set(first.data_vars))))
            raise ValueError(f"datasets differ in their results ({differing}); not to be joined")
        _check_axes(first, other)
        _check_meaning(first, other, first.data_vars)
        for name, values in first.data_vars.items():
            dtypes = values.dtype, other[name].dtype
            if dtypes[0] != dtypes[1]:
                told = f"{name} is {dtypes[0]} and {dtypes[1]}"
                raise ValueError(f"datasets differ in their precision ({told}); not to be joined")
    lists = _lists_of(first)
    joined = _joined_lists(datasets, lists[0]) if lists else _joined_grids(datasets)
    return joined.assign_attrs(_joined_attributes(datasets))


def _joined_lists(datasets: Sequence[xarray.Dataset], dim: str) -> xarray.Dataset:
    """Put lists of points one after the other; whatever is not along them must be equal."""
    return xarray.concat(
        datasets,
        dim,
        data_vars="minimal",
        coords="minimal",
        compat="equals",
        join="exact",
        combine_attrs="override",
    )


def _joined_grids(datasets: Sequence[xarray.Dataset]) -> xarray.Dataset:
    """Lay grids out over all values of their axes."""
    absent = {
        name: values.dtype.type(absent_value(str(name), values.dtype))
        for name, values in datasets[0].data_vars.items()
    }
    aligned = xarray.align(*datasets, join="outer", fill_value=absent)
    whole = aligned[0]
    for other in aligned[1:]:
        other = other.transpose(*whole.dims)
        there = other[STATUS] >= 0
        both = (whole[STATUS] >= 0) & there
        for name in whole.data_vars:
            found = difference(whole[name], other[name], both)
            if found.num_points:
                where = ", ".join(f"{axis} {value:g}" for axis, value in found.place.items())
                raise ValueError(f"datasets disagree on a point: {name} at {where}")
        kept = {n: other[n].where(there, whole[n]).transpose(*whole[n].dims) for n in absent}
        whole = whole.assign({n: x.assign_attrs(whole[n].attrs) for n, x in kept.items()})
    return whole


def _joined_attributes(datasets: Sequence[xarray.Dataset]) -> dict[str, Any]:
    """Return the attributes of the data sets: chunks added up, and all that computed them."""
    every = [dataset.attrs for dataset in datasets]
    shared = {
        name: value
        for name, value in every[0].items()
        if all(name in one and np.array_equal(one[name], value) for one in every[1:])
    }
    for name in ("finished_chunks", "chunks"):
        if all(name in one for one in every):
            shared[name] = sum(one[name] for one in every)
    made = [text for one in every for text in one.get("computed_by", [])]
    return shared | ({"computed_by": list(dict.fromkeys(made))} if made else {})


def _lists_of(dataset: xarray.Dataset) -> list[str]:
    """Return those axes of the design that are lists of points: they have no values themselves."""
    return [str(dim) for dim in dataset[STATUS].dims if dim not in dataset.coords]


def _check_axes(first: xarray.Dataset, second: xarray.Dataset) -> None:
    """Raise a ValueError that names an axis or parameter that two sweeps have not in common."""
    for what, one, other in (
        ("axes", set(first.dims), set(second.dims)),
        ("parameters", set(first.coords), set(second.coords)),
    ):
        if one != other:
            names = ", ".join(sorted(map(str, one ^ other)))
            raise ValueError(f"datasets differ in their {what} ({names})")
    lists = _lists_of(first)
    for dim, size in first.sizes.items():
        own = dim not in first.coords and dim not in lists
        if own and second.sizes[dim] != size:
            raise ValueError(f"datasets differ in {dim}: it has {size} and {second.sizes[dim]}")


def _check_meaning(
    first: xarray.Dataset, second: xarray.Dataset, measured: Iterable[Hashable]
) -> None:
    """Raise a ValueError that names an axis or result that means something else in each.

    That is one of another unit, of other axes, or of whole numbers in one and reals in the other;
    and a single parameter, such as ``dataset.sel`` leaves, of another value.

    Args:
        first: one sweep.
        second: another one of the same parameters and results.
        measured: results whose units count; those of parameters always do.
    """
    counted = {*first.coords, *measured}
    for name in [*first.coords, *first.data_vars]:
        both = first[name], second[name]
        alone = name in first.coords and not both[0].dims
        told = {
            "unit": [repr(_unit_of(x)) for x in both if name in counted],
            "axes": [", ".join(sorted(map(str, x.dims))) for x in both],
            "dtype": [_kind_of(x) for x in both],
            "value": [str(x.values) for x in both if alone],
        }
        for what, found in told.items():
            if len(set(found)) > 1:
                raise ValueError(f"datasets differ in the {what} of {name}: {' and '.join(found)}")


def _both_have_units(one: xarray.DataArray, other: xarray.DataArray) -> bool:
    """Return whether both results specify a unit, be it that of a dimensionless one."""
    return "units" in one.attrs and "units" in other.attrs


def _unit_of(values: xarray.DataArray) -> str:
    """Return the unit of an axis or result in one spelling; none is "1"."""
    unit = unicodedata.normalize("NFKC", str(values.attrs.get("units", ""))).strip()
    return SPELLINGS.get(unit, unit)


def _kind_of(values: xarray.DataArray) -> str:
    """Return the dtype without its precision: whole numbers and reals are not the same."""
    kinds = {"i": "integer", "u": "unsigned integer", "f": "real", "c": "complex", "b": "bool"}
    return kinds.get(values.dtype.kind, str(values.dtype))


def _check_sweeps(datasets: Mapping[str, Any]) -> None:
    """Raise a ValueError for what is no data set of a sweep."""
    for name, dataset in datasets.items():
        if not isinstance(dataset, xarray.Dataset) or STATUS not in dataset.data_vars:
            raise ValueError(f"{name} is no sweep: it is no data set with a {STATUS}")


def _common_rows(
    one: xarray.Dataset, other: xarray.Dataset, dim: str
) -> tuple[xarray.Dataset, xarray.Dataset]:
    """Return two sweeps at those rows of a list whose parameters both have, in the same order."""
    names = [name for name, values in one.coords.items() if values.dims == (dim,)]

    def rows(dataset: xarray.Dataset) -> list[tuple]:
        return list(zip(*(dataset[name].values.tolist() for name in names), strict=True))

    known = {row: place for place, row in reversed(list(enumerate(rows(other))))}
    pairs = [(place, known[row]) for place, row in enumerate(rows(one)) if row in known]
    return one.isel({dim: [a for a, _ in pairs]}), other.isel({dim: [b for _, b in pairs]})
