"""Projections of a sequence at random, taken one sample at a time: a layer without a rhythm.

Source: random projections as features (A. Rahimi and B. Recht, Advances in Neural Information
Processing Systems 20, 2007).
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.cells.interface import AbstractCell, FixedParameters, fixed
from rhythmic.cells.options import check_known, check_sizes
from rhythmic.checks import checked_integer
from rhythmic.typing import Array, Float, InputArray, NodeArray


class ProjectionState(NamedTuple):
    """The sums so far, and how many samples they hold.

    ``total`` is ``(hidden, *batch)``; ``elapsed`` is ``(1, *batch)``, a whole number.
    """

    total: NodeArray
    elapsed: Float[Array, "1 *batch"]


@checked
class ProjectionCell(AbstractCell[ProjectionState], FixedParameters):
    """Integrators with a clock: ``x_t = x_{t-1} + G_t u_t``, all of it fixed.

    After the last sample ``x_T = sum_t G_t u_t`` is a linear projection of the sequence, here a
    random one. A resonant node without recurrence gives such a projection too, on a sinusoid that
    grows or fades, and needs two numbers for it; here every node needs one a sample, and a clock
    that tells which of them is due. Samples beyond the table are not heard.

    Source: random projections as features (A. Rahimi and B. Recht, Advances in Neural Information
    Processing Systems 20, 2007), one sample at a time.
    """

    table: Float[Array, "time hidden"]
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(self, hidden_size: int, *, num_steps: int, key: jax.Array):
        """Draw ``G ~ N(0, 1 / num_steps)``.

        Args:
            hidden_size: number of nodes.
            num_steps: length of the sequences.
            key: source of the table.

        Raises:
            ValueError: for no nodes or steps.
        """
        _, hidden_size = check_sizes(1, hidden_size)
        check_known("num_steps", num_steps)
        num_steps = checked_integer("num_steps", num_steps, 1)
        drawn = jax.random.normal(key, (num_steps, hidden_size))
        self.table = drawn / jnp.sqrt(num_steps)
        self.input_size, self.hidden_size = 1, hidden_size

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> ProjectionState:
        """Return empty sums, the clock at zero."""
        total = jnp.zeros((self.hidden_size, *batch_shape), self.table.dtype)
        return ProjectionState(total, jnp.zeros((1, *batch_shape), self.table.dtype))

    def step(self, state: ProjectionState, inputs: InputArray) -> ProjectionState:
        """Add the sample ``u_t``, shape ``(1, *batch)``, with the weights that are due."""
        place = state.elapsed[0].astype(int)
        due = jnp.take(fixed(self.table), place, axis=0, mode="fill", fill_value=0.0)
        total = state.total + jnp.moveaxis(due, -1, 0) * inputs
        return ProjectionState(total, state.elapsed + 1)

    def output(self, state: ProjectionState) -> NodeArray:
        """Return the sums ``x_t``."""
        return state.total
