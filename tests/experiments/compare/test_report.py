"""The page: what it says of answers, of reduced runs and of what is missing, and that it is one."""

import json
import math
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from experiments.compare.findings import Finding, verdicts
from experiments.compare.report import num_claims, write_report

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


def claim(name, rhythm="helps"):
    return {
        "name": name,
        "statement": f"Claim {name}.",
        "test": "By a test.",
        "margin": 0.01,
        "rhythm": rhythm,
        "note": f"Note of {name}.",
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
    provenance = {
        "git": "0123456789abcdef",
        "versions": {"jax": "1", "python": "3"},
        "device": "a device",
        "started": "2026-01-01T00:00:00",
    }
    (folder / "record.json").write_text(json.dumps(record))
    (folder / "computed.json").write_text(json.dumps({"seconds": 1, "provenance": provenance}))
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


def test_published_values_stand_beside_ours_or_the_page_says_that_none_is_at_hand(tmp_path):
    for name, published in (("one", LSTM), ("two", ())):
        run(tmp_path, name, [claim("a")], [finding("a")], published=published)
    _, one = read(write_report(tmp_path, ["one"]))
    assert "LSTM0.715a paper" in one
    _, two = read(write_report(tmp_path, ["two"]))
    assert "No published value is at hand" in two
    assert "No published value" not in one


def test_verdicts_are_sorted_by_what_they_mean_for_rhythm(tmp_path):
    claims = [claim("a"), claim("b"), claim("c"), claim("d", "hurts"), claim("e", "aside")]
    findings = [
        finding("a"),
        finding("b", estimate=0.001, alike=1e-6),
        finding("c", p_value=0.5),
        finding("d"),
        finding("e"),
    ]
    run(tmp_path, "one", claims, findings)
    _, text = read(write_report(tmp_path, ["one"]))
    summary = text[: text.index("Questions")]
    parts = {
        "Where rhythm helps": "Claim a.",
        "Where rhythm does not help": "Claim d.",
        "Where it makes no difference": "Claim b.",
        "Where the data cannot tell": "Claim c.",
        "What else was found": "Claim e.",
    }
    places = [summary.index(heading) for heading in parts]
    assert places == sorted(places)
    for heading, following in zip(parts, [*places[1:], len(summary)], strict=True):
        assert parts[heading] in summary[summary.index(heading) : following]


def test_p_values_are_corrected_for_all_claims_whatever_else_is_on_the_page(tmp_path):
    sure, unsure = finding("a", p_value=1e-5, alike=None), finding("b", p_value=0.01, alike=None)
    run(tmp_path, "one", [claim("a"), claim("b")], [sure, unsure])
    for names in (["one"], ["one", "two"]):
        _, text = read(write_report(tmp_path, names))
        assert text.count("The data bear it out:") == 2  # in the summary and at its question
        assert text.count("The data cannot tell:") == 2 * len(names)
        # Two tests of each of all claims, but of two here one each: 0.01 is far from enough.
        assert f"p 1e-05, corrected {1e-5 * (2 * num_claims() - 2):.2g}" in text
        assert "p 0.01, corrected 1" in text
        if "two" not in names:
            run(tmp_path, "two", [claim("c")], [finding("c", p_value=0.9)])


def test_recipes_and_notes_stand_beside_the_claims(tmp_path):
    run(tmp_path, "one", [claim("a")], [finding("a")])
    _, text = read(write_report(tmp_path, ["one"]))
    assert "Three passes." in text
    assert "By a test. Note of a." in text


@pytest.mark.parametrize(("preset", "reduced"), [("quick", "differs"), ("full", "differs")])
def test_a_reduced_run_answers_nothing(tmp_path, preset, reduced):
    run(tmp_path, "one", [claim("a")], [finding("a")], preset=preset, reduced=reduced)
    _, text = read(write_report(tmp_path, ["one"]))
    assert "Not yet answered: every run on this page is smaller" in text
    assert "Not yet answered: this run differs" in text
    assert "bear it out" not in text


def test_an_unfinished_run_is_not_shown(tmp_path):
    run(tmp_path, "one", [claim("a")], [finding("a")])
    (tmp_path / "one" / "computed.json").unlink()
    assert "one: no finished run" in read(write_report(tmp_path, ["one"]))[1]


def test_verdicts_follow_sign_and_margin():
    def made(**changes):
        return Finding(**finding("x", **changes) | {"effect_size": NAN})

    found = verdicts(
        [
            made(),
            made(estimate=-0.1),
            made(estimate=0.002, p_value=1e-6, alike=1e-6),
            made(p_value=NAN, alike=NAN),
        ]
    )
    assert found == ["holds", "opposite", "equivalent", "undecided"]
