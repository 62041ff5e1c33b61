"""What every question of the comparison can be told: data, seeds, recipe, where rows are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from experiments.members import Condition, Pool
from experiments.members.condition import check_seeds
from experiments.options import ScriptOptions
from experiments.ranges import among
from rhythmic import data
from rhythmic.data import DATASETS
from rhythmic.data.dataset import NUM_TRAIN
from rhythmic.data.images import Order, in_order
from rhythmic.networks import BuildsNetwork
from rhythmic.runs.rows import check_results
from rhythmic.training import Data, TrainingConfiguration
from rhythmic.training.configuration import check_hyperparameter
from rhythmic.training.search import Setting, setting_grid

Options = TypeVar("Options", bound=ScriptOptions)

RESULTS = Path(__file__).parents[1] / "results" / "compare"

# Data, recipe and seeds of the questions that compare several networks; each adds its own.
QUICK = {"num_train": 1024, "epochs": 5, "seeds": (101, 102), "learning_rates": (0.01,)}
FULL = {
    "dataset": "mnist",
    "epochs": 3,
    "seeds": tuple(range(101, 106)),
    "tuning_seeds": (123, 456),
    "learning_rates": (0.003, 0.01, 0.03),
}
MORE = {"epochs": 30, "seeds": tuple(range(101, 111)), "learning_rates": (0.001, 0.003, 0.01)}
SHARED: dict[str, dict[str, Any]] = {
    "smoke": QUICK | {"num_train": 256, "epochs": 4},
    "quick": QUICK,
    "full": FULL,
    "accelerator": FULL | MORE,
}


def presets(
    options: type[Options],
    results: str = "",
    shared: Mapping[str, Mapping[str, Any]] = SHARED,
    **differing: Mapping[str, Any],
) -> dict[str, Options]:
    """Return the four presets of a question: the shared values, but for the fields given of each.

    Args:
        options: of the question.
        results: name of the file of rows that full and accelerator add to; none without a name.
        shared: values by the name of the preset.
        **differing: fields by the name of the preset.
    """
    file = {"results": RESULTS / f"{results}.jsonl"} if results else {}
    kept = {"full": file, "accelerator": file}
    found = {}
    for name in SHARED:
        fields: dict[str, Any] = {"preset": name}
        for part in (shared, kept, differing):
            fields |= part.get(name, {})
        found[name] = options(**fields)
    return found


CONSTANT = {"schedule": "constant", "momentum": "constant"}  # of a recipe: the learning rate
ARITHMETIC = (
    "Networks with fixed rhythms that are read out by energy are trained from one pixel with ink "
    "to the next, all others by a step a pixel, whose float32 gradient is off by several per cent "
    "where nodes hardly decay: what that does is the question of precision."
)


@dataclass(frozen=True)
class DigitOptions(ScriptOptions):
    """Options of networks that learn digits.

    Args:
        dataset: mnist (60,000 + 10,000 digits) or mnist5k (5,000 bundled digits, not MNIST).
        epochs: passes over the training digits.
        batch_size: digits per update, at least 2.
        seeds: seeds that are tested, one network each, which set split, initialisation, batch
            order and dropout.
        tuning_seeds: seeds on which settings are chosen; none of them may be tested.
        learning_rates: peak learning rates to choose from, by mean validation accuracy.
        data_dir: folder with the four original MNIST files; by default RHYTHMIC_DATA_DIR, else
            they are downloaded.
        results: file of rows that runs share: finished networks are not trained again, new ones
            are added; None for the run folder alone.
    """

    dataset: str = "mnist5k"
    epochs: int = 10
    batch_size: int = 128
    seeds: tuple[int, ...] = (101, 102, 103)
    tuning_seeds: tuple[int, ...] = (123,)
    learning_rates: tuple[float, ...] = (0.003, 0.01)
    data_dir: Path | None = None
    results: Path | None = None

    ELSEWHERE: ClassVar[tuple[str, ...]] = ("data_dir", "results")

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        among(self, dataset=DATASETS)
        check_results(self.results)
        if not self.seeds:
            raise ValueError("seeds is empty; give at least one")
        for rate in self.learning_rates:
            check_hyperparameter("learning_rate", rate)


@dataclass(frozen=True)
class CompareOptions(DigitOptions):
    """Options of every question.

    Presets: quick takes minutes and answers nothing; full is for two processor cores, and its
    answers count; accelerator asks the same of more networks.

    Args:
        num_train: training digits of the split that are used, the first ones; 0 for all.
    """

    num_train: int = 0

    # What the recipe of the question has of its own.
    RECIPE: ClassVar[Mapping[str, Any]] = {}
    # What options that name several things may hold.
    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        among(self, **self.CHOICES)
        if not self.learning_rates:
            raise ValueError("learning_rates is empty; give at least one")
        check_seeds(self.seeds, self.settings(), self.tuning_seeds)
        available = NUM_TRAIN[self.dataset]
        if not 0 <= self.num_train <= available:
            raise ValueError(f"num_train is {self.num_train}; it must lie in 0 to {available}")
        self.training().num_steps(self.num_train or available)

    def recipe(self) -> str:
        """Say on what data, how long, at which rates and by what arithmetic networks train."""
        schedules = {"one_cycle": "one-cycle rate", "constant": "constant rate"}
        chosen = f"rate{'s' * (len(self.learning_rates) > 1)} "
        chosen += ", ".join(f"{rate:g}" for rate in self.learning_rates)
        if len(self.learning_rates) > 1:
            seeds = ", ".join(map(str, self.tuning_seeds))
            chosen += f" to choose from, on validation digits of seeds {seeds}"
        return (
            f"{self.dataset}: {self.length()}, {schedules[self.training().schedule]}; {chosen}; "
            f"{len(self.seeds)} tested seeds unless it says otherwise. {ARITHMETIC}"
        )

    def length(self) -> str:
        """Say on how many digits, and how long, networks train."""
        digits = self.num_train or NUM_TRAIN[self.dataset]
        passes = "pass" if self.epochs == 1 else "passes"
        updates = self.training().num_steps(digits)
        return f"{self.epochs} {passes} over {digits:,} training digits, {updates:,} updates"

    def training(self, **differing: Any) -> TrainingConfiguration:
        """Return the recipe that all networks of a question share, but for the fields given."""
        shared = {"epochs": self.epochs, "batch_size": self.batch_size, **self.RECIPE}
        return TrainingConfiguration(**shared | differing)

    def settings(self) -> tuple[Setting, ...]:
        """Return the settings to choose from: rates, without decay and smoothing."""
        return tuple(setting_grid(self.learning_rates, (0.0,), (0.0,)))

    def condition(
        self, pool: Pool, label: str, architecture: BuildsNetwork, **differing: Any
    ) -> Condition:
        """Return a condition by the recipe, rates and seeds of all, but for the fields given."""
        fields: dict[str, Any] = {
            "training": self.training(),
            "settings": self.settings(),
            "seeds": self.seeds,
            "tuning_seeds": self.tuning_seeds,
            "num_train": self.num_train or None,
        } | differing
        return Condition(label, architecture, pool=pool, **fields)

    def pool(self, order: Order = "rows") -> Pool:
        """Load the digits, as sequences in an order.

        Raises:
            DataUnavailableError: in one line, where the data are not to be had.
        """
        digits = data.load(self.dataset, data_dir=self.data_dir)
        images = digits.images if order == "rows" else in_order(digits.images, order)
        identity = digits.sha256 if order == "rows" else f"{digits.sha256}, {order}"
        name = self.dataset if order == "rows" else f"{self.dataset}, {order}"
        return Pool(name, identity, Data(images, digits.labels), partial(data.split, digits))
