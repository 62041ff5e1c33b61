"""Train the members that conditions ask for and that no one has finished yet."""

import contextlib
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import jax
import numpy as np

from experiments.folders import FolderGoneError, remove_unfinished, watching
from experiments.members.condition import Condition, Wanted, members_of
from experiments.members.noise import NoisyTest
from experiments.members.plans import (
    Program,
    Work,
    by_program,
    num_groups,
    num_members,
    num_missing,
    record_plans,
    smaller_plan,
    work_left,
)
from experiments.members.rows import member_rows
from experiments.members.store import MemberStore
from rhythmic.files import move_aside
from rhythmic.progress import Progress, clock, show
from rhythmic.records import Row, append_rows, fingerprint
from rhythmic.sealed import DamagedFileError
from rhythmic.training import (
    EpochReport,
    Estimate,
    GroupPlan,
    GroupTraining,
    Members,
    MemberTraining,
    TrainingState,
    fitting_group,
)
from rhythmic.training.estimate import first_members

REMEDY = "give a smaller batch size"
CHECKPOINT = re.compile(r"[0-9a-f]{16}\.eqx")  # name of a checkpoint
BEGINNING = re.compile(rb"[0-9a-f]{64}\n")  # its hash


@dataclass
class Run:
    """What the workers of a run share.

    Args:
        store: what is finished, and where it is written.
        folder: the run folder.
        progress: epochs of groups that are left, by the name of the program.
        starts: programs that are still to be compiled, with what else there is to do before the
            first epoch.
        tests: groups that are still to be tested, by the name of the program.
        done: networks that are finished, those of earlier calls included.
        total: networks in all.
        remedy: what a user can do where one member on each device is too many.
        after_epoch: called after every epoch of a group.
        check: raises an error where the run folder is gone; nothing is written then.
    """

    store: MemberStore
    folder: Path
    progress: Progress
    starts: Progress
    tests: Progress
    done: int
    total: int
    remedy: str
    after_epoch: Callable[[], None] | None = None
    check: Callable[[], None] = lambda: None


class Worker:
    """Trains members of one program, group by group."""

    def __init__(self, run: Run, program: Program, plan: GroupPlan):
        """Compile nothing yet: a worker without work costs nothing."""
        self.run, self.program, self.plan = run, program, plan
        self.condition, self.label = program.condition, program.label
        self.training = MemberTraining(
            self.condition.architecture,
            self.condition.training,
            method=self.condition.method,
            problem=self.condition.pool.problem,
        )
        self.group_training: GroupTraining | None = None
        self.needed: Estimate | None = None
        self.noisy_test = NoisyTest(program.conditions)
        # Of the group at work: its members, epochs that are known to be finished, times till then.
        self.group: list[Wanted] = []
        self.num_reported = 0
        self.began = 0.0
        self.timing: Row = {}

    def train(self, wanted: list[Wanted]) -> None:
        """Train those of ``wanted`` that are missing, and write their rows group by group.

        Groups that run out of memory are made smaller and start afresh.

        Raises:
            MemoryError: if one member per device is too many.
        """
        distinct = {member.name(): member for member in wanted}
        # Members of one seed see the same batches: neighbours share the work of drawing them.
        wanted = sorted(distinct.values(), key=lambda member: member.seed)
        while missing := self.run.store.missing(wanted):
            try:
                with jax.enable_x64(self.condition.precision == "float64"):
                    self.train_group(missing[: self.plan.size])
                continue
            except (MemoryError, jax.errors.JaxRuntimeError) as error:
                smaller = smaller_plan(self.label, self.plan, error, self.run.remedy)
            # Out of the handler: the error held on to the arrays that filled the memory.
            self.replan(smaller)

    def replan(self, plan: GroupPlan) -> None:
        """Go on with groups of another shape, and say so in the run folder."""
        self.plan = plan
        self.group_training = None
        self.noisy_test = NoisyTest(self.program.conditions)
        record_plans(self.run.folder, {self.label: plan})
        run, name = self.run, self.program.name
        missing = num_missing(run.store, self.program)
        epochs = num_groups(missing, plan) * self.condition.training.epochs
        tests = num_groups(missing[1:], plan)
        for progress, number in ((run.progress, epochs), (run.starts, 1), (run.tests, tests)):
            progress.remaining[name] = number
            progress.seconds.pop(name, None)

    def train_group(self, group: list[Wanted]) -> None:
        """Train one group, or as much of it as fits, from its checkpoint or from the start."""
        started = self.began = time.perf_counter()
        had_program = self.group_training is not None
        members = members_of(group)
        training = self.compiled_group(members)
        group, members = group[: self.plan.size], first_members(members, self.plan.size)
        self.group, self.num_reported = group, 0
        self.timing = {
            "seconds_to_first_step": time.perf_counter() - started,
            "compile_seconds": 0.0 if had_program else training.compile_seconds,
        }
        names = [wanted.name() for wanted in group]
        checkpoint = self.run.folder / "checkpoints" / f"{fingerprint((names, self.plan.size))}.eqx"
        try:
            state = self.trained(training, members, checkpoint)
            self.run.check()
        except FolderGoneError:
            forsake(self.run.folder, checkpoint)
            raise
        test, noise_accuracy = None, None
        if group[0].tested:
            trained = time.perf_counter()
            test = training.test(state, members)
            noise_accuracy = self.noisy_test.accuracies(training, state, members)
            self.run.tests.finished(self.program.name, time.perf_counter() - trained)
        seconds = time.perf_counter() - started
        store = self.run.store
        share = seconds / len(group)
        made = store.made | {"way_through_time": training.training.method}
        store.add(member_rows(group, state, test, share, made, noise_accuracy))
        self.run.done += len(group)
        checkpoint.unlink(missing_ok=True)
        if test is not None:
            found = f"trained in {clock(seconds)}, test {np.mean(test.score):.3f}"
            show(f"{self.described()} {found}")

    def compiled_group(self, members: Members) -> GroupTraining:
        """Return the compiled program, in a smaller shape than planned if that does not fit."""
        if self.group_training is None:
            show(f"{self.label}: compiling for groups of {self.plan}", final=False)
            fitting, self.needed = fitting_group(
                self.training,
                self.plan,
                self.condition.pool.data,
                members,
                tell=lambda line: show(f"{self.label}: {line}"),
            )
            if fitting.plan != self.plan:
                self.replan(fitting.plan)
            self.group_training = fitting
        return self.group_training

    def trained(self, training: GroupTraining, members: Members, checkpoint: Path) -> TrainingState:
        """Train to the last epoch; a checkpoint that is damaged is set aside."""
        start = "from their checkpoint" if checkpoint.exists() else "from the first epoch"
        finished = f"{self.run.done} of {counted(self.run.total, 'network')} finished"
        show(f"{self.described()} to train, {start}; {finished}")
        try:
            return training.run(members, on_epoch=self.report, checkpoint=checkpoint)
        except DamagedFileError as error:
            show(f"{error}; set aside, and this group starts afresh")
            move_aside(self.run.folder, checkpoint)
        return training.run(members, on_epoch=self.report, checkpoint=checkpoint)

    def described(self) -> str:
        """Name the group at work, and what it is trained for."""
        return f"{self.label}, {self.stage()}: {counted(len(self.group), 'member')}"

    def stage(self) -> str:
        """Name what the group at work is trained for."""
        return "table" if self.group[0].tested else "tuning"

    def report(self, report: EpochReport) -> None:
        """Show how the group does and when everything will be done."""
        self.run.check()
        first = self.num_reported == 0
        # Epochs that a checkpoint held already take no more time.
        progress, name = self.run.progress, self.program.name
        progress.remaining[name] -= report.epoch - self.num_reported
        self.num_reported = report.epoch + 1
        progress.finished(name, report.seconds)
        starts, tests = self.run.starts, self.run.tests
        if starts.remaining.get(name):
            starts.finished(name, time.perf_counter() - self.began - report.seconds)
        history = report.state.history
        failed = int(np.sum(report.state.failed_at_step >= 0))
        parts = [
            self.described(),
            f"epoch {report.epoch + 1}/{len(history.train_loss[0])}",
            f"loss {np.nanmean(history.train_loss[:, report.epoch]):.3f}",
            f"validation {np.mean(history.validation_score[:, report.epoch]):.3f}",
            f"{clock(report.seconds)} an epoch, {progress.time_left(starts, tests)} left in all",
        ]
        if first:
            self.write_timing(report)
            if self.timing["compile_seconds"]:
                seconds = self.timing["seconds_to_first_step"]
                parts.append(f"compiled: first step after {seconds:.1f} s")
        if failed:
            parts.append(f"{failed} not finite")
        show(" | ".join(parts), final=(report.epoch + 1) % 5 == 0 or first)
        if self.run.after_epoch is not None:
            self.run.after_epoch()

    def write_timing(self, report: EpochReport) -> None:
        """Add a line to the run's timings: what a group took since the last start."""
        row = {
            "label": self.label,
            "architecture": self.condition.architecture.name,
            "stage": self.stage(),
            "members": len(self.group),
            **asdict(self.plan),
            **{name: round(seconds, 3) for name, seconds in self.timing.items()},
            "seconds_an_epoch": round(report.seconds, 3),
            "expected_bytes_a_device": None if self.needed is None else self.needed.memory,
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
        epochs = {
            one.program.name: one.num_groups * one.program.condition.training.epochs for one in work
        }
        starts = {one.program.name: 1 for one in work}
        tests = {one.program.name: num_groups(one.missing[1:], one.plan) for one in work}
        progress = Progress(epochs), Progress(starts), Progress(tests)
        programs = by_program(conditions) if work else ()
        total = sum(num_members(store, program) for program in programs)
        done = total - sum(sum(one.missing) for one in work)
        run = Run(store, folder, *progress, done, total, remedy, after_epoch, check)
        train_missing(run, work)
    return {condition.label: store.results(condition) for condition in conditions}


def train_missing(run: Run, work: Sequence[Work]) -> None:
    """Train what is missing, program by program."""
    waiting = []
    for one in work:
        worker = Worker(run, one.program, one.plan)
        worker.train(one.program.choices)
        if any(condition.tuned_on for condition in one.program.conditions):
            waiting.append(worker)  # for settings that may be chosen on programs further down
        else:
            worker.train(one.program.tested(run.store))
    while waiting:
        # A worker that is done gives its memory back.
        worker = waiting.pop(0)
        worker.train(worker.program.tested(run.store))


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
