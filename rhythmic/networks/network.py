"""A network: an optional encoder, layers, a pooling over time, a readout; callable on recordings.

At this door one sequence is ``(time, channel)`` and many are ``(batch, time, channel)``; inside, as
in cells, nodes come first and the batch last.

Source: lecture, "What is the RNN model?", "RRN output layer activity" and "Rhythmic RNN in
practice".
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells import AbstractCell, FixedParameters, trainable
from rhythmic.cells.interface import num_constrained
from rhythmic.checks import checked_choice, shown
from rhythmic.fast import Method, Way, fastest_way, time_mean_by, ways_of
from rhythmic.fast.ways import GPU_PLATFORMS
from rhythmic.networks.layers import Affine, Layer, Lengths
from rhythmic.networks.pieces import fastest_of_stack, features_by_pieces, ways_of_stack
from rhythmic.networks.readouts import AbstractReadout, RunningStatistics
from rhythmic.simulate import mask_from_lengths, time_mean
from rhythmic.typing import Array, Float, Int, PyTree, Sequence

Pooling = Literal["mean", "last", "every"]
"""How steps become what is read out: their mean, the last one, or every one by itself."""


@checked
class ChannelScaling(FixedParameters):
    """Mean and standard deviation of each channel, or output, in its own unit; never trained."""

    mean: Float[Array, " channel"]
    deviation: Float[Array, " channel"]


class NetworkState(NamedTuple):
    """What a network carries from a sample to the next.

    ``layers`` are the states of the cells, ``mean`` what was shown so far on average, of shape
    ``(hidden, *batch)`` (of a network that reads means), ``num_steps`` the samples so far, ``()``.
    """

    layers: tuple[PyTree, ...]
    mean: Array | None
    num_steps: Array


@checked
class Network(eqx.Module):
    """``o = readout(pool_t(layer_L(... layer_1(encode(u_t)))))``; see ``NetworkSpec``.

    ``encoder``, ``layers``, ``pooling`` and ``readout`` are its parts, ``input_size`` and
    ``num_outputs`` the channels of a sample and the classes or values of an answer.

    ``statistics`` are the running ones of the readout's normalisation. With ``input_scaling`` the
    inputs are standardised first, with ``output_scaling`` outputs are given in their own unit.
    ``origin`` is what the network was built from, ``classes`` are the labels of its outputs, in
    order, once it is trained on such; ``save`` writes both down.
    """

    encoder: Affine | None
    layers: tuple[Layer, ...]
    readout: AbstractReadout
    statistics: RunningStatistics
    input_scaling: ChannelScaling | None
    output_scaling: ChannelScaling | None
    pooling: Pooling = eqx.field(static=True)
    input_size: int = eqx.field(static=True)
    num_outputs: int = eqx.field(static=True)
    origin: Any = eqx.field(static=True, default=None)
    classes: tuple[Any, ...] = eqx.field(static=True, default=())

    def __check_init__(self) -> None:
        checked_choice("pooling", self.pooling, Pooling)

    def __call__(self, inputs: Any, lengths: Any = None) -> Float[Array, "..."]:
        """Return logits or values.

        Args:
            inputs: ``(time, channel)`` or ``(batch, time, channel)``; bytes are read as 0 to 1.
            lengths: samples of the sequence, or of each; what stands behind them changes no bit.
                All samples by default.

        Returns:
            ``(output,)`` of one sequence, ``(batch, output)`` of many; of a network that answers at
            every step ``(time, output)`` or ``(batch, time, output)``, 0 behind the end.

        Raises:
            ValueError: for shapes that do not fit the network, or a known length out of range.
        """
        values = self._entering(inputs)
        single = values.ndim == 2
        sequences = jnp.moveaxis(values[None] if single else values, 0, -1)
        counts = _checked_lengths(lengths, sequences.shape[0], sequences.shape[2], single)
        answers = self.answer(self.features(sequences, counts))
        if self.pooling == "every" and counts is not None:
            inside = mask_from_lengths(counts, sequences.shape[0])
            answers = jnp.where(inside[:, None], answers, 0)
        if counts is not None:
            known = (counts >= 1) & (counts <= sequences.shape[0])
            answers = jnp.where(known, answers, jnp.nan)
        answers = jnp.moveaxis(answers, -1, 0)
        return answers[0] if single else answers

    def features(
        self,
        inputs: Sequence,
        lengths: Lengths | None = None,
        *,
        method: Method = "scan",
        key: jax.Array | None = None,
    ) -> Float[Array, "*time hidden batch"]:
        """Return what the readout gets: the pooled features, or those of every step.

        Args:
            inputs: ``(time, channel, batch)``.
            lengths: samples of each sequence; all of them by default.
            method: ``scan``, the plain scan, with derivatives of every mode and order;
                ``fastest``: the same values and gradients in reverse mode by the fastest way that
                the cell has on the platform that the program is lowered for; or one of those
                ways, see ``rhythmic.fast.ways``.
            key: of the layers' dropout, for training alone.

        Returns:
            ``(hidden, batch)``, or ``(time, hidden, batch)``.

        Raises:
            ValueError: for shapes that do not fit the network, or an unknown method.
        """
        checked_choice("method", method, Method)
        if method not in ("fastest", "scan") and method not in self.ways:
            known = ", ".join(map(repr, self.ways))
            raise ValueError(f"method is {method!r}; for this network it must be one of {known}")
        if method != "fastest" or self._has_mean_of_cell():
            return self._features_by(method, inputs, lengths, key=key)
        arrays, rest = eqx.partition((self, inputs, lengths, key), eqx.is_array)

        def by(way: Way) -> Callable[[PyTree], Array]:
            def run(arrays: PyTree) -> Array:
                network, inputs, lengths, key = eqx.combine(arrays, rest)
                return network._features_by(way, inputs, lengths, key=key)

            return run

        ways = {name: by(self.fastest_way(name)) for name in ("cpu", *GPU_PLATFORMS)}
        return jax.lax.platform_dependent(arrays, default=by("scan"), **ways)

    def _features_by(
        self, method: Method, inputs: Sequence, lengths: Lengths | None, *, key: jax.Array | None
    ) -> Float[Array, "*time hidden batch"]:
        """Return the features by one way; ``fastest`` is left to the mean of the last cell."""
        if method == "pieces":
            return features_by_pieces(self, inputs, lengths, key=key)
        stream = self.encode(inputs, lengths)
        keys = [None] * len(self.layers) if key is None else jax.random.split(key, len(self.layers))
        for layer, own in zip(self.layers[:-1], keys, strict=False):
            stream = layer(stream, lengths, method=method, key=own)
        seen = stream
        if self.layers:
            last = self.layers[-1]
            if last.is_bare and self.pooling != "every":
                return self._pooled_on_the_fly(last, stream, lengths, method)
            seen = last(stream, lengths, method=method, key=keys[-1])
        if self.pooling == "every":
            return seen
        if self.pooling == "last":
            return seen[-1] if lengths is None else _at(seen, lengths - 1)
        if lengths is None:
            return jnp.mean(seen, axis=0)
        counted = mask_from_lengths(lengths, len(seen))[:, None]
        return jnp.sum(jnp.where(counted, seen, 0), axis=0) / lengths

    def continued(
        self,
        inputs: Sequence,
        lengths: Lengths | None,
        states: tuple[PyTree, ...],
        *,
        method: Method = "scan",
        key: jax.Array | None = None,
        first: int | Int[Array, ""] = 0,
    ) -> tuple[Float[Array, "time hidden batch"], tuple[PyTree, ...]]:
        """Return the features of every step of a piece, and the states of the cells after it.

        Args:
            inputs: ``(time, channel, batch)``.
            lengths: samples of each sequence in this piece, 0 of one that has ended.
            states: of the cells before it, as in ``initial_state``.
            method: the way through time, as of ``features``; one piece is taken by ``pieces`` as
                by ``adjoint``.
            key: of the layers' dropout, for training alone.
            first: number of the piece's first step, from which dropout is drawn.

        Raises:
            ValueError: for a bidirectional network.
        """
        self._check_streams()
        method = "adjoint" if method == "pieces" else method
        stream, after = self.encode(inputs, lengths), []
        keys = [None] * len(self.layers) if key is None else jax.random.split(key, len(self.layers))
        for layer, state, own in zip(self.layers, states, keys, strict=True):
            stream, state = layer.run(stream, lengths, state, method=method, key=own, first=first)
            after.append(state)
        return stream, tuple(after)

    def encode(self, inputs: Sequence, lengths: Lengths | None = None) -> Sequence:
        """Return what the first layer gets: inputs ``(time, channel, batch)``, scaled and encoded.

        Padding, behind ``lengths``, is zero.
        """
        inputs = inputs.astype(self.dtype)
        if self.input_scaling is not None:
            mean, deviation = jax.lax.stop_gradient(
                (self.input_scaling.mean[:, None], self.input_scaling.deviation[:, None])
            )
            inputs = (inputs - mean) / deviation
        if lengths is not None:
            inside = mask_from_lengths(lengths, inputs.shape[0])[:, None]
            inputs = jnp.where(inside, inputs, 0)
        return inputs if self.encoder is None else jax.vmap(self.encoder)(inputs)

    def answer(self, features: Float[Array, "*time hidden batch"]) -> Float[Array, "..."]:
        """Return logits or values from ``features``, as the method of that name returns them.

        The shape is ``(output, batch)``, or ``(time, output, batch)``.
        """
        return self.in_own_unit(self.read_out(features))

    def read_out(self, features: Float[Array, "*time hidden batch"]) -> Float[Array, "..."]:
        """Return what the readout makes of ``features``, by the running statistics.

        The shape is ``(output, batch)``, or ``(time, output, batch)``.
        """
        statistics = jax.lax.stop_gradient(self.statistics)
        if features.ndim == 2:
            return self.readout.predict(features, statistics)
        return jax.vmap(self.readout.predict, (0, None))(features, statistics)

    def in_own_unit(self, outputs: Float[Array, "*time output batch"]) -> Float[Array, "..."]:
        """Return standardised ``outputs`` in their own unit, in their shape ``(..., batch)``."""
        if self.output_scaling is None:
            return outputs
        scaling = jax.lax.stop_gradient(self.output_scaling)
        return outputs * scaling.deviation[:, None] + scaling.mean[:, None]

    def with_scalings(self, num_inputs: int | None, num_outputs: int | None) -> "Network":
        """Return the network with scalings of mean 0 and deviation 1, to be filled in.

        Args:
            num_inputs: channels that are scaled; None for no scaling.
            num_outputs: outputs that are scaled; None for no scaling.
        """

        def plain(number: int | None) -> ChannelScaling | None:
            if number is None:
                return None
            return ChannelScaling(jnp.zeros(number, self.dtype), jnp.ones(number, self.dtype))

        return dataclasses.replace(
            self, input_scaling=plain(num_inputs), output_scaling=plain(num_outputs)
        )

    def initial_state(self, batch_size: int | None = None) -> NetworkState:
        """Return the state before the first sample, of one sequence or of ``batch_size``.

        Raises:
            ValueError: for a bidirectional network, which needs whole sequences.
        """
        self._check_streams()
        batch = () if batch_size is None else (batch_size,)
        layers = tuple(layer.cell.initial_state(batch) for layer in self.layers)
        mean = None
        if self.pooling == "mean":
            shown = eqx.filter_eval_shape(self._advanced, layers, self._silence(batch))[1]
            mean = jnp.zeros(shown.shape, shown.dtype)
        return NetworkState(layers, mean, jnp.zeros((), int))

    def step(self, state: NetworkState, sample: Any) -> tuple[NetworkState, Float[Array, "..."]]:
        """Return the state after one sample, and the network's answer by then.

        After the last sample of a sequence the answer is that to the whole sequence.

        Args:
            state: from ``initial_state`` or the step before.
            sample: ``(channel,)``, or ``(batch, channel)`` for the state of a batch.

        Returns:
            The state, and the output ``(output,)`` or ``(batch, output)``.

        Raises:
            ValueError: for a bidirectional network, or a sample of another shape.
        """
        self._check_streams()
        values = jnp.asarray(sample)
        held = jax.tree.leaves((state.layers, state.mean))
        batch = held[0].shape[1:] if held else np.shape(sample)[:-1]
        expected = (*batch, self.input_size)
        if values.shape != expected:
            raise ValueError(f"sample has shape {values.shape}; it must have shape {expected}")
        if values.dtype == jnp.uint8:
            values = values / 255
        inputs = jnp.moveaxis(values.astype(self.dtype), -1, 0)
        layers, seen = self._advanced(state.layers, inputs)
        num_steps = state.num_steps + 1
        mean = None if state.mean is None else state.mean + (seen - state.mean) / num_steps
        read = seen if mean is None else mean
        answers = self.answer(read[:, None] if not batch else read)
        answers = jnp.moveaxis(answers, -1, 0)
        return NetworkState(layers, mean, num_steps), answers if batch else answers[0]

    def num_parameters(self) -> int:
        """Count the numbers that training may change; a diagonal held at zero counts none."""
        marked = eqx.filter(self, trainable(self))
        return sum(x.size for x in jax.tree.leaves(marked)) - num_constrained(self)

    @property
    def cell(self) -> AbstractCell:
        """The cell of the first layer."""
        return self.layers[0].cell

    @property
    def sole_cell(self) -> AbstractCell | None:
        """The cell where the network is it, its mean or last feature, and a readout; else None."""
        single = len(self.layers) == 1 and self.pooling != "every"
        bare = single and self.layers[0].is_bare
        plain = self.encoder is None and self.input_scaling is None
        return self.cell if bare and plain else None

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways through time that need nothing but the network, see ``rhythmic.fast.ways``."""
        if self._has_mean_of_cell():
            last = self.layers[-1]
            return ways_of(last.cell.resolved(), last.feature)
        return ways_of_stack(self.layers)

    def fastest_way(self, platform: str) -> Way:
        """Return the fastest of ``ways`` on a platform, as far as it has been measured.

        Args:
            platform: that a program is lowered for, see ``rhythmic.fast.platform_of``.
        """
        if self._has_mean_of_cell():
            last = self.layers[-1]
            return fastest_way(last.cell.resolved(), last.feature, platform)
        return fastest_of_stack(self.layers, platform)

    def _has_mean_of_cell(self) -> bool:
        """Tell whether the mean of what the last cell shows is read out, nothing between."""
        return bool(self.layers) and self.layers[-1].is_bare and self.pooling == "mean"

    @property
    def feature(self) -> str:
        """What the last layer's cell shows."""
        return self.layers[-1].feature

    @property
    def dtype(self) -> np.dtype:
        """The floating-point type that the network computes in."""
        return jax.tree.leaves(eqx.filter(self.readout, eqx.is_inexact_array))[0].dtype

    def _entering(self, inputs: Any) -> Array:
        """Return the inputs as an array of the network's type, or raise the ValueError."""
        try:
            values = jnp.asarray(inputs)
        except (TypeError, ValueError):
            raise ValueError(f"inputs is {shown(inputs)}; it must hold numbers") from None
        if values.ndim not in (2, 3) or values.shape[-1] != self.input_size or 0 in values.shape:
            size = self.input_size
            raise ValueError(
                f"inputs has shape {values.shape}; it must be (time, {size}) or "
                f"(batch, time, {size}), none of them 0"
            )
        if values.dtype == jnp.uint8:
            return values.astype(self.dtype) / 255
        return values.astype(self.dtype)

    def _pooled_on_the_fly(
        self, layer: Layer, stream: Sequence, lengths: Lengths | None, method: Method
    ) -> Array:
        """Return the pooled features of a bare layer, without those of every step."""
        cell = layer.cell.resolved()
        observe = getattr(cell, layer.feature)
        mask = None if lengths is None else mask_from_lengths(lengths, stream.shape[0])
        if self.pooling == "last":
            return observe(time_mean(cell, stream, observe=lambda _: (), mask=mask).final_state)
        return time_mean_by(method, cell, layer.feature, stream, lengths)

    def _advanced(self, states: tuple[PyTree, ...], sample: Array) -> tuple[tuple, Array]:
        """Return the states of the cells after one sample, and what the last layer shows."""
        batched = sample if sample.ndim == 2 else sample[:, None]
        stream = self.encode(batched[None])[0]
        stream = stream if sample.ndim == 2 else stream[:, 0]
        after = []
        for layer, state in zip(self.layers, states, strict=True):
            state, stream = layer.step(state, stream)
            after.append(state)
        return tuple(after), stream

    def _silence(self, batch: tuple[int, ...]) -> Array:
        return jnp.zeros((self.input_size, *batch), self.dtype)

    def _check_streams(self) -> None:
        if any(layer.backward is not None for layer in self.layers):
            raise ValueError(
                "bidirectional is True; it must be False for a network to take single samples: "
                "this one reads whole sequences from both ends"
            )


def _at(seen: Sequence, step: Lengths) -> Array:
    """Return what each sequence shows at a step of its own."""
    return jnp.take_along_axis(seen, step[None, None], axis=0)[0]


def _checked_lengths(lengths: Any, num_steps: int, batch: int, single: bool) -> Lengths | None:
    """Return the lengths of the sequences, one each; known ones out of range are refused."""
    if lengths is None:
        return None
    counts = jnp.asarray(lengths)
    shape = () if single else (batch,)
    if counts.shape != shape or not jnp.issubdtype(counts.dtype, jnp.integer):
        raise ValueError(
            f"lengths is {shown(lengths)}; it must be integers of shape {shape}, one per sequence"
        )
    if not isinstance(counts, jax.core.Tracer):
        outside = np.asarray((counts < 1) | (counts > num_steps))
        if outside.any():
            first = np.asarray(counts)[outside].flat[0]
            raise ValueError(f"lengths holds {first}; it must be 1 to {num_steps}")
    return counts[None] if single else counts
