"""Tasks submitted to the workers of an executor, which may join, die and hang.

An executor is anything with the interface of ``concurrent.futures.Executor``: pools of threads and
of processes, a Dask cluster (``client.get_executor()``: over SSH, Slurm or Kubernetes),
``mpi4py.futures``. What all tasks share is sent to a worker once, on request. A task is a pure
function of its arguments, so that it can be submitted again whenever its result does not arrive: to
another worker if the first one died, and a second time if it seems to hang, where the first result
counts.
"""

import concurrent.futures as futures
import hashlib
import itertools
import math
import pickle
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, NamedTuple

PATIENCE = 10.0  # s, at least, before a task is submitted a second time
TIMES_AS_LONG = 5  # as most results took, before a task is submitted a second time
MOST_LOST = 100  # results in a row that are lost before the executor is given up
SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_COUNTS = 5.0  # of workers: a scheduler of a thousand answers for each of them
FEWEST_AHEAD = 16  # tasks in flight, whatever an executor reports of its workers
MOST_KNOWN = 4  # functions that a worker keeps, with what they have compiled


class ExecutorLostError(RuntimeError):
    """An executor that returns no results any more; what was finished is kept."""


def answers(
    executor: futures.Executor,
    make: Callable[[], Callable[[Any], Any]],
    tasks: Iterable[Any],
    tell: Callable[[str], None] = lambda line: None,
) -> Iterator[tuple[Any, Any]]:
    """Yield every task with its result, in the order of completion.

    Args:
        executor: runs tasks on its workers.
        make: makes, once in each worker, the function that computes a task; threads of a worker
            take turns with it. Sent as bytes, with all that it holds.
        tasks: hashable; as many are submitted at once as keep the workers busy.
        tell: called with one line when tasks are submitted again.

    Raises:
        ValueError: for what cannot be sent, or an executor without futures, as that of submitit.
        ExecutorLostError: if the executor returns no results any more.
        Exception: what a task raised, in the worker.
    """
    given = _Tasks(executor, _packed(make), iter(tasks), tell)
    try:
        while given.fill():
            yield from given.answered()
    finally:
        given.cancel()


class _Given(NamedTuple):
    """A task in flight: its name, and when it was submitted."""

    task: Hashable
    since: float


class _Failed(NamedTuple):
    """What a task raised, as its result."""

    error: Exception


class _Unknown(NamedTuple):
    """The reply of a worker that has not received the shared data yet."""


def _packed(make: Callable[[], Callable[[Any], Any]]) -> bytes:
    """Return a function as bytes; those that no module names need cloudpickle."""
    try:
        import cloudpickle as pickler
    except ImportError:
        pickler = pickle
    try:
        return pickler.dumps(make)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"executor is given a function that cannot be sent to workers ({error}); define it in "
            "a module, or install cloudpickle"
        ) from None


class _Tasks:
    """The tasks of one call: those in flight, and how long results take."""

    def __init__(
        self,
        executor: futures.Executor,
        content: bytes,
        tasks: Iterator[Any],
        tell: Callable[[str], None],
    ):
        """Submit nothing yet."""
        self.executor, self.content, self.tasks, self.tell = executor, content, tasks, tell
        self.name = hashlib.sha256(content).hexdigest()
        self.under_way: dict[futures.Future, _Given] = {}
        self.waiting: dict[Hashable, float] = {}  # tasks without a result, when last submitted
        self.seconds: deque[float] = deque(maxlen=101)
        self.count = itertools.count()
        self.lost = 0
        self.most, self.counted = FEWEST_AHEAD, -math.inf

    def fill(self) -> bool:
        """Submit tasks until enough are in flight; return whether any is left."""
        if time.monotonic() - self.counted > SECONDS_BETWEEN_COUNTS:
            self.most = max(FEWEST_AHEAD, 3 * num_workers(self.executor))
            self.counted = time.monotonic()
        while len(self.waiting) < self.most:
            try:
                task = next(self.tasks)
            except StopIteration:
                break
            self.give(task)
        return bool(self.waiting)

    def give(self, task: Hashable, content: bytes | None = None) -> None:
        """Submit a task to the executor, with the shared data where a worker asked for it."""
        try:
            # Counted: Dask takes calls of equal arguments for one and the same.
            future = self.executor.submit(_answer, self.name, content, task, next(self.count))
        except Exception as error:
            raise _lost_because(error) from error
        if not isinstance(future, futures.Future):
            raise ValueError(
                f"executor is a {type(self.executor).__name__}, which gives a "
                f"{type(future).__name__} for a task; it must give a concurrent.futures.Future"
            )
        self.waiting[task] = time.monotonic()
        self.under_way[future] = _Given(task, self.waiting[task])

    def answered(self) -> Iterator[tuple[Any, Any]]:
        """Wait briefly; yield the results that arrived, and submit again what was lost or hangs."""
        done, _ = futures.wait(
            self.under_way, SECONDS_BETWEEN_LOOKS, return_when=futures.FIRST_COMPLETED
        )
        for future in done:
            given = self.under_way.pop(future)
            if given.task not in self.waiting:
                continue  # its duplicate was first
            error = _error_of(future)
            if error is not None:
                self.take_loss(given.task, error)
                continue
            answer = future.result()
            self.lost = 0
            if isinstance(answer, _Failed):
                raise answer.error
            if isinstance(answer, _Unknown):
                self.give(given.task, self.content)
                continue
            self.seconds.append(time.monotonic() - given.since)
            del self.waiting[given.task]
            yield given.task, answer
        if not done:
            check_alive(self.executor)
            self.give_again()

    def take_loss(self, task: Hashable, error: BaseException) -> None:
        """Submit a task again whose worker was lost, unless that happens repeatedly."""
        check_alive(self.executor)
        self.lost += 1
        if isinstance(error, futures.BrokenExecutor) or self.lost > MOST_LOST:
            raise _lost_because(error) from error
        self.tell(f"a worker was lost ({_line(error)}); its task is given to another")
        self.give(task)

    def give_again(self) -> None:
        """Submit tasks a second time whose results take far longer than most."""
        if not self.seconds:
            return
        patience = max(PATIENCE, TIMES_AS_LONG * statistics.median(self.seconds))
        now = time.monotonic()
        late = [task for task, since in self.waiting.items() if now - since > patience]
        if late:
            self.tell(f"{len(late)} tasks take long; they are given to other workers as well")
        for task in late:
            self.give(task)

    def cancel(self) -> None:
        """Take back what has not begun."""
        for future in self.under_way:
            future.cancel()


class _Known(NamedTuple):
    """What this process was sent, and the lock under which it answers."""

    function: Callable[[Any], Any]
    lock: threading.Lock


_known: dict[str, _Known] = {}
_adding = threading.Lock()


def _answer(name: str, content: bytes | None, task: Any, count: int) -> Any:
    """Return the result of a task, or what it raised: all else is the loss of a worker."""
    del count
    try:
        with _adding:
            if name not in _known:
                if content is None:
                    return _Unknown()
                while len(_known) >= MOST_KNOWN:
                    del _known[next(iter(_known))]
                _known[name] = _Known(pickle.loads(content)(), threading.Lock())
            known = _known[name]
        with known.lock:
            return known.function(task)
    except Exception as error:
        return _Failed(error)


def _error_of(future: futures.Future) -> BaseException | None:
    """Return why there is no result; None if there is one."""
    try:
        return future.exception()
    except futures.CancelledError as error:
        return error


def _lost_because(error: BaseException) -> ExecutorLostError:
    return ExecutorLostError(
        f"the executor gives no answers any more ({_line(error)}); what is finished is kept, and "
        "the same call with another executor resumes from it"
    )


def _line(error: BaseException) -> str:
    """Return an error as one line."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def check_alive(executor: futures.Executor) -> None:
    """Raise an ExecutorLostError for a Dask cluster whose scheduler is gone.

    Its futures would never complete; those of other executors raise.
    """
    status = getattr(getattr(executor, "_client", None), "status", "running")
    if status != "running":
        raise _lost_because(ConnectionError(f"its client is {status}"))


def num_workers(executor: futures.Executor) -> int:
    """Return how many workers an executor has now, 0 where it is unknown."""
    client = getattr(executor, "_client", None)
    if client is not None and hasattr(client, "scheduler_info"):
        return len(client.scheduler_info().get("workers", ()))
    known = getattr(executor, "_max_workers", 0)
    return known if isinstance(known, int) else 0
