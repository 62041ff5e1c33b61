"""The learning rate of each task and network, chosen by one rule on validation sequences."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import numpy as np

from rhythmic.arguments import checked
from rhythmic.memory import check_fits
from rhythmic.tasks import AbstractTask
from rhythmic.training.member import COPIES
from rhythmic.training.sequence_members import SequenceMembers, member_grid
from rhythmic.training.sequences import SequenceTraining, TrainedSequences, train_members
from rhythmic.typing import AnyArray, Float


class Chosen(NamedTuple):
    """For each task the networks of its chosen rate, a row a task and seed, seeds fastest."""

    members: SequenceMembers
    trained: TrainedSequences


@checked
def train_and_choose(
    training: SequenceTraining,
    tasks: Sequence[AbstractTask],
    *,
    learning_rates: Sequence[float],
    seeds: Sequence[int],
) -> Chosen:
    """Train every combination as one group, and keep for each task the rate that validates best.

    The rule is the same for every network: the least validation loss, see
    ``choose_learning_rate``. Test sequences are not looked at.

    Args:
        training: of one network by one recipe.
        tasks: tasks that differ in array leaves alone.
        learning_rates: peak rates to choose from, above 0.
        seeds: one network each, for every task and rate.

    Raises:
        ValueError: for members that cannot be, or a network that no device can hold.
    """
    members = member_grid(tasks, learning_rates=learning_rates, seeds=seeds)
    build = partial(training.build, tasks[0], key=jax.random.key(0))
    check_fits(training.spec.name, build, COPIES, 1)
    trained = train_members(training, members)
    shape = (len(tasks), len(learning_rates), len(seeds))
    rows = np.arange(len(members.seed)).reshape(shape)
    losses = np.asarray(trained.validation.loss).reshape(shape)
    chosen = [choose_learning_rate(learning_rates, of_task) for of_task in losses]
    kept = np.concatenate([rows[task, place] for task, place in enumerate(chosen)])
    return jax.tree.map(lambda x: np.asarray(x)[kept], Chosen(members, trained))


def choose_learning_rate(
    learning_rates: Sequence[float], validation_losses: Float[AnyArray, "rate seed"]
) -> int:
    """Return the place of the rate with the least mean validation loss over its seeds.

    A loss that is not finite counts as infinite; ties go to the smaller rate.
    """
    losses = np.where(np.isfinite(validation_losses), validation_losses, np.inf).mean(axis=1)
    return min(range(len(losses)), key=lambda place: (losses[place], learning_rates[place]))
