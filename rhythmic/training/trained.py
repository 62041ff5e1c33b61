"""The result of ``train``: networks, their training history and their scores."""

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np

from rhythmic.arguments import checked
from rhythmic.data import Recordings, Split
from rhythmic.data.recordings import samples_of
from rhythmic.files import remove_leftovers
from rhythmic.networks.files import save
from rhythmic.networks.network import Network
from rhythmic.networks.spec import NetworkSpec
from rhythmic.records import plain, write_json, write_table
from rhythmic.runs.environment import RefusedError, differing
from rhythmic.sealed import load_arrays, save_arrays
from rhythmic.sweep.specification import hash_arrays
from rhythmic.training.configuration import Members, TrainingConfiguration
from rhythmic.training.member import MemberTraining
from rhythmic.training.state import Data, TestRecord, TrainingState

RUN = "run.json"  # what is trained; is written first
PLAIN = (str, int, float, bool, tuple, type(None))
OURS = re.compile(
    r"run\.json|finished\.ckpt|history\.csv|result\.json"
    r"|network-\d+\.(json|safetensors)|(runs|finished)-\d+-\d+\.ckpt"
)
FINISHED = "finished.ckpt"  # states and tests; is written last


class TrainingHistory(NamedTuple):
    """The history of every run after every epoch; NaN where it had stopped.

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
        test_scores: of the test trials, evaluated once, ``(seed,)``; NaN of a run that failed.
        confusion: test targets by true and predicted class, ``(seed, class_, class_)``.
        learning_rate: of all networks, chosen on validation trials.
        num_parameters: that training may change, of each network.
        classes: the labels, in the order of the outputs; empty for numbers.
        is_scalar: whether targets were numbers without an axis of outputs; outputs then have none.
        splits: the trials that train, validate and test each network.
        recipe: by which they were trained.
        arithmetic: what trained the networks: the way through time, device and versions.
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
    is_scalar: bool
    splits: tuple[Split, ...]
    recipe: TrainingConfiguration
    arithmetic: dict[str, Any]
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
            inputs: ``(time, channel)`` or ``(batch, time, channel)``, as they were recorded; or one
                array for each trial in a list; or ``Recordings``.
            lengths: samples of the sequence, or of each.

        Returns:
            ``(output,)`` or ``(batch, output)``, or with outputs at every step ``(time, output)``
            or ``(batch, time, output)``, 0 behind the end of a trial.

        Raises:
            ValueError: for samples that are not finite, or shapes that do not fit.
        """
        if isinstance(inputs, Recordings):
            inputs, lengths = inputs.inputs, inputs.lengths
        single = not isinstance(inputs, list | tuple) and np.ndim(inputs) == 2
        if single:
            inputs, lengths = np.asarray(inputs)[None], None if lengths is None else [lengths]
        samples, counts = samples_of(inputs, lengths)
        ends = None if np.all(counts == samples.shape[1]) else counts
        answers = [np.asarray(_answer(one, samples, ends)) for one in self.networks]
        answers = [one[0] for one in answers] if single else answers
        if self.classes:
            answers = [np.asarray(jax.nn.softmax(one, axis=-1)) for one in answers]
        return np.mean(answers, axis=0)

    def predict(self, inputs: Any, lengths: Any = None) -> np.ndarray:
        """Return labels as they were given, or values, of the networks together.

        Arguments are those of ``outputs``: ``inputs`` and ``lengths``. Labels, ``(batch,)`` or
        ``(batch, time)``, are those of the highest mean probability. Values have the shape in which
        targets were given, without an axis of outputs where they had none.
        """
        outputs = self.outputs(inputs, lengths)
        if not self.classes:
            return outputs[..., 0] if self.is_scalar else outputs
        return np.asarray(self.classes)[np.argmax(outputs, axis=-1)]


@eqx.filter_jit
def _answer(network: Network, inputs: Any, lengths: Any) -> Any:
    return network(inputs, lengths)


def _remove_leftovers(folder: Path) -> None:
    """Remove what a kill left of writing one of the files of a training."""
    if folder.is_dir() and not folder.is_symlink():
        found = (OURS.match(path.name) for path in folder.iterdir())
        remove_leftovers(folder, {name[0] for name in found if name is not None})


def open_folder(
    folder: Path, training: MemberTraining, data: Data | None, members: Members
) -> None:
    """Record what is trained in a folder, or compare it with the record there.

    Args:
        folder: that is new, or of the same training.
        training: of each run.
        data: the pool; None where each member has a task.
        members: the runs.

    Raises:
        RefusedError: for a folder of another training; it names what differs. Own losses and
            optimisers are known by their names alone, where they have one.
    """
    spec, arrays = training.spec, (data, members)
    asked = plain(
        {
            "spec": spec.to_json() if isinstance(spec, NetworkSpec) else type(spec).__qualname__,
            "recipe": _told(vars(training.configuration)),
            "problem": _told(vars(training.problem)),
            "method": training.method,
            # Static fields of a task are part of the structure.
            "source": str(jax.tree.structure(arrays)),
            "seeds": members.seed,
            "hyperparameters": members.hyperparameters._asdict(),
            "data": hash_arrays(arrays),
        }
    )
    path = folder / RUN
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"folder is {folder}; it must be a folder, or nothing yet")
    _remove_leftovers(folder)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_json(path, asked)
        return
    try:
        known = dict(json.loads(path.read_text("utf-8")))
    except (TypeError, ValueError):
        raise ValueError(f"folder is {folder}; its {RUN} must be that of a training") from None
    if told := differing(known, asked):
        raise RefusedError(f"folder is {folder}; it holds another training ({told})")


def _told(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return settings in words that are the same in every process, functions by their names."""
    return {
        # An optimiser is a tuple too, of functions.
        name: repr(value) if type(value) in PLAIN else _named(value)
        for name, value in settings.items()
    }


def _named(value: Any) -> str:
    """Return the name of a function or of the type of an object, such as an optimiser."""
    known = value if hasattr(value, "__qualname__") else type(value)
    return f"{known.__module__}.{known.__qualname__}"


def read_finished(
    folder: Path, training: MemberTraining, members: Members
) -> tuple[TrainingState, TestRecord, dict[str, Any]] | None:
    """Return what ``write_finished`` wrote; None of a training that is not finished.

    Args:
        folder: that ``open_folder`` has found to be of this training.
        training: of each run.
        members: the runs that are kept.
    """
    if not (folder / FINISHED).exists():
        return None
    like = jax.eval_shape(jax.vmap(training.initial_state), members)
    state, label = load_arrays(folder / FINISHED, like)
    record = [np.array(values).reshape(shape) for values, shape in label.pop("record")]
    return state, TestRecord(*record), label  # type: ignore[arg-type]


def write_finished(
    folder: Path, state: TrainingState, record: TestRecord, made: dict[str, Any]
) -> None:
    """Write states, tests, and ``made``: what computed them, and the seconds."""
    lists = [(np.ravel(values).tolist(), np.shape(values)) for values in record]
    save_arrays(folder / FINISHED, state, {"record": lists, **made})


def write_result(result: Trained, folder: Path) -> None:
    """Write history, scores and networks beside the checkpoints."""
    result.history.to_csv(folder / "history.csv")
    for seed, network in zip(result.seeds, result.networks, strict=True):
        if network.origin is not None:
            save(network, folder / f"network-{seed}.safetensors")
    write_json(
        folder / "result.json",
        {
            "score": result.score,
            "classes": result.classes,
            "seeds": result.seeds,
            "validation_scores": result.validation_scores,
            "test_scores": result.test_scores,
            "learning_rate": result.learning_rate,
            "num_parameters": result.num_parameters,
            "arithmetic": result.arithmetic,
            "seconds": result.seconds,
        },
    )
