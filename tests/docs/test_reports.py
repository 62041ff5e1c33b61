"""Kept comparisons of recordings: what the site shows of them is what they found."""

import csv
import json
import re

import pytest

from tests.docs.conftest import DOCS

REPORTS = DOCS.parent / "experiments" / "results" / "reports"
LISTED = json.loads((REPORTS / "reports.json").read_text("utf-8"))
WHOLE = [one["name"] for one in LISTED if (REPORTS / one["name"] / "report.html").exists()]


def summary(name):
    with (REPORTS / name / "summary.csv").open(encoding="utf-8") as file:
        return {row["cell"]: row for row in csv.DictReader(file)}


def test_every_report_is_listed_and_two_are_whole():
    assert {one["name"] for one in LISTED} == {one.parent.name for one in REPORTS.glob("*/*.csv")}
    assert len(WHOLE) == 2


def test_the_table_has_the_means_of_the_summaries(hook):
    table = hook("answers").reports_table("howto/compare.md")
    for one, line in zip(LISTED, table.splitlines()[2:], strict=True):
        found = summary(one["name"])
        means = [f"{float(found[cell]['mean']):.3f}" for cell in ("rrn", "lstm")]
        assert all(f"| {mean} " in line for mean in means)
        assert (f"](../examples/{one['name']}.html)" in line) == (one["name"] in WHOLE)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_report_fetches_nothing_and_has_the_scores_of_its_summary(name):
    page = (REPORTS / name / "report.html").read_text("utf-8")
    links = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
    for row in summary(name).values():
        assert f"<td>{float(row['mean']):.3f}</td>" in page
