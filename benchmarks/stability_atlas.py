"""``python -m benchmarks.stability_atlas``: the atlas of the two-step node, beside NumPy."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import atlas_sides, harness
from benchmarks.atlas_sides import REGIME, RHYTHM, SIMULATION, Arrays, Work, numpy_map, project_map
from rhythmic.progress import show
from rhythmic.records import Row, write_table

RIVALS = {
    REGIME: ("complex roots", "same inequalities"),
    RHYTHM: ("complex roots",),
    SIMULATION: ("loop over time", "loop over time, stopped nodes dropped"),
}
SMALL = 500  # points along an axis of the maps that show that all sides agree


@dataclass(frozen=True)
class Options:
    """Time maps of regimes, of frequency and decay, and simulated ones, here and in NumPy.

    All sides compute the same maps over w1 -2.5 to 2.5 and w2 -1.5 to 1.5 in one dtype, from the
    values along both axes. This project spreads chunks over the cores; NumPy uses one, as it
    does, in blocks that stay in its cache. Sides take turns.

    Args:
        side: points along each axis of the maps in closed form; 10,000 makes 10^8 points.
        simulated_side: points along each axis of the simulated map.
        num_steps: steps of the simulation.
        dtypes: float32, float64 or both: of all weights and arithmetic of a comparison.
        cores: of this project.
        chunk_points: points of a chunk of this project.
        block_points: points of a block of NumPy, and of the simulation here.
        repetitions: timed turns of each side.
        warm_up: turns of each side before those, not counted.
        output: CSV file for the rows, replaced if it exists.
    """

    side: int = 10_000
    simulated_side: int = 1000
    num_steps: int = 784
    dtypes: tuple[str, ...] = ("float32", "float64")
    cores: int = 2
    chunk_points: int = 2_000_000
    block_points: int = 2**14
    repetitions: int = 5
    warm_up: int = 1
    output: Path = Path("benchmarks/results/stability_atlas.csv")

    def __post_init__(self) -> None:
        least = {"side": 2, "simulated_side": 2, "num_steps": 2, "cores": 1, "chunk_points": 1}
        harness.check_options(self, least | {"block_points": 1, "repetitions": 1, "warm_up": 0})
        harness.check_names("dtypes", self.dtypes, ("float32", "float64"))

    def work(self, task: str, dtype: str) -> Work:
        """Return one map."""
        side = self.simulated_side if task == SIMULATION else self.side
        return Work(task, side, dtype, self.chunk_points, self.block_points, self.num_steps)


def check_agreement(work: Work, ours: Arrays, theirs: Arrays, rival: str) -> Row:
    """Return how far a rival's map is from ours.

    Regimes may differ where rounding decides them: next to the edges. Frequencies and rates may
    differ by what a rounded discriminant makes of them where the roots nearly meet.

    Raises:
        ValueError: if they differ by more, since its time would mean nothing.
    """
    largest = 4 * float(np.finfo(work.dtype).eps) ** 0.5
    row: Row = {"regimes_differ": 0.0, "largest_difference": 0.0}
    if "regime" in ours:
        row["regimes_differ"] = float(np.mean(ours["regime"] != theirs["regime"]))
    angles = [
        2 * np.pi * work.dt * (ours[name] - theirs[name]) for name in ours if name == "frequency"
    ]
    if "decay_time" in ours:
        angles.append(work.dt / ours["decay_time"] - work.dt / theirs["decay_time"])
    if "growth_rate" in ours:
        angles.append(work.dt * (ours["growth_rate"] - theirs["growth_rate"]))
    for values in angles:
        known = np.abs(values[np.isfinite(values)])
        row["largest_difference"] = max(row["largest_difference"], float(known.max(initial=0)))
    # The edges of the triangle take up 2 / side of the map, and a rival may miss all of them.
    if row["regimes_differ"] > 8 / work.side or row["largest_difference"] > largest:
        raise ValueError(f"{work.task} and NumPy, {rival}, differ: {row}; not timed")
    return row


def compare(options: Options) -> list[Row]:
    """Show that all sides agree, let them take turns, and return a row for each comparison."""
    with ExitStack() as stack:
        project = harness.Side(stack, harness.use_devices, options.cores)
        numpy = harness.Side(stack, harness.use_devices, 1)
        rows = [
            row
            for dtype in options.dtypes
            for task in RIVALS
            for row in compare_task(project, numpy, options.work(task, dtype), options)
        ]
        peak = {"project_peak_gib": project.ask(atlas_sides.peak_gib)}
        peak["numpy_peak_gib"] = numpy.ask(atlas_sides.peak_gib)
    return [row | peak for row in rows]


def compare_task(
    project: harness.Side, numpy: harness.Side, work: Work, options: Options
) -> list[Row]:
    """Compare one map."""
    small = work.smaller(min(work.side, SMALL))
    ours = project.ask(project_map, small)
    agreement = {
        rival: check_agreement(small, ours, numpy.ask(numpy_map, small, rival), rival)
        for rival in RIVALS[work.task]
    }
    show(f"{work.task}, {work.dtype}: all sides agree")
    compiling = project.ask(atlas_sides.compile_seconds, work)
    turns = {"project": project.turn(harness.seconds, project_map, work, False)} | {
        rival: numpy.turn(harness.seconds, numpy_map, work, rival, False) for rival in agreement
    }
    times = harness.take_turns(turns, repetitions=options.repetitions, warm_up=options.warm_up)
    rows = []
    for rival, agreed in agreement.items():
        row: Row = {"task": work.task, "against": rival, "dtype": work.dtype}
        row |= {"points": work.side**2, **agreed, "compile_seconds": compiling}
        row |= harness.spread("project_seconds", times["project"]) | harness.spread(
            "numpy_seconds", times[rival]
        )
        rows.append(row | harness.spread("ratio", times[rival] / times["project"]))
    return rows


def facts(options: Options) -> Row:
    """Return what this ran on, as scalars."""
    settings = ("num_steps", "chunk_points", "block_points", "repetitions", "warm_up")
    return {
        **harness.machine(("python", "jax", "jaxlib", "numpy"), project_cores=options.cores),
        "load_average": harness.load_average(", which several cores suffer more"),
        **{name: getattr(options, name) for name in settings},
    }


def table(rows: list[Row]) -> str:
    """Return the medians as Markdown, the smallest and largest in brackets."""
    titles = ("map", "points", "dtype", "NumPy by", "rhythmic, s", "NumPy, s", "times faster")
    lines = [
        (
            row["task"],
            f"{row['points']:,}",
            row["dtype"],
            row["against"],
            harness.cell(row, "project_seconds", 3),
            harness.cell(row, "numpy_seconds", 2),
            harness.cell(row, "ratio"),
        )
        for row in rows
    ]
    return harness.markdown(
        (*titles, "compile, s"),
        [(*line, f"{row['compile_seconds']:.1f}") for line, row in zip(lines, rows, strict=True)],
    )


def run(options: Options) -> None:
    """Compare, print the table and write the rows."""
    options.output.parent.mkdir(parents=True, exist_ok=True)
    common = facts(options)
    rows = compare(options)
    write_table(options.output, [row | common for row in rows])
    print(table(rows))
    print(
        f"\n{options.num_steps} steps in the simulated map; this project on {options.cores} cores,"
        f" NumPy on one; peak memory {rows[0]['project_peak_gib']:.2f} GiB here,"
        f" {rows[0]['numpy_peak_gib']:.2f} GiB in NumPy's process"
    )
    print(harness.in_words(common))


if __name__ == "__main__":
    harness.command("stability_atlas", Options, run)
