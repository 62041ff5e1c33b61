"""Simulation and theory give the same regime everywhere outside the strip, at every length."""

from functools import cache, partial

import jax
import numpy as np
import pytest

from rhythmic.stability.atlas_simulation import (
    GROWTH_LIMIT,
    PHASE_LIMIT,
    StripDistance,
    simulated_node,
    strip_distance,
)
from rhythmic.theory import second_order_regime

TWICE = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@cache
def compiled(num_steps, dtype, **options):
    """Return the two programs; float32 or float64 is decided by what goes in."""
    run = jax.vmap(lambda a, b: simulated_node(a, b, num_steps, 0.01, **options).regime)
    strip = partial(strip_distance, num_steps=num_steps, precision=dtype, **options)
    return jax.jit(run), jax.jit(strip)


def compared(w1, w2, num_steps, dtype, **options):
    """Return where simulation and exact inequalities differ, and the distances from the strip."""
    w1, w2 = (np.asarray(x, dtype).astype(np.float64) for x in (w1, w2))
    run, strip = compiled(num_steps, dtype, **options)
    differs = np.asarray(run(w1.astype(dtype), w2.astype(dtype))) != second_order_regime(w1, w2)
    return differs, StripDistance(*map(np.asarray, strip(w1, w2)))


def near_the_edges(number, seed=0):
    """Return weights whose roots crowd at the unit circle, at each other and at zero."""
    rng = np.random.default_rng(seed)
    radius = np.exp(rng.normal(size=number) * 10 ** rng.uniform(-5, 0, number))
    angle = 10 ** rng.uniform(-4, 0.49, number)
    angle = np.where(rng.random(number) < 0.5, angle, np.pi - angle)
    root = radius * rng.choice([-1, 1], number)
    other = root * (1 - 2 * rng.random(number) ** 3)
    w1 = np.concatenate([2 * radius * np.cos(angle), root + other])
    w2 = np.concatenate([-(radius**2), -root * other])
    usable = np.abs(w1) + np.abs(w2) < 200
    return w1[usable], w2[usable]


@TWICE
@pytest.mark.parametrize("num_steps", [2, 17, 784])
def test_dense_grid(dtype, num_steps, x64):
    w1, w2 = np.meshgrid(np.linspace(-3, 3, 241), np.linspace(-2, 2, 161))
    differs, strip = compared(w1.ravel(), w2.ravel(), num_steps, dtype)
    assert not np.any(differs & ~strip.inside)
    # A strip that took in everything would show nothing.
    if num_steps == 784:
        assert strip.inside.mean() < 0.02


@TWICE
@pytest.mark.parametrize("num_steps", [50, 784, 4000])
def test_points_that_crowd_at_the_edges(dtype, num_steps, x64):
    w1, w2 = near_the_edges(4000 if num_steps < 4000 else 1000)
    differs, strip = compared(w1, w2, num_steps, dtype)
    assert not np.any(differs & ~strip.inside)
    assert np.mean(~strip.inside) > 0.1


@TWICE
def test_an_early_stop_widens_the_strip(dtype, x64):
    w1, w2 = near_the_edges(4000, seed=1)
    differs, strip = compared(w1, w2, 784, dtype, overflow_threshold=2.0**20)
    assert not np.any(differs & ~strip.inside)
    _, late = compared(w1, w2, 784, dtype)
    assert strip.inside.sum() > late.inside.sum()


def test_the_limits_are_not_larger_than_needed(x64):
    w1, w2 = near_the_edges(40_000, seed=2)
    differs, strip = compared(w1, w2, 200, np.float64)
    told = strip.rounding >= 1
    by_size = differs & told & (strip.phase >= PHASE_LIMIT)
    assert 0.85 * GROWTH_LIMIT < strip.growth[by_size].max() < GROWTH_LIMIT
    by_kind = differs & told & (strip.growth >= GROWTH_LIMIT)
    assert 0.98 * PHASE_LIMIT < strip.phase[by_kind].max() < PHASE_LIMIT


def test_distances(x64):
    radius, angle, steps = 0.99, 0.3, 784
    for turned in (angle, np.pi - angle):
        found = strip_distance(2 * radius * np.cos(turned), -(radius**2), steps)
        assert float(found.growth) == pytest.approx(-np.log(radius) * steps)
        assert float(found.phase) == pytest.approx(angle * (steps + 1))
        assert not found.inside
    assert strip_distance(0.5, 0.3, steps).phase == np.inf
    for w1, w2 in ((1e3, 0.0), (np.nan, 0.0), (1.0, 0.0), (0.6, 1e-9), (1.2, -0.36), (1e-3, 0.0)):
        assert strip_distance(w1, w2, steps).inside
    # The nodes of the published comparison: nothing decays in one image.
    lecture = strip_distance(2 * 0.99999 * np.cos(0.25), -(0.99999**2), steps)
    assert lecture.inside
    assert float(lecture.growth) == pytest.approx(0.00784, rel=1e-3)
