"""Start values of weights, as pure functions of a key.

Values are drawn in float32 and then cast, so that a seed means the same network in single
and in double precision.

Source: Glorot and Bengio, AISTATS 2010; Saxe, McClelland and Ganguli, arXiv:1312.6120;
``torch_linear`` as torch starts a ``Linear``; ``normal`` is a textbook definition.
"""

import jax
import jax.numpy as jnp

from rhythmic.typing import Array, Float, Matrix


def uniform(shape: tuple[int, ...], low: float, high: float, *, key: jax.Array) -> Array:
    """Draw ``U(low, high)``, the same numbers in either precision."""
    drawn = jax.random.uniform(key, shape, jnp.float32, low, high)
    return drawn.astype(jnp.zeros(()).dtype)


def xavier_uniform(shape: tuple[int, int], *, key: jax.Array) -> Matrix:
    """Draw ``U(-a, a)`` with ``a = sqrt(6 / (fan_in + fan_out))``, shape (fan_out, fan_in).

    Source: Glorot and Bengio, AISTATS 2010, equation 16.
    """
    bound = (6.0 / sum(shape)) ** 0.5
    return uniform(shape, -bound, bound, key=key)


def scaled_orthogonal(
    shape: tuple[int, int], gain: float | Float[Array, ""], *, key: jax.Array
) -> Matrix:
    """Draw a matrix with orthonormal columns (or rows, if it is wide), times ``gain``.

    Source: Saxe, McClelland and Ganguli, arXiv:1312.6120.
    """
    return gain * jax.random.orthogonal(key, shape[0], m=shape[1])


def torch_linear(shape: tuple[int, ...], fan_in: int, *, key: jax.Array) -> Array:
    """Draw ``U(-1/sqrt(fan_in), 1/sqrt(fan_in))``, the start values of a torch ``Linear``."""
    bound = fan_in**-0.5
    return uniform(shape, -bound, bound, key=key)


def normal(shape: tuple[int, ...], fan_in: int, *, key: jax.Array) -> Array:
    """Draw from a normal law of variance ``1 / fan_in``, the same numbers in either precision."""
    drawn = jax.random.normal(key, shape, jnp.float32) / fan_in**0.5
    return drawn.astype(jnp.zeros(()).dtype)
