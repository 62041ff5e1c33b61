"""Orders of pixels against index loops, a recorded permutation, and spectra of pictures."""

import hashlib

import numpy as np
import pytest

from rhythmic.data import image_rhythm
from rhythmic.data.images import PERMUTATION_SEED, PERMUTATION_SHA256, in_order, pixel_places

IMAGES = np.random.default_rng(2).integers(0, 256, (5, 784), dtype=np.uint8)


def test_rows_are_the_images_themselves():
    assert in_order(IMAGES, "rows") is IMAGES


def test_columns_go_down_the_left_side_first():
    found = in_order(IMAGES, "columns")
    assert found.dtype == np.uint8
    for column in range(28):
        for row in range(28):
            step = 28 * column + row
            np.testing.assert_array_equal(found[:, step], IMAGES[:, 28 * row + column])


def test_the_permutation_is_the_recorded_one():
    places = pixel_places("permuted")
    np.testing.assert_array_equal(np.sort(places), np.arange(784))
    np.testing.assert_array_equal(places, np.random.default_rng(PERMUTATION_SEED).permutation(784))
    assert hashlib.sha256(places.astype("<i4").tobytes()).hexdigest() == PERMUTATION_SHA256
    found = in_order(IMAGES, "permuted")
    np.testing.assert_array_equal(found, np.stack([image[places] for image in IMAGES]))
    assert not np.array_equal(found, IMAGES)


def test_row_vectors_are_one_row_a_step():
    found = in_order(IMAGES, "row_vectors")
    assert found.shape == (5, 28, 28)
    for row in range(28):
        np.testing.assert_array_equal(found[:, row], IMAGES[:, 28 * row : 28 * row + 28])


@pytest.mark.parametrize("order", ["rows", "columns"])
def test_the_rhythm_is_where_a_pictures_spectrum_has_its_lines(order):
    # Stripes along the reading's other direction recur in every row (column) alike.
    line = np.random.default_rng(4).integers(0, 256, 28, dtype=np.uint8)
    picture = np.tile(line, (28, 1)) if order == "rows" else np.tile(line[:, None], (1, 28))
    sequence = in_order(picture.reshape(1, 784), order)[0] / 255
    power = np.abs(np.fft.rfft(sequence - sequence.mean())) ** 2
    hertz = np.fft.rfftfreq(784, 1 / 1000)
    lines = hertz[(power > 1e-9 * power.max()) & (hertz < 499)]
    found = image_rhythm(order)
    np.testing.assert_allclose(found, lines, rtol=1e-12)
    assert found[0] == pytest.approx(35.7, abs=0.02)
    assert found.shape == (13,)
    np.testing.assert_allclose(image_rhythm(order, 56.0), np.arange(2, 27, 2))


@pytest.mark.parametrize("order", ["permuted", "row_vectors"])
def test_other_orders_have_no_rhythm(order):
    assert image_rhythm(order).shape == (0,)


def test_bad_input_is_refused():
    message = "order is 'spiral'; choose from rows, columns, permuted, row_vectors"
    for call in (lambda: in_order(IMAGES, "spiral"), lambda: image_rhythm("spiral")):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(
        ValueError, match=r"^images has shape \(5, 28, 28\); expected \(example, 784\)"
    ):
        in_order(IMAGES.reshape(5, 28, 28), "rows")
    with pytest.raises(ValueError, match=r"sample_rate is -1\.0; it must be above 0"):
        image_rhythm("rows", -1.0)
