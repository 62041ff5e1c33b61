"""How pole radius, ladder, recurrent gain and input scale decide what a reservoir can tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.options import SweepOptions
from experiments.ranges import within
from experiments.script import Experiment, dry_run_of, main
from experiments.stages import Results, Stages, Swept
from rhythmic.cells import ResonantReservoirCell
from rhythmic.data import load_mnist5k, split
from rhythmic.data.dataset import MNIST5K_HELD_OUT_PER_CLASS, NUM_TRAIN
from rhythmic.plotting.weight_grid import accuracy_figure, frequency_figure
from rhythmic.reservoirs import ReservoirData, ReservoirGrid, read_out, weight_grid_sweep

MOST_TRAIN = NUM_TRAIN["mnist5k"]
MOST_VALIDATION = 10 * MNIST5K_HELD_OUT_PER_CLASS


@dataclass(frozen=True)
class WeightGridOptions(SweepOptions):
    """Resonant reservoirs over their weights, on handwritten digits read pixel by pixel.

    Args:
        pole_radii: r of every node, no unit, rising; 0.93004 as published, beyond 1 nodes grow.
        ladder_ratios: f_{k+1} / f_k, no unit, above 1 and rising.
        recurrent_gains: spectral radius of the recurrent weights, no unit, rising; 0.426 as
            published, 0 for nodes that do not talk.
        input_scales: factor on the input, units of x per unit of ink, above 0 and rising.
        seeds: of the recurrent weights and the noise, one reservoir each.
        num_nodes: nodes of the ladder; those at a quarter of the sample rate or above do not live.
        start_frequency: of the slowest node, Hz.
        noise: standard deviation of the noise in every step, units of x; 0 for none.
        num_train: digits that the readout is fitted to.
        num_validation: digits that it is judged by.
        split_seed: which digits these are; test digits are never looked at.
        published_seeds: reservoirs of the published kind, 246 nodes, run beside the grid; or none.
    """

    pole_radii: tuple[float, ...] = (0.8, 0.93004, 0.9995, 1.003, 1.01)
    ladder_ratios: tuple[float, ...] = (1.1, 1.3, 1.618, 2.718)
    recurrent_gains: tuple[float, ...] = (0.0, 0.426, 4.26)
    input_scales: tuple[float, ...] = (0.1, 1.0, 10.0)
    seeds: tuple[int, ...] = (1, 2)
    num_nodes: int = 11
    start_frequency: float = 2.0
    noise: float = 0.00538
    num_train: int = 250
    num_validation: int = 250
    split_seed: int = 0
    published_seeds: tuple[int, ...] = (1,)

    MOST: ClassVar[Mapping[str, int]] = dict.fromkeys(("seeds", "published_seeds"), 2**31 - 1)

    def check(self) -> None:
        """Raise a ValueError of one line that names the option out of range."""
        super().check()
        for name, low, allowed in (
            ("pole_radii", 0.0, "above 0"),
            ("ladder_ratios", 1.0, "above 1"),
            ("recurrent_gains", -1e-30, "0 or more"),
            ("input_scales", 0.0, "above 0"),
        ):
            values = getattr(self, name)
            # As they are in float32, in which the sweep runs.
            with np.errstate(over="ignore"):
                rounded = np.asarray(values, np.float32)
            rising = rounded.size and np.all(np.isfinite(rounded)) and np.all(np.diff(rounded) > 0)
            if not (rising and rounded[0] > low):
                raise ValueError(f"{name} is {values}; give rising finite numbers, {allowed}")
        within(
            self,
            seeds="[0, inf)",
            num_train=f"[10, {MOST_TRAIN}]",
            num_validation=f"[10, {MOST_VALIDATION}]",
        )
        _ = self.grid

    @property
    def grid(self) -> ReservoirGrid:
        """What is the same for all points."""
        return ReservoirGrid(
            num_nodes=self.num_nodes, start_frequency=self.start_frequency, noise=self.noise
        )

    @property
    def axes(self) -> dict[str, tuple[float, ...]]:
        """The swept weights by name, in the order of the results after the seeds."""
        return {
            "pole radius": self.pole_radii,
            "ladder ratio": self.ladder_ratios,
            "recurrent gain": self.recurrent_gains,
            "input scale": self.input_scales,
        }


PRESETS = {
    "quick": WeightGridOptions(),
    "full": WeightGridOptions(
        preset="full",
        pole_radii=(0.8, 0.93004, 0.96, 0.98, 0.99, 0.9995, 1.003, 1.01),
        ladder_ratios=(1.05, 1.1, 1.2, 1.3, 1.618, 2.0, 2.718),
        recurrent_gains=(0.0, 0.0426, 0.426, 4.26),
        seeds=(1, 2, 3),
        num_train=500,
        num_validation=500,
        published_seeds=(1, 2, 3),
    ),
    "smoke": WeightGridOptions(
        preset="smoke",
        pole_radii=(0.9, 1.003),
        ladder_ratios=(1.3, 2.0),
        recurrent_gains=(0.0, 0.426),
        input_scales=(1.0,),
        seeds=(1, 2),
        num_nodes=5,
        noise=0.0,
        num_train=40,
        num_validation=40,
        published_seeds=(),
    ),
}


def measure(options: WeightGridOptions, stages: Stages) -> Results:
    """Sweep the grid, and run the published reservoir on the same digits."""
    data = digits(options)
    return stages.sweep("grid", swept_grid(options, data)) | published(options, data)


def digits(options: WeightGridOptions) -> ReservoirData:
    """Return digits of the training and of the validation part, one pixel a step, in 0 to 1."""
    pool = load_mnist5k()
    parts = split(pool, options.split_seed)
    arrays = []
    for chosen in (parts.train[: options.num_train], parts.validation[: options.num_validation]):
        arrays += [(pool.images[chosen].T / 255).astype(np.float32)]
        arrays += [pool.labels[chosen].astype(np.int32)]
    return ReservoirData(*map(jnp.asarray, arrays))


def swept_grid(options: WeightGridOptions, data: ReservoirData) -> Swept:
    """Return the sweep over the grid; on a CPU the points of a chunk share a ladder."""
    sweep = weight_grid_sweep(
        options.grid,
        data,
        pole_radii=options.pole_radii,
        ladder_ratios=options.ladder_ratios,
        recurrent_gains=options.recurrent_gains,
        input_scales=options.input_scales,
        seeds=options.seeds,
    )
    sharing = len(options.recurrent_gains) * len(options.input_scales)
    return Swept(sweep, sharing if jax.devices()[0].platform == "cpu" else None)


def published(options: WeightGridOptions, data: ReservoirData) -> Results:
    """Run reservoirs of 246 nodes with the published weights on the same digits."""

    @jax.jit
    def run(seed: jax.Array) -> jax.Array:
        weight_key, noise_key = jax.random.split(jax.random.key(seed))
        cell = ResonantReservoirCell.published(key=weight_key, noise=options.noise)
        return read_out(cell, data, key=noise_key).validation_accuracy

    return {"published_accuracy": np.array([run(seed) for seed in options.published_seeds], float)}


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


EXPERIMENT = Experiment(
    name="weight_grid",
    section="Rhythmic RNN in practice",
    question="Which weights of a resonant reservoir, none of them trained, tell digits apart?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
    all_cores=True,
    dry_run=dry_run_of(lambda options: {"weight_grid": swept_grid(options, digits(options))}),
)

if __name__ == "__main__":
    main(EXPERIMENT)
