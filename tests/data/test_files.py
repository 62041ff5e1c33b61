"""Recordings from files: each format round, and every bad file or argument in one line."""

import csv
import sys

import numpy as np
import pytest
import xarray

from rhythmic.data import Recordings, read_recordings

GENERATOR = np.random.default_rng(3)
LENGTHS = np.array([9, 7, 8, 9])
INPUTS = GENERATOR.normal(size=(4, 9, 2))
INPUTS[np.arange(9) >= LENGTHS[:, None]] = 0
LABELS = np.array(["rest", "move", "rest", "move"])
GROUPS = np.array(["s1", "s1", "s2", "s2"])
TRIALS = [one[:length] for one, length in zip(INPUTS, LENGTHS, strict=True)]
NAN = float("nan")


def assert_read(found, *, inputs=INPUTS):
    np.testing.assert_array_equal(found.inputs, inputs)
    assert found.lengths.tolist() == LENGTHS.tolist()
    assert found.classes == ("move", "rest")
    assert found.targets.tolist() == [1, 0, 1, 0]
    assert found.sample_rate == 200


def saved(folder, **arrays):
    """Write arrays, and return where."""
    held = {"x": INPUTS, "y": LABELS, "n": LENGTHS, "groups": GROUPS} | arrays
    np.savez(folder / "some.npz", **{name: one for name, one in held.items() if one is not None})
    return folder / "some.npz"


def written(folder, text, name="some.ts"):
    (folder / name).write_text(text)
    return folder / name


HEADER = "#made up\n@problemName S\n@univariate false\n@dimensions 2\n@classLabel true rest move\n"


def series(trials, labels, header=HEADER, end="@data\n"):
    lines = [
        ":".join([*(",".join(map(repr, map(float, row))) for row in one.T), label])
        for one, label in zip(trials, labels, strict=True)
    ]
    return header + end + "\n".join(lines).replace("nan", "?") + "\n"


def trial_folder(folder, *, rows=None, header=("file", "label", "group"), arrays=TRIALS):
    """Write one .npy per trial and the table, and return where."""
    folder = folder / "trials"
    folder.mkdir()
    for place, one in enumerate(arrays):
        np.save(folder / f"{place}.npy", one, allow_pickle=True)
    if rows is None:
        rows = [(f"{k}.npy", LABELS[k], GROUPS[k]) for k in range(4)]
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return folder


def dataset(**coordinates):
    return xarray.Dataset(
        {
            "x": (("trial", "channel", "time"), INPUTS.swapaxes(1, 2)),
            "y": ("trial", LABELS),
            "n": ("trial", LENGTHS),
        },
        {"time": np.arange(9) / 200, "channel": ["Fz", "Cz"]} | coordinates,
    )


def netcdf(folder, made=None):
    (dataset() if made is None else made).to_netcdf(folder / "some.nc", engine="h5netcdf")
    return folder / "some.nc"


def test_npz(tmp_path):
    found = read_recordings(saved(tmp_path, sample_rate=200.0))
    assert_read(found)
    assert found.groups.tolist() == GROUPS.tolist()
    other = tmp_path / "other.npz"
    np.savez(other, eeg=INPUTS, told=np.arange(4.0), x=INPUTS, what=np.array(["a", None]))
    found = read_recordings(str(other), inputs="eeg", targets="told", sample_rate=200)
    assert (found.kind, found.lengths.tolist()) == ("value", [9] * 4)


@pytest.mark.parametrize("ending", ["nc", "zarr"])
@pytest.mark.filterwarnings("ignore")  # of zarr, on strings that it writes
def test_xarray(tmp_path, ending):
    path = tmp_path / f"some.{ending}"
    write = xarray.Dataset.to_netcdf if ending == "nc" else xarray.Dataset.to_zarr
    write(dataset(), path)
    found = read_recordings(path)
    assert_read(found)
    assert found.channel_names == ("Fz", "Cz")


@pytest.mark.parametrize(
    ("time", "attributes", "rate"),
    [
        (np.arange(9) * 5, {"units": "ms"}, 200),
        (np.arange(9), {}, None),
        (np.arange(9.0), {"units": "K"}, None),
        (np.arange(9) * 0.004, {"units": "s"}, 250),
    ],
)
def test_the_rate_of_a_coordinate(tmp_path, time, attributes, rate):
    path = netcdf(tmp_path, dataset(time=("time", time, attributes)))
    if rate is None:
        with pytest.raises(ValueError, match="sample_rate is missing"):
            read_recordings(path)
    else:
        assert read_recordings(path).sample_rate == rate


def test_an_attribute_is_the_rate(tmp_path):
    path = netcdf(tmp_path, dataset().assign_attrs(sample_rate=100.0))
    assert read_recordings(path).sample_rate == 100


def test_ts(tmp_path):
    assert_read(read_recordings(written(tmp_path, series(TRIALS, LABELS)), sample_rate=200))
    values = "@univariate true\n@classLabel false\n@targetLabel true\n@DATA\n1,2,?:0.5\n\n1,2:?\n"
    path = written(tmp_path, values)
    found = read_recordings(path, sample_rate=200, missing="interpolate")
    assert found.kind == "value"
    assert found.inputs[..., 0].tolist() == [[1, 2, 2], [1, 2, 0]]
    np.testing.assert_array_equal(found.targets, [[0.5], [NAN]])


def test_trials_of_fewer_samples_than_channels_keep_the_order_of_ts(tmp_path):
    path = written(tmp_path, "@data\n1:2:3:a\n4:5:6:b\n")
    assert read_recordings(path, sample_rate=1).inputs.tolist() == [[[1, 2, 3]], [[4, 5, 6]]]


def test_ts_as_aeon_reads_it(tmp_path):
    datasets = pytest.importorskip("aeon.datasets", reason="aeon is not installed")
    trials = [one[:7] for one in INPUTS]
    path = written(tmp_path, series(trials, LABELS, HEADER + "@equalLength true\n"))
    inputs, labels = datasets.load_from_ts_file(str(path))
    found = read_recordings(path, sample_rate=200)
    np.testing.assert_array_equal(found.inputs, np.swapaxes(inputs, 1, 2))
    assert [found.classes[place] for place in found.targets] == labels.tolist()
    for name in ("JapaneseVowels", "BasicMotions"):
        folder = f"{datasets.__path__[0]}/data/{name}/{name}_TEST.ts"
        inputs, labels = datasets.load_from_ts_file(folder)
        found = read_recordings(folder, sample_rate=200)
        for one, row, length in zip(inputs, found.inputs, found.lengths, strict=True):
            np.testing.assert_array_equal(row[:length], one.T)
        named = [found.classes[place].lower() for place in found.targets]
        assert named == labels.tolist()


def test_a_folder(tmp_path, capsys):
    folder = trial_folder(tmp_path)
    np.save(folder / "positions.npy", np.eye(3))
    found = read_recordings(folder, sample_rate=200)
    assert_read(found)
    assert found.groups.tolist() == GROUPS.tolist()
    assert "1 .npy" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("labels", "kind", "classes"),
    [
        (["1", "2", "", "10"], "class", (1, 2, 10)),
        (["1.5", "2", "", "-1e3"], "value", ()),
        (["01", "2", "", "10"], "class", ("01", "10", "2")),
    ],
)
def test_labels_of_a_table_have_the_type_that_is_written(tmp_path, labels, kind, classes):
    rows = [(f"{place}.npy", label) for place, label in enumerate(labels)]
    folder = trial_folder(tmp_path, rows=rows, header=("trial", "what"))
    found = read_recordings(folder, inputs="trial", targets="what", sample_rate=1)
    assert (found.kind, found.classes) == (kind, classes)
    assert found.known.ravel().tolist() == [True, True, False, True]


def test_epochs_of_mne(tmp_path):
    mne = pytest.importorskip("mne", reason="mne is not installed")
    pandas = pytest.importorskip("pandas")
    events = np.array([[0, 0, 1], [9, 0, 2], [18, 0, 1], [27, 0, 2]])
    samples = INPUTS.swapaxes(1, 2).astype(np.float32).astype(float)
    epochs = mne.EpochsArray(
        samples,
        mne.create_info(["Fz", "Cz"], 200.0, "eeg"),
        events,
        event_id={"rest": 1, "move": 2},
        metadata=pandas.DataFrame({"subject": GROUPS, "told": [0.5, 1, 2, 3]}),
        verbose="error",
    )
    epochs.save(tmp_path / "some-epo.fif", fmt="double", verbose="error")
    found = read_recordings(tmp_path / "some-epo.fif", sample_rate=200)
    np.testing.assert_allclose(found.inputs, samples.swapaxes(1, 2), rtol=1e-12)
    assert (found.classes, found.targets.tolist()) == (("move", "rest"), [1, 0, 1, 0])
    assert found.channel_names == ("Fz", "Cz")
    found = read_recordings(tmp_path / "some-epo.fif", targets="told", groups="subject")
    assert found.targets.ravel().tolist() == [0.5, 1, 2, 3]
    assert found.groups.tolist() == GROUPS.tolist()
    with pytest.raises(ValueError, match=r"^groups is 'session'; the metadata .* has subject, t"):
        read_recordings(tmp_path / "some-epo.fif", groups="session")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder in which tensorflow-datasets has prepared a set."""
    pytest.importorskip("array_record")
    tfds = pytest.importorskip("tensorflow_datasets")

    class SomeWords(tfds.core.GeneratorBasedBuilder):
        """Made up."""

        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            return tfds.core.DatasetInfo(
                builder=self,
                features=tfds.features.FeaturesDict(
                    {
                        "signal": tfds.features.Tensor(shape=(None, 2), dtype=np.float32),
                        "word": tfds.features.ClassLabel(names=["rest", "move"]),
                        "speaker": tfds.features.Text(),
                    }
                ),
                supervised_keys=("signal", "word"),
                disable_shuffling=True,
            )

        def _split_generators(self, dl_manager):
            return {
                "train": self._generate_examples((0, 1)),
                "test": self._generate_examples((2, 3)),
            }

        def _generate_examples(self, places):
            for k in places:
                yield k, {"signal": np.float32(TRIALS[k]), "word": LABELS[k], "speaker": GROUPS[k]}

    folder = tmp_path_factory.mktemp("prepared")
    SomeWords(data_dir=str(folder), file_format="array_record").download_and_prepare()
    return folder


def test_what_tensorflow_datasets_has_prepared(prepared, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(prepared))
    found = read_recordings("tfds:some_words", groups="speaker", sample_rate=200)
    assert_read(found, inputs=INPUTS.astype(np.float32))
    assert found.groups.tolist() == GROUPS.tolist()
    assert "tensorflow" not in sys.modules
    with pytest.raises(ValueError, match=r"^inputs is 'sound'; .* signal 4x\?x2, speaker 4"):
        read_recordings("tfds:some_words", inputs="sound", sample_rate=200)
    with pytest.raises(ValueError, match="'tfds:other'; no such set lies prepared in"):
        read_recordings("tfds:other", sample_rate=200)


def damaged(path):
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)
    return path


def damaged_zarr(folder):
    path = folder / "some.zarr"
    dataset().drop_vars(("y", "channel")).to_zarr(path, consolidated=False)
    for chunk in (path / "x" / "c").rglob("0"):
        if chunk.is_file():
            chunk.write_bytes(b"no")
    return path, {"targets": "n", "lengths": "n"}


def gap(value=NAN, trial=2, steps=(3,)):
    found = INPUTS.copy()
    found[trial, list(steps), 1] = value
    return found


# Given a folder, the arguments of a call that must be refused; and how the line begins.
REFUSED = {
    "a missing file": (lambda f: f / "none.npz", "path is .*none.npz'; there is no such file"),
    "an unknown ending": (
        lambda f: written(f, "x", "some.mat"),
        "path is .*some.mat'; it must end in .npz, .nc, .zarr, .ts, .fif, be a folder",
    ),
    "an empty file": (lambda f: written(f, "", "some.npz"), "path is .*; the file is empty"),
    "a file called zarr": (lambda f: written(f, "x", "a.zarr"), "path is .*must be a folder"),
    "no npz": (lambda f: written(f, "words", "some.npz"), "path is .*; it is damaged, or was not"),
    "a damaged npz": (lambda f: damaged(saved(f)), "path is .*; it is damaged, or was not"),
    "Python objects": (
        lambda f: saved(f, x=np.array([{}] * 4)),
        "path is .*; its array 'x' holds Python objects, which are not read: store",
    ),
    "a name that is not there": (
        lambda f: (saved(f), {"inputs": "eeg"}),
        "inputs is 'eeg'; .* holds x 4x9x2, y 4, n 4, groups 4",
    ),
    "no usual name": (
        lambda f: saved(f, x=None, eeg=INPUTS),
        r"inputs is missing \(none is called x or X or inputs or data\); .*: y 4, .* eeg 4x9x2",
    ),
    "two usual names": (
        lambda f: saved(f, labels=LABELS),
        r"targets is missing \(it may be y or labels\); it must name one of",
    ),
    "four axes": (lambda f: saved(f, x=np.ones((4, 9, 2, 1))), r"inputs has shape \(4, 9, 2, 1\)"),
    "a length too large": (lambda f: saved(f, n=[9, 7, 8, 10]), "lengths holds 10 in trial 3; "),
    "a length of zero": (lambda f: saved(f, n=[9, 7, 0, 9]), "lengths holds 0 in trial 2; it must"),
    "too few lengths": (lambda f: saved(f, n=[9, 7, 8]), "lengths is .*; it must hold 4 integers"),
    "lengths in s": (lambda f: saved(f, n=LENGTHS / 200), "lengths is .*; it must hold 4 integers"),
    "too few targets": (lambda f: saved(f, y=LABELS[:3]), "targets holds 3; it must hold one for"),
    "one class": (lambda f: saved(f, y=["a"] * 4), "targets holds one class alone, 'a'; it must"),
    "too few groups": (lambda f: saved(f, groups=GROUPS[:2]), "groups is .*; it must hold a label"),
    "complex numbers": (lambda f: saved(f, x=INPUTS + 0j), "inputs is of type complex128; it must"),
    "words for samples": (
        lambda f: saved(f, x=INPUTS.astype(str)),
        "inputs is of type <U.*; it mu",
    ),
    "no trials": (lambda f: saved(f, x=INPUTS[:0]), r"inputs has shape \(0, 9, 2\); expected"),
    "a missing sample": (
        lambda f: saved(f, x=gap()),
        r"inputs holds nan in trial 2, channel 1, step 3; it must be finite: missing \(1 in 1 of "
        r"4 trials\) may be 'drop' or 'interpolate', and lengths",
    ),
    "an infinite sample": (
        lambda f: (saved(f, x=gap(np.inf)), {"missing": "drop"}),
        "inputs holds inf in trial 2, channel 1, step 3; it must be finite: leave the trial out",
    ),
    "a channel without samples": (
        lambda f: (saved(f, x=gap(steps=range(9)), n=None), {"missing": "interpolate"}),
        "inputs holds no sample in trial 2, channel 1; missing must be 'drop'",
    ),
    "gaps in all trials": (
        lambda f: (saved(f, x=gap(trial=slice(None))), {"missing": "drop"}),
        "missing is 'drop'; all 4 trials have missing samples and none would be left",
    ),
    "an unknown rule": (
        lambda f: (saved(f), {"missing": "zero"}),
        "missing is 'zero'; choose from drop, interpolate",
    ),
    "more channels than samples": (
        lambda f: saved(f, x=INPUTS.swapaxes(1, 2), n=None),
        r"inputs has trials of shape \(2, 9\), more channels than samples .*; channels must say",
    ),
    "an unknown order": (
        lambda f: (saved(f), {"channels": "middle"}),
        "channels is 'middle'; choose from first, last",
    ),
    "an order where axes have names": (
        lambda f: (netcdf(f), {"channels": "first"}),
        "channels is 'first'; the axes of inputs have names",
    ),
    "an unknown kind": (lambda f: (saved(f), {"kind": "classes"}), "kind is 'classes'; choose"),
    "no rate": (lambda f: (saved(f), {"sample_rate": None}), "sample_rate is missing; .* in Hz"),
    "a rate of zero": (
        lambda f: (saved(f), {"sample_rate": 0}),
        "sample_rate is 0; it must be a f",
    ),
    "a negative rate": (
        lambda f: (saved(f), {"sample_rate": -1.0}),
        "sample_rate is -1.0; it must",
    ),
    "another rate": (
        lambda f: (netcdf(f), {"sample_rate": 100}),
        "sample_rate is 100; it must be 200, as .*some.nc' says",
    ),
    "several rates": (
        lambda f: (saved(f, sample_rate=[1.0, 2.0]), {"sample_rate": None}),
        "sample_rate is .*; it must be a finite number",
    ),
    "no netCDF": (
        lambda f: written(f, "words", "some.nc"),
        "path is .*; it must be a netCDF file that xarray reads",
    ),
    "no zarr": (lambda f: (f / "some.zarr").mkdir() or f / "some.zarr", "path is .* a zarr folder"),
    "a damaged zarr": (damaged_zarr, "path is .* must be a zarr folder that xarray reads"),
    "no such variable": (
        lambda f: (netcdf(f), {"inputs": "lfp"}),
        "inputs is 'lfp'; .* holds x 4x2x9, y 4, n 4",
    ),
    "another axis": (
        lambda f: netcdf(f, dataset().rename_dims(channel="electrode")),
        r"inputs has the axes \('trial', 'electrode', 'time'\); expected",
    ),
    "steps that differ": (
        lambda f: netcdf(f, dataset(time=np.arange(9.0) ** 2)),
        "path is .*; its coordinate time must rise in equal steps",
    ),
    "no data": (lambda f: written(f, HEADER), "path is .*; it must hold a line @data"),
    "no trial below": (lambda f: written(f, HEADER + "@data\n"), "path is .*; it holds no trial"),
    "no tag": (lambda f: written(f, "1,2:a\n"), "path is .*; its line 1 is '1,2:a' before @data"),
    "ragged dimensions": (
        lambda f: written(f, HEADER + "@data\n1,2:3,4:rest\n1,2:3:move\n"),
        "path is .*; its line 8 holds 2 samples in dimension 1 and 1 in dimension 2; they must",
    ),
    "another number of dimensions": (
        lambda f: written(f, HEADER + "@data\n1,2:3,4:rest\n1,2:move\n"),
        "path is .*; its line 8 holds 1 dimensions; it must hold 2",
    ),
    "another length": (
        lambda f: written(f, "@equalLength true\n@seriesLength 3\n@data\n1,2:a\n"),
        "path is .*; its line 4 holds 2 samples; by @equalLength it must hold 3",
    ),
    "a label of its own": (
        lambda f: written(f, HEADER + "@data\n1,2:3,4:run\n"),
        "path is .*; its line 7 ends in 'run'; by @classLabel it must be one of rest, move",
    ),
    "a word among samples": (
        lambda f: written(f, HEADER + "@data\n1,a:3,4:rest\n"),
        "path is .*; its line 7 holds '1,a' in dimension 1; it must hold numbers",
    ),
    "no samples": (
        lambda f: written(f, HEADER + "@data\n:3,4:rest\n"),
        "path is .*; its line 7 holds no sample in dimension 1; it must hold numbers",
    ),
    "time stamps": (
        lambda f: written(f, "@timestamps true\n@data\n"),
        "path is .*@timestamps must",
    ),
    "no labels": (lambda f: written(f, "@classLabel false\n@data\n"), "path is .*@classLabel or"),
    "neither true nor false": (
        lambda f: written(f, "@univariate perhaps\n@data\n"),
        "path is .*; its line 1 is '@univariate perhaps'; @univariate must be true or false",
    ),
    "no text": (
        lambda f: (f / "some.ts").write_bytes(b"@data\n\xff\xfe") and f / "some.ts",
        "path is .*; it must hold text in UTF-8",
    ),
    "a name of an array in ts": (
        lambda f: (written(f, series(TRIALS, LABELS)), {"inputs": "x"}),
        "inputs is 'x'; it must not be given, since .* has no arrays with names",
    ),
    "an order of ts": (
        lambda f: (written(f, series(TRIALS, LABELS)), {"channels": "last"}),
        "channels is 'last'; it must not be given, since the format",
    ),
    "a folder without a table": (lambda f: f, "path is .*; a folder must hold .npy trials and one"),
    "a table that names no file": (lambda f: trial_folder(f, rows=[]), "path is .* at least one f"),
    "a file that is not there": (
        lambda f: trial_folder(f, rows=[("9.npy", "a", "b")]),
        "path is .*; line 2 of labels.csv names '9.npy', which must be a .npy file inside",
    ),
    "a file outside": (
        lambda f: trial_folder(f, rows=[("../9.npy", "a", "b")]),
        "path is .*; line 2 of labels.csv names '../9.npy', which must be a .npy file inside",
    ),
    "no column of labels": (
        lambda f: trial_folder(f, header=("file", "class", "group")),
        "targets is 'label'; .* must have one column of that name, and has file, class, group",
    ),
    "no column of groups": (
        lambda f: (trial_folder(f), {"groups": "subject"}),
        "groups is 'subject'; .* must have one column of that name",
    ),
    "a file named twice": (
        lambda f: trial_folder(f, rows=[("0.npy", "a", "b"), ("./0.npy", "b", "b")]),
        "path is .*; line 3 of labels.csv names './0.npy', as line 2 does; it must name each file",
    ),
    "a cell too many": (
        lambda f: trial_folder(f, rows=[("0.npy", "a", "b", "c")]),
        "path is .*; its line 2 has 4 cells and must have 3",
    ),
    "trials of other channels": (
        lambda f: trial_folder(f, arrays=[*TRIALS[:3], np.ones((9, 3))]),
        r"inputs has shape \(9, 3\) in trial 3; expected \(time, 2\)",
    ),
    "a trial without samples": (
        lambda f: trial_folder(f, arrays=[*TRIALS[:3], np.ones((0, 2))]),
        r"inputs has shape \(0, 2\) in trial 3; expected",
    ),
    "a trial of three axes": (
        lambda f: trial_folder(f, arrays=[INPUTS] * 4),
        r"path is .*; line 2 of labels.csv names '0.npy', an array of shape \(4, 9, 2\); it must",
    ),
    "a trial of objects": (
        lambda f: trial_folder(f, arrays=[np.array([{}])] * 4),
        "path is .*; line 2 of labels.csv names '0.npy', which is damaged, or no array",
    ),
    "lengths of a folder": (
        lambda f: (trial_folder(f), {"lengths": "n"}),
        "lengths is 'n'; files of .* have their own lengths",
    ),
    "no epochs": (
        lambda f: written(f, "words", "some.fif"),
        "path is .*(mne must be|epochs of MNE)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_file_or_argument_is_refused_in_one_line(tmp_path, case):
    make, message = REFUSED[case]
    made = make(tmp_path)
    path, options = made if isinstance(made, tuple) else (made, {})
    with pytest.raises(ValueError, match=f"^{message}") as caught:
        read_recordings(path, **({"sample_rate": 200.0} | options))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("package", "path"),
    [
        ("mne", "some.fif"),
        ("xarray", "some.nc"),
        ("array_record", "tfds:some"),
        ("tensorflow_datasets", "tfds:some"),
    ],
)
def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch, package, path):
    if package == "tensorflow_datasets":
        pytest.importorskip("array_record")
    monkeypatch.setitem(sys.modules, package, None)
    if not path.startswith("tfds:"):
        path = written(tmp_path, "words", path)
    with pytest.raises(ValueError, match=f"to read it {package} must be installed: pip install"):
        read_recordings(path, sample_rate=200)


def test_trials_with_gaps_are_left_out(tmp_path):
    path = saved(tmp_path, x=gap(), y=["rest", "move", "other", "move"])
    found = read_recordings(path, sample_rate=200, missing="drop")
    np.testing.assert_array_equal(found.inputs, INPUTS[[0, 1, 3]])
    assert found.lengths.tolist() == [9, 7, 9]
    assert found.classes == ("move", "rest")
    assert found.groups.tolist() == ["s1", "s1", "s2"]
    assert found.missing == "1 in 1 of 4 trials, left out"


def test_gaps_are_filled_within_trial_and_channel():
    values = np.array([[NAN, 1, NAN, NAN, 4, NAN], [0, 0, 0, 0, 0, 0]])[..., None]
    given_ = values.copy()
    found = Recordings(given_, ["a", "b"], sample_rate=1, missing="interpolate")
    assert found.inputs[..., 0].tolist() == [[1, 1, 2, 3, 4, 4], [0] * 6]
    ends = "; at the end of 1: if that is padding, give lengths"
    assert found.missing == f"4 in 1 of 2 trials, interpolated{ends}"
    np.testing.assert_array_equal(given_, values)


def test_a_gap_at_the_end_of_a_trial_does_not_reach_the_padding():
    values = np.array([[1, NAN, 7, 7], [1, 2, 3, 4.0]])[..., None]
    found = Recordings(values, [0, 1], sample_rate=1, lengths=[2, 4], missing="interpolate")
    assert found.inputs[0, :, 0].tolist() == [1, 1, 0, 0]


TURNED = INPUTS.swapaxes(1, 2)


@pytest.mark.parametrize(
    "options",
    [
        {"channels": "first"},
        {"channels": "first", "lengths": LENGTHS},
        {"lengths": LENGTHS},
        {"channel_names": ("Fz", "Cz")},
    ],
)
def test_channels_that_are_first_are_put_last(options):
    found = Recordings(TURNED, LABELS, sample_rate=200, **options)
    np.testing.assert_array_equal(found.inputs, INPUTS)


def test_channels_of_trials_in_a_list():
    for options in ({}, {"channels": "first"}):
        found = Recordings([one.T for one in TRIALS], LABELS, sample_rate=200, **options)
        np.testing.assert_array_equal(found.inputs, INPUTS)
    wide = [one.T for one in INPUTS]
    with pytest.raises(ValueError, match=r"trials of shape \(2, 9\), more channels than samples"):
        Recordings(wide, LABELS, sample_rate=200)
    assert Recordings(wide, LABELS, sample_rate=200, channels="last").inputs.shape == (4, 2, 9)
