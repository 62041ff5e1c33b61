"""The page itself: HTML and nothing that it would have to fetch, figures inside."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from experiments.compare.parts import NOT_ASKED

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

HEADINGS = {
    "helps": "Where rhythm helps",
    "hurts": "Where rhythm does not help",
    "no difference": "Where it makes no difference",
    "cannot tell": "Where the data cannot tell",
    "which": "Which rhythms",
    "dynamics": "What the dynamics add to a plain reading",
    "aside": "What else was found: recurrence, readouts, baselines, sizes, arithmetic",
}


@dataclass(frozen=True)
class Answered:
    """A claim with its verdict, and whether that survives correction for all claims.

    ``meaning`` is what the verdict says about rhythm, a key of HEADINGS. P-values stand before and
    after their correction within the question.
    """

    statement: str
    test: str
    note: str
    text: str
    verdict: str
    after_all: str
    meaning: str
    p_values: tuple[float, float]
    equivalence_p_values: tuple[float, float]
    effect_size: float


@dataclass(frozen=True)
class Unanswered:
    """A claim without a verdict: what a reduced run found, or that this one left it out."""

    statement: str
    test: str
    note: str
    text: str


@dataclass(frozen=True)
class Section:
    """A question as the page shows it.

    Args:
        name: of the question, the anchor on the page.
        question: what is asked.
        reduced: in what the run is smaller than the one that answers; empty if it answers.
        recipe: on what data and by what training the answers rest.
        claims: what was stated, and what was found.
        lines: accuracy of every condition.
        published: values from papers.
        figures: PNG files.
        made: command, commit, versions, device.
    """

    name: str
    question: str
    reduced: str
    recipe: str
    claims: Sequence[Answered | Unanswered]
    lines: Sequence[str]
    published: Sequence[dict[str, Any]]
    figures: Sequence[Path]
    made: str


def page(sections: Sequence[Section], missing: Sequence[str], num_claims: int) -> str:
    """Return the whole page.

    Args:
        sections: questions with a finished run.
        missing: names of those without.
        num_claims: of the whole comparison, answered here or not.
    """
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
        f"after correction for all {num_claims} claims of the comparison (Bonferroni).</p>",
        summary(sections),
        contents(sections, missing),
        *(section_html(section) for section in sections),
        "</body></html>",
    ]
    return "\n".join(parts)


def summary(sections: Sequence[Section]) -> str:
    """Return what all verdicts together say about rhythm."""
    answered = [
        (section, claim)
        for section in sections
        for claim in section.claims
        if isinstance(claim, Answered)
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
            f'<li><a href="#{escape(section.name)}">{escape(claim.statement)}</a> '
            f"{verdict_html(claim)} {escape(claim.text)}{note_html(claim)}</li>"
            for section, claim in answered
            if claim.meaning == meaning
        ]
        if items:
            parts.append(f"<h3>{heading}</h3><ul>{''.join(items)}</ul>")
    return "\n".join(parts)


def contents(sections: Sequence[Section], missing: Sequence[str]) -> str:
    """Return the list of questions, those without a finished run too."""
    items = [
        f'<li><a href="#{escape(section.name)}">{escape(section.question)}</a>'
        f"{' (not yet answered)' if section.reduced else ''}</li>"
        for section in sections
    ]
    items += [f"<li>{escape(name)}: no finished run in this folder</li>" for name in missing]
    return f"<h3>Questions</h3><ol>{''.join(items)}</ol>"


def section_html(section: Section) -> str:
    """Return one question: a figure, claims, further figures, published values, conditions."""
    parts = [f'<h2 id="{escape(section.name)}">{escape(section.question)}</h2>']
    if section.reduced:
        parts.append(
            f'<p class="reduced">Not yet answered: this run {escape(section.reduced)}.</p>'
        )
    if section.recipe:
        parts.append(f'<p class="test">{escape(section.recipe)}</p>')
    figures = [figure_html(path, section.question) for path in section.figures]
    asked = [claim_html(claim) for claim in section.claims if not was_left_out(claim)]
    parts += [*figures[:1], *asked, *figures[1:]]
    left_out = [claim_html(claim) for claim in section.claims if was_left_out(claim)]
    if left_out:
        title = f"Claims that this run leaves out: {len(left_out)} of {len(section.claims)}"
        parts.append(f"<details><summary>{title}</summary>{''.join(left_out)}</details>")
    if section.published:
        rows = "".join(
            f"<tr><td>{escape(value['what'])}</td><td>{escape(value['value'])}</td>"
            f"<td>{escape(value['source'])}</td></tr>"
            for value in section.published
        )
        head = "<tr><th>Published</th><th>value</th><th>source</th></tr>"
        parts.append(f'<div class="scroll"><table>{head}{rows}</table></div>')
    else:
        parts.append('<p class="test">No published value is at hand for these comparisons.</p>')
    lines = "".join(f"<li>{escape(line)}</li>" for line in section.lines)
    parts.append(f"<details><summary>All conditions</summary><ul>{lines}</ul></details>")
    parts.append(f'<p class="made">{escape(section.made)}</p>')
    return "\n".join(parts)


def was_left_out(claim: Answered | Unanswered) -> bool:
    """Tell whether the run left out what the claim compares."""
    return claim.text.startswith(NOT_ASKED)


def claim_html(claim: Answered | Unanswered) -> str:
    """Return a claim, how it was tested, and what was found."""
    found = escape(claim.text)
    if isinstance(claim, Answered):
        numbers = [
            f"{name} {before:.2g}, corrected {after:.2g}"
            for name, (before, after) in (
                ("p", claim.p_values),
                ("p of a difference beyond the margin", claim.equivalence_p_values),
            )
            if not math.isnan(before)
        ]
        if not math.isnan(claim.effect_size):
            numbers.append(f"effect size {claim.effect_size:.2g}")
        extra = f" ({'; '.join(numbers)})" if numbers else ""
        found = f"{verdict_html(claim)} {found}{extra}"
    return (
        f"<p><strong>{escape(claim.statement)}</strong><br>{found}<br>"
        f'<span class="test">{escape(claim.test)}</span>{note_html(claim)}</p>'
    )


def verdict_html(claim: Answered) -> str:
    """Return the verdict, set off, and whether it survives correction for all claims."""
    verdict = escape(claim.verdict[0].upper() + claim.verdict[1:])
    more = f", {escape(claim.after_all)}:" if claim.after_all else ":"
    return f'<span class="verdict">{verdict}</span>{more}'


def note_html(claim: Answered | Unanswered) -> str:
    """Return what a reader must know of how a claim was stated, where there is something."""
    return f' <span class="test">{escape(claim.note)}</span>' if claim.note else ""


def figure_html(path: Path, question: str) -> str:
    """Return a figure with its picture inside."""
    data = base64.b64encode(path.read_bytes()).decode()
    name = path.stem.replace("_", " ")
    text = escape(f"{question} ({name})")
    return (
        f'<figure><img alt="{text}" src="data:image/png;base64,{data}">'
        f"<figcaption>{escape(name)}</figcaption></figure>"
    )
