"""Claims as data: what is held against what, what was found, and the verdicts that follow.

A claim names its two sides, its margin and what it would mean. Which conditions it needs, what a
run leaves out of them, which seeds are pairs, and the verdict follow from that.

Source: the tests are those of ``rhythmic.statistics``; that a claim states its sides and its
meaning before anything is trained is the project's own.
"""

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from rhythmic.records import Row
from rhythmic.statistics import Difference, difference, equivalence, holm, verdict

Rows = Mapping[str, Sequence[Row]]
# A side of a claim: a condition, or several, of which the one that validates best stands.
Side = str | tuple[str, ...]
Word = Literal["supported", "contradicted", "equivalent", "cannot tell"]

# Which test a comparison gets, by one rule for all questions. Equal seeds are pairs wherever both
# sides have the same cell with the same start weights at equal seeds: golden with and without
# recurrence, controls with real poles, ladders of as many nodes, learned against fixed rhythms,
# HORN of both kinds, one cell with two readouts, the same network on other data or in other
# arithmetic, one network with and without a node. Wherever the cells differ, seeds are independent
# samples, also where they share a split or drawn data: Welch's t. Claims name their test in these
# words.
PAIRED = "paired t over seeds, which share cell and start weights"
WELCH = "Welch's t over seeds"

# The verdicts, in the order in which answers list them, and what pages write for them.
WORDS: dict[Word, str] = {
    "supported": "Borne out",
    "contradicted": "Contradicted",
    "equivalent": "No difference that matters",
    "cannot tell": "The data cannot tell",
}
_OF_STATISTICS: dict[str, Word] = {
    "better": "supported",
    "worse": "contradicted",
    "equivalent": "equivalent",
    "undecided": "cannot tell",
}

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
class Claim:
    """A comparison, stated with its test.

    Args:
        name: short, unique in the whole comparison.
        statement: what is claimed, a sentence that numbers can support or not.
        test: how it is tested, on what; ``{how}`` stands for the test that ``paired`` says.
        margin: differences smaller than this count as none, in the unit of the finding; NaN where
            equivalence is not tested.
        rhythm: what it means for rhythm if the data support the claim: it ``helps``, it
            ``hurts``; ``which``: it is about which rhythms; ``dynamics``: about what a network
            adds to a plain reading, which may be rhythmic too, as a power at a frequency is; or
            none of these, it is ``aside``.
        note: what a reader must know of how it was stated, such as that some of its results were
            known already; empty where it was stated before anything was trained.
        better: the side that is claimed to be the better one; empty where options say which.
        worse: the other side.
        paired: whether equal seeds are compared with each other, by the rule above ``PAIRED``.
        question: whose claims are corrected together.
    """

    name: str
    statement: str
    test: str
    margin: float = 0.01
    rhythm: Literal["helps", "hurts", "which", "dynamics", "aside"] = "aside"
    note: str = ""
    better: Side = ""
    worse: Side = ""
    paired: bool = False
    question: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "test", self.test.replace("{how}", PAIRED if self.paired else WELCH)
        )

    def stated(self) -> dict[str, Any]:
        """Return what a record keeps: the claim without the conditions that it is judged by."""
        kept = ("name", "statement", "test", "margin", "rhythm", "note")
        return {name: getattr(self, name) for name in kept}


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
        missing: label of the condition that the run left out; nothing was found then.
    """

    claim: str
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p_value: float = math.nan
    equivalence_p_value: float = math.nan
    effect_size: float = math.nan
    text: str = ""
    unit: str = "accuracy"
    missing: str = ""


@dataclass(frozen=True)
class Judged:
    """A claim, what was found about it, and the verdict with the p-values that it rests on.

    Args:
        claim: what was stated.
        finding: what was found.
        word: the verdict: ``supported``, ``contradicted``, ``equivalent`` (differs by less than
            the margin) or ``cannot tell``.
        p_value: of no effect, corrected.
        equivalence_p_value: of an effect beyond the margin, corrected.
    """

    claim: Claim
    finding: Finding
    word: Word
    p_value: float
    equivalence_p_value: float

    @property
    def meaning(self) -> str:
        """What the verdict says about rhythm, a key of ``HEADINGS``."""
        if self.claim.rhythm not in ("helps", "hurts"):
            return self.claim.rhythm
        if self.word in ("equivalent", "cannot tell"):
            return "no difference" if self.word == "equivalent" else "cannot tell"
        return "helps" if (self.claim.rhythm == "helps") == (self.word == "supported") else "hurts"

    def survives(self, num_claims: int, *, level: float = 0.05) -> bool:
        """Tell whether the verdict is the same after Bonferroni's correction for ``num_claims``.

        Both p-values of each claim count. Nothing but the finding's own p-values and that number
        decides, whatever else was answered.
        """
        found = self.finding
        both = (
            min(1.0, 2 * num_claims * x) if not math.isnan(x) else x
            for x in (found.p_value, found.equivalence_p_value)
        )
        return _word(found, *both, level=level) == self.word


def judge(
    claims: Sequence[Claim], findings: Sequence[Finding], *, level: float = 0.05
) -> list[Judged]:
    """Judge findings, one per claim, by ``rhythmic.statistics.verdict``.

    P-values are corrected by Holm within each question. Its family are both p-values of every
    claim that is stated there, or one where the margin is NaN, so that its size is fixed: one that
    is NaN, as where a run left a claim out, counts as 1. Other questions have no part in it.
    """
    given = np.array([(x.p_value, x.equivalence_p_value) for x in findings]).reshape(-1, 2)
    counted = np.array([(True, not math.isnan(x.margin)) for x in claims]).reshape(-1, 2)
    corrected = np.full(given.shape, math.nan)
    for question in dict.fromkeys(claim.question for claim in claims):
        family = counted & np.array([[claim.question == question] for claim in claims])
        # NaN stays NaN; as p-values they are the largest there are.
        known = np.where(np.isnan(given[family]), 1.0, given[family])
        corrected[family] = np.where(np.isnan(given[family]), math.nan, holm(known.tolist()))
    return [
        Judged(claim, finding, _word(finding, *own, level=level), *own)
        for claim, finding, own in zip(claims, findings, corrected.tolist(), strict=True)
    ]


def _word(finding: Finding, p_value: float, equivalence_p_value: float, *, level: float) -> Word:
    """Return the verdict from p-values that are corrected already."""
    interval = finding.estimate, finding.low, finding.high
    effect = finding.effect_size, math.nan, math.nan
    word = verdict(
        Difference(0, 0, *interval, finding.p_value, *effect),
        corrected_p_value=p_value,
        corrected_equivalence_p_value=equivalence_p_value,
        level=level,
    )
    return _OF_STATISTICS[word]


def judged_record(content: dict[str, Any]) -> list[Judged]:
    """Judge the findings that a record holds; what JSON has no number for is NaN."""

    def read(finding: dict[str, Any]) -> dict[str, Any]:
        return {name: math.nan if value is None else value for name, value in finding.items()}

    findings = [Finding(**read(finding)) for finding in content["findings"]]
    return judge([Claim(**claim) for claim in content["claims"]], findings)


def by_seed(rows: Sequence[Row]) -> list[Row]:
    """Return rows in the order of their seeds."""
    return sorted(rows, key=lambda row: row["seed"])


def tested(rows: Sequence[Row]) -> list[float]:
    """Return test accuracies."""
    return [row["test_accuracy"] for row in rows]


@dataclass(frozen=True)
class Reading:
    """How a claim is read from rows, where it is not by the test accuracies of its two sides.

    Args:
        sides: that options decide on; by default the claim's. Where ``find`` reads the rows there
            may be any number of them: what must be there.
        values: one number per row, larger being better; rows come in the order of their seeds.
        unit: of the numbers.
        said: what the numbers of a side are, from its label.
        find: what the rows say of the claim, where it is not one number per row of two sides.
    """

    sides: tuple[Side, ...] = ()
    values: Callable[[Sequence[Row]], Sequence[float]] = tested
    unit: str = "accuracy"
    said: Callable[[str], str] = str
    find: Callable[[Claim, Rows], Finding] | None = None

    def missing(self, claim: Claim, labels: Container[str]) -> str:
        """Return the label of the first side that is not among ``labels``; empty if all are."""
        for side in self.sides or (claim.better, claim.worse):
            several = _labels_of(side)
            if not any(label in labels for label in several):
                return several[0]
        return ""


ACCURACIES = Reading()  # the usual way


def _labels_of(side: Side) -> tuple[str, ...]:
    return (side,) if isinstance(side, str) else side


def finding_of(claim: Claim, rows: Rows, reading: Reading = ACCURACIES) -> Finding:
    """Return what rows say of a claim, or which condition the run left out."""
    missing = reading.missing(claim, {label for label, own in rows.items() if own})
    if missing:
        return Finding(claim.name, missing=missing)
    return compared(claim, rows, reading) if reading.find is None else reading.find(claim, rows)


def left_out(
    claims: Sequence[Claim], readings: Mapping[str, Reading], labels: Iterable[str]
) -> list[str]:
    """Say, before anything is trained, which claims a run can not judge, and what each lacks.

    Args:
        claims: of the question.
        readings: of those claims, by name, that are not read in the usual way.
        labels: of all rows that the run will make.

    Returns:
        A line that counts them and a line per claim; none where every claim will be judged.
    """
    known = set(labels)
    lacking = {
        claim.statement: missing
        for claim in claims
        if (missing := readings.get(claim.name, ACCURACIES).missing(claim, known))
    }
    if not lacking:
        return []
    first = f"not judged in this run, {len(lacking)} of {len(claims)} claims:"
    return [first, *(f"  {claim} ({missing} is left out)" for claim, missing in lacking.items())]


def compared(claim: Claim, rows: Rows, reading: Reading = ACCURACIES) -> Finding:
    """Compare two sides; the claim is that the first is better.

    Of a side of several conditions the one that validates best stands; the text names those that
    the run left out. Where equal seeds are pairs, further seeds of one side have no partner.

    Raises:
        ValueError: if either side of a pairing has seeds that the other lacks.
    """
    sides = reading.sides or (claim.better, claim.worse)
    labels = [best_validated(rows, _labels_of(side)) for side in sides]
    own, other = (by_seed(rows[label]) for label in labels)
    if claim.paired:
        first, second = ([row["seed"] for row in side] for side in (own, other))
        if not (set(first) <= set(second) or set(second) <= set(first)):
            raise ValueError(
                f"seeds of {claim.name} differ: {first} and {second}; pairs need the same"
            )
        own = [row for row in own if row["seed"] in second]
        other = [row for row in other if row["seed"] in first]
    better, worse = (
        (reading.said(label), reading.values(side))
        for label, side in zip(labels, (own, other), strict=True)
    )
    lacking = [x for side in sides for x in _labels_of(side) if not rows.get(x)]
    beside = f"left out: {'; '.join(lacking)}" if lacking else ""
    return values_finding(claim, better, worse, unit=reading.unit, beside=beside)


def best_validated(rows: Rows, labels: Sequence[str]) -> str:
    """Return the label with the highest mean validation accuracy; tests are not looked at.

    Labels without rows have no part in it; where none has any, the first stands for all.
    """
    present = [label for label in labels if rows.get(label)] or labels[:1]
    if len(present) == 1:
        return present[0]
    return max(present, key=lambda x: np.mean([row["validation_accuracy"] for row in rows[x]]))


def interval_text(low: float, high: float) -> str:
    """Write a 95 % interval behind its estimate; nothing where there is none."""
    return "" if math.isnan(low) else f" ({low:+.3f} to {high:+.3f})"


def values_finding(
    claim: Claim,
    better: tuple[str, Sequence[float]],
    worse: tuple[str, Sequence[float]],
    *,
    unit: str = "accuracy",
    beside: str = "",
) -> Finding:
    """Compare one number per seed of two sides; the claim is that the first is the larger one.

    Args:
        claim: what was stated.
        better: what the side is that should be larger, and its values in the order of the seeds.
        worse: the same of the other.
        unit: of the values.
        beside: what else the text says, behind the numbers.
    """
    (name, values), (other, reference) = better, worse
    found = difference(values, reference, paired=claim.paired)
    alike = equivalence(values, reference, claim.margin, paired=claim.paired)
    text = (
        f"{name} {np.mean(values):.3f} (n = {len(values)}), {other} {np.mean(reference):.3f} "
        f"(n = {len(reference)}): {found.difference:+.3f}{interval_text(found.low, found.high)}"
    )
    text += f"; {beside}" if beside else ""
    interval = found.difference, found.low, found.high
    return Finding(
        claim.name, *interval, found.p_value, alike.p_value, found.effect_size, text, unit
    )
