"""What is fixed in a training run, what is swept over its members, and what comes out.

Source: M. A. Kramer, arXiv:2506.17083.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from rhythmic.arguments import checked
from rhythmic.cells import ResonantNodes
from rhythmic.checks import checked_choice, checked_integer, checked_real, shown
from rhythmic.data.dataset import Split, check_split
from rhythmic.indices import check_indices
from rhythmic.networks.network import ChannelScaling
from rhythmic.tasks import AbstractTask
from rhythmic.training.objectives import OF_CLASSES, OF_NUMBERS, LossName, ScoreName
from rhythmic.typing import AnyArray, Float, Int

Momentum = Literal["cycled", "constant"]
Schedule = Literal["one_cycle", "constant"]


@checked
@dataclass(frozen=True)
class TrainingConfiguration:
    """The recipe that all members share (Kramer, arXiv:2506.17083).

    Args:
        epochs: passes over the training digits; all of them run.
        batch_size: digits per update, at least 2; a short last batch is kept.
        rising_share: fraction of the updates before the learning rate peaks.
        momentum: Adam's beta1. ``cycled``: 0.95, 0.85, 0.95 against the rate, as torch's one-cycle
            schedule does by default; ``constant``: 0.9.
        clip_norm: bound on the global norm of the gradient; infinity for none.
        evaluation_batch_size: digits at a time in validation and test; changes no result.
        schedule: of the learning rate. ``one_cycle``: up and down; ``constant``: the peak rate at
            every update, with a constant beta1.
        input_noise: standard deviation of white Gaussian noise that is added to every training
            input, drawn afresh at every update, in units of the inputs (pixels lie in 0 to 1).
        passes: times that an epoch goes through the training digits, each in an order of its own.
            Of few digits several passes fill an epoch, and validation stays rare.
        loss: what is minimised: ``cross_entropy``, ``squared``, ``huber``, or a function of one
            output vector, ``(output,)``, and its target. By default the first of classes, the
            second of numbers, on the scale of the training targets.
        score: what epochs and networks are chosen by: ``accuracy`` (of classes by default),
            ``balanced_accuracy``, ``f1``; ``r2`` (of numbers by default), ``nrmse``.
        class_weights: ``balanced``, so that all classes count alike; or one factor per class.
        optimizer: any transformation of optax, in place of AdamW by the schedule above.
        patience: epochs without a better validation after which a run stops; None: never.
        piece_length: samples after which a gradient is taken and the states are carried on, for
            long recordings with targets at every step; None: whole sequences.
    """

    epochs: int = 30
    batch_size: int = 128
    rising_share: float = 0.15
    momentum: Momentum = "cycled"
    clip_norm: float = 1.0
    evaluation_batch_size: int = 500
    schedule: Schedule = "one_cycle"
    input_noise: float = 0.0
    passes: int = 1
    loss: LossName | Callable | None = None
    score: ScoreName | None = None
    class_weights: Literal["balanced"] | tuple[float, ...] | None = None
    optimizer: optax.GradientTransformation | None = None
    patience: int | None = None
    piece_length: int | None = None

    def __post_init__(self) -> None:
        # Kept as Python's own numbers: 1 and 1.0 are one recipe, and have one name in records.
        for name, smallest in (
            ("epochs", 1),
            ("batch_size", 2),
            ("evaluation_batch_size", 1),
            ("passes", 1),
        ):
            count = checked_integer(name, getattr(self, name), smallest)
            object.__setattr__(self, name, count)
        numbers = {
            "rising_share": checked_real("rising_share", self.rising_share, above=0.0, below=1.0),
            "clip_norm": checked_real("clip_norm", self.clip_norm, above=0.0, infinite=True),
            "input_noise": checked_real("input_noise", self.input_noise, least=0.0),
        }
        for name, number in numbers.items():
            object.__setattr__(self, name, float(number))
        checked_choice("momentum", self.momentum, Momentum)
        checked_choice("schedule", self.schedule, Schedule)
        if self.schedule == "constant" and self.momentum == "cycled":
            raise ValueError("momentum is 'cycled'; a constant schedule needs constant")
        for name in ("patience", "piece_length"):
            if getattr(self, name) is not None:
                checked_integer(name, getattr(self, name), 1)
        if isinstance(self.loss, str):
            checked_choice("loss", self.loss, LossName)
        for weight in self.class_weights if isinstance(self.class_weights, tuple) else ():
            checked_real("class_weights", weight, least=0.0)

    def check_kind(self, is_class: bool, per_step: bool, num_outputs: int) -> None:
        """Raise a ValueError for a recipe that does not fit the kind of the targets.

        Args:
            is_class: whether targets are classes.
            per_step: whether there is one at every step.
            num_outputs: classes, or numbers.
        """
        kind = "classes" if is_class else "numbers"
        allowed = OF_CLASSES if is_class else OF_NUMBERS
        if self.score is not None and self.score not in allowed:
            raise ValueError(f"score is {self.score!r}; for {kind} choose {', '.join(allowed)}")
        losses = ("cross_entropy",) if is_class else ("squared", "huber")
        if isinstance(self.loss, str) and self.loss not in losses:
            raise ValueError(f"loss is {self.loss!r}; for {kind} choose {', '.join(losses)}")
        given = self.class_weights
        if isinstance(given, tuple) and is_class and len(given) != num_outputs:
            raise ValueError(f"class_weights holds {len(given)}; it must hold {num_outputs}")
        if self.class_weights is not None and not is_class:
            raise ValueError("class_weights is given; it must be None where targets are numbers")
        if self.piece_length is not None and not per_step:
            raise ValueError(
                f"piece_length is {self.piece_length}; it must be None where a target is of a "
                "whole recording"
            )

    def num_batches(self, num_train: int) -> int:
        """Count the updates of one pass over ``num_train`` examples.

        Raises:
            ValueError: if the last batch would hold a single example, whose variance is undefined.
        """
        if num_train % self.batch_size == 1:
            raise ValueError(
                f"batch_size is {self.batch_size}; it must not leave one of {num_train} training "
                "examples alone in the last batch"
            )
        return -(-num_train // self.batch_size)

    def num_steps(self, num_train: int) -> int:
        """Count the updates of the whole run on ``num_train`` examples.

        Raises:
            ValueError: if there are too few for the learning rate to rise and fall.
        """
        num_steps = self.epochs * self.passes * self.num_batches(num_train)
        fewest = self.fewest_steps()
        if num_steps < fewest:
            raise ValueError(
                f"epochs is {self.epochs}; {num_steps} updates in all are too few for a one-cycle "
                f"schedule with rising_share {self.rising_share}, which needs {fewest}: give more "
                "epochs, or a smaller batch_size"
            )
        return num_steps

    def fewest_steps(self) -> int:
        """Return how many updates the schedule needs: the rate must peak after the first one.

        It does where ``rising_share * num_steps``, as rounded, is above 1, see ``one_cycle``.
        """
        if self.schedule == "constant" or self.optimizer is not None:
            return 1
        # The product is above 1 once it lies nearer to the next double than to 1.
        above = 1 + Fraction(np.finfo(np.float64).eps) / 2
        return math.floor(above / Fraction(self.rising_share)) + 1


class Hyperparameters(NamedTuple):
    """What a search varies, one value per member.

    ``learning_rate`` is the peak rate, ``weight_decay`` the decoupled decay, ``label_smoothing``
    the fraction of the target spread over all classes.
    """

    learning_rate: Float[AnyArray, " member"]
    weight_decay: Float[AnyArray, " member"]
    label_smoothing: Float[AnyArray, " member"]


class MemberRhythms(NamedTuple):
    """Fixed rhythms that differ from member to member, in place of the network's own.

    One program then serves a search over ladders. See ``member_rhythms``.
    """

    nodes: ResonantNodes


class Members(NamedTuple):
    """Networks to be trained in parallel: seeds, hyperparameters and indices into the data.

    ``seed`` sets initial values, batch order and dropout; ``train``, ``validation`` and ``test``
    are the rows of the pool that each member has. ``rhythms`` is None where all have those of the
    network. ``input_scaling`` and ``output_scaling`` are those of each member's training examples,
    ``class_weights`` the factors on the loss of each class. ``task`` takes the place of a pool: its
    leaves have a leading axis ``member``, and ``train``, ``validation`` and ``test`` count fresh
    examples, see ``fresh_split``.
    """

    seed: Int[AnyArray, " member"]
    hyperparameters: Hyperparameters
    train: Int[AnyArray, "member train_example"]
    validation: Int[AnyArray, "member validation_example"]
    test: Int[AnyArray, "member test_example"]
    rhythms: MemberRhythms | None = None
    input_scaling: ChannelScaling | None = None
    output_scaling: ChannelScaling | None = None
    class_weights: Float[AnyArray, "member class_"] | None = None
    task: AbstractTask | None = None

    @property
    def known(self) -> tuple[AnyArray, AnyArray | None]:
        """The smoothing of labels, ``(member,)``, and the weights of classes."""
        return self.hyperparameters.label_smoothing, self.class_weights


@checked
def make_members(
    split: Callable[[int], Split],
    *,
    seeds: tuple[int, ...],
    learning_rate: tuple[float, ...],
    weight_decay: tuple[float, ...],
    label_smoothing: tuple[float, ...],
    tasks: tuple[AbstractTask, ...] | None = None,
    ragged: bool = False,
) -> Members:
    """Gather members, one for each entry of the tuples.

    Args:
        split: the division of the data that belongs to a seed, as indices into the pool.
        seeds: one per member; sets split, initialisation, batch order and dropout.
        learning_rate: peak rate of each member, above 0.
        weight_decay: decoupled decay of each member, at least 0.
        label_smoothing: fraction of the target spread over all classes, in [0, 1).
        tasks: of each member, in place of a pool; they differ in array leaves alone.
        ragged: whether splits may differ in length between seeds, for a ``MemberTraining`` that
            ``is_ragged``; what is missing of the longest is ``FILLER``.

    Raises:
        ValueError: for no members, tuples of different length, a value out of range, a split
            whose parts are no indices, share an example or differ in length between seeds, or
            tasks of different shapes.
    """
    values = {
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
    }
    if not seeds:
        raise ValueError("seeds is empty; at least one is needed")
    for seed in seeds:
        check_seed(seed)
    for name, given in values.items():
        if len(given) != len(seeds):
            raise ValueError(f"{name} has {len(given)} values for {len(seeds)} seeds")
        for value in given:
            check_hyperparameter(name, value)
    splits = {seed: split(seed) for seed in set(seeds)}
    for division in splits.values():
        check_split(division)
    train, validation, test = (
        _stacked(part, [getattr(splits[seed], part) for seed in seeds], ragged)
        for part in Split._fields
    )
    hyperparameters = Hyperparameters(**{k: np.asarray(v, np.float32) for k, v in values.items()})
    members = Members(np.asarray(seeds, np.int32), hyperparameters, train, validation, test)
    return members if tasks is None else members._replace(task=_stacked_tasks(tasks, len(seeds)))


def _stacked_tasks(tasks: tuple[AbstractTask, ...], count: int) -> AbstractTask:
    """Return the tasks of ``count`` members as one, whose leaves have a row each."""
    if len(tasks) != count:
        raise ValueError(f"tasks has {len(tasks)} values for {count} seeds")
    if len({jax.tree.structure(task) for task in tasks}) > 1:
        raise ValueError("tasks differ in static fields; train them in groups of their own")
    return jax.tree.map(lambda *leaves: np.stack(leaves), *tasks)


def _stacked(name: str, parts: list[AnyArray], ragged: bool) -> Int[np.ndarray, "member example"]:
    """Return one part of the splits of all members, each in a row."""
    sizes = sorted({len(part) for part in parts})
    if len(sizes) > 1 and not ragged:
        found = f"has {sizes[0]} examples for one seed and {sizes[-1]} for another"
        raise ValueError(f"{name} of the split {found}; it must be as long for all seeds")
    if not sizes[0] and name != "test":
        raise ValueError(f"{name} of the split is empty; at least one example is needed")
    rows = np.full((len(parts), sizes[-1]), FILLER, np.int32)
    for row, part in zip(rows, parts, strict=True):
        row[: len(part)] = part
    return rows


def check_members(members: Members, num_examples: int) -> None:
    """Raise a ValueError for a known index of ``members`` that lies outside the pool."""
    for name in Split._fields:
        given = getattr(members, name)
        known = not isinstance(given, jax.core.Tracer)
        indices = np.where(np.asarray(given) == FILLER, 0, given) if known else given
        check_indices(f"members.{name}", indices, num_examples, "examples in the pool")


FILLER = -(2**31)
"""Filler in the indices of a member that has fewer examples than another."""


def check_seed(seed: int) -> None:
    """Raise a ValueError unless the seed fits the random generators of NumPy and JAX alike."""
    try:
        checked_integer("seed", seed, 0)
    except ValueError:
        words = f"seeds holds {shown(seed)}; a seed is a whole number between 0 and {2**31 - 1}"
        raise ValueError(words) from None


def check_hyperparameter(name: str, value: float) -> None:
    """Raise a ValueError that names the hyperparameter out of its range, or that is in float32."""
    checked_real(name, value, infinite=True)
    with np.errstate(over="ignore", under="ignore"):
        rounded = float(np.float32(value))
    # Devices take what is smaller for zero.
    trained = 0.0 if abs(rounded) < np.finfo(np.float32).tiny else rounded
    allowed = {
        "learning_rate": (0.0 < trained < float("inf"), "above 0 and finite"),
        "weight_decay": (0.0 <= trained < float("inf"), "at least 0 and finite"),
        "label_smoothing": (0.0 <= trained < 1.0, "in [0, 1)"),
    }
    fits, meaning = allowed[name]
    if not fits:
        raise ValueError(f"{name} is {value}; it must be {meaning}, in float32 as well")


class MemberKeys(NamedTuple):
    """The independent random streams of one member's run, all from its own seed.

    ``batch_order`` draws the training examples themselves where they come from a task, and the
    last two those that validate and test.
    """

    start_values: jax.Array
    batch_order: jax.Array
    dropout: jax.Array
    input_noise: jax.Array
    validation: jax.Array
    test: jax.Array


def member_keys(seed: Int[AnyArray, ""]) -> MemberKeys:
    """Split a member's seed once, into named keys."""
    return MemberKeys(*jax.random.split(jax.random.key(jnp.asarray(seed)), 6))
