"""Many runs of one training: in groups of one shape, here or by the workers of an executor."""

import time
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from rhythmic.progress import Progress, show
from rhythmic.runs.executors import answers
from rhythmic.runs.fitting import smaller_after
from rhythmic.runs.states import StateFile
from rhythmic.sweep.specification import hash_arrays
from rhythmic.training.configuration import Members
from rhythmic.training.estimate import first_members, fitting_group
from rhythmic.training.group import EpochReport, GroupPlan, GroupTraining, plan_groups
from rhythmic.training.member import MemberTraining
from rhythmic.training.state import Data, TestRecord, TrainingState
from rhythmic.typing import PyTree

REMEDY = "give a smaller batch size"


class Part(NamedTuple):
    """Some of the runs: those of one group."""

    first: int
    stop: int

    def of(self, rows: PyTree) -> PyTree:
        """Return their rows."""
        return jax.tree.map(lambda x: x[self.first : self.stop], rows)


class Runs:
    """All runs of a call: trained group after group, or a group per worker, then tested.

    Args:
        training: of one run.
        data: the pool of examples; None where each run has a task.
        members: all runs.
        num_devices: that a group spreads over.
        folder: for the states of groups between epochs; None keeps none.
        executor: trains groups by its workers, which write nothing.
        quiet: whether to show no progress.
    """

    def __init__(
        self,
        training: MemberTraining,
        data: Data | None,
        members: Members,
        num_devices: int,
        *,
        folder: Path | None = None,
        executor: Executor | None = None,
        quiet: bool = False,
    ):
        """Compile for the largest groups that fit in memory, unless workers do."""
        self.training, self.data, self.members = training, data, members
        self.folder, self.executor, self.quiet = folder, executor, quiet
        count = len(members.seed)
        most = 6 if jax.devices()[0].platform == "cpu" else 64
        self.plan = plan_groups((count,), num_devices, min(most, count))
        self.tell(f"{training.spec.name}: {count} runs, compiling for groups of {self.plan}")
        self.epochs = training.configuration.epochs
        self.made: GroupTraining | None = None
        if executor is None:
            self.fit()
        self.progress = self.progress_from(0)

    @property
    def group(self) -> GroupTraining:
        """The compiled group."""
        return self.made or self.fit()

    def fit(self) -> GroupTraining:
        """Compile for groups of the plan, or of the first of its halves that fits."""
        self.made = None  # frees its examples
        self.made, _ = fitting_group(
            self.training, self.plan, self.data, self.members, tell=self.tell
        )
        self.plan = self.made.plan
        return self.made

    def tell(self, line: str, *, final: bool = True) -> None:
        """Show a line, unless nothing is to be shown."""
        if not self.quiet:
            show(line, final=final)

    def parts(self, first: int, count: int) -> list[Part]:
        """Return the groups of the runs from ``first`` on."""
        size = self.plan.size
        return [Part(place, min(place + size, count)) for place in range(first, count, size)]

    def progress_from(self, first: int) -> Progress:
        """Return what is left, epochs here and groups elsewhere."""
        groups = len(self.parts(first, len(self.members.seed)))
        return Progress({"left": groups * (1 if self.executor else self.epochs)})

    def train(self) -> TrainingState:
        """Return the states of all runs, after training what the folder lacks."""
        found = self.trained_elsewhere() if self.executor else self.trained_here()
        return jax.tree.map(lambda *rows: np.concatenate(rows), *found)

    def trained_here(self) -> list[TrainingState]:
        """Train group after group, smaller ones where memory runs out."""
        states: list[TrainingState] = []
        first, count = 0, len(self.members.seed)
        while first < count:
            part = self.parts(first, count)[0]
            if (kept := self.finished_state(part)) is not None:
                states.append(kept)
                first = part.stop
                continue
            try:
                state = self.group.run(
                    part.of(self.members), on_epoch=self.report, checkpoint=self.checkpoint(part)
                )
            except (MemoryError, jax.errors.JaxRuntimeError) as error:
                smaller = self.smaller(error)
            else:
                states.append(state)
                first = part.stop
                continue
            # Out of the handler: the error held on to the arrays that filled the memory.
            self.plan = smaller
            self.fit()
            self.progress = self.progress_from(first)
        return states

    def smaller(self, error: BaseException) -> GroupPlan:
        """Return the shape to continue with after memory ran out."""
        name = self.training.spec.name
        return smaller_after(error, self.plan, self.tell, name=name, remedy=REMEDY)

    def trained_elsewhere(self) -> list[TrainingState]:
        """Train groups by the workers; a finished one is kept in the folder."""
        states: dict[int, TrainingState] = {}
        missing: list[Part] = []
        for part in self.parts(0, len(self.members.seed)):
            kept = self.finished_state(part)
            if kept is None:
                missing.append(part)
            else:
                states[part.first] = kept
        self.progress.remaining["left"] = len(missing)
        make = partial(GroupWorker, self.training, self.data, self.members, self.plan)
        assert self.executor is not None
        last = time.perf_counter()
        for part, state in answers(self.executor, make, missing, self.tell):
            states[part.first] = state
            if (file := self.finished_file(part)) is not None:
                file.write(state, self.epochs)
            now = time.perf_counter()
            self.progress.finished("left", now - last)
            last = now
            done = f"{len(states)} of {len(states) + self.progress.remaining['left']} groups"
            self.tell(f"{done} trained | {self.progress.time_left()} left")
        return [states[first] for first in sorted(states)]

    def checkpoint(self, part: Part) -> Path | None:
        """Return the file of a group's state between epochs; None without a folder."""
        return None if self.folder is None else self.folder / f"runs-{part.first}-{part.stop}.ckpt"

    def finished_file(self, part: Part) -> StateFile | None:
        """Return where a group is kept that a worker finished; None without a folder."""
        if self.folder is None:
            return None
        path = self.folder / f"finished-{part.first}-{part.stop}.ckpt"
        label = {"members": hash_arrays(part.of(self.members))}
        return StateFile(path, self.folder, label, self.tell)

    def finished_state(self, part: Part) -> TrainingState | None:
        """Return the state of a group that a worker finished; None without one."""
        file = self.finished_file(part)
        if file is None:
            return None
        like = jax.eval_shape(jax.vmap(self.training.initial_state), part.of(self.members))
        found = file.read(like)
        return None if found is None else found[0]

    def test(self, state: TrainingState, members: Members) -> TestRecord:
        """Read the test examples of some runs."""
        count = len(members.seed)
        if not members.test.shape[1]:
            nothing = np.full(count, np.nan)
            none = np.zeros((count, 0, 0))
            return TestRecord(nothing, nothing, none, none)  # type: ignore[arg-type]
        records = [
            self.group.test(part.of(state), part.of(members)) for part in self.parts(0, count)
        ]
        return jax.tree.map(lambda *rows: np.concatenate(rows), *records)

    def report(self, report: EpochReport) -> None:
        """Show how a group does and when all will be done."""
        self.progress.finished("left", report.seconds)
        history, epoch = report.state.history, report.epoch
        failed = int(np.sum(np.asarray(report.state.failed_at_step) >= 0))
        parts = [
            f"epoch {epoch + 1}/{self.epochs}",
            f"loss {_mean_of_known(history.train_loss[:, epoch]):.3f}",
            f"validation {self.group.training.score} "
            f"{_mean_of_known(history.validation_score[:, epoch]):.3f}",
            f"{self.progress.time_left()} left",
        ]
        parts += [f"{failed} not finite"] if failed else []
        last = epoch + 1 == self.epochs
        self.tell(" | ".join(parts), final=last or (epoch + 1) % max(1, self.epochs // 10) == 0)


class GroupWorker:
    """Trains groups in a worker."""

    def __init__(
        self, training: MemberTraining, data: Data | None, members: Members, plan: GroupPlan
    ):
        """Compile for groups of ``plan``, or of the first of its halves that fits."""
        self.members = members
        self.group, _ = fitting_group(training, plan, data, members)

    def __call__(self, part: Part) -> TrainingState:
        """Return the states of some runs after their last epoch."""
        members, size = part.of(self.members), self.group.plan.size
        states = [
            self.group.run(first_members(jax.tree.map(lambda x, k=k: x[k:], members), size))
            for k in range(0, part.stop - part.first, size)
        ]
        return jax.tree.map(lambda *rows: np.concatenate(rows), *states)


def _mean_of_known(values: Any) -> float:
    """Return the mean of the finite values; NaN without any."""
    known = np.asarray(values)[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
