"""Chunks of a sweep computed by the workers of an executor, byte-identical to one process.

A task is a chunk. A worker compiles once and keeps the program. It writes nothing: its results go
back to the process that called, unless they go to an object store.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np

from rhythmic.runs.environment import check_worker
from rhythmic.runs.executors import answers
from rhythmic.sweep.chunks import ChunkComputer, Computed
from rhythmic.sweep.environment import computing_environment
from rhythmic.sweep.plan import Chunk, ChunkPlan
from rhythmic.sweep.specification import Sweep

if TYPE_CHECKING:
    from rhythmic.sweep.objects import ObjectSweep


UNLIKE = "make the workers alike, or allow changes: each chunk then says what computed it"


class Target(NamedTuple):
    """The URL of the sweep that a worker writes to, and whether it may compute otherwise."""

    url: str
    allow_changes: bool


class Task(NamedTuple):
    """What a worker is asked for: a chunk of a plan, or, without one, a plan that fits."""

    plan: ChunkPlan
    chunk: Chunk | None
    target: Target | None = None


class Workers:
    """The workers of an executor, for one sweep."""

    def __init__(self, executor: Executor, sweep: Sweep, tell: Callable[[str], None]):
        """Send nothing yet."""
        self.ask = partial(answers, executor, partial(ChunkWorker, sweep), tell=tell)

    def prepare(self, plan: ChunkPlan) -> tuple[dict[str, Any], ChunkPlan]:
        """Return what computes on a worker, and the plan, or a smaller one that fits there."""
        ((_, found),) = self.ask([Task(plan, None)])
        return found

    def computed(
        self, plan: ChunkPlan, chunks: Sequence[Chunk], target: Target | None = None
    ) -> Iterator[Computed]:
        """Yield chunks as they are finished; without arrays where the workers write to a target."""
        for _, found in self.ask(Task(plan, chunk, target) for chunk in chunks):
            yield found


class ChunkWorker:
    """Computes chunks of a sweep in a worker."""

    def __init__(self, sweep: Sweep):
        """Compile nothing yet."""
        self.computer = ChunkComputer(sweep, jax.local_devices(), lambda line: None)
        self.environment = computing_environment(sweep)
        self.stores: dict[str, ObjectSweep] = {}

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
        found = found._replace(arrays=arrays, environment=self.environment)
        if task.target is None:
            return found
        self.store_of(task.target).write(found)
        return found._replace(arrays={})

    def store_of(self, target: Target) -> "ObjectSweep":
        """Return the sweep that chunks are written to.

        Raises:
            RefusedError: if it was begun by what computes otherwise, and that is not allowed.
        """
        from rhythmic.sweep.objects import ObjectSweep

        if target.url not in self.stores:
            store = ObjectSweep.open(target.url)
            if not target.allow_changes:
                check_worker(store.description["environment"], self.environment, UNLIKE)
            self.stores[target.url] = store
        return self.stores[target.url]


@functools.lru_cache(maxsize=64)
def _halves(plan: ChunkPlan, smaller: ChunkPlan) -> bool:
    """Return whether a plan, halved again and again, gives another one."""
    while plan != smaller:
        half = plan.halved()
        if half == plan:
            return False
        plan = half
    return True
