"""How many patterns a Hopfield network remembers, how its energy falls, and why digits are hard."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.hopfield_options import PRESETS, HopfieldOptions, stored_counts
from experiments.hopfield_report import (
    RULE_NAMES,
    THRESHOLD_ACTIVITIES,
    answer,
    capacities,
    loads,
    recalled,
    summarise,
)
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from rhythmic.data import load_mnist5k
from rhythmic.plotting.hopfield import (
    capacity_figure,
    corruption_figure,
    descent_figure,
    digit_figure,
)
from rhythmic.static.hopfield import energy
from rhythmic.static.hopfield_capacity import capacity_sweep, mean_field_capacity, recall_stored
from rhythmic.static.hopfield_storage import (
    centred_network,
    hebbian_network,
    overlap,
    pseudo_inverse_network,
    random_patterns,
)
from rhythmic.static.hopfield_updates import (
    asynchronous_trajectory,
    random_order,
    synchronous_recall,
    synchronous_trajectory,
)

RULES = (hebbian_network, centred_network, pseudo_inverse_network)  # in the order of RULE_NAMES
SETS_A_PART = 25
INK = 128  # a pixel counts as 1 from here on, of 255
ASYNCHRONOUS_SWEEPS, SYNCHRONOUS_STEPS = 8, 30


def measure(options: HopfieldOptions, stages: Stages) -> Results:
    """Recall random patterns at every size, follow the energy, recall digits."""
    random_key, descent_key, digit_key = jax.random.split(jax.random.key(options.seed), 3)
    results: Results = {}
    for size in options.sizes:
        parts = {
            f"random-{size}-from-set-{first}": partial(
                random_part, options, size, first, key=random_key
            )
            for first in range(0, options.num_sets, SETS_A_PART)
        }
        found = list(stages.each(parts).values())
        for name in found[0]:
            results[f"{name}_{size}"] = np.concatenate([part[name] for part in found])
    results |= stages.each({"descent": partial(descent, options, key=descent_key)})["descent"]
    digits = stages.each(
        {
            f"digits-{count}": partial(digit_part, options, count, key=digit_key)
            for count in options.digit_counts
        }
    )
    for name in ("digit_overlaps", "digit_majority"):
        results[name] = np.stack([part[name] for part in digits.values()])
    results["digit_pictures"] = digits[f"digits-{options.digits_shown}"]["digit_pictures"]
    return results


def random_part(options: HopfieldOptions, size: int, first: int, *, key: jax.Array) -> Results:
    """Recall random patterns at one size, of a part of the sets."""
    sweep = capacity_sweep(
        size,
        stored_counts(options, size),
        np.array(THRESHOLD_ACTIVITIES),
        np.array([0.0, *options.corruptions]),
        np.arange(first, min(first + SETS_A_PART, options.num_sets)),
        num_tested=options.num_tested,
        max_sweeps=options.max_sweeps,
        key=key,
    )
    return {name: np.asarray(values) for name, values in sweep._asdict().items()}


def descent(options: HopfieldOptions, *, key: jax.Array) -> Results:
    """Follow the energy from random states, one unit at a time and all units at once."""
    pattern_key, start_key, order_key = jax.random.split(key, 3)
    units = options.descent_units
    patterns = random_patterns(units, options.descent_stored, key=pattern_key)
    network = hebbian_network(patterns)
    starts = random_patterns(units, options.descent_starts, key=start_key)
    along_time = jax.jit(jax.vmap(lambda state: energy(network, state)))
    order = random_order(ASYNCHRONOUS_SWEEPS, units, key=order_key)
    one_by_one = jax.lax.map(
        lambda start: along_time(asynchronous_trajectory(network, start, order)), starts.T
    )
    together = along_time(synchronous_trajectory(network, starts, SYNCHRONOUS_STEPS))
    period = synchronous_recall(network, starts, 10 * units).period
    return {
        "asynchronous_energies": np.asarray(one_by_one),  # start, update
        "synchronous_energies": np.asarray(together).T,  # start, step
        "synchronous_period": np.asarray(period),
    }


@cache
def binary_digits() -> np.ndarray:
    """Return the digits of mnist5k, (example, pixel), True where there is ink."""
    return load_mnist5k().images >= INK


def digit_part(options: HopfieldOptions, count: int, *, key: jax.Array) -> Results:
    """Store digits by every rule and recall them from corrupted ones, over several choices."""
    images = binary_digits()
    tested = np.arange(options.num_tested) % count
    overlaps, majorities, pictures = [], [], []
    # Digits resemble one another so much that single precision loses directions among 400.
    with jax.enable_x64(True):
        run = jax.jit(recall_stored, static_argnames=("num_tested", "max_sweeps"))
        for number in range(options.digit_sets):
            choice_key, recall_key = jax.random.split(jax.random.fold_in(key, number))
            chosen = np.asarray(jax.random.permutation(choice_key, len(images)))[:count]
            stored = jnp.asarray(images[chosen].T, float)
            targets = stored[:, tested]
            found = [
                run(
                    rule(stored),
                    targets,
                    options.num_tested,
                    jnp.array([options.digit_corruption]),
                    num_tested=options.num_tested,
                    max_sweeps=options.max_sweeps,
                    key=recall_key,
                )
                for rule in RULES
            ]
            majority = jnp.broadcast_to(stored.mean(axis=1, keepdims=True) > 0.5, targets.shape)
            majorities.append(overlap(majority, targets))
            overlaps.append([result.overlaps[0] for result in found])
            if number == 0:
                states = [result.states[:, 0] for result in found]
                pictures = [targets, found[0].probes[:, 0], *states]
    return {
        "digit_overlaps": np.array(overlaps),  # set, rule, tested
        "digit_majority": np.array(majorities),  # set, tested
        "digit_pictures": np.array(pictures, dtype=np.uint8),  # kind, pixel, tested
    }


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
