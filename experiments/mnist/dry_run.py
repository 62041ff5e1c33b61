"""What a run would take, without running it: members missing, groups, memory, time."""

import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from experiments.members.condition import members_of
from experiments.members.plans import Work, num_groups, to_be_tested, work_left
from experiments.members.train import counted
from experiments.mnist.configuration import MnistConfiguration
from experiments.mnist.members import REMEDY, MnistStore
from experiments.mnist.report import WIDTH, plain_table
from rhythmic.data import load
from rhythmic.data.dataset import NUM_TRAIN
from rhythmic.memory import readable_bytes
from rhythmic.progress import clock, show
from rhythmic.provenance import device_name
from rhythmic.training import GroupPlan, Groups, Members, available_memory, seconds_per_update
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


def dry_run(options: MnistConfiguration, folder: Path) -> None:
    """Print what is missing and what it is expected to take; write nothing."""
    digits = load(options.dataset, data_dir=options.data_dir)
    store = MnistStore(options, digits, folder / "members.jsonl", read_only=True)
    conditions = store.conditions
    work = work_left(store, conditions.values(), folder, options.members_per_device)
    left = {one.program.label: one for one in work}
    forecasts = []
    for position, name in enumerate(conditions, start=1):
        if name in left:
            show(f"{name}: compiling and timing, {position} of {len(conditions)}")
            forecasts.append(forecast(store, left[name]))
        else:
            show(f"{name}: finished already")
    num_updates = options.training.num_steps(NUM_TRAIN[options.dataset])
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
    program, condition = work.program, work.program.condition
    groups = Groups(
        condition.member_training(),
        work.plan,
        condition.pool.data,
        tell=show,
        name=program.label,
        remedy=REMEDY,
    )
    wanted = store.missing(program.choices) or store.missing(to_be_tested(store, program)[0])
    return groups.attempt(lambda: measured(groups, work, members_of(wanted[: groups.plan.size])))


def measured(groups: Groups, work: Work, members: Members) -> Forecast:
    """Compile the programs of one architecture, and time some updates."""
    started = time.perf_counter()
    available = available_memory(groups.plan.num_devices)
    group = groups.compiled(members)
    assert groups.needed is not None
    return Forecast(
        name=work.program.label,
        way=group.training.method,
        missing=work.missing,
        planned=work.plan,
        plan=group.plan,
        memory=groups.needed.memory,
        available=available,
        seconds_to_first_step=time.perf_counter() - started,
        seconds_per_update=seconds_per_update(group, first_members(members, group.plan.size)),
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
