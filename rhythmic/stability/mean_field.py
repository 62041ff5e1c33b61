"""The large random network h <- g J tanh(h): mean-field variance and Lyapunov exponent.

J has independent Gaussian weights of variance 1 / N. For g <= 1 the activity decays to zero; above,
it is chaotic (Sompolinsky, Crisanti and Sommers 1988; the map in discrete time: Molgedey,
Schuchhardt and Schuster 1992). In the limit of large N the activity is Gaussian with variance q,
and one Gaussian integral each gives

    q = g^2 E tanh^2(sqrt(q) z),   lambda = 1/2 ln(g^2 E sech^4(sqrt(q) z)),   z ~ N(0, 1)

Source: Sompolinsky, Crisanti and Sommers, Physical Review Letters 61 (1988) 259; Molgedey,
Schuchhardt and Schuster, Physical Review Letters 69 (1992) 3717.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Real

from rhythmic.arguments import checked
from rhythmic.theory._arrays import RealLike, scan_arrays
from rhythmic.typing import Array, Float

# In units of sqrt(1 + q), where Gaussian and sech together end below rounding for every q.
HALF_WIDTH = 20.0
NUM_POINTS = 401
NUM_HALVINGS = 100


class MeanField(NamedTuple):
    """Mean-field theory of the random network.

    Attributes:
        variance: q, of the activity h of a node over time, no unit.
        lyapunov_exponent: lambda, the largest, per step.
    """

    variance: Float[Array, "*gain"]
    lyapunov_exponent: Float[Array, "*gain"]


@checked
def random_network_mean_field(gain: Real[RealLike, "*gain"]) -> MeanField:
    """Solve the mean-field theory of h <- g J tanh(h).

    The network H <- tanh(g J H), an ``ElmanCell`` without input, is the same one seen after the
    activation function: same exponent, and q is the variance of what enters tanh.

    The integrals are sums over equal spacings, which for these analytic integrands err by less
    than rounding at any g; Gauss-Hermite nodes would lose digits where sech^4 gets narrow.

    Args:
        gain: g, the standard deviation of the weights times sqrt(N), no unit.

    Returns:
        q and lambda, in the gain's dtype. For 0 < g <= 1, where the network is silent, q = 0 and
        lambda = ln g, the exponent of the fixed point 0 (-infinity at g = 0). NaN for a negative
        or infinite gain. Differentiable, except at g = 1.

    Source: Sompolinsky, Crisanti and Sommers, Physical Review Letters 61 (1988) 259; Molgedey,
    Schuchhardt and Schuster, Physical Review Letters 69 (1992) 3717, without noise.
    """
    (gain,) = scan_arrays(gain=gain)
    valid, chaotic = (gain >= 0) & (gain < jnp.inf), (gain > 1) & (gain < jnp.inf)
    safe = jnp.where(chaotic, gain, 2.0)
    variance = _variance(safe)
    _, fourth = _integrals(variance)
    silent = jnp.log(jnp.where(chaotic | ~valid, 1.0, gain))
    exponent = jnp.where(chaotic, jnp.log(safe) + 0.5 * jnp.log(fourth), silent)
    return MeanField(
        jnp.where(valid, jnp.where(chaotic, variance, 0.0), jnp.nan),
        jnp.where(valid, exponent, jnp.nan),
    )


def _variance(gain: Array) -> Array:
    """Solve q = g^2 E tanh^2 for q > 0, where g > 1, with its derivative."""

    def excess(variance: Array, gain: Array) -> Array:
        """Falls from g^2 - 1 at q = 0 to below 0 at q = g^2, so it has one root between."""
        return gain**2 * _integrals(variance)[0] - variance

    def halve(_: int, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        lower, upper = bracket
        middle = 0.5 * (lower + upper)
        above = excess(middle, jax.lax.stop_gradient(gain)) > 0
        return jnp.where(above, middle, lower), jnp.where(above, upper, middle)

    bracket = jnp.zeros_like(gain), jax.lax.stop_gradient(gain**2)
    lower, upper = jax.lax.fori_loop(0, NUM_HALVINGS, halve, bracket)
    root = jax.lax.stop_gradient(0.5 * (lower + upper))
    # One Newton step at the root: it moves nothing but carries the derivative dq / dg.
    slope = jax.jvp(lambda q: excess(q, gain), (root,), (jnp.ones_like(root),))[1]
    return root - excess(root, gain) / jax.lax.stop_gradient(slope)


def _integrals(variance: Array) -> tuple[Array, Array]:
    """Give E tanh^2(sqrt(q) z) and E sech^4(sqrt(q) z)."""
    y = np.linspace(-HALF_WIDTH, HALF_WIDTH, NUM_POINTS).astype(variance.dtype)
    spread = 1 + variance[..., None]
    density = jnp.exp(-(y**2) / (2 * spread)) / jnp.sqrt(2 * np.pi * spread)
    density = density * (y[1] - y[0])
    positive = variance[..., None] > 0
    scale = jnp.sqrt(jnp.where(positive, variance[..., None], 1.0) / spread)
    tanh = jnp.tanh(jnp.where(positive, scale, 0.0) * y)
    squared_sech = 1 / jnp.cosh(jnp.where(positive, scale, 0.0) * y) ** 2
    fourth = jnp.sum(density * squared_sech**2, axis=-1)
    # A wide Gaussian is cut off by sech^2 alone; a narrow one cuts itself off and keeps digits.
    direct = jnp.sum(density * tanh**2, axis=-1)
    by_rest = 1 - jnp.sum(density * squared_sech, axis=-1)
    return jnp.where(variance <= 2, direct, by_rest), fourth
