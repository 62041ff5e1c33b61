"""``python -m experiments.golden_rhythms``: eight oscillators that one gain rhythm can connect."""

from collections.abc import Callable, Sequence

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.golden_rhythms_options import GoldenOptions
from experiments.golden_rhythms_report import (
    DRIVER,
    NAMED,
    SHOWN_RUNG,
    answer,
    scores,
    summarise,
    trials,
)
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from rhythmic.coupled import CoupledOscillators, responses
from rhythmic.coupled.ladders import random_ladder, random_ratio, ratio_ladder
from rhythmic.coupled.rungs import rung_responses
from rhythmic.coupled.sweep import published_gain_frequencies
from rhythmic.plotting.golden import (
    response_figure,
    routing_figure,
    selectivity_figure,
    sweep_figure,
)

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


def draw(options: GoldenOptions, results: Results) -> dict[str, Figure]:
    """Draw responses, selectivity and routing tables."""
    named, stable = trials(results, "named"), results["rungs_stable"]
    found = scores(results, "named", options.threshold).selectivity
    marked = {
        name: (ratio, float(value), bool(steady))
        for (name, ratio), value, steady in zip(NAMED.items(), found, named.stable, strict=True)
    }
    return {
        "responses": response_figure(
            results["sweep_frequency"],
            results["sweep_response"][0],
            named.constant[0],
            named.frequencies[0],
            DRIVER,
            shown_gain=float(named.frequencies[0, SHOWN_RUNG]),
        ),
        "sweep": sweep_figure(
            [
                name if steady else f"{name} (unstable)"
                for name, steady in zip(NAMED, named.stable, strict=True)
            ],
            results["sweep_frequency"],
            results["sweep_response"][: len(NAMED)] / named.constant[..., None],
            named.frequencies,
            DRIVER,
        ),
        "selectivity": selectivity_figure(
            marked,
            results["ratios"],
            scores(results, "ratio", options.threshold).selectivity,
            results["ratio_stable"],
            scores(results, "rungs", options.threshold).selectivity[stable],
        ),
        "routes": routing_figure(
            list(NAMED),
            named.frequencies,
            named.relative(),
            named.answers(DRIVER, options.threshold),
            named.targets(DRIVER, options.tolerance),
        ),
    }


EXPERIMENT = Experiment(
    name="golden_rhythms",
    section="Golden rhythms",
    question="Which nodes can a gain rhythm connect?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
