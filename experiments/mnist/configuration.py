"""Every knob of the comparison on handwritten digits, and its three presets."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from rhythmic.cells.resonant import Diagonal
from rhythmic.data import DATASETS
from rhythmic.models import Architecture, ResonantArchitecture, named_architectures
from rhythmic.records import fingerprint
from rhythmic.training import TrainingConfiguration
from rhythmic.training.configuration import Momentum, check_hyperparameter, check_seed
from rhythmic.training.search import Setting, setting_grid

REFERENCE = "rrn-golden"
CUSTOM = "rrn-custom"

# Published in the lecture: mean test accuracy and its standard error over 10 seeds.
PUBLISHED = {"rrn-golden": (0.759, 0.007), "rnn": (0.617, 0.018), "lstm": (0.715, 0.019)}

# Found on the validation digits of mnist5k, seeds 123, 456 and 789, among 0.003, 0.01 and 0.03.
QUICK_LEARNING_RATES = {
    "rrn-golden": 0.03,
    "rrn-log": 0.03,
    "rrn-two": 0.03,
    "rrn-linear": 0.03,
    "rrn-golden-unconnected": 0.03,
    "rnn": 0.03,
    "lstm": 0.03,
}

Preset = Literal["quick", "table", "paper"]


@dataclass(frozen=True)
class MnistConfiguration:
    """Train rhythmic and other recurrent networks on handwritten digits, one pixel a step.

    Each architecture is tuned on validation digits alone, with seeds outside the table; the test
    digits are read once for every seed of the table. A run that was stopped goes on where it
    stopped when the same command is given again.

    Args:
        preset: where the defaults come from. quick: 5,000 digits, minutes. table: MNIST, the
            lecture's three rows. paper: MNIST, the whole published protocol of 448 runs.
        dataset: mnist (60,000 + 10,000 digits) or mnist5k (5,000 bundled digits, not MNIST).
        architectures: names from rrn-golden, rrn-log, rrn-two, rrn-linear,
            rrn-golden-unconnected, rrn-custom, rnn, lstm.
        seeds: seeds of the table, one network each (each sets split, start values, batch order).
        tuning_seeds: seeds on which settings are chosen; none of them may be in the table.
        learning_rates: peak learning rates to choose from; none means the documented rate of
            each architecture.
        weight_decays: decoupled weight decays to choose from.
        label_smoothings: label smoothings to choose from, each in [0, 1).
        epochs: passes over the training digits.
        batch_size: digits an update, at least 2.
        momentum: Adam's beta1; cycled: 0.95, 0.85, 0.95 against the rate; constant: 0.9.
        diagonal: how recurrent weights of an RRN keep a zero diagonal. projected: set back to
            zero after every update; masked: without a gradient.
        sample_rate: pixels a second, Hz.
        pole_radius: modulus of the poles of every RRN node, in (0, 1).
        frequencies: node frequencies in Hz of the architecture rrn-custom, each below a quarter
            of the sample rate.
        run_dir: folder of the run; by default runs/mnist-PRESET-FINGERPRINT.
        data_dir: folder with the four MNIST files; otherwise the environment variable
            RHYTHMIC_DATA_DIR, then a download.
        results: file of finished members, which are taken from it and added to it; none keeps
            results in the run folder alone.
        devices: processors that the members spread over, by default all cores; GPUs are all
            used.
        members_per_device: networks that train side by side on one device at most; by default 6
            on a processor, 64 on a GPU. It changes no result beyond rounding.
    """

    preset: Preset = "quick"
    dataset: str = "mnist5k"
    architectures: tuple[str, ...] = ("rrn-golden", "rnn", "lstm")
    seeds: tuple[int, ...] = (1, 2, 3)
    tuning_seeds: tuple[int, ...] = (123, 456, 789)
    learning_rates: tuple[float, ...] = ()
    weight_decays: tuple[float, ...] = (0.0,)
    label_smoothings: tuple[float, ...] = (0.0,)
    epochs: int = 30
    batch_size: int = 128
    momentum: Momentum = "cycled"
    diagonal: Diagonal = "projected"
    sample_rate: float = 1000.0
    pole_radius: float = 0.99999
    frequencies: tuple[float, ...] = ()
    run_dir: Path | None = None
    data_dir: Path | None = None
    results: Path | None = None
    devices: int | None = None
    members_per_device: int | None = None

    def __post_init__(self) -> None:
        check_choice("preset", self.preset, get_args(Preset))
        check_choice("dataset", self.dataset, DATASETS)
        check_choice("momentum", self.momentum, get_args(Momentum))
        check_choice("diagonal", self.diagonal, get_args(Diagonal))
        self.check_grid()
        known = self.known_architectures()
        if not self.architectures:
            raise ValueError("architectures is empty; name at least one")
        for name in self.architectures:
            if name == CUSTOM and not self.frequencies:
                raise ValueError(f"frequencies is empty; {CUSTOM} needs at least one, in Hz")
            check_choice("architectures", name, tuple(known))
        for name, value in (
            ("devices", self.devices),
            ("members_per_device", self.members_per_device),
        ):
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 1")
        num_train = {"mnist": 55_000, "mnist5k": 4_000}[self.dataset]
        self.training.num_steps(num_train)

    def check_grid(self) -> None:
        """Raise a ValueError that names the seed or setting out of its range."""
        if not self.seeds:
            raise ValueError("seeds is empty; the table needs at least one seed")
        for seed in (*self.seeds, *self.tuning_seeds):
            check_seed(seed)
        for field, singular in (
            ("learning_rates", "learning_rate"),
            ("weight_decays", "weight_decay"),
            ("label_smoothings", "label_smoothing"),
        ):
            values = getattr(self, field)
            if not values and field != "learning_rates":
                raise ValueError(f"{field} is empty; it needs at least one value")
            for value in values:
                check_hyperparameter(singular, value)
        both = sorted(set(self.seeds) & set(self.tuning_seeds))
        if both and self.needs_tuning():
            raise ValueError(f"tuning_seeds holds {both[0]}, a seed of the table; keep them apart")
        if self.needs_tuning() and not self.tuning_seeds:
            raise ValueError("tuning_seeds is empty; choosing among settings needs at least one")
        for name in ("seeds", "tuning_seeds", "architectures", "learning_rates"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise ValueError(f"{name} holds a value twice: {' '.join(map(str, values))}")

    @property
    def training(self) -> TrainingConfiguration:
        """The recipe that all members share."""
        return TrainingConfiguration(
            epochs=self.epochs, batch_size=self.batch_size, momentum=self.momentum
        )

    def known_architectures(self) -> dict[str, Architecture]:
        """Return every architecture that this configuration can name."""
        known = named_architectures(
            sample_rate=self.sample_rate, pole_radius=self.pole_radius, diagonal=self.diagonal
        )
        if self.frequencies:
            known[CUSTOM] = ResonantArchitecture(
                name=CUSTOM,
                frequencies=self.frequencies,
                sample_rate=self.sample_rate,
                pole_radius=self.pole_radius,
                diagonal=self.diagonal,
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

    def identity(self) -> dict[str, object]:
        """Return what determines the results, without where and in which groups they are made."""
        elsewhere = {"run_dir", "data_dir", "results", "devices", "members_per_device"}
        fields = dataclasses.asdict(self)
        return {name: value for name, value in fields.items() if name not in elsewhere}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "MnistConfiguration":
        """Build the configuration that a run folder's ``configuration.json`` records."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in record.items()
        }
        return cls(**fields)

    def folder(self) -> Path:
        """Return the folder of the run."""
        default = Path("runs") / f"mnist-{self.preset}-{fingerprint(self.identity())[:8]}"
        return self.run_dir or default


def check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise a ValueError that names the field and its choices."""
    if value not in allowed:
        raise ValueError(f"{name} holds {value!r}; choose from {', '.join(allowed)}")


RESULTS = Path("experiments/results/mnist.jsonl")

PRESETS = {
    "quick": MnistConfiguration(),
    "table": MnistConfiguration(
        preset="table",
        dataset="mnist",
        seeds=(101, 102, 103, 104, 105, 106),
        tuning_seeds=(123, 456),
        learning_rates=(3e-4, 1e-3, 3e-3),
        results=RESULTS,
    ),
    "paper": MnistConfiguration(
        preset="paper",
        dataset="mnist",
        architectures=(
            "rrn-golden",
            "rrn-log",
            "rrn-two",
            "rrn-linear",
            "rrn-golden-unconnected",
            "rnn",
            "lstm",
        ),
        seeds=tuple(range(101, 111)),
        learning_rates=(3e-4, 1e-3, 3e-3),
        weight_decays=(0.0, 1e-3, 1e-2),
        label_smoothings=(0.0, 0.05),
        results=RESULTS,
    ),
}
