import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy

from rhythmic.data import DamagedFileError
from rhythmic.data.mnist import read_idx

HEADER = bytes([0, 0, 8, 1, 0, 0, 0, 3])


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    array=hypothesis_numpy.arrays(
        np.uint8, hypothesis_numpy.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5)
    ),
    level=st.integers(0, 9),
)
def test_read_idx_gives_back_any_array(tmp_path, array, level):
    lengths = b"".join(int(side).to_bytes(4, "big") for side in array.shape)
    path = tmp_path / "any.gz"
    content = bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()
    path.write_bytes(gzip.compress(content, level))
    found = read_idx(path)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, array)


def test_axis_lengths_are_big_endian_and_the_last_axis_runs_fastest(tmp_path):
    path = tmp_path / "two.gz"
    path.write_bytes(gzip.compress(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])))
    np.testing.assert_array_equal(read_idx(str(path)), [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + b"ab", "bad.gz holds 2 values, its header states 3"),
        (HEADER + b"abcd", "bad.gz holds 4 values, its header states 3"),
        (HEADER[:6], "bad.gz ends within its IDX header"),
        (b"", "bad.gz does not begin as an IDX file"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 3]) + b"abc", "bad.gz does not begin as an IDX file"),
    ],
)
def test_other_content_is_refused_by_name(tmp_path, content, message):
    path = tmp_path / "bad.gz"
    path.write_bytes(gzip.compress(content))
    with pytest.raises(DamagedFileError, match=message):
        read_idx(path)


@pytest.mark.parametrize("damage", ["cut", "plain", "flipped"])
def test_a_broken_gzip_file_is_refused_by_name(tmp_path, damage):
    whole = gzip.compress(HEADER + b"abc")
    flipped = whole[:-6] + bytes([whole[-6] ^ 255]) + whole[-5:]  # in the checksum
    broken = {"cut": whole[:-9], "plain": HEADER + b"abc", "flipped": flipped}[damage]
    path = tmp_path / "bad.gz"
    path.write_bytes(broken)
    with pytest.raises(DamagedFileError, match=r"bad\.gz is not a whole gzip file"):
        read_idx(path)


def test_a_small_file_that_states_much_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "much.gz"
    for num_axes, length, message in (
        (255, 1, "states 255 axes; it must have 32 at most"),
        (3, 2**32 - 1, "states .* values; it must hold 1073741824 at most"),
    ):
        header = bytes([0, 0, 8, num_axes]) + length.to_bytes(4, "big") * num_axes
        path.write_bytes(gzip.compress(header + b"a"))
        with pytest.raises(DamagedFileError, match=message):
            read_idx(path)


def test_an_empty_array_of_long_axes_is_refused(tmp_path):
    path = tmp_path / "empty.gz"
    header = bytes([0, 0, 8, 3])
    path.write_bytes(gzip.compress(header + bytes(4) + b"\xff" * 8))
    with pytest.raises(DamagedFileError, match=r"^empty\.gz states the axes \[0, 4294967295, 4294"):
        read_idx(path)
    path.write_bytes(gzip.compress(header + bytes(4) + b"\0\0\0\x1c" * 2))
    assert read_idx(path).shape == (0, 28, 28)


def test_a_bomb_is_unpacked_as_far_as_it_states(tmp_path, monkeypatch):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(HEADER + bytes(20_000_000)))
    read, sizes = gzip.GzipFile.read, []
    monkeypatch.setattr(
        gzip.GzipFile, "read", lambda self, size=-1: (sizes.append(size), read(self, size))[1]
    )
    with pytest.raises(DamagedFileError, match=r"bomb\.gz holds 4 values, its header states 3"):
        read_idx(path)
    assert all(0 <= size <= 2**20 for size in sizes)
    assert sum(sizes) < 100
