"""Recordings whose targets are their own later samples."""

import csv

import numpy as np
import pytest

from rhythmic.data import Recordings, read_recordings

LENGTHS = np.array([9, 7, 8])
INPUTS = np.random.default_rng(0).normal(size=(3, 9, 2))
RATE = 20.0


@pytest.fixture
def recordings():
    labels = ["rest", "move", "rest"]
    return Recordings(INPUTS, labels, sample_rate=RATE, lengths=LENGTHS, groups=["a", "b", "b"])


def test_targets_are_the_later_samples(recordings):
    found = recordings.forecast(0.15)  # three steps
    assert (found.kind, found.num_outputs, found.classes) == ("value_per_step", 2, ())
    assert found.groups.tolist() == ["a", "b", "b"]
    for trial, length in enumerate(LENGTHS):
        targets = found.targets[trial]
        np.testing.assert_array_equal(targets[: length - 3], INPUTS[trial, 3:length])
        assert np.isnan(targets[length - 3 :]).all()
    assert recordings.kind == "class"  # as they were


@pytest.mark.parametrize("seconds", [0.02, 0.35, 100.0])
def test_a_time_without_targets_is_refused(recordings, seconds):
    with pytest.raises(ValueError, match=r"^forecast is .* s; it must be 0.05 to 0.3 s"):
        recordings.forecast(seconds)


@pytest.mark.parametrize("kind", ["npz", "nc", "ts", "folder"])
def test_files_need_no_targets(tmp_path, kind):
    path = tmp_path / f"some.{kind}"
    if kind == "npz":
        np.savez(path, x=INPUTS)
    elif kind == "nc":
        import xarray

        samples = ("time", "trial", "channel"), INPUTS.swapaxes(0, 1)
        xarray.Dataset({"x": samples}).to_netcdf(path, engine="h5netcdf")
    elif kind == "ts":
        rows = [":".join(",".join(map(repr, c.tolist())) for c in one.T) + ":a" for one in INPUTS]
        path.write_text("@classLabel true a b\n@data\n" + "\n".join(rows))
    else:
        path.mkdir()
        for place, one in enumerate(INPUTS):
            np.save(path / f"{place}.npy", one)
        with (path / "labels.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["file"], *([f"{k}.npy"] for k in range(3))])
    found = read_recordings(path, sample_rate=RATE, forecast=0.05)
    np.testing.assert_allclose(found.targets[:, :-1], INPUTS[:, 1:])
    assert found.kind == "value_per_step"


@pytest.mark.parametrize("options", [{"targets": "y"}, {"kind": "value"}])
def test_other_targets_are_refused(tmp_path, options):
    np.savez(tmp_path / "some.npz", x=INPUTS, y=LENGTHS)
    with pytest.raises(ValueError, match="must not be given with forecast"):
        read_recordings(tmp_path / "some.npz", sample_rate=RATE, forecast=0.1, **options)
