"""The smallest networks: what is claimed, and what the rows say about it."""

import dataclasses
import math
from functools import partial
from typing import Literal

import numpy as np
import scipy.stats

from experiments.compare.findings import Claim, Finding, Rows, accuracy_finding
from experiments.compare.parts import if_asked
from experiments.compare.smallest_options import IMAGE, PROJECTIONS, RANDOM
from experiments.compare.smallest_search import (
    GOLDEN,
    SEARCH,
    chosen_label,
    linear_label,
    power_label,
    twin_label,
)
from rhythmic.records import Row
from rhythmic.statistics import summarise

# Number of parameters, and the accuracy to reach below it.
TARGETS = {300: 0.85, 1000: 0.92}
CHOSEN = (
    "Both are the best of as many candidates, rates and tuning seeds, chosen on validation; Welch's"
    " t test over seeds; equivalent within 0.01."
)

REACHED = tuple(
    Claim(
        f"below-{limit}",
        f"Below {limit:,} trained parameters a rhythmic network reaches {target} on pixel MNIST.",
        "The network chosen on validation, tested once a seed: mean over seeds less the target, t"
        " test of one sample, two-sided.",
    )
    for limit, target in TARGETS.items()
)
SMALLER = Claim(
    "smallest-golden",
    "The network chosen below 300 parameters is more accurate than the golden RRN of 252.",
    "Welch's t test over seeds, as many passes over the digits; equivalent within 0.01. The golden"
    " ladder is taken as published, of ours several were compared on validation.",
)
RIVALS: dict[str, tuple[str, Literal["helps", "aside"]]] = {
    "random-ladder": ("nodes of random frequencies", "aside"),
    "random-projections": ("random projections", "helps"),
}
CHANCE = tuple(
    Claim(
        f"{name}-{limit}",
        f"Below {limit:,} parameters waves of the image are better than {rival} with as many"
        " features.",
        CHOSEN,
        rhythm=meaning,
    )
    for limit in TARGETS
    for name, (rival, meaning) in RIVALS.items()
)
RINGING = Claim(
    "ringing-300",
    "Below 300 parameters the chosen nodes are better than their twins with real poles.",
    "Same ladder, readout and settings to choose from, Welch's t test over seeds; equivalent within"
    " 0.01. The ladder was chosen for the nodes that ring.",
    rhythm="helps",
)
PLAIN = tuple(
    Claim(
        f"plain-power-{limit}",
        f"Below {limit:,} parameters the chosen network is better than plain power in windows.",
        "Against a logistic regression on the Fourier power of the two halves of an image, its"
        " strength chosen of as many on validation; Welch's t test over seeds; equivalent within"
        " 0.01. Of the network several candidates were compared, of the baseline one.",
        rhythm="helps",
    )
    for limit in TARGETS
)
PHASE = Claim(
    "phase-300",
    "Read out linearly below 300 parameters, phasors are better than energies.",
    "Phasors of 12 nodes at the end against mean squared amplitudes of 24, the longest waves of the"
    " chosen grid; Welch's t test over seeds; equivalent within 0.01.",
)
EXPLORED = (
    "The list of candidates was written down after looking at validation digits of one seed, more "
    "for waves of the image than for their rivals."
)
CLAIMS = tuple(
    dataclasses.replace(claim, note=EXPLORED)
    for claim in (*REACHED, SMALLER, *CHANCE, *PLAIN, RINGING, PHASE)
)

PAIRS = {
    SMALLER.name: (chosen_label(IMAGE, 300), GOLDEN),
    **{
        f"{name}-{limit}": (chosen_label(IMAGE, limit), chosen_label(family, limit))
        for limit in TARGETS
        for name, family in (("random-ladder", RANDOM), ("random-projections", PROJECTIONS))
    },
    **{
        f"plain-power-{limit}": (chosen_label(IMAGE, limit), power_label(limit))
        for limit in TARGETS
    },
    RINGING.name: (chosen_label(IMAGE, 300), twin_label(300)),
    PHASE.name: (linear_label("phasors", 300), linear_label("energies", 300)),
}


def findings(options: object, rows: Rows) -> list[Finding]:
    """Return what the rows say about each claim; what was not asked says so."""
    del options

    def against(claim: Claim, better: str, worse: str) -> Finding:
        return accuracy_finding(claim, rows[better], rows[worse])

    found = []
    for claim, (limit, target) in zip(REACHED, TARGETS.items(), strict=True):
        label = chosen_label(IMAGE, limit)
        find = partial(reached, claim, rows, label, target)
        found.append(if_asked(claim, rows, [label], find))
    for claim in CLAIMS[len(REACHED) :]:
        pair = PAIRS[claim.name]
        found.append(if_asked(claim, rows, pair, partial(against, claim, *pair)))
    return found


def reached(claim: Claim, rows: Rows, label: str, target: float) -> Finding:
    """Hold the mean over seeds against a number; say what was searched and what else is fixed."""
    values = [row["test_accuracy"] for row in rows[label]]
    summary = summarise(values)
    low, high = (x - target for x in (summary.low, summary.high))
    p_value, effect = math.nan, math.nan
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    if len(values) > 2 and spread > 0:
        p_value = float(scipy.stats.ttest_1samp(values, target).pvalue)
        effect = (summary.mean - target) / spread
    return Finding(
        claim.name,
        summary.mean - target,
        low,
        high,
        p_value,
        math.nan,
        effect,
        f"{described(rows, label)}: {summary.mean:.3f} (n = {len(values)}, "
        f"{min(values):.3f} to {max(values):.3f}), {summary.mean - target:+.3f} of {target} "
        f"({low:+.3f} to {high:+.3f})",
    )


def described(rows: Rows, label: str) -> str:
    """Write the size of the chosen network, and among how many it was chosen."""
    family, limit = label.rsplit(", below ", 1)
    own = [row for row in rows[SEARCH] if (row["family"], str(row["limit"])) == (family, limit)]
    first: Row = rows[label][0]
    return (
        f"{first['num_parameters']} trained parameters, {first['num_nodes']} fixed frequencies, "
        f"chosen from {len(own)} candidates"
    )
