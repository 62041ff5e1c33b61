"""One self-contained page from the run folders of the questions: answers, numbers, figures."""

import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.compare.findings import VERDICTS, Finding, judge, survives
from experiments.compare.page import Answered, Section, Unanswered, page
from experiments.compare.parts import NOT_ASKED
from experiments.compare.question import ANSWERING
from experiments.compare.questions import QUESTIONS
from experiments.folders import read_kept
from rhythmic.files import replacing
from rhythmic.progress import show
from rhythmic.records import read_sealed_rows

# What a verdict on a claim means for rhythm, where the claim says what it would mean.
MEANINGS = {
    ("helps", "holds"): "helps",
    ("helps", "opposite"): "hurts",
    ("hurts", "holds"): "hurts",
    ("hurts", "opposite"): "helps",
}


@dataclass(frozen=True)
class Record:
    """What a run folder says about its question.

    Args:
        name: of the question.
        folder: the run folder.
        content: of ``record.json``.
        computed: of ``computed.json``: seconds and provenance.
    """

    name: str
    folder: Path
    content: dict[str, Any]
    computed: dict[str, Any]

    @property
    def answers(self) -> bool:
        """Tell whether its verdicts count."""
        return self.content["preset"] in ANSWERING and not self.content["reduced"]

    def findings(self) -> list[Finding]:
        """Return its findings."""
        return read_findings(self.content)


def read_findings(content: dict[str, Any]) -> list[Finding]:
    """Return the findings of a record; what JSON has no number for is NaN."""

    def read(finding: dict[str, Any]) -> dict[str, Any]:
        return {name: math.nan if value is None else value for name, value in finding.items()}

    return [Finding(**read(finding)) for finding in content["findings"]]


def write_report(base: Path, names: Sequence[str]) -> Path:
    """Write ``report.html`` into ``base`` from the run folders there; return its path.

    Verdicts are those of each question alone, see ``judge``. Beside each stands whether it would
    be the same after Bonferroni's correction for all claims of the comparison, a fixed number. So
    what else is on the page changes nothing of either.
    """
    records = [record for name in names if (record := read_record(base, name)) is not None]
    number = num_claims()
    sections = [section_of(record, number) for record in records]
    missing = [name for name in names if name not in {record.name for record in records}]
    path = base / "report.html"
    base.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_text(page(sections, missing, number), encoding="utf-8")
    return path


def num_claims() -> int:
    """Count the claims of all questions."""
    modules = [importlib.import_module(f"experiments.compare.{name}") for name in QUESTIONS]
    return sum(len(module.CLAIMS) for module in modules)


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
    return Record(name, folder, content, computed)


def section_of(record: Record, number: int) -> Section:
    """Gather what the page shows of a question; ``number`` counts the claims of all questions."""
    claims: list[Answered | Unanswered] = []
    findings = record.findings()
    for claim, finding, judged in zip(
        record.content["claims"], findings, judge(findings), strict=True
    ):
        stated = claim["statement"], claim["test"], claim["note"], finding.text
        if not record.answers or finding.text.startswith(NOT_ASKED):
            claims.append(Unanswered(*stated))
            continue
        claims.append(
            Answered(
                *stated,
                VERDICTS[judged.word],
                after_all(finding, judged.word, number),
                meaning_for_rhythm(claim["rhythm"], judged.word),
                (finding.p_value, judged.p_value),
                (finding.equivalence_p_value, judged.equivalence_p_value),
                finding.effect_size,
            )
        )
    return Section(
        name=record.name,
        question=record.content["question"],
        reduced=record.content["reduced"],
        recipe=record.content["recipe"],
        claims=claims,
        lines=record.content["lines"],
        published=record.content["published"],
        figures=sorted((record.folder / "figures").glob("*.png")),
        made=made_by(record),
    )


def after_all(finding: Finding, word: str, number: int) -> str:
    """Say whether a verdict survives correction for all claims; nothing where there is none."""
    if word == "undecided":
        return ""
    also = "also" if survives(finding, word, num_claims=number) else "not"
    return f"{also} after correction for all {number} claims"


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


def meaning_for_rhythm(rhythm: str, word: str) -> str:
    """Return the heading of the summary under which a claim stands."""
    if rhythm in ("which", "dynamics", "aside"):
        return rhythm
    if word in ("equivalent", "undecided"):
        return "no difference" if word == "equivalent" else "cannot tell"
    return MEANINGS[rhythm, word]
