"""One update: on a batch as a whole, or on pieces of one length of long recordings.

Source: of the pieces, truncated back-propagation through time, Williams and Peng, Neural
Computation 2 (1990).
"""

from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap

from rhythmic.fast import Method
from rhythmic.networks.network import Network
from rhythmic.networks.readouts import RunningStatistics
from rhythmic.training.batches import gathered
from rhythmic.training.configuration import MemberKeys, Members, TrainingConfiguration
from rhythmic.training.features import InputNoise, Tables, features_of
from rhythmic.training.objectives import Known, Objective, Sums, added_up
from rhythmic.training.problem import Problem
from rhythmic.training.schedule import optimizer_at
from rhythmic.training.state import Batch, Data, TrainingState, stepped
from rhythmic.typing import Array, Float, Int, PyTree


class Update(NamedTuple):
    """What one update takes: its number, its examples and their weights, the member's keys."""

    step: Int[Array, ""]
    examples: Int[Array, " batch"]
    weights: Float[Array, " batch"]
    keys: MemberKeys


def update_by_batch(
    recipe: TrainingConfiguration,
    objective: Objective,
    state: TrainingState,
    member: Members,
    fixed: PyTree,
    pool: tuple[Data, Tables | None],
    update: Update,
    *,
    method: Method,
    one_by_one: bool,
) -> tuple[TrainingState, Sums]:
    """Make one update on a whole batch.

    Args:
        recipe: of the training.
        objective: what is minimised.
        state: before the batch.
        member: one of them.
        fixed: the part of the model that is not trained.
        pool: with what the way through time reads beside it.
        update: number of the batch, its examples, and keys.
        method: the way through time.
        one_by_one: whether ``jax.vmap`` maps members one after the other.

    Returns:
        The state after the update, and the sums of the batch.
    """
    arrays, functions = eqx.partition(fixed, eqx.is_array)
    loss_of = partial(_batch_loss, recipe, objective, method, functions)
    value_and_gradient = jax.value_and_grad(loss_of, has_aux=True)
    if one_by_one:
        value_and_gradient = sequential_vmap(value_and_gradient)
    keys = jax.tree.map(lambda key: jax.random.fold_in(key, update.step), update.keys)
    (loss, (statistics, sums)), gradient = value_and_gradient(
        state.parameters,
        arrays,
        state.statistics,
        pool,
        (update.examples, update.weights),
        member.known,
        keys,
    )
    num_steps = recipe.num_steps(member.train.shape[0])
    optimizer = optimizer_at(recipe, member.hyperparameters, update.step, num_steps)
    return stepped(state, update.step, loss, gradient, statistics, optimizer, fixed), sums


def _batch_loss(
    recipe: TrainingConfiguration,
    objective: Objective,
    method: Method,
    functions: PyTree,
    parameters: PyTree,
    arrays: PyTree,
    statistics: RunningStatistics,
    pool: tuple[Data, Tables | None],
    examples: tuple[Array, Array],
    known: Known,
    keys: MemberKeys,
) -> tuple[Array, tuple[RunningStatistics, Sums]]:
    """Return the mean loss of a batch; beside it the new statistics and the sums.

    ``examples`` are indices and weights, both (batch,). The model comes in three parts, trained
    ``parameters``, fixed ``arrays`` and ``functions``: from ``parameters`` on all are arrays, so
    that it can be mapped over members.
    """
    model: Network = eqx.combine(parameters, arrays, functions)
    data, tables = pool
    features = features_of(
        model,
        data,
        examples[0],
        method=method,
        tables=tables,
        noise=InputNoise(recipe.input_noise, keys.input_noise),
        key=jax.random.fold_in(keys.dropout, 1),
    )
    batch = gathered(data, *examples, objective.problem)
    return objective.of_training(model, features, batch, statistics, known, key=keys.dropout)


def update_by_pieces(
    recipe: TrainingConfiguration,
    objective: Objective,
    state: TrainingState,
    member: Members,
    fixed: PyTree,
    batch: Batch,
    update: Update,
    *,
    method: Method,
) -> tuple[TrainingState, Sums]:
    """Make one update on each piece of a batch, the cells' states carried without a gradient.

    Args:
        recipe: with the length of a piece.
        objective: what is minimised.
        state: before the batch.
        member: one of them.
        fixed: the part of the model that is not trained.
        batch: of targets at every step.
        update: number of the batch, and keys.
        method: the way through time.

    Returns:
        The state after the last piece, and the sums of the batch.
    """
    pieces = in_pieces(batch, recipe.piece_length or len(batch.inputs), objective.problem)
    number = pieces.inputs.shape[0]
    num_steps = recipe.num_steps(member.train.shape[0]) * number
    start = eqx.combine(state.parameters, fixed).initial_state(batch.inputs.shape[2]).layers

    def body(carry: PyTree, numbered: tuple[Array, Batch]) -> tuple[PyTree, Sums]:
        state, cells = carry
        place, piece = numbered
        step = update.step * number + place
        keys = jax.tree.map(lambda key: jax.random.fold_in(key, step), update.keys)

        def loss_of(parameters: PyTree) -> tuple[Array, PyTree]:
            model: Network = eqx.combine(parameters, fixed)
            noise = InputNoise(recipe.input_noise, keys.input_noise)
            features, after = model.continued(
                noise.added_to(piece.inputs),
                piece.lengths,
                cells,
                method=method,
                key=jax.random.fold_in(keys.dropout, 1),
            )
            loss, found = objective.of_training(
                model, features, piece, state.statistics, member.known, key=keys.dropout
            )
            return loss, (found, jax.lax.stop_gradient(after))

        compute = jax.value_and_grad(loss_of, has_aux=True)
        (loss, ((statistics, sums), cells)), gradient = compute(state.parameters)
        optimizer = optimizer_at(recipe, member.hyperparameters, step, num_steps)
        state = stepped(state, step, loss, gradient, statistics, optimizer, fixed)
        return (state, cells), sums

    (state, _), sums = jax.lax.scan(body, (state, start), (jnp.arange(number), pieces))
    return state, added_up(sums)


def in_pieces(batch: Batch, length: int, problem: Problem) -> Batch:
    """Return a batch whose arrays have a leading axis ``piece``, the last one padded.

    Args:
        batch: of targets at every step.
        length: samples of a piece.
        problem: what is trained for.
    """
    num_steps = batch.inputs.shape[0]
    number = -(-num_steps // length)

    def cut(x: Array, filler: float = 0) -> Array:
        shortage = number * length - num_steps
        widths = [(0, shortage), *[(0, 0)] * (x.ndim - 1)]
        return jnp.pad(x, widths, constant_values=filler).reshape(number, length, *x.shape[1:])

    lengths = batch.lengths
    if lengths is None:
        lengths = jnp.full(batch.inputs.shape[2], num_steps)
    left = lengths - length * jnp.arange(number)[:, None]
    return Batch(
        cut(batch.inputs),
        cut(batch.targets, -1 if problem.is_class else 0),
        cut(batch.weights),
        jnp.clip(left, 0, length),
    )
