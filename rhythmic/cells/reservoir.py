"""The resonant reservoir: damped oscillators that talk through their phases, none of it trained."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells.interface import AbstractCell, FixedParameters, fixed, weigh
from rhythmic.cells.options import Number, is_traced, number
from rhythmic.cells.resonant import without_diagonal
from rhythmic.cells.resonant_nodes import (
    ResonantNodes,
    ResonantState,
    checked_frequencies,
    checked_radius,
    checked_rate,
    resonant_nodes,
)
from rhythmic.typing import AnyArray, Array, Float, InputArray, Matrix, NodeArray

PUBLISHED_FREQUENCIES = (5, 250)  # Hz, both included, one node an integer

# Powers up to W^(2^24): what an eigenvector adds to the growth rate is then below rounding.
_SQUARINGS = 24


@checked
class ResonantReservoirCell(AbstractCell[ResonantState], FixedParameters):
    """Resonant reservoir, the first version of the rhythmic network.

    ``x_t = s u_t + w1 x_{t-1} + w2 x_{t-2} + W sigmoid(cos phi_{t-1}) + sigma xi_t``

    with the phase ``phi = atan2(v + beta x, omega x)`` of each node's oscillation, 0 at rest, so
    that the first recurrent drive is ``W sigmoid(1)``. Nodes are those of ``ResonantCell``; ``W``
    (post, pre) is sparse, inhibitory and fixed. A readout is all that learns. Source: Kramer,
    arXiv:2506.17083, first version.

    Noise is an input. A cell with noise takes ``1 + hidden`` features a step: the scalar ``u_t``,
    then one standard normal number ``xi_t`` for each node, which the cell scales. A step is so a
    pure function of state and sample, and the caller, who owns the keys, decides which examples
    and members share their noise; ``NoiseDrawn`` of ``rhythmic.reservoirs.response`` draws it step
    by step from one key an example, without holding it for all steps. A cell built with ``noise=0``
    takes the scalar input alone, and nothing is drawn or added.

    Without noise, ``s`` and ``W`` scaled by one factor scale the states by it: the phases stay.
    """

    nodes: ResonantNodes
    recurrent_weights: Matrix
    input_scale: Float[Array, ""]
    noise: Float[Array, ""]
    is_derived: bool = eqx.field(static=True)
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(
        self,
        frequencies: Float[AnyArray, " hidden"],
        *,
        key: jax.Array,
        spectral_radius: Number = 0.426,
        density: Number = 0.354,
        noise: Number = 0.00538,
        input_scale: Number = 1.0,
        sample_rate: Number = 1000.0,
        pole_radius: Number = 0.93004,
    ):
        """Draw ``W``: entries from U(-1, 0), then zeros on the diagonal, then its spectral radius.

        Args:
            frequencies: node frequencies in Hz, ``(hidden,)``, below half the sample rate.
            key: source of the recurrent weights.
            spectral_radius: largest modulus of the eigenvalues of ``W``, 0 or more; see
                ``with_spectral_radius`` for weights without a cycle.
            density: share of entries of ``W`` that are drawn, the diagonal counted, in (0, 1].
            noise: standard deviation ``sigma`` of the noise, in units of ``x``, 0 or more. A cell
                whose noise is traced takes the numbers ``xi_t``, whatever its value will be.
            input_scale: ``s``, finite and not 0.
            sample_rate: samples a second, Hz.
            pole_radius: modulus of every node's poles, in (0, 1).

        Raises:
            ValueError: for an argument outside its range.
        """
        # Below half the sample rate: the published reservoir has a node at a quarter of it.
        options = (frequencies, spectral_radius, density, noise, input_scale, sample_rate)
        self.is_derived = is_traced(*options, pole_radius)  # whose gradient is asked for
        sample_rate = checked_rate(sample_rate)
        frequencies = checked_frequencies(frequencies, sample_rate, 2)
        spectral_radius, density, noise, input_scale, pole_radius = checked_reservoir(
            spectral_radius, density, noise, input_scale, pole_radius
        )
        self.nodes = resonant_nodes(frequencies, sample_rate=sample_rate, pole_radius=pole_radius)
        self.hidden_size = len(frequencies)
        weights = sparse_weights(self.hidden_size, density=density, key=key)
        self.recurrent_weights = with_spectral_radius(weights, spectral_radius)
        self.input_scale = jnp.asarray(input_scale, weights.dtype)
        self.noise = jnp.asarray(noise, weights.dtype)
        self.input_size = 1 + self.hidden_size if is_traced(noise) or noise > 0 else 1

    @classmethod
    def published(cls, *, key: jax.Array, noise: float = 0.00538) -> "ResonantReservoirCell":
        """Return the reservoir of the first version: one node at every integer, 5 to 250 Hz.

        Args:
            key: source of the recurrent weights.
            noise: standard deviation of the noise, which acts at test too.
        """
        first, last = PUBLISHED_FREQUENCIES
        return cls(np.arange(first, last + 1, dtype=np.float64), key=key, noise=noise)

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> ResonantState:
        """Return nodes at rest."""
        rest = jnp.zeros((self.hidden_size, *batch_shape), self.nodes.w1.dtype)
        return ResonantState(position=rest, previous=rest)

    def step(self, state: ResonantState, inputs: InputArray) -> ResonantState:
        """Advance one sample: ``u_t``, and below it ``xi_t`` if the cell has noise."""
        cell = self if self.is_derived else fixed(self)
        drive = cell.input_scale * inputs[:1]
        if cell.input_size > 1:
            drive = drive + cell.noise * inputs[1:]
        coupling = weigh(cell.recurrent_weights, jax.nn.sigmoid(cell.phase_cosine(state)))
        position = cell.nodes.free_step(state, drive) + coupling
        return ResonantState(position=position, previous=state.position)

    def phase_cosine(self, state: ResonantState) -> NodeArray:
        """Return ``cos phi``, which is ``omega x / hypot(omega x, v + beta x)``, and 1 at rest."""
        quadrature = self.nodes.quadrature(state)
        # A phase has no size: divided by it, neither squares nor derivatives leave the dtype.
        size = jax.lax.stop_gradient(jnp.maximum(jnp.abs(state.position), jnp.abs(quadrature)))
        moving = ~(size < jnp.finfo(size.dtype).tiny)
        size = jnp.where(moving, size, 1.0)
        position = jnp.where(moving, state.position / size, 1.0)
        quadrature = jnp.where(moving, quadrature / size, 0.0)
        return position / jnp.sqrt(position**2 + quadrature**2)

    def output(self, state: ResonantState) -> NodeArray:
        """Return the positions ``x_t``."""
        return state.position

    def squared_amplitude(self, state: ResonantState) -> NodeArray:
        """Return ``A_t^2 = x_t^2 + ((v_t + beta x_t) / omega)^2 + 1e-12``."""
        return self.nodes.squared_amplitude(state)


def sparse_weights(size: int, *, density: Number, key: jax.Array) -> Matrix:
    """Draw ``round(density size^2)`` entries from U(-1, 0) at random places; zeros elsewhere.

    Entries on the diagonal are drawn too, and then set to zero. All others are NaN for a density
    of NaN.

    Args:
        size: number of nodes.
        density: share of entries that are drawn, in (0, 1].
        key: source of places and values.
    """
    place_key, value_key = jax.random.split(key)
    share: Any = density * size**2
    count = jnp.round(share) if is_traced(density) else round(share)
    drawn = jax.random.permutation(place_key, jnp.arange(size**2) < count).reshape(size, size)
    values = -jax.random.uniform(value_key, (size, size), jnp.zeros(()).dtype)
    weights = jnp.where(drawn, values, 0.0)
    if is_traced(density):
        weights = jnp.where(jnp.isnan(density), jnp.nan, weights)
    return without_diagonal(weights)


def with_spectral_radius(weights: Matrix, spectral_radius: float | Float[Array, ""]) -> Matrix:
    """Scale weights of one sign so that their largest eigenvalue has a given modulus.

    Weights without a cycle have no eigenvalue but zero, whatever they are scaled by; they become
    zero. That is likely where ``density`` times the number of nodes is below one.
    """
    radius = perron_root(weights)
    return weights * jnp.where(radius > 0, spectral_radius / jnp.where(radius > 0, radius, 1.0), 0)


def perron_root(weights: Matrix) -> Float[Array, ""]:
    """Return the largest modulus of the eigenvalues of a matrix whose entries have one sign.

    ``lim ||W^n||^(1/n)`` (Gelfand) by repeated squaring, ``n = 2^24``. With one sign nothing
    cancels: the root is as accurate as the dtype, and exactly 0 for weights without a cycle, where
    an eigenvalue solver finds the N-th root of a rounding error. It is made of matrix products, so
    that it runs under ``jax.vmap`` on any device. For any other matrix see
    ``rhythmic.theory.spectral_radius``.

    Source: Horn and Johnson, Matrix Analysis (2nd ed.), corollary 5.6.14 and theorem 8.3.1.
    """

    def square(_: int, carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        power, log_radius, share = carry
        size = jnp.max(power)
        power = power / jnp.where(size > 0, size, 1.0)
        return weigh(power, power), log_radius + share * jnp.log(size), share / 2

    one = jnp.ones((), weights.dtype)
    start = (jnp.abs(weights), 0 * one, one)
    return jnp.exp(jax.lax.fori_loop(0, _SQUARINGS, square, start)[1])


def checked_reservoir(
    spectral_radius: Number,
    density: Number,
    noise: Number,
    input_scale: Number,
    pole_radius: Number,
) -> tuple[Number, Number, Number, Number, Number]:
    """Return the options of a reservoir, in their order; traced ones out of range as NaN.

    Raises:
        ValueError: for a known one out of its range.
    """
    return (
        _not_negative("spectral_radius", spectral_radius),
        number("density", density, lambda d: (d > 0) & (d <= 1), "be above 0 and at most 1"),
        _not_negative("noise", noise),
        number("input_scale", input_scale, _is_scale, "be finite and not 0"),
        checked_radius(pole_radius),
    )


def _not_negative(name: str, value: Number) -> Number:
    """Return a number that is finite and not below 0, as ``number`` does."""
    inside = "be 0 or more, and finite"
    return number(name, value, lambda number: (number >= 0) & (number < np.inf), inside)


def _is_scale(value: Any) -> Any:
    """Tell whether a number is finite and not 0."""
    return (abs(value) > 0) & (abs(value) < np.inf)
