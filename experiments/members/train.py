"""Train the members that conditions ask for and that no one has finished yet."""

import contextlib
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import jax
import numpy as np

from experiments.folders import (
    FolderGoneError,
    read_kept,
    remove_unfinished,
    watching,
    write_kept,
)
from experiments.members.condition import Condition, Wanted, members_of
from experiments.members.noise import NoisyTest
from experiments.members.plans import (
    Program,
    by_program,
    num_groups,
    num_members,
    record_plans,
    to_be_tested,
    work_left,
)
from experiments.members.rows import member_rows
from experiments.members.store import MemberStore
from rhythmic.progress import Progress, clock, show
from rhythmic.records import Row, append_rows, fingerprint
from rhythmic.training import (
    EpochReport,
    GroupPlan,
    Groups,
    GroupTraining,
    Members,
    TrainingState,
)
from rhythmic.training.estimate import REMEDY, first_members

BEGUN = "begun.json"  # of a run folder: members of a group that others had parted
CHECKPOINT = re.compile(r"[0-9a-f]{16}\.eqx")  # name of a checkpoint
BEGINNING = re.compile(rb"[0-9a-f]{64}\n")  # its hash


@dataclass
class Run:
    """What the workers of a run share.

    Args:
        store: what is finished, and where it is written.
        folder: the run folder.
        programs: all of them, those that have nothing left included.
        plans: shapes of the groups of those that have, by the name of the program.
        remedy: what a user can do where one member on each device is too many.
        after_epoch: called after every epoch of a group.
        check: raises an error where the run folder is gone; nothing is written then.
    """

    store: MemberStore
    folder: Path
    programs: Sequence[Program]
    plans: dict[str, GroupPlan]
    remedy: str
    after_epoch: Callable[[], None] | None = None
    check: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        """Count what is left, by the name of the program."""
        # Epochs and tests of groups, and programs that are to be compiled and begun.
        self.progress = Progress({("start", name): 1 for name in self.plans})
        self.done = self.total = 0  # networks, those of earlier calls included
        # Members of a group that other runs had parted from those before and behind.
        self.begun: list[str] = (read_kept(self.folder, BEGUN) or {}).get("members", [])
        self.count()

    def count(self) -> None:
        """Count anew, before every group: other runs finish members too."""
        self.done = self.total = 0
        for program in self.programs:
            missing, number = num_members(self.store, program)
            self.total += number
            self.done += number - sum(missing)
            name, remaining = program.name, self.progress.remaining
            if plan := self.plans.get(name):
                epochs = program.condition.training.epochs
                remaining["epoch", name] = num_groups(missing, plan) * epochs
                remaining["test", name] = num_groups(missing[1:], plan)
                remaining["start", name] &= any(missing)


class Worker:
    """Trains members of one program, group by group."""

    def __init__(self, run: Run, program: Program):
        """Compile nothing yet: a worker without work costs nothing."""
        self.run, self.program = run, program
        self.condition, self.label = program.condition, program.label
        self.groups = Groups(
            self.condition.member_training(),
            run.plans[program.name],
            self.condition.pool.data,
            tell=show,
            name=self.label,
            remedy=run.remedy,
            on_plan=self.replan,
        )
        self.noisy_test = NoisyTest(program.conditions)

    def train(self, wanted: list[Wanted]) -> None:
        """Train those of ``wanted`` that are missing, and write their rows group by group.

        What other processes train is left to them. Groups that run out of memory are made smaller
        and start afresh.

        Raises:
            MemoryError: if one member per device is too many.
        """
        distinct = {member.name(): member for member in wanted}
        # Members of one seed see the same batches: neighbours share the work of drawing them.
        wanted = sorted(distinct.values(), key=lambda member: member.seed)
        while self.groups.attempt(partial(self.train_next, wanted)):
            pass

    def train_next(self, wanted: list[Wanted]) -> bool:
        """Train a group of what is missing and free; tell whether there was one."""
        group = self.claimed(wanted)
        try:
            if group:
                with jax.enable_x64(self.condition.precision == "float64"):
                    self.train_group(group)
        finally:
            self.run.store.release(group)
        return bool(group)

    def claimed(self, wanted: list[Wanted]) -> list[Wanted]:
        """Claim the members of a group: those of one that was begun, else the first that are free.

        A checkpoint is found by the members of its group. Where others leave no whole group at the
        beginning of what is missing, the run folder says which members were taken.
        """
        run, size = self.run, self.groups.plan.size
        missing = run.store.missing(wanted)
        begun = [member for member in missing if member.name() in run.begun]
        group = run.store.claim(begun, size) or run.store.claim(missing, size)
        names = [member.name() for member in group]
        if group != missing[:size] and names != run.begun:
            run.begun = names
            run.check()
            write_kept(run.folder, BEGUN, {"members": names})
        run.count()
        return group

    def replan(self, plan: GroupPlan) -> None:
        """Take note of groups of another shape, in the run folder too."""
        run, name = self.run, self.program.name
        run.plans[name] = plan
        self.noisy_test = NoisyTest(self.program.conditions)
        record_plans(run.folder, {self.label: plan})
        for sort in ("epoch", "start", "test"):
            run.progress.seconds.pop((sort, name), None)
        run.progress.remaining["start", name] = 1
        run.count()

    def train_group(self, group: list[Wanted]) -> None:
        """Train one group, or as much of it as fits, from its checkpoint or from the start."""
        started = time.perf_counter()
        had_program = self.groups.made is not None
        if not had_program:
            show(f"{self.label}: compiling for groups of {self.groups.plan}", final=False)
        members = members_of(group)
        training, size = self.groups.compiled(members), self.groups.plan.size
        self.run.store.release(group[size:])
        group, members = group[:size], first_members(members, size)
        name = fingerprint(([wanted.name() for wanted in group], size))
        checkpoint = self.run.folder / "checkpoints" / f"{name}.eqx"
        work = GroupWork(self, group, started, 0.0 if had_program else training.compile_seconds)
        work.tell_start(checkpoint)
        state = self.trained(training, members, checkpoint, work)
        test, noise_accuracy = None, None
        if group[0].tested:
            trained = time.perf_counter()
            test = training.test(state, members)
            noise_accuracy = self.noisy_test.accuracies(training, state, members)
            seconds = time.perf_counter() - trained
            self.run.progress.finished(("test", self.program.name), seconds)
        seconds = time.perf_counter() - started
        made = self.run.store.made | {"way_through_time": training.training.method}
        rows = member_rows(group, state, test, seconds / len(group), made, noise_accuracy)
        self.run.store.add(rows)
        checkpoint.unlink(missing_ok=True)
        if test is not None:
            found = f"trained in {clock(seconds)}, test {np.mean(test.score):.3f}"
            show(f"{work.described} {found}")

    def trained(
        self, training: GroupTraining, members: Members, checkpoint: Path, work: "GroupWork"
    ) -> TrainingState:
        """Train a group to the last epoch, unless the run folder is gone by then."""
        folder = self.run.folder
        try:
            state = training.run(
                members, on_epoch=work.report, checkpoint=checkpoint, run_folder=folder
            )
            self.run.check()
        except (FolderGoneError, FileNotFoundError):
            forsake(folder, checkpoint)
            self.run.check()
            raise
        return state


class GroupWork:
    """What is told of the group at work: how it does, and when everything will be done."""

    def __init__(self, worker: Worker, group: list[Wanted], started: float, compiled: float):
        """Take the time since ``started``, of which ``compiled`` seconds went into compiling."""
        self.worker, self.run, self.group, self.started = worker, worker.run, group, started
        self.stage = "table" if group[0].tested else "tuning"
        self.described = f"{worker.label}, {self.stage}: {counted(len(group), 'member')}"
        self.timing = {
            "seconds_to_first_step": time.perf_counter() - started,
            "compile_seconds": compiled,
        }
        self.num_reported = 0  # epochs that are known to be finished

    def tell_start(self, checkpoint: Path) -> None:
        """Say what begins."""
        start = "from their checkpoint" if checkpoint.exists() else "from the first epoch"
        finished = f"{self.run.done} of {counted(self.run.total, 'network')} finished"
        show(f"{self.described} to train, {start}; {finished}")

    def report(self, report: EpochReport) -> None:
        """Show how the group does and when everything will be done."""
        self.run.check()
        first = self.num_reported == 0
        progress, name = self.run.progress, self.worker.program.name
        # Epochs that a checkpoint held already take no more time.
        progress.remaining["epoch", name] -= report.epoch - self.num_reported
        self.num_reported = report.epoch + 1
        progress.finished(("epoch", name), report.seconds)
        if progress.remaining["start", name]:
            began = time.perf_counter() - self.started - report.seconds
            progress.finished(("start", name), began)
        history = report.state.history
        failed = int(np.sum(report.state.failed_at_step >= 0))
        parts = [
            self.described,
            f"epoch {self.num_reported}/{len(history.train_loss[0])}",
            f"loss {np.nanmean(history.train_loss[:, report.epoch]):.3f}",
            f"validation {np.mean(history.validation_score[:, report.epoch]):.3f}",
            f"{clock(report.seconds)} an epoch",
        ]
        if first:
            self.write_timing(report)
            if self.timing["compile_seconds"]:
                seconds = self.timing["seconds_to_first_step"]
                parts.append(f"compiled: first step after {seconds:.1f} s")
        progress.show(*parts, warning=f"{failed} not finite" if failed else "", final=first)
        if self.run.after_epoch is not None:
            self.run.after_epoch()

    def write_timing(self, report: EpochReport) -> None:
        """Add a line to the run's timings: what a group took since the last start."""
        groups = self.worker.groups
        row = {
            "label": self.worker.label,
            "architecture": self.worker.condition.architecture.name,
            "stage": self.stage,
            "members": len(self.group),
            **asdict(groups.plan),
            **{name: round(seconds, 3) for name, seconds in self.timing.items()},
            "seconds_an_epoch": round(report.seconds, 3),
            "expected_bytes_a_device": None if groups.needed is None else groups.needed.memory,
            "compilation_cache": jax.config.values["jax_compilation_cache_dir"] is not None,
            "device": self.run.store.made["device"],
        }
        append_rows(self.run.folder / "timings.jsonl", [row])


def forsake(folder: Path, checkpoint: Path) -> None:
    """Remove a checkpoint that was written where a run folder had been, if nothing else is there.

    Writing it made the folder again, and nobody would know what that is.
    """
    with contextlib.suppress(OSError):
        if os.listdir(folder) == [checkpoint.parent.name]:
            checkpoint.unlink()
            checkpoint.parent.rmdir()
            folder.rmdir()


def counted(count: int, noun: str) -> str:
    """Write a number of things."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def train_members(
    store: MemberStore,
    conditions: Sequence[Condition],
    folder: Path,
    *,
    members_per_device: int | None = None,
    remedy: str = REMEDY,
    after_epoch: Callable[[], None] | None = None,
) -> dict[str, list[Row]]:
    """Tune where there is a choice, then train and test; return each condition's rows by label.

    Everything that is finished already is taken as it is. Conditions of one program train in the
    same groups. A run that was killed goes on after the last finished epoch of its group.

    Args:
        store: what is finished, and where it is written.
        conditions: what is wanted.
        folder: the run folder: checkpoints, shapes of groups, timings.
        members_per_device: members side by side on a device at most; by default what pays.
        remedy: what a user can do where one member on each device is too many.
        after_epoch: called after every epoch of a group, when its checkpoint is written; what it
            raises ends the run there.

    Raises:
        ValueError: for two conditions of one label.
        MemoryError: in one line, if one member on each device is too many.
        FolderGoneError: if the run folder is removed or replaced meanwhile.
    """
    if len({condition.label for condition in conditions}) < len(conditions):
        raise ValueError("conditions hold a label twice; labels must differ")
    store.check()  # before watching makes the folder
    folder = folder.absolute()
    with watching(folder) as check:
        work = work_left(store, conditions, folder, members_per_device)
        record_plans(folder, {one.program.label: one.plan for one in work})
        programs = list(by_program(conditions)) if work else []
        plans = {one.program.name: one.plan for one in work}
        train_missing(Run(store, folder, programs, plans, remedy, after_epoch, check))
    return {condition.label: store.results(condition) for condition in conditions}


def train_missing(run: Run) -> None:
    """Train what is missing, program by program; wait for what only other processes are at."""
    store = run.store
    workers = [Worker(run, program) for program in run.programs if program.name in run.plans]
    while workers:
        num_rows, left, waiting = len(store.rows), [], []
        while workers:
            # A worker that is done gives its memory back.
            worker = workers.pop(0)
            worker.train(worker.program.choices)
            tested, num_waiting = to_be_tested(store, worker.program)
            if num_waiting:  # for settings that may be chosen on programs further down
                tested = []
            worker.train(tested)
            missing = store.missing([*worker.program.choices, *tested])
            if missing or num_waiting:
                left.append(worker)
                waiting += missing
        if left and len(store.rows) == num_rows:
            store.wait(waiting, "network", run.check)
        workers = left


def drop_checkpoints(folder: Path) -> None:
    """Remove what is left when all members of a run folder are finished.

    That belongs to groups which were finished or planned otherwise meanwhile. A file that is not
    named and does not begin as a checkpoint stays, and so does a link.
    """
    checkpoints = folder / "checkpoints"
    if checkpoints.is_symlink():
        return
    remove_unfinished(checkpoints, CHECKPOINT.fullmatch)
    for path in checkpoints.glob("*.eqx"):
        if CHECKPOINT.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                ours = BEGINNING.fullmatch(file.read(65))
            if ours:
                path.unlink()
