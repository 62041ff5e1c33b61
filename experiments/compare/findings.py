"""Claims, what was found about them, and the verdicts that follow."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rhythmic.records import Row
from rhythmic.statistics import Difference, difference, equivalence, holm, verdict

Rows = Mapping[str, Sequence[Row]]

# The cells whose nodes do not swing: what a claim that rhythm helps is held against.
NOT_RHYTHMIC = ("rnn", "lstm", "gru")

# Which test a comparison gets, by one rule for all questions. Equal seeds are pairs wherever both
# sides have the same cell with the same start weights at equal seeds: golden with and without
# recurrence, twins with real poles, ladders of as many nodes, learned against fixed rhythms, HORN
# of both kinds, one cell with two readouts, the same network on other data or in other arithmetic,
# one network with and without a node. Wherever the cells differ, seeds are independent samples,
# also where they share a split or drawn data: Welch's t. Claims name their test in these words.
PAIRED = "paired t over seeds, which share cell and start weights"
WELCH = "Welch's t over seeds"

# Note of claims whose rows were known when that rule was written down.
RULED = (
    "Whether its test is paired or Welch's was settled when its results were known, by one "
    "rule for all questions."
)


@dataclass(frozen=True)
class Claim:
    """A comparison, stated with its test.

    Args:
        name: short, unique in the whole comparison.
        statement: what is claimed, a sentence that numbers can bear out or not.
        test: how it is tested, on what.
        margin: differences smaller than this count as none, in the unit of the finding.
        rhythm: what it means for rhythm if the data bear the claim out: it ``helps``, it
            ``hurts``; ``which``: it is about which rhythms; ``dynamics``: about what a network
            adds to a plain reading, which may be rhythmic too, as a power at a frequency is; or
            none of these, it is ``aside``.
        note: what a reader must know of how it was stated, such as that some of its results were
            known already; empty where it was stated before anything was trained.
    """

    name: str
    statement: str
    test: str
    margin: float = 0.01
    rhythm: Literal["helps", "hurts", "which", "dynamics", "aside"] = "aside"
    note: str = ""


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
    "opposite": "the data contradict it",
    "equivalent": "no difference that matters",
    "undecided": "the data cannot tell",
}


@dataclass(frozen=True)
class Judged:
    """A finding's verdict and the corrected p-values that it rests on.

    Args:
        word: a key of ``VERDICTS``.
        p_value: of no effect, corrected.
        equivalence_p_value: of an effect beyond the margin, corrected.
    """

    word: str
    p_value: float
    equivalence_p_value: float


def judge(findings: Sequence[Finding], *, level: float = 0.05) -> list[Judged]:
    """Judge the findings of one question, one a claim, by ``rhythmic.statistics.verdict``.

    P-values are corrected by Holm within the question. Its family are both p-values of every claim
    that is stated there, so that its size is fixed: one that is NaN, as where a run left a claim
    out or a claim has no test of equivalence, counts as 1. Other questions have no part in it.
    """
    given = np.array(
        [*(x.p_value for x in findings), *(x.equivalence_p_value for x in findings)], np.float64
    )
    # NaN stays NaN; as p-values they are the largest there are.
    of_family = holm(np.where(np.isnan(given), 1.0, given).tolist())
    corrected = np.where(np.isnan(given), np.nan, of_family)
    both = [(float(p), float(alike)) for p, alike in corrected.reshape(2, -1).T]
    return [
        Judged(word_of(finding, *own, level=level), *own)
        for finding, own in zip(findings, both, strict=True)
    ]


def survives(finding: Finding, word: str, *, num_claims: int, level: float = 0.05) -> bool:
    """Tell whether a verdict is the same after Bonferroni's correction for ``num_claims`` claims.

    Both p-values of each claim count. Nothing but the finding's own p-values and that number
    decides, whatever else was answered.
    """
    both = (
        min(1.0, 2 * num_claims * x) if not math.isnan(x) else x
        for x in (finding.p_value, finding.equivalence_p_value)
    )
    return word_of(finding, *both, level=level) == word


def word_of(finding: Finding, p_value: float, equivalence_p_value: float, *, level: float) -> str:
    """Return the verdict, a key of ``VERDICTS``, from p-values that are corrected already."""
    word = verdict(
        as_difference(finding),
        corrected_p_value=p_value,
        corrected_equivalence_p_value=equivalence_p_value,
        level=level,
    )
    return {"better": "holds", "worse": "opposite"}.get(word, word)


def verdicts(findings: Sequence[Finding]) -> list[str]:
    """Return the verdict on each finding of one question, a key of ``VERDICTS``."""
    return [judged.word for judged in judge(findings)]


def as_difference(finding: Finding) -> Difference:
    """Return a finding as a difference over seeds, which it need not have been."""
    nan = math.nan
    interval = finding.estimate, finding.low, finding.high
    return Difference(0, 0, *interval, finding.p_value, finding.effect_size, nan, nan)


def by_seed(rows: Sequence[Row]) -> list[Row]:
    """Return rows in the order of their seeds."""
    return sorted(rows, key=lambda row: row["seed"])


def values_finding(
    claim: Claim,
    better: tuple[str, Sequence[float]],
    worse: tuple[str, Sequence[float]],
    *,
    paired: bool,
    unit: str = "accuracy",
) -> Finding:
    """Compare one number a seed of two sides; the claim is that the first is the larger one.

    Args:
        claim: what was stated.
        better: what the side is that should be larger, and its values in the order of the seeds.
        worse: the same of the other.
        paired: whether equal seeds are compared with each other, by the rule above ``PAIRED``.
        unit: of the values.
    """
    (name, values), (other, reference) = better, worse
    found = difference(values, reference, paired=paired)
    alike = equivalence(values, reference, claim.margin, paired=paired)
    spread = "" if math.isnan(found.low) else f" ({found.low:+.3f} to {found.high:+.3f})"
    text = (
        f"{name} {np.mean(values):.3f} (n = {len(values)}), {other} {np.mean(reference):.3f} "
        f"(n = {len(reference)}): {found.difference:+.3f}{spread}"
    )
    interval = found.difference, found.low, found.high
    return Finding(
        claim.name, *interval, found.p_value, alike.p_value, found.effect_size, text, unit
    )


def accuracy_finding(
    claim: Claim, better: Sequence[Row], worse: Sequence[Row], *, paired: bool = False
) -> Finding:
    """Compare the test accuracies of two conditions; the claim is that the first is better.

    Args:
        claim: what was stated.
        better: rows of the condition that is claimed to be the better one.
        worse: rows of the other.
        paired: whether equal seeds are compared with each other, by the rule above ``PAIRED``.

    Raises:
        ValueError: if the seeds of a pairing differ.
    """
    sides = [by_seed(rows) for rows in (better, worse)]
    seeds = [[row["seed"] for row in side] for side in sides]
    if paired and seeds[0] != seeds[1]:
        raise ValueError(
            f"seeds of {claim.name} differ: {seeds[0]} and {seeds[1]}; pairs need the same"
        )
    first, second = ((side[0]["label"], [row["test_accuracy"] for row in side]) for side in sides)
    return values_finding(claim, first, second, paired=paired)
