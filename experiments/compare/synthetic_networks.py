"""Networks on tasks from keys alone, kept as one row for each task and kind of network."""

import time
from typing import NamedTuple

import numpy as np

from experiments.compare.synthetic_options import SweptTask, SyntheticOptions, network
from experiments.members.identity import network_identity
from experiments.task_networks import train_on_tasks
from rhythmic.networks import NetworkSpec
from rhythmic.progress import Progress, clock, show
from rhythmic.records import Row, fingerprint
from rhythmic.runs.rows import RowStore
from rhythmic.tasks import AbstractTask
from rhythmic.typing import AnyArray

# Raised when a change of tasks or training changes results: older rows then no longer count.
SEQUENCE_VERSION = 2


class Part(NamedTuple):
    """One kind of network on one task, at all difficulties, rates and seeds: one program."""

    task: str
    network: str
    difficulties: tuple[float, ...]
    tasks: tuple[AbstractTask, ...]
    architecture: NetworkSpec
    num_updates: int
    batch_size: int
    learning_rates: tuple[float, ...]
    seeds: tuple[int, ...]

    def name(self) -> str:
        """Identify the part by all that its results depend on, written out key by key."""
        return fingerprint(
            {
                "version": SEQUENCE_VERSION,
                "task": self.task,
                "difficulties": self.difficulties,
                "network": network_identity(self.architecture, self.tasks[0].input_size),
                "num_updates": self.num_updates,
                "batch_size": self.batch_size,
                "learning_rates": self.learning_rates,
                "seeds": self.seeds,
            }
        )


def parts_of(options: SyntheticOptions) -> list[Part]:
    """Return what is to be trained, task by task."""
    return [
        part_of(options, name, task, kind)
        for name, task in options.swept().items()
        for kind in options.networks
    ]


def part_of(options: SyntheticOptions, name: str, task: SweptTask, kind: str) -> Part:
    """Return one kind of network on one task."""
    tasks = task.tasks()
    return Part(
        name,
        kind,
        task.difficulties,
        tuple(tasks),
        network(kind, tasks[0].input_size, tasks[0].num_outputs),
        options.num_updates,
        options.batch_size,
        options.learning_rates,
        tuple(range(1, options.num_seeds + 1)),
    )


def train_parts(store: RowStore, parts: list[Part]) -> dict[str, list[Row]]:
    """Train what no one has trained; return the row of every part, by ``label``."""
    progress = Progress({})
    for part, left in store.unfinished(parts, "part"):
        progress.remaining["part"] = left
        show(f"{label(part.task, part.network)}: compiling and training", final=False)
        started = time.perf_counter()
        row = train_part(part)
        seconds = time.perf_counter() - started
        store.add([row | {"seconds": round(seconds, 1)} | store.made])
        progress.finished("part", seconds)
        show(
            f"{label(part.task, part.network)}: {len(parts) - left + 1} of {len(parts)} in "
            f"{clock(seconds)}, {progress.time_left()} left"
        )
    return {label(part.task, part.network): [store.rows[part.name()]] for part in parts}


def label(task: str, kind: str) -> str:
    """Name a part in rows."""
    return f"{task}: {kind}"


def train_part(part: Part) -> Row:
    """Train all networks of a part, choose the rate at each difficulty, and test once.

    ``validation_loss`` is the mean over seeds at each difficulty, ``score`` one number a seed:
    accuracy, or the squared error over the variance of the targets.
    """
    trained = train_on_tasks(
        part.architecture,
        part.tasks,
        learning_rates=part.learning_rates,
        seeds=part.seeds,
        num_updates=part.num_updates,
        batch_size=part.batch_size,
    )
    shape = len(part.tasks), len(part.seeds)
    first = part.tasks[0]
    return {
        "member": part.name(),
        "task": part.task,
        "network": part.network,
        "num_nodes": part.architecture.hidden_size,
        "num_parameters": part.architecture.num_parameters(first.input_size, first.num_outputs),
        "num_updates": part.num_updates,
        "batch_size": part.batch_size,
        "difficulties": list(part.difficulties),
        "learning_rates": five_digits(trained.learning_rate.reshape(shape)[:, 0]),
        "seeds": list(part.seeds),
        "score": [five_digits(of_task) for of_task in trained.test_scores().reshape(shape)],
        "validation_loss": five_digits(trained.validation_loss.reshape(shape).mean(axis=1)),
        "failed": int(np.count_nonzero(trained.state.failed_at_step >= 0)),
    }


def five_digits(values: AnyArray) -> list[float]:
    """Round for a row."""
    return [float(f"{x:.5g}") for x in values]
