"""This project's side, in a process of its own: ``MemberTraining.update``, as training runs it."""

import dataclasses
import functools
import os
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.problem import (
    CLIP_NORM,
    DROPOUT_RATE,
    LABEL_SMOOTHING,
    LEARNING_RATE,
    NUM_CLASSES,
    WEIGHT_DECAY,
    Problem,
    Reference,
)
from rhythmic.models import GatedOrPlainArchitecture, named_architectures, named_arrays
from rhythmic.records import processor_name, provenance
from rhythmic.training import Data, Hyperparameters, Members, MemberTraining, TrainingConfiguration
from rhythmic.training.configuration import member_keys
from rhythmic.training.member import TrainingState
from rhythmic.typing import Array, PyTree

NUM_TRAIN = 55_000  # sets the length of the learning-rate schedule, nothing else here


def use_one_device(pinned: bool) -> None:
    """Keep this process, and every thread it starts from now on, on one core if ``pinned``."""
    if pinned and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    jax.config.update("jax_num_cpu_devices", 1)


def member_training(
    problem: Problem, configuration: TrainingConfiguration, dropout_rate: float = DROPOUT_RATE
) -> MemberTraining:
    """Return the training of the problem's network."""
    architecture = named_architectures()[problem.model]
    if isinstance(architecture, GatedOrPlainArchitecture):
        architecture = dataclasses.replace(architecture, dropout_rate=dropout_rate)
    return MemberTraining(architecture, configuration, NUM_CLASSES)


def make_members(num_members: int) -> Members:
    """Return members that differ in their seed; of their data an update reads the amount alone."""
    rates = (LEARNING_RATE, WEIGHT_DECAY, LABEL_SMOOTHING)
    unread = jnp.zeros((num_members, 1), jnp.int32)
    return Members(
        jnp.arange(1, num_members + 1),
        Hyperparameters(*(jnp.full(num_members, rate) for rate in rates)),
        jnp.zeros((num_members, NUM_TRAIN), jnp.int32),
        unread,
        unread,
    )


def make_data(problem: Problem) -> Data:
    """Return the batch as the pool of examples."""
    return Data(jnp.asarray(problem.images()), jnp.asarray(problem.labels()))


def updates(
    training: MemberTraining,
    state: TrainingState,
    member: Members,
    data: Data,
    batches: tuple[Array, Array, Array],
) -> tuple[TrainingState, tuple[Array, Array]]:
    """Scan the project's own update over batches, as an epoch does."""
    fixed = training.fixed_part()
    dropout_key = member_keys(member.seed).dropout

    def body(state: TrainingState, batch: tuple[Array, Array, Array]) -> tuple[TrainingState, Any]:
        return training.update(state, member, data, fixed, batch, dropout_key=dropout_key)

    return jax.lax.scan(body, state, batches)


def reference(problem: Problem) -> Reference:
    """Make one update without clipping, in float64, and read the gradient off Adam's first moment.

    After one update from zero the moment is ``(1 - beta1) gradient``.
    """
    configuration = TrainingConfiguration(
        batch_size=problem.batch_size, clip_norm=float("inf"), momentum="constant"
    )
    training = member_training(problem, configuration, dropout_rate=0.0)
    with jax.enable_x64(True):
        member = jax.tree.map(lambda x: x[0], make_members(1))
        state = jax.jit(training.initial_state)(member)
        examples = jnp.arange(problem.batch_size)[None]
        batches = (jnp.arange(1), examples, jnp.ones(examples.shape))
        after, (losses, _) = jax.jit(functools.partial(updates, training))(
            state, member, make_data(problem), batches
        )
        moment = optax.tree.get(after.optimizer, "mu")
        return Reference(
            by_name(state.parameters),
            float(losses[0]) / problem.batch_size,
            {name: value / (1 - 0.9) for name, value in by_name(moment).items()},
        )


def by_name(parameters: PyTree) -> dict[str, np.ndarray]:
    """Return the arrays of a model by name, in NumPy, to be sent to another process."""
    return {name: np.asarray(value) for name, value in named_arrays(parameters).items()}


class GroupSteps:
    """A group of members mapped over one device, and its compiled program of several updates."""

    def __init__(self, problem: Problem, num_members: int, num_steps: int):
        configuration = TrainingConfiguration(batch_size=problem.batch_size, clip_norm=CLIP_NORM)
        training = member_training(problem, configuration)
        shape = (num_members, num_steps, problem.batch_size)
        self.members = make_members(num_members)
        self.data = make_data(problem)
        self.examples = jnp.broadcast_to(jnp.arange(problem.batch_size), shape)
        self.weights = jnp.ones(shape[1:])
        self.steps = jnp.broadcast_to(jnp.arange(num_steps), shape[:2])
        self.state = jax.jit(jax.vmap(training.initial_state))(self.members)
        program = jax.vmap(functools.partial(updates, training), in_axes=(0, 0, None, (0, 0, None)))
        lowered = jax.jit(program, donate_argnums=0).lower(*self.arguments())
        started = time.perf_counter()
        self.compiled = lowered.compile()
        self.compile_seconds = time.perf_counter() - started

    def arguments(self) -> PyTree:
        """Return what the program takes now."""
        return self.state, self.members, self.data, (self.steps, self.examples, self.weights)

    def run(self) -> float:
        """Make the updates and return the seconds they took."""
        arguments = jax.block_until_ready(self.arguments())
        started = time.perf_counter()
        self.state, _ = jax.block_until_ready(self.compiled(*arguments))
        seconds = time.perf_counter() - started
        self.steps = self.steps + self.steps.shape[1]
        return seconds


@functools.cache
def group_steps(problem: Problem, num_members: int, num_steps: int) -> GroupSteps:
    """Make the group that this process goes on training."""
    return GroupSteps(problem, num_members, num_steps)


def seconds_per_step(problem: Problem, num_members: int, num_steps: int) -> float:
    """Time ``num_steps`` updates of a group and return the mean for one member.

    Raises:
        ValueError: if a loss or gradient was not finite, since such a network does not train.
    """
    group = group_steps(problem, num_members, num_steps)
    seconds = group.run()
    if np.any(np.asarray(group.state.failed_at_step) >= 0):
        raise ValueError(f"{problem.model} has a loss or gradient that is not finite")
    return seconds / num_steps / num_members


def compile_seconds(problem: Problem, num_members: int, num_steps: int) -> float:
    """Compile the program of a group, and return the seconds this took, tracing left out."""
    return group_steps(problem, num_members, num_steps).compile_seconds


def facts() -> dict[str, Any]:
    """Return what this process ran on, as scalars."""
    record = provenance()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "device": record["device"],
        "processor": processor_name(),
        "processor_cores": os.cpu_count(),
        "project_cores": usable,
        **{name: record["versions"][name] for name in ("python", "jax", "jaxlib")},
        "git": record["git"],
        "started": record["started"],
    }
