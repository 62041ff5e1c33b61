"""Nodes of any cell, switched on and off by a square wave from outside.

Source: Yan et al., Nature Communications 16 (2025), "Efficient and robust temporal processing with
neural oscillations modulated spiking neural networks" (Rhythm-SNN).
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells.bounded import NodeValues, node_values
from rhythmic.cells.interface import AbstractCell, along_nodes
from rhythmic.cells.options import PerNode, between, is_traced, per_node
from rhythmic.typing import Array, Bool, Float, InputArray, NodeArray, PyTree

# Samples by which every wave is ahead, so that rounding moves no switch to the next sample.
_AHEAD = 1e-3


class GatedState(NamedTuple):
    """State of the cell inside, and the samples so far, ``(1, *batch)``."""

    inner: PyTree
    elapsed: Float[Array, "1 *batch"]


@checked
class GatedCell(AbstractCell[GatedState]):
    """A cell whose nodes take part while a square wave is on, and else hold their state.

    Node ``k`` is on at sample ``t = 0, 1, ...`` where ``(t + phase_k period_k) mod period_k`` is
    below ``(1 - off_k) period_k``, or below 1: in every period at least once. An off node keeps its
    state, and so passes gradients on unchanged; nodes that spike are silent meanwhile. What it last
    showed goes on being seen, by the other nodes too. The wave is fixed. Where it would switch
    up to 0.001 of a sample after one, it does so at that one.

    Source: Yan et al., Nature Communications 16 (2025), there for spiking nodes.
    """

    cell: AbstractCell
    period: NodeValues
    on_time: NodeValues
    shift: NodeValues
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(
        self,
        cell: AbstractCell,
        *,
        period: PerNode = 10.0,
        off_fraction: PerNode = 0.5,
        phase: PerNode | None = None,
    ):
        """Wrap a cell.

        Args:
            cell: whose nodes are switched.
            period: of the square wave in samples, at least 1, a number or one value per node; for a
                wave of ``f`` Hz ``Fs / f``.
            off_fraction: fraction of a period in which a node is off, from 0 to below 1 (one minus
                the duty cycle), a number or one value per node.
            phase: where in its period a node starts, from 0 to below 1, a number or one value per
                node. By default ``k / n`` of node ``k`` of ``n``: at any time as many are on.

        Raises:
            ValueError: for a value outside its range.
        """
        size = cell.hidden_size
        phase = np.arange(size) / size if phase is None else phase
        period = between("period", per_node("period", period, size), 1.0, np.inf, with_low=True)
        off = per_node("off_fraction", off_fraction, size)
        off = between("off_fraction", off, 0.0, 1.0, with_low=True)
        start = between("phase", per_node("phase", phase, size), 0.0, 1.0, with_low=True)
        namespace = jnp if is_traced(period, off) else np
        on_time = namespace.maximum((1 - off) * period, 1.0)
        shift = period * start + _AHEAD
        if is_traced(period, off, start):
            cell = _unless_nan(cell, on_time + shift)
        self.cell = cell
        self.period, self.on_time, self.shift = (
            node_values(name, values, 0.0, np.inf, "fixed")
            for name, values in (("period", period), ("on", on_time), ("shift", shift))
        )
        self.input_size, self.hidden_size = cell.input_size, size

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> GatedState:
        """Return the cell at rest, no sample taken."""
        inner = self.cell.initial_state(batch_shape)
        dtype = self.cell.output(inner).dtype
        return GatedState(inner, jnp.zeros((1, *batch_shape), dtype))

    def step(self, state: GatedState, inputs: InputArray) -> GatedState:
        """Advance one sample of the input, ``(feature, *batch)``."""
        active = self.is_on(state.elapsed)
        advanced = self.cell.step(state.inner, inputs)
        return GatedState(self.cell.held(state.inner, advanced, active), state.elapsed + 1)

    def is_on(self, elapsed: Float[Array, "1 *batch"]) -> Bool[Array, "hidden *batch"]:
        """Tell which nodes the wave lets take part after so many ``elapsed`` samples."""
        period, on_time, shift = (
            along_nodes(part.values, elapsed).astype(elapsed.dtype)
            for part in (self.period, self.on_time, self.shift)
        )
        # Whole periods go first: beside millions of samples a shift would be lost.
        return ~(jnp.mod(jnp.mod(elapsed, period) + shift, period) >= on_time)

    def held(
        self, state: GatedState, advanced: GatedState, active: Bool[Array, "hidden *batch"]
    ) -> GatedState:
        """Return the ``advanced`` state of ``active`` nodes; the clock goes on for all."""
        inner = self.cell.held(state.inner, advanced.inner, active)
        return GatedState(inner, advanced.elapsed)

    def output(self, state: GatedState) -> NodeArray:
        """Return what the cell shows."""
        return self.cell.output(state.inner)

    def squared_amplitude(self, state: GatedState) -> NodeArray:
        """Return the squared amplitude of the cell's nodes."""
        return self.cell.squared_amplitude(state.inner)

    def for_feature(self, feature: str) -> "GatedCell":
        """Return the layer with the cell for that feature."""
        return self._around(self.cell.for_feature(feature))

    def resolved(self) -> "GatedCell":
        """Return the layer with the cell's rhythms computed, to be stepped."""
        return self._around(self.cell.resolved())

    def constrained(self) -> "GatedCell":
        """Return the layer with the cell's parameters put back where they may be."""
        return self._around(self.cell.constrained())

    def num_constrained(self) -> int:
        """Count the entries that the cell's constraint holds fixed."""
        return self.cell.num_constrained()

    def _around(self, cell: AbstractCell) -> "GatedCell":
        """Return the same wave around another cell."""
        return eqx.tree_at(lambda layer: layer.cell, self, cell)


def _unless_nan(cell: AbstractCell, values: Float[Array, " hidden"]) -> AbstractCell:
    """Return the cell, with NaN parameters where a traced value is: a wave alone shows none."""
    valid = jnp.where(jnp.any(jnp.isnan(values)), jnp.nan, 1.0)
    arrays, rest = eqx.partition(cell, eqx.is_inexact_array)
    return eqx.combine(jax.tree.map(lambda x: x * valid.astype(x.dtype), arrays), rest)
