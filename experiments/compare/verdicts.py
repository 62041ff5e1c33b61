"""What the full presets have found so far, by what it means for rhythm, as a page in Markdown."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from experiments.answers import read_answer
from experiments.compare.questions import QUESTIONS, num_claims
from rhythmic.compare.claims import HEADINGS, WORDS, Judged, judged_record

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


def overview(found: Sequence[Judged]) -> str:
    """Count the verdicts under each heading, as a table."""
    counts = Counter((one.meaning, one.word) for one in found)
    rows = [["", *(word.lower() for word in WORDS.values())], ["---"] * (1 + len(WORDS))]
    for meaning, heading in HEADINGS.items():
        numbers = [counts[meaning, word] for word in WORDS]
        if any(numbers):
            rows.append([heading, *(str(number or "") for number in numbers)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def section(
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
    parts = [HEAD.format(number=number), overview([one for _, one in found])]
    for meaning, heading in HEADINGS.items():
        own = [(name, one) for name, one in found if one.meaning == meaning]
        parts += section(heading, own, notes, number) if own else []
    missing = [name for name in answers if name not in kept]
    if missing:
        commands = [f"- `python -m experiments.compare.{name} --preset full`" for name in missing]
        parts += ["## Not yet answered", "\n".join(commands)]
    recipes = [f"- `compare.{name}`: {record['recipe']}" for name, record in kept.items()]
    parts += ["## On what they rest", "\n".join(recipes)] if recipes else []
    if notes:
        parts += ["## Notes", "\n".join(f"{at}. {note}" for note, at in notes.items())]
    return "\n\n".join(parts) + "\n"
