"""A question of the comparison: what is claimed beforehand, what is trained, what is found.

A question is a module with options, conditions, claims, findings and figures, put together by
``question``; ``python -m experiments.compare.NAME`` runs it like any other experiment, and
``python -m experiments.compare`` runs them all and writes the report.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure

from experiments.compare.options import CompareOptions
from experiments.members import Condition, MemberStore, train_members
from experiments.script import Experiment, Results, Stages
from rhythmic.records import Row
from rhythmic.statistics import (
    Difference,
    difference,
    equivalence,
    holm,
    summarise,
    verdict,
)

Rows = Mapping[str, Sequence[Row]]


@dataclass(frozen=True)
class Claim:
    """A comparison stated before its networks were trained.

    Args:
        name: short, unique in the whole comparison.
        statement: what is claimed, a sentence that numbers can bear out or not.
        test: how it is tested, on what.
        margin: differences smaller than this count as none, in the unit of the finding.
        rhythm: what it means for rhythm if the data bear the claim out: it ``helps``, it
            ``hurts``; ``which``: it is about which rhythms; or none of these, it is ``aside``.
    """

    name: str
    statement: str
    test: str
    margin: float = 0.01
    rhythm: Literal["helps", "hurts", "which", "aside"] = "aside"


@dataclass(frozen=True)
class Published:
    """A value from a paper, to stand beside ours.

    Args:
        what: what was measured, and how it differs from ours.
        value: as printed there.
        source: the paper.
    """

    what: str
    value: str
    source: str


@dataclass(frozen=True)
class Finding:
    """What was found about a claim.

    Args:
        claim: its name.
        estimate: the size of what is claimed, positive in the direction of the claim.
        low: lower end of its 95 % interval.
        high: upper end of its 95 % interval.
        p_value: of no effect at all, before correction; NaN where nothing was tested.
        equivalence_p_value: of an effect beyond the margin; NaN where that was not tested.
        effect_size: standardised, Hedges' g; NaN where it has none.
        text: the finding in words and numbers.
        unit: of estimate and interval.
    """

    claim: str
    estimate: float
    low: float
    high: float
    p_value: float
    equivalence_p_value: float
    effect_size: float
    text: str
    unit: str = "accuracy"


VERDICTS = {
    "holds": "the data bear it out",
    "opposite": "the data show the opposite",
    "equivalent": "no difference that matters",
    "undecided": "the data cannot tell",
}


def verdicts(findings: Sequence[Finding], level: float = 0.05) -> list[str]:
    """Return the verdict on each finding, by the rule of ``rhythmic.statistics.verdict``.

    P-values of both kinds, of all findings given, are corrected for their number by Holm.
    """
    p_values = [finding.p_value for finding in findings]
    corrected = holm([*p_values, *(finding.equivalence_p_value for finding in findings)])
    names = {"better": "holds", "worse": "opposite"}
    found = []
    for place, finding in enumerate(findings):
        word = verdict(
            as_difference(finding),
            corrected_p_value=float(corrected[place]),
            corrected_equivalence_p_value=float(corrected[len(findings) + place]),
            level=level,
        )
        found.append(names.get(word, word))
    return found


def as_difference(finding: Finding) -> Difference:
    """Return a finding as a difference over seeds, which it need not have been."""
    nan = math.nan
    interval = finding.estimate, finding.low, finding.high
    return Difference(0, 0, *interval, finding.p_value, finding.effect_size, nan, nan)


def accuracy_finding(
    claim: Claim, better: Sequence[Row], worse: Sequence[Row], *, paired: bool = False
) -> Finding:
    """Compare the test accuracies of two conditions; the claim is that the first is better.

    Args:
        claim: what was stated.
        better: rows of the condition that is claimed to be the better one.
        worse: rows of the other.
        paired: whether equal seeds are compared with each other; they must then agree.
    """
    values, reference = (
        [row["test_accuracy"] for row in sorted(rows, key=lambda row: row["seed"])]
        for rows in (better, worse)
    )
    found = difference(values, reference, paired=paired)
    alike = equivalence(values, reference, claim.margin, paired=paired)
    means = [f"{np.mean(x):.3f} (n = {len(x)})" for x in (values, reference)]
    text = (
        f"{better[0]['label']} {means[0]}, {worse[0]['label']} {means[1]}: "
        f"{found.difference:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
    )
    return Finding(
        claim.name,
        found.difference,
        found.low,
        found.high,
        found.p_value,
        alike.p_value,
        found.effect_size,
        text,
    )


def question(
    *,
    name: str,
    section: str,
    asked: str,
    presets: Mapping[str, Any],
    conditions: Callable[[Any], Sequence[Condition]],
    claims: Sequence[Claim],
    findings: Callable[[Any, Rows], Sequence[Finding]],
    draw: Callable[[Any, Rows], dict[str, Figure]],
    further: Callable[[Any, Rows, Stages], Rows] | None = None,
    published: Sequence[Published] = (),
    describe: Callable[[str, Sequence[Row]], str] | None = None,
) -> Experiment:
    """Put a question together as an experiment.

    Args:
        name: of its module in ``experiments.compare``.
        section: heading under which the index lists it.
        asked: the question.
        presets: options by name: smoke, quick, full and accelerator.
        conditions: what is trained, from the options.
        claims: what is stated beforehand.
        findings: what the rows say about the claims, one a claim, in their order.
        draw: figures by name, from options and rows alone.
        further: rows that are not trainings, from the options and the rows of the trainings.
        published: values from papers that the report shows beside ours.
        describe: a line of text from a label and its rows; by default accuracy and size.
    """
    described = describe or line_of

    def measure(options: CompareOptions, stages: Stages) -> Results:
        folder = stages.run_folder
        store = MemberStore(folder / "members.jsonl", options.results)
        rows: Rows = train_members(store, conditions(options), folder)
        if further is not None:
            rows = {**rows, **further(options, rows, stages)}
        return {"rows": np.array(json.dumps(rows))}

    def found(options: CompareOptions, results: Results) -> list[Finding]:
        reached = {finding.claim: finding for finding in findings(options, rows_of(results))}
        return [reached[claim.name] for claim in claims]

    def summarise_rows(options: CompareOptions, results: Results) -> str:
        lines = [described(label, rows) for label, rows in rows_of(results).items()]
        reached = found(options, results)
        lines.append("")
        for claim, finding in zip(claims, reached, strict=True):
            lines += [f"Claim: {claim.statement}", f"  {claim.test}", f"  {finding.text}"]
        return "\n".join(line for line in lines)

    def answer(options: CompareOptions, results: Results) -> str:
        reached = found(options, results)
        if options.preset not in ("full", "accelerator"):
            return "Not yet answered: verdicts come from the full presets alone."
        said = zip(claims, verdicts(reached), reached, strict=True)
        return " ".join(
            f"{claim.statement} {VERDICTS[verdict].capitalize()}: {finding.text}."
            for claim, verdict, finding in said
        )

    def draw_rows(options: CompareOptions, results: Results) -> dict[str, Figure]:
        return draw(options, rows_of(results))

    return Experiment(
        name=f"compare.{name}",
        section=section,
        question=asked,
        presets=presets,
        measure=measure,
        summarise=summarise_rows,
        answer=answer,
        draw=draw_rows,
        all_cores=True,
        record=lambda options, results: {
            "claims": [asdict(claim) for claim in claims],
            "findings": [asdict(finding) for finding in found(options, results)],
            "published": [asdict(value) for value in published],
            "lines": [described(label, rows) for label, rows in rows_of(results).items()],
        },
    )


def rows_of(results: Results) -> dict[str, list[Row]]:
    """Return the rows of every condition by its label."""
    return json.loads(str(results["rows"]))


def line_of(label: str, rows: Sequence[Row]) -> str:
    """Write the accuracy of a condition: number of parameters, seeds, mean and interval."""
    values = [row["test_accuracy"] for row in rows if row.get("test_accuracy") is not None]
    if not values:
        return f"{label}: no accuracies"
    summary = summarise(values)
    parameters = rows[0].get("num_parameters")
    size = f", {parameters} parameters" if parameters is not None else ""
    spread = "" if math.isnan(summary.low) else f", 95 % {summary.low:.3f} to {summary.high:.3f}"
    rate = rows[0].get("learning_rate")
    chosen = "" if rate is None else f", rate {rate:g}"
    return f"{label}: {summary.mean:.3f} (n = {summary.num_seeds}{spread}){size}{chosen}"
