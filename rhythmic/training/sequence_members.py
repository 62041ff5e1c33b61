"""Which networks are trained side by side on sequence tasks, and their streams of chance."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.tasks import AbstractTask
from rhythmic.training.configuration import check_hyperparameter, check_seed
from rhythmic.typing import AnyArray, Float, Int


class SequenceMembers(NamedTuple):
    """Networks trained side by side: a seed, a rate and a task each.

    The task's leaves have a leading axis ``member``; its static fields are shared.
    """

    seed: Int[AnyArray, " member"]
    learning_rate: Float[AnyArray, " member"]
    task: AbstractTask


def member_grid(
    tasks: Sequence[AbstractTask], *, learning_rates: Sequence[float], seeds: Sequence[int]
) -> SequenceMembers:
    """Return every combination; tasks slowest, seeds fastest.

    Members that share a seed share start values and the keys of all their batches.

    Args:
        tasks: tasks that differ in array leaves alone.
        learning_rates: peak rates, above 0.
        seeds: from 0 to 2^31 - 1.

    Raises:
        ValueError: for an empty sequence, a value out of range, or tasks of different shapes.
    """
    for name, given in (("tasks", tasks), ("learning_rates", learning_rates), ("seeds", seeds)):
        if not len(given):
            raise ValueError(f"{name} is empty; at least one is needed")
    for rate in learning_rates:
        check_hyperparameter("learning_rate", rate)
    for seed in seeds:
        check_seed(seed)
    if len({jax.tree.structure(task) for task in tasks}) > 1:
        raise ValueError("tasks differ in static fields; train them in groups of their own")
    places = np.indices((len(tasks), len(learning_rates), len(seeds))).reshape(3, -1)
    task = jax.tree.map(lambda *leaves: np.stack(leaves)[places[0]], *tasks)
    rates = np.asarray(learning_rates, np.float32)
    return SequenceMembers(np.asarray(seeds, np.int32)[places[2]], rates[places[1]], task)


class SequenceKeys(NamedTuple):
    """The independent streams of chance in one member's run, all from its own seed."""

    start_values: jax.Array
    training: jax.Array
    validation: jax.Array
    test: jax.Array


def sequence_keys(seed: Int[AnyArray, ""]) -> SequenceKeys:
    """Split a member's seed once, into named keys."""
    return SequenceKeys(*jax.random.split(jax.random.key(jnp.asarray(seed)), 4))
