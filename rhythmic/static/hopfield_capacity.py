"""How many random patterns a Hopfield network remembers: recall, sweeps and the mean field.

From recall to a capacity with its interval, and to its limit in large networks.

Source: Hopfield (1982), PNAS 79:2554; mean field: Amit, Gutfreund & Sompolinsky (1985), Phys. Rev.
Lett. 55:1530; textbook definitions (bootstrap, linear interpolation, least squares); resampled as
in B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993).
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from jaxtyping import Array, Bool, Float, Int

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer
from rhythmic.static.hopfield import HopfieldNetwork, recall
from rhythmic.static.hopfield_storage import corrupt, hopfield_network, overlap, random_patterns
from rhythmic.typing import AnyArray


class StoredRecall(NamedTuple):
    """Recall of stored patterns.

    Attributes:
        overlaps: m between the pattern and the state at the end.
        converged: that state is a fixed point.
        states: the states at the end.
        probes: where they started, the corrupted patterns.
    """

    overlaps: Float[Array, "corruption tested"]
    converged: Bool[Array, "corruption tested"]
    states: Float[Array, "unit corruption tested"]
    probes: Float[Array, "unit corruption tested"]


class CapacitySweep(NamedTuple):
    """Recall of random patterns at every point of a sweep, axes in the order of the names.

    Attributes:
        overlaps: m between a stored pattern and the state at the end.
        converged: that state is a fixed point.
    """

    overlaps: Float[Array, "set load threshold corruption tested"]
    converged: Bool[Array, "set load threshold corruption tested"]


@checked(least=1)
def recall_stored(
    network: HopfieldNetwork,
    patterns: Float[Array, "unit pattern"],
    num_stored: Int[Array, ""] | int,
    corruptions: Float[AnyArray, " corruption"],
    num_tested: int,
    max_sweeps: int,
    *,
    key: jax.Array,
) -> StoredRecall:
    """Corrupt stored patterns and let the network converge, asynchronously in random order.

    Args:
        network: weights and thresholds.
        patterns: the stored patterns, one per column; columns from `num_stored` on are not used.
        num_stored: number of stored patterns, 1 or more.
        corruptions: fractions of units flipped before, in [0, 1].
        num_tested: patterns tested, from the first on; if fewer are stored they are taken again,
            with other units flipped. Static.
        max_sweeps: sweeps after which to give up.
        key: source of the flipped units and of the order, which all probes share.
    """
    corrupt_key, order_key = jax.random.split(key)
    targets = patterns[:, jnp.arange(num_tested) % num_stored]
    shares = jnp.asarray(corruptions, targets.dtype)
    probes = jax.vmap(lambda share: corrupt(targets, share, key=corrupt_key), out_axes=1)(shares)
    result = recall(network, probes, max_sweeps, key=order_key)
    overlaps = overlap(result.state, jnp.broadcast_to(targets[:, None], probes.shape))
    return StoredRecall(overlaps, result.converged, result.state, probes)


@checked(least=1)
def capacity_sweep(
    num_units: int,
    num_stored: Int[np.ndarray, " load"],
    threshold_activities: Float[np.ndarray, " threshold"],
    corruptions: Float[np.ndarray, " corruption"],
    sets: Int[np.ndarray, " set"],
    *,
    num_tested: int,
    max_sweeps: int,
    key: jax.Array,
) -> CapacitySweep:
    """Store random patterns by Hopfield's rule and recall them, over loads and pattern sets.

    A pattern set is one long row of random patterns; load p stores its first p. The sets are
    therefore independent of one another, while loads and thresholds are compared on one set.

    Args:
        num_units: N.
        num_stored: numbers of stored patterns p, each 1 or more.
        threshold_activities: a of U_i = a sum_j T_ij; 1/2 is the model of -1 and +1, 0 is U = 0.
        corruptions: fractions of units flipped before recall, in [0, 1].
        sets: numbers of the pattern sets. The key of a point is that of the sweep, folded with N,
            set and p, so a part of a sweep gives the same numbers as the whole.
        num_tested: patterns tested at each point.
        max_sweeps: sweeps after which to give up.
        key: of the sweep.

    Raises:
        ValueError: for a number of stored patterns below 1, or none.
    """
    if not np.size(num_stored):
        raise ValueError("num_stored holds no number; it must hold one or more")
    if np.min(num_stored) < 1:
        raise ValueError(f"num_stored holds {np.min(num_stored)}; it must be at least 1")
    return _capacity_sweep(
        jax.random.fold_in(key, num_units),
        jnp.asarray(num_stored),
        jnp.asarray(threshold_activities, float),
        jnp.asarray(corruptions, float),
        jnp.asarray(sets),
        num_units=num_units,
        max_stored=int(np.max(num_stored)),
        num_tested=num_tested,
        max_sweeps=max_sweeps,
    )


@partial(jax.jit, static_argnames=("num_units", "max_stored", "num_tested", "max_sweeps"))
def _capacity_sweep(
    key: jax.Array,
    num_stored: Array,
    threshold_activities: Array,
    corruptions: Array,
    sets: Array,
    *,
    num_units: int,
    max_stored: int,
    num_tested: int,
    max_sweeps: int,
) -> CapacitySweep:
    def of_set(number: Array) -> CapacitySweep:
        pattern_key, recall_key = jax.random.split(jax.random.fold_in(key, number))
        patterns = random_patterns(num_units, max_stored, key=pattern_key)

        def of_load(count: Array) -> CapacitySweep:
            point_key = jax.random.fold_in(recall_key, count)
            # Units at 1/2 leave no trace in the weights: the shapes are the same for all loads.
            stored = jnp.where(jnp.arange(max_stored) < count, patterns, 0.5)

            def of_threshold(activity: Array) -> CapacitySweep:
                network = hopfield_network(stored, activity)
                found = recall_stored(
                    network, patterns, count, corruptions, num_tested, max_sweeps, key=point_key
                )
                return CapacitySweep(found.overlaps, found.converged)

            return jax.lax.map(of_threshold, threshold_activities)

        return jax.lax.map(of_load, num_stored)

    # One point after the other and not by vmap: weights stay in the cache, and each point
    # stops when its own probes have converged.
    return jax.lax.map(of_set, sets)


@checked(finite=True)
def mean_field_capacity(threshold_activity: float = 0.5) -> float:
    """Return the load p/N up to which states close to the patterns exist, for N to infinity.

    alpha_c = max_x 1/2 (erf(x)/x - 2/sqrt(pi) exp(-x^2))^2 / (1 + (1 - 2 a)^2)

    For a = 1/2 this is 0.138. The thresholds U_i = a sum_j T_ij leave a constant fraction 1 - 2 a
    of every stored pattern's overlap with the state of all ones in the field. That overlap is as
    large and as random as the one with the state itself, and adds (1 - 2 a)^2 of its variance
    to the noise: U = 0 halves the capacity.

    Args:
        threshold_activity: a.

    Source: Amit, Gutfreund & Sompolinsky (1985), Phys. Rev. Lett. 55:1530, at zero temperature
    and with replica symmetry; in the form of Hertz, Krogh & Palmer (1991), section 2.5. The
    denominator by the same signal-to-noise argument.
    """
    best = scipy.optimize.minimize_scalar(
        lambda x: -_root_of_twice_load(x), bounds=(0.5, 4.0), method="bounded"
    )
    return (
        0.5
        * _root_of_twice_load(best.x) ** 2
        / (1 + (1 - 2 * threshold_activity) * (1 - 2 * threshold_activity))
    )


def _root_of_twice_load(x: float) -> float:
    """Return sqrt(2 alpha) where the overlap is erf(x)."""
    return float(scipy.special.erf(x) / x - 2 / np.sqrt(np.pi) * np.exp(-(x**2)))


class LoadEstimate(NamedTuple):
    """A load, ``value``, in patterns per unit, with its 95 % interval from ``low`` to ``high``.

    The interval is over resampled pattern sets.
    """

    value: float
    low: float
    high: float


class CapacityEstimates(NamedTuple):
    """Loads at which the recalled fraction crosses a level, at every size.

    Attributes:
        values: from all pattern sets, patterns per unit.
        resampled: from sets drawn with replacement, resamples first.
    """

    values: Float[np.ndarray, "*condition size"]
    resampled: Float[np.ndarray, "resample *condition size"]


@checked(finite=True)
def capacity_estimates(
    loads: Sequence[Float[np.ndarray, " load"]],
    recalled: Sequence[Float[np.ndarray, "set load *condition"]],
    level: float,
    num_resamples: int,
    *,
    seed: int,
) -> CapacityEstimates:
    """Find the load at which half, or another fraction, of the patterns is recalled.

    The sets are resampled at each size on their own, as each size has its own patterns; a set is
    resampled as a whole, since the patterns of one network are not independent.

    Args:
        loads: patterns per unit, rising, one array per size.
        recalled: fraction of patterns recalled in each set, one array per size.
        level: fraction of patterns that defines the capacity, in (0, 1).
        num_resamples: of the pattern sets.
        seed: of the draws.

    Returns:
        The crossings by `crossing_load`, NaN where the fraction does not cross the level.

    Raises:
        ValueError: for no loads, another number of fractions, or shapes that do not fit.
    """
    if not len(loads) or len(loads) != len(recalled):
        raise ValueError(
            f"loads holds {len(loads)} and recalled {len(recalled)} sizes; expected as many, one "
            "or more"
        )
    values, resampled = [], []
    for number, (load, share) in enumerate(zip(loads, recalled, strict=True)):
        means = bootstrap_means(share, num_resamples, seed=(seed, number))
        values.append(crossing_load(load, share.mean(axis=0), level))
        resampled.append(crossing_load(load, np.moveaxis(means, 0, 1), level))
    return CapacityEstimates(np.stack(values, axis=-1), np.stack(resampled, axis=-1))


@checked
def bootstrap_means(
    values: Float[np.ndarray, "set *rest"], num_resamples: int, *, seed: int | Sequence[int]
) -> Float[np.ndarray, "resample *rest"]:
    """Average over pattern sets drawn with replacement, again and again.

    Args:
        values: a number for each pattern set, first axis.
        num_resamples: how often.
        seed: of the draws.

    Returns:
        The mean of each resample, resamples first.

    Raises:
        ValueError: for no pattern sets.
    """
    if not len(values):
        raise ValueError(f"values has shape {np.shape(values)}; it must hold one set or more")
    num_resamples = checked_integer("num_resamples", num_resamples, 1)
    for one in seed if isinstance(seed, Sequence) else [seed]:
        checked_integer("seed", one, 0, 2**32 - 1)
    num_sets = len(values)
    draws = np.random.default_rng(seed).multinomial(
        num_sets, np.full(num_sets, 1 / num_sets), size=num_resamples
    )
    return np.tensordot(draws / num_sets, values, axes=1)


@checked(finite=True)
def crossing_load(
    loads: Float[np.ndarray, " load"], share: Float[np.ndarray, "load *rest"], level: float
) -> Float[np.ndarray, "*rest"]:
    """Return the first load at which a fraction falls below a level, linearly between the loads.

    Args:
        loads: rising.
        share: at each load, first axis.
        level: of the fraction.

    Returns:
        The load; NaN where the fraction is below the level from the start or never falls below it.

    Raises:
        ValueError: for fewer than two loads or a fraction at other loads.
    """
    if len(loads) < 2:
        raise ValueError(f"loads holds {len(loads)}; it must hold two or more")
    loads, share = np.asarray(loads, float), np.asarray(share, float)
    below = share < level
    first = np.argmax(below, axis=0)
    after = np.maximum(first, 1)
    high = np.take_along_axis(share, after[None] - 1, axis=0)[0]
    low = np.take_along_axis(share, after[None], axis=0)[0]
    crosses = below.any(axis=0) & (first > 0)
    # Where nothing crosses, the division may be by 0 and its result is not used.
    part = (high - level) / np.where(crosses, high - low, 1)
    crossing = loads[after - 1] + part * (loads[after] - loads[after - 1])
    return np.where(crosses, crossing, np.nan)


@checked(finite=True)
def limit_load(
    sizes: Int[np.ndarray, " size"], loads: Float[np.ndarray, "*rest size"], power: float
) -> Float[np.ndarray, "*rest"]:
    """Extrapolate loads to infinite N along the least-squares line in N^-power.

    Args:
        sizes: N, two different ones or more.
        loads: at each size, last axis.
        power: above 0; the line is a description, its power an assumption.

    Returns:
        The load at N^-power = 0; NaN where a load is NaN.

    Raises:
        ValueError: for fewer than two different sizes or a power that is not above 0.
    """
    if not power > 0:
        raise ValueError(f"power is {power}; it must be above 0")
    if len(np.unique(sizes)) < 2:
        raise ValueError(f"sizes holds {np.unique(sizes)}; a line needs two different ones")
    along = np.asarray(sizes, float) ** -power
    away = along - along.mean()
    slope = (loads * away).sum(axis=-1) / (away**2).sum()
    return np.asarray(loads).mean(axis=-1) - slope * along.mean()


@checked
def load_estimate(value: float, resampled: Float[np.ndarray, " resample"]) -> LoadEstimate:
    """Return a load with the range of the middle 95 % of its resamples.

    The range is NaN if a resample is, and if none differs from another but by rounding: sets that
    agree, or a single one, do not show how much others would differ.

    Args:
        value: the load itself, patterns per unit.
        resampled: the same of sets drawn with replacement.
    """
    # Here and not above: SciPy's statistics take half a second to import.
    from rhythmic.statistics import varies

    low, high = np.percentile(resampled, [2.5, 97.5]) if varies(resampled) else (np.nan, np.nan)
    return LoadEstimate(float(value), float(low), float(high))
