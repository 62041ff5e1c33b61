"""How many random patterns a Hopfield network remembers: recall, sweeps and the mean field.

Source: Hopfield (1982), PNAS 79:2554; mean field: Amit, Gutfreund & Sompolinsky (1985), Phys. Rev.
Lett. 55:1530.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from jaxtyping import Array, Bool, Float, Int

from rhythmic.arguments import checked
from rhythmic.static.hopfield import HopfieldNetwork
from rhythmic.static.hopfield_storage import corrupt, hopfield_network, overlap, random_patterns
from rhythmic.static.hopfield_updates import recall
from rhythmic.typing import AnyArray


class StoredRecall(NamedTuple):
    """What came back of stored patterns.

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
    """What came back of random patterns at every point of a sweep, axes in the order of the names.

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
        patterns: the stored patterns, one a column; columns from `num_stored` on are not used.
        num_stored: number of stored patterns, 1 or more.
        corruptions: shares of units flipped before, in [0, 1].
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
        corruptions: shares of units flipped before recall, in [0, 1].
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
    """Give the load p/N up to which states close to the patterns exist, for N without end.

    alpha_c = max_x 1/2 (erf(x)/x - 2/sqrt(pi) exp(-x^2))^2 / (1 + (1 - 2 a)^2)

    For a = 1/2 this is 0.138. The thresholds U_i = a sum_j T_ij leave a constant share 1 - 2 a
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
