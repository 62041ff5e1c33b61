"""One call for the common case: a network, recordings, seeds; trained, chosen and tested once."""

import dataclasses
import operator
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer
from rhythmic.data import Recordings, Split
from rhythmic.networks.files import save
from rhythmic.networks.network import Method, Network
from rhythmic.networks.spec import BuildsNetwork, NetworkSpec
from rhythmic.progress import Progress, clock, show
from rhythmic.records import write_json, write_table
from rhythmic.spread import first_devices
from rhythmic.training.configuration import Members, TrainingConfiguration
from rhythmic.training.estimate import first_members, fitting_group
from rhythmic.training.group import EpochReport, GroupTraining, plan_groups
from rhythmic.training.member import MemberTraining
from rhythmic.training.objectives import better_is_higher
from rhythmic.training.recorded import (
    default_recipe,
    is_ragged,
    problem_of,
    recording_data,
    recording_members,
)
from rhythmic.training.state import TestRecord, TrainingState

RESULT = "result.json"  # is written last


class TrainingHistory(NamedTuple):
    """What every run showed after every epoch; NaN where it had stopped.

    ``train_loss``, ``train_score``, ``validation_loss`` and ``validation_score`` are
    ``(seed, epoch)``, ``seeds`` those of the rows; ``score`` names what the scores are.
    """

    seeds: tuple[int, ...]
    score: str
    train_loss: np.ndarray
    train_score: np.ndarray
    validation_loss: np.ndarray
    validation_score: np.ndarray

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per seed and epoch, epochs from 1."""
        names = ("train_loss", "train_score", "validation_loss", "validation_score")
        return [
            {"seed": seed, "epoch": epoch + 1}
            | {
                name.replace("score", self.score): float(getattr(self, name)[place, epoch])
                for name in names
            }
            for place, seed in enumerate(self.seeds)
            for epoch in range(self.train_loss.shape[1])
            if np.isfinite(self.validation_loss[place, epoch]) or epoch == 0
        ]

    def to_csv(self, path: str | Path) -> None:
        """Write one row per seed and epoch to ``path``."""
        write_table(Path(path), self.rows())

    def to_tensorboard(self, folder: str | Path) -> None:
        """Write scalars for TensorBoard, one run per seed below ``folder``.

        Raises:
            ImportError: in one line, without a package that writes them.
        """
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                raise ImportError(
                    "to_tensorboard needs a writer: pip install tensorboardX"
                ) from None
        for seed in self.seeds:
            with SummaryWriter(str(Path(folder) / f"seed-{seed}")) as writer:
                for row in self.rows():
                    if row["seed"] == seed:
                        for name, value in row.items():
                            if name not in ("seed", "epoch"):
                                writer.add_scalar(name, value, row["epoch"])


@checked
@dataclasses.dataclass(frozen=True, eq=False)
class Trained:
    """Networks that ``train`` has trained, one per seed, with what they scored.

    Attributes:
        networks: with the parameters of their best validation epoch; they take raw recordings.
        seeds: of the networks.
        history: of the chosen runs.
        score: what networks are judged by.
        validation_scores: of the best epoch of each network, ``(seed,)``.
        test_scores: of the test trials, read once, ``(seed,)``; NaN of a run that failed.
        confusion: test targets by true and predicted class, ``(seed, class_, class_)``.
        learning_rate: of all networks, chosen on validation trials.
        num_parameters: that training may change, of each network.
        classes: the labels, in the order of the outputs; empty for numbers.
        splits: the trials that train, validate and test each network.
        recipe: by which they were trained.
        arithmetic: what computed the result: the way through time, device and version of JAX.
        seconds: that training and test took, compilation included.
    """

    networks: tuple[Network, ...]
    seeds: tuple[int, ...]
    history: TrainingHistory
    score: str
    validation_scores: np.ndarray
    test_scores: np.ndarray
    confusion: np.ndarray
    learning_rate: float
    num_parameters: int
    classes: tuple[Any, ...]
    splits: tuple[Split, ...]
    recipe: TrainingConfiguration
    arithmetic: dict[str, str]
    seconds: float

    def __repr__(self) -> str:
        """Return a line on what came out."""
        known = self.test_scores[np.isfinite(self.test_scores)]
        mean, spread = (known.mean(), known.std()) if known.size else (np.nan, np.nan)
        number = len(self.seeds)
        return (
            f"Trained({number} network{'s' if number > 1 else ''} of {self.num_parameters} "
            f"parameters, test {self.score} {mean:.3f} +- {spread:.3f})"
        )

    def outputs(self, inputs: Any, lengths: Any = None) -> np.ndarray:
        """Return the mean over the networks of class probabilities, or of values.

        Args:
            inputs: ``(time, channel)`` or ``(batch, time, channel)``, as they were recorded.
            lengths: samples of the sequence, or of each.

        Returns:
            ``(output,)`` or ``(batch, output)``, or of answers at every step ``(time, output)`` or
            ``(batch, time, output)``.
        """
        answers = [np.asarray(_answer(one, inputs, lengths)) for one in self.networks]
        if self.classes:
            answers = [np.asarray(jax.nn.softmax(one, axis=-1)) for one in answers]
        return np.mean(answers, axis=0)

    def predict(self, inputs: Any, lengths: Any = None) -> np.ndarray:
        """Return labels as they were given, or values, of the networks together.

        Arguments are those of ``outputs``: ``inputs`` and ``lengths``. Labels, ``(batch,)`` or
        ``(batch, time)``, are those of the highest mean probability.
        """
        outputs = self.outputs(inputs, lengths)
        if not self.classes:
            return outputs
        return np.asarray(self.classes)[np.argmax(outputs, axis=-1)]


@eqx.filter_jit
def _answer(network: Network, inputs: Any, lengths: Any) -> Any:
    return network(inputs, lengths)


@checked
def train(
    spec: BuildsNetwork,
    recordings: Recordings,
    *,
    seeds: Sequence[int] = (1, 2, 3),
    learning_rates: Sequence[float] = (0.01,),
    weight_decay: float = 0.0,
    label_smoothing: float = 0.0,
    recipe: TrainingConfiguration | None = None,
    split: Split | Callable[[int], Split] | None = None,
    validation: float = 0.15,
    test: float = 0.15,
    standardised: bool = True,
    method: Method = "fastest",
    num_devices: int = 1,
    folder: Path | None = None,
    quiet: bool = False,
) -> Trained:
    """Train networks on recordings, choose by validation, and test once.

    Each seed sets a division of the trials, start values, batch order and dropout; all runs train
    side by side in one compiled program. Of several rates, the one of the best mean validation
    score is chosen; the test trials of the chosen runs are read once, at their best epochs.

    Args:
        spec: the network. With targets at every step it answers at every step, unless its pooling
            is named.
        recordings: the data.
        seeds: one network each.
        learning_rates: peak rates to choose from.
        weight_decay: decoupled decay.
        label_smoothing: fraction of each target that is spread over all classes.
        recipe: batches, epochs, loss, score, optimiser, early stopping; by default that of the
            published networks with about 2,000 updates, see ``TrainingConfiguration``.
        split: the division of the trials, the same for all seeds, or by seed; by default random
            ones that leave groups whole, see ``Recordings.split``.
        validation: fraction of the trials that validate, where no split is given.
        test: fraction that tests.
        standardised: whether inputs, and targets that are numbers, are standardised by the
            training trials; networks then take and give values in their own unit.
        method: ``fastest`` or ``scan``, see ``MemberTraining``; the result records it.
        num_devices: that the runs spread over.
        folder: for checkpoints after every epoch, from which a run that was stopped goes on, the
            history and the networks; none by default. One that holds a finished training is
            refused.
        quiet: whether to show no progress.

    Raises:
        ValueError: for data, a split or options that do not fit, before anything is compiled.
        MemoryError: if one network is more than a device can hold.
    """
    started = time.perf_counter()
    if folder is not None and (folder / RESULT).exists():
        raise ValueError(f"folder is {folder}; it holds a finished training, name another")
    checked_integer("num_devices", num_devices, 1)
    first_devices(num_devices)
    problem = problem_of(recordings, standardised)
    if isinstance(spec, NetworkSpec) and spec.pooling is None and problem.per_step:
        spec = dataclasses.replace(spec, pooling="every")
    if isinstance(spec, NetworkSpec) and (spec.pooling == "every") != problem.per_step:
        raise ValueError(f"pooling of spec is {spec.pooling!r}; targets are of kind {problem.kind}")
    members = recording_members(
        recordings,
        _splitter(recordings, split, validation, test),
        seeds=tuple(seeds),
        learning_rates=tuple(learning_rates),
        weight_decay=weight_decay,
        label_smoothing=label_smoothing,
        standardised=standardised,
    )
    recipe = recipe or default_recipe(members.train.shape[1])
    recipe.num_steps(members.train.shape[1])
    training = MemberTraining(spec, recipe, problem, method, is_ragged(members))
    data = recording_data(recordings)
    runs = _Runs(training, data, members, num_devices, folder, quiet)
    state = runs.train()
    chosen, rate = _chosen(training, state, tuple(learning_rates), len(seeds))
    kept, kept_members = (jax.tree.map(lambda x: x[chosen], tree) for tree in (state, members))
    record = runs.test(kept, kept_members)
    result = _result(runs.group.training, recordings, kept, kept_members, record, rate, started)
    if folder is not None:
        _write(result, folder)
        runs.tell(f"wrote {folder} ({clock(result.seconds)})")
    return result


class _Runs:
    """All runs of a call: in one group where they fit, else in groups of one shape."""

    def __init__(
        self,
        training: MemberTraining,
        data: Any,
        members: Members,
        num_devices: int,
        folder: Path | None,
        quiet: bool,
    ):
        """Compile for the largest groups that fit in memory."""
        self.members, self.folder, self.quiet = members, folder, quiet
        count = len(members.seed)
        most = 6 if jax.devices()[0].platform == "cpu" else 64
        plan = plan_groups((count,), num_devices, min(most, count))
        self.tell(f"{training.spec.name}: {count} runs, compiling for groups of {plan}")
        self.group: GroupTraining
        self.group, _ = fitting_group(training, plan, data, members, tell=self.tell)
        self.size = self.group.plan.size
        self.num_groups = -(-count // self.size)
        self.epochs = training.configuration.epochs
        self.progress = Progress({"epochs": self.num_groups * self.epochs})

    def tell(self, line: str, *, final: bool = True) -> None:
        """Show a line, unless nothing is to be shown."""
        if not self.quiet:
            show(line, final=final)

    def train(self) -> TrainingState:
        """Train group after group; return the states of all runs."""
        states = []
        for place in range(self.num_groups):
            part = self.part(self.members, place)
            checkpoint = None if self.folder is None else self.folder / f"group-{place}.ckpt"
            states.append(self.group.run(part, on_epoch=self.report, checkpoint=checkpoint))
        return jax.tree.map(lambda *rows: np.concatenate(rows), *states)

    def test(self, state: TrainingState, members: Members) -> TestRecord:
        """Read the test trials of some runs."""
        number = -(-len(members.seed) // self.size)
        if not members.test.shape[1]:
            nothing = np.full(len(members.seed), np.nan)
            none = np.zeros((len(members.seed), 0, 0))
            return TestRecord(nothing, nothing, none, none)  # type: ignore[arg-type]
        records = [
            self.group.test(self.part(state, place), self.part(members, place))
            for place in range(number)
        ]
        return jax.tree.map(lambda *rows: np.concatenate(rows), *records)

    def part(self, rows: Any, place: int) -> Any:
        """Return the rows of one group."""
        first = place * self.size
        return first_members(jax.tree.map(lambda x: x[first:], rows), self.size)

    def report(self, report: EpochReport) -> None:
        """Show how a group does and when all will be done."""
        self.progress.finished("epochs", report.seconds)
        history, epoch = report.state.history, report.epoch
        failed = int(np.sum(np.asarray(report.state.failed_at_step) >= 0))
        parts = [
            f"epoch {epoch + 1}/{self.epochs}",
            f"loss {_mean_of_known(history.train_loss[:, epoch]):.3f}",
            f"validation {self.group.training.score} "
            f"{_mean_of_known(history.validation_score[:, epoch]):.3f}",
            f"{self.progress.time_left()} left",
        ]
        parts += [f"{failed} not finite"] if failed else []
        last = epoch + 1 == self.epochs
        self.tell(" | ".join(parts), final=last or (epoch + 1) % max(1, self.epochs // 10) == 0)


def _mean_of_known(values: Any) -> float:
    """Return the mean of the finite values; NaN without any."""
    known = np.asarray(values)[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _splitter(
    recordings: Recordings, split: Any, validation: float, test: float
) -> Callable[[int], Split]:
    """Return the division of the trials that belongs to a seed."""
    if isinstance(split, Split):
        return lambda seed: split
    if split is not None:
        return split
    return lambda seed: recordings.split(seed, validation=validation, test=test)


def _chosen(
    training: MemberTraining, state: TrainingState, rates: tuple[float, ...], num_seeds: int
) -> tuple[np.ndarray, float]:
    """Return the rows of the rate with the best mean validation score; ties go to the lower."""
    higher = better_is_higher(training.score)
    scores = np.asarray(state.best.validation_score, float).reshape(len(rates), num_seeds)
    failed = np.asarray((state.best.epoch < 0) | (state.failed_at_step >= 0))
    worst = -np.inf if higher else np.inf
    scores = np.where(failed.reshape(scores.shape), worst, scores)
    means = scores.mean(axis=1) * (1 if higher else -1)
    best = min(range(len(rates)), key=lambda place: (-np.round(means[place], 6), rates[place]))
    return np.arange(num_seeds) + best * num_seeds, rates[best]


def _result(
    training: MemberTraining,
    recordings: Recordings,
    state: TrainingState,
    members: Members,
    record: TestRecord,
    rate: float,
    started: float,
) -> Trained:
    """Gather what came out."""
    networks = []
    for place in range(len(members.seed)):
        state_of, member = (
            jax.tree.map(operator.itemgetter(place), one) for one in (state, members)
        )
        network: Network = eqx.combine(state_of.best.parameters, training.fixed_part(member))
        network = eqx.tree_at(lambda one: one.statistics, network, state_of.best.statistics)
        networks.append(jax.tree.map(lambda x: jnp.asarray(x) if eqx.is_array(x) else x, network))
    seeds = tuple(int(seed) for seed in members.seed)
    history = TrainingHistory(seeds, training.score, *map(np.asarray, state.history))
    splits = tuple(
        Split(*(part[part >= 0] for part in parts))
        for parts in zip(members.train, members.validation, members.test, strict=True)
    )
    failed = np.asarray((state.failed_at_step >= 0) | (state.best.epoch < 0))
    return Trained(
        tuple(networks),
        seeds,
        history,
        training.score,
        np.where(failed, np.nan, np.asarray(state.best.validation_score, float)),
        np.asarray(record.score, float),
        np.asarray(record.confusion),
        rate,
        networks[0].num_parameters(),
        recordings.classes,
        splits,
        training.configuration,
        {
            "method": training.method,
            "device": jax.devices()[0].device_kind,
            "jax": jax.__version__,
        },
        round(time.perf_counter() - started, 1),
    )


def _write(result: Trained, folder: Path) -> None:
    """Write history, scores and networks; the checkpoints are no longer needed."""
    result.history.to_csv(folder / "history.csv")
    for seed, network in zip(result.seeds, result.networks, strict=True):
        if network.origin is not None:
            save(network, folder / f"network-{seed}.safetensors")
    write_json(
        folder / RESULT,
        {
            "score": result.score,
            "seeds": result.seeds,
            "validation_scores": result.validation_scores,
            "test_scores": result.test_scores,
            "learning_rate": result.learning_rate,
            "num_parameters": result.num_parameters,
            "arithmetic": result.arithmetic,
            "seconds": result.seconds,
        },
    )
    for checkpoint in folder.glob("group-*.ckpt"):
        checkpoint.unlink()
