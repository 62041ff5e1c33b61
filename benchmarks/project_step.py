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

from benchmarks.harness import machine
from benchmarks.problem import (
    CLIP_NORM,
    DROPOUT_RATE,
    HORN,
    LABEL_SMOOTHING,
    LEARNING_RATE,
    NUM_CLASSES,
    WEIGHT_DECAY,
    Differences,
    Problem,
    Reference,
    differences,
    labels_of,
)
from rhythmic.fast import Method
from rhythmic.networks import published
from rhythmic.provenance import device_name
from rhythmic.spread import wide_vectors
from rhythmic.training import Data, Hyperparameters, Members, MemberTraining, TrainingConfiguration
from rhythmic.training.configuration import member_keys
from rhythmic.training.features import Tables
from rhythmic.training.objectives import Sums
from rhythmic.training.problem import Problem as Sizes
from rhythmic.training.state import TrainingState
from rhythmic.training.updates import Update
from rhythmic.trees import named_arrays
from rhythmic.typing import Array, PyTree

NUM_TRAIN = 55_000  # sets the length of the learning-rate schedule, nothing else here


def member_training(
    problem: Problem,
    configuration: TrainingConfiguration,
    dropout_rate: float = DROPOUT_RATE,
    method: Method = "fastest",
) -> MemberTraining:
    """Return the training of the problem's network."""
    known: dict[str, Any] = {"horn-like": HORN, **published()}
    spec = dataclasses.replace(known[problem.model], dropout_rate=dropout_rate)
    return MemberTraining(spec, configuration, Sizes(NUM_CLASSES), method)


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


def make_data(images: np.ndarray) -> Data:
    """Return a pool of examples."""
    return Data(jnp.asarray(images), jnp.asarray(labels_of(len(images))))


def updates(
    training: MemberTraining,
    state: TrainingState,
    member: Members,
    pool: tuple[Data, Tables],
    batches: tuple[Array, Array, Array],
) -> tuple[TrainingState, Sums]:
    """Scan the project's own update over batches, as an epoch does."""
    fixed = training.fixed_part()
    keys = member_keys(member.seed)

    def body(state: TrainingState, batch: tuple[Array, Array, Array]) -> tuple[TrainingState, Any]:
        data, tables = pool
        return training.update(state, member, data, fixed, Update(*batch, keys), tables)

    return jax.lax.scan(body, state, batches)


def reference(problem: Problem, method: Method = "fastest") -> Reference:
    """Make one update without clipping, in float64, and read the gradient off Adam's first moment.

    After one update from zero the moment is ``(1 - beta1) gradient``.
    """
    configuration = TrainingConfiguration(
        batch_size=problem.batch_size, clip_norm=float("inf"), momentum="constant"
    )
    training = member_training(problem, configuration, dropout_rate=0.0, method=method)
    with jax.enable_x64(True):
        member = jax.tree.map(lambda x: x[0], make_members(1))
        state = jax.jit(training.initial_state)(member)
        examples = jnp.arange(problem.batch_size)[None]
        batches = (jnp.arange(1), examples, jnp.ones(examples.shape))
        training, pool = prepared(training, make_data(problem.images()))
        after, sums = jax.jit(functools.partial(updates, training))(state, member, pool, batches)
        moment = optax.tree.get(after.optimizer, "mu")
        return Reference(
            by_name(state.parameters),
            float(sums.loss[0]) / problem.batch_size,
            {name: value / (1 - 0.9) for name, value in by_name(moment).items()},
        )


def prepared(training: MemberTraining, data: Data) -> tuple[MemberTraining, tuple[Data, Tables]]:
    """Return the training by the way that suits the pool, and the pool with what that way reads."""
    training = training.resolved(data)
    return training, (data, training.tables(data))


def scan_differences(problem: Problem, reference_found: Reference) -> Differences:
    """Compare the plain scan's loss and gradient with the reference."""
    found = reference(problem, "scan")
    return differences(found.loss, found.gradient, reference_found)


def by_name(parameters: PyTree) -> dict[str, np.ndarray]:
    """Return the arrays of a network of one layer by name, to be sent to another process."""
    found = named_arrays(parameters).items()
    return {name.removeprefix("layers.0."): np.asarray(value) for name, value in found}


class GroupSteps:
    """A group of members mapped over one device, and its compiled program of several updates.

    Each member draws its own batches from the pool, as in training.
    """

    def __init__(self, problem: Problem, num_members: int, num_steps: int, method: Method):
        configuration = TrainingConfiguration(batch_size=problem.batch_size, clip_norm=CLIP_NORM)
        training = member_training(problem, configuration, method=method)
        self.shape = (num_members, num_steps, problem.batch_size)
        self.members = make_members(num_members)
        training, self.pool = prepared(training, make_data(problem.pool()))
        self.weights = jnp.ones(self.shape[1:])
        self.steps = jnp.broadcast_to(jnp.arange(num_steps), self.shape[:2])
        self.rng = np.random.default_rng(1)
        self.state = jax.jit(jax.vmap(training.initial_state))(self.members)
        program = jax.vmap(functools.partial(updates, training), in_axes=(0, 0, None, (0, 0, None)))
        options = wide_vectors()  # as in training
        jitted = jax.jit(program, donate_argnums=0, compiler_options=options)
        lowered = jitted.lower(*self.arguments())
        started = time.perf_counter()
        self.compiled = lowered.compile()
        self.compile_seconds = time.perf_counter() - started

    def arguments(self) -> PyTree:
        """Return what the program takes now, with new batches."""
        num_examples = len(self.pool[0].targets)
        examples = jnp.asarray(self.rng.integers(0, num_examples, self.shape), jnp.int32)
        return self.state, self.members, self.pool, (self.steps, examples, self.weights)

    def run(self) -> float:
        """Make the updates and return the seconds they took."""
        arguments = jax.block_until_ready(self.arguments())
        started = time.perf_counter()
        self.state, _ = jax.block_until_ready(self.compiled(*arguments))
        seconds = time.perf_counter() - started
        self.steps = self.steps + self.steps.shape[1]
        return seconds


@functools.cache
def group_steps(problem: Problem, num_members: int, num_steps: int, method: Method) -> GroupSteps:
    """Make the group that this process goes on training."""
    return GroupSteps(problem, num_members, num_steps, method)


def seconds_per_step(
    problem: Problem, num_members: int, num_steps: int, method: Method = "fastest"
) -> float:
    """Time ``num_steps`` updates of a group and return the mean for one member.

    Raises:
        ValueError: if a loss or gradient was not finite, since such a network does not train.
    """
    group = group_steps(problem, num_members, num_steps, method)
    seconds = group.run()
    if np.any(np.asarray(group.state.failed_at_step) >= 0):
        raise ValueError(f"{problem.model} has a loss or gradient that is not finite")
    return seconds / num_steps / num_members


def compile_seconds(
    problem: Problem, num_members: int, num_steps: int, method: Method = "fastest"
) -> float:
    """Compile the program of a group, and return the seconds this took, tracing left out."""
    return group_steps(problem, num_members, num_steps, method).compile_seconds


def peak_operations(size: int = 1024, repetitions: int = 10) -> float:
    """Measure the operations a second of a float32 product of square matrices, the best of several.

    The highest that this device reaches in practice, to set times against.
    """
    multiply = jax.jit(functools.partial(jnp.matmul, precision="highest"))
    matrix = jnp.ones((size, size), jnp.float32)
    jax.block_until_ready(multiply(matrix, matrix))
    seconds = []
    for _ in range(repetitions):
        started = time.perf_counter()
        jax.block_until_ready(multiply(matrix, matrix))
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / min(seconds)


def usable_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def facts() -> dict[str, Any]:
    """Return what this process ran on, as scalars."""
    versions = ("python", "jax", "jaxlib")
    return {"device": device_name(), **machine(versions, project_cores=usable_cores())}
