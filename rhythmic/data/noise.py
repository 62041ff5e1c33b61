"""Noise on a pool of examples.

Source: textbook definition (white Gaussian noise).
"""

import jax
import jax.numpy as jnp
from jaxtyping import Shaped

from rhythmic.arguments import checked
from rhythmic.typing import AnyArray, Array, Float


@checked
def noisy(
    images: Shaped[AnyArray, "example *steps"],
    level: Float[AnyArray, ""] | float,
    *,
    key: jax.Array,
) -> Float[Array, "example *steps"]:
    """Add white Gaussian noise: ``value + level xi``, every ``xi`` normal and independent.

    The sums are not clipped: they leave the range from 0 to 1, so that the noise has mean zero
    and the same strength on paper and on ink. Equal keys give the same ``xi`` at every level; they
    belong to places in the array, not to pixels of the picture.

    Args:
        images: bytes, scaled to 0 to 1 first, or numbers that are used as they are.
        level: standard deviation of the noise in units of the pixel range, at least 0; NaN
            gives NaN, and so does a level below 0.
        key: source of the noise.

    Returns:
        An array of the shape of ``images``: float32 for bytes, else of their own type.

    Raises:
        TypeError: if the images are neither bytes nor floating-point numbers.
    """
    given = jnp.asarray(images)
    if given.dtype == jnp.uint8:
        values = given.astype(jnp.float32) / 255
    elif jnp.issubdtype(given.dtype, jnp.floating):
        values = given
    else:
        raise TypeError(f"images are {given.dtype}; they must be uint8 or floating-point numbers")
    deviation = jnp.asarray(level, values.dtype)
    deviation = jnp.where(deviation >= 0, deviation, jnp.nan)
    return values + deviation * jax.random.normal(key, values.shape, values.dtype)
