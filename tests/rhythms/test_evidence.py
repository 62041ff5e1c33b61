"""Null distributions: their moments, their calibration, and shares counted by hand."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.rhythms import CHANCE_DISTANCE
from rhythmic.rhythms.bands import band_centres
from rhythmic.rhythms.spacing import (
    day_evidence,
    fit_start,
    random_band_distances,
    random_ladder_distances,
    share_at_least_as_good,
    spacing_evidence,
)
from rhythmic.theory import GOLDEN_RATIO, SIDEREAL_DAY


def test_share_is_counted_with_the_observed_one():
    random = np.array([0.1, 0.2, 0.2, 0.4])
    shares = [share_at_least_as_good(random, x) for x in (0.05, 0.1, 0.2, 0.3, 0.5)]
    np.testing.assert_allclose(shares, np.array([1, 2, 4, 4, 5]) / 5)
    assert math.isnan(share_at_least_as_good(random, math.nan))
    assert math.isnan(share_at_least_as_good(np.append(random, np.nan), 0.2))


@pytest.mark.parametrize(
    ("centres", "ratio", "message"),
    [
        ([10.0], 2.0, "centres must be 2 or more different ones"),
        ([-5.0, 10.0], 2.0, r"centres must be positive and finite \(Hz\), got -5"),
        ([math.nan, 10.0], 2.0, "centres must be positive and finite"),
        ([5.0, 10.0], 1.0, "ratios must all be above 1 and finite, got 1.0"),
    ],
)
def test_spacing_evidence_refuses_what_it_cannot_judge(centres, ratio, message):
    with pytest.raises(ValueError, match=message):
        spacing_evidence(centres, [ratio], [2.0], 10, key=jax.random.key(0))


@pytest.mark.parametrize(
    ("day", "ratios", "message"),
    [
        (-1.0, (1.2, 3.0), r"days must be positive and finite \(s\), got -1"),
        (1.0, (1.0, 3.0), "ratio_range must all be above 1"),
    ],
)
def test_day_evidence_refuses_what_it_cannot_judge(day, ratios, message):
    with pytest.raises(ValueError, match=message):
        day_evidence([5.0, 10.0], [day], [2.0], ratios, 10, key=jax.random.key(0))


def test_random_starts_are_uniform_on_the_rung(x64):
    # One band: its distance is uniform in [0, 0.5] whatever the ratio.
    for ratio in (GOLDEN_RATIO, 2.5):
        given = jnp.asarray(ratio)
        drawn = np.asarray(
            random_ladder_distances(jnp.array([7.0]), given, given, 4000, key=jax.random.key(3))
        )
        assert np.sqrt(np.mean(drawn**2)) == pytest.approx(CHANCE_DISTANCE, abs=0.01)
        np.testing.assert_allclose(np.quantile(drawn, [0.25, 0.75]), [0.125, 0.375], atol=0.015)


def test_random_ratios_are_uniform_in_the_logarithm(x64):
    # Two bands one factor 3 apart, start fixed by symmetry: compare with NumPy's own draws.
    bands = np.array([5.0, 15.0])
    drawn = random_ladder_distances(
        jnp.asarray(bands), jnp.asarray(1.2), jnp.asarray(3.0), 20_000, key=jax.random.key(0)
    )
    generator = np.random.default_rng(0)
    ratios = np.exp(generator.uniform(math.log(1.2), math.log(3.0), 20_000))
    phases = generator.uniform(size=20_000)
    rungs = np.log(bands[:, None]) / np.log(ratios) - phases
    expected = np.sqrt(np.mean((rungs - np.round(rungs)) ** 2, axis=0))
    at = [0.05, 0.25, 0.5, 0.75, 0.95]
    np.testing.assert_allclose(np.quantile(drawn, at), np.quantile(expected, at), atol=0.01)


def test_random_bands_span_what_the_observed_ones_do(x64):
    """The null of bands against a NumPy simulation of it."""
    centres, ratio = band_centres("eeg"), 2.0
    bands, key = jnp.asarray(centres), jax.random.key(1)
    drawn = random_band_distances(bands, jnp.asarray(ratio), 4000, key=key)
    generator = np.random.default_rng(1)
    low, high = np.log(centres[[0, -1]])
    extra = (high - low) / 4
    logs = generator.uniform(low - extra, high + extra, (4000, 5))
    assert np.mean(np.ptp(logs, axis=1)) == pytest.approx(high - low, rel=0.02)
    starts = np.linspace(0, 1, 201)[:, None, None]
    rungs = logs / math.log(ratio) - starts
    expected = np.sqrt(np.mean((rungs - np.round(rungs)) ** 2, axis=2)).min(axis=0)
    at = [0.05, 0.5, 0.95]
    np.testing.assert_allclose(np.quantile(drawn, at), np.quantile(expected, at), atol=0.01)


def test_shares_of_random_bands_are_uniform():
    """Calibration: bands that are random get every share equally often."""
    generator = np.random.default_rng(5)
    shares = []
    for number in range(60):
        centres = np.sort(np.exp(generator.uniform(-2, 6, 6)))
        evidence = spacing_evidence(centres, [2.0], [2.0], 400, key=jax.random.key(number))
        shares.append(evidence.band_share[0])
    assert np.mean(shares) == pytest.approx(0.5, abs=0.12)
    assert 0.1 < np.mean(np.array(shares) < 0.3) < 0.5


def test_spacing_evidence_is_made_of_its_parts():
    centres, ratios, scanned = band_centres("classes"), [2.0, math.e], np.geomspace(1.2, 3, 5)
    key = jax.random.key(7)
    evidence = spacing_evidence(centres, ratios, scanned, 300, key=key)
    with jax.enable_x64(True):
        bands = jnp.asarray(centres)
        fitted = jax.jit(lambda ratio: fit_start(bands, ratio).distance)
        drawn = jax.jit(lambda ratio, key: random_band_distances(bands, ratio, 300, key=key))
        for place, (ratio, own) in enumerate(zip(ratios, jax.random.split(key, 2), strict=True)):
            distance, null = float(fitted(ratio)), np.asarray(drawn(ratio, own))
            assert evidence.distance[place] == pytest.approx(distance, rel=1e-12)
            assert evidence.band_share[place] == (1 + np.sum(null <= distance)) / 301
            np.testing.assert_allclose(evidence.null[place], np.quantile(null, [0.05, 0.5, 0.95]))
        scan = [float(fitted(ratio)) for ratio in scanned]
    np.testing.assert_allclose(evidence.scan, scan, rtol=1e-9)
    np.testing.assert_allclose(
        evidence.ratio_share, [np.mean(evidence.scan <= d) for d in evidence.distance]
    )
    # Made-up ladders fit by their own ratio, which is then a rare one.
    own = spacing_evidence(2.0 ** np.arange(10), [2.0, 1.9], scanned, 300, key=key)
    assert own.band_share[0] == 1 / 301
    assert own.ratio_share[0] == 0


def test_day_evidence_is_made_of_its_parts():
    centres, days, ratios = band_centres("eeg"), [SIDEREAL_DAY, 5e4], [GOLDEN_RATIO, 2.0]
    evidence = day_evidence(centres, days, ratios, (1.2, 3.0), 500, key=jax.random.key(2))
    assert evidence.distance.shape == evidence.ladder_share.shape == (2, 2)
    for row, day in enumerate(days):
        for column, ratio in enumerate(ratios):
            rungs = np.log(centres * day) / math.log(ratio)
            distance = np.sqrt(np.mean((rungs - np.round(rungs)) ** 2))
            assert evidence.distance[row, column] == pytest.approx(distance, rel=1e-9)
            share = (1 + np.sum(evidence.null <= evidence.distance[row, column])) / 501
            assert evidence.ladder_share[row, column] == share
            assert 1 / 501 <= evidence.start_share[row, column] <= 1
    # Bands on the rungs of the day itself are matched by next to nothing.
    rungs = GOLDEN_RATIO ** np.arange(24, 29) / SIDEREAL_DAY
    own = day_evidence(rungs, days, ratios, (1.2, 3.0), 500, key=jax.random.key(2))
    assert own.distance[0, 0] < 1e-9
    assert own.ladder_share[0, 0] == own.start_share[0, 0] == 1 / 501
