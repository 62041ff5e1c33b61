"""Any Equinox cell, ``cell(input, hidden) -> hidden``, as one of ours."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.activations import importable
from rhythmic.arguments import checked
from rhythmic.cells.interface import AbstractCell
from rhythmic.cells.options import check_known
from rhythmic.checks import checked_integer
from rhythmic.typing import InputArray, NodeArray, PyTree


@checked
class EquinoxCell(AbstractCell[PyTree]):
    """Adapter for cells in Equinox's convention, such as ``equinox.nn.GRUCell``.

    The wrapped cell sees one example at a time: an input ``(feature,)`` and a hidden state made
    of vectors ``(hidden,)`` (one array, or a tuple such as the LSTM's). Batches are mapped over.
    """

    wrapped: Callable[[InputArray, PyTree], PyTree]
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)
    num_state_arrays: int = eqx.field(static=True)
    read: Callable[[PyTree], NodeArray] = eqx.field(static=True)

    def __init__(
        self,
        wrapped: Callable[[InputArray, PyTree], PyTree],
        *,
        input_size: int | None = None,
        hidden_size: int | None = None,
        num_state_arrays: int | None = None,
        read: Callable[[PyTree], NodeArray] | None = None,
    ):
        """Wrap a cell.

        Args:
            wrapped: the Equinox cell.
            input_size: components of an input sample; by default the cell's own attribute.
            hidden_size: length of each vector of the state; by default the cell's own attribute.
            num_state_arrays: 1 where the hidden state is one array, more where it is a tuple; by
                default 2 for ``equinox.nn.LSTMCell`` and 1 for any other cell.
            read: the layer's output from the state; by default its first array.

        Raises:
            ValueError: if a size is neither given nor an attribute of the cell.
        """
        sizes = {"input_size": input_size, "hidden_size": hidden_size}
        for name, size in sizes.items():
            found = getattr(wrapped, name, None) if size is None else size
            if found is None:
                raise ValueError(f"{name} is not given and the wrapped cell has none; give it")
            check_known(name, found)
            sizes[name] = checked_integer(name, found, 1)
        if num_state_arrays is None:
            num_state_arrays = 2 if isinstance(wrapped, eqx.nn.LSTMCell) else 1
        num_state_arrays = checked_integer("num_state_arrays", num_state_arrays, 1)
        self.wrapped = wrapped
        self.input_size = sizes["input_size"]  # type: ignore[assignment]
        self.hidden_size = sizes["hidden_size"]  # type: ignore[assignment]
        self.num_state_arrays = num_state_arrays
        self.read = _first_array if read is None else importable(read)

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> PyTree:
        """Return zeros in the layout of the wrapped cell."""
        arrays = jax.tree.leaves(eqx.filter(self.wrapped, eqx.is_inexact_array))
        dtype = jnp.result_type(*arrays) if arrays else jnp.zeros(()).dtype
        zero = jnp.zeros((self.hidden_size, *batch_shape), dtype)
        return zero if self.num_state_arrays == 1 else (zero,) * self.num_state_arrays

    def step(self, state: PyTree, inputs: InputArray) -> PyTree:
        """Advance one sample; every trailing axis of ``inputs`` is mapped over."""
        step = self.wrapped
        for _ in range(inputs.ndim - 1):
            step = jax.vmap(step, in_axes=-1, out_axes=-1)
        return step(inputs, state)

    def output(self, state: PyTree) -> NodeArray:
        """Return what ``read`` picks from the state."""
        return self.read(state)


def _first_array(state: PyTree) -> NodeArray:
    """Return the first array of a state: ``h`` of a GRU's ``h`` or of an LSTM's ``(h, c)``."""
    return jax.tree.leaves(state)[0]
