"""The long expressive memory: two coupled leaky states whose steps in time are gated.

Source: Rusch, Mishra, Erichson and Mahoney, ICLR 2022, arXiv:2110.04744.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells.bounded import FixedNumber, fixed_number
from rhythmic.cells.initialization import torch_linear
from rhythmic.cells.interface import AbstractCell, along_nodes, weigh, weigh_few
from rhythmic.cells.options import Number, check_sizes, number
from rhythmic.typing import InputArray, Matrix, NodeArray, Vector


class LEMState(NamedTuple):
    """Slow state ``z_t`` and shown state ``y_t``, each ``(hidden, *batch)``."""

    slow: NodeArray
    shown: NodeArray


@checked
class LEMCell(AbstractCell[LEMState]):
    """Long expressive memory (LEM).

    ``d_t = dt sigmoid(W_1 y_{t-1} + V_1 u_t + b_1)``,
    ``e_t = dt sigmoid(W_2 y_{t-1} + V_2 u_t + b_2)``,
    ``z_t = (1 - d_t) z_{t-1} + d_t tanh(W_z y_{t-1} + V_z u_t + b_z)``, then
    ``y_t = (1 - e_t) y_{t-1} + e_t tanh(W_y z_t + V_y u_t + b_y)``.

    Steps of ``z' = sigma_1 (tanh(...) - z)`` and ``y' = sigma_2 (tanh(...) - y)``, whose rates are
    gates of input and state: each node has time scales of its own, from ``1 / dt`` samples up. With
    ``dt <= 1`` both states stay between -1 and 1. ``weight_ih`` and ``bias`` hold the rows of
    ``d``, ``e``, ``z`` and ``y`` below each other, ``weight_hh`` those of ``d``, ``e`` and ``z``.

    Source: Rusch, Mishra, Erichson and Mahoney, ICLR 2022, arXiv:2110.04744.
    """

    weight_ih: Matrix
    weight_hh: Matrix
    weight_slow: Matrix
    bias: Vector
    time_step: FixedNumber
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(self, input_size: int, hidden_size: int, *, key: jax.Array, dt: Number = 1.0):
        """Start with all weights and biases from ``U(-1/sqrt(n), 1/sqrt(n))`` for ``n`` nodes.

        Args:
            input_size: components of one input sample.
            hidden_size: number of nodes, ``n``.
            key: source of the weights.
            dt: the longest step, above 0, no unit: a hyperparameter that is chosen for each task,
                the smaller the longer it must remember.

        Raises:
            ValueError: for a size below one, or a step out of range.
        """
        input_size, hidden_size = check_sizes(input_size, hidden_size)
        dt = number("dt", dt, lambda dt: (dt > 0) & (dt < np.inf), "be above 0 and finite")
        keys = jax.random.split(key, 4)
        n = hidden_size
        self.weight_ih = torch_linear((4 * n, input_size), n, key=keys[0])
        self.weight_hh = torch_linear((3 * n, n), n, key=keys[1])
        self.weight_slow = torch_linear((n, n), n, key=keys[2])
        self.bias = torch_linear((4 * n,), n, key=keys[3])
        self.time_step = fixed_number("dt", dt, "fixed")
        self.input_size = input_size
        self.hidden_size = hidden_size

    @property
    def dt(self) -> Any:
        """The longest step, no unit."""
        return self.time_step.value

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> LEMState:
        """Return nodes at rest."""
        rest = jnp.zeros((self.hidden_size, *batch_shape), self.bias.dtype)
        return LEMState(slow=rest, shown=rest)

    def step(self, state: LEMState, inputs: InputArray) -> LEMState:
        """Advance one sample of the input, ``(feature, *batch)``."""
        slow, shown = state
        driven = weigh_few(self.weight_ih, inputs) + along_nodes(self.bias, slow)
        by_input = jnp.split(driven, 4)
        by_state = jnp.split(weigh(self.weight_hh, shown), 3)
        of_slow, of_shown = (
            self.dt * jax.nn.sigmoid(a + b) for a, b in zip(by_input[:2], by_state[:2], strict=True)
        )
        slow = (1 - of_slow) * slow + of_slow * jnp.tanh(by_input[2] + by_state[2])
        target = jnp.tanh(by_input[3] + weigh(self.weight_slow, slow))
        return LEMState(slow=slow, shown=(1 - of_shown) * shown + of_shown * target)

    def output(self, state: LEMState) -> NodeArray:
        """Return ``y_t``."""
        return state.shown
