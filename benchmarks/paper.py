"""``python -m benchmarks.paper``: the whole published comparison, projected from short runs."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import groups, harness, project_step
from benchmarks.groups import (
    BATCH_SIZE,
    PAPER,
    TABLE_RUNS,
    TEST_DIGITS,
    TUNING_RUNS,
    UPDATES_AN_EPOCH,
    VALIDATION_DIGITS,
    Work,
)
from benchmarks.problem import Problem
from benchmarks.sides import Sides, check_same
from benchmarks.training_step import check_torch
from rhythmic.progress import show
from rhythmic.records import Row, write_table

EPOCHS = 30
RUNS = TUNING_RUNS + TABLE_RUNS
POOL_SIZE = 70_000
PREDICTED = 500  # digits at a time in torch's validation and test, as in this project's
HOUR = 3600.0


@dataclass(frozen=True)
class Options:
    """Project the time of the published comparison, 448 runs, from short real runs.

    This project trains groups of members on all cores; torch makes single training steps and
    predictions with its default threads. The two processes take turns, and all networks are first
    shown to compute the same loss and gradient in float64.

    Args:
        architectures: some of the seven of the comparison.
        repetitions: timed turns of each side.
        warm_up: turns of each side before those, not counted.
        updates: updates of a group a turn, of the 430 of an epoch.
        steps: training steps of torch a turn.
        devices: devices of this project, one a core; by default all cores.
        members_per_device: members side by side on a device at most; by default as in the
            experiment.
        pool_size: images at hand, as many as MNIST has.
        time_steps: pixels a sequence.
        torch: compare with torch.
        output: CSV file for the rows, replaced if it exists.
    """

    architectures: tuple[str, ...] = PAPER.architectures
    repetitions: int = 5
    warm_up: int = 1
    updates: int = 43
    steps: int = 3
    devices: int | None = None
    members_per_device: int | None = None
    pool_size: int = POOL_SIZE
    time_steps: int = 784
    torch: bool = True
    output: Path = Path("benchmarks/results/paper.csv")

    def __post_init__(self) -> None:
        ones = ("repetitions", "steps", "devices", "members_per_device", "time_steps")
        harness.check_options(self, dict.fromkeys(ones, 1) | {"warm_up": 0, "updates": 7})
        harness.check_names("architectures", self.architectures, PAPER.architectures)

    def work(self, architecture: str, num_members: int) -> Work:
        """Return a part of the first epoch of so many members, of all the runs there are."""
        return Work(
            architecture,
            (TUNING_RUNS, TABLE_RUNS),
            num_members,
            updates=self.updates,
            pool_size=self.pool_size,
            time_steps=self.time_steps,
            members_per_device=self.members_per_device,
        )


class Projection:
    """One architecture: what is timed, and what it makes of the whole comparison."""

    def __init__(self, sides: Sides, architecture: str, options: Options):
        """Show that both compute the same, and say what is timed."""
        self.sides, self.options, self.architecture = sides, options, architecture
        self.problem = Problem(architecture, BATCH_SIZE, options.time_steps)
        self.row: Row = {"architecture": architecture}
        self.rival = None
        project = sides.project
        size = project.ask(groups.plan_size, options.work(architecture, 1))
        self.work = options.work(architecture, size)
        self.turns = {
            "train": project.turn(groups.take, self.work, "run"),
            "test": project.turn(groups.take, self.work, "test"),
        }
        if sides.torch is not None:
            from benchmarks import torch_step

            differing = check_same(sides, self.problem, plain=False)
            self.rival = next(iter(differing))  # the loop as published, or torch's own layer
            self.row |= {"against": self.rival} | differing[self.rival]
            predicted = Problem(architecture, PREDICTED, options.time_steps)
            asked = (self.problem, self.rival, options.steps)
            self.turns["step"] = sides.torch.turn(torch_step.seconds_per_step, *asked)
            asked = (predicted, self.rival, 1)
            self.turns["predict"] = sides.torch.turn(torch_step.seconds_of_prediction, *asked)
        show(f"{architecture}: timing")

    def measure(self) -> tuple[Row, np.ndarray, np.ndarray | None]:
        """Take turns; return a row, and the hours of this project and of torch in every round."""
        options, work = self.options, self.work
        times = harness.take_turns(
            self.turns, repetitions=options.repetitions, warm_up=options.warm_up
        )
        project = self.sides.project
        once = sum(
            project.ask(groups.of, work, name) for name in ("prepare_seconds", "compile_seconds")
        )
        num_groups = project.ask(groups.of, work, "num_groups")
        table_groups = -(-TABLE_RUNS // work.num_members)
        training = num_groups * EPOCHS * times["train"] * UPDATES_AN_EPOCH / work.updates
        testing = table_groups * times["test"] * TEST_DIGITS / work.share(TEST_DIGITS)
        ours = (training + testing + once) / HOUR
        per_update = times["train"] / work.updates / work.num_members
        row = self.row | {"groups": project.ask(groups.of, work, "shape"), "num_groups": num_groups}
        row |= harness.spread("project_ms_an_update", 1e3 * per_update) | {"once_seconds": once}
        row |= harness.spread("project_hours", ours)
        project.ask(groups.forget)
        if self.rival is None:
            return row, ours, None
        digits = RUNS * EPOCHS * VALIDATION_DIGITS + TABLE_RUNS * TEST_DIGITS
        theirs = RUNS * EPOCHS * UPDATES_AN_EPOCH * times["step"]
        theirs = (theirs + digits / PREDICTED * times["predict"]) / HOUR
        row |= harness.spread("torch_ms_a_step", 1e3 * times["step"]) | harness.spread(
            "torch_hours", theirs
        )
        row |= harness.spread("torch_ms_a_prediction", 1e3 * times["predict"])
        return row | harness.spread("ratio", theirs / ours), ours, theirs


def paper_table(rows: list[Row]) -> str:
    """Return the table of the projected comparison."""
    titles = (
        "architecture",
        "rhythmic, h",
        "ms per update and member",
        "groups",
        "against",
        "torch, h",
        "ms per step",
        "times faster",
    )
    lines = [
        (
            row["architecture"],
            harness.cell(row, "project_hours", 2),
            harness.cell(row, "project_ms_an_update", 2),
            f"{row['num_groups']} of {row['groups']}" if "groups" in row else "",
            row.get("against", ""),
            harness.cell(row, "torch_hours"),
            harness.cell(row, "torch_ms_a_step", 0),
            harness.cell(row, "ratio"),
        )
        for row in rows
    ]
    return harness.markdown(titles, lines)


def project_all(sides: Sides, options: Options) -> list[Row]:
    """Return a row for each architecture and one for all of them together."""
    rows, ours, theirs = [], [], []
    for architecture in options.architectures:
        row, project_hours, torch_hours = Projection(sides, architecture, options).measure()
        rows.append(row)
        ours.append(project_hours)
        if torch_hours is not None:
            theirs.append(torch_hours)
    total: Row = {"architecture": "in all", **harness.spread("project_hours", np.sum(ours, axis=0))}
    if theirs:
        total |= harness.spread("torch_hours", np.sum(theirs, axis=0))
        total |= harness.spread("ratio", np.sum(theirs, axis=0) / np.sum(ours, axis=0))
    return [*rows, total]


def run(options: Options) -> None:
    """Check, time, print the table and write the rows.

    Raises:
        ImportError: if torch is asked for and not installed.
    """
    if options.torch:
        check_torch()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    load = harness.load_average(harness.RATIOS_SUFFER)
    with ExitStack() as stack:
        devices = options.devices or project_step.usable_cores()
        sides = Sides.start(stack, num_devices=devices, pinned=False, torch=options.torch)
        facts = sides.project.ask(project_step.facts) | {"load_average": load}
        if sides.torch is not None:
            from benchmarks import torch_step

            facts |= sides.torch.ask(torch_step.facts)
        facts |= {"devices": devices, "runs_an_architecture": RUNS, "batch_size": BATCH_SIZE}
        settings = ("updates", "steps", "pool_size", "time_steps", "repetitions", "warm_up")
        facts |= {name: getattr(options, name) for name in settings}
        rows = project_all(sides, options)
        write_table(options.output, [row | facts for row in rows])
    print(paper_table(rows))
    print("\n" + harness.in_words(facts))


if __name__ == "__main__":
    harness.command("paper", Options, run)
