"""Train the members that a configuration asks for and that no one has finished yet."""

import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

import jax
import numpy as np

from experiments.mnist.plans import (
    choose_plans,
    counted,
    num_groups,
    num_missing,
    record_plans,
    smaller_plan,
)
from experiments.mnist.rows import member_rows, members_of
from experiments.mnist.store import MemberStore, Wanted
from rhythmic.files import move_aside
from rhythmic.progress import Progress, clock, show
from rhythmic.records import Row, append_rows, fingerprint
from rhythmic.sealed import DamagedFileError
from rhythmic.training import (
    Data,
    EpochReport,
    Estimate,
    GroupPlan,
    GroupTraining,
    MemberTraining,
    fitting_group,
)


def train_all(store: MemberStore, folder: Path) -> list[Row]:
    """Tune where there is a choice, then train the table; return the rows of both.

    Everything that is finished already is taken as it is.
    """
    architectures = store.configuration.architectures
    missing = {name: num_missing(store, name) for name in architectures}
    plans = choose_plans(store, missing, folder)
    record_plans(folder, plans)
    epochs = store.configuration.epochs
    progress = Progress(
        {name: num_groups(missing[name], plans[name]) * epochs for name in architectures}
    )
    wanted = []
    for name in architectures:
        worker = Worker(store, folder, name, plans[name], progress)
        worker.train(store.tuning(name))
        worker.train(store.table(name))
        wanted += store.tuning(name) + store.table(name)
    # What is left belongs to groups that were finished or planned otherwise meanwhile.
    for leftover in (folder / "checkpoints").glob("*.eqx"):
        leftover.unlink()
    return [store.rows[store.name(member)] for member in wanted]


class Worker:
    """Trains members of one architecture, group by group, by one compiled program."""

    def __init__(
        self,
        store: MemberStore,
        folder: Path,
        architecture: str,
        plan: GroupPlan,
        progress: Progress,
    ):
        """Compile nothing yet: a worker without work costs nothing."""
        self.store = store
        self.folder = folder
        self.name = architecture
        self.training = MemberTraining(
            store.architectures[architecture], store.configuration.training
        )
        self.plan = plan
        self.progress = progress
        self.group_training: GroupTraining | None = None
        self.needed: Estimate | None = None
        self.num_reported = 0

    def train(self, wanted: list[Wanted]) -> None:
        """Train those of ``wanted`` that are missing, and write their rows group by group.

        Groups that run out of memory are made smaller and start afresh.

        Raises:
            MemoryError: if one member per device is too many.
        """
        # Members of one seed see the same batches: neighbours share the work of drawing them.
        wanted = sorted(wanted, key=lambda member: member.seed)
        while missing := self.store.missing(wanted):
            try:
                self.train_group(missing[: self.plan.size])
                continue
            except (MemoryError, jax.errors.JaxRuntimeError) as error:
                smaller = smaller_plan(self.name, self.plan, error)
            # Out of the handler: the error held on to the arrays that filled the memory.
            self.replan(smaller)

    def replan(self, plan: GroupPlan) -> None:
        """Go on with groups of another shape, and say so in the run folder."""
        self.plan = plan
        self.group_training = None
        record_plans(self.folder, {self.name: plan})
        groups = num_groups(num_missing(self.store, self.name), plan)
        self.progress.remaining[self.name] = groups * self.store.configuration.epochs
        self.progress.seconds.pop(self.name, None)

    def compiled_group(self, group: list[Wanted]) -> GroupTraining:
        """Return the compiled program, in a smaller shape than planned if that does not fit."""
        if self.group_training is None:
            show(f"{self.name}: compiling for groups of {self.plan}", final=False)
            fitting, self.needed = fitting_group(
                self.training,
                self.plan,
                Data(self.store.digits.images, self.store.digits.labels),
                members_of(self.store, group),
                tell=lambda line: show(f"{self.name}: {line}"),
            )
            if fitting.plan != self.plan:
                self.replan(fitting.plan)
            self.group_training = fitting
        return self.group_training

    def train_group(self, group: list[Wanted]) -> None:
        """Train one group, or as much of it as fits, from its checkpoint or from the start."""
        store = self.store
        started = time.perf_counter()
        had_program = self.group_training is not None
        group_training = self.compiled_group(group)
        timing = {
            "seconds_to_first_step": time.perf_counter() - started,
            "compile_seconds": 0.0 if had_program else group_training.compile_seconds,
        }
        group = group[: self.plan.size]
        members = members_of(store, group)
        names = [store.name(member) for member in group]
        checkpoint = self.folder / "checkpoints" / f"{fingerprint((names, self.plan.size))}.eqx"
        self.num_reported = 0
        show(
            f"{self.name}, {stage_of(group)}: {counted(len(group), 'member')} to train, "
            f"{checkpoint_note(checkpoint)}"
        )
        run = partial(group_training.run, members, checkpoint=checkpoint)
        report = partial(self.report, group, timing)
        try:
            state = run(on_epoch=report)
        except DamagedFileError as error:
            show(f"{error}; set aside, and this group starts afresh")
            move_aside(self.folder, checkpoint)
            state = run(on_epoch=report)
        test = group_training.test(state, members) if group[0].tested else None
        seconds = (time.perf_counter() - started) / len(group)
        store.add(member_rows(store, self.training.architecture, group, state, test, seconds))
        checkpoint.unlink(missing_ok=True)

    def report(self, group: list[Wanted], timing: Row, report: EpochReport) -> None:
        """Show how the group does and when everything will be done."""
        first = self.num_reported == 0
        # Epochs that a checkpoint held already take no more time.
        self.progress.remaining[self.name] -= report.epoch - self.num_reported
        self.num_reported = report.epoch + 1
        self.progress.finished(self.name, report.seconds)
        history = report.state.history
        epochs = len(history.train_loss[0])
        failed = int(np.sum(report.state.failed_at_step >= 0))
        parts = [
            f"{self.name}, {stage_of(group)}: {counted(len(group), 'member')}",
            f"epoch {report.epoch + 1}/{epochs}",
            f"loss {np.nanmean(history.train_loss[:, report.epoch]):.3f}",
            f"validation {np.mean(history.validation_accuracy[:, report.epoch]):.3f}",
            f"{clock(report.seconds)} an epoch, {self.progress.time_left()} left in all",
        ]
        if first:
            self.write_timing(group, timing, report)
            if timing["compile_seconds"]:
                parts.append(f"compiled: first step after {timing['seconds_to_first_step']:.1f} s")
        if failed:
            parts.append(f"{failed} not finite")
        show(" | ".join(parts), final=(report.epoch + 1) % 5 == 0 or first)

    def write_timing(self, group: list[Wanted], timing: Row, report: EpochReport) -> None:
        """Add a line to the run's timings: what a group took in this sitting, and what it needs."""
        row = {
            "architecture": self.name,
            "stage": stage_of(group),
            "members": len(group),
            **asdict(self.plan),
            **{name: round(seconds, 3) for name, seconds in timing.items()},
            "seconds_an_epoch": round(report.seconds, 3),
            "expected_bytes_a_device": None if self.needed is None else self.needed.memory,
            "compilation_cache": self.store.configuration.compilation_cache is not None,
            "device": self.store.made["device"],
        }
        append_rows(self.folder / "timings.jsonl", [row])


def stage_of(group: list[Wanted]) -> str:
    """Name what a group is trained for."""
    return "table" if group[0].tested else "tuning"


def checkpoint_note(checkpoint: Path) -> str:
    """Say where a group starts."""
    return "from their checkpoint" if checkpoint.exists() else "from the first epoch"
