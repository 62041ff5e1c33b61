"""A question of the comparison: what is claimed beforehand, what is trained, what is found.

A question is a module with options, conditions, claims, findings and figures, put together by
``Question``; ``python -m experiments.compare.NAME`` runs it like any other experiment, and
``python -m experiments.compare`` runs them all and writes the report.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.compare.claims import (
    NOT_ASKED,
    OF_CLAIMS,
    Claim,
    Finding,
    Published,
    Rows,
    judge,
    left_out,
)
from experiments.compare.options import CompareOptions
from experiments.members import Condition, MemberStore, train_members
from experiments.members.train import drop_checkpoints
from experiments.script import Experiment, identity
from experiments.stages import Results, Stages
from rhythmic.progress import show
from rhythmic.records import Row, plain
from rhythmic.statistics import ACCURACY, summarise

# Presets whose verdicts count.
ANSWERING = ("full", "accelerator")


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
    """Write an effect and its 95 % interval, or in words why there is none."""
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
        findings: what the rows say about the claims, one a claim, in any order.
        draw: figures by name, from options and rows alone.
        conditions: what is trained, from the options; nothing where ``further`` does it all.
        section: heading under which the index lists it.
        unclaimed: comparisons that no claim states, a line each, from options and rows.
        further: rows by label that are not those of ``conditions``, from the options, the rows of
            these, the parts of the run and the store of its rows.
        further_labels: labels of those that claims need, from the options. A question without
            them can not say before training which claims a run leaves out.
        published: values from papers that the report shows beside ours.
        describe: a line of text from a label and its rows.
    """

    name: str
    asked: str
    presets: Mapping[str, Any]
    claims: Sequence[Claim]
    findings: Callable[[Any, Rows], Sequence[Finding]]
    draw: Callable[[Any, Rows], dict[str, Figure]]
    conditions: Callable[[Any], Sequence[Condition]] = lambda options: ()
    section: str = "Is the rhythmic RNN better?"
    unclaimed: Callable[[Any, Rows], Sequence[str]] | None = None
    further: Callable[[Any, Rows, Stages, MemberStore], Rows] | None = None
    further_labels: Callable[[Any], Iterable[str]] | None = None
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
            draw=lambda options, results: self.draw(options, rows_of(results)),
            all_cores=True,
            record=self.record,
        )

    def measure(self, options: CompareOptions, stages: Stages) -> Results:
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
        stages.took_up |= store.took_up
        return {"rows": np.array(json.dumps(rows))}

    def left_out(self, options: CompareOptions, conditions: Sequence[Condition]) -> list[str]:
        """Say which claims a run can not judge, a line each; nothing where it is not known."""
        if self.further is not None and self.further_labels is None:
            return []
        further = () if self.further_labels is None else self.further_labels(options)
        labels = [*(condition.label for condition in conditions), *further]
        return left_out(self.claims, lambda rows: self.findings(options, rows), labels)

    def found(self, options: CompareOptions, results: Results) -> list[Finding]:
        """Return the findings in the order of the claims."""
        reached = {found.claim: found for found in self.findings(options, rows_of(results))}
        return [reached[claim.name] for claim in self.claims]

    def lines(self, results: Results) -> list[str]:
        """Describe every condition by its rows."""
        return [self.describe(label, rows) for label, rows in rows_of(results).items()]

    def summarise(self, options: CompareOptions, results: Results) -> str:
        """Write a line a condition, then every claim that was asked, its test and the finding."""
        lines = [*self.lines(results), ""]
        if self.unclaimed is not None and (extra := self.unclaimed(options, rows_of(results))):
            lines += [*extra, ""]
        found = self.found(options, results)
        for claim, finding in zip(self.claims, found, strict=True):
            if finding.was_asked:
                lines += [f"Claim: {claim.statement}", f"  {claim.test}", f"  {finding.text}"]
        not_asked = [finding.claim for finding in found if not finding.was_asked]
        if not_asked:
            lines.append(f"Claims {NOT_ASKED}{', '.join(not_asked)}")
        return "\n".join(lines)

    def answer(self, options: CompareOptions, results: Results) -> str:
        """Write a line a claim, in the order of verdicts, and the recipe; if this preset may."""
        if not is_answering(options, self.presets):
            return "Not yet answered: verdicts come from the full presets alone."
        every = judge(self.claims, self.found(options, results))
        judged = [one for one in every if one.finding.was_asked]
        lines = [
            f"{heading}: {one.claim.statement.removesuffix('.')} ({size_of(one.finding)})."
            for word, heading in OF_CLAIMS.items()
            for one in judged
            if one.word == word
        ]
        if left := len(self.claims) - len(judged):
            lines.append(f"Not asked by this preset: {left} of {len(self.claims)} claims.")
        said_of_tests = "P-values are corrected by Holm for all claims of this question."
        return "\n".join([*lines, f"{options.recipe()} {said_of_tests}"])

    def record(self, options: CompareOptions, results: Results) -> Row:
        """Return what the page of all questions needs, without the rows."""
        return {
            "recipe": options.recipe(),
            "claims": [claim.stated() for claim in self.claims],
            "findings": [asdict(finding) for finding in self.found(options, results)],
            "published": [asdict(value) for value in self.published],
            "lines": self.lines(results),
        }


def is_answering(options: CompareOptions, presets: Mapping[str, Any]) -> bool:
    """Tell whether these are the options of a preset whose verdicts count, unchanged."""
    here = plain(identity(options))
    return any(here == plain(identity(presets[name])) for name in ANSWERING if name in presets)


def rows_of(results: Results) -> dict[str, list[Row]]:
    """Return the rows of every condition by its label."""
    return json.loads(str(results["rows"]))
