"""The networks in plain Equinox, as a user without this project would write them.

Arrays are ``(batch, node)``, cells are mapped over the batch with ``jax.vmap`` and stepped by one
``jax.lax.scan``; the gradient is the one that JAX derives. Sequences are ``(time, batch)``.
"""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.problem import (
    AMPLITUDE,
    ANGULAR_FREQUENCY,
    DAMPING,
    DROPOUT_RATE,
    HIDDEN_SIZE,
    NUM_CLASSES,
)

Array = jax.Array
PyTree = Any


class Resonant(eqx.Module):
    """Resonant network (RRN), 11 golden nodes; batch normalisation keeps no running statistics."""

    recurrent_weights: Array
    scale: Array
    shift: Array
    linear: eqx.nn.Linear
    constants: tuple[tuple[float, ...], ...] = eqx.field(static=True)

    def __init__(self, dropout_rate: float, *, key: Array):
        del dropout_rate
        keys = jax.random.split(key)
        weights = jax.random.uniform(keys[0], (11, 11), minval=-0.3, maxval=0.3)
        self.recurrent_weights = weights * (1 - jnp.eye(11))
        self.scale, self.shift = jnp.ones(11), jnp.zeros(11)
        self.linear = eqx.nn.Linear(11, NUM_CLASSES, key=keys[1])
        frequencies = 2.0 * 1.618 ** np.arange(11)
        radius, rate = 0.99999, 1000.0
        w1 = 2 * radius * np.cos(2 * np.pi * frequencies / rate)
        w2 = np.full(11, -(radius**2))
        omega = rate * np.sqrt((w1 + w2 - 1) / w2)
        beta = -rate * (w1 + 2 * w2) / (2 * w2)
        self.constants = tuple(tuple(x.tolist()) for x in (w1, w2, rate / omega, beta / omega))

    def __call__(self, inputs: Array, *, key: Array) -> Array:
        """Return the logits ``(batch, class)``."""
        del key
        w1, w2, velocity_scale, damping_ratio = (jnp.array(x) for x in self.constants)

        def step(carry: PyTree, sample: Array) -> tuple[PyTree, None]:
            position, previous, total = carry
            u = sample[:, None]
            feedback = jnp.tanh(position * u) @ self.recurrent_weights.T
            new = u + w1 * position + w2 * previous + feedback
            quadrature = velocity_scale * (new - position) + damping_ratio * new
            return (new, position, total + new**2 + quadrature**2), None

        zero = jnp.zeros((inputs.shape[1], 11))
        (_, _, total), _ = jax.lax.scan(step, (zero, zero, zero), inputs)
        features = total / inputs.shape[0] + 1e-12
        centred = features - features.mean(axis=0)
        normalised = centred / jnp.sqrt(features.var(axis=0) + 1e-5)
        return jax.vmap(self.linear)(self.scale * normalised + self.shift)

    def constrained(self) -> "Resonant":
        """Return the network with a zero diagonal."""
        weights = self.recurrent_weights * (1 - jnp.eye(11))
        return eqx.tree_at(lambda model: model.recurrent_weights, self, weights)


class Elman(eqx.Module):
    """The standard RNN's cell."""

    input: eqx.nn.Linear
    hidden: eqx.nn.Linear

    def __init__(self, hidden_size: int, *, key: Array):
        keys = jax.random.split(key)
        self.input = eqx.nn.Linear(1, hidden_size, key=keys[0])
        self.hidden = eqx.nn.Linear(hidden_size, hidden_size, key=keys[1])

    def __call__(self, sample: Array, state: Array) -> Array:
        """Return the next output."""
        return jnp.tanh(self.input(sample) + self.hidden(state))


class Horn(eqx.Module):
    """A HORN's cell; the state is position and velocity."""

    input: eqx.nn.Linear
    hidden: eqx.nn.Linear

    def __init__(self, hidden_size: int, *, key: Array):
        keys = jax.random.split(key)
        self.input = eqx.nn.Linear(1, hidden_size, key=keys[0])
        self.hidden = eqx.nn.Linear(hidden_size, hidden_size, key=keys[1])

    def __call__(self, sample: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        """Return the next position and velocity."""
        x, y = state
        activity = self.input(sample) + self.hidden(y) / math.sqrt(len(y))
        force = AMPLITUDE * jnp.tanh(activity) - ANGULAR_FREQUENCY**2 * x - 2 * DAMPING * y
        y = y + force
        return x + y, y


class Rival(eqx.Module):
    """A cell under a plain scan; its mean output, layer norm, dropout and a linear readout."""

    cell: Callable
    norm: eqx.nn.LayerNorm
    dropout: eqx.nn.Dropout
    linear: eqx.nn.Linear
    hidden_size: int = eqx.field(static=True)
    num_arrays: int = eqx.field(static=True)

    def __init__(
        self, cell: Callable, hidden_size: int, num_arrays: int, dropout_rate: float, *, key: Array
    ):
        self.cell = cell
        self.norm = eqx.nn.LayerNorm(hidden_size)
        self.dropout = eqx.nn.Dropout(dropout_rate)
        self.linear = eqx.nn.Linear(hidden_size, NUM_CLASSES, key=key)
        self.hidden_size, self.num_arrays = hidden_size, num_arrays

    def __call__(self, inputs: Array, *, key: Array) -> Array:
        """Return the logits ``(batch, class)``."""
        zero = jnp.zeros((inputs.shape[1], self.hidden_size))
        start = zero if self.num_arrays == 1 else (zero,) * self.num_arrays

        def step(state: PyTree, sample: Array) -> tuple[PyTree, Array]:
            state = jax.vmap(self.cell)(sample[:, None], state)
            return state, state if self.num_arrays == 1 else state[0]

        _, outputs = jax.lax.scan(step, start, inputs)
        normalised = self.dropout(jax.vmap(self.norm)(outputs.mean(axis=0)), key=key)
        return jax.vmap(self.linear)(normalised)

    def constrained(self) -> "Rival":
        """Return the network as an update left it."""
        return self


def make(model: str, key: Array, dropout_rate: float = DROPOUT_RATE) -> Resonant | Rival:
    """Draw the start values of a network."""
    cell_key, key = jax.random.split(key)
    if model == "rrn-golden":
        return Resonant(dropout_rate, key=key)
    if model == "rnn":
        return Rival(Elman(11, key=cell_key), 11, 1, dropout_rate, key=key)
    if model == "lstm":
        return Rival(eqx.nn.LSTMCell(1, 6, key=cell_key), 6, 2, dropout_rate, key=key)
    return Rival(Horn(HIDDEN_SIZE, key=cell_key), HIDDEN_SIZE, 2, dropout_rate, key=key)


def project_names(name: str) -> tuple[str, ...]:
    """Return this project's names of an Equinox parameter; a bias that it keeps in two has two."""
    head, _, rest = name.rpartition(".")
    if head == "linear":
        return (f"readout.{rest}",)
    if name in ("scale", "shift"):
        return (f"readout.{name}",)
    if head == "norm":
        return ({"weight": "readout.scale", "bias": "readout.shift"}[rest],)
    if head in ("cell.input", "cell.hidden"):
        return (f"cell.{rest}_{'ih' if head.endswith('input') else 'hh'}",)
    if name == "cell.bias":
        return ("cell.bias_ih", "cell.bias_hh")
    return (f"cell.{rest}",)
