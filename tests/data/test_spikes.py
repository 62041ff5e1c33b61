"""Spike trains against closed forms, quadrature and their own seeds in other company."""

import jax
import numpy as np
import pytest
import scipy.integrate

from rhythmic.data import SpikeTrains
from rhythmic.data.spikes import spike_pool

RECIPE = SpikeTrains()
SMALL = SpikeTrains(train_size=20, validation_size=6, test_size=4)


@pytest.fixture(scope="module")
def pool():
    return spike_pool(RECIPE, range(1, 31))


def test_constant_rate_has_the_probability_of_a_poisson_process(pool):
    spikes = pool.trains[pool.labels == 0] > 0
    probability = 1 - np.exp(-100 * 0.001)
    deviation = np.sqrt(probability * (1 - probability) / len(spikes))
    np.testing.assert_array_less(np.abs(spikes.mean(axis=0) - probability), 5 * deviation)
    # Steps are independent: the number of spikes varies as a binomial number does.
    counts = spikes.sum(axis=1)
    assert counts.var() == pytest.approx(100 * probability * (1 - probability), rel=0.05)


def test_rhythmic_rate_is_the_mean_over_its_modulations(pool):
    spikes = pool.trains[pool.labels == 1] > 0

    def probability(frequency, time):
        return 1 - np.exp(-0.1 * (1 + np.sin(2 * np.pi * frequency * time)))

    expected = np.array(
        [scipy.integrate.quad(probability, 10, 50, args=(k / 1000,))[0] / 40 for k in range(100)]
    )
    # Phase zero at the first sample: there the rate is that of class 0, and then it rises.
    assert expected[0] == pytest.approx(1 - np.exp(-0.1))
    assert expected[5] > 1.4 * expected[0]
    deviation = np.sqrt(expected * (1 - expected) / len(spikes))
    np.testing.assert_array_less(np.abs(spikes.mean(axis=0) - expected), 5 * deviation)


def test_trains_follow_the_frequency_that_is_named(pool):
    rhythmic = pool.labels == 1
    frequency = pool.modulation_frequency
    assert np.isnan(frequency[~rhythmic]).all()
    assert not np.isnan(frequency[rhythmic]).any()
    assert frequency[rhythmic].min() >= 10
    assert frequency[rhythmic].max() <= 50
    counts, _ = np.histogram(frequency[rhythmic], bins=8, range=(10, 50))
    assert np.abs(counts - 2625).max() < 5 * np.sqrt(2625)
    # With each train's own frequency, spikes fall where the sine is high: E[s_k w_k] = p_k w_k.
    wave = np.sin(2 * np.pi * np.outer(frequency[rhythmic], np.arange(100) / 1000))
    product = ((pool.trains[rhythmic] > 0) * wave).sum(axis=1)
    expected = ((1 - np.exp(-0.1 * (1 + wave))) * wave).sum(axis=1)
    error = product.std(ddof=1) / np.sqrt(product.size)
    assert abs(product.mean() - expected.mean()) < 5 * error
    assert expected.mean() > 50 * error


def test_every_part_of_every_seed_is_balanced_and_mixed(pool):
    together = np.concatenate([np.concatenate(parts) for parts in pool.splits.values()])
    np.testing.assert_array_equal(np.sort(together), np.arange(42000))
    assert list(pool.splits) == list(range(1, 31))
    for parts in pool.splits.values():
        assert [part.size for part in parts] == [1000, 200, 200]
        for part in parts:
            assert part.dtype == np.int32
            labels = pool.labels[part]
            assert labels.sum() * 2 == labels.size
            # Mixed: of the first hundred about half, 5 s.d. of a draw without replacement at most.
            assert abs(labels[:100].sum() - 50.0) < 25
    first = np.array([pool.labels[parts.train[0]] for parts in pool.splits.values()])
    assert 0 < first.sum() < 30


def test_trains_of_a_seed_do_not_depend_on_the_pool():
    alone = spike_pool(SMALL, [5])
    among = spike_pool(SMALL, [9, *range(100, 120), 5, 0])
    with jax.enable_x64(True):
        precise = spike_pool(SMALL, [7, 5])
    for pool in (among, precise):
        for mine, theirs in zip(alone.splits[5], pool.splits[5], strict=True):
            for field in ("trains", "labels", "modulation_frequency"):
                np.testing.assert_array_equal(
                    getattr(alone, field)[mine], getattr(pool, field)[theirs]
                )
    trains = [among.trains[among.splits[seed].train] for seed in among.splits]
    assert len({x.tobytes() for x in trains}) == len(trains) == 23


def test_constants_change_what_they_name():
    recipe = SpikeTrains(400.0, 500.0, 0.2, 20.0, 20.0, 200, 2, 2)
    pool = spike_pool(recipe, [3])
    assert pool.trains.shape == (204, 100)
    rhythmic = pool.labels == 1
    assert set(pool.modulation_frequency[rhythmic]) == {20.0}
    expected = 1 - np.exp(-0.8 * (1 + np.sin(2 * np.pi * 20 * np.arange(100) / 500)))
    np.testing.assert_allclose(recipe.spike_probability(20.0), expected, rtol=1e-12)
    spikes = pool.trains > 0
    deviation = np.sqrt(expected * (1 - expected) / rhythmic.sum())
    assert (np.abs(spikes[rhythmic].mean(axis=0) - expected) <= 5 * deviation + 1e-12).all()
    assert spikes[~rhythmic].mean() == pytest.approx(1 - np.exp(-0.8), abs=0.03)


BAD = {
    "rate is 0.0; it must be above 0": {"rate": 0.0},
    "sample_rate is inf; it must be above 0 and finite": {"sample_rate": float("inf")},
    "duration is 0.0105; it must be a whole number of steps": {"duration": 0.0105},
    "duration is 0.001; it must be a whole number of steps, at least 2": {"duration": 0.001},
    "duration is nan": {"duration": float("nan")},
    "slowest_modulation is 60.0; it must lie between 0 and": {"slowest_modulation": 60.0},
    "slowest_modulation is 0.0; it must lie": {"slowest_modulation": 0.0},
    "fastest_modulation is 501.0; it must not exceed 500 Hz": {"fastest_modulation": 501.0},
    "train_size is 7; it must be even": {"train_size": 7},
    "validation_size is 0; it must be even and at least 2": {"validation_size": 0},
    "test_size is 3": {"test_size": 3},
}


@pytest.mark.parametrize("message", BAD)
def test_errors_name_the_field(message):
    with pytest.raises(ValueError, match=message) as caught:
        SpikeTrains(**BAD[message])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ([], "seeds is empty"),
        ([1, -2], "seeds holds -2; a seed lies between 0 and 2147483647"),
        ([2**31], "seeds holds 2147483648"),
        ([3, 4, 3], "seeds holds 3 more than once"),
    ],
)
def test_bad_seeds_are_refused(seeds, message):
    with pytest.raises(ValueError, match=message):
        spike_pool(SMALL, seeds)
