"""What the full presets have found so far, by what it means for rhythm, as a page in Markdown."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from experiments.answers import Answer, read_answer
from experiments.compare.findings import Claim, judge, survives
from experiments.compare.page import HEADINGS
from experiments.compare.parts import NOT_ASKED
from experiments.compare.question import OF_CLAIMS
from experiments.compare.questions import QUESTIONS
from experiments.compare.report import meaning_for_rhythm, num_claims, read_findings

HEAD = """# Is rhythm better? The verdicts so far

Every claim that a full preset has judged, by what the verdict means for rhythm, and by question.
Several claims rest on the same networks, so that their numbers count claims, not independent tests.
Effects are differences of test accuracy unless a unit is given; their 95 % intervals are each
claim's own, not corrected, so that one may exclude zero where the data cannot tell. A verdict rests
on p-values that are corrected for all claims of its question (Holm). *Firmly*: it is the same after
correction for all {number} claims of the comparison, answered or not (Bonferroni). Which test each
claim has stands in the report that `python -m experiments.compare --preset full` writes; on what it
rests, and what was known when it was stated, at the end of this page, which
`python -m experiments --gallery` writes from the answers that are kept."""


class Judgement(NamedTuple):
    """A claim that a full preset has judged.

    Attributes:
        question: its name.
        meaning: what the verdict says about rhythm, a key of ``HEADINGS``.
        word: the verdict, a key of ``OF_CLAIMS``.
        line: claim, verdict and numbers as one item of a list.
        note: what was known when it was stated; empty for nothing.
    """

    question: str
    meaning: str
    word: str
    line: str
    note: str


def judgements(name: str, answer: Answer, number: int) -> list[Judgement]:
    """Judge the claims that a published answer asked; ``number`` counts those of all questions."""
    assert answer.record is not None
    claims = [Claim(**claim) for claim in answer.record["claims"]]
    findings = read_findings(answer.record)
    found = []
    for claim, finding, judged in zip(claims, findings, judge(findings), strict=True):
        if finding.text.startswith(NOT_ASKED):
            continue
        verdict = OF_CLAIMS[judged.word]
        if judged.word != "undecided" and survives(finding, judged.word, num_claims=number):
            verdict += ", firmly"
        line = f"- **{verdict}.** {claim.statement} Found: {finding.text}."
        meaning = meaning_for_rhythm(claim.rhythm, judged.word)
        found.append(Judgement(name, meaning, judged.word, line, claim.note))
    return found


def overview(found: Sequence[Judgement]) -> str:
    """Count the verdicts under each heading, as a table."""
    counts = Counter((one.meaning, one.word) for one in found)
    rows = [["", *(word.lower() for word in OF_CLAIMS.values())], ["---"] * (1 + len(OF_CLAIMS))]
    for meaning, heading in HEADINGS.items():
        numbers = [counts[meaning, word] for word in OF_CLAIMS]
        if any(numbers):
            rows.append([heading, *(str(number or "") for number in numbers)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def section(heading: str, found: Sequence[Judgement], notes: dict[str, int]) -> list[str]:
    """Write the claims under a heading, by question; new notes are numbered in ``notes``."""
    parts = [f"## {heading}"]
    for question, own in groupby(found, key=lambda one: one.question):
        parts.append(f"`compare.{question}`")
        lines = []
        for one in own:
            number = notes.setdefault(one.note, len(notes) + 1) if one.note else None
            lines.append(f"{one.line} ([note {number}](#notes))" if number else one.line)
        parts.append("\n".join(lines))
    return parts


def verdict_page(names: Iterable[str] = QUESTIONS) -> str:
    """Write the page from the answers that are kept; what has none is named at the end."""
    number = num_claims()
    answers = {name: read_answer(f"compare.{name}") for name in names}
    kept = {name: x for name, x in answers.items() if x is not None and x.record is not None}
    found = [one for name, answer in kept.items() for one in judgements(name, answer, number)]
    notes: dict[str, int] = {}  # in the order in which the page refers to them
    parts = [HEAD.format(number=number), overview(found)]
    for meaning, heading in HEADINGS.items():
        own = [one for one in found if one.meaning == meaning]
        parts += section(heading, own, notes) if own else []
    missing = [name for name in answers if name not in kept]
    if missing:
        commands = [f"- `python -m experiments.compare.{name} --preset full`" for name in missing]
        parts += ["## Not yet answered", "\n".join(commands)]
    recipes = [f"- `compare.{name}`: {x.record['recipe']}" for name, x in kept.items() if x.record]
    parts += ["## On what they rest", "\n".join(recipes)] if recipes else []
    if notes:
        parts += ["## Notes", "\n".join(f"{at}. {note}" for note, at in notes.items())]
    return "\n\n".join(parts) + "\n"
