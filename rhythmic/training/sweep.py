"""Training as a sweep: one network per point, an epoch a stage, kept on disk and resumed."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from rhythmic.arguments import checked
from rhythmic.data.dataset import Split
from rhythmic.spread import wide_vectors
from rhythmic.sweep.designs import FIRST_BAD_STEP, Design
from rhythmic.sweep.specification import Output, Stages, Sweep
from rhythmic.training.configuration import (
    Members,
    check_hyperparameter,
    check_members,
    make_members,
)
from rhythmic.training.features import Tables
from rhythmic.training.group import check_data
from rhythmic.training.member import MemberTraining
from rhythmic.training.state import Data, TrainingState
from rhythmic.trees import named_arrays
from rhythmic.typing import Array

Pool = tuple[Data, Tables]

AXES = ("seed", "learning_rate", "weight_decay", "label_smoothing")

TEST_NAMES = {"loss": "test_loss", "score": "test_score"}
MEANINGS = {
    "validation_score": "best score on the validation examples",
    "best_epoch": "the epoch of that score, from 0; -1 where no validation was finite",
    "test_loss": "with the parameters of the best epoch",
    "test_score": "with the parameters of the best epoch",
    "confusion": "test examples by true and predicted class",
    "class_features": "mean over each class of the features before the readout",
}
DIMENSIONS = {
    "confusion": ("true_class", "predicted_class"),
    "class_features": ("true_class", "feature"),
}


@checked
def training_sweep(
    training: MemberTraining,
    data: Data,
    split: Callable[[int], Split],
    design: Design,
    *,
    tested: bool = False,
    name: str | None = None,
    data_identity: str | None = None,
) -> Sweep:
    """Return the training of many networks as a sweep, to be run by ``run_sweep``.

    A network is a point; its seed, the parameter ``seed``, decides split, initialisation, batch
    order and dropout, as in ``GroupTraining``, which gives the same bits at the same number of
    networks on a device. An epoch is a stage: with a folder, the run is resumed after the
    last finished epoch, optimiser state and best parameters included.

    Args:
        training: what is trained, and how.
        data: the pool of examples.
        split: the division of the pool that belongs to a seed.
        design: over ``seed`` (whole numbers), ``learning_rate``, ``weight_decay`` and
            ``label_smoothing``; all four.
        tested: whether to evaluate the test examples, once, with the parameters of the best epoch.
            Only after every choice.
        name: of the sweep; by default that of the network.
        data_identity: names the data in the folder, such as their sha256; by default the bytes of
            ``data``.

    Returns:
        A sweep whose outputs are the best validation score and its epoch, the history of every
        epoch, the best parameters and the running statistics by their paths, and if ``tested``
        what ``TestRecord`` holds. ``first_bad_step`` is the first update that was not finite.

    Raises:
        ValueError: for data, a design or the indices of a split that do not fit, or a network that
            no device can hold.
    """
    check_data(data, training.problem)
    training.check_size(1)
    columns = {c.name: c.values for dimension in design.dimensions for c in dimension.columns}
    if columns.keys() != set(AXES):
        differing = ", ".join(sorted(columns.keys() ^ set(AXES)))
        raise ValueError(f"design needs {', '.join(AXES)} and no more; it differs in {differing}")
    if columns["seed"].dtype.kind != "i":
        raise ValueError("design has a seed of real numbers; give whole ones, such as 3 for 3.0")
    for axis in AXES[1:]:
        for value in columns[axis]:
            check_hyperparameter(axis, float(value))

    def prepare(values: dict[str, np.ndarray]) -> Members:
        rows: dict[str, Any] = {axis: tuple(values[axis].tolist()) for axis in AXES}
        members = make_members(split, seeds=rows.pop("seed"), **rows)
        check_members(members, len(data.targets))
        return members

    def start(prepared: Members) -> TrainingState:
        return training.initial_state(prepared)

    def advance(state: TrainingState, prepared: Members, shared: Pool) -> TrainingState:
        return training.train_epoch(state, prepared, *shared)

    def finish(state: TrainingState, prepared: Members, shared: Pool) -> dict[str, Array]:
        found = outputs_of(state)
        if tested:
            record = training.test(state, prepared, *shared)._asdict()
            found |= {TEST_NAMES.get(name, name): x for name, x in record.items()}
        return found | {FIRST_BAD_STEP: state.failed_at_step}

    first = prepare({axis: columns[axis][:1] for axis in AXES})
    training = training.resolved(data)
    pool = (data, training.tables(data))
    shapes = jax.eval_shape(
        lambda member, pool: finish(start(member), member, pool),
        jax.tree.map(lambda x: x[0], first),
        pool,
    )
    del shapes[FIRST_BAD_STEP]
    return Sweep(
        name=name or training.spec.name,
        function=Stages(start, advance, finish, training.configuration.epochs),
        design=design,
        outputs={name: described(name, len(shape.shape)) for name, shape in shapes.items()},
        shared=pool,
        shared_identity=data_identity,
        prepare=prepare,
        compiler_options=wide_vectors(),
    )


def outputs_of(state: TrainingState) -> dict[str, Array]:
    """Return what a trained network leaves behind, by name."""
    history = {f"{name}_by_epoch": x for name, x in state.history._asdict().items()}
    parameters = named_arrays(state.best.parameters)
    statistics = named_arrays(state.best.statistics)
    return {
        "validation_score": state.best.validation_score,
        "best_epoch": state.best.epoch,
        **history,
        **{f"parameters.{path}": x for path, x in parameters.items()},
        # A readout without a batch norm keeps empty ones.
        **{f"statistics.{path}": x for path, x in statistics.items() if x.size},
    }


def described(name: str, num_axes: int) -> Output:
    """Return the meaning of an output of training, and its axes.

    NaN is an answer everywhere: an update that was not finite is reported by ``first_bad_step``.
    """
    dims = DIMENSIONS.get(name, tuple(f"{name}_{axis}" for axis in range(num_axes)))
    if name.endswith("_by_epoch"):
        dims = ("epoch",)
    meaning = MEANINGS.get(name, name.replace("_", " ").replace(".", ", "))
    return Output("", meaning, dims, nan_is_a_value=True)
