"""What is claimed of recordings before anything is trained, and what finished rows say of it.

Source: the tests are those of ``rhythmic.statistics.resampled`` and ``resampling``; that the claims
are these, and what is said against them, is the project's own.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from rhythmic.cells.registry import CELLS
from rhythmic.compare.baselines import BASELINES, RECENT
from rhythmic.compare.claims import Claim, Finding, Judged, judge
from rhythmic.compare.plan import RHYTHMIC, ComparisonPlan
from rhythmic.data import Recordings
from rhythmic.records import Row
from rhythmic.statistics import ACCURACY
from rhythmic.statistics.resampled import (
    ResampledMean,
    resampled_difference,
    resampled_mean,
)
from rhythmic.statistics.resampling import rank_in_null

Rows = Mapping[str, Row]
Names = Mapping[str, str]

NAMES = {
    "rrn": "rhythmic RNN",
    "rnn": "RNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "horn": "HORN",
    "cornn": "coRNN",
    "linoss": "LinOSS",
    "lru": "LRU",
    "s5": "S5",
    "rf": "resonate-and-fire network",
    "lem": "LEM",
    "hopf": "network of Hopf oscillators",
    "gated": "network of gated nodes",
    "majority": "majority class",
    "average": "averages of the channels",
    "band_power": "band power",
}
# Where targets are numbers, and where there is one at every step.
NAMES_OF_NUMBERS = {"majority": "mean of the training targets"}
NAMES_PER_STEP = {"average": f"last {RECENT} samples of the channels"}
CLAIMED = ("golden", "peaks")  # ladders that are claimed to be better than random ones
TEST = (
    "paired t over runs, corrected for the trials that training sets share (Nadeau and Bengio "
    "2003), and Holm's correction for all claims of the same question"
)
RANK = (
    "rank among random ladders of as many nodes that span all that the recordings show, as golden "
    "and peaks need not (Phipson and Smyth 2010), same correction"
)


def names_of(recordings: Recordings) -> dict[str, str]:
    """Return what networks and baselines are called for the targets of ``recordings``.

    Cells that others have registered are called as they are registered.
    """
    registered = {name: name for name in CELLS}
    numbers = {} if recordings.classes else NAMES_OF_NUMBERS
    return registered | NAMES | numbers | (NAMES_PER_STEP if recordings.per_step else {})


def verdict_row(one: Judged) -> Row:
    """Return a claim and its verdict as a row of ``verdicts.json``; the p-value is corrected."""
    claim, found = one.claim, one.finding
    return {
        "question": claim.question,
        "better": claim.better,
        "worse": claim.worse,
        "statement": claim.statement,
        "test": claim.test,
        "word": one.word,
        "difference": found.estimate,
        "low": found.low,
        "high": found.high,
        "p_value": one.p_value,
    }


def tested_fraction(row: Row) -> float:
    """Return the mean fraction of the trials that test in a run."""
    tests, trains = np.asarray(row["num_test"], float), np.asarray(row["num_train"], float)
    return float(np.mean(tests / (tests + trains)))


def mean_of(row: Row, *, is_class: bool) -> ResampledMean:
    """Return mean and interval of a condition's test scores."""
    within = ACCURACY if is_class else (-math.inf, 1.0)
    return resampled_mean(scores_of(row), test_fraction=tested_fraction(row), within=within)


def is_above(row: Row, chance: float, *, is_class: bool) -> bool:
    """Tell whether a condition is shown to score above a guess: by the low end of its interval."""
    mean = mean_of(row, is_class=is_class)
    return mean.mean > chance if math.isnan(mean.low) else mean.low > chance


def scores_of(row: Row) -> list[float]:
    """Return test scores, one per run; NaN of a run that failed."""
    return [math.nan if score is None else float(score) for score in row["test_scores"]]


def claims_of(plan: ComparisonPlan, ladders: Sequence[str], names: Names = NAMES) -> list[Claim]:
    """State every claim: the rhythmic RNN against each other network and each baseline, the golden
    ladder and that of the spectral peaks against the random ones.

    Args:
        plan: networks and margin.
        ladders: names of the random ladders; without any, nothing is claimed of ladders.
        names: of networks and baselines, for readers.
    """
    sides = [("networks", name) for name in plan.cells if name != RHYTHMIC]
    sides += [("baselines", name) for name in BASELINES]
    against = [
        Claim(
            f"{RHYTHMIC}-{name}",
            f"The {names[RHYTHMIC]} scores higher than the {names[name]}.",
            TEST,
            plan.margin,
            better=RHYTHMIC,
            worse=name,
            question=question,
        )
        for question, name in sides
    ]
    among = [
        Claim(
            f"ladder-{name}",
            f"The {name} ladder scores higher than random ladders.",
            RANK,
            math.nan,  # ranks have no test of equivalence
            better=name,
            worse="random",
            question="rhythms",
        )
        for name in CLAIMED
        if ladders
    ]
    return [*against, *among]


def judged(rows: Rows, plan: ComparisonPlan, names: Names = NAMES) -> list[Judged]:
    """Judge every claim.

    Args:
        rows: of all conditions by name, ladders as ``ladder NAME``.
        plan: the margin.
        names: of networks and baselines, for readers.
    """
    random = [name for name in rows if name.startswith("ladder random")]
    claims = claims_of(plan, random, names)
    findings = [
        _among(claim, random, rows) if claim.question == "rhythms" else _against(claim, rows)
        for claim in claims
    ]
    return judge(claims, findings)


def _against(claim: Claim, rows: Rows) -> Finding:
    """Return by how much the rhythmic RNN scores higher than another."""
    own, other = rows[RHYTHMIC], rows[str(claim.worse)]
    about = resampled_difference(
        scores_of(own), scores_of(other), test_fraction=tested_fraction(own), margin=claim.margin
    )
    interval = about.difference, about.low, about.high
    return Finding(claim.name, *interval, about.p_value, about.equivalence_p_value)


def _among(claim: Claim, random: Sequence[str], rows: Rows) -> Finding:
    """Return by how much a ladder scores higher than random ones."""
    own = float(np.mean(scores_of(rows[f"ladder {claim.better}"])))
    null = [float(np.mean(scores_of(rows[one]))) for one in random]
    estimate, rank = own - float(np.mean(null)), rank_in_null(own, null)
    return Finding(claim.name, estimate, math.nan, math.nan, rank.p_value)  # ranks have no interval


def objections(
    rows: Rows, plan: ComparisonPlan, about: Row, found: Sequence[Judged], names: Names = NAMES
) -> list[str]:
    """Say what would change our mind: what this run itself allows against its answer.

    Args:
        rows: of all conditions.
        plan: what was tried.
        about: of the recordings: ``groups``, the number of groups or None, ``trials``, ``score``
            and ``chance``, the score of a guess.
        found: the verdicts.
        names: of networks and baselines, for readers.
    """
    said = [*_of_groups(about["groups"]), *_of_learning(rows, plan, about, names)]
    ties = [one for one in found if one.claim.question == "baselines" and one.word != "supported"]
    if ties:
        tied = ", ".join(names[str(one.claim.worse)] for one in ties)
        said.append(
            f"The {names[RHYTHMIC]} is not shown to score higher than a plain baseline ({tied}), "
            "which needs no recurrent network."
        )
    lead = max(ties, key=lambda one: -one.finding.estimate, default=None)
    if lead is not None and lead.finding.estimate < -plan.margin:
        leading = names[str(lead.claim.worse)]
        said.append(f"A baseline, {leading}, scores {-lead.finding.estimate:.3f} higher.")
    if plan.num_runs < 10 or plan.budget < 5:
        settings = f"{plan.budget} settings" if plan.budget > 1 else "one setting"
        said.append(
            f"{plan.num_runs} runs and {settings} per network are a first look; the full preset "
            "takes 10 runs and 10 settings."
        )
    return said


def _of_groups(number: int | None) -> list[str]:
    """Say what speaks against scores of so many groups, None where none were given."""
    if number is None:
        return [
            "No groups were given: trials of one subject may stand on both sides of a division, "
            "and whatever tells subjects apart may then pass for the target. Name the subjects "
            "(--groups) before believing a high score."
        ]
    if number >= 8:
        return []
    return [
        f"The trials come from {number} groups. Scores vary from group to group, and so few say "
        "little of further ones."
    ]


def _of_learning(rows: Rows, plan: ComparisonPlan, about: Row, names: Names) -> list[str]:
    """Say where networks learned nothing, too easily, or at the edge of the search."""
    said = []
    is_class, nets = about["score"] == "balanced_accuracy", plan.cells
    lost = [name for name in nets if not is_above(rows[name], about["chance"], is_class=is_class)]
    if lost:
        said.append(
            f"Not shown to do better than a guess: {', '.join(names[name] for name in lost)}. With "
            "more runs, updates or settings they may."
        )
    edges = [name for name in nets if plan.budget > 2 and _at_edge(rows[name], plan.budget) > 0.5]
    if edges:
        said.append(
            "The chosen learning rate is the lowest or the highest tried in most runs of "
            f"{', '.join(names[name] for name in edges)}: a wider search may raise the score."
        )
    top = [name for name in nets if is_class and np.mean(scores_of(rows[name])) > 0.98]
    if len(top) > 1:
        said.append(
            f"{len(top)} networks score above 0.98: the task is too easy to tell them apart."
        )
    wild = [
        names[name]
        for name in nets
        if not is_class and any(score < -1 for score in scores_of(rows[name]))
    ]
    if wild:
        said.append(
            f"R² of a run of {', '.join(wild)} is below -1: a few predictions are far off. Where "
            "some trials are much larger than others, a logarithm of the samples may help."
        )
    failed = [names[name] for name in nets if np.isnan(scores_of(rows[name])).any()]
    if failed:
        said.append(f"Runs of {', '.join(failed)} failed, or their score is not defined.")
    return said


def _at_edge(row: Row, budget: int) -> float:
    """Return in which fraction of the runs the first or last setting was chosen."""
    return float(np.mean([place in (0, budget - 1) for place in row["settings"]]))
