"""Simulated nodes against theory, a plain loop over time, and at the ends of their domain."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.stability.atlas_simulation import (
    OVERFLOW_THRESHOLD,
    SimulatedNode,
    simulated_node,
    strip_distance,
)
from rhythmic.theory import SecondOrderRegime, node_frequency, pole_radius

DT = 0.004


def simulate(w1, w2, num_steps, dtype=np.float64, **options):
    run = compiled(num_steps, **options)
    return SimulatedNode(*map(np.asarray, run(np.asarray(w1, dtype), np.asarray(w2, dtype))))


@cache
def compiled(num_steps, **options):
    return jax.jit(jax.vmap(partial(simulated_node, num_steps=num_steps, dt=DT, **options)))


def plain_run(w1, w2, num_steps):
    """Return h_0, h_1, ... of one node from its impulse."""
    states = [1.0]
    before = 0.0
    for _ in range(num_steps):
        states.append(w1 * states[-1] + w2 * before)
        before = states[-2]
    return np.array(states)


def points(number):
    rng = np.random.default_rng(0)
    return rng.uniform(-2.5, 2.5, number), rng.uniform(-1.6, 1.6, number)


@pytest.mark.parametrize("num_steps", [3, 8, 61])
def test_counts_are_those_of_a_loop_over_time(num_steps, x64):
    w1, w2 = points(300)
    found = simulate(w1, w2, num_steps)
    for node in range(300):
        states = plain_run(w1[node], w2[node], num_steps)
        beyond = np.flatnonzero(np.abs(states) > OVERFLOW_THRESHOLD)
        assert found.overflow_step[node] == (beyond[0] if beyond.size else -1)
        run = found.steps_run[node]
        assert run == num_steps or 0 <= run - beyond[0] < 8
        signs = states[: run + 1] < 0
        assert found.sign_changes[node] == np.sum(signs[1:] != signs[:-1])


@pytest.mark.parametrize(
    ("dtype", "phase", "growth"), [(np.float32, 1e-2, 1e-2), (np.float64, 1e-9, 1e-9)]
)
def test_frequency_and_growth_are_those_of_theory(dtype, phase, growth, x64):
    w1, w2 = (x.astype(dtype).astype(np.float64) for x in points(2000))
    found = simulate(w1, w2, 500, dtype)
    outside = ~np.asarray(strip_distance(w1, w2, 500, precision=dtype).inside)
    frequency = node_frequency(w1, w2, DT)
    pair = outside & np.isfinite(frequency)
    turned = 2 * np.pi * DT * np.abs(found.frequency - frequency) * found.steps_run
    assert np.max(turned[pair]) < phase
    assert np.isnan(found.frequency[outside & ~pair]).all()
    change = np.abs(found.growth_rate * DT - np.log(pole_radius(w1, w2))) * found.steps_run
    assert np.max(change[pair]) < growth
    # The smaller real root still tells by less than one e-fold of the run.
    assert np.max(change[outside & ~pair]) < 1
    np.testing.assert_allclose(found.decay_time, -1 / found.growth_rate, rtol=1e-6)
    assert np.isfinite(found.growth_rate).all()


def test_corners_and_edges(x64):
    code = SecondOrderRegime
    cases = [
        (0.0, 0.0, code.GONE),
        (1.0, 0.0, code.EQUILIBRIUM),
        (0.5, 0.0, code.DISAPPEARS),
        (-0.5, 0.0, code.FLICKERS_AND_DISAPPEARS),
        (-1.0, 0.0, code.FLICKERS),
        (0.0, 1.0, code.FLICKERS),
        (0.0, 0.25, code.FLICKERS_AND_DISAPPEARS),
        (0.0, -1.0, code.OSCILLATES),
        (-0.0, -0.5, code.OSCILLATES_AND_DISAPPEARS),
        (0.0, -1.5, code.OSCILLATES_AND_EXPLODES),
        (1.5, 0.5, code.FLICKERS_AND_EXPLODES),
        (3.0, -1.0, code.EXPLODES),
        (300.0, 0.0, code.UNDEFINED),
        (np.nan, 0.0, code.UNDEFINED),
    ]
    w1, w2, expected = map(np.array, zip(*cases, strict=True))
    for dtype in (np.float32, np.float64):
        found = simulate(w1, w2, 200, dtype)
        np.testing.assert_array_equal(found.regime, expected)
        assert np.isnan(found.growth_rate[-2:]).all()
        assert found.growth_rate[0] == -np.inf
        assert found.decay_time[0] == 0
    quarter = simulate(np.zeros(len(cases)), np.full(len(cases), -0.5), 200).frequency
    np.testing.assert_allclose(quarter, 0.25 / DT, rtol=1e-12)


def test_fast_decay_and_growth_stay_finite():
    w1, w2 = np.array([0.02, 200.0, -120.0, 0.05]), np.array([-1e-3, 50.0, -130.0, 1e-3])
    found = simulate(w1, w2, 3000, np.float32)
    assert np.isfinite(found.growth_rate).all()
    rate = np.log(pole_radius(w1, w2)) / DT
    np.testing.assert_allclose(found.growth_rate, rate, rtol=2e-3)
    np.testing.assert_array_equal(found.overflow_step >= 0, [False, True, True, False])


@pytest.mark.slow
def test_threshold_and_bad_arguments(x64):
    early = simulate([1.5], [0.0], 100, overflow_threshold=2.0**20)
    assert early.overflow_step[0] == np.ceil(np.log(2.0**20) / np.log(1.5))
    for threshold in (1.0, 2.0**61):
        with pytest.raises(ValueError, match="overflow_threshold must be"):
            simulate([1.5], [0.0], 100, overflow_threshold=threshold)
    with pytest.raises(ValueError, match="num_steps must be 2 or more, got 1"):
        simulate([1.5], [0.0], 1)
    timeless = simulated_node(jnp.array(0.3), jnp.array(-0.9), 50, 0.0)
    assert np.isnan([timeless.frequency, timeless.decay_time, timeless.growth_rate]).all()
    assert timeless.regime == SecondOrderRegime.OSCILLATES_AND_DISAPPEARS
