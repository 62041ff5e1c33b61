"""Files that know whether they are whole: no changed byte is taken for what was written."""

import hashlib
import io
from typing import NamedTuple

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.files import PARTIAL
from rhythmic.sealed import (
    HEADER,
    DamagedFileError,
    load_arrays,
    read_sealed,
    save_arrays,
    write_sealed,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class State(NamedTuple):
    weights: np.ndarray
    step: np.ndarray
    rest: dict


def state(scale=1.0):
    rest = {"mask": np.array([True, False]), "z": np.array([1j, np.nan])}
    return State(np.arange(6.0).reshape(2, 3) * scale, np.int32(4), rest)


def sealed_again(path, change):
    """Change the arrays of a file and give it the hash of its new bytes, as a program would."""
    body = io.BytesIO(path.read_bytes()[HEADER:])
    with np.load(body) as file:
        named = {name: file[name] for name in file.files}
    change(named)
    changed = io.BytesIO()
    np.savez(changed, **named)
    content = changed.getvalue()
    path.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


@given(st.dictionaries(st.text().filter(lambda key: key != "seal"), VALUES, max_size=4))
@settings(max_examples=30, deadline=None)
def test_what_is_read_is_what_was_written(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("sealed") / "value.json"
    write_sealed(path, value)
    assert read_sealed(path) == value


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_json_lacks_are_refused_and_leave_the_old_file(tmp_path, number):
    path = tmp_path / "value.json"
    write_sealed(path, {"x": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_sealed(path, {"x": float(number)})
    assert read_sealed(path) == {"x": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["value.json"]


def test_every_changed_bit_of_a_description_is_found(tmp_path):
    path = tmp_path / "value.json"
    write_sealed(path, {"name": "a", "x": 1.5, "list": [1, 2]})
    original = path.read_bytes()
    for place in range(len(original)):
        for bit in (0, 3, 6):
            changed = bytearray(original)
            changed[place] ^= 1 << bit
            if bytes(changed).split() == original.split():
                continue  # one white space for another is the same JSON
            path.write_bytes(changed)
            with pytest.raises(DamagedFileError) as caught:
                read_sealed(path)
            assert "\n" not in str(caught.value)
            assert str(path) in str(caught.value)
    for length in range(len(original) - 1):
        path.write_bytes(original[:length])
        with pytest.raises(DamagedFileError):
            read_sealed(path)


@pytest.mark.parametrize("text", ["", "[1]", "3", "null", '"text"', "{}", "[" * 100_000, "\xff"])
def test_other_contents_are_damaged_in_one_line(tmp_path, text):
    path = tmp_path / "value.json"
    path.write_bytes(text.encode("latin1"))
    with pytest.raises(DamagedFileError) as caught:
        read_sealed(path)
    assert str(caught.value).startswith(f"{path} is damaged")


def test_arrays_come_back_bit_by_bit(tmp_path):
    path = tmp_path / "state"
    save_arrays(path, state(), {"done": 3, "identity": "é"})
    found, label = load_arrays(path, state(0.0))
    assert label == {"done": 3, "identity": "é"}
    assert jax.tree.structure(found) == jax.tree.structure(state())
    for new, old in zip(jax.tree.leaves(found), jax.tree.leaves(state()), strict=True):
        assert np.asarray(new).dtype == old.dtype
        assert np.asarray(new).tobytes() == old.tobytes()


def test_later_arrays_take_the_place_of_earlier_ones(tmp_path):
    path = tmp_path / "folder" / "state"
    for done in (1, 2):
        save_arrays(path, state(done), {"done": done})
    found, label = load_arrays(path, state())
    assert label == {"done": 2}
    np.testing.assert_array_equal(found.weights, state(2).weights)
    assert not list(tmp_path.rglob("*" + PARTIAL))


def test_every_changed_byte_of_arrays_is_found(tmp_path):
    path = tmp_path / "state"
    save_arrays(path, state(), {"done": 3})
    original = path.read_bytes()
    generator = np.random.default_rng(0)
    places = np.r_[0:70, generator.integers(70, len(original), 200)]
    for place in places:
        changed = bytearray(original)
        changed[place] ^= 1 << int(generator.integers(8))
        path.write_bytes(changed)
        with pytest.raises(DamagedFileError, match="is damaged"):
            load_arrays(path, state())
    for length in (0, 10, HEADER, HEADER + 1, len(original) - 1):
        path.write_bytes(original[:length])
        with pytest.raises(DamagedFileError, match="is damaged"):
            load_arrays(path, state())


@pytest.mark.parametrize(
    "like",
    [
        state()._replace(weights=np.zeros((3, 2))),
        state()._replace(weights=np.zeros((2, 3), np.float32)),
        state()._replace(rest={}),
        state()._replace(rest=state().rest | {"more": np.zeros(1)}),
    ],
    ids=["shape", "dtype", "fewer", "more"],
)
def test_arrays_of_another_tree_are_refused(tmp_path, like):
    path = tmp_path / "state"
    save_arrays(path, state(), {})
    with pytest.raises(DamagedFileError, match="holds other arrays than are expected"):
        load_arrays(path, like)


@pytest.mark.parametrize(
    "change",
    [
        lambda named: named.pop("label"),
        lambda named: named.pop("leaf_1"),
        lambda named: named.update(label=np.array("{")),
        lambda named: named.update(label=np.array([{}], object)),
    ],
    ids=["no label", "no leaf", "no JSON", "a pickle"],
)
def test_contents_with_a_right_hash_are_still_looked_at(tmp_path, change):
    path = tmp_path / "state"
    save_arrays(path, state(), {})
    sealed_again(path, change)
    with pytest.raises(DamagedFileError, match="holds other arrays"):
        load_arrays(path, state())
