"""Which rhythms: what the rows say about the claims."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import scipy.stats

from experiments.compare.findings import Claim, Finding, Rows, accuracy_finding, values_finding
from experiments.compare.parts import if_asked
from experiments.compare.which_rhythms_claims import CLAIM, CURVES, NAMED
from experiments.compare.which_rhythms_options import (
    FIXED,
    GOLDEN,
    GOLDEN_SHARED,
    LEARNED,
    NUM_NODES,
    WhichRhythmsOptions,
    golden_below,
    larger_label,
    null_label,
    null_ladder,
    point_label,
    sampled_label,
    span_label,
)
from rhythmic.data import image_rhythm
from rhythmic.records import Row
from rhythmic.statistics import MIN_SEEDS_FOR_TEST, varies
from rhythmic.statistics.resampling import Peak, peak_of_curve, rank_in_null_over_seeds
from rhythmic.theory import ladder


def findings(options: WhichRhythmsOptions, rows: Rows) -> list[Finding]:
    """Return what the rows say about each claim; parts that were not asked say so."""
    most = max(options.copies)
    slow, fast = min(options.sample_rates), max(options.sample_rates)
    left = len(golden_below(slow))

    def versus(name: str, better: str, worse: str, *, paired: bool = False) -> Finding:
        labels = (better, worse)
        return if_asked(
            CLAIM[name],
            rows,
            labels,
            lambda: accuracy_finding(CLAIM[name], rows[better], rows[worse], paired=paired),
        )

    at_usual = "golden" if left == NUM_NODES else sampled_label(left, 1000.0)
    return [
        of_null(options, rows, golden_in_null, CLAIM["golden-null"]),
        of_null(options, rows, nearness_in_null, CLAIM["data-rhythm"]),
        *(
            versus(f"golden-{name}", "golden", name, paired=paired)
            for name, paired in NAMED.items()
        ),
        *(
            if_asked(
                CLAIM[name],
                rows,
                curve.values(),
                lambda name=name, curve=curve: curve_finding(CLAIM[name], curve, rows),  # type: ignore[misc]
            )
            for name, curve in curves(options).items()
        ),
        versus("learned-golden", LEARNED["golden"], FIXED["golden"], paired=True),
        versus("learned-random", LEARNED["random 0"], FIXED["random 0"], paired=True),
        versus("golden-start", LEARNED["golden"], LEARNED["random 0"], paired=True),
        versus("copies-dense", larger_label(most, "copies"), larger_label(most, "dense")),
        versus("sampled-slower", at_usual, sampled_label(left, slow), paired=True),
        versus(
            "sampled-faster",
            "golden",
            sampled_label(len(golden_below(fast)), fast),
            paired=True,
        ),
    ]


def curves(options: WhichRhythmsOptions) -> dict[str, dict[float, str]]:
    """Return the three curves by their claim: from the ratio of neighbours to the label."""
    span = {span_ratio(number): span_label(number) for number in options.num_nodes}
    return {
        "ratio-5-nodes": {ratio: point_label(5, ratio) for ratio in options.ratios},
        "ratio-11-nodes": {ratio: point_label(NUM_NODES, ratio) for ratio in options.long_ratios},
        "ratio-span": span,
    }


def span_ratio(num_nodes: int) -> float:
    """Return the ratio of neighbours of ``num_nodes`` from 2 to 245.9 Hz; golden for 11."""
    return float(GOLDEN ** ((NUM_NODES - 1) / (num_nodes - 1)))


def accuracies(rows: Sequence[Row], seeds: Sequence[int]) -> list[float]:
    """Return the test accuracies of ``seeds``, in their order."""
    by_seed = {row["seed"]: row["test_accuracy"] for row in rows}
    return [by_seed[seed] for seed in seeds]


def null_table(options: WhichRhythmsOptions, rows: Rows) -> np.ndarray:
    """Return the accuracies of the random ladders, ``(ladder, seed)``."""
    seeds = options.seeds[: options.num_null_seeds]
    return np.array(
        [accuracies(rows[null_label(k)], seeds) for k in range(options.num_ladders)], np.float64
    )


def null_distances(options: WhichRhythmsOptions) -> np.ndarray:
    """Return how far the nearest node of each random ladder lies from 35.7 Hz, in octaves."""
    return nearest(np.array([null_ladder(k) for k in range(options.num_ladders)]))


def nearest(ladders: np.ndarray) -> np.ndarray:
    """Return how far the nearest node lies from 35.7 Hz, in octaves; nodes in Hz, last axis."""
    return np.min(np.abs(np.log2(ladders / image_rhythm("rows")[0])), axis=-1)


def of_null(
    options: WhichRhythmsOptions,
    rows: Rows,
    find: Callable[[WhichRhythmsOptions, Rows], Finding],
    claim: Claim,
) -> Finding:
    """Return a finding that needs golden and all random ladders."""
    labels = [GOLDEN_SHARED, *map(null_label, range(options.num_ladders))]
    return if_asked(claim, rows, labels, lambda: find(options, rows))


def golden_in_null(options: WhichRhythmsOptions, rows: Rows) -> Finding:
    """Hold golden against the random ladders, as one more draw of them."""
    seeds = options.seeds[: options.num_null_seeds]
    golden, table = np.array(accuracies(rows[GOLDEN_SHARED], seeds)), null_table(options, rows)
    rank = rank_in_null_over_seeds(golden, table, paired=True, bootstrap_seed=0)
    draws = np.mean(table, axis=1)
    estimate = float(np.mean(golden) - np.mean(draws))
    scale = float(np.std(draws, ddof=1)) * math.sqrt(1 + 1 / len(draws))
    half = scale * float(scipy.stats.t.ppf(0.975, len(draws) - 1))
    p_value = math.nan
    if not varies(draws):
        half = math.nan
    elif len(draws) >= MIN_SEEDS_FOR_TEST:
        p_value = 2 * float(scipy.stats.t.sf(abs(estimate) / scale, len(draws) - 1))
    interval = (
        ""
        if math.isnan(rank.quantile_low)
        else f" ({rank.quantile_low:.2f} to {rank.quantile_high:.2f} over seeds)"
    )
    ranked = "" if math.isnan(rank.p_value) else f", rank p = {rank.p_value:.3f} one-sided"
    text = (
        f"golden {np.mean(golden):.3f}, {len(draws)} random ladders {np.mean(draws):.3f} "
        f"(s.d. {np.std(draws, ddof=1):.3f}, best {np.max(draws):.3f}), n = {len(seeds)} each: "
        f"above a share of {rank.quantile:.2f}{interval}{ranked}"
    )
    return Finding(
        "golden-null",
        estimate,
        estimate - half,
        estimate + half,
        p_value,
        math.nan,
        rank.distance,
        text,
    )


def nearness_in_null(options: WhichRhythmsOptions, rows: Rows) -> Finding:
    """Correlate the accuracy of random ladders with how near a node lies to 35.7 Hz."""
    draws, distances = np.mean(null_table(options, rows), axis=1), null_distances(options)
    number, nan = len(draws), math.nan
    if number < MIN_SEEDS_FOR_TEST or not (varies(draws) and varies(distances)):
        text = f"{number} random ladders, too few or too alike for a correlation"
        return Finding("data-rhythm", nan, nan, nan, nan, nan, nan, text, unit="correlation")
    found = scipy.stats.spearmanr(-distances, draws)
    rho = float(found.statistic)
    # 1.06 / (n - 3): the variance of Fisher's z of a rank correlation (Fieller and others, 1957).
    half = 1.96 * math.sqrt(1.06 / (number - 3))
    bounded = max(-1 + 1e-12, min(1 - 1e-12, rho))
    low, high = (math.tanh(math.atanh(bounded) + sign * half) for sign in (-1, 1))
    text = (
        f"rank correlation {rho:+.2f} ({low:+.2f} to {high:+.2f}) over {number} random ladders; "
        f"golden's nearest node lies {nearest(ladder('golden')):.2f} octaves away"
    )
    # No order of so few is rarer than this; SciPy's p of a perfect one is 0.
    p_value = max(float(found.pvalue), 2 / math.factorial(number))
    return Finding("data-rhythm", rho, low, high, p_value, nan, rho, text, unit="correlation")


def curve_table(curve: dict[float, str], rows: Rows) -> np.ndarray:
    """Return the accuracies along a curve, ``(point, seed)``, of the seeds that all points have."""
    shared = set.intersection(*({row["seed"] for row in rows[label]} for label in curve.values()))
    return np.array([accuracies(rows[label], sorted(shared)) for label in curve.values()])


def peak(curve: dict[float, str], rows: Rows, *, paired: bool) -> Peak:
    """Return where along a curve accuracy is highest; points of as many nodes are paired."""
    return peak_of_curve(
        np.array(list(curve)), curve_table(curve, rows), paired=paired, bootstrap_seed=0
    )


def curve_finding(claim: Claim, curve: dict[float, str], rows: Rows) -> Finding:
    """Hold the golden point of a curve against the other one that validates best."""
    table, ratios, paired = curve_table(curve, rows), np.array(list(curve)), CURVES[claim.name]
    place = int(np.argmin(np.abs(ratios - GOLDEN)))
    own, rivals = table[place], table[best_other(curve, rows, place)]
    found = values_finding(
        claim, ("golden", own.tolist()), ("best other", rivals.tolist()), paired=paired
    )
    top = peak(curve, rows, paired=paired)
    edge = ", at the edge of what was tried" if top.at_edge else ""
    interval = "" if math.isnan(top.low) else f" (95 % {top.low:.3g} to {top.high:.3g})"
    return replace(found, text=f"peak at ratio {top.x:.4g}{interval}{edge}; {found.text}")


def best_other(curve: dict[float, str], rows: Rows, place: int) -> int:
    """Return the point, but for one, of the highest mean validation accuracy.

    All seeds share their test digits: a point that was chosen by them would win by the choice.
    """
    validation = [np.mean([row["validation_accuracy"] for row in rows[x]]) for x in curve.values()]
    validation[place] = -np.inf
    return int(np.argmax(validation))
