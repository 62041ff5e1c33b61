"""Chunks of a sweep computed by the workers of an executor, byte for byte as one process does.

A task is a chunk. A worker compiles once, keeps the program, and writes nothing: its results go
back to the process that called.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from rhythmic.runs.executors import answers
from rhythmic.sweep.chunks import ChunkComputer, Computed
from rhythmic.sweep.environment import computing_environment
from rhythmic.sweep.plan import Chunk, ChunkPlan
from rhythmic.sweep.specification import Sweep


class Task(NamedTuple):
    """What a worker is asked for: a chunk of a plan, or, without one, a plan that fits."""

    plan: ChunkPlan
    chunk: Chunk | None


class Workers:
    """The workers of an executor, for one sweep."""

    def __init__(self, executor: Executor, sweep: Sweep, tell: Callable[[str], None]):
        """Send nothing yet."""
        self.ask = partial(answers, executor, partial(ChunkWorker, sweep), tell=tell)

    def prepare(self, plan: ChunkPlan) -> tuple[dict[str, Any], ChunkPlan]:
        """Return what computes on a worker, and the plan, or a smaller one that fits there."""
        ((_, found),) = self.ask([Task(plan, None)])
        return found

    def computed(self, plan: ChunkPlan, chunks: Sequence[Chunk]) -> Iterator[Computed]:
        """Yield chunks as they are finished."""
        for _, found in self.ask(Task(plan, chunk) for chunk in chunks):
            yield found


class ChunkWorker:
    """Computes chunks of a sweep in a worker."""

    def __init__(self, sweep: Sweep):
        """Compile nothing yet."""
        self.computer = ChunkComputer(sweep, jax.local_devices(), lambda line: None)
        self.environment = computing_environment(sweep)

    def __call__(self, task: Task) -> Computed | tuple[dict[str, Any], ChunkPlan]:
        """Return a chunk, or what computes here and a plan that fits."""
        computer = self.computer
        if task.chunk is None:
            return self.environment, computer.fitting(task.plan)
        # A smaller plan stays once memory ran out.
        if computer.made_program is None or not _halves(task.plan, computer.program.plan):
            computer.use(task.plan)
        found = computer.computed(task.chunk)
        arrays = {name: np.ascontiguousarray(x) for name, x in found.arrays.items()}
        return found._replace(arrays=arrays, environment=self.environment)


@functools.lru_cache(maxsize=64)
def _halves(plan: ChunkPlan, smaller: ChunkPlan) -> bool:
    """Tell whether a plan, halved again and again, gives another one."""
    while plan != smaller:
        half = plan.halved()
        if half == plan:
            return False
        plan = half
    return True
