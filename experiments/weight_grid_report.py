"""What ``experiments.weight_grid`` prints and draws, from its saved numbers alone."""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from experiments.stages import Results
from experiments.weight_grid_options import WeightGridOptions
from rhythmic.plotting.weight_grid import accuracy_figure, frequency_figure


class BestPoint(NamedTuple):
    """The point of the largest mean accuracy over seeds: its place, and one value a seed."""

    place: tuple[int, ...]
    accuracy: np.ndarray


def best_point(accuracy: np.ndarray) -> BestPoint | None:
    """Find the best of the points that are finite for every seed; seeds come first."""
    mean = np.mean(accuracy, axis=0)
    if not np.any(np.isfinite(mean)):
        return None
    place = np.unravel_index(np.nanargmax(mean), mean.shape)
    seeds_last = np.moveaxis(accuracy, 0, -1)
    return BestPoint(tuple(map(int, place)), seeds_last[tuple(place)])


def effects(mean: np.ndarray) -> tuple[list[np.ndarray], list[float]]:
    """Give the mean along each axis, and the share of the variance that it alone accounts for."""
    known = np.ma.masked_invalid(mean)
    along = [
        np.ma.mean(known, axis=tuple(np.delete(np.arange(mean.ndim), axis)))
        for axis in range(mean.ndim)
    ]
    total = np.ma.var(known)
    shares = [
        float(np.ma.average((means - known.mean()) ** 2, weights=counts) / total) if total else 0.0
        for means, counts in zip(along, counts_along(known), strict=True)
    ]
    return [means.filled(np.nan) for means in along], shares


def counts_along(known: np.ma.MaskedArray) -> list[np.ndarray]:
    """Count the known points at each value of each axis."""
    axes = range(known.ndim)
    return [known.count(axis=tuple(other for other in axes if other != axis)) for axis in axes]


def summarise(options: WeightGridOptions, results: Results) -> str:
    """Write accuracy along each axis, the best points, growth and frequency."""
    accuracy = results["validation_accuracy"]
    mean = np.mean(accuracy, axis=0)
    along, shares = effects(mean)
    lines = [
        f"{accuracy.size} reservoirs of {options.num_nodes} nodes from "
        f"{options.start_frequency:g} Hz, noise {options.noise:g}; {options.num_train} training "
        f"digits, {options.num_validation} to validate",
        "",
        "accuracy on validation digits, mean over all other weights and seeds; share of the "
        "variance over the grid",
    ]
    for (name, values), means, share in zip(options.axes.items(), along, shares, strict=True):
        lines.append(f"    {name} ({share:.0%})")
        lines.append("        " + "".join(f"{value:>9g}" for value in values))
        lines.append("        " + "".join(f"{value:>9.3f}" for value in means))
    spread = np.std(accuracy, axis=0, ddof=1) if len(options.seeds) > 1 else np.full(mean.shape, 0)
    finite = np.isfinite(spread)
    if len(options.seeds) > 1 and np.any(finite):
        lines.append(f"spread over seeds: standard deviation {np.mean(spread[finite]):.3f} at")
        lines[-1] += " a point, on average"
    bad = np.mean(results["status"] != 0) if "status" in results else 0.0
    lines += [
        f"points that were not finite: {bad:.1%}",
        f"gradient left by the fits, of the mean loss: at most "
        f"{np.nanmax(results['gradient_norm'], initial=0):.1e}",
        "",
        *growth_lines(options, results),
        *frequency_lines(options, results),
    ]
    published = results["published_accuracy"]
    if published.size:
        lines.append(f"published reservoir, 246 nodes, same digits: {spread_of(published)}")
    return "\n".join(lines)


def growth_lines(options: WeightGridOptions, results: Results) -> list[str]:
    """Say where deviations grow, and how accurate reservoirs are on both sides of that line."""
    growth, accuracy = results["growth_factor"], results["validation_accuracy"]
    lines = ["growth of a deviation a step, over all weights and seeds, and accuracy"]
    for name, chosen in (("below 1", growth < 1), ("1 and above", growth >= 1)):
        known = chosen & np.isfinite(accuracy)
        text = f"{np.mean(accuracy[known]):.3f}" if np.any(known) else "none"
        lines.append(f"    {name}: {np.mean(chosen):.0%} of the points, mean accuracy {text}")
    means = np.ma.mean(np.ma.masked_invalid(growth), axis=(0, 2, 3, 4)).filled(np.nan)
    pairs = zip(options.pole_radii, means, strict=True)
    lines.append("    by pole radius: " + ", ".join(f"{r:g}: {g:.4f}" for r, g in pairs))
    return [*lines, ""]


def frequency_lines(options: WeightGridOptions, results: Results) -> list[str]:
    """Say at which frequencies the reservoirs move, by pole radius."""
    lines = ["frequency content by pole radius (Hz): motion, centroid of the nodes"]
    for place, radius in enumerate(options.pole_radii):
        found = [
            np.ma.median(np.ma.masked_invalid(results[name][:, place]))
            for name in ("response_frequency", "spectral_centroid")
        ]
        lines.append(
            f"    {radius:g}: " + ", ".join(f"{np.ma.filled(x, np.nan):.2f}" for x in found)
        )
    return [*lines, ""]


def spread_of(values: np.ndarray) -> str:
    """Write a mean and the range that it comes from."""
    if len(values) == 1:
        return f"{values[0]:.3f} (1 seed)"
    return f"{values.mean():.3f} ({values.min():.3f} to {values.max():.3f}, {len(values)} seeds)"


def at(options: WeightGridOptions, place: tuple[int, ...]) -> str:
    """Write down the weights of a point."""
    return ", ".join(
        f"{name} {values[i]:g}"
        for (name, values), i in zip(options.axes.items(), place, strict=True)
    )


def answer(options: WeightGridOptions, results: Results) -> str:
    """Say which weights did best, by how much, and what stability has to do with it."""
    accuracy = results["validation_accuracy"]
    best = best_point(accuracy)
    if best is None:
        return "No reservoir of this grid stayed finite, so none tells digits apart."
    names = list(options.axes)
    _, shares = effects(np.mean(accuracy, axis=0))
    telling = names[int(np.argmax(shares))]
    growth = np.mean(results["growth_factor"], axis=0)[best.place]
    motion = np.mean(results["response_frequency"], axis=0)[best.place]
    mean = best.accuracy.mean()
    error = np.sqrt(mean * (1 - mean) / options.num_validation)
    text = (
        f"Of {accuracy[0].size} reservoirs with {options.num_nodes} nodes the best reads "
        f"{spread_of(best.accuracy)} of the validation digits it was chosen by (sampling error "
        f"{error:.3f}), at {at(options, best.place)}, where a deviation grows {growth:.4f}-fold a "
        f"step and the nodes move at {motion:.1f} Hz"
    )
    if 0.0 in options.recurrent_gains and len(options.recurrent_gains) > 1:
        silent = options.recurrent_gains.index(0.0)
        alone = best_point(accuracy[:, :, :, [silent]])
        if alone is not None:
            text += f"; nodes that do not talk reach {spread_of(alone.accuracy)}"
    if results["published_accuracy"].size:
        text += f"; the published 246 nodes {spread_of(results['published_accuracy'])}"
    return f"{text}. Accuracy depends most on the {telling} ({max(shares):.0%} of its variance)."


def draw(options: WeightGridOptions, results: Results) -> dict[str, Figure]:
    """Draw accuracy with the line of stability, and frequency content."""
    best = best_point(results["validation_accuracy"])
    place = (0, 0, 0, 0) if best is None else best.place
    return {
        "accuracy": accuracy_figure(
            results["validation_accuracy"], results["growth_factor"], options.axes, place
        ),
        "frequency": frequency_figure(results, options.axes, place),
    }
