"""The harmonic oscillator recurrent network: nodes that swing, coupled by their velocities.

Source: Effenberger et al., PNAS 2025, doi:10.1073/pnas.2412830122.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells.bounded import (
    MAX_FRICTION,
    MAX_STEP_ANGLE,
    NodeValues,
    Rhythms,
    node_values,
    resolve,
    symplectic_weights,
)
from rhythmic.cells.initialization import torch_linear, uniform
from rhythmic.cells.interface import AbstractCell, along_nodes, weigh, weigh_few
from rhythmic.cells.options import (
    PerNode,
    between,
    check_choice,
    check_known,
    check_sizes,
    per_node,
)
from rhythmic.theory import NodeWeights, pole_radius
from rhythmic.typing import InputArray, Matrix, NodeArray, Vector

MAX_DAMPING = MAX_FRICTION / 2


class HornState(NamedTuple):
    """Position ``x_t`` and velocity ``y_t`` (a sample), each ``(hidden, *batch)``."""

    position: NodeArray
    velocity: NodeArray


@checked
class HornCell(AbstractCell[HornState]):
    """Harmonic oscillator recurrent network (HORN), steps of one sample.

    ``y_t = y_{t-1} + alpha tanh(W_ih u_t + b_ih + (W_hh y_{t-1} + b_hh) / sqrt(n))
    - omega^2 x_{t-1} - 2 gamma y_{t-1}``, then ``x_t = x_{t-1} + y_t`` (symplectic Euler),

    for ``n`` nodes. Excitability ``alpha`` is fixed; angular frequencies ``omega`` (rad a sample)
    and damping ``gamma`` (1 / sample) are fixed, as published, or learned.

    Without drive the poles of a node lie inside the unit circle for ``0 < gamma < 1`` and
    ``0 < omega < 2 sqrt(1 - gamma)``. Learned ones stay in a rectangle of that region,
    ``0 < omega < pi / 2`` and ``0 < gamma < 3/8``. A node that oscillates has the pole radius
    ``sqrt(1 - 2 gamma)`` and, for little damping, turns by ``2 asin(omega / 2)`` a sample: a
    little faster than ``omega``.

    Source: Effenberger et al., PNAS 2025, doi:10.1073/pnas.2412830122.
    """

    weight_ih: Matrix
    weight_hh: Matrix
    bias_ih: Vector
    bias_hh: Vector
    excitability: NodeValues
    angular_frequency: NodeValues
    damping: NodeValues
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        key: jax.Array,
        excitability: PerNode = 0.04,
        angular_frequency: PerNode = 0.224,
        damping: PerNode = 0.01,
        heterogeneous: bool = False,
        rhythms: Rhythms = "fixed",
    ):
        """Start with the weights of torch's ``Linear``, ``U(-1/sqrt(fan_in), 1/sqrt(fan_in))``.

        Args:
            input_size: components of one input sample.
            hidden_size: number of nodes, ``n``.
            key: source of the weights, and of the rhythms where they are heterogeneous.
            excitability: ``alpha``, above 0; a number or one value a node.
            angular_frequency: ``omega`` in rad a sample, a number or one value a node; for a
                ladder ``2 pi f / Fs``. The default is ``2 pi / 28``, one turn in a row of an
                image, rounded as published.
            damping: ``gamma`` in 1 / sample, a number or one value a node; fixed nodes may have 0.
            heterogeneous: draw each node's ``omega`` and ``gamma`` uniformly between half and
                twice those given.
            rhythms: ``fixed``, or ``learned`` from the start values given or drawn.

        Raises:
            ValueError: for a size below one, an unknown rule, or values with which a node would
                not be stable or could not be learned.
        """
        input_size, hidden_size = check_sizes(input_size, hidden_size)
        check_choice("rhythms", rhythms, Rhythms)
        check_known("heterogeneous", heterogeneous)
        alpha = per_node("excitability", excitability, hidden_size)
        alpha = between("excitability", alpha, 0.0, np.inf)
        omega = per_node("angular_frequency", angular_frequency, hidden_size)
        gamma = per_node("damping", damping, hidden_size)
        omega, gamma = _checked_rhythms(omega, gamma, heterogeneous, rhythms)
        keys = jax.random.split(key, 6)
        if heterogeneous:
            omega = omega * uniform((hidden_size,), 0.5, 2.0, key=keys[4])
            gamma = gamma * uniform((hidden_size,), 0.5, 2.0, key=keys[5])
        self.weight_ih = torch_linear((hidden_size, input_size), input_size, key=keys[0])
        self.bias_ih = torch_linear((hidden_size,), input_size, key=keys[1])
        self.weight_hh = torch_linear((hidden_size, hidden_size), hidden_size, key=keys[2])
        self.bias_hh = torch_linear((hidden_size,), hidden_size, key=keys[3])
        self.excitability = node_values("excitability", alpha, 0.0, np.inf, "fixed")
        self.angular_frequency = node_values(
            "angular_frequency", omega, 0.0, MAX_STEP_ANGLE, rhythms
        )
        self.damping = node_values("damping", gamma, 0.0, MAX_DAMPING, rhythms)
        self.input_size = input_size
        self.hidden_size = hidden_size

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> HornState:
        """Return nodes at rest."""
        rest = jnp.zeros((self.hidden_size, *batch_shape), self.weight_hh.dtype)
        return HornState(position=rest, velocity=rest)

    def step(self, state: HornState, inputs: InputArray) -> HornState:
        """Advance one sample of the input, ``(feature, *batch)``."""
        position, velocity = state
        feedback = weigh(self.weight_hh, velocity) + along_nodes(self.bias_hh, velocity)
        activity = weigh_few(self.weight_ih, inputs) + along_nodes(self.bias_ih, velocity)
        activity = activity + feedback / self.hidden_size**0.5
        force = along_nodes(self.excitability.values, velocity) * jnp.tanh(activity)
        stiffness = along_nodes(self.angular_frequency.values**2, velocity)
        friction = along_nodes(2 * self.damping.values, velocity)
        velocity = velocity + force - stiffness * position - friction * velocity
        return HornState(position=position + velocity, velocity=velocity)

    def output(self, state: HornState) -> NodeArray:
        """Return the positions ``x_t``."""
        return state.position

    def squared_amplitude(self, state: HornState) -> NodeArray:
        """Return ``A_t^2 = x_t^2 + (y_t / omega)^2``, twice the energy over the stiffness.

        For a slow node it hardly changes within a cycle; a fast one's ripples by about ``omega``.
        """
        angular_frequency = along_nodes(self.angular_frequency.values, state.velocity)
        return state.position**2 + (state.velocity / angular_frequency) ** 2

    def resolved(self) -> "HornCell":
        """Return the cell with learned rhythms worked out, to be stepped."""
        return resolve(self)

    def node_weights(self) -> NodeWeights:
        """Return ``w1, w2`` of each node without drive, ``x_t = w1 x_{t-1} + w2 x_{t-2}``.

        ``w1 = 2 - omega^2 - 2 gamma``, ``w2 = 2 gamma - 1``. What these weights say (frequency,
        decay time) is in ``rhythmic.theory``.
        """
        return symplectic_weights(self.angular_frequency.values**2, 2 * self.damping.values)

    def pole_radius(self) -> Vector:
        """Return the larger modulus of each free node's poles, ``(hidden,)``."""
        return jnp.asarray(pole_radius(*self.node_weights()))


def _checked_rhythms(
    omega: Vector | np.ndarray, gamma: Vector | np.ndarray, heterogeneous: bool, rhythms: Rhythms
) -> tuple[Vector | np.ndarray, Vector | np.ndarray]:
    """Return ``omega`` and ``gamma``, traced ones with which a node would leave its range as NaN.

    Raises:
        ValueError: that names the known rhythm with which a node would.
    """
    fixed = rhythms == "fixed"
    factor = 2 if heterogeneous else 1
    doubled = ", doubled (heterogeneous)," if heterogeneous else ""
    highest = 1.0 if fixed else MAX_DAMPING
    gamma = between(f"damping{doubled}", factor * gamma, 0.0, highest, with_low=fixed)
    fastest = 2 * (1 - gamma) ** 0.5 if fixed else MAX_STEP_ANGLE
    omega = between(f"angular_frequency{doubled}", factor * omega, 0.0, fastest)
    return omega / factor, gamma / factor
