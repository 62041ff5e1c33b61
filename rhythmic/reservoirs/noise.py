"""Noise for a cell that takes it as input, drawn where it is used.

Source: M. A. Kramer, arXiv:2506.17083, first version.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Key

from rhythmic.arguments import checked
from rhythmic.cells import AbstractCell, ResonantReservoirCell
from rhythmic.typing import Array, Float, InputArray, Int, NodeArray, PyTree


class NoiseState(NamedTuple):
    """State of the cell within, and the number of steps taken by each example.

    Steps are counted in the cell's own floating dtype, exactly up to 2^24 in float32.
    """

    within: PyTree
    steps: Float[Array, "*batch"]


@checked
class NoiseDrawn(AbstractCell[NoiseState]):
    """A cell with noise whose normal numbers are drawn inside the step; its input is ``u_t`` alone.

    ``xi_t = normal(fold_in(key of the example, t))``, t counted from 0, so that no key serves
    twice. An example's noise depends on its own key alone, not on the batch that it is in, and
    the draws of one step are all that is held.
    """

    cell: ResonantReservoirCell
    keys: Key[Array, "*batch"]
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(self, cell: ResonantReservoirCell, keys: Key[Array, "*batch"]):
        """Draw noise for ``cell``.

        Args:
            cell: a layer with noise.
            keys: one an example, in the shape of the batch; see ``example_keys``.

        Raises:
            ValueError: for a cell without noise.
        """
        if cell.input_size == 1:
            raise ValueError("cell has no noise; run it as it is")
        self.cell = cell
        self.keys = keys
        self.input_size = 1
        self.hidden_size = cell.hidden_size

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> NoiseState:
        """Return the cell's state of rest, before step 0.

        Raises:
            ValueError: for examples that are not as many as the keys.
        """
        if batch_shape != self.keys.shape:
            raise ValueError(f"keys has shape {self.keys.shape}; the examples have {batch_shape}")
        within = self.cell.initial_state(batch_shape)
        return NoiseState(within, jnp.zeros(batch_shape, self.cell.noise.dtype))

    def step(self, state: NoiseState, inputs: InputArray) -> NoiseState:
        """Advance one sample of ``u_t``, ``(1, *batch)``, with fresh noise."""
        dtype = self.cell.noise.dtype

        def draw(key: Array, step: Array) -> Array:
            step_key = jax.random.fold_in(key, step.astype(jnp.uint32))
            return jax.random.normal(step_key, (self.hidden_size,), dtype)

        for _ in self.keys.shape:
            draw = jax.vmap(draw, in_axes=-1, out_axes=-1)
        sample = jnp.concatenate([inputs, draw(self.keys, state.steps)])
        return NoiseState(self.cell.step(state.within, sample), state.steps + 1)

    def output(self, state: NoiseState) -> NodeArray:
        """Return the cell's output."""
        return self.cell.output(state.within)

    def squared_amplitude(self, state: NoiseState) -> NodeArray:
        """Return the cell's squared amplitudes."""
        return self.cell.squared_amplitude(state.within)


@checked
def with_noise(cell: ResonantReservoirCell, keys: Key[Array, "*batch"]) -> AbstractCell:
    """Return a cell that takes ``u_t`` alone: with its noise drawn inside, or, without, itself.

    Args:
        cell: the reservoir.
        keys: one an example, see ``example_keys``.
    """
    return cell if cell.input_size == 1 else NoiseDrawn(cell, keys)


@checked
def example_keys(key: jax.Array, examples: Int[Array, "*batch"]) -> Key[Array, "*batch"]:
    """Return ``fold_in(key, number of the example)``, the same in whatever batch it is run.

    Args:
        key: source of all noise.
        examples: numbers of the examples, 0 or more.
    """
    examples = jnp.asarray(examples)
    return jax.vmap(lambda i: jax.random.fold_in(key, i))(examples.ravel()).reshape(examples.shape)
