"""Many runs of one training: in groups of one shape, here or by the workers of an executor."""

from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from rhythmic.progress import Progress, show
from rhythmic.runs.environment import check_worker
from rhythmic.runs.executors import answers
from rhythmic.runs.states import StateFile
from rhythmic.sweep.specification import hash_arrays
from rhythmic.training.configuration import Members
from rhythmic.training.estimate import Groups, first_members
from rhythmic.training.group import EpochReport, GroupPlan, GroupTraining, made_by, plan_groups
from rhythmic.training.member import MemberTraining
from rhythmic.training.state import Data, TestRecord, TrainingState
from rhythmic.typing import PyTree


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
        num_devices: that a group is sharded over.
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
        self.members, self.folder, self.executor = members, folder, executor
        self.count = len(members.seed)
        self.epochs = training.configuration.epochs
        self.progress = Progress({}, quiet=quiet)
        most = 6 if jax.devices()[0].platform == "cpu" else 64
        plan = plan_groups((self.count,), num_devices, min(most, self.count))
        self.tell(f"{training.spec.name}: {self.count} runs, compiling for groups of {plan}")
        self.groups = Groups(
            training,
            plan,
            data,
            tell=self.tell,
            on_plan=lambda plan: self.progress.seconds.clear(),
        )
        if executor is None:
            self.environment = made_by(self.group.training)
        else:
            make = partial(GroupWorker, training, data, members, plan)
            self.ask = partial(answers, executor, make, tell=self.tell)
            ((_, (self.environment, _)),) = self.ask([None])

    @property
    def group(self) -> GroupTraining:
        """The compiled group."""
        return self.groups.compiled(self.members)

    def tell(self, line: str) -> None:
        """Show a line, unless nothing is to be shown."""
        if not self.progress.quiet:
            show(line)

    def parts(self, first: int = 0, count: int | None = None) -> list[Part]:
        """Return the groups of the runs from ``first`` on."""
        size, count = self.groups.plan.size, self.count if count is None else count
        return [Part(place, min(place + size, count)) for place in range(first, count, size)]

    def train(self) -> TrainingState:
        """Return the states of all runs, after training what the folder lacks."""
        if self.executor is None:
            found: list[tuple[Part, TrainingState]] = []
            while (first := found[-1][0].stop if found else 0) < self.count:
                found.append(self.groups.attempt(partial(self.trained_next, first)))
        else:
            found = sorted(self.trained_elsewhere())
        return jax.tree.map(lambda *rows: np.concatenate(rows), *(state for _, state in found))

    def trained_next(self, first: int) -> tuple[Part, TrainingState]:
        """Return the group that begins with run ``first``, and its states, trained or kept."""
        part, *later = self.parts(first)
        if (kept := self.finished_state(part)) is not None:
            return part, kept
        path = self.folder and self.folder / f"runs-{part.first}-{part.stop}.ckpt"
        report = partial(self.report, len(later) * self.epochs)
        return part, self.group.run(part.of(self.members), on_epoch=report, checkpoint=path)

    def trained_elsewhere(self) -> list[tuple[Part, TrainingState]]:
        """Train groups by the workers; a finished one is kept in the folder."""
        kept = [(part, self.finished_state(part)) for part in self.parts()]
        found = [(part, state) for part, state in kept if state is not None]
        missing = [part for part, state in kept if state is None]
        self.progress.remaining = {"group": len(missing)}
        self.progress.lap()
        for part, (environment, state) in self.ask(missing):
            check_worker(self.environment, environment, "make the workers alike")
            found.append((part, state))
            if (file := self.finished_file(part)) is not None:
                file.write(state, self.epochs)
            self.progress.finished("group", self.progress.lap())
            self.progress.show(f"{len(found)} of {len(kept)} groups trained", final=True)
        return found

    def finished_file(self, part: Part) -> StateFile | None:
        """Return where a group is kept that a worker finished; None without a folder."""
        if self.folder is None:
            return None
        path = self.folder / f"finished-{part.first}-{part.stop}.ckpt"
        label = self.environment | {"members": hash_arrays(part.of(self.members))}
        return StateFile(path, self.folder, label, self.tell)

    def finished_state(self, part: Part) -> TrainingState | None:
        """Return the state of a group that a worker finished; None without one."""
        file = self.finished_file(part)
        if file is None:
            return None
        training = self.groups.training
        like = jax.eval_shape(jax.vmap(training.initial_state), part.of(self.members))
        found = file.read(like)
        return None if found is None else found[0]

    def test(self, state: TrainingState, members: Members) -> TestRecord:
        """Evaluate the test examples of some runs."""
        count = len(members.seed)
        if not members.test.shape[1]:
            nothing = np.full(count, np.nan)
            none = np.zeros((count, 0, 0))
            return TestRecord(nothing, nothing, none, none)  # type: ignore[arg-type]
        group = self.group
        records = [group.test(part.of(state), part.of(members)) for part in self.parts(count=count)]
        return jax.tree.map(lambda *rows: np.concatenate(rows), *records)

    def report(self, later: int, report: EpochReport) -> None:
        """Show the progress of a group and the time to the end; ``later`` epochs follow it."""
        history, epoch = report.state.history, report.epoch
        self.progress.remaining = {"epoch": later + self.epochs - epoch}
        self.progress.finished("epoch", report.seconds)
        failed = int(np.sum(np.asarray(report.state.failed_at_step) >= 0))
        self.progress.show(
            f"epoch {epoch + 1}/{self.epochs}",
            f"loss {_mean_of_known(history.train_loss[:, epoch]):.3f}",
            f"validation {self.groups.training.score} "
            f"{_mean_of_known(history.validation_score[:, epoch]):.3f}",
            warning=f"{failed} not finite" if failed else "",
            final=epoch + 1 == self.epochs,
        )


class GroupWorker:
    """Trains groups in a worker."""

    def __init__(
        self, training: MemberTraining, data: Data | None, members: Members, plan: GroupPlan
    ):
        """Compile nothing yet."""
        self.members = members
        self.groups = Groups(training, plan, data)
        self.environment = made_by(training.resolved(data))

    def __call__(self, part: Part | None) -> tuple[dict[str, Any], TrainingState | None]:
        """Return what computes here, and the states of some runs after their last epoch."""
        if part is None:
            return self.environment, None
        members = part.of(self.members)
        group = self.groups.compiled(self.members)
        states = [
            group.run(first_members(jax.tree.map(lambda x, k=k: x[k:], members), group.plan.size))
            for k in range(0, part.stop - part.first, group.plan.size)
        ]
        return self.environment, jax.tree.map(lambda *rows: np.concatenate(rows), *states)


def _mean_of_known(values: Any) -> float:
    """Return the mean of the finite values; NaN without any."""
    known = np.asarray(values)[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
