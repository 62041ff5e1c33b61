"""What the full presets have found so far, by what it means for rhythm, as a page in Markdown."""

from collections.abc import Iterable
from typing import NamedTuple

from experiments.answers import Answer, read_answer
from experiments.compare.findings import VERDICTS, Claim, Finding, judge
from experiments.compare.page import HEADINGS
from experiments.compare.questions import QUESTIONS
from experiments.compare.report import after_all, meaning_for_rhythm, num_claims, read_findings

HEAD = """# Is rhythm better? The verdicts so far

Every claim that a full preset has judged, by what the verdict means for rhythm. Effects are
differences of test accuracy unless a unit is given, with 95 % intervals. A verdict rests on
p-values that are corrected for all claims of its question (Holm); beside it stands whether it is
the same after correction for all {number} claims of the comparison (Bonferroni). How each claim was
tested, and on what, stands in the report that `python -m experiments.compare --preset full` writes;
what was known when it was stated, in the notes at the end.
This page is written by `python -m experiments --gallery` from the answers that are kept."""


class Judgement(NamedTuple):
    """A claim that a full preset has judged: what it means for rhythm, a line, a note if any."""

    meaning: str
    line: str
    note: str


def judgements(answer: Answer, number: int) -> list[Judgement]:
    """Judge every claim of a published answer; ``number`` counts the claims of all questions."""
    assert answer.record is not None
    claims = [Claim(**claim) for claim in answer.record["claims"]]
    findings = read_findings(answer.record)
    found = []
    for claim, finding, judged in zip(claims, findings, judge(findings), strict=True):
        meaning = meaning_for_rhythm(claim.rhythm, judged.word)
        line = written(claim, finding, judged.word, after_all(finding, judged.word, number))
        found.append(Judgement(meaning, line, claim.note))
    return found


def written(claim: Claim, finding: Finding, word: str, whole: str) -> str:
    """Write claim, verdict and numbers as one item of a list."""
    verdict = f"{VERDICTS[word]}, {whole}" if whole else VERDICTS[word]
    return f"- {claim.statement} **{verdict[0].upper()}{verdict[1:]}:** {finding.text}."


def verdict_page(names: Iterable[str] = QUESTIONS) -> str:
    """Write the page from the answers that are kept; what has none is named at the end."""
    number = num_claims()
    answers = {name: read_answer(f"compare.{name}") for name in names}
    found = [
        one
        for answer in answers.values()
        if answer is not None and answer.record is not None
        for one in judgements(answer, number)
    ]
    parts = [HEAD.format(number=number)]
    notes: dict[str, int] = {}  # in the order in which the page refers to them
    for meaning, heading in HEADINGS.items():
        lines = [
            f"{one.line} ([note {notes.setdefault(one.note, len(notes) + 1)}](#notes))"
            if one.note
            else one.line
            for one in found
            if one.meaning == meaning
        ]
        if lines:
            parts += [f"## {heading}", "\n".join(lines)]
    missing = [name for name, answer in answers.items() if answer is None or not answer.record]
    if missing:
        commands = "\n".join(
            f"- `python -m experiments.compare.{name} --preset full`" for name in missing
        )
        parts += ["## Not yet answered", commands]
    if notes:
        parts += ["## Notes", "\n".join(f"{at}. {note}" for note, at in notes.items())]
    return "\n\n".join(parts) + "\n"
