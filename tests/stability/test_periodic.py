"""Periodic orbits and Floquet multipliers against explicit products and known cycles."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ElmanCell
from rhythmic.simulate import trajectory
from rhythmic.stability import find_periodic_orbit, floquet_multipliers, lyapunov_exponents
from rhythmic.stability.fixed_points import Outcome

compiled_multipliers = eqx.filter_jit(floquet_multipliers)
compiled_orbit = eqx.filter_jit(find_periodic_orbit)
DT = 1e-3


def test_linear_periodic_system_is_its_product(x64):
    matrices = np.random.default_rng(0).normal(size=(5, 3, 3))
    found = compiled_multipliers(lambda s, a: a @ s, jnp.zeros(3), jnp.asarray(matrices), dt=DT)
    expected = np.linalg.eigvals(np.linalg.multi_dot(list(matrices[::-1])))
    expected = expected[np.argsort(-np.abs(expected))]
    np.testing.assert_allclose(np.abs(found.multipliers), np.abs(expected), rtol=1e-9)
    np.testing.assert_allclose(
        np.sort_complex(found.multipliers), np.sort_complex(expected), rtol=1e-9
    )
    np.testing.assert_allclose(found.per_step**5, np.abs(expected), rtol=1e-9)
    np.testing.assert_allclose(found.exponents, np.log(np.abs(expected)) / 5, rtol=1e-9)
    np.testing.assert_allclose(
        found.modes.decay_time, -5 * DT / np.log(np.abs(expected)), rtol=1e-9
    )


@pytest.mark.slow
def test_an_orbit_found_repeats_and_is_where_the_network_settles(x64):
    cell = ElmanCell(1, 5, key=jax.random.key(3))
    inputs = jnp.sin(2 * jnp.pi * jnp.arange(8) / 8)[:, None]
    found = compiled_orbit(cell.step, cell.initial_state(), inputs, dt=DT)
    assert found.outcome == Outcome.FIXED_POINT
    assert found.is_stable
    settled = trajectory(
        cell, jnp.tile(inputs, (200, 1)), observe=lambda s: s, washout=199 * 8
    ).observed
    np.testing.assert_allclose(found.states, settled, atol=1e-9)
    again = trajectory(cell, inputs, observe=lambda s: s, initial_state=found.states[-1]).observed
    np.testing.assert_allclose(found.states, again, atol=1e-12)
    # The exponents of an orbit that repeats are those of its multipliers.
    exponents = eqx.filter_jit(lyapunov_exponents)(
        cell.step,
        found.states[-1],
        jnp.tile(inputs, (100, 1)),
        num_exponents=1,
        dt=DT,
        key=jax.random.key(0),
        transient=80,
    )
    np.testing.assert_allclose(exponents.per_step[0], found.floquet.exponents[0], atol=5e-3)


def test_two_cycle_of_the_logistic_map(x64):
    """At r the 2-cycle has the multiplier 4 + 2 r - r^2; it is stable up to r = 1 + sqrt(6)."""
    for rate, stable in ((3.2, True), (3.5, False)):
        found = compiled_orbit(
            lambda x, _, rate=rate: rate * x * (1 - x),
            jnp.asarray(0.5),
            dt=1.0,
            num_steps=2,
            settle_periods=1,
        )
        low, high = (rate + 1 + np.array([-1, 1]) * np.sqrt((rate - 3) * (rate + 1))) / (2 * rate)
        np.testing.assert_allclose(np.sort(found.states), [low, high], rtol=1e-9)
        np.testing.assert_allclose(found.floquet.multipliers, [4 + 2 * rate - rate**2], rtol=1e-9)
        assert found.is_stable == stable
        assert found.outcome == Outcome.FIXED_POINT


def test_settling_chooses_the_stable_orbit(x64):
    def step(h, sample):
        return jnp.tanh(2 * h + sample)

    inputs, start = jnp.array([0.1, -0.1]), jnp.array(0.05)
    at_once = compiled_orbit(step, start, inputs, dt=DT)
    settled = compiled_orbit(step, start, inputs, dt=DT, settle_periods=30)
    assert at_once.outcome == settled.outcome == Outcome.FIXED_POINT
    assert not at_once.is_stable
    assert settled.is_stable
    slopes = 2 * (1 - settled.states**2)
    np.testing.assert_allclose(settled.floquet.multipliers.real, [slopes.prod()], rtol=1e-9)


def test_no_orbit_is_labelled(x64):
    found = compiled_orbit(lambda x, u: x + u, jnp.asarray(0.0), jnp.array([1.0, 2.0]), dt=DT)
    assert found.outcome != Outcome.FIXED_POINT
    assert not found.is_stable
    lost = compiled_orbit(
        lambda x, _: x * x, jnp.asarray(9.0), dt=DT, num_steps=3, settle_periods=9
    )
    assert lost.outcome == Outcome.NOT_FINITE
    assert np.isnan(lost.floquet.per_step).all()


def test_bad_input():
    with pytest.raises(ValueError, match="settle_periods is -1; it must be at least 0"):
        find_periodic_orbit(lambda x, _: x, jnp.ones(1), dt=DT, num_steps=2, settle_periods=-1)
    with pytest.raises(ValueError, match="num_steps is None"):
        floquet_multipliers(lambda x, _: x, jnp.ones(1), dt=DT)
    with pytest.raises(ValueError, match=r"inputs has \[2, 3\] samples"):
        floquet_multipliers(lambda x, _: x, jnp.ones(1), (jnp.ones(2), jnp.ones(3)), dt=DT)
