"""Sweeps as labelled data sets: opened and exported."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas
import xarray

from rhythmic.arguments import checked
from rhythmic.files import replacing
from rhythmic.sealed import DamagedFileError
from rhythmic.sweep.designs import STATUS
from rhythmic.sweep.files import COMPUTED_AGAIN
from rhythmic.sweep.joining import join
from rhythmic.sweep.objects import ObjectSweep
from rhythmic.sweep.plan import Chunk, place_of
from rhythmic.sweep.store import SweepStore

FORMATS = (".nc", ".csv", ".parquet")


class StoredArrays(Mapping[str, np.ndarray]):
    """The results of a folder by name, each read whole when it is asked for."""

    def __init__(self, folder: Path | str):
        """Read nothing yet."""
        self.folder, store = folder, opened(folder)
        self.names = store.names
        # Objects are read over a network: nothing but those of the array that is asked for.
        self.objects = store.arrays if isinstance(store, ObjectSweep) else None

    def __getitem__(self, name: str) -> np.ndarray:
        if self.objects is not None:
            return np.asarray(self.objects[name])
        return open_sweep(self.folder)[name].to_numpy()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def opened(folder: Path | str) -> SweepStore | ObjectSweep:
    """Open a folder, or what is below a URL, to read."""
    place = place_of(folder)
    return ObjectSweep.open(place) if isinstance(place, str) else SweepStore.open(place)


@checked
def open_sweep(folder: Path | str) -> xarray.Dataset:
    """Open the results of a folder, or below a URL, finished or not, to be read as they are used.

    Points that are not computed yet have status -1. The attributes contain the number of finished
    chunks and what computed them: program, device, versions, and the rows a device held at once.

    Raises:
        ValueError: for a folder without a sweep.
        DamagedFileError: for a damaged description or a missing file; when it is read, for a
            coordinate or result whose bytes are not those that were written.
    """
    store = opened(folder)
    # Nothing is decoded: an attribute such as a scale factor would change the numbers.
    dataset = xarray.open_zarr(store.files, consolidated=False, chunks=None, decode_cf=False)
    count, made = store.progress()
    told = ["; ".join(f"{name} {value}" for name, value in flat(one).items()) for one in made]
    about = {
        "finished_chunks": count,
        "chunks": store.layout.num_chunks,
        "computed_by": list(dict.fromkeys(told)),
    }
    # In the order of the sweep; on disk there is none.
    results, coordinates = (
        {name: dataset.variables[name] for name in names}
        for names in (store.names, store.coordinates)
    )
    return xarray.Dataset(results, coordinates, dataset.attrs | about)


@checked
def export(folders: Sequence[Path], target: Path) -> int:
    """Write one or several sweeps, joined, as NetCDF, CSV or Parquet, by the ending of the file.

    CSV and Parquet hold one row per point, block by block, so that no more than one is in memory;
    results with axes of their own fill a row for each of their values, complex ones two columns.

    Args:
        folders: run folders; several are joined first, in memory.
        target: file that ends in .nc, .csv or .parquet.

    Returns:
        the number of points that are not computed yet, which are exported as such.

    Raises:
        ValueError: for another ending, no folders, or folders without sweeps.
        DamagedFileError: if a stored byte is not what was recorded.
    """
    folders = [Path(folder) for folder in folders]
    if not folders:
        raise ValueError("folders is empty; name one run folder or more")
    if target.suffix not in FORMATS:
        raise ValueError(f"target is {target}; it must end in {', '.join(FORMATS)}")
    for folder in folders:
        for damage in SweepStore.open(folder).damages():
            raise DamagedFileError(f"{damage}; {COMPUTED_AGAIN}")
    parts: Iterable[dict[str, slice]] = [{}]
    if len(folders) == 1:
        store = SweepStore.open(folders[0])
        # One by one: there may be more chunks than fit into a list.
        dataset, parts = open_sweep(folders[0]), (region(store, b) for b in store.blocks())
    else:
        dataset = join([open_sweep(folder) for folder in folders]).load()
    with replacing(target) as partial:
        if target.suffix == ".nc":
            dataset.to_netcdf(partial, engine="h5netcdf")
        elif target.suffix == ".csv":
            for number, part in enumerate(parts):
                frame = table(dataset.isel(part))
                frame.to_csv(partial, mode="a", header=number == 0, index=False)
        else:
            _write_parquet(partial, dataset, parts)
    return int((dataset[STATUS] < 0).sum())


def region(store: SweepStore, block: Chunk) -> dict[str, slice]:
    """Return the part of every axis that a block covers."""
    lead = [slice(index, index + 1) for index in block.lead]
    cuts = [*lead, slice(block.first_row, block.stop_row)]
    return dict(zip(store.description["axes"], cuts, strict=False))


def table(part: xarray.Dataset) -> pandas.DataFrame:
    """Return a table with one row per point, and complex results as two columns."""
    for name, values in part.data_vars.items():
        if np.issubdtype(values.dtype, np.complexfloating):
            halves = {f"{name}_real": values.real, f"{name}_imaginary": values.imag}
            part = part.drop_vars(str(name)).assign(halves)
    return part.to_dataframe().reset_index()


def _write_parquet(path: Path, dataset: xarray.Dataset, parts: Iterable[dict[str, slice]]) -> None:
    """Write a table, one part after the other."""
    import pyarrow
    import pyarrow.parquet

    writer = None
    for part in parts:
        rows = pyarrow.Table.from_pandas(table(dataset.isel(part)), preserve_index=False)
        writer = writer or pyarrow.parquet.ParquetWriter(path, rows.schema)
        writer.write_table(rows)
    if writer is not None:
        writer.close()


def flat(values: Mapping[str, object], name: str = "") -> dict[str, object]:
    """Return nested values by their path, the numbers of chunks left out."""
    found: dict[str, object] = {}
    for key, value in values.items():
        if key == "chunks":
            continue
        found |= flat(value, f"{name}{key}.") if isinstance(value, Mapping) else {name + key: value}
    return found
