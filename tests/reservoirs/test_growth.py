"""Growth of deviations: the pole radius without coupling, products of Jacobians with it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ResonantReservoirCell
from rhythmic.reservoirs.response import _as_modes, _from_modes, growth_factor
from rhythmic.sensitivity import step_jacobians
from rhythmic.simulate import trajectory

KEY = jax.random.key(5)
FREQUENCIES = np.array([2.0, 9.0, 40.0])


def build(**options):
    options = {"density": 0.9, "noise": 0.0} | options
    return ResonantReservoirCell(FREQUENCIES, key=jax.random.key(1), **options)


def drawn(time, probes=2):
    return jnp.asarray(np.random.default_rng(0).uniform(size=(time, probes)))


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_without_coupling_it_is_the_pole_radius(noise):
    measure = eqx.filter_jit(lambda cell: growth_factor(cell, drawn(40), key=KEY))
    for radius in (0.7, 0.93004, 0.9995):
        cell = build(spectral_radius=0.0, pole_radius=radius, noise=noise)
        np.testing.assert_allclose(measure(cell), radius, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_with_coupling_it_is_the_growth_of_the_product_of_jacobians():
    cell = build(spectral_radius=0.6, pole_radius=0.8)
    inputs = drawn(400, probes=1)
    jacobians = np.asarray(jax.jit(lambda inputs: step_jacobians(cell, inputs))(inputs))
    log_growth, vector = 0.0, np.random.default_rng(1).normal(size=6)
    for t, jacobian in enumerate(jacobians):
        vector = jacobian @ vector
        if t >= 100:
            log_growth += np.log(np.linalg.norm(vector))
        vector /= np.linalg.norm(vector)
    found = jax.jit(lambda inputs: growth_factor(cell, inputs, key=KEY))(inputs)
    # Norms of two coordinate systems differ by a bounded factor, over 300 steps.
    np.testing.assert_allclose(np.log(found), log_growth / 300, atol=0.02)
    assert abs(np.log(found) - np.log(0.8)) > 0.05


@pytest.mark.usefixtures("x64")
def test_modes_and_states_tell_the_same_and_free_modes_turn():
    cell = build(spectral_radius=0.0)
    state = jax.jit(lambda inputs: trajectory(cell, inputs).final_state)(drawn(10, probes=1))
    for found, expected in zip(_from_modes(cell, _as_modes(cell, state)), state, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10)
    mode = np.array(_as_modes(cell, state)).T @ [1, 1j]
    later = np.array(_as_modes(cell, cell.step(state, jnp.zeros(1)))).T @ [1, 1j]
    pole = 0.93004 * np.exp(2j * np.pi * FREQUENCIES / 1000)
    np.testing.assert_allclose(later, pole * mode, rtol=1e-9)
