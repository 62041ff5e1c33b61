"""The order in which an image becomes a sequence, and noise on a pool of examples.

Source: lecture, "Rhythmic RNN in practice" (one pixel per step); the rhythm of the picture is
worked out here; textbook definition (white Gaussian noise).
"""

from typing import Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int, Shaped

from rhythmic.arguments import checked
from rhythmic.data.dataset import IMAGE_SIDE, NUM_PIXELS
from rhythmic.typing import AnyArray, Array, Float

Order = Literal["rows", "columns", "permuted", "row_vectors"]
"""Orders in which a digit is read, see ``in_order``."""

PERMUTATION_SEED = 784
PERMUTATION_SHA256 = "335505acbe41167361e52ff877d40fa03c77f67393f2bae56dadc2315392c187"


def pixel_places(order: Order) -> Int[np.ndarray, " 784"]:
    """Return the pixel at each place of the sequence, counted row by row.

    ``permuted`` is one permutation for all images, ``numpy.random.default_rng(PERMUTATION_SEED)
    .permutation(784)``; ``PERMUTATION_SHA256`` is the SHA-256 of its numbers as little-endian
    int32, by which it is recognised. ``row_vectors`` takes the pixels as ``rows`` does.

    Raises:
        ValueError: if there is no such order.
    """
    if order not in get_args(Order):
        raise ValueError(f"order is {order!r}; choose from {', '.join(get_args(Order))}")
    places = np.arange(NUM_PIXELS)
    if order == "columns":
        return places.reshape(IMAGE_SIDE, IMAGE_SIDE).T.ravel()
    if order == "permuted":
        return np.random.default_rng(PERMUTATION_SEED).permutation(NUM_PIXELS)
    return places


@checked
def in_order(
    images: Shaped[AnyArray, "example 784"], order: Order
) -> Shaped[AnyArray, "example *steps"]:
    """Put the pixels of images into the order in which a network shall read them.

    Args:
        images: pixels row by row from the top left, ``(example, 784)``, of any type; NumPy's or
            on a device.
        order: ``rows``: as they are, one pixel per step. ``columns``: the left column from top to
            bottom first, one pixel per step. ``permuted``: one pixel per step in an order without
            meaning, the same for all images (permuted sequential MNIST; Le, Jaitly and Hinton,
            arXiv:1504.00941). ``row_vectors``: one row of 28 pixels per step.

    Returns:
        The images, ``(example, time)`` or for ``row_vectors`` ``(example, time, feature)``, of
        the type given; no copy where the order is that given.

    Raises:
        ValueError: if there is no such order, or the images are not 784 pixels in a row.
    """
    places = pixel_places(order)
    if order == "row_vectors":
        return images.reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
    return images if order == "rows" else images[:, places]


@checked
def image_rhythm(order: Order, sample_rate: float = 1000.0) -> Float[np.ndarray, " harmonic"]:
    """Return the frequencies at which the picture recurs in its sequence of pixels, in Hz.

    Neighbouring rows look alike, so that ``rows`` repeats itself every 28 steps, at
    ``sample_rate / 28``: 35.7 Hz at 1000 pixels per second. So does ``columns``. Its harmonics
    follow, all that lie below half the sample rate: 13 frequencies in all. There is none for
    ``permuted``, whose neighbours in time are no neighbours in the picture, nor for
    ``row_vectors``, where a new row comes at every step.

    Args:
        order: see ``in_order``.
        sample_rate: steps per second, Hz.

    Raises:
        ValueError: if there is no such order, or the sample rate is not above 0.
    """
    pixel_places(order)
    if not 0.0 < sample_rate < float("inf"):
        raise ValueError(f"sample_rate is {sample_rate}; it must be above 0 and finite")
    if order not in ("rows", "columns"):
        return np.zeros(0)
    return np.arange(1, (IMAGE_SIDE + 1) // 2) * sample_rate / IMAGE_SIDE


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
