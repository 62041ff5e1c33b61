"""Options of ``experiments.compare.spike_trains``."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from experiments.compare.options import RESULTS
from experiments.compare.parts import check_parts
from experiments.compare.spike_chunks import SpikeTask
from experiments.members.store import check_results
from experiments.script import ScriptOptions
from rhythmic.data import SpikeTrains
from rhythmic.networks import published
from rhythmic.training import TrainingConfiguration
from rhythmic.training.configuration import check_hyperparameter

ARCHITECTURES = ("rrn-golden", "rrn-log", "rrn-two", "rrn-linear", "rnn", "lstm")
FIRST_TUNING_SEED = 1_000_001


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
        check_parts("architectures", self.architectures, list(published()))
        if len(set(self.learning_rates)) < max(1, len(self.learning_rates)):
            given = " ".join(map(str, self.learning_rates)) or "empty"
            raise ValueError(f"learning_rates is {given}; give one or more, each once")
        for rate in (self.published_rate, *self.learning_rates):
            check_hyperparameter("learning_rate", rate)
        for name in ("num_seeds", "num_tuning_seeds"):
            number = getattr(self, name)
            if number < 1 or self.chunk_size < 1 or number % self.chunk_size:
                raise ValueError(
                    f"{name} is {number}; it must be a multiple of chunk_size, {self.chunk_size}, "
                    "and both at least 1"
                )
        if self.num_seeds >= FIRST_TUNING_SEED:
            raise ValueError(
                f"num_seeds is {self.num_seeds}; it must be below {FIRST_TUNING_SEED}, the first "
                "seed of tuning"
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
PRESETS = {
    "smoke": SpikeTrainsOptions(
        preset="smoke",
        architectures=("rrn-golden",),
        num_seeds=6,
        num_tuning_seeds=6,
        chunk_size=6,
        epochs=2,
    ),
    "quick": SpikeTrainsOptions(),
    "full": SpikeTrainsOptions(
        preset="full",
        num_seeds=1000,
        num_tuning_seeds=50,
        chunk_size=50,
        learning_rates=RATES,
        results=RESULTS / "spike_trains.jsonl",
    ),
    "accelerator": SpikeTrainsOptions(
        preset="accelerator",
        num_seeds=5000,
        num_tuning_seeds=250,
        chunk_size=250,
        learning_rates=RATES,
        results=RESULTS / "spike_trains.jsonl",
    ),
}
