"""The smallest networks: what is claimed, and what the rows say about it."""

import dataclasses
import math
from functools import partial
from typing import Literal

import numpy as np
import scipy.stats

from experiments.compare.findings import (
    PAIRED,
    RULED,
    WELCH,
    Claim,
    Finding,
    Rows,
    accuracy_finding,
)
from experiments.compare.parts import if_asked
from experiments.compare.smallest_options import IMAGE, PROJECTIONS, RANDOM, SmallestOptions
from experiments.compare.smallest_plain import power_label
from experiments.compare.smallest_rivals import finalist_label
from experiments.compare.smallest_search import (
    GOLDEN,
    SEARCH,
    chosen_label,
    linear_label,
    twin_label,
)
from rhythmic.data.dataset import NUM_TEST
from rhythmic.records import Row
from rhythmic.statistics import ACCURACY, MIN_SEEDS_FOR_TEST, summarise, varies
from rhythmic.statistics.summaries import with_sampling_error

# Number of parameters, and the accuracy to reach below it.
TARGETS = {300: 0.85, 1000: 0.92}
CHOSEN = (
    "Both are the best of as many candidates, rates and tuning seeds, chosen on validation; "
    f"{WELCH}; equivalent within 0.01."
)

REACHED = tuple(
    Claim(
        f"below-{limit}",
        f"Below {limit:,} trained parameters a bank of fixed rhythms, without recurrent weights,"
        f" reaches {target} on pixel MNIST.",
        "The network chosen on validation, tested once a seed: mean over seeds less the target, t"
        " test of one sample, two-sided. Its error joins that over seeds with the sampling error of"
        " the test digits, which is none of theirs, as all read the same ones.",
        note="The sampling error was joined when the results were known.",
    )
    for limit, target in TARGETS.items()
)
SMALLER = Claim(
    "smallest-golden",
    "The bank chosen below 300 parameters is more accurate than the golden RRN of 252.",
    f"{WELCH}, as many passes over the digits; equivalent within 0.01. The golden ladder is taken"
    " as published, of ours several were compared on validation.",
)
RIVALS: dict[str, tuple[str, Literal["dynamics", "aside"]]] = {
    "random-ladder": ("nodes of random frequencies", "aside"),
    "random-projections": ("random projections", "dynamics"),
}
CHANCE = tuple(
    Claim(
        f"{name}-{limit}",
        f"Below {limit:,} parameters nodes at waves of the image (multiples of its rhythm and"
        f" of its rows') are better than {rival} with as many features.",
        CHOSEN,
        rhythm=meaning,
    )
    for limit in TARGETS
    for name, (rival, meaning) in RIVALS.items()
)
RINGING = Claim(
    "ringing-300",
    "Below 300 parameters the chosen nodes are better than their twins with real poles.",
    f"Same ladder, readout and settings to choose from; {PAIRED}; equivalent within 0.01. The"
    " ladder was chosen for the nodes that ring.",
    rhythm="helps",
    note=RULED,
)
PLAIN = tuple(
    Claim(
        f"plain-power-{limit}",
        f"Below {limit:,} parameters the chosen bank is better than plain power in windows.",
        "Against a logistic regression on the Fourier power of the two halves of an image, its"
        f" strength chosen of as many on validation; {WELCH}; equivalent within 0.01. Of the"
        " network several candidates were compared, of the baseline one.",
        rhythm="dynamics",
    )
    for limit in TARGETS
)
BEST = tuple(
    Claim(
        f"best-cell-{limit}",
        f"Below {limit:,} parameters the chosen bank is more accurate than the best cell that is"
        " trained as a whole.",
        f"{WELCH}, as many passes over the digits; equivalent within 0.01. The cell is the best on"
        " validation of eight of the largest size, after 3 passes at the better of two rates, and"
        " keeps that rate; ours is the best of several candidates after 5.",
    )
    for limit in TARGETS
)
PHASE = Claim(
    "phase-300",
    "Read out linearly below 300 parameters, phasors are better than energies.",
    "Phasors of 12 nodes at the end against mean squared amplitudes of 24, the longest waves of the"
    f" chosen grid; {WELCH}; equivalent within 0.01.",
)
EXPLORED = (
    "The list of candidates was written down after looking at validation digits of one seed, more "
    "for waves of the image than for their rivals. The claims were worded anew, not changed, "
    "when the results were known."
)
CLAIMS = tuple(
    dataclasses.replace(claim, note=f"{EXPLORED} {claim.note}".strip())
    for claim in (*REACHED, SMALLER, *CHANCE, *PLAIN, *BEST, RINGING, PHASE)
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
    **{
        f"best-cell-{limit}": (chosen_label(IMAGE, limit), finalist_label(limit))
        for limit in TARGETS
    },
    RINGING.name: (chosen_label(IMAGE, 300), twin_label(300)),
    PHASE.name: (linear_label("phasors", 300), linear_label("energies", 300)),
}


def findings(options: SmallestOptions, rows: Rows) -> list[Finding]:
    """Return what the rows say about each claim; what was not asked says so."""

    def against(claim: Claim, better: str, worse: str) -> Finding:
        paired = claim.name == RINGING.name
        found = accuracy_finding(claim, rows[better], rows[worse], paired=paired)
        if claim.name not in {best.name for best in BEST}:
            return found
        first = rows[worse][0]
        cell = f"the best cell is {first['architecture']}, {first['num_parameters']} parameters"
        return dataclasses.replace(found, text=f"{found.text}; {cell}")

    found = []
    for claim, (limit, target) in zip(REACHED, TARGETS.items(), strict=True):
        label = chosen_label(IMAGE, limit)
        find = partial(reached, claim, rows, label, target, NUM_TEST[options.dataset])
        found.append(if_asked(claim, rows, [label], find))
    for claim in CLAIMS[len(REACHED) :]:
        pair = PAIRS[claim.name]
        found.append(if_asked(claim, rows, pair, partial(against, claim, *pair)))
    return found


def reached(claim: Claim, rows: Rows, label: str, target: float, num_examples: int) -> Finding:
    """Hold the mean over seeds against a number; say what was searched and what else is fixed.

    Args:
        claim: what was stated.
        rows: of all conditions.
        label: of the network.
        target: accuracy to reach.
        num_examples: test digits, the same ones for every seed.
    """
    values = [row["test_accuracy"] for row in rows[label]]
    over_seeds = summarise(values, within=ACCURACY)
    joined = with_sampling_error(over_seeds, num_examples)
    mean = joined.mean - target
    low, high = (x - target for x in (joined.low, joined.high))
    p_value, effect = math.nan, math.nan
    if len(values) >= MIN_SEEDS_FOR_TEST and joined.standard_error > 0:
        statistic = abs(mean) / joined.standard_error
        p_value = 2 * float(scipy.stats.t.sf(statistic, len(values) - 1))
        spread = float(np.std(values, ddof=1))
        effect = mean / spread if varies(np.array(values)) else math.nan
    interval = "" if math.isnan(low) else f" ({low:+.3f} to {high:+.3f})"
    sampling = math.sqrt(joined.mean * (1 - joined.mean) / num_examples)
    text = (
        f"{described(rows, label)}: {joined.mean:.3f} (n = {len(values)}, "
        f"{min(values):.3f} to {max(values):.3f}), {mean:+.3f} of {target}{interval}; standard "
        f"error over seeds {over_seeds.standard_error:.4f}, of {num_examples:,} test digits "
        f"{sampling:.4f}, joined {joined.standard_error:.4f}"
    )
    return Finding(claim.name, mean, low, high, p_value, math.nan, effect, text)


def described(rows: Rows, label: str) -> str:
    """Write the size of the chosen network, and among how many it was chosen."""
    family, limit = label.rsplit(", below ", 1)
    own = [row for row in rows[SEARCH] if (row["family"], str(row["limit"])) == (family, limit)]
    first: Row = rows[label][0]
    return (
        f"{first['num_parameters']} trained parameters, {first['num_nodes']} fixed frequencies, "
        f"chosen from {len(own)} candidates"
    )
