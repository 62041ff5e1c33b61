import os
import pwd
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rhythmic.data import DamagedFileError, DataUnavailableError, load_mnist, mnist
from rhythmic.data.source import MnistSource

FOLDER_WITH_MNIST = os.environ.get("RHYTHMIC_DATA_DIR")  # before the fixtures hide it


def assert_same(digits, small):
    assert digits.name == "mnist"
    assert digits.sha256 == small.source.decoded
    assert digits.images.dtype == digits.labels.dtype == np.uint8
    np.testing.assert_array_equal(digits.images, small.images)
    np.testing.assert_array_equal(digits.labels, small.labels)


def store_of(cache: Path) -> Path:
    (store,) = cache.iterdir()
    return store


@pytest.fixture
def never(monkeypatch):
    """From here on a download or a preparation is an error."""

    def forbid() -> None:
        def forbidden(*arguments: object) -> None:
            raise AssertionError("neither download nor preparation was to be expected")

        monkeypatch.setattr(mnist, "fetch", forbidden)
        monkeypatch.setattr(mnist, "_prepare", forbidden)

    return forbid


@pytest.fixture
def tfds():
    """For tests of the way through tensorflow-datasets; the direct way has tests of its own."""
    pytest.importorskip("array_record")
    return pytest.importorskip("tensorflow_datasets")


@pytest.fixture
def without(monkeypatch):
    """Makes a module impossible to import."""
    return lambda name: monkeypatch.setitem(sys.modules, name, None)


def test_the_whole_way_from_the_network_to_the_cache(tfds, tmp_path, small, serve, never, capsys):
    server = serve(small.folder)
    source = replace(small.source, address=server.address)
    cache = tmp_path / "cache"
    assert_same(load_mnist(cache_dir=cache, source=source), small)
    assert len(server.requests) == 4
    assert list((store_of(cache) / "prepared").rglob("*.array_record*"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 5  # four files and the preparation, no bars
    never()
    assert_same(load_mnist(cache_dir=cache, source=source), small)


def test_an_address_is_registered_and_the_hashes_are_those_registered(tfds):
    registered = tfds.builder_cls("mnist").url_infos
    address = mnist._registered_address()
    assert address.startswith("https://")
    for name, sha256 in MnistSource().files.items():
        assert registered[address + name].checksum == sha256


def test_a_wrong_file_from_the_network_is_refused_by_name(tmp_path, small, serve):
    server = serve(small.folder)
    source = replace(small.source, address=server.address, test_labels="ab" * 32)
    with pytest.raises(DamagedFileError, match=r"t10k-labels-idx1-ubyte\.gz .* abababababab$"):
        load_mnist(cache_dir=tmp_path / "cache", source=source)
    files = store_of(tmp_path / "cache") / "files"
    assert sorted(os.listdir(files)) == sorted(list(source.files)[:3])


def test_files_that_arrived_whole_are_not_fetched_twice(tmp_path, small, serve):
    server = serve(small.folder)
    source = replace(small.source, address=server.address)
    cache = tmp_path / "cache"
    load_mnist(cache_dir=cache, source=source)
    store = store_of(cache)
    (store / "decoded.npz").unlink()
    shutil.rmtree(store / "prepared", ignore_errors=True)
    (store / "files" / "train-labels-idx1-ubyte.gz").write_bytes(b"cut off")
    server.requests.clear()
    assert_same(load_mnist(cache_dir=cache, source=source), small)
    assert server.requests == ["/train-labels-idx1-ubyte.gz"]


def test_absent_and_offline_the_error_names_three_ways(tmp_path, small, closed_address):
    source = replace(small.source, address=closed_address)
    with pytest.raises(DataUnavailableError) as caught:
        load_mnist(cache_dir=tmp_path / "cache", source=source)
    message = str(caught.value)
    for part in (closed_address, "refused", "--data-dir", "RHYTHMIC_DATA_DIR", "network"):
        assert part in message
    assert "\n" not in message
    assert not (tmp_path / "cache").exists()


def test_the_variables_name_the_folders(tmp_path, small, monkeypatch):
    monkeypatch.setenv("RHYTHMIC_DATA_DIR", str(small.folder))
    monkeypatch.setenv("RHYTHMIC_CACHE_DIR", str(tmp_path / "there"))
    assert_same(load_mnist(source=small.source), small)
    assert (store_of(tmp_path / "there") / "decoded.npz").exists()
    with pytest.raises(DataUnavailableError, match="elsewhere does not exist"):
        load_mnist(tmp_path / "elsewhere", tmp_path / "other", source=small.source)


@pytest.mark.parametrize("by_variable", [True, False])
def test_a_folder_that_lacks_a_file_is_an_error_that_names_it(
    tmp_path, small, serve, monkeypatch, by_variable
):
    server = serve(small.folder)
    given = tmp_path / "given"
    shutil.copytree(small.folder, given)
    (given / "t10k-images-idx3-ubyte.gz").unlink()
    monkeypatch.setenv("RHYTHMIC_DATA_DIR", str(given if by_variable else small.folder))
    source = replace(small.source, address=server.address)
    with pytest.raises(DataUnavailableError, match=r"given lacks t10k-images-idx3-ubyte\.gz: put"):
        load_mnist(None if by_variable else given, tmp_path / "cache", source=source)
    assert server.requests == []
    assert not (tmp_path / "cache").exists()


def test_a_damaged_file_in_the_folder_is_an_error_that_names_it(tmp_path, small):
    damaged = small.folder / "train-images-idx3-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(DamagedFileError) as caught:
        load_mnist(small.folder, tmp_path / "cache", source=small.source)
    message = str(caught.value)
    assert str(damaged) in message
    assert f"must begin {small.source.train_images[:12]}" in message
    assert "\n" not in message


def test_a_named_folder_is_checked_although_the_cache_is_good(tmp_path, small):
    cache = tmp_path / "cache"
    load_mnist(small.folder, cache, source=small.source)
    damaged = tmp_path / "damaged"
    shutil.copytree(small.folder, damaged)
    (damaged / "t10k-labels-idx1-ubyte.gz").write_bytes(b"damaged")
    with pytest.raises(DamagedFileError, match=r"t10k-labels-idx1-ubyte\.gz"):
        load_mnist(damaged, cache, source=small.source)
    assert_same(load_mnist(cache_dir=cache, source=small.source), small)


def test_digits_other_than_recorded_are_refused_and_not_kept(tmp_path, small):
    source = replace(small.source, decoded="cd" * 32)
    with pytest.raises(DamagedFileError, match="must begin cdcdcdcdcdcd"):
        load_mnist(small.folder, tmp_path / "cache", source=source)
    assert not list(tmp_path.rglob("decoded.npz*"))


@pytest.mark.parametrize("damage", ["cut", "empty", "flip"])
def test_a_damaged_decoded_file_is_built_anew(tfds, tmp_path, small, damage):
    load_mnist(small.folder, tmp_path / "cache", source=small.source)
    decoded = store_of(tmp_path / "cache") / "decoded.npz"
    whole = decoded.read_bytes()
    flipped = whole[:5000] + bytes([whole[5000] ^ 255]) + whole[5001:]
    decoded.write_bytes({"cut": whole[:4000], "empty": b"", "flip": flipped}[damage])
    assert_same(load_mnist(None, tmp_path / "cache", source=small.source), small)
    assert decoded.read_bytes() == whole


@pytest.mark.parametrize("damage", ["cut", "flip", "gone", "info"])
def test_a_damaged_prepared_data_set_is_prepared_anew(tfds, tmp_path, small, damage):
    load_mnist(small.folder, tmp_path / "cache", source=small.source)
    store = store_of(tmp_path / "cache")
    (store / "decoded.npz").unlink()
    (records,) = store.rglob("*-train.array_record*")
    whole = records.read_bytes()
    if damage == "cut":
        records.write_bytes(whole[: len(whole) // 2])
    elif damage == "flip":
        # In many places, as much of so small a file is padding; the zeros are left alone.
        flipped = np.frombuffer(whole, dtype=np.uint8).copy()
        flipped[::97] ^= (flipped[::97] > 0).astype(np.uint8)
        records.write_bytes(flipped.tobytes())
    elif damage == "gone":
        records.unlink()
    else:
        (info,) = store.rglob("dataset_info.json")
        info.write_text("{")
    assert mnist._read_sound(store / "prepared", small.source.decoded) is None
    assert_same(load_mnist(small.folder, tmp_path / "cache", source=small.source), small)
    assert mnist._read_sound(store / "prepared", small.source.decoded) is not None


def test_a_kill_during_preparation_leaves_nothing_behind(tfds, tmp_path, small, monkeypatch):
    read_part, calls = mnist._read_part, []

    def killed_at_the_second_part(folder, prefix):
        calls.append(prefix)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return read_part(folder, prefix)

    monkeypatch.setattr(mnist, "_read_part", killed_at_the_second_part)
    with pytest.raises(KeyboardInterrupt):
        load_mnist(small.folder, tmp_path / "cache", source=small.source)
    assert os.listdir(store_of(tmp_path / "cache")) == []
    assert_same(load_mnist(small.folder, tmp_path / "cache", source=small.source), small)


@pytest.mark.parametrize("absent", ["tensorflow_datasets", "array_record"])
def test_without_the_extra_the_files_are_read_directly(tmp_path, small, absent, without, never):
    without(absent)
    assert_same(load_mnist(small.folder, tmp_path / "cache", source=small.source), small)
    assert os.listdir(store_of(tmp_path / "cache")) == ["decoded.npz"]
    never()
    assert_same(load_mnist(None, tmp_path / "cache", source=small.source), small)


def test_without_the_extra_and_the_files_the_error_names_the_extra(tmp_path, small, without):
    without("tensorflow_datasets")
    with pytest.raises(ImportError, match=r"install rhythmic\[experiments\]") as caught:
        load_mnist(None, tmp_path / "cache", source=small.source)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(
    not FOLDER_WITH_MNIST,
    reason="needs RHYTHMIC_DATA_DIR to name a folder with the four original MNIST files",
)
def test_the_original_mnist(tmp_path):
    digits = load_mnist(FOLDER_WITH_MNIST, tmp_path / "cache")
    assert digits.images.shape == (70000, 784)
    assert digits.labels.shape == (70000,)
    assert digits.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert digits.labels[60000:60005].tolist() == [7, 2, 1, 0, 4]
    # The class counts of the training files, as MNIST's users know them.
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(digits.labels[:60000]).tolist() == counts
    assert abs(digits.images[:60000].mean() / 255 - 0.1307) < 1e-4
    again = load_mnist(cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(again.images, digits.images)


@pytest.fixture
def homeless(monkeypatch):
    """No HOME, and a user that /etc/passwd does not know."""
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(user):
        raise KeyError(user)

    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_a_named_folder_is_read_where_there_is_no_home(small, homeless, capsys):
    assert_same(load_mnist(small.folder, source=small.source), small)
    assert capsys.readouterr().err.startswith("rhythmic: nothing is kept for the next time (")
    with pytest.raises(DataUnavailableError, match="RHYTHMIC_CACHE_DIR") as caught:
        load_mnist(source=small.source)
    assert "\n" not in str(caught.value)


def test_a_named_folder_is_read_where_the_cache_cannot_be_written(tmp_path, small, capsys):
    cache = tmp_path / "cache"
    cache.write_text("a file, where a folder is needed")
    assert_same(load_mnist(small.folder, cache, source=small.source), small)
    assert "cannot be written (" in capsys.readouterr().err.splitlines()[-1]
    assert cache.read_text() == "a file, where a folder is needed"


def test_what_somebody_else_keeps_in_the_cache_stays(tmp_path, small, capsys):
    store = tmp_path / "cache" / f"mnist-{small.source.decoded[:12]}"
    (store / "prepared").mkdir(parents=True)
    (store / "prepared" / "thesis.tex").write_text("mine")
    (store / "notes.partial").write_text("mine")
    os.utime(store / "notes.partial", (0, 0))
    assert_same(load_mnist(small.folder, tmp_path / "cache", source=small.source), small)
    assert (store / "prepared" / "thesis.tex").read_text() == "mine"
    assert (store / "notes.partial").read_text() == "mine"


def test_files_of_other_shapes_are_refused_by_name(tmp_path, small):
    labels = small.folder / "t10k-labels-idx1-ubyte.gz"
    labels.write_bytes((small.folder / "train-labels-idx1-ubyte.gz").read_bytes())
    with pytest.raises(DamagedFileError, match=r"the t10k images have the shape \(5, 28, 28\)"):
        mnist._read_files(small.folder)
