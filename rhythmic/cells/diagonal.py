"""What linear layers of complex modes share: a diagonal recurrence between two products.

Complex numbers are pairs of real ones here: rows of weights and columns that read a state hold the
real parts of all nodes, then the imaginary ones. So a state is arrays of one dtype like any other,
and each map is one real product.

Source: Orvieto et al., ICML 2023, arXiv:2303.06349; Smith, Warrington and Linderman, ICLR 2023,
arXiv:2208.04933.
"""

from abc import abstractmethod
from typing import Any, NamedTuple, Self

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from rhythmic.cells.bounded import resolve
from rhythmic.cells.free import AbstractFreeCell, Motion
from rhythmic.cells.interface import gelu, weigh, weigh_few
from rhythmic.cells.options import is_traced
from rhythmic.theory import NodeWeights
from rhythmic.typing import Array, InputArray, Matrix, NodeArray, Vector


class DiagonalState(NamedTuple):
    """Both parts of ``x_t`` and the feedthrough ``D u_t``, each ``(hidden, *batch)``.

    A layer without an output map has no feedthrough.
    """

    real: NodeArray
    imaginary: NodeArray
    feedthrough: NodeArray | None


class DiagonalCell(AbstractFreeCell[DiagonalState]):
    """Complex modes, one per node: ``x_t = lambda x_{t-1} + B u_t``.

    ``lambda`` are the ``poles``, ``B`` is the ``input_map``. Shown is ``gelu(C x_t + D u_t)``,
    through GELU (tanh form) as in the published blocks; ``C`` reads real and imaginary parts.

    ``|x_t|^2`` does not depend on the output map, ``C`` and ``D``: a layer of which it alone is
    read is built without it (``for_feature``), and shows the real parts.
    """

    input_weights: eqx.AbstractVar[Matrix]
    output_weights: eqx.AbstractVar[Matrix | None]
    feedthrough_weights: eqx.AbstractVar[Matrix | None]

    @abstractmethod
    def poles(self) -> tuple[Vector, Vector]:
        """Return real and imaginary part of ``lambda``, no unit."""

    @abstractmethod
    def input_map(self) -> Matrix:
        """Return ``B``, ``(2 hidden, feature)``: the rows of the real parts above the others."""

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> DiagonalState:
        """Return modes at rest."""
        rest = jnp.zeros((self.hidden_size, *batch_shape), self.input_weights.dtype)
        feedthrough = None if self.feedthrough_weights is None else rest
        return DiagonalState(real=rest, imaginary=rest, feedthrough=feedthrough)

    def constants(self) -> tuple[Vector, Vector]:
        """Return ``Re(lambda)`` and ``Im(lambda)``."""
        return self.poles()

    def drive(self, inputs: InputArray) -> NodeArray:
        """Return ``B u_t``, ``(2 hidden, *batch)``: real parts above imaginary ones."""
        return weigh_few(self.input_map(), inputs)

    @staticmethod
    def advance(constants: tuple[Array, Array], motion: Motion, drive: NodeArray) -> Motion:
        """Return both parts of ``x_t = lambda x_{t-1} + d_t``.

        Args:
            constants: both parts of ``lambda``, ``(hidden, *batch)``.
            motion: both parts of ``x_{t-1}``, ``(hidden, *batch)``.
            drive: ``d_t``, ``(2 hidden, *batch)``.
        """
        (cosine, sine), (real, imaginary) = constants, motion
        by_real, by_imaginary = jnp.split(drive, 2)
        return (
            cosine * real - sine * imaginary + by_real,
            sine * real + cosine * imaginary + by_imaginary,
        )

    def motion(self, state: DiagonalState) -> Motion:
        """Return both parts of ``x_t``."""
        return state.real, state.imaginary

    def state(self, motion: Motion, inputs: InputArray) -> DiagonalState:
        """Return the modes beside ``D u_t``."""
        return DiagonalState(*motion, self.feedthrough(inputs))

    def feedthrough(self, inputs: InputArray) -> NodeArray | None:
        """Return ``D u_t``, or nothing for a layer without an output map."""
        weights = self.feedthrough_weights
        return None if weights is None else weigh_few(weights, inputs)

    def output(self, state: DiagonalState) -> NodeArray:
        """Return ``gelu(C x_t + D u_t)``, or the real parts without an output map."""
        if self.output_weights is None or state.feedthrough is None:
            return state.real
        parts = jnp.concatenate([state.real, state.imaginary])
        return gelu(weigh(self.output_weights, parts) + state.feedthrough)

    def squared_amplitude(self, state: DiagonalState) -> NodeArray:
        """Return ``|x_t|^2``."""
        return state.real**2 + state.imaginary**2

    def for_feature(self, feature: str) -> Self:
        """Return the layer without its output map where ``squared_amplitude`` alone is read."""
        if feature != "squared_amplitude":
            return self
        return eqx.tree_at(
            lambda cell: (cell.output_weights, cell.feedthrough_weights),
            self,
            (None, None),
            is_leaf=lambda leaf: leaf is None,
        )

    def resolved(self) -> Self:
        """Return the cell with learned rhythms worked out, to be stepped."""
        return resolve(self)

    def node_weights(self) -> NodeWeights:
        """Return ``w1, w2`` of each free mode, ``x_t = w1 x_{t-1} + w2 x_{t-2}``.

        ``w1 = 2 Re(lambda)`` and ``w2 = -|lambda|^2``. What these weights say (frequency, decay
        time) is in ``rhythmic.theory``. Known ones are float64.
        """
        parts: Any = self.poles()
        if not is_traced(parts):
            parts = (np.asarray(part, np.float64) for part in parts)
        real, imaginary = parts
        return NodeWeights(2 * real, -(real**2) - imaginary**2)

    def pole_radius(self) -> Vector:
        """Return ``|lambda|`` of each mode, ``(hidden,)``."""
        return jnp.hypot(*self.poles())
