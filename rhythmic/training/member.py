"""The whole training of one member, as pure functions of (member, data); vmap makes it many."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from rhythmic.arguments import checked
from rhythmic.cells import trainable
from rhythmic.checks import checked_choice, checked_integer
from rhythmic.indices import are_indices, check_labels
from rhythmic.memory import check_fits
from rhythmic.networks.network import Method, Network
from rhythmic.networks.readouts import RunningStatistics
from rhythmic.networks.spec import BuildsNetwork
from rhythmic.training.batches import epoch_batches
from rhythmic.training.configuration import (
    Hyperparameters,
    MemberKeys,
    Members,
    TrainingConfiguration,
    check_members,
    member_keys,
)
from rhythmic.training.evaluation import confusion_and_features, loss_and_hits, sum_over
from rhythmic.training.features import (
    InputNoise,
    has_fixed_features,
    labelled_features,
    one_by_one,
    precomputed,
)
from rhythmic.training.losses import cross_entropy, is_correct, weighted_mean
from rhythmic.training.rhythms import own_data, with_rhythms
from rhythmic.training.schedule import adamw_at
from rhythmic.training.state import (
    Best,
    Data,
    History,
    TestRecord,
    TrainingState,
    all_finite,
    constrained,
    keep_best,
)
from rhythmic.typing import AnyArray, Array, Float, Int, PyTree

# Of its parameters, that a run holds: themselves, two moments of Adam and the best ones.
COPIES = 4


@checked
@dataclass(frozen=True)
class MemberTraining:
    """Training of one network by one recipe; every method is pure and handles one member.

    A member is one row of ``Members``, ``state`` its ``TrainingState``, ``data`` the pool as
    ``prepared`` gives it; ``model`` and its running ``statistics`` are a network. Nothing here
    depends on which other members run beside it. A label that is no class or an index outside
    the pool is an error, and gives NaN losses and accuracies where it is traced.

    Args:
        spec: what is trained.
        configuration: the recipe.
        num_classes: number of classes.
        input_size: channels of a sample.
        method: how features and their gradients are computed. ``fastest``: the fastest way there
            is, given ``training.prepared(data)``; ``scan``: the plain scan, the reference. The same
            up to rounding, which in float32 shows in single runs of a resonant network: its scan
            loses per cent of a gradient. Means over seeds agree.
    """

    spec: BuildsNetwork
    configuration: TrainingConfiguration
    num_classes: int = 10
    method: Method = "fastest"
    input_size: int = 1

    def __post_init__(self) -> None:
        checked_choice("method", self.method, Method)
        for name in ("num_classes", "input_size"):
            object.__setattr__(self, name, checked_integer(name, getattr(self, name), 1))

    def build(self, *, key: jax.Array) -> Network:
        """Draw the start values of a network."""
        return self.spec.build(self.input_size, self.num_classes, key=key)

    def check_size(self, num_devices: int) -> None:
        """Raise a ValueError if one network, trained, is more than a device can hold."""
        build = partial(self.build, key=jax.random.key(0))
        check_fits(self.spec.name, build, COPIES, num_devices)

    def check(self, member: Members, data: Data) -> None:
        """Raise a ValueError for a known label or index of ``member`` that lies out of range."""
        check_labels("data.labels", data.labels, self.num_classes)
        check_members(member, len(data.labels))

    def known(
        self,
        examples: Int[AnyArray, " example"],
        data: Data,
        means: tuple[Float[Array, ""], Float[Array, ""]],
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Return ``means`` over ``examples``, NaN where an index or a label lies out of range."""
        indices, labels = jnp.asarray(examples), jnp.asarray(data.labels)
        classes = labels[indices].astype(jnp.int32)
        inside = are_indices(indices, len(labels)) & are_indices(classes, self.num_classes)
        loss, accuracy = (jnp.where(inside, mean, jnp.nan) for mean in means)
        return loss, accuracy

    def initial_state(self, member: Members) -> TrainingState:
        """Draw the start values from the member's seed."""
        key = member_keys(member.seed).start_values
        model = self.build(key=key)
        parameters = eqx.filter(model, trainable(model))
        statistics = model.readout.initial_statistics()
        best = Best(parameters, statistics, jnp.array(-1.0), jnp.array(-1))
        recipe = self.configuration
        optimizer = adamw_at(recipe, member.hyperparameters, jnp.array(0), 1).init(parameters)
        history = History(*jnp.full((4, recipe.epochs), jnp.nan))
        return TrainingState(
            parameters, statistics, optimizer, best, history, jnp.array(0), jnp.array(-1)
        )

    def fixed_part(self, member: Members | None = None) -> PyTree:
        """Return the arrays and functions of the model that training leaves as they are.

        What of it is drawn, such as the rhythms of a heterogeneous network, is drawn from the
        member's seed, by the key of its start values.
        """
        key = jax.random.key(0) if member is None else member_keys(member.seed).start_values
        model = self.build(key=key)
        fixed = eqx.filter(model, trainable(model), inverse=True)
        if member is None or member.rhythms is None:
            return fixed
        return with_rhythms(fixed, member.rhythms)

    def prepared(self, data: Data) -> Data:
        """Return ``data`` with what can be computed before training; not inside ``jax.jit``."""
        if self.method == "scan":
            return data
        models = [self.build(key=jax.random.key(i)) for i in (0, 1)]
        layers = [jax.tree.leaves(eqx.filter(model.layers, eqx.is_array)) for model in models]
        drawn = has_fixed_features(models[0]) and not all(map(np.array_equal, *layers))
        if drawn:  # by each member from its own seed: there are no features for all
            return data
        return precomputed(models[0], data, self.configuration.evaluation_batch_size)

    def run(self, member: Members, data: Data) -> TrainingState:
        """Train from the start values to the last epoch."""
        self.check(member, data)

        def body(_: Int[Array, ""], state: TrainingState) -> TrainingState:
            return self.train_epoch(state, member, data)

        return jax.lax.fori_loop(0, self.configuration.epochs, body, self.initial_state(member))

    def train_epoch(self, state: TrainingState, member: Members, data: Data) -> TrainingState:
        """Return the state after one more epoch.

        Every training digit is visited, once a pass in an order drawn from the seed; then it is
        validated.
        """
        self.check(member, data)
        fixed, data = self.fixed_part(member), own_data(data, member)
        keys = member_keys(member.seed)
        batches, weights = self.batches(member, state.epoch, key=keys.batch_order)
        steps = state.epoch * batches.shape[0] + jnp.arange(batches.shape[0])

        def body(state: TrainingState, batch: PyTree) -> tuple[TrainingState, PyTree]:
            return self.update(state, member, data, fixed, batch, keys=keys)

        state, (losses, hits) = jax.lax.scan(body, state, (steps, batches, weights))
        model = eqx.combine(state.parameters, fixed)
        validation_loss, validation_accuracy = self.evaluate(
            model, state.statistics, member.validation, member.hyperparameters, data
        )
        state = keep_best(state, validation_loss, validation_accuracy)
        num_train = jnp.sum(weights)
        record = History(
            *self.known(
                member.train, data, (jnp.sum(losses) / num_train, jnp.sum(hits) / num_train)
            ),
            validation_loss,
            validation_accuracy,
        )
        history = jax.tree.map(lambda x, now: x.at[state.epoch].set(now), state.history, record)
        return state._replace(history=history, epoch=state.epoch + 1)

    def batches(
        self, member: Members, epoch: Int[Array, ""], *, key: jax.Array
    ) -> tuple[Int[Array, "num_batches batch"], Float[Array, "num_batches batch"]]:
        """Return the examples and weights of every batch of an epoch, pass after pass."""
        num_batches = self.configuration.num_batches(member.train.shape[0])
        size, passes = self.configuration.batch_size, self.configuration.passes

        def one_pass(place: Int[Array, ""]) -> tuple[Array, Array]:
            own = jax.random.fold_in(key, place)
            return epoch_batches(member.train, num_batches, size, key=own)

        drawn = jax.lax.map(one_pass, epoch * passes + jnp.arange(passes))
        return jax.tree.map(lambda x: x.reshape(-1, size), drawn)

    def update(
        self,
        state: TrainingState,
        member: Members,
        data: Data,
        fixed: PyTree,
        batch: tuple[Array, Array, Array],
        *,
        keys: MemberKeys,
    ) -> tuple[TrainingState, tuple[Array, Array]]:
        """Make one update on one ``batch``: index of the update (), examples and weights (batch,).

        ``fixed`` is what ``fixed_part`` gives, ``keys`` are the member's. Returns the new state,
        and the batch's summed loss and hits, both scalars.
        """
        step, examples, weights = batch
        arrays, functions = eqx.partition(fixed, eqx.is_array)
        value_and_gradient = one_by_one(
            jax.value_and_grad(partial(self.batch_loss, functions), has_aux=True),
            eqx.combine(state.parameters, fixed),
            self.method,
        )
        (loss, (statistics, hits)), gradient = value_and_gradient(
            state.parameters,
            arrays,
            state.statistics,
            data,
            (examples, weights),
            member.hyperparameters.label_smoothing,
            jax.tree.map(lambda key: jax.random.fold_in(key, step), keys),
        )
        num_steps = self.configuration.num_steps(member.train.shape[0])
        optimizer = adamw_at(self.configuration, member.hyperparameters, step, num_steps)
        change, optimizer_state = optimizer.update(gradient, state.optimizer, state.parameters)
        parameters = constrained(optax.apply_updates(state.parameters, change), fixed)
        finite = all_finite((loss, gradient, parameters))
        state = state._replace(
            parameters=parameters,
            statistics=statistics,
            optimizer=optimizer_state,
            failed_at_step=jnp.where(
                (state.failed_at_step < 0) & ~finite, step, state.failed_at_step
            ),
        )
        return state, (loss * jnp.sum(weights), hits)

    def batch_loss(
        self,
        functions: PyTree,
        parameters: PyTree,
        arrays: PyTree,
        statistics: RunningStatistics,
        data: Data,
        batch: tuple[Array, Array],
        smoothing: Array,
        keys: MemberKeys,
    ) -> tuple[Array, tuple[RunningStatistics, Array]]:
        """Return the mean loss of a batch; beside it the new statistics and the number of hits.

        Loss and hits are scalars; ``batch`` holds examples and their weights, both (batch,). The
        model comes in three parts, trained ``parameters``, fixed ``arrays`` and ``functions``:
        all but these are arrays, so that it can be mapped over members. ``smoothing``, a
        scalar, is that of the labels, ``keys`` are those of this update.
        """
        model: Network = eqx.combine(parameters, arrays, functions)
        examples, weights = batch
        noise = InputNoise(self.configuration.input_noise, keys.input_noise)
        features, labels = labelled_features(model, data, examples, method=self.method, noise=noise)
        readout = model.readout
        logits, statistics = readout.train_on_finite(
            features, statistics, weights, key=keys.dropout
        )
        losses = cross_entropy(logits, labels, smoothing)
        hits = jnp.sum(is_correct(logits, labels) * weights)
        return weighted_mean(losses, weights), (statistics, hits)

    def evaluate(
        self,
        model: Network,
        statistics: RunningStatistics,
        examples: Int[AnyArray, " example"],
        hyperparameters: Hyperparameters,
        data: Data,
    ) -> tuple[Array, Array]:
        """Return mean loss and accuracy over ``examples``, smoothed as ``hyperparameters`` say.

        Both are scalars.
        """
        look = partial(loss_and_hits, smoothing=hyperparameters.label_smoothing)
        loss, hits = self.sum_over(look, model, statistics, examples, data)
        number = examples.shape[0]
        return self.known(examples, data, (loss / number, hits / number))

    def test(self, state: TrainingState, member: Members, data: Data) -> TestRecord:
        """Read the test digits with the parameters of the best epoch.

        Raises:
            ValueError: for no test digits, or an index outside the pool.
        """
        self.check(member, data)
        if not member.test.shape[0]:
            raise ValueError("members.test is empty; a test needs at least one example")
        model: Network = eqx.combine(state.best.parameters, self.fixed_part(member))
        look = partial(
            confusion_and_features,
            smoothing=member.hyperparameters.label_smoothing,
            num_classes=self.num_classes,
        )
        loss, hits, confusion, features, counts = self.sum_over(
            look, model, state.best.statistics, member.test, own_data(data, member)
        )
        num_test = member.test.shape[0]
        return TestRecord(
            *self.known(member.test, data, (loss / num_test, hits / num_test)),
            jnp.round(confusion).astype(int),
            features / counts[:, None],
        )

    def sum_over(
        self,
        look: Callable[[Array, Array, Array, Array], PyTree],
        model: Network,
        statistics: RunningStatistics,
        examples: Int[AnyArray, " example"],
        data: Data,
    ) -> PyTree:
        """Return the sum of what ``look`` sees over examples, in batches of the recipe."""
        size = self.configuration.evaluation_batch_size
        return sum_over(
            look, model, statistics, examples, data, batch_size=size, method=self.method
        )
