"""Brain rhythms: which spacing do observed bands have, and on which ladders do bands sum?"""

import math
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.options import ScriptOptions
from experiments.ranges import at_least, within
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from rhythmic.plotting.bands import concatenation_figure, spacing_figure
from rhythmic.rhythms import (
    CHANCE_DISTANCE,
    catalogue,
    check_ratios,
    fit_consecutive,
    frequency_sum,
    joined_frequency,
    named_centres,
    ratio_name,
    sum_relations,
)
from rhythmic.rhythms.bands import CHOSEN_FOR
from rhythmic.rhythms.spacing import SpacingEvidence, spacing_evidence
from rhythmic.rhythms.sums import (
    concatenate_periods,
    joined_distance,
    joined_periods,
    simulated_joined_distance,
)
from rhythmic.theory.ladders import GOLDEN_RATIO

NUM_SIMULATED = 37  # ratios at which the cycles are also simulated
STEPS = (1, 2, 3)


@dataclass(frozen=True)
class BandsOptions(ScriptOptions):
    """Spacing of brain rhythms, sums of bands and period concatenation.

    Args:
        catalogues: lists of observed bands: lecture, slice, eeg, classes, measured.
        frequencies: centre frequencies of bands of your own, Hz; added as the list "own".
        ratios: spacings f_k / f_{k-1} to try on them, each above 1.
        num_random: random sets of bands that a fit is compared with.
        lowest_ratio: lower end of the scan over ratios, above 1.
        highest_ratio: upper end of the scan.
        num_ratios: ratios in the scan, even in the logarithm.
        max_exponent: largest n in 1 + r^m = r^n, 2 to 24.
        slow_frequency: slower rhythm of the concatenation, Hz.
        fast_frequency: faster rhythm, Hz.
        num_repeats: joined cycles that are simulated.
        jitter: coefficient of variation of each period, 0 to 1.
        seed: of the random bands and of the jitter.
    """

    catalogues: tuple[str, ...] = ("lecture", "slice", "eeg", "classes", "measured")
    frequencies: tuple[float, ...] = ()
    ratios: tuple[float, ...] = (GOLDEN_RATIO, 2.0, math.e)
    num_random: int = 10_000
    lowest_ratio: float = 1.2
    highest_ratio: float = 3.0
    num_ratios: int = 4001
    max_exponent: int = 8
    slow_frequency: float = 25.0
    fast_frequency: float = 40.0
    num_repeats: int = 200
    jitter: float = 0.1
    seed: int = 0

    def check(self) -> None:
        """Raise a ValueError of one line for what is out of range."""
        named_centres(self.catalogues, self.frequencies)
        check_ratios(self.ratios, self.lowest_ratio, self.highest_ratio)
        within(self, slow_frequency="(0, inf)", fast_frequency="(0, inf)")
        within(self, max_exponent="[2, 24]", jitter="[0, 1]")
        at_least(self, num_random=1, num_ratios=NUM_SIMULATED, num_repeats=2)


PRESETS = {
    "quick": BandsOptions(),
    "full": BandsOptions(
        preset="full", num_random=100_000, num_ratios=20_001, max_exponent=12, num_repeats=2000
    ),
    "smoke": BandsOptions(preset="smoke", num_random=500, num_ratios=301, num_repeats=50),
}


def measure(options: BandsOptions, stages: Stages) -> Results:
    """Fit every spacing to every list of bands; list the sums; join periods."""
    lists = named_centres(options.catalogues, options.frequencies)
    *keys, last = jax.random.split(jax.random.key(options.seed), len(lists) + 1)
    fits = stages.each(
        {
            name: partial(fit_list, options, centres, key)
            for (name, centres), key in zip(lists.items(), keys, strict=True)
        }
    )
    results = {"lists": np.array(list(lists)), **concatenate(options, last)}
    for field in (*SpacingEvidence._fields, "consecutive"):
        results[field] = np.stack([part[field] for part in fits.values()])
    for name, centres in lists.items():
        bands = catalogue(name) if name in options.catalogues else ()
        results[f"names_{name}"] = np.array([band.name for band in bands])
        ranges = [(band.low, band.high, band.centre) for band in bands]
        results[f"bands_{name}"] = np.array(ranges or [(math.nan, math.nan, f) for f in centres])
    relations = sum_relations(options.max_exponent, with_itself=True)
    for field in ("ratio", "name", "kind"):
        results[f"sum_{field}"] = np.array([getattr(relation, field) for relation in relations])
    results["sum_exponents"] = np.array([relation.exponents[0] for relation in relations])
    return results


def scanned_ratios(options: BandsOptions) -> np.ndarray:
    """Return the ratios of the scan, even in the logarithm."""
    return np.geomspace(options.lowest_ratio, options.highest_ratio, options.num_ratios)


def fit_list(options: BandsOptions, centres: np.ndarray, key: jax.Array) -> Results:
    """Fit ladders of the given ratios and of all scanned ones to a list of bands."""
    evidence = spacing_evidence(
        centres, options.ratios, scanned_ratios(options), options.num_random, key=key
    )
    with jax.enable_x64(True):
        consecutive = fit_consecutive(jnp.asarray(centres))
        regression = np.array([consecutive.ratio, consecutive.error])
    return evidence._asdict() | {"consecutive": regression}


def concatenate(options: BandsOptions, key: jax.Array) -> Results:
    """Join the periods of two rhythms, and of neighbours on ladders of many ratios."""
    example_key, ratio_key = jax.random.split(key)
    with jax.enable_x64(True):
        pattern = jnp.array([1 / options.fast_frequency, 1 / options.slow_frequency])
        exact = concatenate_periods(pattern, 6)
        cycles = concatenate_periods(
            pattern, options.num_repeats, jitter=options.jitter, key=example_key
        )
        ratios = scanned_ratios(options)
        few = np.geomspace(options.lowest_ratio, options.highest_ratio, NUM_SIMULATED)
        simulated = simulated_joined_distance(
            jnp.asarray(few), options.num_repeats, jitter=options.jitter, key=ratio_key
        )
        return {
            "ratios": ratios,
            "joined": np.stack([joined_distance(jnp.asarray(ratios), n) for n in STEPS]),
            "tested_joined": np.asarray(joined_distance(jnp.asarray(options.ratios))),
            "simulated_ratios": few,
            "simulated": np.asarray(simulated),
            "cycle_times": np.asarray(exact.time),
            "joined_periods": np.asarray(joined_periods(cycles, 2)),
        }


def summarise(options: BandsOptions, results: Results) -> str:
    """Write fits, sums and periods as tables."""
    lines = [
        "distance of bands from the nearest rung, in rungs (start fitted), and the share of random",
        f"bands / of ratios {options.lowest_ratio:g} to {options.highest_ratio:g} that fit at least"
        f" as well; unfitted chance is {CHANCE_DISTANCE:.3f}",
        f"{'':10}" + "".join(f"{ratio_name(ratio):>25}" for ratio in options.ratios),
    ]
    for row, name in enumerate(results["lists"]):
        columns = zip(
            *(results[f][row] for f in ("distance", "band_share", "ratio_share")), strict=True
        )
        cells = [f"{d:.3f} {p:8.2%} / {s:6.1%}" for d, p, s in columns]
        lines.append(f"{name:10}" + "".join(f"{cell:>25}" for cell in cells))
    lines += ["", "one band a rung, none left out: the ratio that least squares finds"]
    for name, (ratio, error), scan in zip(
        results["lists"], results["consecutive"], results["scan"], strict=True
    ):
        best = results["ratios"][np.argmin(scan)]
        lines.append(
            f"{name:10}{ratio:7.3f} (error {error:5.3f} in log f); rungs may stay empty: {best:.3f}"
        )
    return "\n".join([*lines, *sum_lines(results), *join_lines(options, results)])


def sum_lines(results: Results) -> list[str]:
    """List the ratios with sums."""
    columns = (results[f"sum_{field}"] for field in ("ratio", "exponents", "name", "kind"))
    lowest = results["ratios"][0]
    lines = ["", f"ratios r >= {lowest:g} with 1 + r^m = r^n"]
    for ratio, (m, n), name, kind in zip(*columns, strict=True):
        if ratio >= lowest:
            lines.append(f"{ratio:10.6f}  m, n = {m}, {n}   {kind:11}{name}")
    return lines


def join_lines(options: BandsOptions, results: Results) -> list[str]:
    """Write sums of frequencies and of periods for the two rhythms."""
    slow, fast = options.slow_frequency, options.fast_frequency
    joined, periods = joined_frequency(slow, fast), results["joined_periods"]
    distances = [
        f"{ratio_name(ratio)} {distance:.3f}"
        for ratio, distance in zip(options.ratios, results["tested_joined"], strict=True)
    ]
    return [
        "",
        f"periods: {1e3 / fast:.2f} ms + {1e3 / slow:.2f} ms = {1e3 / joined:.2f} ms,"
        f" {joined:.2f} Hz; simulated, jitter {options.jitter:.0%}:"
        f" {1e3 * periods.mean():.2f} ± {1e3 * periods.std():.2f} ms",
        f"frequencies: {joined:.2f} Hz + {slow:g} Hz = {frequency_sum(joined, slow):.2f} Hz;"
        f" 15 Hz + 25 Hz = {frequency_sum(15.0, 25.0):g} Hz",
        "joined period of neighbours to the nearest rung, in rungs: " + ", ".join(distances),
    ]


def answer(options: BandsOptions, results: Results) -> str:
    """Say which spacing is nearest on each list, how surely, and which lets neighbours sum."""
    shares = results["band_share"]
    nearest, independent = [], []
    for name, distance, share in zip(results["lists"], results["distance"], shares, strict=True):
        best = int(np.argmin(distance))
        ratio = ratio_name(options.ratios[best])
        chance = f"{share[best]:.1%}" if share[best] >= 1e-3 else "under 0.1%"
        if CHOSEN_FOR.get(str(name)) == ratio:
            chance += ", its proponents' list"
        else:
            independent.append(share[best])
        nearest.append(f"{ratio} on {name} ({chance})")
    winners = {text.split(" on ")[0] for text in nearest}
    verdict = "the spacing depends on the list of bands" if len(winners) > 1 else "one spacing wins"
    sure = sum(share * shares.size < 0.05 for share in independent)
    names = [ratio_name(ratio) for ratio in options.ratios]
    summing = [n for n, d in zip(names, results["tested_joined"], strict=True) if d < 1e-9]
    sums = f"only {' and '.join(summing)} lets" if summing else "none lets"
    return (
        f"{verdict.capitalize()}: nearest is {', '.join(nearest)}; in brackets the share of random"
        f" bands that fit as well, below 5% after correction for {shares.size} comparisons on"
        f" {sure} of the {len(independent)} lists that nobody chose for the ratio. Of"
        f" {', '.join(names)}, {sums} neighbouring bands sum to a rung."
    )


def draw(options: BandsOptions, results: Results) -> dict[str, Figure]:
    """Draw lists of bands with their fits, and the joined periods."""
    names = [ratio_name(ratio) for ratio in options.ratios]
    lists = [str(name) for name in results["lists"]]
    bands = {n: (results[f"names_{n}"].tolist(), results[f"bands_{n}"]) for n in lists}
    return {
        "spacing": spacing_figure(
            bands,
            dict(zip(names, options.ratios, strict=True)),
            results["ratios"],
            results["scan"],
            results["distance"],
            results["null"],
        ),
        "concatenation": concatenation_figure(
            results["cycle_times"],
            (options.fast_frequency, options.slow_frequency),
            results["ratios"],
            dict(zip(STEPS, results["joined"], strict=True)),
            (results["simulated_ratios"], results["simulated"]),
            (results["sum_ratio"], results["sum_exponents"]),
        ),
    }


EXPERIMENT = Experiment(
    name="bands",
    section="Brain rhythms",
    question="What rhythms in the RNN?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
