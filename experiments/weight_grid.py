"""How pole radius, ladder, recurrent gain and input scale decide what a reservoir can tell."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from experiments.weight_grid_options import PRESETS, WeightGridOptions
from experiments.weight_grid_report import answer, draw, summarise
from rhythmic.cells import ResonantReservoirCell
from rhythmic.data import load_mnist5k, split
from rhythmic.reservoirs import ReservoirData, read_out, weight_grid_sweep
from rhythmic.sweep import run_sweep


def measure(options: WeightGridOptions, stages: Stages | None) -> Results:
    """Sweep the grid, and run the published reservoir on the same digits."""
    data = digits(options)
    # In chunks on disk, so that a long grid goes on where it was killed.
    folder = None if stages is None else stages.folder / "sweep"
    parts = {
        "grid": lambda: grid(options, data, folder),
        "published": lambda: published(options, data),
    }
    found = {name: part() for name, part in parts.items()} if stages is None else stages.each(parts)
    return found["grid"] | found["published"]


def digits(options: WeightGridOptions) -> ReservoirData:
    """Return digits of the training and of the validation part, one pixel a step, in 0 to 1."""
    pool = load_mnist5k()
    parts = split(pool, options.split_seed)
    arrays = []
    for chosen in (parts.train[: options.num_train], parts.validation[: options.num_validation]):
        arrays += [(pool.images[chosen].T / 255).astype(np.float32)]
        arrays += [pool.labels[chosen].astype(np.int32)]
    return ReservoirData(*map(jnp.asarray, arrays))


def grid(options: WeightGridOptions, data: ReservoirData, folder: Path | None) -> Results:
    """Compute every point of the grid."""
    sweep = weight_grid_sweep(
        options.grid,
        data,
        pole_radii=options.pole_radii,
        ladder_ratios=options.ladder_ratios,
        recurrent_gains=options.recurrent_gains,
        input_scales=options.input_scales,
        seeds=options.seeds,
    )
    side_by_side = len(options.recurrent_gains) * len(options.input_scales)
    on_cpu = jax.devices()[0].platform == "cpu"
    result = run_sweep(sweep, folder=folder, chunk_points=side_by_side if on_cpu else None)
    return {name: np.asarray(values) for name, values in result.arrays.items()}


def published(options: WeightGridOptions, data: ReservoirData) -> Results:
    """Run reservoirs of 246 nodes with the published weights on the same digits."""

    @jax.jit
    def run(seed: jax.Array) -> jax.Array:
        weight_key, noise_key = jax.random.split(jax.random.key(seed))
        cell = ResonantReservoirCell.published(key=weight_key, noise=options.noise)
        return read_out(cell, data, key=noise_key).validation_accuracy

    return {"published_accuracy": np.array([run(seed) for seed in options.published_seeds], float)}


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
)

if __name__ == "__main__":
    main(EXPERIMENT)
