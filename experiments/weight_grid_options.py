"""Options of ``experiments.weight_grid``."""

from dataclasses import dataclass

import numpy as np

from experiments.script import ScriptOptions, check_seed
from rhythmic.data.splits import MNIST5K_HELD_OUT_PER_CLASS, NUM_TRAIN
from rhythmic.reservoirs import ReservoirGrid

MOST_TRAIN = NUM_TRAIN["mnist5k"]
MOST_VALIDATION = 10 * MNIST5K_HELD_OUT_PER_CLASS


@dataclass(frozen=True)
class WeightGridOptions(ScriptOptions):
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

    def check(self) -> None:
        """Raise a ValueError of one line that names the option out of range."""
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
        if not self.seeds:
            raise ValueError("seeds is (); give one or more")
        for name in ("seeds", "published_seeds"):
            values = getattr(self, name)
            if len(set(values)) < len(values) or not all(0 <= seed < 2**31 for seed in values):
                raise ValueError(f"{name} is {values}; give different integers in 0 ... 2^31 - 1")
        for name, least, most in (
            ("num_train", 10, MOST_TRAIN),
            ("num_validation", 10, MOST_VALIDATION),
        ):
            if not least <= getattr(self, name) <= most:
                given = getattr(self, name)
                raise ValueError(f"{name} is {given}; it must lie between {least} and {most}")
        check_seed(self.split_seed)
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
