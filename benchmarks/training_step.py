"""``python -m benchmarks.training_step``: one training step beside its rivals', in turns."""

import csv
import importlib.util
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np

from benchmarks import equinox_step, harness, project_step
from benchmarks.operations import operations, operations_at_events
from benchmarks.problem import LARGE, MODELS, Pixels, Problem
from benchmarks.sides import SCAN, Sides, check_same
from rhythmic.progress import show
from rhythmic.records import Row, write_table


@dataclass(frozen=True)
class Options:
    """Time one training step (forward, backward, clip, AdamW) of this project and of its rivals.

    This project, its plain scan and Equinox run on one core, torch with its default threads, in two
    processes that take turns. All are first shown to compute the same loss and gradient in float64.

    Args:
        models: networks from rrn-golden, rnn, lstm, horn-like.
        members: sizes of the groups that this project trains at once; times are for one member.
            horn-like is timed alone.
        pixels: which pixels are nonzero, which the RRN's time depends on. digits: as many as in
            MNIST; uniform: each with a chance of 0.19; dense: all.
        repetitions: timed turns of each side.
        warm_up: turns of each side before those, not counted.
        steps: training steps a turn; a turn's time is their mean.
        batch_size: sequences a step, at least 2.
        time_steps: pixels a sequence.
        torch: compare with torch.
        plain: compare with this project's plain scan and with Equinox.
        torch_threads: threads that torch computes with; by default as many as torch chooses.
        pinned: keep this project on one core, where the system can; an accelerator's host process
            may do better without.
        output: CSV file for the rows; those of the same models are replaced.
    """

    models: tuple[str, ...] = tuple(MODELS)
    members: tuple[int, ...] = (1, 4, 8)
    pixels: Pixels = "digits"
    repetitions: int = 10
    warm_up: int = 1
    steps: int = 5
    batch_size: int = 128
    time_steps: int = 784
    torch: bool = True
    plain: bool = True
    torch_threads: int | None = None
    pinned: bool = True
    output: Path = Path("benchmarks/results/training_step.csv")

    def __post_init__(self) -> None:
        ones = ("repetitions", "warm_up", "steps", "time_steps", "torch_threads")
        harness.check_options(self, dict.fromkeys(ones, 1) | {"batch_size": 2})
        harness.check_names("models", self.models, MODELS)
        for size in self.members:
            if size < 1:
                raise ValueError(f"members holds {size}; a group has at least 1")
        harness.check_names("members", self.members)
        harness.check_names("pixels", (self.pixels,), get_args(Pixels))


Turn = Callable[[], float]


class Contest:
    """One network, its rivals and what they take turns at."""

    def __init__(self, sides: Sides, model: str, options: Options):
        """Show that all compute the same, and compile."""
        self.sides, self.options = sides, options
        self.problem = Problem(model, options.batch_size, options.time_steps, options.pixels)
        self.steps, self.sizes = (1, (1,)) if model == LARGE else (options.steps, options.members)
        self.rivals = check_same(sides, self.problem, plain=options.plain)
        show(f"{model}: " + ("all compute the same, timing" if self.rivals else "timing"))
        self.compile_seconds: dict[int, float] = {}
        self.turns: dict[str, Turn] = {}
        for size in self.sizes:
            asked = (self.problem, size, self.steps)
            self.compile_seconds[size] = sides.project.ask(project_step.compile_seconds, *asked)
            turn = sides.project.turn(project_step.seconds_per_step, *asked)
            self.turns[f"members {size}"] = turn
        for rival in self.rivals:
            self.turns[rival] = self.rival_turn(rival)

    def rival_turn(self, rival: str) -> Turn:
        """Return a rival's turn, after compiling what it compiles."""
        project, problem = self.sides.project, self.problem
        if rival == SCAN:
            asked = (problem, 1, self.steps, "scan")
            seconds = project.ask(project_step.compile_seconds, *asked)
            turn = project.turn(project_step.seconds_per_step, *asked)
        elif rival == equinox_step.NAME:
            seconds = project.ask(equinox_step.compile_seconds, problem)
            turn = project.turn(equinox_step.seconds_per_step, problem, self.steps)
        else:
            from benchmarks import torch_step

            assert self.sides.torch is not None
            return self.sides.torch.turn(torch_step.seconds_per_step, problem, rival, self.steps)
        self.rivals[rival]["rival_compile_seconds"] = seconds
        return turn

    def rows(self, peak: float) -> list[Row]:
        """Take turns, and return a row for each rival and size of group.

        Args:
            peak: operations a second that a core reaches.
        """
        options = self.options
        times = harness.take_turns(
            self.turns, repetitions=options.repetitions, warm_up=options.warm_up
        )
        names: list[str | None] = [*self.rivals] or [None]
        rows = []
        for against in names:
            for size in self.sizes:
                ours = 1e3 * times[f"members {size}"]
                row: Row = {"model": self.problem.model, "against": against, "members": size}
                row |= harness.spread("project_ms", ours) | self.shares(
                    peak, float(np.median(ours))
                )
                if against is not None:
                    theirs = 1e3 * times[against]
                    row |= harness.spread("rival_ms", theirs) | harness.spread(
                        "ratio", theirs / ours
                    )
                    row |= self.rivals[against]
                row |= {"compile_seconds": self.compile_seconds[size], "steps": self.steps}
                rows.append(row | {"pixels": self.problem.pixels})
        return rows

    def shares(self, peak: float, milliseconds: float) -> Row:
        """Return what the least time by arithmetic is of the time taken."""
        counts = {
            "roofline_share": operations(self.problem),
            "roofline_share_at_events": operations_at_events(self.problem),
        }
        return {
            name: count / peak / (1e-3 * milliseconds)
            for name, count in counts.items()
            if count is not None
        }


def step_tables(rows: list[Row]) -> str:
    """Return two tables: this project's training steps, and those of its rivals with the ratios."""
    first = own_steps(rows)
    return f"{first}\n\n{rival_steps(rows)}" if any(row["against"] for row in rows) else first


def own_steps(rows: list[Row]) -> str:
    """Return the table of this project's training steps."""
    titles = (
        "model",
        "members",
        "rhythmic, ms per step and member",
        "roofline fraction",
        "compile, s",
    )
    ours = {(row["model"], row["members"]): row for row in rows}
    lines = [
        (
            MODELS[model],
            str(size),
            harness.cell(row, "project_ms"),
            roofline(row),
            f"{row['compile_seconds']:.1f}",
        )
        for (model, size), row in ours.items()
    ]
    return harness.markdown(titles, lines)


def rival_steps(rows: list[Row]) -> str:
    """Return the table of the rivals' training steps, with a ratio for each size of group."""
    rivals: dict[tuple[str, str], dict[int, Row]] = {}
    for row in rows:
        rivals.setdefault((row["model"], row["against"]), {})[row["members"]] = row
    sizes = sorted({row["members"] for row in rows})
    ratios = (f"times faster, {size} member{'' if size == 1 else 's'}" for size in sizes)
    titles = ("model", "against", "ms per step", "compile, s", *ratios)
    lines = []
    for (model, against), by_size in rivals.items():
        any_size = next(iter(by_size.values()))
        times = (harness.cell(any_size, "rival_ms"), rival_compilation(any_size))
        own = (harness.cell(by_size.get(size, {}), "ratio") for size in sizes)
        lines.append((MODELS[model], against, *times, *own))
    return harness.markdown(titles, lines)


def roofline(row: Row) -> str:
    """Write the share of the least time in the time taken."""
    share = f"{100 * row['roofline_share']:.0f} %"
    at_events = row.get("roofline_share_at_events")
    return share if at_events is None else f"{share}, {100 * at_events:.0f} % at the events"


def rival_compilation(row: Row) -> str:
    """Write the seconds that a rival compiles, nothing where it does not."""
    seconds = row.get("rival_compile_seconds")
    return "" if seconds is None else f"{seconds:.1f}"


def gather_facts(sides: Sides, options: Options) -> Row:
    """Return what the rows have in common: machine, versions, sizes."""
    facts = sides.project.ask(project_step.facts)
    facts["peak_gigaflops"] = sides.project.ask(project_step.peak_operations) / 1e9
    if sides.torch is not None:
        from benchmarks import torch_step

        facts |= sides.torch.ask(torch_step.facts)
    settings = ("batch_size", "time_steps", "repetitions", "warm_up")
    return {name: getattr(options, name) for name in settings} | facts


def check_torch() -> None:
    """Raise an ImportError in one line if torch is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise ImportError(
            "torch is not installed; install rhythmic[oracle], or time without it: --no-torch"
        )


def rows_of_others(options: Options) -> list[Row]:
    """Read the rows of models that are not timed now, to be kept."""
    if not options.output.exists():
        return []
    with open(options.output, newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["model"] not in options.models]


def run(options: Options) -> None:
    """Check, time, print the tables and write the rows.

    Raises:
        ImportError: if torch is asked for and not installed.
    """
    if options.torch:
        check_torch()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    load = harness.load_average(harness.RATIOS_SUFFER)
    with ExitStack() as stack:
        sides = Sides.start(
            stack,
            pinned=options.pinned,
            torch=options.torch,
            torch_threads=options.torch_threads,
        )
        facts = gather_facts(sides, options) | {"load_average": load}
        others = rows_of_others(options)
        rows: list[Row] = []
        for model in options.models:
            rows += Contest(sides, model, options).rows(1e9 * facts["peak_gigaflops"])
            write_table(options.output, [*others, *(row | facts for row in rows)])
    print(step_tables(rows))
    print("\n" + harness.in_words(facts))


if __name__ == "__main__":
    harness.command("training_step", Options, run)
