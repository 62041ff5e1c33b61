"""Programs here run for a moment, in this process: compiling them is what takes time."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import pytest


@pytest.fixture(autouse=True, scope="module")
def quick_compilation() -> Iterator[None]:
    """Compile without the costly optimisations while these tests run; later ones as before."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


class Here:
    """A side in this process, which keeps its devices and threads."""

    def __init__(self, *stack_and_initializer: Any):
        pass

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    def turn(self, function: Callable[..., float], *arguments: Any) -> Callable[[], float]:
        return lambda: function(*arguments)


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.harness.Side", Here)


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with open(path) as file:
        return list(csv.DictReader(file))
