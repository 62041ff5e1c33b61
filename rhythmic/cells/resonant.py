"""The rhythmic RNN: a layer of damped oscillators, one rhythm a node (lecture, "Rhythmic RNN")."""

from typing import Literal, NamedTuple, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.cells.interface import AbstractCell, FixedParameters, along_nodes, weigh
from rhythmic.theory import oscillator_from_weights, validate_ladder, weights_from_poles
from rhythmic.typing import AnyArray, Array, Float, InputArray, Matrix, NodeArray, Vector

Diagonal = Literal["projected", "masked"]


class ResonantNodes(FixedParameters):
    """The fixed rhythms of a resonant layer, one entry a node.

    ``w1`` and ``w2`` are the weights of ``h_t = w1 h_{t-1} + w2 h_{t-2}``. ``velocity_scale``
    (``Fs / omega``) and ``damping_ratio`` (``beta / omega``) turn two successive positions into
    the amplitude of the oscillation; both are dimensionless.
    """

    w1: Vector
    w2: Vector
    velocity_scale: Vector
    damping_ratio: Vector

    def free_step(self, state: "ResonantState", drive: NodeArray) -> NodeArray:
        """Return ``drive + w1 x_{t-1} + w2 x_{t-2}``, what every node does without the others."""
        w1, w2 = along_nodes(self.w1, state.position), along_nodes(self.w2, state.position)
        return drive + w1 * state.position + w2 * state.previous

    def quadrature(self, state: "ResonantState") -> NodeArray:
        """Return ``(v_t + beta x_t) / omega`` with the velocity ``v_t = (x_t - x_{t-1}) Fs``."""
        # The difference is taken before it is scaled: close positions subtract without rounding.
        difference = state.position - state.previous
        quadrature = along_nodes(self.velocity_scale, difference) * difference
        return quadrature + along_nodes(self.damping_ratio, difference) * state.position

    def squared_amplitude(self, state: "ResonantState") -> NodeArray:
        """Return ``A_t^2 = x_t^2 + ((v_t + beta x_t) / omega)^2 + 1e-12``."""
        return state.position**2 + self.quadrature(state) ** 2 + 1e-12


def resonant_nodes(
    frequencies: Float[AnyArray, " hidden"],
    *,
    sample_rate: float = 1000.0,
    pole_radius: float | Float[Array, ""] = 0.99999,
) -> ResonantNodes:
    """Compute the constants of nodes that ring at ``frequencies``.

    ``w1 = 2 r cos(2 pi f / Fs)``, ``w2 = -r^2``; ``omega`` and ``beta`` come from the inverse
    backward-difference map, as in Kramer, arXiv:2506.17083. At a pole radius near one that map
    gives a negative ``beta`` and an ``omega`` below ``2 pi f``; the published network uses these
    values, and so does this one.

    NumPy frequencies are worked out in float64 and then cast to JAX's default precision, since
    ``1 - r`` is as small as float32 resolves; JAX arrays keep their dtype and may be traced.

    Args:
        frequencies: node frequencies in Hz, ``(hidden,)``, each between 0 and ``Fs / 2``.
        sample_rate: ``Fs`` in Hz.
        pole_radius: modulus ``r`` of the poles, dimensionless.
    """
    dt = 1.0 / sample_rate
    w1, w2 = weights_from_poles(frequencies, pole_radius, dt)
    angular_frequency, damping = oscillator_from_weights(w1, w2, dt)
    constants = (w1, w2, sample_rate / angular_frequency, damping / angular_frequency)
    return ResonantNodes(*(jnp.asarray(constant, dtype=_dtype(constant)) for constant in constants))


def _dtype(constant: object) -> jnp.dtype:
    return constant.dtype if isinstance(constant, jax.Array) else jnp.zeros(()).dtype


class ResonantState(NamedTuple):
    """Position ``x_t`` and the one before, each ``(hidden, *batch)``."""

    position: NodeArray
    previous: NodeArray


class ResonantCell(AbstractCell[ResonantState]):
    """Resonant recurrent layer (RRN), the lecture's "Rhythmic RNN in practice".

    ``x_t = u_t + w1 x_{t-1} + w2 x_{t-2} + W tanh(x_{t-1} u_t)``

    with one fixed rhythm a node (``w1``, ``w2``), the scalar input ``u_t`` to every node, and the
    trained recurrent weights ``W`` (post, pre) with a zero diagonal. Without recurrence the last
    term is absent. Source: Kramer, arXiv:2506.17083.

    Gradients by ``eqx.filter_grad`` would reach the fixed rhythms too; train what
    ``eqx.partition(cell, rhythmic.trainable(cell))`` gives.
    """

    nodes: ResonantNodes
    recurrent_weights: Matrix | None
    diagonal: Diagonal = eqx.field(static=True)
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(
        self,
        frequencies: np.ndarray,
        *,
        key: jax.Array,
        recurrence: bool = True,
        sample_rate: float = 1000.0,
        pole_radius: float = 0.99999,
        diagonal: Diagonal = "projected",
    ):
        """Start with ``W ~ U(-0.3, 0.3)`` off the diagonal.

        Args:
            frequencies: node frequencies in Hz, ``(hidden,)``, below a quarter of the sample rate.
            key: source of the recurrent weights.
            recurrence: whether the nodes talk to each other.
            sample_rate: samples a second, Hz.
            pole_radius: modulus of every node's poles, in (0, 1).
            diagonal: how ``W`` keeps its zero diagonal. ``projected``: set back to zero after
                every update, while its gradient still counts in the clipping norm, as published;
                ``masked``: never used, so that it has no gradient.

        Raises:
            ValueError: for a frequency, pole radius or rule outside its range.
        """
        frequencies = validate_ladder(frequencies, sample_rate)
        check_resonance(pole_radius, diagonal)
        self.nodes = resonant_nodes(frequencies, sample_rate=sample_rate, pole_radius=pole_radius)
        self.input_size = 1
        self.hidden_size = len(frequencies)
        self.diagonal = diagonal
        shape = (self.hidden_size, self.hidden_size)
        weights = jax.random.uniform(key, shape, minval=-0.3, maxval=0.3)
        self.recurrent_weights = without_diagonal(weights) if recurrence else None

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> ResonantState:
        """Return nodes at rest."""
        rest = jnp.zeros((self.hidden_size, *batch_shape), self.nodes.w1.dtype)
        return ResonantState(position=rest, previous=rest)

    def step(self, state: ResonantState, inputs: InputArray) -> ResonantState:
        """Advance one sample of the input ``u_t``, shape ``(1, *batch)``."""
        position = self.nodes.free_step(state, inputs)
        if self.recurrent_weights is not None:
            coupling = weigh(self.effective_weights(), jnp.tanh(state.position * inputs))
            position = position + coupling
        return ResonantState(position=position, previous=state.position)

    def effective_weights(self) -> Matrix:
        """Return ``W`` as the step uses it.

        Raises:
            ValueError: for a layer without recurrence.
        """
        if self.recurrent_weights is None:
            raise ValueError("recurrent_weights is None; this layer has no recurrence")
        masked = self.diagonal == "masked"
        return without_diagonal(self.recurrent_weights) if masked else self.recurrent_weights

    def output(self, state: ResonantState) -> NodeArray:
        """Return the positions ``x_t``."""
        return state.position

    def squared_amplitude(self, state: ResonantState) -> NodeArray:
        """Return ``A_t^2 = x_t^2 + ((v_t + beta x_t) / omega)^2 + 1e-12``.

        The velocity is ``v_t = (x_t - x_{t-1}) Fs``.
        """
        return self.nodes.squared_amplitude(state)

    def constrained(self) -> "ResonantCell":
        """Return the cell with the diagonal of ``W`` back at zero."""
        if self.recurrent_weights is None:
            return self
        weights = without_diagonal(self.recurrent_weights)
        return eqx.tree_at(lambda cell: cell.recurrent_weights, self, weights)

    def num_constrained(self) -> int:
        """Count the diagonal of ``W``."""
        return 0 if self.recurrent_weights is None else self.hidden_size


def without_diagonal(weights: Matrix) -> Matrix:
    """Return square ``weights`` with zeros on the diagonal."""
    return jnp.where(jnp.eye(weights.shape[-1], dtype=bool), 0.0, weights)


def check_resonance(pole_radius: float, diagonal: str) -> None:
    """Raise a ValueError that names the pole radius or the rule for the diagonal out of range."""
    if not 0.0 < pole_radius < 1.0:
        raise ValueError(f"pole_radius is {pole_radius}; it must lie between 0 and 1")
    if diagonal not in get_args(Diagonal):
        raise ValueError(f"diagonal is {diagonal!r}; choose from {', '.join(get_args(Diagonal))}")
