"""What ``experiments.hopfield`` is asked for, and the networks that it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from experiments.options import ScriptOptions
from experiments.ranges import at_least, rising, within
from experiments.stages import Results, Stages
from rhythmic.data import load_mnist5k
from rhythmic.static.hopfield import (
    asynchronous_trajectory,
    energy,
    random_order,
    synchronous_recall,
    synchronous_trajectory,
)
from rhythmic.static.hopfield_capacity import capacity_sweep, recall_stored
from rhythmic.static.hopfield_storage import (
    centred_network,
    hebbian_network,
    overlap,
    pseudo_inverse_network,
    random_patterns,
)

# a of the thresholds U_i = a sum_j T_ij.
THRESHOLD_ACTIVITIES = (0.5, 0.0)
NUM_DIGITS = 5000  # in mnist5k


@dataclass(frozen=True)
class HopfieldOptions(ScriptOptions):
    """Options of the Hopfield network.

    Args:
        sizes: numbers of units N of the networks that store random patterns.
        loads: numbers of stored patterns, as a share of N.
        corruptions: shares of units flipped before recall, besides none; capacity is taken from
            recall that starts at the stored pattern.
        num_sets: sets of random patterns at each size.
        num_tested: patterns recalled at each point of a set.
        max_sweeps: sweeps (each unit once) after which a recall is given up.
        criterion: a pattern is recalled if the overlap with it, in units of -1 and +1, ends
            above this.
        level: the capacity is the load at which this share of patterns is recalled.
        num_resamples: resamples of the pattern sets behind an interval.
        digit_counts: numbers of stored digits.
        digit_sets: random choices of digits at each number.
        digit_corruption: share of pixels flipped before recall.
        digits_shown: number of stored digits in the example pictures, one of digit_counts.
        descent_units: N of the network whose energy is followed.
        descent_stored: random patterns that it stores.
        descent_starts: random states that it starts from.
        seed: of everything random.
    """

    sizes: tuple[int, ...] = (50, 100, 200)
    loads: tuple[float, ...] = (
        *(0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.16),
        *(0.18, 0.2, 0.22, 0.25, 0.3),
    )
    corruptions: tuple[float, ...] = (0.2,)
    num_sets: int = 20
    num_tested: int = 10
    max_sweeps: int = 100
    criterion: float = 0.95
    level: float = 0.5
    num_resamples: int = 1000
    digit_counts: tuple[int, ...] = (2, 3, 5, 10, 20, 50, 100, 300)
    digit_sets: int = 3
    digit_corruption: float = 0.1
    digits_shown: int = 10
    descent_units: int = 200
    descent_stored: int = 100
    descent_starts: int = 50
    seed: int = 0

    # Weights are units times units.
    MOST: ClassVar[Mapping[str, int]] = {"sizes": 4096, "descent_units": 4096}

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of range, its value and range."""
        at_least(self, num_sets=1, num_tested=1, max_sweeps=1, num_resamples=1, digit_sets=1)
        at_least(self, descent_units=1, descent_stored=1, descent_starts=1)
        within(self, sizes="[10, inf)", digit_counts=f"[2, {NUM_DIGITS}]", loads="(0, inf)")
        rising(self, "sizes", "digit_counts", "loads")
        self.check_loads()
        within(self, corruptions="[0, 1]", digit_corruption="[0, 1]")
        within(self, criterion="(0, 1)", level="(0, 1)")
        if self.digits_shown not in self.digit_counts:
            raise ValueError(
                f"digits_shown is {self.digits_shown}; choose from {self.digit_counts}"
            )

    def check_loads(self) -> None:
        """Raise a ValueError of one line unless every size stores two numbers of patterns."""
        counts = stored_counts(self, self.sizes[0])
        if counts[0] < 1:
            first, size = self.loads[0], self.sizes[0]
            raise ValueError(f"loads begins with {first}; no pattern at N = {size}")
        if len(counts) < 2:
            raise ValueError(f"loads is {self.loads}; all are {counts[0]} at N = {self.sizes[0]}")


PRESETS = {
    "quick": HopfieldOptions(),
    "full": HopfieldOptions(
        preset="full",
        sizes=(50, 100, 200, 400, 800),
        loads=(
            *(0.02, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11, 0.12),
            *(0.13, 0.14, 0.15, 0.16, 0.17, 0.18, 0.2, 0.22, 0.25, 0.3),
        ),
        corruptions=(0.1, 0.2, 0.3),
        num_sets=100,
        num_resamples=4000,
        digit_counts=(2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 400),
        digit_sets=10,
        descent_starts=500,
    ),
    "smoke": HopfieldOptions(
        preset="smoke",
        sizes=(20, 40),
        loads=(0.05, 0.1, 0.2, 0.4),
        num_sets=4,
        num_resamples=100,
        digit_counts=(2, 10),
        digit_sets=1,
        descent_units=60,
        descent_stored=12,
        descent_starts=10,
    ),
}


def stored_counts(options: HopfieldOptions, size: int) -> np.ndarray:
    """Return the numbers of stored patterns at a size, each once."""
    return np.unique(np.round(np.array(options.loads) * size).astype(int))


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
