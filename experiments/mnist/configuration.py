"""What the comparison on handwritten digits may be asked for, checked, and its three presets."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, cast, get_args

from experiments.compare.options import DigitOptions
from experiments.members.condition import check_seeds
from experiments.ranges import among, at_least
from rhythmic.cells.resonant import Diagonal
from rhythmic.data.dataset import NUM_TRAIN
from rhythmic.networks import NetworkSpec, published, rhythmic_network
from rhythmic.training import TrainingConfiguration
from rhythmic.training.configuration import Momentum, check_hyperparameter
from rhythmic.training.search import Setting, setting_grid

REFERENCE = "rrn-golden"
CUSTOM = "rrn-custom"

# Published in the lecture: mean test accuracy and its standard error over 10 seeds.
PUBLISHED = {"rrn-golden": (0.759, 0.007), "rnn": (0.617, 0.018), "lstm": (0.715, 0.019)}

# Rates for the 960 updates of mnist5k, by mean validation accuracy over seeds 123, 456 and 789
# among 0.003, 0.01 and 0.03 (the last is the edge of that grid):
# python -m experiments.mnist --learning-rates 0.003 0.01 0.03 --seeds 1 --architectures NAMES
QUICK_RATE_SEEDS = {123, 456, 789}
QUICK_LEARNING_RATES = {
    "rrn-golden": 0.01,
    "rrn-log": 0.03,
    "rrn-two": 0.01,
    "rrn-linear": 0.01,
    "rrn-golden-unconnected": 0.03,
    "rnn": 0.01,
    "lstm": 0.01,
}


@dataclass(frozen=True)
class MnistConfiguration(DigitOptions):
    """Train rhythmic and other recurrent networks on handwritten digits, one pixel per step.

    Hyperparameters of each architecture are chosen on validation digits alone, with seeds outside
    the table; the test digits are read once for every seed of the table. A run that was stopped is
    resumed by the same command.

    Args:
        preset: where the other defaults come from. quick: 5,000 digits, minutes. table: MNIST, the
            lecture's three rows. paper: MNIST, the whole published protocol of 448 runs.
        architectures: names from rrn-golden, rrn-log, rrn-two, rrn-linear,
            rrn-golden-unconnected, rrn-custom, rnn, lstm.
        learning_rates: peak learning rates to choose from; none means the documented rate of
            each architecture, found for mnist5k (rrn-custom takes that of rrn-golden).
        weight_decays: decoupled weight decays to choose from.
        label_smoothings: label smoothings to choose from, each in [0, 1).
        rising_share: fraction of the updates before the learning rate peaks, in (0, 1).
        momentum: Adam's beta1; cycled: 0.95, 0.85, 0.95 against the rate; constant: 0.9.
        clip_norm: bound on the global norm of the gradient, above 0.
        dropout_rate: fraction of the pooled features that RNN and LSTM drop in training, in [0, 1).
        evaluation_batch_size: digits at a time in validation and test; changes no result.
        diagonal: how recurrent weights of an RRN keep a zero diagonal. projected: set back to
            zero after every update; masked: without a gradient.
        sample_rate: pixels per second, Hz.
        pole_radius: modulus of the poles of every RRN node, in (0, 1).
        frequencies: node frequencies in Hz of the architecture rrn-custom, each below a quarter
            of the sample rate.
        devices: CPU cores over which networks are sharded, by default all; GPUs are all used.
        members_per_device: networks that train side by side on one device at most; by default 6
            on a CPU, 64 on a GPU and without recurrence; fewer where they would not fit in
            memory. It changes no result beyond rounding.
        compilation_cache: folder in which compiled programs are kept, so that the next run with
            the same networks, shapes, device and JAX loads them instead of compiling again; none
            keeps nothing. It changes no result, and may be removed at any time.
        dry_run: train nothing and write no results; compile and time every architecture, half a
            minute for each, and print how many networks are missing and what memory and time they
            are expected to take.
    """

    architectures: tuple[str, ...] = ("rrn-golden", "rnn", "lstm")
    seeds: tuple[int, ...] = (1, 2, 3)
    tuning_seeds: tuple[int, ...] = (123, 456, 789)
    learning_rates: tuple[float, ...] = ()
    weight_decays: tuple[float, ...] = (0.0,)
    label_smoothings: tuple[float, ...] = (0.0,)
    epochs: int = 30
    rising_share: float = 0.15
    momentum: str = "cycled"
    clip_norm: float = 1.0
    dropout_rate: float = 0.1
    evaluation_batch_size: int = 500
    diagonal: str = "projected"
    sample_rate: float = 1000.0
    pole_radius: float = 0.99999
    frequencies: tuple[float, ...] = ()
    devices: int | None = None
    members_per_device: int | None = None
    compilation_cache: Path | None = None
    dry_run: bool = False

    ELSEWHERE: ClassVar[tuple[str, ...]] = (
        *("data_dir", "results", "devices", "members_per_device"),
        *("evaluation_batch_size", "compilation_cache", "dry_run"),
    )

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        among(self, momentum=get_args(Momentum), diagonal=get_args(Diagonal))
        known = self.known_architectures()
        if CUSTOM in self.architectures and not self.frequencies:
            raise ValueError(f"frequencies is empty; {CUSTOM} needs at least one, in Hz")
        if self.frequencies and CUSTOM not in self.architectures:
            raise ValueError(f"frequencies is given, but {CUSTOM} is not among architectures")
        among(self, architectures=tuple(dict.fromkeys((*known, CUSTOM))))
        self.check_grid()
        at_least(self, devices=1, members_per_device=1)
        self.training.num_steps(NUM_TRAIN[self.dataset])

    def check_grid(self) -> None:
        """Raise a ValueError that names the seed or setting out of its range."""
        for name in ("weight_decay", "label_smoothing"):
            values = getattr(self, f"{name}s")
            if not values:
                raise ValueError(f"{name}s is empty; it needs at least one value")
            for value in values:
                check_hyperparameter(name, value)
        settings = max((self.settings(name) for name in self.architectures), key=len)
        check_seeds(self.seeds, settings, self.tuning_seeds if len(settings) > 1 else ())
        both = sorted(set(self.seeds) & QUICK_RATE_SEEDS)
        if both and not self.learning_rates:
            raise ValueError(
                f"seeds holds {both[0]}, on which the documented rates were chosen; take another "
                "or give learning_rates"
            )

    @property
    def training(self) -> TrainingConfiguration:
        """The recipe that all members share."""
        return TrainingConfiguration(
            epochs=self.epochs,
            batch_size=self.batch_size,
            rising_share=self.rising_share,
            momentum=cast(Momentum, self.momentum),
            clip_norm=self.clip_norm,
            evaluation_batch_size=self.evaluation_batch_size,
        )

    def known_architectures(self) -> dict[str, NetworkSpec]:
        """Return every architecture that this configuration can name."""
        known = published(
            sample_rate=self.sample_rate,
            pole_radius=self.pole_radius,
            diagonal=cast(Diagonal, self.diagonal),
            dropout_rate=self.dropout_rate,
        )
        if self.frequencies:
            known[CUSTOM] = rhythmic_network(
                self.frequencies,
                name=CUSTOM,
                sample_rate=self.sample_rate,
                pole_radius=self.pole_radius,
                diagonal=cast(Diagonal, self.diagonal),
            )
        return known

    def settings(self, architecture: str) -> list[Setting]:
        """Return the settings among which one is chosen for an architecture."""
        documented = (QUICK_LEARNING_RATES.get(architecture, QUICK_LEARNING_RATES[REFERENCE]),)
        rates = self.learning_rates or documented
        return setting_grid(rates, self.weight_decays, self.label_smoothings)

    def needs_tuning(self) -> bool:
        """Tell whether there is more than one setting to choose from."""
        return any(len(self.settings(name)) > 1 for name in self.architectures)

    def is_published_recipe(self) -> bool:
        """Tell whether data, recipe and networks are those of the published table."""
        recipe = ("dataset", "epochs", "batch_size", "rising_share", "momentum", "clip_norm")
        networks = ("diagonal", "sample_rate", "pole_radius", "dropout_rate")
        return all(getattr(self, k) == getattr(TABLE, k) for k in (*recipe, *networks))


RESULTS = Path(__file__).parents[1] / "results" / "mnist.jsonl"

TABLE = MnistConfiguration(
    preset="table",
    dataset="mnist",
    seeds=tuple(range(101, 111)),
    tuning_seeds=(123, 456),
    learning_rates=(3e-4, 1e-3, 3e-3),
    results=RESULTS,
)
PRESETS = {
    "quick": MnistConfiguration(),
    "table": TABLE,
    "paper": replace(
        TABLE,
        preset="paper",
        architectures=tuple(QUICK_LEARNING_RATES),
        tuning_seeds=(123, 456, 789),
        weight_decays=(0.0, 1e-3, 1e-2),
        label_smoothings=(0.0, 0.05),
    ),
}
