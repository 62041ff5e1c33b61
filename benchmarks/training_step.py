"""``python -m benchmarks.training_step``: one training step, beside torch, in turns."""

import importlib.util
import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from benchmarks import project_step
from benchmarks.problem import Problem
from benchmarks.table import MODELS, markdown, spread
from rhythmic.progress import show
from rhythmic.records import Row, write_table

# Both sides in float64: they differ by rounding, which near-critical nodes amplify a little.
TOLERANCE = 1e-8

Milliseconds = dict[str, np.ndarray]


@dataclass(frozen=True)
class Options:
    """Time one training step (forward, backward, clip, AdamW) of this project and of torch.

    This project runs on one core, torch with its default threads, in two processes that take
    turns. Both are first shown to compute the same loss and gradient in float64.

    Args:
        models: networks from rrn-golden, rnn, lstm.
        members: sizes of the groups that this project trains at once; times are for one member.
        repetitions: timed turns of each side.
        warm_up: turns of each side before those, not counted.
        steps: training steps a turn; a turn's time is their mean.
        batch_size: sequences a step, at least 2.
        time_steps: pixels a sequence.
        torch: compare with torch; without it this project is timed alone.
        torch_threads: threads that torch computes with; by default as many as torch chooses.
        pinned: keep this project on one core, where the system can; an accelerator's host process
            may do better without.
        output: CSV file for the rows, replaced if it exists.
    """

    models: tuple[str, ...] = tuple(MODELS)
    members: tuple[int, ...] = (1, 4)
    repetitions: int = 10
    warm_up: int = 1
    steps: int = 5
    batch_size: int = 128
    time_steps: int = 784
    torch: bool = True
    torch_threads: int | None = None
    pinned: bool = True
    output: Path = Path("benchmarks/results/training_step.csv")

    def __post_init__(self) -> None:
        smallest = dict.fromkeys(
            ("repetitions", "warm_up", "steps", "time_steps", "torch_threads"), 1
        ) | {"batch_size": 2}
        for name, least in smallest.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} is {value}; it must be at least {least}")
        for model in self.models:
            if model not in MODELS:
                raise ValueError(f"models holds {model!r}; choose from {', '.join(MODELS)}")
        for size in self.members:
            if size < 1:
                raise ValueError(f"members holds {size}; a group has at least 1")
        for name in ("models", "members"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise ValueError(f"{name} is {values}; it takes one or more different values")
        if self.output.suffix != ".csv":
            raise ValueError(f"output is {self.output}; its name must end in .csv")


class Sides:
    """The two processes, alive together and working one at a time."""

    def __init__(self, options: Options, stack: ExitStack):
        def process(**settings: Any) -> ProcessPoolExecutor:
            context = multiprocessing.get_context("spawn")
            return stack.enter_context(ProcessPoolExecutor(1, context, **settings))

        self.project = process(initializer=project_step.use_one_device, initargs=(options.pinned,))
        self.torch = None
        if options.torch:
            from benchmarks import torch_step

            self.torch = process(
                initializer=torch_step.set_threads, initargs=(options.torch_threads,)
            )

    def ask_project(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in this project's process and wait for it."""
        return self.project.submit(function, *arguments).result()

    def ask_torch(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in torch's process and wait for it."""
        assert self.torch is not None
        return self.torch.submit(function, *arguments).result()


def check_same(sides: Sides, problem: Problem) -> dict[str, Row]:
    """Return how far each rival's loss and gradient are from this project's.

    Raises:
        ValueError: if one is further than rounding, since its time would mean nothing.
    """
    from benchmarks import torch_models, torch_step

    reference = sides.ask_project(project_step.reference, problem)
    found = {}
    for rival in torch_models.MAKERS[problem.model]:
        loss, gradient = sides.ask_torch(torch_step.differences, problem, rival, reference)
        if not (loss <= TOLERANCE and gradient <= TOLERANCE):
            raise ValueError(
                f"{problem.model} and {rival} differ by {loss:.1e} in loss and {gradient:.1e} in "
                f"gradient, allowed is {TOLERANCE:.0e}; not timed"
            )
        found[rival] = {"loss_difference": loss, "gradient_difference": gradient}
    return found


def take_turns(turns: dict[str, Callable[[], float]], options: Options) -> Milliseconds:
    """Go round all turns again and again; return the milliseconds of each, warm-up left out.

    What slows the machine down for a while slows all sides alike, so ratios are taken within a
    round.
    """
    rounds = [
        [1e3 * turn() for turn in turns.values()]
        for _ in range(options.warm_up + options.repetitions)
    ]
    return dict(zip(turns, np.array(rounds[options.warm_up :]).T, strict=True))


def compare(sides: Sides, model: str, options: Options) -> list[Row]:
    """Check and time one network; return one row for each rival and size of group."""
    problem = Problem(model, options.batch_size, options.time_steps)
    rivals: dict[str, Row] = check_same(sides, problem) if options.torch else {}
    show(f"{model}: " + ("same loss and gradient as torch, timing" if rivals else "timing"))
    compiling, turns = {}, {}
    for size in options.members:
        arguments = (problem, size, options.steps)
        compiling[size] = sides.ask_project(project_step.compile_seconds, *arguments)
        turns[f"members {size}"] = project_turn(sides, *arguments)
    for rival in rivals:
        turns[rival] = torch_turn(sides, problem, rival, options.steps)
    milliseconds = take_turns(turns, options)
    rows = []
    names: list[str | None] = [*rivals] or [None]
    for against in names:
        for size in options.members:
            ours = milliseconds[f"members {size}"]
            row: Row = {"model": model, "against": against, "members": size}
            row |= spread("project_ms", ours)
            if against is not None:
                theirs = milliseconds[against]
                row |= spread("torch_ms", theirs) | spread("ratio", theirs / ours)
                row |= rivals[against]
            rows.append(row | {"compile_seconds": compiling[size]})
    return rows


def project_turn(sides: Sides, *arguments: Any) -> Callable[[], float]:
    """Return a turn of this project."""
    return lambda: sides.ask_project(project_step.seconds_per_step, *arguments)


def torch_turn(sides: Sides, *arguments: Any) -> Callable[[], float]:
    """Return a turn of torch."""
    from benchmarks import torch_step

    return lambda: sides.ask_torch(torch_step.seconds_per_step, *arguments)


def gather_facts(sides: Sides, options: Options) -> Row:
    """Return what the rows have in common: machine, versions, sizes."""
    facts = sides.ask_project(project_step.facts)
    if options.torch:
        from benchmarks import torch_step

        facts |= sides.ask_torch(torch_step.facts)
    settings = ("batch_size", "time_steps", "repetitions", "warm_up", "steps")
    return {name: getattr(options, name) for name in settings} | facts


def run(options: Options) -> None:
    """Check, time, print the table and write the rows.

    Raises:
        ImportError: if torch is asked for and not installed.
    """
    if options.torch and importlib.util.find_spec("torch") is None:
        raise ImportError(
            "torch is not installed; install rhythmic[oracle], or time without it: --no-torch"
        )
    options.output.parent.mkdir(parents=True, exist_ok=True)
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    if load is not None and load > 0.5:
        show(
            f"warning: the machine is busy (load average {load}); torch's threads suffer more from "
            "that than one core, so the ratios come out too large"
        )
    with ExitStack() as stack:
        sides = Sides(options, stack)
        facts = gather_facts(sides, options) | {"load_average": load}
        rows: list[Row] = []
        for model in options.models:
            rows += compare(sides, model, options)
            write_table(options.output, [row | facts for row in rows])
    print(markdown(rows))
    print("\n" + ", ".join(f"{name} {value}" for name, value in facts.items()))


def main() -> None:
    """Run, and turn what the user can mend into one line."""
    try:
        run(tyro.cli(Options, prog="python -m benchmarks.training_step"))
    except (ValueError, ImportError, OSError, BrokenProcessPool) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
