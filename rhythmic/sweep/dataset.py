"""Sweeps as labelled data sets: opened, compared, joined, exported."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray

from rhythmic.files import replacing
from rhythmic.sweep.layout import RESULTS
from rhythmic.sweep.plan import Chunk
from rhythmic.sweep.specification import STATUS, Output, Sweep
from rhythmic.sweep.store import SweepStore, described, results_of

FORMATS = (".nc", ".csv", ".parquet")


class StoredArrays(Mapping[str, np.ndarray]):
    """The results of a folder by name, each read whole when it is asked for."""

    def __init__(self, folder: Path):
        """Open the folder; read nothing yet."""
        self.store = SweepStore.open(folder)

    def __getitem__(self, name: str) -> np.ndarray:
        return np.asarray(self.store.arrays[name][...])

    def __iter__(self) -> Iterator[str]:
        return iter(self.store.names)

    def __len__(self) -> int:
        return len(self.store.names)


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


def open_sweep(folder: Path) -> xarray.Dataset:
    """Open the results of a folder, finished or not; arrays are read as they are used.

    Points that are not computed yet have status -1. The attributes say how many chunks are there
    and what computed them: program, device, versions, and the rows a device held at once.

    Raises:
        ValueError: for a folder without a sweep.
        DamagedFileError: for a damaged description, layout or coordinate.
    """
    folder = Path(folder)
    store = SweepStore.open(folder)
    store.check_layout()
    dataset = xarray.open_zarr(folder / RESULTS, consolidated=False, chunks=None)
    made: list[str] = []
    count = 0
    for _, record in store.finished():
        count += 1
        text = "; ".join(f"{name} {value}" for name, value in flat(record["made"]).items())
        if text not in made:
            made.append(text)
    chunks = store.plan.num_chunks(store.shape)
    about = {"finished_chunks": count, "chunks": chunks, "computed_by": made}
    return dataset.assign_attrs(about)


def labelled(sweep: Sweep, arrays: Mapping[str, np.ndarray]) -> xarray.Dataset:
    """Put names, units and axes on the arrays of a sweep in memory."""
    design = tuple(dimension.name for dimension in sweep.dimensions)
    coordinates = {
        column.name: (dimension.name, column.values, described(Output(column.unit, column.meaning)))
        for dimension in sweep.dimensions
        for column in dimension.columns
    }
    results = {
        name: (design + output.dims, arrays[name], described(output))
        for name, (output, _, _) in results_of(sweep).items()
    }
    return xarray.Dataset(results, coordinates, {"sweep": sweep.name})


def compare(first: xarray.Dataset, second: xarray.Dataset) -> list[Difference]:
    """Compare two sweeps where both have results and points in common.

    Args:
        first: one of them.
        second: the other; its axes may be others, as long as they have points in common.

    Raises:
        ValueError: if they have no result or no point in common.
    """
    names = [str(name) for name in first.data_vars if name in second.data_vars]
    if not names:
        raise ValueError("second has no result in common with first")
    one, other = xarray.align(first[names], second[names], join="inner")
    if not all(one.sizes.values()):
        raise ValueError("second has no point in common with first")
    return [difference(one[name], other[name]) for name in names]


def difference(one: xarray.DataArray, other: xarray.DataArray) -> Difference:
    """Compare one result on the same points."""
    left, right = np.asarray(one), np.asarray(other)
    inexact = np.issubdtype(left.dtype, np.inexact) and np.issubdtype(right.dtype, np.inexact)
    unequal = (left != right) & ~(np.isnan(left) & np.isnan(right)) if inexact else left != right
    if not unequal.any():
        return Difference(str(one.name), 0, 0.0, {})
    place = np.unravel_index(int(unequal.argmax()), unequal.shape)
    at = one[dict(zip(one.dims, place, strict=True))]
    where = {str(name): float(value) for name, value in at.coords.items()}
    a, b = left[unequal].astype(np.float64), right[unequal].astype(np.float64)
    finite = np.isfinite(a) & np.isfinite(b)
    largest = float(np.max(np.abs(a - b)[finite])) if finite.any() else float("nan")
    return Difference(str(one.name), int(unequal.sum()), largest, where)


def join(datasets: Sequence[xarray.Dataset]) -> xarray.Dataset:
    """Join sweeps of the same results over their axes: parts of a grid, or further points.

    Lists of points follow one another; grids are laid out over all values of their axes, points
    that none has computed with status -1.

    Raises:
        ValueError: for sweeps of other results or axes, or that disagree on a point.
    """
    if not datasets:
        raise ValueError("datasets is empty; there is nothing to join")
    first = datasets[0]
    for other in datasets[1:]:
        if set(other.data_vars) != set(first.data_vars) or set(other.dims) != set(first.dims):
            raise ValueError("datasets differ in their results or axes; they cannot be joined")
    lists = [
        str(dim) for dim in first.dims if dim not in first.coords and dim in first[STATUS].dims
    ]
    if lists:
        return xarray.concat(datasets, lists[0], join="exact", combine_attrs="drop_conflicts")
    try:
        whole = xarray.merge(
            datasets,
            compat="no_conflicts",
            join="outer",
            fill_value={STATUS: -1},
            combine_attrs="drop_conflicts",
        )
    except xarray.MergeError as error:
        raise ValueError(f"datasets disagree on a point: {error}") from None
    for name in first.data_vars:
        kept = first[name].dtype
        if np.issubdtype(kept, np.integer) and not whole[name].isnull().any():
            whole[name] = whole[name].astype(kept)
    return whole


def export(folders: Sequence[Path], target: Path) -> int:
    """Write one or several sweeps, joined, as NetCDF, CSV or Parquet, by the ending of the file.

    CSV and Parquet hold a row a point, chunk by chunk, so that no more than one is in memory;
    results with axes of their own fill a row for each of their values.

    Args:
        folders: run folders; several are joined first, in memory.
        target: file that ends in .nc, .csv or .parquet.

    Returns:
        the number of points that are not computed yet, which are exported as such.

    Raises:
        ValueError: for another ending, or folders without sweeps.
    """
    if target.suffix not in FORMATS:
        raise ValueError(f"target is {target}; it must end in {', '.join(FORMATS)}")
    if len(folders) == 1:
        store = SweepStore.open(folders[0])
        dataset, parts = open_sweep(folders[0]), [region(store, c) for c in store.chunks()]
    else:
        dataset, parts = join([open_sweep(folder) for folder in folders]).load(), [{}]
    with replacing(target) as partial:
        if target.suffix == ".nc":
            dataset.to_netcdf(partial, engine="h5netcdf")
        elif target.suffix == ".csv":
            for number, part in enumerate(parts):
                frame = dataset.isel(part).to_dataframe().reset_index()
                frame.to_csv(partial, mode="a", header=number == 0, index=False)
        else:
            write_parquet(partial, dataset, parts)
    return int((dataset[STATUS] < 0).sum())


def region(store: SweepStore, chunk: Chunk) -> dict[str, slice]:
    """Return the part of every axis that a chunk covers."""
    lead = [slice(index, index + 1) for index in chunk.lead]
    cuts = [*lead, slice(chunk.first_row, chunk.stop_row)]
    return dict(zip(store.description["axes"], cuts, strict=False))


def write_parquet(path: Path, dataset: xarray.Dataset, parts: Sequence[dict[str, slice]]) -> None:
    """Write a table, one part after the other."""
    import pyarrow
    import pyarrow.parquet

    writer = None
    for part in parts:
        frame = dataset.isel(part).to_dataframe().reset_index()
        table = pyarrow.Table.from_pandas(frame, preserve_index=False)
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def flat(values: Mapping[str, object], name: str = "") -> dict[str, object]:
    """Return nested values by their path."""
    found: dict[str, object] = {}
    for key, value in values.items():
        found |= flat(value, f"{name}{key}.") if isinstance(value, Mapping) else {name + key: value}
    return found
