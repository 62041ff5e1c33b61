"""Recordings from files: NumPy, netCDF, zarr, ``.ts``, MNE, tensorflow-datasets, a folder."""

import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from rhythmic.arguments import checked
from rhythmic.checks import checked_real
from rhythmic.data._folder import read_trials
from rhythmic.data._formats import (
    TFDS,
    Found,
    Names,
    read_dataset,
    read_epochs,
    read_npz,
    read_prepared,
    read_ts,
)
from rhythmic.data._samples import ChannelAxis, MissingRule
from rhythmic.data._targets import TargetKind
from rhythmic.data.recordings import Recordings

_READERS: dict[str, Callable[[str, Names], Found]] = {
    ".npz": read_npz,
    ".nc": read_dataset,
    ".zarr": read_dataset,
    ".ts": read_ts,
    ".fif": read_epochs,
}


@checked
def read_recordings(
    path: str | os.PathLike[str],
    *,
    sample_rate: float | None = None,
    inputs: str | None = None,
    targets: str | None = None,
    lengths: str | None = None,
    groups: str | None = None,
    kind: TargetKind | None = None,
    channels: ChannelAxis | None = None,
    missing: MissingRule | None = None,
    forecast: float | None = None,
) -> Recordings:
    """Read recordings from a file, by its ending.

    ``.npz``
        arrays by name. One called ``sample_rate`` is the rate in Hz.
    ``.nc``, ``.zarr``
        variables by name, read with xarray; axes called ``trial``, ``time`` and ``channel`` may
        come in any order. The rate is the attribute ``sample_rate``, or follows from the coordinate
        ``time`` in s (or ms, by its attribute ``units``).
    ``.ts``
        the text format of aeon and sktime.
    ``.fif``
        epochs of MNE, with their rate; labels are the names of the events, unless ``targets`` names
        a column of the metadata.
    a folder
        one ``.npy`` per trial, (time, channel) or (time,), and one CSV (``labels.csv`` if there are
        several) with the columns ``file``, ``label`` and, if wanted, ``group``; ``inputs``,
        ``targets`` and ``groups`` name other columns. Files lie in the folder or below it. Labels
        that are all integers are classes, those with a decimal point are numbers.
    ``tfds:NAME``
        all splits of what tensorflow-datasets has prepared as array_record in ``TFDS_DATA_DIR`` (or
        ``~/tensorflow_datasets``); ``NAME`` may be followed by ``/config`` and ``:version``.

    Args:
        path: of the file or folder, or ``tfds:NAME``.
        sample_rate: Fs in Hz, where the file does not contain it.
        inputs: name of the array of recordings; by default ``x``, ``X``, ``inputs`` or ``data``.
        targets: of the targets; by default ``y``, ``Y``, ``targets`` or ``labels``.
        lengths: of the samples of each trial; by default ``n`` or ``lengths``, if there is one.
        groups: of what each trial belongs to; by default ``groups`` or ``subjects``, if there is
            one.
        kind: of the targets, see ``Recordings``.
        channels: whether channels are the ``first`` or ``last`` of a trial's axes, see
            ``Recordings``; not for formats that specify it.
        missing: what is done about samples that are NaN, see ``Recordings``.
        forecast: time in s; the targets are the samples themselves so much later, at every step, in
            place of those of the file, which it need not have.

    Raises:
        ValueError: in one line that names what is wrong: the file, an array, a line or a trial; and
            for a format whose package is not installed.
    """
    place = os.fspath(path)
    if sample_rate is not None:
        checked_real("sample_rate", sample_rate, above=0.0)
    if forecast is not None:
        checked_real("forecast", forecast, above=0.0)
        for name, value in (("targets", targets), ("kind", kind)):
            if value is not None:
                raise ValueError(
                    f"{name} is {value!r}; it must not be given with forecast, whose targets are "
                    "the samples themselves"
                )
    names = Names(inputs, targets, lengths, groups, has_targets=forecast is None)
    found = _reader(place)(place, names)
    if found.is_ordered and channels is not None:
        raise ValueError(
            f"channels is {channels!r}; it must not be given, since the format of {place!r} says it"
        )
    recordings = Recordings(
        found.inputs,
        found.targets if forecast is None else np.zeros(_num_trials(found.inputs)),
        sample_rate=_rate(place, sample_rate, found.sample_rate),
        lengths=found.lengths,
        groups=found.groups,
        kind=kind,
        channel_names=found.channel_names,
        channels="last" if found.is_ordered else channels,
        missing=missing,
    )
    return recordings if forecast is None else recordings.forecast(forecast)


def _reader(path: str) -> Callable[[str, Names], Found]:
    """Return what reads a file, which must be there and hold something."""
    if path.startswith(TFDS):
        return read_prepared
    if not os.path.exists(path):
        raise ValueError(f"path is {path!r}; there is no such file or folder")
    ending = os.path.splitext(path.rstrip(os.sep))[1].lower()
    is_folder = os.path.isdir(path)
    if is_folder and ending != ".zarr":
        return _read_folder
    if ending not in _READERS:
        allowed = ", ".join(_READERS)
        raise ValueError(
            f"path is {path!r}; it must end in {allowed}, be a folder of .npy trials, or {TFDS}NAME"
        )
    if is_folder != (ending == ".zarr"):
        raise ValueError(f"path is {path!r}; what ends in .zarr must be a folder")
    if not is_folder and not os.path.getsize(path):
        raise ValueError(f"path is {path!r}; the file is empty")
    return _READERS[ending]


def _read_folder(path: str, names: Names) -> Found:
    """Return the trials of a folder."""
    if names.lengths is not None:
        raise ValueError(f"lengths is {names.lengths!r}; files of {path!r} have their own lengths")
    trials, labels, groups = read_trials(
        path,
        names.inputs or "file",
        (names.targets or "label") if names.has_targets else None,
        names.groups,
    )
    return Found(trials, labels, groups=None if groups is None else np.array(groups))


def _num_trials(inputs: Any) -> int:
    """Return the number of trials, of xarray those along the axis of that name."""
    return int(getattr(inputs, "sizes", {}).get("trial", len(inputs)))


def _rate(path: str, given: float | None, found: Any) -> float:
    """Return the sample rate that was given or found; both must agree."""
    if found is None:
        if given is None:
            raise ValueError(f"sample_rate is missing; {path!r} does not say it: give it in Hz")
        return given
    checked_real("sample_rate", found, above=0.0)
    if given is not None and not math.isclose(given, found, rel_tol=1e-4):
        raise ValueError(f"sample_rate is {given:g}; it must be {found:g}, as {path!r} says")
    return float(found) if given is None else given


__all__ = ["read_recordings"]
