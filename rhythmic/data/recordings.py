"""Recordings: trials of several channels and of unequal length, with what is to be told of them.

Targets are of four kinds: one class per trial, numbers per trial, one class per step, numbers per
step. The kind is found from shape and type, or named.
"""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, Num, Shaped

from rhythmic.arguments import checked
from rhythmic.checks import checked_choice, checked_integer, checked_real, shown
from rhythmic.data._targets import TargetKind, are_scalar, encoded_targets, host_array
from rhythmic.data.dataset import Split

DIMENSIONS = ("trial", "time", "channel")


class Scaling(NamedTuple):
    """Mean and standard deviation of each channel, in its own unit; 1 for a constant channel."""

    mean: Float[np.ndarray, " channel"]
    deviation: Float[np.ndarray, " channel"]


@checked
class Recordings:
    """Trials with their targets; arrays of the host, and nothing is compiled.

    Attributes:
        inputs: (trial, time, channel), zero from the end of each trial on; in the unit of the
            recording. Bytes stay bytes, other integers and half precision become floating point.
        lengths: samples of each trial.
        sample_rate: Fs in Hz.
        kind: ``class``, ``value``, ``class_per_step`` or ``value_per_step``.
        targets: of classes int32, the place in ``classes``, -1 where it is missing; of numbers
            float64, NaN where one is missing. (trial,), (trial, output), (trial, time) or
            (trial, time, output) by kind; missing from the end of each trial on.
        classes: the labels as they were given, in order; empty for numbers.
        groups: what each trial belongs to, such as a subject; splits leave groups whole.
        channel_names: of the channels.
        is_scalar: whether targets are numbers that were given without an axis of outputs.
    """

    inputs: Num[np.ndarray, "trial time channel"]
    lengths: Int[np.ndarray, " trial"]
    sample_rate: float
    kind: TargetKind
    targets: Num[np.ndarray, "trial ..."]
    classes: tuple[Any, ...]
    groups: Shaped[np.ndarray, " trial"] | None
    channel_names: tuple[str, ...]
    is_scalar: bool

    def __init__(
        self,
        inputs: object,
        targets: object,
        *,
        sample_rate: float,
        lengths: object = None,
        groups: object = None,
        kind: TargetKind | None = None,
        channel_names: Sequence[str] | None = None,
    ):
        """Take what was recorded.

        Args:
            inputs: (trial, time, channel), or (trial, time) of one channel; or one array
                (time, channel) or (time,) for each trial. NumPy, lists, or xarray, whose axes
                ``trial``, ``time`` and ``channel`` may come in any order.
            targets: one per trial: a label, or numbers; or one per step. Labels are strings,
                booleans, integers or anything that can be ordered; floating-point numbers are
                numbers unless ``kind`` says otherwise. None, or NaN, is a missing target.
            sample_rate: Fs in Hz.
            lengths: samples of each trial where ``inputs`` is one array; what follows them is
                never read.
            groups: a label for each trial, such as its subject.
            kind: of the targets, where shape and type do not tell.
            channel_names: one for each channel; ``channel 0`` and so on by default.

        Raises:
            ValueError: in one line that names trial and channel, for samples that are not finite,
                no samples, channels that differ from trial to trial, targets that do not fit,
                classes of which there are fewer than two.
        """
        self.sample_rate = checked_real("sample_rate", sample_rate, above=0.0)
        self.inputs, self.lengths = _padded(inputs, lengths)
        self.channel_names = _names(channel_names, self.num_channels)
        _check_finite(self.inputs, self.lengths, self.channel_names)
        if kind is not None:
            checked_choice("kind", kind, TargetKind)
        self.kind, self.targets, self.classes = encoded_targets(
            targets, self.lengths, self.inputs.shape[1], kind
        )
        self.is_scalar = not self.classes and are_scalar(targets, len(self), self.per_step)
        self.groups = None if groups is None else _groups(groups, len(self))

    def __len__(self) -> int:
        """Return the number of trials."""
        return len(self.lengths)

    def __repr__(self) -> str:
        """Return a line on what was recorded."""
        shortest, longest = (
            int(x) / self.sample_rate for x in (min(self.lengths), self.lengths.max())
        )
        seconds = (
            f"{longest:.4g} s" if shortest == longest else f"{shortest:.4g} to {longest:.4g} s"
        )
        told = f"{len(self.classes)} classes" if self.classes else f"{self.num_outputs} numbers"
        where = "per step" if self.per_step else "per trial"
        return (
            f"Recordings({len(self)} trials of {seconds}, {self.num_channels} channels at "
            f"{self.sample_rate:g} Hz, {told} {where})"
        )

    @property
    def num_channels(self) -> int:
        """Return the number of channels."""
        return self.inputs.shape[2]

    @property
    def num_outputs(self) -> int:
        """Return how many numbers a network gives: one per class, or those asked for."""
        return len(self.classes) or self.targets.shape[-1]

    @property
    def per_step(self) -> bool:
        """Tell whether there is a target for every step."""
        return self.kind.endswith("_per_step")

    @property
    def known(self) -> Bool[np.ndarray, "trial ..."]:
        """Tell which targets are there, in the shape of ``targets``."""
        return self.targets >= 0 if self.classes else ~np.isnan(self.targets)

    def __getitem__(self, trials: Any) -> Self:
        """Return some of the trials, in the order asked for; classes stay those of all.

        Args:
            trials: indices, a slice, or a truth for each.

        Raises:
            ValueError: for no trials.
        """
        chosen = np.arange(len(self))[trials]
        if not chosen.size:
            raise ValueError("trials is empty; give at least one")
        part = copy.copy(self)
        chosen = np.atleast_1d(chosen)
        for name in ("inputs", "lengths", "targets", "groups"):
            values = getattr(self, name)
            setattr(part, name, None if values is None else values[chosen])
        return part

    def scaling(self) -> Scaling:
        """Return mean and deviation of each channel over all samples of these trials.

        Those of the training trials alone may standardise: others would tell of the test.
        """
        samples = self.inputs[np.arange(self.inputs.shape[1]) < self.lengths[:, None]]
        mean = samples.mean(axis=0, dtype=float)
        deviation = np.sqrt(np.mean((samples - mean) ** 2, axis=0))
        # What differs by rounding alone is constant.
        constant = deviation <= 1e-12 * np.abs(mean)
        return Scaling(mean, np.where(constant, 1.0, deviation))

    def standardised(self, scaling: Scaling) -> Self:
        """Return the trials with ``(x - mean) / deviation``, float32; zero past their ends."""
        part = copy.copy(self)
        inside = (np.arange(self.inputs.shape[1]) < self.lengths[:, None])[..., None]
        scaled = (self.inputs - scaling.mean) / scaling.deviation
        part.inputs = np.where(inside, scaled, 0.0).astype(np.float32)
        return part

    def split(self, seed: int, *, validation: float = 0.15, test: float = 0.15) -> Split:
        """Divide the trials at random; a group is never torn, classes are spread evenly.

        Args:
            seed: of the division.
            validation: fraction of the trials that validate; as near as whole groups allow.
            test: fraction that tests.

        Returns:
            Indices that train, validate and test, each in random order.

        Raises:
            ValueError: for fewer than three groups, or trials where there are no groups.
        """
        for name, value in (("validation", validation), ("test", test)):
            checked_real(name, value, above=0.0, below=1.0)
        if validation + test >= 1:
            raise ValueError(f"validation is {validation} and test {test}; below 1 together")
        generator = np.random.default_rng(checked_integer("seed", seed, 0))
        units = np.arange(len(self)) if self.groups is None else _codes(self.groups)
        if units.max() < 2:
            what = "groups holds" if self.groups is not None else "inputs holds"
            raise ValueError(f"{what} {units.max() + 1}; three parts need at least three")
        counts = self._counts(units)
        parts = _divided(counts, (test, validation), generator)
        found = [generator.permutation(np.flatnonzero(parts[units] == k)) for k in (2, 1, 0)]
        return Split(*(indices.astype(np.int32) for indices in found))

    def _counts(self, units: np.ndarray) -> np.ndarray:
        """Count the trials of every group, and its targets of each class."""
        num_units, known = units.max() + 1, self.known
        trials = np.nonzero(known)[0]
        labels = self.targets[known]
        counts = np.zeros((num_units, 1 + len(self.classes)))
        counts[:, 0] = np.bincount(units, minlength=num_units)
        for place in range(len(self.classes)):
            chosen = units[trials[labels == place]]
            counts[:, 1 + place] = np.bincount(chosen, minlength=num_units)
        return counts


def samples_of(inputs: Any, lengths: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return trials as ``Recordings`` holds them, (trial, time, channel), and their lengths.

    Args:
        inputs: one array, or one for each trial.
        lengths: samples of each trial where ``inputs`` is one array.

    Raises:
        ValueError: for samples that are not finite, or shapes that do not fit.
    """
    array, found = _padded(inputs, lengths)
    _check_finite(array, found, _names(None, array.shape[2]))
    return array, found


def _check_finite(inputs: np.ndarray, lengths: np.ndarray, names: Sequence[str]) -> None:
    """Raise the ValueError for the first sample that is NaN or infinite."""
    if inputs.dtype == np.uint8:
        return
    for trial, length in enumerate(lengths):
        bad = ~np.isfinite(inputs[trial, :length])
        if bad.any():
            step, channel = np.argwhere(bad)[0]
            raise ValueError(
                f"inputs holds {inputs[trial, step, channel]} in trial {trial}, {names[channel]}, "
                f"step {step}; it must be finite: leave the trial out, or interpolate"
            )


def _padded(inputs: Any, lengths: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return (trial, time, channel), zero past the ends, and the lengths."""
    if isinstance(inputs, list | tuple):
        if lengths is not None:
            raise ValueError("lengths is given; trials in a list have their own")
        named = [(f"inputs[{place}]", one) for place, one in enumerate(inputs)]
        return _stacked(
            [_of_numbers(name, _in_order(name, one, DIMENSIONS[1:])) for name, one in named]
        )
    array = _of_numbers("inputs", _in_order("inputs", inputs, DIMENSIONS))
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(
            f"inputs has shape {array.shape}; expected (trial, time, channel), none of them 0"
        )
    if lengths is None:
        return array, np.full(len(array), array.shape[1], np.int32)
    found = host_array("lengths", lengths)
    if found.shape != array.shape[:1] or found.dtype.kind not in "iu":
        raise ValueError(f"lengths is {shown(found)}; it must hold {len(array)} integers")
    outside = np.flatnonzero((found < 1) | (found > array.shape[1]))
    if outside.size:
        trial = outside[0]
        raise ValueError(
            f"lengths holds {found[trial]} in trial {trial}; it must be 1 to {array.shape[1]}"
        )
    inside = np.arange(array.shape[1]) < found[:, None]
    return np.where(inside[..., None], array, 0).astype(array.dtype), found.astype(np.int32)


def _in_order(name: str, values: Any, dimensions: tuple[str, ...]) -> Any:
    """Return an array of xarray with its axes in order, anything else as it is.

    Axes of which none has a name that is known are taken in the order in which they stand.
    """
    dims = getattr(values, "dims", ())
    if not isinstance(dims, tuple) or not set(dims) & set(DIMENSIONS):
        return values
    wanted = [one for one in dimensions if one in dims or one != "channel"]
    if set(wanted) != set(dims):
        raise ValueError(f"{name} has the axes {shown(dims)}; expected {shown(dimensions)}")
    return values.transpose(*wanted).values


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


def _names(names: Sequence[str] | None, number: int) -> tuple[str, ...]:
    """Return the names of the channels."""
    if names is None:
        return tuple(f"channel {place}" for place in range(number))
    found = tuple(names)
    if len(found) != number or not all(isinstance(one, str) and one.strip() for one in found):
        raise ValueError(f"channel_names is {shown(found)}; it must hold {number} names")
    if len(set(found)) < number:
        raise ValueError(f"channel_names is {shown(found)}; it must name each channel once")
    return found


def _groups(groups: Any, number: int) -> np.ndarray:
    """Return a label for each trial."""
    found = host_array("groups", groups)
    if found.shape != (number,) or found.dtype.kind not in "biuUSO":
        raise ValueError(
            f"groups is {shown(found)}; it must hold a label for each of {number} trials"
        )
    return found


def _codes(labels: np.ndarray) -> Integer[np.ndarray, " trial"]:
    """Return a number from 0 on for each label, in the order of their first place."""
    places: dict[Any, int] = {}
    return np.array([places.setdefault(label, len(places)) for label in labels.tolist()])


def _divided(
    counts: Float[np.ndarray, "unit count"],
    fractions: tuple[float, ...],
    generator: np.random.Generator,
) -> Integer[np.ndarray, " unit"]:
    """Return the part of each unit: 0, 1 ... for the fractions, the last one for the rest.

    Units are dealt out in random order, larger ones first, each to the part that it brings nearest
    to the trials of each class that it should hold. Every part gets a unit.
    """
    shares = np.array([*fractions, 1 - sum(fractions)])
    wanted = shares[:, None] * counts.sum(axis=0)
    order = generator.permutation(len(counts))
    order = order[np.argsort(-counts[order, 0], kind="stable")]
    parts, held = np.full(len(counts), -1), np.zeros_like(wanted)
    for place, unit in enumerate(order):
        # How far the squared distance from what is wanted falls.
        score = np.sum(counts[unit] * (2 * (wanted - held) - counts[unit]), axis=1)
        empty = np.flatnonzero(held[:, 0] == 0)
        if len(counts) - place <= len(empty):  # one unit left for each empty part
            score = np.where(held[:, 0] == 0, score, -np.inf)
        parts[unit] = np.argmax(score)
        held[parts[unit]] += counts[unit]
    return parts


__all__ = ["Recordings", "Scaling", "TargetKind"]
