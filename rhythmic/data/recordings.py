"""Recordings: trials of several channels and of unequal length, with their targets.

Targets are of four kinds: one class per trial, numbers per trial, one class per step, numbers per
step. The kind is found from shape and type, or named.
"""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, Num, Shaped

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer, checked_real, shown
from rhythmic.data._samples import ChannelAxis, MissingRule, padded, repaired
from rhythmic.data._targets import TargetKind, are_scalar, by_trial, encoded_targets, host_array
from rhythmic.data.dataset import Split


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
        missing: how many samples were missing, and what was done; empty where none was.
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
    missing: str
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
        channels: ChannelAxis | None = None,
        missing: MissingRule | None = None,
    ):
        """Take what was recorded.

        Args:
            inputs: (trial, time, channel), or (trial, time) of one channel; or one array
                (time, channel) or (time,) for each trial. NumPy, lists, or xarray, whose axes
                ``trial``, ``time`` and ``channel`` may come in any order. MNE, aeon and sktime
                have (trial, channel, time): see ``channels``.
            targets: one per trial: a label, or numbers; or one per step. Labels are strings,
                booleans, integers or anything that can be ordered; floating-point numbers are
                numbers unless ``kind`` specifies otherwise. None, or NaN, is a missing target.
            sample_rate: Fs in Hz.
            lengths: samples of each trial where ``inputs`` is one array; what follows them is
                never read.
            groups: a label for each trial, such as its subject.
            kind: of the targets, where shape and type do not determine it.
            channel_names: one for each channel; ``channel 0`` and so on by default.
            channels: whether ``inputs`` has the axis of channels ``last`` or before that of time,
                ``first``. By default ``last``, unless trial lengths or channel names fit the other
                order alone; if it would make more channels than samples, it must be given.
            missing: what is done about samples that are NaN: ``drop`` leaves their trials out,
                ``interpolate`` fills them linearly from their channel's neighbouring samples, at
                the ends with the nearest one. By default they are refused.

        Raises:
            ValueError: in one line that names trial and channel, for samples that are not finite,
                no samples, channels that differ from trial to trial, targets that do not fit,
                classes of which there are fewer than two.
        """
        self.sample_rate = checked_real("sample_rate", sample_rate, above=0.0)
        number = None if channel_names is None else len(channel_names)
        self.inputs, self.lengths = padded(inputs, lengths, channels, number)
        self.channel_names = _names(channel_names, self.num_channels)
        trials = by_trial(targets, len(self))
        self.groups = None if groups is None else _groups(groups, len(self))
        self.inputs, kept, self.missing = repaired(
            self.inputs, self.lengths, self.channel_names, missing
        )
        self.lengths, trials = self.lengths[kept], [trials[place] for place in kept]
        self.groups = None if self.groups is None else self.groups[kept]
        self.kind, self.targets, self.classes = encoded_targets(
            trials, self.lengths, self.inputs.shape[1], kind
        )
        self.is_scalar = not self.classes and are_scalar(trials, self.per_step)

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
        """Return whether there is a target for every step."""
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

    @property
    def constant_channels(self) -> tuple[str, ...]:
        """Return the names of the channels that have one value throughout, such as dead ones."""
        _, deviation = self._moments()
        return tuple(
            name for name, one in zip(self.channel_names, deviation, strict=True) if not one
        )

    def scaling(self) -> Scaling:
        """Return mean and deviation of each channel over all samples of these trials.

        Those of the training trials alone may standardise: others would leak information about the
        test trials.
        """
        mean, deviation = self._moments()
        return Scaling(mean, np.where(deviation == 0, 1.0, deviation))

    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and deviation of each channel; 0 if it differs by rounding alone."""
        samples = self.inputs[np.arange(self.inputs.shape[1]) < self.lengths[:, None]]
        mean = samples.mean(axis=0, dtype=float)
        deviation = np.sqrt(np.mean((samples - mean) ** 2, axis=0))
        return mean, np.where(deviation <= 1e-12 * np.abs(mean), 0.0, deviation)

    def standardised(self, scaling: Scaling) -> Self:
        """Return the trials with ``(x - mean) / deviation``, float32; zero past their ends."""
        part = copy.copy(self)
        inside = (np.arange(self.inputs.shape[1]) < self.lengths[:, None])[..., None]
        scaled = (self.inputs - scaling.mean) / scaling.deviation
        part.inputs = np.where(inside, scaled, 0.0).astype(np.float32)
        return part

    def forecast(self, seconds: float) -> Self:
        """Return the trials with their own later samples as targets, those of every channel.

        The target of step t is x[t + k], k the number of steps nearest to ``seconds``; the last k
        steps of a trial have none. Samples that were interpolated are targets like all others.

        Args:
            seconds: how much later, s; at least one step, and less than a trial lasts.

        Raises:
            ValueError: for a time that is no step, or that leaves a trial without a target.
        """
        ahead = round(checked_real("forecast", seconds, above=0.0) * self.sample_rate)
        shortest = int(self.lengths.min())
        if not 1 <= ahead < shortest:
            low, high = 1 / self.sample_rate, (shortest - 1) / self.sample_rate
            raise ValueError(
                f"forecast is {seconds:g} s; it must be {low:.4g} to {high:.4g} s, from one step "
                "to less than the shortest trial"
            )
        part = copy.copy(self)
        part.kind, part.classes, part.is_scalar = "value_per_step", (), False
        part.targets = np.full(self.inputs.shape, np.nan)
        part.targets[:, :-ahead] = self.inputs[:, ahead:]
        steps = np.arange(self.inputs.shape[1])
        part.targets[steps >= self.lengths[:, None] - ahead] = np.nan
        return part

    def split(self, seed: int, *, validation: float = 0.15, test: float = 0.15) -> Split:
        """Split the trials at random, stratified by class; a group is never split.

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
        parts = self.divided((test, validation), generator)
        return Split(*reversed(parts))

    def divided(
        self, fractions: tuple[float, ...], generator: np.random.Generator
    ) -> list[Int[np.ndarray, " part"]]:
        """Split the trials into parts at random, stratified by class; a group is never split.

        Args:
            fractions: of the trials in each part but the last one, which gets the rest; as near as
                whole groups allow.
            generator: of the division.

        Returns:
            Indices of the trials of each part, each in random order.

        Raises:
            ValueError: for fewer groups, or trials where there are no groups, than parts.
        """
        units = np.arange(len(self)) if self.groups is None else _codes(self.groups)
        number = len(fractions) + 1
        if units.max() + 1 < number:
            what = "groups holds" if self.groups is not None else "inputs holds"
            words = {2: "two", 3: "three"}.get(number, str(number))
            raise ValueError(f"{what} {units.max() + 1}; {words} parts need at least {words}")
        parts = _divided(self._counts(units), fractions, generator)
        # From the last part on, as divisions by seed have always been drawn.
        found = [
            generator.permutation(np.flatnonzero(parts[units] == k)) for k in range(number)[::-1]
        ]
        return [indices.astype(np.int32) for indices in reversed(found)]

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
        inputs: one array, or one for each trial; channels are last.
        lengths: samples of each trial where ``inputs`` is one array.

    Raises:
        ValueError: for samples that are not finite, or shapes that do not fit.
    """
    array, found = padded(inputs, lengths, "last", None)
    repaired(array, found, _names(None, array.shape[2]), None)
    return array, found


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
