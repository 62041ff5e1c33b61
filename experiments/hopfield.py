"""How many patterns a Hopfield network remembers, how its energy falls, and why digits are hard."""

import numpy as np
from matplotlib.figure import Figure

from experiments.answers import bracketed
from experiments.hopfield_recall import (
    PRESETS,
    THRESHOLD_ACTIVITIES,
    HopfieldOptions,
    measure,
    stored_counts,
)
from experiments.script import Experiment, main
from experiments.stages import Results
from rhythmic.plotting.hopfield import (
    capacity_figure,
    corruption_figure,
    descent_figure,
    digit_figure,
)
from rhythmic.static.hopfield_capacity import (
    CapacityEstimates,
    LoadEstimate,
    capacity_estimates,
    crossing_load,
    limit_load,
    load_estimate,
    mean_field_capacity,
)

THRESHOLD_NAMES = ("U = 1/2 sum T", "U = 0")
RULE_NAMES = ("Hebb", "centred", "pseudo-inverse")
# Of 1/N, in which capacities are extrapolated; theory does not settle it.
POWERS = {1 / 2: "N^(-1/2)", 2 / 3: "N^(-2/3)"}


def recalled(options: HopfieldOptions, results: Results) -> list[np.ndarray]:
    """Return the share recalled in each set, (set, load, threshold, corruption), at every size."""
    overlaps = [results[f"overlaps_{size}"] for size in options.sizes]
    return [(values > options.criterion).mean(axis=-1) for values in overlaps]


def loads(options: HopfieldOptions) -> list[np.ndarray]:
    """Return the loads p/N that were measured, at every size."""
    return [stored_counts(options, size) / size for size in options.sizes]


def capacities(options: HopfieldOptions, results: Results) -> CapacityEstimates:
    """Return the capacity for every threshold, corruption and size."""
    shares = recalled(options, results)
    return capacity_estimates(
        loads(options), shares, options.level, options.num_resamples, seed=options.seed
    )


def limit(
    options: HopfieldOptions, found: CapacityEstimates, rule: int, power: float
) -> LoadEstimate | None:
    """Extrapolate the capacity to large networks in N^-power; one size alone gives none."""
    if len(options.sizes) < 2:
        return None
    sizes = np.array(options.sizes)
    value = float(limit_load(sizes, found.values[rule, 0], power))
    return load_estimate(value, limit_load(sizes, found.resampled[:, rule, 0], power))


def at_size(found: CapacityEstimates, rule: int, size: int, corruption: int = 0) -> LoadEstimate:
    """Return the capacity of one condition."""
    place = (rule, corruption, size)
    return load_estimate(found.values[place], found.resampled[:, *place])


def written(estimate: LoadEstimate | None) -> str:
    """Write a load with its interval."""
    if estimate is None:
        return "-"
    return f"{estimate.value:.3f} {bracketed(estimate.low, estimate.high, '.3f')}"


def summarise(options: HopfieldOptions, results: Results) -> str:
    """Write the capacities, the course of the energy and the recall of digits."""
    found = capacities(options, results)
    lines = [
        f"Capacity p/N: the load at which {options.level:.0%} of the random patterns are recalled",
        f"(overlap above {options.criterion:g} after convergence from the pattern; 95 % interval",
        f"over {options.num_sets} pattern sets; {not_converged(options, results)})",
        f"{'N':>12}" + "".join(f"{name:>24}" for name in THRESHOLD_NAMES),
    ]
    for place, size in enumerate(options.sizes):
        cells = (f"{written(at_size(found, rule, place)):>24}" for rule in (0, 1))
        lines.append(f"{size:>12}" + "".join(cells))
    for power, name in POWERS.items():
        cells = (f"{written(limit(options, found, rule, power)):>24}" for rule in (0, 1))
        lines.append(f"{'to ' + name:>12}" + "".join(cells))
    cells = (f"{mean_field_capacity(activity):>24.3f}" for activity in THRESHOLD_ACTIVITIES)
    lines.append(f"{'mean field':>12}" + "".join(cells))
    lines += ["", f"From corrupted patterns, {THRESHOLD_NAMES[0]}, by the share of units flipped"]
    shares = (0.0, *options.corruptions)
    lines.append(f"{'N':>12}" + "".join(f"{share:>8.0%}" for share in shares))
    for place, size in enumerate(options.sizes):
        cells = (f"{value:>8.3f}" for value in found.values[0, :, place])
        lines.append(f"{size:>12}" + "".join(cells))
    return "\n".join(
        [*lines, "", *energy_lines(options, results), "", *digit_lines(options, results)]
    )


def not_converged(options: HopfieldOptions, results: Results) -> str:
    """Count the recalls that were given up."""
    converged = [results[f"converged_{size}"] for size in options.sizes]
    return f"{sum((~c).sum() for c in converged)} of {sum(c.size for c in converged)} not converged"


def energy_lines(options: HopfieldOptions, results: Results) -> list[str]:
    """Count where the energy rose, and how the synchronous network ended."""
    changes = np.diff(results["asynchronous_energies"], axis=1)
    rises = (np.diff(results["synchronous_energies"], axis=1) > 0).any(axis=1)
    period = results["synchronous_period"]
    counts = [(period == length).sum() for length in (1, 2, 0)]
    neither = f", {counts[2]} in neither so far" if counts[2] else ""
    return [
        f"Energy from {len(period)} random states ({options.descent_stored} patterns in "
        f"{options.descent_units} units)",
        f"one unit at a time: rises in {(changes > 0).sum()} of {changes.size} updates",
        f"all at once: rises from {rises.sum()} states; {counts[0]} end in a fixed "
        f"point, {counts[1]} in a cycle of two{neither}",
    ]


def digit_lines(options: HopfieldOptions, results: Results) -> list[str]:
    """Write the mean overlap with stored digits, and how many each rule recalls."""
    means = results["digit_overlaps"].mean(axis=(1, 3))
    majority = results["digit_majority"].mean(axis=(1, 2))
    names = [*RULE_NAMES, "mean image"]
    lines = [
        f"Mean overlap with stored digits, {options.digit_corruption:.0%} of pixels flipped before "
        f"(overlap {1 - 2 * options.digit_corruption:g})",
        f"{'stored':>12}" + "".join(f"{name:>16}" for name in names),
    ]
    for count, row, other in zip(options.digit_counts, means, majority, strict=True):
        lines.append(f"{count:>12}" + "".join(f"{value:>16.3f}" for value in [*row, other]))
    cells = (f"{text:>16}" for text in digit_capacities(options, results).values())
    return [*lines, f"{'capacity':>12}" + "".join(cells)]


def digit_capacities(options: HopfieldOptions, results: Results) -> dict[str, str]:
    """Write at how many stored digits the share recalled falls below the level, by rule."""
    share = (results["digit_overlaps"] > options.criterion).mean(axis=(1, 3))
    counts = np.array(options.digit_counts)
    written = {}
    for rule, name in enumerate(RULE_NAMES):
        if share[0, rule] < options.level:
            written[name] = f"below {counts[0]}"
        elif (share[:, rule] >= options.level).all():
            written[name] = f"over {counts[-1]}"
        else:
            written[name] = f"{crossing_load(counts, share[:, rule], options.level):.0f}"
    return written


def answer(options: HopfieldOptions, results: Results) -> str:
    """Answer from the largest network, the extrapolation and the digits."""
    found = capacities(options, results)
    half, none = (at_size(found, rule, len(options.sizes) - 1) for rule in (0, 1))
    ends = {name: limit(options, found, 0, power) for power, name in POWERS.items()}
    extrapolated = ", ".join(f"{end.value:.3f} in {name}" for name, end in ends.items() if end)
    smaller = ""
    if len(options.sizes) > 1:
        values = ", ".join(f"{value:.3f}" for value in found.values[0, 0, :-1])
        smaller = f"{values} at N = {', '.join(map(str, options.sizes[:-1]))}; "
    rules = ", ".join(
        f"{name} {count}" for name, count in digit_capacities(options, results).items()
    )
    return (
        f"About {mean_field_capacity():.3f} patterns a unit in large networks (mean field): "
        f"measured {written(half)} at N = {options.sizes[-1]}, U = 1/2 sum T "
        f"({smaller}extrapolated: {extrapolated or '-'}), "
        f"{none.value / half.value:.2f} of that at U = 0; "
        f"of real digits {rules} ({options.digit_corruption:.0%} of pixels flipped)"
    )


def draw(options: HopfieldOptions, results: Results) -> dict[str, Figure]:
    """Draw recall against load, the course of the energy and the digits."""
    found = capacities(options, results)
    shares = recalled(options, results)
    mean_field = [mean_field_capacity(activity) for activity in THRESHOLD_ACTIVITIES]
    return {
        "capacity": capacity_figure(
            options.sizes, loads(options), shares, found, mean_field, options.level
        ),
        "corruption": corruption_figure(
            loads(options)[-1],
            shares[-1],
            (0.0, *options.corruptions),
            f"N = {options.sizes[-1]}",
        ),
        "energy": descent_figure(
            results["asynchronous_energies"],
            results["synchronous_energies"],
            results["synchronous_period"],
            options.descent_units,
        ),
        "digits": digit_figure(
            np.array(options.digit_counts),
            results["digit_overlaps"],
            results["digit_majority"],
            RULE_NAMES,
            results["digit_pictures"],
            options.digits_shown,
            options.digit_corruption,
        ),
    }


EXPERIMENT = Experiment(
    name="hopfield",
    section="Models so far",
    question="How many patterns can a Hopfield network remember?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
