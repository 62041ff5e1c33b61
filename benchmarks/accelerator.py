"""``python -m benchmarks.accelerator``: what a GPU is measured by, in parts that can be resumed.

It needs JAX, Equinox, Optax, NumPy and SciPy alone. Every part takes a folder, skips what that
folder holds already, and stops by itself before a time limit; the same command goes on, also on
another machine to which the folder was copied.

    steps   training steps of every network, by the fastest way there is and by the plain scan
    epochs  wall time of 54 members against one
    paper   the published comparison, group by group, as ``python -m experiments.mnist`` trains it

What ``paper`` leaves is a run folder of that experiment, FOLDER/paper, and FOLDER/mnist.jsonl, the
experiment's results file with the new rows. ``python -m experiments.mnist --preset paper --run-dir
FOLDER/paper`` takes them over and draws tables and figures.
"""

import argparse
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import jax
import numpy as np

from benchmarks import project_step
from benchmarks.harness import spread, use_devices
from benchmarks.problem import LARGE, Problem
from experiments.ranges import MOST, MOST_BY_NAME, check_number
from rhythmic.fast import Method
from rhythmic.interruption import refuse, stopping
from rhythmic.networks import published
from rhythmic.progress import show
from rhythmic.records import Row, append_rows, open_run_folder, read_sealed_rows
from rhythmic.training import is_out_of_memory

MODELS = (*published(), LARGE)


class TimeIsUp(Exception):
    """The time limit is near, and all that is finished is written."""


class Clock:
    """What is left of the time that a command may take."""

    def __init__(self, minutes: float):
        self.end = time.monotonic() + 60 * minutes

    def check(self) -> None:
        """Raise TimeIsUp at the limit."""
        if time.monotonic() > self.end:
            raise TimeIsUp


def measure(path: Path, wanted: list[Row], clock: Clock, timed: Any) -> None:
    """Append a row for each of ``wanted`` that the file does not hold.

    Args:
        path: file of rows.
        wanted: what identifies a row.
        clock: the time limit, looked at before every row.
        timed: function of such a row that returns what was measured.
    """
    facts = project_step.facts()
    finished = [{name: row.get(name) for name in wanted[0]} for row in read_sealed_rows(path, show)]
    for row in wanted:
        if row in finished:
            continue
        clock.check()
        try:
            found = timed(row)
        except (MemoryError, jax.errors.JaxRuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            found = {"failed": "out of memory"}
        append_rows(path, [row | found | facts])
        show(", ".join(f"{value}" for value in row.values()) + f": {found}")


def steps(options: argparse.Namespace, clock: Clock) -> None:
    """Time training steps of groups on one device."""

    def timed(row: Row) -> Row:
        problem = Problem(row["model"], row["batch_size"], row["time_steps"])
        count = 1 if row["model"] == LARGE else options.steps
        group = project_step.GroupSteps(problem, row["members"], count, row["method"])
        group.run()
        seconds = np.array([group.run() for _ in range(options.repetitions)])
        if np.any(np.asarray(group.state.failed_at_step) >= 0):
            return {"failed": "a loss or gradient was not finite"}
        return spread("ms_a_step", 1e3 * seconds / count) | {
            "ms_a_step_a_member": 1e3 * float(np.median(seconds)) / count / row["members"],
            "compile_seconds": group.compile_seconds,
        }

    shape = {"batch_size": options.batch_size, "time_steps": options.time_steps}
    wanted = [
        {"model": model, "method": method, "members": members, **shape}
        for members in options.members
        for model in options.models
        for method in options.methods
        if not (model == LARGE and method == "fastest")
    ]
    measure(options.output / "steps.jsonl", wanted, clock, timed)


def epochs(options: argparse.Namespace, clock: Clock) -> None:
    """Time a part of an epoch of groups, in the shape that the experiment would choose."""
    from benchmarks import groups

    def timed(row: Row) -> Row:
        work = groups.Work(
            row["architecture"],
            (row["members"],),
            row["members"],
            updates=row["updates"],
            pool_size=options.pool_size,
            time_steps=row["time_steps"],
        )
        made = groups.Groups(work)
        made.run()
        seconds = np.array([made.run() for _ in range(options.repetitions)])
        return spread("seconds", seconds) | {
            "seconds_per_1000_updates_of_a_member": 1e3
            * float(np.median(seconds))
            / (row["updates"] * row["members"]),
            "groups": str(made.plan),
            "compile_seconds": made.group.compile_seconds,
            "prepare_seconds": made.prepare_seconds,
        }

    shape = {"updates": options.updates, "time_steps": options.time_steps}
    wanted = [
        {"architecture": model, "members": members, **shape}
        for model in options.models
        if model != LARGE
        for members in options.members
    ]
    measure(options.output / "epochs.jsonl", wanted, clock, timed)


def paper(options: argparse.Namespace, clock: Clock) -> None:
    """Train what is missing of the comparison, until the time is up."""
    from experiments.mnist.configuration import PRESETS
    from experiments.mnist.members import MnistStore, train_all
    from experiments.options import recorded
    from rhythmic.data import load

    preset = PRESETS[options.preset]
    folder = options.output / "paper"
    results = None
    if preset.results is not None:
        results = options.output / "mnist.jsonl"
        if preset.results.exists() and not results.exists():
            shutil.copyfile(preset.results, results)
    chosen: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name in ("architectures", "seeds", "epochs", "members_per_device", "data_dir")
        if (value := getattr(options, name)) is not None
    }
    configuration = replace(preset, run_dir=folder, results=results, **chosen)
    configuration.check()
    digits = load(configuration.dataset, data_dir=configuration.data_dir)
    open_run_folder(folder, recorded("mnist", configuration))
    store = MnistStore(configuration, digits, folder / "members.jsonl")
    train_all(store, folder, after_epoch=clock.check)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accelerator")
    parts = parser.add_subparsers(dest="part", required=True)
    made = {}
    for name, function in (("steps", steps), ("epochs", epochs), ("paper", paper)):
        part = made[name] = parts.add_parser(name, help=function.__doc__)
        part.set_defaults(function=function)
        add_common(part)
    for name, members in (("steps", [1, 54, 512]), ("epochs", [1, 54])):
        add_groups(made[name], members)
    add_steps(made["steps"])
    part = made["epochs"]
    text = "optimizer updates that are timed, of the 430 in an epoch (default 43)"
    part.add_argument("--updates", type=int, default=43, help=text)
    text = "digits in the pool that updates draw from (default 70000, all of MNIST)"
    part.add_argument("--pool-size", type=int, default=70_000, help=text)
    add_paper(made["paper"])
    return parser.parse_args(arguments)


def add_common(part: argparse.ArgumentParser) -> None:
    """Add the options of every part."""
    text = "folder that keeps what is finished; the same command goes on from it"
    part.add_argument("--output", type=Path, required=True, help=text)
    text = "time limit in minutes: it stops at the first occasion after it (default 9)"
    part.add_argument("--minutes", type=float, default=9.0, help=text)
    text = "devices that a processor is divided into; a GPU ignores it (default 1)"
    part.add_argument("--devices", type=int, default=1, help=text)


def add_groups(part: argparse.ArgumentParser, members: list[int]) -> None:
    """Add which groups of networks are timed."""
    text = "networks to time, one group each (default all)"
    part.add_argument("--models", nargs="+", default=MODELS, choices=MODELS, help=text)
    sizes = " ".join(map(str, members))
    text = f"group sizes: networks that train side by side (default {sizes})"
    part.add_argument("--members", nargs="+", type=int, default=members, help=text)
    text = "length of a sequence in time steps, one pixel each (default 784)"
    part.add_argument("--time-steps", type=int, default=784, help=text)
    text = "timed runs of each group; median, least and most are kept (default 5)"
    part.add_argument("--repetitions", type=int, default=5, help=text)


def add_steps(part: argparse.ArgumentParser) -> None:
    """Add what the timing of training steps alone needs."""
    methods = get_args(Method)
    text = "ways to the features to time (default: the fastest there is, and the plain scan)"
    both = ("scan", "fastest")
    part.add_argument("--methods", nargs="+", default=both, choices=methods, help=text)
    text = "digits in a batch (default 128)"
    part.add_argument("--batch-size", type=int, default=128, help=text)
    text = f"training steps in a timed run; {LARGE} takes one (default 5)"
    part.add_argument("--steps", type=int, default=5, help=text)


def add_paper(part: argparse.ArgumentParser) -> None:
    """Add which part of the published comparison is trained."""
    choices = ("quick", "table", "paper")
    text = "preset of experiments.mnist (default paper: the whole published protocol)"
    part.add_argument("--preset", default="paper", choices=choices, help=text)
    text = "folder with the four MNIST files; without it they are downloaded"
    part.add_argument("--data-dir", type=Path, help=text)
    text = "names of the architectures to train (default all of the preset)"
    part.add_argument("--architectures", nargs="+", help=text)
    text = "seeds to train for the table (default those of the preset)"
    part.add_argument("--seeds", nargs="+", type=int, help=text)
    text = "passes over the training digits (default those of the preset)"
    part.add_argument("--epochs", type=int, help=text)
    text = "networks that train side by side on one device (default by the device)"
    part.add_argument("--members-per-device", type=int, help=text)


def main() -> None:
    """Run one part, and turn what the user can correct into one line."""
    with stopping("stopped; the same command goes on"):
        options = parse(sys.argv[1:])
        try:
            check(options)
            use_devices(options.devices)
            options.output.mkdir(parents=True, exist_ok=True)
            options.function(options, Clock(options.minutes))
            show(f"{options.part}: finished")
        except TimeIsUp:
            show(f"{options.part}: time is up; the same command goes on")
        except (ValueError, OSError, ImportError, MemoryError) as error:
            refuse(str(error) or "out of memory")


def check(options: argparse.Namespace) -> None:
    """Raise a ValueError of one line for a number out of its range."""
    for name, value in vars(options).items():
        for one in value if isinstance(value, list) else [value]:
            check_number(name, one, MOST_BY_NAME.get(name, MOST))
            least = 0 if name in ("seeds", "minutes") else 1
            if isinstance(one, int | float) and one < least:
                raise ValueError(f"{name} is {one}; it must be at least {least}")


if __name__ == "__main__":
    main()
