"""The whole training of one member, as pure functions of (member, data); vmap makes it many."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.cells import trainable
from rhythmic.checks import checked_choice
from rhythmic.fast import Method, platform_of
from rhythmic.memory import check_fits
from rhythmic.networks.network import Network
from rhythmic.networks.spec import BuildsNetwork
from rhythmic.training.batches import (
    check_source,
    drawn,
    epoch_batches,
    gathered,
    in_batches,
    like_length_batches,
    where_known,
)
from rhythmic.training.configuration import (
    FILLER,
    MemberRhythms,
    Members,
    TrainingConfiguration,
    member_keys,
)
from rhythmic.training.evaluation import evaluated
from rhythmic.training.features import (
    Tables,
    resolved_way,
    share_layers,
    tables_of,
)
from rhythmic.training.objectives import (
    Objective,
    ScoreName,
    Sums,
    added_up,
    balanced_weights,
    better_is_higher,
)
from rhythmic.training.problem import Problem
from rhythmic.training.rhythms import with_own_constants
from rhythmic.training.schedule import optimizer_at
from rhythmic.training.state import (
    Best,
    Data,
    History,
    TestRecord,
    TrainingState,
    keep_best,
)
from rhythmic.training.updates import Update, update_by_batch, update_by_pieces
from rhythmic.typing import Array, Float, Int, PyTree

# Of its parameters, that a run holds: themselves, two moments of Adam and the best ones.
COPIES = 4


@checked
@dataclass(frozen=True)
class MemberTraining:
    """Training of one network by one recipe; every method is pure and handles one member.

    A member is one row of ``Members``, ``state`` its ``TrainingState``, ``data`` the pool, None
    where each member has a task, ``tables`` what its way through time reads beside it, ``model`` a
    network. Nothing here depends on which other members run beside it. A label that is no class or
    an index outside the pool is an error, and gives NaN losses and scores where it is traced.

    Args:
        spec: what is trained.
        configuration: the recipe.
        problem: sizes and kind of the data; by default ten classes of sequences of one channel.
        method: the way through time, see ``rhythmic.fast.ways``. ``fastest`` is left to the
            platform that a program is lowered for; ``resolved(data)`` settles it. All are the same
            up to rounding, which in float32 shows in single runs of a resonant network: its scan
            loses per cent of a gradient. Means over seeds agree.
        is_ragged: whether members have different numbers of examples, see ``FILLER``.
        one_by_one: whether ``jax.vmap`` maps members one after the other. For a CPU, where what one
            keeps for its reverse pass fills a core's cache, and where each takes its own number of
            steps, from event to event or over sequences of unequal length.
    """

    spec: BuildsNetwork
    configuration: TrainingConfiguration
    problem: Problem = field(default_factory=Problem)
    method: Method = "fastest"
    is_ragged: bool = False
    one_by_one: bool = False

    def __post_init__(self) -> None:
        checked_choice("method", self.method, Method)
        sizes = (self.problem.is_class, self.problem.per_step, self.problem.num_outputs)
        self.configuration.check_kind(*sizes)

    def build(self, *, key: jax.Array) -> Network:
        """Draw the initial values of a network for the problem."""
        network = self.spec.build(
            self.problem.input_size,
            self.problem.num_outputs,
            key=key,
            sample_rate=self.problem.sample_rate,
            duration=self.problem.duration,
        )
        if not self.problem.standardised:
            return network
        outputs = None if self.problem.is_class else self.problem.num_outputs
        return network.with_scalings(self.problem.input_size, outputs)

    @property
    def objective(self) -> Objective:
        """What is minimised, and what networks are judged by."""
        return Objective.of(self.problem, self.configuration.loss, self.configuration.score)

    @property
    def score(self) -> ScoreName:
        """What networks are judged by: the recipe's, or that of the kind of targets."""
        return self.objective.score

    def check_size(self, num_devices: int) -> None:
        """Raise a ValueError if one network, trained, is more than a device can hold."""
        build = partial(self.build, key=jax.random.key(0))
        check_fits(self.spec.name, build, COPIES, num_devices)

    def check(self, member: Members, data: Data | None) -> None:
        """Raise a ValueError for a known label or index of ``member`` that lies out of range."""
        check_source(member, data, self.problem)
        if data is None and self.configuration.class_weights == "balanced":
            raise ValueError("class_weights is 'balanced'; for a task give one factor per class")

    def initial_state(self, member: Members) -> TrainingState:
        """Draw the initial values from the member's seed."""
        key = member_keys(member.seed).start_values
        model = with_own_constants(self.build(key=key), member)
        parameters = eqx.filter(model, trainable(model))
        statistics = model.statistics
        best = Best(parameters, statistics, jnp.array(-1.0), jnp.array(-1))
        recipe = self.configuration
        optimizer = optimizer_at(recipe, member.hyperparameters, jnp.array(0), 1).init(parameters)
        history = History(*jnp.full((4, recipe.epochs), jnp.nan))
        return TrainingState(
            parameters, statistics, optimizer, best, history, jnp.array(0), jnp.array(-1)
        )

    def fixed_part(self, member: Members | None = None) -> PyTree:
        """Return the arrays and functions of the model that training leaves as they are.

        What of it is drawn, such as the rhythms of a heterogeneous network, is drawn from the
        member's seed, by the key of its initial values.
        """
        key = jax.random.key(0) if member is None else member_keys(member.seed).start_values
        model = self.build(key=key)
        fixed = eqx.filter(model, trainable(model), inverse=True)
        return fixed if member is None else with_own_constants(fixed, member)

    def resolved(
        self,
        data: Data | None,
        *,
        platform: str | None = None,
        rhythms: MemberRhythms | None = None,
    ) -> "MemberTraining":
        """Return the training with its way through time resolved for a pool.

        Args:
            data: the pool, known; None where each member has a task.
            platform: for which programs are lowered, ``cpu``, ``cuda``, ``rocm`` or ``tpu``; that
                of the first device by default.
            rhythms: of the members, where they have rhythms of their own.

        Raises:
            ValueError: for a way that network or data do not have.
        """
        platform = platform or platform_of(jax.devices()[0])
        models = [self.build(key=jax.random.key(i)) for i in (0, 1)]
        noisy = self.configuration.input_noise > 0
        known = None if noisy else data  # noise is drawn anew: nothing of the pool is known before
        shared = share_layers(*models)
        way = resolved_way(
            self.method, models[0], known, platform, rhythms=rhythms, shared_layers=shared
        )
        of_lengths = data is not None and data.lengths is not None
        in_turn = way in ("adjoint", "events", "pieces") or of_lengths
        return replace(self, method=way, one_by_one=platform == "cpu" and in_turn)

    def tables(self, data: Data | None, *, room_for_events: int = 1) -> Tables:
        """Return what the way through time, once ``resolved``, reads beside the pool.

        Not inside ``jax.jit``.

        Args:
            data: the pool, known.
            room_for_events: of the longest sequence at least, so that pools whose sequences differ
                have tables of one shape.
        """
        if data is None:
            return Tables()
        model = self.build(key=jax.random.key(0))
        size = self.configuration.evaluation_batch_size
        return tables_of(self.method, model, data, batch_size=size, room_for_events=room_for_events)

    def run(
        self, member: Members, data: Data | None, tables: Tables | None = None
    ) -> TrainingState:
        """Train from the initial values to the last epoch."""
        self.check(member, data)

        def body(_: Int[Array, ""], state: TrainingState) -> TrainingState:
            return self.train_epoch(state, member, data, tables)

        return jax.lax.fori_loop(0, self.configuration.epochs, body, self.initial_state(member))

    def train_epoch(
        self,
        state: TrainingState,
        member: Members,
        data: Data | None,
        tables: Tables | None = None,
    ) -> TrainingState:
        """Return the state after one more epoch; that of a run which has stopped stays.

        Every training example is visited, once a pass in an order drawn from the seed, or as many
        are drawn from the member's task; then the network is validated.
        """
        self.check(member, data)
        member = self._weighed(member, data)
        fixed = self.fixed_part(member)
        keys = member_keys(member.seed)
        batches, weights = self.batches(member, state.epoch, data, key=keys.batch_order)
        steps = state.epoch * batches.shape[0] + jnp.arange(batches.shape[0])

        def body(state: TrainingState, batch: tuple[Array, Array, Array]) -> tuple[PyTree, Sums]:
            update = Update(*batch, keys)
            after, sums = self.update(state, member, data, fixed, update, tables)
            if self.is_ragged:  # a batch that no example fills changes nothing
                empty = jnp.sum(batch[2]) == 0
                after = jax.tree.map(lambda new, old: jnp.where(empty, old, new), after, state)
                sums = jax.tree.map(lambda x: jnp.where(empty, 0, x), sums)
            return after, sums

        after, seen = jax.lax.scan(body, state, (steps, batches, weights))
        sums = added_up(seen)
        model = _whole(after, fixed)
        validation = self.evaluate(model, "validation", member, data, tables)[:2]
        higher = better_is_higher(self.score)
        after = keep_best(after, *validation, higher=higher)
        loss, score = self.objective.means(sums)
        if data is not None:
            loss, score = where_known((loss, score), member.train, data, self.problem)
        record = History(loss, score, *validation)
        history = jax.tree.map(lambda x, now: x.at[state.epoch].set(now), state.history, record)
        after = after._replace(history=history)
        if self.configuration.patience is not None:
            stopped = self.has_stopped(state)
            after = jax.tree.map(lambda new, old: jnp.where(stopped, old, new), after, state)
        return after._replace(epoch=state.epoch + 1)

    def _weighed(self, member: Members, data: Data | None) -> Members:
        """Return the member with the recipe's weights of classes, from its training targets."""
        asked, number = self.configuration.class_weights, self.problem.num_outputs
        if asked is None:
            return member
        if asked != "balanced":
            return member._replace(class_weights=jnp.asarray(asked))
        assert data is not None
        filled = jnp.asarray(member.train) == FILLER
        targets = jnp.asarray(data.targets)[jnp.where(filled, 0, member.train)]
        filled = filled.reshape(-1, *(1,) * (targets.ndim - 1))
        targets = jnp.where(filled, -1, targets)
        return member._replace(class_weights=balanced_weights(targets, number))

    def has_stopped(self, state: TrainingState) -> Array:
        """Return, as a scalar, whether no epoch of ``state`` was better within the patience."""
        if self.configuration.patience is None:
            return jnp.zeros((), bool)
        return state.epoch - 1 - state.best.epoch >= self.configuration.patience

    def batches(
        self, member: Members, epoch: Int[Array, ""], data: Data | None, *, key: jax.Array
    ) -> tuple[Int[Array, "num_batches batch"], Float[Array, "num_batches batch"]]:
        """Return the examples and weights of every batch of an epoch, pass after pass."""
        num_batches = self.configuration.num_batches(member.train.shape[0])
        size, passes = self.configuration.batch_size, self.configuration.passes

        def one_pass(place: Int[Array, ""]) -> tuple[Array, Array]:
            own = jax.random.fold_in(key, place)
            if data is None:
                return in_batches(member.train, num_batches, size)
            if data.lengths is None:
                return epoch_batches(
                    member.train, num_batches, size, key=own, ragged=self.is_ragged
                )
            lengths = jnp.asarray(data.lengths)
            return like_length_batches(member.train, lengths, num_batches, size, key=own)

        orders = jax.lax.map(one_pass, epoch * passes + jnp.arange(passes))
        return jax.tree.map(lambda x: x.reshape(-1, size), orders)

    def update(
        self,
        state: TrainingState,
        member: Members,
        data: Data | None,
        fixed: PyTree,
        update: Update,
        tables: Tables | None = None,
    ) -> tuple[TrainingState, Sums]:
        """Make one update on one batch, or one on each piece of it.

        ``fixed`` is what ``fixed_part`` gives. Returns the new state, and the sums of the batch.
        """
        if data is None:
            key = jax.random.fold_in(update.keys.batch_order, update.step)
            examples, data = drawn(member, update.examples.shape[0], key=key)
            update = update._replace(examples=examples)
        recipe, objective = self.configuration, self.objective
        if recipe.piece_length is not None:
            batch = gathered(data, update.examples, update.weights, self.problem)
            args = (recipe, objective, state, member, fixed, batch, update)
            return update_by_pieces(*args, method=self.method)
        return update_by_batch(
            recipe,
            objective,
            state,
            member,
            fixed,
            (data, tables),
            update,
            method=self.method,
            one_by_one=self.one_by_one,
        )

    def evaluate(
        self,
        model: Network,
        part: Literal["validation", "test"],
        member: Members,
        data: Data | None,
        tables: Tables | None = None,
        *,
        with_classes: bool = False,
    ) -> TestRecord:
        """Return what ``model`` scores over a ``part`` of the split.

        Labels are smoothed as in training. ``with_classes`` counts classes and averages their
        features, if there are any.
        """
        return evaluated(
            self.objective,
            model,
            part,
            member,
            data,
            tables,
            batch_size=self.configuration.evaluation_batch_size,
            method=self.method,
            one_by_one=self.one_by_one,
            with_classes=with_classes,
        )

    def network(self, state: TrainingState, member: Members) -> Network:
        """Return the network with the parameters of the best epoch."""
        return _whole(state.best, self.fixed_part(member))

    def test(
        self,
        state: TrainingState,
        member: Members,
        data: Data | None,
        tables: Tables | None = None,
    ) -> TestRecord:
        """Evaluate the test examples with the parameters of the best epoch; NaN of a failed run.

        Raises:
            ValueError: for no test examples, or an index outside the pool.
        """
        self.check(member, data)
        if not member.test.shape[0]:
            raise ValueError("members.test is empty; a test needs at least one example")
        member = self._weighed(member, data)
        model = self.network(state, member)
        record = self.evaluate(model, "test", member, data, tables, with_classes=True)
        failed = (state.failed_at_step >= 0) | (state.best.epoch < 0)
        loss, score = (jnp.where(failed, jnp.nan, x) for x in (record.loss, record.score))
        return record._replace(loss=loss, score=score)


def _whole(learned: TrainingState | Best, fixed: PyTree) -> Network:
    """Return the network of what is learned, parameters and statistics, and what is fixed."""
    model: Network = eqx.combine(learned.parameters, fixed)
    return eqx.tree_at(lambda one: one.statistics, model, learned.statistics)
