"""What recordings are said to hold before anything runs."""

import io

import numpy as np
import pytest

from rhythmic.data import Recordings, read_recordings
from rhythmic.data.description import described, description_table

LENGTHS = np.array([9, 7, 8, 9])
INPUTS = np.random.default_rng(3).normal(size=(4, 9, 2))


def test_described():
    inputs = INPUTS.copy()
    inputs[..., 0] = 0.1
    groups = np.array(["s1", "s1", "s2", "s2"])
    found = Recordings(
        inputs, ["a", None, "[b]", "a"], sample_rate=200, lengths=LENGTHS, groups=groups
    )
    assert described(found) == {
        "trials": "4",
        "channels": "2: channel 0, channel 1",
        "length": "0.035 to 0.045 s (7 to 9 samples)",
        "sample rate": "200 Hz",
        "targets": "2 classes per trial, [b] 1, a 2, 1 missing",
        "groups": "2",
        "missing samples": "none",
        "constant channels": "channel 0",
        "padding": "none: trials have their own lengths",
    }
    assert np.isfinite(found.standardised(found.scaling()).inputs).all()
    values = Recordings(INPUTS, INPUTS[..., :1], sample_rate=200)
    assert described(values)["targets"].startswith("1 number per step, ")
    many = Recordings(np.ones((40, 2, 1)), np.arange(40), sample_rate=1)
    said = described(many)["targets"]
    assert said.startswith("40 classes per trial (whole numbers: of kind 'value' they are quant")
    assert said.endswith("10 1 and 29 more")


def test_trials_that_end_in_zeros_are_asked_about():
    inputs = np.ones((5, 100, 2))
    inputs[:2, 90:] = 0
    inputs[2, 90:, 0] = 0  # one channel alone is no padding
    inputs[3, 99:] = 0  # one sample may be zero
    said = described(Recordings(inputs, [0, 1, 0, 1, 0], sample_rate=1))["padding"]
    assert said == "2 trials end in more than 5% zeros; if that is padding, give lengths"
    said = described(Recordings(inputs[1:], [0, 1, 0, 1], sample_rate=1))["padding"]
    assert said.startswith("1 trial ends in more than 5% zeros; ")
    whole = np.ones((2, 100, 2))
    assert described(Recordings(whole, [0, 1], sample_rate=1))["padding"] == "none"


def test_arrays_that_are_not_used_are_named(tmp_path, capsys):
    path = tmp_path / "some.npz"
    arrays = {"x": INPUTS, "y": np.arange(4) % 2, "subject": np.arange(4)}
    np.savez(path, **arrays, sample_rate=200.0)
    read_recordings(path)
    assert f"{path} also holds subject 4; not used" in capsys.readouterr().err
    read_recordings(path, groups="subject")
    assert "not used" not in capsys.readouterr().err


def test_the_table_of_what_was_found():
    rich = pytest.importorskip("rich.console")
    console = rich.Console(width=80, record=True, file=io.StringIO())
    found = Recordings(INPUTS, ["[b]", "a", "a", "a"], sample_rate=200)
    console.print(description_table(found, "my [eeg].npz"))
    text = console.export_text()
    assert "my [eeg].npz" in text
    assert "[b] 1, a 3" in text
