"""The page of verdicts, from answers that are kept."""

import math
from dataclasses import asdict

import pytest

from experiments import answers
from experiments.answers import Answer
from experiments.compare import verdicts
from experiments.compare.findings import Claim, Finding
from rhythmic.records import plain

PROVENANCE = {"git": "abc", "versions": {}, "device": "a device", "started": "today"}


def kept(name, *pairs):
    """Return an answer whose record holds claims and findings as JSON would give them back."""
    claims, findings = zip(*pairs, strict=True)
    kinds = {"claims": claims, "findings": findings}
    record = {"recipe": "A recipe."} | {
        kind: [asdict(x) for x in own] for kind, own in kinds.items()
    }
    return Answer(f"compare.{name}", "An answer.", None, PROVENANCE, plain(record))


def pair(name, rhythm, estimate, p_value, equivalence=math.nan, note="", text=None):
    claim = Claim(name, f"Statement {name}.", "A test.", rhythm=rhythm, note=note)
    interval = estimate - 0.01, estimate + 0.01
    return claim, Finding(
        name, estimate, *interval, p_value, equivalence, 1.0, text or f"numbers {name}"
    )


@pytest.fixture
def page(monkeypatch):
    """A page of one answered question, one answered before records were kept, one open."""
    found = kept(
        "one",
        pair("a", "helps", 0.2, 1e-9, note="A note."),
        pair("b", "helps", -0.2, 1e-3),
        pair("c", "helps", 0.0, 0.9, 1e-9, note="Another."),
        pair("d", "helps", 0.1, 0.5),
        pair("e", "dynamics", 0.2, 1e-9, note="A note."),
        pair("f", "helps", math.nan, math.nan, text="not asked in this run: x is left out"),
    )
    answered = {"compare.one": found, "compare.two": Answer("compare.two", "x", None, PROVENANCE)}
    monkeypatch.setattr(verdicts, "read_answer", answered.get)
    return verdicts.verdict_page(["one", "two", "three"])


def under(page, heading):
    lines = page.split(f"## {heading}\n\n", 1)[1].split("\n## ", 1)[0].strip().split("\n")
    return [line for line in lines if line and not line.startswith("`compare.")]


def test_verdicts_stand_under_what_they_mean_for_rhythm(page):
    (helps,) = under(page, "Where rhythm helps")
    assert helps == "- **Borne out, firmly.** Statement a. Found: numbers a. ([note 1](#notes))"
    (hurts,) = under(page, "Where rhythm does not help")
    assert hurts == "- **Contradicted.** Statement b. Found: numbers b."
    assert under(page, "Where it makes no difference")[0].startswith("- **No difference")
    assert under(page, "Where the data cannot tell") == [
        "- **The data cannot tell.** Statement d. Found: numbers d."
    ]
    assert under(page, "What the dynamics add to a plain reading")[0].startswith(
        "- **Borne out, firmly.** Statement e."
    )


def test_notes_stand_at_the_end_once_each(page):
    assert under(page, "Notes") == ["1. A note.", "2. Another."]
    assert page.count("([note 1](#notes))") == 2
    assert page.count("([note 2](#notes))") == 1


def test_verdicts_are_counted_and_their_recipes_told(page):
    assert "| Where rhythm helps | 1 |  |  |  |" in page
    assert "| Where rhythm does not help |  | 1 |  |  |" in page
    assert "| Where the data cannot tell |  |  |  | 1 |" in page
    assert "Statement f." not in page
    assert under(page, "On what they rest") == ["- `compare.one`: A recipe."]


def test_what_has_no_verdict_is_named(page):
    assert under(page, "Not yet answered") == [
        "- `python -m experiments.compare.two --preset full`",
        "- `python -m experiments.compare.three --preset full`",
    ]


def test_an_answer_of_several_lines_is_shown_one_below_another():
    shown = answers.as_markdown("Borne out: a (1: 2).\nThe data cannot tell: b.\nHow: so.")
    assert shown == "**Borne out:** a (1: 2).  \n**The data cannot tell:** b.  \nHow: so."
    assert answers.as_markdown("Yes.") == "**Yes.**"
