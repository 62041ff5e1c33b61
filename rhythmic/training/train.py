"""One call for the common case: a network, recordings or a task, seeds; trained, tested once."""

import dataclasses
import operator
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer
from rhythmic.data import Recordings, Split
from rhythmic.fast import Method
from rhythmic.networks.spec import BuildsNetwork, NetworkSpec
from rhythmic.progress import clock, show
from rhythmic.spread import first_devices
from rhythmic.tasks import AbstractTask
from rhythmic.training.batches import fresh_split
from rhythmic.training.configuration import FILLER, Members, TrainingConfiguration
from rhythmic.training.member import MemberTraining
from rhythmic.training.objectives import better_is_higher
from rhythmic.training.problem import Problem
from rhythmic.training.recorded import (
    classes_of,
    default_recipe,
    is_ragged,
    members_of,
    pool_of,
    problem_of,
)
from rhythmic.training.runs import Runs
from rhythmic.training.search import Setting, best_setting
from rhythmic.training.state import TestRecord, TrainingState
from rhythmic.training.trained import (
    Trained,
    TrainingHistory,
    open_folder,
    read_finished,
    write_finished,
    write_result,
)


@checked
def train(
    spec: BuildsNetwork,
    recordings: Recordings | AbstractTask,
    *,
    seeds: Sequence[int] = (1, 2, 3),
    learning_rates: Sequence[float] = (0.01,),
    weight_decay: float = 0.0,
    label_smoothing: float = 0.0,
    recipe: TrainingConfiguration | None = None,
    split: Split | Callable[[int], Split] | None = None,
    validation: float = 0.15,
    test: float = 0.15,
    standardised: bool = True,
    method: Method = "fastest",
    num_devices: int = 1,
    executor: Executor | None = None,
    folder: Path | None = None,
    quiet: bool = False,
) -> Trained:
    """Train networks on recordings or on a task, choose by validation, and test once.

    Each seed sets a division of the trials, initial values, batch order and dropout; all runs train
    in parallel in one compiled program. The sequences of a task are drawn from the seeds, those
    that train afresh at every update. Of several rates, the one of the best mean validation score
    is chosen; the test trials of the chosen runs are evaluated once, at their best epochs.

    Args:
        spec: the network. With targets at every step it has outputs at every step, unless its
            pooling is specified.
        recordings: the data, or a task of ``rhythmic.tasks``.
        seeds: one network each.
        learning_rates: peak rates to choose from.
        weight_decay: decoupled decay.
        label_smoothing: fraction of each target that is spread over all classes.
        recipe: batches, epochs, loss, score, optimiser, early stopping; by default that of the
            published networks with about 2,000 updates, see ``TrainingConfiguration``, and for a
            task 400 updates of Adam in 10 epochs.
        split: the division of the trials, the same for all seeds, or by seed; by default random
            ones that leave groups whole, see ``Recordings.split``. For a task how many sequences an
            epoch draws, and how many validate and test: ``fresh_split``, by default of 1,280.
        validation: fraction of the trials that validate, where no split is given.
        test: fraction that tests.
        standardised: whether inputs, and targets that are numbers, are standardised by the
            training trials; networks then take and give values in their own unit. A task's are not.
        method: ``fastest``, ``scan`` or another way through time, see ``rhythmic.fast.ways``; the
            result records which one it was. All agree up to rounding, which training amplifies:
            scores of single runs differ, their distribution does not.
        num_devices: that the runs are sharded over.
        executor: trains the groups of runs by its workers: anything with the interface of
            ``concurrent.futures.Executor``, see ``rhythmic.sweep.run_sweep``. Networks are
            byte-identical to those that one process trains; this process alone writes, and tests.
            All workers must have the same versions and device, which the result records.
        folder: for checkpoints after every epoch, the history and the networks; none by default.
            The same call resumes a run that was stopped, and reloads a finished one. A folder of
            another training is refused.
        quiet: whether to show no progress.

    Raises:
        ValueError: for data, a split or options that do not fit, before anything is compiled.
        MemoryError: if one network is more than a device can hold.
        ExecutorLostError: if the executor returns no results any more; finished groups are kept.
    """
    started = time.perf_counter()
    checked_integer("num_devices", num_devices, 1)
    first_devices(num_devices)
    problem = problem_of(recordings, standardised)
    spec = _pooled_for(spec, problem)
    members = members_of(
        recordings,
        _splitter(recordings, split, validation, test),
        seeds=tuple(seeds),
        learning_rates=tuple(learning_rates),
        weight_decay=weight_decay,
        label_smoothing=label_smoothing,
        standardised=standardised,
    )
    if recipe is not None and recipe.optimizer is not None and weight_decay:
        raise ValueError(
            f"weight_decay is {weight_decay}; it must be 0 where the recipe has its own optimizer"
        )
    counts = sorted({int(np.sum(rows != FILLER)) for rows in members.train})
    recipe = recipe or default_recipe(recordings, counts)
    for count in counts:
        recipe.num_steps(count)
    training = MemberTraining(spec, recipe, problem, method, is_ragged(members))
    data = pool_of(recordings)
    rates = tuple(learning_rates)
    if folder is not None:
        open_folder(folder, training, data, members)
        finished = read_finished(folder, training, members)
        if finished is not None:
            if not quiet:
                show(f"{spec.name}: finished already, read from {folder}")
            return _result(training, recordings, members, *finished, rates)
    runs = Runs(training, data, members, num_devices, folder=folder, executor=executor, quiet=quiet)
    state = runs.train()
    chosen, _ = _chosen(training, state, rates, len(seeds))
    record = runs.test(*(jax.tree.map(lambda x: x[chosen], tree) for tree in (state, members)))
    seconds = round(time.perf_counter() - started, 1)
    made = {"seconds": seconds, "arithmetic": runs.environment}
    result = _result(training, recordings, members, state, record, made, rates)
    if folder is not None:
        write_result(result, folder)
        write_finished(folder, state, record, made)
        runs.tell(f"wrote {folder} ({clock(result.seconds)})")
    return result


def _pooled_for(spec: BuildsNetwork, problem: Problem) -> BuildsNetwork:
    """Return a specification with as many outputs as there are targets, or reject it."""
    if not isinstance(spec, NetworkSpec):
        return spec
    if spec.pooling is None and problem.per_step:
        return dataclasses.replace(spec, pooling="every")
    if (spec.pooling == "every") != problem.per_step:
        asked = "'every'" if problem.per_step else "'mean' or 'last'"
        raise ValueError(
            f"pooling of spec is {spec.pooling!r}; it must be {asked} for targets of kind "
            f"{problem.kind}"
        )
    return spec


def _splitter(
    recordings: Recordings | AbstractTask, split: Any, validation: float, test: float
) -> Callable[[int], Split]:
    """Return the division of the examples that belongs to a seed."""
    if isinstance(split, Split):
        return lambda seed: split
    if split is not None:
        return split
    if isinstance(recordings, AbstractTask):
        return lambda seed: fresh_split(1280)
    return lambda seed: recordings.split(seed, validation=validation, test=test)


def _chosen(
    training: MemberTraining, state: TrainingState, rates: tuple[float, ...], num_seeds: int
) -> tuple[np.ndarray, float]:
    """Return the rows of the rate with the best mean validation score, and the rate."""
    sign = 1.0 if better_is_higher(training.score) else -1.0
    failed = np.asarray((state.best.epoch < 0) | (state.failed_at_step >= 0))
    scores = np.where(failed, -np.inf, sign * np.asarray(state.best.validation_score, float))
    rows = scores.reshape(len(rates), num_seeds).tolist()
    of_rates = dict(zip(map(Setting, rates), rows, strict=True))
    best = list(of_rates).index(best_setting(of_rates))
    return np.arange(num_seeds) + best * num_seeds, rates[best]


def _result(
    training: MemberTraining,
    recordings: Recordings | AbstractTask,
    members: Members,
    state: TrainingState,
    record: TestRecord,
    made: dict[str, Any],
    rates: tuple[float, ...],
) -> Trained:
    """Gather what came out of the runs of the chosen rate."""
    chosen, rate = _chosen(training, state, rates, len(members.seed) // len(rates))
    state, members = (jax.tree.map(lambda x: x[chosen], tree) for tree in (state, members))
    networks = []
    for place in range(len(members.seed)):
        state_of, member = (
            jax.tree.map(operator.itemgetter(place), one) for one in (state, members)
        )
        network = training.network(state_of, member)
        network = dataclasses.replace(network, classes=classes_of(recordings))
        networks.append(jax.tree.map(lambda x: jnp.asarray(x) if eqx.is_array(x) else x, network))
    seeds = tuple(int(seed) for seed in members.seed)
    history = TrainingHistory(seeds, training.score, *map(np.asarray, state.history))
    splits = tuple(
        Split(*(part[part >= 0] for part in parts))
        for parts in zip(members.train, members.validation, members.test, strict=True)
    )
    failed = np.asarray((state.failed_at_step >= 0) | (state.best.epoch < 0))
    return Trained(
        tuple(networks),
        seeds,
        history,
        training.score,
        np.where(failed, np.nan, np.asarray(state.best.validation_score, float)),
        np.asarray(record.score, float),
        np.asarray(record.confusion),
        rate,
        networks[0].num_parameters(),
        classes_of(recordings),
        isinstance(recordings, Recordings) and recordings.is_scalar,
        splits,
        training.configuration,
        made["arithmetic"],
        made["seconds"],
    )
