"""What a member's result depends on, besides its hyperparameters and its seed."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from experiments.members.identity import (
    TRAINING_VERSION,
    is_published_rhythm,
    network_identity,
    recipe_identity,
    setting_identity,
)
from rhythmic.data import Split
from rhythmic.networks import BuildsNetwork, NetworkSpec
from rhythmic.networks.network import Method
from rhythmic.records import fingerprint
from rhythmic.training import (
    Data,
    Members,
    MemberTraining,
    TrainingConfiguration,
    make_members,
)
from rhythmic.training.configuration import check_seed
from rhythmic.training.problem import Problem
from rhythmic.training.rhythms import member_rhythms
from rhythmic.training.search import Setting

Precision = Literal["float32", "float64"]

# What a row may keep beyond accuracies.
KEPT = ("history", "confusion", "class_features", "parameters", "statistics")


class Pool(NamedTuple):
    """The examples of an experiment: their name and hash for the record, the arrays, the splits."""

    name: str
    sha256: str
    data: Data
    split: Callable[[int], Split]

    @property
    def sizes(self) -> tuple[int, int]:
        """Channels of a sample, and classes."""
        shape = self.data.inputs.shape
        return (shape[2] if len(shape) == 3 else 1), int(np.max(self.data.targets, initial=0)) + 1

    @property
    def problem(self) -> Problem:
        """What networks are trained for."""
        return Problem(self.sizes[1], self.sizes[0])


@dataclass(frozen=True, eq=False)
class Condition:
    """One thing to be compared: an architecture, its recipe and its data.

    Args:
        label: name in tables; differs from condition to condition.
        architecture: what is trained.
        training: the recipe.
        pool: the data.
        settings: hyperparameters to choose from, by mean validation accuracy over the tuning seeds.
        seeds: one network each, tested at the chosen setting.
        tuning_seeds: seeds of the choice; none of them may be tested.
        ladder: frequencies in Hz instead of the architecture's own, as many as it has. Conditions
            that differ in it alone share one compiled program.
        num_train: how many of the split's training examples are used, the first ones; None: all.
        precision: ``float32`` or ``float64``, of everything in training and test.
        method: as in ``MemberTraining``.
        kept: further results that a row keeps: those that ``KEPT`` names. A row without them would
            not do, so they are part of what a tested member is known by.
        also_kept: further results that a row keeps where the network is trained for this condition;
            no part of what it is known by. Of a network that is not tested, its learning curve.
        tuned_on: conditions of the same settings on which the setting is chosen, by their mean
            validation accuracy together, each on its own tuning seeds, instead of on this one.
            They are not tested, unless they are asked for themselves.
        test_noise: standard deviations of white Gaussian noise, in units of the inputs (pixels lie
            in 0 to 1). A row keeps ``noise_accuracy``, the accuracy of its tested network on the
            test examples with each of them; see ``rhythmic.data.images.noisy``.
    """

    label: str
    architecture: BuildsNetwork
    training: TrainingConfiguration
    pool: Pool
    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]
    tuning_seeds: tuple[int, ...] = ()
    ladder: tuple[float, ...] = ()
    num_train: int | None = None
    precision: Precision = "float32"
    method: Method = "fastest"
    kept: tuple[str, ...] = ()
    also_kept: tuple[str, ...] = ()
    tuned_on: tuple["Condition", ...] = ()
    test_noise: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.settings:
            raise ValueError(f"settings of {self.label} is empty; give at least one")
        check_seeds(self.seeds, self.settings, self.tuning_seeds)
        for other in self.tuned_on:
            if other.settings != self.settings or not other.tuning_seeds:
                raise ValueError(
                    f"tuned_on of {self.label} holds {other.label}, which needs the same settings "
                    "and tuning seeds of its own"
                )
            shared = sorted(set(other.tuning_seeds) & set(self.seeds))
            if shared:
                raise ValueError(f"tuned_on holds {shared[0]}, a seed that is tested")
        for field in ("kept", "also_kept"):
            for name in getattr(self, field):
                if name not in KEPT:
                    raise ValueError(f"{field} holds {name!r}; choose from {', '.join(KEPT)}")
        if self.ladder and not is_published_rhythm(self.architecture):
            name = self.architecture.name
            raise ValueError(
                f"ladder is given; {name} is no published rhythmic network, give it options"
            )
        for level in self.test_noise:
            if not 0.0 <= level < float("inf"):
                raise ValueError(f"test_noise holds {level}; it must be at least 0 and finite")
        if self.precision not in get_args(Precision):
            allowed = ", ".join(get_args(Precision))
            raise ValueError(f"precision is {self.precision!r}; choose from {allowed}")

    def identity(self) -> dict[str, Any]:
        """Return everything that training depends on, but setting and seed."""
        optional: dict[str, Any] = {}
        if self.ladder:
            optional["ladder"] = self.ladder
        if self.num_train is not None:
            optional["num_train"] = self.num_train
        if self.precision != "float32":
            optional["precision"] = self.precision
        if self.method != "fastest":
            optional["method"] = self.method
        return {
            "architecture": network_identity(self.architecture, self.pool.sizes[0]),
            "version": TRAINING_VERSION,
            **recipe_identity(self.training),
            "data": self.pool.sha256,
            **optional,
        }

    @functools.cached_property
    def known(self) -> str:
        """What its members are known by, besides setting, seed and what a test keeps."""
        return fingerprint(self.identity())

    def member_training(self) -> MemberTraining:
        """Return what trains one of its members."""
        return MemberTraining(
            self.architecture, self.training, method=self.method, problem=self.pool.problem
        )

    def program(self) -> str:
        """Name the compiled program that trains it, which conditions may share."""
        shared = dataclasses.replace(self, ladder=(), tuned_on=(), test_noise=())
        return fingerprint(shared.identity() | {"has_ladder": bool(self.ladder)})


def check_seeds(
    seeds: Sequence[int], settings: Sequence[Setting], tuning_seeds: Sequence[int]
) -> None:
    """Raise a ValueError of one line for seeds that are none, or that do not fit together.

    Args:
        seeds: that are tested.
        settings: to choose from.
        tuning_seeds: on which one of several is chosen.
    """
    for seed in (*seeds, *tuning_seeds):
        check_seed(seed)
    if both := sorted(set(seeds) & set(tuning_seeds)):
        raise ValueError(f"tuning_seeds holds {both[0]}, a seed that is tested; keep them apart")
    if len(settings) > 1 and not tuning_seeds:
        raise ValueError("tuning_seeds is empty; choosing among settings needs at least one")


class Wanted(NamedTuple):
    """One member: its condition, setting, seed, and whether its test examples are to be read."""

    condition: Condition
    setting: Setting
    seed: int
    tested: bool

    def name(self) -> str:
        """Identify the member."""
        # What a test measures and keeps beyond accuracy: a row without it would not do.
        measured = {"test_noise": self.condition.test_noise, "kept": self.condition.kept}
        further = {name: values for name, values in measured.items() if values and self.tested}
        also = (further,) if further else ()
        setting = setting_identity(self.setting)
        return fingerprint((self.condition.known, setting, self.seed, self.tested, *also))


def members_of(group: list[Wanted]) -> Members:
    """Gather the arrays of members that share a program."""
    first = group[0].condition
    members = make_members(
        first.pool.split,
        seeds=tuple(wanted.seed for wanted in group),
        learning_rate=tuple(wanted.setting.learning_rate for wanted in group),
        weight_decay=tuple(wanted.setting.weight_decay for wanted in group),
        label_smoothing=tuple(wanted.setting.label_smoothing for wanted in group),
    )
    if first.num_train is not None:
        members = members._replace(train=members.train[:, : first.num_train])
    if first.ladder:
        ladders = [wanted.condition.ladder for wanted in group]
        assert isinstance(first.architecture, NetworkSpec)
        options = dict(first.architecture.options)
        nodes = {name: options[name] for name in ("sample_rate", "pole_radius")}
        members = members._replace(rhythms=member_rhythms(ladders, **nodes))
    return members
