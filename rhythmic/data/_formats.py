"""Files of recordings, one function per format; what they hold is checked by ``Recordings``."""

import importlib
import io
import os
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NamedTuple

import numpy as np

from rhythmic.data._ts import read_time_series
from rhythmic.progress import printable, show

# Names under which arrays are found that are not named.
DEFAULTS = {
    "inputs": ("x", "X", "inputs", "data"),
    "targets": ("y", "Y", "targets", "labels"),
    "lengths": ("n", "lengths"),
    "groups": ("groups", "subjects"),
}
TFDS = "tfds:"
_MOST_SHOWN = 12  # arrays that an error lists
_NO_ARRAYS = ("sample_rate", "trial", "time", "channel")  # known without being named
_SECONDS = {"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "milliseconds": 1e-3}


class Names(NamedTuple):
    """What arrays, features or columns are called in a file; None by default.

    ``has_targets`` is whether targets are read at all.
    """

    inputs: str | None
    targets: str | None
    lengths: str | None
    groups: str | None
    has_targets: bool = True

    def roles(self) -> dict[str, str | None]:
        """Return the names by their roles."""
        every = self._asdict()
        every.pop("has_targets")
        return every


class Found(NamedTuple):
    """What a file holds, as ``Recordings`` takes it.

    ``sample_rate`` is in Hz, None where the file does not contain it; ``is_ordered`` is whether the
    format specifies the axis of channels, so that ``inputs`` has them last.
    """

    inputs: Any
    targets: Any
    lengths: Any = None
    groups: Any = None
    sample_rate: Any = None
    channel_names: Sequence[str] | None = None
    is_ordered: bool = False


def read_npz(path: str, names: Names) -> Found:
    """Return arrays of NumPy; one called ``sample_rate`` is the rate."""
    damaged = f"path is {path!r}; it is damaged, or was not written by numpy.savez"
    if not zipfile.is_zipfile(path):
        raise ValueError(damaged)

    def read(name: str) -> np.ndarray:
        try:
            array = file[name]
        except ValueError as error:
            if "Object arrays" not in str(error):
                raise ValueError(damaged) from None
            raise ValueError(
                f"path is {path!r}; its array {name!r} holds Python objects, which are not read: "
                "store trials as one padded array with lengths, labels as text"
            ) from None
        if not isinstance(array, np.ndarray):  # bytes, of a file that is no array
            raise ValueError(damaged)
        return array

    try:
        with np.load(path, allow_pickle=False) as file:
            held = chosen(names, file.files, read, lambda name: read(name).shape, path)
            rate = read("sample_rate") if "sample_rate" in file.files else None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError):
        raise ValueError(damaged) from None
    return Found(**held, sample_rate=None if rate is None else rate[()])


def read_dataset(path: str, names: Names) -> Found:
    """Return variables of a netCDF file or a zarr folder, whose axes may have names."""
    xarray = _needed("xarray", path)
    if path.endswith(".zarr"):
        _needed("zarr", path)
    engine = "zarr" if path.endswith(".zarr") else None
    what = "zarr folder" if engine else "netCDF file"

    def attempt(read: Callable[[], Any]) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return read()
        except Exception as error:  # of whichever library reads the file
            raise ValueError(
                f"path is {path!r}; it must be a {what} that xarray reads ({_first_line(error)})"
            ) from None

    with attempt(lambda: xarray.open_dataset(path, engine=engine, decode_times=False)) as dataset:
        held = chosen(
            names,
            [str(name) for name in dataset.variables],
            lambda name: attempt(dataset[name].load),
            lambda name: dataset[name].shape,
            path,
        )
        inputs = held["inputs"]
        rate = inputs.attrs.get("sample_rate", dataset.attrs.get("sample_rate"))
    if rate is None and "time" in inputs.coords:
        rate = _rate_of(path, inputs.coords["time"])
    labels: Any = inputs.coords["channel"].values.tolist() if "channel" in inputs.coords else [None]
    has_names = all(isinstance(one, str) for one in labels)
    return Found(**held, sample_rate=rate, channel_names=labels if has_names else None)


def read_ts(path: str, names: Names) -> Found:
    """Return the trials of a ``.ts`` file."""
    _check_nameless(path, names, "inputs", "targets", "lengths", "groups")
    series = read_time_series(path)
    return Found(series.trials, series.targets, is_ordered=True)


def read_epochs(path: str, names: Names) -> Found:
    """Return epochs of MNE, in its unit; labels are the names of the events.

    ``targets`` and ``groups`` may name columns of the metadata instead.
    """
    _check_nameless(path, names, "inputs", "lengths")
    mne = _needed("mne", path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that do not end in -epo.fif
            epochs = mne.read_epochs(path, preload=True, verbose="error")
            samples = np.swapaxes(epochs.get_data(), 1, 2)
    except Exception as error:
        raise ValueError(
            f"path is {path!r}; it must hold epochs of MNE ({_first_line(error)})"
        ) from None
    events = {number: name for name, number in epochs.event_id.items()}
    labels = [events[number] for number in epochs.events[:, 2].tolist()]
    columns: dict[str, Any] = {} if epochs.metadata is None else dict(epochs.metadata.items())
    groups = None
    for role, name in (("targets", names.targets), ("groups", names.groups)):
        if name is not None and name not in columns:
            held = ", ".join(map(str, columns)) or "no column"
            raise ValueError(f"{role} is {name!r}; the metadata of {path!r} has {held}")
    if names.targets is not None:
        labels = columns[names.targets].tolist()
    if names.groups is not None:
        groups = np.asarray(columns[names.groups])
    rate = epochs.info["sfreq"]
    return Found(samples, labels, None, groups, rate, epochs.ch_names, is_ordered=True)


def read_prepared(path: str, names: Names) -> Found:
    """Return all splits of a set that tensorflow-datasets has prepared, without TensorFlow.

    Inputs and targets are by default its supervised keys, classes have their names.
    """
    _needed("array_record", path)
    tfds = _needed("tensorflow_datasets", path, "tensorflow-datasets importlib_resources")
    folder = os.environ.get("TFDS_DATA_DIR") or os.path.expanduser("~/tensorflow_datasets")
    name = path.removeprefix(TFDS)
    reading = tfds.core.read_only_builder
    try:
        # Bars and banners come through these two.
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            builder = reading.builder_from_files(name, data_dir=folder)
    except Exception:  # no name, no folder, or none of this version
        raise ValueError(
            f"path is {path!r}; no such set lies prepared in {folder!r}, or in the folder that "
            "TFDS_DATA_DIR names"
        ) from None
    try:
        splits = builder.as_data_source()
        pool = [one for part in splits.values() for one in part.__getitems__(range(len(part)))]
    except Exception as error:
        raise ValueError(
            f"path is {path!r}; it must be prepared with file_format='array_record' "
            f"({_first_line(error)})"
        ) from None
    features, keys = builder.info.features, builder.info.supervised_keys
    if keys is not None and len(keys) == 2 and all(isinstance(key, str) for key in keys):
        names = names._replace(inputs=names.inputs or keys[0], targets=names.targets or keys[1])

    def read(feature: str) -> Any:
        values = [_plain(one[feature]) for one in pool]
        if isinstance(features[feature], tfds.features.ClassLabel):
            return [features[feature].int2str(value) for value in values]
        alike = len({np.shape(value) for value in values}) == 1
        return np.array(values) if alike else values

    def shape_of(feature: str) -> tuple[Any, ...]:
        return (len(pool), *("?" if size is None else size for size in features[feature].shape))

    return Found(**chosen(names, sorted(features), read, shape_of, path))


def chosen(
    names: Names,
    available: Iterable[str],
    read: Callable[[str], Any],
    shape_of: Callable[[str], Any],
    path: str,
) -> dict[str, Any]:
    """Return inputs, targets, lengths and groups, by the names given or those of ``DEFAULTS``.

    What else the file holds is named in a line, so that nothing is dropped silently.

    Args:
        names: that were given.
        available: names of all that the file holds.
        read: gives what has a name.
        shape_of: gives its shape.
        path: of the file.

    Raises:
        ValueError: for a name that is not there, or inputs or targets of which it is not clear
            what they are called; it lists what the file holds.
    """
    found: dict[str, Any] = {}
    available, used = list(available), []

    def told(name: str) -> str:
        try:
            return f"{name} {'x'.join(map(str, shape_of(name))) or 'one number'}"
        except ValueError:
            return f"{name} (Python objects)"

    def listed() -> str:
        shown = ", ".join(map(told, available[:_MOST_SHOWN])) or "nothing"
        return shown + (", ..." if len(available) > _MOST_SHOWN else "")

    for role, given in names.roles().items():
        if role == "targets" and not names.has_targets:
            found[role] = None
            continue
        usual = [name for name in DEFAULTS[role] if name in available]
        if given is not None and given not in available:
            raise ValueError(f"{role} is {given!r}; {path!r} holds {listed()}")
        if given is None and (len(usual) > 1 or (not usual and role in ("inputs", "targets"))):
            why = f"it may be {' or '.join(usual)}" if usual else ""
            why = why or f"none is called {' or '.join(DEFAULTS[role])}"
            raise ValueError(
                f"{role} is missing ({why}); it must name one of those in {path!r}: {listed()}"
            )
        name = given or next(iter(usual), None)
        found[role] = None if name is None else read(name)
        used.append(name)
    left = [name for name in available if name not in (*used, *_NO_ARRAYS)]
    if left:
        show(f"rhythmic: {path} also holds {', '.join(map(told, left[:_MOST_SHOWN]))}; not used")
    return found


def _check_nameless(path: str, names: Names, *roles: str) -> None:
    """Raise the ValueError where a name is given for what has none in a format."""
    for role in roles:
        if getattr(names, role) is not None:
            raise ValueError(
                f"{role} is {getattr(names, role)!r}; it must not be given, since {path!r} has no "
                "arrays with names"
            )


def _rate_of(path: str, time: Any) -> float | None:
    """Return the rate of a coordinate of time in s or ms, None where it has no such unit.

    Integers without a unit are numbers of samples.
    """
    unit = str(time.attrs.get("units", "")).split(" ")[0]
    numbers = time.ndim == 1 and time.size > 1 and time.dtype.kind in "iuf"
    if not numbers or unit not in (_SECONDS if time.dtype.kind != "f" else ("", *_SECONDS)):
        return None
    values = np.asarray(time, float) * _SECONDS.get(unit, 1.0)
    step = (values[-1] - values[0]) / (len(values) - 1)
    if not step > 0 or np.abs(np.diff(values) - step).max() > 0.01 * step:
        raise ValueError(f"path is {path!r}; its coordinate time must rise in equal steps")
    return float(f"{1 / step:.7g}")


def _needed(name: str, path: str, install: str | None = None) -> Any:
    """Return a package that only this format takes.

    Raises:
        ValueError: where it is not installed; the error names the package to install.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of its authors' concern alone
            return importlib.import_module(name)
    except ImportError:
        raise ValueError(
            f"path is {path!r}; to read it {name} must be installed: pip install {install or name}"
        ) from None


def _plain(value: Any) -> Any:
    """Return text that is given as bytes as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _first_line(error: Exception) -> str:
    """Return the beginning of another library's message."""
    lines = str(error).strip().splitlines()
    return printable(lines[0])[:160] if lines else type(error).__name__
