"""The training of small networks on sequence tasks: a pure whole run, mapped over members.

    training = SequenceTraining(NetworkSpec("lstm", 8, pooling="every"), SequenceConfiguration())
    chosen = train_and_choose(
        training, (NextWord(),), learning_rates=(0.01, 0.03), seeds=(1, 2, 3)
    )
    test = score_on_test(training, chosen.trained.parameters, chosen.members)  # once, at the end

Training, validation and test draw from keys of their own, all from the member's seed.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from rhythmic.arguments import checked
from rhythmic.cells import trainable
from rhythmic.checks import checked_integer, checked_real
from rhythmic.indices import are_indices
from rhythmic.networks.network import Network
from rhythmic.networks.spec import NetworkSpec
from rhythmic.tasks import AbstractTask, Batch
from rhythmic.training.losses import cross_entropy, is_correct, weighted_mean
from rhythmic.training.schedule import learning_rate_at
from rhythmic.training.sequence_members import SequenceMembers, sequence_keys
from rhythmic.training.state import all_finite, constrained
from rhythmic.typing import AnyArray, Array, Bool, Float, Int, PyTree
from rhythmic.typing import Sequence as Inputs

Outputs = Float[Array, "time output batch"]

# Programs this small take longer to compile than to run: a light optimisation halves the former
# and leaves the latter as it is.
QUICK_COMPILATION = {"xla_backend_optimization_level": 1}


@checked
@dataclass(frozen=True)
class SequenceConfiguration:
    """The recipe that all members share.

    Args:
        num_updates: updates in all, each on a batch that was never seen before.
        batch_size: sequences an update.
        clip_norm: bound on the global norm of the gradient.
        rising_share: share of the updates before the learning rate peaks.
        num_evaluated: fresh sequences of each validation and each test.
    """

    num_updates: int = 400
    batch_size: int = 32
    clip_norm: float = 1.0
    rising_share: float = 0.15
    num_evaluated: int = 512

    def __post_init__(self) -> None:
        for name in ("num_updates", "batch_size", "num_evaluated"):
            count = checked_integer(name, getattr(self, name), 1)
            object.__setattr__(self, name, count)
        numbers = {
            "clip_norm": checked_real("clip_norm", self.clip_norm, above=0.0, infinite=True),
            "rising_share": checked_real("rising_share", self.rising_share, above=0.0, below=1.0),
        }
        for name, number in numbers.items():
            object.__setattr__(self, name, float(number))
        if not 0.0 < self.rising_share * self.num_updates - 1 < self.num_updates - 1:
            raise ValueError(
                f"num_updates is {self.num_updates}; with rising_share {self.rising_share} the "
                f"learning rate needs more than {1 / self.rising_share:g} to rise and fall"
            )


class Evaluation(NamedTuple):
    """Mean loss, and ``score``: accuracy for classes, normalised squared error for values.

    The normalised error is the squared error over the variance of the targets, both over the
    scored steps of all sequences: 0 is exact, 1 is no better than the mean.
    """

    loss: Float[Array, ""]
    score: Float[Array, ""]


class TrainedSequences(NamedTuple):
    """What one member leaves behind.

    ``losses`` holds the loss of every update. ``failed_at_step`` is the first update whose loss,
    gradient or new parameters were not finite, -1 while there is none.
    """

    parameters: PyTree
    losses: Float[Array, " update"]
    failed_at_step: Int[Array, ""]
    validation: Evaluation


@checked
@dataclass(frozen=True)
class SequenceTraining:
    """Training of one network by one recipe; every method is pure and handles one member.

    Nothing here depends on which other members run beside it.

    Args:
        spec: what is trained; it answers at every step.
        configuration: the recipe.
    """

    spec: NetworkSpec
    configuration: SequenceConfiguration

    def __post_init__(self) -> None:
        if self.spec.pooling != "every":
            raise ValueError(f"pooling of spec is {self.spec.pooling!r}; it must be 'every'")

    def build(self, task: AbstractTask, *, key: jax.Array) -> Network:
        """Draw the start values of a network that fits the task."""
        return self.spec.build(task.input_size, task.num_outputs, key=key)

    def initial_parameters(self, task: AbstractTask, *, key: jax.Array) -> PyTree:
        """Draw the start values of what is trained."""
        model = self.build(task, key=key)
        return eqx.filter(model, trainable(model))

    def fixed_part(self, task: AbstractTask) -> PyTree:
        """Return the arrays and functions of the network for ``task`` that no member trains.

        Raises:
            ValueError: for a network that draws some of them: members would share a draw.
        """
        with jax.ensure_compile_time_eval():
            models = [self.build(task, key=jax.random.key(seed)) for seed in (0, 1)]
            parts = [eqx.filter(model, trainable(model), inverse=True) for model in models]
            arrays = [jax.tree.leaves(eqx.filter(part, eqx.is_array)) for part in parts]
            drawn = not all(map(np.array_equal, *arrays))
        if drawn:
            name = self.spec.name
            raise ValueError(f"{name} draws parameters that it does not train; give them instead")
        return parts[0]

    def num_parameters(self, task: AbstractTask) -> int:
        """Count the numbers that training may change; a zero diagonal does not count."""
        return self.spec.num_parameters(task.input_size, task.num_outputs)

    def model(self, parameters: PyTree, task: AbstractTask) -> Network:
        """Return the network for ``task`` with trained parameters put in their places."""
        return eqx.combine(parameters, self.fixed_part(task))

    def optimizer(
        self, peak: Float[AnyArray, ""], step: Int[Array, ""] | int
    ) -> optax.GradientTransformation:
        """Return Adam as it stands at update ``step``, the gradient's global norm clipped first.

        The rate follows the one-cycle schedule up to ``peak``; Adam's own constants are the usual
        ones.
        """
        recipe = self.configuration
        rate = learning_rate_at(jnp.asarray(step), recipe.num_updates, peak, recipe.rising_share)
        return optax.chain(
            optax.clip_by_global_norm(recipe.clip_norm),
            optax.scale_by_adam(),
            optax.scale_by_learning_rate(rate),
        )

    def run(self, member: SequenceMembers) -> TrainedSequences:
        """Train from the start values to the last update, then validate."""
        keys = sequence_keys(member.seed)
        parameters = self.initial_parameters(member.task, key=keys.start_values)
        optimizer = self.optimizer(member.learning_rate, 0).init(parameters)

        def body(carry: PyTree, step: Array) -> tuple[PyTree, tuple[Array, Array]]:
            key = jax.random.fold_in(keys.training, step)
            parameters, optimizer = carry
            *new, loss, finite = self.update(parameters, optimizer, member, step, key=key)
            return tuple(new), (loss, finite)

        steps = jnp.arange(self.configuration.num_updates)
        (parameters, _), (losses, finite) = jax.lax.scan(body, (parameters, optimizer), steps)
        failed = jnp.where(jnp.all(finite), -1, jnp.argmin(finite))
        validation = self.evaluate(parameters, member.task, key=keys.validation)
        return TrainedSequences(parameters, losses, failed, validation)

    def update(
        self,
        parameters: PyTree,
        optimizer_state: PyTree,
        member: SequenceMembers,
        step: Int[Array, ""],
        *,
        key: jax.Array,
    ) -> tuple[PyTree, PyTree, Array, Array]:
        """Make update number ``step`` on a fresh batch.

        Returns ``parameters`` and ``optimizer_state`` after it, the loss, and whether all was
        finite, both scalars.
        """
        fixed = self.fixed_part(member.task)
        batch = member.task.sample(self.configuration.batch_size, key=key)

        def loss_function(parameters: PyTree) -> Array:
            outputs = outputs_of(eqx.combine(parameters, fixed), batch.inputs)
            return mean_loss(outputs, batch, member.task)

        loss, gradient = jax.value_and_grad(loss_function)(parameters)
        optimizer = self.optimizer(member.learning_rate, step)
        change, optimizer_state = optimizer.update(gradient, optimizer_state)
        parameters = constrained(optax.apply_updates(parameters, change), fixed)
        loss = jnp.where(targets_are_classes(batch, member.task), loss, jnp.nan)
        return parameters, optimizer_state, loss, all_finite((loss, gradient, parameters))

    def evaluate(self, parameters: PyTree, task: AbstractTask, *, key: jax.Array) -> Evaluation:
        """Return the score of a network of trained ``parameters`` on fresh sequences of a task."""
        batch = task.sample(self.configuration.num_evaluated, key=key)
        return evaluation(outputs_of(self.model(parameters, task), batch.inputs), batch, task)

    def test(self, parameters: PyTree, member: SequenceMembers) -> Evaluation:
        """Return the score of trained ``parameters`` on the test sequences of the member's seed."""
        key = sequence_keys(member.seed).test
        return self.evaluate(parameters, member.task, key=key)


@partial(jax.jit, static_argnums=0, compiler_options=QUICK_COMPILATION)
def train_members(training: SequenceTraining, members: SequenceMembers) -> TrainedSequences:
    """Train all members side by side; every array of the result has a leading axis ``member``."""
    return jax.vmap(training.run)(members)


@checked
@partial(jax.jit, static_argnums=0, compiler_options=QUICK_COMPILATION)
def score_on_test(
    training: SequenceTraining, parameters: PyTree, members: SequenceMembers
) -> Evaluation:
    """Return the scores of all members on their test sequences; read once, after every choice.

    Args:
        training: by which they were trained.
        parameters: theirs, a leading axis ``member`` on every array.
        members: their seeds, rates and tasks.
    """
    return jax.vmap(training.test)(parameters, members)


@partial(jax.jit, static_argnums=0, compiler_options=QUICK_COMPILATION)
def respond(
    training: SequenceTraining, parameters: PyTree, task: AbstractTask, inputs: Inputs
) -> Float[Array, "member time output batch"]:
    """Return what every member says at every step of the same sequences, logits or values."""
    return jax.vmap(lambda member: outputs_of(training.model(member, task), inputs))(parameters)


def outputs_of(network: Network, inputs: Inputs) -> Outputs:
    """Return what a network answers at every step of ``inputs``, ``(time, channel, batch)``."""
    return network.answer(network.features(inputs))


def mean_loss(outputs: Outputs, batch: Batch, task: AbstractTask) -> Float[Array, ""]:
    """Return the weighted mean over steps of cross-entropy (nats), or of the squared error."""
    # What does not count has no gradient either, whatever stands there.
    counted = batch.weights[:, None] > 0
    outputs = jnp.where(counted, outputs, 0)
    if task.kind == "classes":
        losses = jax.vmap(cross_entropy)(outputs, batch.targets)
    else:
        losses = jnp.sum((outputs - jnp.where(counted, batch.targets, 0)) ** 2, axis=1)
    return weighted_mean(losses.ravel(), batch.weights.ravel())


def evaluation(outputs: Outputs, batch: Batch, task: AbstractTask) -> Evaluation:
    """Return the loss of a network's outputs, and accuracy or normalised squared error.

    Both are NaN where a target that is scored is no class.
    """
    loss = mean_loss(outputs, batch, task)
    loss = jnp.where(targets_are_classes(batch, task), loss, jnp.nan)
    weights = batch.weights
    if task.kind == "classes":
        hits = jax.vmap(is_correct)(outputs, batch.targets)
        score = weighted_mean(hits.ravel(), weights.ravel())
        return Evaluation(loss, jnp.where(jnp.isnan(loss), jnp.nan, score))
    counted = jnp.where(weights[:, None] > 0, batch.targets, 0)
    mean = jnp.sum(counted * weights[:, None], axis=(0, 2)) / jnp.sum(weights)
    return Evaluation(loss, loss / mean_loss(mean[:, None], batch, task))


def targets_are_classes(batch: Batch, task: AbstractTask) -> Bool[Array, ""]:
    """Tell whether every target that is scored is a class, where the task asks for classes."""
    if task.kind != "classes":
        return jnp.array(True)
    # What does not count may be anything; class 0 is one of any number of classes.
    return are_indices(jnp.where(batch.weights == 0, 0, batch.targets), task.num_outputs)
