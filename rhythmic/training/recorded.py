"""From recordings, or a task, to what training takes: a pool, one row per run, a recipe."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.data import Recordings, Split
from rhythmic.data.dataset import check_split
from rhythmic.networks.network import ChannelScaling
from rhythmic.tasks import AbstractTask
from rhythmic.training.configuration import (
    FILLER,
    Hyperparameters,
    Members,
    TrainingConfiguration,
    check_hyperparameter,
    check_seed,
)
from rhythmic.training.problem import Problem
from rhythmic.training.rhythms import stacked
from rhythmic.training.state import Data

UPDATES = 2000  # of a whole run, about, where no recipe is given


def pool_of(source: Recordings | AbstractTask) -> Data | None:
    """Return the pool of examples, lengths only where they differ; None of a task."""
    if isinstance(source, AbstractTask):
        return None
    inputs = source.inputs
    if inputs.dtype == np.float64 and not jax.config.jax_enable_x64:  # type: ignore[attr-defined]
        inputs = inputs.astype(np.float32)
    targets = source.targets
    if not source.classes:
        targets = targets.astype(inputs.dtype if inputs.dtype != np.uint8 else np.float32)
    lengths = source.lengths
    alike = np.all(lengths == inputs.shape[1])
    return Data(inputs, targets, None if alike else lengths)


def classes_of(source: Recordings | AbstractTask) -> tuple[Any, ...]:
    """Return the labels in the order of the outputs, of a task numbers; none of values."""
    if isinstance(source, AbstractTask):
        return tuple(range(source.num_outputs)) if source.kind == "classes" else ()
    return source.classes


def default_recipe(
    source: Recordings | AbstractTask, counts: Sequence[int]
) -> TrainingConfiguration:
    """Return the published recipe with batches and epochs for the ``counts`` of training examples.

    Batches hold about an eighth of the examples, 4 to 128; there are about 2,000 updates in 20 to
    200 epochs. A task, whose examples are always new, takes fewer and larger steps: 10 epochs, in
    batches of 32, by Adam with its usual constants.
    """
    if isinstance(source, AbstractTask):
        return TrainingConfiguration(
            epochs=10, batch_size=32, momentum="constant", evaluation_batch_size=512
        )
    num_train = max(counts)
    batch_size = int(2 ** np.clip(np.floor(np.log2(max(num_train, 8) / 8)), 2, 7))
    while any(count % batch_size == 1 for count in counts):
        batch_size += 1
    updates = -(-num_train // batch_size)
    return TrainingConfiguration(
        epochs=int(np.clip(-(-UPDATES // updates), 20, 200)), batch_size=batch_size
    )


def members_of(
    source: Recordings | AbstractTask,
    split: Callable[[int], Split],
    *,
    seeds: Sequence[int],
    learning_rates: Sequence[float],
    weight_decay: float,
    label_smoothing: float,
    standardised: bool,
) -> Members:
    """Return one row per rate and seed, seeds fastest, each with its own split and scaling.

    Args:
        source: the data, or a task that all share.
        split: of the trials, by seed.
        seeds: one run each, for every rate.
        learning_rates: peak rates to choose from.
        weight_decay: of all runs.
        label_smoothing: of all runs.
        standardised: whether inputs, and targets that are numbers, are standardised by the
            training trials of each run.

    Raises:
        ValueError: for a value out of range, or a split that does not fit the trials.
    """
    for name, given in (("seeds", seeds), ("learning_rates", learning_rates)):
        if not len(given):
            raise ValueError(f"{name} is empty; at least one is needed")
        if len(set(given)) < len(given):
            raise ValueError(f"{name} holds a value twice")
    for seed in seeds:
        check_seed(seed)
    for name, values in (
        ("learning_rate", learning_rates),
        ("weight_decay", (weight_decay,)),
        ("label_smoothing", (label_smoothing,)),
    ):
        for value in values:
            check_hyperparameter(name, value)
    splits = [split(seed) for seed in seeds]
    task = source if isinstance(source, AbstractTask) else None
    for seed, one in zip(seeds, splits, strict=True):
        _check_parts(source, one, seed)
    scalings = [_scalings(source, one, standardised) for one in splits]
    rows = [(place, rate) for rate in learning_rates for place in range(len(seeds))]
    places = np.array([place for place, _ in rows])
    train, validation, test = (
        _filled([getattr(one, part) for one in splits])[places] for part in Split._fields
    )
    count = len(rows)
    hyperparameters = Hyperparameters(
        np.array([rate for _, rate in rows], np.float32),
        np.full(count, weight_decay, np.float32),
        np.full(count, label_smoothing, np.float32),
    )
    inputs, outputs = (
        None if one is None else jax.tree.map(lambda x: x[places], one)
        for one in (_rows([pair[k] for pair in scalings]) for k in (0, 1))
    )
    seed_column = np.asarray(seeds, np.int32)[places]
    return Members(
        seed_column,
        hyperparameters,
        train,
        validation,
        test,
        input_scaling=inputs,
        output_scaling=outputs,
        task=None if task is None else stacked([task] * count),
    )


def _check_parts(source: Recordings | AbstractTask, split: Split, seed: int) -> None:
    """Raise a ValueError for a split that does not fit, or leaves nothing to train on."""
    check_split(split, None if isinstance(source, AbstractTask) else len(source))
    for part in ("train", "validation"):
        if not len(getattr(split, part)):
            raise ValueError(f"{part} of the split is empty; at least one trial is needed")
    if isinstance(source, AbstractTask) or not source.classes:
        return
    targets = source.targets[split.train]
    held = np.unique(targets[targets >= 0])
    if len(held) < 2:
        found = f"one class alone, {source.classes[held[0]]!r}" if len(held) else "no class"
        raise ValueError(
            f"train of the split of seed {seed} holds {found}; it must hold two or more"
        )


def is_ragged(members: Members) -> bool:
    """Tell whether the runs have different numbers of trials in a part of their splits."""
    return any(bool(np.any(getattr(members, part) == FILLER)) for part in Split._fields)


def problem_of(source: Recordings | AbstractTask, standardised: bool) -> Problem:
    """Return what networks are trained for; refuse recordings without a known target.

    Raises:
        ValueError: if no target is known.
    """
    if isinstance(source, Recordings) and not source.known.any():
        raise ValueError("targets holds no known one; training needs some")
    return Problem.of(source, standardised=standardised)


def _scalings(
    source: Recordings | AbstractTask, split: Split, standardised: bool
) -> tuple[ChannelScaling | None, ChannelScaling | None]:
    """Return the scaling of inputs, and of targets that are numbers, by the training trials."""
    if not standardised or isinstance(source, AbstractTask):
        return None, None
    train = source[split.train]
    scaling = train.scaling()
    factor = 255 if source.inputs.dtype == np.uint8 else 1  # bytes are read as 0 to 1
    inputs = _scaling(scaling.mean / factor, scaling.deviation / factor)
    if source.classes:
        return inputs, None
    values = train.targets.reshape(-1, train.targets.shape[-1])
    with np.errstate(invalid="ignore"):
        mean, deviation = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    if not np.all(np.isfinite(mean)):
        missing = int(np.flatnonzero(~np.isfinite(mean))[0])
        raise ValueError(f"targets holds no known value of output {missing} in training trials")
    deviation = np.where(deviation > 0, deviation, 1.0)
    return inputs, _scaling(mean, deviation)


def _scaling(mean: np.ndarray, deviation: np.ndarray) -> ChannelScaling:
    """Return a scaling in the precision in use."""
    dtype = jnp.zeros(()).dtype
    return ChannelScaling(jnp.asarray(mean, dtype), jnp.asarray(deviation, dtype))


def _rows(scalings: list[ChannelScaling | None]) -> ChannelScaling | None:
    """Return scalings with one row each."""
    return None if scalings[0] is None else stacked(scalings)


def _filled(parts: list[np.ndarray]) -> np.ndarray:
    """Return index arrays as rows of one length, ``FILLER`` behind the shorter ones."""
    longest = max(len(part) for part in parts)
    rows = np.full((len(parts), longest), FILLER, np.int32)
    for row, part in zip(rows, parts, strict=True):
        row[: len(part)] = part
    return rows
