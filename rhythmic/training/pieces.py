"""Long recordings in pieces of one length: truncated back-propagation through time.

Source: Williams and Peng, Neural Computation 2 (1990).
"""

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.networks.network import Network
from rhythmic.training.batches import Batch, Update
from rhythmic.training.configuration import Members, TrainingConfiguration
from rhythmic.training.judging import Objective
from rhythmic.training.objectives import Sums, added_up
from rhythmic.training.problem import Problem
from rhythmic.training.schedule import optimizer_at
from rhythmic.training.state import TrainingState, stepped
from rhythmic.typing import Array, PyTree


def update_by_pieces(
    recipe: TrainingConfiguration,
    objective: Objective,
    state: TrainingState,
    member: Members,
    fixed: PyTree,
    batch: Batch,
    update: Update,
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
            noisy = _with_noise(piece.inputs, recipe.input_noise, key=keys.input_noise)
            features, after = model.continued(
                noisy, piece.lengths, cells, key=jax.random.fold_in(keys.dropout, 1)
            )
            known = (member.hyperparameters.label_smoothing, member.class_weights)
            loss, found = objective.of_training(
                model, features, piece, state.statistics, known, key=keys.dropout
            )
            return loss, (found, jax.lax.stop_gradient(after))

        compute = jax.value_and_grad(loss_of, has_aux=True)
        (loss, ((statistics, sums), cells)), gradient = compute(state.parameters)
        optimizer = optimizer_at(recipe, member.hyperparameters, step, num_steps)
        state = stepped(state, step, loss, gradient, optimizer, fixed)
        return (state._replace(statistics=statistics), cells), sums

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


def _with_noise(inputs: Array, level: float, *, key: jax.Array) -> Array:
    """Return inputs with white Gaussian noise of a standard deviation, 0 for none."""
    if level == 0:
        return inputs
    return inputs + level * jax.random.normal(key, inputs.shape, inputs.dtype)
