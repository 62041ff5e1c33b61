"""What is claimed of recordings before anything is trained, and what finished rows say of it.

Source: the tests are those of ``rhythmic.statistics.resampled`` and ``resampling``; that the claims
are these, and what is said against them, is the project's own.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rhythmic.compare.plan import RHYTHMIC, ComparisonPlan
from rhythmic.records import Row
from rhythmic.statistics import ACCURACY, Difference, holm, verdict
from rhythmic.statistics.resampled import (
    ResampledMean,
    resampled_difference,
    resampled_mean,
)
from rhythmic.statistics.resampling import rank_in_null

Rows = Mapping[str, Row]

NAMES = {
    "rrn": "rhythmic RNN",
    "rnn": "RNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "horn": "HORN",
    "cornn": "coRNN",
    "linoss": "LinOSS",
    "majority": "majority class",
    "average": "averages of the channels",
    "band_power": "band power",
}
CLAIMED = ("golden", "peaks")  # ladders that are claimed to be better than random ones
WORDS = {
    "better": "supported",
    "worse": "contradicted",
    "equivalent": "equivalent",
    "undecided": "cannot tell",
}
TEST = (
    "paired t over runs, corrected for the trials that training sets share (Nadeau and Bengio "
    "2003), and Holm's correction for all claims of the same question"
)
RANK = (
    "rank among random ladders of the same span and size (Phipson and Smyth 2010), same correction"
)


@dataclass(frozen=True)
class Judged:
    """A claim that was stated beforehand, and its verdict.

    Attributes:
        question: ``networks``, ``baselines`` or ``rhythms``.
        better: name of the condition that is claimed to be better.
        worse: name of the other; ``random`` for the random ladders.
        statement: the claim.
        test: how it is tested.
        word: ``supported``, ``contradicted``, ``equivalent`` (differs by less than the margin) or
            ``cannot tell``.
        difference: of the scores.
        low: lower end of its 95 % interval, not corrected.
        high: upper end.
        p_value: of no difference, corrected; NaN where nothing was tested.
    """

    question: str
    better: str
    worse: str
    statement: str
    test: str
    word: str
    difference: float
    low: float
    high: float
    p_value: float


def tested_fraction(row: Row) -> float:
    """Return the mean fraction of the trials that test in a run."""
    tests, trains = np.asarray(row["num_test"], float), np.asarray(row["num_train"], float)
    return float(np.mean(tests / (tests + trains)))


def mean_of(row: Row, *, is_class: bool) -> ResampledMean:
    """Return mean and interval of a condition's test scores."""
    within = ACCURACY if is_class else (-math.inf, 1.0)
    return resampled_mean(scores_of(row), test_fraction=tested_fraction(row), within=within)


def scores_of(row: Row) -> list[float]:
    """Return test scores, one per run; NaN of a run that failed."""
    return [math.nan if score is None else float(score) for score in row["test_scores"]]


def judged(rows: Rows, plan: ComparisonPlan) -> list[Judged]:
    """Judge every claim: the rhythmic RNN against each other network and each baseline, the golden
    ladder and that of the spectral peaks against the random ones.

    Args:
        rows: of all conditions by name, ladders as ``ladder NAME``.
        plan: the margin.
    """
    sides = [("networks", name) for name in plan.cells if name != RHYTHMIC]
    sides += [("baselines", name) for name in ("majority", "average", "band_power")]
    found = [_against(question, name, rows, plan) for question, name in sides]
    random = [name for name in rows if name.startswith("ladder random")]
    ladders = [_among(f"ladder {name}", random, rows) for name in CLAIMED if random]
    networks, plain = (
        [one for one in found if one[0].question == question]
        for question in ("networks", "baselines")
    )
    return [*_corrected(networks), *_corrected(plain), *_corrected(ladders)]


def _corrected(family: Sequence[tuple[Judged, float, float]]) -> list[Judged]:
    """Return the claims of one question with their verdicts, by p-values corrected together."""
    given = np.array([one[1:] for one in family], float).T
    if family and family[0][0].question == "rhythms":
        given = given[:1]  # ranks have no test of equivalence
    # A test that could not be made counts as one: the size of the family is fixed beforehand.
    known = np.nan_to_num(given, nan=1.0).ravel()
    corrected = np.where(np.isnan(given), np.nan, holm(known).reshape(given.shape))
    result = []
    for place, (claim, _, _) in enumerate(family):
        p_value = float(corrected[0, place])
        alike = float(corrected[1, place]) if len(corrected) > 1 else math.nan
        about = Difference(0, 0, claim.difference, claim.low, claim.high, p_value, *[math.nan] * 3)
        word = verdict(about, corrected_p_value=p_value, corrected_equivalence_p_value=alike)
        fields = vars(claim) | {"word": WORDS[word], "p_value": p_value}
        result.append(Judged(**fields))
    return result


def _against(
    question: str, name: str, rows: Rows, plan: ComparisonPlan
) -> tuple[Judged, float, float]:
    """Return a claim that the rhythmic RNN scores higher, with its two raw p-values."""
    own, other = rows[RHYTHMIC], rows[name]
    about = resampled_difference(
        scores_of(own),
        scores_of(other),
        test_fraction=tested_fraction(own),
        margin=plan.margin,
    )
    statement = f"The {NAMES[RHYTHMIC]} scores higher than the {NAMES[name]}."
    claim = Judged(
        question, RHYTHMIC, name, statement, TEST, "", about.difference, about.low, about.high, 1.0
    )
    return claim, about.p_value, about.equivalence_p_value


def _among(name: str, random: Sequence[str], rows: Rows) -> tuple[Judged, float, float]:
    """Return a claim that a ladder scores higher than random ones, with its raw p-value."""
    own = float(np.mean(scores_of(rows[name])))
    null = [float(np.mean(scores_of(rows[one]))) for one in random]
    rank = rank_in_null(own, null)
    low, high = (own - float(q) for q in np.quantile(null, (0.975, 0.025)))
    title = name.removeprefix("ladder ")
    statement = f"The {title} ladder scores higher than random ladders."
    claim = Judged(
        "rhythms", title, "random", statement, RANK, "", own - float(np.mean(null)), low, high, 1.0
    )
    return claim, rank.p_value, math.nan


def objections(rows: Rows, plan: ComparisonPlan, about: Row, found: Sequence[Judged]) -> list[str]:
    """Say what would change our mind: what this run itself allows against its answer.

    Args:
        rows: of all conditions.
        plan: what was tried.
        about: of the recordings: ``groups``, the number of groups or None, ``trials``, ``score``.
        found: the verdicts.
    """
    said = []
    if about["groups"] is None:
        said.append(
            "No groups were given: trials of one subject may stand on both sides of a division, "
            "and whatever tells subjects apart may then pass for the target. Name the subjects "
            "(--groups) before believing a high score."
        )
    elif about["groups"] < 8:
        said.append(
            f"The trials come from {about['groups']} groups. Scores vary from group to group, and "
            "so few say little of further ones."
        )
    edges = [
        NAMES.get(name, name)
        for name in plan.cells
        if plan.budget > 1 and _at_edge(rows[name], plan.budget) > 0.5
    ]
    if edges:
        said.append(
            "The chosen learning rate is the lowest or the highest tried in most runs of "
            f"{', '.join(edges)}: a wider search may raise the score."
        )
    ties = [one for one in found if one.question == "baselines" and one.word != "supported"]
    if ties:
        names = ", ".join(NAMES[one.worse] for one in ties)
        said.append(
            f"The {NAMES[RHYTHMIC]} is not shown to score higher than a plain baseline ({names}), "
            "which needs no recurrent network."
        )
    if about["score"] == "balanced_accuracy":
        top = [name for name in plan.cells if np.mean(scores_of(rows[name])) > 0.98]
        if len(top) > 1:
            said.append(
                f"{len(top)} networks score above 0.98: the task is too easy to tell them apart."
            )
    failed = [NAMES.get(name, name) for name in plan.cells if np.isnan(scores_of(rows[name])).any()]
    if failed:
        said.append(f"Runs of {', '.join(failed)} failed (loss not finite) and have no score.")
    if plan.num_runs < 10 or plan.budget < 5:
        said.append(
            f"{plan.num_runs} runs and {plan.budget} settings per network are a first look; the "
            "full preset takes 10 runs and 10 settings."
        )
    return said


def _at_edge(row: Row, budget: int) -> float:
    """Return in which fraction of the runs the first or last setting was chosen."""
    return float(np.mean([place in (0, budget - 1) for place in row["settings"]]))
