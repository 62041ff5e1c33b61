"""Targets per trial or per step, as arrays of one form for each kind."""

import math
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np

from rhythmic.checks import shown

TargetKind = Literal["class", "value", "class_per_step", "value_per_step"]

Encoded = tuple[TargetKind, np.ndarray, tuple[Any, ...]]


def by_trial(targets: Any, num_trials: int) -> list[np.ndarray]:
    """Return one array for each trial, of no axes for a label or a number.

    Args:
        targets: as they were given.
        num_trials: how many trials there are.

    Raises:
        ValueError: for another number of targets.
    """
    if "trial" in (getattr(targets, "dims", None) or ()):
        targets = targets.transpose("trial", ...)
    values = getattr(targets, "values", targets)  # of xarray and pandas
    values = targets if callable(values) else values
    if not isinstance(values, Sequence | np.ndarray) or isinstance(values, str):
        values = host_array("targets", values)
    if isinstance(values, np.ndarray) and not values.ndim:
        raise ValueError(f"targets is {shown(values)}; it must hold one for each trial")
    if len(values) != num_trials:
        raise ValueError(
            f"targets holds {len(values)}; it must hold one for each of {num_trials} trials"
        )
    return [_array(one) for one in values]


def encoded_targets(
    trials: list[np.ndarray], lengths: np.ndarray, num_steps: int, kind: TargetKind | None
) -> Encoded:
    """Return kind, targets and classes; see ``Recordings`` for their form.

    Args:
        trials: what ``by_trial`` gives.
        lengths: samples of each trial.
        num_steps: of the longest.
        kind: what they are; None to infer it from shape and type.

    Raises:
        ValueError: for targets that do not fit, in one line that names the trial.
    """
    per_step = _is_per_step(trials, lengths, num_steps) if kind is None else "_per_step" in kind
    if per_step:
        trials = [_steps(one, place, lengths, num_steps) for place, one in enumerate(trials)]
    flat = np.concatenate([np.ravel(one) for one in trials])
    found: TargetKind
    if kind is None:
        numbers = all(isinstance(one, float | np.floating) or one is None for one in flat.tolist())
        found = get_args(TargetKind)[int(numbers) + 2 * int(per_step)]
    else:
        found = kind
    if found.startswith("class"):
        return (found, *_classes(trials, num_steps, per_step))
    return found, _values(trials, num_steps, per_step), ()


def are_scalar(trials: list[np.ndarray], per_step: bool) -> bool:
    """Return whether numbers were given without an axis of outputs.

    Args:
        trials: what ``by_trial`` gives.
        per_step: whether there is a target at every step.
    """
    return all(one.ndim == int(per_step) for one in trials if not _is_absent(one))


def host_array(name: str, values: object) -> np.ndarray:
    """Return an array of the host.

    Raises:
        ValueError: for what has no single form, or stays on its device, such as a key.
    """
    try:
        return np.asarray(values)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {shown(values)}; it must be one array") from None


def _array(target: Any) -> np.ndarray:
    """Return a target as an array; labels keep their type."""
    found = host_array("targets", target)
    if found.dtype.kind in "biuf" and found.dtype != np.float16:
        return found
    if found.ndim == 0 or isinstance(target, str):
        wrapped = np.empty((), object)
        wrapped[()] = target.item() if isinstance(target, np.generic) else target
        return wrapped
    return found.astype(object)


def _is_per_step(trials: list[np.ndarray], lengths: np.ndarray, num_steps: int) -> bool:
    """Return whether every trial that has targets has one for each of its steps."""
    given = [(one, n) for one, n in zip(trials, lengths, strict=True) if not _is_absent(one)]
    return bool(given) and all(one.ndim and len(one) in (n, num_steps) for one, n in given)


def _steps(one: np.ndarray, trial: int, lengths: np.ndarray, num_steps: int) -> np.ndarray:
    """Return the targets of the steps that a trial has; none are known of a trial without."""
    if _is_absent(one):
        return np.full(lengths[trial], None, object)
    if not one.ndim or len(one) not in (lengths[trial], num_steps):
        raise ValueError(
            f"targets has shape {one.shape} in trial {trial}; expected one for each of its "
            f"{lengths[trial]} steps"
        )
    return one[: lengths[trial]]


def _classes(
    trials: list[np.ndarray], num_steps: int, per_step: bool
) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Return the place of each label in the classes, -1 where it is missing, and the classes."""
    for trial, one in enumerate(trials):
        if one.ndim != int(per_step):
            where = "step" if per_step else "trial"
            raise ValueError(
                f"targets has shape {one.shape} in trial {trial}; expected one class per {where}"
            )
    labels = [[None if _is_missing(x) else x for x in np.ravel(one).tolist()] for one in trials]
    known = {label for own in labels for label in own if label is not None}
    try:
        classes = tuple(sorted(known))
    except TypeError:
        kinds = ", ".join(sorted({type(label).__name__ for label in known}))
        raise ValueError(f"targets holds labels of several types: {kinds}") from None
    if len(classes) < 2:
        held = f"one class alone, {classes[0]!r}" if classes else "no label that is known"
        raise ValueError(f"targets holds {held}; it must hold two classes or more")
    place = {label: number for number, label in enumerate(classes)} | {None: -1}
    if all(isinstance(one, float) and one.is_integer() for one in classes):
        classes = tuple(map(int, classes))  # beside a missing label integers are such numbers
    if not per_step:
        return np.array([place[own[0]] for own in labels], np.int32), classes
    found = np.full((len(trials), num_steps), -1, np.int32)
    for row, own in zip(found, labels, strict=True):
        row[: len(own)] = [place[label] for label in own]
    return found, classes


def _is_number(value: Any) -> bool:
    """Tell whether one entry is missing or becomes a float."""
    try:
        float(0.0 if _is_missing(value) else value)
    except (TypeError, ValueError):
        return False
    return True


def _values(trials: list[np.ndarray], num_steps: int, per_step: bool) -> np.ndarray:
    """Return numbers as float64, outputs last, NaN where one is missing."""
    arrays: list[np.ndarray] = []
    for trial, one in enumerate(trials):
        missing = np.array([_is_missing(x) for x in np.ravel(one).tolist()], bool)
        try:
            array = np.where(missing.reshape(one.shape), np.nan, one).astype(float)
        except (TypeError, ValueError):
            word = next((x for x in np.ravel(one).tolist() if not _is_number(x)), one)
            raise ValueError(
                f"targets holds {shown(word)} in trial {trial}; it must hold numbers, or kind "
                "must be of classes"
            ) from None
        if np.isinf(array).any():
            raise ValueError(f"targets holds an infinite number in trial {trial}")
        arrays.append(array[..., None] if array.ndim == int(per_step) else array)
    widths = [array.shape[-1] for array in arrays]
    # A trial without a target has none of its numbers.
    whole = [
        one.ndim > int(per_step) or not np.isnan(array).all()
        for one, array in zip(trials, arrays, strict=True)
    ]
    width = next((w for w, one in zip(widths, whole, strict=True) if one), 1)
    for trial, array in enumerate(arrays):
        if array.ndim != 1 + int(per_step) or (whole[trial] and widths[trial] != width):
            raise ValueError(
                f"targets has shape {trials[trial].shape} in trial {trial}; expected {width} "
                f"numbers per {'step' if per_step else 'trial'}"
            )
    arrays = [np.broadcast_to(array, (*array.shape[:-1], width)) for array in arrays]
    if not per_step:
        found = np.stack(arrays)
    else:
        found = np.full((len(arrays), num_steps, arrays[0].shape[-1]), np.nan)
        for row, array in zip(found, arrays, strict=True):
            row[: len(array)] = array
    if np.isnan(found).all():
        raise ValueError("targets holds none that is known; it must hold at least one")
    return found


def _is_absent(one: np.ndarray) -> bool:
    """Return whether a whole trial has no target."""
    return one.ndim == 0 and _is_missing(one.item())


def _is_missing(label: Any) -> bool:
    return label is None or (isinstance(label, float) and math.isnan(label))
