"""The samples as one array: the order of its axes, unequal lengths, missing samples."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from rhythmic.checks import shown
from rhythmic.data._targets import host_array

ChannelAxis = Literal["first", "last"]
MissingRule = Literal["drop", "interpolate"]

DIMENSIONS = ("trial", "time", "channel")


def padded(
    inputs: Any, lengths: Any, channels: ChannelAxis | None, num_names: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (trial, time, channel), zero past the ends, and the lengths.

    Args:
        inputs: one array, or one for each trial; see ``Recordings``.
        lengths: samples of each trial where ``inputs`` is one array.
        channels: whether they are the last axis or the one before; None where it is to be found.
        num_names: how many names the channels have; None where they have none.

    Raises:
        ValueError: for shapes that do not fit.
    """
    is_list = isinstance(inputs, list | tuple)
    if channels is not None and any(map(_has_names, inputs if is_list else [inputs])):
        raise ValueError(f"channels is {channels!r}; the axes of inputs have names, which tell")
    if is_list:
        if lengths is not None:
            raise ValueError("lengths is given; trials in a list have their own")
        named = [(f"inputs[{place}]", one) for place, one in enumerate(inputs)]
        trials = [_of_numbers(name, _in_order(name, one, DIMENSIONS[1:])) for name, one in named]
        first = not any(map(_has_names, inputs)) and _is_channels_first(
            [one.shape for one in trials if one.ndim == 2], None, channels, num_names
        )
        return _stacked([one.T if first else one for one in trials])
    array = _of_numbers("inputs", _in_order("inputs", inputs, DIMENSIONS))
    told_by_axes = _has_names(inputs) or array.ndim == 2
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(
            f"inputs has shape {array.shape}; expected (trial, time, channel), none of them 0"
        )
    counts = None if lengths is None else _counts(lengths, len(array))
    longest = None if counts is None else int(counts.max())
    if not told_by_axes and _is_channels_first([array.shape[1:]], longest, channels, num_names):
        array = array.swapaxes(1, 2)
    return _cut(array, counts)


def repaired(
    inputs: np.ndarray, lengths: np.ndarray, names: Sequence[str], missing: MissingRule | None
) -> tuple[np.ndarray, np.ndarray, str]:
    """Return trials without missing samples, which trials they are, and what was done.

    Args:
        inputs: (trial, time, channel), zero past the ends.
        lengths: samples of each trial.
        names: of the channels.
        missing: what is done about samples that are NaN; None refuses them.

    Raises:
        ValueError: for infinite samples, missing ones where ``missing`` is None, or where too few
            are left; it names trial and channel.
    """
    everything = np.arange(len(inputs))
    if inputs.dtype == np.uint8:
        return inputs, everything, ""
    finite = np.isfinite(inputs)
    if finite.all():
        return inputs, everything, ""
    absent = np.isnan(inputs)
    touched = absent.any(axis=(1, 2))
    told = f"{absent.sum()} in {touched.sum()} of {len(inputs)} trials"
    infinite = ~finite & ~absent
    if infinite.any() or missing is None:
        trial, step, channel = np.argwhere(infinite if infinite.any() else absent)[0]
        advice = (
            "leave the trial out"
            if infinite.any()
            else f"missing ({told}) may be 'drop' or 'interpolate', and lengths say where trials "
            "end that are padded"
        )
        raise ValueError(
            f"inputs holds {inputs[trial, step, channel]} in trial {trial}, {names[channel]}, "
            f"step {step}; it must be finite: {advice}"
        )
    if missing == "interpolate":
        ends = int(absent[everything, lengths - 1].all(axis=1).sum())
        asked = f"; at the end of {ends}: if that is padding, give lengths" if ends else ""
        told += f", interpolated{asked}"
        return _interpolated(inputs, lengths, absent, names), everything, told
    kept = np.flatnonzero(~touched)
    if not kept.size:
        raise ValueError(
            f"missing is 'drop'; all {len(inputs)} trials have missing samples and none would be "
            "left: choose 'interpolate'"
        )
    return inputs[kept], kept, f"{told}, left out"


def _interpolated(
    inputs: np.ndarray, lengths: np.ndarray, absent: np.ndarray, names: Sequence[str]
) -> np.ndarray:
    """Return trials whose missing samples lie on lines between those of their channel."""
    found = inputs.copy()
    for trial, channel in np.argwhere(absent.any(axis=1)):
        samples = found[trial, : lengths[trial], channel]  # a view
        gaps = absent[trial, : lengths[trial], channel]
        steps, known = np.arange(len(samples)), samples[~gaps]
        if not known.size:
            raise ValueError(
                f"inputs holds no sample in trial {trial}, {names[channel]}; missing must be "
                "'drop', since nothing is there to interpolate from"
            )
        samples[gaps] = np.interp(steps[gaps], steps[~gaps], known)
    return found


def _is_channels_first(
    shapes: list[tuple[int, ...]],
    longest: int | None,
    channels: ChannelAxis | None,
    num_names: int | None,
) -> bool:
    """Return whether channels come before time, as specified or as the shapes imply.

    Args:
        shapes: of two axes each, of all trials or of each one.
        longest: the largest length that was given.
        channels: as specified.
        num_names: how many names the channels have.

    Raises:
        ValueError: where there would be more channels than samples.
    """
    if channels is not None or not shapes:
        return channels == "first"

    def fits(time: int) -> bool:
        widths = {shape[1 - time] for shape in shapes}
        enough = longest is None or longest <= min(shape[time] for shape in shapes)
        return len(widths) == 1 and enough and num_names in (None, *widths)

    steps, width = max(shape[0] for shape in shapes), shapes[0][1]
    if fits(1) and not fits(0):
        # Trials of few samples that differ in their channels are no trials of many channels.
        return num_names is not None or all(shape[0] <= shape[1] for shape in shapes)
    if fits(0) and width > steps and num_names is None:
        raise ValueError(
            f"inputs has trials of shape {shapes[0]}, more channels than samples if channels are "
            "last; channels must say where they are, 'first' or 'last'"
        )
    return False


def _has_names(values: Any) -> bool:
    """Return whether an array of xarray has an axis whose name is known."""
    dims = getattr(values, "dims", ())
    return isinstance(dims, tuple) and bool(set(dims) & set(DIMENSIONS))


def _in_order(name: str, values: Any, dimensions: tuple[str, ...]) -> Any:
    """Return an array of xarray with its axes in order, anything else as it is.

    Axes of which none has a name that is known are taken in their given order.
    """
    if not _has_names(values):
        return values
    wanted = [one for one in dimensions if one in values.dims or one != "channel"]
    if set(wanted) != set(values.dims):
        raise ValueError(f"{name} has the axes {shown(values.dims)}; expected {shown(dimensions)}")
    return values.transpose(*wanted).values


def _counts(lengths: Any, num_trials: int) -> np.ndarray:
    """Return the samples of each trial, which may still be too many."""
    found = host_array("lengths", lengths)
    if found.shape != (num_trials,) or found.dtype.kind not in "iu":
        raise ValueError(f"lengths is {shown(found)}; it must hold {num_trials} integers")
    return found


def _cut(array: np.ndarray, counts: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return (trial, time, channel), zero past the ends, and the lengths."""
    if counts is None:
        return array, np.full(len(array), array.shape[1], np.int32)
    outside = np.flatnonzero((counts < 1) | (counts > array.shape[1]))
    if outside.size:
        trial = outside[0]
        raise ValueError(
            f"lengths holds {counts[trial]} in trial {trial}; it must be 1 to {array.shape[1]}"
        )
    inside = np.arange(array.shape[1]) < counts[:, None]
    return np.where(inside[..., None], array, 0).astype(array.dtype), counts.astype(np.int32)


def _stacked(trials: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return trials of unequal length as one array, zero past their ends."""
    if not trials:
        raise ValueError("inputs is empty; give at least one trial")
    trials = [one[:, None] if one.ndim == 1 else one for one in trials]
    for place, one in enumerate(trials):
        expected = f"(time, {trials[0].shape[-1]})" if place else "(time, channel)"
        same = one.ndim == 2 and one.shape[1] == trials[0].shape[-1]
        if not same or 0 in one.shape:
            raise ValueError(
                f"inputs has shape {one.shape} in trial {place}; expected {expected}, "
                "none of them 0"
            )
    lengths = np.array([len(one) for one in trials], np.int32)
    shape = (len(trials), lengths.max(), trials[0].shape[1])
    array = np.zeros(shape, np.result_type(*(one.dtype for one in trials)))
    for place, one in enumerate(trials):
        array[place, : len(one)] = one
    return array, lengths


def _of_numbers(name: str, values: Any) -> np.ndarray:
    """Return an array of floating-point numbers or of bytes."""
    array = host_array(name, values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} is of type {array.dtype}; it must hold real numbers")
    if array.dtype in (np.uint8, np.float32, np.float64):
        return array
    exact = array.dtype.itemsize <= 2  # float32 holds these
    return array.astype(np.float32 if exact else np.float64)
