"""What the golden rhythms experiment found, from its saved arrays: tables and the answer."""

import math
from dataclasses import dataclass

import numpy as np

from experiments.script import Results, ScriptOptions
from rhythmic.coupled import (
    PLASTIC_NUMBER,
    RungResponses,
    Selectivity,
    answers,
    rank,
    selectivity_scores,
)
from rhythmic.theory.ladders import GOLDEN_RATIO

NAMED = {
    "golden": GOLDEN_RATIO,
    "plastic": PLASTIC_NUMBER,
    "3/2": 1.5,
    "2": 2.0,
    "e": math.e,
}
DRIVER = 4
SHOWN_RUNG = 5  # phi^7 = 29.0 Hz, the gain frequency of the published example
OTHER_THRESHOLDS = (3.0, 6.0)


@dataclass(frozen=True)
class GoldenOptions(ScriptOptions):
    """Which nodes answer to which gain rhythm, in golden and in other ladders.

    Args:
        random_ratios: ladders whose neighbours stand in one random ratio, uniform in its
            logarithm between `lowest_ratio` and `highest_ratio`.
        random_rungs: ladders whose rungs are random, uniform in the logarithm of frequency: four
            below the driver and three above it, between the ends of the golden ladder.
        lowest_ratio: smallest random ratio, no unit.
        highest_ratio: largest random ratio, no unit.
        threshold: multiple of its response to the constant gain from which a node answers.
        tolerance: distance in Hz from a rung within which a peak counts as at the rung.
        noise_levels: intensities of a white force on every node, in position / s^1.5; the
            driver starts at position 1.
        noise_seeds: runs of every named ladder at each noise level.
        ladders_a_part: ladders computed at once; only memory and progress depend on it.
        seed: of ladders and noise.
    """

    random_ratios: int = 60
    random_rungs: int = 60
    lowest_ratio: float = 1.2
    highest_ratio: float = 3.0
    threshold: float = 4.0
    tolerance: float = 0.5
    noise_levels: tuple[float, ...] = (0.03, 0.1, 0.3)
    noise_seeds: int = 3
    ladders_a_part: int = 5
    seed: int = 0

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of range, its value and range."""
        for name in ("random_ratios", "random_rungs", "noise_seeds", "ladders_a_part"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        # Above 3 the fastest node is beyond half the sample rate of the responses.
        if not 1 < self.lowest_ratio < self.highest_ratio <= 3:
            pair = f"{self.lowest_ratio} and {self.highest_ratio}"
            raise ValueError(
                f"lowest_ratio and highest_ratio are {pair}; both must be in (1, 3] and rise"
            )
        if not 1 < self.threshold < math.inf:
            raise ValueError(f"threshold is {self.threshold}; it must be above 1 and finite")
        if not 0.1 <= self.tolerance <= 5:
            raise ValueError(f"tolerance is {self.tolerance} Hz; it must be in 0.1 to 5")
        for level in self.noise_levels:
            if not 0 < level < math.inf:
                raise ValueError(f"noise_levels holds {level}; each must be positive and finite")
        if not self.noise_levels or len(set(self.noise_levels)) < len(self.noise_levels):
            raise ValueError(f"noise_levels is {self.noise_levels}; it takes different values")


def trials(results: Results, name: str) -> RungResponses:
    """Return the responses of one set of ladders: named, ratio or rungs."""
    return RungResponses(*(results[f"{name}_{field}"] for field in RungResponses._fields))


def scores(results: Results, name: str, threshold: float) -> Selectivity:
    """Return the selectivity of one set of ladders."""
    return selectivity_scores(trials(results, name).answers(DRIVER, threshold), DRIVER)


def summarise(options: GoldenOptions, results: Results) -> str:
    """Return the numbers."""
    golden = trials(results, "named")
    nodes, heard = golden.frequencies[0], golden.relative()[0, SHOWN_RUNG]
    lines = [
        f"golden ladder, gain at {nodes[SHOWN_RUNG]:.2f} Hz: response over that to constant gain",
        f"{'node (Hz)':>10}" + "".join(f"{frequency:8.1f}" for frequency in nodes),
        f"{'times':>10}" + "".join(f"{times:8.1f}" for times in heard),
        "",
        *named_lines(options, results),
        "",
        *random_lines(options, results),
        "",
        *noise_lines(options, results),
    ]
    return "\n".join(lines)


def named_lines(options: GoldenOptions, results: Results) -> list[str]:
    """Return what the rungs of the named ladders do."""
    named = trials(results, "named")
    found = named.answers(DRIVER, options.threshold)
    expected = named.targets(DRIVER, options.tolerance)
    score = scores(results, "named", options.threshold)
    others = [scores(results, "named", x).selectivity for x in OTHER_THRESHOLDS]
    lines = [
        f"A node answers from {options.threshold:g} times its response to the constant gain, at a"
        f" peak within {options.tolerance:g} Hz of",
        "a rung. Pairs of rung and answering node; most nodes that answer to one rung; nodes that",
        "any rung reaches; sum and difference targets that answer; selectivity (1: every node has",
        f"a rhythm of its own), also with answers from {OTHER_THRESHOLDS[0]:g} and"
        f" {OTHER_THRESHOLDS[1]:g} times. Unstable: slow nodes run",
        "away under the constant gain alone.",
        f"{'ladder':>10}{'ratio':>8}{'pairs':>7}{'most':>6}{'reached':>9}{'targets':>10}"
        f"{'selectivity':>13}{'from 3, 6':>14}",
    ]
    for place, (name, ratio) in enumerate(NAMED.items()):
        hits = f"{(found & expected)[place].sum()} of {expected[place].sum()}"
        elsewhere = ", ".join(f"{values[place]:.2f}" for values in others)
        lines.append(
            f"{name:>10}{ratio:8.3f}{score.pairs[place]:7d}{score.best[place]:6d}"
            f"{score.reached[place]:9d}{hits:>10}{score.selectivity[place]:13.2f}{elsewhere:>14}"
            + ("" if named.stable[place] else "  unstable")
        )
    return lines


def random_lines(options: GoldenOptions, results: Results) -> list[str]:
    """Return where the golden ladder falls among the random ones."""
    lines = []
    for name, title in (("ratio", "one random ratio"), ("rungs", "random rungs")):
        stable = results[f"{name}_stable"]
        lines.append(f"{len(stable)} ladders of {title}, {stable.sum()} of them stable")
        if not stable.any():
            continue
        value = scores(results, name, options.threshold).selectivity[stable]
        below, equal = golden_rank(results, name, options.threshold)
        elsewhere = (golden_rank(results, name, x)[0] for x in OTHER_THRESHOLDS)
        lines += [
            f"  selectivity: median {np.median(value):.2f}, largest {value.max():.2f}",
            f"  golden is above {below:.0%} and level with {equal:.0%}"
            " (with answers from 3 and 6 times: above "
            f"{' and '.join(f'{share:.0%}' for share in elsewhere)})",
        ]
        if name == "ratio":
            best = np.sort(results["ratios"][stable][value == value.max()])
            lines.append("  most selective at ratio " + ", ".join(f"{x:.4f}" for x in best[:6]))
    return lines


def golden_rank(results: Results, name: str, threshold: float) -> tuple[float, float]:
    """Return the shares of stable random ladders that are less, and as selective as the golden."""
    golden = scores(results, "named", threshold).selectivity[0]
    return rank(golden, scores(results, name, threshold).selectivity[results[f"{name}_stable"]])


def noise_lines(options: GoldenOptions, results: Results) -> list[str]:
    """Return what noise leaves of the answers of the stable named ladders."""
    kept, false = in_noise(options, results)
    places = np.flatnonzero(results["named_stable"])
    lines = [
        "White force on every node, intensity in position / s^1.5: share of the answers found",
        f"again, and false ones a run; mean of {options.noise_seeds}. The threshold multiplies the"
        " mean response to",
        "constant gain and noise.",
        f"{'intensity':>10}" + "".join(f"{list(NAMED)[place]:>14}" for place in places),
    ]
    for level, kept_of, false_of in zip(options.noise_levels, kept, false, strict=True):
        cells = (f"{kept_of[place]:.0%} ({false_of[place]:.1f})" for place in places)
        lines.append(f"{level:10g}" + "".join(f"{cell:>14}" for cell in cells))
    return lines


def in_noise(options: GoldenOptions, results: Results) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of answers that noise leaves, and the false ones a run: (level, ladder)."""
    quiet = trials(results, "named").answers(DRIVER, options.threshold)
    constant = results["noise_constant"]
    floor = np.broadcast_to(constant.mean(1, keepdims=True), constant.shape)
    found = answers(results["noise_modulated"], floor, DRIVER, options.threshold)
    kept = (found & quiet).sum((-1, -2)).mean(1) / np.maximum(quiet.sum((-1, -2)), 1)
    return kept, (found & ~quiet).sum((-1, -2)).mean(1)


def reach(options: GoldenOptions, results: Results) -> tuple[float, float]:
    """Return the shares of nodes that answer a rung at their sum or difference, and at no such.

    Over all stable ladders and rungs; the driver is no such node.
    """
    found, expected = [], []
    for name in ("named", "ratio", "rungs"):
        trial = trials(results, name)
        found.append(trial.answers(DRIVER, options.threshold)[trial.stable])
        expected.append(trial.targets(DRIVER, options.tolerance)[trial.stable])
    hit, target = (np.delete(np.concatenate(tables), DRIVER, -1) for tables in (found, expected))
    return float(hit[target].mean()), float(hit[~target].mean())


def answer(options: GoldenOptions, results: Results) -> str:
    """Answer the lecture's question in one line."""
    named = trials(results, "named")
    nodes, times = named.frequencies[0], named.relative()[0, SHOWN_RUNG]
    found = np.flatnonzero(named.answers(DRIVER, options.threshold)[0, SHOWN_RUNG])
    heard = " and ".join(f"{nodes[k]:.1f} Hz ({times[k]:.1f}x)" for k in found)
    score = scores(results, "named", options.threshold).selectivity
    better = [
        f"{name} ({value:.2f})"
        for name, value, stable in zip(NAMED, score, named.stable, strict=True)
        if stable and value > score[0]
    ]
    at_targets, elsewhere = reach(options, results)
    ratios, rungs = (golden_rank(results, x, options.threshold)[0] for x in ("ratio", "rungs"))
    return (
        f"Gain at {nodes[SHOWN_RUNG]:.1f} Hz makes {heard or 'no node'} answer the driver at "
        f"{nodes[DRIVER]:.1f} Hz; over all ladders a rung's gain reaches {at_targets:.0%} of the "
        f"nodes at its sum or difference with the driver and {elsewhere:.0%} of the others. The "
        f"golden ladder's selectivity, {score[0]:.2f}, is above that of {ratios:.0%} of "
        f"ladders of one random ratio and {rungs:.0%} of ladders of random rungs; more "
        f"selective by name: {', '.join(better) or 'none'}."
    )
