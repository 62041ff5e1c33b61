"""The comparison end to end, as a call and as a command: small, resumed, refused in one line."""

import csv
import dataclasses
import json
import re

import numpy as np
import pytest

from rhythmic.compare import ComparisonPlan, compare_networks, simulated_rhythms, write_report
from rhythmic.compare import work as module
from rhythmic.compare.__main__ import main
from tests.compare import small

PLAN = dataclasses.replace(small.PLAN, num_runs=5)  # each trial is tested once


@pytest.fixture(scope="module")
def recordings():
    return simulated_rhythms(
        num_trials=40, num_channels=2, sample_rate=100.0, duration=(0.4, 0.6), amplitude=2.0
    )


@pytest.fixture(scope="module")
def finished(recordings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared") / "run"
    found = compare_networks(recordings, PLAN, folder=folder, quiet=True)
    write_report(found, folder)
    return found, folder


def test_the_report_is_whole_and_fetches_nothing(finished):
    found, folder = finished
    page = (folder / "report.html").read_text("utf-8")
    assert page.count("<svg") == 6
    for heading in ("Is rhythm better here?", "Which rhythms?", "What it does", "change our mind"):
        assert heading in page
    links = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
    assert "url(http" not in page
    assert "<script" not in page
    assert "5 runs (circles) of 8 test trials each" in page
    # Every score of the page is that of a row.
    for name in found.plan.cells:
        mean = np.mean(found.rows[name]["test_scores"])
        assert f"<td>{mean:.3f}</td>" in page


def test_tables_have_their_columns(finished):
    _, folder = finished
    columns = {
        "summary": "cell hidden_size num_parameters n mean low high difference p",
        "rhythms": "cell node start_hz learned_hz learned_hz_sd decay_s importance",
        "bands": "low_hz high_hz importance",
    }
    for name, expected in columns.items():
        with open(folder / f"{name}.csv", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == expected.split()
    verdicts = json.loads((folder / "verdicts.json").read_text("utf-8"))
    statements = [one["statement"] for one in verdicts["verdicts"]]
    assert "The rhythmic RNN scores higher than the RNN." in statements
    words = {"supported", "contradicted", "equivalent", "cannot tell"}
    assert {one["word"] for one in verdicts["verdicts"]} <= words


def test_the_same_call_trains_nothing_and_writes_the_same_page(
    finished, recordings, monkeypatch, tmp_path
):
    found, folder = finished

    def refuse(*arguments, **named):
        raise AssertionError("trained again")

    monkeypatch.setattr(module, "searched", refuse)
    monkeypatch.setattr(module, "baseline_scores", refuse)
    again = compare_networks(recordings, PLAN, folder=folder, quiet=True)
    assert json.dumps(again.rows, sort_keys=True) == json.dumps(found.rows, sort_keys=True)
    write_report(again, tmp_path)
    for name in ("report.html", "summary.csv", "rhythms.csv", "bands.csv", "verdicts.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_a_comparison_that_was_stopped_computes_what_is_missing(
    finished, recordings, monkeypatch, tmp_path
):
    found, folder = finished
    kept = (folder / "rows.jsonl").read_text("utf-8").splitlines(keepends=True)
    other = tmp_path / "run"
    other.mkdir()
    for name in ("configuration.json", "provenance.jsonl"):
        (other / name).write_bytes((folder / name).read_bytes())
    lost = [line for line in kept if '"title": "rnn"' not in line]
    assert len(lost) == len(kept) - 1
    (other / "rows.jsonl").write_text("".join(lost), "utf-8")
    asked = []
    searched = module.searched
    monkeypatch.setattr(
        module, "searched", lambda spec, *a, **k: asked.append(spec.name) or searched(spec, *a, **k)
    )
    again = compare_networks(recordings, PLAN, folder=other, quiet=True)
    assert asked == ["rnn"]
    for name, row in found.rows.items():
        assert again.rows[name]["test_scores"] == row["test_scores"], name
    assert not (other / "states").exists()


def test_another_comparison_in_the_folder_is_refused(finished, recordings):
    _, folder = finished
    with pytest.raises(ValueError, match=r"holds another run \(different: plan.budget, "):
        compare_networks(recordings, ComparisonPlan(seed=5, budget=3), folder=folder, quiet=True)


@pytest.fixture
def file(tmp_path):
    generator = np.random.default_rng(0)
    path = tmp_path / "trials.npz"
    labels = np.array(["rest", "move"])[np.arange(12) % 2]
    np.savez(path, x=generator.normal(size=(12, 30, 2)), y=labels, s=np.arange(12) // 2 % 4)
    return path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "file is missing; give recordings, or --example rhythms"),
        (["FILE", "--example", "rhythms"], "give it or --example, not both"),
        (["FILE", "--sample-rate", "50"], "run_dir is missing"),
        (["FILE", "--run-dir", "RUN"], "sample_rate is missing"),
        (["FILE", "--sample-rate", "-5", "--run-dir", "RUN"], "sample_rate is -5"),
        (["absent.npz", "--sample-rate", "5", "--run-dir", "RUN"], "no such file"),
        (["FILE", "--sample-rate", "50", "--run-dir", "RUN", "--cells", "rnn"], "must hold rrn"),
        (["FILE", "--sample-rate", "50", "--run-dir", "RUN", "--budget", "0"], "budget is 0"),
        (["FILE", "--sample-rate", "50", "--run-dir", "RUN", "--seeds", "1"], "seeds is 1"),
        (
            ["FILE", "--sample-rate", "50", "--run-dir", "RUN", "--parameters", "2"],
            "parameters is 2",
        ),
        (["FILE", "--sample-rate", "50", "--run-dir", "RUN", "--targets", "z"], "targets is 'z'"),
        (
            ["SHORT", "--sample-rate", "50", "--dry-run"],
            "at most 2 samples; they must be longer than 4.02",
        ),
        (
            ["FILE", "--sample-rate", "50", "--run-dir", "FILE"],
            "it must be a folder, or nothing yet",
        ),
    ],
)
def test_what_cannot_be_run_is_one_line(file, tmp_path, capsys, arguments, words):
    short = tmp_path / "short.npz"  # one long recording of two channels, taken for many trials
    np.savez(short, x=np.ones((40, 2)), y=np.arange(40) % 2)
    known = {"FILE": str(file), "RUN": str(tmp_path / "run"), "SHORT": str(short)}
    with pytest.raises(SystemExit) as caught:
        main([known.get(one, one) for one in arguments])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run" / "rows.jsonl").exists()


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(file, tmp_path, capsys):
    main(
        f"{file} --sample-rate 50 --dry-run --cells rrn rnn --seeds 3 --budget 1 "
        f"--groups s --run-dir {tmp_path / 'run'}".split()
    )
    said = capsys.readouterr().out
    assert "12" in said
    assert "ladders" in said
    assert "time" in said
    assert not (tmp_path / "run").exists()


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    for name in ("--run-dir", "--sample-rate", "--groups", "--budget", "--dry-run", "--missing"):
        assert name in said
