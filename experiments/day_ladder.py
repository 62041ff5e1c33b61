"""My favourite idea: do golden steps from the length of the day explain the brain's bands?"""

import math
import textwrap
from dataclasses import dataclass
from functools import partial

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.options import ScriptOptions
from experiments.ranges import at_least
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from rhythmic.plotting.bands import day_ladder_figure
from rhythmic.rhythms import CHANCE_DISTANCE, check_ratios, named_centres, ratio_name, rotation
from rhythmic.rhythms.day import (
    LECTURE_TABLE,
    PLANETS,
    SIDEREAL_DAY_MEASURED,
    SOLAR_DAY,
    compare_rows,
)
from rhythmic.rhythms.spacing import day_evidence
from rhythmic.theory.ladders import GOLDEN_RATIO, SIDEREAL_DAY, day_ladder

ALPHA = 28  # the power that the lecture's table calls alpha
NUM_BINS = 100  # of the distance, which is at most half a rung
SURPRISING = 0.05


@dataclass(frozen=True)
class DayLadderOptions(ScriptOptions):
    """Ladders that climb from the length of a planet's day to the brain's rhythms.

    Args:
        planets: whose days to start from: mercury ... neptune, also moon and pluto.
        ratios: steps of the ladders, f_{k+1} / f_k, each above 1; the first one is drawn and
            named in the answer.
        day: the lecture's day, s.
        catalogues: lists of observed bands: lecture, slice, eeg, classes, measured.
        frequencies: centre frequencies of bands of your own, Hz; added as the list "own".
        num_random: random ladders that each fit is compared with.
        lowest_ratio: smallest ratio of the random ladders, above 1.
        highest_ratio: largest one.
        seed: of the random ladders.
    """

    planets: tuple[str, ...] = PLANETS
    ratios: tuple[float, ...] = (GOLDEN_RATIO, 2.0, math.e)
    day: float = SIDEREAL_DAY
    catalogues: tuple[str, ...] = ("lecture", "slice", "eeg", "classes", "measured")
    frequencies: tuple[float, ...] = ()
    num_random: int = 20_000
    lowest_ratio: float = 1.2
    highest_ratio: float = 3.0
    seed: int = 0

    def check(self) -> None:
        """Raise a ValueError of one line for what is out of range."""
        named_centres(self.catalogues, self.frequencies)
        for planet in self.planets:
            rotation(planet)
        check_ratios(self.ratios, self.lowest_ratio, self.highest_ratio)
        for ratio in self.ratios:
            day_ladder(day=self.day, ratio=ratio)
        at_least(self, num_random=1)


PRESETS = {
    "quick": DayLadderOptions(),
    "full": DayLadderOptions(preset="full", num_random=500_000),
    "smoke": DayLadderOptions(preset="smoke", num_random=1000),
}


def measure(options: DayLadderOptions, stages: Stages) -> Results:
    """Build the lecture's table anew, and try every day and ratio on every list of bands."""
    lists = named_centres(options.catalogues, options.frequencies)
    planets = [rotation(name) for name in options.planets]
    days = np.array([options.day, SOLAR_DAY, *(planet.period for planet in planets)])
    keys = jax.random.split(jax.random.key(options.seed), len(lists))
    evidence = stages.each(
        {
            name: partial(try_days, options, centres, days, key)
            for (name, centres), key in zip(lists.items(), keys, strict=True)
        }
    )
    fields = ("distance", "ladder_share", "start_share", "histogram")
    results = {field: np.stack([part[field] for part in evidence.values()]) for field in fields}
    for name, day in {"table": options.day, "measured": SIDEREAL_DAY_MEASURED}.items():
        ladder = day_ladder(day=day)
        results[f"{name}_period"], results[f"{name}_frequency"] = ladder.period, ladder.frequency
        results[f"{name}_agrees"] = np.array(compare_rows(ladder))
    names = ["lecture's day", "solar day", *(planet.body for planet in planets)]
    centres = {f"centres_{name}": values for name, values in lists.items()}
    alpha = [day_ladder(day=day).frequency[ALPHA] for day in days]
    return (
        results
        | centres
        | {
            "lists": np.array(list(lists)),
            "names": np.array(names),
            "days": days,
            "alpha": np.array(alpha),
        }
    )


def try_days(
    options: DayLadderOptions, centres: np.ndarray, days: np.ndarray, key: jax.Array
) -> Results:
    """Compare the ladders of all days with random ones on one list of bands."""
    limits = (options.lowest_ratio, options.highest_ratio)
    evidence = day_evidence(centres, days, options.ratios, limits, options.num_random, key=key)
    histogram, _ = np.histogram(evidence.null, NUM_BINS, (0, 0.5))
    kept = evidence._asdict()
    del kept["null"]
    return kept | {"histogram": histogram}


def summarise(options: DayLadderOptions, results: Results) -> str:
    """Write the lecture's table beside the computed one, and the distances."""
    return "\n".join([*table_lines(options, results), "", *distance_lines(options, results)])


def table_lines(options: DayLadderOptions, results: Results) -> list[str]:
    """Set the lecture's 36 rows beside those from its day and from the measured day."""
    lines = [
        f"{'':3}{'lecture':>20}{f'from {options.day:g} s':>24}"
        f"{f'from {SIDEREAL_DAY_MEASURED:g} s':>26}",
        "  k" + f"{'T (s)':>9}{'f (Hz)':>11}" + 2 * f"{'T (s)':>13}{'f (Hz)':>12}",
    ]
    for row in LECTURE_TABLE:
        line = f"{row.power:3}{row.period:>9}{row.frequency:>11}"
        for name in ("table", "measured"):
            period, frequency, _ = results[f"{name}_agrees"][row.power]
            line += f"{results[f'{name}_period'][row.power]:12.6g}{mark(period)}"
            line += f"{results[f'{name}_frequency'][row.power]:11.4g}{mark(frequency)}"
        lines.append(f"{line}  {row.label}".rstrip())
    for name, day in {"table": options.day, "measured": SIDEREAL_DAY_MEASURED}.items():
        wrong = np.flatnonzero(~results[f"{name}_agrees"].all(axis=1))
        which = f" (k = {', '.join(map(str, wrong))})" if wrong.size else ""
        lines.append(f"from {day:g} s {len(wrong)} of {len(LECTURE_TABLE)} rows differ{which}")
    return [*lines, "* does not round to what the lecture prints"]


def mark(agrees: bool) -> str:
    """Mark what differs."""
    return " " if agrees else "*"


def distance_lines(options: DayLadderOptions, results: Results) -> list[str]:
    """Write how far each ladder lands, and what shares of random ladders land as near."""
    lists = [str(name) for name in results["lists"]]
    lines = [
        f"root mean square distance of bands from the nearest rung, in rungs (chance is"
        f" {CHANCE_DISTANCE:.3f});",
        f"in brackets the share of {options.num_random} ladders of random ratio"
        f" ({options.lowest_ratio:g} to {options.highest_ratio:g}) and start that land as near",
    ]
    for column, ratio in enumerate(options.ratios):
        lines.append(f"{ratio_name(ratio):28}" + "".join(f"{name:>14}" for name in lists))
        for row, (name, day) in enumerate(zip(results["names"], results["days"], strict=True)):
            distances, shares = (results[f][:, row, column] for f in ("distance", "ladder_share"))
            cells = [f"{d:.3f} ({share:.1%})" for d, share in zip(distances, shares, strict=True)]
            lines.append(f"{name:14}{day:12.1f} s" + "".join(f"{cell:>14}" for cell in cells))
    given = zip(lists, results["start_share"][:, 0, 0], strict=True)
    matched = ", ".join(f"{name} {share:.1%}" for name, share in given)
    alphas = zip(results["names"], results["alpha"], strict=True)
    frequencies = ", ".join(f"{body} {frequency:.3g}" for body, frequency in alphas)
    notes = (
        f"{ratio_name(options.ratios[0])} ladders of a random day that land as near as the"
        f" lecture's: {matched}",
        f"golden alpha (k = {ALPHA}), Hz: {frequencies}",
    )
    return [*lines, "", *(textwrap.fill(note, 100, subsequent_indent="  ") for note in notes)]


def answer(options: DayLadderOptions, results: Results) -> str:
    """Say how surprising the lecture's ladder is: the ladder as a whole, and its day."""
    lists = [str(name) for name in results["lists"]]
    ranges, corrected = [], []
    for field in ("ladder_share", "start_share"):
        shares = results[field][:, 0, 0]
        low, high = int(np.argmin(shares)), int(np.argmax(shares))
        upper = f" to {shares[high]:.1%} ({lists[high]})" if high != low else ""
        ranges.append(f"{shares[low]:.1%} ({lists[low]}){upper}")
        corrected.append(min(1.0, float(shares[low]) * len(lists)))
    name = ratio_name(options.ratios[0])
    verdict = "Perhaps, but" if max(corrected) < SURPRISING else "Not shown:"
    best = " and ".join(f"{share:.1%}" for share in corrected)
    return (
        f"{verdict} do not take the sun too seriously. {ranges[0]} of random ladders and"
        f" {ranges[1]} of {name} ladders from random days land as near to the bands as {name}"
        f" steps from {options.day:g} s do; corrected for picking the best of"
        f" {len(lists)} lists: {best}."
    )


def draw(options: DayLadderOptions, results: Results) -> dict[str, Figure]:
    """Draw rungs and bands, the random ladders, and the planets."""
    lists = [str(name) for name in results["lists"]]
    ratios = {ratio_name(ratio): ratio for ratio in options.ratios}
    figure = day_ladder_figure(
        day_ladder(day=options.day, ratio=options.ratios[0]),
        {name: results[f"centres_{name}"] for name in lists},
        results["histogram"],
        {name: results["distance"][:, 0, column] for column, name in enumerate(ratios)},
        [str(name) for name in results["names"]],
        results["ladder_share"][:, :, 0],
    )
    return {"day_ladder": figure}


EXPERIMENT = Experiment(
    name="day_ladder",
    section="My favorite idea",
    question="Why are brain rhythms organized in specific frequency bands?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
