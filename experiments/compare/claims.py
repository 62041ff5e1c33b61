"""Claims: what they hold against each other, what was found, and the verdicts that follow."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

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

# Verdicts in their order: as they begin a line of an answer, and as the page says them.
OF_CLAIMS = {
    "holds": "Borne out",
    "opposite": "Contradicted",
    "equivalent": "No difference that matters",
    "undecided": "The data cannot tell",
}
VERDICTS = OF_CLAIMS | {"holds": "The data bear it out", "opposite": "The data contradict it"}

HEADINGS = {
    "helps": "Where rhythm helps",
    "hurts": "Where rhythm does not help",
    "no difference": "Where it makes no difference",
    "cannot tell": "Where the data cannot tell",
    "which": "Which rhythms",
    "dynamics": "What the dynamics add to a plain reading",
    "aside": "What else was found: recurrence, readouts, baselines, sizes, arithmetic",
}

NOT_ASKED = "not asked in this run: "


@dataclass(frozen=True)
class Claim:
    """A comparison, stated with its test.

    Args:
        name: short, unique in the whole comparison.
        statement: what is claimed, a sentence that numbers can bear out or not.
        test: how it is tested, on what; ``{how}`` stands for the test that ``paired`` says.
        margin: differences smaller than this count as none, in the unit of the finding.
        rhythm: what it means for rhythm if the data bear the claim out: it ``helps``, it
            ``hurts``; ``which``: it is about which rhythms; ``dynamics``: about what a network
            adds to a plain reading, which may be rhythmic too, as a power at a frequency is; or
            none of these, it is ``aside``.
        note: what a reader must know of how it was stated, such as that some of its results were
            known already; empty where it was stated before anything was trained.
        better: label of the condition that is claimed to be the better one; empty where rows say
            which it is.
        worse: label of the other.
        paired: whether equal seeds are compared with each other, by the rule above ``PAIRED``.
    """

    name: str
    statement: str
    test: str
    margin: float = 0.01
    rhythm: Literal["helps", "hurts", "which", "dynamics", "aside"] = "aside"
    note: str = ""
    better: str = ""
    worse: str = ""
    paired: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "test", self.test.replace("{how}", PAIRED if self.paired else WELCH)
        )

    def stated(self) -> dict[str, Any]:
        """Return what a record keeps: the claim without the labels that it is judged by."""
        found = asdict(self)
        return {key: found[key] for key in found if key not in ("better", "worse", "paired")}


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

    @property
    def was_asked(self) -> bool:
        """Whether the run had the rows that the claim needs."""
        return not self.text.startswith(NOT_ASKED)

    @property
    def was_found(self) -> bool:
        """Whether it rests on rows; of ``Planned`` ones it does not yet."""
        return bool(self.text) and self.was_asked


@dataclass(frozen=True)
class Judged:
    """A claim, what was found about it, and the verdict with the p-values that it rests on.

    Args:
        claim: what was stated.
        finding: what was found.
        word: the verdict, a key of ``OF_CLAIMS``.
        p_value: of no effect, corrected.
        equivalence_p_value: of an effect beyond the margin, corrected.
    """

    claim: Claim
    finding: Finding
    word: str
    p_value: float
    equivalence_p_value: float

    @property
    def meaning(self) -> str:
        """What the verdict says about rhythm, a key of ``HEADINGS``."""
        if self.claim.rhythm not in ("helps", "hurts"):
            return self.claim.rhythm
        if self.word in ("equivalent", "undecided"):
            return "no difference" if self.word == "equivalent" else "cannot tell"
        return "helps" if (self.claim.rhythm == "helps") == (self.word == "holds") else "hurts"

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
        Judged(claim, finding, _word(finding, *own, level=level), *own)
        for claim, finding, own in zip(claims, findings, both, strict=True)
    ]


def _word(finding: Finding, p_value: float, equivalence_p_value: float, *, level: float) -> str:
    """Return the verdict, a key of ``OF_CLAIMS``, from p-values that are corrected already."""
    interval = finding.estimate, finding.low, finding.high
    effect = finding.effect_size, math.nan, math.nan
    word = verdict(
        Difference(0, 0, *interval, finding.p_value, *effect),
        corrected_p_value=p_value,
        corrected_equivalence_p_value=equivalence_p_value,
        level=level,
    )
    return {"better": "holds", "worse": "opposite"}.get(word, word)


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


def spread(low: float, high: float) -> str:
    """Write a 95 % interval behind its estimate; nothing where there is none."""
    return "" if math.isnan(low) else f" ({low:+.3f} to {high:+.3f})"


def values_finding(
    claim: Claim,
    better: tuple[str, Sequence[float]],
    worse: tuple[str, Sequence[float]],
    *,
    unit: str = "accuracy",
) -> Finding:
    """Compare one number a seed of two sides; the claim is that the first is the larger one.

    Args:
        claim: what was stated.
        better: what the side is that should be larger, and its values in the order of the seeds.
        worse: the same of the other.
        unit: of the values.
    """
    (name, values), (other, reference) = better, worse
    found = difference(values, reference, paired=claim.paired)
    alike = equivalence(values, reference, claim.margin, paired=claim.paired)
    text = (
        f"{name} {np.mean(values):.3f} (n = {len(values)}), {other} {np.mean(reference):.3f} "
        f"(n = {len(reference)}): {found.difference:+.3f}{spread(found.low, found.high)}"
    )
    interval = found.difference, found.low, found.high
    return Finding(
        claim.name, *interval, found.p_value, alike.p_value, found.effect_size, text, unit
    )


def compared(
    claim: Claim,
    rows: Rows,
    better: str = "",
    worse: str = "",
    *,
    measure: Callable[[Sequence[Row]], Sequence[float]] = tested,
    named: tuple[str, str] | None = None,
    unit: str = "accuracy",
    seeds: Sequence[int] | None = None,
) -> Finding:
    """Compare two conditions, if the run has them; the claim is that the first is better.

    Args:
        claim: what was stated.
        rows: of all conditions.
        better: label of the condition that is claimed to be the better one; by default the claim's.
        worse: label of the other.
        measure: one number a row, larger being better; rows are in the order of their seeds.
        named: the two sides in words, where labels will not do.
        unit: of the numbers.
        seeds: which count; None for all.

    Raises:
        ValueError: if the seeds of a pairing differ.
    """
    labels = better or claim.better, worse or claim.worse

    def find() -> Finding:
        sides = [
            [row for row in by_seed(rows[label]) if seeds is None or row["seed"] in seeds]
            for label in labels
        ]
        first, second = ([row["seed"] for row in side] for side in sides)
        if claim.paired and first != second:
            raise ValueError(
                f"seeds of {claim.name} differ: {first} and {second}; pairs need the same"
            )
        own, other = (
            (name, measure(side)) for name, side in zip(named or labels, sides, strict=True)
        )
        return values_finding(claim, own, other, unit=unit)

    return if_asked(claim, rows, labels, find)


class Planned(dict[str, Sequence[Row]]):
    """Rows as they are known before training: there will be some of each label, none to read."""

    def __init__(self, labels: Iterable[str]):
        super().__init__(dict.fromkeys(labels, ({},)))


def if_asked(
    claim: Claim, rows: Rows, labels: Iterable[str], find: Callable[[], Finding]
) -> Finding:
    """Return what ``find`` finds, or a finding of nothing where a run left out one of ``labels``.

    Labels are never left out in silence: the text of the empty finding says so. Of ``Planned``
    rows nothing is found, and the text is empty where the run will answer.
    """
    missing = [label for label in labels if not rows.get(label)]
    nothing = (math.nan,) * 6
    if missing:
        return Finding(claim.name, *nothing, f"{NOT_ASKED}{missing[0]} is left out")
    return Finding(claim.name, *nothing, "") if isinstance(rows, Planned) else find()


def best_validated(rows: Rows, labels: Sequence[str]) -> str:
    """Return the label with the highest mean validation accuracy; tests are not looked at.

    Labels without rows have no part in it; where none has any, the first stands for all.
    """
    present = [label for label in labels if rows.get(label)] or labels[:1]
    if len(present) == 1 or isinstance(rows, Planned):
        return present[0]
    return max(present, key=lambda x: np.mean([row["validation_accuracy"] for row in rows[x]]))


def left_out(
    claims: Sequence[Claim], findings: Callable[[Rows], Sequence[Finding]], labels: Iterable[str]
) -> list[str]:
    """Say, before anything is trained, which claims a run can not judge, and what each lacks.

    Args:
        claims: of the question.
        findings: what rows say about them, by ``if_asked``.
        labels: of all rows that the run will make.

    Returns:
        A line that counts them and a line a claim; none where every claim will be judged.

    Raises:
        KeyError: if ``findings`` reads rows before it asks what is left out.
    """
    reached = {found.claim: found.text for found in findings(Planned(labels))}
    lacking = {
        claim.statement: reached[claim.name].removeprefix(NOT_ASKED)
        for claim in claims
        if reached[claim.name]
    }
    if not lacking:
        return []
    first = f"not judged in this run, {len(lacking)} of {len(claims)} claims:"
    return [first, *(f"  {statement} ({reason})" for statement, reason in lacking.items())]
