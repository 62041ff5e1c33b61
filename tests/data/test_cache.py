import os
import time
from pathlib import Path

import numpy as np
import pytest

from rhythmic.data import DataUnavailableError, Digits
from rhythmic.data.dataset import fingerprint
from rhythmic.data.download import (
    cache_folder,
    is_prepared,
    read_decoded,
    remove_stale,
    replacing_folder,
    write_decoded,
)


@pytest.fixture
def digits() -> Digits:
    images = np.random.default_rng(2).integers(0, 256, (4, 784), dtype=np.uint8)
    labels = np.array([3, 1, 4, 1], dtype=np.uint8)
    return Digits("mnist", images, labels, fingerprint(images, labels))


def fill_half(context, target) -> None:
    """Writes something and is then interrupted, as by a key."""
    with context as partial:
        target(partial).write_text("ha")
        raise KeyboardInterrupt


def test_cache_folder_prefers_argument_then_variable_then_user_cache(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "user-cache" / "rhythmic"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "rhythmic"
    monkeypatch.setenv("RHYTHMIC_CACHE_DIR", str(tmp_path / "b"))
    assert cache_folder() == tmp_path / "b"
    assert cache_folder("~/c") == Path.home() / "c"
    assert not (tmp_path / "b").exists()


def test_replacing_folder_gives_the_name_only_to_a_whole_folder(tmp_path):
    path = tmp_path / "deep" / "folder"
    with pytest.raises(KeyboardInterrupt):
        fill_half(replacing_folder(path), lambda partial: partial / "a")
    assert os.listdir(path.parent) == []
    for text in ("first", "second"):
        with replacing_folder(path) as partial:
            assert os.listdir(partial) == []
            (partial / "a").write_text(text)
        assert (path / "a").read_text() == text
    assert os.listdir(path.parent) == ["folder"]


def test_replacing_folder_keeps_what_another_process_finished_meanwhile(tmp_path):
    path = tmp_path / "folder"
    with replacing_folder(path) as partial:
        (partial / "a").write_text("late")
        path.mkdir()
        (path / "a").write_text("early")
    assert (path / "a").read_text() == "early"
    assert os.listdir(tmp_path) == ["folder"]


def test_remove_stale_takes_only_old_partial_things(tmp_path):
    ours = ["decoded.npz.ab0_12cd.partial", "prepared.ab0_12cd.partial"]
    others = ["mine.partial", "decoded.npz.partial", "prepared.mine_too.partial.txt", "old"]
    new = ["decoded.npz.zz0_12cd.partial"]
    for name in ours + others + new:
        if name.startswith("prepared"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "content").write_text("x")
        else:
            (tmp_path / name).write_text("x")
        if name not in new:
            os.utime(tmp_path / name, (time.time() - 7200,) * 2)
    remove_stale(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(others + new)
    remove_stale(tmp_path / "absent")


def test_decoded_digits_come_back(tmp_path, digits):
    path = tmp_path / "decoded.npz"
    write_decoded(path, digits)
    found = read_decoded(path, "mnist", digits.sha256)
    assert found is not None
    np.testing.assert_array_equal(found.images, digits.images)
    np.testing.assert_array_equal(found.labels, digits.labels)
    assert (found.name, found.sha256) == ("mnist", digits.sha256)
    assert found.images.dtype == found.labels.dtype == np.uint8


def test_absent_or_other_digits_are_not_given(tmp_path, digits):
    path = tmp_path / "decoded.npz"
    assert read_decoded(path, "mnist", digits.sha256) is None
    write_decoded(path, digits._replace(labels=digits.labels[::-1]))
    assert read_decoded(path, "mnist", digits.sha256) is None


def test_no_damage_is_trusted(tmp_path, digits):
    path = tmp_path / "decoded.npz"
    write_decoded(path, digits)
    whole = path.read_bytes()
    rng = np.random.default_rng(4)
    damaged = [whole[:size] for size in (0, 3, 100, len(whole) // 2, len(whole) - 1)]
    damaged += [b"no archive at all", bytes(len(whole))]
    for place in rng.integers(100, 3000, 20):  # within the pixels
        damaged.append(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    for content in damaged:
        path.write_bytes(content)
        assert read_decoded(path, "mnist", digits.sha256) is None


def test_an_archive_of_other_arrays_or_objects_is_not_trusted(tmp_path, digits):
    path = tmp_path / "decoded.npz"
    np.savez(path, images=digits.images)
    assert read_decoded(path, "mnist", digits.sha256) is None
    np.savez(path, images=np.array([{}], dtype=object), labels=digits.labels)
    assert read_decoded(path, "mnist", digits.sha256) is None


def test_only_what_is_prepared_here_counts_as_prepared(tmp_path):
    version = tmp_path / "prepared" / "rhythmic_mnist" / "1.0.0"
    version.mkdir(parents=True)
    (version / "features.json").write_text("{}")
    (version / "rhythmic_mnist-train.array_record-00000-of-00001").write_text("")
    assert is_prepared(tmp_path / "prepared")
    (tmp_path / "link").symlink_to(tmp_path / "prepared")
    assert not is_prepared(tmp_path / "link")
    (version / "thesis.tex").write_text("mine")
    assert not is_prepared(tmp_path / "prepared")


def test_a_home_folder_that_is_not_known_is_one_line(monkeypatch):
    for folder in ("~nobody-of-this-name/cache", Path("~nobody-of-this-name")):
        with pytest.raises(
            DataUnavailableError, match="that home folder is not known here"
        ) as told:
            cache_folder(folder)
        assert "\n" not in str(told.value)
