"""The rhythmic RNN: a layer of damped oscillators, one rhythm a node (lecture, "Rhythmic RNN")."""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.cells.initialization import torch_linear, uniform
from rhythmic.cells.interface import AbstractCell, along_nodes, fixed, weigh, weigh_few
from rhythmic.cells.options import Number, check_choice, check_known, check_sizes, is_traced
from rhythmic.cells.resonant_nodes import (
    DerivedNodes,
    LearnedRhythms,
    NodeConstants,
    Poles,
    ResonantNodes,
    ResonantState,
    checked_frequencies,
    checked_radius,
    checked_rate,
    resonant_nodes,
)
from rhythmic.theory.roots import safe_sqrt
from rhythmic.typing import AnyArray, Float, InputArray, Matrix, NodeArray

Diagonal = Literal["projected", "masked"]
InputWeights = Literal["ones", "learned"]
Rhythms = Literal["fixed", "learned"]


@checked
class ResonantCell(AbstractCell[ResonantState]):
    """Resonant recurrent layer (RRN), the lecture's "Rhythmic RNN in practice".

    ``x_t = d_t + w1 x_{t-1} + w2 x_{t-2} + W tanh(x_{t-1} d_t)``

    with one rhythm a node (``w1``, ``w2``), the drive ``d_t``, and the trained recurrent weights
    ``W`` (post, pre) with a zero diagonal. Published: the rhythms are fixed and every node is
    driven by the scalar input itself, ``d_t = u_t``. With learned input weights ``d_t = B u_t``.
    Without recurrence the last term is absent. Source: Kramer, arXiv:2506.17083.

    Fixed rhythms have no gradient, so that a loop which updates every array leaves them as they
    are; weight decay needs ``eqx.partition(cell, rhythmic.trainable(cell))``.
    """

    nodes: ResonantNodes | DerivedNodes | LearnedRhythms
    recurrent_weights: Matrix | None
    input_weights: Matrix | None
    diagonal: Diagonal = eqx.field(static=True)
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(
        self,
        frequencies: Float[AnyArray, " hidden"],
        *,
        key: jax.Array,
        recurrence: bool = True,
        sample_rate: Number = 1000.0,
        pole_radius: Number = 0.99999,
        diagonal: Diagonal = "projected",
        rhythms: Rhythms = "fixed",
        poles: Poles = "complex",
        input_weights: InputWeights = "ones",
        input_size: int = 1,
    ):
        """Start with ``W ~ U(-0.3, 0.3)`` off the diagonal.

        Learned input weights start from U(0.5, 1.5) for a scalar input, around the published ones,
        and as in a torch ``Linear`` for several features.

        Args:
            frequencies: node frequencies in Hz, ``(hidden,)``, below half the sample rate.
            key: source of the recurrent weights and of learned input weights.
            recurrence: whether the nodes talk to each other.
            sample_rate: samples a second, Hz.
            pole_radius: modulus of every node's poles, in (0, 1).
            diagonal: how ``W`` keeps its zero diagonal. ``projected``: set back to zero after
                every update, while its gradient still counts in the clipping norm, as published;
                ``masked``: never used, so that it has no gradient.
            rhythms: ``fixed``, or ``learned``: frequency and pole radius of each node are trained
                from these start values, see ``LearnedRhythms``.
            poles: ``complex``: nodes that ring; ``double`` or ``real``: their twins that do not,
                see ``resonant_nodes``.
            input_weights: ``ones``, as published, for a scalar input; or ``learned``.
            input_size: components of one input sample.

        Raises:
            ValueError: for a frequency, pole radius, size or rule outside its range.
        """
        sample_rate = checked_rate(sample_rate)
        frequencies = checked_frequencies(frequencies, sample_rate, 2)
        pole_radius = checked_radius(pole_radius)
        check_choice("diagonal", diagonal, Diagonal)
        check_known("recurrence", recurrence)
        input_size, _ = check_sizes(input_size, len(frequencies))
        _check_rules(rhythms, poles, input_weights, input_size)
        if rhythms == "learned":
            self.nodes = LearnedRhythms(frequencies, pole_radius, sample_rate)
        else:
            nodes = resonant_nodes(
                frequencies, sample_rate=sample_rate, pole_radius=pole_radius, poles=poles
            )
            traced = is_traced(frequencies, pole_radius, sample_rate)
            self.nodes = DerivedNodes.of(nodes) if traced else nodes
        self.input_size = input_size
        self.hidden_size = len(frequencies)
        self.diagonal = diagonal
        shape = (self.hidden_size, self.hidden_size)
        weights = uniform(shape, -0.3, 0.3, key=key)
        self.recurrent_weights = without_diagonal(weights) if recurrence else None
        shape = (self.hidden_size, input_size)
        # The key itself makes W, as it did before a layer could have input weights.
        input_key = jax.random.fold_in(key, 1)
        if input_weights == "ones":
            self.input_weights = None
        elif input_size == 1:
            self.input_weights = uniform(shape, 0.5, 1.5, key=input_key)
        else:
            self.input_weights = torch_linear(shape, input_size, key=input_key)

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> ResonantState:
        """Return nodes at rest."""
        dtype = jax.tree.leaves(self.nodes)[0].dtype
        rest = jnp.zeros((self.hidden_size, *batch_shape), dtype)
        return ResonantState(position=rest, previous=rest)

    def step(self, state: ResonantState, inputs: InputArray) -> ResonantState:
        """Advance one sample of the input ``u_t``, shape ``(feature, *batch)``."""
        return self.driven_step(state, self.drive(inputs))

    def drive(self, inputs: InputArray) -> NodeArray:
        """Return ``d_t``: ``B u_t``, or the scalar input, ``(1, *batch)``, the same for all."""
        return inputs if self.input_weights is None else weigh_few(self.input_weights, inputs)

    def driven_step(self, state: ResonantState, drive: NodeArray) -> ResonantState:
        """Return the state one step after ``state`` under the drive ``d_t``."""
        position = self.constants().free_step(state, drive)
        if self.recurrent_weights is not None:
            coupling = weigh(self.effective_weights(), jnp.tanh(state.position * drive))
            position = position + coupling
        return ResonantState(position=position, previous=state.position)

    def constants(self) -> NodeConstants:
        """Return ``w1``, ``w2`` and the constants of the amplitude as they stand."""
        if isinstance(self.nodes, LearnedRhythms):
            return self.nodes.constants()
        return fixed(self.nodes) if isinstance(self.nodes, ResonantNodes) else self.nodes

    def resolved(self) -> "ResonantCell":
        """Return the cell with learned rhythms computed, and fixed ones without a gradient."""
        return eqx.tree_at(lambda cell: cell.nodes, self, self.constants())

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
        return self.constants().squared_amplitude(state)

    def phasor(self, state: ResonantState) -> NodeArray:
        """Return the positions in ``state`` above ``(v_t + beta x_t) / omega``, two rows a node.

        ``A_t^2`` is the squared length of these two; where it forgets the phase, they keep it.
        """
        return jnp.concatenate([state.position, self.constants().quadrature(state)])

    def position_and_amplitude(self, state: ResonantState) -> NodeArray:
        """Return the positions in ``state`` above the amplitudes ``A_t``, two rows per node.

        A linear map of positions alone sees a rhythm's phase only; its amplitude holds what came
        in earlier, whatever the phase is now.
        """
        return jnp.concatenate([state.position, jnp.sqrt(self.squared_amplitude(state))])

    def ringing(self, state: ResonantState) -> NodeArray:
        """Return positions and amplitudes in ``state`` times ``sin(theta)`` of each node.

        ``theta`` is its pole angle. After one impulse an undamped node has
        ``x_k = sin((k + 1) theta) / sin(theta)``: without the factor slow nodes outweigh fast ones.
        """
        nodes = self.constants()
        sine = safe_sqrt(jnp, 1 + nodes.w1**2 / (4 * nodes.w2))
        both = self.position_and_amplitude(state)
        return along_nodes(jnp.concatenate([sine, sine]), both) * both

    def constrained(self) -> "ResonantCell":
        """Return the cell with the diagonal of ``W`` at zero, and learned rhythms that are held."""
        cell = self
        if isinstance(cell.nodes, LearnedRhythms):
            cell = eqx.tree_at(lambda cell: cell.nodes, cell, cell.nodes.constrained())
        if cell.recurrent_weights is None:
            return cell
        weights = without_diagonal(cell.recurrent_weights)
        return eqx.tree_at(lambda cell: cell.recurrent_weights, cell, weights)

    def num_constrained(self) -> int:
        """Count the diagonal of ``W``."""
        return 0 if self.recurrent_weights is None else self.hidden_size


def without_diagonal(weights: Matrix) -> Matrix:
    """Return square ``weights`` with zeros on the diagonal."""
    return jnp.where(jnp.eye(weights.shape[-1], dtype=bool), 0.0, weights)


def _check_rules(rhythms: str, poles: str, input_weights: str, input_size: int) -> None:
    """Raise a ValueError that names the rule there is not, or two that do not go together."""
    check_choice("rhythms", rhythms, Rhythms)
    check_choice("poles", poles, Poles)
    check_choice("input_weights", input_weights, InputWeights)
    if rhythms == "learned" and poles != "complex":
        raise ValueError(f"poles is {poles!r}; learned rhythms ring, choose complex")
    if input_weights == "ones" and input_size > 1:
        raise ValueError(f"input_weights is 'ones'; {input_size} features need learned ones")
