"""What the gallery says of each experiment, for other pages to show."""

import csv
import json
import posixpath
import re
import statistics
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GALLERY = ROOT / "docs" / "gallery.json"
FIGURES = ROOT / "experiments" / "results" / "figures"
MARKER = re.compile(r"^<!-- answers?: (.+?) -->$", re.MULTILINE)
TABLE = "<!-- table -->"
RECORDINGS = "<!-- recordings -->"
REPORTED = "<!-- reports -->"
REPORTS = ROOT / "experiments" / "results" / "reports"  # comparisons of recordings, as written
KEPT_RECORDINGS = ROOT / "experiments" / "results" / "recordings.jsonl"


@dataclass(frozen=True)
class Entry:
    """One section of the gallery.

    Args:
        name: the module below ``experiments``.
        section: title of the lecture's section.
        question: the lecture's question.
        answer: what a full preset found, or that there is none yet, in Markdown.
        command: the line that says by which command, in which time and where, if there is one.
    """

    name: str
    section: str
    question: str
    answer: str
    command: str | None


def read_gallery() -> dict[str, Entry]:
    """Return the sections of the gallery by the name of the experiment."""
    sections = [Entry(**one) for one in json.loads(GALLERY.read_text("utf-8"))]
    return {one.name: one for one in sections}


def figure(name: str, page: str) -> str:
    """Return the address of a figure, as seen from a page."""
    return posixpath.relpath(f"figures/{name}.png", posixpath.dirname(page))


def shown(entry: Entry, page: str) -> str:
    """Write question, answer, figure and command as one box."""
    lines = [f'!!! answer "{entry.question.replace(chr(34), chr(39))}"', ""]
    if entry.command is None:
        command = f"`python -m experiments.{entry.name} --preset full`"
        lines += [f"    Not yet answered. {command} would answer; without `--preset full` it is a"]
        lines += ["    quick look that answers nothing."]
    else:
        picture = figure(entry.name, page)
        lines += [*(f"    {line}" for line in entry.answer.split("\n")), ""]
        lines += [f"    [![Figure: {entry.question}]({picture})]({picture})", ""]
        lines += [f"    {entry.command}"]
    return "\n".join(lines)


def lecture_table() -> str:
    """Return the README's table of the lecture's networks on MNIST."""
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.split("## The lecture's table, on MNIST\n", 1)[1].split("\n## ", 1)[0]
    return "\n".join(line for line in section.splitlines() if line.startswith("|"))


def recordings_table() -> str:
    """Return the kept rows of ``experiments.recordings`` as a table."""
    lines = [
        "| recordings | network | nodes | parameters | test accuracy (sd, 5 seeds) | as published "
        "| minutes |",
        "|---|---|---|---|---|---|---|",
    ]
    for line in KEPT_RECORDINGS.read_text("utf-8").splitlines():
        row = json.loads(line)
        scores, other = row["test_scores"], row.get("as_published")
        published = "" if other is None else f"{statistics.fmean(other):.3f}"
        lines.append(
            f"| {row['recordings']} | {row['network']} | {row['hidden_size']} "
            f"| {row['num_parameters']} | {statistics.fmean(scores):.3f} "
            f"({statistics.stdev(scores):.3f}) | {published} | {row['minutes']:.1f} |"
        )
    return "\n".join(lines)


def reports_table(page: str) -> str:
    """Return the summaries of the kept comparisons of recordings, with links to whole reports."""
    cells = ("rrn", "horn", "linoss", "rnn", "lstm", "gru")
    lines = [
        f"| recordings | {' | '.join(name.upper() for name in cells)} | best plain baseline |",
        "|---" * (len(cells) + 2) + "|",
    ]
    for one in json.loads((REPORTS / "reports.json").read_text("utf-8")):
        with (REPORTS / one["name"] / "summary.csv").open(encoding="utf-8") as file:
            means = {row["cell"]: float(row["mean"]) for row in csv.DictReader(file)}
        title = f"{one['title']} (`{one['options']}`)"
        if (REPORTS / one["name"] / "report.html").exists():
            whole = posixpath.relpath(f"examples/{one['name']}.html", posixpath.dirname(page))
            title += f": [the report]({whole})"
        own = [f"{means[cell]:.3f}" for cell in cells]
        best = max(means.keys() - set(cells), key=lambda name: means[name])
        best_name = f"{best.replace('_', ' ')} {means[best]:.3f}"
        lines.append(f"| {title} | {' | '.join(own)} | {best_name} |")
    return "\n".join(lines)


def fill_in(markdown: str, page: str) -> str:
    """Replace ``<!-- answer: NAME -->`` (or several names) and the table's marker."""
    if TABLE in markdown:
        markdown = markdown.replace(TABLE, lecture_table())
    if RECORDINGS in markdown:
        markdown = markdown.replace(RECORDINGS, recordings_table())
    if REPORTED in markdown:
        markdown = markdown.replace(REPORTED, reports_table(page))
    if not MARKER.search(markdown):
        return markdown
    entries = read_gallery()
    return MARKER.sub(
        lambda found: "\n\n".join(shown(entries[name], page) for name in found[1].split()),
        markdown,
    )
