"""The standard RNN, with what is fed back chosen by name.

Source: lecture, "RNN model"; Elman (1990).
"""

from collections.abc import Callable
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.activations import importable
from rhythmic.arguments import checked
from rhythmic.cells.initialization import scaled_orthogonal, xavier_uniform
from rhythmic.cells.interface import AbstractCell, along_nodes, weigh
from rhythmic.cells.options import Number, check_choice, check_sizes, number
from rhythmic.typing import InputArray, Matrix, NodeArray, Vector

Feedback = Literal["output", "activity"]


@checked
class ElmanCell(AbstractCell[NodeArray]):
    """Elman layer, with what is fed back chosen by name.

    ``feedback="output"``, as in torch and most libraries:
        ``H_t = phi(W_ih I_t + b_ih + W_hh H_{t-1} + b_hh)``
    ``feedback="activity"``, as the lecture writes it:
        ``h_t = W_ih I_t + b_ih + W_hh h_{t-1} + b_hh``, ``H_t = phi(h_t)``

    The state is what is fed back: ``H`` or ``h``. Two bias vectors are kept, as in torch, so
    that parameter counts compare; their sum acts.
    """

    weight_ih: Matrix
    weight_hh: Matrix
    bias_ih: Vector
    bias_hh: Vector
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)
    feedback: Feedback = eqx.field(static=True)
    activation: Callable[[NodeArray], NodeArray] = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        key: jax.Array,
        recurrent_gain: Number = 0.95,
        feedback: Feedback = "output",
        activation: Callable[[NodeArray], NodeArray] = jnp.tanh,
    ):
        """Start with Xavier-uniform input weights, scaled orthogonal recurrence, zero biases.

        Args:
            input_size: components of one input sample.
            hidden_size: number of nodes.
            key: source of the weights.
            recurrent_gain: factor on the orthogonal recurrent weights; their spectral radius.
            feedback: ``output`` feeds back ``H_{t-1}``, ``activity`` feeds back ``h_{t-1}``.
            activation: ``phi``.

        Raises:
            ValueError: for a size below one, a gain that is no finite number, or an unknown
                feedback.
        """
        input_size, hidden_size = check_sizes(input_size, hidden_size)
        check_choice("feedback", feedback, Feedback)
        gain = number("recurrent_gain", recurrent_gain, lambda g: abs(g) < jnp.inf, "be finite")
        input_key, recurrent_key = jax.random.split(key)
        self.weight_ih = xavier_uniform((hidden_size, input_size), key=input_key)
        self.weight_hh = scaled_orthogonal((hidden_size, hidden_size), gain, key=recurrent_key)
        self.bias_ih = jnp.zeros(hidden_size)
        self.bias_hh = jnp.zeros(hidden_size)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.feedback = feedback
        self.activation = importable(activation)

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> NodeArray:
        """Return zero, for ``H`` or ``h``."""
        return jnp.zeros((self.hidden_size, *batch_shape), self.weight_hh.dtype)

    def step(self, state: NodeArray, inputs: InputArray) -> NodeArray:
        """Advance one sample; the state is ``H`` or ``h``, after ``feedback``."""
        activity = weigh(self.weight_ih, inputs) + weigh(self.weight_hh, state)
        activity = activity + along_nodes(self.bias_ih + self.bias_hh, state)
        return self.activation(activity) if self.feedback == "output" else activity

    def output(self, state: NodeArray) -> NodeArray:
        """Return ``H_t``."""
        return state if self.feedback == "output" else self.activation(state)
