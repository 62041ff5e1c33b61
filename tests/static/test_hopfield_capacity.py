"""The capacity sweep against its points one by one, and the mean field against its equations."""

import jax
import numpy as np
import pytest
import scipy.special

from rhythmic.static.hopfield import update_all
from rhythmic.static.hopfield_capacity import capacity_sweep, mean_field_capacity, recall_stored
from rhythmic.static.hopfield_storage import hebbian_network, random_patterns

KEY = jax.random.key(8)
COUNTS = np.array([2, 6, 15])
ACTIVITIES = np.array([0.5, 0.0])
CORRUPTIONS = np.array([0.0, 0.2])
RUN = jax.jit(recall_stored, static_argnames=("num_tested", "max_sweeps"))


def sweep(sets):
    return capacity_sweep(
        30, COUNTS, ACTIVITIES, CORRUPTIONS, sets, num_tested=4, max_sweeps=40, key=KEY
    )


@pytest.mark.slow
def test_recall_starts_at_the_corrupted_patterns_and_ends_in_fixed_points():
    patterns = random_patterns(30, 15, key=jax.random.key(1))
    network = hebbian_network(patterns[:, : COUNTS[0]], ACTIVITIES[0])
    found = RUN(
        network,
        patterns,
        COUNTS[0],
        CORRUPTIONS,
        num_tested=4,
        max_sweeps=40,
        key=jax.random.key(2),
    )
    tested = np.asarray(patterns)[:, [0, 1, 0, 1]]
    np.testing.assert_array_equal(found.probes[:, 0], tested)
    flipped = np.asarray(found.probes[:, 1]) != tested
    assert (flipped.sum(axis=0) == 6).all()
    assert (flipped[:, 0] != flipped[:, 2]).any()
    assert found.converged.all()
    np.testing.assert_array_equal(update_all(network, found.states), found.states)
    signs = 2 * np.asarray(found.states) - 1
    expected = (signs * (2 * tested - 1)[:, None]).mean(axis=0)
    np.testing.assert_allclose(found.overlaps, expected, atol=1e-6)
    assert (found.overlaps > 0.9).all()


def test_no_patterns_are_refused():
    with pytest.raises(ValueError, match="num_stored holds 0; it must be at least 1"):
        capacity_sweep(
            10, np.array([0, 1]), ACTIVITIES, CORRUPTIONS, np.arange(1),
            num_tested=1, max_sweeps=1, key=KEY,
        )  # fmt: skip


def overlap_in_mean_field(load, activity):
    """Iterate m and C of Amit, Gutfreund and Sompolinsky at zero temperature, from m = 1.

    The noise from the other patterns has the variance alpha (q + (1 - 2 a)^2) / (1 - C)^2, q = 1.
    """
    mean, susceptibility = 1.0, 0.0
    for _ in range(20000):
        noise = np.sqrt(load * (1 + (1 - 2 * activity) ** 2)) / (1 - susceptibility)
        mean = scipy.special.erf(mean / (np.sqrt(2) * noise))
        susceptibility = np.sqrt(2 / np.pi) / noise * np.exp(-((mean / noise) ** 2) / 2)
        if susceptibility >= 1 or mean < 1e-3:
            return 0.0
    return mean


@pytest.mark.parametrize("activity", [0.5, 0.25, 0.0])
def test_the_mean_field_capacity_is_where_its_equations_lose_the_pattern(activity):
    capacity = mean_field_capacity(activity)
    assert overlap_in_mean_field(0.999 * capacity, activity) > 0.96
    assert overlap_in_mean_field(1.001 * capacity, activity) < 0.8


def test_the_known_values_of_the_mean_field():
    assert mean_field_capacity() == pytest.approx(0.138, abs=2e-4)
    assert mean_field_capacity(0.0) == pytest.approx(mean_field_capacity() / 2, rel=1e-12)
    assert mean_field_capacity(1.0) == pytest.approx(mean_field_capacity(0.0), rel=1e-12)
