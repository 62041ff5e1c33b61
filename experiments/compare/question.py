"""A question of the comparison: what is claimed beforehand, what is trained, what is found.

A question is a module with options, conditions, claims and figures, put together by ``Question``;
``python -m experiments.compare.NAME`` runs it like any other experiment, and
``python -m experiments.compare`` runs them all and writes the report.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from matplotlib.figure import Figure

from experiments.compare.options import CompareOptions
from experiments.compare.published import Published
from experiments.members import Condition, MemberStore, train_members
from experiments.members.train import drop_checkpoints
from experiments.script import ROWS, Experiment, is_answering
from experiments.stages import Stages
from rhythmic.compare.claims import (
    ACCURACIES,
    WORDS,
    Claim,
    Finding,
    Reading,
    Rows,
    finding_of,
    judge,
    left_out,
)
from rhythmic.progress import show
from rhythmic.records import Row
from rhythmic.statistics import ACCURACY, summarise

# Note of claims whose rows were known when the rule above ``PAIRED`` was written down.
RULED = (
    "Whether its test is paired or Welch's was settled when its results were known, by one "
    "rule for all questions."
)


def line_of(label: str, rows: Sequence[Row]) -> str:
    """Write the accuracy of a condition: mean, seeds, error and interval, size and rate."""
    values = [row["test_accuracy"] for row in rows if row.get("test_accuracy") is not None]
    if not values:
        return f"{label}: no accuracies"
    summary = summarise(values, within=ACCURACY)
    parameters = rows[0].get("num_parameters")
    size = f", {parameters} parameters" if parameters is not None else ""
    spread = ""
    if not math.isnan(summary.low):
        spread = f", SEM {summary.standard_error:.4f}, 95 % {summary.low:.3f} to {summary.high:.3f}"
    rate = rows[0].get("learning_rate")
    chosen = "" if rate is None else f", rate {rate:g}"
    return f"{label}: {summary.mean:.3f} (n = {summary.num_seeds}{spread}){size}{chosen}"


def size_of(finding: Finding) -> str:
    """Write an effect and its 95 % interval; the finding's text where there is none."""
    if math.isnan(finding.estimate):
        return finding.text
    unit = "" if finding.unit == "accuracy" else f" {finding.unit}"
    return f"{finding.estimate:+.3f}{unit}, {finding.low:+.3f} to {finding.high:+.3f}"


@dataclass(frozen=True, eq=False)
class Question:
    """A question of the comparison; ``experiment()`` makes it a script.

    Args:
        name: of its module in ``experiments.compare``.
        asked: the question.
        presets: options by name: smoke, quick, full and accelerator.
        claims: what is stated beforehand.
        draw: figures by name, from options and rows alone.
        conditions: what is trained, from the options; nothing where ``further`` does it all.
        readings: how claims are read from rows, by name, from the options; the others are read by
            the test accuracies of their two sides.
        section: heading under which the index lists it.
        unclaimed: comparisons that no claim states, a line each, from options and rows.
        further: rows by label that are not those of ``conditions``, from the options, the rows of
            these, the parts of the run and the store of its rows.
        further_labels: labels of those that claims need, from the options.
        published: values from papers that the report shows beside ours.
        describe: a line of text from a label and its rows.
    """

    name: str
    asked: str
    presets: Mapping[str, Any]
    claims: Sequence[Claim]
    draw: Callable[[Any, Rows], dict[str, Figure]]
    conditions: Callable[[Any], Sequence[Condition]] = lambda options: ()
    readings: Callable[[Any], Mapping[str, Reading]] = lambda options: {}
    section: str = "Is the rhythmic RNN better?"
    unclaimed: Callable[[Any, Rows], Sequence[str]] | None = None
    further: Callable[[Any, Rows, Stages, MemberStore], Rows] | None = None
    further_labels: Callable[[Any], Iterable[str]] = lambda options: ()
    published: Sequence[Published] = ()
    describe: Callable[[str, Sequence[Row]], str] = line_of

    def experiment(self) -> Experiment:
        """Return the question as an experiment that a command line runs."""
        return Experiment(
            name=f"compare.{self.name}",
            section=self.section,
            question=self.asked,
            presets=self.presets,
            measure=self.measure,
            summarise=self.summarise,
            answer=self.answer,
            draw=self.draw,
            all_cores=True,
            record=self.record,
            kept=ROWS,
        )

    def measure(self, options: CompareOptions, stages: Stages) -> Rows:
        """Train what the question needs and is not finished yet."""
        folder = stages.run_folder
        store = MemberStore(folder / "members.jsonl", options.results, check=stages.check)
        conditions = self.conditions(options)
        for line in self.left_out(options, conditions):
            show(line)
        rows: Rows = train_members(store, conditions, folder)
        if self.further is not None:
            rows = {**rows, **self.further(options, rows, stages, store)}
        drop_checkpoints(folder)
        stages.rest_on(store)
        return rows

    def left_out(self, options: CompareOptions, conditions: Sequence[Condition]) -> list[str]:
        """Say which claims a run can not judge, a line each."""
        labels = (condition.label for condition in conditions)
        known = (*labels, *self.further_labels(options))
        return left_out(self.claims, self.readings(options), known)

    def found(self, options: CompareOptions, rows: Rows) -> list[Finding]:
        """Return what rows say about each claim, in their order."""
        readings = self.readings(options)
        return [
            finding_of(claim, rows, readings.get(claim.name, ACCURACIES)) for claim in self.claims
        ]

    def lines(self, rows: Rows) -> list[str]:
        """Describe every condition by its rows."""
        return [self.describe(label, own) for label, own in rows.items()]

    def summarise(self, options: CompareOptions, rows: Rows) -> str:
        """Write a line per condition, then every claim that was asked, its test and the finding."""
        lines = [*self.lines(rows), ""]
        if self.unclaimed is not None and (extra := self.unclaimed(options, rows)):
            lines += [*extra, ""]
        found = self.found(options, rows)
        for claim, finding in zip(self.claims, found, strict=True):
            if not finding.missing:
                lines += [f"Claim: {claim.statement}", f"  {claim.test}", f"  {finding.text}"]
        if not_asked := [finding.claim for finding in found if finding.missing]:
            lines.append(f"Claims not asked in this run: {', '.join(not_asked)}")
        return "\n".join(lines)

    def answer(self, options: CompareOptions, rows: Rows) -> str:
        """Write a line a claim, in the order of verdicts, and the recipe; if this preset may."""
        if not is_answering(self.experiment(), options):
            return "Not yet answered: verdicts come from the full presets alone."
        every = judge(self.claims, self.found(options, rows))
        judged = [one for one in every if not one.finding.missing]
        lines = [
            f"{heading}: {one.claim.statement.removesuffix('.')} ({size_of(one.finding)})."
            for word, heading in WORDS.items()
            for one in judged
            if one.word == word
        ]
        if left := len(self.claims) - len(judged):
            lines.append(f"Not asked by this preset: {left} of {len(self.claims)} claims.")
        said_of_tests = "P-values are corrected by Holm for all claims of this question."
        return "\n".join([*lines, f"{options.recipe()} {said_of_tests}"])

    def record(self, options: CompareOptions, rows: Rows) -> Row:
        """Return what the page of all questions needs, without the rows."""
        return {
            "recipe": options.recipe(),
            "claims": [claim.stated() for claim in self.claims],
            "findings": [asdict(finding) for finding in self.found(options, rows)],
            "published": [asdict(value) for value in self.published],
            "lines": self.lines(rows),
        }
