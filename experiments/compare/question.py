"""A question of the comparison: what is claimed beforehand, what is trained, what is found.

A question is a module with options, conditions, claims, findings and figures, put together by
``question``; ``python -m experiments.compare.NAME`` runs it like any other experiment, and
``python -m experiments.compare`` runs them all and writes the report.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.compare.findings import VERDICTS, Claim, Finding, Published, Rows, verdicts
from experiments.compare.options import CompareOptions
from experiments.members import Condition, MemberStore, train_members
from experiments.script import Experiment, Results, Stages, identity
from rhythmic.records import Row, plain
from rhythmic.statistics import summarise

# Presets whose verdicts count.
ANSWERING = ("full", "accelerator")


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
        stages.took_up = bool(store.rows or store.shared)
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
        if not is_answering(options, presets):
            return "Not yet answered: verdicts come from the full presets alone."
        reached = found(options, results)
        said = zip(claims, verdicts(reached), reached, strict=True)
        return " ".join(
            [
                options.recipe(),
                *(
                    f"{claim.statement} {VERDICTS[verdict].capitalize()}: {finding.text}."
                    for claim, verdict, finding in said
                ),
                "(p-values corrected within this question.)",
            ]
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
            "recipe": options.recipe(),
            "claims": [asdict(claim) for claim in claims],
            "findings": [asdict(finding) for finding in found(options, results)],
            "published": [asdict(value) for value in published],
            "lines": [described(label, rows) for label, rows in rows_of(results).items()],
        },
    )


def is_answering(options: CompareOptions, presets: Mapping[str, Any]) -> bool:
    """Tell whether these are the options of a preset whose verdicts count, unchanged."""
    here = plain(identity(options))
    return any(here == plain(identity(presets[name])) for name in ANSWERING if name in presets)


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
