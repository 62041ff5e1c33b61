"""Stuart-Landau nodes against an ODE solver, their cycle against closed forms."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from rhythmic import stability
from rhythmic.cells.hopf import _saturation
from rhythmic.cells.registry import make_cell
from rhythmic.simulate import trajectory
from rhythmic.theory import decay_time, ladder, node_frequency

pytestmark = pytest.mark.usefixtures("x64")
KEY = jax.random.key(51)
GROWTH, OMEGA = np.array([0.2, 0.03, 0.0, -0.1]), np.array([0.05, 0.9, 2.0, 0.4])


def free(growth=GROWTH, omega=OMEGA):
    """Nodes without drive, which no input reaches."""
    cell = make_cell("hopf", 1, len(omega), key=KEY, growth=growth, angular_frequency=omega)
    weights = lambda cell: (cell.weight_ih, cell.weight_hh, cell.bias)  # noqa: E731
    return eqx.tree_at(weights, cell, [jnp.zeros_like(x) for x in weights(cell)])


def orbit(cell, start, num_steps):
    """The complex states of free nodes after every sample."""
    state = cell.initial_state()._replace(real=jnp.real(start), imaginary=jnp.imag(start))
    inputs = jnp.zeros((num_steps, 1))
    found = trajectory(cell, inputs, initial_state=state, observe=lambda s: tuple(s)).observed
    return np.asarray(found[0]) + 1j * np.asarray(found[1])


@pytest.mark.parametrize("size", [0.01, 0.3, 2.0])
def test_free_nodes_are_the_solution_of_their_equation(size):
    start = size * np.exp(1j * np.arange(4))

    def slope(time, z):
        z = z[:4] + 1j * z[4:]
        moved = (GROWTH + 1j * OMEGA) * z - np.abs(z) ** 2 * z
        return np.concatenate([moved.real, moved.imag])

    flat = np.concatenate([start.real, start.imag])
    exact = solve_ivp(
        slope, (0, 40), flat, method="DOP853", t_eval=np.arange(1, 41), rtol=1e-12, atol=1e-13
    ).y
    found = orbit(free(), jnp.asarray(start), 40)
    np.testing.assert_allclose(found.T, exact[:4] + 1j * exact[4:], rtol=1e-8, atol=1e-10)


def test_amplitude_and_frequency_of_the_cycle_are_the_closed_forms():
    cell = free()
    found = orbit(cell, jnp.full(4, 1e-3 + 0j), 2000)
    amplitude = np.abs(found[-1])
    np.testing.assert_allclose(amplitude[:2], np.sqrt(GROWTH[:2]), rtol=1e-12)
    # At the bifurcation 1 / r^2 grows by 2 a sample; below it nothing is left.
    np.testing.assert_allclose(amplitude[2], 1 / np.sqrt(1e6 + 2 * 2000), rtol=1e-10)
    assert amplitude[3] < 1e-80
    turns = np.angle(found[1:] / found[:-1])
    np.testing.assert_allclose(turns, np.broadcast_to(OMEGA, turns.shape), rtol=1e-9)
    np.testing.assert_allclose(cell.squared_amplitude(cell.initial_state()), 0)
    frequency = node_frequency(*cell.node_weights(), 1e-3)
    np.testing.assert_allclose(frequency, OMEGA / (2 * np.pi * 1e-3), rtol=1e-9)
    lasting = decay_time(*cell.node_weights(), 1.0)
    np.testing.assert_allclose(lasting, [np.inf, np.inf, np.inf, 10], rtol=1e-9)
    np.testing.assert_allclose(cell.pole_radius(), [1, 1, 1, np.exp(-0.1)], rtol=1e-9)


def test_multipliers_of_the_cycle_are_one_and_the_return_to_it():
    cell = free(growth=0.05, omega=np.array([2 * np.pi / 20]))
    state = cell.initial_state()._replace(real=jnp.sqrt(jnp.array([0.05])))
    found = stability.floquet_multipliers(cell.step, state, jnp.zeros((20, 1)), dt=1e-3)
    np.testing.assert_allclose(found.multipliers, [1, np.exp(-2 * 0.05 * 20)], rtol=1e-9)
    rest = stability.step_modes(cell, cell.initial_state(), jnp.zeros(1), dt=1e-3)
    np.testing.assert_allclose(rest.growth_rate, 50, rtol=1e-9)
    np.testing.assert_allclose(rest.frequency, 50, rtol=1e-9)


def test_a_driven_step_is_the_equation():
    cell = make_cell("hopf", 2, 4, key=KEY, growth=GROWTH, excitability=[0.1, 0.2, 0.3, 0.4])
    cell = eqx.tree_at(lambda cell: cell.bias, cell, jnp.asarray([0.3, -0.2, 0.5, 0.1]))
    w_in, w, b = (np.asarray(x) for x in (cell.weight_ih, cell.weight_hh, cell.bias))
    omega = np.asarray(cell.angular_frequency.values)
    inputs = np.random.default_rng(3).normal(size=(30, 2))
    z, expected = np.zeros(4, complex), []
    limit = np.where(GROWTH == 0, 2, np.expm1(2 * GROWTH) / np.where(GROWTH == 0, 1, GROWTH))
    for u in inputs:
        drive = np.array([0.1, 0.2, 0.3, 0.4]) * np.tanh(w_in @ u + w @ z.real + b)
        z = np.exp(GROWTH + 1j * omega) * z / np.sqrt(1 + np.abs(z) ** 2 * limit) + drive
        expected.append(z)
    expected = np.array(expected)
    found = trajectory(
        cell, jnp.asarray(inputs), observe=lambda s: (*s, cell.squared_amplitude(s))
    ).observed
    for part, other in zip(
        found, (expected.real, expected.imag, np.abs(expected) ** 2), strict=True
    ):
        np.testing.assert_allclose(part, other, rtol=1e-9, atol=1e-12)


def test_nothing_is_lost_beside_the_bifurcation():
    mu = np.array([-1e-3, -9.99e-4, -1e-9, 0, 1e-9, 9.99e-4, 1e-3, 0.3])
    exact = [2.0 if m == 0 else np.expm1(2 * m) / m for m in mu]
    np.testing.assert_allclose(_saturation(jnp.asarray(mu)), exact, rtol=1e-12)
    slope = jax.vmap(jax.grad(_saturation))(jnp.asarray(mu))
    series = 2 + 8 / 3 * mu + 2 * mu**2 + 16 / 15 * mu**3
    np.testing.assert_allclose(slope[:7], series[:7], rtol=1e-7)


def test_nodes_start_on_the_ladder_of_the_rhythmic_network_in_units_of_the_rate():
    cell = make_cell("hopf", 1, 11, key=KEY)
    frequencies = node_frequency(*cell.node_weights(), 1e-3)
    np.testing.assert_allclose(frequencies, ladder("golden"), rtol=1e-3)
