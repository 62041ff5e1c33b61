"""What a run would take, without running it: members missing, groups, memory, time."""

import time
from dataclasses import dataclass
from pathlib import Path

import jax
from rich.console import Console
from rich.table import Table

from experiments.members.condition import members_of
from experiments.members.plans import Work, num_groups, work_left
from experiments.members.train import counted
from experiments.mnist.members import REMEDY, MnistStore
from experiments.mnist.report import WIDTH, plain_table
from rhythmic.data.dataset import NUM_TRAIN
from rhythmic.memory import readable_bytes
from rhythmic.progress import clock, show
from rhythmic.provenance import device_name
from rhythmic.runs.fitting import smaller_after
from rhythmic.training import (
    GroupPlan,
    MemberTraining,
    available_memory,
    fitting_group,
    seconds_per_update,
)
from rhythmic.training.estimate import first_members


@dataclass(frozen=True)
class Forecast:
    """What is left to do for one architecture, and what it is expected to take.

    Args:
        name: the architecture.
        way: through time, that the run would take.
        missing: members still to be tuned and to be tabled.
        planned: shape of the groups by the plan of the run.
        plan: shape that fits in memory.
        memory: bytes that each device needs.
        available: bytes that each device had free.
        seconds_to_first_step: from the start of the work to the end of compilation.
        seconds_per_update: of one group, its share of the validation included.
    """

    name: str
    way: str
    missing: tuple[int, int]
    planned: GroupPlan
    plan: GroupPlan
    memory: int
    available: int
    seconds_to_first_step: float
    seconds_per_update: float

    @property
    def num_groups(self) -> int:
        """Groups that train one after another."""
        return num_groups(self.missing, self.plan)

    def training_seconds(self, num_updates: int) -> float:
        """Return the seconds of all groups, each of ``num_updates``."""
        return self.num_groups * num_updates * self.seconds_per_update


def dry_run(store: MnistStore, folder: Path) -> None:
    """Print what is missing and what it is expected to take; write nothing."""
    configuration, conditions = store.configuration, store.conditions
    work = work_left(store, conditions.values(), folder, configuration.members_per_device)
    left = {one.program.label: one for one in work}
    forecasts = []
    for position, name in enumerate(conditions, start=1):
        if name in left:
            show(f"{name}: compiling and timing, {position} of {len(conditions)}")
            forecasts.append(forecast(store, left[name]))
        else:
            show(f"{name}: finished already")
    num_updates = configuration.training.num_steps(NUM_TRAIN[configuration.dataset])
    if not forecasts:
        print("nothing is missing: the run would only draw its tables and figures")
        return
    console = Console(width=WIDTH)
    console.print(table_of(forecasts, num_updates))
    unfinished = len(list((folder / "checkpoints").glob("*.eqx")))
    for line in notes(forecasts, num_updates, unfinished):
        console.print(line, highlight=False, soft_wrap=True)


def forecast(store: MnistStore, work: Work) -> Forecast:
    """Compile and time one architecture, in smaller groups if memory runs out."""
    plan = work.plan
    while True:
        try:
            return measured(store, work, plan)
        except (MemoryError, jax.errors.JaxRuntimeError) as error:
            plan = smaller_after(error, plan, show, name=work.program.label, remedy=REMEDY)


def measured(store: MnistStore, work: Work, plan: GroupPlan) -> Forecast:
    """Compile the programs of one architecture in groups of ``plan``, and time some updates."""
    started = time.perf_counter()
    available = available_memory(plan.num_devices)
    program, condition = work.program, work.program.condition
    data = condition.pool.data
    wanted = store.missing(program.choices) or store.missing(program.tested(store))
    members = members_of(wanted[: plan.size])
    fitting, needed = fitting_group(
        MemberTraining(
            condition.architecture,
            condition.training,
            method=condition.method,
            problem=condition.pool.problem,
        ),
        plan,
        data,
        members,
        tell=lambda line: show(f"{program.label}: {line}"),
    )
    return Forecast(
        name=program.label,
        way=fitting.training.method,
        missing=work.missing,
        planned=work.plan,
        plan=fitting.plan,
        memory=needed.memory,
        available=available,
        seconds_to_first_step=time.perf_counter() - started,
        seconds_per_update=seconds_per_update(fitting, first_members(members, fitting.plan.size)),
    )


def table_of(forecasts: list[Forecast], num_updates: int) -> Table:
    """Set the forecasts out for reading, a line an architecture."""
    columns = ("", "way", "tuning", "table", "groups", "updates each", "updates in all")
    title = "What is missing, and what it is expected to take"
    table = plain_table(title, *columns, "memory a device", "first step", "training")
    for line in forecasts:
        plan = line.plan
        table.add_row(
            line.name,
            line.way,
            *map(str, line.missing),
            f"{line.num_groups} of {plan.num_devices} x {plan.members_per_device}",
            f"{num_updates:,}",
            f"{num_updates * sum(line.missing):,}",
            f"{readable_bytes(line.memory)} of {readable_bytes(line.available)}",
            f"{line.seconds_to_first_step:.1f} s",
            clock(line.training_seconds(num_updates)),
        )
    return table


def notes(forecasts: list[Forecast], num_updates: int, unfinished: int) -> list[str]:
    """Say what the table adds up to, where its numbers come from, and what they leave out."""
    networks = sum(sum(line.missing) for line in forecasts)
    compiling = sum(line.seconds_to_first_step for line in forecasts)
    training = sum(line.training_seconds(num_updates) for line in forecasts)
    lines = [
        f"In all: {counted(networks, 'network')}, about {clock(compiling + training)} on "
        f"{device_name()}.",
        "way: through time, see rhythmic.fast. tuning, table: networks still to be trained.",
        "groups: how many, of devices x networks on each.",
        "memory a device: the compiler's own count for an epoch, of what is free now. "
        "first step: compiling, measured.",
        "training: an estimate, from the time of some updates of one group just now; testing, "
        "tables and figures come on top.",
    ]
    lines += [
        f"{line.name}: groups of {line.planned} would not fit in memory; the run would take "
        f"groups of {line.plan}."
        for line in forecasts
        if line.plan != line.planned
    ]
    if unfinished:
        lines.append(
            f"Checkpoints: {counted(unfinished, 'unfinished group')}; epochs that are finished "
            "there are counted here as if they were missing."
        )
    return [*lines, "Nothing was trained, and no results were written."]
