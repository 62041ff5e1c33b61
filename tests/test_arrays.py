"""Named arrays come back as they were, and no changed byte does."""

import io
import zipfile

import numpy as np
import pytest

from rhythmic import arrays
from rhythmic.arrays import is_ours, read_arrays, write_arrays
from rhythmic.sealed import DamagedFileError

ARRAYS = {
    "numbers": np.arange(12.0).reshape(3, 4),
    "columns": np.asfortranarray(np.ones((2, 3), np.int8)),
    "text": np.array("rows"),
    "none": np.zeros((0, 3)),
}


def assert_same(found):
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


@pytest.mark.parametrize("compressed", [True, False])
def test_arrays_come_back_here_and_in_numpy(tmp_path, compressed):
    path = tmp_path / "deep" / "a.npz"
    write_arrays(path, ARRAYS, compressed=compressed)
    assert_same(read_arrays(path))
    with np.load(path) as file:
        assert_same(dict(file))
    assert is_ours(path)


def test_every_flipped_byte_is_found_or_changes_nothing(tmp_path):
    path = tmp_path / "a.npz"
    write_arrays(path, ARRAYS)
    whole, found = path.read_bytes(), 0
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            assert_same(read_arrays(path))
        except DamagedFileError:
            found += 1
    assert found >= len(whole) // 3 - 10  # but for the few letters before the hash
    path.write_bytes(whole[:-1])
    with pytest.raises(DamagedFileError):
        read_arrays(path)


def test_archives_of_others_are_read_and_are_not_ours(tmp_path):
    path, link = tmp_path / "a.npz", tmp_path / "b.npz"
    np.savez(path, **ARRAYS)
    assert_same(read_arrays(path))
    assert not is_ours(path)
    write_arrays(path, ARRAYS)
    link.symlink_to(path)
    assert not is_ours(link)


def stating(shape, data=b"", objects=False):
    """An archive whose header states a shape."""
    header, body = io.BytesIO(), io.BytesIO()
    kind = "|O" if objects else "<f8"
    np.lib.format.write_array_header_1_0(
        header, {"descr": kind, "fortran_order": False, "shape": shape}
    )
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header.getvalue() + data)
    return body.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"PK", b"no archive at all"),
        stating((10**12,)),
        stating((2**40, 2**40)),
        stating((2,), b"\0" * 8),
        stating((1,), b"\0" * 8, objects=True),
    ],
)
def test_a_small_file_asks_for_no_memory(tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"a\.npz is damaged") as caught:
        read_arrays(path)
    assert "\n" not in str(caught.value)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, zeros=np.zeros(10**5))
    monkeypatch.setattr("rhythmic.arrays.LARGEST", 10**5)
    with pytest.raises(DamagedFileError, match="100000 are taken at most"):
        read_arrays(path)


def test_more_than_can_be_read_again_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "LARGEST", 20_000)
    write_arrays(tmp_path / "small.npz", {"x": np.zeros(1000)})
    with pytest.raises(ValueError, match=r"^arrays hold 16000 bytes; they must have at most 20000"):
        write_arrays(tmp_path / "large.npz", {"x": np.zeros(2000)})
    assert [path.name for path in tmp_path.iterdir()] == ["small.npz"]


@pytest.mark.parametrize("error", [OSError("the disk fails"), MemoryError()])
def test_a_failing_disk_is_no_damage(tmp_path, monkeypatch, error):
    write_arrays(tmp_path / "a.npz", {"x": np.zeros(3)})

    def fail(*_):
        raise error

    monkeypatch.setattr(arrays, "declared_arrays", fail)
    with pytest.raises(type(error)):
        read_arrays(tmp_path / "a.npz")
