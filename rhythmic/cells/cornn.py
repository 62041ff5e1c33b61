"""The coupled oscillatory network: damped oscillators that a nonlinear network drives.

Source: Rusch and Mishra, ICLR 2021, arXiv:2010.00951.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells.bounded import (
    MAX_FRICTION,
    MAX_STEP_ANGLE,
    FixedNumber,
    NodeValues,
    Rhythms,
    fixed_number,
    node_values,
    resolve,
    symplectic_weights,
)
from rhythmic.cells.initialization import torch_linear
from rhythmic.cells.interface import AbstractCell, along_nodes, weigh, weigh_few
from rhythmic.cells.options import (
    Number,
    PerNode,
    between,
    check_choice,
    check_sizes,
    number,
    per_node,
)
from rhythmic.theory import NodeWeights, pole_radius
from rhythmic.typing import InputArray, Matrix, NodeArray, Vector


class CoupledOscillatoryState(NamedTuple):
    """Position ``y_t`` and velocity ``z_t`` (a unit of time), each ``(hidden, *batch)``."""

    position: NodeArray
    velocity: NodeArray


@checked
class CoupledOscillatoryCell(AbstractCell[CoupledOscillatoryState]):
    """Coupled oscillatory recurrent neural network (coRNN).

    ``z_t = z_{t-1} + dt (tanh(W y_{t-1} + V z_{t-1} + B u_t + b) - stiffness y_{t-1}
    - damping z_{t-1})``, then ``y_t = y_{t-1} + dt z_t``.

    A step of ``y'' = tanh(W y + V y' + B u + b) - stiffness y - damping y'``, where the paper
    writes gamma for the stiffness and epsilon for the damping. The position follows the new
    velocity. The damping acts on the old one: the paper leaves open whether it is explicit
    (``z_{t-1}``) or implicit (``z_t``); its published code, and this cell, are explicit.

    Without drive the poles of a node lie inside the unit circle for ``0 < dt damping < 2`` and
    ``0 < dt^2 stiffness < 4 - 2 dt damping``. Learned values stay in a rectangle of that region,
    ``0 < dt sqrt(stiffness) < pi / 2`` and ``0 < dt damping < 3/4``. A node oscillates where
    ``1 - sqrt(1 - dt damping) < dt sqrt(stiffness)``, which the default values do not reach: a
    free node of theirs creeps back.

    Source: Rusch and Mishra, ICLR 2021, arXiv:2010.00951, equation 3.
    """

    weight_ih: Matrix
    weight_position: Matrix
    weight_velocity: Matrix
    bias: Vector
    stiffness: NodeValues
    damping: NodeValues
    time_step: FixedNumber
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        key: jax.Array,
        dt: Number = 0.042,
        stiffness: PerNode = 2.7,
        damping: PerNode = 4.7,
        rhythms: Rhythms = "fixed",
    ):
        """Start with the weights of one torch ``Linear`` over input, velocity and position.

        All weights and biases come from ``U(-a, a)``, ``a = 1 / sqrt(input_size + 2 n)`` for
        ``n`` nodes. Defaults are the published ones of sequential MNIST.

        Args:
            input_size: components of one input sample.
            hidden_size: number of nodes.
            key: source of the weights.
            dt: time step, above 0, in the unit of time of the other two.
            stiffness: squared angular frequency, a number or one value a node; for a ladder
                ``(2 pi f / (Fs dt))^2``.
            damping: rate at which a velocity decays, per unit of time, a number or one value a
                node; fixed nodes may have 0.
            rhythms: ``fixed``, or ``learned`` from the start values given.

        Raises:
            ValueError: for a size below one, an unknown rule, or values with which a node would
                not be stable or could not be learned.
        """
        input_size, hidden_size = check_sizes(input_size, hidden_size)
        check_choice("rhythms", rhythms, Rhythms)
        dt = number("dt", dt, lambda dt: (dt > 0) & (dt < np.inf), "be above 0 and finite")
        self.time_step = fixed_number("dt", dt, rhythms)
        step = self.dt
        fixed = rhythms == "fixed"
        epsilon = per_node("damping", damping, hidden_size)
        max_damping = (2.0 if fixed else MAX_FRICTION) / step
        epsilon = between("damping", epsilon, 0.0, max_damping, with_low=fixed)
        gamma = per_node("stiffness", stiffness, hidden_size)
        max_stiffness = (MAX_STEP_ANGLE / step) ** 2
        stable = (4 - 2 * step * epsilon) / step**2
        gamma = between("stiffness", gamma, 0.0, stable if fixed else max_stiffness)
        fan_in = input_size + 2 * hidden_size
        square = (hidden_size, hidden_size)
        keys = jax.random.split(key, 4)
        self.weight_ih = torch_linear((hidden_size, input_size), fan_in, key=keys[0])
        self.weight_position = torch_linear(square, fan_in, key=keys[1])
        self.weight_velocity = torch_linear(square, fan_in, key=keys[2])
        self.bias = torch_linear((hidden_size,), fan_in, key=keys[3])
        self.stiffness = node_values("stiffness", gamma, 0.0, max_stiffness, rhythms)
        self.damping = node_values("damping", epsilon, 0.0, max_damping, rhythms)
        self.input_size = input_size
        self.hidden_size = hidden_size

    @property
    def dt(self) -> Any:
        """Length of a step, in units of time."""
        return self.time_step.value

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> CoupledOscillatoryState:
        """Return nodes at rest."""
        rest = jnp.zeros((self.hidden_size, *batch_shape), self.bias.dtype)
        return CoupledOscillatoryState(position=rest, velocity=rest)

    def step(self, state: CoupledOscillatoryState, inputs: InputArray) -> CoupledOscillatoryState:
        """Advance one sample of the input, ``(feature, *batch)``."""
        position, velocity = state
        activity = weigh(self.weight_position, position) + weigh(self.weight_velocity, velocity)
        activity = activity + weigh_few(self.weight_ih, inputs) + along_nodes(self.bias, velocity)
        stiffness = along_nodes(self.stiffness.values, velocity)
        damping = along_nodes(self.damping.values, velocity)
        acceleration = jnp.tanh(activity) - stiffness * position - damping * velocity
        velocity = velocity + self.dt * acceleration
        return CoupledOscillatoryState(position=position + self.dt * velocity, velocity=velocity)

    def output(self, state: CoupledOscillatoryState) -> NodeArray:
        """Return the positions ``y_t``."""
        return state.position

    def squared_amplitude(self, state: CoupledOscillatoryState) -> NodeArray:
        """Return ``A_t^2 = y_t^2 + z_t^2 / stiffness``, twice the energy over the stiffness."""
        stiffness = along_nodes(self.stiffness.values, state.velocity)
        return state.position**2 + state.velocity**2 / stiffness

    def resolved(self) -> "CoupledOscillatoryCell":
        """Return the cell with learned stiffness and damping worked out, to be stepped."""
        return resolve(self)

    def node_weights(self) -> NodeWeights:
        """Return ``w1, w2`` of each node without drive, ``y_t = w1 y_{t-1} + w2 y_{t-2}``.

        ``w1 = 2 - dt^2 stiffness - dt damping``, ``w2 = dt damping - 1``. What these weights say
        (frequency, decay time) is in ``rhythmic.theory``.
        """
        return symplectic_weights(self.dt**2 * self.stiffness.values, self.dt * self.damping.values)

    def pole_radius(self) -> Vector:
        """Return the larger modulus of each free node's poles, ``(hidden,)``."""
        return jnp.asarray(pole_radius(*self.node_weights()))
