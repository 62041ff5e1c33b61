"""Networks on spike trains, trained in chunks of seeds and kept as one row a chunk.

A row a network, as the other questions have, would be twelve thousand rows for one number each.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np

from experiments.members.identity import (
    TRAINING_VERSION,
    network_identity,
    recipe_identity,
    setting_identity,
    trains_identity,
)
from rhythmic.data import SpikeTrains
from rhythmic.data.spikes import SpikePool, spike_pool
from rhythmic.networks import NetworkSpec
from rhythmic.progress import Progress, clock, show
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

    Args:
        store: where finished chunks are kept.
        task: what is trained on, and how.
        architectures: what is trained.
        published: the setting that is given.
        settings: settings to choose from, by mean validation accuracy over the tuning chunks.
        chunks: seeds that are tested; all chunks of one length.
        tuning_chunks: seeds of the choice, in chunks of that length too.

    Returns:
        By architecture the rows of all chunks at the published setting, and at the chosen one.
    """
    choice = len(settings) * len(tuning_chunks)
    progress = Progress({one.name: choice + 2 * len(chunks) for one in architectures})
    found = {}
    for architecture in architectures:
        worker = Worker(store, task, architecture, progress)
        tuning = [
            Chunk(task, architecture, setting, seeds, tested=False)
            for seeds in tuning_chunks
            for setting in settings
        ]
        worker.train(tuning, later=2 * len(chunks))
        chosen = select_setting(
            [
                setting_identity(chunk.setting) | {"validation_accuracy": accuracy}
                for chunk in tuning
                for accuracy in store.rows[chunk.name()]["validation_accuracy"]
            ]
        )
        tested = [
            Chunk(task, architecture, setting, seeds, tested=True)
            for seeds in chunks
            for setting in (published, chosen)
        ]
        worker.train(tested)
        rows = [store.rows[chunk.name()] for chunk in tested]
        found[architecture.name] = rows[0::2], rows[1::2]
    return found


class Worker:
    """Trains chunks of one architecture, all by one compiled program."""

    def __init__(
        self, store: RowStore, task: SpikeTask, architecture: NetworkSpec, progress: Progress
    ):
        """Compile nothing yet: a worker without work costs nothing."""
        self.store, self.architecture, self.progress = store, architecture, progress
        self.task = task
        self.training = MemberTraining(architecture, task.training, problem=Problem(NUM_CLASSES))
        self.group: GroupTraining | None = None
        self.pool: SpikePool | None = None
        self.seeds: tuple[int, ...] = ()

    def train(self, chunks: Iterable[Chunk], later: int = 0) -> None:
        """Train the chunks that are missing, and write their rows one by one.

        Args:
            chunks: what is wanted; the same one may stand there twice.
            later: chunks of this architecture that will be asked for afterwards.
        """
        wanted, name = list(dict.fromkeys(chunks)), self.architecture.name
        for chunk, left in self.store.unfinished(wanted, "chunk"):
            self.progress.remaining[name] = left + later
            started = time.perf_counter()
            group = self.group_for(chunk.seeds)
            self.store.add([self.train_chunk(group, chunk, started)])
            seconds = time.perf_counter() - started
            self.progress.finished(name, seconds)
            show(
                f"{name}, rate {chunk.setting.learning_rate:g}: "
                f"chunk {len(wanted) - left + 1} of {len(wanted)}, {len(chunk.seeds)} networks, "
                f"in {clock(seconds)}, {self.progress.time_left()} left",
                final=left == 1,
            )
        self.progress.remaining[name] = later

    def train_chunk(self, group: GroupTraining, chunk: Chunk, started: float) -> Row:
        """Train one chunk, and write down what came out."""
        assert self.pool is not None
        setting = {
            name: (value,) * len(chunk.seeds)
            for name, value in setting_identity(chunk.setting).items()
        }
        members = make_members(self.pool.splits.__getitem__, seeds=chunk.seeds, **setting)
        state = group.run(members)
        model = chunk.architecture.build(1, NUM_CLASSES, key=jax.random.key(0))
        row: Row = {
            "member": chunk.name(),
            "architecture": chunk.architecture.name,
            "dataset": "spike trains",
            **recipe_identity(chunk.task.training),
            **setting_identity(chunk.setting),
            "num_nodes": model.cell.hidden_size,
            "num_parameters": model.num_parameters(),
            "seeds": list(chunk.seeds),
            "failed": int(np.count_nonzero(state.failed_at_step >= 0)),
        }
        if chunk.tested:
            row["test_accuracy"] = four_digits(group.test(state, members).score)
        else:
            row["validation_accuracy"] = four_digits(np.maximum(state.best.validation_score, 0.0))
        each = round((time.perf_counter() - started) / len(chunk.seeds), 3)
        way = {"way_through_time": group.training.method}
        return row | {"seconds": each} | self.store.made | way

    def group_for(self, seeds: tuple[int, ...]) -> GroupTraining:
        """Return the compiled program with the trains of these seeds in place."""
        if self.group is not None and seeds == self.seeds:
            return self.group
        self.pool, self.seeds = spike_pool(self.task.trains, seeds), seeds
        data = Data(self.pool.trains, self.pool.labels)
        if self.group is not None and self.group.takes(data):
            self.group.replace_data(data)
            return self.group
        show(f"{self.architecture.name}: compiling", final=False)
        on_cpu = jax.devices()[0].platform == "cpu"
        num_devices = min(len(jax.devices()), len(seeds)) if on_cpu else 1
        plan = GroupPlan(num_devices, -(-len(seeds) // num_devices))
        room = ROOM_FOR_SPIKES
        self.group = GroupTraining(self.training, plan, data, room_for_events=room)
        return self.group


def four_digits(values: Iterable[float]) -> list[float]:
    """Round for a row: an accuracy on two hundred trains has no more digits."""
    return [round(float(x), 4) for x in values]
