"""The state of a run between stages: what does not count is set aside, the run starts afresh."""

import numpy as np
import pytest

from rhythmic.runs.states import StateFile

STATE = {"weights": np.arange(6.0), "epoch": np.array(3)}


@pytest.fixture
def kept(tmp_path):
    """The file of a state after three stages, and the lines that it tells."""
    said = []
    file = StateFile(tmp_path / "run" / "states" / "0", tmp_path / "run", {"jax": "1"}, said.append)
    file.path.parent.mkdir(parents=True)
    file.write(STATE, 3)
    return file, said


def test_a_state_is_read_as_it_was_written(kept):
    file, said = kept
    found, done = file.read(STATE)
    assert (done, said) == (3, [])
    for name, values in STATE.items():
        np.testing.assert_array_equal(found[name], values)
    assert file._replace(path=file.path.with_name("1")).read(STATE) is None


@pytest.mark.parametrize("what", ["damaged", "cut", "computed otherwise", "of another shape"])
def test_a_state_that_does_not_count_is_set_aside(kept, what):
    file, said = kept
    content, like = file.path.read_bytes(), STATE
    if what == "damaged":
        file.path.write_bytes(content[:-3] + b"xyz")
    elif what == "cut":
        file.path.write_bytes(content[:-3])
    elif what == "computed otherwise":
        file = file._replace(label={"jax": "2"})
    else:
        like = STATE | {"epoch": np.zeros(2)}
    assert file.read(like) is None
    assert not file.path.exists()
    assert len(list((file.folder / "damaged").iterdir())) == 1
    assert [line.endswith("set aside, and what it held starts afresh") for line in said] == [True]


def test_a_folder_that_is_gone_is_not_made_again(kept, tmp_path):
    file, _ = kept
    (tmp_path / "run").rename(tmp_path / "moved")
    with pytest.raises(FileNotFoundError, match="was removed while it was being written"):
        file.write(STATE, 4)
    assert not (tmp_path / "run").exists()
