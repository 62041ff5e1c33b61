"""Noise on images: its distribution, its independence of the image, its types."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from rhythmic.data.images import noisy

KEY = jax.random.key(8)
IMAGES = np.random.default_rng(3).integers(0, 256, (100, 784), dtype=np.uint8)


def test_what_is_added_is_white_and_normal():
    found = noisy(IMAGES, 0.3, key=KEY)
    assert found.dtype == jnp.float32
    noise = np.asarray(found, np.float64) - IMAGES / 255.0
    assert scipy.stats.kstest(noise.ravel() / 0.3, "norm").pvalue > 0.001
    # White: neighbours, in an image and among images, are uncorrelated; so are pixel and noise.
    bound = 5 / np.sqrt(noise.size)
    pairs = ((noise[:, 1:], noise[:, :-1]), (noise[1:], noise[:-1]), (noise, IMAGES))
    for one, other in pairs:
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < bound
    # Not clipped: it leaves the range at both ends.
    assert found.min() < -0.5
    assert found.max() > 1.5


def test_without_noise_the_pixels_are_scaled():
    np.testing.assert_allclose(noisy(IMAGES, 0.0, key=KEY), IMAGES / 255.0, rtol=2e-7)


def test_numbers_are_used_as_they_are():
    numbers = np.asarray(IMAGES[:5], np.float32).reshape(5, 28, 28)
    found = noisy(numbers, 2.0, key=KEY)
    assert found.shape == (5, 28, 28)
    same = noisy(np.zeros_like(numbers), 2.0, key=KEY)
    np.testing.assert_allclose(found - numbers, same, atol=1e-4)


def test_levels_out_of_range_give_nan():
    for level in (-0.1, float("nan")):
        assert np.isnan(noisy(IMAGES[:2], level, key=KEY)).all()


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="images are int32; they must be uint8 or floating-point"):
        noisy(IMAGES.astype(np.int32), 0.1, key=KEY)
