"""Networks trained on tasks: all tasks, rates and seeds side by side, each task's rate chosen."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np

from experiments.options import ScriptOptions
from experiments.ranges import at_least, within
from rhythmic.checks import checked_integer
from rhythmic.networks import Network, NetworkSpec
from rhythmic.tasks import AbstractTask
from rhythmic.training import (
    GroupPlan,
    GroupTraining,
    Members,
    MemberTraining,
    Problem,
    TrainingConfiguration,
    TrainingState,
    fresh_split,
    make_members,
)
from rhythmic.training.objectives import ScoreName
from rhythmic.typing import AnyArray, Array, Float
from rhythmic.typing import Sequence as Inputs


@dataclass(frozen=True)
class TaskOptions(ScriptOptions):
    """Options of experiments that train networks on tasks.

    Args:
        num_seeds: networks of each kind, task and difficulty; seeds 1, 2, ...
        learning_rates: peak rates tried; each network keeps, for each task and difficulty, the one
            that validates best over its seeds.
        num_updates: updates of each network, every one on fresh sequences.
        batch_size: sequences an update.
    """

    num_seeds: int = 3
    learning_rates: tuple[float, ...] = (0.01, 0.03)
    num_updates: int = 200
    batch_size: int = 32

    def check(self) -> None:
        """Raise a ValueError of one line for an option out of its range."""
        at_least(self, num_seeds=1)
        within(self, learning_rates="(0, 1)")
        self.task_recipe()

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the networks."""
        return tuple(range(1, self.num_seeds + 1))

    def task_recipe(self, score: ScoreName | None = None) -> TrainingConfiguration:
        """Return the recipe of all networks on tasks: Adam, one cycle, one validation at the end.

        Raises:
            ValueError: for too few updates.
        """
        recipe = TrainingConfiguration(
            epochs=1,
            batch_size=self.batch_size,
            momentum="constant",
            evaluation_batch_size=512,
            score=score,
        )
        fewest = recipe.fewest_steps()
        if checked_integer("num_updates", self.num_updates, 1) < fewest:
            needed = f"the learning rate needs at least {fewest} to rise and fall"
            raise ValueError(f"num_updates is {self.num_updates}; {needed}")
        return recipe


class TaskNetworks(NamedTuple):
    """For each task the networks of its chosen rate, a row a task and seed, seeds fastest."""

    group: GroupTraining
    members: Members
    state: TrainingState

    @property
    def validation_loss(self) -> Float[np.ndarray, " member"]:
        """Loss on the validation sequences after the last update."""
        return np.asarray(self.state.history.validation_loss[:, -1])

    @property
    def learning_rate(self) -> Float[np.ndarray, " member"]:
        """Peak rate of each network."""
        return np.asarray(self.members.hyperparameters.learning_rate)

    def test_scores(
        self, tasks: Sequence[AbstractTask] | None = None
    ) -> Float[np.ndarray, " member"]:
        """Return accuracies, or normalised errors squared, on test sequences; read once.

        Args:
            tasks: one per member, in place of those that were trained on.
        """
        members = self.members
        if tasks is not None:
            members = members._replace(task=jax.tree.map(lambda *x: np.stack(x), *tasks))
        scores = np.asarray(self.group.test(self.state, members).score)
        return scores if self.group.training.problem.is_class else scores**2

    def networks(self) -> Network:
        """Return all networks as one, whose arrays have a leading axis ``member``."""
        return eqx.filter_vmap(self.group.training.network)(self.state, self.members)

    def answers(self, inputs: Inputs) -> Float[Array, "member time output batch"]:
        """Return what every network says at every step of the same sequences."""
        say = eqx.filter_vmap(lambda network: network.answer(network.features(inputs)))
        return eqx.filter_jit(say)(self.networks())


def train_on_tasks(
    spec: NetworkSpec, tasks: Sequence[AbstractTask], options: TaskOptions
) -> TaskNetworks:
    """Train every combination as one group, and keep for each task the rate that validates best.

    The rule is the same for every network: the least validation loss, see ``best_rate``. Test
    sequences are not looked at.

    Args:
        spec: of all networks.
        tasks: tasks that differ in array leaves alone.
        options: seeds, rates to choose from, updates, and sequences an update, which no network
            has seen before.
    """
    problem, learning_rates, seeds = Problem.of(tasks[0]), options.learning_rates, options.seeds
    recipe = options.task_recipe(None if problem.is_class else "nrmse")
    rows = itertools.product(tasks, learning_rates, seeds)
    of_task, of_rate, of_seed = zip(*rows, strict=True)
    count = len(of_seed)
    members = make_members(
        lambda seed: fresh_split(options.num_updates * options.batch_size),
        seeds=of_seed,
        learning_rate=of_rate,
        weight_decay=(0.0,) * count,
        label_smoothing=(0.0,) * count,
        tasks=of_task,
    )
    group = GroupTraining(MemberTraining(spec, recipe, problem), GroupPlan(1, count))
    state = group.run(members)
    places = np.arange(count).reshape(len(tasks), len(learning_rates), len(seeds))
    losses = np.asarray(state.history.validation_loss)[places, -1]
    kept = np.concatenate(
        [
            rows_of_task[best_rate(learning_rates, of_task)]
            for rows_of_task, of_task in zip(places, losses, strict=True)
        ]
    )
    members, state = jax.tree.map(lambda x: np.asarray(x)[kept], (members, state))
    return TaskNetworks(group, members, state)


def best_rate(
    learning_rates: Sequence[float], validation_losses: Float[AnyArray, "rate seed"]
) -> int:
    """Return the place of the rate with the least mean validation loss over its seeds.

    A loss that is not finite counts as infinite; ties go to the smaller rate.
    """
    losses = np.where(np.isfinite(validation_losses), validation_losses, np.inf).mean(axis=1)
    return min(range(len(losses)), key=lambda place: (losses[place], learning_rates[place]))
