"""Storage rules of the Hopfield network, and the overlap of a state with a pattern.

Patterns are columns, ``unit pattern``, so that a set of them is a batch of states.

Source: Hopfield (1982), PNAS 79:2554, and what each rule names.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Real

from rhythmic.arguments import checked
from rhythmic.cells.interface import weigh
from rhythmic.static._arrays import as_array
from rhythmic.static.hopfield import HopfieldNetwork, check_binary


@checked
def hebbian_weights(
    patterns: Real[Array, "unit pattern"], mean_activity: Real[Array, "*#unit"] | float = 0.5
) -> Float[Array, "unit unit"]:
    """Store patterns by Hebb's rule about a mean activity.

    T_ij = 4 sum_s (V_i^s - a_i) (V_j^s - a_j), T_ii = 0. With a = 1/2 this is Hopfield's
    T_ij = sum_s (2 V_i^s - 1) (2 V_j^s - 1); with a the mean of the stored patterns it is their
    covariance, for patterns that resemble one another.

    Args:
        patterns: V^s of 0s and 1s, (unit, pattern): N rows, p columns, one pattern per column.
        mean_activity: a, one number or one per unit; in [0, 1].

    Returns:
        T, exactly symmetric.

    Raises:
        ValueError: if the patterns are not a matrix of 0s and 1s (traced values are not checked) or
            `mean_activity` does not fit the units.

    Source: Hopfield (1982), PNAS 79:2554, eq. 2; covariance rule: Sejnowski (1977), Tsodyks &
    Feigelman (1988).
    """
    stored = _checked_patterns(patterns)
    mean = _mean_of_units(stored, mean_activity)
    deviations = 2 * (stored - mean[:, None])
    return _without_self(weigh(deviations, deviations.T))


@checked
def pseudo_inverse_weights(patterns: Real[Array, "unit pattern"]) -> Float[Array, "unit unit"]:
    """Store patterns by the projection on the space that they span.

    T = N S S^+ without its diagonal, S = 2 V - 1 and S^+ its pseudo-inverse. For orthogonal S
    this is Hopfield's rule. With `mean_thresholds(T, 1/2)` a stored pattern has the field
    N/2 (1 - P_ii) S_i, P = S S^+: it is a fixed point however much the patterns resemble one
    another, as long as no P_ii is 1 (there the field is 0 and rounding decides).

    Args:
        patterns: V^s of 0s and 1s, (unit, pattern): N rows, p columns, one pattern per column;
            dependent columns count once.

    Returns:
        T, exactly symmetric, in the floating dtype of the patterns.

    Raises:
        ValueError: if the patterns are not a matrix of 0s and 1s (traced values are not checked).

    Source: Personnaz, Guyon & Dreyfus (1985), J. Physique Lett. 46:359; Kanter & Sompolinsky
    (1987), Phys. Rev. A 35:380 (no self-connections).
    """
    signs = 2 * _checked_patterns(patterns) - 1
    basis, sizes, _ = jnp.linalg.svd(signs, full_matrices=False)
    tolerance = max(signs.shape) * jnp.finfo(signs.dtype).eps * sizes[0]
    basis = jnp.where(sizes > tolerance, basis, 0)
    return _without_self(signs.shape[0] * weigh(basis, basis.T))


@checked
def mean_thresholds(
    weights: Float[Array, "unit unit"], mean_activity: Real[Array, "*#unit"] | float = 0.5
) -> Float[Array, " unit"]:
    """Put each threshold at the input that units of a mean activity would give.

    U_i = sum_j T_ij a_j. With a = 1/2 the network of 0 and 1 is the one of S = 2 V - 1 = -1 and
    +1 without thresholds, sum_j T_ij S_j against 0; a = 0 gives U = 0.

    Args:
        weights: T.
        mean_activity: a, one number or one per unit.

    Raises:
        ValueError: if the shapes do not match.

    Source: Hopfield (1982), PNAS 79:2554 (U = 0); Hertz, Krogh & Palmer (1991), section 2.2
    (the model of -1 and +1).
    """
    return weigh(weights, _mean_of_units(weights, mean_activity))


@checked
def hebbian_network(
    patterns: Real[Array, "unit pattern"], threshold_activity: Float[Array, ""] | float = 0.5
) -> HopfieldNetwork:
    """Store by Hopfield's rule, thresholds at `mean_thresholds(T, threshold_activity)`.

    Patterns are (unit, pattern): N rows, p columns, one pattern per column. Errors and sources are
    those of `hebbian_weights`.

    Returns:
        Weights ``T`` and thresholds ``U``.
    """
    return hopfield_network(_checked_patterns(patterns), threshold_activity)


def hopfield_network(
    stored: Float[Array, "unit pattern"], threshold_activity: Float[Array, ""] | float
) -> HopfieldNetwork:
    """Store as `hebbian_network` does, values unseen: a pattern of 1/2 leaves no trace."""
    signs = 2 * stored - 1
    weights = _without_self(weigh(signs, signs.T))
    return HopfieldNetwork(weights, mean_thresholds(weights, threshold_activity))


@checked
def pseudo_inverse_network(patterns: Real[Array, "unit pattern"]) -> HopfieldNetwork:
    """Store by `pseudo_inverse_weights`, thresholds of the model of -1 and +1.

    Patterns are (unit, pattern): N rows, p columns, one pattern per column. Errors and sources are
    those of `pseudo_inverse_weights`.

    Returns:
        Weights ``T`` and thresholds ``U``.
    """
    weights = pseudo_inverse_weights(patterns)
    return HopfieldNetwork(weights, mean_thresholds(weights))


@checked
def centred_network(patterns: Real[Array, "unit pattern"]) -> HopfieldNetwork:
    """Store what sets each pattern apart from their mean, for patterns that resemble one another.

    T is the covariance rule about each unit's mean a_i over the patterns, and
    U_i = sum_j T_ij a_j + 4 (1/2 - a_i) sum_{j != i} a_j (1 - a_j).
    The first part takes the mean out of the state as well. The second halves the distance between
    the fields of 0 and 1, which else are as a_i to 1 - a_i, and so holds a unit that is the same in
    all patterns, and has no weights, at that value.

    Args:
        patterns: V^s of 0s and 1s, (unit, pattern): N rows, p columns, one pattern per column;
            two or more.

    Raises:
        ValueError: if the patterns are not a matrix of 0s and 1s (traced values are not checked) of
            two columns or more.

    Source: covariance rule as in `hebbian_weights`; the second part of the thresholds follows
    from the signal of a stored pattern, 4 (V_i - a_i) sum_{j != i} (V_j - a_j)^2, and its mean.
    """
    stored = _checked_patterns(patterns)
    if stored.shape[1] < 2:
        raise ValueError("patterns holds 1 column; centring needs at least 2")
    mean = stored.mean(axis=1)
    weights = hebbian_weights(stored, mean)
    variances = 4 * mean * (1 - mean)
    midway = (0.5 - mean) * (variances.sum() - variances)
    return HopfieldNetwork(weights, mean_thresholds(weights, mean) + midway)


@checked(least=1)
def random_patterns(
    num_units: int, num_patterns: int, *, key: jax.Array
) -> Float[Array, "unit pattern"]:
    """Draw patterns whose units are 0 or 1 with probability 1/2, independently.

    Args:
        num_units: rows, one per unit.
        num_patterns: columns, one per pattern.
        key: source of the draws.
    """
    # Pattern by pattern, so that a larger set begins with the smaller one.
    keys = jax.vmap(lambda number: jax.random.fold_in(key, number))(jnp.arange(num_patterns))
    ones = jax.vmap(lambda key: jax.random.bernoulli(key, shape=(num_units,)), out_axes=1)(keys)
    return ones.astype(float)


@checked
def corrupt(
    state: Real[Array, "unit *batch"], share: Float[Array, ""] | float, *, key: jax.Array
) -> Float[Array, "unit *batch"]:
    """Flip a fraction of the units of each state, round(share N) of them, drawn at random.

    Args:
        state: of 0s and 1s.
        share: of the units, in [0, 1]. With the same key a larger fraction flips the same units and
            more.
        key: source of the units.

    Returns:
        The states with exactly that many units flipped in each; NaN for a fraction out of range.
    """
    ranks = jnp.argsort(jax.random.uniform(key, jnp.shape(state)), axis=0)
    flipped = ranks < jnp.round(jnp.asarray(share) * ranks.shape[0])
    values = jnp.asarray(state, float)
    valid = (jnp.asarray(share) >= 0) & (jnp.asarray(share) <= 1)
    return jnp.where(valid, jnp.where(flipped, 1 - values, values), jnp.nan)


@checked
def overlap(
    state: Real[Array, "unit *batch"], pattern: Real[Array, "unit *batch"]
) -> Float[Array, "*batch"]:
    """Return m = 1/N sum_i (2 V_i - 1) (2 xi_i - 1): 1 for the pattern, -1 for its negative.

    Args:
        state: V, of 0s and 1s.
        pattern: xi, of the same shape.

    Raises:
        ValueError: if the shapes differ.
    """
    signs = [2 * jnp.asarray(values, float) - 1 for values in (state, pattern)]
    return jnp.mean(signs[0] * signs[1], axis=0)


def _checked_patterns(patterns: Real[Array, "unit pattern"]) -> Array:
    patterns = as_array(patterns)
    if 0 in jnp.shape(patterns):
        raise ValueError(f"patterns has shape {jnp.shape(patterns)}; no axis may be empty")
    check_binary("patterns", patterns)
    return jnp.asarray(patterns, jnp.result_type(patterns, float))


def _mean_of_units(like: Array, mean_activity: Real[Array, "*#unit"] | float) -> Array:
    mean = jnp.asarray(mean_activity, like.dtype)
    num_units = like.shape[0]
    if mean.shape not in ((), (1,), (num_units,)):
        raise ValueError(f"mean_activity has shape {mean.shape}; it must be () or ({num_units},)")
    return jnp.broadcast_to(mean, (num_units,))


def _without_self(weights: Array) -> Array:
    # Rounding of a product may depend on the order of its factors.
    symmetric = (weights + weights.T) / 2
    return jnp.where(jnp.eye(len(weights), dtype=bool), 0, symmetric)
