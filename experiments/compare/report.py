"""Two pages of what was found: of run folders in HTML, of the answers that are kept in Markdown.

The one in HTML holds answers, numbers and figures, and nothing that it would have to fetch.
"""

import base64
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from experiments.answers import read_answer
from experiments.compare.questions import QUESTIONS, num_claims
from experiments.folders import read_kept
from rhythmic.compare.claims import HEADINGS, WORDS, Judged, judged_record
from rhythmic.files import replacing
from rhythmic.progress import show
from rhythmic.records import read_sealed_rows

STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #ffffff; --muted: #5c5c5c;
  --line: #d8d8d8; --accent: #0072B2; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececec; --paper: #161616; --muted: #a8a8a8; --line: #3a3a3a; --accent: #56B4E9; }
  img { background: #ffffff; }
}
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { font-size: 1.25rem; margin-top: 2.5rem;
  border-top: 1px solid var(--line); padding-top: 1.2rem; } h3 { font-size: 1rem; }
a { color: var(--accent); } p, li { max-width: 46rem; } figure { margin: 1rem 0; }
figure img { max-width: 100%; height: auto; display: block; }
figcaption, .made, .test { color: var(--muted); font-size: .85rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid var(--line); } .verdict { font-weight: 600; }
.reduced { border-left: 3px solid #E69F00; padding-left: .8rem; }
details { margin: .5rem 0; } summary { cursor: pointer; color: var(--accent); }
""".strip()

VERDICTS = """# Is rhythm better? The verdicts so far

Every claim that a full preset has judged, by what the verdict means for rhythm, and by question.
Several claims rest on the same networks, so that their numbers count claims, not independent tests.
Effects are differences of test accuracy unless a unit is given; their 95 % intervals are each
claim's own, not corrected, so that one may exclude zero where the data cannot tell. A verdict rests
on p-values that are corrected for all claims of its question (Holm). *Firmly*: it is the same after
correction for all {number} claims of the comparison, answered or not (Bonferroni). Which test each
claim has stands in the report that `python -m experiments.compare --preset full` writes; on what it
rests, and what was known when it was stated, at the end of this page, which
`python -m experiments --gallery` writes from the answers that are kept."""


@dataclass(frozen=True)
class Record:
    """What a run folder says about its question.

    Args:
        name: of the question, the anchor on the page.
        folder: the run folder.
        content: of ``record.json``.
        computed: of ``computed.json``: seconds and provenance.
        judged: its claims; verdicts count where ``answers``.
    """

    name: str
    folder: Path
    content: dict[str, Any]
    computed: dict[str, Any]
    judged: Sequence[Judged]

    @property
    def answers(self) -> bool:
        """Whether its verdicts count."""
        return not self.content["reduced"]


def write_report(base: Path, names: Sequence[str]) -> Path:
    """Write ``report.html`` into ``base`` from the run folders there; return its path.

    Verdicts are those of each question alone, see ``judge``. Beside each stands whether it would
    be the same after Bonferroni's correction for all claims of the comparison, a fixed number. So
    what else is on the page changes nothing of either.
    """
    records = [record for name in names if (record := read_record(base, name)) is not None]
    missing = [name for name in names if name not in {record.name for record in records}]
    path = base / "report.html"
    base.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_text(page(records, missing, num_claims()), encoding="utf-8")
    return path


def results_of(base: Path, name: str) -> Path:
    """Return where a finished question wrote its findings."""
    return base / name / "record.json"


def read_record(base: Path, name: str) -> Record | None:
    """Read what a run folder kept of its question; None where it is not finished."""
    folder = base / name
    content = read_kept(folder, results_of(base, name).name)
    computed = read_kept(folder, "computed.json")
    if content is None or computed is None:
        return None
    return Record(name, folder, content, computed, judged_record(content))


def page(records: Sequence[Record], missing: Sequence[str], number: int) -> str:
    """Return the whole page; ``number`` counts all claims of the comparison, answered or not."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<title>Is the rhythmic RNN better?</title>",
        f"<style>{STYLE}</style></head><body>",
        "<h1>Is the rhythmic RNN better, and which rhythms?</h1>",
        "<p>Every claim stands with its test, and with a note where some of its results were known "
        "when it or its test was stated. Each question says on what data and for how long its "
        "networks were trained, and how settings were chosen: here never on test examples. "
        "Verdicts rest on p-values that are corrected for all claims of their question, "
        "two for each, answered or not (Holm); beside a verdict stands whether it is the same "
        f"after correction for all {number} claims of the comparison (Bonferroni).</p>",
        summary(records, number),
        contents(records, missing),
        *(section(record, number) for record in records),
        "</body></html>",
    ]
    return "\n".join(parts)


def summary(records: Sequence[Record], number: int) -> str:
    """Return what all verdicts together say about rhythm."""
    answered = [
        (record, one)
        for record in records
        for one in record.judged
        if record.answers and not one.finding.missing
    ]
    if not answered:
        return (
            '<p class="reduced">Not yet answered: every run on this page is smaller than the ones '
            "that verdicts come from (--preset full). What those have found so far stands in "
            "docs/verdicts.md.</p>"
        )
    parts = []
    for meaning, heading in HEADINGS.items():
        items = [
            f'<li><a href="#{escape(record.name)}">{escape(one.claim.statement)}</a> '
            f"{verdict_html(one, number)} {escape(one.finding.text)}{note_html(one)}</li>"
            for record, one in answered
            if one.meaning == meaning
        ]
        if items:
            parts.append(f"<h3>{heading}</h3><ul>{''.join(items)}</ul>")
    return "\n".join(parts)


def contents(records: Sequence[Record], missing: Sequence[str]) -> str:
    """Return the list of questions, those without a finished run too."""
    items = [
        f'<li><a href="#{escape(record.name)}">{escape(record.content["question"])}</a>'
        f"{' (not yet answered)' if record.content['reduced'] else ''}</li>"
        for record in records
    ]
    items += [f"<li>{escape(name)}: no finished run in this folder</li>" for name in missing]
    return f"<h3>Questions</h3><ol>{''.join(items)}</ol>"


def section(record: Record, number: int) -> str:
    """Return one question: a figure, claims, further figures, published values, conditions."""
    content = record.content
    parts = [f'<h2 id="{escape(record.name)}">{escape(content["question"])}</h2>']
    if content["reduced"]:
        reduced = escape(content["reduced"])
        parts.append(f'<p class="reduced">Not yet answered: this run {reduced}.</p>')
    if content["recipe"]:
        parts.append(f'<p class="test">{escape(content["recipe"])}</p>')
    pictures = sorted((record.folder / "figures").glob("*.png"))
    figures = [figure_html(path, content["question"]) for path in pictures]
    asked: list[str] = []
    left_out: list[str] = []
    for one in record.judged:
        shown = left_out if one.finding.missing else asked
        shown.append(claim_html(one, number if record.answers else None))
    parts += [*figures[:1], *asked, *figures[1:]]
    if left_out:
        title = f"Claims that this run leaves out: {len(left_out)} of {len(record.judged)}"
        parts.append(f"<details><summary>{title}</summary>{''.join(left_out)}</details>")
    if content["published"]:
        rows = "".join(
            f"<tr><td>{escape(value['what'])}</td><td>{escape(value['value'])}</td>"
            f"<td>{escape(value['source'])}</td></tr>"
            for value in content["published"]
        )
        head = "<tr><th>Published</th><th>value</th><th>source</th></tr>"
        parts.append(f'<div class="scroll"><table>{head}{rows}</table></div>')
    else:
        parts.append('<p class="test">No published value is at hand for these comparisons.</p>')
    lines = "".join(f"<li>{escape(line)}</li>" for line in content["lines"])
    parts.append(f"<details><summary>All conditions</summary><ul>{lines}</ul></details>")
    parts.append(f'<p class="made">{escape(made_by(record))}</p>')
    return "\n".join(parts)


def claim_html(one: Judged, number: int | None) -> str:
    """Return a claim, how it was tested, and what was found.

    ``number`` counts the claims of all questions; None where the run answers none.
    """
    finding, found = one.finding, escape(one.finding.text)
    if finding.missing:
        found = f"{escape(finding.missing)} is left out"
    elif number is not None:
        beyond = finding.equivalence_p_value, one.equivalence_p_value
        tests = {"p": (finding.p_value, one.p_value), "p of a difference beyond the margin": beyond}
        numbers = [
            f"{name} {before:.2g}, corrected {after:.2g}"
            for name, (before, after) in tests.items()
            if not math.isnan(before)
        ]
        if not math.isnan(finding.effect_size):
            numbers.append(f"effect size {finding.effect_size:.2g}")
        extra = f" ({'; '.join(numbers)})" if numbers else ""
        found = f"{verdict_html(one, number)} {found}{extra}"
    return (
        f"<p><strong>{escape(one.claim.statement)}</strong><br>{found}<br>"
        f'<span class="test">{escape(one.claim.test)}</span>{note_html(one)}</p>'
    )


def verdict_html(one: Judged, number: int) -> str:
    """Return the verdict, set off, and whether it survives correction for all claims."""
    more = ""
    if one.word != "cannot tell":
        also = "also" if one.survives(number) else "not"
        more = f", {also} after correction for all {number} claims"
    return f'<span class="verdict">{WORDS[one.word]}</span>{more}:'


def note_html(one: Judged) -> str:
    """Return what a reader must know of how a claim was stated, where there is something."""
    note = one.claim.note
    return f' <span class="test">{escape(note)}</span>' if note else ""


def figure_html(path: Path, question: str) -> str:
    """Return a figure with its picture inside."""
    data = base64.b64encode(path.read_bytes()).decode()
    name = path.stem.replace("_", " ")
    text = escape(f"{question} ({name})")
    return (
        f'<figure><img alt="{text}" src="data:image/png;base64,{data}">'
        f"<figcaption>{escape(name)}</figcaption></figure>"
    )


def made_by(record: Record) -> str:
    """Say what a run was: command, commit, versions, device, and how often it was started."""
    provenance = record.computed["provenance"]
    commit, changes = provenance["git"][:12], provenance["git"].endswith("+changes")
    starts = len(read_sealed_rows(record.folder / "provenance.jsonl", show))
    parts = (
        f"{record.content['command']} --preset {record.content['preset']}",
        f"commit {commit}{' with changes' if changes else ''}",
        f"JAX {provenance['versions']['jax']}, Python {provenance['versions']['python']}",
        provenance["device"],
        provenance["started"][:10],
        f"started {'once' if starts == 1 else f'{starts} times'}",
    )
    return "; ".join(parts)


def overview(found: Sequence[Judged]) -> str:
    """Count the verdicts under each heading, as a table."""
    counts = Counter((one.meaning, one.word) for one in found)
    rows = [["", *(word.lower() for word in WORDS.values())], ["---"] * (1 + len(WORDS))]
    for meaning, heading in HEADINGS.items():
        numbers = [counts[meaning, word] for word in WORDS]
        if any(numbers):
            rows.append([heading, *(str(number or "") for number in numbers)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def verdict_section(
    heading: str, found: Sequence[tuple[str, Judged]], notes: dict[str, int], number: int
) -> list[str]:
    """Write the claims under a heading, by question; new notes are numbered in ``notes``.

    ``number`` counts the claims of all questions.
    """
    parts = [f"## {heading}"]
    for question, own in groupby(found, key=lambda pair: pair[0]):
        parts.append(f"`compare.{question}`")
        lines = []
        for _, one in own:
            verdict, note = WORDS[one.word], one.claim.note
            if one.word != "cannot tell" and one.survives(number):
                verdict += ", firmly"
            line = f"- **{verdict}.** {one.claim.statement} Found: {one.finding.text}."
            if note:
                line += f" ([note {notes.setdefault(note, len(notes) + 1)}](#notes))"
            lines.append(line)
        parts.append("\n".join(lines))
    return parts


def verdict_page(names: Iterable[str] = QUESTIONS) -> str:
    """Write the page from the answers that are kept; what has none is named at the end."""
    number = num_claims()
    answers = {name: read_answer(f"compare.{name}") for name in names}
    kept = {name: x.record for name, x in answers.items() if x is not None and x.record is not None}
    found = [
        (name, one)
        for name, record in kept.items()
        for one in judged_record(record)
        if not one.finding.missing
    ]
    notes: dict[str, int] = {}  # in the order in which the page refers to them
    parts = [VERDICTS.format(number=number), overview([one for _, one in found])]
    for meaning, heading in HEADINGS.items():
        own = [(name, one) for name, one in found if one.meaning == meaning]
        parts += verdict_section(heading, own, notes, number) if own else []
    missing = [name for name in answers if name not in kept]
    if missing:
        commands = [f"- `python -m experiments.compare.{name} --preset full`" for name in missing]
        parts += ["## Not yet answered", "\n".join(commands)]
    recipes = [f"- `compare.{name}`: {record['recipe']}" for name, record in kept.items()]
    parts += ["## On what they rest", "\n".join(recipes)] if recipes else []
    if notes:
        parts += ["## Notes", "\n".join(f"{at}. {note}" for note, at in notes.items())]
    return "\n\n".join(parts) + "\n"
