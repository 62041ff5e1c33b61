"""Spike trains, told apart by networks and without: in chunks of seeds, kept as one row per chunk.

One row per network, as the other questions have, would be twelve thousand rows for one number each.
Without a network there are a count, powers at given rhythms, and the best there is.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.members.identity import (
    TRAINING_VERSION,
    network_identity,
    recipe_identity,
    setting_identity,
    trains_identity,
)
from rhythmic.baselines import logistic_regression_accuracy
from rhythmic.baselines.features import threshold_accuracy
from rhythmic.data import SpikeTrains
from rhythmic.data.spikes import SpikePool, log_odds, spike_count, spike_pool, spike_power
from rhythmic.networks import NetworkSpec
from rhythmic.records import Row, fingerprint
from rhythmic.runs.rows import RowStore
from rhythmic.training import (
    Data,
    GroupPlan,
    GroupTraining,
    MemberTraining,
    TrainingConfiguration,
    make_members,
)
from rhythmic.training.problem import Problem
from rhythmic.training.search import Setting, select_setting

# Room for the spikes of a train, so that one program serves all pools: 100 steps hold ten on
# average, and one train in a million more than 28. More than this, and a chunk compiles anew.
ROOM_FOR_SPIKES = 32
NUM_CLASSES = 2
# Raised when a change of the plain readings changes their results: older rows no longer count.
READING_VERSION = 1
COUNT, IDEAL = "spike count", "ideal observer"
INVERSE_REGULARISATIONS = (0.01, 0.1, 1.0, 10.0)

pool_of = lru_cache(maxsize=1)(spike_pool)  # neighbours share their seeds


@dataclass(frozen=True)
class SpikeTask:
    """What all networks share: the trains, and the recipe of training."""

    trains: SpikeTrains
    training: TrainingConfiguration


class Chunk(NamedTuple):
    """Networks of one architecture and setting, one a seed.

    ``tested`` tells whether their test trains are read.
    """

    task: SpikeTask
    architecture: NetworkSpec
    setting: Setting
    seeds: tuple[int, ...]
    tested: bool

    def title(self) -> str:
        """Name the chunk where it is told."""
        return f"{self.architecture.name}, rate {self.setting.learning_rate:g}"

    def name(self) -> str:
        """Identify the chunk by all that its results depend on."""
        known = {
            "architecture": network_identity(self.architecture),
            "version": TRAINING_VERSION,
            **recipe_identity(self.task.training),
            "data": trains_identity(self.task.trains),
        }
        return fingerprint((known, setting_identity(self.setting), self.seeds, self.tested))


def train_chunks(
    store: RowStore,
    task: SpikeTask,
    architectures: Sequence[NetworkSpec],
    *,
    published: Setting,
    settings: Sequence[Setting],
    chunks: Sequence[tuple[int, ...]],
    tuning_chunks: Sequence[tuple[int, ...]],
) -> dict[str, tuple[list[Row], list[Row]]]:
    """Train every architecture at the published setting, and at one chosen on the task.

    One of ``settings`` is chosen by mean validation accuracy over the tuning chunks; all chunks of
    seeds have one length.

    Returns:
        By architecture the rows of all chunks at the published setting, and at the chosen one.
    """
    num_tuned, num_tested = len(settings) * len(tuning_chunks), 2 * len(chunks)
    later = {one.name: num_tuned + num_tested for one in architectures}
    found = {}
    for architecture in architectures:
        complete = partial(
            store.complete,
            compute=Worker(task, architecture).row,
            noun="chunk",
            title=Chunk.title,
            kind=lambda chunk: chunk.architecture.name,
        )
        later[architecture.name] = num_tested
        tuned = complete(
            [
                Chunk(task, architecture, setting, seeds, tested=False)
                for seeds in tuning_chunks
                for setting in settings
            ],
            later=later,
        )
        chosen = select_setting(
            row | {"validation_accuracy": one}
            for row in tuned
            for one in row["validation_accuracy"]
        )
        del later[architecture.name]
        rows = complete(
            [
                Chunk(task, architecture, setting, seeds, tested=True)
                for seeds in chunks
                for setting in (published, chosen)
            ],
            later=later,
        )
        found[architecture.name] = rows[0::2], rows[1::2]
    return found


class Worker:
    """Trains chunks of one architecture, all by one compiled program."""

    def __init__(self, task: SpikeTask, architecture: NetworkSpec):
        """Compile nothing yet: a worker without work costs nothing."""
        self.training = MemberTraining(architecture, task.training, problem=Problem(NUM_CLASSES))
        self.group: GroupTraining | None = None
        self.pool: SpikePool | None = None

    def row(self, chunk: Chunk) -> Row:
        """Train one chunk, and write down what came out."""
        started = time.perf_counter()
        pool = pool_of(chunk.task.trains, chunk.seeds)
        group = self.group_for(pool)
        setting: dict[str, Any] = {
            name: (value,) * len(chunk.seeds)
            for name, value in setting_identity(chunk.setting).items()
        }
        members = make_members(pool.splits.__getitem__, seeds=chunk.seeds, **setting)
        state = group.run(members)
        if chunk.tested:
            accuracy = {"test_accuracy": four_digits(group.test(state, members).score)}
        else:
            score = np.maximum(state.best.validation_score, 0.0)
            accuracy = {"validation_accuracy": four_digits(score)}
        model = chunk.architecture.build(1, NUM_CLASSES, key=jax.random.key(0))
        return {
            "member": chunk.name(),
            "architecture": chunk.architecture.name,
            "dataset": "spike trains",
            **recipe_identity(chunk.task.training),
            **setting_identity(chunk.setting),
            "num_nodes": model.cell.hidden_size,
            "num_parameters": model.num_parameters(),
            "seeds": list(chunk.seeds),
            "failed": int(np.count_nonzero(state.failed_at_step >= 0)),
            **accuracy,
            # Of one network.
            "seconds": round((time.perf_counter() - started) / len(chunk.seeds), 3),
            "way_through_time": group.training.method,
        }

    def group_for(self, pool: SpikePool) -> GroupTraining:
        """Return the compiled program with a pool in place."""
        if self.group is not None and pool is self.pool:
            return self.group
        self.pool, data = pool, Data(pool.trains, pool.labels)
        if self.group is not None and self.group.takes(data):
            self.group.replace_data(data)
            return self.group
        count, on_cpu = len(pool.splits), jax.devices()[0].platform == "cpu"
        num_devices = min(len(jax.devices()), count) if on_cpu else 1
        plan = GroupPlan(num_devices, -(-count // num_devices))
        self.group = GroupTraining(self.training, plan, data, room_for_events=ROOM_FOR_SPIKES)
        return self.group


class ReadingChunk(NamedTuple):
    """One plain reading of the trains of some seeds; frequencies in Hz, for powers alone."""

    reading: str
    frequencies: tuple[float, ...]
    trains: SpikeTrains
    seeds: tuple[int, ...]

    def name(self) -> str:
        """Identify the chunk by all that its results depend on."""
        strengths = INVERSE_REGULARISATIONS if self.frequencies else ()
        trains = trains_identity(self.trains)
        known = (self.reading, self.frequencies, trains, self.seeds)
        return fingerprint(("reading", READING_VERSION, strengths, known))

    def num_parameters(self) -> int:
        """Count what is fitted: weights and biases, or one threshold, or nothing."""
        if self.frequencies:
            return NUM_CLASSES * (len(self.frequencies) + 1)
        return 1 if self.reading == COUNT else 0


def read_chunks(
    store: RowStore,
    trains: SpikeTrains,
    ladders: dict[str, tuple[float, ...]],
    chunks: Sequence[tuple[int, ...]],
) -> dict[str, list[Row]]:
    """Read all trains in every plain way; return the rows of the chunks by reading.

    ``ladders`` holds frequencies in Hz whose powers are read, by the name of the reading.
    """
    readings: dict[str, tuple[float, ...]] = {COUNT: (), **ladders, IDEAL: ()}
    wanted = [
        ReadingChunk(reading, frequencies, trains, seeds)
        for seeds in chunks
        for reading, frequencies in readings.items()
    ]
    rows = store.complete(wanted, row_of, "baseline", title=lambda chunk: chunk.reading)
    return {reading: rows[place :: len(readings)] for place, reading in enumerate(readings)}


def row_of(chunk: ReadingChunk) -> Row:
    """Read the trains of a chunk, seed by seed."""
    read = reader(chunk, pool_of(chunk.trains, chunk.seeds))
    return {
        "member": chunk.name(),
        "reading": chunk.reading,
        "dataset": "spike trains",
        "num_parameters": chunk.num_parameters(),
        "seeds": list(chunk.seeds),
        "test_accuracy": four_digits(map(read, chunk.seeds)),
    }


def reader(chunk: ReadingChunk, pool: SpikePool) -> Callable[[int], float]:
    """Return what tells the classes of a seed's test trains apart: its accuracy.

    A count by a threshold, powers by logistic regression; the ideal observer knows how the trains
    are drawn and goes by their odds.
    """
    if chunk.reading == COUNT:
        counts = spike_count(pool.trains)
        return lambda seed: threshold_accuracy(counts, pool.labels, pool.splits[seed])

    def by_odds(seed: int) -> float:
        test = pool.splits[seed].test
        return float(np.mean((log_odds(pool.trains[test], chunk.trains) > 0) == pool.labels[test]))

    if chunk.reading == IDEAL:
        return by_odds
    power = spike_power(pool.trains, np.asarray(chunk.frequencies), chunk.trains.sample_rate)
    fit = partial(
        logistic_regression_accuracy,
        power,
        pool.labels,
        inverse_regularisations=INVERSE_REGULARISATIONS,
        num_classes=NUM_CLASSES,
    )
    return lambda seed: fit(pool.splits[seed]).test_accuracy


def four_digits(values: Iterable[float]) -> list[float]:
    """Round for a row: an accuracy on two hundred trains has no more digits."""
    return [round(float(x), 4) for x in values]
