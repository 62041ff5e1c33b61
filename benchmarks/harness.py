"""What every benchmark shares: sides that take turns, tables of medians, the machine, one command.

A side may live in a process of its own.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from typing import Any, TypeVar

import equinox as eqx
import jax
import numpy as np

from experiments.ranges import at_least, check_ranges
from rhythmic.interruption import refuse, stopping
from rhythmic.progress import show
from rhythmic.provenance import processor_name, provenance
from rhythmic.records import Row

Options = TypeVar("Options")
RATIOS_SUFFER = (
    "; torch's threads suffer more from that than one core, so the ratios come out too large"
)


class Side:
    """A process that works when it is asked to, and is waited for."""

    def __init__(self, stack: ExitStack, initializer: Callable[..., None], *arguments: Any):
        """Start the process, which ends with ``stack``; it first calls ``initializer``."""
        context = multiprocessing.get_context("spawn")
        self.pool = stack.enter_context(
            ProcessPoolExecutor(1, context, initializer=initializer, initargs=arguments)
        )

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function there and wait for what it returns."""
        return self.pool.submit(function, *arguments).result()

    def turn(self, function: Callable[..., float], *arguments: Any) -> Callable[[], float]:
        """Return a turn of this side: a call that gives seconds."""
        return lambda: self.ask(function, *arguments)


def use_devices(num_devices: int, pinned: bool = False) -> None:
    """Divide the processor into devices, and keep this process on as many cores if ``pinned``.

    Threads that it starts from now on stay there too.
    """
    if pinned and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-num_devices:])
    jax.config.update("jax_num_cpu_devices", num_devices)


class Compiled:
    """A compiled pure function of arrays and modules, called on the same arguments again and again.

    ``first_seconds`` is what trace, compilation and the first call took, ``peak_bytes`` what the
    compiler reserves beside arguments and results.
    """

    def __init__(self, function: Callable[..., Any], *arguments: Any):
        self.arguments = arguments
        started = time.perf_counter()
        jitted: Any = eqx.filter_jit(function)
        self.compiled = jitted.lower(*arguments).compile()
        self.once()
        self.first_seconds = time.perf_counter() - started
        self.peak_bytes = self.compiled.compiled.memory_analysis().temp_size_in_bytes

    def once(self) -> Any:
        """Return what the function returns, computed anew."""
        return jax.block_until_ready(self.compiled(*self.arguments))

    def seconds(self, number: int) -> float:
        """Return the mean seconds of ``number`` calls."""
        started = time.perf_counter()
        for _ in range(number):
            self.once()
        return (time.perf_counter() - started) / number


def seconds(function: Callable[..., object], *arguments: Any) -> float:
    """Return the seconds of a call."""
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started


def take_turns(
    turns: dict[str, Callable[[], float]], *, repetitions: int, warm_up: int
) -> dict[str, np.ndarray]:
    """Go round all turns again and again; return the seconds of each, warm-up left out.

    What slows the machine down for a while slows all sides alike, so ratios are taken within a
    round.
    """
    rounds = [[turn() for turn in turns.values()] for _ in range(warm_up + repetitions)]
    return dict(zip(turns, np.array(rounds[warm_up:]).T, strict=True))


def current_load() -> float | None:
    """Return how many processes wanted to run in the last minute."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def load_average(consequence: str = "") -> float | None:
    """Return the current load, and warn of more than half a process."""
    load = current_load()
    if load is not None and load > 0.5:
        show(f"warning: the machine is busy (load average {load}){consequence}")
    return load


def machine(versions: Iterable[str] = (), **further: Any) -> Row:
    """Return what this process runs on, as scalars, with the versions of some packages."""
    record = provenance()
    return {
        "processor": processor_name(),
        "processor_cores": os.cpu_count(),
        **further,
        **{name: record["versions"][name] for name in versions},
        "git": record["git"],
        "started": record["started"],
    }


def check_options(options: Any, smallest: dict[str, int]) -> None:
    """Raise a ValueError of one line for a number below its smallest value, or no CSV file."""
    check_ranges(options)
    at_least(options, **smallest)
    if options.output.suffix != ".csv":
        raise ValueError(f"output is {options.output}; its name must end in .csv")


def check_names(name: str, values: tuple[Any, ...], allowed: Any = None) -> None:
    """Raise a ValueError unless ``values`` is some different ones of those allowed."""
    for value in values:
        if allowed is not None and value not in allowed:
            raise ValueError(f"{name} holds {value!r}; choose from {', '.join(allowed)}")
    if not values or len(set(values)) < len(values):
        raise ValueError(f"{name} is {values}; it takes one or more different values")


def spread(name: str, values: np.ndarray) -> Row:
    """Return median, minimum and maximum."""
    return {
        name: float(np.median(values)),
        f"{name}_min": float(np.min(values)),
        f"{name}_max": float(np.max(values)),
    }


def cell(row: Row, name: str, digits: int = 1) -> str:
    """Write a median with the smallest and largest in brackets; nothing where it is absent."""
    if name not in row:
        return ""
    middle, low, high = (f"{row[name + end]:.{digits}f}" for end in ("", "_min", "_max"))
    return f"{middle} ({low} to {high})"


def markdown(titles: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table as Markdown."""
    table = [titles, ("---",) * len(titles), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in table)


def in_words(facts: Row) -> str:
    """Write what all rows have in common in one line."""
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def command(name: str, options: type[Options], run: Callable[[Options], None]) -> None:
    """Run a benchmark from the command line; turn what the user can correct into one line."""
    import tyro  # the parts for an accelerator run without

    with stopping("stopped"):
        try:
            run(tyro.cli(options, prog=f"python -m benchmarks.{name}"))
        except (ValueError, ImportError, OSError, BrokenProcessPool) as error:
            refuse(error)
