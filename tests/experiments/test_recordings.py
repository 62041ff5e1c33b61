"""Recordings of others: official tests are kept apart, finished rows are not trained again."""

import json

import numpy as np
import pytest

from experiments import recordings
from experiments.recordings import RESULTS, Part, RecordingsOptions, official, rows_of, table
from rhythmic import NetworkSpec, Recordings
from rhythmic.training import TrainingConfiguration


def made_up():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(40, 9, 2))
    labels = np.where(inputs[:, :, 0] > 0, "up", "down")
    return Recordings(inputs, labels, sample_rate=10.0), 10


def test_what_is_finished_is_taken_as_it_is(tmp_path, monkeypatch):
    recipe = TrainingConfiguration(epochs=2, batch_size=8, rising_share=0.4)
    part = Part("made up", made_up, (NetworkSpec("rnn", 2, name="rnn"),), recipe, (0.01, 0.03))
    monkeypatch.setattr(recordings, "parts", lambda options: [part])
    options = RecordingsOptions(seeds=(1, 2), results=tmp_path / "rows.jsonl")
    (row,) = rows_of(options)
    assert len(row["test_scores"]) == len(row["as_published"]) == 2
    # Every step has a label here, so that both counts are one.
    np.testing.assert_allclose(row["as_published"], row["test_scores"], rtol=1e-5)
    monkeypatch.setattr(recordings, "train", None)
    assert rows_of(options)[0]["test_scores"] == pytest.approx(np.asarray(row["test_scores"]))
    assert table([row]).row_count == 1


def test_the_official_test_is_never_trained_on():
    for seed in (1, 2):
        split = official(100, 30, seed)
        assert split.test.tolist() == list(range(70, 100))
        assert sorted([*split.train, *split.validation]) == list(range(70))
        assert len(split.validation) == 7
    assert not np.array_equal(official(100, 30, 1).train, official(100, 30, 2).train)


def test_another_file_is_no_heartbeat(tmp_path):
    (tmp_path / "QTDB_train.mat").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"ecg_dir holds no original QTDB_train\.mat"):
        recordings.qtdb(tmp_path, None)


def test_the_kept_rows_are_among_those_that_are_asked_for():
    rows = [json.loads(line) for line in RESULTS.read_text().splitlines()]
    asked = RecordingsOptions(ecg_dir=RESULTS.parent)
    wanted = {
        recordings.identity(part, spec, asked.seeds): part.name
        for part in recordings.parts(asked)
        for spec in part.specs
    }
    kept = {row["name"]: row["recordings"] for row in rows}
    assert kept.items() <= wanted.items()
    assert {"JapaneseVowels", "BasicMotions"} <= set(kept.values())
    for row in rows:
        assert len(row["test_scores"]) == 5
        if row["recordings"] == "QTDB":
            assert row["num_parameters"] <= 1734
