"""The four original MNIST files: what they are, and where they come from."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rhythmic.arguments import checked
from rhythmic.data.dataset import DataUnavailableError
from rhythmic.data.download import CACHE_VARIABLE, check_hash, download, expanded, is_local
from rhythmic.sealed import sha256_of

DATA_VARIABLE = "RHYTHMIC_DATA_DIR"

THREE_WAYS = (
    "put the four original .gz files into a folder and name it by --data-dir, "
    f"or by the environment variable {DATA_VARIABLE}, "
    "or connect to the network so that they are downloaded"
)


@checked
@dataclass(frozen=True)
class MnistSource:
    """The files of MNIST by content.

    The defaults are the original files and the decoded digits that come of them; the hashes of
    the files are those that tensorflow-datasets registers for its ``mnist`` data set.

    Attributes:
        train_images: SHA-256 of ``train-images-idx3-ubyte.gz``.
        train_labels: SHA-256 of ``train-labels-idx1-ubyte.gz``.
        test_images: SHA-256 of ``t10k-images-idx3-ubyte.gz``.
        test_labels: SHA-256 of ``t10k-labels-idx1-ubyte.gz``.
        decoded: ``fingerprint`` of the decoded digits, training files first, then test.
        address: The web folder of the files, or None for the one that tensorflow-datasets
            registers.
    """

    train_images: str = "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    train_labels: str = "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    test_images: str = "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    test_labels: str = "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    decoded: str = "8de4a522e92b50f27fb41d1edbb90f9aa2599277c30e298a3999a4f536c7d2e9"
    address: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of each file by its name."""
        return {
            "train-images-idx3-ubyte.gz": self.train_images,
            "train-labels-idx1-ubyte.gz": self.train_labels,
            "t10k-images-idx3-ubyte.gz": self.test_images,
            "t10k-labels-idx1-ubyte.gz": self.test_labels,
        }


def named_folder(data_dir: str | os.PathLike[str] | None) -> Path | None:
    """The folder the user named, by argument or else by environment variable, or None.

    Raises:
        DataUnavailableError: If it lies in a home folder that is not known.
    """
    chosen = data_dir if data_dir is not None else os.environ.get(DATA_VARIABLE)
    return expanded("data_dir", chosen) if chosen else None


def check_folder(folder: Path, source: MnistSource) -> None:
    """Refuses a folder that does not hold the four files whole.

    Args:
        folder: The folder that the user named.
        source: What the files must be.

    Raises:
        DataUnavailableError: If the folder or a file is missing; the message names it.
        DamagedFileError: If a file is not the original one; the message names it.
    """
    if not folder.is_dir():
        raise DataUnavailableError(f"data_dir {folder} does not exist: {THREE_WAYS}")
    for name in source.files:
        if not (folder / name).is_file():
            raise DataUnavailableError(f"data_dir {folder} lacks {name}: {THREE_WAYS}")
    for name, expected in source.files.items():
        check_hash(str(folder / name), sha256_of(folder / name), expected)


def fetch(folder: Path, source: MnistSource, registered_address: Callable[[], str]) -> None:
    """Downloads those of the four files that the folder does not hold whole.

    Args:
        folder: A folder of the cache.
        source: What the files must be.
        registered_address: Gives the address where the source names none.

    Raises:
        DataUnavailableError: If the network does not give them; the message says what to do.
        DamagedFileError: If a file arrives that is not the original one; the message names it.
    """
    missing = {
        name: expected
        for name, expected in source.files.items()
        if not _is_whole(folder / name, expected)
    }
    if not missing:
        return
    address = source.address if source.address is not None else registered_address()
    for name, expected in missing.items():
        try:
            download(f"{address.rstrip('/')}/{name}", folder / name, expected)
        except OSError as error:
            if is_local(error):
                raise DataUnavailableError(
                    f"the cache {folder} cannot be written ({error.strerror}): name another folder "
                    f"by {CACHE_VARIABLE}, or {THREE_WAYS}"
                ) from error
            raise DataUnavailableError(
                f"MNIST is not here and could not be downloaded from {address} ({error}): "
                f"{THREE_WAYS}"
            ) from error


def _is_whole(path: Path, expected: str) -> bool:
    try:
        return path.is_file() and sha256_of(path) == expected
    except OSError:  # not for this user to read
        return False
