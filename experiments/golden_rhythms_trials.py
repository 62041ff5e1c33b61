"""What ``experiments.golden_rhythms`` is asked for, and the ladders that it tries."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax
import numpy as np

from experiments.options import ScriptOptions
from experiments.ranges import at_least, within
from experiments.stages import Results, Stages
from rhythmic.coupled import CoupledOscillators, responses
from rhythmic.coupled.ladders import PLASTIC_NUMBER, random_ladder, random_ratio, ratio_ladder
from rhythmic.coupled.sweep import published_gain_frequencies, rung_responses
from rhythmic.theory.ladders import GOLDEN_RATIO

NAMED = {
    "golden": GOLDEN_RATIO,
    "plastic": PLASTIC_NUMBER,
    "3/2": 1.5,
    "2": 2.0,
    "e": math.e,
}
DRIVER = 4


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
        swept_ratios: of the `random_ratios`, the first so many get the full sweep of gain
            frequencies; the named ladders always do.
        gain_stride: sweep every n-th of the 990 gain frequencies 1.0, 1.1 ... 99.9 Hz.
        threshold: multiple of its response to the constant gain from which a node answers.
        tolerance: distance in Hz from a rung within which a peak counts as at the rung, or at
            the sum or difference.
        noise_levels: intensities of a white force on every node, in position / s^1.5; the
            driver starts at position 1.
        noise_seeds: runs of every named ladder at each noise level.
        ladders_a_part: ladders of one part of the work; only memory and progress depend on it.
        seed: of ladders and noise.
    """

    random_ratios: int = 60
    random_rungs: int = 60
    swept_ratios: int = 0
    gain_stride: int = 1
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
        at_least(self, random_ratios=1, random_rungs=1, noise_seeds=1, ladders_a_part=1)
        within(self, swept_ratios=f"[0, {self.random_ratios}]", gain_stride="[1, 100]")
        # Above 3 the fastest node is beyond half the sample rate of the responses.
        within(self, highest_ratio="(1, 3]", lowest_ratio=f"(1, {self.highest_ratio})")
        within(self, threshold="(1, inf)", tolerance="[0.1, 5]", noise_levels="(0, inf)")


PRESETS = {
    "quick": GoldenOptions(),
    "full": GoldenOptions(
        preset="full", random_ratios=400, random_rungs=400, swept_ratios=100, noise_seeds=16
    ),
    "smoke": GoldenOptions(
        preset="smoke",
        random_ratios=5,
        random_rungs=5,
        gain_stride=5,
        noise_levels=(0.1,),
        noise_seeds=1,
    ),
}


def measure(options: GoldenOptions, stages: Stages) -> Results:
    """Sweep the gain frequency of ladders, and try every one at gains around its own rungs."""
    ratio_key, rung_key, noise_key = jax.random.split(jax.random.key(options.seed), 3)
    ends = options.lowest_ratio, options.highest_ratio
    ratios = [
        random_ratio(*ends, key=jax.random.fold_in(ratio_key, number))
        for number in range(options.random_ratios)
    ]
    sets = {
        "named": [ratio_ladder(ratio) for ratio in NAMED.values()],
        "ratio": [ratio_ladder(ratio) for ratio in ratios],
        "rungs": [
            random_ladder(key=jax.random.fold_in(rung_key, number))
            for number in range(options.random_rungs)
        ],
    }
    size = options.ladders_a_part
    swept = sets["named"] + sets["ratio"][: options.swept_ratios]
    sweeps = {
        f"sweep_{first}": sweep(swept[first : first + size], options.gain_stride)
        for first in range(0, len(swept), size)
    }
    parts = {
        name: {
            f"{name}_{first}": trial(ladders[first : first + size], options.tolerance)
            for first in range(0, len(ladders), size)
        }
        for name, ladders in sets.items()
    }
    noise = {
        f"noise_{place}": noisy_trial(options, level, jax.random.fold_in(noise_key, place))
        for place, level in enumerate(options.noise_levels)
    }
    found = stages.each(sweeps) | stages.each({k: f for x in parts.values() for k, f in x.items()})
    found |= stages.each(noise)
    results = {"ratios": np.array(ratios)}
    results["sweep_frequency"] = published_gain_frequencies()[:: options.gain_stride]
    results |= join("sweep_", [found[part] for part in sweeps], np.concatenate)
    for name, of_set in parts.items():
        results |= join(f"{name}_", [found[part] for part in of_set], np.concatenate)
    return results | join("noise_", [found[part] for part in noise], np.stack)


def join(
    prefix: str, parts: Sequence[Results], how: Callable[[list[np.ndarray]], np.ndarray]
) -> Results:
    """Join arrays of the same name."""
    return {f"{prefix}{name}": how([part[name] for part in parts]) for name in parts[0]}


def sweep(ladders: Sequence[tuple[float, ...]], stride: int) -> Callable[[], Results]:
    """Return the computation of some ladders' responses to the published gain frequencies.

    One ladder at a time: all take the same compiled program, and the motion of one under 990
    gains is 160 MB.
    """
    networks = [CoupledOscillators(ladder, driver=DRIVER) for ladder in ladders]
    gain = published_gain_frequencies()[::stride]
    return lambda: {"response": np.concatenate([responses([one], gain) for one in networks])}


def trial(ladders: Sequence[tuple[float, ...]], tolerance: float) -> Callable[[], Results]:
    """Return the computation of some ladders' responses around their rungs."""
    networks = [CoupledOscillators(ladder, driver=DRIVER) for ladder in ladders]
    return lambda: rung_responses(networks, tolerance)._asdict()


def noisy_trial(options: GoldenOptions, level: float, key: jax.Array) -> Callable[[], Results]:
    """Return the computation of all seeds of the named ladders at one noise level."""
    networks = [CoupledOscillators(ratio_ladder(x), driver=DRIVER) for x in NAMED.values()]

    def compute() -> Results:
        runs = [
            rung_responses(
                networks, options.tolerance, noise=level, key=jax.random.fold_in(key, number)
            )
            for number in range(options.noise_seeds)
        ]
        return {
            "modulated": np.stack([run.modulated for run in runs]),
            "constant": np.stack([run.constant for run in runs]),
        }

    return compute
