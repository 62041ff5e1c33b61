"""Any registered cell as a network that answers at every step, and its size by parameters.

``rhythmic.sequence_models`` holds the model itself and the networks of the lecture; here the cell
is chosen by name, so that a comparison may hold all of them to one number of parameters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import equinox as eqx
import jax

from rhythmic.arguments import checked
from rhythmic.cells import trainable
from rhythmic.cells.registry import CELLS, make_cell
from rhythmic.sequence_models import SequenceArchitecture, SequenceModel, Shown
from rhythmic.typing import PyTree

AnyArchitecture = TypeVar("AnyArchitecture", bound=SequenceArchitecture)


@checked
@dataclass(frozen=True)
class CellSequenceArchitecture:
    """A registered cell, read out at every step; it takes all components of the input itself.

    Args:
        name: name in tables and files.
        cell: name in ``rhythmic.cells.registry.CELLS``.
        hidden_size: number of nodes.
        options: further options of the cell, as (name, value) pairs.
        shown: what the readout sees: ``output``, or of the resonant cell also
            ``position_and_amplitude`` or ``ringing``; see ``SequenceModel``.
    """

    name: str
    cell: str
    hidden_size: int
    options: tuple[tuple[str, Any], ...] = ()
    shown: Shown = "output"

    def __post_init__(self) -> None:
        if self.cell not in CELLS:
            raise ValueError(f"cell is {self.cell!r}; choose from {', '.join(CELLS)}")
        # What the cell refuses is refused here, before anything is compiled.
        num_sequence_parameters(self, 1, 1)

    def build(self, input_size: int, num_outputs: int, *, key: jax.Array) -> SequenceModel:
        """Draw the layer and a readout, from ``input_size`` features to ``num_outputs``."""
        cell_key, readout_key = jax.random.split(key)
        cell = make_cell(
            self.cell, input_size, self.hidden_size, key=cell_key, **dict(self.options)
        )
        return SequenceModel(cell, input_size, num_outputs, key=readout_key, shown=self.shown)


@checked
def num_sequence_parameters(
    architecture: SequenceArchitecture, input_size: int, num_outputs: int
) -> int:
    """Count what training may change; a zero diagonal does not count, and nothing is drawn.

    Args:
        architecture: of the network.
        input_size: features of a sample.
        num_outputs: outputs at every step.
    """

    def start_values() -> tuple[SequenceModel, PyTree]:
        model = architecture.build(input_size, num_outputs, key=jax.random.key(0))
        return model, eqx.filter(model, trainable(model))

    model, trained = eqx.filter_eval_shape(start_values)
    return sum(x.size for x in jax.tree.leaves(trained)) - model.cell.num_constrained()


@checked
def nearest_in_size(
    make: Callable[[int], AnyArchitecture], num_parameters: int, input_size: int, num_outputs: int
) -> AnyArchitecture:
    """Return the network whose number of parameters is nearest to ``num_parameters``.

    Of two as near as one another it is the smaller one.

    Args:
        make: architecture from the number of its nodes, 1 or more; more nodes have more
            parameters.
        num_parameters: what is aimed at, at least 1.
        input_size: components of one input sample.
        num_outputs: classes or values at every step.

    Raises:
        ValueError: for a number of parameters below 1.
    """
    if num_parameters < 1:
        raise ValueError(f"num_parameters is {num_parameters}; it must be at least 1")

    def count(hidden_size: int) -> int:
        return num_sequence_parameters(make(hidden_size), input_size, num_outputs)

    size = 1
    while count(size + 1) <= num_parameters:
        size += 1
    below, above = count(size), count(size + 1)
    nearer_above = above - num_parameters < num_parameters - below
    return make(size + 1 if nearer_above else size)
