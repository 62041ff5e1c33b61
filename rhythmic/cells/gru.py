"""The gated recurrent unit, in torch's layout."""

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.cells.initialization import scaled_orthogonal, xavier_uniform
from rhythmic.cells.interface import AbstractCell, along_nodes, weigh, weigh_few
from rhythmic.cells.options import Number, check_sizes, number
from rhythmic.typing import InputArray, Matrix, NodeArray, Vector


@checked
class GRUCell(AbstractCell[NodeArray]):
    """Gated recurrent unit (GRU), three blocks of ``hidden`` rows in the order ``r, z, n``.

    ``r_t = sigmoid(W_ir I_t + b_ir + W_hr h_{t-1} + b_hr)`` (reset),
    ``z_t = sigmoid(W_iz I_t + b_iz + W_hz h_{t-1} + b_hz)`` (update),
    ``n_t = tanh(W_in I_t + b_in + r_t (W_hn h_{t-1} + b_hn))``,
    ``h_t = (1 - z_t) n_t + z_t h_{t-1}``.

    As in torch, the reset gate acts after the recurrent product, so that the two biases of ``n``
    do not add to one; in the paper's last version it acts on the state before the product. An
    open update gate (``z = 1``) keeps the state.

    Source: Cho et al., EMNLP 2014, arXiv:1406.1078.
    """

    weight_ih: Matrix
    weight_hh: Matrix
    bias_ih: Vector
    bias_hh: Vector
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        key: jax.Array,
        update_bias: Number = 0.0,
    ):
        """Start with Xavier-uniform input weights, orthogonal recurrence, zero biases.

        Args:
            input_size: components of one input sample.
            hidden_size: number of nodes.
            key: source of the weights.
            update_bias: start value of the update gate's input bias; above 0 the states of the
                start last longer.

        Raises:
            ValueError: for a size below one, or a bias that is not finite.
        """
        input_size, hidden_size = check_sizes(input_size, hidden_size)
        update_bias = number("update_bias", update_bias, lambda b: abs(b) < jnp.inf, "be finite")
        input_key, recurrent_key = jax.random.split(key)
        rows = 3 * hidden_size
        self.weight_ih = xavier_uniform((rows, input_size), key=input_key)
        self.weight_hh = scaled_orthogonal((rows, hidden_size), 1.0, key=recurrent_key)
        self.bias_ih = jnp.zeros(rows).at[hidden_size : 2 * hidden_size].set(update_bias)
        self.bias_hh = jnp.zeros(rows)
        self.input_size = input_size
        self.hidden_size = hidden_size

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> NodeArray:
        """Return zero."""
        return jnp.zeros((self.hidden_size, *batch_shape), self.weight_hh.dtype)

    def step(self, state: NodeArray, inputs: InputArray) -> NodeArray:
        """Advance one sample of the input, ``(feature, *batch)``."""
        # Blocks of rows are cut from the parameters, not from what they give: XLA on a CPU then
        # fuses each gate with its product, and the forward pass takes a quarter of the time.
        from_input, biases_ih = jnp.split(self.weight_ih, 3), jnp.split(self.bias_ih, 3)
        from_state, biases_hh = jnp.split(self.weight_hh, 3), jnp.split(self.bias_hh, 3)
        driven = [
            weigh_few(weights, inputs) + along_nodes(bias, state)
            for weights, bias in zip(from_input, biases_ih, strict=True)
        ]
        recurrent = [
            weigh(weights, state) + along_nodes(bias, state)
            for weights, bias in zip(from_state, biases_hh, strict=True)
        ]
        reset = jax.nn.sigmoid(driven[0] + recurrent[0])
        update = jax.nn.sigmoid(driven[1] + recurrent[1])
        candidate = jnp.tanh(driven[2] + reset * recurrent[2])
        return candidate + update * (state - candidate)

    def output(self, state: NodeArray) -> NodeArray:
        """Return ``h_t``."""
        return state
