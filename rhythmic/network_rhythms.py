"""Autonomous networks: the rhythm that their eigenvalues predict, and their simulation.

A linear network h_t = W h_{t-1} follows its leading eigenvalue, the one of largest modulus: its
angle theta gives the frequency theta / (2 pi dt), its modulus growth or decay. Where the activation
is tanh this is what happens near zero; further out the weights only suggest it.

Source: lecture, "RNN model", left to itself; companion and rotation matrices are textbook
definitions.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Real

from rhythmic.arguments import checked
from rhythmic.cells.elman import Feedback
from rhythmic.checks import checked_integer
from rhythmic.rnn import rnn_cell
from rhythmic.simulate import trajectory
from rhythmic.stability.modes import matrix_modes
from rhythmic.static.hopfield import HopfieldNetwork
from rhythmic.static.hopfield_storage import mean_thresholds
from rhythmic.theory.precision import check_held
from rhythmic.typing import AnyArray, Array, Float


class LeadingMode(NamedTuple):
    """The eigenvalue of largest modulus, as a rhythm.

    Attributes:
        frequency: |theta| / (2 pi dt) in Hz; the Nyquist frequency for a negative real
            eigenvalue, NaN for one that is real and not negative.
        modulus: factor on the amplitude in one step, no unit.
        growth_rate: ln(modulus) / dt, in 1/s.
        is_complex: whether it is one of a complex pair.
    """

    frequency: Float[AnyArray, "*network"]
    modulus: Float[AnyArray, "*network"]
    growth_rate: Float[AnyArray, "*network"]
    is_complex: Bool[AnyArray, "*network"]


@checked(finite=True)
def leading_mode(weights: Float[AnyArray, "*network post pre"], dt: float) -> LeadingMode:
    """Read rhythm and growth of h_t = W h_{t-1} from the leading eigenvalue of W.

    Args:
        weights: W, rows receive from columns; NumPy arrays are computed in float64, JAX arrays
            in their own dtype.
        dt: time step in s.

    Returns:
        One entry per network. Rounding may split a repeated real eigenvalue into a complex pair.
        NaN, and not complex, for weights with an entry that is not finite; frequency and growth
        are NaN where dt <= 0.

    Raises:
        ValueError: if the last two axes are not those of a square matrix, or for a ``dt`` that is
            no finite number.

    Source: lecture, "RNN model", without input, bias and activation.
    """
    shape = np.shape(weights)
    if len(shape) < 2 or shape[-1] != shape[-2] or shape[-1] == 0:
        raise ValueError(f"weights has shape {shape}; it must end in two equal axes (post, pre)")
    modes = matrix_modes(weights, dt)
    turning = (modes.eigenvalue.imag != 0) & (modes.modulus >= 0)  # NaN is not
    return LeadingMode(
        frequency=modes.frequency[..., 0],
        modulus=modes.modulus[..., 0],
        growth_rate=modes.growth_rate[..., 0],
        is_complex=turning[..., 0],
    )


@checked
def companion_weights(
    w1: Real[Array, "*#node"] | float, w2: Real[Array, "*#node"] | float
) -> Float[Array, "*node 2 2"]:
    """Return the weights [[w1, w2], [1, 0]] of two ordinary nodes that are one rhythmic node.

    The second node repeats the first one a step later, so that from (h_1, h_0) the first does
    h_t = w1 h_{t-1} + w2 h_{t-2}.

    Raises:
        ValueError: where JAX's precision loses the rhythm of known weights.

    Source: lecture, "Rhythmic RNN", written as an "RNN model" of two nodes.
    """
    check_held(w1, w2, jnp.zeros(()).dtype)
    w1, w2 = jnp.broadcast_arrays(jnp.asarray(w1, float), jnp.asarray(w2, float))
    one, zero = jnp.ones_like(w1), jnp.zeros_like(w1)
    return jnp.stack([jnp.stack([w1, w2], -1), jnp.stack([one, zero], -1)], -2)


@checked
def rotation_weights(
    frequency: Float[Array, "*#network"] | float,
    modulus: Float[Array, "*#network"] | float,
    dt: float,
) -> Float[Array, "*network 2 2"]:
    """Return the weights of two nodes that turn: modulus times a rotation by 2 pi f dt.

    Args:
        frequency: f in Hz.
        modulus: of both eigenvalues, no unit.
        dt: time step in s; NaN weights unless it is above 0.
    """
    frequency, modulus = jnp.broadcast_arrays(
        jnp.asarray(frequency, float), jnp.asarray(modulus, float)
    )
    angle = 2 * jnp.pi * frequency * jnp.where(jnp.asarray(dt) > 0, dt, jnp.nan)
    cosine, sine = modulus * jnp.cos(angle), modulus * jnp.sin(angle)
    return jnp.stack([jnp.stack([cosine, -sine], -1), jnp.stack([sine, cosine], -1)], -2)


@checked
def random_recurrent_weights(
    size: int, spectral_radius: float | Float[Array, ""], *, key: jax.Array
) -> Float[Array, "post pre"]:
    """Draw independent Gaussian weights and scale them to a spectral radius.

    Args:
        size: number of nodes, 1 or more; static.
        spectral_radius: modulus of the leading eigenvalue, no unit.
        key: source of the weights.

    Raises:
        ValueError: if ``size`` is below one.
    """
    size = checked_integer("size", size, 1)
    weights = jax.random.normal(key, (size, size))
    return weights * (spectral_radius / jnp.max(jnp.abs(jnp.linalg.eigvals(weights))))


@checked
def probability_all_real(size: int) -> float:
    """Give 2^{-N (N - 1) / 4}, the chance that a Gaussian N x N matrix has only real eigenvalues.

    For N = 2 its complement, 1 - 1 / sqrt(2), is the probability of a complex leading pair.

    Source: Edelman, Journal of Multivariate Analysis 60 (1997), corollary 7.1.
    """
    size = checked_integer("size", size, 1)
    return 2.0 ** (-size * (size - 1) / 4)


@checked
def sequence_network(patterns: Real[Array, "unit pattern"]) -> HopfieldNetwork:
    """Store a cycle of patterns: each calls the next one, the last one calls the first.

    T_ij = sum_s (2 V_i^{s+1} - 1) (2 V_j^s - 1), T_ii = 0, U_i = sum_j T_ij / 2. These weights are
    not symmetric, so the network has no energy function and is outside the lecture's rule; updated
    synchronously it cycles through the patterns, one per step.

    Args:
        patterns: V^s of 0s and 1s, one pattern per column, in their order.

    Source: the asymmetric term of Hopfield (1982), PNAS 79:2554, for sequences of states.
    """
    signs = 2 * jnp.asarray(patterns, float) - 1
    weights = jnp.roll(signs, -1, axis=1) @ signs.T
    weights = jnp.where(jnp.eye(len(weights), dtype=bool), 0.0, weights)
    return HopfieldNetwork(weights, mean_thresholds(weights))


@checked(least=1)
@partial(jax.jit, static_argnames=("num_steps", "activation", "feedback", "num_observed"))
def free_run(
    weights: Float[Array, "post pre"],
    start: Float[Array, "hidden *batch"],
    num_steps: int,
    *,
    activation: str = "tanh",
    feedback: Feedback = "output",
    num_observed: int | None = None,
) -> Float[Array, "time node *batch"]:
    """Run a recurrent network from a start, without input or bias; compiled.

    With ``feedback="output"``, the usual RNN, H_t = phi(W H_{t-1}). With ``feedback="activity"``,
    as the lecture writes it, h_t = W h_{t-1}: phi acts on what is shown alone.

    Args:
        weights: W, rows receive from columns. Map over networks with ``jax.vmap``.
        start: H_0 or h_0, in the dtype of the weights.
        num_steps: number of steps, 1 or more; static.
        activation: name of phi, as for ``rhythmic.rnn.rnn_cell``.
        feedback: what is fed back.
        num_observed: how many nodes, from the first, are kept; all by default.

    Returns:
        What is fed back at times 0 ... num_steps, of the nodes that are kept, time first.

    Raises:
        ValueError: for shapes or dtypes that do not fit, or an unknown activation or feedback.

    Source: lecture, "RNN model", left to itself.
    """
    num_steps = checked_integer("num_steps", num_steps, 1)
    shape = jnp.shape(weights)
    if len(shape) != 2 or shape[0] != shape[1] or not shape[0]:
        raise ValueError(f"weights has shape {shape}; expected (hidden, hidden)")
    if jnp.shape(start)[:1] != shape[:1]:
        raise ValueError(f"start has shape {jnp.shape(start)}; expected ({shape[0]}, *batch)")
    if start.dtype != weights.dtype:
        raise ValueError(f"start has dtype {start.dtype}; the weights have {weights.dtype}")
    no_input, no_bias = jnp.zeros((len(weights), 1), weights.dtype), jnp.zeros_like(weights[0])
    cell = rnn_cell(no_input, weights, no_bias, activation=activation, feedback=feedback)
    silence = jnp.zeros((num_steps, 1, *start.shape[1:]), weights.dtype)
    later = trajectory(
        cell, silence, observe=lambda state: state[:num_observed], initial_state=start
    ).observed
    return jnp.concatenate([start[None, :num_observed], later])
