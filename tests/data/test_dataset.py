import hashlib

import numpy as np
import pytest

from rhythmic.data.dataset import fingerprint


@pytest.fixture
def arrays() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.integers(0, 256, (6, 784), dtype=np.uint8), np.arange(6, dtype=np.uint8)


def test_fingerprint_is_the_hash_of_shape_pixels_and_labels(arrays):
    images, labels = arrays
    expected = hashlib.sha256(b"6x784" + images.tobytes() + bytes(range(6))).hexdigest()
    assert fingerprint(images, labels) == expected


def test_fingerprint_sees_a_pixel_a_label_and_the_order(arrays):
    images, labels = arrays
    other_pixel = images.copy()
    other_pixel[3, 700] ^= 1
    other_label = labels.copy()
    other_label[5] = 0
    found = {
        fingerprint(images, labels),
        fingerprint(other_pixel, labels),
        fingerprint(images, other_label),
        fingerprint(images[::-1], labels[::-1]),
        fingerprint(images[:5], labels[:5]),
    }
    assert len(found) == 5


def test_fingerprint_refuses_other_types_and_shapes(arrays):
    images, labels = arrays
    with pytest.raises(ValueError, match="float32; it must be an array of integers"):
        fingerprint(images.astype(np.float32), labels)
    with pytest.raises(ValueError, match="must be uint8, not uint8, int32"):
        fingerprint(images, labels.astype(np.int32))
    with pytest.raises(
        ValueError, match=r"^labels has shape \(5,\); .* with example = 6 as in images$"
    ):
        fingerprint(images, labels[:5])
