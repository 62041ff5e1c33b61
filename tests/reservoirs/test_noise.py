"""Noise drawn inside the step: which key gives which number, whatever the batch."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ResonantReservoirCell
from rhythmic.reservoirs.response import NoiseDrawn, example_keys, with_noise
from rhythmic.simulate import mask_from_lengths, time_mean, trajectory

FREQUENCIES = np.array([5.0, 20.0, 60.0])
TIME, BATCH = 20, 4


def cell(noise=0.3):
    return ResonantReservoirCell(FREQUENCIES, key=jax.random.key(1), density=0.9, noise=noise)


def inputs():
    drawn = np.random.default_rng(0).uniform(size=(TIME, 1, BATCH))
    return jnp.asarray(drawn, jnp.float32)


def keys(numbers):
    return example_keys(jax.random.key(9), jnp.asarray(numbers))


@eqx.filter_jit
def run(runner, inputs):
    return trajectory(runner, inputs).observed


def drawn_by_loop():
    """The noise of every example and step, from the keys as they are documented."""

    @jax.jit
    def one(example, step):
        own = jax.random.fold_in(jax.random.key(9), example)
        return jax.random.normal(jax.random.fold_in(own, step), (3,))

    table = np.empty((TIME, 3, BATCH), np.float32)
    for example in range(BATCH):
        for step in range(TIME):
            table[step, :, example] = one(example, step)
    return table


def test_the_noise_drawn_inside_is_that_of_the_keys():
    runner = with_noise(cell(), keys(range(BATCH)))
    noise = drawn_by_loop()
    assert len(np.unique(noise)) == noise.size  # no key serves twice
    expected = run(cell(), jnp.concatenate([inputs(), noise], axis=1))
    found = run(runner, inputs())
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    amplitude = eqx.filter_eval_shape(
        lambda x: trajectory(runner, x, observe=runner.squared_amplitude).observed, inputs()
    )
    assert amplitude.shape == (TIME, 3, BATCH)


@pytest.mark.slow
def test_an_example_keeps_its_noise_in_any_batch():
    together = run(with_noise(cell(), keys(range(BATCH))), inputs())
    alone = run(with_noise(cell(), keys([2])), inputs()[..., 2:3])
    np.testing.assert_allclose(together[..., 2:3], alone, rtol=1e-5, atol=1e-4)
    single = run(with_noise(cell(), keys(2)), inputs()[..., 2])
    np.testing.assert_allclose(together[..., 2], single, rtol=1e-5, atol=1e-4)
    square = keys(np.arange(BATCH).reshape(2, 2))
    tiled = run(with_noise(cell(), square), inputs().reshape(TIME, 1, 2, 2))
    np.testing.assert_allclose(tiled.reshape(TIME, 3, BATCH), together, rtol=1e-5, atol=1e-4)


@pytest.mark.slow
def test_a_run_goes_on_with_fresh_noise_and_padding_draws_none():
    runner = with_noise(cell(), keys(range(BATCH)))
    whole = trajectory(runner, inputs())
    first = trajectory(runner, inputs()[:7])
    second = trajectory(runner, inputs()[7:], initial_state=first.final_state)
    np.testing.assert_allclose(second.observed, whole.observed[7:], rtol=1e-5, atol=1e-6)
    mask = mask_from_lengths(jnp.array([TIME, 7, 3, 1]), TIME)
    state = time_mean(runner, inputs(), mask=mask).final_state
    np.testing.assert_array_equal(state.steps, [TIME, 7, 3, 1])


def test_without_noise_there_is_nothing_to_draw():
    silent = cell(noise=0.0)
    assert with_noise(silent, keys(range(BATCH))) is silent
    with pytest.raises(ValueError, match=r"^cell has no noise"):
        NoiseDrawn(silent, keys(range(BATCH)))
    with pytest.raises(ValueError, match=r"^keys has shape \(3,\); the examples have \(4,\)"):
        trajectory(with_noise(cell(), keys(range(3))), inputs())
