"""Options of ``experiments.compare.synthetic``: its tasks, its networks, and how it trains them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from experiments.compare.options import presets
from experiments.ranges import among, rising, within
from experiments.task_networks import TaskOptions
from rhythmic.networks import NetworkSpec
from rhythmic.runs.rows import check_results
from rhythmic.tasks import (
    AbstractTask,
    Adding,
    Copying,
    DelayedRecall,
    FrequencyDiscrimination,
    PhaseReading,
)
from rhythmic.theory import ladder, span_ladder
from rhythmic.typing import Float

TASKS = ("recall", "adding", "copying", "frequency", "phase")
NETWORKS = ("rhythmic", "rnn", "lstm", "gru", "horn")
SAMPLE_RATE = 100.0  # Hz; of the memory tasks too, whose steps have no unit of their own
COPIED_LENGTH, COPIED_SYMBOLS = 5, 4

# Of the claims, stated beforehand.
CLAIMED_SIGNAL_TO_NOISE, CLAIMED_NOISE = 0.4, 1.0


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
    lags, longest = options.lags, options.lags[-1]
    steps = "lag (steps)"

    def recall(lag: int) -> DelayedRecall:
        return DelayedRecall(lag, lag, longest + 1)

    def adding(lag: int) -> Adding:
        return Adding(lag, longest + 1)

    def copying(lag: int) -> Copying:
        return Copying(lag, longest + 2 * COPIED_LENGTH, COPIED_LENGTH, COPIED_SYMBOLS)

    def frequency(ratio: Any) -> FrequencyDiscrimination:
        return FrequencyDiscrimination(ratio, sample_rate=SAMPLE_RATE)

    def phase(noise: Any) -> PhaseReading:
        return PhaseReading(noise, sample_rate=SAMPLE_RATE)

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


@cache
def network(name: str, input_size: int, num_outputs: int) -> NetworkSpec:
    """Return a network; baselines have about as many parameters as the rhythmic one.

    The rhythmic network has the golden ladder, moved from a sample rate of 1000 Hz to the task's;
    positions and amplitudes are shown to one scale, which the published network leaves to its
    batch norm.
    HORN's nodes stand on a geometric ladder of the same span, as many as its size allows.
    """
    golden = ladder("golden") * SAMPLE_RATE / 1000.0
    options = {"frequencies": tuple(golden.tolist()), "sample_rate": SAMPLE_RATE}
    rhythmic = NetworkSpec(
        "rrn",
        len(golden),
        options=options,
        feature="ringing",
        pooling="every",
        name="rhythmic",
    )
    if name == "rhythmic":
        return rhythmic

    def make(hidden_size: int) -> NetworkSpec:
        if name != "horn":
            return NetworkSpec(name, hidden_size, pooling="every", name=name)
        span = {"start": float(golden[0]), "stop": float(golden[-1]), "sample_rate": SAMPLE_RATE}
        turns = 2 * np.pi * span_ladder(hidden_size, **span) / SAMPLE_RATE
        options = {"angular_frequency": tuple(turns.tolist())}
        return NetworkSpec(name, hidden_size, options=options, pooling="every", name=name)

    aim = rhythmic.num_parameters(input_size, num_outputs)
    size = 1
    while make(size).num_parameters(input_size, num_outputs) < aim:
        size += 1
    nearest = (make(size), make(max(1, size - 1)))
    return min(nearest, key=lambda one: abs(one.num_parameters(input_size, num_outputs) - aim))


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
