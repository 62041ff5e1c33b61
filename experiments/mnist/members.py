"""Train the members that a configuration asks for and that no one has finished yet."""

import json
import operator
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

import jax
import numpy as np

from experiments.mnist.store import MemberStore, Wanted
from rhythmic.data import split
from rhythmic.models import Architecture, named_arrays, num_trainable
from rhythmic.progress import Progress, clock, show
from rhythmic.records import Row, fingerprint, write_json
from rhythmic.training import (
    Data,
    EpochReport,
    GroupPlan,
    GroupTraining,
    Members,
    MemberTraining,
    TestRecord,
    TrainingState,
    make_members,
)
from rhythmic.training.group import plan_groups
from rhythmic.typing import AnyArray


def train_all(store: MemberStore, folder: Path) -> list[Row]:
    """Tune where there is a choice, then train the table; return the rows of both.

    Everything that is finished already is taken as it is.
    """
    architectures = store.configuration.architectures
    missing = {name: num_missing(store, name) for name in architectures}
    plans = recorded_plans(store, missing, folder)
    epochs = store.configuration.epochs
    progress = Progress(
        {
            name: sum(-(-count // plans[name].size) for count in missing[name]) * epochs
            for name in architectures
        }
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


def num_missing(store: MemberStore, architecture: str) -> tuple[int, int]:
    """Count the members still to be tuned and to be tabled; all of the table before a choice."""
    tuning = len(store.missing(store.tuning(architecture)))
    seeds = len(store.configuration.seeds)
    return tuning, seeds if tuning else len(store.missing(store.table(architecture)))


def recorded_plans(
    store: MemberStore, missing: dict[str, tuple[int, int]], folder: Path
) -> dict[str, GroupPlan]:
    """Choose the shape of the groups once for a run, and keep it when the run goes on.

    Groups of one shape share one compiled program, and a checkpoint belongs to its group.
    """
    path = folder / "groups.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    on_processor = jax.default_backend() == "cpu"
    largest = store.configuration.members_per_device or (6 if on_processor else 64)
    plans = {}
    for name, counts in missing.items():
        # No more devices than members: padding fills a device, and costs as much as a member.
        num_devices = min(len(jax.devices()), max(1, *counts))
        plan = GroupPlan(**known[name]) if name in known else None
        if plan is not None and plan.num_devices > len(jax.devices()):
            show(
                f"{name}: {plan.num_devices} devices were planned and {len(jax.devices())} are "
                "here; unfinished groups start afresh"
            )
            plan = None
        overhead = 0.3 if on_processor else 100.0
        plans[name] = plan or plan_groups(counts, num_devices, largest, overhead)
    write_json(path, {name: asdict(plan) for name, plan in plans.items()})
    return plans


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
        self.architecture = store.architectures[architecture]
        self.plan = plan
        self.progress = progress
        self.group_training: GroupTraining | None = None
        self.num_reported = 0

    def train(self, wanted: list[Wanted]) -> None:
        """Train those of ``wanted`` that are missing, and write their rows group by group."""
        missing = self.store.missing(wanted)
        for start in range(0, len(missing), self.plan.size):
            self.train_group(missing[start : start + self.plan.size])

    def train_group(self, group: list[Wanted]) -> None:
        """Train one group from its checkpoint or from the start."""
        store = self.store
        if self.group_training is None:
            training = MemberTraining(self.architecture, store.configuration.training)
            data = Data(store.digits.images, store.digits.labels)
            self.group_training = GroupTraining(training, self.plan, data)
        members = members_of(store, group)
        names = [store.name(member) for member in group]
        checkpoint = self.folder / "checkpoints" / f"{fingerprint((names, self.plan.size))}.eqx"
        self.num_reported = 0
        stage = "table" if group[0].tested else "tuning"
        show(f"{self.name}, {stage}: {len(group)} members start, {checkpoint_note(checkpoint)}")
        started = time.perf_counter()
        state = self.group_training.run(
            members, on_epoch=partial(self.report, group), checkpoint=checkpoint
        )
        test = self.group_training.test(state, members) if group[0].tested else None
        seconds = (time.perf_counter() - started) / len(group)
        store.add(member_rows(store, self.architecture, group, state, test, seconds))
        checkpoint.unlink(missing_ok=True)

    def report(self, group: list[Wanted], report: EpochReport) -> None:
        """Show how the group does and when everything will be done."""
        first = self.num_reported == 0
        # Epochs that a checkpoint held already take no more time.
        self.progress.remaining[self.name] -= report.epoch - self.num_reported
        self.num_reported = report.epoch + 1
        self.progress.finished(self.name, report.seconds)
        history = report.state.history
        epochs = len(history.train_loss[0])
        stage = "table" if group[0].tested else "tuning"
        failed = int(np.sum(report.state.failed_at_step >= 0))
        parts = [
            f"{self.name}, {stage}: {len(group)} members",
            f"epoch {report.epoch + 1}/{epochs}",
            f"loss {np.nanmean(history.train_loss[:, report.epoch]):.3f}",
            f"validation {np.mean(history.validation_accuracy[:, report.epoch]):.3f}",
            f"{clock(report.seconds)} an epoch, {self.progress.time_left()} left in all",
        ]
        if report.compile_seconds:
            parts.append(f"compiled in {report.compile_seconds:.0f} s")
        if failed:
            parts.append(f"{failed} not finite")
        show(" | ".join(parts), final=(report.epoch + 1) % 5 == 0 or first)


def checkpoint_note(checkpoint: Path) -> str:
    """Say where a group starts."""
    return "from their checkpoint" if checkpoint.exists() else "from their first epoch"


def members_of(store: MemberStore, group: list[Wanted]) -> Members:
    """Gather the arrays of a group."""
    return make_members(
        partial(split, store.digits),
        seeds=tuple(member.seed for member in group),
        learning_rate=tuple(member.setting.learning_rate for member in group),
        weight_decay=tuple(member.setting.weight_decay for member in group),
        label_smoothing=tuple(member.setting.label_smoothing for member in group),
    )


def member_rows(
    store: MemberStore,
    architecture: Architecture,
    group: list[Wanted],
    state: TrainingState,
    test: TestRecord | None,
    seconds: float,
) -> list[Row]:
    """Write down what came out, a row a member.

    ``best_epoch`` counts from 1, and is 0 where no validation was finite; ``failed_at_step``
    counts updates from 0, and is -1 where none failed. ``seconds`` is each member's share of the
    time since the group was last started or resumed, compilation included.
    """
    model = architecture.build(10, key=jax.random.key(0))
    rows = []
    for i, member in enumerate(group):
        own = jax.tree.map(operator.itemgetter(i), state)
        row = {
            "member": store.name(member),
            "configuration": store.configuration_hash(member.architecture),
            "dataset": store.digits.name,
            **store.recipe(),
            "diagonal": store.configuration.diagonal,
            "sample_rate": store.configuration.sample_rate,
            "pole_radius": store.configuration.pole_radius,
            "architecture": member.architecture,
            "num_nodes": model.cell.hidden_size,
            "num_parameters": num_trainable(model),
            "seed": member.seed,
            **asdict(member.setting),
            "best_epoch": own.best.epoch + 1,
            "validation_accuracy": max(own.best.validation_accuracy, 0.0),
            "failed_at_step": own.failed_at_step,
            "test_accuracy": None,
            "seconds_last_sitting": round(seconds, 1),
            **store.made,
            "history": {name: rounded(x) for name, x in own.history._asdict().items()},
        }
        if test is not None:
            row["test_accuracy"] = test.accuracy[i]
            row["test_loss"] = test.loss[i]
            row["confusion"] = test.confusion[i]
            row["class_features"] = rounded(test.class_features[i])
            row["parameters"] = named_arrays(own.best.parameters)
            row["statistics"] = named_arrays(own.best.statistics)
        rows.append(row)
    return rows


def rounded(values: AnyArray) -> list:
    """Keep five significant digits: enough to draw, a third of the space."""
    return [float(f"{x:.5g}") if np.ndim(x) == 0 else rounded(x) for x in values]
