"""What a run leaves out: said before training, as after it; and what the whole comparison asks."""

import dataclasses
import importlib
import math

import pytest

from experiments.compare import __main__ as command
from experiments.compare.findings import Claim, Finding
from experiments.compare.parts import NotTrainedError, Planned, if_asked, left_out
from experiments.compare.questions import QUESTIONS
from tests.marks import rest_slow

CLAIMS = (Claim("a", "One beats two.", "Test."), Claim("b", "One beats three.", "Test."))
NAMES = {"a": ("one", "two"), "b": ("one", "three")}


def findings(rows):
    def find(claim):
        better, worse = (rows[label][0] for label in NAMES[claim.name])
        return Finding(claim.name, better - worse, 0.0, 0.0, 0.0, 0.0, 0.0, "found")

    return [if_asked(claim, rows, NAMES[claim.name], lambda c=claim: find(c)) for claim in CLAIMS]


def question(name):
    module = importlib.import_module(f"experiments.compare.{name}")
    return module.EXPERIMENT.measure.__self__


def test_left_out_names_the_claims_that_are_not_judged_afterwards():
    lines = left_out(CLAIMS, findings, ["one", "two"])
    assert lines == [
        "not judged in this run, 1 of 2 claims:",
        "  One beats three. (three is left out)",
    ]
    after = findings({"one": [3.0], "two": [1.0]})
    assert [math.isnan(found.estimate) for found in after] == [False, True]
    assert left_out(CLAIMS, findings, ["one", "two", "three"]) == []


def test_planned_rows_cannot_be_read():
    rows = Planned(["one"])
    assert rows.get("one")
    assert not rows.get("two")
    with pytest.raises(NotTrainedError):
        list(rows["one"])


def test_findings_that_read_rows_first_are_an_error():
    def hasty(rows):
        return [Finding("a", rows["one"][0], *(0.0,) * 5, "found")]

    with pytest.raises(NotTrainedError):
        left_out(CLAIMS[:1], hasty, ["one"])


@pytest.mark.parametrize(
    ("name", "changes", "number"),
    rest_slow(
        [
            ("synthetic", {"networks": ("horn",)}, "5 of 5"),
            ("equal_size", {}, "9 of 11"),
            ("synthetic", {"tasks": ("phase",)}, "4 of 5"),
            ("spike_trains", {"architectures": ("rrn-golden", "rnn")}, "5 of 8"),
            ("which_rhythms", {}, "6 of 14"),
            ("learning_speed", {}, "1 of 3"),
            ("smallest", {"rivals": ("rrn",), "controls": False}, "8 of 13"),
        ],
        ("which_rhythms", {}, "6 of 14"),
        ("learning_speed", {}, "1 of 3"),
    ),
)
def test_questions_say_what_they_leave_out(name, changes, number):
    own = question(name)
    options = dataclasses.replace(own.presets["quick"], **changes)
    first = own.left_out(options, own.conditions(options))[0]
    assert first == f"not judged in this run, {number} claims:"


# How many claims the full preset leaves to the accelerator's; one needs more digits than mnist5k's.
LEFT_OUT = {"equal_size": 4, "sample_efficiency": 1}


@pytest.mark.parametrize("name", rest_slow(QUESTIONS, "features", "horn", "precision"))
def test_full_presets_leave_out_what_is_said_here(name):
    own = question(name)
    options = own.presets["full"]
    if hasattr(options, "dataset"):
        options = dataclasses.replace(options, dataset="mnist5k")
    lines = own.left_out(options, own.conditions(options))
    number = LEFT_OUT.get(name, 0)
    assert lines[:1] == [f"not judged in this run, {number} of {len(own.claims)} claims:"][:number]


def test_the_help_says_what_each_question_asks():
    text = command.description()
    for name in QUESTIONS:
        line = next(line for line in text.splitlines() if line.split()[:1] == [name])
        assert line.endswith(question(name).asked)


def test_a_page_of_a_folder_without_runs_is_refused(tmp_path, monkeypatch):
    arguments = ["compare", "--report", "--folder", str(tmp_path)]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit, match=r"error: report: .* holds no record\.json") as refused:
        command.main()
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
