"""Chunks of a sweep computed by the workers of an executor, byte for byte as one process does.

A task is a chunk: it names the sweep by a hash, and a worker that does not know that sweep asks
for it. A worker compiles once, keeps the program, and writes nothing: its results go back to the
process that called.
"""

import functools
import hashlib
import pickle
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from typing import Any, NamedTuple

import jax
import numpy as np

from rhythmic.runs.executors import answers
from rhythmic.sweep.chunks import Arrays, ChunkComputer, Computed, Shape
from rhythmic.sweep.environment import computing_environment
from rhythmic.sweep.plan import Chunk, ChunkPlan
from rhythmic.sweep.specification import Stages, Sweep

MOST_KNOWN = 4  # sweeps that a worker keeps compiled


class Task(NamedTuple):
    """What a worker is asked for: a chunk of a plan, or, without one, a plan that fits."""

    sweep: str
    content: bytes | None  # the sweep itself, where a worker asked for it
    plan: ChunkPlan
    chunk: Chunk | None


class Answer(NamedTuple):
    """What a worker gives back: a plan that fits, or a chunk; nothing if the sweep is unknown."""

    plan: ChunkPlan
    arrays: Arrays
    shape: Shape
    num_not_finite: int
    environment: dict[str, Any] | None


class Workers:
    """The workers of an executor, for one sweep."""

    def __init__(self, executor: Executor, sweep: Sweep, tell: Callable[[str], None]):
        """Pack the sweep.

        Raises:
            ValueError: for a sweep that cannot be sent to a worker.
        """
        self.executor, self.tell = executor, tell
        self.content = packed(sweep)
        self.name = hashlib.sha256(self.content).hexdigest()

    def prepare(self, plan: ChunkPlan) -> tuple[dict[str, Any], ChunkPlan]:
        """Return what computes on a worker, and the plan, or a smaller one that fits there."""
        ((_, answer),) = self.ask([Task(self.name, self.content, plan, None)])
        assert answer.environment is not None
        return answer.environment, answer.plan

    def computed(self, plan: ChunkPlan, chunks: Sequence[Chunk]) -> Iterator[Computed]:
        """Yield chunks as they are finished."""
        tasks = (Task(self.name, None, plan, chunk) for chunk in chunks)
        for task, found in self.ask(tasks):
            assert task.chunk is not None
            yield Computed(task.chunk, *found[1:])

    def ask(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Answer]]:
        """Yield answers; a worker that does not know the sweep is sent it."""
        queue = _Queue(tasks)
        for task, answer in answers(self.executor, answer_task, queue, self.tell):
            if answer.environment is None:
                queue.first.append(task._replace(content=self.content))
            else:
                yield task, answer


class _Queue:
    """Tasks, and before them those that are to be given once more."""

    def __init__(self, tasks: Iterable[Task]):
        """Begin with nothing before them."""
        self.first: list[Task] = []
        self.tasks = iter(tasks)

    def __iter__(self) -> Iterator[Task]:
        return self

    def __next__(self) -> Task:
        return self.first.pop() if self.first else next(self.tasks)


def packed(sweep: Sweep) -> bytes:
    """Return a sweep as bytes; functions that no module names need cloudpickle.

    Raises:
        ValueError: for one that cannot be packed.
    """
    try:
        import cloudpickle as pickler
    except ImportError:
        pickler = pickle
    try:
        return pickler.dumps(sweep)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"function of sweep {sweep.name} cannot be sent to workers ({error}); define it in a "
            "module, or install cloudpickle"
        ) from None


class _Known(NamedTuple):
    """A sweep that this process has compiled, and its lock: threads take turns."""

    computer: ChunkComputer
    environment: dict[str, Any]
    lock: threading.Lock


_known: dict[str, _Known] = {}
_adding = threading.Lock()


def answer_task(task: Task) -> Answer:
    """Compute what is asked for, in a worker."""
    with _adding:
        known = _known.get(task.sweep)
        if known is None:
            if task.content is None:
                return Answer(task.plan, {}, {}, 0, None)
            sweep = pickle.loads(task.content)
            computer = ChunkComputer(sweep, jax.local_devices(), lambda line: None)
            known = _Known(computer, computing_environment(sweep), threading.Lock())
            _known[task.sweep] = known
            while len(_known) > MOST_KNOWN:
                _known.pop(next(iter(_known)))
    computer, environment, lock = known
    with lock:
        if task.chunk is None:
            return Answer(computer.fitting(task.plan), {}, {}, 0, environment)
        # A smaller plan stays once memory ran out.
        if computer.made_program is None or not _halves(task.plan, computer.program.plan):
            computer.use(task.plan)
        found = computed_chunk(computer, task.chunk)
    arrays = {name: np.ascontiguousarray(x) for name, x in found.arrays.items()}
    return Answer(task.plan, arrays, found.shape, found.num_not_finite, environment)


def computed_chunk(computer: ChunkComputer, chunk: Chunk) -> Computed:
    """Compute one chunk, and keep nothing of its stages."""
    if isinstance(computer.sweep.function, Stages):
        return computer.compute_stages(chunk, None, lambda count: None)
    return computer.finished(computer.started(chunk))


@functools.lru_cache(maxsize=64)
def _halves(plan: ChunkPlan, smaller: ChunkPlan) -> bool:
    """Tell whether a plan, halved again and again, gives another one."""
    while plan != smaller:
        half = plan.halved()
        if half == plan:
            return False
        plan = half
    return True
