"""How learned weights couple groups of nodes: blocks of the weight matrix, compared by tests.

A network gives two numbers: the mean weight from a first group of nodes to a second one, and the
mean weight of the reverse block. Over networks of several seeds they are compared by the two-sample
t of the published comparison, and by a permutation test that assumes no distribution.

Source: the blocks are those of M. A. Kramer, arXiv:2506.17083; the tests name their own.
"""

import math
from typing import NamedTuple

import jax
import numpy as np
import scipy
from jaxtyping import Bool, Real

from rhythmic.checks import checked_integer
from rhythmic.typing import AnyArray, Float


class SignFlipTest(NamedTuple):
    """A permutation test of paired differences, two-sided.

    Attributes:
        p_value: fraction of the sign patterns whose |mean| reaches that of the data; at least
            2 / 2^n for n differences that are not all 0.
        num_patterns: sign patterns looked at, that of the data included.
        exact: whether these were all 2^n.
    """

    p_value: float
    num_patterns: int
    exact: bool


class BlockComparison(NamedTuple):
    """Mean weights between two groups of nodes, both ways, over networks.

    Attributes:
        forward: mean weight from the first group to the second, one number per network.
        reverse: mean weight from the second group to the first.
        difference: mean of forward - reverse over networks, in units of the weights.
        standard_error: of that mean, n - 1; NaN for one network.
        t_statistic: Student's t of two independent samples of equal variance, forward and reverse.
        t_degrees: its degrees of freedom, 2 n - 2.
        t_p_value: its two-sided p-value; NaN for one network.
        sign_flips: the permutation test of the differences.
    """

    forward: Float[np.ndarray, " network"]
    reverse: Float[np.ndarray, " network"]
    difference: float
    standard_error: float
    t_statistic: float
    t_degrees: int
    t_p_value: float
    sign_flips: SignFlipTest


def frequency_group(
    frequencies: Float[AnyArray, " node"], lowest: float, highest: float
) -> Bool[np.ndarray, " node"]:
    """Return which nodes lie in a range of frequencies, both ends included.

    Args:
        frequencies: of the nodes, Hz.
        lowest: lower end, Hz.
        highest: upper end, Hz.

    Raises:
        ValueError: if no node lies there.
    """
    values = np.asarray(frequencies, dtype=float)
    group = (values >= lowest) & (values <= highest)
    if not group.any():
        nodes = ", ".join(f"{x:.3g}" for x in values)
        raise ValueError(f"no node lies in {lowest:g} to {highest:g} Hz; the nodes are at {nodes}")
    return group


def block_means(
    weights: Real[AnyArray, "network post pre"],
    post: Bool[np.ndarray, " node"],
    pre: Bool[np.ndarray, " node"],
) -> Float[np.ndarray, " network"]:
    """Average the weights from one group of nodes to another, network by network.

    Args:
        weights: post by pre.
        post: which nodes receive.
        pre: which nodes send.

    Returns:
        One mean per network over all pairs of two different nodes; the diagonal does not count. NaN
        where there is no such pair.

    Raises:
        ValueError: for weights that are not (network, post, pre), or groups of another length.
    """
    values = np.asarray(weights, dtype=float)
    if values.ndim != 3 or values.shape[1] != values.shape[2] or not values.size:
        raise ValueError(f"weights has shape {values.shape}; expected (network, post, pre)")
    for name, group in (("post", post), ("pre", pre)):
        if np.shape(group) != values.shape[1:2]:
            raise ValueError(f"{name} has shape {np.shape(group)}; expected {values.shape[1:2]}")
    block = np.outer(post, pre) & ~np.eye(len(post), dtype=bool)
    if not block.any():
        return np.full(len(values), np.nan)
    return values[:, block].mean(axis=1)


def compare_blocks(
    weights: Real[AnyArray, "network post pre"],
    first: Bool[np.ndarray, " node"],
    second: Bool[np.ndarray, " node"],
    *,
    key: jax.Array,
    max_patterns: int = 2**17,
) -> BlockComparison:
    """Compare the weights from a first to a second group of nodes with those of the reverse block.

    The two-sample t takes the 2 n block means as independent. The permutation test pairs those of
    one network, and holds even if the two blocks of a network depend on one another.

    Args:
        weights: of n networks, post by pre.
        first: which nodes belong to the first group, for instance the slow ones.
        second: which belong to the second group.
        key: source of the sign patterns where there are more than ``max_patterns``.
        max_patterns: as in ``sign_flip_test``.

    Returns:
        The comparison; statistics of spread are NaN for one network, and where no network differs
        from another but by rounding. Blocks that differ by rounding alone do not differ.

    Raises:
        ValueError: for weights or groups of a wrong shape, or groups that share a node.

    Source: Kramer, arXiv:2506.17083, whose blocks are the nodes up to 9 Hz and those of 20 to
    100 Hz, compared by a two-sample t-test over about 100 seeds.
    """
    # Here and not above: SciPy's statistics take half a second to import.
    from rhythmic.statistics.summaries import rounding, t_test

    if np.any(np.asarray(first) & np.asarray(second)):
        raise ValueError("second shares a node with first; the two groups must be apart")
    forward, reverse = block_means(weights, second, first), block_means(weights, first, second)
    differences = forward - reverse
    if np.isfinite(differences).all():
        alike = np.abs(differences) <= rounding(forward, reverse)
        differences = np.where(alike, 0.0, differences)
    count = len(differences)
    statistic = p_value = error = math.nan
    test = t_test(forward, reverse, paired=False, pooled=True)
    if test is not None:
        statistic, p_value = float(test.statistic), float(test.pvalue)
        error = float(scipy.stats.sem(differences))
    return BlockComparison(
        forward=forward,
        reverse=reverse,
        difference=float(differences.mean()),
        standard_error=error,
        t_statistic=statistic,
        t_degrees=2 * count - 2,
        t_p_value=p_value,
        sign_flips=sign_flip_test(differences, key=key, max_patterns=max_patterns),
    )


def sign_flip_test(
    differences: Real[AnyArray, " pair"], *, key: jax.Array, max_patterns: int = 2**17
) -> SignFlipTest:
    """Test whether paired differences are centred at 0, by flipping their signs.

    If the two members of every pair are exchangeable, each difference is as likely as its
    opposite, and all 2^n patterns of signs are equally likely. The p-value is the fraction of
    patterns whose |mean| is at least that of the data. With n differences it cannot fall below
    2 / 2^n: 0.031 for 6, so five pairs never reach 0.05.

    Args:
        differences: one per pair, independent of one another.
        key: source of random patterns, where they are more than ``max_patterns``.
        max_patterns: all 2^n patterns are looked at if they are no more than this, and the test is
            exact; else this many, of which the first is the data's own (Phipson and Smyth 2010).

    Returns:
        The test; p is 1 if all differences are 0, and NaN if one is NaN.

    Raises:
        ValueError: for differences that are not (pair,), or fewer than two patterns.

    Source: Fisher, The Design of Experiments (1935), section 21; Phipson and Smyth, Statistical
    Applications in Genetics and Molecular Biology 9 (2010) 39.
    """
    values = np.asarray(differences, dtype=float)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"differences has shape {values.shape}; expected (pair,)")
    checked_integer("max_patterns", max_patterns, 2)
    count = len(values)
    exact = count < 62 and 2**count <= max_patterns
    if exact:
        flipped = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    else:
        flipped = np.array(jax.random.bernoulli(key, shape=(max_patterns, count)), dtype=int)
        flipped[0] = 0
    sums = (1 - 2 * flipped) @ values
    # Patterns that tie with the data but for the order of summation must count.
    smallest = abs(values.sum()) - 1e-12 * np.abs(values).sum()
    share = np.mean(np.abs(sums) >= smallest) if np.isfinite(values).all() else np.nan
    return SignFlipTest(float(share), len(sums), exact)
