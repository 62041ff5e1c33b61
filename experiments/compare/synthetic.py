"""Which tasks do rhythmic networks win, and which do they lose? Five tasks, growing harder.

To recall, to add and to copy ask for memory over a lag; to tell a frequency and to read a phase
ask for a rhythm in noise. All networks have about as many parameters as the rhythmic one, and the
same rates are tried on the same seeds. One row holds a kind of network on a task.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from experiments.compare.networks import NOT_RHYTHMIC, TASK_RATE, network
from experiments.compare.options import presets
from experiments.compare.question import Question
from experiments.members.identity import network_identity
from experiments.ranges import among, rising, within
from experiments.script import main
from experiments.task_networks import TaskOptions, train_on_tasks
from rhythmic.compare.claims import Claim, Finding, Reading, Rows, interval_text, values_finding
from rhythmic.networks import NetworkSpec
from rhythmic.plotting.sequences import Panel, network_appearance, synthetic_figure
from rhythmic.records import Row, fingerprint
from rhythmic.runs.rows import RowStore, check_results
from rhythmic.statistics import summarise
from rhythmic.tasks import (
    AbstractTask,
    Adding,
    Copying,
    DelayedRecall,
    FrequencyDiscrimination,
    PhaseReading,
)
from rhythmic.typing import AnyArray, Float

# Raised when a change of tasks or training changes results: older rows then no longer count.
SEQUENCE_VERSION = 2
TASKS = ("recall", "adding", "copying", "frequency", "phase")
NETWORKS = ("rhythmic", "rnn", "lstm", "gru", "horn")
COPIED_LENGTH, COPIED_SYMBOLS = 5, 4

# Of the claims, stated beforehand.
CLAIMED_SIGNAL_TO_NOISE, CLAIMED_NOISE = 0.4, 1.0

# By task: what is claimed of a rhythmic network, at what, and what is measured.
STATED = {
    "frequency": (
        "better",
        f"telling two frequencies apart, at a signal-to-noise ratio of {CLAIMED_SIGNAL_TO_NOISE:g}",
        "Accuracy",
    ),
    "phase": (
        "better",
        f"reading the phase of a rhythm in noise of {CLAIMED_NOISE:g} times its amplitude",
        "Squared error over variance",
    ),
    "recall": ("worse", "recalling a symbol at the longest lag", "Accuracy"),
    "adding": ("worse", "adding two numbers at the longest lag", "Squared error over variance"),
    "copying": ("worse", "copying a sequence at the longest lag", "Accuracy"),
}
CLAIMS = tuple(
    Claim(
        f"synthetic-{name}",
        f"A rhythmic network is {claimed} at {what}.",
        f"{measure}, against whichever of RNN, LSTM and GRU has the least "
        f"validation loss there; {{how}}, whose sequences are the same for both; for all the same "
        "rates on the same seeds, and about equal numbers of parameters; equivalent within 0.01.",
        rhythm="helps" if claimed == "better" else "hurts",
    )
    for name, (claimed, what, measure) in STATED.items()
)


@dataclass(frozen=True)
class SyntheticOptions(TaskOptions):
    """Options of the tasks that are drawn from keys alone.

    Presets: quick takes minutes and answers nothing; full is for two processor cores;
    accelerator trains more networks for longer.

    Args:
        tasks: which are asked, of recall, adding, copying, frequency and phase.
        networks: which are compared, of rhythmic, rnn, lstm, gru and horn.
        lags: steps over which recall, adding and copying have to remember, rising.
        signal_to_noise: of the rhythms that are told apart, root mean squares, rising; 0.4 among
            them, which the claim is about.
        noise: on the rhythm whose phase is read, standard deviation over amplitude, rising; 1
            among them, which the claim is about.
        results: file of rows that runs share, so that finished networks are not trained again;
            None for the run folder alone.
    """

    tasks: tuple[str, ...] = TASKS
    networks: tuple[str, ...] = ("rhythmic", "rnn", "lstm")
    lags: tuple[int, ...] = (4, 8, 16, 32)
    signal_to_noise: tuple[float, ...] = (0.1, 0.2, 0.4, 0.8)
    noise: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0)
    results: Path | None = None

    ELSEWHERE: ClassVar[tuple[str, ...]] = ("results",)

    def recipe(self) -> str:
        """Say how long networks were trained, and how their rate was chosen."""
        rates = ", ".join(f"{rate:g}" for rate in self.learning_rates)
        return (
            f"{self.num_updates:,} updates of {self.batch_size} fresh sequences; {self.num_seeds} "
            f"seeds; rates {rates} to choose from, for each task, network and difficulty, on "
            "validation sequences of the same seeds."
        )

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        check_results(self.results)
        among(self, tasks=TASKS, networks=NETWORKS)
        # Two numbers are added: the shortest lag has room for both.
        within(self, lags="[2, inf)", signal_to_noise="(0, inf)", noise="(0, inf)")
        rising(self, "lags", "signal_to_noise", "noise")
        for name, claimed in (
            ("signal_to_noise", CLAIMED_SIGNAL_TO_NOISE),
            ("noise", CLAIMED_NOISE),
        ):
            values = getattr(self, name)
            if claimed not in values:
                given = " ".join(map(str, values))
                raise ValueError(f"{name} is {given}; it must hold {claimed:g}, of the claim")
        super().check()

    def swept(self) -> dict[str, "SweptTask"]:
        """Return the tasks that are asked, by name."""
        tasks = swept_tasks(self)
        return {name: tasks[name] for name in self.tasks}


@dataclass(frozen=True)
class SweptTask:
    """A task at several difficulties.

    Args:
        title: what is asked for.
        axis: what is swept, with its unit.
        difficulties: its values, rising.
        claimed: the one at which the claim is tested.
        make: the task at one of them.
        chance: score of a network that ignores its input.
        best: best possible score at each of them.
        best_meaning: of whom.
    """

    title: str
    axis: str
    difficulties: tuple[float, ...]
    claimed: float
    make: Callable[[Any], AbstractTask]
    chance: float
    best: Float[np.ndarray, " difficulty"]
    best_meaning: str

    def tasks(self) -> list[AbstractTask]:
        """Return the task at every difficulty; they differ in array leaves alone."""
        return [self.make(value) for value in self.difficulties]

    @property
    def higher_is_better(self) -> bool:
        """Tell accuracies from errors."""
        return self.make(self.claimed).kind == "classes"


def swept_tasks(options: SyntheticOptions) -> dict[str, SweptTask]:
    """Return all five tasks, by name."""
    lags, longest, steps = options.lags, options.lags[-1], "lag (steps)"
    length = longest + 2 * COPIED_LENGTH
    frequency = partial(FrequencyDiscrimination, sample_rate=TASK_RATE)
    phase = partial(PhaseReading, sample_rate=TASK_RATE)

    def recall(lag: int) -> DelayedRecall:
        return DelayedRecall(lag, lag, longest + 1)

    def adding(lag: int) -> Adding:
        return Adding(lag, longest + 1)

    def copying(lag: int) -> Copying:
        return Copying(lag, length, COPIED_LENGTH, COPIED_SYMBOLS)

    everything = np.ones(len(lags)), "everything remembered"
    numbers, copied = adding(longest), copying(longest)
    exact = np.full(len(lags), numbers.best_error(2)), "both numbers remembered"
    ratios, levels = options.signal_to_noise, options.noise
    ideal = frequency(np.asarray(ratios)).ideal_accuracy(), "ideal observer"
    linear = phase(np.asarray(levels)).linear_error(), "best linear reader (no bound)"
    ratio_axis, noise_axis = "signal-to-noise ratio", "noise / amplitude"
    told = CLAIMED_SIGNAL_TO_NOISE, frequency, 1 / frequency(1.0).num_outputs
    read = CLAIMED_NOISE, phase, 1.0
    chance = 1 / recall(longest).num_symbols
    return {
        "recall": SweptTask("delayed recall", steps, lags, longest, recall, chance, *everything),
        "adding": SweptTask("adding", steps, lags, longest, adding, numbers.best_error(0), *exact),
        "copying": SweptTask(
            "copying", steps, lags, longest, copying, copied.best_accuracy(0), *everything
        ),
        "frequency": SweptTask("which frequency", ratio_axis, ratios, *told, *ideal),
        "phase": SweptTask("which phase", noise_axis, levels, *read, *linear),
    }


FULL = {
    "networks": NETWORKS,
    "lags": (4, 8, 16, 32, 64),
    "signal_to_noise": (0.1, 0.2, 0.4, 0.8, 1.6),
    "noise": (0.1, 0.25, 0.5, 1.0, 2.0),
    "learning_rates": (0.003, 0.01, 0.03),
    "num_seeds": 10,
    "num_updates": 1000,
}
PRESETS = presets(
    SyntheticOptions,
    "synthetic",
    {},
    smoke={
        "tasks": ("frequency",),
        "networks": ("rhythmic", "rnn"),
        "signal_to_noise": (0.4, 1.6),
        "num_seeds": 2,
        "learning_rates": (0.03,),
        "num_updates": 20,
    },
    full=FULL,
    accelerator=FULL | {"num_seeds": 30, "num_updates": 5000},
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
        for claim, name in zip(CLAIMS, STATED, strict=True)
    }


def finding(name: str, tasks: Mapping[str, SweptTask], claim: Claim, rows: Rows) -> Finding:
    """Compare at the difficulty of the claim; positive is what is claimed."""
    task = tasks[name]
    place = task.difficulties.index(task.claimed)
    rival = best_rival(rows, name, place)
    own, other = (scores(rows[label(name, kind)][0])[place] for kind in ("rhythmic", rival))
    # Errors are better when smaller; where the rhythmic network is claimed worse, turn again.
    sign = (1 if task.higher_is_better else -1) * (1 if STATED[name][0] == "better" else -1)
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
