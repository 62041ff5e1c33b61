"""The linear recurrent unit: complex modes whose decay and angle are learned as exponentials.

Source: Orvieto et al., ICML 2023, arXiv:2303.06349.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells.bounded import NodeValues, Rhythms, node_values
from rhythmic.cells.diagonal import DiagonalCell
from rhythmic.cells.initialization import normal, uniform
from rhythmic.cells.options import PerNode, between, check_choice, check_sizes, per_node
from rhythmic.typing import AnyArray, Float, Matrix, Vector

_EDGE = 1e-3  # how near to the ends of their range squared radii and angles are drawn


@checked
class LRUCell(DiagonalCell):
    """Linear recurrent unit (LRU), one complex mode per node.

    ``x_t = lambda x_{t-1} + gamma B u_t`` with ``lambda = exp(-nu + i theta)``, shown as
    ``gelu(Re(C x_t) + D u_t)`` (GELU in its tanh form).

    ``nu > 0`` (1 / sample), ``theta > 0`` (rad per sample) and ``gamma > 0`` are learned by their
    logarithms, so that the pole radius ``exp(-nu)`` stays below 1. ``gamma`` starts at
    ``sqrt(1 - |lambda|^2)``, with which white noise of variance 1 drives every mode to the power
    ``E|x|^2 = |B|^2``, the square of its row of ``B``, however slowly it decays.

    ``D`` is a matrix, since the published one (a diagonal) takes as many inputs as it has outputs.
    The block around the layer (normalisation, gate, skip) is not part of it.

    Source: Orvieto et al., ICML 2023, arXiv:2303.06349, sections 3.3 and 3.4.
    """

    input_weights: Matrix
    output_weights: Matrix | None
    feedthrough_weights: Matrix | None
    decay: NodeValues
    angular_frequency: NodeValues
    gain: NodeValues
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        key: jax.Array,
        angular_frequency: PerNode | None = None,
        pole_radius: PerNode | None = None,
        rhythms: Rhythms = "learned",
    ):
        """Start with normal weights: ``E|B|^2 = 1 / input_size`` and ``E|C|^2 = 2 / hidden_size``.

        ``D`` is normal with variance ``1 / input_size``.

        Args:
            input_size: components of one input sample.
            hidden_size: number of modes, and of outputs.
            key: source of the weights, and of rhythms that are not given.
            angular_frequency: ``theta`` in rad per sample, between 0 and 2 pi, a number or one
                value per node; for a ladder ``2 pi f / Fs``. By default each is drawn from
                U(0, 2 pi), as published.
            pole_radius: ``|lambda|``, between 0 and 1, a number or one value per node. By default
                ``|lambda|^2`` is drawn from U(0, 1): poles are spread evenly over the unit disc.
            rhythms: whether ``nu``, ``theta`` and ``gamma`` are ``learned`` from these start values
                or ``fixed``.

        Raises:
            ValueError: for a size below one, an unknown choice, or a rhythm outside its range.
        """
        input_size, hidden_size = check_sizes(input_size, hidden_size)
        check_choice("rhythms", rhythms, Rhythms)
        keys = jax.random.split(key, 5)
        theta, squared = _start_poles(angular_frequency, pole_radius, hidden_size, keys=keys[:2])
        namespace = jnp if isinstance(squared, jax.Array) else np
        self.input_weights = normal((2 * hidden_size, input_size), 2 * input_size, key=keys[2])
        self.output_weights = normal((hidden_size, 2 * hidden_size), hidden_size, key=keys[3])
        self.feedthrough_weights = normal((hidden_size, input_size), input_size, key=keys[4])
        self.decay = node_values("decay", -namespace.log(squared) / 2, 0.0, np.inf, rhythms)
        self.angular_frequency = node_values("angular_frequency", theta, 0.0, np.inf, rhythms)
        self.gain = node_values("gain", namespace.sqrt(1 - squared), 0.0, np.inf, rhythms)
        self.input_size = input_size
        self.hidden_size = hidden_size

    def poles(self) -> tuple[Vector, Vector]:
        """Return real and imaginary part of ``exp(-nu + i theta)``."""
        radius, angle = jnp.exp(-self.decay.values), self.angular_frequency.values
        return radius * jnp.cos(angle), radius * jnp.sin(angle)

    def input_map(self) -> Matrix:
        """Return ``gamma B``, real parts above imaginary ones."""
        return jnp.tile(self.gain.values, 2)[:, None] * self.input_weights


def _start_poles(
    angular_frequency: PerNode | None,
    pole_radius: PerNode | None,
    hidden_size: int,
    *,
    keys: jax.Array,
) -> tuple[Float[AnyArray, " hidden"], Float[AnyArray, " hidden"]]:
    """Return each mode's ``theta`` and ``|lambda|^2``, given or drawn.

    Raises:
        ValueError: for a value given outside its range.
    """
    theta: AnyArray = uniform((hidden_size,), _EDGE, 2 * np.pi - _EDGE, key=keys[0])
    if angular_frequency is not None:
        theta = per_node("angular_frequency", angular_frequency, hidden_size)
        theta = between("angular_frequency", theta, 0.0, 2 * np.pi)
    if pole_radius is None:
        return theta, uniform((hidden_size,), _EDGE, 1 - _EDGE, key=keys[1])
    radius = per_node("pole_radius", pole_radius, hidden_size)
    return theta, between("pole_radius", radius, 0.0, 1.0) ** 2
