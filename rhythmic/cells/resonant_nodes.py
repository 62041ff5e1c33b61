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
from rhythmic.typing import AnyArray, Float, NodeArray, Vector

Poles = Literal["complex", "double", "real"]

# Decay of a trained node in one step, -ln r, kept between these: the published one is 1e-5.
DECAY_RANGE = (1e-6, 0.5)


class ResonantState(NamedTuple):
    """``position`` is ``x_t``, ``previous`` the one before, each ``(hidden, *batch)``."""

    position: NodeArray
    previous: NodeArray


@checked
class ResonantNodes(FixedParameters):
    """The fixed rhythms of a resonant layer, one entry a node.

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
def resonant_nodes(
    frequencies: Float[AnyArray, " hidden"],
    *,
    sample_rate: Number = 1000.0,
    pole_radius: float | Float[AnyArray, "*hidden"] = 0.99999,
    poles: Poles = "complex",
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

    NumPy frequencies are worked out in float64 and then cast to JAX's default precision, since
    ``1 - r`` is as small as float32 resolves; JAX arrays keep their dtype and may be traced.

    Args:
        frequencies: node frequencies in Hz, ``(hidden,)``, each between 0 and ``Fs / 2``.
        sample_rate: ``Fs`` in Hz.
        pole_radius: modulus ``r`` of the poles, dimensionless, one for all or one a node.
        poles: ``complex``, ``double`` or ``real``.
    """
    dt = 1.0 / sample_rate
    w1, w2 = pole_weights(frequencies, pole_radius, dt, poles)
    angular_frequency, damping = oscillator_from_weights(w1, w2, dt)
    constants = (w1, w2, sample_rate / angular_frequency, damping / angular_frequency)
    return ResonantNodes(*(jnp.asarray(constant, dtype=_dtype(constant)) for constant in constants))


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


def pole_weights(
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


def _dtype(constant: object) -> jnp.dtype:
    return constant.dtype if isinstance(constant, jax.Array) else jnp.zeros(()).dtype


@checked(shapes=True)
class LearnedRhythms(eqx.Module):
    """Rhythms that training moves: frequency and decay of each node, bounded by construction.

    ``f = sigmoid(raw_frequency) Fs / 4`` and ``r = exp(-d)`` with ``ln d`` between the logarithms
    of 1e-6 and 0.5: every node rings, and none grows. Both raw values have no unit.
    """

    raw_frequency: Vector
    raw_decay: Vector
    sample_rate: float = eqx.field(static=True)

    def __init__(
        self, frequencies: Float[AnyArray, " hidden"], pole_radius: Number, sample_rate: Number
    ):
        """Start at ``frequencies`` in Hz, below ``sample_rate / 4``, with one pole radius.

        Raises:
            ValueError: for a pole radius whose decay a trained node cannot have, or a sample rate
                that is traced.
        """
        check_known("sample_rate of learned rhythms", sample_rate)
        self.sample_rate = float(sample_rate)  # a tracer does not come here
        low, high = np.exp(-DECAY_RANGE[1]), np.exp(-DECAY_RANGE[0])
        allowed = f"lie between {low:.4f} and {high:.7f} where rhythms are learned"
        pole_radius = number("pole_radius", pole_radius, lambda r: (r > low) & (r < high), allowed)
        xp: Any = jnp if is_traced(pole_radius) else np
        log_decay = xp.full(len(frequencies), xp.log(-xp.log(pole_radius)))
        raw = (
            raw_of(frequencies, 0.0, self.sample_rate / 4),
            raw_of(log_decay, *np.log(DECAY_RANGE)),
        )
        dtype = jnp.zeros(()).dtype
        self.raw_frequency, self.raw_decay = (jnp.asarray(x, dtype) for x in raw)

    def frequencies(self) -> Vector:
        """Return each node's frequency in Hz."""
        return bounded(self.raw_frequency, 0.0, self.sample_rate / 4)

    def pole_radius(self) -> Vector:
        """Return each node's pole radius, dimensionless."""
        low, high = (float(x) for x in np.log(DECAY_RANGE))
        return jnp.exp(-jnp.exp(bounded(self.raw_decay, low, high)))

    def constants(self) -> ResonantNodes:
        """Return the constants of the nodes as they stand."""
        return resonant_nodes(
            self.frequencies(), sample_rate=self.sample_rate, pole_radius=self.pole_radius()
        )
