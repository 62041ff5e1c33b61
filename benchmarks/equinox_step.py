"""Equinox's side, in this project's process: whether it computes the same, and its times."""

import functools
import time
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks import equinox_models
from benchmarks.problem import (
    CLIP_NORM,
    DROPOUT_RATE,
    LABEL_SMOOTHING,
    LEARNING_RATE,
    NUM_CLASSES,
    WEIGHT_DECAY,
    Differences,
    Problem,
    Reference,
)
from benchmarks.problem import differences as compared
from rhythmic.trees import named_arrays, with_named_arrays
from rhythmic.typing import Array, PyTree

NAME = "Equinox, plain scan"


class Training:
    """One Equinox network with its optimiser and the batch; every ``update`` is one step."""

    def __init__(self, problem: Problem, dropout_rate: float = DROPOUT_RATE):
        self.model: PyTree = equinox_models.make(problem.model, jax.random.key(0), dropout_rate)
        self.inputs = jnp.asarray(problem.images().T / np.array(255), jnp.zeros(()).dtype)
        self.labels = jnp.asarray(problem.labels())
        self.optimizer = optax.chain(
            optax.clip_by_global_norm(CLIP_NORM),
            optax.adamw(LEARNING_RATE, weight_decay=WEIGHT_DECAY),
        )
        self.state = self.optimizer.init(eqx.filter(self.model, eqx.is_inexact_array))
        self.key = jax.random.key(1)

    @functools.cached_property
    def compiled(self) -> PyTree:
        """The compiled update; ``compile_seconds`` says what it took."""

        def update(data: PyTree, model: PyTree, state: PyTree, key: Array) -> PyTree:
            key, dropout_key = jax.random.split(key)
            loss, gradient = value_and_gradient(model, *data, dropout_key)
            parameters = eqx.filter(model, eqx.is_inexact_array)
            change, state = self.optimizer.update(gradient, state, parameters)
            return loss, eqx.apply_updates(model, change).constrained(), state, key

        jitted: Any = eqx.filter_jit(update, donate="all-except-first")
        lowered = jitted.lower((self.inputs, self.labels), self.model, self.state, self.key)
        started = time.perf_counter()
        compiled = lowered.compile()
        self.compile_seconds = time.perf_counter() - started
        return compiled

    def update(self) -> Array:
        """Forward, backward, clip, AdamW."""
        data = (self.inputs, self.labels)
        loss, self.model, self.state, self.key = self.compiled(
            data, self.model, self.state, self.key
        )
        return loss


def loss_of(model: PyTree, inputs: Array, labels: Array, key: Array) -> Array:
    """Return the mean cross-entropy of the batch."""
    targets = optax.smooth_labels(jax.nn.one_hot(labels, NUM_CLASSES), LABEL_SMOOTHING)
    return optax.softmax_cross_entropy(model(inputs, key=key), targets).mean()


value_and_gradient: Any = eqx.filter_value_and_grad(loss_of)


def differences(problem: Problem, reference: Reference) -> Differences:
    """Compare loss and gradient, from the same start values and without dropout, in float64."""
    with jax.enable_x64(True):
        training = Training(problem, dropout_rate=0.0)
        names = named_arrays(eqx.filter(training.model, eqx.is_inexact_array))
        values = {
            name: sum(reference.parameters[known] for known in equinox_models.project_names(name))
            for name in names
        }
        model = with_named_arrays(eqx.filter(training.model, eqx.is_inexact_array), values)
        model = eqx.combine(model, training.model)
        function = eqx.filter_jit(value_and_gradient)
        loss, gradient = function(model, training.inputs, training.labels, training.key)
        found = {
            known: np.asarray(value)
            for name, value in named_arrays(gradient).items()
            for known in equinox_models.project_names(name)
        }
    return compared(float(loss), found, reference)


@functools.cache
def timed_training(problem: Problem) -> Training:
    """Make the network that this process goes on training."""
    return Training(problem)


def seconds_per_step(problem: Problem, num_steps: int) -> float:
    """Time ``num_steps`` updates and return the mean.

    Raises:
        ValueError: if the loss is not finite, since such a network does not train.
    """
    training = timed_training(problem)
    _ = training.compiled
    started = time.perf_counter()
    for _ in range(num_steps):
        loss = training.update()
    jax.block_until_ready((loss, training.state))
    seconds = time.perf_counter() - started
    if not jnp.isfinite(loss):
        raise ValueError(f"{problem.model} in Equinox has the loss {loss}")
    return seconds / num_steps


def compile_seconds(problem: Problem) -> float:
    """Compile the update, and return the seconds this took, tracing left out."""
    training = timed_training(problem)
    _ = training.compiled
    return training.compile_seconds
