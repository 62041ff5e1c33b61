"""``python -m benchmarks.epochs``: epochs of 1, 8 and 54 members, on one core and on two."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import groups, harness, project_step
from benchmarks.groups import BATCH_SIZE, TABLE_RUNS, TUNING_RUNS, UPDATES_AN_EPOCH, Work
from benchmarks.problem import MODELS
from rhythmic.progress import show
from rhythmic.records import Row, write_table

ARCHITECTURES = ("rrn-golden", "rnn", "lstm")
SWEPT = ("rrn-golden-unconnected", "rrn-golden")
SWEEP_EPOCHS = 30
RUNS = TUNING_RUNS + TABLE_RUNS


@dataclass(frozen=True)
class Options:
    """Time epochs of training and validation, in groups as the experiment would make them.

    Two processes take turns: one device pinned to one core, and several devices, each with a core.
    An epoch holds 43 of the 430 updates of a published one, and 500 of its 5,000 validation digits.

    Args:
        architectures: networks from rrn-golden, rnn, lstm.
        members: how many are trained; 54 is the published search, 18 settings by 3 seeds.
        devices: devices of the second process.
        members_per_device: members side by side on a device at most; by default as in the
            experiment.
        repetitions: timed turns of each side.
        warm_up: turns of each side before those, not counted.
        updates: updates an epoch, of 430.
        time_steps: pixels a sequence.
        sweep: time a run of 30 epochs without and with recurrence too.
        output: CSV file for the rows, replaced if it exists.
    """

    architectures: tuple[str, ...] = ARCHITECTURES
    members: tuple[int, ...] = (1, 8, 54)
    devices: int = 2
    members_per_device: int | None = None
    repetitions: int = 3
    warm_up: int = 1
    updates: int = 43
    time_steps: int = 784
    sweep: bool = True
    output: Path = Path("benchmarks/results/epochs.csv")

    def __post_init__(self) -> None:
        ones = ("repetitions", "members_per_device", "time_steps")
        harness.check_options(
            self, dict.fromkeys(ones, 1) | {"warm_up": 0, "devices": 2, "updates": 7}
        )
        harness.check_names("architectures", self.architectures, ARCHITECTURES)
        harness.check_names("members", self.members)
        if min(self.members) < 1:
            raise ValueError(f"members holds {min(self.members)}; it must be at least 1")

    def work(self, architecture: str, num_members: int) -> Work:
        """Return an epoch of so many members."""
        return self.part(architecture, (num_members,), num_members, epochs=1)

    def part(
        self, architecture: str, counts: tuple[int, ...], num_members: int, *, epochs: int
    ) -> Work:
        """Return a run of these options."""
        return Work(
            architecture,
            counts,
            num_members,
            updates=self.updates,
            epochs=epochs,
            pool_size=round(70_000 / UPDATES_AN_EPOCH * self.updates) + BATCH_SIZE,
            time_steps=self.time_steps,
            members_per_device=self.members_per_device,
        )


def compare(
    one: harness.Side, several: harness.Side, architecture: str, options: Options
) -> list[Row]:
    """Time one network; return a row for each number of members."""
    show(f"{architecture}: compiling")
    works = {count: options.work(architecture, count) for count in options.members}
    turns, shapes = {}, {}
    for count, work in works.items():
        for name, side in (("one", one), ("several", several)):
            if count > 1 or name == "one":  # one member cannot be spread
                turns[f"{name} {count}"] = side.turn(groups.take, work, "run")
                shapes[f"{name} {count}"] = side.ask(groups.of, work, "shape")
    times = harness.take_turns(turns, repetitions=options.repetitions, warm_up=options.warm_up)
    rows = []
    for count, work in works.items():
        row: Row = {"architecture": architecture, "members": count}
        alone = times[f"one {count}"]
        scale = 1000 / options.updates / count
        row |= harness.spread("seconds_one_core", scale * alone) | {
            "groups_one": shapes[f"one {count}"]
        }
        if 1 in works:
            row |= harness.spread("wall_time_of_members", alone / times["one 1"])
        if count > 1:
            spread_out = times[f"several {count}"]
            row |= harness.spread("seconds_several", scale * spread_out)
            row |= {"groups_several": shapes[f"several {count}"]}
            row |= harness.spread("cores_ratio", alone / spread_out)
        row["compile_seconds"] = one.ask(groups.of, work, "compile_seconds")
        rows.append(row)
    one.ask(groups.forget)
    several.ask(groups.forget)
    return rows


def sweep(one: harness.Side, options: Options) -> list[Row]:
    """Time one run of 30 epochs in a sweep of 64, without recurrence and with it."""
    counts = (TUNING_RUNS, TABLE_RUNS)
    works = {}
    for name in SWEPT:
        size = one.ask(groups.plan_size, options.part(name, counts, 1, epochs=SWEEP_EPOCHS))
        works[name] = options.part(name, counts, size, epochs=SWEEP_EPOCHS)
    show("a run of 30 epochs, without recurrence and with it")
    turns = {name: one.turn(groups.take, work, "run") for name, work in works.items()}
    times = harness.take_turns(turns, repetitions=options.repetitions, warm_up=0)
    preparing = {name: one.ask(groups.of, work, "prepare_seconds") for name, work in works.items()}
    whole = {
        name: times[name] / work.num_members + preparing[name] / RUNS
        for name, work in works.items()
    }
    return [
        {
            "architecture": name,
            **harness.spread("seconds_a_run", whole[name]),
            "preparation_seconds": preparing[name],
            "preparation_a_run": preparing[name] / RUNS,
            "groups_one": one.ask(groups.of, works[name], "shape"),
            **harness.spread("recurrence_ratio", whole["rrn-golden"] / whole[name]),
        }
        for name in SWEPT
    ]


def epoch_table(rows: list[Row]) -> str:
    """Return the table of epochs."""
    titles = (
        "model",
        "members",
        "one core, s per 1,000 updates of a member",
        "wall time against one member",
        "several cores, s",
        "times faster than one core",
        "groups",
        "compile, s",
    )
    lines = [
        (
            MODELS[row["architecture"]],
            str(row["members"]),
            harness.cell(row, "seconds_one_core", 2),
            harness.cell(row, "wall_time_of_members"),
            harness.cell(row, "seconds_several", 2),
            harness.cell(row, "cores_ratio", 2),
            "; ".join(row[name] for name in ("groups_one", "groups_several") if name in row),
            f"{row['compile_seconds']:.1f}",
        )
        for row in rows
    ]
    return harness.markdown(titles, lines)


def run_table(rows: list[Row]) -> str:
    """Return the table of whole runs."""
    titles = (
        "golden RRN, 30 epochs",
        "s per run",
        "of these, preparing the pool",
        "groups",
        "times faster than with recurrence",
    )
    lines = [
        (
            row["architecture"],
            harness.cell(row, "seconds_a_run", 3),
            f"{row['preparation_a_run']:.3f} (of {row['preparation_seconds']:.2f} s)",
            row["groups_one"],
            harness.cell(row, "recurrence_ratio", 0),
        )
        for row in rows
    ]
    return harness.markdown(titles, lines)


def run(options: Options) -> None:
    """Time, print the tables and write the rows."""
    options.output.parent.mkdir(parents=True, exist_ok=True)
    load = harness.load_average(harness.RATIOS_SUFFER)
    with ExitStack() as stack:
        one = harness.Side(stack, harness.use_devices, 1, True)
        several = harness.Side(stack, harness.use_devices, options.devices, True)
        facts = one.ask(project_step.facts) | {"load_average": load, "batch_size": BATCH_SIZE}
        facts["cores_of_several"] = several.ask(project_step.facts)["project_cores"]
        facts |= {
            name: getattr(options, name)
            for name in ("devices", "updates", "time_steps", "repetitions", "warm_up")
        }
        rows: list[Row] = []
        for architecture in options.architectures:
            rows += compare(one, several, architecture, options)
            write_table(options.output, [row | facts for row in rows])
        if options.sweep:
            rows += sweep(one, options)
            write_table(options.output, [row | facts for row in rows])
    print(epoch_table([row for row in rows if "members" in row]))
    if options.sweep:
        print("\n" + run_table([row for row in rows if "seconds_a_run" in row]))
    print("\n" + harness.in_words(facts))


if __name__ == "__main__":
    harness.command("epochs", Options, run)
