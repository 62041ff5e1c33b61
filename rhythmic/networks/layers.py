"""One layer of a network: a cell, or two of opposite directions, and what stands around it.

Source: layer normalisation of Ba, Kiros and Hinton, arXiv:1607.06450; gated linear units of Dauphin
et al., arXiv:1612.08083; residual blocks around a recurrence: Orvieto et al., arXiv:2303.06349.
"""

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.cells import AbstractCell
from rhythmic.cells.free import AbstractFreeCell
from rhythmic.cells.initialization import xavier_uniform
from rhythmic.cells.interface import along_nodes, weigh
from rhythmic.fast import Method
from rhythmic.fast.free import FreeWay, observed_freely
from rhythmic.simulate import mask_from_lengths, trajectory
from rhythmic.typing import (
    Array,
    Float,
    InputArray,
    Int,
    Matrix,
    NodeArray,
    PyTree,
    Sequence,
    Vector,
)

Lengths = Int[Array, " batch"]
Stream = Float[Array, "feature time batch"]


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


@checked(least=1)
class LayerNorm(eqx.Module):
    """``scale (x - mean) / sqrt(variance + 1e-5) + shift`` over the ``size`` entries of a sample.

    Source: Ba, Kiros and Hinton, arXiv:1607.06450, equation 4.
    """

    scale: Vector
    shift: Vector

    def __init__(self, size: int):
        """Start with scale one and shift zero."""
        self.scale = jnp.ones(size)
        self.shift = jnp.zeros(size)

    def __call__(self, x: InputArray) -> InputArray:
        """Return each sample with mean zero and (biased) variance one, then scaled and shifted."""
        centred = x - jnp.mean(x, axis=0)
        variance = jnp.mean(centred**2, axis=0)
        normalised = centred * jax.lax.rsqrt(variance + 1e-5)
        return along_nodes(self.scale, x) * normalised + along_nodes(self.shift, x)


@checked
class Layer(eqx.Module):
    """``y_t = [u_t +] dropout(mix(z_t))`` with what the cell shows, ``z_t``, of normalised ``u_t``.

    ``feature`` names the method of the ``cell`` that shows its state. A plain ``mixing`` is affine,
    a ``gated`` one ``a * sigmoid(b)`` of the two halves of twice as many rows. A ``backward`` cell
    runs from the end of each sequence to its start, and is shown below the other. ``normalisation``
    is of the input, ``skip`` adds it to what comes out, ``dropout_rate`` is the fraction dropped
    in training. Each part may be absent; a bare layer is the cell and what it shows.
    """

    cell: AbstractCell
    backward: AbstractCell | None
    normalisation: LayerNorm | None
    mixing: Affine | None
    feature: str = eqx.field(static=True)
    gated: bool = eqx.field(static=True, default=False)
    skip: bool = eqx.field(static=True, default=False)
    dropout_rate: float = eqx.field(static=True, default=0.0)

    def __check_init__(self) -> None:
        if not hasattr(self.cell, self.feature):
            kind = type(self.cell).__name__
            raise ValueError(f"feature is {self.feature!r}; {kind} has no such method")

    @property
    def is_bare(self) -> bool:
        """Tell whether the layer is its cell and what that shows, nothing else."""
        around = (self.backward, self.normalisation, self.mixing)
        return not self.skip and self.dropout_rate == 0 and all(part is None for part in around)

    def __call__(
        self,
        inputs: Sequence,
        lengths: Lengths | None = None,
        *,
        method: Method = "scan",
        key: jax.Array | None = None,
    ) -> Sequence:
        """Return ``y_t`` of every step, ``(time, shown, batch)``; see ``run``."""
        return self.run(inputs, lengths, method=method, key=key)[0]

    def run(
        self,
        inputs: Sequence,
        lengths: Lengths | None = None,
        state: PyTree | None = None,
        *,
        method: Method = "scan",
        key: jax.Array | None = None,
        first: int | Int[Array, ""] = 0,
    ) -> tuple[Sequence, PyTree]:
        """Return ``y_t`` of every step, ``(time, shown, batch)``, and the cell's last state.

        Args:
            inputs: ``u_t``, ``(time, feature, batch)``, finite in the padding too.
            lengths: samples of each sequence; all of them by default.
            state: of the cell before the first; its state of rest by default.
            method: the way through time, where the cell has it, else the plain scan; see
                ``rhythmic.fast.ways``.
            key: of dropout, which is for training alone.
            first: number of the first step, where the inputs are a piece of longer ones: what a
                step drops is drawn by its number.
        """
        # Features first and time second: one product over all steps moves no axis.
        stream = jnp.moveaxis(inputs, 0, 1)
        # Of what is cheap to work out again, a gradient keeps what went in alone.
        norm = self.normalisation
        normalised = stream if norm is None else jax.checkpoint(norm.__call__)(stream)
        seen, state = observed(self.cell, self.feature, normalised, lengths, state, method)
        if self.backward is not None:
            turned = _reversed_in_time(normalised, lengths)
            back, _ = observed(self.backward, self.feature, turned, lengths, method=method)
            seen = jnp.concatenate([seen, _reversed_in_time(back, lengths)])
        shown = self._around(seen, stream, key=key, first=first)
        return jnp.moveaxis(shown, 0, 1), state

    def step(self, state: PyTree, inputs: InputArray) -> tuple[PyTree, NodeArray]:
        """Return the ``state`` after one sample ``u_t`` of ``inputs``, and ``y_t``."""
        normalised = inputs if self.normalisation is None else self.normalisation(inputs)
        cell = self.cell.resolved()
        state = cell.step(state, normalised)
        return state, self._around(getattr(cell, self.feature)(state), inputs)

    def _around(
        self,
        seen: NodeArray,
        inputs: NodeArray,
        *,
        key: jax.Array | None = None,
        first: int | Int[Array, ""] = 0,
    ) -> NodeArray:
        """Return what is ``seen``, mixed and beside its input; dropped at random with a ``key``."""
        mixed = self._mixed(seen)
        if key is not None and self.dropout_rate > 0:
            keep = 1.0 - self.dropout_rate
            keys = jax.vmap(jax.random.fold_in, (None, 0))(key, first + jnp.arange(mixed.shape[1]))
            shape = (mixed.shape[0], *mixed.shape[2:])
            kept = jax.vmap(lambda own: jax.random.bernoulli(own, keep, shape), out_axes=1)(keys)
            mixed = jnp.where(kept, mixed / keep, 0.0)
        return mixed + inputs if self.skip else mixed

    def _mixed(self, seen: NodeArray) -> NodeArray:
        """Return ``mix(z_t)``."""
        if self.mixing is None:
            return seen
        mixed = self.mixing(seen)
        if not self.gated:
            return mixed
        return jax.checkpoint(_gated)(mixed)


def observed(
    cell: AbstractCell,
    feature: str,
    inputs: Stream,
    lengths: Lengths | None,
    state: PyTree | None = None,
    method: Method = "scan",
) -> tuple[Stream, PyTree]:
    """Return what a cell shows after every step, held from the end of each sequence on.

    Beside it the state after the last sample. Free nodes take the ways ``adjoint`` and
    ``parallel``, all others the scan.
    """
    cell = cell.resolved()
    if isinstance(cell, AbstractFreeCell) and method in ("adjoint", "parallel"):
        way: FreeWay = "adjoint" if method == "adjoint" else "parallel"
        state = cell.initial_state(inputs.shape[2:]) if state is None else state
        return observed_freely(way, cell, feature, inputs, lengths, state)
    mask = None if lengths is None else mask_from_lengths(lengths, inputs.shape[1])
    moved, observe = jnp.moveaxis(inputs, 0, 1), getattr(cell, feature)
    found = trajectory(cell, moved, observe=observe, mask=mask, initial_state=state)
    return jnp.moveaxis(found.observed, 0, 1), found.final_state


def _gated(mixed: NodeArray) -> NodeArray:
    """Return ``a * sigmoid(b)`` of the two halves of the rows."""
    values, gates = jnp.split(mixed, 2)
    return values * jax.nn.sigmoid(gates)


def _reversed_in_time(inputs: Stream, lengths: Lengths | None) -> Stream:
    """Return every sequence from its last sample to its first; padding stays where it is."""
    if lengths is None:
        return inputs[:, ::-1]
    step = jnp.arange(inputs.shape[1])[:, None]
    place = jnp.where(step < lengths, lengths - 1 - step, step)
    return jnp.take_along_axis(inputs, place[None], axis=1)
