"""Sides that live in processes of their own and take turns, and what is said of the machine."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from typing import Any

import numpy as np

from rhythmic.progress import show


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


def take_turns(
    turns: dict[str, Callable[[], float]], *, repetitions: int, warm_up: int
) -> dict[str, np.ndarray]:
    """Go round all turns again and again; return the seconds of each, warm-up left out.

    What slows the machine down for a while slows all sides alike, so ratios are taken within a
    round.
    """
    rounds = [[turn() for turn in turns.values()] for _ in range(warm_up + repetitions)]
    return dict(zip(turns, np.array(rounds[warm_up:]).T, strict=True))


def load_average() -> float | None:
    """Return how many processes wanted to run in the last minute, and warn of more than half."""
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    if load is not None and load > 0.5:
        show(
            f"warning: the machine is busy (load average {load}); torch's threads suffer more from "
            "that than one core, so the ratios come out too large"
        )
    return load


def check_numbers(options: Any, smallest: dict[str, int]) -> None:
    """Raise a ValueError that names the option below its smallest value; None passes."""
    for name, least in smallest.items():
        value = getattr(options, name)
        if value is not None and value < least:
            raise ValueError(f"{name} is {value}; it must be at least {least}")


def check_names(name: str, values: tuple[Any, ...], allowed: Any = None) -> None:
    """Raise a ValueError unless ``values`` is some different ones of those allowed."""
    for value in values:
        if allowed is not None and value not in allowed:
            raise ValueError(f"{name} holds {value!r}; choose from {', '.join(allowed)}")
    if not values or len(set(values)) < len(values):
        raise ValueError(f"{name} is {values}; it takes one or more different values")
