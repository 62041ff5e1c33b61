import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.signal import hilbert

from rhythmic.coupled import CoupledOscillators, Recording, responses
from rhythmic.coupled.oscillators import OscillatorArrays, motion

GOLDEN = CoupledOscillators()
GAIN_FREQUENCIES = np.array([2.3, 11.1, 29.03, 58.0, 96.4])
SHORT = Recording(duration=0.5, averaged=0.4)


def generator(network, gain):
    """Matrix of the first-order system (x, v) at a constant gain, written out in full."""
    omega = 2 * np.pi * np.array(network.frequencies)
    size = len(omega)
    coupling = gain * (np.ones((size, size)) - np.eye(size))
    return np.block(
        [
            [np.zeros((size, size)), np.eye(size)],
            [coupling - np.diag(omega**2), -2 * network.damping * np.eye(size)],
        ]
    )


def adaptive_positions(network, gain_frequency, recording):
    """The motion by scipy's adaptive solver of order 8: node, time."""
    base, slope = generator(network, 0.0), generator(network, 1.0)
    slope = slope - base

    def velocity(time, state):
        phase = 2 * np.pi * gain_frequency * time
        gain = network.constant_gain + network.modulated_gain * np.cos(phase)
        return base @ state + gain * (slope @ state)

    size = len(network.frequencies)
    start = np.eye(2 * size)[network.driver]
    times = recording.sample_interval * np.arange(recording.num_samples)
    span = (0.0, recording.duration)
    solution = solve_ivp(velocity, span, start, "DOP853", times, rtol=1e-8, atol=1e-13)
    return solution.y[:size]


def positions(network, gain_frequency, recording):
    program = jax.jit(lambda f: motion(network.arrays(), f, recording))
    return np.asarray(program(jnp.asarray(gain_frequency)))


def test_responses_are_those_of_an_adaptive_solver():
    recording = Recording()
    found = responses([GOLDEN], GAIN_FREQUENCIES)[0]
    for place, frequency in enumerate(GAIN_FREQUENCIES):
        amplitude = np.abs(hilbert(adaptive_positions(GOLDEN, frequency, recording)))
        expected = amplitude[:, : recording.num_averaged].mean(1)
        np.testing.assert_allclose(found[:, place], expected, rtol=2e-5)


def test_error_falls_with_the_fourth_power_of_the_step(x64):
    exact = adaptive_positions(GOLDEN, 29.03, SHORT)
    errors = []
    for steps in (1, 2, 4):
        recording = Recording(0.5, 0.4, dt=0.001 / steps, steps_per_sample=steps)
        error = positions(GOLDEN, np.array([29.03]), recording)[..., 0].T - exact
        errors.append(np.abs(error).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, 4, atol=0.2)


@pytest.mark.parametrize("damping", [0.0, 2.0, 60.0])
def test_constant_gain_is_the_matrix_exponential(x64, damping):
    network = CoupledOscillators(damping=damping, modulated_gain=0.0)
    recording = Recording(0.5, 0.4, dt=0.00025, steps_per_sample=4)
    found = positions(network, np.array([29.0]), recording)[..., 0]
    step = expm(recording.sample_interval * generator(network, 50.0))
    state = np.eye(16)[network.driver]
    for row in found:
        np.testing.assert_allclose(row, state[:8], atol=1e-8)
        state = step @ state


def test_many_gain_frequencies_and_networks_move_as_each_alone(x64):
    networks = [GOLDEN, CoupledOscillators((3.0, 4.0, 7.0, 11.0, 18.0, 29.0, 47.0, 70.0), 1.0)]
    stacked = OscillatorArrays(*map(np.stack, zip(*(n.arrays() for n in networks), strict=True)))
    frequency = jnp.asarray(GAIN_FREQUENCIES)
    together = jax.jit(jax.vmap(lambda network: motion(network, frequency, SHORT)))(stacked)
    alone = jax.jit(lambda network, f: motion(network, f[None], SHORT)[..., 0])
    for network, found in zip(networks, together, strict=True):
        for place in range(len(frequency)):
            expected = alone(network.arrays(), frequency[place])
            np.testing.assert_allclose(found[..., place], expected, atol=1e-12)


def test_single_precision_stays_single():
    found = positions(GOLDEN, GAIN_FREQUENCIES.astype(np.float32), SHORT)
    assert found.dtype == np.float32


def test_noise_shakes_each_node_with_its_stationary_variance(x64):
    # x'' + 2 beta x' + omega^2 x = sigma xi has variance sigma^2 / (4 beta omega^2).
    network = CoupledOscillators((5.0, 10.0), 8.0, 0.0, 0.0, driver=0)
    arrays = network.arrays()._replace(start=np.zeros(2))
    recording = Recording(duration=0.6, averaged=0.6)
    key = jax.random.key(3)
    run = jax.jit(lambda: motion(arrays, jnp.zeros(2000), recording, noise=0.3, key=key))
    found = np.asarray(run())
    omega = 2 * np.pi * np.array(network.frequencies)
    expected = 0.3**2 / (4 * 8.0 * omega**2)
    measured = found[400:].var(axis=(0, 2))  # 2000 runs, each longer than 1 / beta
    np.testing.assert_allclose(measured, expected, rtol=0.05)
    between = np.corrcoef(found[-1, 0], found[-1, 1])[0, 1]
    assert abs(between) < 6 / np.sqrt(2000)


def test_noise_follows_its_key(x64):
    recording = Recording(duration=0.02, averaged=0.02)

    @jax.jit
    def last(seed):
        key = jax.random.key(seed)
        return motion(GOLDEN.arrays(), jnp.ones(2), recording, noise=0.1, key=key)[-1]

    one, again, other = (np.asarray(last(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.all(np.abs(one - other) > 1e-9)
    assert np.all(np.abs(one[:, 0] - one[:, 1]) > 1e-9)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"gain_frequency has shape \(\); expected \(gain,\)"):
        motion(GOLDEN.arrays(), jnp.asarray(1.0), SHORT)
    with pytest.raises(ValueError, match="frequency and start must have one shape"):
        motion(GOLDEN.arrays()._replace(start=np.zeros(3)), jnp.ones(1), SHORT)
