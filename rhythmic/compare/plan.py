"""What a comparison trains, stated before anything is: networks, divisions of the trials, budget.

Source: repeated cross-validation with a choice of settings within each fold, Cawley and Talbot,
Journal of Machine Learning Research 11, 2079 (2010).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import scipy.stats

from rhythmic.arguments import checked
from rhythmic.cells.registry import CELLS
from rhythmic.checks import checked_choice, checked_integer, checked_real
from rhythmic.data import Recordings, Split
from rhythmic.networks.spec import NetworkSpec
from rhythmic.training import TrainingConfiguration
from rhythmic.training.configuration import Hyperparameters, check_seed

RHYTHMIC = "rrn"  # the network that the others are held against
NODES = 10  # of the rhythmic RNN, where no number of parameters is given
FOLDS = 5  # test parts that the trials are divided into
RATES = (0.001, 0.1)  # of the search, log-uniform
DECAYS = (1e-5, 1e-2)  # of the weights, log-uniform

PresetName = Literal["quick", "full"]


@checked
@dataclass(frozen=True)
class ComparisonPlan:
    """The budget of a comparison, the same for every network.

    Args:
        cells: names in ``rhythmic.cells.registry.CELLS``; ``rrn`` is always one of them.
        num_parameters: trained parameters of each network at most; by default those of a rhythmic
            RNN of ten nodes.
        num_runs: runs of each network, each with its own test trials, validation trials and start
            values. Every five of them test each trial once; of fewer than five groups, as many.
        budget: settings tried for each network in each run: learning rate and weight decay.
        num_updates: of the weights in a run, about.
        num_ladders: random ladders that the named ones are held against.
        ladder_budget: settings tried for each ladder.
        margin: difference of scores below which two networks count as equal.
        seed: of divisions, settings, start values and random ladders.
    """

    cells: tuple[str, ...] = ("rrn", "horn", "linoss", "rnn", "lstm", "gru")
    num_parameters: int | None = None
    num_runs: int = 10
    budget: int = 10
    num_updates: int = 2000
    num_ladders: int = 100
    ladder_budget: int = 3
    margin: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = [name for name in self.cells if name not in CELLS]
        if unknown:
            raise ValueError(f"cells holds {unknown[0]!r}; choose from {', '.join(CELLS)}")
        if len(set(self.cells)) < len(self.cells):
            raise ValueError(f"cells is {', '.join(self.cells)}; it must name each cell once")
        if RHYTHMIC not in self.cells:
            raise ValueError(f"cells is {', '.join(self.cells)}; it must hold {RHYTHMIC}")
        least = {"num_runs": 2, "budget": 1, "num_updates": 20, "num_ladders": 0}
        for name, smallest in (least | {"ladder_budget": 1}).items():
            checked_integer(name, getattr(self, name), smallest)
        if self.num_parameters is not None:
            checked_integer("num_parameters", self.num_parameters, 1)
        checked_real("margin", self.margin, above=0.0)
        check_seed(self.seed)

    @classmethod
    def preset(cls, name: PresetName, **changes: Any) -> Self:
        """Return the plan of a preset.

        Args:
            name: ``quick``, minutes on a laptop, to see what there is to see; ``full``, for an
                answer that counts.
            **changes: fields that are to be otherwise; None leaves a field as the preset has it.
        """
        checked_choice("preset", name, PresetName)
        first_look = {"num_runs": 5, "budget": 2, "num_updates": 250}
        first_look |= {"num_ladders": 40, "ladder_budget": 1}
        known = {} if name == "full" else first_look
        return cls(**known | {key: value for key, value in changes.items() if value is not None})

    def specs(self, recordings: Recordings) -> dict[str, NetworkSpec]:
        """Return the networks by the names of their cells, of as many nodes as the size allows.

        Rhythms are learned wherever a cell can learn them.

        Args:
            recordings: whose channels and classes decide how many parameters a node has.

        Raises:
            ValueError: if a network has more parameters with one node than are allowed.
        """
        pooling: Literal["every"] | None = "every" if recordings.per_step else None
        sizes = recordings.num_channels, recordings.num_outputs
        free = {name: _free(name, recordings) for name in self.cells}
        specs = {
            name: NetworkSpec(name, NODES, options=free[name], pooling=pooling, name=name)
            for name in self.cells
        }
        limit = self.num_parameters or specs[RHYTHMIC].num_parameters(*sizes)
        return {name: spec.within(limit, *sizes) for name, spec in specs.items()}

    def settings(self, budget: int) -> Hyperparameters:
        """Return the settings to try: a Latin hypercube of log-uniform rates and decays.

        Args:
            budget: number of settings.

        Returns:
            ``(budget,)`` each, by rising learning rate; no label smoothing.

        Source: McKay, Beckman and Conover, Technometrics 21, 239 (1979).
        """
        generator = np.random.default_rng([self.seed, 1])
        unit = np.full((1, 2), 0.5)  # one alone stands amid the ranges
        if budget > 1:
            unit = scipy.stats.qmc.LatinHypercube(2, rng=generator).random(budget)
        unit = unit[np.argsort(unit[:, 0])]
        values = [
            low * (high / low) ** unit[:, place]
            for place, (low, high) in enumerate((RATES, DECAYS))
        ]
        rates, decays = (column.astype(np.float32) for column in values)
        return Hyperparameters(rates, decays, np.zeros(budget, np.float32))

    def recipe(self, recordings: Recordings, num_train: Sequence[int]) -> TrainingConfiguration:
        """Return the recipe that all networks share.

        Batches hold about an eighth of the training trials, 4 to 32.

        Args:
            recordings: whose kind of target decides the score: balanced accuracy, or R².
            num_train: training trials of each run.
        """
        most = max(num_train)
        batch_size = int(2 ** np.clip(np.floor(np.log2(max(most, 8) / 8)), 2, 5))
        while any(count % batch_size == 1 for count in num_train):
            batch_size += 1
        epochs = int(np.clip(-(-self.num_updates // -(-most // batch_size)), 4, 400))
        score: Literal["balanced_accuracy", "r2"] = "balanced_accuracy"
        return TrainingConfiguration(
            epochs=epochs,
            batch_size=batch_size,
            evaluation_batch_size=256,
            score=score if recordings.classes else "r2",
            class_weights="balanced" if recordings.classes else None,
        )


def _free(name: str, recordings: Recordings) -> dict[str, object]:
    """Return the options of a cell with which its rhythms fit the recordings and are learned."""
    if name in ("rrn", "linoss"):
        return {"rhythms": "learned"}
    if name == "horn":
        # The published frequency is that of an image's rows; this one is amid the ladder's.
        seconds = float(recordings.lengths.max()) / recordings.sample_rate
        low, high = span_of(recordings.sample_rate, seconds)
        omega = 2 * np.pi * np.sqrt(low * high) / recordings.sample_rate
        return {
            "rhythms": "learned",
            "heterogeneous": True,
            "angular_frequency": float(min(omega, 0.7)),
        }
    return {}


def span_of(sample_rate: float, seconds: float) -> tuple[float, float]:
    """Return the lowest and the highest frequency, Hz, that recordings of that length show."""
    return max(1 / seconds, sample_rate / 500), 0.4 * sample_rate


class Division(NamedTuple):
    """The trials of one run: ``split`` into those that train, validate and test; its ``seed``."""

    seed: int
    split: Split


@checked
def divisions(recordings: Recordings, plan: ComparisonPlan) -> list[Division]:
    """Divide the trials for every run: five parts at random, each of which tests in one run.

    After five runs the trials are divided anew. Of those that do not test, a sixth validates.
    Groups are never torn, and classes are spread as evenly as groups allow; fewer than five groups
    are as many parts.

    Args:
        recordings: the trials.
        plan: how many runs there are, and their seed.

    Raises:
        ValueError: for fewer than three groups, or trials where there are no groups.
    """
    units = len(recordings) if recordings.groups is None else len(set(recordings.groups.tolist()))
    if units < 3:
        what = "inputs" if recordings.groups is None else "groups"
        raise ValueError(f"{what} holds {units}; to train, validate and test takes at least 3")
    folds = min(FOLDS, units)
    found: list[Division] = []
    while len(found) < plan.num_runs:
        generator = np.random.default_rng([plan.seed, 2, len(found)])
        parts = recordings.divided((1 / folds,) * (folds - 1), generator)
        for test in parts[: plan.num_runs - len(found)]:
            rest = np.setdiff1d(np.arange(len(recordings)), test)
            left = recordings[rest]
            validation, train = left.divided((1 / 6,), generator)
            split = Split(rest[train].astype(np.int32), rest[validation].astype(np.int32), test)
            found.append(Division(plan.seed + len(found), split))
    for one in found if not recordings.classes else ():
        for name in ("validation", "test"):
            _check_varies(recordings, name, getattr(one.split, name))
    return found


def _check_varies(recordings: Recordings, name: str, trials: np.ndarray) -> None:
    """Raise a ValueError for a part of the trials whose targets are all one number."""
    targets = recordings.targets[trials].reshape(-1, recordings.num_outputs)
    if not np.all(np.nanmax(targets, axis=0) > np.nanmin(targets, axis=0)):
        raise ValueError(
            f"targets do not vary among the {len(trials)} {name} trials of a run; R² needs more "
            "trials, or more groups"
        )
