"""Which tasks do rhythmic networks win, and which do they lose? Five tasks, growing harder.

To recall, to add and to copy ask for memory over a lag; to tell a frequency and to read a phase
ask for a rhythm in noise. All networks have about as many parameters as the rhythmic one, and the
same rates are tried on the same seeds. One row holds a kind of network on a task.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from experiments.compare.networks import NOT_RHYTHMIC
from experiments.compare.question import Question
from experiments.compare.synthetic_options import (
    CLAIMED_NOISE,
    CLAIMED_SIGNAL_TO_NOISE,
    PRESETS,
    SweptTask,
    SyntheticOptions,
    network,
)
from experiments.members.identity import network_identity
from experiments.script import main
from experiments.task_networks import train_on_tasks
from rhythmic.compare.claims import Claim, Finding, Reading, Rows, interval_text, values_finding
from rhythmic.networks import NetworkSpec
from rhythmic.plotting.sequences import Panel, network_appearance, synthetic_figure
from rhythmic.records import Row, fingerprint
from rhythmic.runs.rows import RowStore
from rhythmic.statistics import summarise
from rhythmic.typing import AnyArray

# Raised when a change of tasks or training changes results: older rows then no longer count.
SEQUENCE_VERSION = 2
BETTER = {"frequency": True, "phase": True, "recall": False, "adding": False, "copying": False}
STATEMENTS = {
    "frequency": "A rhythmic network is better at telling two frequencies apart, at a "
    f"signal-to-noise ratio of {CLAIMED_SIGNAL_TO_NOISE:g}.",
    "phase": "A rhythmic network is better at reading the phase of a rhythm in noise of "
    f"{CLAIMED_NOISE:g} times its amplitude.",
    "recall": "A rhythmic network is worse at recalling a symbol at the longest lag.",
    "adding": "A rhythmic network is worse at adding two numbers at the longest lag.",
    "copying": "A rhythmic network is worse at copying a sequence at the longest lag.",
}
PLACES = {
    "frequency": "accuracy",
    "phase": "squared error over variance",
    "recall": "accuracy",
    "adding": "squared error over variance",
    "copying": "accuracy",
}
CLAIMS = tuple(
    Claim(
        f"synthetic-{name}",
        statement,
        f"{PLACES[name].capitalize()}, against whichever of RNN, LSTM and GRU has the least "
        f"validation loss there; {{how}}, whose sequences are the same for both; for all the same "
        "rates on the same seeds, and about equal numbers of parameters; equivalent within 0.01.",
        rhythm="helps" if BETTER[name] else "hurts",
    )
    for name, statement in STATEMENTS.items()
)


class Part(NamedTuple):
    """One kind of network on one task, at all difficulties, rates and seeds: one program."""

    task: str
    network: str
    swept: SweptTask
    options: SyntheticOptions

    def architecture(self) -> NetworkSpec:
        """Return the network, of the size of inputs and outputs of the task."""
        first = self.swept.tasks()[0]
        return network(self.network, first.input_size, first.num_outputs)

    def label(self) -> str:
        """Name the part in rows."""
        return label(self.task, self.network)

    def name(self) -> str:
        """Identify the part by all that its results depend on, written out key by key."""
        input_size = self.swept.tasks()[0].input_size
        return fingerprint(
            {
                "version": SEQUENCE_VERSION,
                "task": self.task,
                "difficulties": self.swept.difficulties,
                "network": network_identity(self.architecture(), input_size),
                "num_updates": self.options.num_updates,
                "batch_size": self.options.batch_size,
                "learning_rates": self.options.learning_rates,
                "seeds": self.options.seeds,
            }
        )


def parts_of(options: SyntheticOptions) -> list[Part]:
    """Return what is to be trained, task by task."""
    swept = options.swept().items()
    return [Part(name, kind, task, options) for name, task in swept for kind in options.networks]


def train_parts(store: RowStore, parts: Sequence[Part]) -> dict[str, list[Row]]:
    """Train what no one has trained; return the row of every part, by its label."""
    rows = store.complete(parts, train_part, "part", title=Part.label)
    return {part.label(): [row] for part, row in zip(parts, rows, strict=True)}


def label(task: str, kind: str) -> str:
    """Name the networks of a kind on a task in rows."""
    return f"{task}: {kind}"


def train_part(part: Part) -> Row:
    """Train all networks of a part, choose the rate at each difficulty, and test once.

    ``validation_loss`` is the mean over seeds at each difficulty, ``score`` one number a seed:
    accuracy, or the squared error over the variance of the targets.
    """
    tasks, architecture, options = part.swept.tasks(), part.architecture(), part.options
    trained = train_on_tasks(architecture, tasks, options)
    shape = len(tasks), len(options.seeds)
    sizes = tasks[0].input_size, tasks[0].num_outputs
    return {
        "member": part.name(),
        "task": part.task,
        "network": part.network,
        "num_nodes": architecture.hidden_size,
        "num_parameters": architecture.num_parameters(*sizes),
        "num_updates": options.num_updates,
        "batch_size": options.batch_size,
        "difficulties": list(part.swept.difficulties),
        "learning_rates": five_digits(trained.learning_rate.reshape(shape)[:, 0]),
        "seeds": list(options.seeds),
        "score": [five_digits(of_task) for of_task in trained.test_scores().reshape(shape)],
        "validation_loss": five_digits(trained.validation_loss.reshape(shape).mean(axis=1)),
        "failed": int(np.count_nonzero(trained.state.failed_at_step >= 0)),
    }


def five_digits(values: AnyArray) -> list[float]:
    """Round for a row."""
    return [float(f"{x:.5g}") for x in values]


def scores(row: Row) -> np.ndarray:
    """Return the test scores of a part, ``(difficulty, seed)``; NaN where one was not finite."""
    return np.array(row["score"], np.float64)


def best_rival(rows: Rows, task: str, place: int) -> str:
    """Return the network without rhythms that validates best at one difficulty."""
    losses = {
        kind: rows[label(task, kind)][0]["validation_loss"][place]
        for kind in NOT_RHYTHMIC
        if label(task, kind) in rows
    }
    return min(losses, key=lambda kind: math.inf if losses[kind] is None else losses[kind])


def readings(options: SyntheticOptions) -> dict[str, Reading]:
    """Hold the rhythmic network against the best network without rhythms, task by task."""
    tasks = options.swept()
    return {
        claim.name: Reading(
            (label(name, "rhythmic"), tuple(label(name, kind) for kind in NOT_RHYTHMIC)),
            find=partial(finding, name, tasks),
        )
        for claim, name in zip(CLAIMS, STATEMENTS, strict=True)
    }


def finding(name: str, tasks: Mapping[str, SweptTask], claim: Claim, rows: Rows) -> Finding:
    """Compare at the difficulty of the claim; positive is what is claimed."""
    task = tasks[name]
    place = task.difficulties.index(task.claimed)
    rival = best_rival(rows, name, place)
    own, other = (scores(rows[label(name, kind)][0])[place] for kind in ("rhythmic", rival))
    # Errors are better when smaller; where the rhythmic network is claimed worse, turn again.
    sign = (1 if task.higher_is_better else -1) * (1 if BETTER[name] else -1)
    found = values_finding(
        claim,
        (network_appearance("rhythmic").label, list(sign * own)),
        (network_appearance(rival).label, list(sign * other)),
        unit="accuracy" if task.higher_is_better else "squared error / variance",
    )
    text = (
        f"{task.title} at {task.axis} {task.claimed:g}: {network_appearance('rhythmic').label} "
        f"{own.mean():.3f}, {network_appearance(rival).label} {other.mean():.3f} (n = {len(own)}; "
        f"{task.best_meaning} {task.best[place]:.3f}, chance {task.chance:.3g}), in the direction "
        f"of the claim {found.estimate:+.3f}{interval_text(found.low, found.high)}"
    )
    return replace(found, text=text)


def describe(label: str, rows: Sequence[Row]) -> str:
    """Write the scores of a part, one a difficulty, with its size and its rates."""
    row = rows[0]
    means = [summarise(list(of_task)) for of_task in scores(row)]
    parts = [
        f"{value:g}: {found.mean:.3f} (SEM {found.standard_error:.3f}, rate {rate:g})"
        for value, found, rate in zip(
            row["difficulties"], means, row["learning_rates"], strict=True
        )
    ]
    size = f"{row['num_nodes']} nodes, {row['num_parameters']} parameters"
    return f"{label} ({size}, n = {len(row['seeds'])}): {'; '.join(parts)}"


def draw(options: SyntheticOptions, rows: Rows) -> dict[str, Figure]:
    """Draw a panel a task, and who wins where."""
    panels = [
        Panel(
            task.title,
            task.axis,
            np.asarray(task.difficulties, np.float64),
            task.difficulties.index(task.claimed),
            task.higher_is_better,
            task.chance,
            np.asarray(task.best),
            task.best_meaning,
            {kind: scores(rows[label(name, kind)][0]) for kind in options.networks},
        )
        for name, task in options.swept().items()
    ]
    return {"synthetic": synthetic_figure(panels)}


EXPERIMENT = Question(
    "synthetic",
    "Which tasks do rhythmic networks win, and which do they lose?",
    PRESETS,
    CLAIMS,
    draw,
    readings=readings,
    further=lambda options, rows, stages, store: train_parts(store, parts_of(options)),
    further_labels=lambda options: [part.label() for part in parts_of(options)],
    describe=describe,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
