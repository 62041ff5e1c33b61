"""Averages taken while a reservoir runs, against the same from its whole trajectory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ResonantReservoirCell
from rhythmic.reservoirs.response import (
    Response,
    example_keys,
    frequency_content,
    mean_frequency,
    reservoir_response,
    with_noise,
)
from rhythmic.simulate import trajectory

FREQUENCIES = np.array([5.0, 20.0, 60.0])
LIVE = jnp.ones(3, bool)


def build(**options):
    return ResonantReservoirCell(FREQUENCIES, key=jax.random.key(1), density=0.9, **options)


def drawn(time=60, batch=4):
    return jnp.asarray(np.random.default_rng(0).uniform(size=(time, batch)))


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_averages_are_those_of_the_trajectory(noise):
    cell = build(noise=noise)
    keys = example_keys(jax.random.key(2), jnp.arange(4)) if noise else None
    found = jax.jit(lambda x: reservoir_response(cell, x, keys=keys))(drawn())
    runner = cell if keys is None else with_noise(cell, keys)
    x = np.asarray(trajectory(runner, drawn()[:, None]).observed)
    amplitude = trajectory(runner, drawn()[:, None], observe=runner.squared_amplitude).observed
    np.testing.assert_allclose(found.features, amplitude.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.power, x.var(axis=0).mean(axis=1), rtol=1e-9)
    steps = np.diff(x, axis=0, prepend=0)
    np.testing.assert_allclose(found.change, (steps**2).mean(axis=(0, 2)), rtol=1e-9)
    assert found.first_bad_step == -1


def test_the_first_step_that_is_not_finite_is_told():
    inputs = jnp.ones((30, 4)).at[11, 2].set(jnp.inf)
    found = reservoir_response(build(noise=0.0), inputs)
    assert found.first_bad_step == 11
    assert found.first_bad_step.dtype == np.int32
    assert np.all(np.isfinite(found.features[:, :2]))
    assert not np.any(np.isfinite(found.features[:, 2]))
    assert reservoir_response(build(noise=0.0), inputs.at[0].set(jnp.nan)).first_bad_step == 0


def test_noise_wants_keys_and_inputs_their_shape():
    with pytest.raises(ValueError, match=r"^keys is None"):
        reservoir_response(build(), drawn())
    with pytest.raises(ValueError, match=r"^inputs has shape \(60,\); expected \(time, batch\)"):
        reservoir_response(build(noise=0.0), jnp.ones(60))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("frequency", [2.0, 35.7, 250.0, 450.0])
def test_the_frequency_of_a_sinusoid_is_its_own(frequency):
    times = np.arange(100_000) / 1000
    x = 3.0 + np.sin(2 * np.pi * frequency * times + 0.3)
    power, change = np.var(x), np.mean(np.diff(x) ** 2)
    found = mean_frequency(jnp.array([power]), jnp.array([change]), sample_rate=1000.0)
    np.testing.assert_allclose(found, frequency, rtol=1e-4)


@pytest.mark.usefixtures("x64")
def test_a_mixture_has_the_second_moment_of_its_spectrum():
    # Two slow sinusoids of powers 1 and 3: sqrt((1 * 4^2 + 3 * 12^2) / 4).
    angle = 2 * np.pi * np.array([4.0, 12.0]) / 1000
    power = np.array([1.0, 3.0])
    change = power * 4 * np.sin(angle / 2) ** 2
    found = mean_frequency(jnp.asarray(power), jnp.asarray(change), sample_rate=1000.0)
    np.testing.assert_allclose(found, np.sqrt((16 + 3 * 144) / 4), rtol=1e-3)


def test_nodes_that_do_not_live_do_not_count():
    response = Response(
        features=jnp.ones((3, 1)),
        power=jnp.array([1.0, 3.0, 100.0]),
        change=jnp.array([0.1, 0.3, 400.0]),
        first_bad_step=jnp.array(-1),
    )
    live = jnp.array([True, True, False])
    found = frequency_content(response, jnp.asarray(FREQUENCIES), live, 1000.0)
    assert found.dominant_frequency == 20.0
    np.testing.assert_allclose(found.spectral_centroid, (5 + 3 * 20) / 4)
    expected = 1000 / np.pi * np.arcsin(np.sqrt(0.1) / 2)
    np.testing.assert_allclose(found.response_frequency, expected, rtol=1e-5)
    still = response._replace(power=jnp.zeros(3))
    for power in (still, response._replace(power=jnp.full(3, jnp.inf))):
        content = frequency_content(power, jnp.asarray(FREQUENCIES), LIVE, 1000.0)
        assert np.all(np.isnan(content))
