"""Networks that answer at every step: any cell, a linear readout, and an encoder where needed.

An architecture is a frozen dataclass with a name and ``build(input_size, num_outputs, *, key)``.

Source: lecture, "RRN output layer activity" (the readout); the networks are those of the lecture,
"RNN model", "RNN additional notes" and "Rhythmic RNN".
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells import AbstractCell, ElmanCell, LSTMCell, ResonantCell
from rhythmic.cells.initialization import xavier_uniform
from rhythmic.cells.interface import along_nodes, weigh
from rhythmic.cells.options import check_sizes
from rhythmic.cells.resonant import Diagonal, check_resonance
from rhythmic.checks import checked_integer
from rhythmic.simulate import trajectory
from rhythmic.theory import validate_ladder
from rhythmic.theory.roots import safe_sqrt
from rhythmic.typing import Array, Float, InputArray, Matrix, NodeArray, PyTree, Sequence, Vector

Shown = Literal["output", "position_and_amplitude", "ringing"]
Outputs = Float[Array, "time output *batch"]


@checked(least=1)
class Affine(eqx.Module):
    """``weight @ x + bias`` on the first axis of ``x``, from ``input_size`` to ``output_size``."""

    weight: Matrix
    bias: Vector

    def __init__(self, input_size: int, output_size: int, *, key: jax.Array):
        """Start with Xavier-uniform weights and zero bias.

        Raises:
            ValueError: for a size below one.
        """
        self.weight = xavier_uniform((output_size, input_size), key=key)
        self.bias = jnp.zeros(output_size)

    def __call__(self, x: InputArray) -> Float[Array, "output *batch"]:
        """Return ``weight @ x + bias``."""
        return weigh(self.weight, x) + along_nodes(self.bias, x)


@checked
class PresentItemCell(AbstractCell[InputArray]):
    """A layer without memory, the baseline: its state is the present input and nothing else."""

    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)
    dtype: np.dtype = eqx.field(static=True)

    def __init__(self, input_size: int):
        """Take inputs of ``input_size`` components and show them as they are.

        As with cells that have parameters, the precision is that in which the cell is built.
        """
        input_size, _ = check_sizes(input_size, input_size)
        self.input_size = input_size
        self.hidden_size = input_size
        self.dtype = jnp.zeros(()).dtype

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> InputArray:
        """Return an input of zeros."""
        return jnp.zeros((self.input_size, *batch_shape), self.dtype)

    def step(self, state: InputArray, inputs: InputArray) -> InputArray:
        """Forget the state; keep the input."""
        return jnp.asarray(inputs, state.dtype)

    def output(self, state: InputArray) -> NodeArray:
        """Return the present input."""
        return state


@checked
class SequenceModel(eqx.Module):
    """A recurrent layer, read out linearly at every step.

    ``o_t = W_ho H_t + b_o`` with ``H_t`` what the cell shows (lecture, "What is the RNN model?").

    A cell that takes one scalar a step, such as the resonant one, gets inputs of several features
    through a learned ``encoder``, ``u_t = w_e I_t + b_e``; otherwise there is none. ``shown`` is
    ``output`` or, for the resonant cell, ``position_and_amplitude``: the positions ``x_t`` above
    the amplitudes ``sqrt(A_t^2)``, two rows a node. A linear map of positions alone would see a
    rhythm's phase only; its amplitude holds what came in earlier, whatever the phase is now.
    ``ringing`` is these two times ``sin(theta)`` of each node, of pole angle ``theta``: after one
    impulse an undamped node has ``x_k = sin((k + 1) theta) / sin(theta)``, so that slow nodes
    would outweigh fast ones by far.
    """

    encoder: Affine | None
    cell: AbstractCell
    readout: Affine
    shown: Shown = eqx.field(static=True)

    def __init__(
        self,
        cell: AbstractCell,
        input_size: int,
        num_outputs: int,
        *,
        key: jax.Array,
        shown: Shown = "output",
    ):
        """Draw readout and, where the cell does not take the input as it is, an encoder.

        Args:
            cell: the layer.
            input_size: components of one input sample.
            num_outputs: classes or values at every step.
            key: source of the weights of encoder and readout.
            shown: what the readout sees of the cell.

        Raises:
            ValueError: for a size below one, a cell that takes neither ``input_size`` components
                nor one scalar, or a cell that cannot show what is asked.
        """
        input_size, _ = check_sizes(input_size, cell.hidden_size)
        num_outputs = checked_integer("num_outputs", num_outputs, 1)
        if shown != "output" and not isinstance(cell, ResonantCell):
            kind = type(cell).__name__
            raise ValueError(f"shown is {shown!r}; {kind} has no amplitude, choose output")
        encoded = input_size != cell.input_size
        if encoded and cell.input_size != 1:
            allowed = f"it must be {cell.input_size}, the cell's input_size"
            raise ValueError(f"input_size is {input_size}; {allowed}")
        encoder_key, readout_key = jax.random.split(key)
        self.encoder = Affine(input_size, cell.input_size, key=encoder_key) if encoded else None
        self.cell = cell
        num_shown = cell.hidden_size * (1 if shown == "output" else 2)
        self.readout = Affine(num_shown, num_outputs, key=readout_key)
        self.shown = shown

    def __call__(self, inputs: Sequence) -> Outputs:
        """Return ``o_t`` for every step, logits or values.

        Args:
            inputs: ``(time, feature, *batch)``.

        Returns:
            ``(time, output, *batch)``.

        Raises:
            ValueError: for shapes that do not fit the model.
        """
        seen = trajectory(self.cell, self.encode(inputs), observe=self.show).observed
        return jax.vmap(self.readout)(seen)

    def encode(self, inputs: Sequence) -> Sequence:
        """Return what the cell gets: the inputs, or their encoding."""
        return inputs if self.encoder is None else jax.vmap(self.encoder)(inputs)

    def show(self, state: PyTree) -> NodeArray:
        """Return what the readout sees of a state, ``(shown, *batch)``."""
        output = self.cell.output(state)
        if self.shown == "output" or not isinstance(self.cell, ResonantCell):
            return output
        amplitude = jnp.sqrt(self.cell.squared_amplitude(state))
        if self.shown == "ringing":
            nodes = self.cell.constants()
            sine = along_nodes(safe_sqrt(jnp, 1 + nodes.w1**2 / (4 * nodes.w2)), output)
            output, amplitude = sine * output, sine * amplitude
        return jnp.concatenate([output, amplitude])


class SequenceArchitecture(Protocol):
    """What training asks of an architecture: its name and how to build it from a key."""

    @property
    def name(self) -> str:
        """The name in tables and files."""

    def build(self, input_size: int, num_outputs: int, *, key: jax.Array) -> SequenceModel:
        """Draw a new network, from ``input_size`` features to ``num_outputs``."""


@checked
@dataclass(frozen=True)
class PresentItemArchitecture:
    """The baseline: a linear readout of the present input, no memory.

    ``name`` is that of tables and files.
    """

    name: str = "present"

    def build(self, input_size: int, num_outputs: int, *, key: jax.Array) -> SequenceModel:
        """Draw the readout, from ``input_size`` features to ``num_outputs``."""
        return SequenceModel(PresentItemCell(input_size), input_size, num_outputs, key=key)


@checked(finite=True)
@dataclass(frozen=True)
class PlainSequenceArchitecture:
    """The standard RNN, read out at every step.

    Args:
        name: name in tables and files.
        hidden_size: number of nodes.
        recurrent_gain: spectral radius of the orthogonal recurrent weights at the start.
    """

    name: str = "rnn"
    hidden_size: int = 16
    recurrent_gain: float = 0.95

    def build(self, input_size: int, num_outputs: int, *, key: jax.Array) -> SequenceModel:
        """Draw layer and readout, from ``input_size`` features to ``num_outputs``."""
        cell_key, readout_key = jax.random.split(key)
        cell = ElmanCell(
            input_size, self.hidden_size, key=cell_key, recurrent_gain=self.recurrent_gain
        )
        return SequenceModel(cell, input_size, num_outputs, key=readout_key)


@checked(finite=True)
@dataclass(frozen=True)
class GatedSequenceArchitecture:
    """The LSTM, read out at every step.

    Args:
        name: name in tables and files.
        hidden_size: number of memory cells.
        forget_bias: start value of the forget gates' bias.
    """

    name: str = "lstm"
    hidden_size: int = 8
    forget_bias: float = 1.0

    def build(self, input_size: int, num_outputs: int, *, key: jax.Array) -> SequenceModel:
        """Draw layer and readout, from ``input_size`` features to ``num_outputs``."""
        cell_key, readout_key = jax.random.split(key)
        cell = LSTMCell(input_size, self.hidden_size, key=cell_key, forget_bias=self.forget_bias)
        return SequenceModel(cell, input_size, num_outputs, key=readout_key)


@checked(finite=True)
@dataclass(frozen=True)
class ResonantSequenceArchitecture:
    """The rhythmic RNN: an encoder to one scalar where needed, positions and amplitudes shown.

    Args:
        name: name in tables and files.
        frequencies: node frequencies in Hz, each below a quarter of the sample rate.
        sample_rate: steps a second, Hz.
        pole_radius: modulus of every node's poles, in (0, 1).
        diagonal: how the recurrent weights keep a zero diagonal, ``projected`` or ``masked``.
    """

    name: str
    frequencies: tuple[float, ...]
    sample_rate: float = 1000.0
    pole_radius: float = 0.99999
    diagonal: Diagonal = "projected"

    def __post_init__(self) -> None:
        validate_ladder(np.asarray(self.frequencies), self.sample_rate)
        check_resonance(self.pole_radius, self.diagonal)

    def build(self, input_size: int, num_outputs: int, *, key: jax.Array) -> SequenceModel:
        """Draw encoder, layer and readout, from ``input_size`` to ``num_outputs``."""
        cell_key, readout_key = jax.random.split(key)
        cell = ResonantCell(
            np.asarray(self.frequencies),
            key=cell_key,
            sample_rate=self.sample_rate,
            pole_radius=self.pole_radius,
            diagonal=self.diagonal,
        )
        shown: Shown = "position_and_amplitude"
        return SequenceModel(cell, input_size, num_outputs, key=readout_key, shown=shown)
