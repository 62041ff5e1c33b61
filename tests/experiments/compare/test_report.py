"""The pages, in HTML from run folders and in Markdown from answers that are kept."""

import json
import math
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from experiments import answers
from experiments.answers import Answer
from experiments.compare import report
from experiments.compare.questions import num_claims
from experiments.compare.report import write_report
from rhythmic.compare.claims import Finding
from tests.experiments.compare.made_up import verdicts

NAN = math.nan


def finding(claim, *, estimate=0.1, p_value=1e-6, alike=0.9, text="numbers & <more>"):
    return {
        "claim": claim,
        "estimate": estimate,
        "low": estimate - 0.01,
        "high": estimate + 0.01,
        "p_value": p_value,
        "equivalence_p_value": alike,
        "effect_size": None,
        "text": text,
        "unit": "accuracy",
    }


def claim(name, rhythm="helps", note=None):
    return {
        "name": name,
        "statement": f"Claim {name}.",
        "test": "By a test.",
        "margin": 0.01,
        "rhythm": rhythm,
        "note": f"Note of {name}." if note is None else note,
    }


PROVENANCE = {
    "git": "0123456789abcdef",
    "versions": {"jax": "1", "python": "3"},
    "device": "a device",
    "started": "2026-01-01T00:00:00",
}
LSTM = ({"what": "LSTM", "value": "0.715", "source": "a paper"},)


def run(base, name, claims, findings, *, preset="full", reduced="", published=LSTM):
    folder = base / name
    (folder / "figures").mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 255, (4, 4, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(folder / "figures" / "a_figure.png")
    record = {
        "question": f"What about {name}?",
        "answer": "",
        "recipe": "Three passes.",
        "reduced": reduced,
        "preset": preset,
        "command": f"python -m experiments.compare.{name}",
        "claims": claims,
        "findings": findings,
        "published": published,
        "lines": ["rrn: 0.7"],
    }
    (folder / "record.json").write_text(json.dumps(record))
    (folder / "computed.json").write_text(json.dumps({"seconds": 1, "provenance": PROVENANCE}))
    (folder / "provenance.jsonl").write_text("{}\n")


class Reader(HTMLParser):
    """Collects what a page fetches and whether its tags are closed."""

    def __init__(self):
        super().__init__()
        self.fetched, self.open, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.fetched += [given[name] for name in ("src", "href") if name in given]
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(path):
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    assert reader.open == []
    return reader, " ".join("".join(reader.text).split())


def test_the_page_is_whole_and_fetches_nothing(tmp_path):
    run(tmp_path, "one", [claim("a")], [finding("a")])
    reader, text = read(write_report(tmp_path, ["one", "two"]))
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in reader.fetched)
    assert sum(link.startswith("data:") for link in reader.fetched) == 1
    assert "numbers & <more>" in text
    assert "two: no finished run in this folder" in text
    assert "rrn: 0.7" in text
    assert "; started once" in text


def test_published_values_stand_beside_ours_or_the_page_says_that_none_is_at_hand(tmp_path):
    for name, published in (("one", LSTM), ("two", ())):
        run(tmp_path, name, [claim("a")], [finding("a")], published=published)
    _, one = read(write_report(tmp_path, ["one"]))
    assert "LSTM0.715a paper" in one
    _, two = read(write_report(tmp_path, ["two"]))
    assert "No published value is at hand" in two
    assert "No published value" not in one


def test_verdicts_are_sorted_by_what_they_mean_for_rhythm(tmp_path):
    claims = [claim("a"), claim("b"), claim("c"), claim("d", "hurts")]
    claims += [claim("e", "aside"), claim("f", "dynamics"), claim("g", "which")]
    findings = [
        finding("a"),
        finding("b", estimate=0.001, alike=1e-6),
        finding("c", p_value=0.5),
        finding("d"),
        finding("e"),
        finding("f", p_value=0.5),
        finding("g"),
    ]
    run(tmp_path, "one", claims, findings)
    _, text = read(write_report(tmp_path, ["one"]))
    summary = text[text.index("Where rhythm helps") : text.index("Questions")]
    parts = {
        "Where rhythm helps": "Claim a.",
        "Where rhythm does not help": "Claim d.",
        "Where it makes no difference": "Claim b.",
        "Where the data cannot tell": "Claim c.",
        "Which rhythms": "Claim g.",
        "What the dynamics add to a plain reading": "Claim f.",
        "What else was found": "Claim e.",
    }
    places = [summary.index(heading) for heading in parts]
    assert places == sorted(places)
    for heading, following in zip(parts, [*places[1:], len(summary)], strict=True):
        part = summary[summary.index(heading) : following]
        assert parts[heading] in part
        assert part.count("Claim ") == 1


def question_of(path, name):
    """Return what the page says of a question, its answers and all."""
    html = path.read_text(encoding="utf-8")
    start = html.index(f'<h2 id="{name}">')
    end = html.find("<h2", start + 1)
    return html[start : end if end > 0 else html.index("</body>")]


def test_verdicts_are_those_of_the_question_whatever_else_is_on_the_page(tmp_path):
    # Neither is far from the level, "a" among all claims and "b" among those of its question: in a
    # family that holds other questions, small p-values there would step the correction down.
    sure = finding("a", p_value=0.06 / (2 * num_claims()), alike=None)
    unsure = finding("b", p_value=0.02, alike=None)
    run(tmp_path, "one", [claim("a"), claim("b")], [sure, unsure])
    alone = question_of(write_report(tmp_path, ["one"]), "one")
    _, text = read(tmp_path / "report.html")
    every = f"after correction for all {num_claims()} claims"
    assert text.count(f"Borne out, not {every}:") == 2  # in the summary too
    assert text.count("The data cannot tell:") == 2
    assert f"p {sure['p_value']:.2g}, corrected {4 * sure['p_value']:.2g}" in text
    assert "p 0.02, corrected 0.06" in text
    names = [f"more{place}" for place in range(40)]
    for name in names:
        run(tmp_path, name, [claim("c")], [finding("c", p_value=1e-12, alike=1e-12)])
    path = write_report(tmp_path, ["one", *names])
    assert question_of(path, "one") == alone
    assert f"No difference that matters, also {every}:" in read(path)[1]


def test_the_page_and_the_gallery_give_one_verdict(tmp_path):
    claims = [claim("a"), claim("b")]
    findings = [finding("a", p_value=0.012), finding("b", p_value=None, alike=None)]
    run(tmp_path, "one", claims, findings)
    _, text = read(write_report(tmp_path, ["one"]))
    given = [Finding(**finding | {"effect_size": NAN}) for finding in findings[:1]]
    left_out = Finding("b", missing="x")
    assert verdicts([*given, left_out]) == ["supported", "cannot tell"]
    # The claim without a p-value counts: 0.012 four times, not three or two.
    assert "p 0.012, corrected 0.048" in text
    assert "Borne out, not after correction" in text


def test_recipes_and_notes_stand_beside_the_claims(tmp_path):
    run(tmp_path, "one", [claim("a")], [finding("a")])
    _, text = read(write_report(tmp_path, ["one"]))
    assert "Three passes." in text
    assert "By a test. Note of a." in text


def test_the_summary_shows_notes_and_the_preamble_says_only_what_holds_of_all(tmp_path):
    run(tmp_path, "one", [claim("a"), claim("b", note="")], [finding("a"), finding("b")])
    _, text = read(write_report(tmp_path, ["one"]))
    summary = text[text.index("Where rhythm helps") : text.index("Questions")]
    assert "numbers & <more> Note of a." in summary
    assert summary.count("Note of") == 1
    preamble = text[: text.index("Where rhythm helps")]
    assert f"correction for all {num_claims()} claims of the comparison (Bonferroni)" in preamble
    assert "corrected for all claims of their question" in preamble
    # Some claims were stated when results were known, and some rivals had more tries.
    assert "before" not in preamble
    assert "same number" not in preamble


@pytest.mark.parametrize(("preset", "reduced"), [("quick", "differs"), ("full", "differs")])
def test_a_reduced_run_answers_nothing(tmp_path, preset, reduced):
    run(tmp_path, "one", [claim("a")], [finding("a")], preset=preset, reduced=reduced)
    _, text = read(write_report(tmp_path, ["one"]))
    assert "Not yet answered: every run on this page is smaller" in text
    assert "Not yet answered: this run differs" in text
    assert "Borne out" not in text


@pytest.mark.parametrize("reduced", ["", "differs"])
def test_claims_that_a_run_left_out_have_no_verdict_and_are_folded(tmp_path, reduced):
    absent = {"claim": "b", "missing": "x"}
    run(tmp_path, "one", [claim("a"), claim("b")], [finding("a"), absent], reduced=reduced)
    _, text = read(write_report(tmp_path, ["one"]))
    asked, left_out = text.split("Claims that this run leaves out: 1 of 2")
    assert "Claim b." not in asked
    assert "Claim b.x is left outBy a test." in left_out
    assert "cannot tell: x" not in text
    assert text.index("a figure") < text.index("Claim a.", text.index("What about one?"))


def test_an_unfinished_run_is_not_shown(tmp_path):
    run(tmp_path, "one", [claim("a")], [finding("a")])
    (tmp_path / "one" / "computed.json").unlink()
    assert "one: no finished run" in read(write_report(tmp_path, ["one"]))[1]


@pytest.fixture
def page(monkeypatch):
    """A page of one answered question, one answered before records were kept, one open."""
    findings = [
        finding("a", estimate=0.2, p_value=1e-9),
        finding("b", estimate=-0.2, p_value=1e-3),
        finding("c", estimate=0.0, p_value=0.9, alike=1e-9),
        finding("d", p_value=0.5),
        finding("e", estimate=0.2, p_value=1e-9),
        {"claim": "f", "missing": "x"},
    ]
    notes = {"a": "A note.", "c": "Another.", "e": "A note."}
    claims = [
        claim(name, "dynamics" if name == "e" else "helps", notes.get(name, ""))
        for name in "abcdef"
    ]
    record = {"recipe": "A recipe.", "claims": claims, "findings": findings}
    found = Answer("compare.one", "An answer.", None, PROVENANCE, record)
    answered = {"compare.one": found, "compare.two": Answer("compare.two", "x", None, PROVENANCE)}
    monkeypatch.setattr(report, "read_answer", answered.get)
    return report.verdict_page(["one", "two", "three"])


def under(page, heading):
    lines = page.split(f"## {heading}\n\n", 1)[1].split("\n## ", 1)[0].strip().split("\n")
    return [line for line in lines if line and not line.startswith("`compare.")]


def test_verdicts_stand_under_what_they_mean_for_rhythm(page):
    (helps,) = under(page, "Where rhythm helps")
    assert helps == "- **Borne out, firmly.** Claim a. Found: numbers & <more>. ([note 1](#notes))"
    (hurts,) = under(page, "Where rhythm does not help")
    assert hurts == "- **Contradicted.** Claim b. Found: numbers & <more>."
    assert under(page, "Where it makes no difference")[0].startswith("- **No difference")
    assert under(page, "Where the data cannot tell") == [
        "- **The data cannot tell.** Claim d. Found: numbers & <more>."
    ]
    assert under(page, "What the dynamics add to a plain reading")[0].startswith(
        "- **Borne out, firmly.** Claim e."
    )


def test_notes_stand_at_the_end_once_each(page):
    assert under(page, "Notes") == ["1. A note.", "2. Another."]
    assert page.count("([note 1](#notes))") == 2
    assert page.count("([note 2](#notes))") == 1


def test_verdicts_are_counted_and_their_recipes_told(page):
    assert "| Where rhythm helps | 1 |  |  |  |" in page
    assert "| Where rhythm does not help |  | 1 |  |  |" in page
    assert "| Where the data cannot tell |  |  |  | 1 |" in page
    assert "Claim f." not in page
    assert under(page, "On what they rest") == ["- `compare.one`: A recipe."]


def test_what_has_no_verdict_is_named(page):
    assert under(page, "Not yet answered") == [
        "- `python -m experiments.compare.two --preset full`",
        "- `python -m experiments.compare.three --preset full`",
    ]


def test_an_answer_of_several_lines_is_shown_one_below_another():
    shown = answers.as_markdown("Borne out: a (1: 2).\nThe data cannot tell: b.\nHow: so.")
    assert shown == "**Borne out:** a (1: 2).  \n**The data cannot tell:** b.  \nHow: so."
    assert answers.as_markdown("Yes.") == "Yes."
