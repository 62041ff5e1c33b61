"""Limit-cycle nodes: Stuart-Landau oscillators, the normal form of a Hopf bifurcation.

Source: Stuart, Journal of Fluid Mechanics 9 (1960); as nodes of a network: Deco, Kringelbach, Jirsa
and Ritter, Scientific Reports 7 (2017). Steps and drive are the project's own.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells.bounded import NodeValues, Rhythms, node_values, resolve
from rhythmic.cells.initialization import torch_linear
from rhythmic.cells.interface import AbstractCell, along_nodes, weigh, weigh_few
from rhythmic.cells.options import PerNode, between, check_choice, check_sizes, is_traced, per_node
from rhythmic.theory import NodeWeights, span_ladder
from rhythmic.typing import InputArray, Matrix, NodeArray, Vector

MAX_GROWTH = 0.5


class HopfState(NamedTuple):
    """Both parts of ``z_t``, each ``(hidden, *batch)``."""

    real: NodeArray
    imaginary: NodeArray


@checked
class HopfCell(AbstractCell[HopfState]):
    """Layer of Stuart-Landau oscillators, which swing by themselves.

    ``z' = (mu + i omega) z - |z|^2 z``, solved exactly over a sample, then driven:

    ``z_t = exp(mu + i omega) z_{t-1} / sqrt(1 + |z_{t-1}|^2 (exp(2 mu) - 1) / mu)
    + alpha tanh(W_ih u_t + W_hh Re(z_{t-1}) + b)``.

    A free node with ``mu > 0`` (1 / sample) leaves rest at the rate ``mu`` and ends on a cycle of
    the amplitude ``sqrt(mu)``, to which it comes back as ``exp(-2 mu t)``; with ``mu < 0`` it falls
    back to rest. At ``mu = 0`` stands the Hopf bifurcation. At any amplitude it turns by ``omega``
    a sample. No step is too long: between two drives the solution is exact.

    ``mu`` and ``omega`` are learned or fixed, the excitability ``alpha`` is fixed.

    Source: Stuart, Journal of Fluid Mechanics 9 (1960); Deco et al., Scientific Reports 7 (2017).
    """

    weight_ih: Matrix
    weight_hh: Matrix
    bias: Vector
    excitability: NodeValues
    growth: NodeValues
    angular_frequency: NodeValues
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        key: jax.Array,
        growth: PerNode = 0.05,
        angular_frequency: PerNode | None = None,
        excitability: PerNode = 0.04,
        rhythms: Rhythms = "learned",
    ):
        """Start with the weights of one torch ``Linear`` over input and nodes.

        Weights and bias come from ``U(-a, a)``, ``a = 1 / sqrt(input_size + n)`` for ``n`` nodes.

        Args:
            input_size: components of one input sample.
            hidden_size: number of nodes, ``n``.
            key: source of the weights.
            growth: ``mu`` in 1 / sample, between -0.5 and 0.5, a number or one value per node.
            angular_frequency: ``omega`` in rad per sample, between 0 and pi, a number or one value
                per node; for a ladder ``2 pi f / Fs``. By default the geometric ladder of the
                rhythmic RNN in units of the sample rate, from ``Fs / 500`` to ``Fs / 4.07``.
            excitability: ``alpha``, above 0; a number or one value per node.
            rhythms: whether ``mu`` and ``omega`` are ``learned`` from these start values or
                ``fixed``.

        Raises:
            ValueError: for a size below one, an unknown choice, or a value outside its range.
        """
        input_size, hidden_size = check_sizes(input_size, hidden_size)
        check_choice("rhythms", rhythms, Rhythms)
        if angular_frequency is None:
            angular_frequency = span_ladder(hidden_size) * (2 * np.pi / 1000)
        omega = per_node("angular_frequency", angular_frequency, hidden_size)
        omega = between("angular_frequency", omega, 0.0, np.pi)
        mu = between("growth", per_node("growth", growth, hidden_size), -MAX_GROWTH, MAX_GROWTH)
        alpha = per_node("excitability", excitability, hidden_size)
        alpha = between("excitability", alpha, 0.0, np.inf)
        fan_in = input_size + hidden_size
        keys = jax.random.split(key, 3)
        self.weight_ih = torch_linear((hidden_size, input_size), fan_in, key=keys[0])
        self.weight_hh = torch_linear((hidden_size, hidden_size), fan_in, key=keys[1])
        self.bias = torch_linear((hidden_size,), fan_in, key=keys[2])
        self.excitability = node_values("excitability", alpha, 0.0, np.inf, "fixed")
        self.growth = node_values("growth", mu, -MAX_GROWTH, MAX_GROWTH, rhythms)
        self.angular_frequency = node_values("angular_frequency", omega, 0.0, np.pi, rhythms)
        self.input_size = input_size
        self.hidden_size = hidden_size

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> HopfState:
        """Return nodes at rest, which for ``mu > 0`` any drive takes them from."""
        rest = jnp.zeros((self.hidden_size, *batch_shape), self.bias.dtype)
        return HopfState(real=rest, imaginary=rest)

    def step(self, state: HopfState, inputs: InputArray) -> HopfState:
        """Advance one sample of the input, ``(feature, *batch)``."""
        real, imaginary = state
        mu, omega, alpha = (
            along_nodes(part.values, real)
            for part in (self.growth, self.angular_frequency, self.excitability)
        )
        saturation = 1 + (real**2 + imaginary**2) * _saturation(mu)
        factor = jnp.exp(mu) * jax.lax.rsqrt(saturation)
        activity = weigh_few(self.weight_ih, inputs) + weigh(self.weight_hh, real)
        drive = alpha * jnp.tanh(activity + along_nodes(self.bias, real))
        cosine, sine = factor * jnp.cos(omega), factor * jnp.sin(omega)
        return HopfState(cosine * real - sine * imaginary + drive, sine * real + cosine * imaginary)

    def output(self, state: HopfState) -> NodeArray:
        """Return ``Re(z_t)``."""
        return state.real

    def squared_amplitude(self, state: HopfState) -> NodeArray:
        """Return ``|z_t|^2``, which is ``mu`` on the free cycle."""
        return state.real**2 + state.imaginary**2

    def resolved(self) -> "HopfCell":
        """Return the cell with learned rhythms computed, to be stepped."""
        return resolve(self)

    def node_weights(self) -> NodeWeights:
        """Return ``w1, w2`` of what becomes of each free node, ``x_t = w1 x_{t-1} + w2 x_{t-2}``.

        ``w1 = 2 r cos(omega)`` and ``w2 = -r^2`` with ``r = 1`` on the cycle (``mu > 0``), else
        ``r = exp(mu)``, near rest. What these weights say (frequency, decay time) is in
        ``rhythmic.theory``. Known ones are float64.
        """
        constants: Any = self.growth.values, self.angular_frequency.values
        namespace: Any = jnp
        if not is_traced(constants):
            namespace, constants = np, [np.asarray(x, np.float64) for x in constants]
        mu, omega = constants
        radius = namespace.exp(namespace.minimum(mu, 0))
        return NodeWeights(2 * radius * namespace.cos(omega), -(radius**2))

    def pole_radius(self) -> Vector:
        """Return ``r`` of ``node_weights``, ``(hidden,)``: 1 on the cycle."""
        return jnp.exp(jnp.minimum(self.growth.values, 0))


def _saturation(mu: NodeArray) -> NodeArray:
    """Return ``(exp(2 mu) - 1) / mu``, which is 2 at the bifurcation."""
    near = jnp.abs(mu) < 1e-3
    away = jnp.where(near, 1.0, mu)
    return jnp.where(near, 2 + mu * (2 + mu * (4 / 3 + mu * 2 / 3)), jnp.expm1(2 * away) / away)
