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
    Members,
    TrainingConfiguration,
    check_seed,
    make_members,
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
    splits = {seed: split(seed) for seed in seeds}
    for seed, one in splits.items():
        _check_parts(source, one, seed)
    rows = [(seed, rate) for rate in learning_rates for seed in seeds]
    members = make_members(
        splits.__getitem__,
        seeds=tuple(seed for seed, _ in rows),
        learning_rate=tuple(rate for _, rate in rows),
        weight_decay=(weight_decay,) * len(rows),
        label_smoothing=(label_smoothing,) * len(rows),
        tasks=(source,) * len(rows) if isinstance(source, AbstractTask) else None,
        ragged=True,
    )
    scalings = {seed: _scalings(source, one, standardised) for seed, one in splits.items()}
    inputs, outputs = (
        None if one[0] is None else stacked(one)
        for one in ([scalings[seed][k] for seed, _ in rows] for k in (0, 1))
    )
    return members._replace(input_scaling=inputs, output_scaling=outputs)


def _check_parts(source: Recordings | AbstractTask, split: Split, seed: int) -> None:
    """Raise a ValueError for a split that does not fit, or leaves nothing to train on."""
    check_split(split, None if isinstance(source, AbstractTask) else len(source))
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
    """Return whether the runs have different numbers of trials in a part of their splits."""
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
