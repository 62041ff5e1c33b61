"""What training reads, carries from an epoch to the next, and leaves behind."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from rhythmic import cells
from rhythmic.cells import trainable
from rhythmic.networks.readouts import RunningStatistics
from rhythmic.typing import AnyArray, Array, Bool, Float, Int, PyTree, UInt8

Inputs = (
    UInt8[AnyArray, "example time"]
    | UInt8[AnyArray, "example time channel"]
    | Float[AnyArray, "example time"]
    | Float[AnyArray, "example time channel"]
)
Targets = (
    Int[AnyArray, " example"]
    | Int[AnyArray, "example time"]
    | Float[AnyArray, "example output"]
    | Float[AnyArray, "example time output"]
)


class Data(NamedTuple):
    """The pool of examples: sequences of one number per step or of several, and their targets.

    ``inputs`` lie on the device as bytes of 0 to 255, which training reads as 0 to 1, or as
    floating-point numbers, which it reads as they are. ``targets`` are of the four kinds of
    ``Recordings``; a class of -1 and a number that is NaN are missing. ``lengths`` are the
    samples of each sequence where they differ.
    """

    inputs: Inputs
    targets: Targets
    lengths: Int[AnyArray, " example"] | None = None


class Batch(NamedTuple):
    """Sequences, their targets, and how much each target counts.

    ``inputs`` are ``(time, channel, batch)``, ``targets`` ``(batch,)``, ``(output, batch)``,
    ``(time, batch)`` or ``(time, output, batch)`` by kind, ``weights`` in their shape: 1, and 0 for
    what is missing, lies beyond the end or only fills the batch. ``lengths`` are the samples of
    each sequence where they differ.
    """

    inputs: Float[Array, "time channel batch"]
    targets: Array
    weights: Array
    lengths: Int[Array, " batch"] | None


class Best(NamedTuple):
    """What is kept of the epoch with the best validation score; epoch -1 before the first.

    ``parameters`` are what is trained, ``statistics`` those of the readout.
    """

    parameters: PyTree
    statistics: RunningStatistics
    validation_score: Float[Array, ""]
    epoch: Int[Array, ""]


class History(NamedTuple):
    """Each epoch's training examples, and the validation after it; NaN until it ran.

    ``train_loss``, ``train_score``, ``validation_loss``, ``validation_score``: one number per
    epoch. The score is the accuracy of classes unless the recipe says otherwise.
    """

    train_loss: Float[Array, " epoch"]
    train_score: Float[Array, " epoch"]
    validation_loss: Float[Array, " epoch"]
    validation_score: Float[Array, " epoch"]


class TrainingState(NamedTuple):
    """Everything that one member carries from an epoch to the next.

    ``parameters`` are what is trained, ``statistics`` those of the readout, ``optimizer`` is its
    state, ``best`` and ``history`` are what is kept. ``epoch`` counts the finished epochs.
    ``failed_at_step`` is the first update whose loss, gradient or new parameters were not finite,
    -1 while there is none.
    """

    parameters: PyTree
    statistics: RunningStatistics
    optimizer: PyTree
    best: Best
    history: History
    epoch: Int[Array, ""]
    failed_at_step: Int[Array, ""]


class TestRecord(NamedTuple):
    """Result on the test examples, evaluated once at the best epoch: mean loss, and score.

    NaN of a run that failed. ``confusion`` counts (true class, predicted class).
    ``class_features`` is the mean over each class of the features before the readout; neither has
    entries where targets are no classes of whole examples.
    """

    loss: Float[Array, ""]
    score: Float[Array, ""]
    confusion: Int[Array, "class_ class_"]
    class_features: Float[Array, "class_ hidden"]


def constrained(parameters: PyTree, fixed: PyTree) -> PyTree:
    """Put parameters back where the cell allows them, such as a zero diagonal."""
    model = cells.constrained(eqx.combine(parameters, fixed))
    return eqx.filter(model, trainable(model))


def stepped(
    state: TrainingState,
    step: Int[Array, ""],
    loss: Float[Array, ""],
    gradient: PyTree,
    statistics: RunningStatistics,
    optimizer: optax.GradientTransformation,
    fixed: PyTree,
) -> TrainingState:
    """Return the state after one step of the optimiser.

    Args:
        state: before it.
        step: number of the update.
        loss: of its examples.
        gradient: of the loss.
        statistics: of the readout, after the examples.
        optimizer: at this update.
        fixed: the part of the model that is not trained.
    """
    change, optimizer_state = optimizer.update(gradient, state.optimizer, state.parameters)
    parameters = constrained(optax.apply_updates(state.parameters, change), fixed)
    finite = all_finite((loss, gradient, parameters))
    failed = jnp.where((state.failed_at_step < 0) & ~finite, step, state.failed_at_step)
    return state._replace(
        parameters=parameters,
        statistics=statistics,
        optimizer=optimizer_state,
        failed_at_step=failed,
    )


def keep_best(
    state: TrainingState,
    validation_loss: Float[Array, ""],
    validation_score: Float[Array, ""],
    *,
    higher: bool = True,
) -> TrainingState:
    """Keep this epoch's parameters if it validates better by more than 1e-6, and is finite.

    Args:
        state: after the epoch.
        validation_loss: of it.
        validation_score: of it.
        higher: whether a higher score is better.
    """
    gain = validation_score - state.best.validation_score
    first = state.best.epoch < 0
    better = jnp.where(higher, gain, -gain) > 1e-6
    better = (better | first) & jnp.isfinite(validation_loss) & jnp.isfinite(validation_score)
    now = Best(state.parameters, state.statistics, validation_score, state.epoch)
    best = jax.tree.map(lambda new, old: jnp.where(better, new, old), now, state.best)
    return state._replace(best=best)


def all_finite(tree: PyTree) -> Bool[Array, ""]:
    """Return whether every number in a tree is finite."""
    return jnp.all(jnp.array([jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(tree)]))
