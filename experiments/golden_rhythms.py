"""``python -m experiments.golden_rhythms``: eight oscillators that one gain rhythm can connect."""

from collections.abc import Callable, Sequence

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.golden_rhythms_report import (
    DRIVER,
    NAMED,
    SHOWN_RUNG,
    GoldenOptions,
    answer,
    scores,
    summarise,
    trials,
)
from experiments.script import Experiment, Results, Stages, main
from rhythmic.coupled import (
    CoupledOscillators,
    published_gain_frequencies,
    random_ladder,
    random_ratio,
    ratio_ladder,
    responses,
    rung_responses,
)
from rhythmic.plotting.golden import response_figure, routing_figure, selectivity_figure

PRESETS = {
    "quick": GoldenOptions(),
    "full": GoldenOptions(preset="full", random_ratios=400, random_rungs=400, noise_seeds=16),
    "smoke": GoldenOptions(
        preset="smoke", random_ratios=5, random_rungs=5, noise_levels=(0.1,), noise_seeds=1
    ),
}


def measure(options: GoldenOptions, stages: Stages) -> Results:
    """Sweep the golden ladder, and try every ladder at gains around its own rungs."""
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
    found = stages.each({"sweep": sweep} | {k: f for x in parts.values() for k, f in x.items()})
    found |= stages.each(noise)
    results = {"ratios": np.array(ratios)} | found["sweep"]
    for name, of_set in parts.items():
        results |= join(f"{name}_", [found[part] for part in of_set], np.concatenate)
    return results | join("noise_", [found[part] for part in noise], np.stack)


def join(
    prefix: str, parts: Sequence[Results], how: Callable[[list[np.ndarray]], np.ndarray]
) -> Results:
    """Join arrays of the same name."""
    return {f"{prefix}{name}": how([part[name] for part in parts]) for name in parts[0]}


def sweep() -> Results:
    """Give the golden ladder's response to the 990 published gain frequencies."""
    frequency = published_gain_frequencies()
    response = responses([CoupledOscillators()], frequency)[0]
    return {"sweep_frequency": frequency, "sweep_response": response}


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
            results["sweep_response"],
            named.constant[0],
            named.frequencies[0],
            DRIVER,
            shown_gain=float(named.frequencies[0, SHOWN_RUNG]),
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
    question="What rhythms in the RNN?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
