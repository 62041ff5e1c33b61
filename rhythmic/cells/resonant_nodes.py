"""The rhythms of a resonant layer: two weights and the constants of the amplitude for each node.

Source: lecture, "Rhythmic RNN" and "Rhythmic RNN in practice"; M. A. Kramer, arXiv:2506.17083. That
training may move the rhythms is the project's own.
"""

from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells.bounded import bounded, raw_of
from rhythmic.cells.interface import FixedParameters, along_nodes
from rhythmic.cells.options import (
    Number,
    between,
    check_choice,
    check_known,
    is_traced,
    number,
    numbers,
)
from rhythmic.theory import oscillator_from_weights, weights_from_poles
from rhythmic.theory.precision import largest_radius, lowest_computed_cycles, lowest_frequency
from rhythmic.typing import AnyArray, Float, NodeArray, Vector

Poles = Literal["complex", "double", "real"]

# Decay of a trained node in one step, -ln r, kept between these: the published one is 1e-5.
DECAY_RANGE = (1e-6, 0.5)


class ResonantState(NamedTuple):
    """``position`` is ``x_t``, ``previous`` the one before, each ``(hidden, *batch)``."""

    position: NodeArray
    previous: NodeArray


class NodeConstants(eqx.Module):
    """The rhythms of a resonant layer, one entry per node.

    ``w1`` and ``w2`` are the weights of ``h_t = w1 h_{t-1} + w2 h_{t-2}``. ``velocity_scale``
    (``Fs / omega``) and ``damping_ratio`` (``beta / omega``) turn two successive positions into
    the amplitude of the oscillation; both are dimensionless.
    """

    w1: Vector
    w2: Vector
    velocity_scale: Vector
    damping_ratio: Vector

    def free_step(self, state: ResonantState, drive: NodeArray) -> NodeArray:
        """Return ``drive + w1 x_{t-1} + w2 x_{t-2}`` from ``state``, without the other nodes."""
        w1, w2 = along_nodes(self.w1, state.position), along_nodes(self.w2, state.position)
        return drive + w1 * state.position + w2 * state.previous

    def quadrature(self, state: ResonantState) -> NodeArray:
        """Return ``(v_t + beta x_t) / omega`` with the velocity ``v_t = (x_t - x_{t-1}) Fs``."""
        # The difference is taken before it is scaled: close positions subtract without rounding.
        difference = state.position - state.previous
        quadrature = along_nodes(self.velocity_scale, difference) * difference
        return quadrature + along_nodes(self.damping_ratio, difference) * state.position

    def squared_amplitude(self, state: ResonantState) -> NodeArray:
        """Return ``A_t^2 = x_t^2 + ((v_t + beta x_t) / omega)^2 + 1e-12``."""
        return state.position**2 + self.quadrature(state) ** 2 + 1e-12


@checked
class ResonantNodes(NodeConstants, FixedParameters):
    """Constants that are fixed: the rhythms of the published network.

    ``w1``, ``w2``, ``velocity_scale`` and ``damping_ratio`` are those of ``NodeConstants``.
    """


@checked
class DerivedNodes(NodeConstants, FixedParameters):
    """Constants that follow from what is differentiated, whose gradient passes through them.

    Such as trained rhythms, or options of a cell that are traced; not trained themselves. ``w1``,
    ``w2``, ``velocity_scale`` and ``damping_ratio`` are those of ``NodeConstants``.
    """

    @classmethod
    def of(cls, nodes: NodeConstants) -> "DerivedNodes":
        """Return the same constants as ``nodes``, with their gradient."""
        return cls(nodes.w1, nodes.w2, nodes.velocity_scale, nodes.damping_ratio)


@checked
def resonant_nodes(
    frequencies: Float[AnyArray, " hidden"],
    *,
    sample_rate: Number = 1000.0,
    pole_radius: float | Float[AnyArray, "*hidden"] = 0.99999,
    poles: Poles = "complex",
    dtype: Any = None,
) -> ResonantNodes:
    """Compute the constants of nodes that ring at ``frequencies``.

    ``w1 = 2 r cos(2 pi f / Fs)``, ``w2 = -r^2``; ``omega`` and ``beta`` come from the inverse
    backward-difference map, as in Kramer, arXiv:2506.17083. At a pole radius near one that map
    gives a negative ``beta`` and an ``omega`` below ``2 pi f``; the published network uses these
    values, and so does this one.

    With real ``poles`` the same equation does not oscillate, whatever else stays the same:
    ``double``: both at ``r``, the envelope of the rhythm without its turning
    (``w1 = 2 r``, ``w2 = -r^2``). All nodes are then alike, and near ``r = 1`` float32 splits the
    pair by up to 3e-4. ``real``: one at ``r``, the other at ``exp(-2 pi f / Fs)``, which decays
    within a radian of the rhythm.

    NumPy frequencies are computed in float64 and then cast, since ``1 - r`` is as small as
    float32 resolves; JAX arrays keep their dtype and may be traced. A cast to float32 rounds away
    rhythms below about 0.5 Hz at 1000 steps a second (``rhythmic.theory.precision``), and decays
    slower than that of r = 0.99999992 (that one is kept to 20 %, 1 - 1e-6 to 1.5 %).

    Args:
        frequencies: node frequencies in Hz, ``(hidden,)``, each between 0 and ``Fs / 2``.
        sample_rate: ``Fs`` in Hz, above 0 and finite.
        pole_radius: modulus ``r`` of the poles, between 0 and 1, dimensionless, one for all or one
            a node. Arrays of JAX are not checked.
        poles: ``complex``, ``double`` or ``real``.
        dtype: that known constants are cast to; by default JAX's own.

    Raises:
        ValueError: for unknown poles, a known sample rate or pole radius out of range, or for
            known rhythms and decays that ``dtype`` does not hold. JAX frequencies that are too low
            for their own precision give NaN.
    """
    if not is_traced(sample_rate):
        checked_rate(sample_rate)
    if not isinstance(pole_radius, jax.Array):
        between("pole_radius", numbers(pole_radius), 0.0, 1.0)
    dt = 1.0 / sample_rate
    dtype = jnp.zeros(()).dtype if dtype is None else dtype
    if not isinstance(frequencies, jax.Array) and not is_traced(pole_radius, sample_rate):
        _check_held(np.asarray(frequencies), pole_radius, float(sample_rate), poles, dtype)
    w1, w2 = _pole_weights(frequencies, pole_radius, dt, poles)
    angular_frequency, damping = oscillator_from_weights(w1, w2, dt)
    constants = (w1, w2, sample_rate / angular_frequency, damping / angular_frequency)
    return ResonantNodes(
        *(x if isinstance(x, jax.Array) else jnp.asarray(x, dtype) for x in constants)
    )


def _check_held(
    frequencies: Float[np.ndarray, " hidden"],
    pole_radius: float | Float[AnyArray, "*hidden"],
    sample_rate: float,
    poles: Poles,
    dtype: Any,
) -> None:
    """Raise a ValueError for a rhythm or a decay that rounding to ``dtype`` would change."""
    radius, name = np.asarray(pole_radius, np.float64), jnp.dtype(dtype).name
    remedy = "compute in float64 (jax.enable_x64)"
    lost = (radius > largest_radius(dtype)) & (radius < 1)
    if np.any(lost):
        raise ValueError(
            f"pole_radius is {radius[lost].flat[0]:.10g}; it must be at most "
            f"{largest_radius(dtype):.10g}, as {name} holds no slower decay to 20 %: {remedy}"
        )
    if poles == "double":
        return
    lowest = np.broadcast_to(lowest_frequency(radius, 1 / sample_rate, dtype), frequencies.shape)
    lost = (frequencies > 0) & (frequencies < lowest)
    if np.any(lost):
        raise ValueError(
            f"frequencies holds {frequencies[lost][0]:g}; each must be at least "
            f"{lowest[lost][0]:.6g} Hz, as {name} holds no slower rhythm to 1.2 % at "
            f"{sample_rate:g} samples a second: {remedy}, or take a lower sample rate"
        )


def checked_frequencies(
    frequencies: Float[AnyArray, " hidden"], sample_rate: Number, share: int
) -> Float[AnyArray, " hidden"]:
    """Return frequencies between 0 and ``sample_rate / share``, float64 unless traced.

    Raises:
        ValueError: for another shape than ``(hidden,)``, or known values out of range.
    """
    values = numbers(frequencies)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"frequencies has shape {values.shape}; expected (hidden,)")
    return between(
        "frequencies", values, 0.0, sample_rate / share, unit=f" Hz, sample_rate / {share}"
    )


def checked_rate(sample_rate: Number) -> Number:
    """Return the sample rate; raise a ValueError, or give NaN, where it is no rate."""
    allowed = "be above 0 and finite (Hz)"
    return number("sample_rate", sample_rate, lambda fs: (fs > 0) & (fs < np.inf), allowed)


def checked_radius(pole_radius: Number) -> Number:
    """Return the pole radius; raise a ValueError, or give NaN, where it is not in (0, 1)."""
    return number("pole_radius", pole_radius, lambda r: (r > 0) & (r < 1), "lie between 0 and 1")


def _pole_weights(
    frequencies: Float[AnyArray, " hidden"],
    pole_radius: float | Float[AnyArray, "*hidden"],
    dt: Number,
    poles: Poles,
) -> tuple[AnyArray, AnyArray]:
    """Return ``w1`` and ``w2`` for the poles that ``resonant_nodes`` describes.

    Raises:
        ValueError: for unknown poles.
    """
    if poles == "complex":
        return weights_from_poles(frequencies, pole_radius, dt)
    check_choice("poles", poles, Poles)
    traced = isinstance(frequencies, jax.Array) or is_traced(pole_radius, dt)
    xp: Any = jnp if traced else np
    first = pole_radius * xp.ones_like(frequencies)
    second = first if poles == "double" else xp.exp(-2 * np.pi * frequencies * dt)
    return first + second, -first * second


@checked
class LearnedRhythms(eqx.Module):
    """Rhythms that training moves: frequency and decay of each node, bounded by construction.

    ``f = sigmoid(raw_frequency) F`` and ``r = exp(-d)`` with ``ln d`` between the logarithms of
    1e-6 and 0.5: every node rings, and none grows. Both raw values have no unit. ``F`` is
    ``Fs / 4`` where all nodes start below it, as those of the published ladders do, else the
    Nyquist frequency ``Fs / 2``. Training
    takes no frequency below the lowest that its precision holds (``constrained``), 0.96 Hz in
    float32 at 1000 steps a second; the constants of a lower one are NaN.
    """

    raw_frequency: Vector
    raw_decay: Vector
    sample_rate: float = eqx.field(static=True)
    highest: float = eqx.field(static=True)

    def __init__(
        self, frequencies: Float[AnyArray, " hidden"], pole_radius: Number, sample_rate: Number
    ):
        """Start at ``frequencies`` in Hz, below half of ``sample_rate``, with one pole radius.

        Raises:
            ValueError: for a pole radius or a frequency that a trained node cannot have, or a
                sample rate that is traced.
        """
        check_known("sample_rate of learned rhythms", sample_rate)
        self.sample_rate = float(sample_rate)  # a tracer does not come here
        above = not is_traced(frequencies) and np.max(frequencies) >= self.sample_rate / 4
        self.highest = self.sample_rate / (2 if above else 4)
        low, high = np.exp(-DECAY_RANGE[1]), np.exp(-DECAY_RANGE[0])
        allowed = f"lie between {low:.4f} and {high:.7f} where rhythms are learned"
        pole_radius = number("pole_radius", pole_radius, lambda r: (r > low) & (r < high), allowed)
        xp: Any = jnp if is_traced(pole_radius) else np
        log_decay = xp.full(len(frequencies), xp.log(-xp.log(pole_radius)))
        raw = (
            raw_of(frequencies, 0.0, self.highest),
            raw_of(log_decay, *np.log(DECAY_RANGE)),
        )
        dtype = jnp.zeros(()).dtype
        lowest = self.lowest_frequency(dtype)
        if not is_traced(frequencies) and np.min(frequencies) < lowest:
            raise ValueError(
                f"frequencies holds {np.min(frequencies):g}; each must be at least {lowest:.3g} Hz "
                f"where rhythms are learned in {dtype.name}: compute in float64 (jax.enable_x64), "
                "or take a lower sample rate"
            )
        self.raw_frequency, self.raw_decay = (jnp.asarray(x, dtype) for x in raw)

    def lowest_frequency(self, dtype: Any) -> float:
        """Return the lowest frequency in Hz that a node learns in ``dtype``."""
        # A hundredth above what is held, so that no rounding on the way there is too low.
        return 1.01 * lowest_computed_cycles(dtype) * self.sample_rate

    def frequencies(self) -> Vector:
        """Return each node's frequency in Hz."""
        return bounded(self.raw_frequency, 0.0, self.highest)

    def constrained(self) -> "LearnedRhythms":
        """Return the rhythms with frequencies that training took too low back at the lowest."""
        dtype = self.raw_frequency.dtype
        lowest = raw_of(self.lowest_frequency(dtype), 0.0, self.highest)
        held = jnp.maximum(self.raw_frequency, jnp.asarray(lowest, dtype))
        return eqx.tree_at(lambda rhythms: rhythms.raw_frequency, self, held)

    def pole_radius(self) -> Vector:
        """Return each node's pole radius, dimensionless."""
        low, high = (float(x) for x in np.log(DECAY_RANGE))
        return jnp.exp(-jnp.exp(bounded(self.raw_decay, low, high)))

    def constants(self) -> DerivedNodes:
        """Return the constants of the nodes as they stand."""
        nodes = resonant_nodes(
            self.frequencies(), sample_rate=self.sample_rate, pole_radius=self.pole_radius()
        )
        return DerivedNodes.of(nodes)
