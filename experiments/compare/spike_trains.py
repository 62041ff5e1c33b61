"""Is there a rhythm in a spike train? Six networks, two plain readings and the best there is.

The task of the published network (Kramer, arXiv:2506.17083): 0.1 s of spikes at a rate that is
constant or modulated at 10 to 50 Hz, drawn afresh for each seed, which also sets start values and
the order of batches. There the settings were those chosen on MNIST; here they are also chosen on
the task, from the same rates for every network.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from matplotlib.figure import Figure

from experiments.compare.networks import NOT_RHYTHMIC
from experiments.compare.options import presets
from experiments.compare.question import RULED, Question
from experiments.compare.spike_chunks import COUNT, IDEAL, SpikeTask, read_chunks, train_chunks
from experiments.members import MemberStore
from experiments.options import ScriptOptions
from experiments.ranges import among, within
from experiments.script import main
from experiments.stages import Stages
from rhythmic.compare.claims import Claim, Rows, tested
from rhythmic.data import SpikeTrains
from rhythmic.networks import published
from rhythmic.plotting.accuracy import spike_trains_figure
from rhythmic.plotting.style import appearance
from rhythmic.records import Row
from rhythmic.runs.rows import check_results
from rhythmic.theory import LadderName, ladder
from rhythmic.training import TrainingConfiguration
from rhythmic.training.configuration import check_hyperparameter
from rhythmic.training.search import Setting, setting_grid

ARCHITECTURES = ("rrn-golden", "rrn-log", "rrn-two", "rrn-linear", "rnn", "lstm")
FIRST_TUNING_SEED = 1_000_001  # beyond all that num_seeds may be
LADDERS: tuple[LadderName, ...] = ("golden", "log", "two", "linear")
SETTINGS = ("published", "tuned")


def label(architecture: str, setting: str) -> str:
    """Name the networks of an architecture at one of the two settings."""
    return f"{appearance(architecture).label}, {setting}"


def power_label(name: LadderName) -> str:
    """Name the plain reading of powers at the frequencies of a ladder."""
    return f"power, {name}"


TUNED = "for both the rate was chosen from the same ones on the same other seeds"
PUBLISHED = "both at 0.003, which a search of three rates chose on MNIST for golden, RNN and LSTM"
PENALISED = "its penalty was chosen on each seed's validation, golden's rate on other seeds"

# Name, what golden is held against, in words, and how both were tuned.
COMPARED = (
    ("spikes-rnn", label("rnn", "tuned"), "the RNN", TUNED),
    ("spikes-lstm", label("lstm", "tuned"), "the LSTM", TUNED),
    (
        "spikes-power",
        power_label("golden"),
        "a linear reading of powers at its frequencies",
        PENALISED,
    ),
    ("spikes-log", label("rrn-log", "tuned"), "the log ladder", TUNED),
    ("spikes-two", label("rrn-two", "tuned"), "the ladder of octaves", TUNED),
    ("spikes-linear", label("rrn-linear", "tuned"), "the linear ladder", TUNED),
    ("spikes-rnn-mnist", label("rnn", "published"), "the RNN, untuned,", PUBLISHED),
    ("spikes-lstm-mnist", label("lstm", "published"), "the LSTM, untuned,", PUBLISHED),
)


def versus(name: str, other: str, words: str, tuning: str) -> Claim:
    """Return the claim that golden is better than another at its own setting.

    The linear ladder has as many nodes, so that equal seeds start from equal weights. Of two
    ladders either is rhythmic, and so is a power.
    """
    paired = name == "spikes-linear"
    rival = other.startswith(tuple(appearance(cell).label for cell in NOT_RHYTHMIC))
    return Claim(
        name,
        f"The golden network is more accurate than {words} on spike trains.",
        f"Golden less the other, {{how}}; {tuning}; equivalent within 0.01. Each seed draws trains "
        "of its own, the same ones for both.",
        rhythm="helps" if rival else "dynamics" if name == "spikes-power" else "which",
        note="" if paired else RULED,
        better=label("rrn-golden", "published" if tuning == PUBLISHED else "tuned"),
        worse=other,
        paired=paired,
    )


CLAIMS = tuple(versus(*one) for one in COMPARED)


@dataclass(frozen=True)
class SpikeTrainsOptions(ScriptOptions):
    """Options of the spike trains.

    Presets: quick takes minutes and answers nothing; full is the published experiment, for two
    processor cores; accelerator trains five times as many networks.

    Args:
        architectures: networks to compare, of the published comparison.
        num_seeds: networks of each kind that are tested, seeds 1, 2, ...; each seed draws 1,000
            training, 200 validation and 200 test trains.
        num_tuning_seeds: further seeds, 1000001, 1000002, ..., on which learning rates are chosen.
        chunk_size: seeds that are trained side by side and kept as one row; it divides both
            numbers of seeds, and is part of what a row is known by.
        epochs: passes over the training trains, 8 updates each.
        batch_size: trains an update.
        published_rate: peak learning rate that the published search chose on MNIST, with neither
            decay nor smoothing.
        learning_rates: peak learning rates to choose from on this task, by mean validation
            accuracy, with neither decay nor smoothing.
        results: file of rows that runs share, so that finished networks are not trained again;
            None for the run folder alone.
    """

    architectures: tuple[str, ...] = ARCHITECTURES
    num_seeds: int = 20
    num_tuning_seeds: int = 20
    chunk_size: int = 20
    epochs: int = 30
    batch_size: int = 128
    published_rate: float = 0.003
    learning_rates: tuple[float, ...] = (0.003, 0.01)
    results: Path | None = None

    ELSEWHERE: ClassVar[tuple[str, ...]] = ("results",)

    def recipe(self) -> str:
        """Say how long networks were trained, and how their rate was chosen."""
        rates = ", ".join(f"{rate:g}" for rate in self.learning_rates)
        return (
            f"{self.epochs} epochs over 1,000 trains of each seed, drawn afresh; {self.num_seeds} "
            f"seeds. Tuned: rates {rates} to choose from, on the validation trains of "
            f"{self.num_tuning_seeds} other seeds; untuned: {self.published_rate:g}."
        )

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        check_results(self.results)
        among(self, architectures=tuple(published()))
        within(self, learning_rates="(0, inf)")
        for rate in (self.published_rate, *self.learning_rates):
            check_hyperparameter("learning_rate", rate)
        for name in ("num_seeds", "num_tuning_seeds"):
            number = getattr(self, name)
            if number < 1 or self.chunk_size < 1 or number % self.chunk_size:
                raise ValueError(
                    f"{name} is {number}; it must be a multiple of chunk_size, {self.chunk_size}, "
                    "and both at least 1"
                )
        self.task().training.num_steps(self.task().trains.train_size)

    def task(self) -> SpikeTask:
        """Return trains and recipe."""
        return SpikeTask(
            SpikeTrains(), TrainingConfiguration(epochs=self.epochs, batch_size=self.batch_size)
        )

    def chunks(self, first: int, number: int) -> list[tuple[int, ...]]:
        """Cut ``number`` seeds from ``first`` on into chunks."""
        starts = range(first, first + number, self.chunk_size)
        return [tuple(range(start, start + self.chunk_size)) for start in starts]


RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
PRESETS = presets(
    SpikeTrainsOptions,
    "spike_trains",
    {},
    smoke={"architectures": ("rrn-golden",), "epochs": 2}
    | dict.fromkeys(("num_seeds", "num_tuning_seeds", "chunk_size"), 6),
    full={"num_seeds": 1000, "num_tuning_seeds": 50, "chunk_size": 50, "learning_rates": RATES},
    accelerator={
        "num_seeds": 5000,
        "num_tuning_seeds": 250,
        "chunk_size": 250,
        "learning_rates": RATES,
    },
)


def labels(options: SpikeTrainsOptions) -> list[str]:
    """Return the labels of what is trained, and of the plain readings, which no run leaves out."""
    trained = [label(name, how) for name in options.architectures for how in SETTINGS]
    return [*trained, *map(power_label, LADDERS)]


def measured(options: SpikeTrainsOptions, rows: Rows, stages: Stages, store: MemberStore) -> Rows:
    """Train all networks, read the trains plainly; return a row a seed by what was done."""
    del rows, stages
    known, task = published(), options.task()
    chunks = options.chunks(1, options.num_seeds)
    powers = {power_label(name): tuple(ladder(name).tolist()) for name in LADDERS}
    plain = read_chunks(store, task.trains, powers, chunks)
    trained = train_chunks(
        store,
        task,
        [known[name] for name in options.architectures],
        published=Setting(options.published_rate),
        settings=setting_grid(options.learning_rates, (0.0,), (0.0,)),
        chunks=chunks,
        tuning_chunks=options.chunks(FIRST_TUNING_SEED, options.num_tuning_seeds),
    )
    found = {}
    for place, setting in enumerate(SETTINGS):
        for name, both in trained.items():
            found[label(name, setting)] = spread(label(name, setting), both[place])
    return found | {reading: spread(reading, of_chunks) for reading, of_chunks in plain.items()}


def spread(label: str, chunks: Sequence[Row]) -> list[Row]:
    """Return a row a seed from a row a chunk."""
    shared = ("learning_rate", "num_parameters")
    return [
        {"label": label, "seed": seed, "test_accuracy": accuracy}
        | {name: chunk[name] for name in shared if name in chunk}
        for chunk in chunks
        for seed, accuracy in zip(chunk["seeds"], chunk["test_accuracy"], strict=True)
    ]


def draw(options: SpikeTrainsOptions, rows: Rows) -> dict[str, Figure]:
    """Draw means at both settings beside the plain readings and the ceiling."""
    del options
    settings = {}
    for setting in SETTINGS:
        ending = f", {setting}"
        settings[setting] = {
            name.removesuffix(ending): tested(of_label)
            for name, of_label in rows.items()
            if name.endswith(ending)
        }
    plain = {
        name: tested(of_label)
        for name, of_label in rows.items()
        if name.startswith("power") or name in (COUNT, IDEAL)
    }
    ceiling = plain.pop(IDEAL)
    return {"spike_trains": spike_trains_figure(settings, plain, ceiling)}


EXPERIMENT = Question(
    "spike_trains",
    "Is there a rhythm in a spike train?",
    PRESETS,
    CLAIMS,
    draw,
    further=measured,
    further_labels=labels,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
