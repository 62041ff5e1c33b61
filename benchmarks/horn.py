"""A cell that this project does not have, written as a user of the library would write it."""

from dataclasses import dataclass
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.cells import AbstractCell
from rhythmic.cells.initialization import torch_linear
from rhythmic.cells.interface import along_nodes, weigh
from rhythmic.models import Classifier
from rhythmic.readouts import LayerNormReadout
from rhythmic.typing import InputArray, Matrix, NodeArray, Vector

HIDDEN_SIZE = 256
AMPLITUDE, ANGULAR_FREQUENCY, DAMPING = 0.04, 0.224, 0.01


class HornState(NamedTuple):
    """Position ``x_t`` and velocity ``y_t``, each ``(hidden, *batch)``."""

    position: NodeArray
    velocity: NodeArray


class HornCell(AbstractCell[HornState]):
    """Harmonic oscillator layer with equal nodes and a step of one.

    ``y_t = y_{t-1} + alpha tanh(W_i u_t + b_i + (W_h y_{t-1} + b_h) / sqrt(n)) - omega^2 x_{t-1}
    - 2 gamma y_{t-1}``, ``x_t = x_{t-1} + y_t``. Source: Effenberger et al., PNAS 2025,
    doi 10.1073/pnas.2412830122.
    """

    weight_ih: Matrix
    weight_hh: Matrix
    bias_ih: Vector
    bias_hh: Vector
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(self, hidden_size: int, *, key: jax.Array):
        """Start with the values of a torch ``Linear``."""
        keys = jax.random.split(key, 4)
        self.input_size, self.hidden_size = 1, hidden_size
        self.weight_ih = torch_linear((hidden_size, 1), 1, key=keys[0])
        self.weight_hh = torch_linear((hidden_size, hidden_size), hidden_size, key=keys[1])
        self.bias_ih = torch_linear((hidden_size,), 1, key=keys[2])
        self.bias_hh = torch_linear((hidden_size,), hidden_size, key=keys[3])

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> HornState:
        """Return oscillators at rest."""
        rest = jnp.zeros((self.hidden_size, *batch_shape), self.weight_hh.dtype)
        return HornState(position=rest, velocity=rest)

    def step(self, state: HornState, inputs: InputArray) -> HornState:
        """Advance one sample."""
        position, velocity = state
        recurrent = weigh(self.weight_hh, velocity) + along_nodes(self.bias_hh, velocity)
        activity = weigh(self.weight_ih, inputs) + along_nodes(self.bias_ih, velocity)
        force = AMPLITUDE * jnp.tanh(activity + recurrent / self.hidden_size**0.5)
        force = force - ANGULAR_FREQUENCY**2 * position - 2 * DAMPING * velocity
        velocity = velocity + force
        return HornState(position=position + velocity, velocity=velocity)

    def output(self, state: HornState) -> NodeArray:
        """Return the positions ``x_t``."""
        return state.position


@dataclass(frozen=True)
class HornArchitecture:
    """A HORN that is read out by its mean position, with the head of the RNN and the LSTM."""

    name: str = "horn-like"
    hidden_size: int = HIDDEN_SIZE
    dropout_rate: float = 0.1

    def build(self, num_classes: int, *, key: jax.Array) -> Classifier:
        """Draw the layer's weights and readout."""
        cell_key, readout_key = jax.random.split(key)
        readout = LayerNormReadout(
            self.hidden_size, num_classes, key=readout_key, dropout_rate=self.dropout_rate
        )
        cell = HornCell(self.hidden_size, key=cell_key)
        return Classifier(cell=cell, readout=readout, feature="output")
