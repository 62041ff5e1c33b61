"""Train the members that conditions ask for and that no one has finished yet."""

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import jax
import numpy as np

from experiments.members.condition import Condition, Wanted, members_of
from experiments.members.noise import NoisyTest
from experiments.members.rows import member_rows
from experiments.members.store import MemberStore, tuning
from rhythmic.adjoints import on_processor
from rhythmic.files import move_aside
from rhythmic.progress import Progress, clock, show
from rhythmic.records import Row, fingerprint
from rhythmic.sealed import DamagedFileError
from rhythmic.training import (
    EpochReport,
    GroupPlan,
    GroupTraining,
    MemberTraining,
    fitting_group,
    is_out_of_memory,
    plan_groups,
)
from rhythmic.training.features import has_fixed_features


def train_members(
    store: MemberStore, conditions: Sequence[Condition], folder: Path
) -> dict[str, list[Row]]:
    """Tune where there is a choice, then train and test; return each condition's rows by label.

    Everything that is finished already is taken as it is. Conditions of one program train in the
    same groups. A run that was killed goes on after the last finished epoch of its group.

    Raises:
        ValueError: for two conditions of one label.
    """
    if len({condition.label for condition in conditions}) < len(conditions):
        raise ValueError("conditions hold a label twice; labels must differ")
    programs = {name: (choices, own) for name, choices, own in by_program(conditions)}
    left = {name: num_left(store, *parts) for name, parts in programs.items()}
    progress = Progress(left)
    workers = {
        name: Worker(store, folder, name, choices, own, progress)
        for name, (choices, own) in programs.items()
    }
    # Settings that are chosen on other programs first, then each program's choice and its test.
    waiting = [name for name, (_, own) in programs.items() if any(c.tuned_on for c in own)]
    for name in programs:
        if name not in waiting:
            train_and_test(workers[name], store, *programs[name])
    for name in waiting:
        workers[name].train(programs[name][0])
    for name in waiting:
        train_and_test(workers[name], store, *programs[name])
    return {condition.label: store.results(condition) for condition in conditions}


def train_and_test(
    worker: "Worker", store: MemberStore, choices: list[Wanted], own: list[Condition]
) -> None:
    """Train what a program's settings are chosen on, then its networks at the chosen ones."""
    worker.train(choices)
    worker.train([wanted for condition in own for wanted in store.tested(condition)])


def by_program(
    conditions: Iterable[Condition],
) -> Iterator[tuple[str, list[Wanted], list[Condition]]]:
    """Yield programs: their name, their members on which settings are chosen, their conditions.

    A program on which another one's setting is chosen comes first.
    """
    choices: dict[str, dict[str, Wanted]] = {}
    programs: dict[str, list[Condition]] = {}
    for condition in conditions:
        own = condition.program()
        # Many conditions may be tuned on the same few, which is worked out once.
        others = {id(one): one.program() for one in condition.tuned_on}
        for wanted in tuning(condition):
            name = others.get(id(wanted.condition), own)
            programs.setdefault(name, [])
            choices.setdefault(name, {}).setdefault(wanted.name(), wanted)
        programs.setdefault(own, []).append(condition)
    for name, own_conditions in programs.items():
        yield name, list(choices.get(name, {}).values()), own_conditions


def num_left(store: MemberStore, choices: list[Wanted], conditions: Iterable[Condition]) -> int:
    """Count the members still to be trained; all tested ones where a choice is not made yet."""
    left = len(store.missing(choices))
    for condition in conditions:
        chosen = not store.missing(tuning(condition))
        left += len(store.missing(store.tested(condition))) if chosen else len(condition.seeds)
    return left


class Worker:
    """Trains members of one program, group by group."""

    def __init__(
        self,
        store: MemberStore,
        folder: Path,
        name: str,
        choices: list[Wanted],
        conditions: list[Condition],
        progress: Progress,
    ):
        """Compile nothing yet: a worker without work costs nothing."""
        first = conditions[0] if conditions else choices[0].condition
        self.store, self.folder, self.name, self.progress = store, folder, name, progress
        self.condition = first
        self.training = MemberTraining(first.architecture, first.training, method=first.method)
        counts = [len(choices), sum(len(c.seeds) for c in conditions)]
        self.plan = group_plan(first, counts)
        self.group_training: GroupTraining | None = None
        self.noisy_test = NoisyTest(conditions)

    def train(self, wanted: list[Wanted]) -> None:
        """Train those of ``wanted`` that are missing, and write their rows group by group.

        Raises:
            MemoryError: if one member per device is too many.
        """
        distinct = {member.name(): member for member in wanted}
        # Members of one seed see the same batches: neighbours share the work of drawing them.
        wanted = sorted(distinct.values(), key=lambda member: member.seed)
        while missing := self.store.missing(wanted):
            group = missing[: self.plan.size]
            with jax.enable_x64(self.condition.precision == "float64"):
                try:
                    self.train_group(group)
                except (MemoryError, jax.errors.JaxRuntimeError) as error:
                    if not is_out_of_memory(error) or self.plan == self.plan.halved():
                        raise
                    self.plan, self.group_training = self.plan.halved(), None
                    show(f"{self.condition.label}: out of memory; groups of {self.plan} now")

    def train_group(self, group: list[Wanted]) -> None:
        """Train one group, from its checkpoint or from the start."""
        started = time.perf_counter()
        members = members_of(group, self.condition.pool.data.images.shape[1])
        if self.group_training is None:
            show(f"{self.condition.label}: compiling for groups of {self.plan}", final=False)
            self.group_training, _ = fitting_group(
                self.training, self.plan, self.condition.pool.data, members, tell=show
            )
            self.plan = self.group_training.plan
            group = group[: self.plan.size]
            members = jax.tree.map(lambda x: x[: self.plan.size], members)
        training = self.group_training
        names = [wanted.name() for wanted in group]
        checkpoint = self.folder / "checkpoints" / f"{fingerprint((names, self.plan.size))}.eqx"
        try:
            state = training.run(members, on_epoch=self.report, checkpoint=checkpoint)
        except DamagedFileError as error:
            show(f"{error}; set aside, and this group starts afresh")
            move_aside(self.folder, checkpoint)
            state = training.run(members, on_epoch=self.report, checkpoint=checkpoint)
        test, noise_accuracy = None, None
        if group[0].tested:
            test = training.test(state, members)
            noise_accuracy = self.noisy_test.accuracies(training, state, members)
        seconds = time.perf_counter() - started
        share = seconds / len(group)
        rows = member_rows(group, state, test, share, self.store.made, noise_accuracy)
        self.store.add(rows)
        checkpoint.unlink(missing_ok=True)
        for _ in group:
            self.progress.finished(self.name, share)
        found = "" if test is None else f", test {np.mean(test.accuracy):.3f}"
        show(
            f"{self.condition.label}: {len(group)} trained in {clock(seconds)}{found}, "
            f"{self.progress.time_left()} left"
        )

    def report(self, report: EpochReport) -> None:
        """Show how the group does."""
        history = report.state.history
        epoch = report.epoch
        show(
            f"{self.condition.label}: epoch {epoch + 1}/{history.train_loss.shape[1]}, loss "
            f"{np.nanmean(history.train_loss[:, epoch]):.3f}, validation "
            f"{np.mean(history.validation_accuracy[:, epoch]):.3f}, {clock(report.seconds)} each",
            final=False,
        )


def group_plan(condition: Condition, counts: Sequence[int]) -> GroupPlan:
    """Choose how many members train side by side; counts are those of tuning and of the table."""
    # No more devices than members: padding fills a device, and costs as much as a member.
    num_devices = min(len(jax.devices()), max(1, *counts))
    if not on_processor():
        return plan_groups(counts, num_devices, 64, 100.0)
    model = condition.architecture.build(10, key=jax.random.key(0))
    free = has_fixed_features(model)
    return plan_groups(counts, num_devices, *((64, 3.0) if free else (6, 0.3)))
