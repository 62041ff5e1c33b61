"""Layers whose nodes do not see each other: each swings alone under what drives it.

Source: the split of a linear state-space layer into maps and a recurrence without them: Smith,
Warrington and Linderman, ICLR 2023, arXiv:2208.04933; Rusch and Rus, ICLR 2025, arXiv:2410.03943.
"""

from abc import abstractmethod
from typing import Any, TypeVar

import jax

from rhythmic.cells.interface import AbstractCell, along_nodes
from rhythmic.typing import InputArray, NodeArray, PyTree

State = TypeVar("State")
Motion = tuple[NodeArray, NodeArray]


class AbstractFreeCell(AbstractCell[State]):
    """A linear layer of free nodes: ``m_t = advance(c, m_{t-1}, d_t)``, ``d_t`` a map of ``u_t``.

    The motion ``m`` is two numbers a row, and ``advance`` acts on each row alone, linear in ``m``
    and ``d``. What stands on either side, the map of the input and what the layer shows of a state,
    knows nothing of time: over a whole sequence it is one product, and the motion between them
    takes the way through time that suits the device; see ``rhythmic.fast.free``.
    """

    @abstractmethod
    def constants(self) -> PyTree:
        """Return ``c``, what ``advance`` knows of each row, arrays ``(row,)``."""

    @abstractmethod
    def drive(self, inputs: InputArray) -> NodeArray:
        """Return ``d_t`` of each row, ``(row, *batch)``; ``inputs`` are ``(feature, *batch)``."""

    @staticmethod
    @abstractmethod
    def advance(constants: Any, motion: Motion, drive: NodeArray) -> Motion:
        """Return the motion one step after ``motion``, row by row.

        Args:
            constants: those of ``constants()``, each ``(row, *batch)``, or with axes of length 1.
            motion: two arrays ``(row, *batch)``.
            drive: ``(row, *batch)``.
        """

    @abstractmethod
    def motion(self, state: State) -> Motion:
        """Return what of a ``state`` moves."""

    @abstractmethod
    def state(self, motion: Motion, inputs: InputArray) -> State:
        """Return the state of this ``motion`` after a sample of ``inputs``."""

    def step(self, state: State, inputs: InputArray) -> State:
        """Advance one sample of the input, ``(feature, *batch)``."""
        before = self.motion(state)
        constants = jax.tree.map(lambda c: along_nodes(c, before[0]), self.constants())
        return self.state(self.advance(constants, before, self.drive(inputs)), inputs)
