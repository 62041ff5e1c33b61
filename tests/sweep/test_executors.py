"""Chunks computed by workers of an executor: the bytes of one process, whatever happens to them."""

import concurrent.futures as futures
import functools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time

import jax
import numpy as np
import pytest

from rhythmic.runs import executors
from rhythmic.runs.executors import ExecutorLostError, answers
from rhythmic.sweep import Grid, Output, Sweep, linear_axis, run_sweep, values_axis, workers
from rhythmic.sweep.dataset import open_sweep
from rhythmic.sweep.plan import RefusedError
from rhythmic.sweep.store import SweepStore
from tests.sweep.child import make_sweep
from tests.sweep.small import make_sweep as small_sweep

POINTS = {"plain": 10, "stages": 20}  # of a chunk


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    """Begin with workers that know no sweep."""
    monkeypatch.setattr(executors, "_known", {})


class StrangeExecutor(futures.Executor):
    """Computes in threads, but for the calls of some numbers: these are lost, or hang.

    A call is lost after the answers of those before it: many losses in a row would otherwise come
    sooner than the first answer where the threads are slow.
    """

    def __init__(self, *, lost=(), hanging=()):
        self.pool, self.count, self.computed = futures.ThreadPoolExecutor(2), 0, []
        self.lost, self.hanging = lost, hanging

    def submit(self, function, *arguments):
        self.count += 1
        future = futures.Future()
        if self.count in self.lost:
            futures.wait(self.computed)
            future.set_exception(ConnectionError("worker went away"))
        elif self.count not in self.hanging:
            future = self.pool.submit(function, *arguments)
            self.computed.append(future)
        return future


def test_an_executor_without_futures_is_refused():
    class Jobs(futures.Executor):
        def submit(self, function, *arguments):
            return "a job of another kind"

    with pytest.raises(ValueError, match=r"^executor is a Jobs, which gives a str for a task; it"):
        run_sweep(small_sweep(), executor=Jobs(), quiet=True)


@pytest.fixture(scope="module")
def of_one_process(tmp_path_factory, stored_bytes):
    """The bytes that this process alone leaves of a sweep of a kind."""

    @functools.cache
    def run(kind):
        folder = tmp_path_factory.mktemp(kind)
        run_sweep(make_sweep(kind), folder=folder, chunk_points=POINTS[kind], quiet=True)
        return stored_bytes(folder)

    return run


@pytest.mark.parametrize("kind", POINTS)
def test_threads_give_the_bytes_of_one_process(kind, tmp_path, stored_bytes, of_one_process):
    expected, points = of_one_process(kind), POINTS[kind]
    with futures.ThreadPoolExecutor(3) as pool:
        run_sweep(make_sweep(kind), folder=tmp_path, chunk_points=points, executor=pool, quiet=True)
        assert stored_bytes(tmp_path) == expected
        found = run_sweep(make_sweep(kind), chunk_points=points, executor=pool, quiet=True)
    for name, values in open_sweep(tmp_path).data_vars.items():
        np.testing.assert_array_equal(found.arrays[name], values)


@pytest.mark.slow
def test_processes_give_the_bytes_of_one(tmp_path, stored_bytes, of_one_process):
    context = multiprocessing.get_context("spawn")
    with futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        run_sweep(make_sweep("plain"), folder=tmp_path, chunk_points=10, executor=pool, quiet=True)
    assert stored_bytes(tmp_path) == of_one_process("plain")


def test_lost_and_hanging_tasks_are_given_again(
    tmp_path, stored_bytes, of_one_process, monkeypatch, capsys
):
    monkeypatch.setattr(executors, "PATIENCE", 0.2)
    monkeypatch.setattr(executors, "SECONDS_BETWEEN_LOOKS", 0.05)
    strange = StrangeExecutor(lost={3, 4, 10}, hanging={5, 6})
    run_sweep(make_sweep("plain"), folder=tmp_path, chunk_points=10, executor=strange)
    said = capsys.readouterr().err
    assert "a worker was lost (ConnectionError: worker went away)" in said
    assert "tasks take long; they are given to other workers as well" in said
    assert stored_bytes(tmp_path) == of_one_process("plain")


def test_an_executor_without_answers_is_given_up_and_the_same_call_resumes(
    tmp_path, stored_bytes, of_one_process
):
    ending = StrangeExecutor(lost=range(7, 10**6))
    with pytest.raises(ExecutorLostError, match=r"gives no answers any more .*resumes from it"):
        run_sweep(make_sweep("plain"), folder=tmp_path, chunk_points=10, executor=ending)
    assert 0 < SweepStore.open(tmp_path).done().sum() < 6
    run_sweep(make_sweep("plain"), folder=tmp_path, chunk_points=10, quiet=True)
    assert stored_bytes(tmp_path) == of_one_process("plain")


def test_an_executor_that_is_shut_down_is_named(tmp_path):
    pool = futures.ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(ExecutorLostError, match="cannot schedule new futures"):
        run_sweep(small_sweep(), executor=pool, quiet=True)


def end_the_process(number):
    if number == 3:
        os._exit(1)
    return number


@pytest.mark.slow
def test_a_pool_whose_process_ends_is_given_up():
    with (
        futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
        pytest.raises(ExecutorLostError, match="BrokenProcessPool"),
    ):
        list(answers(pool, lambda: end_the_process, range(5)))


class CountedClient:
    """Says how many workers there are, as a client of Dask does, and counts who asks."""

    def __init__(self):
        self.asked, self.status = 0, "running"

    def scheduler_info(self):
        self.asked += 1
        return {"workers": dict.fromkeys(range(20))}


def test_workers_are_counted_once_in_a_while_and_kept_busy(monkeypatch):
    with futures.ThreadPoolExecutor(2) as pool:
        pool._client = CountedClient()
        assert len(list(answers(pool, lambda: lambda number: number, range(300)))) == 300
        assert pool._client.asked < 10
        monkeypatch.setattr(executors, "SECONDS_BETWEEN_COUNTS", -1.0)
        given = executors._Tasks(pool, b"", iter(range(100)), lambda line: None)
        assert given.fill()
        assert len(given.waiting) == 60
        given.cancel()


def test_what_a_function_raises_is_raised_here():
    def refuse(number):
        raise ValueError(f"number is {number}; it must be even")

    with futures.ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="it must be even"):
        list(answers(pool, lambda: refuse, [1]))


TOLD = threading.Event()


def slowly(number):
    if number == 9:  # answered once it was said to take long, however busy the machine is
        assert TOLD.wait(60)
    return 2 * number


def test_a_task_is_answered_once_though_it_was_given_twice(monkeypatch):
    monkeypatch.setattr(executors, "PATIENCE", 0.05)
    monkeypatch.setattr(executors, "TIMES_AS_LONG", 1)
    monkeypatch.setattr(executors, "SECONDS_BETWEEN_LOOKS", 0.02)
    # The last task is given after some answers: without one, nobody knows what takes long.
    monkeypatch.setattr(executors, "FEWEST_AHEAD", 4)
    monkeypatch.setattr(executors, "num_workers", lambda executor: 0)
    said = []

    def tell(line):
        said.append(line)
        TOLD.set()

    with futures.ThreadPoolExecutor(4) as pool:
        found = list(answers(pool, lambda: slowly, range(10), tell))
    assert sorted(found) == [(number, 2 * number) for number in range(10)]
    assert any("take long; they are given to other workers as well" in line for line in said)


def test_a_worker_that_computes_otherwise_is_refused_or_labelled(tmp_path, monkeypatch):
    compute = workers.ChunkWorker.__call__

    def otherwise(self, task):
        found = compute(self, task)
        if task.chunk is None or task.chunk.number < 2:
            return found
        return found._replace(environment=found.environment | {"jax": "0.0"})

    monkeypatch.setattr(workers.ChunkWorker, "__call__", otherwise)
    with futures.ThreadPoolExecutor(1) as pool:
        asked = {"folder": tmp_path, "chunk_points": 2, "executor": pool, "quiet": True}
        with pytest.raises(RefusedError, match=r"computes otherwise \(jax: .* there, 0.0 here"):
            run_sweep(small_sweep(), **asked)
        run_sweep(small_sweep(), **asked, allow_changes=True)
    assert any("jax 0.0" in line for line in open_sweep(tmp_path).attrs["computed_by"])


def test_a_function_that_cannot_be_sent_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with futures.ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="install cloudp"):
        run_sweep(small_sweep(), executor=pool, quiet=True)


def long_node(gain, scale):
    """Take about a tenth of a second."""

    def step(value, _):
        return jax.numpy.sin(gain * value) + scale, None

    return {"last": jax.lax.scan(step, gain, None, length=1_500_000)[0]}


def long_sweep():
    axes = (linear_axis("gain", 0.5, 3, 40, "1"), values_axis("scale", [0.1, 0.2, 0.3], "1"))
    return Sweep("long", long_node, Grid(axes), {"last": Output("1")})


def run_long(folder, **options):
    return run_sweep(long_sweep(), folder=folder, chunk_points=3, quiet=True, **options)


@pytest.fixture(scope="module")
def long_bytes(tmp_path_factory, stored_bytes):
    """The bytes of the long sweep, computed by one process."""
    folder = tmp_path_factory.mktemp("long")
    run_long(folder)
    return stored_bytes(folder)


def once_begun(folder, act):
    """Act when the first chunks of a sweep are there."""
    while not sum(path.stat().st_size for path in folder.glob("chunks/*.journal")) > 2000:
        time.sleep(0.05)
    act()


class Cluster:
    """A Dask scheduler and two workers, each a process of its own."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.file = folder / "scheduler.json"
        self.scheduler = self.start("scheduler", "--no-dashboard", "--port", "0")
        self.workers = [self.start_worker() for _ in range(2)]

    def start(self, name, *arguments):
        command = [sys.executable, "-m", f"distributed.cli.dask_{name}"]
        command += [*arguments, "--scheduler-file", str(self.file)]
        process = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.processes.append(process)
        return process

    def start_worker(self):
        return self.start("worker", "--no-nanny", "--nthreads", "1", "--no-dashboard")

    def close(self):
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    pytest.importorskip("distributed")
    found = Cluster(tmp_path)
    yield found
    found.close()


@pytest.fixture
def client(cluster):
    from distributed import Client

    while not cluster.file.exists():
        time.sleep(0.1)
    client = Client(scheduler_file=str(cluster.file), set_as_default=False)
    client.wait_for_workers(2)
    yield client
    client.close(timeout=5)


needs_dask = pytest.mark.filterwarnings("default")


@pytest.mark.slow
@needs_dask
def test_dask_gives_the_bytes_of_one_process(tmp_path, client, stored_bytes, long_bytes):
    run_long(tmp_path / "run", executor=client.get_executor())
    assert stored_bytes(tmp_path / "run") == long_bytes


@pytest.mark.slow
@needs_dask
def test_dask_workers_are_killed_ten_times(tmp_path, cluster, client, stored_bytes, long_bytes):
    generator, kills, done = random.Random(1), [], threading.Event()

    def kill():
        while len(kills) < 10 and not done.wait(generator.uniform(0.2, 1.5)):
            place = generator.randrange(2)
            cluster.workers[place].kill()
            cluster.workers[place].wait()
            kills.append(place)
            cluster.workers[place] = cluster.start_worker()

    killer = threading.Thread(target=kill)
    killer.start()
    number = 0
    try:
        while len(kills) < 10:  # runs until so many kills fell into one
            number += 1
            run_long(tmp_path / str(number), executor=client.get_executor())
            assert stored_bytes(tmp_path / str(number)) == long_bytes
    finally:
        done.set()
        killer.join()


@pytest.mark.slow
@needs_dask
def test_a_dask_worker_stops_for_a_minute(tmp_path, cluster, client, stored_bytes, long_bytes):
    def stop():
        cluster.workers[0].send_signal(signal.SIGSTOP)
        time.sleep(60)
        cluster.workers[0].send_signal(signal.SIGCONT)

    stopper = threading.Thread(target=once_begun, args=(tmp_path / "run", stop))
    stopper.start()
    started = time.monotonic()
    run_long(tmp_path / "run", executor=client.get_executor())
    seconds = time.monotonic() - started
    stopper.join()
    assert stored_bytes(tmp_path / "run") == long_bytes
    assert seconds < 60


@pytest.mark.slow
@needs_dask
def test_a_lost_dask_scheduler_is_named_and_the_same_call_resumes(
    tmp_path, cluster, client, stored_bytes, long_bytes
):
    killer = threading.Thread(target=once_begun, args=(tmp_path / "run", cluster.scheduler.kill))
    killer.start()
    with pytest.raises(ExecutorLostError, match="what is finished is kept"):
        run_long(tmp_path / "run", executor=client.get_executor())
    killer.join()
    kept = SweepStore.open(tmp_path / "run").done().sum()
    assert 0 < kept < 40
    run_long(tmp_path / "run")
    assert stored_bytes(tmp_path / "run") == long_bytes
